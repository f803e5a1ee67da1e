"""What was probably forgotten in a gradient written by hand: each slip is made on purpose, and the
result compared with the gradient in question."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from micrograd_bp.chain_rule import adjoints, as_recorded, float_gradients
from micrograd_bp.engine import Value, topological_order
from micrograd_bp.primitives import Primitive, mul

Array = Any  # np.ndarray of floats; of Values where it is called variables or w
LocalDerivatives = Callable[[Primitive, Value], Sequence[float]]


def likely_slip(
    given: Array,
    right: Array,
    out: Value,
    variables: Array,
    arrays: Mapping[str, Array],
    allowed: float,
) -> str | None:
    """The slip that turns `right`, the gradient of `out` by `variables`, into `given`, if any.

    arrays: all arrays that `out` was recorded with, by name.
    """
    with np.errstate(invalid="ignore", over="ignore"):  # slopes may be infinite
        for text, wrong in _slips(given, right, out, variables, arrays):
            if np.shape(wrong) != np.shape(given):
                continue
            errors = np.where(wrong == given, 0.0, np.abs(wrong - given))
            finite = np.abs(wrong[np.isfinite(wrong)])
            if np.all(errors <= allowed + 1e-7 * float(np.max(finite, initial=0.0))):
                return text
    return None


def _slips(
    given: Array, right: Array, out: Value, variables: Array, arrays: Mapping[str, Array]
) -> Iterator[tuple[str, Array]]:
    if right.size == given.size and right.shape != given.shape:
        yield f"the shape is {given.shape} instead of {right.shape}", right.reshape(given.shape)
    yield "it is the transpose", right.T
    factor = _factor(given, right)
    if factor is not None and _factor_text(factor):
        yield _factor_text(factor), factor * right
    nodes = topological_order(out)
    flat = variables.ravel().tolist()
    yield from _wrong_sums(nodes, flat, given.shape)
    for text, local_derivatives in _wrong_derivatives(nodes, flat, arrays):
        gradient = adjoints(nodes, flat, local_derivatives)
        yield text, np.array([0.0 if g is None else g for g in gradient]).reshape(right.shape)
    for name, other in arrays.items():
        if other is not variables and other.dtype == object:
            of_other = np.array(float_gradients(out, other.ravel().tolist()))
            yield f"it is the gradient of {name}: out of order?", of_other.reshape(other.shape)
    if factor is not None:
        yield f"it is {factor:.6g} times the right one", factor * right


def _factor(given: Array, right: Array) -> float | None:
    """c where given = c right, judged at the largest entry."""
    if given.shape != right.shape or not right.size:
        return None
    at = np.unravel_index(np.argmax(np.abs(right)), right.shape)
    factor = float(given[at] / right[at]) if right[at] else np.inf
    return factor if np.isfinite(factor) else None


def _factor_text(factor: float) -> str:
    """The slip behind a factor that has a name; of any other, nothing."""
    size, sign = abs(factor), "the sign is wrong" if factor < 0.0 else ""
    if size == 0.0:
        return "it is 0: was it computed?"
    if np.isclose(size, 1.0):
        return sign
    if np.isclose(size, 2.0):
        text = "it is twice too large: a factor 1/2 (or 1/m for m = 2) is missing"
    elif np.isclose(size, 0.5):
        text = "it is half as large: a factor 1/2 (or 1/m for m = 2) too much"
    elif 1.0 < size < 1e12 and np.isclose(size, round(size)):
        text = (
            f"it is {round(size)} times too large: the factor 1/m is missing (m = {round(size)}?)"
        )
    elif 1e-12 < size < 1.0 and np.isclose(1.0 / size, round(1.0 / size)):
        text = f"a factor 1/{round(1.0 / size)} too much: 1/m twice?"
    else:
        return ""
    return f"{sign}, and {text}" if sign else text


def _wrong_sums(
    nodes: Sequence[Value], flat: Sequence[Value], shape: tuple[int, ...]
) -> Iterator[tuple[str, Array]]:
    """Sums along other axes, where each variable j is used once for each example x, as a bias."""
    uses: dict[Value, list[tuple[Value, float]]] = {variable: [] for variable in flat}
    for node in nodes:
        for operand, derivative in zip(node.operands, node.local_derivatives, strict=True):
            if operand in uses:
                uses[operand].append((node, derivative))
    counts = {len(of_variable) for of_variable in uses.values()}
    if len(counts) != 1 or counts == {0} or counts == {1}:
        return
    consumers = [node for of_variable in uses.values() for node, _ in of_variable]
    upstream = iter(adjoints(nodes, consumers, as_recorded))
    parts = np.array(
        [[d * (next(upstream) or 0.0) for _, d in of_variable] for of_variable in uses.values()]
    ).T  # (examples, variables)
    size = int(np.prod(shape))
    if size == len(parts):
        yield (
            "it is summed over the wrong axis: not over the examples",
            parts.sum(axis=1).reshape(shape),
        )
    if size == parts.size:
        yield "it is not summed over the examples", parts.reshape(shape)


def _wrong_derivatives(
    nodes: Sequence[Value], flat: Sequence[Value], arrays: Mapping[str, Array]
) -> Iterator[tuple[str, LocalDerivatives]]:
    """Slips on the way back, as the local derivatives that are taken for the right ones."""
    for operations, chain in _activation_chains(nodes, flat):
        yield f"a'(z) is missing: the derivative of {operations}", _without(chain)
    for name, w in arrays.items():
        if w.dtype == object and w.ndim == 2 and w.shape[0] == w.shape[1]:
            yield f"the error goes back through {name} instead of {name}.T", _untransposed(w)


def _activation_chains(
    nodes: Sequence[Value], flat: Sequence[Value]
) -> Iterator[tuple[str, set[Value]]]:
    """Nodes of one layer's activation, as one operation (tanh) or as written out (neg exp + /)."""
    varies = set(flat)
    consumers: dict[Value, int] = defaultdict(int)
    for node in nodes:
        if any(operand in varies for operand in node.operands):
            varies.add(node)
        for operand in node.operands:
            consumers[operand] += 1
    chain_of: dict[Value, list[Value]] = {}
    level: dict[Value, int] = defaultdict(int)
    layers: dict[tuple[int, tuple[str, ...]], set[Value]] = defaultdict(set)
    for node in nodes:
        inputs = [operand for operand in node.operands if operand in varies]
        level[node] = max((level[operand] for operand in inputs), default=0)
        if len(inputs) != 1 or not inputs[0].operands:
            continue
        before = chain_of.get(inputs[0]) if consumers[inputs[0]] == 1 else None
        if before is None:
            level[node] += 1
        chain_of[node] = [*(before or []), node]
        operations = tuple(link._op for link in chain_of[node])
        layers[level[node], operations] |= set(chain_of[node])
    for (_, operations), chain in layers.items():
        yield " ".join(operations).removeprefix("+ "), chain


def _without(chain: set[Value]) -> LocalDerivatives:
    """Recorded local derivatives, but 1 at the nodes of `chain`."""

    def local_derivatives(op: Primitive, node: Value) -> Sequence[float]:
        return (1.0,) * len(node.operands) if node in chain else node.local_derivatives

    return local_derivatives


def _untransposed(w: Array) -> LocalDerivatives:
    """Recorded local derivatives, but of a product of a and w_ij by a it is w_ji."""
    turned = dict(zip(w.ravel().tolist(), w.T.ravel().tolist(), strict=True))

    def local_derivatives(op: Primitive, node: Value) -> Sequence[float]:
        if op is not mul or not any(operand in turned for operand in node.operands):
            return node.local_derivatives
        x, y = node.operands
        return turned.get(y, y).data, turned.get(x, x).data

    return local_derivatives
