"""Any words on the command line: exit status 0, 1 or 2, and one line, never a traceback."""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from micrograd_bp import MLP, cli, save
from micrograd_bp.commands import train as train_command

SLOW = 1_500  # calls in the slow run
COMMANDS = [
    *(["draw", "x*y", "x=1", "y=2"], ["draw", "tanh(x)", "x=1", "-o", "x.dot"], ["draw", "m.npz"]),
    *(["explore", "x*y", "x=1", "y=2", "-o", "p.html"], ["explore", "m.npz", "-o", "q.html"]),
    *(["check", "m.npz"], ["train", "d.npz"], ["train", "xor"], ["train"], ["check"]),
]
OPTIONS = """
    --help --version --json --debug -o --output --view --force --backward --no-backward --input
    --target --example --cost --seed --layers --activation --output --optimizer --learning-rate
    --batch-size --validation --l2 --patience --out --resume -- - = -x
"""
WORDS = """
    x.svg x.dot x.html x.txt p.bmp text scalar neuron layer auto 1,-2 1 -1 0 nan inf 1e999 1e308 0.5
    xor moons m.npz d.npz quadratic hinge cross_entropy log_likelihood 3,1 2 relu sigmoid softmax
    sgd adam 99999999999999999999 o x x*y x=1 y=2 x=two tanh(x) (x 1/0 x** . .. ../up.svg a/b.svg
    %s {} \u00b2 \u0663
"""
HOSTILE = ["", " ", "a\nb", "\x1b[31m", "\x00", "\ud800", "\u202e", "9" * 5_000, "x" * 300 + ".svg"]
ANY = st.sampled_from([*OPTIONS.split(), *WORDS.split(), *HOSTILE]) | st.text(max_size=8)


@st.composite
def arguments(draw):
    """A command, with words put in; one that trains does so for an epoch."""
    words = list(draw(st.sampled_from(COMMANDS)))
    for word in draw(st.lists(ANY, max_size=6)):
        words.insert(draw(st.integers(min(1, len(words)), len(words))), word)
    return [*words, "--epochs", "1"] if words[:1] == ["train"] else words


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a network and data; the picture of the learning curve is left out."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    monkeypatch.setattr(train_command, "plotted", lambda history, path: "")
    save(MLP(2, [2, 1], "tanh", rng=0), "m.npz")
    np.savez("d.npz", X=np.eye(4, 2), y=np.arange(4) % 2)


def try_arguments(words, capsys):
    try:
        status = cli.main(words)
    except SystemExit as stop:
        status = stop.code
    printed, error = capsys.readouterr()
    if "--help" in words or "-h" in words:
        return
    assert status in (0, 1, 2)
    if "--debug" in words:
        return
    lines = error.split("\n")[:-1]
    assert all(map(str.isprintable, lines))
    assert "--debug shows where" not in error
    if status:
        assert printed or lines[0].startswith("micrograd-bp: ")
        is_marked = len(lines) == 3 and set(lines[2]) <= {" ", "^"}
        assert len(lines) <= 1 or is_marked


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(words=arguments())
@pytest.mark.usefixtures("folder")
def test_a_call_ends_with_a_status_and_a_line(words, capsys):
    try_arguments(words, capsys)


@pytest.mark.slow
@settings(max_examples=SLOW, suppress_health_check=list(HealthCheck))
@given(words=arguments())
@pytest.mark.usefixtures("folder")
def test_many_calls_end_with_a_status_and_a_line(words, capsys):
    try_arguments(words, capsys)
