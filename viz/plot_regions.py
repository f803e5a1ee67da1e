"""plot_decision_boundary: what a network of two inputs answers everywhere, under the examples."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from viz.plots import BLUE, ORANGE, axes_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = np.ndarray[Any, np.dtype[Any]]

GRID_POINTS = 81  # a side
FEWER_POINTS = 41  # a side, for a network that is called on each
MARGIN = 0.15  # of the examples' extent, on each side
COLOURS = [BLUE, ORANGE, "#2b8a3e", "#862e9c", "#b08900", "#0b7285", "#c2255c", "#495057"]
MARKERS = "osD^vPX*"  # classes are told apart without colour too


def plot_decision_boundary(
    predict: Callable[..., Any],
    X: Any,
    labels: Any,
    ax: "Axes | None" = None,
    *,
    threshold: float | None = None,
) -> "Axes":
    """The regions that a network of two inputs gives to each class, and the examples in them.

    predict: a network, that is a callable with `parameters`: it is called on 1,681 points, one by
        one, and gives a Value, a number, or a list of them; or else any function from an array
        (m, 2) to outputs (m,) or (m, k), such as `lambda X: micrograd_bp.predict(net, X)`, which
        is faster. With one output the boundary is where it crosses the threshold; with k outputs
        the largest decides.
    X: the examples (n, 2). labels: (n,), two different numbers for one output, from 0 to k - 1 for
        k outputs; or rows with a 1 in the place of the class (n, k).
    ax: where to plot; None makes a figure, which a notebook shows.
    threshold: of one output; None is midway between the two labels, as 0.5 for 0 and 1, and 0.0
        for -1 and 1.

    A network remembers the last point as its latest forward pass. Raises ImportError without
    matplotlib, ValueError for examples, labels or outputs that do not fit.
    """
    X, labels = _examples(X, labels)
    x, y = _grid(X, FEWER_POINTS if _is_network(predict) else GRID_POINTS)
    points = np.stack(np.meshgrid(x, y), axis=-1)  # (y, x, 2)
    outputs = _outputs(predict, points.reshape(-1, 2))  # (m, k)
    classes = _classes(labels, outputs.shape[1])
    leads = _leads(outputs, classes, threshold).reshape(len(classes), len(y), len(x))
    ax = axes_for(ax, "plot_decision_boundary()", 5.5, 5.0)
    for c, lead in enumerate(leads):
        _plot_region(ax, x, y, lead, COLOURS[c % len(COLOURS)])
    for c, label in enumerate(classes):
        _plot_examples(ax, X[labels == label], c, label)
    ax.set(xlabel="$x_1$", ylabel="$x_2$", xlim=x[[0, -1]], ylim=y[[0, -1]])
    ax.legend(title="class", loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    return ax


def _examples(X: Any, labels: Any) -> tuple[Array, Array]:
    """Points (n, 2), and a label for each."""
    X, labels = np.asarray(X, dtype=float), np.asarray(labels, dtype=float)
    if X.ndim != 2 or X.shape[1] != 2 or not len(X):
        raise ValueError(f"plot_decision_boundary() takes examples X (n, 2), got {X.shape}")
    if labels.ndim == 2:
        labels = labels.argmax(axis=1) if labels.shape[1] > 1 else labels[:, 0]
    if labels.shape != (len(X),):
        raise ValueError(f"{len(X)} examples need as many labels, got {labels.shape}")
    return X, labels


def _is_network(predict: object) -> bool:
    return hasattr(predict, "parameters")


def _grid(X: Array, count: int) -> tuple[Array, Array]:
    lowest, highest = X.min(axis=0), X.max(axis=0)
    extent = np.where(highest > lowest, highest - lowest, 1.0)
    x, y = np.linspace(lowest - MARGIN * extent, highest + MARGIN * extent, count).T
    return x, y


def _outputs(predict: Callable[..., Any], points: Array) -> Array:
    """The outputs at all points, (m, k)."""
    if _is_network(predict):
        rows = [predict(point) for point in points.tolist()]
        outputs = np.array([[_number(a) for a in _listed(row)] for row in rows])
    else:
        outputs = np.asarray(predict(points), dtype=float)
    outputs = outputs[:, None] if outputs.ndim == 1 else outputs
    if outputs.ndim != 2 or len(outputs) != len(points):
        raise ValueError(
            f"predict gave {outputs.shape} for {len(points)} points; it gives (m, k) outputs for an"
            " array (m, 2)"
        )
    return outputs


def _listed(row: Any) -> Any:
    return row if isinstance(row, list | tuple | np.ndarray) else [row]


def _number(a: Any) -> float:
    return float(a.data if hasattr(a, "grad") else a)


def _classes(labels: Array, k: int) -> list[float]:
    """The labels that there are, in the order of the outputs."""
    different = np.unique(labels).tolist()
    if k == 1 and len(different) > 2:
        raise ValueError(f"one output tells two labels apart, got {different}")
    if k > 1 and not set(different) <= set(range(k)):
        raise ValueError(f"{k} outputs need labels from 0 to {k - 1}, got {different}")
    if k > 1:
        return list(range(k))
    if len(different) == 1:
        different.append(1.0 if different[0] <= 0.0 else 0.0)
    return sorted(different)


def _leads(outputs: Array, classes: list[float], threshold: float | None) -> Array:
    """By how much each class leads the best of the others: it has the region above 0. (k, m)"""
    if outputs.shape[1] == 1:
        middle = 0.5 * (classes[0] + classes[1]) if threshold is None else threshold
        above = outputs[:, 0] - middle
        return np.stack([-above, above])
    others = [np.delete(outputs, c, axis=1).max(axis=1) for c in range(outputs.shape[1])]
    return np.array(outputs.T - np.stack(others))


def _plot_region(ax: "Axes", x: Array, y: Array, lead: Array, colour: str) -> None:
    highest = float(np.max(lead, initial=0.0, where=np.isfinite(lead)))
    if highest <= 0.0:
        return
    ax.contourf(x, y, lead, [0.0, 2.0 * highest], colors=[colour], alpha=0.22)
    if np.any(lead < 0.0):
        ax.contour(x, y, lead, [0.0], colors="black", linewidths=1.0)


def _plot_examples(ax: "Axes", X: Array, c: int, label: float) -> None:
    ax.plot(
        *X.T,
        MARKERS[c % len(MARKERS)],
        markersize=5 if len(X) <= 200 else 4,
        color=COLOURS[c % len(COLOURS)],
        markeredgecolor="white",
        markeredgewidth=0.5,
        label=f"{label:g}",
    )
