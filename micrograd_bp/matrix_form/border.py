"""What users give to matrix_form, refused at the border with what was given and the way out."""

from collections.abc import Iterable, Mapping, Set
from reprlib import repr as short
from typing import Any

import numpy as np

from micrograd_bp.engine import Value

UNORDERED = (str, bytes, Set, Mapping)


def as_floats(given: Any, name: str = "X") -> Any:
    """An array of floats; texts, complex numbers and other objects are refused."""
    if np.ma.is_masked(given):
        raise TypeError(f"entries of {name} are masked: leave them out, or {name}.filled(number)")
    try:
        array = np.asarray(given)
    except ValueError:
        raise ValueError(f"{name} has rows of different lengths: {short(given)}") from None
    if array.dtype.kind not in "biuf":
        kind = f"dtype {array.dtype} ({type(given).__name__})"
        raise TypeError(f"{name} holds real numbers, got {kind}")
    with np.errstate(over="ignore"):
        return array.astype(float, copy=False)


def roots_of(cost: Any) -> list[Value]:
    """The cost, or the outputs, as a list."""
    if isinstance(cost, Value):
        return [cost]
    roots = listed(cost, "a cost, or a list of outputs, that are Values")
    for k, root in enumerate(roots):
        if not isinstance(root, Value):
            raise TypeError(f"output [{k}] of matrix_form is no Value but {described(root)}")
    if not roots:
        raise ValueError("matrix_form takes a cost, or a list of at least one output; got none")
    return roots


def leaves_of(given: Any, what: str) -> list[Value]:
    """Inputs or parameters as a list of leaves, each of them once."""
    values = listed(given, f"{what} as a list of Values")
    seen: set[Value] = set()
    for k, x in enumerate(values):
        if not isinstance(x, Value):
            raise TypeError(f"{what}[{k}] of matrix_form is no Value but {described(x)}")
        if x.op is not None:
            raise ValueError(
                f"{what}[{k}] of matrix_form is no leaf but the result of {x.op.name!r}: {short(x)}"
            )
        if x in seen:
            raise ValueError(f"{what}[{k}] of matrix_form is named twice: {short(x)}")
        seen.add(x)
    return values


def listed(given: Any, what: str) -> list[Any]:
    if isinstance(given, np.ndarray):
        given = given.ravel()
    if not isinstance(given, Iterable) or isinstance(given, UNORDERED):
        raise TypeError(f"matrix_form takes {what}, got {described(given)}")
    return list(given)


def described(given: Any) -> str:
    return f"{short(given)} ({type(given).__name__})"
