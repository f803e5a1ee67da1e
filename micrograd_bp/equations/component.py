"""The equations of backpropagation in component form, with explicit sums over indices.

Arguments are lists for one example x, or lists of such lists for a batch of examples; BP3 and BP4
sum a batch over its examples. Indices run as in the notation: w[i][j] is w_ij, from neuron i of one
layer to neuron j of the next. Nothing here knows the engine, so each can be the other's witness.

Source: the post's BP1 to BP4; M. Nielsen, Neural Networks and Deep Learning, chapter 2.
"""

from collections.abc import Sequence
from typing import Any

Vector = Sequence[Any]  # of numbers; for a batch, of rows of numbers
Matrix = Sequence[Sequence[Any]]


def bp1(grad_a: Vector, a_prime: Vector) -> list[Any]:
    """BP1: delta_i^L = dC_x/da_i^L a'(z_i^L)."""
    if _is_batch(grad_a):
        return [bp1(g_x, p_x) for g_x, p_x in _paired(grad_a, a_prime)]
    return [grad_a_i * a_prime_i for grad_a_i, a_prime_i in _paired(grad_a, a_prime)]


def bp1_general(grad_a: Vector, jacobian: Sequence[Any]) -> list[Any]:
    """BP1 where z_i moves every a_j: delta_i^L = sum_j dC_x/da_j^L da_j^L/dz_i^L.

    jacobian[j][i] is da_j/dz_i.
    """
    if _is_batch(grad_a):
        return [bp1_general(g_x, j_x) for g_x, j_x in _paired(grad_a, jacobian)]
    delta = []
    for i in range(len(jacobian[0])):
        delta_i = 0.0
        for grad_a_j, row_j in _paired(grad_a, jacobian):
            delta_i = delta_i + grad_a_j * row_j[i]
        delta.append(delta_i)
    return delta


def bp2(w_next: Matrix, delta_next: Vector, a_prime: Vector) -> list[Any]:
    """BP2: delta_i^l = sum_j w_ij^(l+1) delta_j^(l+1) a'(z_i^l)."""
    if _is_batch(delta_next):
        return [bp2(w_next, d_x, p_x) for d_x, p_x in _paired(delta_next, a_prime)]
    delta = []
    for w_i, a_prime_i in _paired(w_next, a_prime):
        delta_i = 0.0
        for w_ij, delta_j in _paired(w_i, delta_next):
            delta_i = delta_i + w_ij * delta_j * a_prime_i
        delta.append(delta_i)
    return delta


def bp3(delta: Vector) -> list[Any]:
    """BP3: dC_x/db_i^l = delta_i^l."""
    if _is_batch(delta):
        return _sum_over_examples([bp3(delta_x) for delta_x in delta])
    return list(delta)


def bp4(a_prev: Vector, delta: Vector) -> list[list[Any]]:
    """BP4: dC_x/dw_ij^l = a_i^(l-1) delta_j^l."""
    if _is_batch(delta):
        rows = [bp4(a_x, delta_x) for a_x, delta_x in _paired(a_prev, delta)]
        return [_sum_over_examples(rows_i) for rows_i in zip(*rows, strict=True)]
    return [[a_i * delta_j for delta_j in delta] for a_i in a_prev]


def _sum_over_examples(rows: Sequence[Vector]) -> list[Any]:
    sums = list(rows[0])
    for row in rows[1:]:
        sums = [s + r for s, r in zip(sums, row, strict=True)]
    return sums


def _is_batch(vector: Vector) -> bool:
    return len(vector) > 0 and hasattr(vector[0], "__len__")


def _paired(x: Sequence[Any], y: Sequence[Any]) -> Any:
    if len(x) != len(y):
        raise ValueError(
            f"lengths {len(x)} and {len(y)} differ; is w in Nielsen's orientation, the transpose?"
        )
    return zip(x, y, strict=True)
