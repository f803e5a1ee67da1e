"""The example on which a saved network is checked or drawn: x, y, and a cost."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from micrograd_bp.activations import name_of
from micrograd_bp.commands.answer import Failed, Refused
from micrograd_bp.commands.sets import COSTS, data_named, targets_of
from micrograd_bp.engine import Value
from micrograd_bp.nn import MLP
from micrograd_bp.primitives import ARITHMETIC

COST_OF = {"sigmoid": "cross_entropy", "softmax": "log_likelihood"}  # of the last layer


@dataclass(frozen=True)
class Example:
    x: list[float]
    y: list[float]
    cost_name: str

    @property
    def cost(self) -> Callable[[Any, Any], Value]:
        return COSTS[self.cost_name]

    @property
    def facts(self) -> dict[str, Any]:
        return {"input": self.x, "target": self.y, "cost": self.cost_name}


def add_example(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("the example on which a network is recorded")
    group.add_argument("--input", metavar="X", help="numbers such as 1,-2 (default: random ones)")
    group.add_argument(
        "--target", metavar="Y", help="numbers such as 1,0 (default: those of a random class)"
    )
    group.add_argument(
        "--example",
        nargs=2,
        metavar=("DATA", "ROW"),
        help="both from a row, counted from 0, of a set by name or of an .npz with X and y",
    )
    group.add_argument("--cost", choices=COSTS, help="(default: what suits the last layer)")
    group.add_argument("--seed", type=int, help="of the random numbers (default: 0)")


def is_asked_for(options: argparse.Namespace) -> str:
    """The first option of the group that is given, or nothing."""
    names = ("input", "target", "example", "cost", "seed")
    return next((f"--{name}" for name in names if getattr(options, name) is not None), "")


def example_for(net: MLP, options: argparse.Namespace) -> Example:
    """The example that the options name, of as many numbers as the network takes."""
    n_in, n_out = net.sizes[0], net.sizes[-1]
    cost = options.cost or COST_OF.get(name_of(net.layers[-1].activation), "quadratic")
    if options.example is not None:
        if options.input is not None or options.target is not None:
            raise Refused("--example has an input and a target of its own: leave out the others")
        name, row = options.example
        x, y = _row(name, row, n_out, cost)
    else:
        rng = np.random.default_rng(options.seed or 0)
        x, y = rng.uniform(-1.0, 1.0, n_in).tolist(), _random_target(rng, n_out, cost)
        x = x if options.input is None else numbers(options.input, "--input")
        y = y if options.target is None else numbers(options.target, "--target")
    for what, given, needed in (("input", x, n_in), ("target", y, n_out)):
        if len(given) != needed:
            sizes = "-".join(map(str, net.sizes))
            raise Refused(
                f"the {what} has {len(given)} numbers, and the network {sizes} takes {needed}"
            )
    return Example(x, y, cost)


def numbers(text: str, option: str) -> list[float]:
    """The finite numbers of a text like 1,-2."""
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        raise Refused(f"{option} takes numbers such as 1,-2, got {text!r}") from None
    if not all(map(isfinite, found)):
        raise Refused(f"{option} takes finite numbers, got {text!r}")
    return found


def described(net: MLP) -> dict[str, Any]:
    """The network for machines."""
    return {"sizes": net.sizes, "activations": [name_of(layer.activation) for layer in net.layers]}


@contextmanager
def hint_at(way_out: str) -> Iterator[None]:
    """What arithmetic refuses, with a way out behind it."""
    try:
        yield
    except ARITHMETIC as error:
        raise Failed(f"{error}; {way_out}") from error


def _row(name: str, row: str, n_out: int, cost: str) -> tuple[list[float], list[float]]:
    data = data_named(name)
    if not row.isdecimal() or int(row) >= len(data.X):
        raise Refused(f"{name} has the rows 0 to {len(data.X) - 1}, got {row!r}")
    y: Sequence[Any] = targets_of(data, n_out, cost)[int(row)].tolist()
    return data.X[int(row)].tolist(), list(y)


def _random_target(rng: np.random.Generator, n_out: int, cost: str) -> list[float]:
    """One class is 1; the others are 0, for the hinge cost -1."""
    one = int(rng.integers(n_out)) if n_out > 1 else 0
    others = -1.0 if cost == "hinge" else 0.0
    return [1.0 if j == one else others for j in range(n_out)]
