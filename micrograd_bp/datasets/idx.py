"""IDX files, the format of MNIST: the type and the sizes of an array, then its numbers.

Source: Y. LeCun, C. Cortes and C. Burges, The MNIST Database of Handwritten Digits, "The IDX file
format", http://yann.lecun.com/exdb/mnist/. The bytes are 0, 0, the type, the number of dimensions;
then each size as a big-endian uint32; then the numbers, big-endian, the last index fastest.
"""

import gzip
import sys
import zlib
from io import BufferedIOBase
from math import prod
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_DIMENSIONS = 32  # what every NumPy holds
GZIP = b"\x1f\x8b"  # the first bytes of a compressed file
PIECE = 1 << 20  # bytes read at once: a header that lies costs no memory

AGAIN = "the file is damaged or cut short, fetch it again"


def load_idx(path: str | PathLike[str]) -> Array:
    """The array in an IDX file, compressed by gzip or not, whatever its name.

    Its shape and type are the file's (uint8, int8, int16, int32, float32 or float64, in native
    byte order): for MNIST uint8, images (n, 28, 28) from 0 (white) to 255 (black), labels (n,).
    Raises ValueError for what is no IDX file, or has fewer or more numbers than its header says;
    what open() raises, FileNotFoundError for one.
    """
    path = Path(path)
    with path.open("rb") as file:
        if file.peek(len(GZIP))[: len(GZIP)] != GZIP:
            return _array(file, path)
        try:
            with gzip.GzipFile(fileobj=file) as unzipped:
                return _array(unzipped, path)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{path} starts as a gzip file, but: {error}; {AGAIN}") from error


def _array(file: BufferedIOBase, path: Path) -> Array:
    dtype, ndim = _type_and_dimensions(file, path)
    shape = _sizes(file, ndim, path)
    data = _data(file, shape, dtype, path)
    big_endian: Array = np.frombuffer(data, dtype).reshape(shape)
    return big_endian.astype(dtype.newbyteorder("="), copy=False)


def _type_and_dimensions(file: BufferedIOBase, path: Path) -> tuple[np.dtype[Any], int]:
    """What the first four bytes say."""
    magic = _read(file, 4)
    if not magic:
        raise ValueError(f"{path} is empty: 0 bytes, an IDX file has at least 8; fetch it again")
    if len(magic) < 4:
        raise ValueError(f"{path} has {len(magic)} bytes, an IDX file at least 8; {AGAIN}")
    zeros, code, ndim = magic[:2], magic[2], magic[3]
    if zeros != b"\0\0":
        raise ValueError(
            f"{path} starts with the bytes {zeros.hex(' ')}, an IDX file with 00 00;"
            " give the file itself or its .gz, not an archive or a web page"
        )
    if code not in TYPES:
        known = ", ".join(f"0x{c:02x} {np.dtype(t).name}" for c, t in TYPES.items())
        raise ValueError(f"{path} has type 0x{code:02x}, IDX has {known}; check where it is from")
    if not 1 <= ndim <= MAX_DIMENSIONS:
        raise ValueError(
            f"{path} has {ndim} dimensions, an IDX file that NumPy can hold 1 to {MAX_DIMENSIONS};"
            " check where it is from"
        )
    return np.dtype(TYPES[code]), ndim


def _sizes(file: BufferedIOBase, ndim: int, path: Path) -> tuple[int, ...]:
    header = _read(file, 4 * ndim)
    if len(header) < 4 * ndim:
        raise ValueError(
            f"{path} ends in its header after {4 + len(header)} bytes, a header of {ndim}"
            f" dimensions has {4 + 4 * ndim}; {AGAIN}"
        )
    return tuple(np.frombuffer(header, ">u4").tolist())


def _data(
    file: BufferedIOBase, shape: tuple[int, ...], dtype: np.dtype[Any], path: Path
) -> bytearray:
    """The bytes of the numbers: as many as the header says, and then the end of the file."""
    needed = prod(shape) * dtype.itemsize
    claim = f"{path} says {shape} numbers of type {dtype.name}"
    if prod(max(n, 1) for n in shape) * dtype.itemsize > sys.maxsize:  # NumPy counts a size 0 as 1
        raise ValueError(f"{claim}, an array has at most {sys.maxsize} bytes; {AGAIN}")
    data = _read(file, needed + 1)
    if len(data) < needed:
        raise ValueError(f"{claim}, {needed} bytes, but {len(data)} follow; {AGAIN}")
    if len(data) > needed:
        raise ValueError(
            f"{claim}, {needed} bytes, but {len(data)} or more follow;"
            " its header is wrong or something was appended, fetch it again"
        )
    return data


def _read(file: BufferedIOBase, n: int) -> bytearray:
    """The next n bytes, fewer at the end of the file; memory grows with what is there."""
    data = bytearray()
    while len(data) < n and (piece := file.read(min(n - len(data), PIECE))):
        data += piece
    return data
