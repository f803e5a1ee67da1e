"""Straight-line code on arrays: what the emitted program is made of, before it has memory.

Every array is written by one statement, or piece by piece by several; which of them share memory is
decided by `memory`. A shape is a tuple of numbers and "m", the number of examples.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from micrograd_bp.matrix_form.naming import Names

Shape = tuple[Any, ...]
TAIL = "with tail"


@dataclass(eq=False)
class Array:
    """A buffer, if it has no `source`; else a view or a constant, made by that expression.

    base: the array whose memory this is, if it is a view. tail: a buffer may have one row more than
    its shape, of "ones" for the bias, or "spare". each_call: the source depends on X. order: "C" if
    the entries lie closely row by row, "F" if they do so column by column.
    """

    name: str
    shape: Shape
    source: str = ""
    base: "Array | None" = None
    tail: str = ""
    each_call: bool = False
    constant: Any = None
    order: str = "C"

    @property
    def root(self) -> "Array":
        return self if self.base is None else self.base.root

    @property
    def is_buffer(self) -> bool:
        return not self.source and self.constant is None


@dataclass(eq=False)
class Statement:
    """A line of the program: `text` with {0}, {1}, ... for what it reads, {out} for what it writes.

    elementwise: out may be the memory of an array that is read. scratch: memory that is needed for
    this line only, the last of the arrays that are read.
    """

    text: str
    reads: tuple[Array, ...]
    out: Array | None
    elementwise: bool = False
    scratch: Array | None = None

    def __str__(self) -> str:
        names = [x.name for x in self.reads]
        return self.text.format(*names, out=self.out.name if self.out else "")


Operand = Array | float | str


@dataclass
class Code:
    """Statements in order, the arrays that they name, and functions that they call."""

    names: Names = field(default_factory=Names)
    statements: list[Statement] = field(default_factory=list)
    arrays: list[Array] = field(default_factory=list)
    functions: dict[str, Any] = field(default_factory=dict)
    views: dict[tuple[Array, str], Array] = field(default_factory=dict)
    mean: Array = field(init=False)
    result: str = ""

    def __post_init__(self) -> None:
        self.mean = self.given("mean", ())

    def given(self, name: str, shape: Shape) -> Array:
        """An array that the caller supplies."""
        return Array(self.names.fresh(name), shape, source=name)

    def buffer(self, name: str, shape: Shape) -> Array:
        """Memory, under this name or, if it is taken, a numbered one."""
        taken = not name or name in self.names.given
        array = Array(self.names.numbered(name or "t") if taken else self.names.fresh(name), shape)
        self.arrays.append(array)
        return array

    def constant(self, value: Any, letter: str = "c") -> Array:
        """An array of numbers that never change."""
        value = np.ascontiguousarray(value)
        array = Array(self.names.numbered(letter), value.shape, constant=value)
        self.arrays.append(array)
        return array

    def made(self, name: str, source: str, shape: Shape) -> Array:
        """Memory of its own, which no other array shares, as the expression makes it."""
        array = Array(self.names.numbered(name), shape, source=source)
        self.arrays.append(array)
        return array

    def view(
        self, base: Array, source: str, shape: Shape, name: str = "", order: str = ""
    ) -> Array:
        """The expression `source`, with {} for the base, on the memory of `base`; made once."""
        found = self.views.get((base, source))
        if found is None:
            fresh = name and name not in self.names.given
            text = self.names.fresh(name) if fresh else self.names.numbered(f"{base.name}_")
            found = Array(text, shape, source.format(base.name), base)
            found.each_call, found.order = base.each_call, order
            self.views[base, source] = found
            self.arrays.append(found)
        return found

    def transposed(self, base: Array) -> Array:
        order = {"C": "F", "F": "C", "": ""}[base.order]
        return self.view(base, "{}.T", base.shape[::-1], f"{base.name}_T", order)

    def with_tail(self, base: Array) -> Array:
        """A buffer together with its additional row."""
        n, m = base.shape
        return self.view(base, TAIL, (n + 1, m), f"{base.name}_and_{base.tail}", "C")

    def write(
        self,
        text: str,
        *reads: Operand,
        out: Array | None,
        elementwise: bool = False,
        scratch: Array | None = None,
    ) -> None:
        """Append a statement; numbers among the operands are written out."""
        arrays = [x for x in reads if isinstance(x, Array)]
        position = iter(range(len(arrays)))
        slots = [f"{{{next(position)}}}" if isinstance(x, Array) else literal(x) for x in reads]
        parts = slots if text.count("{}") > 1 else [", ".join(slots)]
        line = text.format(*parts, out="{out}", scratch="{scratch}")
        if scratch is not None:
            line = line.replace("{scratch}", f"{{{len(arrays)}}}")
            arrays.append(scratch)
        self.statements.append(Statement(line, tuple(arrays), out, elementwise, scratch))

    def ufunc(
        self,
        name: str,
        *operands: Operand,
        shape: Shape = (),
        out: Array | None = None,
        to: str = "",
    ) -> Array:
        """np.name of the operands, elementwise, into a new array or `out`."""
        target = self.buffer(to, shape) if out is None else out
        self.write(f"np.{name}({{}}, out={{out}})", *operands, out=target, elementwise=True)
        return target


def literal(number: float | str) -> str:
    """A number as it is written; a ufunc takes `one`, an array, faster than 1.0."""
    return "one" if number == 1.0 else repr(number)


def reshaped(code: Code, base: Array, shape: Shape) -> Array:
    """A view of another shape on an array that is close; "m" and its multiples stand last."""
    if base.shape == shape:
        return base
    inner = ", ".join("-1" if isinstance(n, str) else str(n) for n in shape)
    return code.view(base, f"{{}}.reshape({inner})", shape, order="C")
