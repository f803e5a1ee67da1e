"""Any bytes as a file: the array or network that they are, or the one documented error.

The files are mutations of real ones, so that they get past the first look: bytes are changed, cut
out and put in, numbers of a header are made huge, and a checkpoint is signed again. Nothing runs,
and nothing is allocated because a header says so: tracemalloc, and a limit of the process, look.
"""

import gzip
import io
import json
import struct
import sys
import tracemalloc
import zipfile
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from micrograd_bp import MLP, CheckpointError, load, save
from micrograd_bp.archive import digest, entries_of, npy
from micrograd_bp.commands.answer import Failed
from micrograd_bp.commands.sets import data_named
from micrograd_bp.datasets import load_idx

MANY = 1_000  # cases of each kind in the slow run
SMALL_MEMORY = 8 << 20
HUGE = [2**31, 2**31 - 1, 2**32 - 1, 2**53, 2**63 - 1, 2**63, 2**64 - 1, 10**18, -1, 0]
NETWORK = MLP(2, [3, 1], "tanh", rng=0)


@st.composite
def mutated(draw, whole):
    """`whole` with some bytes changed, left out, repeated, or others put in; sometimes cut."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        kind = draw(st.sampled_from(["flip", "put", "leave out", "repeat", "huge", "cut"]))
        n = draw(st.integers(1, 12))
        if kind == "flip" and at < len(data):
            data[at] ^= draw(st.integers(1, 255))
        elif kind == "put":
            data[at:at] = draw(st.binary(max_size=12))
        elif kind == "leave out":
            del data[at : at + n]
        elif kind == "repeat":
            data[at:at] = data[at : at + n]
        elif kind == "huge":
            size = draw(st.sampled_from([2, 4, 8]))
            order = draw(st.sampled_from(["little", "big"]))
            number = draw(st.sampled_from(HUGE)) % 256**size
            data[at : at + size] = number.to_bytes(size, order)
        elif kind == "cut" and draw(st.booleans()):
            del data[at:]
    return bytes(data)


def bytes_of(write, *names):
    """What `write` writes to a file."""
    file = io.BytesIO()
    write(file, *names)
    return file.getvalue()


# The kinds of files: a strategy, the function that reads, and the error that it may raise.

IDX = b"\0\0\x08\3" + struct.pack(">3I", 2, 3, 4) + bytes(range(24))
ARRAYS = bytes_of(lambda file: np.savez(file, X=np.eye(4, 2), y=np.arange(4)))
PACKED = bytes_of(lambda file: np.savez_compressed(file, X=np.eye(4, 2), y=np.arange(4)))


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A network as the bytes of its two files."""
    folder = tmp_path_factory.mktemp("real")
    found = {}
    for suffix in ("npz", "safetensors"):
        if suffix == "npz" or find_spec("safetensors"):
            save(NETWORK, folder / f"net.{suffix}")
            found[suffix] = (folder / f"net.{suffix}").read_bytes()
    return found


def signed(entries):
    """An archive of these entries whose digest is right."""
    entries = dict(entries)
    entries["sha256"] = npy(np.frombuffer(digest(entries), np.uint8))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, data in entries.items():
            archive.writestr(f"{name}.npy", data)
    return file.getvalue()


VALUES = st.recursive(
    st.none() | st.booleans() | st.sampled_from(HUGE) | st.floats() | st.text(max_size=5),
    lambda value: st.lists(value, max_size=3) | st.dictionaries(st.text(max_size=3), value),
    max_leaves=6,
)


@st.composite
def texts(draw, text):
    """A JSON text: mutated, or with a value somewhere in it exchanged for any other."""
    if draw(st.booleans()):
        return draw(mutated(text))
    told = json.loads(text)
    parent, key = {"": told}, ""
    while isinstance(parent[key], dict | list) and parent[key] and draw(st.booleans()):
        parent = parent[key]
        key = draw(st.sampled_from(sorted(parent) if isinstance(parent, dict) else [0, -1]))
    parent[key] = draw(VALUES)
    return json.dumps(told).encode()


@st.composite
def checkpoints(draw, whole):
    entries = entries_of(whole)
    del entries["sha256"]
    name = draw(st.sampled_from([*entries, "w3", "../../x"]))
    if name == "meta" and draw(st.booleans()):
        text = bytes(np.load(io.BytesIO(entries["meta"])))
        entries["meta"] = npy(np.frombuffer(draw(texts(text)), np.uint8))
    else:
        entries[name] = draw(mutated(entries.get(name, entries["w1"])))
    if draw(st.integers(0, 9)) == 0:
        del entries[draw(st.sampled_from(sorted(entries)))]
    return signed(entries)


