"""The network in a graph: its labels are symbols, and say which neuron each value is part of."""

from collections.abc import Sequence
from operator import attrgetter

from viz.caption import line
from viz.connections import connections
from viz.graph import Node
from viz.network import Network, Neuron, Weight
from viz.scene import Scene
from viz.symbols import Place, indices, layer_of, letter, own_unit, units

PARAMETERS = "w", "b"
KINDS = *PARAMETERS, "z", "a", "x"
WAY_OUT = 'view="scalar" draws every value, view="text" needs no labels'

Labelled = Sequence[tuple[Node, str, Place]]  # the node, one of KINDS, and its neuron


class NoNetwork(ValueError):
    """The labels of a graph do not say which neuron each value is part of."""


def network_in(scene: Scene) -> Network:
    """The network whose quantities are labelled w, b, z and a in the graph of `scene`.

    Raises NoNetwork where there is none, or more than one.
    """
    where = units(scene.nodes)
    labelled = [
        (node, kind, place)
        for node, place in zip(scene.nodes, where, strict=True)
        if (kind := letter(node)) in KINDS
    ]
    _require_one_network(labelled, len(scene.nodes))
    neurons = _neurons(labelled)
    weights = [_weight(node, place) for node, kind, place in labelled if kind == "w"]
    _complete(neurons, weights, scene.nodes)
    parameters = {id(node) for node, kind, _ in labelled if kind in PARAMETERS}
    links, read = connections(scene.nodes, where, parameters)
    for tail, _ in links:
        neurons[tail].a = neurons[tail].a or neurons[tail].z  # a linear neuron: a is z
    known = any(scene.has_gradient(node) for node in scene.nodes)
    return Network(
        neurons=dict(sorted(neurons.items())),
        weights=sorted(weights, key=attrgetter("head", "tail")),
        links=sorted(links.difference((weight.tail, weight.head) for weight in weights)),
        costs=[root for root in scene.roots if len(own_unit(root)) < 2],
        read=sorted(read),
        has_deltas=known,
        has_slopes=known,
        activations=_activations(labelled),
        share=sum(len(place) == 2 for place in where) / len(where),
    )


def _require_one_network(labelled: Labelled, size: int) -> None:
    if not any(kind in ("z", "a") and place[0] for _, kind, place in labelled):
        raise NoNetwork(
            f"none of the {size:,} values has a label that says its neuron, as those of an MLP do:"
            f' {WAY_OUT}, and z.label = Symbol("z", 1, (2,)) makes z the weighted input of neuron 2'
            " in layer 1"
        )
    seen: set[str] = set()
    for node, kind, _ in labelled:
        if kind in PARAMETERS or (kind == "z" and layer_of(node) is None):
            name = str(node.label)
            if name in seen:
                why = "its label has no layer" if layer_of(node) is None else "two networks in one"
                raise NoNetwork(f"{line(name)} is the name of two values, {why}: {WAY_OUT}")
            seen.add(name)


def _neurons(labelled: Labelled) -> dict[Place, Neuron]:
    neurons: dict[Place, Neuron] = {}
    for node, kind, place in labelled:
        if kind != "w":
            neuron = neurons.setdefault(place, Neuron(place))
            {"z": neuron.z, "b": neuron.b}.get(kind, neuron.a).append(node)
            if place[0] == 0:
                neuron.name = str(node.label)
    return neurons


def _weight(node: Node, head: Place) -> Weight:
    numbers = indices(node)
    return Weight((head[0] - 1, numbers[0] if numbers else 1), head, node)


def _complete(neurons: dict[Place, Neuron], weights: list[Weight], nodes: Sequence[Node]) -> None:
    """Add the neurons and inputs that have weights alone; what is multiplied by w is such an a."""
    missing = {id(weight.value): weight.tail for weight in weights if weight.tail not in neurons}
    ends = {place for weight in weights for place in (weight.tail, weight.head)}
    neurons.update({place: Neuron(place) for place in ends - neurons.keys()})
    for node in nodes if missing else ():
        for k, operand in enumerate(node.operands):
            factor = _factor(node, k) if id(operand) in missing else None
            if factor is not None:
                neuron = neurons[missing[id(operand)]]
                neuron.name = str(factor.label)
                if not any(a is factor for a in neuron.a):
                    neuron.a.append(factor)


def _factor(node: Node, k: int) -> Node | None:
    """What operand `k` of a product or a weighted sum is multiplied by."""
    name = "" if node.op is None else node.op.name
    if name == "*":
        return node.operands[1 - k]
    half = len(node.operands) // 2
    return node.operands[k + half] if name == "weighted_sum" and k < half else None


def _activations(labelled: Labelled) -> dict[int, str]:
    """The name of a(z) by layer, where all its neurons apply the same operation to their z."""
    names: dict[int, set[str]] = {}
    for node, kind, place in labelled:
        if kind == "a" and node.op is not None:
            is_of_z = [letter(z) == "z" and own_unit(z) == place for z in node.operands] == [True]
            names.setdefault(place[0], set()).add(line(node.op.name) if is_of_z else "")
    return {layer: name for layer, found in names.items() for name in found if len(found) == 1}
