"""Arrays and a JSON text in one .npz: numpy.load reads it, but its reader here believes nothing.

No entry is compressed, so nothing is larger than the file; headers are those that NumPy writes, and
no others; a SHA-256 of all entries finds every changed byte.
"""

import io
import json
import re
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from math import prod
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from micrograd_bp.files import CheckpointError, write_safely

Array = np.ndarray[Any, np.dtype[Any]]

META, DIGEST = "meta", "sha256"
WHEN = (1980, 1, 1, 0, 0, 0)  # the same content is the same file
SHAPE = rb"|\d{1,18}(?:, \d{1,18})*,?"  # each text in one way, so that matching takes no time
HEADER = re.compile(
    rb"{'descr': '(<f8|\|u1)', 'fortran_order': False, 'shape': \((" + SHAPE + rb")\), } *\n"
)
ZIP_ERRORS = (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, EOFError)


def write_archive(path: str | PathLike[str], meta: Any, arrays: Mapping[str, Array]) -> None:
    """Write `arrays` of floats and `meta`, which JSON can hold, in one step."""
    text = json.dumps(meta, allow_nan=False).encode()
    entries = {
        name: npy(np.ascontiguousarray(array, dtype=float)) for name, array in arrays.items()
    }
    entries[META] = npy(np.frombuffer(text, np.uint8))
    entries[DIGEST] = npy(np.frombuffer(digest(entries), np.uint8))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, data in entries.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", WHEN), data)
    write_safely(path, file.getvalue())


def read_archive(path: str | PathLike[str]) -> tuple[Any, dict[str, Array]]:
    """(meta, arrays) as they were written; CheckpointError for any other file."""
    data = Path(path).read_bytes()
    try:
        entries = entries_of(data)
        if digest({k: v for k, v in entries.items() if k != DIGEST}) != bytes(
            array_of(entries.pop(DIGEST))
        ):
            raise ValueError("its content was changed: the SHA-256 is another")
        text = bytes(array_of(entries.pop(META)))
        meta = json.loads(text, parse_constant=_refuse, object_pairs_hook=_each_once)
        return meta, {name: array_of(entry) for name, entry in entries.items()}
    except KeyError as error:
        raise CheckpointError(f"{path} is no checkpoint: it has no entry {error}") from None
    except RecursionError:
        raise CheckpointError(f"{path} is no checkpoint: its text is too deeply nested") from None
    except ZIP_ERRORS as error:
        raise CheckpointError(f"{path} is no checkpoint, or damaged: {str(error)[:200]}") from None


def entries_of(data: bytes) -> dict[str, bytes]:
    """Name to content of a zip file whose entries are stored as they are."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        listed = archive.infolist()
        names = [entry.filename for entry in listed]
        if len(set(names)) < len(names):
            raise ValueError("an entry is there twice")
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in listed):
            raise ValueError("an entry is compressed, and checkpoints are not")
        if sum(entry.file_size for entry in listed) > len(data):
            raise ValueError(f"its entries claim to be larger than its {len(data):,} bytes")
        return {entry.filename.removesuffix(".npy"): archive.read(entry) for entry in listed}


def digest(entries: Mapping[str, bytes]) -> bytes:
    found = sha256()
    for name in sorted(entries):
        found.update(f"{name} {len(entries[name])}\n".encode())
        found.update(entries[name])
    return found.digest()


def npy(array: Array) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)
    return file.getvalue()


def array_of(entry: bytes) -> Array:
    """The array of an .npy entry; its shape is what its bytes hold, or it is refused."""
    start = 10 + int.from_bytes(entry[8:10], "little")
    header = HEADER.fullmatch(entry[10:start])
    if entry[:8] != b"\x93NUMPY\x01\x00" or header is None:
        raise ValueError("an entry is no array of floats or bytes as NumPy writes them")
    shape = tuple(int(n) for n in re.findall(rb"\d+", header[2]))
    dtype = np.dtype(header[1].decode())
    if prod(shape) * dtype.itemsize != len(entry) - start:
        raise ValueError(f"an entry of shape {shape} has {len(entry) - start:,} bytes of numbers")
    return np.frombuffer(entry, dtype, offset=start).reshape(shape).copy()


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no finite number")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a name that stands twice the last would win, in silence."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in its text")
    return found
