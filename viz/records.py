"""One record per node: what is written in it, and how it looks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite

from viz.caption import gradient, heading, number
from viz.escape import record_field
from viz.graph import Node
from viz.style import BORDERS, NOT_FINITE, fills, role


@dataclass(frozen=True)
class Records:
    """How the nodes of one graph are written; see `records`."""

    root: Node
    rankdir: str
    grads: bool
    known: bool
    fill: Callable[[float], str]

    def attributes(self, node: Node) -> dict[str, str]:
        kind = role(node, self.root)
        look = dict(BORDERS[kind])
        has_gradient = self.grads and self.known and kind != "constant"
        if has_gradient:
            look["fillcolor"] = self.fill(node.grad)
        if not isfinite(node.data) or (has_gradient and not isfinite(node.grad)):
            look |= NOT_FINITE
        return {"class": f"value {kind}", "label": self.label(node, kind)} | look

    def label(self, node: Node, kind: str) -> str:
        rows = "|".join(map(record_field, self.rows(node, kind)))
        # Fields of a record run across the ranks: braces turn them back into rows.
        return rows if self.rankdir == "LR" else "{" + rows + "}"

    def rows(self, node: Node, kind: str) -> list[str]:
        rows = [heading(node)]
        if kind != "constant":
            rows.append(f"data {number(node.data)}")
            if self.grads:
                rows.append(f"grad {gradient(node, self.known)}")
        return [row for row in rows if row]


def records(nodes: Sequence[Node], rankdir: str, grads: bool) -> Records:
    """Records for `nodes`, which end with the root; gradients are unknown while its own is 0."""
    root = nodes[-1]
    fill = fills(node.grad for node in nodes if role(node, root) != "constant")
    return Records(root, rankdir, grads, root.grad != 0.0, fill)
