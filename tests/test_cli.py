"""The command: expressions drawn and explored. test_demo.py has the demo."""

import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from micrograd_bp import cli
from micrograd_bp.expression import expression
from viz import draw

PROJECT = Path(cli.__file__).parents[1]
NEURON = "tanh(w1*x1 + w2*x2 + b)"
NUMBERS = ["w1=-3", "x1=2", "w2=1", "x2=0", "b=6.88"]


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run the command in an empty folder: its exit status, what it printed, and its errors."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        try:
            status = cli.main(arguments)
        except SystemExit as stop:
            status = stop.code
        return status, *capsys.readouterr()

    return run


def neuron(view="text", backward=True):
    root = expression(NEURON, w1=-3.0, x1=2.0, w2=1.0, x2=0.0, b=6.88)
    if backward:
        root.backward()
    return draw(root, view=view)


# draw


def test_without_a_file_the_tree_is_printed(run):
    assert run("draw", NEURON, *NUMBERS) == (0, f"{neuron()}\n", "")
    assert run("draw", NEURON, *NUMBERS, "--view", "text") == (0, f"{neuron()}\n", "")
    assert "b  data 6.88  grad 0.501" in neuron()


def test_the_gradients_can_be_left_out(run):
    printed = run("draw", NEURON, *NUMBERS, "--no-backward")[1]
    assert printed == f"{neuron(backward=False)}\n"
    assert "grad –" in printed
    assert run("draw", NEURON, *NUMBERS, "--backward")[1] == f"{neuron()}\n"


@pytest.mark.parametrize(
    ("suffix", "begin"),
    [
        ("svg", b"<?xml"),
        ("png", b"\x89PNG"),
        ("dot", b"digraph"),
        ("txt", b"tanh  data 0.7064"),
        ("html", b"<!DOCTYPE html>"),
    ],
)
def test_the_suffix_says_what_is_written(run, tmp_path, suffix, begin):
    assert run("draw", NEURON, "-o", f"out.{suffix}", *NUMBERS) == (0, f"out.{suffix}\n", "")
    written = (tmp_path / f"out.{suffix}").read_bytes()
    assert written.lower().startswith(begin.lower())


def test_the_picture_is_that_of_draw(run, tmp_path):
    assert run("draw", NEURON, *NUMBERS, "-o", "out.dot", "--view", "scalar")[0] == 0
    assert (tmp_path / "out.dot").read_text(encoding="utf-8") == neuron("scalar").source
    run("draw", NEURON, *NUMBERS, "-o", "out.svg")
    texts = [e.text for e in ElementTree.parse(tmp_path / "out.svg").iter() if e.text]
    assert {"w1", "b"} <= set(texts)


def test_the_numbers_may_stand_before_and_behind_an_option(run):
    expected = f"{neuron()}\n"
    assert run("draw", "--backward", NEURON, *NUMBERS)[1] == expected
    assert run("draw", NEURON, *NUMBERS[:2], "--backward", *NUMBERS[2:])[1] == expected
    assert run("draw", NEURON, "--backward", *NUMBERS)[1] == expected


def test_a_text_is_written_as_text(run, tmp_path):
    assert run("draw", "x", "x=1", "--view", "text", "-o", "x.txt") == (0, "x.txt\n", "")
    assert (tmp_path / "x.txt").read_text(encoding="utf-8") == "x  data 1  grad 1\n"
    assert run("draw", "x", "x=1", "--view", "text", "-o", "x.svg") == (
        2,
        "",
        "micrograd-bp: a text is saved as .txt, not as 'x.svg'\n",
    )


@pytest.mark.parametrize("command", ["draw", "explore"])
def test_a_file_that_is_there_is_kept_unless_forced(run, tmp_path, command):
    path = tmp_path / "out.html"
    path.write_text("mine")
    status, printed, error = run(command, "x*x", "x=2", "-o", "out.html")
    assert (status, printed) == (2, "")
    assert error == "micrograd-bp: out.html is there already; --force overwrites it\n"
    assert path.read_text() == "mine"
    assert run(command, "x*x", "x=2", "-o", "out.html", "--force") == (0, "out.html\n", "")
    assert path.read_text(encoding="utf-8") != "mine"


def test_explore_writes_a_page(run, tmp_path):
    assert run("explore", NEURON, *NUMBERS, "-o", "page.html") == (0, "page.html\n", "")
    assert "<svg" in (tmp_path / "page.html").read_text(encoding="utf-8")


# What is refused.


@pytest.mark.parametrize("command", [["draw"], ["explore", "-o", "page.html"]], ids="-".join)
def test_no_expression_is_marked_at_its_column(run, tmp_path, command):
    assert run(*command, "2*x.real + 1", "x=2") == (
        2,
        "",
        "micrograd-bp: column 3: this has no place here: an expression is made of numbers, names,"
        " + - * / ** and functions\n    2*x.real + 1\n      ^^^^^^\n",
    )
    assert not list(tmp_path.iterdir())


