"""Checkpoints of a training run: weights, optimiser, random state, position, history, settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from os import PathLike
from pathlib import Path
from reprlib import repr as short
from typing import Any

import numpy as np

from micrograd_bp.archive import Array, read_archive, write_archive
from micrograd_bp.checkpoint import HEAD, arrays_of, described, require_format, required
from micrograd_bp.descent import Optimiser
from micrograd_bp.files import CheckpointError, remove_parts
from micrograd_bp.history import History, history_of
from micrograd_bp.nn import MLP, Module


@dataclass
class Position:
    """Where a run stands, between two mini-batches.

    epoch: that is under way, from 1. batches: of it that are done; cost, norm: sums over their
    examples, and over them. seconds: that it has taken. shuffle: the random state at its start.
    """

    shuffle: dict[str, Any]
    epoch: int = 1
    batches: int = 0
    cost: float = 0.0
    norm: float = 0.0
    seconds: float = 0.0
    history: History = field(default_factory=History)


class Store:
    """The checkpoint of one run, in a file of its own; without a path, nothing.

    settings: what makes the run what it is; one with other settings is not gone on with.
    """

    def __init__(
        self,
        path: str | PathLike[str] | None,
        net: Module,
        optimizer: Optimiser,
        settings: Mapping[str, Any],
    ) -> None:
        self.path = None if path is None else Path(path)
        if self.path is not None:
            require_place(self.path)
            remove_parts(self.path)
        self.net, self.optimizer = net, optimizer
        self.settings = {name: repr(x) for name, x in settings.items()}
        self.written = ""

    def start(self, rng: np.random.Generator, resume: bool) -> Position:
        """Where to begin: at the position of the file, or afresh."""
        if self.path is None or not self.path.exists():
            return Position(dict(rng.bit_generator.state))
        if not resume:
            raise FileExistsError(
                f"{self.path} holds a run already: resume=True goes on from it; to start afresh,"
                " delete it or give another path"
            )
        return self.read(self.path)

    def write(self, at: Position) -> None:
        """Write the run as it stands; FloatingPointError for numbers that are not finite."""
        if self.path is None:
            return
        network, arrays, counts = self._content()
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise FloatingPointError(f"{name} is no longer finite, and was not saved")
        position = vars(at) | {"history": at.history.lists()}
        run = {"settings": self.settings, "counts": counts, "position": position}
        write_archive(self.path, {**HEAD, "network": network, "run": run}, arrays)
        self.written = place(at)

    def read(self, path: Path) -> Position:
        """Take weights and optimiser from the file, once all of it is found to fit.

        Raises CheckpointError, with nothing taken.
        """
        meta, arrays = read_archive(path)
        require_format(meta, path)
        network, ours, counts = self._content()
        if meta.get("network") != network:
            raise CheckpointError(
                f"{path} is of another network: {short(meta.get('network'))} there,"
                f" {short(network)} here"
            )
        try:
            run = meta["run"]
            self._require_settings(run["settings"])
            at = position_of(run["position"])
            counts = {name: whole(run["counts"][name], name) for name in counts}
        except CheckpointError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise CheckpointError(f"{path} holds no training run: {error!r}") from None
        found = {name: required(arrays, name, a.shape, path) for name, a in ours.items()}
        state = {
            name: found[f"optimizer.{name}"] for name in self.optimizer.STATE if name not in counts
        }
        self.optimizer.load_state(state | counts)
        assign(self.net, found)
        self.written = place(at)
        return at

    def last(self) -> str:
        """Where the last good weights are, for an error."""
        return f"; {self.path} holds the run up to {self.written}" if self.written else ""

    def _content(self) -> tuple[Any, dict[str, Array], dict[str, int]]:
        """What describes the network; the arrays, weights first; the optimiser's counts."""
        network, arrays = network_and_arrays(self.net)
        state = self.optimizer.state()
        counts = {name: x for name, x in state.items() if isinstance(x, int)}
        arrays |= {f"optimizer.{name}": x for name, x in state.items() if name not in counts}
        return network, arrays, counts

    def _require_settings(self, found: Mapping[str, Any]) -> None:
        for name, here in self.settings.items():
            if found[name] != here:
                raise CheckpointError(
                    f"{self.path} is of another run: {name} {str(found[name])[:80]} there, {here}"
                    " here; give the same to go on, or another path to start afresh"
                )


def require_place(path: Path) -> None:
    """Raise before the first epoch what writing would raise after it."""
    if path.suffix.lower() != ".npz":
        raise ValueError(f"a checkpoint is saved as .npz, not as {str(path)!r}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot save {path.name}: there is no folder {path.parent}")


def place(at: Position) -> str:
    return f"epoch {at.epoch}, mini-batch {at.batches}" if at.batches else f"epoch {at.epoch - 1}"


def network_and_arrays(net: Module) -> tuple[Any, dict[str, Array]]:
    """An MLP layer by layer; another module as the vector of its parameters."""
    if isinstance(net, MLP):
        return described(net), arrays_of(net)
    names = [name for name, _ in net.named_parameters()]
    return names, {"parameters": np.array([p.data for p in net.parameters()])}


def assign(net: Module, arrays: Mapping[str, Array]) -> None:
    if isinstance(net, MLP):
        layers = range(1, len(net.layers) + 1)
        net.load_arrays([arrays[f"w{l}"] for l in layers], [arrays[f"b{l}"] for l in layers])
        return
    for p, number in zip(net.parameters(), arrays["parameters"].tolist(), strict=True):
        p.data = number


# Out of a file that may say anything.


def position_of(found: Mapping[str, Any]) -> Position:
    """The Position of a file; ValueError or KeyError for what is none."""
    shuffle = found["shuffle"]
    for name in ("state", "inc"):
        whole(shuffle["state"][name], name)  # NumPy 1 takes numbers below 0
    np.random.default_rng().bit_generator.state = shuffle  # refuses what is no state
    return Position(
        shuffle=shuffle,
        epoch=whole(found["epoch"], "epoch", 1),
        batches=whole(found["batches"], "batches"),
        history=history_of(found["history"]),
        **{name: finite(found[name], name) for name in ("cost", "norm", "seconds")},
    )


def whole(number: Any, name: str, least: int = 0) -> int:
    if type(number) is not int or number < least:
        raise ValueError(f"{name} is {short(number)}, not a whole number from {least}")
    return number


def finite(number: Any, name: str) -> float:
    if type(number) is not float or not isfinite(number):
        raise ValueError(f"{name} is {short(number)}, not a number")
    return number
