"""One record per node: what is written in it, and how it looks."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

from viz.caption import gradient, heading, number
from viz.escape import record_field
from viz.graph import Node
from viz.scene import Scene
from viz.style import BACKWARD, BORDERS, NOT_FINITE, fills


@dataclass(frozen=True)
class Records:
    """How the nodes of one scene are written; see `records`."""

    scene: Scene
    rankdir: str
    fill: Callable[[float], str]

    def attributes(self, node: Node) -> dict[str, str]:
        kind = self.scene.role(node)
        half = " backward" * self.scene.is_backward(node)
        look = (BACKWARD if half else {}) | BORDERS[kind]
        has_gradient = self.scene.has_gradient(node)
        if has_gradient:
            look["fillcolor"] = self.fill(node.grad)
        if not isfinite(node.data) or (has_gradient and not isfinite(node.grad)):
            look |= NOT_FINITE
        label = record_label(self.rows(node, kind), self.rankdir)
        return {"class": f"value {kind}{half}", "label": label} | look

    def rows(self, node: Node, kind: str) -> list[str]:
        mark = "∂ " * (self.scene.is_backward(node) and not node.label and kind != "constant")
        rows = [mark + heading(node)]
        if kind != "constant":
            rows.append(f"data {number(node.data)}")
            if self.scene.grads:
                rows.append(f"grad {gradient(node, self.scene.has_gradient(node))}")
        return [row for row in rows if row]


def record_label(rows: list[str], rankdir: str) -> str:
    """The label of a record, one row below the other."""
    label = "|".join(map(record_field, rows))
    # Fields of a record run across the ranks: braces turn them back into rows.
    return label if rankdir == "LR" else "{" + label + "}"


def records(scene: Scene, rankdir: str) -> Records:
    """Records for the nodes of `scene`; a fill compares gradients of the whole scene."""
    return Records(scene, rankdir, fills(n.grad for n in scene.nodes if scene.has_gradient(n)))
