"""Formula: an operand that writes down what is done with it, so that a rule of the table is read.

A rule called on Formulas gives the local derivatives as expressions, which the program prints and
runs. Factors that are numbers are drawn together in front: half of the derivative of x ** 2 is x.
"""

from collections.abc import Callable, Hashable, Sequence
from math import isfinite
from numbers import Real
from sys import float_info
from typing import Any, Self, cast

from micrograd_bp.arithmetic import Arithmetic
from micrograd_bp.primitives import Primitive, add, as_real, div, monomial, mul, neg, power, sub

LONGEST = 200  # operations and operands that are written out
PRECEDENCE = {add: 1, sub: 1, mul: 2, div: 2, neg: 3, power: 4}
ATOM = 5


class Formula(Arithmetic):
    """An expression: a number, a leaf (whatever the maker put there), or op(*operands)."""

    __slots__ = ("leaf", "number", "op", "operands", "size")

    def __init__(
        self,
        leaf: Hashable = None,
        number: float | None = None,
        op: Primitive | None = None,
        operands: tuple["Formula", ...] = (),
    ) -> None:
        self.leaf = leaf
        self.number = number
        self.op = op
        self.operands = operands
        self.size: int = 1 + sum([x.size for x in operands])

    @staticmethod
    def interpret(op: Primitive, operands: Sequence[Any]) -> "Formula":
        """Write down `op` on Formulas and numbers: how a Primitive reaches the expression."""
        return simplified(op, tuple([as_formula(x) for x in operands]))

    def _unary(self, op: Primitive) -> Self:
        return cast(Self, simplified(op, (self,)))

    def _binary(self, op: Primitive, x: Any, y: Any) -> Self:
        if not all(isinstance(operand, Formula | Real) for operand in (x, y)):
            return cast(Self, NotImplemented)
        return cast(Self, simplified(op, (as_formula(x), as_formula(y))))

    def __bool__(self) -> bool:
        raise TypeError("what a branch tests would be frozen for all examples")

    def __eq__(self, other: object) -> bool:
        raise TypeError("what a comparison tests would be frozen for all examples")

    __hash__ = None  # type: ignore[assignment]  # a Formula is no key; `key` is

    @property
    def key(self) -> Hashable:
        """Equal for expressions that are written alike."""
        if self.op is not None:
            return self.op, *(x.key for x in self.operands)
        return ("number", self.number) if self.number is not None else self.leaf

    def leaves(self) -> set[Any]:
        if self.op is None:
            return set() if self.number is not None else {self.leaf}
        return set().union(*(x.leaves() for x in self.operands))

    def text(self, name: Callable[[Any], str]) -> str:
        """The expression in infix notation, its leaves named by `name`."""
        return self._text(name)[0]

    def _text(self, name: Callable[[Any], str]) -> tuple[str, int]:
        if self.op is None:
            if self.number is None:
                return name(self.leaf), ATOM
            return f"{self.number:.6g}", ATOM if self.number >= 0.0 else PRECEDENCE[neg]
        if self.size > LONGEST:
            return f"[{self.size:,} operations and operands]", ATOM
        level = PRECEDENCE.get(self.op, ATOM)
        if level == ATOM:
            return f"{self.op.name}({', '.join(x.text(name) for x in self.operands)})", ATOM
        if self.op is neg:
            return f"-{bracketed(self.operands[0]._text(name), level)}", level
        left, right = (x._text(name) for x in self.operands)
        at_left, at_right = (level + 1, level) if self.op is power else (level, level + 1)
        return f"{bracketed(left, at_left)} {self.op.name} {bracketed(right, at_right)}", level


def bracketed(written: tuple[str, int], level: int) -> str:
    """The text, in brackets if it binds less than `level`."""
    text, binds = written
    return text if binds >= level else f"({text})"


def as_formula(x: Any) -> Formula:
    return x if isinstance(x, Formula) else Formula(number=as_real(x, "a derivative"))


def simplified(op: Primitive, operands: tuple[Formula, ...]) -> Formula:
    numbers = [x.number for x in operands]
    if all(number is not None for number in numbers):
        return Formula(number=op.floats(*numbers))
    if op is mul:
        (c, x), (d, y) = split(operands[0]), split(operands[1])
        if x is None or y is None:
            return scaled(c, d, y if x is None else x)
        return scaled(c, d, Formula(op=mul, operands=(x, y)))
    if op is neg:
        c, x = split(operands[0])
        return scaled(-c, 1.0, x)
    if op is monomial:
        return _monomial(*operands)
    return Formula(op=op, operands=operands)


def split(formula: Formula) -> tuple[float, Formula | None]:
    """(c, x) with formula = c x; x is None for a number."""
    if formula.number is not None:
        return formula.number, None
    if formula.op is neg:
        return -1.0, formula.operands[0]
    if formula.op is mul and formula.operands[0].number is not None:
        return formula.operands[0].number, formula.operands[1]
    return 1.0, formula


def scaled(c: float, d: float, x: Formula | None) -> Formula:
    """c d x. Where the product c d would be rounded away, the factors stay apart."""
    if x is None:
        return Formula(number=c * d)
    if c != 1.0 and d != 1.0:
        if not (isfinite(c * d) and abs(c * d) >= float_info.min):
            return Formula(op=mul, operands=(Formula(number=c), scaled(d, 1.0, x)))
        c, d = c * d, 1.0
    c = c * d
    if c == 1.0:
        return x
    if c == -1.0:
        return Formula(op=neg, operands=(x,))
    return Formula(op=mul, operands=(Formula(number=c), x))


def _monomial(c: Formula, x: Formula, y: Formula) -> Formula:
    """c x^y; with a plain finite coefficient other than 0 no factor can be 0 beside an infinity."""
    if c.number is None or c.number == 0.0 or not isfinite(c.number):
        return Formula(op=monomial, operands=(c, x, y))
    if y.number == 0.0:
        return c
    return c * x if y.number == 1.0 else c * Formula(op=power, operands=(x, y))
