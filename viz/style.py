"""What the looks of a node mean: the fill its gradient, the border its role."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from math import isfinite

from viz.graph import Node, is_constant
from viz.symbols import letter

WHITE = "#ffffff"
SHADES = "#fff3e6", "#ffe3c7", "#fed3a5", "#fec084", "#fdae61"
RED = "#f7b6ae"

BORDERS = {
    "input": {"penwidth": "0.6"},
    "parameter": {"penwidth": "1.8"},
    "inner": {},
    "root": {"penwidth": "1.8", "style": "filled,rounded"},
    "constant": {
        "color": "#aaaaaa",
        "fontcolor": "#666666",
        "fontsize": "8",
        "height": "0.2",
        "margin": "0.04,0.02",
        "penwidth": "0.6",
        "width": "0.2",
    },
}
NOT_FINITE = {"color": "#b00020", "fillcolor": RED, "penwidth": "2.2", "style": "filled,dashed"}


def role(node: Node, root: Node) -> str:
    """One of the keys of BORDERS."""
    if node is root:
        return "root"
    if node.operands:
        return "inner"
    if is_constant(node):
        return "constant"
    return "parameter" if letter(node) in ("w", "b") else "input"


def fills(gradients: Iterable[float]) -> Callable[[float], str]:
    """The colour of a gradient: the deeper, the larger |grad| among these; white is exactly 0.

    Each of the five shades has a fifth of the different magnitudes.
    """
    magnitudes = sorted({abs(grad) for grad in gradients if isfinite(grad) and grad != 0.0})

    def fill(grad: float) -> str:
        if grad == 0.0 or not isfinite(grad):
            return WHITE
        rank = bisect_right(magnitudes, abs(grad))
        return SHADES[(len(SHADES) * rank - 1) // len(magnitudes)]

    return fill
