"""The learning curve, and what all plots share: matplotlib, colours, a frame.

matplotlib is imported when the first plot is drawn.
"""

from collections.abc import Mapping
from reprlib import repr as short
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ORANGE, BLUE, GRID = "#d9480f", "#1c5fa8", "#e8e8e8"


def axes_for(ax: "Axes | None", taker: str, width: float = 7.0, height: float = 4.0) -> "Axes":
    """`ax`, or new axes that a notebook shows; an ImportError that says how to get matplotlib."""
    try:
        from viz.plot_axes import new_axes
    except ImportError as missing:
        raise ImportError(
            f"{taker} needs matplotlib: pip install 'micrograd-bp[plot]'"
        ) from missing
    if ax is None:
        ax = new_axes(width, height)
    if not hasattr(ax, "plot"):
        raise TypeError(f"{taker}: ax is the axes to plot on, got {short(ax)}")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def legend_above(ax: "Axes", **options: Any) -> None:
    """The legend in a line above the axes, where it hides nothing."""
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False, **options)


def plot_history(history: Any, ax: "Axes | None" = None) -> "Axes":
    """Cost per epoch on the left axis and, if there is one, accuracy in percent on the right.

    history: has lists `cost` and maybe `validation_cost`, `accuracy`, `validation_accuracy`, with
        one number per epoch, accuracies from 0 to 1; or is a mapping with these keys.
    ax: where to plot; None makes a figure, which a notebook shows, and which
        `.figure.savefig("history.png")` writes.

    Raises ImportError without matplotlib, ValueError if the history has no cost.
    """
    if not _series(history, "cost"):
        raise ValueError(f"plot_history() takes a history with a list `cost`, got {short(history)}")
    ax = axes_for(ax, "plot_history()")
    _style(ax)
    lines = _plot(ax, history, "cost", ORANGE)
    if _series(history, "accuracy") or _series(history, "validation_accuracy"):
        lines += _plot_accuracy(ax, history)
    legend_above(ax, handles=lines, ncols=min(len(lines), 2))
    return ax


def _plot_accuracy(ax: "Axes", history: Any) -> list[Any]:
    right = ax.twinx()
    right.spines[["top", "left"]].set_visible(False)
    right.yaxis.set_major_formatter("{x:.0f} %")
    return _plot(right, history, "accuracy", BLUE, scale=100.0)


def _plot(ax: "Axes", history: Any, name: str, colour: str, scale: float = 1.0) -> list[Any]:
    """Plot series `name` and its validation twin in one colour; the lines."""
    lines: list[Any] = []
    for key, style in ((name, "-"), (f"validation_{name}", "--")):
        series = [scale * y for y in _series(history, key)]
        if series:
            epochs = range(1, len(series) + 1)
            label = key.replace("_", " ")
            marker = "." if len(series) <= 50 else None
            lines += ax.plot(epochs, series, style, color=colour, label=label, marker=marker)
    ax.set_ylabel(name, color=colour)
    ax.tick_params(axis="y", colors=colour)
    return lines


def _style(ax: "Axes") -> None:
    from matplotlib.ticker import MaxNLocator

    ax.grid(axis="y", color=GRID)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("epoch")


def _series(history: Any, name: str) -> list[float]:
    """The numbers of a history under `name`; none if it has no such list."""
    found = history.get(name) if isinstance(history, Mapping) else getattr(history, name, None)
    return [] if found is None else [float(y) for y in found]
