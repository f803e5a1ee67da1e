"""The operators and methods of numbers that record what is done with them."""

from typing import Any, Self, cast

from micrograd_bp import primitives
from micrograd_bp.primitives import Primitive


class Arithmetic:
    """Every row of the table as an operator or method; a subclass says what recording is."""

    __slots__ = ()

    def _unary(self, op: Primitive) -> Self:
        raise NotImplementedError

    def _binary(self, op: Primitive, x: Any, y: Any) -> Self:
        raise NotImplementedError

    # Operators. Arrays and other foreign operands get their turn through NotImplemented.

    def __add__(self, other: object) -> Self:
        return self._binary(primitives.add, self, other)

    def __radd__(self, other: object) -> Self:
        return self._binary(primitives.add, other, self)

    def __sub__(self, other: object) -> Self:
        return self._binary(primitives.sub, self, other)

    def __rsub__(self, other: object) -> Self:
        return self._binary(primitives.sub, other, self)

    def __mul__(self, other: object) -> Self:
        return self._binary(primitives.mul, self, other)

    def __rmul__(self, other: object) -> Self:
        return self._binary(primitives.mul, other, self)

    def __truediv__(self, other: object) -> Self:
        return self._binary(primitives.div, self, other)

    def __rtruediv__(self, other: object) -> Self:
        return self._binary(primitives.div, other, self)

    def __pow__(self, other: object) -> Self:
        return self._binary(primitives.power, self, other)

    def __rpow__(self, other: object) -> Self:
        return self._binary(primitives.power, other, self)

    def __neg__(self) -> Self:
        return self._unary(primitives.neg)

    def __pos__(self) -> Self:
        return self

    def __abs__(self) -> Self:
        return self._unary(primitives.absolute)

    # Methods, named as in NumPy, whose functions call them on object arrays.

    def exp(self) -> Self:
        return self._unary(primitives.exp)

    def expm1(self) -> Self:
        return self._unary(primitives.expm1)

    def log(self) -> Self:
        return self._unary(primitives.log)

    def log1p(self) -> Self:
        return self._unary(primitives.log1p)

    def sqrt(self) -> Self:
        return self._unary(primitives.sqrt)

    def sin(self) -> Self:
        return self._unary(primitives.sin)

    def cos(self) -> Self:
        return self._unary(primitives.cos)

    def tan(self) -> Self:
        return self._unary(primitives.tan)

    def arctan(self) -> Self:
        return self._unary(primitives.arctan)

    def tanh(self) -> Self:
        return self._unary(primitives.tanh)

    def sigmoid(self) -> Self:
        return self._unary(primitives.sigmoid)

    def softplus(self) -> Self:
        return self._unary(primitives.softplus)

    def relu(self) -> Self:
        return self._unary(primitives.relu)

    def leaky_relu(self) -> Self:
        return self._unary(primitives.leaky_relu)

    def maximum(self, other: Self | float) -> Self:
        return cast(Self, primitives.maximum(self, other))

    def minimum(self, other: Self | float) -> Self:
        return cast(Self, primitives.minimum(self, other))

    def conjugate(self) -> Self:
        return self
