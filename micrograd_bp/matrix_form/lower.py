"""From the program on vectors to code on arrays, forward.

Arrays hold a vector feature-major, (n, m) with a column for each example, or (n, 1) where it is the
same for all. So a layer's weights and biases, one block [w^T | b] of the parameters, meet its
inputs and a row of ones in one product.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from micrograd_bp import kernels
from micrograd_bp.matrix_form.code import Array, Code, Operand, Shape
from micrograd_bp.matrix_form.formula import Formula
from micrograd_bp.matrix_form.indexing import flat_view, is_contiguous, row_view
from micrograd_bp.matrix_form.naming import joined
from micrograd_bp.matrix_form.products import LoweredProduct, bias_of, lowered_product
from micrograd_bp.matrix_form.program import (
    Instruction,
    Ints,
    Part,
    Product,
    Program,
    Sum,
    Vector,
    whole,
)
from micrograd_bp.primitives import Primitive, power, relu


class Lowering:
    """The forward half; `vector`, `read`, `flat` and `value` give the array of what they get."""

    def __init__(self, program: Program, copies: bool) -> None:
        self.program = program
        self.copies = copies  # whether X may be copied beside a column of ones
        self.code = Code()
        self.X = self.code.given("X", ("m", program.inputs.size))
        self.X.each_call = True
        self.theta = self.code.given("theta", (program.parameters.size,))
        self.vectors: dict[Vector, Array] = {}
        self.known: dict[Any, Any] = {}
        self.functions: dict[tuple[int, int], str] = {}
        self.products: dict[Product, LoweredProduct] = {}

    # Entries of vectors as arrays.

    def vector(self, vector: Vector) -> Array:
        """The whole vector, (n, m) or (n, 1)."""
        if vector is self.program.inputs:
            return self.code.view(self.X, "{}.T", (vector.size, "m"), "x", "F")
        return self.vectors[vector]

    def read(self, part: Part) -> Operand:
        """The entries, (*index.shape, m) or (*index.shape, 1); a number if all are the same one."""
        number = part.number
        if number is not None:
            return number
        array: Array = self.once("read", part, self._read)
        return array

    def flat(self, part: Part) -> Array:
        """Entries that are the same for all examples, (*index.shape)."""
        array: Array = self.once("flat", part, self._flat)
        return array

    def once(self, how: str, part: Part, make: Callable[[Part], Any]) -> Any:
        """make(part), but only the first time that it is asked for in this way."""
        key = how, part.vector, part.index.shape, part.index.tobytes()
        if key not in self.known:
            self.known[key] = make(part)
        return self.known[key]

    def _read(self, part: Part) -> Array:
        vector, index = part.vector, part.index
        if part.is_one and index.ndim == 1:
            index = index[:1]  # which stands for all
            part = Part(vector, index)
        shape = (*index.shape, columns(vector))
        if vector.role in ("parameter", "constant"):
            flat = self.flat(part)
            return self.code.view(flat, "{}[..., None]", shape, order=flat.order)
        array = self.vector(vector)
        if part.is_whole:
            return array
        view = row_view(index)
        if array.order != "C" and (view is None or "reshape" in view[0]):
            array = self.once("rows", whole(vector), self._rows)
        if view is None:
            return self.gathered(array, index, shape, ", axis=0")
        source, is_close = view
        return self.code.view(array, source, shape, order=rows_of(array) if is_close else "")

    def _rows(self, part: Part) -> Array:
        """X by features; np.take on a transposed array would make this copy at each call."""
        array = self.vector(part.vector)
        return self.close(array, array.shape)

    def _flat(self, part: Part) -> Array:
        vector, index = part.vector, part.index
        if vector.values is not None:
            return self.code.constant(vector.values[index])
        array = self.theta
        if vector.role != "parameter":
            array = self.code.view(self.vector(vector), "{}[:, 0]", (vector.size,), order="C")
        source = flat_view(index)
        if source is None:
            return self.gathered(array, index, index.shape)
        name = joined([vector.labels[i] for i in index.flat]) if array is self.theta else ""
        order = "C" if is_contiguous(index) else ""
        return self.code.view(array, source, index.shape, name, order)

    def gathered(self, array: Array, index: Ints, shape: Shape, axis: str = "") -> Array:
        out = self.code.buffer("", shape)
        where = self.code.constant(index, "i")
        self.code.write(f"np.take({{}}{axis}, out={{out}}, mode='clip')", array, where, out=out)
        return out

    # Operations.

    def apply(
        self, op: Primitive, operands: Sequence[Operand], shape: Shape, to: str = ""
    ) -> Array:
        """op on arrays and numbers, elementwise; on one (K, n, m) it is over the K operands."""
        first = operands[0]
        if op.stacked and isinstance(first, Array) and len(first.shape) > len(shape):
            return self.call(op.stacked, f"{op.name}_stacked", operands, shape, to)
        if op is power and operands[1] == 2.0:
            return self.code.ufunc("square", first, shape=shape, to=to)
        if op is relu:
            return self.code.ufunc("maximum", first, 0.0, shape=shape, to=to)
        return self.call(op.arrays, op.name, operands, shape, to)

    def call(
        self, function: Any, name: str, operands: Sequence[Operand], shape: Shape, to: str = ""
    ) -> Array:
        """A ufunc of NumPy, a kernel of ours, or a user's function, which is guarded."""
        ufunc = getattr(function, "__name__", "")
        if isinstance(function, np.ufunc) and getattr(np, ufunc, None) is function:
            return self.code.ufunc(ufunc, *operands, shape=shape, to=to)
        shapes = [x.shape for x in operands if isinstance(x, Array)]
        called = self.named(function, name, len(shape))
        out, scratch = self.code.buffer(to, shape), None
        text = f"{called}({{}}, out={{out}})"
        if takes(self.code.functions[called], "scratch"):
            scratch = self.code.buffer("", broadcast([shape, *shapes]))
            text = f"{called}({{}}, out={{out}}, scratch={{scratch}})"
        elif not takes(self.code.functions[called], "out"):
            text = f"{{out}}[...] = {called}({{}})"
        self.code.write(text, *operands, out=out, elementwise=True, scratch=scratch)
        return out

    def named(self, function: Any, name: str, ndim: int) -> str:
        """The name of a function in the source, where ours stands bare, and a user's guarded."""
        key = id(function), ndim
        if key not in self.functions:
            plain = name.isascii() and name.isidentifier() and not name.startswith("_")
            wanted = name if plain else "function"
            taken = wanted in self.code.names.given
            fresh = self.code.names.numbered if taken else self.code.names.fresh
            self.functions[key] = fresh(wanted)
            called = bare(function) if is_ours(function) else guarded(function, name, ndim)
            self.code.functions[self.functions[key]] = called
        return self.functions[key]

    def value(self, formula: Formula) -> Operand:
        """The array of an expression; what was computed before is not computed again."""
        if formula.op is None:
            leaf: Any = formula.leaf
            return self.read(leaf) if formula.number is None else formula.number
        operands = [self.value(x) for x in formula.operands]
        key = formula.op, *(x if isinstance(x, Array) else repr(x) for x in operands)
        if key not in self.known:
            shapes = [x.shape for x in operands if isinstance(x, Array)]
            stacked = formula.op.stacked is not None and len(shapes[0]) == 3
            shape = shapes[0][1:] if stacked and len(operands) == 1 else broadcast(shapes)
            self.known[key] = self.apply(formula.op, operands, shape)
        array: Array = self.known[key]
        return array

    # Instructions.

    def instruction(self, instruction: Instruction) -> None:
        out = instruction.out
        shape = (out.size, columns(out))
        if isinstance(instruction, Sum):
            self.vectors[out] = self.sum(instruction, shape)
        else:
            operands = [self.read(x) for x in instruction.operands]
            self.vectors[out] = self.apply(instruction.op, operands, shape, out.name)

    def sum(self, instruction: Sum, shape: Shape) -> Array:
        """The products and terms, added up."""
        out = instruction.out
        bias = bias_of(self, instruction)
        terms = [term for term in instruction.terms if term is not bias]
        count = len(instruction.products) + len(terms)
        first = out.name if count == 1 else ""
        pieces: list[Operand] = []
        for product in instruction.products:
            self.products[product] = lowered = lowered_product(self, product, bias)
            pieces.append(lowered.forward(first))
        pieces += [self.term(term, first) for term in terms]
        total = pieces[0]
        for k, piece in enumerate(pieces[1:], 2):
            to = out.name if k == count else ""
            total = self.code.ufunc("add", total, piece, shape=shape, to=to)
        return self.full(total, shape)

    def term(self, term: Part, to: str) -> Operand:
        if len(term.index) == 1:
            return self.read(Part(term.vector, term.index[0]))
        stacked = self.full(self.read(term), (*term.index.shape, columns(term.vector)))
        out = self.code.buffer(to, stacked.shape[1:])
        self.code.write("np.add.reduce({}, axis=0, out={out})", stacked, out=out)
        return out

    def full(self, value: Operand, shape: Shape) -> Array:
        """An array of this shape, from one that would be broadcast to it, or from a number."""
        if isinstance(value, Array) and value.shape == shape:
            return value
        out = self.code.buffer("", shape)
        self.code.write("np.copyto({out}, {})", value, out=out)
        return out

    def close(self, value: Operand, shape: Shape) -> Array:
        """As `full`, and its entries lie closely, row by row."""
        array = self.full(value, shape)
        if array.order == "C" and not array.each_call:
            return array
        out = self.code.buffer("", shape)
        self.code.write("np.copyto({out}, {})", array, out=out)
        return out


