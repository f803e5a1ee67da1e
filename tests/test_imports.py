"""What is imported when; names that are rooms as well; Ctrl-C while the command starts."""

import os
import pickle
import pydoc
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import micrograd_bp
import viz
from micrograd_bp import MLP, Value

HEAVY = {"IPython", "PIL", "graphviz", "matplotlib", "numpy", "safetensors", "torch", "tqdm", "viz"}
LIST_NEW = """
import sys
before = set(sys.modules)
{}
print(*sorted(set(sys.modules) - before))
"""


def heavy(names):
    return {name.partition(".")[0] for name in names} & HEAVY


@pytest.fixture
def imported(run_python):
    """The modules that a line of Python imports, in a process of its own."""
    return lambda line: set(run_python(LIST_NEW.format(line)).split())


@pytest.mark.parametrize("look", ["", "; dir(micrograd_bp); hasattr(micrograd_bp, 'nothing')"])
def test_the_library_alone_imports_no_room_and_no_other_library(imported, look):
    new = imported(f"import micrograd_bp{look}")
    assert {name for name in new if name.startswith("micrograd_bp")} == {"micrograd_bp"}
    assert heavy(new) == set()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("import micrograd_bp.start", set()),
        ("from micrograd_bp import Value, MLP, quadratic, gradients", {"numpy"}),
        ("from micrograd_bp import matrix_form, save, load, to_torch, History", {"numpy"}),
        ("from micrograd_bp import train", {"numpy", "tqdm"}),
        ("from micrograd_bp import *", {"numpy", "tqdm"}),
        ("import viz", {"graphviz", "viz"}),
        ("import viz; dir(viz); hasattr(viz, 'nothing')", {"graphviz", "viz"}),
        ("from viz import plot_history", {"graphviz", "viz"}),
        ("from viz import *", {"graphviz", "numpy", "viz"}),
    ],
)
def test_other_libraries_are_imported_when_a_name_needs_them(imported, line, expected):
    assert heavy(imported(line)) == expected


def test_a_room_is_there_without_an_import_of_its_own(run_python):
    assert run_python("import micrograd_bp as m; print(m.nn.MLP(2, [1]).sizes)") == "[2, 1]\n"
    assert run_python("import micrograd_bp as m; print(m.datasets.xor()[1])") == "[0 1 1 0]\n"
    assert run_python("import viz; print(viz.plots.__name__)") == "viz.plots\n"
    assert run_python("import micrograd_bp as m; print(m.matrix_form.__name__)") == "matrix_form\n"
    for package in (micrograd_bp, viz):
        with pytest.raises(AttributeError, match=rf"'{package.__name__}' has no attribute 'rooms'"):
            package.rooms  # noqa: B018  # the attribute is what raises


# Importing a room sets it as an attribute of its package; what users hold are the functions.

BEFORE = [
    "pass",
    "import micrograd_bp.matrix_form",
    "import micrograd_bp.matrix_form.lift",
    "from micrograd_bp.matrix_form import lift",
    "from micrograd_bp import train",
    "from micrograd_bp import matrix_form; import micrograd_bp.matrix_form.lift",
    "import micrograd_bp; micrograd_bp.matrix_form; import micrograd_bp.matrix_form.code",
    "import importlib, micrograd_bp; importlib.reload(micrograd_bp)",
    "import importlib; importlib.import_module('micrograd_bp.matrix_form')",
]


@pytest.mark.parametrize("before", BEFORE)
def test_matrix_form_is_the_function_whatever_was_imported(run_python, before):
    script = f"""
{before}
from micrograd_bp import matrix_form
import micrograd_bp
from micrograd_bp.matrix_form import lift, matrix_form as original
print(micrograd_bp.matrix_form is matrix_form is original, type(matrix_form).__name__,
      type(lift).__name__)
"""
    assert run_python(script) == "True function module\n"


