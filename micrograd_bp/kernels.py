"""Values on floats and on arrays, where `math` and `numpy` alone do not follow the edge table.

A kernel on arrays may take `out`, as in NumPy, which may be an operand itself, and `scratch`,
memory of the shape of its operands: then it allocates nothing large.

Two families. The strict ones serve the operators that users write: they raise, and their text
names the operands. The total ones serve the rules of derivatives: they give 0, inf or nan instead.
"""

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

Array = Any  # a float, an np.ndarray, or a sequence of either: what NumPy broadcasts

NAN = math.nan


def quiet(kernel: Callable[..., Array]) -> Callable[..., Array]:
    """Without NumPy's warnings: inf and nan are meant. `__wrapped__` is the kernel as it stands."""

    @wraps(kernel)
    def without_warnings(*arguments: Array, **options: Array) -> Array:
        with np.errstate(all="ignore"):
            return kernel(*arguments, **options)

    return without_warnings


# Strict: `x / y` and `x ** y` as users write them.


def strict_divide(x: float, y: float) -> float:
    if y == 0.0:
        raise ZeroDivisionError(f"x / y with y = {y} (x = {x})")
    return x / y


def strict_power(x: float, y: float) -> float:
    try:
        z = x**y
    except ZeroDivisionError:
        text = f"x ** y with x = {x} cannot have a negative exponent (y = {y})"
        raise ZeroDivisionError(text) from None
    if isinstance(z, complex):
        raise ValueError(f"x ** y with x = {x} < 0 needs a whole-number exponent, got y = {y}")
    return float(z)


# Total: what rules call.


def divide(x: float, y: float) -> float:
    return x / y if y != 0.0 else math.copysign(1.0, y) * x * math.inf


@quiet
def divide_arrays(x: Array, y: Array, *, out: Array = None) -> Array:
    return np.divide(x, y, out=out)


def total_power(x: float, y: float) -> float:
    """IEEE 754's pow: where Python raises, inf or nan."""
    try:
        return math.pow(x, y)
    except (ValueError, OverflowError):
        with np.errstate(all="ignore"):
            return float(np.power(x, y))


def monomial(c: float, x: float, y: float) -> float:
    """c x^y, where a factor 0 wins over an infinite one: (x^0)' is 0 at x = 0 too."""
    if c == 0.0:
        return 0.0
    p = total_power(x, y)
    return 0.0 if p == 0.0 and math.isinf(c) else c * p


@quiet
def monomial_arrays(c: Array, x: Array, y: Array) -> Array:
    p = np.power(np.asarray(x, dtype=float), y)
    zero = np.equal(c, 0.0) | (np.equal(p, 0.0) & np.isinf(c))
    return np.where(zero, 0.0, c * p)


def log_monomial(n: int, c: float, x: float, y: float) -> float:
    """c x^y (log x)^n; at x = 0 the limit for y > 0, and 0 for y = 0 as well."""
    p = monomial(c, x, y)
    if n == 0:
        return p
    if x < 0.0 or math.isnan(x + y):
        return NAN
    if p == 0.0 or (x == 0.0 and y == 0.0):
        return 0.0
    return p * total_power(math.log(x) if x > 0.0 else -math.inf, n)


@quiet
def log_monomial_arrays(n: int, c: Array, x: Array, y: Array) -> Array:
    p = monomial_arrays(c, x, y)
    if n == 0:
        return p
    undefined = np.less(x, 0.0) | np.isnan(np.add(x, y))
    zero = np.equal(p, 0.0) | (np.equal(x, 0.0) & np.equal(y, 0.0))
    z = p * np.power(np.log(x), n)
    return np.where(undefined, NAN, np.where(zero, 0.0, z))


def step(x: float) -> float:
    return 1.0 if x > 0.0 else 0.0 if x <= 0.0 else NAN


def step_arrays(x: Array, *, out: Array = None) -> Array:
    return np.sign(np.maximum(x, 0.0, out=out), out=out)


def sign(x: float) -> float:
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0 * x


