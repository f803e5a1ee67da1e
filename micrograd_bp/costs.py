"""Costs of one example, C_x, as Values. Outputs are a list or a bare Value, and so are targets.

The textbook forms take activations a, and a logarithm of 0 is an error there. The stable twins take
weighted inputs z; they never overflow. Terms whose coefficient is the number 0 are left out.
"""

from collections.abc import Iterable, Iterator
from typing import Any, cast

import numpy as np

from micrograd_bp.engine import Value, as_value
from micrograd_bp.primitives import logsumexp, total

Numbers = Value | float | Iterable[Value | float]


def quadratic(a: Numbers, y: Numbers) -> Value:
    """C_x = 1/2 sum_j (a_j - y_j)^2."""
    return 0.5 * _sum((a_j - y_j) ** 2 for a_j, y_j in _pairs("quadratic", a, y))


def hinge(a: Numbers, y: Numbers) -> Value:
    """C_x = sum_j max(0, 1 - y_j a_j), with targets y_j = 1 or -1."""
    terms = []
    for a_j, y_j in _pairs("hinge", a, y):
        if not isinstance(y_j, Value) and abs(y_j) != 1.0:
            raise ValueError(f"hinge takes targets 1 and -1, got {y_j}")
        terms.append((1.0 - y_j * a_j).relu())
    return _sum(terms)


def cross_entropy(a: Numbers, y: Numbers) -> Value:
    """C_x = -sum_j [y_j ln a_j + (1 - y_j) ln(1 - a_j)].

    Raises ValueError at an output of 0 or 1 on the wrong side; see sigmoid_cross_entropy.
    """
    names = "cross_entropy", "sigmoid_cross_entropy"
    terms: list[Value] = []
    for j, (a_j, y_j) in enumerate(_pairs("cross_entropy", a, y), 1):
        if _counts(y_j):
            terms.append(_times(y_j, _log(a_j, a_j, j, *names)))
        if _counts(1.0 - y_j):
            terms.append(_times(1.0 - y_j, _log(1.0 - a_j, a_j, j, *names)))
    return -_sum(terms)


def log_likelihood(a: Numbers, y: Numbers) -> Value:
    """C_x = -sum_j y_j ln a_j.

    Raises ValueError at an output of 0 whose target is not 0; see softmax_cross_entropy.
    """
    names = "log_likelihood", "softmax_cross_entropy"
    return -_sum(
        _times(y_j, _log(a_j, a_j, j, *names))
        for j, (a_j, y_j) in enumerate(_pairs("log_likelihood", a, y), 1)
        if _counts(y_j)
    )


def sigmoid_cross_entropy(z: Numbers, y: Numbers) -> Value:
    """cross_entropy(sigmoid(z), y) = sum_j [y_j softplus(-z_j) + (1 - y_j) softplus(z_j)]."""
    terms: list[Value] = []
    for z_j, y_j in _pairs("sigmoid_cross_entropy", z, y):
        if _counts(y_j):
            terms.append(_times(y_j, (-z_j).softplus()))
        if _counts(1.0 - y_j):
            terms.append(_times(1.0 - y_j, z_j.softplus()))
    return _sum(terms)


def softmax_cross_entropy(z: Numbers, y: Numbers) -> Value:
    """log_likelihood(softmax(z), y) = sum_j y_j (logsumexp(z) - z_j)."""
    pairs = list(_pairs("softmax_cross_entropy", z, y))
    normaliser = logsumexp(z_j for z_j, _ in pairs)
    return _sum(_times(y_j, normaliser - z_j) for z_j, y_j in pairs if _counts(y_j))


def _pairs(cost: str, outputs: Numbers, targets: Numbers) -> Iterator[tuple[Value, Any]]:
    a, y = _listed(outputs), _listed(targets)
    if len(a) != len(y):
        hint = "; a class is a target for each output: 1 for its own, 0 for the others"
        raise ValueError(
            f"{cost} pairs outputs with targets: got {len(a)} and {len(y)}"
            f"{hint if len(y) == 1 else ''}"
        )
    for a_j, y_j in zip(a, y, strict=True):
        number = y_j if isinstance(y_j, Value) else as_value(y_j, f"a target of {cost}").data
        yield as_value(a_j, f"an output of {cost}"), number


def _listed(numbers: Any) -> list[Any]:
    if isinstance(numbers, np.ndarray):
        numbers = numbers.tolist()
    return list(numbers) if isinstance(numbers, Iterable) else [numbers]


def _counts(coefficient: Value | float) -> bool:
    return isinstance(coefficient, Value) or coefficient != 0.0


def _times(coefficient: Value | float, term: Value) -> Value:
    is_one = not isinstance(coefficient, Value) and coefficient == 1.0
    return term if is_one else coefficient * term


def _log(x: Value, output: Value, j: int, cost: str, twin: str) -> Value:
    try:
        return x.log()
    except ValueError:
        raise ValueError(
            f"{cost}: output {j} is {output.data}, and log({x.data}) is not finite;"
            f" {twin}(z, y) on the weighted inputs is"
        ) from None


def _sum(terms: Iterable[Value]) -> Value:
    terms = list(terms)
    return terms[0] if len(terms) == 1 else as_value(cast("Value | float", total(terms)))
