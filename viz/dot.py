"""Nodes -> DOT text: pure, ordered, quoted. The same graph always gives the same bytes.

Node `v3` is the fourth in topological order, edge `e3_5_0` leads from it to the first operand
of `v5`; these are `id`s in the SVG as well, like `layer1` and `layer1_neuron2`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from viz import clusters
from viz.edges import COLOUR, edges
from viz.escape import plain_label, statement
from viz.graph import Node
from viz.legend import legend
from viz.records import records
from viz.scene import Scene
from viz.symbols import places

Attributes = Callable[[Node], dict[str, str]]

GRAPH = {
    "bgcolor": "#ffffff",
    "fontcolor": "#555555",
    "fontname": "Courier",
    "fontsize": "9",
    "labeljust": "l",
    "labelloc": "b",
    "margin": "0.06,0.03",
    "newrank": "true",  # a path may leave a cluster and come back, as softmax does
    "nodesep": "0.12",
    "ranksep": "0.3",
}
NODE = {
    "fillcolor": "#ffffff",
    "fontcolor": "#1a1a1a",
    "fontname": "Courier",
    "fontsize": "10",
    "shape": "record",
    "style": "filled",
}
EDGE = {
    "arrowsize": "0.6",
    "color": COLOUR,
    "fontname": "Courier",
    "fontsize": "8",
    "labelfontname": "Courier",
    "labelfontsize": "8",
}


def body(nodes: Sequence[Node], rankdir: str = "LR", grads: bool = True) -> Iterator[str]:
    """The lines between the braces of `digraph { }`, one record per value.

    nodes: in topological order, the root last.
    rankdir: LR, from left to right, or TB, from top to bottom.
    grads: whether to show the gradients.
    """
    yield from scene_body(Scene(nodes, nodes[-1:], grads=grads), rankdir)


def scene_body(scene: Scene, rankdir: str = "LR") -> Iterator[str]:
    """As `body`, for any number of roots and for both halves of a graph of gradients."""
    yield statement("graph", GRAPH | {"rankdir": rankdir, "label": label_lines(legend(scene))})
    yield statement("node", NODE)
    yield statement("edge", EDGE)
    yield from scalar_statements(scene, rankdir, records(scene, rankdir).attributes)


def scalar_statements(scene: Scene, rankdir: str, attributes: Attributes) -> Iterator[str]:
    """The lines of nodes, clusters and edges.

    attributes: what is written in the box of a node, and how the box looks.
    """
    nodes = scene.nodes
    lines = [statement(f"v{k}", {"id": f"v{k}"} | attributes(n)) for k, n in enumerate(nodes)]
    where = places(nodes) if len(nodes) <= clusters.UP_TO else [()] * len(nodes)
    arrows = list(edges(scene, where))
    for arrow in arrows:
        lines[arrow.head] = arrow.waypoint() + lines[arrow.head]
    yield from clusters.clustered(lines, where, rankdir)
    for arrow in arrows:
        yield arrow.lines(rankdir)


def label_lines(lines: Iterable[str]) -> str:
    """Lines for the label of the whole picture, flush left."""
    return "".join(plain_label(line) + r"\l" for line in lines)
