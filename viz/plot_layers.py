"""plot_activations: the activations and errors of each layer, as boxes side by side."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from viz.plots import BLUE, GRID, ORANGE, axes_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = np.ndarray[Any, np.dtype[np.float64]]

APART = 0.2  # of a box from its layer's tick
WIDTH = 0.32
SPREAD = 0.2  # of the dots in a box
DOTTED = 64  # neurons; a larger layer is a box without dots
ROOMY = 5  # layers whose ticks have room for words


def plot_activations(net: Any, ax: "Axes | None" = None) -> "Axes":
    """Activations a (left axis) and errors |delta| (right axis, logarithmic) of each layer.

    They are those of the latest pass: call `net(x)`, then `cost.backward()`. A box holds the middle
    half of the neurons, its line is the median, the whiskers reach to the extremes; a dot is a
    neuron. Saturated layers have their a at the ends, and where |delta| falls from box to box
    towards the input, gradients vanish. Neurons whose delta is 0, as that of a relu at rest, are
    counted below the layer, for they have no logarithm.

    net: anything with `layers`, these with `neurons`, these with nodes `z` and `a`; an MLP.
    ax: where to plot; None makes a figure, which a notebook shows.

    Raises ImportError without matplotlib, TypeError for what is no such network, ValueError before
    a forward pass. Before a backward pass there are no errors to see, and the axis says so.
    """
    a, delta = _observed(net)
    ax = axes_for(ax, "plot_activations()")
    ax.set(ylabel="activations $a$")
    ax.yaxis.label.set_color(BLUE)
    ax.tick_params(axis="y", colors=BLUE)
    ax.grid(axis="y", color=GRID)
    ax.set_axisbelow(True)
    _boxes(ax, a, -APART, BLUE)
    right = ax.twinx()
    right.spines[["top", "left"]].set_visible(False)
    _errors(right, delta)
    ax.set_xticks(range(1, len(a) + 1), _ticks(delta))
    ax.set_xlim(0.5, len(a) + 0.5)
    ax.set_xlabel("layer" if len(a) <= ROOMY else "layer, and its number of neurons")
    return ax


def _observed(net: Any) -> tuple[list[Array], list[Array]]:
    """a and delta of each layer, (n_l,) each."""
    try:
        layers = [[(n.z, n.a) for n in layer.neurons] for layer in net.layers]
    except (AttributeError, TypeError):
        raise TypeError(
            f"plot_activations() takes a network with layers of neurons, such as an MLP, got {net}"
        ) from None
    if not layers or any(z is None or a is None for layer in layers for z, a in layer):
        raise ValueError(
            "plot_activations() shows the latest pass, and there was none yet: call net(x), then"
            " cost.backward()"
        )
    a = [np.array([float(a.data) for _, a in layer]) for layer in layers]
    delta = [np.array([float(z.grad) for z, _ in layer]) for layer in layers]
    return a, delta


def _errors(right: "Axes", delta: Sequence[Array]) -> None:
    sizes = [np.abs(d)[(d != 0.0) & np.isfinite(d)] for d in delta]
    if not any(size.size for size in sizes):
        right.set_ylabel("no errors yet: call cost.backward()", color=ORANGE)
        right.set_yticks([])
        return
    right.set_yscale("log")
    right.set_ylabel(r"errors $|\delta|$", color=ORANGE)
    right.tick_params(axis="y", colors=ORANGE, which="both")
    _boxes(right, sizes, APART, ORANGE)


def _boxes(ax: "Axes", layers: Sequence[Array], shift: float, colour: str) -> None:
    positions = [l + shift for l in range(1, len(layers) + 1)]
    ax.boxplot(
        layers,
        positions=positions,
        widths=WIDTH,
        whis=(0, 100),
        patch_artist=True,
        manage_ticks=False,
        boxprops={"facecolor": colour, "alpha": 0.2, "edgecolor": colour},
        medianprops={"color": colour, "linewidth": 2},
        whiskerprops={"color": colour},
        capprops={"color": colour},
    )
    for position, numbers in zip(positions, layers, strict=True):
        if len(numbers) <= DOTTED:
            across = (
                np.linspace(-0.5, 0.5, len(numbers)) if len(numbers) > 1 else np.zeros(len(numbers))
            )
            ax.plot(position + SPREAD * across, numbers, ".", color=colour, markersize=4)


def _ticks(delta: Sequence[Array]) -> list[str]:
    """Of each layer its number, that of its neurons, and of those at rest, where some are."""
    room, has_run = len(delta) <= ROOMY, any(map(np.any, delta))
    ticks = []
    for l, d in enumerate(delta, 1):
        resting = int(np.sum(d == 0.0))
        neurons = f"{len(d)} neuron" + "s" * (len(d) != 1) if room else str(len(d))
        rest = f"\n{resting} with $\\delta$ = 0" if room else f"\n{resting}: $\\delta$ = 0"
        ticks.append(f"{l}\n{neurons}" + rest * (has_run and resting > 0))
    return ticks
