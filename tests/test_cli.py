"""The command: its manners; expressions drawn and explored. test_demo.py has the demo."""

import json
import math
import os
import re
import shlex
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from micrograd_bp import MLP, __version__, cli
from micrograd_bp.checkpoint import save
from micrograd_bp.commands import demonstrate, pictures
from micrograd_bp.commands.answer import Answer, plain
from micrograd_bp.commands.sets import SETS
from micrograd_bp.datasets import digits
from micrograd_bp.expression import expression
from viz import draw

PROJECT = Path(cli.__file__).parents[1]
NEURON = "tanh(w1*x1 + w2*x2 + b)"
NUMBERS = ["w1=-3", "x1=2", "w2=1", "x2=0", "b=6.88"]


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


NO_LINE = {
    "parser": ["train", "xor", "\x1b[31m", "two\nlines"],
    "view": ["draw", "x", "x=1", "-o", "x.svg", "--view", "two\nlines\x1b[31m"],
    "file": ["draw", "x", "x=1", "-o", "two\nlines\x1b[31m.svg"],
    "folder": ["draw", "x", "x=1", "-o", "two\nlines\x1b[31m/x.svg"],
    "set": ["train", "two\nlines\x1b[31m\ud800"],
    "model": ["check", "two\nlines\x1b[31m.npz"],
    "turned round": ["check", "two\nlines\x1b[31m\u202e.npz"],
}


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such file names")
@pytest.mark.parametrize("arguments", NO_LINE.values(), ids=NO_LINE)
def test_an_argument_neither_breaks_the_line_nor_moves_the_cursor(run, tmp_path, arguments):
    (tmp_path / "two\nlines\x1b[31m.svg").touch()
    status, printed, error = run(*arguments)
    assert (status in (1, 2), printed) == (True, "")
    assert error.endswith("\n")
    assert error[:-1].isprintable()
    assert "two\\nlines" in error
    assert "\\x1b[31m" in error


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere file names are Unicode")
def test_what_stdout_cannot_write_is_written_as_python_writes_it(run, run_python, tmp_path):
    path = "\udcff.dot"  # a file name that is no UTF-8
    assert run("draw", "x", "x=1", "-o", path) == (0, "\\udcff.dot\n", "")
    assert [p.name for p in tmp_path.iterdir()] == [path]
    script = "from micrograd_bp.cli import main; main(['draw', '(-x)', 'x=1'])"
    printed = run_python(script, PYTHONIOENCODING="ascii")
    assert "\\u2514\\u2500(-1)" in printed


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
        assert error == (
            f"micrograd-bp: unrecognized arguments: {arguments[-1]};"
            f" micrograd-bp {arguments[0]} --help shows how it is written\n"
        )


def test_explore_needs_a_file(run):
    status, _, error = run("explore", "x", "x=1")
    assert status == 2
    assert "required: -o/--output" in error


# Help, and the way out.


COMMANDS = "demo", "train", "check", "draw", "explore", "repl"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_that_work(run, monkeypatch, command):
    monkeypatch.setattr("micrograd_bp.demo.demo", lambda directory: directory.mkdir())
    monkeypatch.setattr("micrograd_bp.prompt.prompt", lambda: None)
    monkeypatch.setitem(SETS, "digits", lambda: tuple(array[:60] for array in digits()))
    save(MLP(2, [3, 2], activation="tanh", output="sigmoid", rng=0), "model.npz")
    status, printed, _ = run(command, "--help")
    assert status == 0
    shown = printed.partition("\nexample")[2]
    examples = re.findall(rf"^  micrograd-bp ({command}.*)$", shown, re.MULTILINE)
    assert examples
    for example in examples:
        assert run(*shlex.split(example))[0] == 0


def test_the_commands_are_listed(run):
    printed = run("--help")[1]
    assert all(re.search(rf"^    {name} ", printed, re.MULTILINE) for name in COMMANDS)


def test_the_version(run):
    assert run("--version") == (0, f"micrograd-bp {__version__}\n", "")


