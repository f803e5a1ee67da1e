"""Neuron, Layer, MLP: networks of scalars, every quantity of the notation at hand."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from operator import index
from typing import Any, TypeVar, cast

import numpy as np

from micrograd_bp.activations import (
    COUPLED,
    Activation,
    default_activation,
    elementwise,
    is_coupled,
    name_of,
)
from micrograd_bp.border import as_inputs, position, size
from micrograd_bp.engine import Value
from micrograd_bp.initial import Rng, as_rng, first_weights
from micrograd_bp.notation import Symbol
from micrograd_bp.orientation import Arrays, read, written
from micrograd_bp.primitives import as_real, weighted_sum

T = TypeVar("T")


class Module:
    """What Neuron, Layer and MLP share: parameters, each with a name.

    A module of one's own overrides `parameters()`, as in micrograd.
    """

    def neurons_in_order(self) -> Iterator["Neuron"]:
        yield from ()

    def parameters(self) -> list[Value]:
        """Layer by layer, neuron by neuron: w_1j^l, w_2j^l, ..., b_j^l."""
        return [p for neuron in self.neurons_in_order() for p in (*neuron.w, neuron.b)]

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Pairs like ("w_1,2^1", Value), in the order of `parameters()`."""
        parameters = self.parameters()
        names = [name.ascii for neuron in self.neurons_in_order() for name in neuron.names]
        return zip(names or [f"p_{k + 1}" for k in range(len(parameters))], parameters, strict=True)

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def state_dict(self) -> dict[str, float]:
        """Name to number, for every parameter."""
        return {name: parameter.data for name, parameter in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Take the numbers of `state_dict()`; nothing is assigned unless all of it fits."""
        parameters = dict(self.named_parameters())
        missing = [name for name in parameters if name not in state]
        unexpected = [name for name in state if name not in parameters]
        if missing or unexpected:
            raise ValueError(
                f"the state does not fit {self!r}: missing {missing}, unexpected {unexpected}"
            )
        numbers = {name: as_real(state[name], f"parameter {name}") for name in parameters}
        for name, parameter in parameters.items():
            parameter.data = numbers[name]


class Neuron(Module):
    """z = sum_i w_i a_i + b, a = activation(z).

    nin: number of inputs.
    nonlin: relu if true, else linear, unless `activation` (a name or a Primitive) says otherwise.
    rng: None draws from `random` in micrograd's order; an int seeds; or a random.Random, or a
        numpy.random.Generator.
    init: "uniform" on (-1, 1), or "scaled": normal with standard deviation 1/sqrt(nin). b = 0.
    """

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        activation: Activation | None = None,
        rng: Rng = None,
        init: str = "uniform",
    ) -> None:
        self.activation = default_activation(nonlin) if activation is None else activation
        if is_coupled(self.activation):
            raise ValueError(f"{self.activation} takes a whole layer: use Layer(nin, nout, ...)")
        self._activation = elementwise(self.activation)
        self.w = [Value(w_i) for w_i in first_weights(size(nin, "nin"), rng, init)]
        self.b = Value(0.0)
        self.z: Value | None = None
        self.a: Value | None = None
        self.place(None, ())

    @property
    def nonlin(self) -> bool:
        return self._activation is not None

    def place(self, layer: int | None, j: tuple[int, ...]) -> None:
        """Name w, b, z and a as neuron j of a layer."""
        self.names = [Symbol("w", layer, (i, *j)) for i in range(1, len(self.w) + 1)]
        self.names.append(Symbol("b", layer, j))
        self._z_name, self._a_name = Symbol("z", layer, j), Symbol("a", layer, j)
        for name, parameter in zip(self.names, self.parameters(), strict=True):
            parameter.label = name

    def neurons_in_order(self) -> Iterator["Neuron"]:
        yield self

    def weighted_input(self, a: Sequence[Value]) -> Value:
        """z of this neuron, remembered; `a` are the Values of the layer before."""
        self.z = cast(Value, weighted_sum(self.w, a, self.b))
        self.z.label = self._z_name
        return self.z

    def activate(self, z: Any) -> Any:
        """a(z), of a Value or an array; with `linear`, z itself."""
        return z if self._activation is None else self._activation(z)

    def remember(self, a: Value) -> Value:
        """Keep `a` as the latest activation, under its symbol."""
        if a is not self.z:
            a.label = self._a_name
        self.a = a
        return a

    def __call__(self, x: Iterable[Value | float]) -> Value:
        a = as_inputs(x, len(self.w), None, "x", repr(self))
        return self.remember(self.activate(self.weighted_input(a)))

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"z": None, "a": None}

    def __repr__(self) -> str:
        return f"Neuron({len(self.w)}, activation={name_of(self.activation)!r})"


class Layer(Module):
    """`nout` neurons that read the same `nin` inputs; called on them, it gives the list of their a.

    The arguments are those of Neuron; `activation` may be "softmax" as well.
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        nonlin: bool = True,
        activation: Activation | None = None,
        rng: Rng = None,
        init: str = "uniform",
    ) -> None:
        self.activation = default_activation(nonlin) if activation is None else activation
        rng = as_rng(rng)
        single = "linear" if is_coupled(self.activation) else self.activation
        self.neurons = [
            Neuron(nin, activation=single, rng=rng, init=init) for _ in range(size(nout, "nout"))
        ]
        self.place(None)

    def place(self, layer: int | None) -> None:
        """Name every quantity as of this layer."""
        for j, neuron in enumerate(self.neurons, 1):
            neuron.place(layer, (j,))

    @property
    def nin(self) -> int:
        return len(self.neurons[0].w)

    def neurons_in_order(self) -> Iterator[Neuron]:
        yield from self.neurons

    def activate(self, z: Sequence[Any]) -> list[Any]:
        """The activations a_j of the weighted inputs z_j, each a Value or an array."""
        if isinstance(self.activation, str) and is_coupled(self.activation):
            return COUPLED[self.activation](z)
        return [neuron.activate(z_j) for neuron, z_j in zip(self.neurons, z, strict=True)]

    def forward(self, a: Sequence[Value]) -> list[Value]:
        z = [neuron.weighted_input(a) for neuron in self.neurons]
        return [
            neuron.remember(a_j) for neuron, a_j in zip(self.neurons, self.activate(z), strict=True)
        ]

    def __call__(self, x: Iterable[Value | float]) -> list[Value]:
        return self.forward(as_inputs(x, self.nin, None, "x", repr(self)))

    def __repr__(self) -> str:
        return f"Layer({self.nin}, {len(self.neurons)}, activation={name_of(self.activation)!r})"


