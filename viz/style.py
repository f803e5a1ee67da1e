"""What the looks of a node mean: the fill its gradient, the border its role."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
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
BACKWARD = {"color": "#1c5fa8"}
NOT_FINITE = {"color": "#b00020", "fillcolor": RED, "penwidth": "2.2", "style": "filled,dashed"}


def role(node: Node, root: Node | None) -> str:
    """One of the keys of BORDERS."""
    if node is root:
        return "root"
    if node.operands:
        return "inner"
    if is_constant(node):
        return "constant"
    return "parameter" if letter(node) in ("w", "b") else "input"


def shades(numbers: Iterable[float], shades: Sequence[str], zero: str) -> Callable[[float], str]:
    """The colour of a number: the later among `shades`, the larger its magnitude among `numbers`.

    Each shade has an equal part of the different magnitudes; exactly 0 and nan have colour `zero`.
    """
    magnitudes = sorted({abs(x) for x in numbers if isfinite(x) and x != 0.0})

    def shade(x: float) -> str:
        if x == 0.0 or not isfinite(x) or not magnitudes:
            return zero
        rank = max(1, bisect_right(magnitudes, abs(x)))
        return shades[(len(shades) * rank - 1) // len(magnitudes)]

    return shade


def fills(gradients: Iterable[float]) -> Callable[[float], str]:
    """The colour of a gradient: the deeper, the larger |grad| among these; white is exactly 0."""
    return shades(gradients, SHADES, WHITE)
