"""The course beyond the post: attention, Newton's method, homework that a test corrects."""

import os
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

from micrograd_bp import gradients, hessian


def is_svg(path):
    return path.read_text(encoding="utf-8").rstrip().endswith("</svg>")


# 18 attention


def attention_in_arrays(names, characters):
    """Equation (1) of the paper on the trained parameters: alpha (T, T) and logits z (T, 8)."""
    sizes = [(6, 8), (8, 6), (6, 6), (6, 6), (6, 6), (8, 6)]
    numbers = iter(names["form"].parameters)
    E, P, Q, K, V, W = [
        np.array([next(numbers) for _ in range(n * m)]).reshape(n, m) for n, m in sizes
    ]
    h = E.T[[names["ALPHABET"].index(c) for c in characters]] + P  # (T, D)
    scores = (h @ Q.T) @ (h @ K.T).T / np.sqrt(6)  # (T, T)
    weights = np.exp(np.where(np.tri(8) == 1, scores, -np.inf))
    alpha = weights / weights.sum(axis=1, keepdims=True)
    return alpha, (h + alpha @ (h @ V.T)) @ W.T


def test_attention_in_scalars_is_that_of_the_paper(example):
    names = example("17_attention.py").names
    for context in [*names["fresh"][:5], names["EXAMPLE"]]:
        for found, right in zip(
            names["read"](context), attention_in_arrays(names, context[:8]), strict=True
        ):
            np.testing.assert_allclose(found, right, rtol=1e-10, atol=1e-12)


def test_attention_sees_nothing_that_comes_later(example):
    read = example("17_attention.py").names["read"]
    z, other = read("[ab](ab)")[1], read("[ab]{ba}")[1]
    np.testing.assert_allclose(z[:4], other[:4], rtol=1e-12)
    assert np.all(np.max(np.abs(z[4:] - other[4:]), axis=1) > 0.01)


def test_gradients_of_attention_agree(example):
    names = example("17_attention.py").names
    assert names["off_graph"] < 1e-13
    assert names["off_differences"] < 1e-8
    assert np.count_nonzero(names["by_graph"]) > 200


def test_the_bigram_entropy_is_that_of_pairs_less_that_of_firsts(example):
    names = example("17_attention.py").names
    pairs = np.zeros((8, 8))
    for c in names["fresh"]:
        places = [names["ALPHABET"].index(letter) for letter in c]
        np.add.at(pairs, (places[:-1], places[1:]), 1)

    def entropy(counts):
        p = counts[counts > 0] / counts.sum()
        return -np.sum(p * np.log(p))

    assert abs(entropy(pairs) - entropy(pairs.sum(axis=1)) - names["bigram"]) < 1e-12
    chance_of_the_kind = np.log(3) * pairs[:, 3:6].sum() / pairs.sum()
    assert abs(names["bigram"] - names["floor"] - chance_of_the_kind) < 0.05


def test_attention_does_what_no_bigram_model_can(example):
    names = example("17_attention.py").names
    assert names["loss"] < names["bigram"] - 0.1
    assert names["floor"] - 0.02 < names["loss"] < names["floor"] + 0.06
    assert len(names["closed"]) > 100
    assert names["right"] > 0.97 * len(names["closed"])


def test_a_letter_looks_at_the_bracket_that_opened_its_group(example):
    ran = example("17_attention.py")
    before, after = ran.names["before"], ran.names["after"]
    assert before[7].argmax() != 4
    assert after[5:, 4].min() > 0.8
    assert "wrote 17_attention.svg" in ran.printed
    assert is_svg(ran.folder / "17_attention.svg")


# 19 Newton's method


def test_newton_s_errors_are_squared(example):
    names = example("18_newton.py").names
    errors = names["errors"]
    assert len(errors) == 6
    assert names["descent"].converged
    assert names["descent"].steps > 1000 * (len(errors) - 1)
    for e, following in pairwise(errors[2:]):
        assert following < e**2
    for v in names["path"]:
        x, y = v
        right = [[2 - 400 * y + 1200 * x * x, -400 * x], [-400 * x, 200]]
        np.testing.assert_allclose(hessian(names["f"])(v), right, rtol=1e-12)


def test_the_hessian_of_a_network_is_symmetric_and_that_of_differences(example):
    names = example("18_newton.py").names
    assert names["asymmetry"] < 1e-15
    assert names["off_differences"] < 1e-8
    assert np.max(np.abs(names["at_start"])) > 0.5


def test_at_zero_cost_four_examples_curve_four_directions(example):
    """There H is the mean of the outer products of the gradients of the output."""
    names = example("18_newton.py").names
    assert (names["falling"], names["curved"]) == (3, 4)
    assert names["cost"] < 1e-20
    of_output = [np.array(gradient_of_output(names["net"], x)) for x in names["X"]]
    expected = sum(np.outer(g, g) for g in of_output) / 4
    np.testing.assert_allclose(names["at_minimum"], expected, atol=1e-12)


def gradient_of_output(net, x):
    return [g.data for g in gradients(net(x), net.parameters())]


def test_the_pictures_of_newton(example):
    ran = example("18_newton.py")
    a, x = ran.names["a"].data, 1.5
    assert abs(ran.names["second"].data + 2 * a * (1 - a * a) * x * x) < 1e-15
    assert "wrote 18_newton.svg and 18_newton_2.svg" in ran.printed
    assert is_svg(ran.folder / "18_newton.svg")
    assert is_svg(ran.folder / "18_newton_2.svg")


# 20 homework

HOMEWORK = Path(__file__).parents[1] / "examples" / "19_homework"


def pytest_prints(folder):
    """The exit status and the output of pytest, as the reader runs it."""
    options = ["-p", "no:cacheprovider", "--color=no"]
    done = subprocess.run(
        [sys.executable, "-B", "-m", "pytest", *options, str(folder)],
        cwd=HOMEWORK.parents[1],
        env={**os.environ, "PYTHONPATH": str(HOMEWORK.parents[1]), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    return done.returncode, done.stdout


def test_the_mistake_in_the_homework_is_named_under_the_line_of_its_test():
    status, printed = pytest_prints(HOMEWORK)
    assert status == 1
    found = re.findall(r"^E +(?:AssertionError: )?(gradient of .*)$", printed, re.M)
    assert [line.partition("[")[0] for line in found] == ["gradient of w1", "gradient of b1"]
    for line in found:
        assert line.endswith("likely slip: a'(z) is missing: the derivative of tanh")
    assert re.search(r"^> +assert_gradients_agree\(.*\)\nE +AssertionError: grad", printed, re.M)
    assert "testing.py" not in printed  # no line of the library is between


def test_the_homework_passes_when_the_line_is_mended(tmp_path):
    shutil.copytree(HOMEWORK, tmp_path / "homework", ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / "homework" / "backpropagation.py"
    text = path.read_text(encoding="utf-8")
    assert text.count("delta2 @ w2.T  #") == 1
    mended = text.replace("delta2 @ w2.T  #", "delta2 @ w2.T * (1 - a1**2)  #")
    path.write_text(mended, encoding="utf-8")
    status, printed = pytest_prints(tmp_path / "homework")
    assert (status, "1 passed" in printed) == (0, True), printed


def test_the_tests_of_the_project_leave_the_homework_out(pytestconfig):
    assert pytestconfig.getini("testpaths") == ["tests"]
    tests = {path.name for path in HOMEWORK.parents[1].glob("tests/**/*.py")}
    assert not tests & {path.name for path in HOMEWORK.glob("*.py")}
