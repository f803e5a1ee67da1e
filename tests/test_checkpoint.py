"""Checkpoints: a file is the network, bit for bit, or an error; nothing in between."""

import io
import json
import os
import random
import zipfile
from pathlib import Path
from string import ascii_letters

import numpy as np
import pytest

from micrograd_bp import MLP, SGD, CheckpointError, Primitive, load, quadratic, save, train
from micrograd_bp import primitives as p
from micrograd_bp.archive import HEADER, digest, entries_of, npy, read_archive, write_archive
from micrograd_bp.datasets import moons
from micrograd_bp.files import write_safely

NETS = {
    "small": lambda: MLP(2, [3, 1], "tanh", "sigmoid", rng=0),
    "list": lambda: MLP(4, [5, 3, 2], ["relu", "softplus", "softmax"], rng=1),
    "leaky": lambda: MLP(1, [1], ["leaky_relu"], rng=2),
    "rows": lambda: MLP(2, [2, 1], [p.tanh, p.sigmoid], rng=3),
}


def numbers(net):
    return [x.data for x in net.parameters()]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.npz"


@pytest.mark.parametrize("name", NETS)
def test_a_network_comes_back_bit_for_bit(name, path):
    net = NETS[name]()
    assert save(net, path) == str(path)
    back = load(path)
    assert numbers(back) == numbers(net)
    assert str(back) == str(net)
    x = [0.3] * net.sizes[0]
    assert [v.data for v in np.ravel(back(x))] == [v.data for v in np.ravel(net(x))]


def test_signs_of_zero_and_denormals_come_back(path):
    net = MLP(1, [2], rng=0)
    net.load_arrays([[[-0.0, 5e-324]]], [[1.7976931348623157e308, -1e-310]])
    save(net, path)
    assert [x.hex() for x in numbers(load(path))] == [x.hex() for x in numbers(net)]


def test_the_same_network_is_the_same_file_which_numpy_reads(path, tmp_path):
    net = NETS["small"]()
    save(net, path)
    save(net, tmp_path / "other.npz")
    assert path.read_bytes() == (tmp_path / "other.npz").read_bytes()
    with np.load(path, allow_pickle=False) as arrays:
        assert set(arrays) == {"w1", "b1", "w2", "b2", "meta", "sha256"}
        np.testing.assert_array_equal(arrays["w1"], net.arrays()[0][0])


def test_nothing_but_the_file_stays_and_its_permissions_do(path):
    save(NETS["small"](), path)
    assert [x.name for x in path.parent.iterdir()] == ["net.npz"]
    path.chmod(0o640)
    save(NETS["small"](), path)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_new_file_has_the_permissions_of_new_files(path):
    before = os.umask(0o027)
    try:
        save(NETS["small"](), path)
    finally:
        left = os.umask(before)
    assert (path.stat().st_mode & 0o777, left) == (0o640, 0o027)


def test_a_failed_write_leaves_the_old_file(path, monkeypatch):
    save(NETS["small"](), path)
    before = path.read_bytes()
    monkeypatch.setattr("os.fsync", lambda handle: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        save(NETS["list"](), path)
    assert path.read_bytes() == before
    assert [x.name for x in path.parent.iterdir()] == ["net.npz"]


@pytest.mark.parametrize("name", ["net.pkl", "net", "net.npz.txt"])
def test_another_suffix_is_refused(name, tmp_path):
    with pytest.raises(ValueError, match=rf"\.npz or \.safetensors, not as .*{name}"):
        save(NETS["small"](), tmp_path / name)
    with pytest.raises(ValueError, match=rf"\.npz or \.safetensors, not as .*{name}"):
        load(tmp_path / name)


def test_no_folder_and_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"cannot save net\.npz: there is no folder"):
        save(NETS["small"](), tmp_path / "nowhere" / "net.npz")
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "net.npz")


def test_what_a_file_cannot_hold_is_named(path):
    swish = Primitive("swish", lambda x: x, lambda x: x, lambda z, x: (1.0,))
    with pytest.raises(ValueError, match=r"layer 1 has the activation .*swish.*load_arrays"):
        save(MLP(1, [1], [swish]), path)
    impostor = Primitive("tanh", lambda x: x, lambda x: x, lambda z, x: (1.0,))
    with pytest.raises(ValueError, match="layer 1 has the activation"):
        save(MLP(1, [1], [impostor]), path)
    with pytest.raises(TypeError, match=r"save\(\) takes an MLP, got Layer.*state_dict"):
        save(NETS["small"]().layers[0], path)
    assert not path.exists()


