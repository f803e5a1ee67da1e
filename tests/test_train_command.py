"""micrograd-bp train: what it writes, what it refuses, and how it goes on after Ctrl-C."""

import json
import os
import re
import shlex
import signal
import struct
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import numpy as np
import pytest
from command_line import refused, told

from micrograd_bp import MLP, cli
from micrograd_bp.checkpoint import load, save
from micrograd_bp.commands import sets
from micrograd_bp.commands.sets import SETS, data_named, targets_of
from micrograd_bp.commands.settings import PLANS

PROJECT = Path(cli.__file__).parents[1]
FILES = ["model.npz", "checkpoint.npz", "settings.json", "history.csv", "history.svg"]
XOR = ("train", "xor", "--epochs", "3", "--out", "out")
POINTS = np.random.default_rng(0).normal(size=(60, 3))


def written(path, **arrays):
    np.savez(path, **arrays)
    return str(path)


def weights(path):
    return [p.data for p in load(path).parameters()]


# What it writes.


def test_train_writes_its_files_and_says_what_it_learned(run, tmp_path):
    status, printed, error = run(*XOR)
    assert (status, error) == (0, "")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FILES)
    first, *middle = printed.splitlines()
    assert first == "MLP 2-4-2 on xor: 3 epochs of 4 examples, 0 held out"
    assert middle[-5:] == [f"  {Path('out') / name}" for name in FILES]
    assert re.match(r"  cost      0\.\d+$|  cost      1\.\d+$", middle[0])
    assert load("out/model.npz").sizes == [2, 4, 2]
    assert weights("out/checkpoint.npz") == weights("out/model.npz")
    assert len(Path("out/history.csv").read_text(encoding="utf-8").splitlines()) == 4
    assert ElementTree.parse("out/history.svg").getroot().tag.endswith("svg")


def test_machines_are_told_the_settings_and_the_last_numbers(run):
    found = told(run, *XOR, "--layers", "3,1", "--cost", "quadratic", "--seed", "7")
    assert (found["sizes"], found["activations"]) == ([2, 3, 1], ["tanh", "sigmoid"])
    assert found["settings"]["seed"] == 7
    assert (found["epochs"], found["stopped"]) == (3, "")
    assert 0.0 < found["cost"] < 1.0
    assert found["validation_cost"] is None
    assert found["files"] == [str(Path("out") / name) for name in FILES]


def test_the_options_reach_the_training(run):
    options = (
        "--layers 5,2 --activation relu --output softmax --cost log_likelihood --optimizer adam"
        " --learning-rate 0.01 --epochs 2 --batch-size 7 --validation 0.25 --l2 0.001 --seed 3"
    )
    found = told(run, "train", "moons", *options.split(), "--patience", "2")
    assert found["settings"] == {
        "data": "moons",
        "layers": [5, 2],
        "activation": "relu",
        "output": "softmax",
        "cost": "log_likelihood",
        "optimizer": "adam",
        "learning_rate": 0.01,
        "epochs": 2,
        "batch_size": 7,
        "validation": 0.25,
        "l2": 0.001,
        "patience": 2,
        "seed": 3,
    }
    assert found["activations"] == ["relu", "softmax"]
    assert found["validation_accuracy"] in [k / 25 for k in range(26)]
    assert found["files"][0] == str(Path("micrograd-bp-train/model.npz"))


def test_a_seed_repeats_the_training(run):
    for out, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert run("train", "moons", "--epochs", "2", "--seed", seed, "--out", out)[0] == 0
    assert weights("a/model.npz") == weights("b/model.npz") != weights("c/model.npz")


@pytest.mark.parametrize("name", SETS)
def test_each_shipped_set_is_learned_with_what_suits_it(run, name):
    found = told(run, "train", name, "--epochs", "1", "--batch-size", "100")
    data = data_named(name)
    assert found["sizes"] == [data.X.shape[1], *PLANS[name][0], data.classes]
    assert found["settings"]["validation"] == (0.0 if name == "xor" else 0.2)


def test_xor_is_learned(run):
    options = "--optimizer adam --learning-rate 0.05 --epochs 80"
    assert told(run, "train", "xor", *options.split())["accuracy"] == 1.0


@pytest.mark.parametrize(
    ("cost", "sizes", "output"),
    [
        ("quadratic", [2, 4, 2], "sigmoid"),
        ("cross_entropy", [2, 4, 2], "sigmoid"),
        ("log_likelihood", [2, 4, 2], "softmax"),
        ("hinge", [2, 4, 1], "linear"),
    ],
)
def test_the_last_layer_suits_the_cost(run, cost, sizes, output):
    found = told(run, *XOR, "--cost", cost)
    assert (found["sizes"], found["activations"][-1]) == (sizes, output)


