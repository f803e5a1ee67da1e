"""The network of a module with `layers` of `neurons`, such as an MLP: its latest forward pass."""

from collections.abc import Callable, Sequence
from typing import Any, TypeGuard

from viz.caption import line
from viz.network import Network, Neuron, Number, Weight


class Module:
    """What is read of a module; for the type checker alone."""

    layers: Sequence[Any]


def is_module(thing: object) -> TypeGuard[Module]:
    """Whether `thing` is a network: it has layers, and they have neurons with w and b."""
    layers = getattr(thing, "layers", None)
    return (
        not isinstance(thing, type)
        and isinstance(layers, Sequence)
        and bool(layers)
        and all(_is_layer(layer) for layer in layers)
    )


def network_of(net: Module) -> Network:
    """The weights of `net`, and what its latest forward and backward pass left in it.

    Before the first pass, and in modules that do not keep z and a, there are weights alone.
    """
    weights = [
        Weight((l - 1, i), (l, j), w)
        for l, layer in enumerate(net.layers, 1)
        for j, neuron in enumerate(layer.neurons, 1)
        for i, w in enumerate(neuron.w, 1)
    ]
    neurons = [*_inputs(net), *_neurons(net)]
    return Network(
        neurons={neuron.place: neuron for neuron in neurons},
        weights=weights,
        has_deltas=any(z.grad != 0.0 for neuron in neurons for z in neuron.z),
        has_slopes=any(weight.value.grad != 0.0 for weight in weights),
        activations={l: _activation(layer) for l, layer in enumerate(net.layers, 1)},
    )


def _is_layer(layer: object) -> bool:
    neurons = getattr(layer, "neurons", None)
    return isinstance(neurons, Sequence) and all(
        hasattr(neuron, "w") and hasattr(neuron, "b") for neuron in neurons
    )


def _inputs(net: Module) -> list[Neuron]:
    latest: Callable[[], list[Any]] | None = getattr(net, "latest_inputs", None)
    values = latest() if latest is not None else []
    count = len(values) or len(net.layers[0].neurons[0].w)
    inputs = [Neuron((0, i)) for i in range(1, count + 1)]
    for neuron, value in zip(inputs, values, strict=False):
        neuron.name, neuron.a = str(value.label), [value]
    return inputs


def _neurons(net: Module) -> list[Neuron]:
    return [
        Neuron((l, j), z=_kept(neuron, "z"), a=_kept(neuron, "a"), b=[neuron.b])
        for l, layer in enumerate(net.layers, 1)
        for j, neuron in enumerate(layer.neurons, 1)
    ]


def _kept(neuron: object, name: str) -> list[Number]:
    value: Number | None = getattr(neuron, name, None)
    return [] if value is None else [value]


def _activation(layer: object) -> str:
    activation = getattr(layer, "activation", "")
    return line(activation if isinstance(activation, str) else str(getattr(activation, "name", "")))
