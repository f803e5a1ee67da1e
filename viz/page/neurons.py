"""Which nodes make up a neuron, so that the page can state BP1 to BP4 there.

A neuron is a node whose label is the symbol z. Its weights, bias and inputs are the symbols that it
depends on through nodes without a symbol, so hand-written sums count as much as `weighted_sum`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from viz.page.snapshot import Snapshot
from viz.symbols import letter

Consumers = dict[int, list[tuple[int, int]]]  # node -> (consumer, which operand of it)


def neurons(nodes: Sequence[Snapshot]) -> list[dict[str, Any]]:
    """For each z: positions of its biases and (weight, input) pairs, and what it `moves`.

    `moves` has pairs (a_j, da_j/dz_i); it is empty where nothing is applied to z. BP1 and BP2 hold
    unless the neuron `isCoupled`: z_i moves another a_j, or another z_j moves a_i.
    """
    position = {id(node): k for k, node in enumerate(nodes)}
    consumers = _consumers(nodes, position)
    found = [
        _neuron(nodes, k, position, consumers)
        for k, node in enumerate(nodes)
        if letter(node) == "z"
    ]
    movers = Counter(a for neuron in found for a, _ in neuron["moves"])
    for neuron in found:
        place = _place(nodes[neuron["z"]])
        moved = [a for a, _ in neuron["moves"]]
        neuron["isCoupled"] = any(movers[a] > 1 or _place(nodes[a]) != place for a in moved)
    return found


def _consumers(nodes: Sequence[Snapshot], position: dict[int, int]) -> Consumers:
    found: Consumers = {k: [] for k in range(len(nodes))}
    for head, node in enumerate(nodes):
        for slot, operand in enumerate(node.operands):
            found[position[id(operand)]].append((head, slot))
    return found


def _neuron(
    nodes: Sequence[Snapshot], z: int, position: dict[int, int], consumers: Consumers
) -> dict[str, Any]:
    layer, indices = _place(nodes[z])
    pairs, biases = _inputs(nodes[z])
    return {
        "z": z,
        "layer": layer,
        "neuron": indices[-1] if indices else None,
        "inputs": [[position[id(w)], position[id(a)]] for w, a in pairs],
        "biases": [position[id(b)] for b in biases],
        "moves": _applied(nodes, z, consumers) or list(_moved(nodes, z, position)),
    }


def _inputs(z: Snapshot) -> tuple[list[tuple[Snapshot, Snapshot]], list[Snapshot]]:
    """(weight, input) pairs and biases of z, from left to right."""
    pairs, biases = [], []
    pending = [z]
    while pending:
        node = pending.pop()
        for slot, operand in enumerate(node.operands):
            if letter(operand) == "w" and (partner := _partner(node, slot)) is not None:
                pairs.append((operand, partner))
            elif letter(operand) == "b":
                biases.append(operand)
        pending += [x for x in reversed(node.operands) if x.operands and not letter(x)]
    return pairs, biases


def _partner(node: Snapshot, slot: int) -> Snapshot | None:
    """What operand `slot` of a product or a weighted sum is multiplied by."""
    name = node.op.name if node.op else ""
    if name == "*":
        return node.operands[1 - slot]
    count = len(node.operands) // 2
    return node.operands[slot + count] if name == "weighted_sum" and slot < count else None


def _applied(nodes: Sequence[Snapshot], z: int, consumers: Consumers) -> list[tuple[int, float]]:
    """What `_moved` finds, in the usual case: a(z) is the only consumer of z."""
    if len(consumers[z]) != 1:
        return []
    head, slot = consumers[z][0]
    is_own = letter(nodes[head]) == "a" and _place(nodes[head]) == _place(nodes[z])
    return [(head, nodes[head].local_derivatives[slot])] if is_own else []


def _moved(
    nodes: Sequence[Snapshot], z: int, position: dict[int, int]
) -> Iterator[tuple[int, float]]:
    """(a_j, da_j/dz) for the activations of z's layer: a forward sweep that ends at them."""
    slopes = {z: 1.0}
    for k in range(z + 1, len(nodes)):
        node = nodes[k]
        terms = [
            slopes[position[id(operand)]] * derivative
            for operand, derivative in zip(node.operands, node.local_derivatives, strict=True)
            if position[id(operand)] in slopes
        ]
        if not terms:
            continue
        if letter(node) == "a" and _place(node)[0] == _place(nodes[z])[0]:
            yield k, _sum(terms)
        else:
            slopes[k] = _sum(terms)


def _sum(terms: Sequence[float]) -> float:
    """The sum from left to right; that of `sum()` is rounded differently from Python 3.12 on."""
    total = 0.0
    for term in terms:
        total += term
    return total


def _place(node: Snapshot) -> tuple[int | None, tuple[int, ...]]:
    return getattr(node.label, "layer", None), getattr(node.label, "indices", ())
