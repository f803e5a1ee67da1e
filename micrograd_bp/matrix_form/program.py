"""The program between the scalar graph and its NumPy source: vectors, and instructions on them.

m is the number of examples. A vector holds alike scalars of the graph, for each example or, where
they depend on no input, once. Indices count from 0, and give the entries of a vector in the shape
in which they are used. Everything here is data; `lift` makes it, `written` prints it, `lower` and
`emit` run it.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from micrograd_bp.matrix_form.formula import Formula
from micrograd_bp.primitives import Primitive

Ints = np.ndarray[Any, np.dtype[np.intp]]
Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, eq=False)
class Vector:
    """Scalars of one kind, in order.

    role: "input", "parameter", "constant", or "computed" by an instruction.
    batched: there is one vector for each example; else one for all.
    varies: depends on a parameter, so that it has a gradient.
    labels: of the scalars, in order, as far as they have them.
    """

    name: str
    size: int
    role: str = "computed"
    batched: bool = True
    varies: bool = True
    labels: tuple[str, ...] = field(default=(), repr=False)
    values: Floats | None = field(default=None, repr=False)  # (size,) of constants


@dataclass(frozen=True, eq=False)
class Part:
    """Entries of a vector, `index` in the shape in which an instruction reads them."""

    vector: Vector
    index: Ints

    @property
    def number(self) -> float | None:
        """The number that all entries are, if they are constants."""
        values = self.vector.values
        if values is None:
            return None
        first = values[self.index.flat[0]]
        same = np.array_equal(values[self.index], np.full(self.index.shape, first), equal_nan=True)
        return float(first) if same else None

    @property
    def is_whole(self) -> bool:
        """Whether these are all entries, in order."""
        return self.index.ndim == 1 and is_range(self.index, self.vector.size)

    @property
    def distinct(self) -> int:
        """How many different entries these are."""
        return np.unique(self.index).size

    @property
    def is_one(self) -> bool:
        """Whether one entry is repeated."""
        return bool(self.index.size > 1 and np.all(self.index == self.index.flat[0]))


def whole(vector: Vector) -> Part:
    return Part(vector, np.arange(vector.size))


def is_range(index: Ints, size: int) -> bool:
    return index.size == size and bool(np.all(index.ravel() == np.arange(size)))


@dataclass(frozen=True, eq=False)
class Elementwise:
    """out_j = op(x_j, y_j, ...).

    Each operand has index (n,); or there is one, of index (K, n), for a row that is `stacked`.
    """

    out: Vector
    op: Primitive
    operands: tuple[Part, ...]

    @property
    def reads(self) -> tuple[Part, ...]:
        return self.operands


@dataclass(frozen=True, eq=False)
class Product:
    """Sums over k of products left · right, in P windows of Q rows each.

    left: index (Q, K), or (P, Q, K) where each window has its own. right: index (P, K).
    rows: (P, Q), the entry of the result that each sum belongs to.
    """

    left: Part
    right: Part
    rows: Ints

    @property
    def is_weighted(self) -> bool:
        """Whether weights, which are the same for all examples, meet what differs."""
        return self.right.vector.batched and not self.left.vector.batched

    @property
    def is_matrix(self) -> bool:
        """One window: for all examples together a product of matrices."""
        return self.is_weighted and len(self.rows) == 1

    @property
    def is_elementwise(self) -> bool:
        """Whether each entry has a window of its own, and no weights meet it as a matrix."""
        own = self.rows.shape[1] == 1
        return (
            own and not self.is_matrix and (not self.is_weighted or self.right.index.shape[1] == 1)
        )

    @property
    def stacked(self) -> tuple[Part, Part]:
        """Both factors with index (K, n), of a product that is elementwise."""
        left = np.broadcast_to(
            self.left.index.reshape(-1, self.right.index.shape[1]), self.right.index.shape
        )
        return Part(self.left.vector, left.T), Part(self.right.vector, self.right.index.T)


@dataclass(frozen=True, eq=False)
class Sum:
    """out_j = the sums of products, and of terms, each of index (K, n) and summed over its K."""

    out: Vector
    products: tuple[Product, ...]
    terms: tuple[Part, ...]

    @property
    def reads(self) -> tuple[Part, ...]:
        factors = [part for product in self.products for part in (product.left, product.right)]
        return (*factors, *self.terms)


Instruction = Elementwise | Sum


@dataclass(frozen=True, eq=False)
class Scaled:
    """The chain rule along an operand: adjoint of target += adjoint of source · factor."""

    source: Vector
    target: Part
    factor: Formula

    @property
    def reads(self) -> list[Vector]:
        """The vectors of the forward half that this needs."""
        return [part.vector for part in self.factor.leaves()]


@dataclass(frozen=True, eq=False)
class Through:
    """The chain rule along one side, "left" or "right", of a product that is no elementwise one."""

    source: Vector
    target: Part
    product: Product
    side: str

    @property
    def reads(self) -> list[Vector]:
        """The vectors of the forward half that this needs."""
        return [self.product.left.vector, self.product.right.vector]


Pull = Scaled | Through


@dataclass(frozen=True, eq=False)
class Program:
    """forward: instructions in order; roots: index (k,) into vectors, one Part for each root.

    backward: for one root, its cost; in order, each vector's adjoint complete when it is a source.
    """

    inputs: Vector
    parameters: Vector
    forward: tuple[Instruction, ...]
    roots: tuple[Part, ...]
    backward: tuple[Pull, ...] = ()