def share(x: float, y: float) -> float:
    """The part of max(x, y) that is x's: 1, 0, or one half of a tie."""
    return 1.0 if x > y else 0.0 if x < y else 0.5 if x == y else NAN


def share_arrays(x: Array, y: Array) -> Array:
    return np.where(np.isnan(x) | np.isnan(y), NAN, np.greater(x, y) + 0.5 * np.equal(x, y))


def exp_difference(x: float, y: float) -> float:
    """exp(x - y), and 1 for x = y = inf or -inf: a tie at infinity has equal parts."""
    if x == y:
        return 1.0
    try:
        return math.exp(x - y)
    except OverflowError:
        return math.inf


@quiet
def exp_difference_arrays(x: Array, y: Array, *, out: Array = None) -> Array:
    tie = np.equal(x, y)
    z = np.asarray(np.exp(np.subtract(x, y, out=out), out=out))
    np.copyto(z, 1.0, where=tie)
    return z


def log(x: float) -> float:
    return math.log(x)  # which would take a base as well


# Saturating functions, which never overflow.


LARGE = 40.0  # beyond which the sigmoid is 1 to the last bit


def sigmoid(x: float) -> float:
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


def sigmoid_arrays(x: Array, *, out: Array = None, scratch: Array = None) -> Array:
    e = np.exp(np.minimum(x, LARGE, out=out), out=out)
    return np.divide(e, np.add(e, 1.0, out=scratch), out=out)


def softplus(x: float) -> float:
    return relu(x) + math.log1p(math.exp(-abs(x)))


def softplus_arrays(x: Array, *, out: Array = None, scratch: Array = None) -> Array:
    e = np.exp(np.negative(np.abs(x, out=scratch), out=scratch), out=scratch)
    return np.add(np.maximum(x, 0.0, out=out), np.log1p(e, out=scratch), out=out)


def relu(x: float) -> float:
    return 0.0 if x <= 0.0 else x


def relu_arrays(x: Array, *, out: Array = None) -> Array:
    return np.maximum(x, 0.0, out=out)


LEAK = 0.01


def leaky_relu(x: float) -> float:
    return LEAK * x if x <= 0.0 else x


def leaky_relu_arrays(x: Array, *, out: Array = None, scratch: Array = None) -> Array:
    return np.maximum(x, np.multiply(x, LEAK, out=scratch), out=out)


def maximum(x: float, y: float) -> float:
    return x if x > y or x != x else y


def minimum(x: float, y: float) -> float:
    return x if x < y or x != x else y


# Many operands. Sums run left to right: `sum()` rounds differently from version to version.


def total(*x: Array) -> Array:
    z = 0.0
    for x_i in x:
        z = z + x_i
    return z


def weighted_sum(*operands: Array) -> Array:
    """Operands w_1..w_n, a_1..a_n, and b if their number is odd."""
    n = len(operands) // 2
    z = 0.0
    for w_i, a_i in zip(operands[:n], operands[n:], strict=False):
        z = z + w_i * a_i
    return z + operands[-1] if len(operands) % 2 else z


def logsumexp(*x: float) -> float:
    largest = max(x)
    if any(x_i != x_i for x_i in x):
        return NAN
    if math.isinf(largest):
        return largest
    return largest + math.log(total(*[math.exp(x_i - largest) for x_i in x]))


def total_stacked(x: Array, *, out: Array = None) -> Array:
    return np.add.reduce(x, axis=0, out=out)


def logsumexp_arrays(*x: Array) -> Array:
    return logsumexp_stacked(np.stack(np.broadcast_arrays(*x)))


@quiet
def logsumexp_stacked(x: Array, *, out: Array = None, scratch: Array = None) -> Array:
    largest = np.maximum.reduce(x, axis=0)  # (...) of x (K, ...)
    safe = np.where(np.isinf(largest), 0.0, largest)
    parts = np.exp(np.subtract(x, safe, out=scratch), out=scratch)
    z = safe + np.log(np.add.reduce(parts, axis=0))
    z = np.where(np.isinf(largest), largest, z)
    if out is None:
        return z
    out[...] = z
    return out
