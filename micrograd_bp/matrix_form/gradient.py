"""The gradient, one flat vector in the order of the parameters, written block by block."""

import numpy as np

from micrograd_bp.matrix_form.code import Array, Code
from micrograd_bp.matrix_form.indexing import flat_view, is_contiguous
from micrograd_bp.matrix_form.naming import joined
from micrograd_bp.matrix_form.program import Ints, Vector


class Gradient:
    """What is first written is set, what comes after is added; what never comes is 0."""

    def __init__(self, code: Code, parameters: Vector) -> None:
        self.code = code
        self.parameters = parameters
        self.array = code.given("gradient", (parameters.size,))
        self.written = np.zeros(parameters.size, dtype=bool)

    def fresh_block(self, index: Ints) -> Array | None:
        """A view for a result of this shape to be written to, as long as nothing was written there.

        None if there is no such view, or if an entry stands in it twice.
        """
        source = flat_view(index)
        if source is None or self.written[index].any() or np.unique(index).size < index.size:
            return None
        self.written[index] = True
        name = joined([self.parameters.labels[i] for i in index.flat])
        order = "C" if is_contiguous(index) else ""
        return self.code.view(self.array, source, index.shape, name and f"d_{name}", order)

    def receive(self, index: Ints, value: Array | float) -> None:
        """Take a value (*index.shape, 1), or a number, for entries that stand in `index` once."""
        before = self.written[index]
        add = bool(before.any())
        if add and not before.all():
            self.fill(index[~before])
        self.written[index] = True
        source = flat_view(index)
        if source is not None:
            block = self.code.view(self.array, f"{source}[..., None]", (*index.shape, 1))
            put(self.code, block, value, add)
            return
        if isinstance(value, Array):
            value = self.code.view(value, "{}[..., 0]", value.shape[:-1])
        where = self.code.constant(index, "i")
        text = f"{{out}}[{{}}] {'+=' if add else '='} {{}}"
        self.code.write(text, where, value, out=self.array)

    def fill_rest(self) -> None:
        """Set to 0 what was not written."""
        self.fill(np.flatnonzero(~self.written))

    def fill(self, index: Ints) -> None:
        if index.size == 0:
            return
        source = flat_view(index)
        if source is not None:
            view = self.code.view(self.array, source, index.shape)
            self.code.write("{out}.fill({})", 0.0, out=view)
        else:
            self.code.write("{out}[{}] = 0.0", self.code.constant(index, "i"), out=self.array)


def put(code: Code, target: Array, value: Array | float, add: bool) -> None:
    """Set the target to the value, or add the value to it."""
    if add:
        code.ufunc("add", target, value, out=target)
    else:
        code.write("np.copyto({out}, {})", value, out=target)
