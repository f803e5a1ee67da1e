"""The classics of the course: symmetry, Nielsen's digits and slowdown, XOR, micrograd's moons."""

import ast
import re
import runpy
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from micrograd_bp.datasets import digits

EXAMPLES = Path(__file__).parent.parent / "examples"


def has_picture(ran, name):
    """Whether the example wrote this picture and nothing else, and says so in its last line."""
    wrote = [path.name for path in ran.folder.iterdir()]
    ending = (ran.folder / name).read_text(encoding="utf-8").rstrip()[-6:]
    return (wrote, ending, ran.printed.splitlines()[-1]) == ([name], "</svg>", f"wrote {name}")


# 13: symmetry.


@pytest.fixture
def symmetry(example):
    return example("13_symmetry.py")


def test_all_patterns_are_there_and_eight_are_symmetric(symmetry):
    X, y = symmetry.names["X"], symmetry.names["y"]
    assert len({tuple(x) for x in X.tolist()}) == len(X) == 64
    assert {"".join(f"{bit:.0f}" for bit in x) for x in X[y == 1.0]} == {
        half + half[::-1] for half in (f"{k:03b}" for k in range(8))
    }


def test_half_of_the_first_weights_learn_symmetry_in_the_sweeps_of_the_paper(symmetry):
    found, learnt = symmetry.names["found"], symmetry.names["learnt"]
    assert learnt == [1, 5, 6, 8, 9, 12]
    for seed, (_, history) in found.items():
        assert history.epochs == 1425
        assert history.accuracy[-1] == (1.0 if seed in learnt else 56 / 64)  # "no" to every pattern
    for seed in learnt:
        accuracy = found[seed][1].accuracy
        assert min(accuracy[accuracy.index(1.0) :]) == 1.0


def test_first_weights_are_uniform_on_three_tenths(symmetry, monkeypatch):
    learn = symmetry.names["learn"]
    monkeypatch.setitem(learn.__globals__, "sweeps", 0)
    weights = [p.data for seed in range(9) for p in learn(seed)[0].parameters()]
    assert -0.3 < min(weights) < -0.29
    assert 0.29 < max(weights) < 0.3


def test_weights_are_mirrored_and_as_1_2_4(symmetry):
    names = symmetry.names
    assert names["right"] == 64
    assert names["error"] == pytest.approx(0.0150, abs=1e-3)
    for seed in names["learnt"]:
        net, _ = names["found"][seed]
        w, b = (arrays[0] for arrays in net.arrays())
        assert np.max(np.abs(w + w[::-1])) < 0.01
        assert np.max(np.abs(w[:, 0] + w[:, 1])) < 0.2  # the two neurons are opposite
        assert np.all((b < -1.5) & (b > -2.5))
        expected = [1.0, 1.5, 2.0] if seed == 12 else [1.0, 2.0, 4.0]
        assert names["ratios_of"](net) == pytest.approx(np.array([expected] * 2).T, abs=0.05)
        assert np.all(net.arrays()[0][1] < 0.0) and net.bias(2, 1).data > 0.0


def test_the_picture_shows_a_symmetric_pattern(symmetry):
    net = symmetry.names["net"]
    assert [net.a(0, i).data for i in range(1, 7)] == [1.0, 0.0, 1.0, 1.0, 0.0, 1.0]
    assert symmetry.names["output"] == net.a(2, 1).data > 0.9
    for j in (1, 2):
        assert net.z(1, j).data == pytest.approx(net.bias(1, j).data, abs=0.02)
    assert has_picture(symmetry, "13_symmetry.svg")


# Nielsen's digits.


def test_the_shipped_digits_are_read_as_in_chapter_1(example):
    ran = example("nielsen_digits.py")
    final = re.search(r"^final ([\d.]+)%, best ([\d.]+)% \(epoch \d+\)", ran.printed, re.MULTILINE)
    assert 96.5 <= float(final[1]) <= float(final[2])
    assert len(re.findall(r"^epoch .* of 360 test digits$", ran.printed, re.MULTILINE)) == 30


