"""One edge per occurrence of an operand, with its local derivative."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from viz.caption import local_derivative
from viz.escape import statement
from viz.graph import Node
from viz.scene import Scene
from viz.style import BACKWARD
from viz.symbols import Place

LABELS_UP_TO = 110  # values; above, labels sit at the heads of the edges, where they take no room
HEAD_LABELS_UP_TO = 1_000

COLOUR = "#555555"
WAYPOINT = {
    "class": "waypoint",
    "color": COLOUR,
    "fixedsize": "true",
    "height": "0",
    "label": "",
    "margin": "0",
    "penwidth": "0.8",
    "shape": "box",
    "width": "0.01",
}
SIDES = {"LR": ("w", "e"), "TB": ("n", "s")}  # where an edge reaches a waypoint and leaves it


@dataclass(frozen=True)
class Edge:
    """From node `tail` to node `head`, whose operand number `k` it is; positions in the order.

    An edge that enters a cluster has a waypoint inside. Graphviz would lead it around all that
    stands in front of `head` there, were it not for this point.
    """

    tail: int
    head: int
    k: int
    look: dict[str, str]
    enters: bool

    @property
    def name(self) -> str:
        return f"e{self.tail}_{self.head}_{self.k}"

    def waypoint(self) -> str:
        """The DOT line of the waypoint, if there is one."""
        return statement(self.name, WAYPOINT) if self.enters else ""

    def lines(self, rankdir: str) -> str:
        """The DOT line of the edge, or the two lines of its halves."""
        look = {"id": self.name} | self.look
        if not self.enters:
            return statement(f"v{self.tail} -> v{self.head}", look)
        reached, left = SIDES[rankdir]
        plain = {key: text for key, text in look.items() if "label" not in key}
        half = plain | {"id": f"{self.name}_in", "arrowhead": "none", "headport": reached}
        whole = look | {"tailport": left}
        return "".join(
            [
                statement(f"v{self.tail} -> {self.name}", half),
                statement(f"{self.name} -> v{self.head}", whole),
            ]
        )


def edges(scene: Scene, places: Sequence[Place]) -> Iterator[Edge]:
    """The edges into each node of `scene`, operands from left to right."""
    nodes = scene.nodes
    position = {id(node): k for k, node in enumerate(nodes)}
    caption = _caption(len(nodes))
    for head, node in enumerate(nodes):
        tails = [position[id(operand)] for operand in node.operands]
        is_behind_leaves = any(_is_beside(nodes, places, tail, head) for tail in tails)
        colour = BACKWARD if scene.is_backward(node) else {}
        for k, tail in enumerate(tails):
            enters = is_behind_leaves and places[tail] != places[head]
            yield Edge(tail, head, k, colour | _look(scene, node, k, caption), enters)


def _is_beside(nodes: Sequence[Node], places: Sequence[Place], tail: int, head: int) -> bool:
    """Whether `tail` is a leaf, such as a weight, in the cluster of the neuron of `head`."""
    return not nodes[tail].operands and len(places[head]) == 2 and places[tail] == places[head]


def _look(scene: Scene, node: Node, k: int, caption: str) -> dict[str, str]:
    if scene.is_fixed(node.operands[k]):
        return {"class": "constant", "color": "#aaaaaa"}
    look = {"class": "positive"}
    if node.local_derivatives[k] < 0.0:
        look = {"class": "negative", "style": "dashed"}
    text = local_derivative(node, k)
    return look | {caption: text} if caption and text else look


def _caption(size: int) -> str:
    """The attribute that carries the local derivatives in a graph of this size."""
    if size <= LABELS_UP_TO:
        return "label"
    return "headlabel" if size <= HEAD_LABELS_UP_TO else ""
