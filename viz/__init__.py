"""Pictures of computation graphs. Any node with data, grad, label, op and operands can be drawn."""

from importlib import import_module
from typing import TYPE_CHECKING

from viz.draw import draw, draw_dot
from viz.explore import explore
from viz.frames import frames
from viz.graph import trace
from viz.renderer import RendererNotFound

__all__ = [
    "RendererNotFound",
    "draw",
    "draw_dot",
    "explore",
    "frames",
    "plot_activations",
    "plot_decision_boundary",
    "plot_descent",
    "plot_history",
    "trace",
]

# The plots need NumPy, and pictures do not: a plot is imported when it is used.
_FILE_OF = {
    "plot_activations": "plot_layers",
    "plot_decision_boundary": "plot_regions",
    "plot_descent": "plot_path",
    "plot_history": "plots",
}

if TYPE_CHECKING:  # what type checkers and editors read
    from viz.plot_layers import plot_activations
    from viz.plot_path import plot_descent
    from viz.plot_regions import plot_decision_boundary
    from viz.plots import plot_history
else:

    def __getattr__(name):
        if name in _FILE_OF:
            value = getattr(import_module(f"{__name__}.{_FILE_OF[name]}"), name)
            globals()[name] = value
            return value
        if name in _FILE_OF.values():
            return import_module(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *__all__})
