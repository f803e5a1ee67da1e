"""save and load: a network in a file, which is checked whole before anything is made of it."""

from collections.abc import Mapping
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from micrograd_bp.activations import NAMES, known_name
from micrograd_bp.archive import Array, read_archive, write_archive
from micrograd_bp.files import CheckpointError
from micrograd_bp.nn import MLP
from micrograd_bp.tensors import read_safetensors, write_safetensors

FORMAT, VERSION = "micrograd_bp", 1
SUFFIXES = ".npz", ".safetensors"


def save(net: MLP, path: str | PathLike[str]) -> str:
    """Write the network to `path`, at once or not at all; returns the path.

    path: .npz, our own format, which numpy.load reads too; .safetensors with PyTorch's names and
        orientation.

    Raises TypeError for what is no MLP, ValueError for another suffix and for an activation that
    has no name, FileNotFoundError if the folder does not exist.
    """
    suffix = suffix_of(path)
    require_mlp(net)
    if suffix == ".safetensors":
        write_safetensors(net, path)
    else:
        write_archive(path, {**HEAD, "network": described(net)}, arrays_of(net))
    return str(path)


def load(path: str | PathLike[str]) -> MLP:
    """The network in a file of `save`, or in a checkpoint of `train`.

    Nothing in the file is executed. Raises CheckpointError, a ValueError, for any file that is not
    whole and right; ValueError for another suffix; FileNotFoundError if there is none.
    """
    if suffix_of(path) == ".safetensors":
        return read_safetensors(path)
    meta, arrays = read_archive(path)
    require_format(meta, path)
    return network_of(meta.get("network"), arrays, path)


HEAD = {"format": FORMAT, "version": VERSION}


def suffix_of(path: str | PathLike[str]) -> str:
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"a network is saved as {' or '.join(SUFFIXES)}, not as {str(path)!r}")
    return suffix


def require_mlp(net: Any) -> None:
    if not isinstance(net, MLP):
        raise TypeError(
            f"save() takes an MLP, got {type(net).__name__}: of another module, keep state_dict()"
        )


def require_format(meta: Any, path: str | PathLike[str]) -> None:
    """Raise unless this is our format, in a version that is known."""
    found = {key: meta.get(key) for key in HEAD} if isinstance(meta, dict) else {}
    if found.get("format") != FORMAT:
        raise CheckpointError(f"{path} is no checkpoint of {FORMAT}: it says {found}")
    if found["version"] != VERSION:
        raise CheckpointError(
            f"{path} has version {found['version']!r} of the format, and version {VERSION} is known"
        )


def described(net: MLP) -> dict[str, Any]:
    """What a file says of a network besides its numbers."""
    names = [known_name(layer.activation, l) for l, layer in enumerate(net.layers, 1)]
    return {"sizes": net.sizes, "activations": names}


def arrays_of(net: MLP) -> dict[str, Array]:
    """w1 (n_0, n_1), b1 (n_1,), w2 and so on."""
    weights, biases = net.arrays()
    arrays = {}
    for l, (w, b) in enumerate(zip(weights, biases, strict=True), 1):
        arrays[f"w{l}"], arrays[f"b{l}"] = w, b
    return arrays


def network_of(network: Any, arrays: Mapping[str, Array], path: Any) -> MLP:
    """The network that a file describes, made after all of it was found to fit."""
    if not isinstance(network, dict):
        raise CheckpointError(
            f"{path} has no network of layers: it is a checkpoint of a module of your own, which"
            " train(..., checkpoint=, resume=True) reads"
        )
    sizes, activations = network.get("sizes"), network.get("activations")
    if not (
        isinstance(sizes, list)
        and isinstance(activations, list)
        and len(sizes) == len(activations) + 1 > 1
        and all(type(n) is int and n > 0 for n in sizes)
        and all(isinstance(name, str) and name in NAMES for name in activations)
    ):
        raise CheckpointError(f"{path} describes no network: {str(network)[:200]}")
    weights, biases = [], []
    for l, shape in enumerate(pairwise(sizes), 1):
        weights.append(required(arrays, f"w{l}", shape, path))
        biases.append(required(arrays, f"b{l}", shape[1:], path))
    net = MLP(sizes[0], sizes[1:], activations, rng=0)
    net.load_arrays(weights, biases)
    return net


def required(arrays: Mapping[str, Array], name: str, shape: tuple[int, ...], path: Any) -> Array:
    """The array of this name, if it has this shape and finite numbers."""
    array = arrays.get(name)
    if array is None:
        raise CheckpointError(f"{path} has no array {name}; it has {sorted(arrays)[:20]}")
    if array.shape != shape or array.dtype != np.float64:
        raise CheckpointError(
            f"{path}: {name} has shape {array.shape} of {array.dtype}, not {shape} of float64"
        )
    wrong = np.argwhere(~np.isfinite(array))
    if len(wrong):
        at = tuple(wrong[0].tolist())
        raise CheckpointError(f"{path}: {name}{list(at)} is {array[at]}, not a finite number")
    return array
