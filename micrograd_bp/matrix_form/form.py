"""matrix_form: the batched matrix program that is found in a recorded scalar graph."""

from collections.abc import Iterable, Sequence
from functools import partial
from math import isfinite
from typing import Any

import numpy as np

from micrograd_bp.engine import Value, topological_order
from micrograd_bp.matrix_form.border import as_floats, leaves_of, roots_of
from micrograd_bp.matrix_form.compile import Runner, gradient_code, outputs_code
from micrograd_bp.matrix_form.differentiate import differentiated
from micrograd_bp.matrix_form.emit import Function
from micrograd_bp.matrix_form.interpret import origin
from micrograd_bp.matrix_form.lift import lift
from micrograd_bp.matrix_form.program import Floats
from micrograd_bp.matrix_form.written import written

FLOAT = np.dtype(float)


def matrix_form(
    cost: Value | Sequence[Value],
    inputs: Iterable[Value],
    parameters: Iterable[Value] | None = None,
) -> "MatrixForm":
    """The matrix program of a scalar graph, which is read once and not kept.

    cost: the cost C_x of one example; or a list of k outputs, for prediction.
    inputs: leaves that vary from example to example, x and then y say: the columns of X.
    parameters: leaves that are shared by all examples; other leaves are constants. None: all
        labelled leaves that are no inputs, in the order of their creation.

    What depends on data by Python control flow is frozen as it was recorded. Raises TypeError for
    what is no Value, ValueError for what is no leaf, or is named twice.
    """
    single = isinstance(cost, Value)
    roots = roots_of(cost)
    chosen = leaves_of(inputs, "inputs")
    if parameters is None:
        known = set(chosen)
        leaves = [x for x in topological_order(*roots) if x.op is None]
        shared = [x for x in leaves if x.label and x not in known]
    else:
        shared = leaves_of(parameters, "parameters")
    both = set(chosen) & set(shared)
    if both:
        x = next(x for x in chosen if x in both)
        raise ValueError(
            f"{x!r} is both an input and a parameter: an input varies from example to example,"
            " a parameter is shared by all"
        )
    return MatrixForm(roots, chosen, shared, single)