@st.composite
def tensors(draw, whole):
    end = 8 + int.from_bytes(whole[:8], "little")
    text = draw(texts(whole[8:end]))
    return struct.pack("<Q", len(text)) + text + draw(mutated(whole[end:]))


def kinds(real):
    """Name to the strategy of the files, the suffix, the reader, and its error."""
    found = {
        "checkpoint": (mutated(real["npz"]), ".npz", load, CheckpointError),
        "signed checkpoint": (checkpoints(real["npz"]), ".npz", load, CheckpointError),
        "idx": (mutated(IDX), ".idx", load_idx, ValueError),
        "idx.gz": (mutated(IDX).map(gzip.compress), ".gz", load_idx, ValueError),
        "idx.gz damaged": (mutated(gzip.compress(IDX)), ".gz", load_idx, ValueError),
        "arrays": (mutated(ARRAYS), ".npz", data_named, Failed),
        "arrays, compressed": (mutated(PACKED), ".npz", data_named, Failed),
        "any": (st.binary(max_size=200), ".npz", load, CheckpointError),
    }
    if "safetensors" in real:
        bytes_changed, suffix = mutated(real["safetensors"]), ".safetensors"
        found["tensors"] = bytes_changed, suffix, load, CheckpointError
        found["tensors, another header"] = (
            tensors(real["safetensors"]),
            suffix,
            load,
            CheckpointError,
        )
    return found


NAMES = [
    *("checkpoint", "signed checkpoint", "idx", "idx.gz", "idx.gz damaged"),
    *("arrays", "arrays, compressed", "any", "tensors", "tensors, another header"),
]


def try_files(real, name, folder, cases):
    if name not in kinds(real):
        pytest.skip("safetensors comes with the extra `torch`")
    files, suffix, read, refusal = kinds(real)[name]
    path = folder / f"file{suffix}"

    @settings(max_examples=cases, suppress_health_check=list(HealthCheck))
    @given(files)
    def attempt(data):
        path.write_bytes(data)
        tracemalloc.start()
        try:
            read(str(path))
        except refusal as error:
            assert type(error) is refusal
            assert len(str(error)) < 2_000
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < SMALL_MEMORY

    attempt()
    assert [p.name for p in folder.iterdir()] == [path.name]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_read_or_refused(real, name, tmp_path):
    try_files(real, name, tmp_path, 100)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_many_files_are_read_or_refused(real, name, tmp_path):
    try_files(real, name, tmp_path, MANY)


# What a header claims, in a process that has no memory for it.

CLAIMS = """
import resource, struct, sys, zipfile, gzip
from micrograd_bp import CheckpointError, load
from micrograd_bp.commands.answer import Failed
from micrograd_bp.commands.sets import data_named
from micrograd_bp.datasets import load_idx

def entry(shape):
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\\n".encode()
    return b"\\x93NUMPY\\1\\0" + struct.pack("<H", len(text)) + text

def archive(path, compression, *names, content):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name in names:
            file.writestr(name, content)

zeros = bytes(50_000_000)
names = "w1.npy", "b1.npy", "meta.npy", "sha256.npy"
archive("bomb.npz", zipfile.ZIP_DEFLATED, *names, content=zeros)
archive("claim.npz", zipfile.ZIP_STORED, "X.npy", "y.npy", content=entry("(1000000000000, 1)"))
idx = b"\\0\\0\\x08\\2" + struct.pack(">2I", 2**31, 2**31)
open("claim.idx", "wb").write(idx + b"123")
open("claim.gz", "wb").write(gzip.compress(idx + b"123"))
open("bomb.gz", "wb").write(gzip.compress(b"\\0\\0\\x08\\1\\0\\0\\0\\7" + zeros, 1))
open("claim.safetensors", "wb").write(struct.pack("<Q", 2**63) + b"{}")
del zeros
TRIED = {
    "bomb.npz": (load, CheckpointError),
    "claim.npz": (data_named, Failed),
    "claim.idx": (load_idx, ValueError),
    "claim.gz": (load_idx, ValueError),
    "bomb.gz": (load_idx, ValueError),
    "claim.safetensors": (load, (CheckpointError, ImportError)),
}
limit = 4096 * int(open("/proc/self/statm").read().split()[0]) + (40 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for path, (read, refusal) in TRIED.items():
    try:
        read(path)
    except refusal:
        print(path)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process has no such limit")
def test_no_size_in_a_header_is_believed(run_python, tmp_path):
    printed = run_python(f"import os; os.chdir({str(tmp_path)!r})\n{CLAIMS}")
    assert len(printed.split()) == 6
