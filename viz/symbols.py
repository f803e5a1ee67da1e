"""Labels that are symbols of the notation, read by their fields: letter, layer, indices."""

from collections.abc import Callable, Sequence

from viz.graph import Node

Place = tuple[int, ...]  # (layer, neuron), (layer,) or (); layer 0 is the input


def letter(node: Node) -> str:
    """`w`, `b`, `z`, `a`, ... of a symbol; empty for any other label."""
    return str(getattr(node.label, "letter", ""))


def layer_of(node: Node) -> int | None:
    layer: int | None = getattr(node.label, "layer", None)
    return layer


def indices(node: Node) -> tuple[int, ...]:
    found: tuple[int, ...] = getattr(node.label, "indices", ())
    return found


def places(nodes: Sequence[Node]) -> list[Place]:
    """Where in a network each node is; `nodes` are in topological order.

    A symbol says it itself. A node without a label is where all its consumers are.
    """
    return _located(nodes, _own_place)


def units(nodes: Sequence[Node]) -> list[Place]:
    """The neuron or input (layer, index) that each node is part of; shorter for other nodes.

    As `places`, but each input stands by itself, and what has no layer is in layer 1.
    """
    return _located(nodes, own_unit)


def _located(nodes: Sequence[Node], own: Callable[[Node], Place]) -> list[Place]:
    found: list[Place] = []
    consumers: dict[int, Place] = {}
    for node in reversed(nodes):
        here = own(node) if node.label else consumers.get(id(node), ())
        found.append(here)
        for operand in node.operands:
            if not operand.label:
                others = consumers.setdefault(id(operand), here)
                consumers[id(operand)] = _shared(others, here)
    return found[::-1]


def _own_place(node: Node) -> Place:
    layer = layer_of(node)
    if layer is None:
        return ()
    return (layer, indices(node)[-1]) if layer and indices(node) else (layer,)


def own_unit(node: Node) -> Place:
    """(layer, index) of the symbols w, b, z, a and x; nothing for other labels."""
    name, layer, numbers = letter(node), layer_of(node), indices(node)
    if name == "x":
        return 0, *(numbers or (1,))[-1:]
    if name not in ("w", "b", "z", "a"):
        return ()
    if name == "w":
        numbers = numbers[1:]
    return 1 if layer is None else layer, *(numbers or (1,))[-1:]


def _shared(one: Place, other: Place) -> Place:
    if one == other:
        return one
    return one[:1] if one[:1] == other[:1] else ()
