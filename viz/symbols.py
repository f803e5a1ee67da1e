"""Labels that are symbols of the notation, read by their fields: letter, layer, indices."""

from collections.abc import Sequence

from viz.graph import Node

Place = tuple[int, ...]  # (layer, neuron), (layer,) or (); layer 0 is the input


def letter(node: Node) -> str:
    """`w`, `b`, `z`, `a`, ... of a symbol; empty for any other label."""
    return str(getattr(node.label, "letter", ""))


def places(nodes: Sequence[Node]) -> list[Place]:
    """Where in a network each node is; `nodes` are in topological order.

    A symbol says it itself. A node without a label is where all its consumers are.
    """
    found: list[Place] = []
    consumers: dict[int, Place] = {}
    for node in reversed(nodes):
        here = _own_place(node) if node.label else consumers.get(id(node), ())
        found.append(here)
        for operand in node.operands:
            others = consumers.setdefault(id(operand), here)
            consumers[id(operand)] = _shared(others, here)
    return found[::-1]


def _own_place(node: Node) -> Place:
    layer = getattr(node.label, "layer", None)
    if layer is None:
        return ()
    indices: tuple[int, ...] = getattr(node.label, "indices", ())
    return (layer, indices[-1]) if layer and indices else (layer,)


def _shared(one: Place, other: Place) -> Place:
    if one == other:
        return one
    return one[:1] if one[:1] == other[:1] else ()
