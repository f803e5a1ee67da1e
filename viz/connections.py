"""What connects the neurons of a graph besides their weights, and what the cost reads."""

from collections.abc import Sequence, Set

from viz.graph import Node
from viz.symbols import Place


def connections(
    nodes: Sequence[Node], where: Sequence[Place], parameters: Set[int]
) -> tuple[set[tuple[Place, Place]], set[Place]]:
    """The pairs of neurons of which the second reads the first, and the neurons that a cost reads.

    Neurons of one layer that an activation couples, as softmax does, are no pairs. A cost is what
    no neuron depends on.

    nodes: in topological order. where: the neuron (layer, index) of each, something shorter for
    others. parameters: the ids of weights and biases.
    """
    place_of = {id(node): place for node, place in zip(nodes, where, strict=True)}
    before = _leading_to_neurons(nodes, where)
    links: set[tuple[Place, Place]] = set()
    read: set[Place] = set()
    for node, head in zip(nodes, where, strict=True):
        for operand in node.operands:
            tail = place_of[id(operand)]
            if len(tail) < 2 or id(operand) in parameters:
                continue
            if len(head) == 2 and tail[0] != head[0]:
                links.add((tail, head))
            elif len(head) < 2 and id(node) not in before:
                read.add(tail)
    return links, read


def _leading_to_neurons(nodes: Sequence[Node], where: Sequence[Place]) -> set[int]:
    """The ids of the nodes that are part of a neuron, or that one depends on."""
    found: set[int] = set()
    for node, place in zip(reversed(nodes), reversed(where), strict=True):
        if len(place) == 2 or id(node) in found:
            found.add(id(node))
            found.update(map(id, node.operands))
    return found
