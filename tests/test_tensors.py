"""PyTorch's layout of a network, and .safetensors files: whole, or one error. Needs no torch."""

import json
import math
import os
import random
import struct
import sys
import tracemalloc
from importlib.util import find_spec

import numpy as np
import pytest

from micrograd_bp import MLP, Primitive, primitives
from micrograd_bp.activations import NAMES as ACTIVATIONS
from micrograd_bp.files import CheckpointError, write_safely
from micrograd_bp.tensors import KEY, SUM, checksum, read_safetensors, write_safetensors
from micrograd_bp.torch_layout import from_tensors, tensor_shapes, to_tensors

needs_safetensors = pytest.mark.skipif(
    find_spec("safetensors") is None, reason="safetensors comes with the extra `torch`"
)

SWISH = Primitive("swish", lambda x: x, np.positive, lambda z, x: (1.0,))
ACTIVATIONS_OF_NET = ["tanh", "sigmoid"]


def network(activations=ACTIVATIONS_OF_NET, rng=0):
    return MLP(2, [3, 2][: len(activations)], activation=activations, rng=rng)


def same(net, other):
    return repr(net) == repr(other) and [p.data.hex() for p in net.parameters()] == [
        p.data.hex() for p in other.parameters()
    ]


# The layout.


def test_names_and_shapes_are_those_of_a_sequential():
    shapes = tensor_shapes([4, 3, 5, 2], ["tanh", "linear", "sigmoid"])
    assert shapes == {
        **{"0.weight": (3, 4), "0.bias": (3,)},
        **{"2.weight": (5, 3), "2.bias": (5,)},
        **{"3.weight": (2, 5), "3.bias": (2,)},  # no module stands for the linear activation
    }


def test_each_number_stands_where_pytorch_has_it():
    net = network()
    tensors = to_tensors(net)
    for l, k in ((1, 0), (2, 2)):
        n_out, n_in = tensors[f"{k}.weight"].shape
        assert (n_in, n_out) == (net.sizes[l - 1], net.sizes[l])
        for j in range(1, n_out + 1):
            assert tensors[f"{k}.bias"][j - 1] == net.bias(l, j).data
            for i in range(1, n_in + 1):
                assert tensors[f"{k}.weight"][j - 1, i - 1] == net.weight(l, i, j).data


def test_tensors_are_contiguous_copies():
    """safetensors writes the memory of an array, in whatever order it lies."""
    net = network()
    for tensor in to_tensors(net).values():
        assert tensor.flags["C_CONTIGUOUS"]
        assert tensor.dtype == np.float64
        tensor[:] = 9.0
    assert 9.0 not in [p.data for p in net.parameters()]


def test_reading_leaves_the_random_module_alone():
    net = network()
    random.seed(1)
    from_tensors(to_tensors(net), net.sizes, ACTIVATIONS_OF_NET)
    drawn = random.random()
    random.seed(1)
    assert drawn == random.random()


def test_a_primitive_of_one_s_own_is_refused_by_name():
    with pytest.raises(ValueError, match=r"layer 1 .*<primitive swish>.*net\.arrays\(\)"):
        to_tensors(network([SWISH, "linear"]))


def test_a_primitive_that_only_bears_one_of_our_names_is_refused():
    own = Primitive("tanh", lambda x: x, np.positive, lambda z, x: (1.0,))
    with pytest.raises(ValueError, match="layer 2"):
        to_tensors(network(["linear", own]))


def test_what_is_no_mlp_is_refused():
    with pytest.raises(TypeError, match=r"an MLP, got \[1\]"):
        write_safetensors([1], "never")


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_not_written(wrong, tmp_path):
    net = network()
    net.weight(2, 3, 1).data = wrong
    with pytest.raises(ValueError, match=rf"2\.weight\[0, 2\] is {wrong}"):
        to_tensors(net)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda t: t.pop("2.bias"), r"missing \['2.bias'\], unexpected \[\]"),
        (lambda t: t.update(x=t["0.bias"]), r"missing \[\], unexpected \['x'\]"),
        (lambda t: t.update({"0.bias": np.zeros(4)}), r"0\.bias needs shape \(3,\), got \(4,\)"),
        (lambda t: t.update({"0.weight": t["0.weight"].T}), r"shape \(3, 2\), got \(2, 3\)"),
        (lambda t: t.update({"2.bias": np.array([0, np.nan])}), r"2\.bias\[1\] is nan"),
    ],
    ids=["missing", "unexpected", "bias", "transposed", "nan"],
)
def test_tensors_that_do_not_fit_are_named(change, text):
    tensors = to_tensors(network())
    change(tensors)
    with pytest.raises(ValueError, match=text):
        from_tensors(tensors, [2, 3, 2], ACTIVATIONS_OF_NET)


