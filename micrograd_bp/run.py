"""Run: epochs of mini-batches from a position on, so that it can stop anywhere and go on."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import hypot, isfinite, sqrt
from time import perf_counter
from typing import Any

import numpy as np

from micrograd_bp.data import Examples, Floats
from micrograd_bp.descent import Optimiser
from micrograd_bp.history import History
from micrograd_bp.interrupt import GentleInterrupt
from micrograd_bp.methods import Method
from micrograd_bp.nn import Module
from micrograd_bp.resume import Position, Store

SHOWN_EVERY = 0.2  # seconds between two looks at the cost in the progress bar
SAVED_EVERY = 30.0  # seconds between two checkpoints within an epoch

Schedule = Callable[[int], float]
Callback = Callable[[Any, History], Any]


@dataclass
class Run:
    """A training run. m: examples in a mini-batch. at: where it stands, between mini-batches."""

    net: Module
    optimizer: Optimiser
    trainer: Method
    examples: Examples
    held_out: Examples | None
    m: int
    at: Position
    store: Store
    bar: Any
    interrupt: GentleInterrupt

    def to(
        self,
        epochs: int,
        schedule: Schedule | None,
        patience: int | None,
        callbacks: Sequence[Callback],
    ) -> None:
        """Train until so many epochs are done, or something stops it; history.stopped says what."""
        history, asked = self.at.history, False
        try:
            while self.at.epoch <= epochs and not has_lost_patience(history, patience):
                if schedule is not None:
                    self.optimizer.learning_rate = rate(schedule, self.at.epoch)
                if not self.mini_batches():
                    break
                with self.noted("the evaluation at its end"):
                    self.end_epoch()
                    self.save()
                asked = any([callback(self.net, history) for callback in callbacks])
                if asked or self.interrupt.asked:
                    break
        finally:
            self.trainer.write_back()
        if self.interrupt.asked:
            self.save()
        if self.at.epoch <= epochs:
            kinds = {"callback": asked, "interrupted": self.interrupt.asked, "patience": True}
            history.stopped = next(kind for kind, is_so in kinds.items() if is_so)

    def mini_batches(self) -> bool:
        """What is left of the epoch; whether it was finished."""
        at, n = self.at, len(self.examples)
        rng = np.random.default_rng()
        rng.bit_generator.state = at.shuffle
        order = rng.permutation(n)
        begun = told = saved = perf_counter()
        begun -= at.seconds
        for start in range(at.batches * self.m, n, self.m):
            if self.interrupt.asked:
                return False
            cost = self.one(order[start : start + self.m])
            now = perf_counter()
            at.seconds = now - begun
            if now - told > SHOWN_EVERY:
                told = now
                self.show(cost)
            if now - saved > SAVED_EVERY:
                saved = now
                self.save()
        at.shuffle = rng.bit_generator.state
        return True

    def one(self, batch: Any) -> float:
        """A step on one mini-batch; its mean cost."""
        at = self.at
        with self.noted(f"mini-batch {at.batches + 1}, examples {batch.tolist()}"):
            cost, gradient = self.trainer.gradient(self.examples.X[batch], self.examples.Y[batch])
            norm = norm_of(gradient, self.net)
        self.trainer.update(gradient)
        at.batches += 1
        at.cost += cost * len(batch)
        at.norm += norm
        self.bar.update(len(batch))
        return cost

    def end_epoch(self) -> None:
        """Evaluate, append to the history, and go to the start of the next epoch."""
        at, history, found = self.at, self.at.history, {}
        if self.examples.classes:
            _, outputs = self.trainer.evaluate(self.examples)
            found["accuracy"] = self.examples.accuracy(outputs)
        if self.held_out is not None:
            found["validation_cost"], outputs = self.trainer.evaluate(self.held_out)
            if self.held_out.classes:
                found["validation_accuracy"] = self.held_out.accuracy(outputs)
        found["cost"] = at.cost / len(self.examples)
        found["gradient_norm"] = at.norm / at.batches
        found["learning_rate"] = float(self.optimizer.learning_rate)
        found["seconds"] = at.seconds
        for name, number in found.items():
            getattr(history, name).append(number)
        at.epoch += 1
        at.batches, at.cost, at.norm, at.seconds = 0, 0.0, 0.0, 0.0

    @contextmanager
    def noted(self, where: str) -> Iterator[None]:
        """Say of an arithmetic error where it was, and where the last good weights are."""
        epoch = self.at.epoch
        try:
            yield
        except (ArithmeticError, ValueError) as error:
            error.add_note(f"in epoch {epoch}, {where}{self.store.last()}")
            raise

    def save(self) -> None:
        """Weights into the network, and the run into its file."""
        self.trainer.write_back()
        self.store.write(self.at)

    def show(self, cost: float) -> None:
        history, told = self.at.history, {"epoch": self.at.epoch, "cost": f"{cost:.3g}"}
        accuracy = history.validation_accuracy or history.accuracy
        if accuracy:
            told["accuracy"] = f"{accuracy[-1]:.1%}"
        self.bar.set_postfix(told, refresh=False)


def has_lost_patience(history: History, patience: int | None) -> bool:
    costs = history.validation_cost or history.cost
    return patience is not None and bool(costs) and len(costs) - best(costs) >= patience


def best(costs: Sequence[float]) -> int:
    """The epoch, from 1, of the lowest cost, the first of equals."""
    return 1 + costs.index(min(costs))


def rate(schedule: Schedule, epoch: int) -> float:
    found = schedule(epoch)
    if not 0.0 < found < np.inf:
        raise ValueError(f"schedule({epoch}) gives {found}: a learning rate is positive and finite")
    return float(found)


def norm_of(gradient: Floats, net: Module) -> float:
    """The Euclidean norm; FloatingPointError that names a parameter whose gradient is no number."""
    with np.errstate(over="ignore"):
        norm = sqrt(float(np.dot(gradient, gradient)))
    if isfinite(norm):
        return norm
    for (name, _), g in zip(net.named_parameters(), gradient.tolist(), strict=True):
        if not isfinite(g):
            raise FloatingPointError(f"the gradient of {name} is {g}")
    return hypot(*gradient.tolist())  # the squares are too large, they are not