def test_ctrl_c_is_quiet(run, monkeypatch):
    def interrupted(options):
        raise KeyboardInterrupt

    monkeypatch.setattr(demonstrate, "run", interrupted)
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


# --debug, --json, pipes.


@pytest.mark.parametrize("arguments", [["--debug", "draw"], ["draw", "--debug"]], ids=" ".join)
def test_debug_shows_the_traceback(run, arguments):
    _, _, error = run(*arguments, "x", "x=two")
    assert error.startswith("Traceback (most recent call last):\n")
    assert error.endswith("\nmicrograd-bp: 'x' takes a number, got 'two'\n")
    assert "Traceback" not in run("draw", "x", "x=two")[2]


def test_what_nobody_expected_is_one_line_too(run, monkeypatch):
    def broken(options):
        raise LookupError("lost")

    monkeypatch.setattr(pictures, "run_draw", broken)
    assert run("draw", "x") == (1, "", "micrograd-bp: LookupError: lost; --debug shows where\n")


def test_draw_tells_machines_the_value_and_the_gradients(run):
    status, printed, error = run("draw", "x*y", "x=2", "y=3", "--json")
    assert (status, error) == (0, "")
    told = json.loads(printed)
    assert told.pop("text").startswith("*  data 6")
    assert told == {"value": 6.0, "gradients": {"x": 3.0, "y": 2.0}}
    told = json.loads(run("draw", "x*y", "x=2", "y=3", "--json", "--no-backward", "-o", "x.dot")[1])
    assert told == {"value": 6.0, "file": "x.dot"}
    told = json.loads(run("explore", "x", "x=2", "--json", "-o", "x.html")[1])
    assert told == {"value": 2.0, "gradients": {"x": 1.0}, "file": "x.html"}


def test_for_machines_an_error_is_always_one_line(run):
    assert run("draw", "2*x.real", "x=2", "--json")[2].count("\n") == 1


def test_json_has_no_number_that_is_not_finite(capsys):
    cli.tell(Answer("text", {"cost": math.nan, "rows": [math.inf, 1.0], "out": Path("a")}), True)
    assert capsys.readouterr().out == '{"cost": null, "rows": [null, 1.0], "out": "a"}\n'
    assert plain((1, "a", None, True, -math.inf)) == [1, "a", None, True, None]


def test_the_demo_tells_machines_its_files(run, monkeypatch):
    def demo(directory):
        directory.mkdir(exist_ok=True)
        (directory / "a.txt").write_text("")
        print("done")

    monkeypatch.setattr("micrograd_bp.demo.demo", demo)
    told = json.loads(run("demo", "--directory", "out", "--json")[1])
    assert told == {"directory": "out", "files": [str(Path("out/a.txt"))], "text": "done\n"}
    status, printed, error = run("demo", "--directory", "out")
    assert (status, printed) == (2, "")
    assert error.startswith("micrograd-bp: out has files already; --force overwrites")
    assert error.count("\n") == 1
    assert run("demo", "--directory", "out", "--force") == (0, "done\n", "")


@pytest.mark.parametrize("arguments", [["trian"], ["draw"], ["repl", "x"], ["train", "xor", "-x"]])
def test_a_use_that_the_parser_refuses_is_one_line(run, arguments):
    status, printed, error = run(*arguments)
    assert (status, printed) == (2, "")
    assert re.fullmatch(r"micrograd-bp: .+ --help shows how it is written\n", error)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes")
def test_a_closed_pipe_is_quiet():
    script = "import sys; from micrograd_bp.cli import main; sys.exit(main(['draw', 'x', 'x=1']))"
    read, write = os.pipe()
    os.close(read)
    try:
        environment = os.environ | {"PYTHONPATH": str(PROJECT)}
        done = subprocess.run(
            [sys.executable, "-c", script],
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            timeout=60,
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_prompt_opens(run, monkeypatch):
    opened = []
    monkeypatch.setattr("micrograd_bp.prompt.prompt", lambda: opened.append(True))
    assert run("repl") == (0, "", "")
    assert opened == [True]