class MatrixForm:
    """A batched NumPy program, its parameters in one vector.

    `str(form)` is the program in the notation, `form.source` the NumPy text that runs. Memory is
    kept between calls: threads take a form each, copy.deepcopy(form) is one. A call while another
    runs is a RuntimeError; that the parameters are changed meanwhile is not noticed.

    parameters: (p,) float64, in the order given. Write into it to change the weights.
    unused_inputs: positions of the columns of X that nothing depends on.
    """

    def __init__(
        self,
        roots: Sequence[Value],
        inputs: Sequence[Value],
        parameters: Sequence[Value],
        single: bool,
    ) -> None:
        self._values = parameters
        self._single = single
        self._parameters: Floats = np.array([p.data for p in parameters], dtype=float)
        self._gradient: Floats = np.zeros(len(parameters))
        self.program, unused = lift(roots, inputs, parameters)
        if single:
            self.program = differentiated(self.program)
        self._row = (len(inputs),)
        where = {x: k for k, x in enumerate(inputs)}
        self.unused_inputs = [where[x] for x in unused]
        self._outputs = Runner(partial(outputs_code, self.program), "values", "outputs")
        cost = Runner(partial(gradient_code, self.program), "value_and_gradient", "cost")
        self._cost = cost if single else None

    @property
    def parameters(self) -> Floats:
        """The vector that the program reads; assigning to it copies the numbers into it."""
        return self._parameters

    @parameters.setter
    def parameters(self, numbers: Any) -> None:
        given = as_floats(numbers, "parameters")
        if given.shape != self._parameters.shape:
            raise ValueError(f"parameters have shape {self._parameters.shape}, got {given.shape}")
        self._parameters[:] = given

    @property
    def source(self) -> str:
        """The NumPy text of the functions that run.

        For a large X, of more than 16,384 numbers, the lines that read it differ: it is not copied.
        """
        runners = [self._cost, self._outputs] if self._cost else [self._outputs]
        return "\n\n".join(runner.variant(copies=True).source for runner in runners)

    def value_and_gradient(self, X: Any) -> tuple[float, Floats]:
        """The mean cost over the rows of X, and its gradient in the order of `parameters`.

        X: (m, number of inputs), m > 0, of any real type; it is not written to. The gradient (p,)
        is a buffer that the next call overwrites. Raises ValueError for another shape, TypeError
        for a list of outputs, and FloatingPointError for a cost that is not finite, which says in
        which instruction and for which row of X that first arose.
        """
        if self._cost is None:
            raise TypeError(
                "value_and_gradient needs one cost: matrix_form(cost, ...) rather than"
                " matrix_form([...], ...)"
            )
        if type(X) is not np.ndarray or X.dtype is not FLOAT or X.shape[1:] != self._row:
            X = self._checked(X)
        run = self._cost.bound.get(len(X)) or self._bound(self._cost, X)
        cost = float(run(X))
        if not isfinite(cost):
            raise FloatingPointError(f"the cost is {cost}: {self.diagnosis(X)}")
        return cost, self._gradient

    def values(self, X: Any) -> Floats:
        """The m costs of the rows of X, or of a list of k roots the (m, k) outputs.

        Raises ValueError for another shape of X, FloatingPointError where one is not finite.
        """
        X = self._checked(X)
        outputs = self._output(X)  # (m, k)
        if not np.isfinite(outputs).all():
            raise FloatingPointError(self.diagnosis(X))
        return outputs[:, 0] if self._single else outputs

    def diagnosis(self, X: Any) -> str:
        """For the first row of X whose result is not finite, the instruction where that arises."""
        X = self._checked(X)
        outputs = self._output(X)
        for row in np.flatnonzero(~np.isfinite(outputs).all(axis=1)).tolist():
            k = int(np.flatnonzero(~np.isfinite(outputs[row]))[0])
            return f"row {row} of X gives {outputs[row, k]}: {self._origin(X, row, k)}"
        return "every row of X gives a finite number, but their sum is not"

    def _output(self, X: Floats) -> Floats:
        outputs: Floats = self._bound(self._outputs, X)(X)
        return outputs

    def _bound(self, runner: Runner, X: Floats) -> Function:
        """The function for as many examples as X has; none is refused."""
        if len(X) == 0:
            raise ValueError(
                f"X has no rows: the mean over no examples is not defined; got shape {X.shape}"
            )
        bound = runner.bound.get(len(X))
        return runner.bind(X, self._parameters, self._gradient) if bound is None else bound

    def _origin(self, X: Floats, row: int, k: int) -> str:
        return origin(self.program, X[row : row + 1], self._parameters, row, k)

    def write_back(self) -> None:
        """Copy the parameters into the Values."""
        for value, number in zip(self._values, self._parameters.tolist(), strict=True):
            value.data = number

    def read_values(self) -> None:
        """Copy the data of the Values into the parameters."""
        self._parameters[:] = [value.data for value in self._values]

    def _checked(self, X: Any) -> Any:
        if type(X) is not np.ndarray or X.dtype != np.float64:
            X = as_floats(X)
        width = self.program.inputs.size
        if X.ndim != 2 or X.shape[1] != width:
            raise ValueError(
                f"X has a row for each example and {width} columns, one for each input:"
                f" (m, {width}); got shape {X.shape}"
            )
        return X

    def __str__(self) -> str:
        return written(self.program)

    def __repr__(self) -> str:
        p, n = self.program.parameters.size, self.program.inputs.size
        count = len(self.program.forward)
        return f"<matrix form: {p:,} parameters, {n:,} inputs, {count} instructions>"
