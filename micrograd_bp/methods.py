"""How costs, gradients and outputs are computed: by the matrix form, or example by example."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import isfinite, nan
from typing import Any, Protocol

import numpy as np

from micrograd_bp.costs import (
    cross_entropy,
    log_likelihood,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
)
from micrograd_bp.data import Array, Examples, Floats
from micrograd_bp.descent import SGD, Optimiser
from micrograd_bp.engine import Value
from micrograd_bp.matrix_form import MatrixForm, matrix_form
from micrograd_bp.nn import MLP, Module
from micrograd_bp.notation import Symbol
from micrograd_bp.primitives import ARITHMETIC, total

Cost = Callable[[Any, Any], Value]

TWINS: dict[tuple[Cost, str], Cost] = {
    (cross_entropy, "sigmoid"): sigmoid_cross_entropy,
    (log_likelihood, "softmax"): softmax_cross_entropy,
}
ROWS = 4096  # examples at a time where a whole set is evaluated


class Recorded:
    """The network and its cost recorded on one example: leaves x and y, outputs a^L, and C_x.

    For a sigmoid layer with cross_entropy and a softmax layer with log_likelihood the cost is the
    stable twin on the weighted inputs. objective: C_x with the penalty of l2.
    """

    def __init__(
        self, net: Module, cost: Cost, x: Sequence[float], y: Sequence[float], l2: float = 0.0
    ) -> None:
        self.x = inputs_of(x)
        self.y = [Value(y_j, Symbol("y", None, (j,))) for j, y_j in enumerate(y, 1)]
        self.outputs = outputs_of(net, self.x)
        self.cost = applied(cost, net, self.outputs, self.y)
        self.objective = self.cost + penalty(net, l2) if l2 else self.cost


def inputs_of(x: Iterable[float]) -> list[Value]:
    """Leaves a^0 for the numbers of one example."""
    return [Value(x_i, Symbol("a", 0, (i,))) for i, x_i in enumerate(x, 1)]


def outputs_of(net: Any, x: Sequence[Value]) -> list[Value]:
    outputs = net(x)
    return [outputs] if isinstance(outputs, Value) else list(outputs)


def applied(cost: Cost, net: Module, outputs: list[Value], y: Sequence[Any]) -> Value:
    """C_x of the outputs of the latest forward pass, or by the stable twin of z^L."""
    if isinstance(net, MLP):
        twin = TWINS.get((cost, str(net.layers[-1].activation)))
        if twin is not None:
            last = len(net.layers)
            return twin([net.z(last, j) for j in range(1, net.sizes[-1] + 1)], y)
    return cost(outputs, y)


def penalty(net: Module, l2: float) -> Value:
    """(l2 / 2) sum w^2 over the weights; biases are those parameters whose Symbol is b_j^l."""
    weights = [p for p in net.parameters() if getattr(p.label, "letter", "w") != "b"]
    squares: Value = total([w * w for w in weights])
    return 0.5 * l2 * squares


class Method(Protocol):
    """How costs, steps and outputs are computed."""

    def gradient(self, X: Array, Y: Array) -> tuple[float, Floats]:
        """The mean cost of a mini-batch, and its gradient (p,)."""

    def update(self, gradient: Floats) -> None:
        """The optimiser's step."""

    def evaluate(self, examples: Examples) -> tuple[float, Floats]:
        """The mean cost of the examples, and their outputs (n, n_L)."""

    def write_back(self) -> None:
        """Leave the weights in the network."""


