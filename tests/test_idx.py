"""load_idx: every type and shape, compressed or not; what is damaged or lies is refused cheaply."""

import gzip
import re
import struct
import tracemalloc
import zlib
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from micrograd_bp.datasets import load_idx

TYPES = {
    0x08: np.uint8,
    0x09: np.int8,
    0x0B: np.int16,
    0x0C: np.int32,
    0x0D: np.float32,
    0x0E: np.float64,
}
SHAPES = [(5,), (2, 3), (2, 3, 4), (2, 1, 3, 2)]
MEGABYTE = 1 << 20
SMALL_MEMORY = 4 * MEGABYTE

plain_and_gzip = pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
each_type = pytest.mark.parametrize("code", TYPES, ids=lambda code: TYPES[code].__name__)


def header(code, sizes):
    return bytes([0, 0, code, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes)


def idx(array):
    code = next(code for code, dtype in TYPES.items() if dtype == array.dtype)
    return header(code, array.shape) + array.astype(array.dtype.newbyteorder(">")).tobytes()


def numbers(dtype, shape):
    """Small numbers, some below 0 where the type has them, with the ends of the type in front."""
    array = (np.arange(np.prod(shape)) - 2).astype(dtype)
    limits = np.finfo(dtype) if array.dtype.kind == "f" else np.iinfo(dtype)
    array[:2] = limits.min, limits.max
    return array.reshape(shape)


IMAGES = numbers(np.uint8, (2, 3, 4))


@pytest.fixture
def written(tmp_path):
    """Write bytes to a file; gives its path."""

    def write(content, name="file"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@contextmanager
def little_memory():
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < SMALL_MEMORY


def refused(path, *parts):
    """The ValueError names the file, contains the parts in their order and ends with advice."""
    with pytest.raises(ValueError, match=".*".join(map(re.escape, [str(path), *parts]))) as caught:
        load_idx(path)
    assert re.search(
        "fetch it again|check where it is from|give the file itself", str(caught.value)
    )
    return caught.value


# What is read.


def test_bytes_written_by_hand(written):
    content = "00 00 0b 02  00 00 00 02  00 00 00 03  0001 0002 0003 0100 fffe 7fff"
    array = load_idx(written(bytes.fromhex(content)))
    assert array.tolist() == [[1, 2, 3], [256, -2, 32767]]
    assert array.dtype == np.int16


@plain_and_gzip
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@each_type
def test_every_type_and_shape(written, code, shape, pack):
    array = numbers(TYPES[code], shape)
    read = load_idx(written(pack(idx(array))))
    assert read.dtype == array.dtype
    assert read.dtype.isnative
    assert read.shape == shape
    assert read.tobytes() == array.tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_that_are_no_ordinary_numbers(written, dtype):
    array = np.array([np.nan, np.inf, -np.inf, -0.0, np.finfo(dtype).smallest_subnormal], dtype)
    assert load_idx(written(idx(array))).tobytes() == array.tobytes()


@plain_and_gzip
def test_a_file_of_several_pieces(written, pack):
    array = np.arange(3 * MEGABYTE // 4 + 1, dtype=np.int32)
    content = idx(array) if pack is bytes else gzip.compress(idx(array), compresslevel=1)
    assert np.array_equal(load_idx(written(content)), array)


@plain_and_gzip
@each_type
@pytest.mark.parametrize("shape", [(0,), (0, 28, 28), (3, 0, 2)], ids=str)
def test_a_size_may_be_0(written, code, shape, pack):
    read = load_idx(written(pack(header(code, shape))))
    assert (read.shape, read.dtype) == (shape, TYPES[code])


def test_the_most_dimensions(written):
    assert load_idx(written(header(0x08, (1,) * 32) + b"\7")).shape == (1,) * 32


@each_type
def test_a_caller_may_write_into_the_array(written, code):
    path = written(idx(numbers(TYPES[code], (5,))))
    load_idx(path)[:] = 1
    assert np.array_equal(load_idx(path), numbers(TYPES[code], (5,)))


@pytest.mark.parametrize("as_path", [str, Path])
@plain_and_gzip
@pytest.mark.parametrize("name", ["images-idx3-ubyte", "images.gz", "images.idx"])
def test_the_first_bytes_tell_and_not_the_name(written, name, pack, as_path):
    path = written(pack(idx(IMAGES)), name)
    assert np.array_equal(load_idx(as_path(path)), IMAGES)


def test_gzip_in_several_members(written):
    content = idx(IMAGES)
    path = written(gzip.compress(content[:10]) + gzip.compress(content[10:]))
    assert np.array_equal(load_idx(path), IMAGES)


# What open() refuses.


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="no-such-file"):
        load_idx(tmp_path / "no-such-file")


def test_a_directory(tmp_path):
    with pytest.raises(OSError, match=re.escape(str(tmp_path))):
        load_idx(tmp_path)


@pytest.mark.parametrize("path", [0, None, b"file"], ids=repr)
def test_what_is_no_path(path):
    with pytest.raises(TypeError):
        load_idx(path)


# What is no IDX file.


@plain_and_gzip
def test_an_empty_file(written, pack):
    refused(written(pack(b"")), "is empty: 0 bytes, an IDX file has at least 8")


@plain_and_gzip
@pytest.mark.parametrize(
    ("content", "start"),
    [(b"PK\3\4zip", "50 4b"), (b"<!DOCTYPE html>", "3c 21"), (b"\0\1\x08\1", "00 01")],
    ids=["zip", "html", "nearly"],
)
def test_another_kind_of_file(written, content, start, pack):
    refused(written(pack(content)), f"the bytes {start}, an IDX file with 00 00", "not an archive")


@plain_and_gzip
@pytest.mark.parametrize("code", [0x00, 0x07, 0x0A, 0x0F, 0x80, 0xFF], ids=hex)
def test_an_unknown_type(written, code, pack):
    path = written(pack(header(code, (1,)) + b"\0"))
    refused(path, f"type 0x{code:02x}, IDX has 0x08 uint8, 0x09 int8", "0x0e float64; check")


@plain_and_gzip
@pytest.mark.parametrize("ndim", [0, 33, 255])
def test_a_number_of_dimensions_that_no_array_has(written, ndim, pack):
    path = written(pack(header(0x08, (1,) * ndim) + b"\0"))
    refused(path, f"has {ndim} dimensions", "1 to 32")


# What is damaged.


@pytest.mark.parametrize("n", [1, 2, 3])
def test_less_than_a_magic_number(written, n):
    refused(written(idx(IMAGES)[:n]), f"has {n} bytes, an IDX file at least 8")


@plain_and_gzip
@pytest.mark.parametrize("n", range(4, 16))
def test_half_a_header(written, n, pack):
    path = written(pack(idx(IMAGES)[:n]))
    refused(path, f"ends in its header after {n} bytes, a header of 3 dimensions has 16")


@plain_and_gzip
@each_type
def test_fewer_numbers_than_the_header_says(written, code, pack):
    content = idx(numbers(TYPES[code], (2, 3)))
    needed = 6 * np.dtype(TYPES[code]).itemsize
    said = f"says (2, 3) numbers of type {TYPES[code].__name__}, {needed} bytes"
    refused(written(pack(content[:-1])), said, f"but {needed - 1} follow")


@plain_and_gzip
@each_type
def test_more_numbers_than_the_header_says(written, code, pack):
    content = idx(numbers(TYPES[code], (2, 3)))
    needed = 6 * np.dtype(TYPES[code]).itemsize
    said = f"says (2, 3) numbers of type {TYPES[code].__name__}, {needed} bytes"
    refused(written(pack(content + bytes(5))), said, f"but {needed + 1} or more follow")


@plain_and_gzip
def test_every_truncation(written, pack):
    content = pack(idx(IMAGES))
    for n in range(len(content)):
        refused(written(content[:n]))


def test_truncated_gzip_says_so_and_keeps_the_cause(written):
    error = refused(written(gzip.compress(idx(IMAGES))[:-1]), "starts as a gzip file, but")
    assert isinstance(error.__cause__, EOFError)


@pytest.mark.parametrize(
    ("position", "byte", "cause"),
    [(2, 7, gzip.BadGzipFile), (10, 0xFF, zlib.error), (-8, None, gzip.BadGzipFile)],
    ids=["method", "deflate", "checksum"],
)
def test_corrupt_gzip_says_so_and_keeps_the_cause(written, position, byte, cause):
    content = bytearray(gzip.compress(idx(IMAGES)))
    content[position] = content[position] ^ 1 if byte is None else byte
    error = refused(written(bytes(content)), "starts as a gzip file, but")
    assert isinstance(error.__cause__, cause)


def test_what_follows_a_gzip_file(written):
    error = refused(written(gzip.compress(idx(IMAGES)) + b"more"), "starts as a gzip file, but")
    assert isinstance(error.__cause__, gzip.BadGzipFile)


def array_or_refusal(path):
    try:
        return load_idx(path)
    except ValueError as error:
        assert str(path) in str(error)


@plain_and_gzip
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_flipped_byte_of_the_header(written, shape, pack):
    content = idx(numbers(np.uint8, shape))
    with little_memory():
        for position, flip in product(range(4 + 4 * len(shape)), [1, 2, 8, 128, 255]):
            flipped = bytearray(content)
            flipped[position] ^= flip
            array = array_or_refusal(written(pack(bytes(flipped))))
            # Of the types only int8 has as many bytes; no other shape with one size changed fits.
            assert array is None or (array.shape, array.dtype) == (shape, np.int8)


def test_a_flipped_byte_of_a_gzip_file(written):
    content = gzip.compress(idx(IMAGES))
    with little_memory():
        for position, flip in product(range(len(content)), [1, 16, 128, 255]):
            flipped = bytearray(content)
            flipped[position] ^= flip
            array = array_or_refusal(written(bytes(flipped)))
            assert array is None or np.array_equal(array, IMAGES)  # name and time do not matter


# What lies: nothing is allocated because a header says so.


LIES = [
    sizes
    for n in (1, 2, 3)
    for sizes in product([1, 10, 2**32 - 1], repeat=n)
    if 2**32 - 1 in sizes
]


@plain_and_gzip
@pytest.mark.parametrize("sizes", LIES, ids=str)
def test_sizes_that_no_file_holds(written, sizes, pack):
    path = written(pack(header(0x0E, sizes) + bytes(1000)))
    with little_memory():
        refused(path, f"says {sizes} numbers of type float64")


@pytest.mark.parametrize("sizes", [(0, *[2**32 - 1] * 2), (*[2**32 - 1] * 31, 0)], ids=len)
def test_no_numbers_in_a_shape_that_no_array_has(written, sizes):
    refused(written(header(0x08, sizes)), f"says {sizes}", "an array has at most")


def gzip_bomb(content, megabytes):
    """A gzip file of `content` and many zeros, which is damaged at its end."""
    deflate = zlib.compressobj(wbits=31)  # 31: with the header of gzip
    start = deflate.compress(content) + deflate.flush(zlib.Z_FULL_FLUSH)
    zeros = deflate.compress(bytes(MEGABYTE)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return start + zeros * megabytes + b"\xff"


@pytest.mark.parametrize("sizes", [(10,), (0,), (2, 5)], ids=str)
def test_a_gzip_bomb_is_stopped_where_the_header_ends(written, sizes):
    """Were it expanded to its end, the error would be that of damaged gzip."""
    path = written(gzip_bomb(header(0x08, sizes), 200))
    assert path.stat().st_size < MEGABYTE
    needed = np.prod(sizes)
    with little_memory():
        refused(path, f"{needed} bytes, but {needed + 1} or more follow")


def test_the_bomb_would_explode(written):
    with gzip.open(written(gzip_bomb(b"ab", 8))) as file:
        assert file.read(2 + 4 * MEGABYTE) == b"ab" + bytes(4 * MEGABYTE)