class MLP(Module):
    """A multi-layer perceptron; called on one example, it gives the list of its outputs a^L.

    With a single output neuron it gives the bare Value. The accessors `weight bias z a` give Values
    and `delta` a float, all of the latest forward pass; layers and neurons count from 1.

    nin: number of inputs; nouts: number of neurons of each layer.
    activation: a name or Primitive for all layers but the last, which has `output`; or a list with
        one for each layer. Names: tanh sigmoid relu leaky_relu softplus linear softmax.
    rng, init: as for Neuron.
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: Activation | Sequence[Activation] = "relu",
        output: Activation = "linear",
        rng: Rng = None,
        init: str = "uniform",
    ) -> None:
        if not isinstance(nouts, Iterable) or not (nouts := [index(n) for n in nouts]):
            raise ValueError(f"nouts lists the sizes of the layers, e.g. [4, 1]; got {nouts!r}")
        if isinstance(activation, Activation):
            activation = [activation] * (len(nouts) - 1) + [output]
        if not isinstance(activation, Sequence):
            raise TypeError(f"activation is a name, a Primitive or a list, got {activation!r}")
        if len(activation) != len(nouts):
            raise ValueError(f"{len(nouts)} layers, but {len(activation)} activations {activation}")
        rng = as_rng(rng)
        self.layers = [
            Layer(n_in, n_out, activation=name, rng=rng, init=init)
            for (n_in, n_out), name in zip(pairwise([nin, *nouts]), activation, strict=True)
        ]
        for l, layer in enumerate(self.layers, 1):
            layer.place(l)
        self._inputs: list[Value] | None = None

    @property
    def sizes(self) -> list[int]:
        """Neurons per layer, the input first."""
        return [self.layers[0].nin, *(len(layer.neurons) for layer in self.layers)]

    def neurons_in_order(self) -> Iterator[Neuron]:
        for layer in self.layers:
            yield from layer.neurons

    def __call__(self, x: Iterable[Value | float]) -> Any:
        a = self._inputs = as_inputs(x, self.layers[0].nin, 0, "a", repr(self))
        for layer in self.layers:
            a = layer.forward(a)
        return a[0] if len(a) == 1 else a

    def latest_inputs(self) -> list[Value]:
        """a^0 of the latest forward pass, before the first one an empty list."""
        return list(self._inputs or [])

    # The notation.

    def weight(self, l: int, i: int, j: int) -> Value:
        """w_ij^l, from neuron i of layer l-1 to neuron j of layer l."""
        w = self._neuron(l, j).w
        return w[position(i, len(w), f"neuron i of layer {l - 1}")]

    def bias(self, l: int, j: int) -> Value:
        """b_j^l."""
        return self._neuron(l, j).b

    def z(self, l: int, j: int) -> Value:
        """z_j^l, the weighted input of neuron j in layer l."""
        return _passed(self._neuron(l, j).z)

    def a(self, l: int, j: int) -> Value:
        """a_j^l, the activation of neuron j in layer l; a_i^0 is the input x_i."""
        if not 0 <= index(l) <= len(self.layers):
            raise IndexError(f"layer: {l} is outside 0..{len(self.layers)}")
        if l == 0:
            inputs = _passed(self._inputs)
            return inputs[position(j, len(inputs), "input")]
        return _passed(self._neuron(l, j).a)

    def delta(self, l: int, j: int) -> float:
        """delta_j^l = dC_x/dz_j^l, the error that `backward()` left at neuron j of layer l."""
        return self.z(l, j).grad

    def _neuron(self, l: int, j: int) -> Neuron:
        neurons = self.layers[position(l, len(self.layers), "layer")].neurons
        return neurons[position(j, len(neurons), f"neuron of layer {l}")]

    def arrays(self, convention: str = "post") -> tuple[Arrays, Arrays]:
        """(weights, biases), one array a layer: "post" w (n_in, n_out), b (n_out,); "nielsen" w
        (n_out, n_in), b (n_out, 1)."""
        weights = [
            np.array([[w.data for w in neuron.w] for neuron in layer.neurons]).T.copy()
            for layer in self.layers
        ]
        biases = [np.array([neuron.b.data for neuron in layer.neurons]) for layer in self.layers]
        return written(weights, biases, convention)

    def load_arrays(
        self, weights: Sequence[Any], biases: Sequence[Any], convention: str = "post"
    ) -> None:
        """Take arrays of `arrays(convention)`; nothing is assigned unless all shapes fit."""
        ws, bs = read(weights, biases, self.sizes, convention)
        for layer, w, b in zip(self.layers, ws, bs, strict=True):
            for j, neuron in enumerate(layer.neurons):
                neuron.b.data = float(b[j])
                for i, w_ij in enumerate(neuron.w):
                    w_ij.data = float(w[i, j])

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_inputs": None}

    def __repr__(self) -> str:
        names = [name_of(layer.activation) for layer in self.layers]
        return f"MLP({self.sizes[0]}, {self.sizes[1:]}, activation={names})"

    def __str__(self) -> str:
        lines = [f"MLP {'-'.join(map(str, self.sizes))}: {len(self.parameters()):,} parameters"]
        for l, layer in enumerate(self.layers, 1):
            n_in, n_out = layer.nin, len(layer.neurons)
            count = n_out * (n_in + 1)
            lines.append(f"  layer {l}: {n_in} -> {n_out} {name_of(layer.activation)}, {count:,}")
        return "\n".join(lines)


def _passed(remembered: T | None) -> T:
    if remembered is None:
        raise RuntimeError("there was no forward pass yet: call net(x) first")
    return remembered
