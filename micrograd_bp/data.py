"""Data for training, checked once at the border: X (n, n_0), Y (n, n_L), finite numbers."""

from dataclasses import dataclass
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Examples:
    """n examples: X (n, n_0), Y (n, n_L).

    threshold: where the outputs tell classes apart: None for one class a column (the largest output
    wins), a number for a single output. classes: whether Y names classes at all.
    """

    X: Array
    Y: Array
    classes: bool
    threshold: float | None = None

    def __len__(self) -> int:
        return len(self.X)

    def accuracy(self, outputs: Floats) -> float:
        """The part of the examples whose class the outputs (n, n_L) tell right."""
        if self.threshold is None:
            right = np.argmax(outputs, axis=1) == np.argmax(self.Y, axis=1)
        else:
            right = (outputs[:, 0] > self.threshold) == (self.Y[:, 0] > self.threshold)
        return float(np.mean(right))


def as_examples(X: Any, Y: Any, n_in: int, n_out: int, what: str = "") -> Examples:
    """X and Y as arrays that fit a network; whole-number labels become one-hot rows.

    Raises ValueError for shapes that do not fit, no examples, labels out of range, and numbers that
    are not finite, with row and column; TypeError for what is no array of real numbers.
    """
    X, Y = as_numbers(X, f"{what}X"), as_numbers(Y, f"{what}Y")
    if X.ndim != 2 or X.shape[1] != n_in:
        raise ValueError(f"{what}X is (n, {n_in}), a row for each example; got shape {X.shape}")
    if len(X) != len(Y):
        raise ValueError(
            f"{what}X and {what}Y have a row for each example: got {len(X)} and {len(Y)}"
        )
    if len(X) == 0:
        raise ValueError(f"{what}X has no examples")
    if Y.ndim == 1:
        Y = one_hot(Y, n_out) if n_out > 1 else Y[:, None]
    if Y.ndim != 2 or Y.shape[1] != n_out:
        raise ValueError(f"{what}Y is (n, {n_out}), or labels (n,); got shape {Y.shape}")
    for name, array in (("X", X), ("Y", Y)):
        refuse_infinite(array, what + name)
    return Examples(X, Y, *kind_of(Y))


def as_numbers(array: Any, name: str) -> Array:
    try:
        numbers = np.asarray(array)
    except ValueError as error:
        raise ValueError(f"{name} is an array, its rows of equal length: {error}") from None
    if numbers.dtype.kind not in "biuf" or numbers.ndim == 0:
        raise TypeError(
            f"{name} is an array of real numbers, got {type(array).__name__}"
            f" of dtype {numbers.dtype}"
        )
    if np.ma.is_masked(array):
        raise TypeError(f"entries of {name} are masked: leave them out, or fill them by .filled()")
    if numbers.dtype == np.longdouble:  # what is beyond the floats is inf
        with np.errstate(all="ignore"):
            return numbers.astype(float, copy=False)
    return numbers


def refuse_infinite(array: Array, name: str, rows: int = 4096) -> None:
    """Some rows at a time, so that an array that is mapped from a file is not read at once."""
    for start in range(0, len(array), rows):
        wrong = np.argwhere(~np.isfinite(array[start : start + rows]))
        if len(wrong):
            row, column = start + int(wrong[0][0]), int(wrong[0][1])
            raise ValueError(
                f"{name}[{row}, {column}] is {array[row, column]}, not a finite number"
            )


def kind_of(Y: Array) -> tuple[bool, float | None]:
    """Whether Y names classes, and the threshold of a single output."""
    if Y.shape[1] > 1:
        rows = bool(np.all(np.isin(Y, (0.0, 1.0))) and np.all(np.sum(Y, axis=1) == 1.0))
        return rows, None
    if np.all(np.isin(Y, (0.0, 1.0))):
        return True, 0.5
    return bool(np.all(np.isin(Y, (-1.0, 1.0)))), 0.0


def one_hot(labels: Any, classes: int) -> Floats:
    """Row x is 1 at labels[x], else 0: (n, classes).

    Raises ValueError for a label that is no whole number from 0 to classes - 1.
    """
    labels = np.asarray(labels)
    wrong = (labels != np.round(labels)) | (labels < 0) | (labels >= classes)
    if labels.ndim != 1 or np.any(wrong):
        example = labels[wrong][0] if labels.ndim == 1 else f"shape {labels.shape}"
        raise ValueError(f"labels are n whole numbers from 0 to {classes - 1}, got {example}")
    rows: Floats = np.eye(classes)[labels.astype(int)]
    return rows
