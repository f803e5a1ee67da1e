"""train: stochastic gradient descent on mini-batches, by the matrix form or scalar by scalar."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
from tqdm import tqdm

from micrograd_bp.costs import quadratic
from micrograd_bp.data import Examples, Floats, as_examples
from micrograd_bp.descent import SGD, Optimiser
from micrograd_bp.engine import Value
from micrograd_bp.matrix_form import matrix_form
from micrograd_bp.methods import (
    ROWS,
    ByMatrices,
    ByScalars,
    Cost,
    Method,
    inputs_of,
    outputs_of,
)
from micrograd_bp.nn import MLP, Module

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
        lines = [
            "epoch       cost"
            + "  validation" * bool(self.validation_cost)
            + "  accuracy" * bool(self.validation_accuracy)
        ]
        for k, cost in enumerate(self.cost):
            line = f"{k + 1:5}  {cost:9.4g}"
            if self.validation_cost:
                line += f"  {self.validation_cost[k]:10.4g}"
            if self.validation_accuracy:
                line += f"  {self.validation_accuracy[k]:8.2%}"
            lines.append(line)
        return "\n".join(lines)


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
        raise ValueError(
            f"batch_size is at least 1 and epochs at least 0, got {batch_size} and {epochs}"
        )
    optimizer = SGD(net.parameters(), 0.1) if optimizer is None else optimizer
    if optimizer.parameters != net.parameters():
        raise ValueError(
            "the optimizer holds other parameters than net.parameters(), or in another order"
        )
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


def one_epoch(trainer: Method, examples: Examples, m: int, rng: Any, bar: Any, epoch: int) -> float:
    """A step on each mini-batch of the shuffled examples; the mean cost."""
    order = rng.permutation(len(examples))
    total, told = 0.0, perf_counter()
    for start in range(0, len(order), m):
        batch = order[start : start + m]
        try:
            cost = trainer.step(examples.X[batch], examples.Y[batch])
        except ArithmeticError as error:
            error.add_note(
                f"in epoch {epoch}, mini-batch {start // m + 1}: examples {batch.tolist()}"
            )
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
    x = inputs_of(X[0].tolist())
    form = matrix_form(outputs_of(net, x), x, net.parameters())
    return np.concatenate([form.values(X[k : k + ROWS]) for k in range(0, len(X), ROWS)])


def sizes_of(net: Any, X: Any) -> tuple[int, int]:
    """The numbers of inputs and outputs; of a module of one's own, as a first pass tells."""
    if isinstance(net, MLP):
        return net.sizes[0], net.sizes[-1]
    width = np.shape(X)[1] if np.ndim(X) == 2 else 0
    return width, len(outputs_of(net, [Value(0.0) for _ in range(width)]))
