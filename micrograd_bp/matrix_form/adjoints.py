"""From the program on vectors to code on arrays, backward: adjoints, and the gradient's blocks.

The adjoint of the cost is 1/m for each example, since the gradient is that of the mean. It stays a
number, multiplied into the first array that it meets.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from micrograd_bp.matrix_form.code import Array, Shape, reshaped
from micrograd_bp.matrix_form.formula import Formula, split
from micrograd_bp.matrix_form.indexing import flat_view, is_contiguous, row_view
from micrograd_bp.matrix_form.naming import joined
from micrograd_bp.matrix_form.lower import Lowering, broadcast, columns
from micrograd_bp.matrix_form.products import MatrixWithBias
from micrograd_bp.matrix_form.program import Ints, Part, Pull, Vector


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
        self.gradient = self.code.given("gradient", lowering.theta.shape)
        self.received: dict[Vector, Received] = defaultdict(list)
        self.adjoints: dict[Vector, Adjoint] = {}
        self.sums: dict[Vector, Adjoint] = {}
        self.written = np.zeros(self.program.parameters.size, dtype=bool)
        self.done: set[Part] = set()

    def run(self) -> None:
        """Append the statements that write the gradient."""
        root = self.program.roots[0]
        self.receive(root, Number(1.0, over_m=root.vector.batched))
        for pull in self.program.backward:
            self.pull(pull)
        self.fill(np.flatnonzero(~self.written))

    # Adjoints of vectors.

    def adjoint(self, vector: Vector) -> Adjoint:
        """All that was received, added up; an array may have one row that stands for all."""
        if vector not in self.adjoints:
            self.adjoints[vector] = self.added(vector, self.received.pop(vector))
        return self.adjoints[vector]

    def array(self, vector: Vector) -> Array:
        """The adjoint as an array, (n, m) or (n, 1)."""
        adjoint = self.adjoint(vector)
        shape = (vector.size, columns(vector))
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
        mean = self.code.mean
        return mean if number.value == 1.0 else self.code.view(mean, self.text(number), ())

    def added(self, vector: Vector, received: Received) -> Adjoint:
        shape = (vector.size, columns(vector))
        if all(is_whole(index, vector) for index, _ in received):
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
            self.put(rows, operand, add)
            return
        where = self.code.constant(index, "i")
        self.code.write(f"{{out}}[{{}}] {'+=' if add else '='} {{}}", where, operand, out=out)

    def put(self, target: Array, operand: Array | float, add: bool) -> None:
        if add:
            self.code.ufunc("add", target, operand, out=target)
        else:
            self.code.write("np.copyto({out}, {})", operand, out=target)

    # What each pull brings.

    def receive(self, part: Part, value: Adjoint) -> None:
        """Take a value for the entries of the part; entries that are named twice are added up."""
        index = part.index
        if np.unique(index).size < index.size:
            shape = (*index.shape, columns(part.vector))
            array = self.numbers(value, shape) if isinstance(value, Number) else value
            index, value = self.gathered(index, self.lowering.full(array, shape))
        if part.vector is self.program.parameters:
            self.to_gradient(index, value)
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
        if pull.product is not None:
            self.pull_product(pull)
        elif pull.target not in self.done:
            self.receive(pull.target, self.along(pull))

    def along(self, pull: Pull) -> Adjoint:
        """The adjoint of the source times the factor, summed over the examples for shared targets."""
        source, target = pull.source, pull.target
        c, rest = split(pull.factor) if pull.factor is not None else (1.0, None)
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
            else:
                self.sums[source] = self.over_examples(adjoint)
        return self.sums[source]

    def over_examples(self, array: Array, out: Array | None = None) -> Array:
        target = self.code.buffer("", (*array.shape[:-1], 1)) if out is None else out
        self.code.write("np.add.reduce({}, axis=-1, keepdims=True, out={out})", array, out=target)
        return target

    def scaled(self, adjoint: Adjoint, c: float, rest: Formula | None, target: Part) -> Adjoint:
        if isinstance(adjoint, Number):
            number = Number(adjoint.value * c, adjoint.over_m)
            if rest is None:
                return number
            value = self.lowering.value(rest)
            if not isinstance(value, Array):
                return Number(number.value * value, number.over_m)
            if number == Number(1.0, False):
                return value
            to = adjoint_name(target.vector) if target.is_whole else ""
            return self.code.ufunc("multiply", value, self.scalar(number), shape=value.shape, to=to)
        if rest is None and c == 1.0:
            return adjoint
        if rest is None and c == -1.0:
            return self.code.ufunc("negative", adjoint, shape=adjoint.shape)
        if rest is None:
            return self.code.ufunc("multiply", adjoint, c, shape=adjoint.shape)
        value = self.lowering.value(rest)
        if c != 1.0:
            shape = value.shape if isinstance(value, Array) else ()
            value = self.code.ufunc("multiply", value, c, shape=shape)
        shapes = [x.shape for x in (adjoint, value) if isinstance(x, Array)]
        to = adjoint_name(target.vector) if target.is_whole else ""
        return self.code.ufunc("multiply", adjoint, value, shape=broadcast(shapes), to=to)

    def pull_product(self, pull: Pull) -> None:
        product = self.lowering.products[pull.product] if pull.product else None
        if product is None:
            return
        D = self.array(pull.source)
        if pull.side == "right":
            target = Part(pull.target.vector, product.right_index)
            self.receive(target, product.right(D))
            return
        if isinstance(product, MatrixWithBias):
            self.done.add(product.bias)
        index = product.left_index
        target = Part(pull.target.vector, index)
        if target.vector is not self.program.parameters:
            adjoint = product.left(D, None)
            if not target.vector.batched:
                adjoint = self.code.view(adjoint, "{}[..., None]", (*adjoint.shape, 1), order="C")
            self.receive(target, adjoint)
            return
        out = self.fresh_block(index)
        adjoint = product.left(D, out)
        if out is None:
            column = self.code.view(adjoint, "{}[..., None]", (*adjoint.shape, 1), order="C")
            self.receive(target, column)

    # The gradient.

    def fresh_block(self, index: Ints) -> Array | None:
        """The block of the gradient at these entries, if it is a view and nothing was written yet."""
        source = flat_view(index)
        if source is None or self.written[index].any():
            return None
        self.written[index] = True
        labels = self.program.parameters.labels
        name = joined([labels[i] for i in index.flat])
        order = "C" if is_contiguous(index) else ""
        return self.code.view(self.gradient, source, index.shape, name and f"d_{name}", order)

    def to_gradient(self, index: Ints, value: Adjoint) -> None:
        """Write the value, (..., 1), or add it where something was written before."""
        before = self.written[index]
        if before.any() and not before.all():
            self.fill(index[~before])
        add = bool(before.any())
        self.written[index] = True
        operand = self.scalar(value) if isinstance(value, Number) else value
        source = flat_view(index)
        if source is not None:
            shape = (*index.shape, 1)
            block = self.code.view(self.gradient, source + "[..., None]", shape)
            self.put(block, operand, add)
            return
        if isinstance(operand, Array):
            operand = self.code.view(operand, "{}[..., 0]", operand.shape[:-1])
        where = self.code.constant(index, "i")
        text = f"{{out}}[{{}}] {'+=' if add else '='} {{}}"
        self.code.write(text, where, operand, out=self.gradient)

    def fill(self, index: Ints) -> None:
        if index.size == 0:
            return
        source = flat_view(index)
        if source is not None:
            self.code.write("{out}.fill({})", 0.0, out=self.code.view(self.gradient, source, index.shape))
        else:
            self.code.write("{out}[{}] = 0.0", self.code.constant(index, "i"), out=self.gradient)


def is_whole(index: Ints, vector: Vector) -> bool:
    return index.size == vector.size and bool(np.all(index.ravel() == np.arange(vector.size)))


def depends_on_example(formula: Formula | None) -> bool:
    return formula is not None and any(part.vector.batched for part in formula.leaves())


def adjoint_name(vector: Vector) -> str:
    return "delta" + vector.name[1:] if vector.name[:1] == "z" else f"d_{vector.name}"