def rows_of(array: Array) -> str:
    """The order of whole rows of an array, cut out one after the other."""
    return "C" if array.order == "C" else ""


def columns(vector: Vector) -> Any:
    """The length of the last axis."""
    return "m" if vector.batched else 1


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """The shape of the result of arrays of these shapes; "m" wins over 1."""
    dimensions = max(map(len, shapes))
    padded = [(1,) * (dimensions - len(shape)) + shape for shape in shapes]
    return tuple(next((n for n in axis if n != 1), 1) for axis in zip(*padded, strict=True))


def is_ours(function: Any) -> bool:
    inner = getattr(function, "func", function)  # of a partial
    return getattr(inner, "__module__", "") == kernels.__name__


def bare(function: Any) -> Any:
    """The kernel as it stands: the program runs without NumPy's warnings anyhow."""
    return getattr(function, "__wrapped__", function)


def guarded(function: Callable[..., Any], name: str, ndim: int) -> Callable[..., Any]:
    """A user's function on arrays: it cannot write to them, and its result is real and has their
    shape, or for operands that are stacked in one array of more axes, that of the others."""

    def call(*operands: Any) -> Any:
        result = np.asarray(function(*map(read_only, operands)))
        shape = np.broadcast_shapes(*map(np.shape, operands))[-ndim:]
        if result.shape != shape or result.dtype.kind not in "biufO":
            raise ValueError(
                f"the value of {name} on arrays of shape {shape} has that shape and real numbers,"
                f" it gave {result.dtype} of shape {result.shape}"
            )
        return result

    return call


def read_only(x: Any) -> Any:
    if not isinstance(x, np.ndarray):
        return x
    view = x.view()
    view.flags.writeable = False
    return view


def takes(function: Callable[..., Any], name: str) -> bool:
    """Whether the function has a parameter of this name, as ufuncs have `out`."""
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False
