"""train: stochastic gradient descent on mini-batches, by the matrix form or scalar by scalar."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Protocol

import numpy as np
from tqdm import tqdm

from micrograd_bp.costs import (
    cross_entropy,
    log_likelihood,
    quadratic,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
)
from micrograd_bp.data import Array, Examples, Floats, as_examples
from micrograd_bp.descent import SGD, Optimiser
from micrograd_bp.engine import Value
from micrograd_bp.matrix_form import MatrixForm, matrix_form
from micrograd_bp.nn import MLP, Module
from micrograd_bp.notation import Symbol

Cost = Callable[[Any, Any], Value]

TWINS = {
    (cross_entropy, "sigmoid"): sigmoid_cross_entropy,
    (log_likelihood, "softmax"): softmax_cross_entropy,
}
ROWS = 4096  # examples at a time where a whole set is evaluated
SECONDS = 0.2  # between two looks at the cost in the progress bar


@dataclass
class History:
    """Lists with an entry for each epoch.

    cost: the mean cost over the epoch's mini-batches, each before its step.
    validation_cost, validation_accuracy (0 to 1): after the epoch, if there is a validation set.
    """

    cost: list[float] = field(default_factory=list)
    validation_cost: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        lines = ["epoch       cost" + "  validation" * bool(self.validation_cost) + "  accuracy" * bool(self.validation_accuracy)]
        for k, cost in enumerate(self.cost):
            line = f"{k + 1:5}  {cost:9.4g}"
            if self.validation_cost:
                line += f"  {self.validation_cost[k]:10.4g}"
            if self.validation_accuracy:
                line += f"  {self.validation_accuracy[k]:8.2%}"
            lines.append(line)
        return "\n".join(lines)


class Recorded:
    """The network and its cost recorded on one example: leaves x and y, outputs a^L, and C_x.

    For a sigmoid layer with cross_entropy and a softmax layer with log_likelihood the cost is the
    stable twin on the weighted inputs.
    """

    def __init__(self, net: Module, cost: Cost, x: Sequence[float], y: Sequence[float]) -> None:
        self.x = [Value(x_i, Symbol("a", 0, (i,))) for i, x_i in enumerate(x, 1)]
        self.y = [Value(y_j, Symbol("y", None, (j,))) for j, y_j in enumerate(y, 1)]
        self.outputs = outputs_of(net, self.x)
        self.cost = applied(cost, net, self.outputs, self.y)


def outputs_of(net: Any, x: Sequence[Value]) -> list[Value]:
    outputs = net(x)
    return [outputs] if isinstance(outputs, Value) else list(outputs)


def applied(cost: Cost, net: Module, outputs: list[Value], y: Sequence[Any]) -> Value:
    """C_x of the outputs of the latest forward pass, or of the weighted inputs by the stable twin."""
    if isinstance(net, MLP):
        twin = TWINS.get((cost, str(net.layers[-1].activation)))
        if twin is not None:
            last = len(net.layers)
            return twin([net.z(last, j) for j in range(1, net.sizes[-1] + 1)], y)
    return cost(outputs, y)


class Method(Protocol):
    """How costs, steps and outputs are computed."""

    def step(self, X: Array, Y: Array) -> float:
        """One step on a mini-batch; the mean cost before it."""
    def evaluate(self, examples: Examples) -> tuple[float, Floats]:
        """The mean cost of the examples, and their outputs (n, n_L)."""
    def finish(self) -> None:
        """Leave the weights in the network."""


class ByMatrices:
    """By the matrix form that the library finds in the recorded graph."""

    def __init__(self, net: Module, cost: Cost, optimizer: Optimiser, examples: Examples) -> None:
        recorded = Recorded(net, cost, examples.X[0].tolist(), examples.Y[0].tolist())
        self.form = matrix_form(recorded.cost, [*recorded.x, *recorded.y], net.parameters())
        self.outputs = matrix_form(recorded.outputs, recorded.x, net.parameters())
        self.optimizer = optimizer
        self.n_in = len(recorded.x)
        self.batch: Floats = np.empty((0, self.n_in + len(recorded.y)))
        refuse_frozen(self.form, net, cost, examples)

    def step(self, X: Array, Y: Array) -> float:
        cost, gradient = self.form.value_and_gradient(self.beside(X, Y))
        self.optimizer.update(self.form.parameters, gradient)
        return cost

    def beside(self, X: Array, Y: Array) -> Floats:
        """[X | Y] in memory that is kept."""
        m = len(X)
        if len(self.batch) < m:
            self.batch = np.empty((m, self.batch.shape[1]))
        self.batch[:m, : self.n_in] = X
        self.batch[:m, self.n_in :] = Y
        return self.batch[:m]

    def evaluate(self, examples: Examples) -> tuple[float, Floats]:
        self.outputs.parameters[:] = self.form.parameters
        costs, outputs = [], []
        for X, Y in in_pieces(examples):
            costs.append(self.form.values(self.beside(X, Y)))
            outputs.append(self.outputs.values(X))
        return float(np.mean(np.concatenate(costs))), np.concatenate(outputs)

    def finish(self) -> None:
        self.form.write_back()


class ByScalars:
    """Example by example on the scalar graph, as the equations are written."""

    def __init__(self, net: Module, cost: Cost, optimizer: Optimiser, examples: Examples) -> None:
        self.net, self.cost, self.optimizer = net, cost, optimizer

    def step(self, X: Array, Y: Array) -> float:
        self.optimizer.zero_grad()
        total = 0.0
        for x, y in zip(X.tolist(), Y.tolist(), strict=True):
            cost, _ = self.one(x, y)
            cost.backward(1.0 / len(X))
            total += cost.data
        self.optimizer.step()
        return total / len(X)

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

    def finish(self) -> None:
        pass


METHODS: dict[str, Callable[..., Method]] = {"matrix": ByMatrices, "scalar": ByScalars}


def train(
    net: Module,
    X: Any,
    Y: Any,
    cost: Cost = quadratic,
    optimizer: Optimiser | None = None,
    epochs: int = 10,
    batch_size: int = 10,
    validation: tuple[Any, Any] | None = None,
    seed: int = 0,
    progress: bool = True,
    method: str = "matrix",
) -> History:
    """Minimise the average cost over the examples by stochastic gradient descent.

    X: (n, n_0), a row for each example. Y: (n, n_L); or labels (n,), 0 to n_L - 1, which become
        one-hot; or numbers (n,) for a single output.
    cost: C_x = cost(outputs, targets). cross_entropy on a sigmoid layer and log_likelihood on a
        softmax layer are computed by their stable twins.
    optimizer: over net.parameters(); None is SGD with learning rate 0.1.
    batch_size: m; the examples are shuffled each epoch, and the last mini-batch may be shorter.
    validation: a pair (X, Y) that is evaluated after each epoch.
    progress: a bar, on a terminal only.
    method: "matrix" computes by the matrix form of the recorded graph; "scalar" example by example
        on the graph. Both give the same weights, to rounding.

    The history so far and the weights before the failing step stay where an error, or Ctrl-C, ends
    the training. Raises ValueError for data that do not fit, FloatingPointError for a cost that is
    not finite, before the weights are touched by it.
    """
    if method not in METHODS:
        raise ValueError(f"method is one of {list(METHODS)}, got {method!r}")
    if batch_size < 1 or epochs < 0:
        raise ValueError(f"batch_size is at least 1 and epochs at least 0, got {batch_size} and {epochs}")
    optimizer = SGD(net.parameters(), 0.1) if optimizer is None else optimizer
    if optimizer.parameters != net.parameters():
        raise ValueError("the optimizer holds other parameters than net.parameters(), or in another order")
    n_in, n_out = sizes_of(net, X)
    examples = as_examples(X, Y, n_in, n_out)
    held_out = as_examples(*validation, n_in, n_out, "validation ") if validation else None
    trainer = METHODS[method](net, cost, optimizer, examples)
    history, rng = History(), np.random.default_rng(seed)
    bar = tqdm(total=epochs * len(examples), unit=" examples", disable=None if progress else True)
    try:
        with bar:
            for epoch in range(1, epochs + 1):
                history.cost.append(one_epoch(trainer, examples, batch_size, rng, bar, epoch))
                if held_out is not None:
                    validate(trainer, held_out, history)
    finally:
        trainer.finish()
    return history


def one_epoch(
    trainer: Method, examples: Examples, m: int, rng: Any, bar: Any, epoch: int
) -> float:
    """A step on each mini-batch of the shuffled examples; the mean cost."""
    order = rng.permutation(len(examples))
    total, told = 0.0, perf_counter()
    for start in range(0, len(order), m):
        batch = order[start : start + m]
        try:
            cost = trainer.step(examples.X[batch], examples.Y[batch])
        except ArithmeticError as error:
            error.add_note(f"in epoch {epoch}, mini-batch {start // m + 1}: examples {batch.tolist()}")
            raise
        total += cost * len(batch)
        bar.update(len(batch))
        if perf_counter() - told > SECONDS:
            told = perf_counter()
            bar.set_postfix(epoch=epoch, cost=f"{cost:.3g}", refresh=False)
    return total / len(order)


def validate(trainer: Method, examples: Examples, history: History) -> None:
    cost, outputs = trainer.evaluate(examples)
    history.validation_cost.append(cost)
    if examples.classes:
        history.validation_accuracy.append(examples.accuracy(outputs))


def predict(net: Module, X: Any) -> Floats:
    """The outputs a^L of every row of X, (n, n_L), by the matrix form of the network."""
    n_in, n_out = sizes_of(net, X)
    X = as_examples(X, np.zeros((len(X), n_out)), n_in, n_out).X
    x = [Value(x_i, Symbol("a", 0, (i,))) for i, x_i in enumerate(X[0].tolist(), 1)]
    form = matrix_form(outputs_of(net, x), x, net.parameters())
    return np.concatenate([form.values(X[k : k + ROWS]) for k in range(0, len(X), ROWS)])


def sizes_of(net: Any, X: Any) -> tuple[int, int]:
    """The numbers of inputs and outputs; of a module of one's own, as a first pass tells."""
    if isinstance(net, MLP):
        return net.sizes[0], net.sizes[-1]
    width = np.shape(X)[1] if np.ndim(X) == 2 else 0
    return width, len(outputs_of(net, [Value(0.0) for _ in range(width)]))


def in_pieces(examples: Examples) -> Iterator[tuple[Array, Array]]:
    for start in range(0, len(examples), ROWS):
        yield examples.X[start : start + ROWS], examples.Y[start : start + ROWS]


def refuse_frozen(form: MatrixForm, net: Module, cost: Cost, examples: Examples) -> None:
    """Compare with the scalar graph on a few examples: Python control flow would have been frozen."""
    scalars = ByScalars(net, cost, SGD(net.parameters(), 1.0), examples)
    for k in sorted({0, len(examples) // 2, len(examples) - 1}):
        x, y = examples.X[k].tolist(), examples.Y[k].tolist()
        found = float(form.values([x + y])[0])
        expected = scalars.one(x, y)[0].data
        if not abs(found - expected) <= 1e-9 * max(1.0, abs(expected)):
            raise ValueError(
                f"at example {k} the cost of the matrix form is {found}, that of the scalar graph"
                f" {expected}: the network or its cost depends on the data by Python control flow,"
                " which was recorded at example 0; use method='scalar'"
            )
