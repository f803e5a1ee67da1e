"""What users give to networks, refused at the border with both values, or made ready."""

from collections.abc import Iterable
from operator import index

import numpy as np

from micrograd_bp.engine import Value
from micrograd_bp.notation import Symbol


def position(number: int, size: int, what: str) -> int:
    """Index from 0 of what counts from 1."""
    if not 1 <= index(number) <= size:
        raise IndexError(f"{what}: {number} is outside 1..{size}")
    return number - 1


def size(number: int, what: str) -> int:
    if index(number) < 1:
        raise ValueError(f"{what} is at least 1, got {number}")
    return number


def as_inputs(
    x: Iterable[Value | float], nin: int, layer: int | None, letter: str, taker: str
) -> list[Value]:
    """The inputs as Values, numbers wrapped under their symbols; their number is checked."""
    if isinstance(x, np.ndarray):
        if x.ndim != 1:
            raise ValueError(f"{taker} takes one example of shape ({nin},), got shape {x.shape}")
        x = x.tolist()
    if not isinstance(x, Iterable):
        raise TypeError(f"{taker} takes a list of {nin} inputs, got {x!r}")
    given = list(x)
    if len(given) != nin:
        raise ValueError(f"{taker} takes {nin} inputs, got {len(given)}")
    return [
        x_i if isinstance(x_i, Value) else Value(x_i, Symbol(letter, layer, (i,)))
        for i, x_i in enumerate(given, 1)
    ]
