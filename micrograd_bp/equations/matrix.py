"""The equations of backpropagation in matrix form.

Arrays are 1-D for one example x, or 2-D with a row for each of the m examples of a batch; BP3 and
BP4 sum a batch over its rows. w has shape (n_(l-1), n_l), as in the notation; Nielsen's is the
transpose. Nothing here knows the engine, so each can be the other's witness.

Source: the post's BP1 to BP4; M. Nielsen, Neural Networks and Deep Learning, chapter 2.
"""

from typing import Any

import numpy as np

Array = Any  # np.ndarray, of floats or of anything with + and *


def bp1(grad_a: Array, a_prime: Array) -> Array:
    """BP1: delta^L = grad_a C_x * a'(z^L), elementwise."""
    grad_a, a_prime = _alike(grad_a=grad_a, a_prime=a_prime)
    return grad_a * a_prime  # (m, n_L)


def bp1_general(grad_a: Array, jacobian: Array) -> Array:
    """BP1 where z_i moves every a_j: delta^L = J^T grad_a C_x, with J[j, i] = da_j/dz_i."""
    grad_a, jacobian = np.asarray(grad_a), np.asarray(jacobian)
    if jacobian.ndim != grad_a.ndim + 1 or jacobian.shape[:-1] != grad_a.shape:
        raise ValueError(
            f"grad_a {grad_a.shape} needs J {(*grad_a.shape, 'n')}, got {jacobian.shape}"
        )
    return np.einsum("...j,...ji->...i", grad_a, jacobian)  # (m, n_L)


def bp2(w_next: Array, delta_next: Array, a_prime: Array) -> Array:
    """BP2: delta^l = w^(l+1) delta^(l+1) * a'(z^l)."""
    w_next, delta_next, a_prime = map(np.asarray, (w_next, delta_next, a_prime))
    if delta_next.shape[:-1] != a_prime.shape[:-1]:
        raise ValueError(f"examples differ: delta_next {delta_next.shape}, a_prime {a_prime.shape}")
    if w_next.shape != (a_prime.shape[-1], delta_next.shape[-1]):
        raise ValueError(
            f"w_next is (n_l, n_(l+1)) = {(a_prime.shape[-1], delta_next.shape[-1])},"
            f" got {w_next.shape}; is it in Nielsen's orientation, the transpose?"
        )
    return (delta_next @ w_next.T) * a_prime  # (m, n_(l+1)) @ (n_(l+1), n_l) * (m, n_l)


def bp3(delta: Array) -> Array:
    """BP3: dC_x/db^l = delta^l."""
    return np.atleast_2d(delta).sum(axis=0)  # (n_l,)


def bp4(a_prev: Array, delta: Array) -> Array:
    """BP4: dC_x/dw^l = a^(l-1) (delta^l)^T."""
    a_prev, delta = np.atleast_2d(a_prev), np.atleast_2d(delta)
    if len(a_prev) != len(delta):
        raise ValueError(f"a_prev has {len(a_prev)} examples, delta has {len(delta)}")
    return a_prev.T @ delta  # (n_(l-1), m) @ (m, n_l)


def _alike(**arrays: Array) -> list[Array]:
    shapes = {name: np.shape(array) for name, array in arrays.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"shapes differ: {shapes}")
    return [np.asarray(array) for array in arrays.values()]