def test_hinge_takes_targets_1_and_minus_1():
    xor, moons = data_named("xor"), data_named("moons")
    assert targets_of(xor, 1, "hinge").tolist() == [[-1.0], [1.0], [1.0], [-1.0]]
    assert set(targets_of(moons, 2, "hinge").sum(axis=1)) == {0.0}
    assert targets_of(xor, 1, "quadratic").tolist() == [[0.0], [1.0], [1.0], [0.0]]


def test_without_matplotlib_a_line_says_how_to_get_it(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "viz.plot_axes", None)
    status, printed, error = run(*XOR)
    assert status == 0
    assert "history.svg" not in printed
    assert error.startswith("micrograd-bp: ")
    assert error.endswith("needs matplotlib: pip install 'micrograd-bp[plot]'\n")
    assert error.count("\n") == 1


def test_no_epoch_writes_the_first_weights(run):
    status, printed, error = run("train", "xor", "--epochs", "0")
    assert status == 0
    assert printed.startswith("MLP 2-4-2 on xor: 0 epochs")
    assert error == "micrograd-bp: history.svg is not written: there was no epoch\n"


# Data of one's own.


@pytest.mark.parametrize(
    ("y", "sizes", "cost", "output"),
    [
        (np.arange(60) % 3, [3, 30, 3], "cross_entropy", "sigmoid"),
        (POINTS[:, 0] > 0, [3, 30, 2], "cross_entropy", "sigmoid"),
        (np.arange(60) % 3 - 1, [3, 30, 1], "quadratic", "linear"),
        (POINTS[:, 0], [3, 30, 1], "quadratic", "linear"),
        (POINTS[:, 0] ** 2, [3, 30, 1], "quadratic", "linear"),
        (np.linspace(0.0, 1.0, 60), [3, 30, 1], "quadratic", "sigmoid"),
        (POINTS[:, :2], [3, 30, 2], "quadratic", "linear"),
        (np.eye(3)[np.arange(60) % 3], [3, 30, 3], "quadratic", "sigmoid"),
    ],
    ids=["labels", "booleans", "negative", "numbers", "squares", "parts", "rows", "one-hot"],
)
@pytest.mark.parametrize("name", ["y", "Y"])
def test_an_npz_with_x_and_y(run, tmp_path, y, sizes, cost, output, name):
    path = written(tmp_path / "mine.npz", X=POINTS, **{name: y})
    found = told(run, "train", path, "--epochs", "1", "--batch-size", "60")
    assert (found["sizes"], found["settings"]["cost"]) == (sizes, cost)
    assert found["activations"][-1] == output


BAD_ARRAYS = {
    "no X": ({"x": POINTS, "y": POINTS}, "has x, y; needed are X, a row for each example, and y"),
    "no y": ({"X": POINTS}, "has X; needed are X"),
    "nothing": ({}, "has nothing; needed are X"),
    "lengths": ({"X": POINTS, "y": np.zeros(3)}, "got X (60, 3) and y (3,)"),
    "flat X": ({"X": np.zeros(60), "y": np.zeros(60)}, "got X (60,) and y (60,)"),
    "no rows": ({"X": np.zeros((0, 2)), "y": np.zeros(0)}, "got X (0, 2) and y (0,)"),
    "texts": ({"X": POINTS, "y": np.full(60, "a")}, "y is <U1, and numbers are needed"),
    "objects": ({"X": POINTS, "y": np.full(60, None)}, "is no .npz of arrays of numbers"),
    "nan": ({"X": np.full((60, 3), np.nan), "y": np.zeros(60)}, "X[0, 0] is not a finite number"),
}


@pytest.mark.parametrize(("arrays", "message"), BAD_ARRAYS.values(), ids=BAD_ARRAYS)
def test_arrays_that_do_not_fit_are_refused(run, tmp_path, arrays, message):
    path = written(tmp_path / "mine.npz", **arrays)
    assert message in refused(run, "train", path, "--out", "out", status=1)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"", b"X,y\n1,2\n", b"PK\x03\x04broken", b"\x93NUMPY"])
def test_a_file_that_is_no_npz_is_refused(run, tmp_path, content):
    (tmp_path / "mine.npz").write_bytes(content)
    assert "is no .npz of arrays" in refused(run, "train", "mine.npz", status=1)


def entry(header, numbers=b""):
    """An .npy file by hand, as enemies may write it."""
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header.encode() + numbers


def claims(shape):
    return f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n"


