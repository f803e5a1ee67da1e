"""Nested arguments: numbers in lists, tuples and arrays, walked and rebuilt."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from micrograd_bp.engine import Value


def leaves(nested: Any) -> Iterator[Any]:
    """The numbers or Values in `nested`, in order."""
    if isinstance(nested, np.ndarray):
        yield from nested.ravel().tolist()
    elif isinstance(nested, list | tuple):
        for part in nested:
            yield from leaves(part)
    else:
        yield nested


def names(nested: Any, name: str) -> Iterator[str]:
    """How each of leaves(nested) is written: `w[0, 2]` in an array, `p[1][0]` in a list."""
    if isinstance(nested, np.ndarray):
        for index in np.ndindex(nested.shape):
            yield f"{name}[{', '.join(map(str, index))}]" if index else name
    elif isinstance(nested, list | tuple):
        for k, part in enumerate(nested):
            yield from names(part, f"{name}[{k}]")
    else:
        yield name


def rebuilt(nested: Any, change: Callable[[Any], Any]) -> Any:
    """The same structure with change(x) for each number x; arrays of Values have dtype object."""
    if isinstance(nested, np.ndarray):
        return as_array([change(x) for x in nested.ravel().tolist()], nested.shape)
    if isinstance(nested, list | tuple):
        parts = [rebuilt(part, change) for part in nested]
        return parts if isinstance(nested, list) else tuple(parts)
    return change(nested)


def as_array(numbers: list[Any], shape: tuple[int, ...]) -> Any:
    """An array of floats, or of objects where one is a Value."""
    has_values = any(isinstance(x, Value) for x in numbers)
    array = np.empty(len(numbers), dtype=object if has_values else float)
    array[:] = numbers
    return array.reshape(shape)