# Files, written whole or not at all.


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "net"
    write_safely(path, b"old")

    def full(*paths):
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no space left"):
        write_safely(path, b"new")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"net": b"old"}


def test_a_write_replaces_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "net"
    write_safely(path, b"old, and longer")
    write_safely(str(path), b"new")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"net": b"new"}


def test_a_folder_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_safely(tmp_path / "no" / "net", b"")


# .safetensors.


@pytest.mark.parametrize("library", ["safetensors", "safetensors.numpy"])
def test_without_the_library_the_error_says_how_to_get_it(library, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, "safetensors.numpy", raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    way_out = r"needs safetensors: pip install 'micrograd-bp\[torch\]'"
    with pytest.raises(ImportError, match=rf"a \.safetensors file {way_out}"):
        write_safetensors(network(), tmp_path / "net.safetensors")
    if library == "safetensors":
        with pytest.raises(ImportError, match=rf"a \.safetensors file {way_out}"):
            read_safetensors(tmp_path / "net.safetensors")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.safetensors"


@pytest.fixture
def written(path):
    """The bytes of a small file."""
    write_safetensors(network(), path)
    return path.read_bytes()


def told(**changes):
    """Our text in the metadata, changed."""
    return json.dumps({"version": 1, "activations": ["tanh"], "sizes": [2, 1]} | changes)


def file_of(tensors=None, metadata=None, offsets=None):
    """The bytes of a file, by hand, as others or enemies may write it."""
    body, header = b"", {}
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, (dtype, shape, data) in (tensors or {}).items():
        header[name] = {
            "dtype": dtype,
            "shape": shape,
            "data_offsets": offsets or [len(body), len(body) + len(data)],
        }
        body += data
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def single(dtype="F64", letter="d", numbers=(0.5, -2.0, 0.1)):
    """The tensors of MLP(2, [1])."""
    data = struct.pack(f"<3{letter}", *numbers)
    size = len(data) // 3
    return {"0.weight": (dtype, [1, 2], data[: 2 * size]), "0.bias": (dtype, [1], data[2 * size :])}


@needs_safetensors
@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize("output", ACTIVATIONS)
def test_a_network_comes_back_to_the_bit(hidden, output, path):
    net = network([hidden, output])
    write_safetensors(net, path)
    assert same(read_safetensors(path), net)


@needs_safetensors
def test_extreme_numbers_come_back_to_the_bit(path):
    net = network(["tanh"])
    extremes = [-0.0, 5e-324, -2.3e-308, sys.float_info.max, -sys.float_info.max, 0.1, 1e300, 1, 0]
    for parameter, number in zip(net.parameters(), extremes, strict=True):
        parameter.data = number
    write_safetensors(net, path)
    assert same(read_safetensors(str(path)), net)


@needs_safetensors
def test_a_row_of_the_table_is_written_by_its_name(path):
    write_safetensors(network([primitives.tanh, primitives.sigmoid]), path)
    assert same(read_safetensors(path), network(["tanh", "sigmoid"]))


@needs_safetensors
def test_the_same_network_is_the_same_file_each_time(path):
    files = set()
    for _ in range(20):  # the library has three entries of metadata in any of six orders
        write_safetensors(network(), path)
        files.add(path.read_bytes())
    (file,) = files
    assert int.from_bytes(file[:8], "little") % 8 == 0


@needs_safetensors
def test_the_library_reads_pytorch_s_names_and_the_metadata(written, path):
    from safetensors import safe_open

    net = network()
    with safe_open(path, "np") as file:
        assert sorted(file.keys()) == ["0.bias", "0.weight", "2.bias", "2.weight"]
        assert np.array_equal(file.get_tensor("0.weight"), net.arrays("nielsen")[0][0])
        metadata = file.metadata()
    assert metadata["format"] == "pt"
    assert json.loads(metadata[KEY]) == {
        "version": 1,
        "activations": ACTIVATIONS_OF_NET,
        "sizes": [2, 3, 2],
    }


@needs_safetensors
@pytest.mark.parametrize(("dtype", "letter"), [("F64", "d"), ("F32", "f")])
def test_a_file_by_others_is_read_in_float64(dtype, letter, path):
    path.write_bytes(file_of(single(dtype, letter), {KEY: told()}))
    net = read_safetensors(path)
    expected = struct.unpack(f"<3{letter}", struct.pack(f"<3{letter}", 0.5, -2.0, 0.1))
    assert tuple(p.data for p in net.parameters()) == expected


@needs_safetensors
def test_truncated_anywhere_it_is_one_error(written, path):
    for length in range(len(written)):
        path.write_bytes(written[:length])
        with pytest.raises(CheckpointError, match=r"net\.safetensors: "):
            read_safetensors(path)


@needs_safetensors
def test_a_flipped_byte_is_one_error_or_harmless(written, path):
    rng, harmless = random.Random(5), 0
    for _ in range(300):
        damaged = bytearray(written)
        damaged[rng.randrange(len(damaged))] ^= rng.randrange(1, 256)
        path.write_bytes(damaged)
        try:
            net = read_safetensors(path)
        except CheckpointError:
            continue
        harmless += 1
        assert same(net, network())
    assert harmless < 100  # "pt" and the name "crc32" may be anything


@needs_safetensors
def test_a_flipped_bit_in_any_byte_of_the_numbers_is_found(written, path):
    for at in range(len(written) - 17 * 8, len(written)):
        for bit in (0, 4, 7):
            damaged = bytearray(written)
            damaged[at] ^= 1 << bit
            path.write_bytes(damaged)
            with pytest.raises(CheckpointError, match=r"crc32 \w+, those that were written"):
                read_safetensors(path)


MALFORMED = {
    "empty": (b"", "header too small"),
    "text": (b"no tensors at all, but text", "header too large"),
    "no metadata": (file_of(single()), r"have no 'micrograd_bp'.*from_torch\(\)"),
    "metadata null": (file_of(single()).replace(b"{", b'{"__metadata__": null, ', 1), ""),
    "pytorch": (file_of(single(), {"format": "pt"}), r"have no 'micrograd_bp'.*from_torch\(\)"),
    "no json": (file_of(single(), {KEY: "tanh"}), "is no JSON"),
    "deep": (file_of(single(), {KEY: "[" * 100_000}), "is no JSON"),
    "long number": (file_of(single(), {KEY: "9" * 5000}), "is no JSON"),
    "deep header": (b"\x06\0\0\0\0\0\0\0" + b"[" * 6, ""),
    "deeper header": (struct.pack("<Q", 9**5) + b'{"a":' + b"[" * 9**5, "recursion"),
    "a list": (file_of(single(), {KEY: "[1]"}), r"has version, activations and sizes, got \[1\]"),
    "more": (file_of(single(), {KEY: told(more=1)}), "has version, activations and sizes"),
    "version": (file_of(single(), {KEY: told(version=2)}), "version 2, this library reads 1"),
    "version true": (file_of(single(), {KEY: told(version=True)}), "version True"),
    "sizes text": (file_of(single(), {KEY: told(sizes="21")}), "whole numbers from 1, got '21'"),
    "sizes float": (file_of(single(), {KEY: told(sizes=[2.0, 1])}), r"from 1, got \[2.0, 1\]"),
    "sizes true": (file_of(single(), {KEY: told(sizes=[2, True])}), r"from 1, got \[2, True\]"),
    "sizes zero": (file_of(single(), {KEY: told(sizes=[2, 0])}), r"from 1, got \[2, 0\]"),
    "sizes few": (file_of(single(), {KEY: told(sizes=[2])}), "1 sizes do not fit 1 activ"),
    "nothing": (file_of({}, {KEY: told(sizes=[], activations=[])}), "0 sizes do not fit 0"),
    "one size": (file_of({}, {KEY: told(sizes=[2], activations=[])}), "1 sizes do not fit 0"),
    "activation": (file_of(single(), {KEY: told(activations=["gelu"])}), r"got \['gelu'\]"),
    "activations": (file_of(single(), {KEY: told(activations=[[]])}), r"of \['tanh'.*got \[\[\]\]"),
    "a text": (file_of(single(), {KEY: told(activations="tanh")}), "got 'tanh'"),
    "sizes wrong": (file_of(single(), {KEY: told(sizes=[3, 1])}), r"0.weight needs shape \(1, 3\)"),
    "two layers": (
        file_of(single(), {KEY: told(sizes=[2, 1, 1], activations=["tanh"] * 2)}),
        r"missing \['2.weight', '2.bias'\], unexpected \[\]",
    ),
    "nan": (file_of(single(numbers=[1, math.nan, 1]), {KEY: told()}), r"0.weight\[0, 1\] is nan"),
    "inf": (file_of(single(numbers=[1, 1, -math.inf]), {KEY: told()}), r"0.bias\[0\] is -inf"),
    "float16": (file_of(single("F16", "e"), {KEY: told()}), "dtype F16.*double"),
    "bfloat16": (file_of(single("BF16", "e"), {KEY: told()}), "dtype BF16.*double"),
    "whole": (file_of(single("I64", "q", [1, 2, 3]), {KEY: told()}), "dtype I64"),
    "unknown": (file_of(single("F65"), {KEY: told()}), "unknown variant"),
    "overlap": (file_of(single(), {KEY: told()}, [0, 16]), ""),
    "outside": (file_of({"a": ("F64", [2**40], b"")}, {KEY: told()}, [0, 2**43]), ""),
    "overflow": (file_of({"a": ("F64", [2**62, 4], b"")}, {KEY: told()}), "overflow"),
    "crc": (file_of(single(), {KEY: told(), SUM: "x"}), "leave 'crc32' out of the metadata"),
}


@needs_safetensors
@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_file_is_one_error_that_names_it(case, path):
    data, text = MALFORMED[case]
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=f"net.safetensors: .*{text}"):
        read_safetensors(path)