class ByMatrices:
    """By the matrix form that the library finds in the recorded graph."""

    def __init__(
        self, net: Module, cost: Cost, optimizer: Optimiser, examples: Examples, l2: float
    ) -> None:
        recorded = Recorded(net, cost, examples.X[0].tolist(), examples.Y[0].tolist(), l2)
        inputs = [*recorded.x, *recorded.y]
        self.form = matrix_form(recorded.objective, inputs, net.parameters())
        self.result = matrix_form([recorded.cost, *recorded.outputs], inputs, net.parameters())
        self.optimizer = optimizer
        self.n_in = len(recorded.x)
        self.batch: Floats = np.empty((0, len(inputs)))
        refuse_frozen(self.result, net, cost, examples)

    def gradient(self, X: Array, Y: Array) -> tuple[float, Floats]:
        return self.form.value_and_gradient(self.beside(X, Y))

    def update(self, gradient: Floats) -> None:
        self.optimizer.update(self.form.parameters, gradient)

    def beside(self, X: Array, Y: Array) -> Floats:
        """[X | Y] in memory that is kept."""
        m = len(X)
        if len(self.batch) < m:
            self.batch = np.empty((m, self.batch.shape[1]))
        self.batch[:m, : self.n_in] = X
        self.batch[:m, self.n_in :] = Y
        return self.batch[:m]

    def evaluate(self, examples: Examples) -> tuple[float, Floats]:
        self.result.parameters[:] = self.form.parameters
        pieces = [self.result.values(self.beside(X, Y)) for X, Y in in_pieces(examples)]
        found = np.concatenate(pieces)  # (n, 1 + n_L)
        return float(np.mean(found[:, 0])), found[:, 1:]

    def write_back(self) -> None:
        self.form.write_back()


class ByScalars:
    """Example by example on the scalar graph, as the equations are written."""

    def __init__(
        self, net: Module, cost: Cost, optimizer: Optimiser, examples: Examples, l2: float
    ) -> None:
        self.net, self.cost, self.optimizer, self.l2 = net, cost, optimizer, l2

    def gradient(self, X: Array, Y: Array) -> tuple[float, Floats]:
        self.optimizer.zero_grad()
        costs = 0.0
        for x, y in zip(X.tolist(), Y.tolist(), strict=True):
            cost, _ = self.one(x, y)
            cost.backward(1.0 / len(X))
            costs += cost.data
        mean = costs / len(X)
        if self.l2:
            extra = penalty(self.net, self.l2)
            extra.backward()
            mean += extra.data
        if not isfinite(mean):
            raise FloatingPointError(f"the cost is {mean}")
        return mean, np.array([p.grad for p in self.optimizer.parameters])

    def update(self, gradient: Floats) -> None:
        self.optimizer.step()

    def one(self, x: list[float], y: list[float]) -> tuple[Value, list[Value]]:
        outputs = outputs_of(self.net, [Value(x_i) for x_i in x])
        return applied(self.cost, self.net, outputs, y), outputs

    def evaluate(self, examples: Examples) -> tuple[float, Floats]:
        costs, rows = [], []
        for x, y in zip(examples.X.tolist(), examples.Y.tolist(), strict=True):
            cost, outputs = self.one(x, y)
            costs.append(cost.data)
            rows.append([a_j.data for a_j in outputs])
        return float(np.mean(costs)), np.array(rows)

    def write_back(self) -> None:
        pass


def in_pieces(examples: Examples) -> Iterator[tuple[Array, Array]]:
    for start in range(0, len(examples), ROWS):
        yield examples.X[start : start + ROWS], examples.Y[start : start + ROWS]


def refuse_frozen(form: MatrixForm, net: Module, cost: Cost, examples: Examples) -> None:
    """Compare with the scalar graph on a few examples: Python control flow was frozen."""
    scalars = ByScalars(net, cost, SGD(net.parameters(), 1.0), examples, 0.0)
    for k in sorted({0, len(examples) // 2, len(examples) - 1}):
        x, y = examples.X[k].tolist(), examples.Y[k].tolist()
        try:
            expected = scalars.one(x, y)[0].data
        except ARITHMETIC:
            continue  # a step on this example tells more
        try:
            found, why = float(form.values([x + y])[0, 0]), ""
        except FloatingPointError as error:
            found, why = nan, f" ({error})"
        if not abs(found - expected) <= 1e-9 * max(1.0, abs(expected)):
            raise ValueError(
                f"at example {k} the cost of the matrix form is {found}{why}, that of the scalar"
                f" graph {expected}: the network or its cost depends on the data by Python control"
                " flow, which was recorded at example 0; use method='scalar'"
            )
