"""From the program on vectors to code on arrays, backward: the adjoint of every vector.

The adjoint of the cost is 1/m for each example, since the gradient is that of the mean. It stays a
number, multiplied into the first array that it meets.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from micrograd_bp.matrix_form.code import Array, Operand, Shape, reshaped
from micrograd_bp.matrix_form.formula import Formula, split
from micrograd_bp.matrix_form.gradient import Gradient, put
from micrograd_bp.matrix_form.indexing import is_contiguous, row_view
from micrograd_bp.matrix_form.lower import Lowering, broadcast, columns
from micrograd_bp.matrix_form.products import MatrixWithBias
from micrograd_bp.matrix_form.program import Ints, Part, Pull, Scaled, Through, Vector, is_range


@dataclass(frozen=True)
class Number:
    """The same adjoint for all entries: a number, times 1/m if it is that of one of m examples."""

    value: float
    over_m: bool


Adjoint = Number | Array
Received = list[tuple[Ints, Adjoint]]


class Backward:
    """The backward half, after `lowering` did the forward half."""

    def __init__(self, lowering: Lowering) -> None:
        self.lowering = lowering
        self.code = lowering.code
        self.program = lowering.program
        self.gradient = Gradient(self.code, self.program.parameters)
        self.received: dict[Vector, Received] = defaultdict(list)
        self.adjoints: dict[Vector, Adjoint] = {}
        self.sums: dict[Vector, Adjoint] = {}
        self.done: set[Part] = set()

    def run(self) -> None:
        """Append the statements that write the gradient."""
        root = self.program.roots[0]
        self.receive(root, Number(1.0, over_m=root.vector.batched))
        for pull in self.program.backward:
            self.pull(pull)
        self.gradient.fill_rest()

    # Adjoints of vectors.

    def adjoint(self, vector: Vector) -> Adjoint:
        """All that was received, added up; an array may have one row that stands for all."""
        if vector not in self.adjoints:
            self.adjoints[vector] = self.added(vector, self.received.pop(vector))
        return self.adjoints[vector]

    def array(self, vector: Vector, summed: bool) -> Array:
        """The adjoint as an array, (n, m); or, if it is summed over the examples, (n, 1)."""
        adjoint = self.summed(vector) if summed else self.adjoint(vector)
        shape = (vector.size, 1 if summed else columns(vector))
        if isinstance(adjoint, Array):
            return self.lowering.full(adjoint, shape)
        return self.numbers(adjoint, shape)

    def numbers(self, number: Number, shape: Shape) -> Array:
        """An array filled with the number, made once for all calls."""
        inner = ", ".join(map(str, shape))
        return self.code.made("full", f"np.full(({inner}), {self.text(number)})", shape)

    def text(self, number: Number) -> str:
        return f"{number.value!r} * mean" if number.over_m else repr(number.value)

    def scalar(self, number: Number) -> Array | float:
        """An operand for the number."""
        if not number.over_m:
            return number.value
        factor = "{}" if number.value == 1.0 else f"{number.value!r} * {{}}"
        return self.code.view(self.code.mean, f"np.array({factor})", ())

    def added(self, vector: Vector, received: Received) -> Adjoint:
        shape = (vector.size, columns(vector))
        if all(is_range(index, vector.size) for index, _ in received):
            total = self.whole(received[0], shape)
            for entry in received[1:]:
                total = self.sum(total, self.whole(entry, shape), shape)
            return total
        out = self.code.buffer(adjoint_name(vector), shape)
        seen = np.zeros(vector.size, dtype=bool)
        taken = np.concatenate([index.ravel() for index, _ in received])
        if np.unique(taken).size < vector.size:
            self.code.write("{out}.fill({})", 0.0, out=out)
            seen[:] = True
        for index, value in received:
            overlaps = bool(seen[index].any())
            if overlaps and not seen[index].all():
                self.zero_rows(out, index[~seen[index]])
            self.to_rows(out, index, value, add=overlaps)
            seen[index] = True
        return out

    def whole(self, entry: tuple[Ints, Adjoint], shape: Shape) -> Adjoint:
        """A value for all entries in order, as rows."""
        index, value = entry
        if isinstance(value, Number) or index.ndim == 1 or value.shape == shape:
            return value
        if all(n == 1 for n in value.shape[:-1]):
            return reshaped(self.code, self.lowering.close(value, value.shape), (1, shape[-1]))
        if value.shape[:-1] == index.shape:
            return reshaped(self.code, self.lowering.close(value, value.shape), shape)
        full = self.lowering.full(value, (*index.shape, shape[-1]))
        return reshaped(self.code, full, shape)

    def sum(self, x: Adjoint, y: Adjoint, shape: Shape) -> Adjoint:
        if isinstance(x, Number) and isinstance(y, Number):
            return Number(x.value + y.value, x.over_m)
        operands = [self.scalar(a) if isinstance(a, Number) else a for a in (x, y)]
        return self.code.ufunc("add", *operands, shape=shape)

    def zero_rows(self, out: Array, index: Ints) -> None:
        where = self.code.constant(index, "i")
        self.code.write("{out}[{}] = 0.0", where, out=out)

    def to_rows(self, out: Array, index: Ints, value: Adjoint, add: bool) -> None:
        """Put the value into rows of `out`, or add it to them."""
        operand = self.scalar(value) if isinstance(value, Number) else value
        view = row_view(index)
        if view is not None:
            rows = self.code.view(out, view[0], (*index.shape, out.shape[-1]))
            put(self.code, rows, operand, add)
            return
        where = self.code.constant(index, "i")
        self.code.write(f"{{out}}[{{}}] {'+=' if add else '='} {{}}", where, operand, out=out)

    # What each pull brings.

    def receive(self, part: Part, value: Adjoint) -> None:
        """Take a value for the entries of the part; entries that are named twice are added up."""
        index = part.index
        if np.unique(index).size < index.size:
            shape = (*index.shape, columns(part.vector))
            array = self.numbers(value, shape) if isinstance(value, Number) else value
            index, value = self.gathered(index, self.lowering.full(array, shape))
        if part.vector is self.program.parameters:
            operand = self.scalar(value) if isinstance(value, Number) else value
            self.gradient.receive(index, operand)
        else:
            self.received[part.vector].append((index, value))

    def gathered(self, index: Ints, value: Array) -> tuple[Ints, Array]:
        """Each entry once, with the sum of its values."""
        flat = index.ravel()
        m = value.shape[-1]
        rows = reshaped(self.code, self.lowering.close(value, value.shape), (index.size, m))
        if np.all(flat == flat[0]):
            out = self.code.buffer("", (1, m))
            self.code.write("np.add.reduce({}, axis=0, keepdims=True, out={out})", rows, out=out)
            return flat[:1], out
        order = np.argsort(flat, kind="stable")
        unique, starts = np.unique(flat[order], return_index=True)
        if not is_contiguous(order):
            ordered = self.code.buffer("", rows.shape)
            where = self.code.constant(order, "i")
            self.code.write("np.take({}, axis=0, out={out}, mode='clip')", rows, where, out=ordered)
            rows = ordered
        out = self.code.buffer("", (unique.size, m))
        where = self.code.constant(starts, "i")
        self.code.write("np.add.reduceat({}, axis=0, out={out})", rows, where, out=out)
        return unique, out

    def pull(self, pull: Pull) -> None:
        if isinstance(pull, Through):
            self.through(pull)
        elif pull.target not in self.done and not self.to_block(pull):
            self.receive(pull.target, self.along(pull))

    def to_block(self, pull: Scaled) -> bool:
        """Whether the gradient is the adjoint, summed over the examples into its place."""
        if pull.target.vector is not self.program.parameters or pull.factor.number != 1.0:
            return False
        adjoint = self.adjoint(pull.source)
        n, index = pull.source.size, pull.target.index.ravel()
        if not isinstance(adjoint, Array) or adjoint.shape != (n, "m") or index.size != n:
            return False
        block = self.gradient.fresh_block(index)
        if block is not None:
            self.code.write("np.add.reduce({}, axis=1, out={out})", adjoint, out=block)
        return block is not None

    def along(self, pull: Scaled) -> Adjoint:
        """The adjoint of the source times the factor; for shared targets summed over examples."""
        source, target = pull.source, pull.target
        c, rest = split(pull.factor)
        sums = source.batched and not target.vector.batched
        if not sums or not depends_on_example(rest):
            adjoint = self.summed(source) if sums else self.adjoint(source)
            return self.scaled(adjoint, c, rest, target)
        shape = (*target.index.shape, "m")
        each = self.scaled(self.adjoint(source), c, rest, target)
        array = self.numbers(each, shape) if isinstance(each, Number) else each
        return self.over_examples(self.lowering.full(array, shape))

    def summed(self, source: Vector) -> Adjoint:
        """The adjoint of a batched vector, summed over the examples."""
        if source not in self.sums:
            adjoint = self.adjoint(source)
            if isinstance(adjoint, Number):
                self.sums[source] = Number(adjoint.value, over_m=False)
            elif adjoint.shape[-1] == 1:  # the same for all m examples
                mean, shape = self.code.mean, adjoint.shape
                self.sums[source] = self.code.ufunc("divide", adjoint, mean, shape=shape)
            else:
                self.sums[source] = self.over_examples(adjoint)
        return self.sums[source]

    def over_examples(self, array: Array) -> Array:
        out = self.code.buffer("", (*array.shape[:-1], 1))
        self.code.write("np.add.reduce({}, axis=-1, keepdims=True, out={out})", array, out=out)
        return out

    def scaled(self, adjoint: Adjoint, c: float, rest: Formula | None, target: Part) -> Adjoint:
        """adjoint · c · rest; the numbers are multiplied first."""
        to = adjoint_name(target.vector) if target.is_whole else ""
        if isinstance(adjoint, Number):
            number = Number(adjoint.value * c, adjoint.over_m)
            if rest is None:
                return number
            value = self.lowering.value(rest)
            if number == Number(1.0, False) and isinstance(value, Array):
                return value
            operands, shapes = [value, self.scalar(number)], [shape_of(value)]
        elif rest is None:
            if c == 1.0:
                return adjoint
            if c == -1.0:
                return self.code.ufunc("negative", adjoint, shape=adjoint.shape, to=to)
            operands, shapes = [adjoint, c], [adjoint.shape]
        else:
            value = self.lowering.value(rest)
            if c != 1.0:
                value = self.code.ufunc("multiply", value, c, shape=shape_of(value))
            operands, shapes = [adjoint, value], [adjoint.shape, shape_of(value)]
        return self.code.ufunc("multiply", *operands, shape=broadcast(shapes), to=to)

    def through(self, pull: Through) -> None:
        product = self.lowering.products[pull.product]
        summed = pull.source.batched and not pull.product.right.vector.batched
        D = self.array(pull.source, summed)
        if pull.side == "right":
            adjoint = product.right(D)
            self.receive(Part(pull.target.vector, product.right_index), adjoint)
            return
        if isinstance(product, MatrixWithBias):
            self.done.add(product.bias)
        target = Part(pull.target.vector, product.left_index)
        is_parameter = target.vector is self.program.parameters
        block = self.gradient.fresh_block(target.index) if is_parameter else None
        adjoint = product.left(D, block)
        if block is None:
            self.receive(target, product.as_rows(adjoint))


def shape_of(operand: Operand) -> Shape:
    return operand.shape if isinstance(operand, Array) else ()


def depends_on_example(formula: Formula | None) -> bool:
    return formula is not None and any(part.vector.batched for part in formula.leaves())


def adjoint_name(vector: Vector) -> str:
    return "delta" + vector.name[1:] if vector.name[:1] == "z" else f"d_{vector.name}"
