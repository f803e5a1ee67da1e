"""check_gradient: the gradient of a function against central differences."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from math import inf, isfinite
from sys import float_info
from typing import Any

from micrograd_bp.engine import Value
from micrograd_bp.functional import as_number, value_and_grad
from micrograd_bp.structure import leaves, names, rebuilt

STEP = 6e-6  # about the cube root of the machine's epsilon: rounding and truncation in balance
TOLERANCE = 1e-6


@dataclass(frozen=True)
class GradientCheck:
    """The verdict `ok` (also as a bool) and the worst entry: its name, gradient and difference.

    left and right are the one-sided slopes there: where they part, the function has a kink.
    """

    ok: bool
    entries: int
    worst: str
    gradient: float
    difference: float
    left: float
    right: float

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        verdict = "agree" if self.ok else "DO NOT AGREE"
        text = (
            f"gradient and central differences {verdict} at {self.entries} entries; worst"
            f" {self.worst}: gradient {self.gradient:.10g}, difference {self.difference:.10g}"
        )
        if self.ok:
            return text
        return f"{text} (slope {self.left:.6g} from the left, {self.right:.6g} from the right)"


def check_gradient(f: Callable[..., Any], *args: Any) -> GradientCheck:
    """Compare the gradient of f by all its arguments with central differences, entry by entry.

    args: floats, nested lists or arrays of floats, as for grad(). f gives one number. They agree to
    1e-6 of max(1, |entry|), and to the rounding of f. Raises what f raises, and ValueError without
    arguments.
    """
    if not args:
        raise ValueError("check_gradient takes a function and its arguments")
    value, gradient = value_and_grad(f, range(len(args)))(*args)
    flat = [float(x) for x in leaves(list(args))]
    labels = [name for k, arg in enumerate(args) for name in names(arg, _name(f, k))]
    worst: tuple[float, GradientCheck] | None = None
    for k, (label, g) in enumerate(zip(labels, leaves(list(gradient)), strict=True)):
        h = STEP * max(1.0, abs(flat[k]))
        up, down = _moved(f, args, flat, k, h), _moved(f, args, flat, k, -h)
        up_half, down_half = _moved(f, args, flat, k, h / 2), _moved(f, args, flat, k, -h / 2)
        slope = (8.0 * (up_half - down_half) - (up - down)) / (6.0 * h)  # Richardson
        rounding = 16.0 * float_info.epsilon * abs(value) / h
        allowed = TOLERANCE * max(1.0, abs(g), abs(slope)) + rounding
        error = abs(g - slope) / allowed if isfinite(g) and isfinite(slope) else inf
        if worst is None or error > worst[0]:
            sides = (value - down) / h, (up - value) / h
            worst = error, GradientCheck(error <= 1.0, len(flat), label, g, slope, *sides)
    if worst is None:
        raise ValueError("check_gradient has no number to vary: the arguments are empty")
    return worst[1]


def _moved(f: Callable[..., Any], args: Any, flat: list[float], k: int, h: float) -> float:
    """f with h added to the k-th number of its arguments."""
    numbers = iter([*flat[:k], flat[k] + h, *flat[k + 1 :]])
    return as_number(f(*rebuilt(args, lambda _: Value(next(numbers))))).data


def _name(f: Callable[..., Any], k: int) -> str:
    try:
        return list(signature(f).parameters)[k]
    except (ValueError, IndexError):
        return f"argument {k}"
