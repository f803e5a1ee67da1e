"""Pictures of computation graphs. Any node with data, grad, label, op and operands can be drawn."""

from viz.draw import draw, draw_dot
from viz.explore import explore
from viz.frames import frames
from viz.graph import trace
from viz.plot_layers import plot_activations
from viz.plot_path import plot_descent
from viz.plot_regions import plot_decision_boundary
from viz.plots import plot_history
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
