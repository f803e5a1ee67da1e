"""The demo, cut short: what it writes and prints; .ci/run runs the whole of it."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from micrograd_bp import MLP, cli, demo, predict
from micrograd_bp.datasets import digits


@pytest.fixture
def short(monkeypatch):
    """Two epochs over fifty digits, so that a test takes a moment."""
    monkeypatch.setattr(demo, "EPOCHS", 2)
    X, labels = digits()
    monkeypatch.setattr(demo, "digits", lambda: (X[:80], labels[:80]))
    monkeypatch.setattr(demo, "HELD_OUT", 30)


@pytest.mark.usefixtures("short")
def test_the_command_checks_learns_and_draws(tmp_path, capsys):
    assert cli.main(["demo", "--directory", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "MLP 64-30-10: 2,260 parameters" in printed
    assert "graph, component form and matrix form agree" in printed
    assert "z1 = a0 @ w1 + b1" in printed
    assert "BP2" in printed
    apart = float(re.search(r"differ by at most (\S+)\.\n", printed).group(1))
    assert apart < 1e-12
    assert "4. Learning 50 digits" in printed
    assert re.search(r"Held-out accuracy: \S+ \(\d+ of 30 digits\)\n", printed)
    for name in ("neuron.svg", "network-2-4-1.svg", "learning-curve.svg"):
        path = tmp_path / "out" / name
        assert str(path) in printed
        assert ElementTree.parse(path).getroot().tag.endswith("svg")
    assert "BP2" in (tmp_path / "out" / "equations.txt").read_text(encoding="utf-8")
    assert "dot(w1_and_b1" in (tmp_path / "out" / "matrix-form.txt").read_text(encoding="utf-8")
    history = (tmp_path / "out" / "history.csv").read_text(encoding="utf-8").splitlines()
    assert history[0].startswith("epoch,cost,accuracy,validation_cost,validation_accuracy,")
    assert len(history) == 3


@pytest.mark.usefixtures("short")
def test_without_a_renderer_the_demo_writes_text_and_says_why(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("MICROGRAD_BP_DOT", "no-such-program")
    assert cli.main(["demo", "--directory", str(tmp_path)]) == 0
    assert "MICROGRAD_BP_DOT is 'no-such-program'" in capsys.readouterr().out
    assert "tanh" in (tmp_path / "neuron.txt").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.usefixtures("short")
def test_links_in_the_folder_do_not_lead_out_of_it(tmp_path):
    folder, outside = tmp_path / "out", tmp_path / "outside"
    folder.mkdir()
    outside.write_text("mine")
    pictures = ["neuron.svg", "network-2-4-1.svg", "learning-curve.svg"]
    names = ["equations.txt", "matrix-form.txt", "history.csv", *pictures]
    for name in names:
        (folder / name).symlink_to(outside)
    demo.demo(folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    assert outside.read_text() == "mine"
    assert not [path for path in folder.iterdir() if path.is_symlink()]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("")
    assert cli.main(["demo", "--directory", str(file / "below")]) == 1
    assert capsys.readouterr().err.startswith("micrograd-bp: ")


def test_no_command_prints_the_usage(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([])
    assert stop.value.code == 2
    assert "usage: micrograd-bp" in capsys.readouterr().err


def test_the_graphs_that_it_draws_have_gradients():
    assert demo.one_neuron().grad == demo.small_network().grad == 1.0


def test_a_digit_as_text_is_about_as_wide_as_high():
    x = np.zeros(64)
    x[[0, 9]] = 1.0, 0.5
    first, second, *others = demo.picture(x).split("\n")
    assert (first, second) == ("    @@" + 14 * " ", "      ==" + 12 * " ")
    assert others == 6 * [20 * " "]


def test_training_lowers_the_cost():
    X, labels = digits()
    net = MLP(64, [30, 10], activation="tanh", output="sigmoid", rng=0, init="scaled")
    history = demo.learn_digits(net, X, labels, np.arange(200), np.arange(200, 240))
    assert history.cost[-1] < 0.5 * history.cost[0]
    right = predict(net, X[200:240]).argmax(axis=1) == labels[200:240]
    assert history.validation_accuracy[-1] == np.mean(right) > 0.5


def test_the_prompt_greets_in_three_lines_and_knows_the_names():
    session = (
        "v = Value(2.0); (v * v).backward(); print('grad', v.grad, tanh(0.0), draw.__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "micrograd_bp"], input=session, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "grad 4.0 0.0 draw" in done.stdout
    greeting = done.stderr.split(">>> ")[0].strip().splitlines()
    assert len(greeting) == 3
    assert greeting[0].startswith("micrograd_bp ")
