"""plot_descent: the path of a gradient descent over the contours of a function of two variables."""

from collections.abc import Callable
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from viz.plots import BLUE, ORANGE, axes_for, legend_above

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = np.ndarray[Any, np.dtype[np.float64]]

GRID_POINTS = 81  # a side
LEVELS = 14
MARGIN = 0.15  # of the path's extent, on each side
NARROWEST = 0.75  # of the longer side
DOTTED = 150  # points; a longer path is a line


def plot_descent(descent: Any, f: Callable[..., Any], ax: "Axes | None" = None) -> "Axes":
    """The path of a descent over the contours of f, start and end marked; both axes to one scale.

    descent: what gradient_descent gave for two variables: `path` holds pairs, lists or arrays of
        two numbers, `costs` their costs.
    f: the function of the descent. It is called on plain numbers, as gradient_descent called it: on
        two for a path of tuples, else on one list or array. What is not defined stays white.
    ax: where to plot; None makes a figure, which a notebook shows.

    The contours are those of as many equal parts of the area, so that they are told apart far from
    the minimum and near it. Raises ImportError without matplotlib, ValueError for a path that is
    not of two variables, TypeError for an f that takes no plain numbers.
    """
    points = _points(descent)  # (n, 2)
    ax = axes_for(ax, "plot_descent()", 6.5, 5.5)
    x, y = _grid(points)
    _plot_contours(ax, x, y, _values(f, descent.path[0], x, y))
    _plot_path(ax, points, descent.costs)
    ax.set(xlabel="$v_1$", ylabel="$v_2$", xlim=x[[0, -1]], ylim=y[[0, -1]])
    ax.set_aspect("equal")
    legend_above(ax, ncols=2)
    return ax


def _points(descent: Any) -> Array:
    try:
        points = np.array([np.ravel(v) for v in descent.path], dtype=float)
    except (AttributeError, TypeError, ValueError):
        points = np.empty(0)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(
            "plot_descent() takes a descent of two variables, whose path holds pairs of numbers,"
            f" got {_first(descent)}"
        )
    return points


def _first(descent: Any) -> str:
    path = getattr(descent, "path", None)
    return f"the point {path[0]!r}" if path else repr(descent)


def _grid(points: Array) -> tuple[Array, Array]:
    """Coordinates around the path, (GRID_POINTS,) each; neither side is much the longer."""
    lowest, highest = points.min(axis=0), points.max(axis=0)
    extent = highest - lowest
    longer = extent.max() or 0.1 * np.abs(points).max() or 1.0
    sides = (1.0 + 2.0 * MARGIN) * np.maximum(extent, NARROWEST * longer)
    centre = 0.5 * (lowest + highest)
    x, y = np.linspace(centre - 0.5 * sides, centre + 0.5 * sides, GRID_POINTS).T
    return x, y


def _values(f: Callable[..., Any], v: Any, x: Array, y: Array) -> Array:
    """f over the grid, (y, x), called on points of the type of v."""
    values = np.empty((len(y), len(x)))
    with np.errstate(all="ignore"):
        for row, y_k in enumerate(y.tolist()):
            for column, x_k in enumerate(x.tolist()):
                values[row, column] = _value(f, v, x_k, y_k)
    return values


def _value(f: Callable[..., Any], v: Any, x: float, y: float) -> float:
    """f at a point, nan where it is not defined."""
    try:
        if isinstance(v, tuple):
            result = f(x, y)
        else:
            result = f(np.reshape([x, y], v.shape) if isinstance(v, np.ndarray) else [x, y])
        if isinstance(result, complex):
            return float("nan")
        return float(result if isinstance(result, Real | np.ndarray) else result.data)
    except (ArithmeticError, ValueError):
        return float("nan")
    except (AttributeError, TypeError) as error:
        raise TypeError(
            f"plot_descent() calls f on plain numbers, and there f failed: {error}. Write"
            " exp(v) for v.exp(), or give lambda v1, v2: f(Value(v1), Value(v2))"
        ) from error


def _plot_contours(ax: "Axes", x: Array, y: Array, values: Array) -> None:
    from matplotlib.colors import BoundaryNorm

    finite = values[np.isfinite(values)]
    if not finite.size or finite.min() == finite.max():
        return
    levels = np.unique(np.quantile(finite, np.linspace(0.0, 1.0, LEVELS + 1)))
    masked = np.ma.masked_invalid(values)
    ax.contourf(x, y, masked, levels, cmap="Blues", norm=BoundaryNorm(levels, 150), alpha=0.9)
    lines = ax.contour(x, y, masked, levels[1:-1], colors=BLUE, linewidths=0.6, linestyles="solid")
    ax.clabel(lines, levels[1:-1:2], fmt="%.3g", fontsize=7)


def _plot_path(ax: "Axes", points: Array, costs: Any) -> None:
    dots = "." if len(points) <= DOTTED else None
    ax.plot(*points.T, color=ORANGE, linewidth=1.2, marker=dots, markersize=5)
    steps = len(points) - 1
    ends = {"o": ("start", 0), "*": (f"after {steps} step" + "s" * (steps != 1), -1)}
    for marker, (name, k) in ends.items():
        label = f"{name}: $C$ = {float(costs[k]):.4g}"
        size = 8 if marker == "o" else 14
        face = "white" if marker == "o" else ORANGE
        ax.plot(
            *points[k],
            marker,
            markersize=size,
            markerfacecolor=face,
            markeredgecolor="black",
            label=label,
            zorder=3,
        )
