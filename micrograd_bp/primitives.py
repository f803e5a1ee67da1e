"""The table of primitives: one row is a name, a value on floats, a value on arrays, local derivatives.

All calculus of the project is here. In a rule `z` is the output and `x, y` are the operands; the
same rule runs on floats, on Values (its result is again a graph) and on arrays. A rule is
branch-free, and it never raises: it gives the gradient, else the least-norm subgradient, else the
one-sided limit, else nan. So it uses `+ - *` and the rows that are total, never `/` or `**`.
"""

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial
from numbers import Real
from reprlib import repr as short
from typing import Any

import numpy as np

from micrograd_bp import kernels as k

ARITHMETIC = (ValueError, ZeroDivisionError, OverflowError)


def as_real(number: object, taker: str) -> float:
    """`number` as a plain float; anything that is no real number is a TypeError naming `taker`."""
    if isinstance(number, Real):
        try:
            return float(number)
        except OverflowError:
            raise OverflowError(f"{taker}: {short(number)} is too large for a float") from None
    if isinstance(number, str | bytes | Decimal):
        way_out = "; convert it with float() first"
    elif isinstance(number, complex):
        way_out = "; take its .real"
    elif hasattr(type(number), "interpret"):
        way_out = "; use it as it is, or its .data for a fresh leaf"
    else:
        way_out = "; give a number, or many through NumPy: np.array([...])"
    raise TypeError(
        f"{taker} takes a real number, got {short(number)} ({type(number).__name__}){way_out}"
    )


@dataclass(frozen=True, eq=False, repr=False)
class Primitive:
    """One row of the table; call it on floats, Values or arrays.

    name: an operator (`*`) or a function's name (`tanh`).
    floats: its value on floats; may raise ValueError, ZeroDivisionError or OverflowError.
    arrays: its value on NumPy arrays, elementwise; inf or nan where `floats` raises.
    derivatives: `rule(z, *operands)`, a tuple with dz/dx for each operand x.
    needs: the domain in words, for the error's text: `log(x) needs x > 0, got x = 0.0`.
    flatten: from the arguments of a call to the operands, for rows with many operands.
    exponent: position of the operand whose derivative is recorded as 0 where it is a constant.
    stacked: the value on an array whose first axis holds the operands, of a row with many whose rule
        treats them all alike; then the rule may be given them so, as one.
    """

    name: str
    floats: Callable[..., float]
    arrays: Callable[..., Any]
    derivatives: Callable[..., tuple[Any, ...]]
    needs: str = ""
    flatten: Callable[..., Sequence[Any]] | None = None
    exponent: int | None = None
    stacked: Callable[..., Any] | None = None

    def __call__(self, *arguments: Any) -> Any:
        return self.apply(arguments if self.flatten is None else self.flatten(*arguments))

    def apply(self, operands: Sequence[Any]) -> Any:
        """The value on a flat sequence of operands, each a float, a Value or an array."""
        kinds = set(map(type, operands))
        interpreters = [kind.interpret for kind in kinds if hasattr(kind, "interpret")]
        if any(issubclass(kind, np.ndarray) for kind in kinds):
            if interpreters or any(_holds_objects(x) for x in operands):
                return self._on_objects(operands)
            return self._on_arrays(operands)
        if interpreters:
            return interpreters[0](self, operands)
        return self.on_floats([as_real(x, self.name) for x in operands])

    def _on_arrays(self, operands: Sequence[Any]) -> Any:
        # A ufunc would take a surplus array for its output, and overwrite it.
        if len(operands) != getattr(self.arrays, "nin", len(operands)):
            raise TypeError(f"{self.name} does not take {len(operands)} operands")
        return self.arrays(*operands)

    def _on_objects(self, operands: Sequence[Any]) -> Any:
        """Elementwise on arrays that hold Values."""
        shape = np.broadcast_shapes(*(np.shape(x) for x in operands))
        columns = [np.broadcast_to(np.asarray(x, dtype=object), shape).flat for x in operands]
        results = np.empty(shape, dtype=object)
        for at, entries in enumerate(zip(*columns, strict=True)):
            results.flat[at] = self.apply(entries)
        return results if shape else results.item()

    def on_floats(self, operands: Sequence[float]) -> float:
        """The value on plain floats; an arithmetic error names the operation and its operands."""
        try:
            return self.floats(*operands)
        except ARITHMETIC as error:
            raise self.refusal(error, operands) from None

    def refusal(
        self, error: Exception, operands: Sequence[float], labels: Sequence[str] = ()
    ) -> Exception:
        """The error to raise for `error`: its type, with operation, operands and labels named."""
        kind = next(kind for kind in ARITHMETIC if isinstance(error, kind))
        names = "xy" if len(operands) <= 2 else [f"x{k}" for k in range(1, len(operands) + 1)]
        form = self.name + "(x)" if self.name.isidentifier() else f"x {self.name} y"
        got = ", ".join(f"{name} = {x}" for name, x in zip(names, operands, strict=False))
        if str(error).startswith(form):
            text = str(error)
        elif kind is OverflowError:
            text = f"{form} is too large for a float at {got}"
        elif self.needs:
            text = f"{form} needs {self.needs}, got {got}"
        else:
            text = f"{form} failed at {got}: {error}"
        named = ", ".join(f"{x} is '{s}'" for x, s in zip(names, labels, strict=False) if s)
        return kind(f"{text} ({named})" if named else text)

    @property
    def is_ours(self) -> bool:
        """Whether this is a row of this file, and not a user's own."""
        return TABLE.get(self.name) is self

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __deepcopy__(self, memo: object) -> "Primitive":
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        if not self.is_ours:
            raise TypeError(f"cannot pickle {self!r}: it is not a row of micrograd_bp.primitives")
        return _row, (self.name,)


