"""History: what a training run was like, epoch by epoch."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from os import PathLike
from pathlib import Path
from typing import Any

COLUMNS = {  # name: heading, width, format
    "cost": ("cost", 10, "10.4g"),
    "accuracy": ("accuracy", 8, "8.2%"),
    "validation_cost": ("validation", 10, "10.4g"),
    "validation_accuracy": ("accuracy", 8, "8.2%"),
    "gradient_norm": ("|gradient|", 10, "10.4g"),
    "learning_rate": ("rate", 8, "8.3g"),
    "seconds": ("seconds", 8, "8.2f"),
}


@dataclass
class History:
    """Lists with an entry for each epoch; those that do not apply are empty.

    cost: the mean cost over the epoch's mini-batches, each before its step, with the penalty l2.
    accuracy, validation_accuracy: the part, 0 to 1, whose class is right, after the epoch.
    validation_cost: the mean C_x of the validation set after the epoch.
    gradient_norm: the mean Euclidean norm of the mini-batches' gradients.
    learning_rate, seconds: of the epoch.
    stopped: why there are fewer epochs than were asked for: "interrupted", "patience", "callback".
    """

    cost: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    validation_cost: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    stopped: str = ""

    @property
    def epochs(self) -> int:
        return len(self.cost)

    def lists(self) -> dict[str, list[float]]:
        """Name to list, of those that are filled."""
        named = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "stopped"}
        return {name: numbers for name, numbers in named.items() if numbers}

    def to_csv(self, path: str | PathLike[str]) -> str:
        """Write a table with a line for each epoch, its numbers to the last digit; the path."""
        lists = self.lists()
        with Path(path).open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(["epoch", *lists])
            for epoch, numbers in enumerate(zip(*lists.values(), strict=True), 1):
                table.writerow([epoch, *map(repr, numbers)])
        return str(path)

    def plot(self, ax: Any = None) -> Any:
        """The learning curve; see viz.plot_history."""
        from viz import plot_history  # only who plots needs it

        return plot_history(self, ax)

    def __str__(self) -> str:
        lists = self.lists()
        shown = {name: COLUMNS[name] for name in lists}
        lines = ["epoch" + "".join(f"  {head:>{width}}" for head, width, _ in shown.values())]
        for epoch, numbers in enumerate(zip(*lists.values(), strict=True), 1):
            cells = zip(numbers, shown.values(), strict=True)
            lines.append(f"{epoch:5}" + "".join(f"  {x:{form}}" for x, (_, _, form) in cells))
        return "\n".join(lines + [f"stopped: {self.stopped}"] * bool(self.stopped))


def history_of(lists: Mapping[str, Any]) -> History:
    """The History of `lists()`, out of a file; ValueError unless each is a list of floats."""
    known = {f.name for f in fields(History)} - {"stopped"}
    for name, numbers in lists.items():
        if name not in known:
            raise ValueError(f"a history has no list {name!r}")
        if not isinstance(numbers, list) or any(type(x) is not float for x in numbers):
            raise ValueError(f"the history's {name} is no list of floats")
    if len({len(numbers) for numbers in lists.values()}) > 1:
        raise ValueError("the lists of the history have different lengths")
    return History(**lists)