HOSTILE = {
    "more than any memory": entry(claims("(1000000000000,)")),
    "more than an array holds": entry(claims("(9223372036854775807, 3)")),
    "less than nothing": entry(claims("(-3, -2)"), bytes(48)),
    "signs": entry("-" * 9_500 + "1"),
    "brackets": entry("(" * 9_500),
    "half a header": entry("{'descr': '<f8I"),
    "a shape of text": entry(claims("('3',)")),
    "long texts": entry("{'descr': '<U99999999', 'fortran_order': False, 'shape': (1, 1), }\n"),
    "nothing": b"",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_an_array_that_lies_is_refused(run, tmp_path, content):
    with zipfile.ZipFile(tmp_path / "mine.npz", "w") as archive:
        archive.writestr("X.npy", content)
        archive.writestr("y.npy", content)
    assert "is no .npz of arrays" in refused(run, "train", "mine.npz", status=1)


def test_an_npz_that_unfolds_is_refused_by_what_it_claims(run, tmp_path, monkeypatch):
    monkeypatch.setattr(sets, "LARGE", 100_000)
    np.savez_compressed(tmp_path / "mine.npz", X=np.zeros((6_000, 20)), y=np.zeros(6_000))
    message = refused(run, "train", "mine.npz", status=1)
    assert message.startswith("mine.npz would unfold to 1,008,")
    monkeypatch.setattr(sets, "LARGE", 10_000_000)
    assert told(run, "train", "mine.npz", "--epochs", "1", "--layers", "1")["epochs"] == 1


def test_a_single_array_is_refused(run, tmp_path):
    np.save(tmp_path / "mine.npy", POINTS)
    assert "is no .npz of arrays" in refused(run, "train", "mine.npy", status=1)


@pytest.mark.parametrize(("most", "classes"), [(999, 1_000), (1_000, 0)])
def test_large_whole_numbers_are_no_classes(tmp_path, most, classes):
    y = np.linspace(0, most, 60).astype(int)
    assert data_named(written(tmp_path / "mine.npz", X=POINTS, y=y)).classes == classes


def test_no_set_and_no_file(run):
    message = "there is no set 'digts': take digits, xor, moons, circles, spirals, or an .npz"
    assert refused(run, "train", "digts").startswith(message)
    assert refused(run, "train", "mine.npz", status=1) == "mine.npz: No such file or directory"


# What is refused.


REFUSED = {
    "last layer": ("digits --layers 30,12", "the last layer has 12 neurons, and digits has 10"),
    "one softmax": (
        "xor --layers 4,1 --cost log_likelihood",
        "the last layer has 1 neurons, and xor has 2 classes: with",
    ),
    "held out": ("xor --validation 0.9", "--validation 0.9 of 4 examples leaves none"),
    "layers": ("xor --layers 4;2", "argument --layers: sizes of layers are written 30,10, got"),
    "no layer": ("xor --layers 0", "argument --layers: sizes of layers are written 30,10"),
    "epochs": ("xor --epochs -1", "argument --epochs: "),
    "rate": ("xor --learning-rate 0", "argument --learning-rate: a number above 0, got '0'"),
    "nan": ("xor --learning-rate nan", "argument --learning-rate: a number above 0, got 'nan'"),
    "part": ("xor --validation 1", "argument --validation: a number of at least 0 and below 1"),
    "batch": ("xor --batch-size 0", "argument --batch-size: a whole number from 1, got '0'"),
    "cost": ("xor --cost squares", "argument --cost: invalid choice: 'squares'"),
    "both": ("xor --resume --force", "argument --force: not allowed with argument --resume"),
}


@pytest.mark.parametrize(("arguments", "message"), REFUSED.values(), ids=REFUSED)
def test_settings_that_do_not_fit_are_one_line(run, tmp_path, arguments, message):
    assert refused(run, "train", *arguments.split()).startswith(message)
    assert not list(tmp_path.iterdir())


def test_targets_that_a_cost_does_not_take(run, tmp_path):
    path = written(tmp_path / "mine.npz", X=POINTS, y=POINTS[:, 0])
    assert "hinge takes targets 1 and -1" in refused(run, "train", path, "--cost", "hinge")
    for y in (POINTS[:, 0], POINTS[:, 0] ** 2, -np.linspace(0.0, 1.0, 60)):
        path = written(tmp_path / "mine.npz", X=POINTS, y=y)
        error = refused(run, "train", path, "--cost", "cross_entropy")
        assert "--cost quadratic takes any" in error


def test_a_training_that_overflows_names_the_way_out(run, tmp_path):
    path = written(tmp_path / "mine.npz", X=1e100 * POINTS, y=1e300 * POINTS[:, 0])
    error = refused(run, "train", path, status=1)
    assert error.endswith("a smaller --learning-rate than 0.3 may do")
    assert run("train", path, "--debug")[2].startswith("Traceback")


# Nothing is lost.


def test_a_training_that_is_there_is_kept_unless_forced(run):
    run(*XOR)
    before = weights("out/model.npz")
    assert refused(run, *XOR, "--seed", "1") == (
        "out has checkpoint.npz already; --resume goes on, --force starts afresh,"
        " --out DIR writes elsewhere"
    )
    assert weights("out/model.npz") == before
    assert told(run, *XOR, "--seed", "1", "--force")["epochs"] == 3
    assert weights("out/model.npz") != before


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_in_the_folder_do_not_lead_out_of_it(run, tmp_path):
    """A folder may be of another's making, as in a repository that was cloned."""
    (tmp_path / "out").mkdir()
    for name in FILES[2:]:
        (tmp_path / f"outside-{name}").write_text("mine")
        (tmp_path / "out" / name).symlink_to(tmp_path / f"outside-{name}")
    assert run(*XOR)[0] == 0
    for name in FILES[2:]:
        assert (tmp_path / f"outside-{name}").read_text() == "mine"
        assert not (tmp_path / "out" / name).is_symlink()
    (tmp_path / "elsewhere.npz").write_bytes((tmp_path / "out/model.npz").read_bytes())
    for name in FILES:
        (tmp_path / "out" / name).unlink()
        (tmp_path / "out" / name).symlink_to(tmp_path / "elsewhere.npz")
    before = (tmp_path / "elsewhere.npz").read_bytes()
    assert run(*XOR, "--seed", "1", "--force")[0] == 0
    assert (tmp_path / "elsewhere.npz").read_bytes() == before


def test_a_model_without_a_checkpoint_is_not_resumed(run, tmp_path):
    (tmp_path / "out").mkdir()
    save(MLP(2, [1]), "out/model.npz")
    message = "out has model.npz but no checkpoint.npz; --force starts afresh"
    assert refused(run, *XOR, "--resume") == message
    assert "--resume" not in refused(run, *XOR)


def test_a_resumed_run_goes_on_with_its_settings(run):
    first = told(run, *XOR, "--layers", "5,2", "--seed", "4")
    second = told(run, "train", "xor", "--out", "out", "--resume", "--epochs", "6")
    assert second["epochs"] == 6
    assert second["settings"] == first["settings"] | {"epochs": 6}
    told(run, "train", "xor", "--out", "whole", "--layers", "5,2", "--seed", "4", "--epochs", "6")
    assert weights("whole/model.npz") == weights("out/model.npz")
    again = told(run, "train", "xor", "--out", "out", "--resume")
    assert again["epochs"] == 6


def test_a_resumed_run_takes_no_other_settings(run):
    run(*XOR)
    assert refused(run, *XOR, "--resume", "--layers", "3,2") == (
        "--layers: 3,2 is given, and the run to resume has 4,2; leave it as it was,"
        " or --force starts afresh"
    )
    assert refused(run, "train", "moons", "--out", "out", "--resume").startswith("the data: moons")
    Path("out/settings.json").write_text("{")
    assert "settings.json is damaged" in refused(run, *XOR, "--resume", status=1)
    Path("out/settings.json").write_text("[1]")
    assert "does not hold the settings" in refused(run, *XOR, "--resume", status=1)


def test_a_resumption_of_nothing_starts(run):
    assert told(run, *XOR, "--resume")["epochs"] == 3


def after_ctrl_c(process):
    """What the process prints at its end; Python loses a Ctrl-C that comes within a __del__."""
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        try:
            return process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    return process.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_ctrl_c_saves_a_checkpoint_and_says_how_to_go_on(run, tmp_path):
    script = "import sys; from micrograd_bp.cli import main; sys.exit(main())"
    arguments = ["train", "xor", "--epochs", "1000000", "--out", "a run"]
    command = [sys.executable, "-c", script, *arguments]
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, **pipes) as process:
        while not (tmp_path / "a run" / "checkpoint.npz").exists():
            assert process.poll() is None
        printed, error = after_ctrl_c(process)
    assert (process.returncode, printed) == (130, "")
    line = r"micrograd-bp: interrupted after (\d+) of 1000000 epochs; go on with: (.+)\n"
    epochs, again = re.fullmatch(line, error).groups()
    assert not (tmp_path / "a run" / "model.npz").exists()
    found = told(run, *shlex.split(again)[1:], "--epochs", str(int(epochs) + 1))
    assert found["epochs"] == int(epochs) + 1


def test_an_interrupted_training_tells_machines_too(run, monkeypatch):
    def interrupted(*arguments, **options):
        save(arguments[0], options["checkpoint"])
        history = History()
        history.stopped = "interrupted"
        return history

    from micrograd_bp.training import History

    monkeypatch.setattr("micrograd_bp.commands.train.train", interrupted)
    status, printed, error = run(*XOR, "--json")
    assert status == 130
    assert json.loads(printed)["stopped"] == "interrupted"
    assert error == (
        "micrograd-bp: interrupted after 0 of 3 epochs;"
        " go on with: micrograd-bp train xor --out out --resume\n"
    )
