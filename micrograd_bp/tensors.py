"""Networks in .safetensors files, under PyTorch's names; the metadata tell sizes and activations.

PyTorch reads such a file with `load_state_dict(safetensors.torch.load_file(path))`.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from reprlib import repr as short
from typing import Any
from zlib import crc32

import numpy as np

from micrograd_bp.activations import NAMES
from micrograd_bp.data import Array
from micrograd_bp.extras import extra
from micrograd_bp.files import CheckpointError, write_safely
from micrograd_bp.nn import MLP
from micrograd_bp.torch_layout import activation_names, from_tensors, to_tensors

KEY = "micrograd_bp"  # of our text in the metadata of a file
SUM = "crc32"  # of the numbers, beside it
VERSION = 1
DTYPES = {"F64": "<f8", "F32": "<f4"}

Stored = Mapping[str, Any]  # name to dtype, shape and data, as the library gives them


def write_safetensors(net: MLP, path: str | os.PathLike[str]) -> None:
    """Write weights, biases, sizes and activations, in float64; an old file is replaced at once.

    Raises ImportError without safetensors; ValueError for an activation of one's own and for a
    number that is not finite; OSError where the file cannot be written.
    """
    library = extra("safetensors.numpy", "a .safetensors file")
    text = {"version": VERSION, "activations": activation_names(net), "sizes": net.sizes}
    tensors = {name: tensor.astype("<f8") for name, tensor in to_tensors(net).items()}
    metadata = {"format": "pt", KEY: json.dumps(text), SUM: checksum(tensors)}
    write_safely(path, with_sorted_metadata(library.save(tensors, metadata)))


def read_safetensors(path: str | os.PathLike[str]) -> MLP:
    """The network of a file that `write_safetensors` wrote.

    A file by others has the same text in its metadata; its numbers may be float32 as well, and it
    needs no checksum.

    Raises ImportError without safetensors; OSError where there is no file; CheckpointError for
    everything that is not such a file, whole and with finite numbers.
    """
    library = extra("safetensors", "a .safetensors file")
    data = Path(path).read_bytes()
    try:
        stored = dict(library.deserialize(data))
        metadata = metadata_of(data)
        refuse_damage(stored, metadata)
        return from_tensors(as_floats(stored), *sizes_and_activations(metadata[KEY]))
    except (library.SafetensorError, ValueError) as error:
        raise CheckpointError(f"{os.fspath(path)}: {error}") from None


def with_sorted_metadata(data: bytes) -> bytes:
    """The same file; the library writes the metadata in another order each time."""
    header, end = header_of(data)
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the numbers begin at a multiple of 8
    return len(text).to_bytes(8, "little") + text + data[end:]


def header_of(data: bytes) -> tuple[dict[str, Any], int]:
    """Of a length, a header in JSON and the numbers: the header, and where the numbers begin."""
    end = 8 + int.from_bytes(data[:8], "little")
    return json.loads(data[8:end].decode()), end


def checksum(tensors: Mapping[str, Any]) -> str:
    """Of the bytes of the numbers; the format has none, and a flipped bit is a number too."""
    remainder = 0
    for name in sorted(tensors):
        remainder = crc32(tensors[name], remainder)
    return f"{remainder:08x}"


def metadata_of(data: bytes) -> dict[str, str]:
    """The metadata of a file that the library has found sound."""
    metadata: dict[str, str] = header_of(data)[0].get("__metadata__") or {}
    if KEY not in metadata:
        raise ValueError(
            f"its metadata have no {KEY!r}, so that nothing tells the activations;"
            " load it into a torch.nn.Sequential, and give that to from_torch()"
        )
    return metadata


def refuse_damage(stored: Stored, metadata: Mapping[str, str]) -> None:
    found = checksum({name: tensor["data"] for name, tensor in stored.items()})
    if metadata.get(SUM, found) != found:
        raise ValueError(
            f"its numbers have {SUM} {found}, those that were written {short(metadata[SUM])};"
            f" if they were changed on purpose, leave {SUM!r} out of the metadata"
        )


def as_floats(stored: Stored) -> dict[str, Array]:
    """Name to float64 array, of the bytes that the library has found to be there."""
    for name, tensor in stored.items():
        if tensor["dtype"] not in DTYPES:
            raise ValueError(
                f"{short(name)} has dtype {tensor['dtype']}, a network has one of {list(DTYPES)};"
                " convert it with .double() in PyTorch"
            )
    return {
        name: np.frombuffer(tensor["data"], DTYPES[tensor["dtype"]])
        .astype(float)
        .reshape(tensor["shape"])
        for name, tensor in stored.items()
    }


def sizes_and_activations(text: str) -> tuple[list[int], list[str]]:
    """What our text in the metadata tells, checked; no number in it is trusted to be small."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{KEY!r} in its metadata is no JSON: {error}") from None
    if not isinstance(told, dict) or told.keys() != {"version", "activations", "sizes"}:
        raise ValueError(
            f"{KEY!r} in its metadata has version, activations and sizes, got {short(told)}"
        )
    version, sizes, names = told["version"], told["sizes"], told["activations"]
    if type(version) is not int or version != VERSION:
        raise ValueError(
            f"it has version {short(version)}, this library reads {VERSION}: update micrograd-bp"
        )
    if not isinstance(sizes, list) or not all(type(n) is int and n >= 1 for n in sizes):
        raise ValueError(f"sizes are whole numbers from 1, got {short(sizes)}")
    if not isinstance(names, list) or not all(name in NAMES for name in names):
        raise ValueError(f"activations are of {list(NAMES)}, got {short(names)}")
    if not names or len(sizes) != len(names) + 1:
        raise ValueError(f"{len(sizes)} sizes do not fit {len(names)} activations")
    return sizes, names
