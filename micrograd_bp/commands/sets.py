"""What a network learns from: a shipped set by name, or X and y of an .npz; targets for a cost."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from micrograd_bp import datasets
from micrograd_bp.commands.answer import Failed, Refused
from micrograd_bp.costs import cross_entropy, hinge, log_likelihood, quadratic
from micrograd_bp.data import Array, one_hot

COSTS: dict[str, Callable[..., Any]] = {
    cost.__name__: cost for cost in (quadratic, cross_entropy, log_likelihood, hinge)
}
SETS: dict[str, Callable[[], tuple[Array, Array]]] = {
    "digits": datasets.digits,
    "xor": datasets.xor,
    "moons": datasets.moons,
    "circles": datasets.circles,
    "spirals": datasets.spirals,
}
MOST_CLASSES = 1_000  # above, whole numbers are hardly classes
LARGE, DENSE = 1 << 30, 100  # bytes, and how many times a file's size: no data are both


@dataclass(frozen=True)
class Data:
    """X (n, n_0), y (n,) or (n, n_L). classes: how many y tells apart by whole numbers, or 0."""

    name: str
    X: Array
    y: Array
    classes: int


def data_named(name: str) -> Data:
    """A shipped set, or the arrays X and y of an .npz.

    Raises Refused for a name that is neither, Failed for a file without such arrays, OSError.
    """
    if name in SETS:
        return _data(name, *SETS[name]())
    path = Path(name)
    if path.suffix.lower() != ".npz" and not path.exists():
        raise Refused(f"there is no set {name!r}: take {', '.join(SETS)}, or an .npz with X and y")
    with path.open("rb") as file:
        try:
            with np.load(file, allow_pickle=False) as stored:
                return _data(name, *_arrays(stored, path))
        except Failed:
            raise
        except Exception as error:  # NumPy's reader has no error of its own, and raises any
            what = "is no .npz of arrays of numbers; np.savez(path, X=X, y=y) writes one"
            raise Failed(f"{path} {what}") from error


def _arrays(stored: Any, path: Path) -> tuple[Array, Array]:
    names = list(stored.files)
    found = [name for name in ("y", "Y") if name in names]
    if "X" not in names or not found:
        there = ", ".join(names) or "nothing"
        raise Failed(f"{path} has {there}; needed are X, a row for each example, and y")
    size = sum(entry.file_size for entry in stored.zip.infolist())
    if size > max(LARGE, DENSE * path.stat().st_size):
        raise Failed(f"{path} would unfold to {size:,} bytes, {DENSE} times its own size or more")
    return stored["X"], stored[found[0]]


def _data(name: str, X: Array, y: Array) -> Data:
    for what, array in (("X", X), ("y", y)):
        if array.dtype.kind not in "biuf":
            raise Failed(f"{name}: {what} is {array.dtype}, and numbers are needed")
    if X.ndim != 2 or y.ndim not in (1, 2) or len(X) != len(y) or X.size == 0 or y.size == 0:
        raise Failed(
            f"{name}: X is (n, inputs) and y is (n,) or (n, outputs), with n of at least 1;"
            f" got X {X.shape} and y {y.shape}"
        )
    for what, array in (("X", X), ("y", y)):
        if not np.all(np.isfinite(array)):
            place = ", ".join(map(str, np.argwhere(~np.isfinite(array))[0]))
            raise Failed(f"{name}: {what}[{place}] is not a finite number")
    return Data(name, X, y, _classes(y))


def _classes(y: Array) -> int:
    """How many classes whole numbers from 0 tell apart; 0 where y is something else."""
    is_label = y.ndim == 1 and y.dtype.kind in "biu" and int(y.min()) >= 0
    classes = int(y.max()) + 1 if is_label else 0
    return classes if classes <= MOST_CLASSES else 0


def outputs_for(data: Data, cost: str) -> list[int]:
    """The sizes of the last layer that fit, the usual one first."""
    if data.y.ndim == 2:
        return [data.y.shape[1]]
    if data.classes == 2:
        return {"hinge": [1, 2], "log_likelihood": [2]}.get(cost, [2, 1])
    return [max(1, data.classes)]


def targets_of(data: Data, n_out: int, cost: str) -> Array:
    """y as rows (n, n_L) that the cost takes: one-hot, for the hinge cost 1 and -1.

    Raises Refused where the last layer or the cost does not fit.
    """
    fit = outputs_for(data, cost)
    if n_out not in fit:
        what = f"{data.classes} classes" if data.classes else f"y of shape {data.y.shape}"
        sizes = " or ".join(map(str, fit))
        raise Refused(
            f"the last layer has {n_out} neurons, and {data.name} has {what}: with {cost} it needs"
            f" {sizes}, as in --layers 30,{fit[0]}"
        )
    y = data.y
    if y.ndim == 1:
        y = one_hot(y, n_out) if data.classes and n_out > 1 else y[:, None]
    if cost == "hinge" and np.all(np.isin(y, (0, 1))):
        return 2.0 * y - 1.0
    _require_range(y, data.name, cost)
    return y


def _require_range(y: Array, name: str, cost: str) -> None:
    low, high = float(y.min()), float(y.max())
    if cost == "hinge" and not np.all(np.isin(y, (-1, 1))):
        raise Refused(f"hinge takes targets 1 and -1, and y of {name} is {low:g} to {high:g}")
    if cost in ("cross_entropy", "log_likelihood") and (low < 0.0 or high > 1.0):
        raise Refused(
            f"{cost} takes targets from 0 to 1, and y of {name} is {low:g} to {high:g};"
            " --cost quadratic takes any"
        )
