"""The settings of a training: what is given, what a run to resume had, what suits the data."""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from micrograd_bp.activations import COUPLED, ELEMENTWISE
from micrograd_bp.commands.answer import Failed, Refused
from micrograd_bp.commands.sets import COSTS, Data, outputs_for
from micrograd_bp.descent import SGD, Adam, Momentum, Optimiser

PLANS = {  # hidden layers and epochs that suit a shipped set
    "digits": ([30], 12),
    "xor": ([4], 300),
    "moons": ([8], 100),
    "circles": ([8], 100),
    "spirals": ([16, 16], 300),
}
PLAN = ([30], 30)  # for others
OPTIMIZERS: dict[str, tuple[Callable[..., Optimiser], float]] = {  # each with a usual rate
    "sgd": (SGD, 0.3),
    "momentum": (Momentum, 0.03),
    "adam": (Adam, 0.003),
}
FEW = 50  # examples, below which none are held out unless asked for
MAY_CHANGE = "epochs", "patience"  # between a run and its resumption


@dataclass(frozen=True)
class Settings:
    data: str
    layers: list[int]
    activation: str
    output: str
    cost: str
    optimizer: str
    learning_rate: float
    epochs: int
    batch_size: int
    validation: float
    l2: float
    patience: int | None
    seed: int


def add_settings(train: argparse.ArgumentParser) -> None:
    """The options; none has a default, so that a resumed run keeps its own."""
    activations, rates = [*ELEMENTWISE, "linear"], "0.3, for momentum 0.03, for adam 0.003"
    count, rate = whole(1), number(0.0, above=True)
    add = train.add_argument
    add("--layers", type=sizes, metavar="N,...", help="hidden sizes and the last, such as 30,10")
    add("--activation", choices=activations, help="of the hidden layers (default: tanh)")
    add(
        "--output",
        choices=[*activations, *COUPLED],
        help="the activation of the last layer (default: what suits the cost)",
    )
    add("--cost", choices=COSTS, help="(default: cross_entropy, for numbers quadratic)")
    add("--optimizer", choices=OPTIMIZERS, help="(default: sgd)")
    add("--learning-rate", type=rate, metavar="ETA", help=f"(default: {rates})")
    add("--epochs", type=whole(0), metavar="N", help="(default: what suits the set)")
    add("--batch-size", type=count, metavar="M", help="examples in a mini-batch (default: 10)")
    add(
        "--validation",
        type=number(0.0, below=1.0),
        metavar="PART",
        help="the part that is held out (default: 0.2, of few examples 0)",
    )
    add("--l2", type=number(0.0), metavar="LAMBDA", help="weight decay (default: 0)")
    add("--patience", type=count, metavar="N", help="stop after N epochs without a better one")
    add("--seed", type=whole(0), metavar="N", help="of weights, order and split (default: 0)")


def settings_of(options: argparse.Namespace, data: Data, path: Path | None) -> Settings:
    """What is given, then what `path` keeps of the run to resume, then what suits the data."""
    names = [field.name for field in fields(Settings)]
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    kept = _kept(path, names) if path is not None else {}
    for name, value in given.items():
        if name in kept and kept[name] != value and name not in MAY_CHANGE:
            option = f"--{name.replace('_', '-')}" if name != "data" else "the data"
            raise Refused(
                f"{option}: {_shown(value)} is given, and the run to resume has"
                f" {_shown(kept[name])}; leave it as it was, or --force starts afresh"
            )
    return _completed(kept | given, data)


def save_settings(settings: Settings, path: Path) -> None:
    path.write_text(json.dumps(asdict(settings), indent=2) + "\n", encoding="utf-8")


def _kept(path: Path, names: list[str]) -> dict[str, Any]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise Failed(f"{path} is damaged: {error}; --force starts afresh") from error
    if not isinstance(kept, dict) or set(kept) != set(names):
        raise Failed(f"{path} does not hold the settings of a training; --force starts afresh")
    return kept


def _completed(given: dict[str, Any], data: Data) -> Settings:
    hidden, epochs = PLANS.get(data.name, PLAN)
    cost = given.get("cost", "cross_entropy" if data.classes else "quadratic")
    optimizer = given.get("optimizer", "sgd")
    usual = {
        "layers": [*hidden, outputs_for(data, cost)[0]],
        "activation": "tanh",
        "output": _output(cost, data),
        "cost": cost,
        "optimizer": optimizer,
        "learning_rate": OPTIMIZERS[optimizer][1],
        "epochs": epochs,
        "batch_size": 10,
        "validation": 0.2 if len(data.X) >= FEW else 0.0,
        "l2": 0.0,
        "patience": None,
        "seed": 0,
    }
    return Settings(**(usual | given))


def _output(cost: str, data: Data) -> str:
    """The activation of the last layer that reaches the targets."""
    if cost == "quadratic":
        is_reached = bool(data.classes) or bool(np.all((data.y >= 0) & (data.y <= 1)))
        return "sigmoid" if is_reached else "linear"
    return {"cross_entropy": "sigmoid", "log_likelihood": "softmax", "hinge": "linear"}[cost]


def _shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


# What options take.


def sizes(text: str) -> list[int]:
    """30,10 as [30, 10]."""
    parts = text.split(",")
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise argparse.ArgumentTypeError(f"sizes of layers are written 30,10, got {text!r}")
    return [int(part) for part in parts]


def whole(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"a whole number from {least}, got {text!r}")
        return int(text)

    return read


def number(low: float, above: bool = False, below: float | None = None) -> Callable[[str], float]:
    """A finite number of at least `low`, or above it, and below `below`."""
    limit = f"{'above' if above else 'of at least'} {low:g}"
    limit += "" if below is None else f" and below {below:g}"

    def read(text: str) -> float:
        try:
            x = float(text)
        except ValueError:
            x = float("nan")
        fits = isfinite(x) and (x > low if above else x >= low) and (below is None or x < below)
        if not fits:
            raise argparse.ArgumentTypeError(f"a number {limit}, got {text!r}")
        return x

    return read
