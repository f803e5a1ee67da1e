"""train: stochastic gradient descent on mini-batches, by the matrix form or scalar by scalar."""

import sys
from collections.abc import Callable, Iterable
from os import PathLike
from typing import Any
from zlib import crc32

import numpy as np
from tqdm import tqdm

from micrograd_bp.costs import quadratic
from micrograd_bp.data import Examples, Floats, as_examples
from micrograd_bp.descent import SGD, Optimiser
from micrograd_bp.engine import Value
from micrograd_bp.history import History
from micrograd_bp.interrupt import GentleInterrupt
from micrograd_bp.matrix_form import matrix_form
from micrograd_bp.methods import (
    ROWS,
    ByMatrices,
    ByScalars,
    Cost,
    Method,
    in_pieces,
    inputs_of,
    outputs_of,
)
from micrograd_bp.nn import MLP, Module
from micrograd_bp.primitives import as_real
from micrograd_bp.resume import Store
from micrograd_bp.run import Run

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
    progress: bool | None = None,
    method: str = "matrix",
    l2: float = 0.0,
    schedule: Callable[[int], float] | None = None,
    patience: int | None = None,
    callbacks: Iterable[Callable[[Any, History], Any]] = (),
    checkpoint: str | PathLike[str] | None = None,
    resume: bool = False,
) -> History:
    """Minimise the average cost over the examples by stochastic gradient descent.

    X: (n, n_0), a row for each example. Y: (n, n_L); or labels (n,), 0 to n_L - 1, which become
        one-hot; or numbers (n,) for a single output. Arrays that are mapped from files are read
        mini-batch by mini-batch.
    cost: C_x = cost(outputs, targets). cross_entropy on a sigmoid layer and log_likelihood on a
        softmax layer are computed by their stable twins.
    optimizer: over net.parameters(); None is SGD with learning rate 0.1.
    batch_size: m; the examples are shuffled each epoch, and the last mini-batch may be shorter.
    validation: a pair (X, Y) that is evaluated after each epoch.
    progress: a bar; None shows it on a terminal and in a notebook only.
    method: "matrix" computes by the matrix form of the recorded graph; "scalar" example by example
        on the graph. Both give the same weights, to rounding.
    l2: lambda of a penalty (lambda / 2) sum w^2 over the weights, biases left out. Nielsen's
        lambda is n times as large.
    schedule: gives the learning rate of an epoch, counted from 1.
    patience: ends the training after so many epochs without a lower cost of the validation set, or
        without one of the training.
    callbacks: each is called with (net, history) after each epoch; a true answer ends the training.
    checkpoint: a .npz that is written after each epoch and every 30 seconds, at once or not at all.
        One that is there already is an error unless `resume`, which goes on from it to the same
        weights, bit for bit, as if nothing had happened, or starts afresh if there is none.

    net.z, net.a and net.delta stay those of the forward pass before: call net(x) to look at the
    weights that were learned. Ctrl-C ends the training after the mini-batch, with its checkpoint
    and the history so far; a second one is a KeyboardInterrupt. Where an error ends it, the weights
    before the failing step stay in the network. Threads may train at once, each a network and an
    optimizer of its own; Ctrl-C is gentle in the main thread only.

    Raises ValueError for data and settings that do not fit, FloatingPointError for a cost or
    gradient that is not finite, before the weights are touched by it, FileExistsError and
    CheckpointError for a checkpoint that can't be used.
    """
    if method not in METHODS:
        raise ValueError(f"method is one of {list(METHODS)}, got {method!r}")
    require_counts(batch_size, epochs, patience)
    if not 0.0 <= as_real(l2, "l2") < np.inf:
        raise ValueError(f"l2 is finite and at least 0, got {l2}")
    optimizer = SGD(net.parameters(), 0.1) if optimizer is None else optimizer
    if optimizer.parameters != net.parameters():
        raise ValueError(
            "the optimizer holds other parameters than net.parameters(), or in another order"
        )
    n_in, n_out = sizes_of(net, X)
    examples = as_examples(X, Y, n_in, n_out)
    held_out = as_examples(*validation, n_in, n_out, "validation ") if validation else None
    settings = {} if checkpoint is None else settings_of(optimizer, cost, examples)
    settings |= {"batch_size": batch_size, "seed": seed, "l2": l2, "method": method}
    if schedule is not None:
        settings.pop("learning_rate", None)
    store = Store(checkpoint, net, optimizer, settings)
    at = store.start(np.random.default_rng(seed), resume)
    trainer = METHODS[method](net, cost, optimizer, examples, l2)
    done = len(examples) * (at.epoch - 1) + batch_size * at.batches
    total = max(epochs * len(examples), done)
    bar = tqdm(total=total, initial=done, unit=" examples", disable=hidden(progress))
    with bar, GentleInterrupt() as interrupt:
        run = Run(
            net, optimizer, trainer, examples, held_out, batch_size, at, store, bar, interrupt
        )
        run.to(epochs, schedule, patience, list(callbacks))
    return at.history


def require_counts(batch_size: int, epochs: int, patience: int | None) -> None:
    if batch_size < 1 or epochs < 0:
        raise ValueError(
            f"batch_size is at least 1 and epochs at least 0, got {batch_size} and {epochs}"
        )
    if patience is not None and patience < 1:
        raise ValueError(f"patience is a number of epochs, at least 1, got {patience}")


def settings_of(optimizer: Optimiser, cost: Cost, examples: Examples) -> dict[str, Any]:
    """What a run must share with its checkpoint to go on from it."""
    checksum = 0
    for X, Y in in_pieces(examples):
        checksum = crc32(Y.tobytes(), crc32(X.tobytes(), checksum))
    data = f"{len(examples)} of checksum {checksum:08x}"
    name = getattr(cost, "__qualname__", type(cost).__qualname__)
    return {**optimizer.settings(), "cost": name, "examples": data}


def hidden(progress: bool | None) -> bool | None:
    """Whether the bar is; None leaves it to tqdm, which shows it on a terminal."""
    if progress is None:
        return False if in_notebook() else None
    return not progress


def in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


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
