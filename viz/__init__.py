"""Pictures of computation graphs. Any node with data, grad, label, op and operands can be drawn."""

from viz.draw import draw, draw_dot
from viz.graph import trace
from viz.plots import plot_history
from viz.renderer import RendererNotFound

__all__ = ["RendererNotFound", "draw", "draw_dot", "plot_history", "trace"]
