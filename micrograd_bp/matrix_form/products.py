"""Products of a program as products of arrays: forward, and both sides backward.

D is the adjoint of the result, (n, m). What each kind needs in the backward half it keeps.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from micrograd_bp.matrix_form.code import Array, Code, Operand, Shape, reshaped
from micrograd_bp.matrix_form.indexing import is_contiguous, slice_of
from micrograd_bp.matrix_form.program import Ints, Part, Product, Program, Sum, Vector


class Arrays(Protocol):
    """What the products need of the lowering."""

    code: Code
    program: Program
    X: Array
    copies: bool

    def vector(self, vector: Vector) -> Array: ...
    def read(self, part: Part) -> Operand: ...
    def flat(self, part: Part) -> Array: ...
    def full(self, value: Operand, shape: Shape) -> Array: ...
    def close(self, value: Operand, shape: Shape) -> Array: ...
    def once(self, how: str, part: Part, make: Callable[[Part], Any]) -> Any: ...


class LoweredProduct:
    """A kind of product. `left_index` and `right_index`: where the adjoints belong."""

    def __init__(self, arrays: Arrays, product: Product) -> None:
        self.arrays = arrays
        self.code = arrays.code
        self.product = product
        self.n = product.rows.size
        self.left_index: Ints = product.left.index
        self.right_index: Ints = product.right.index

    def forward(self, to: str) -> Array:
        """The sums of products, (n, m), under the name `to`."""
        raise NotImplementedError

    def right(self, D: Array) -> Array:
        """The adjoint of the right factors, (*right_index.shape, m)."""
        raise NotImplementedError

    def left(self, D: Array, out: Array | None) -> Array:
        """The adjoint of the left factors, (*left_index.shape), into `out` if that is given."""
        raise NotImplementedError

    def as_rows(self, adjoint: Array) -> Array:
        """The adjoint of weights, with an axis for the examples, which are summed already."""
        return self.code.view(adjoint, "{}[..., None]", (*adjoint.shape, 1), order="C")

    def times(
        self, x: Array, y: Array, shape: Shape, out: Array | None = None, to: str = ""
    ) -> Array:
        """The matrix product. np.dot is the fastest, but copies what does not lie closely."""
        target = self.code.buffer(to, shape) if out is None else out
        fast = x.order and y.order and target.order == "C" and len(x.shape) == 2
        self.code.write(f"np.{'dot' if fast else 'matmul'}({{}}, out={{out}})", x, y, out=target)
        return target

    def rows_as(self, D: Array, order: Ints, shape: Shape) -> Array:
        """The rows of D in this order, as an array of this shape."""
        D = rearranged(self.code, self.arrays.close(D, D.shape), order)
        return reshaped(self.code, D, shape)

    def placed(self, to: str, order: Ints, shape: Shape, m: Any = "m") -> tuple[Array, Array]:
        """Memory for a result (n, m), named `to` if its rows are in order, and a view on it."""
        Z = self.code.buffer(to if is_contiguous(order) else "", (self.n, m))
        return Z, reshaped(self.code, Z, shape)


class Elementwise(LoweredProduct):
    """Products of entries, each summed over its own K; backward they are formulas."""

    def forward(self, to: str) -> Array:
        left, right = self.product.stacked
        K, n = right.index.shape
        x, y = self.arrays.read(left), self.arrays.read(right)
        m = "m" if left.vector.batched or right.vector.batched else 1
        if K == 1:
            z = self.code.buffer(to, (n, m))
            self.code.ufunc("multiply", x, y, out=reshaped(self.code, z, (1, n, m)))
            return z
        z = self.code.buffer(to, (n, m))
        x, y = (self.arrays.full(factor, (K, n, m)) for factor in (x, y))
        self.code.write("np.einsum('knm,knm->nm', {}, out={out})", x, y, out=z)
        return z


class Matrix(LoweredProduct):
    """One window: Z = W A, and back W^T D and D A^T."""

    def __init__(self, arrays: Arrays, product: Product) -> None:
        super().__init__(arrays, product)
        self.right_index = product.right.index[0]
        self.K = len(self.right_index)

    def forward(self, to: str) -> Array:
        self.W = self.arrays.flat(self.product.left)  # (n, K)
        window = Part(self.product.right.vector, self.right_index)
        self.A = self.arrays.full(self.arrays.read(window), (self.K, "m"))
        return self.times(self.W, self.A, (self.n, "m"), to=to)

    def right(self, D: Array) -> Array:
        W_T = self.code.transposed(self.W)
        return self.times(W_T, D, (self.K, "m"))

    def left(self, D: Array, out: Array | None) -> Array:
        return self.times(D, self.code.transposed(self.A), (self.n, self.K), out=out)


class MatrixWithBias(Matrix):
    """Weights and bias are one block of the parameters: Z = [w^T | b] [a; 1]."""

    def __init__(self, arrays: Arrays, product: Product, bias: Part, A: Array) -> None:
        super().__init__(arrays, product)
        self.bias = bias
        self.left_index = block(product, bias)  # (n, K + 1)
        self.A = A  # (K + 1, m)

    def forward(self, to: str) -> Array:
        self.W = self.arrays.flat(Part(self.product.left.vector, self.left_index))
        return self.times(self.W, self.A, (self.n, "m"), to=to)

    def right(self, D: Array) -> Array:
        W_T = self.code.transposed(self.W)
        adjoint = self.code.buffer("", (self.K, "m"))
        adjoint.tail = "spare"  # the row that belongs to the ones
        self.times(W_T, D, (), out=self.code.with_tail(adjoint))
        return adjoint

    def left(self, D: Array, out: Array | None) -> Array:
        return self.times(D, self.code.transposed(self.A), (self.n, self.K + 1), out=out)


class Windows(LoweredProduct):
    """The same weights in every window, as in a convolution: one gather, one product."""

    def __init__(self, arrays: Arrays, product: Product) -> None:
        super().__init__(arrays, product)
        self.P, self.Q = product.rows.shape
        self.K = product.right.index.shape[1]
        self.right_index = product.right.index.T  # (K, P)

    def forward(self, to: str) -> Array:
        P, Q, K = self.P, self.Q, self.K
        self.W = self.arrays.flat(self.product.left)  # (Q, K)
        window = Part(self.product.right.vector, self.right_index)
        A = self.arrays.close(self.arrays.read(window), (K, P, "m"))
        self.A = reshaped(self.code, A, (K, f"{P} * m"))
        order = self.product.rows.T.ravel()
        Z, by_filter = self.placed(to, order, (Q, f"{P} * m"))
        self.times(self.W, self.A, (), out=by_filter)
        return rearranged(self.code, Z, np.argsort(order), to)

    def by_filter(self, D: Array) -> Array:
        """D with the windows of a filter side by side, (Q, P m)."""
        return self.rows_as(D, self.product.rows.T.ravel(), (self.Q, f"{self.P} * m"))

    def right(self, D: Array) -> Array:
        W_T = self.code.transposed(self.W)
        adjoint = self.times(W_T, self.by_filter(D), (self.K, f"{self.P} * m"))
        return reshaped(self.code, adjoint, (self.K, self.P, "m"))

    def left(self, D: Array, out: Array | None) -> Array:
        A_T = self.code.transposed(self.A)
        return self.times(self.by_filter(D), A_T, (self.Q, self.K), out=out)


class OwnWeights(LoweredProduct):
    """Weights of its own for each window: a product of matrices for each."""

    def forward(self, to: str) -> Array:
        P, Q = self.product.rows.shape
        K = self.product.right.index.shape[1]
        self.shape = P, Q, K
        self.W = self.arrays.flat(self.product.left)  # (P, Q, K)
        self.A = self.arrays.full(self.arrays.read(self.product.right), (P, K, "m"))
        order = self.product.rows.ravel()
        Z, by_window = self.placed(to, order, (P, Q, "m"))
        self.times(self.W, self.A, (), out=by_window)
        return rearranged(self.code, Z, np.argsort(order), to)

    def by_window(self, D: Array) -> Array:
        P, Q, _ = self.shape
        return self.rows_as(D, self.product.rows.ravel(), (P, Q, "m"))

    def right(self, D: Array) -> Array:
        P, Q, K = self.shape
        W_T = self.code.view(self.W, "{}.transpose(0, 2, 1)", (P, K, Q))
        return self.times(W_T, self.by_window(D), (P, K, "m"))

    def left(self, D: Array, out: Array | None) -> Array:
        P, Q, K = self.shape
        A_T = self.code.view(self.A, "{}.transpose(0, 2, 1)", (P, "m", K))
        return self.times(self.by_window(D), A_T, (P, Q, K), out=out)


class Batched(LoweredProduct):
    """Both factors differ from example to example, as in attention: a product for each example."""

    def forward(self, to: str) -> Array:
        P, Q = self.product.rows.shape
        K = self.product.right.index.shape[1]
        self.m = "m" if self.product.right.vector.batched else 1
        self.shape = P, Q, K
        self.q = "q" if self.product.left.index.ndim == 2 else "pq"
        left = (*self.product.left.index.shape, self.m)
        self.L = self.arrays.full(self.arrays.read(self.product.left), left)
        self.R = self.arrays.full(self.arrays.read(self.product.right), (P, K, self.m))
        order = self.product.rows.ravel()
        Z, by_window = self.placed(to, order, (P, Q, self.m), self.m)
        self.sum(f"{self.q}km,pkm->pqm", self.L, self.R, by_window)
        return rearranged(self.code, Z, np.argsort(order), to)

    def sum(self, indices: str, x: Array, y: Array, out: Array) -> None:
        self.code.write(f"np.einsum('{indices}', {{}}, out={{out}})", x, y, out=out)

    def by_window(self, D: Array) -> Array:
        P, Q, _ = self.shape
        return self.rows_as(D, self.product.rows.ravel(), (P, Q, self.m))

    def right(self, D: Array) -> Array:
        P, _, K = self.shape
        adjoint = self.code.buffer("", (P, K, self.m))
        self.sum(f"pqm,{self.q}km->pkm", self.by_window(D), self.L, adjoint)
        return adjoint

    def left(self, D: Array, out: Array | None) -> Array:
        shape = (*self.product.left.index.shape, self.m)
        adjoint = self.code.buffer("", shape) if out is None else reshaped(self.code, out, shape)
        self.sum(f"pqm,pkm->{self.q}km", self.by_window(D), self.R, adjoint)
        return adjoint

    def as_rows(self, adjoint: Array) -> Array:
        return adjoint


def lowered_product(arrays: Arrays, product: Product, bias: Part | None) -> LoweredProduct:
    """The kind that fits."""
    if product.is_elementwise:
        return Elementwise(arrays, product)
    if product.is_matrix:
        A = with_ones(arrays, product.right) if bias else None
        return MatrixWithBias(arrays, product, bias, A) if bias and A else Matrix(arrays, product)
    if not product.is_weighted:
        return Batched(arrays, product)
    return Windows(arrays, product) if product.left.index.ndim == 2 else OwnWeights(arrays, product)


# The bias beside the weights.


def block(product: Product, bias: Part) -> Ints:
    """Weights and bias row by row, (n, K + 1)."""
    return np.concatenate([product.left.index, bias.index.T], axis=1)


def bias_of(arrays: Arrays, instruction: Sum) -> Part | None:
    """The term that stands behind the weights in the parameters: [w^T | b] is one block of them."""
    if len(instruction.products) != 1 or not instruction.products[0].is_matrix:
        return None
    product, theta = instruction.products[0], arrays.program.parameters
    for term in instruction.terms if product.left.vector is theta else ():
        fits = term.vector is theta and len(term.index) == 1
        if fits and is_contiguous(block(product, term)) and with_ones(arrays, product.right):
            return term
    return None


def with_ones(arrays: Arrays, right: Part) -> Array | None:
    """A layer's inputs with a row of ones below, (K + 1, m); None if they are no whole vector."""
    array: Array | None = arrays.once("with ones", right, lambda part: _with_ones(arrays, part))
    return array


def _with_ones(arrays: Arrays, right: Part) -> Array | None:
    code, index = arrays.code, right.index[0]
    n = len(index)
    if right.vector is arrays.program.inputs:
        columns = slice_of(index)
        if columns is None or not arrays.copies:
            return None
        beside = code.made("a_and_ones", f"np.ones((m, {n + 1}))", ("m", n + 1))
        X = code.view(arrays.X, f"{{}}[:, {columns}]", ("m", n))
        code.write("np.copyto({out}, {})", X, out=code.view(beside, f"{{}}[:, :{n}]", ("m", n)))
        return code.transposed(beside)
    array = arrays.vector(right.vector)
    if not Part(right.vector, index).is_whole or not array.is_buffer or array.tail == "spare":
        return None
    array.tail = "ones"
    return code.with_tail(array)


# The order of rows.


def rearranged(code: Code, D: Array, order: Ints, to: str = "") -> Array:
    """The rows `order` of D."""
    if is_contiguous(order):
        return D
    out = code.buffer(to, D.shape)
    where = code.constant(order, "i")
    code.write("np.take({}, axis=0, out={out}, mode='clip')", D, where, out=out)
    return out
