"""Weights as arrays, in either orientation: w^l[i, j] as in the post, or Nielsen's transpose."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from micrograd_bp.primitives import as_real

Arrays = list[np.ndarray[Any, np.dtype[np.float64]]]

CONVENTIONS = ("post", "nielsen")


def _check(convention: str) -> None:
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is one of {list(CONVENTIONS)}, got {convention!r}")


def written(weights: Arrays, biases: Arrays, convention: str) -> tuple[Arrays, Arrays]:
    """From the post's w (n_in, n_out) and b (n_out,) to the convention's arrays.

    Nielsen's are w (n_out, n_in) and b (n_out, 1), so that z = w a + b with a column a.
    """
    _check(convention)
    if convention == "post":
        return weights, biases
    return [w.T.copy() for w in weights], [b.reshape(-1, 1) for b in biases]


def read(
    weights: Sequence[Any], biases: Sequence[Any], sizes: Sequence[int], convention: str
) -> tuple[Arrays, Arrays]:
    """The post's w (n_in, n_out) and b (n_out,), from the convention's arrays, checked."""
    _check(convention)
    layers = len(sizes) - 1
    if len(weights) != layers or len(biases) != layers:
        raise ValueError(
            f"{layers} layers need {layers} weights and {layers} biases,"
            f" got {len(weights)} and {len(biases)}"
        )
    w_read, b_read = [], []
    for l, (w, b) in enumerate(zip(weights, biases, strict=True), 1):
        n_in, n_out = sizes[l - 1], sizes[l]
        shape = (n_in, n_out) if convention == "post" else (n_out, n_in)
        w = _as_floats(w, f"weights of layer {l}", (shape,), convention)
        b = _as_floats(b, f"biases of layer {l}", ((n_out,), (n_out, 1)), convention)
        w_read.append(w if convention == "post" else w.T)
        b_read.append(b.reshape(-1))
    return w_read, b_read


def _as_floats(array: Any, name: str, shapes: tuple[Any, ...], convention: str) -> Any:
    floats = np.asarray(array)
    if floats.dtype.kind not in "biuf":  # objects, texts, complex numbers: refused one by one
        numbers = [as_real(x, f"an entry of the {name}") for x in floats.ravel().tolist()]
        floats = np.array(numbers).reshape(floats.shape)
    floats = floats.astype(float)
    if floats.shape not in shapes:
        wanted = " or ".join(map(str, shapes))
        raise ValueError(
            f"{name}: convention {convention!r} needs shape {wanted}, got {floats.shape}"
        )
    return floats
