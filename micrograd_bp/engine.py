"""Value: a scalar that records its operation and local derivatives; backward over the record."""

import operator
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import count
from numbers import Real
from typing import TYPE_CHECKING, Any, Self, cast

from micrograd_bp.arithmetic import Arithmetic
from micrograd_bp.freeing import release
from micrograd_bp.primitives import ARITHMETIC, Primitive, as_real

_next_serial_number = count().__next__
_new = object.__new__


class Value(Arithmetic):
    """A node of the computation graph.

    data: a real number, kept as a plain float.
    label: a name for pictures and errors; a network puts the notation's symbols here.

    `grad` is d(root)/d(self) after `root.backward()`. `op` is the Primitive that made the node, or
    None at a leaf; `local_derivatives[k]` is d(self)/d(operands[k]), as it was when recorded.
    Comparisons are by data; equality and hash by identity.
    """

    # Not `_data`: NumPy's masked arrays take an attribute of that name for their own.
    __slots__ = (
        "_changed",
        "_number",
        "_serial",
        "grad",
        "label",
        "local_derivatives",
        "op",
        "operands",
    )

    is_constant = False

    def __init__(self, data: float, label: str = "") -> None:
        if not isinstance(label, str):
            raise TypeError(f"a label is a str, got {label!r} ({type(label).__name__})")
        self._number = data if type(data) is float else as_real(data, "Value()")
        self._serial = _next_serial_number()
        self._changed = 0
        self.grad = 0.0
        self.label = label
        self.local_derivatives: tuple[float, ...] = ()
        self.op: Primitive | None = None
        self.operands: tuple[Value, ...] = ()

    @property
    def data(self) -> float:
        return self._number

    @data.setter
    def data(self, number: float) -> None:
        self._number = number if type(number) is float else as_real(number, "Value.data")
        self._changed = _next_serial_number()

    @property
    def _op(self) -> str:
        return "" if self.op is None else self.op.name

    @property
    def _prev(self) -> tuple["Value", ...]:
        return self.operands

    @staticmethod
    def interpret(op: Primitive, operands: Sequence[object]) -> "Value":
        """Record `op` on Values and numbers: how a Primitive reaches the graph."""
        values = [x if isinstance(x, Value) else as_value(x, op.name) for x in operands]
        return record(op, tuple(values))

    def changed_since(self, consumer: "Value") -> bool:
        """Whether data was assigned after `consumer` was recorded."""
        return self._changed > consumer._serial

    def backward(self, seed: float = 1.0) -> None:
        """Fill `grad` of every node that self depends on: the chain rule, consumers first.

        Leaves add to what they hold, until `zero_grad()`; other nodes are set afresh. Threads may
        run it at once on graphs that share no node; on a shared leaf additions would be lost.
        """
        seed = as_real(seed, "backward()")
        nodes = topological_order(self)
        inner = [node for node in nodes if node.operands]
        earlier = [(leaf, leaf.grad) for leaf in nodes if leaf.grad != 0.0 and not leaf.operands]
        for node in nodes:
            node.grad = 0.0
        self.grad = seed
        for node in reversed(inner):
            grad = node.grad
            for operand, derivative in zip(node.operands, node.local_derivatives, strict=True):
                operand.grad += grad * derivative
        for leaf, grad in earlier:
            leaf.grad += grad

    def zero_grad(self) -> None:
        """Set `grad` to 0 here and in everything that self depends on."""
        for node in topological_order(self):
            node.grad = 0.0

    def __repr__(self) -> str:
        label = f", label='{self.label}'" if self.label else ""
        return f"Value(data={self._number}, grad={self.grad}{label})"

    def __format__(self, spec: str) -> str:
        return format(self._number, spec) if spec else repr(self)

    def __reduce__(self) -> tuple[Any, ...]:
        if self.operands:
            raise TypeError(
                f"cannot copy or pickle {self!r}, the result of {self._op!r}: it would lose its"
                " graph; copy .data, or a network's state_dict()"
            )
        return type(self), (self._number, self.label)

    if not TYPE_CHECKING:

        def __float__(self) -> float:
            raise TypeError(
                f"float({self!r}) would lose the gradient; take .data, or the method (v.exp())"
            )

    # What operators give is a Value, also of a Constant: hence two ignores.

    def _unary(self, op: Primitive) -> Self:
        """record() for one operand of a row of ours: much of the engine's time is spent here."""
        number = self._number
        try:
            data = op.floats(number)
        except ARITHMETIC as error:
            raise op.refusal(error, [number], [self.label]) from None
        return _node(op, (self,), data, op.derivatives(data, number))  # type: ignore[return-value]

    def _binary(self, op: Primitive, x: Any, y: Any) -> Self:
        """record() for two operands of a row of ours: numbers are wrapped, arrays get a turn."""
        if not (isinstance(x, Value) and isinstance(y, Value)):
            pair = _wrapped(op, x, y)
            if pair is None:
                return cast(Self, NotImplemented)
            x, y = pair
        numbers = x._number, y._number
        try:
            data = op.floats(*numbers)
        except ARITHMETIC as error:
            raise op.refusal(error, numbers, [x.label, y.label]) from None
        derivatives = without_exponent(op, (x, y), op.derivatives(data, *numbers))
        return _node(op, (x, y), data, derivatives)  # type: ignore[return-value]

    def __bool__(self) -> bool:
        return self._number != 0.0

    def __lt__(self, other: object) -> bool:
        return _compare(operator.lt, self, other)

    def __le__(self, other: object) -> bool:
        return _compare(operator.le, self, other)

    def __gt__(self, other: object) -> bool:
        return _compare(operator.gt, self, other)

    def __ge__(self, other: object) -> bool:
        return _compare(operator.ge, self, other)

    if sys.version_info >= (3, 13):

        def __del__(self) -> None:
            release(self)