ONE_LINE = {
    "missing": (["x*y", "x=1"], "column 3: y: no number is given; give it like this: y=0.5"),
    "unused": (["x", "x=1", "y=2"], "'y': not in the expression, whose variables are x"),
    "no equals sign": (["x", "1"], "numbers are given as name=value, got '1'"),
    "not a number": (["x", "x=two"], "'x' takes a number, got 'two'"),
    "no number": (["x", "x="], "'x' takes a number, got ''"),
    "twice": (["x", "x=1", "x=2"], "'x' is given twice"),
    "no name": (["x", "=1"], "numbers are given as name=value, got '=1'"),
    "control characters": (["x", "x=\n\x1b"], "'x' takes a number, got '\\n\\x1b'"),
    "empty": ([""], "the expression is empty"),
    "too large": (["9**9**9"], "column 1: x ** y is too large for a float at x = 9.0"),
    "suffix": (["x", "x=1", "-o", "x.bmp"], "a graph is saved as .svg, .png, "),
    "no suffix": (["x", "x=1", "-o", "svg"], "a graph is saved as .svg, .png, "),
    "view": (["x", "x=1", "-o", "x.svg", "--view", "all"], "view is one of auto, scalar"),
    "view without a file": (["x", "x=1", "--view", "scalar"], "--view scalar needs a file"),
    "neurons without a network": (["x*x", "x=1", "-o", "x.svg", "--view", "neuron"], ""),
}


@pytest.mark.parametrize(("arguments", "message"), ONE_LINE.values(), ids=ONE_LINE)
def test_a_wrong_use_is_a_line_on_stderr(run, tmp_path, arguments, message):
    status, printed, error = run("draw", *arguments)
    assert (status, printed) == (2, "")
    line = error.split("\n")[0]
    assert line.startswith(f"micrograd-bp: {message}")
    assert line.isprintable()
    assert error.count("\n") == (3 if ": column " in line else 1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["draw", "explore"])
def test_a_folder_that_is_not_there_is_a_line_on_stderr(run, command):
    status, printed, error = run(command, "x", "x=1", "-o", "below/x.html")
    assert (status, printed) == (1, "")
    assert error == "micrograd-bp: cannot save x.html: there is no folder below\n"


def test_a_folder_in_the_place_of_the_file_is_a_line_on_stderr(run, tmp_path):
    (tmp_path / "x.svg").mkdir()
    assert run("draw", "x", "x=1", "-o", "x.svg")[0] == 2
    status, _, error = run("draw", "x", "x=1", "-o", "x.svg", "--force")
    assert status == 1
    assert error.startswith("micrograd-bp: ")
    assert error.count("\n") == 1


def test_without_a_renderer_a_line_says_how_to_get_one(run, monkeypatch):
    monkeypatch.setenv("MICROGRAD_BP_DOT", "no-such-program")
    status, printed, error = run("draw", "x", "x=1", "-o", "x.svg")
    assert (status, printed) == (1, "")
    assert error.startswith("micrograd-bp: MICROGRAD_BP_DOT is 'no-such-program'")
    assert error.count("\n") == 1
    assert run("draw", "x", "x=1", "-o", "x.txt")[0] == 0


@pytest.mark.parametrize("argument", ["-x", "-x**2", "-(x)"])
def test_an_expression_that_looks_like_an_option_is_told_what_to_do(run, argument):
    status, _, error = run("draw", argument, "x=3")
    assert status == 2
    assert f"unrecognized arguments: {argument}; write an expression like -x as '(-x)'" in error
    assert run("draw", f"({argument})", "x=3")[0] == 0
    assert run("draw", "x=3", "--", argument)[0] == 2  # the expression comes first
    assert run("draw", f" {argument}", "x=3")[0] == 0


def test_an_unknown_option_is_refused(run):
    for arguments in (["demo", "--speed"], ["demo", "x=1"], ["draw", "x", "x=1", "--colour"]):
        status, _, error = run(*arguments)
        assert status == 2
        assert f"unrecognized arguments: {arguments[-1]}\n" in error


def test_explore_needs_a_file(run):
    status, _, error = run("explore", "x", "x=1")
    assert status == 2
    assert "required: -o/--output" in error


# Help, and the way out.


@pytest.mark.parametrize("command", ["draw", "explore", "demo"])
def test_help_has_an_example_that_works(run, command):
    status, printed, _ = run(command, "--help")
    assert status == 0
    example = re.search(r"micrograd-bp (\w+ .*)\n?\Z", printed).group(1)
    if command != "demo":
        arguments = re.findall(r'"([^"]+)"|(\S+)', example)
        assert run(*(quoted or plain for quoted, plain in arguments))[0] == 0


def test_the_commands_are_listed(run):
    printed = run("--help")[1]
    assert all(
        re.search(rf"^    {name} ", printed, re.MULTILINE) for name in ("demo", "draw", "explore")
    )


def test_ctrl_c_is_quiet(run, monkeypatch):
    def interrupted(options):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "run_demo", interrupted)
    assert run("demo") == (130, "", "")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_ctrl_c_in_a_terminal_is_quiet(tmp_path):
    script = "from micrograd_bp.cli import main; print(main(['demo']), flush=True)"
    command = [sys.executable, "-u", "-c", script]
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, **pipes) as process:
        assert process.stdout.readline().startswith("1. ")
        process.send_signal(signal.SIGINT)
        printed, error = process.communicate(timeout=60)
    assert printed.endswith("130\n")
    assert error == ""
