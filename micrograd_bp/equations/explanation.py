"""One equation at one place, with its numbers put in."""

from collections.abc import Callable, Iterable

from micrograd_bp.equations.observed import Observed
from micrograd_bp.notation import Symbol

MANY = 4  # terms of a sum that are written out


def explain(seen: Observed, equation: str, l: int, *indices: int) -> str:
    """The equation in layer l at neuron i, for BP4 at the weight from i to j."""
    L = len(seen.a) - 1
    name = equation.removesuffix("*")
    layers = {"BP1": [L], "BP2": range(1, L), "BP3": range(1, L + 1), "BP4": range(1, L + 1)}
    if name not in layers:
        raise ValueError(f"equation is one of {list(layers)}, got {equation!r}")
    if l not in layers[name]:
        raise ValueError(f"{name} stands in layers {list(layers[name])}, got layer {l}")
    sizes = (len(seen.a[l - 1]), len(seen.a[l])) if name == "BP4" else (len(seen.a[l]),)
    if len(indices) != len(sizes):
        raise TypeError(f"{name} takes {len(sizes)} neuron indices after the layer, got {indices}")
    for index, size in zip(indices, sizes, strict=True):
        if not 1 <= index <= size:
            raise IndexError(f"neuron {index} is outside 1..{size}")
    at = tuple(index - 1 for index in indices)
    equations: dict[str, Callable[..., str]] = {"BP1": _bp1, "BP2": _bp2, "BP3": _bp3, "BP4": _bp4}
    return equations[name](seen, l, *at)


def _bp1(seen: Observed, l: int, i: int) -> str:
    delta, n = Symbol("delta", l, (i + 1,)), range(1, len(seen.a[l]) + 1)
    g, p = seen.grad_a[i], seen.a_prime(l)[i]
    if seen.coupled[l]:
        return _general("BP1", seen, l, i, [f"dC/d{Symbol('a', l, (j,))}" for j in n], seen.grad_a)
    return _lines(
        f"BP1   {delta} = dC/d{Symbol('a', l, (i + 1,))} · a'({Symbol('z', l, (i + 1,))})",
        f"{_number(g)} · {_number(p)}",
        g * p,
        seen.delta[l][i],
    )


def _bp2(seen: Observed, l: int, i: int) -> str:
    delta, w, deltas = Symbol("delta", l, (i + 1,)), seen.w[l + 1], seen.delta[l + 1]
    if seen.coupled[l]:
        n = range(1, len(w) + 1)
        return _general("BP2", seen, l, i, [f"dC/d{Symbol('a', l, (j,))}" for j in n], w @ deltas)
    p = seen.a_prime(l)[i]
    places = range(1, len(deltas) + 1)
    products = [f"{Symbol('w', l + 1, (i + 1, j))} {Symbol('delta', l + 1, (j,))}" for j in places]
    numbers = [f"{_number(w_ij)} · {_number(d)}" for w_ij, d in zip(w[i], deltas, strict=True)]
    return _lines(
        f"BP2   {delta} = ({_sum(products)}) · a'({Symbol('z', l, (i + 1,))})",
        f"({_sum(numbers)}) · {_number(p)}",
        float(w[i] @ deltas) * p,
        seen.delta[l][i],
    )


def _bp3(seen: Observed, l: int, i: int) -> str:
    b, delta = Symbol("b", l, (i + 1,)), Symbol("delta", l, (i + 1,))
    d = seen.delta[l][i]
    return _lines(f"BP3   dC/d{b} = {delta}", _number(d), d, seen.grad_b[l][i])


def _bp4(seen: Observed, l: int, i: int, j: int) -> str:
    w, a = Symbol("w", l, (i + 1, j + 1)), Symbol("a", l - 1, (i + 1,))
    a_i, d_j = seen.a[l - 1][i], seen.delta[l][j]
    return _lines(
        f"BP4   dC/d{w} = {a} · {Symbol('delta', l, (j + 1,))}",
        f"{_number(a_i)} · {_number(d_j)}",
        a_i * d_j,
        seen.grad_w[l][i, j],
    )


def _general(
    name: str, seen: Observed, l: int, i: int, grads: list[str], grad_a: Iterable[float]
) -> str:
    """The refusal of the elementwise form, and the general form with its numbers."""
    z, column = Symbol("z", l, (i + 1,)), seen.jacobian[l][:, i]
    others = [
        str(Symbol("a", l, (j + 1,))) for j in range(len(column)) if j != i and column[j] != 0.0
    ]
    elementwise = list(grad_a)[i] * column[i]
    terms = [f"{g} · d{Symbol('a', l, (j,))}/d{z}" for j, g in enumerate(grads, 1)]
    numbers = [f"{_number(g)} · {_number(d)}" for g, d in zip(grad_a, column, strict=True)]
    value = sum(g * d for g, d in zip(grad_a, column, strict=True))
    refusal = (
        f"{name} does not hold here: {z} moves {Symbol('a', l, (i + 1,))} and also"
        f" {_sum(others, ', ')};\n      elementwise it would give {_number(elementwise)}\n"
    )
    return refusal + _lines(
        f"{name}*  {Symbol('delta', l, (i + 1,))} = {_sum(terms)}",
        _sum(numbers),
        float(value),
        seen.delta[l][i],
    )


def _lines(formula: str, numbers: str, value: float, graph: float) -> str:
    return f"{formula}\n      = {numbers}\n      = {value:.10g}   (graph: {graph:.10g})"


def _sum(terms: list[str], sign: str = " + ") -> str:
    if len(terms) <= MANY:
        return sign.join(terms)
    left_out = len(terms) - MANY + 1
    return sign.join([*terms[: MANY - 2], f"… {left_out} more …", terms[-1]])


def _number(number: float) -> str:
    return f"{number:.4g}" if number >= 0 else f"({number:.4g})"