def _row(name: str) -> Primitive:
    return TABLE[name]


def _holds_objects(x: object) -> bool:
    return isinstance(x, np.ndarray) and x.dtype == object


# From the arguments of a call to the operands of a row with many.


def _values(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(values)


def _some_values(values: Iterable[Any]) -> tuple[Any, ...]:
    operands = tuple(values)
    if not operands:
        raise ValueError("logsumexp of no values is log(0): give at least one")
    return operands


def _products(w: Iterable[Any], a: Iterable[Any], b: Any = None) -> tuple[Any, ...]:
    w, a = tuple(w), tuple(a)
    if len(w) != len(a):
        raise ValueError(f"weighted_sum pairs each w with an a: got {len(w)} w and {len(a)} a")
    return (*w, *a) if b is None else (*w, *a, b)


def _parts(terms: Iterable[Any]) -> tuple[Any, ...]:
    """Each term's part of their sum. Dividing cancels the rounding of z in exp(x - z)."""
    terms = tuple(terms)
    whole = total(terms)
    return tuple(divide(term, whole) for term in terms)


def _factors(operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """Of (w_1..w_n, a_1..a_n[, b]): (a_1..a_n, w_1..w_n[, 1])."""
    n = len(operands) // 2
    return operands[n : 2 * n] + operands[:n] + (1.0,) * (len(operands) % 2)


# Rows that a rule names before they are made.
divide: Primitive
cos: Primitive


@cache
def log_monomial(n: int) -> Primitive:
    """The row of c x^y (log x)^n. Differentiation by y leads to n + 1, so there is one for each n."""

    def rule(z: Any, c: Any, x: Any, y: Any) -> tuple[Any, ...]:
        by_x = log_monomial(n)(c * y, x, y - 1.0)
        if n > 0:
            by_x = by_x + log_monomial(n - 1)(c * float(n), x, y - 1.0)
        return log_monomial(n)(1.0, x, y), by_x, log_monomial(n + 1)(c, x, y)

    floats, arrays = partial(k.log_monomial, n), partial(k.log_monomial_arrays, n)
    return Primitive(f"monomial_log{n}" if n else "monomial", floats, arrays, rule, exponent=2)


# fmt: off
# What rules call: total, so that no derivative raises, and closed, so that every order exists.
step           = Primitive("step", k.step, k.step_arrays,                           lambda z, x: (0.0,))
sign           = Primitive("sign", k.sign, np.sign,                                 lambda z, x: (0.0,))
share          = Primitive("share", k.share, k.share_arrays,                        lambda z, x, y: (0.0, 0.0))
divide         = Primitive("divide", k.divide, k.divide_arrays,                     lambda z, x, y: (divide(1.0, y), -divide(z, y)))
exp_difference = Primitive("exp_difference", k.exp_difference, k.exp_difference_arrays, lambda z, x, y: (z, -z))
monomial       = log_monomial(0)
monomial_log1  = log_monomial(1)

# Operators.
add            = Primitive("+", operator.add, np.add,                               lambda z, x, y: (1.0, 1.0))
sub            = Primitive("-", operator.sub, np.subtract,                          lambda z, x, y: (1.0, -1.0))
mul            = Primitive("*", operator.mul, np.multiply,                          lambda z, x, y: (y, x))
div            = Primitive("/", k.strict_divide, np.divide,                         lambda z, x, y: (divide(1.0, y), -divide(z, y)))
power          = Primitive("**", k.strict_power, np.power,                          lambda z, x, y: (monomial(y, x, y - 1.0), monomial_log1(1.0, x, y)), exponent=1)
neg            = Primitive("neg", operator.neg, np.negative,                        lambda z, x: (-1.0,))
absolute       = Primitive("abs", operator.abs, np.abs,                             lambda z, x: (sign(x),))

# Functions of one operand.
exp            = Primitive("exp", math.exp, np.exp,                                 lambda z, x: (z,))
expm1          = Primitive("expm1", math.expm1, np.expm1,                           lambda z, x: (z + 1.0,))
log            = Primitive("log", k.log, np.log,                                    lambda z, x: (divide(1.0, x),), "x > 0")
log1p          = Primitive("log1p", math.log1p, np.log1p,                           lambda z, x: (divide(1.0, 1.0 + x),), "x > -1")
sqrt           = Primitive("sqrt", math.sqrt, np.sqrt,                              lambda z, x: (divide(0.5, abs(z)),), "x >= 0")  # abs: at -0.0 too the limit is inf
sin            = Primitive("sin", math.sin, np.sin,                                 lambda z, x: (cos(x),), "a finite x")
cos            = Primitive("cos", math.cos, np.cos,                                 lambda z, x: (-sin(x),), "a finite x")
tan            = Primitive("tan", math.tan, np.tan,                                 lambda z, x: (1.0 + z * z,), "a finite x")
arctan         = Primitive("arctan", math.atan, np.arctan,                          lambda z, x: (divide(1.0, 1.0 + x * x),))
tanh           = Primitive("tanh", math.tanh, np.tanh,                              lambda z, x: (1.0 - z * z,))
sigmoid        = Primitive("sigmoid", k.sigmoid, k.sigmoid_arrays,                  lambda z, x: (z * (1.0 - z),))
softplus       = Primitive("softplus", k.softplus, k.softplus_arrays,               lambda z, x: (sigmoid(x),))
relu           = Primitive("relu", k.relu, k.relu_arrays,                           lambda z, x: (sign(z),))  # z >= 0, so this is step(x)
leaky_relu     = Primitive("leaky_relu", k.leaky_relu, k.leaky_relu_arrays,         lambda z, x: (k.LEAK + (1.0 - k.LEAK) * step(z),))

# Functions of two operands.
maximum        = Primitive("maximum", k.maximum, np.maximum,                        lambda z, x, y: (share(x, y), share(y, x)))
minimum        = Primitive("minimum", k.minimum, np.minimum,                        lambda z, x, y: (share(y, x), share(x, y)))

# Many operands: total(values), logsumexp(values), weighted_sum(w, a, b).
total          = Primitive("total", k.total, k.total,                               lambda z, *x: (1.0,) * len(x), flatten=_values, stacked=k.total_stacked)
logsumexp      = Primitive("logsumexp", k.logsumexp, k.logsumexp_arrays,            lambda z, *x: _parts(exp_difference(x_i, z) for x_i in x), flatten=_some_values, stacked=k.logsumexp_stacked)
weighted_sum   = Primitive("weighted_sum", k.weighted_sum, k.weighted_sum,          lambda z, *wab: _factors(wab), flatten=_products)
# fmt: on

TABLE = {row.name: row for row in list(globals().values()) if isinstance(row, Primitive)}


def softmax(values: Iterable[Any]) -> list[Any]:
    """a_j = exp(z_j - logsumexp(z)): every z_i moves every a_j, so BP1 needs the whole Jacobian."""
    z = _some_values(values)
    normaliser = logsumexp(z)
    return [exp(z_j - normaliser) for z_j in z]