HUGE = {
    "sizes": file_of(single(), {KEY: told(sizes=[10**12, 10**12])}),
    "empty tensors": file_of(
        {"0.weight": ("F64", [10**12, 0], b""), "0.bias": ("F64", [0, 10**12], b"")},
        {KEY: told(sizes=[10**12, 10**12])},
    ),
    "one layer of many": file_of(
        single(), {KEY: told(sizes=[2, 10**9, 1], activations=["tanh"] * 2)}
    ),
    "digits": file_of(single(), {KEY: told(sizes=[2, int("9" * 4000)])}),
    "header": struct.pack("<Q", 2**63) + b"{}",
}


@needs_safetensors
@pytest.mark.parametrize("case", HUGE)
def test_huge_sizes_allocate_nothing(case, path):
    path.write_bytes(HUGE[case])
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError) as error:
            read_safetensors(path)
        assert tracemalloc.get_traced_memory()[1] < 300_000
    finally:
        tracemalloc.stop()
    assert len(str(error.value)) < 1000


@needs_safetensors
def test_the_error_of_a_file_of_many_layers_is_short(path):
    text = told(sizes=[2] * 10_001, activations=["tanh"] * 10_000)
    path.write_bytes(file_of(single(), {KEY: text}))
    with pytest.raises(CheckpointError, match="missing") as error:
        read_safetensors(path)
    assert len(str(error.value)) < 1000


@needs_safetensors
def test_no_file_is_an_os_error(path):
    with pytest.raises(FileNotFoundError):
        read_safetensors(path)


@needs_safetensors
def test_a_network_that_cannot_be_written_leaves_the_old_file(written, path):
    with pytest.raises(ValueError, match="swish"):
        write_safetensors(network([SWISH, "linear"]), path)
    assert path.read_bytes() == written


def test_the_checksum_goes_over_all_tensors_in_the_order_of_their_names():
    assert checksum({"b": b"cd", "a": b"ab"}) == checksum({"x": b"abcd"}) == "ed82cd11"