@pytest.mark.parametrize("name", ["draw", "explore", "frames"])
def test_a_name_of_viz_is_the_function_whatever_was_imported(run_python, name):
    script = f"""
import viz.{name}
from viz import {name}
import viz
print(viz.{name} is {name}, type({name}).__name__)
"""
    assert run_python(script) == "True function\n"


def test_a_name_can_be_replaced_as_in_any_module(monkeypatch):
    original = micrograd_bp.matrix_form
    monkeypatch.setattr(micrograd_bp, "matrix_form", len)
    assert micrograd_bp.matrix_form is len
    monkeypatch.undo()
    assert micrograd_bp.matrix_form is original


# Late names are names like others.


@pytest.mark.parametrize("package", [micrograd_bp, viz])
def test_the_names_are_listed(run_python, package):
    script = f"import {package.__name__} as p; print(set(p.__all__) <= set(dir(p)), *dir(p))"
    printed = run_python(script)
    assert printed.startswith("True ")
    assert "__file__" in printed


@pytest.mark.parametrize("package", [micrograd_bp, viz])
def test_a_name_that_is_none_is_refused_as_everywhere(package):
    message = f"module '{package.__name__}' has no attribute 'nothing'"
    with pytest.raises(AttributeError, match=message):
        _ = package.nothing
    with pytest.raises(ImportError, match=f"cannot import name 'nothing' from '{package.__name__}"):
        exec(f"from {package.__name__} import nothing")


def test_help_describes_what_is_imported_late():
    text = pydoc.plain(pydoc.render_doc(micrograd_bp))
    assert "class Value(" in text
    assert re.search(r"matrix_form\(\s*cost:", text)
    assert re.search(r"plot_history\(\s*history:", pydoc.plain(pydoc.render_doc(viz)))


def test_a_pickle_is_read_where_nothing_is_imported_yet(run_python):
    net, v = MLP(2, [3, 1], rng=0), Value(2.0, "v")
    script = f"""
import pickle
net, v = pickle.loads({pickle.dumps((net, v))!r})
print(net([1.0, -2.0]).data, v)
"""
    assert run_python(script) == f"{net([1.0, -2.0]).data} {v}\n"


# Ctrl-C while the command starts.

INTERRUPTED_AT = """
import signal, sys
class CtrlC:
    def find_spec(self, name, path=None, target=None):
        if name == {at!r}:
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                raise ImportError("as NumPy has it, when it is interrupted in its own C") from None
sys.meta_path.insert(0, CtrlC())
sys.argv = ["micrograd-bp", "draw", "x", "x=1"]
{start}
"""
COMMAND = "from micrograd_bp.start import main; sys.exit(main())"
PROMPT = "import runpy; runpy.run_module('micrograd_bp', run_name='__main__')"


@pytest.mark.parametrize(
    ("start", "at"),
    [
        (COMMAND, "micrograd_bp.cli"),
        (COMMAND, "numpy"),
        (COMMAND, "micrograd_bp.commands.train"),
        (PROMPT, "micrograd_bp.cli"),
        (PROMPT, "numpy"),
    ],
)
def test_ctrl_c_is_quiet_from_the_start(start, at):
    script = INTERRUPTED_AT.format(at=at, start=start)
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(Path(micrograd_bp.__file__).parents[1])},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("before", ["default_int_handler", "SIG_IGN"])
def test_ctrl_c_is_afterwards_what_it_was(run_python, before):
    script = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.{before})
from micrograd_bp import start
sys.argv = ["micrograd-bp", "draw", "x", "x=1"]
start.main()
print(signal.getsignal(signal.SIGINT) == signal.{before})
"""
    assert run_python(script).endswith("True\n")


def test_a_command_that_ignores_ctrl_c_goes_on(run_python):
    """As a shell has it for what runs in the background."""
    ignored = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    printed = run_python(ignored + INTERRUPTED_AT.format(at="numpy", start=COMMAND))
    assert printed == "x  data 1  grad 1\n"


def test_the_command_starts_there():
    project = Path(__file__).parents[1] / "pyproject.toml"
    scripts = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["scripts"]
    assert scripts == {"micrograd-bp": "micrograd_bp.start:main"}
