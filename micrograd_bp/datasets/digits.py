"""1,797 handwritten digits of 8 x 8 pixels, shipped in digits.npz.

Source: E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, its test set;
UCI Machine Learning Repository, https://doi.org/10.24432/C50P49, licence CC BY 4.0. The pixels,
whole numbers from 0 to 16, are unchanged in the file; `digits()` scales them.
"""

from importlib import resources
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]


def digits() -> tuple[Floats, Ints]:
    """X (1797, 64), pixels row by row from 0 (white) to 1 (black); labels (1797,), 0 to 9."""
    path = resources.files("micrograd_bp.datasets") / "digits.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        return stored["pixels"] / 16.0, stored["labels"].astype(np.int64)
