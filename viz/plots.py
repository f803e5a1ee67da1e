"""Plots of training, by matplotlib, which is imported when the first one is drawn."""

from collections.abc import Mapping
from reprlib import repr as short
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COST, ACCURACY, GRID = "#d9480f", "#1c5fa8", "#e8e8e8"


def plot_history(history: Any, ax: "Axes | None" = None) -> "Axes":
    """Cost per epoch on the left axis and, if there is one, accuracy in percent on the right.

    history: has lists `cost` and maybe `validation_cost`, `accuracy`, `validation_accuracy`, with
        one number per epoch, accuracies from 0 to 1; or is a mapping with these keys.
    ax: where to plot; None makes a figure, which `.figure.savefig("history.png")` writes.

    Raises ImportError without matplotlib, ValueError if the history has no cost.
    """
    if not _series(history, "cost"):
        raise ValueError(f"plot_history() takes a history with a list `cost`, got {short(history)}")
    ax = _new_axes() if ax is None else ax
    _style(ax)
    ax.set_xlabel("epoch")
    lines = _plot(ax, history, "cost", COST)
    if _series(history, "accuracy") or _series(history, "validation_accuracy"):
        lines += _plot_accuracy(ax, history)
    above = (0.5, 1.0)
    ax.legend(
        handles=lines, loc="lower center", bbox_to_anchor=above, ncols=len(lines), frameon=False
    )
    return ax


def _plot_accuracy(ax: "Axes", history: Any) -> list[Any]:
    right = ax.twinx()
    right.spines[["top", "left"]].set_visible(False)
    right.yaxis.set_major_formatter("{x:.0f} %")
    return _plot(right, history, "accuracy", ACCURACY, scale=100.0)


def _plot(ax: "Axes", history: Any, name: str, colour: str, scale: float = 1.0) -> list[Any]:
    """Plot series `name` and its validation twin in one colour; the lines."""
    lines: list[Any] = []
    for key, style in ((name, "-"), (f"validation_{name}", "--")):
        series = [scale * y for y in _series(history, key)]
        if series:
            epochs = range(1, len(series) + 1)
            label = key.replace("_", " ")
            lines += ax.plot(epochs, series, style, color=colour, label=label, marker=".")
    ax.set_ylabel(name, color=colour)
    ax.tick_params(axis="y", colors=colour)
    return lines


def _style(ax: "Axes") -> None:
    from matplotlib.ticker import MaxNLocator

    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color=GRID)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def _new_axes() -> "Axes":
    try:
        from matplotlib.figure import Figure
    except ImportError as missing:
        raise ImportError(
            "plot_history() needs matplotlib: pip install 'micrograd-bp[plot]'"
        ) from missing
    return Figure(figsize=(7.0, 4.0), layout="constrained").subplots()


def _series(history: Any, name: str) -> list[float]:
    """The numbers of a history under `name`; none if it has no such list."""
    found = history.get(name) if isinstance(history, Mapping) else getattr(history, name, None)
    return [] if found is None else [float(y) for y in found]