def test_first_weights_are_drawn_in_the_order_of_the_book(example):
    net = example("nielsen_digits.py").names["network"]([3, 2, 1])
    rng = np.random.default_rng(0)
    b1, b2 = rng.normal(size=2), rng.normal(size=1)
    w1, w2 = rng.normal(size=(2, 3)).T, rng.normal(size=(1, 2)).T
    for found, expected in zip(net.arrays(), ([w1, w2], [b1, b2]), strict=True):
        for array, other in zip(found, expected, strict=True):
            assert np.array_equal(array, other)


@pytest.fixture
def read_digits(tmp_path, monkeypatch, capsys):
    """Run the example on four IDX files of some digits, given in some order; its answer."""
    X, labels = digits()
    pixels = np.round(255 * X).astype(np.uint8).reshape(-1, 8, 8)
    for name, rows in {"train": slice(0, 900), "test": slice(900, 1000)}.items():
        for kind, array in {"images": pixels, "labels": labels.astype(np.uint8)}.items():
            part = array[rows]
            header = bytes([0, 0, 8, part.ndim]) + struct.pack(f">{part.ndim}I", *part.shape)
            (tmp_path / f"{name}-{kind}").write_bytes(header + part.tobytes())
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        path = str(EXAMPLES / "nielsen_digits.py")
        monkeypatch.setattr(sys, "argv", [path, *arguments])
        try:
            runpy.run_path(path, run_name="__main__")
        except SystemExit as stop:
            return stop.code, capsys.readouterr().err
        return 0, capsys.readouterr().out

    return run


FILES = "train-images", "train-labels", "test-images", "test-labels"


def test_four_files_are_read_instead(read_digits):
    status, printed = read_digits(*FILES, "--epochs", "3")
    right = re.findall(r"^epoch +\d: ([\d.]+)% of 100 test digits$", printed, re.MULTILINE)
    assert status == 0
    assert len(right) == 3
    assert float(right[-1]) > 70.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (FILES[:3], "four files or none, got 3"),
        ((FILES[1], FILES[0], *FILES[2:]), "train-labels has uint8 numbers of shape .*; the order"),
        ((*FILES[:3], FILES[1]), "up to 9, the labels of test-images are uint8 of shape .100,."),
        ((*FILES, "--epochs", "0"), "--epochs is at least 1, got 0"),
        (("absent", *FILES[1:]), "No such file"),
    ],
    ids=["three", "order", "lengths", "epochs", "absent"],
)
def test_files_that_do_not_fit_are_named(read_digits, arguments, message):
    status, complaint = read_digits(*arguments)
    assert status == 2
    assert re.search(message, " ".join(complaint.split()))


# 14: the learning slowdown.


@pytest.fixture
def slowdown(example):
    return example("14_learning_slowdown.py")


def test_one_neuron_starts_slowly_with_the_quadratic_cost_only(slowdown):
    neurons = slowdown.names["neurons"]
    assert [cost for cost, _ in neurons] == ["quadratic", "cross_entropy", "cross_entropy"]
    assert {len(outputs) for _, outputs in neurons.values()} == {301}
    course = {key: outputs for key, (_, outputs) in neurons.items()}
    assert course["quadratic", 0.15][0] == pytest.approx(0.98, abs=0.005)  # the book's figure
    assert course["quadratic", 0.15][300] == pytest.approx(0.20, abs=0.005)
    assert course["quadratic", 0.15][100] == pytest.approx(0.9641, abs=1e-4)
    assert course["cross_entropy", 0.005][300] == pytest.approx(0.7796, abs=1e-4)
    assert course["cross_entropy", 0.15][50] == pytest.approx(0.0985, abs=1e-4)


def test_deltas_at_the_start_are_those_of_bp1(slowdown):
    a = 1.0 / (1.0 + np.exp(-4.0))
    for (cost, _), (delta, _) in slowdown.names["neurons"].items():
        assert delta == pytest.approx(a * a * (1.0 - a) if cost == "quadratic" else a, rel=1e-12)
    a, y, deltas = (slowdown.names[name] for name in ("a", "y", "deltas"))
    assert deltas["quadratic"] == pytest.approx((a - y) * a * (1.0 - a), rel=1e-9)
    assert deltas["cross_entropy"] == pytest.approx(a - y, rel=1e-9)
    worst = slowdown.names["worst"]
    assert a[worst] > 0.99 and y[worst] == 0.0
    assert f"its delta is {deltas['quadratic'][worst]:.4f}" in slowdown.printed


