"""A network as the neuron view and the layer view see it, wherever it was found."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import hypot, isfinite
from typing import NamedTuple, Protocol

from viz.caption import counted, line, number
from viz.graph import Node
from viz.symbols import Place


class Number(Protocol):
    """What views read of a weight or a weighted input."""

    @property
    def data(self) -> float: ...
    @property
    def grad(self) -> float: ...


@dataclass
class Neuron:
    """A neuron, or an input of layer 0, which has `a` alone.

    z, a: one node for each pass through the network. name: of an input, its label.
    """

    place: Place
    name: str = ""
    z: list[Number] = field(default_factory=list)
    a: list[Number] = field(default_factory=list)
    b: list[Number] = field(default_factory=list)

    @property
    def layer(self) -> int:
        return self.place[0]

    @property
    def is_linear(self) -> bool:
        """Whether a and z are the same."""
        return bool(self.a) and all(a is z for a, z in zip(self.a, self.z, strict=False))


class Weight(NamedTuple):
    """w_ij^l, from neuron `tail` = (l-1, i) to neuron `head` = (l, j)."""

    tail: Place
    head: Place
    value: Number


@dataclass
class Network:
    """Neurons and what connects them.

    neurons: by place, sorted. links: pairs of neurons that are connected otherwise than by weights.
    costs: the roots that are no neurons. read: the neurons that they read.
    has_deltas, has_slopes: whether the gradients of z and of w are numbers to show.
    activations: the name by layer, where it is known. share: the part of the values of a graph that
    belongs to neurons.
    """

    neurons: dict[Place, Neuron]
    weights: list[Weight]
    links: list[tuple[Place, Place]] = field(default_factory=list)
    costs: Sequence[Node] = ()
    read: list[Place] = field(default_factory=list)
    has_deltas: bool = False
    has_slopes: bool = False
    activations: dict[int, str] = field(default_factory=dict)
    share: float = 1.0

    @cached_property
    def layers(self) -> dict[int, list[Neuron]]:
        found: dict[int, list[Neuron]] = {}
        for neuron in self.neurons.values():
            found.setdefault(neuron.layer, []).append(neuron)
        return found

    @property
    def size(self) -> int:
        """The number of boxes and lines of the neuron view."""
        return sum(map(len, (self.neurons, self.weights, self.links, self.read)))

    def cost_lines(self) -> list[str]:
        return [f"{line(root.label) or 'cost'}  {number(root.data)}" for root in self.costs]

    @property
    def description(self) -> str:
        count = sum(neuron.layer > 0 for neuron in self.neurons.values())
        return f"network of {counted(count, 'neuron')}, {counted(len(self.weights), 'weight')}"

    def title(self, layer: int) -> list[str]:
        """The name of a layer, and of its activation if that is known."""
        name = self.activations.get(layer, "")
        return [f"layer {layer}" if layer else "input", *([name] if name else [])]


def data(numbers: Iterable[Number]) -> list[float]:
    return [x.data for x in numbers]


def grads(numbers: Iterable[Number]) -> list[float]:
    return [x.grad for x in numbers]


def span(numbers: Sequence[float]) -> str:
    """`0.5`, or `-1..0.5` where there are several."""
    ends = dict.fromkeys(map(number, (min(numbers), max(numbers))) if numbers else ())
    return "..".join(ends)


def norm(numbers: Sequence[float]) -> str:
    """The Euclidean norm."""
    return number(hypot(*numbers))


def is_finite(numbers: Iterable[float]) -> bool:
    return all(map(isfinite, numbers))


@dataclass(frozen=True)
class NetworkView:
    """What the views of `network` share; `roots` are those of its graph, if it was found in one."""

    network: Network
    roots: Sequence[Node] = ()
    rankdir: str = "LR"
    grads: bool = True

    @property
    def description(self) -> str:
        return self.network.description

    engine = "neato"
