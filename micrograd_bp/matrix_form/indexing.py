"""How entries are taken from an array: as a slice, a strided view, or a gather."""

from typing import Any

import numpy as np

from micrograd_bp.matrix_form.program import Ints


def strides_of(index: Ints) -> tuple[int, ...] | None:
    """Positive strides s with index[i, k] = index[0, 0] + i s_0 + k s_1; None if there are none."""
    if index.size == 1:
        return (1,) * index.ndim
    strides, built = [], np.full((1,) * index.ndim, index.flat[0])
    for axis, n in enumerate(index.shape):
        line = np.moveaxis(index, axis, 0).reshape(n, -1)[:, 0]
        step = int(line[1] - line[0]) if n > 1 else 1
        strides.append(step)
        built = built + (np.arange(n) * step).reshape(
            [-1 if k == axis else 1 for k in range(index.ndim)]
        )
    if np.array_equal(built, index) and min(strides) > 0:
        return tuple(strides)
    return None


def slice_of(index: Ints) -> str | None:
    """`3:7` or `3:9:2` for an index (n,) that is a slice, else None."""
    strides = strides_of(index)
    if strides is None:
        return None
    start, step = int(index[0]), strides[0]
    stop = int(index[-1]) + 1
    return f"{start}:{stop}" if step == 1 else f"{start}:{stop}:{step}"


def is_contiguous(index: Ints) -> bool:
    flat = index.ravel()
    return bool(np.all(flat == flat[0] + np.arange(flat.size)))


def flat_view(index: Ints) -> str | None:
    """The entries `index` of a flat array {}, in that shape, as an expression for a view."""
    strides = strides_of(index)
    if strides is None:
        return None
    start, shape = int(index.flat[0]), index.shape
    if is_contiguous(index):
        part = f"{{}}[{start}:{start + index.size}]"
        return part if index.ndim == 1 else f"{part}.reshape{shape}"
    if index.ndim == 1:
        return f"{{}}[{slice_of(index)}]"
    return f"strided({{}}, {start}, {shape}, {strides})"


def row_view(index: Ints) -> tuple[str, bool] | None:
    """The rows `index` of an array {} (n, m), in that shape, (..., m), as an expression for a view.

    The second says whether they lie one after the other. None if they must be gathered.
    """
    if index.ndim == 1:
        part = slice_of(index)
        return (f"{{}}[{part}]", is_contiguous(index)) if part else None
    if index.ndim == 2 and index.shape[1] == 1 and slice_of(index[:, 0]):
        return f"{{}}[{slice_of(index[:, 0])}][:, None]", is_contiguous(index)
    start, stop = int(index.flat[0]), int(index.flat[0]) + index.size
    if is_contiguous(index):
        return f"{{}}[{start}:{stop}].reshape{(*index.shape, -1)}", True
    if index.ndim == 2 and is_contiguous(index.T):
        shape = (*index.T.shape, -1)
        return f"{{}}[{start}:{stop}].reshape{shape}.transpose(1, 0, 2)", False
    return None


def strided(flat: Any, start: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    """A view of the flat float array: entry [i, k] is flat[start + i strides[0] + k strides[1]]."""
    size = flat.itemsize
    return np.ndarray(shape, flat.dtype, flat, size * start, [size * s for s in strides])