class Constant(Value):
    """A leaf made of a plain number that stood in an expression: the 2 of `2 * x`."""

    __slots__ = ()

    is_constant = True


def as_value(x: object, taker: str = "a Value's operand") -> Value:
    """A Value as it is, a real number as a Constant."""
    return x if isinstance(x, Value) else Constant(as_real(x, taker))


def record(op: Primitive, operands: tuple[Value, ...]) -> Value:
    """The node op(*operands), with its local derivatives."""
    numbers = [x._number for x in operands]
    try:
        data = op.floats(*numbers)
    except ARITHMETIC as error:
        raise op.refusal(error, numbers, [x.label for x in operands]) from None
    if op.is_ours:
        derivatives = op.derivatives(data, *numbers)
    else:
        data = as_real(data, f"the value of {op.name}")
        derivatives = _checked(op, op.derivatives(data, *numbers), len(operands))
    return _node(op, operands, data, without_exponent(op, operands, derivatives))


def _checked(op: Primitive, derivatives: object, count: int) -> tuple[float, ...]:
    """What the rule of a user's own row gave, as `count` plain floats."""
    if type(derivatives) is not tuple or len(derivatives) != count:
        raise TypeError(
            f"the rule of {op.name} must give a tuple with a derivative for each of its"
            f" {count} operands, got {derivatives!r}"
        )
    return tuple([as_real(d, f"a derivative in the rule of {op.name}") for d in derivatives])


def without_exponent(
    op: Primitive, operands: tuple[Value, ...], derivatives: tuple[Any, ...]
) -> tuple[Any, ...]:
    """A constant exponent's derivative is 0: it does not vary, and its logarithm may not exist."""
    at = op.exponent
    if at is not None and operands[at].is_constant:
        return (*derivatives[:at], 0.0, *derivatives[at + 1 :])
    return derivatives


def _node(
    op: Primitive, operands: tuple[Value, ...], data: float, derivatives: tuple[float, ...]
) -> Value:
    node = _new(Value)
    node._number = data
    node._serial = _next_serial_number()
    node._changed = 0
    node.grad = 0.0
    node.label = ""
    node.local_derivatives = derivatives
    node.op = op
    node.operands = operands
    return node


def topological_order(*roots: Value) -> list[Value]:
    """All nodes that the roots depend on, each after its operands: the order of their creation."""
    reached = set(roots)
    pending = list(roots)
    while pending:
        for operand in pending.pop().operands:
            if operand not in reached:
                reached.add(operand)
                if operand.operands:
                    pending.append(operand)
    return sorted(reached, key=operator.attrgetter("_serial"))


# What an operator has a say about; any other type gets its turn, as arrays do.
_NO_OPERANDS = (str, bytes, complex, Decimal, type(None), list, tuple, dict, set)


def _wrapped(op: Primitive, x: Any, y: Any) -> tuple[Value, Value] | None:
    """A Value and a number as two Values; None for what gets its turn."""
    number = y if isinstance(x, Value) else x
    if isinstance(number, Real):
        return as_value(x), as_value(y)
    if isinstance(number, _NO_OPERANDS):
        as_real(number, f"an operand of {op.name}")
    return None


def _compare(compare: Callable[[float, float], bool], x: Value, y: object) -> bool:
    if isinstance(y, Value):
        return compare(x._number, y._number)
    return compare(x._number, float(y)) if isinstance(y, Real) else NotImplemented