# Damaged files.


def test_every_truncation_is_noticed(path):
    save(MLP(1, [1], rng=0), path)
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(CheckpointError):
            load(path)


def test_flipped_bits_are_noticed_or_harmless(path):
    net = MLP(1, [1], rng=0)
    save(net, path)
    data, draw, noticed = path.read_bytes(), random.Random(0), 0
    for _ in range(2_000):
        changed = bytearray(data)
        changed[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        path.write_bytes(changed)
        try:
            found = load(path)
        except CheckpointError:
            noticed += 1
        else:
            assert numbers(found) == numbers(net)
    assert noticed > 1_000


@pytest.mark.parametrize("data", [b"", b"PK", b"\x00" * 1000, b"PK\x05\x06" + b"\x00" * 18])
def test_what_is_no_archive_is_refused(data, path):
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=r"net\.npz is no checkpoint"):
        load(path)


def test_the_error_quotes_little_of_the_file(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("w1.npy" + "x" * 10_000, b"")
    path.write_bytes(path.read_bytes().replace(b"w1.npy", b"w2.npy", 1))
    with pytest.raises(CheckpointError, match="File name in directory") as error:
        load(path)
    assert len(str(error.value)) < 500


def test_archives_of_numpy_and_of_others_are_refused(path):
    np.savez(path, X=np.zeros(3))
    with pytest.raises(CheckpointError, match="no entry 'sha256'"):
        load(path)
    np.savez_compressed(path, X=np.zeros(100_000))
    with pytest.raises(CheckpointError, match="is compressed"):
        load(path)
    np.savez(path, X=np.array([object()], dtype=object))
    with pytest.raises(CheckpointError):
        load(path)


# Files that were made with care: the digest is right.


def forged(path, change):
    """Change the entries of a saved network, and sign them."""
    save(MLP(2, [3, 1], "tanh", rng=0), path)
    entries = entries_of(path.read_bytes())
    del entries["sha256"]
    change(entries)
    entries["sha256"] = npy(np.frombuffer(digest(entries), np.uint8))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in entries.items():
            archive.writestr(f"{name}.npy", data)


def with_array(name, array):
    def change(entries):
        entries[name] = npy(np.asarray(array))

    return change


def with_meta(**changes):
    def change(entries):
        meta = json.loads(bytes(np.load(io.BytesIO(entries["meta"]))))
        for key, value in changes.items():
            (meta["network"] if key in ("sizes", "activations") else meta)[key] = value
        entries["meta"] = npy(np.frombuffer(json.dumps(meta).encode(), np.uint8))

    return change


def with_text(text):
    return with_array("meta", np.frombuffer(text, np.uint8))


def claiming(shape, name="w1"):
    """An entry whose header says another shape."""

    def change(entries):
        header = entries[name]
        start = header.index(b"(")
        end = header.index(b")") + 1
        padded = shape.encode() + header[end:128]
        entries[name] = header[:start] + padded[: 127 - start].ljust(127 - start) + b"\n"

    return change


FORGED = {
    "nan": (with_array("w1", np.full((2, 3), np.nan)), r"w1\[0, 0\] is nan, not a finite"),
    "inf": (with_array("b2", [np.inf]), r"b2\[0\] is inf"),
    "shape": (with_array("w1", np.zeros((3, 2))), r"w1 has shape \(3, 2\).*not \(2, 3\)"),
    "bytes": (with_array("w1", np.zeros((2, 3), np.uint8)), "of uint8"),
    "integers": (with_array("w1", np.zeros((2, 3), np.int64)), "no array of floats"),
    "objects": (
        lambda e: e.update(w1=e["w1"].replace(b"<f8", b"|O ")),
        "no array of floats",
    ),
    "version 2 header": (
        lambda e: e.update(w1=b"\x93NUMPY\x02\x00" + e["w1"][8:]),
        "no array of floats",
    ),
    "endless shape": (claiming("(" + "1" * 60 + "x)"), "no array of floats"),
    "missing": (lambda e: e.pop("b1"), "has no array b1"),
    "no meta": (lambda e: e.pop("meta"), "no entry 'meta'"),
    "huge shape": (claiming("(99999999999999, 9)"), "an entry"),
    "huge product": (claiming(f"({10**17}, {10**17}, {10**17})"), "an entry"),
    "other program": (with_meta(format="keras"), "is no checkpoint of micrograd_bp"),
    "version": (with_meta(version=2), "has version 2 of the format, and version 1 is known"),
    "version true": (with_meta(version="1"), "has version '1'"),
    "sizes": (with_meta(sizes=[2, 4, 1]), r"w1 has shape \(2, 3\)"),
    "huge sizes": (with_meta(sizes=[10**12, 10**12, 1]), "w1 has shape"),
    "no sizes": (with_meta(sizes=[]), "describes no network"),
    "no layers": (with_meta(sizes=[2], activations=[]), "describes no network"),
    "negative": (with_meta(sizes=[2, -3, 1]), "describes no network"),
    "true": (with_meta(sizes=[2, True, 1]), "describes no network"),
    "fractions": (with_meta(sizes=[2.0, 3.0, 1.0]), "describes no network"),
    "text": (with_meta(sizes="231"), "describes no network"),
    "activation": (with_meta(activations=["tanh", "os.system"]), "describes no network"),
    "unhashable": (with_meta(activations=["tanh", ["tanh"]]), "describes no network"),
    "no network": (with_meta(network=None), "has no network of layers"),
    "no json": (with_text(b"{"), "no checkpoint, or damaged"),
    "no utf-8": (with_text(b"\xff\xfe\xfd"), "no checkpoint, or damaged"),
    "a list": (with_text(b"[]"), "is no checkpoint of micrograd_bp"),
    "NaN": (with_text(b'{"format": NaN}'), "NaN is no finite number"),
    "twice": (with_text(b'{"version": 1, "version": 2}'), "a name stands twice in its text"),
    "deep": (with_text(b"[" * 100_000), "deeply nested"),
    "long integer": (with_text(b"1" * 10_000), "no checkpoint, or damaged"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_file_is_refused(name, path):
    change, message = FORGED[name]
    forged(path, change)
    with pytest.raises(CheckpointError, match=message):
        load(path)


def test_the_name_of_an_entry_is_no_path(path):
    """Entries are read in memory, and written nowhere."""
    forged(path, lambda entries: entries.update({"../../w3": npy(np.zeros(1)), "/w4": b""}))
    with pytest.raises(CheckpointError):
        load(path)
    forged(path, lambda entries: entries.update({"../../w3": npy(np.zeros(1))}))
    assert load(path).sizes == [2, 3, 1]
    assert [x.name for x in path.parent.iterdir()] == ["net.npz"]
    assert not list(path.parent.parent.glob("w3*"))


def test_an_unchanged_forgery_loads(path):
    forged(path, lambda entries: None)
    assert load(path).sizes == [2, 3, 1]


def test_entries_may_not_be_twice_or_lie_over_one_another(path):
    save(MLP(1, [1], rng=0), path)
    data = path.read_bytes()
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("w1.npy", b"")
    with pytest.raises(CheckpointError, match="an entry is there twice"):
        load(path)
    at = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    one = data[at : data.index(b"PK\x01\x02", at + 4)]
    many = b"".join(one.replace(b"w1.npy", f"w{c}.npy".encode()) for c in ascii_letters)
    count = len(ascii_letters).to_bytes(2, "little")
    tail = bytearray(data[end:])
    tail[8:12] = count + count
    tail[12:16] = len(many).to_bytes(4, "little")
    path.write_bytes(data[:at] + many + bytes(tail))
    with pytest.raises(CheckpointError, match="its entries claim to be larger than its"):
        load(path)


def test_headers_are_those_that_numpy_writes():
    for shape in [(), (1,), (2, 3), (1, 1, 1)]:
        for dtype in ("<f8", "|u1"):
            assert HEADER.fullmatch(npy(np.zeros(shape, dtype))[10:128])


def test_arrays_and_text_come_back(path):
    write_archive(path, {"é": [1, "x"]}, {"a": np.arange(6.0).reshape(2, 3).T, "b": np.float64(2)})
    meta, arrays = read_archive(path)
    assert meta == {"é": [1, "x"]}
    np.testing.assert_array_equal(arrays["a"], np.arange(6.0).reshape(2, 3).T)
    with pytest.raises(ValueError, match="JSON"):
        write_archive(path, {"x": float("nan")}, {})
    assert read_archive(path)[0] == meta


def test_write_safely_names_the_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        write_safely(tmp_path / "a" / "b.npz", b"")
    write_safely(str(tmp_path / "c"), b"x")
    assert Path(tmp_path / "c").read_bytes() == b"x"


def test_a_checkpoint_of_a_run_is_a_network_too(path):
    X, labels = moons(20)
    net = MLP(2, [3, 1], "tanh", "sigmoid", rng=0)
    train(net, X, labels, quadratic, SGD(net.parameters(), 0.5), epochs=2, checkpoint=path)
    assert numbers(load(path)) == numbers(net)
