"""Nodes -> DOT text: pure, ordered, quoted. The same graph always gives the same bytes.

Node `v3` is the fourth in topological order, edge `e3_5_0` leads from it to the first operand
of `v5`; these are `id`s in the SVG as well, like `layer1` and `layer1_neuron2`.
"""

from collections.abc import Iterator, Sequence

from viz import clusters
from viz.edges import COLOUR, edges
from viz.escape import plain_label, statement
from viz.graph import Node
from viz.legend import legend
from viz.records import records
from viz.symbols import places

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
    """The lines between the braces of `digraph { }`.

    nodes: in topological order, the root last.
    rankdir: LR, from left to right, or TB, from top to bottom.
    grads: whether to show the gradients.
    """
    label = "".join(plain_label(line) + r"\l" for line in legend(nodes, grads))
    yield statement("graph", GRAPH | {"rankdir": rankdir, "label": label})
    yield statement("node", NODE)
    yield statement("edge", EDGE)
    drawn = records(nodes, rankdir, grads)
    lines = [statement(f"v{k}", {"id": f"v{k}"} | drawn.attributes(n)) for k, n in enumerate(nodes)]
    where = places(nodes) if len(nodes) <= clusters.UP_TO else [()] * len(nodes)
    arrows = list(edges(nodes, where))
    for arrow in arrows:
        lines[arrow.head] = arrow.waypoint() + lines[arrow.head]
    yield from clusters.clustered(lines, where, rankdir)
    for arrow in arrows:
        yield arrow.lines(rankdir)
