"""What users give to matrix_form, refused at the border with what was given and the way out."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from micrograd_bp.engine import Value


def as_floats(X: Any) -> Any:
    """X as an array of floats; texts, complex numbers and other objects are refused."""
    array = np.asarray(X)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"X holds real numbers, got dtype {array.dtype} ({type(X).__name__})")
    return array.astype(float)


def listed(given: Any, what: str) -> list[Any]:
    if not isinstance(given, Iterable) or isinstance(given, str | bytes):
        raise TypeError(
            f"matrix_form takes {what} as a list of Values, got {given!r} ({type(given).__name__})"
        )
    return list(given)


def leaves_of(given: Any, what: str) -> list[Value]:
    values = listed(given, what)
    seen: set[Value] = set()
    for k, x in enumerate(values):
        if not isinstance(x, Value):
            raise TypeError(
                f"{what}[{k}] of matrix_form is no Value but {x!r} ({type(x).__name__})"
            )
        if x.op is not None:
            raise ValueError(
                f"{what}[{k}] of matrix_form is no leaf but the result of {x.op.name!r}: {x!r}"
            )
        if x in seen:
            raise ValueError(f"{what}[{k}] of matrix_form is named twice: {x!r}")
        seen.add(x)
    return values