def test_digits_start_slowly_with_the_quadratic_cost_and_end_alike(slowdown):
    right = {
        name: history.validation_accuracy for name, history in slowdown.names["histories"].items()
    }
    assert right["quadratic"][0] < 0.6 < 0.85 < right["cross_entropy"][0]
    assert all(accuracies[29] > 0.95 for accuracies in right.values())
    assert has_picture(slowdown, "14_learning_slowdown.svg")


# 15: XOR.


@pytest.fixture
def xor(example):
    return example("15_xor.py")


def test_one_neuron_answers_a_half_to_everything(xor):
    assert xor.names["neuron_cost"] == pytest.approx(0.125, abs=1e-9)
    assert xor.names["outputs"] == pytest.approx(np.full(4, 0.5), abs=1e-6)


def test_no_neuron_has_more_than_three_corners_right(xor):
    X, y, best = (xor.names[name] for name in ("X", "y", "best"))
    assert (xor.names["most"], len(xor.names["weights"])) == (3, 17**3)
    assert np.sum((X @ best[:2] + best[2] > 0.0) == (y == 1)) == 3


def test_two_hidden_neurons_learn_xor_as_or_and_and(xor):
    assert xor.names["learnt"] == list(range(9))
    assert list(xor.names["stuck"]) == [9]
    assert xor.names["stuck"][9] == pytest.approx(1 / 16, abs=1e-3)  # of 1/2 at two corners
    hidden_or, hidden_and, outputs = np.array(xor.names["table"]).T
    assert np.array_equal(hidden_or > 0.5, [False, True, True, True])
    assert np.array_equal(hidden_and > 0.5, [False, False, False, True])
    assert outputs == pytest.approx(np.array([0.0, 1.0, 1.0, 0.0]), abs=0.05)
    cost = 0.5 * np.mean((outputs - xor.names["y"]) ** 2)
    assert xor.names["net_cost"] == pytest.approx(cost, rel=0.01)
    assert has_picture(xor, "15_xor.svg")


# 16: micrograd's moons.

# The costs that the script prints with micrograd 0.1.0 in its import lines, as they are after
#     sed 's/micrograd_bp.engine/micrograd.engine/; s/micrograd_bp.nn/micrograd.nn/' 16_moons.py
MICROGRAD = """
0.813930160392 0.681637996142 0.149358911977 0.130599756625 0.085595310849 0.013235384417
0.012898416320 0.011116184579 0.011101542613 0.011090912171 0.011084281686
"""
OF_MICROGRAD = {"relu", "data", "grad", "backward", "parameters", "zero_grad"}
OF_OTHERS = {"seed", "random", "permutation", "mean", "tolist", "append"}  # random, numpy, lists
OF_THE_PICTURE = {"set_title", "figure", "savefig"}


@pytest.fixture
def moons(example):
    return example("16_moons.py")


def test_costs_are_those_of_micrograd(moons):
    costs, last = moons.names["costs"], moons.names["cost"].data
    expected = [float(text) for text in MICROGRAD.split()]
    assert len(costs) == 100
    assert [*costs[::10], last] == pytest.approx(expected, rel=1e-9)


def test_all_moons_are_right(moons):
    assert moons.names["accuracy"] == 1.0
    assert len(moons.names["X"]) == 100
    assert "100% of all points right" in moons.printed
    assert has_picture(moons, "16_moons.svg")


def test_the_script_asks_for_nothing_that_micrograd_has_not():
    tree = ast.parse((EXAMPLES / "16_moons.py").read_text(encoding="utf-8"))
    imports = {
        node.module: [alias.name for alias in node.names]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.startswith("micrograd_bp")
    }
    assert imports.pop("micrograd_bp.datasets") == ["moons"]  # scikit-learn's in the notebook
    assert imports == {"micrograd_bp.engine": ["Value"], "micrograd_bp.nn": ["MLP"]}
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert attributes >= OF_MICROGRAD
    assert attributes - OF_MICROGRAD - OF_OTHERS == OF_THE_PICTURE
