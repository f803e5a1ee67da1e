"""PyTorch's names and orientation: an MLP as nn.Sequential(Linear, Tanh, Linear, Sigmoid) has it.

Its tensors are 0.weight (n_out, n_in), 0.bias (n_out,), 2.weight and so on. A linear activation
takes no module, so that the next Linear has the next number.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from reprlib import repr as short

import numpy as np

from micrograd_bp.activations import known_name
from micrograd_bp.data import Array
from micrograd_bp.nn import MLP

Tensors = Mapping[str, Array]

TRANSPOSED = "nielsen"  # the convention whose weights are (n_out, n_in), as PyTorch's


def activation_names(net: MLP) -> list[str]:
    """The name of each layer's activation.

    Raises ValueError for a Primitive that has no name here; TypeError for what is no MLP.
    """
    if not isinstance(net, MLP):
        raise TypeError(f"PyTorch's layout is that of an MLP, got {short(net)}")
    return [known_name(layer.activation, l) for l, layer in enumerate(net.layers, 1)]


def linear_numbers(activations: Sequence[str]) -> list[int]:
    """The number of each layer's Linear in the Sequential."""
    modules = [1 if name == "linear" else 2 for name in activations]
    return list(accumulate(modules[:-1], initial=0))


def tensor_shapes(sizes: Sequence[int], activations: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Name to shape, for every tensor."""
    shapes: dict[str, tuple[int, ...]] = {}
    for k, (n_in, n_out) in zip(linear_numbers(activations), pairwise(sizes), strict=True):
        shapes |= {f"{k}.weight": (n_out, n_in), f"{k}.bias": (n_out,)}
    return shapes


def to_tensors(net: MLP) -> dict[str, Array]:
    """Name to array, float64 and contiguous.

    Raises ValueError for a number that is not finite, and as `activation_names`.
    """
    tensors: dict[str, Array] = {}
    weights, biases = net.arrays(TRANSPOSED)
    for k, w, b in zip(linear_numbers(activation_names(net)), weights, biases, strict=True):
        tensors |= {f"{k}.weight": w, f"{k}.bias": b.reshape(-1)}
    for name, tensor in tensors.items():
        refuse_infinite(tensor, name)
    return tensors


def from_tensors(tensors: Tensors, sizes: Sequence[int], activations: Sequence[str]) -> MLP:
    """The MLP of these tensors; it is built when all of them are found to fit.

    Raises ValueError for tensors that are missing, unexpected, of another shape or not finite.
    """
    shapes = tensor_shapes(sizes, activations)
    missing = [name for name in shapes if name not in tensors]
    unexpected = [name for name in tensors if name not in shapes]
    if missing or unexpected:
        raise ValueError(
            f"the tensors are not those of an MLP {short(list(sizes))} with {short(activations)}:"
            f" missing {short(missing)}, unexpected {short(unexpected)}"
        )
    for name, shape in shapes.items():
        if tensors[name].shape != shape:
            raise ValueError(f"{name} needs shape {short(shape)}, got {tensors[name].shape}")
        refuse_infinite(tensors[name], name)
    # Seeded, because first weights that are overwritten should not move the module `random`.
    net = MLP(sizes[0], sizes[1:], activation=activations, rng=0)
    weights = [tensors[name] for name in shapes if name.endswith("weight")]
    biases = [tensors[name] for name in shapes if name.endswith("bias")]
    net.load_arrays(weights, biases, TRANSPOSED)
    return net


def refuse_infinite(tensor: Array, name: str) -> None:
    wrong = np.argwhere(~np.isfinite(tensor))
    if len(wrong):
        at = wrong[0].tolist()
        raise ValueError(f"{name}{at} is {tensor[tuple(at)]}, not a finite number")
