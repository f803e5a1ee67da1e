"""The house rules of the code, read from the code."""

import ast
import os
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

import micrograd_bp
import viz

HOUSE = Path(__file__).parent.parent
LIBRARY = sorted([*HOUSE.glob("micrograd_bp/**/*.py"), *HOUSE.glob("viz/**/*.py")])

# A room imports only rooms above it. A new room needs its place here.
ROOMS = [
    "kernels",
    "primitives",
    "arithmetic",
    "freeing",
    "engine",
    "chain_rule",
    "paths",
    "notation",
    "structure",
    "functional",
    "gradient_check",
    "slips",
    "testing",
    "expression",
    "activations",
    "initial",
    "border",
    "orientation",
    "nn",
    "costs",
    "descent",
    "equations",
    "matrix_form",
    "data",
    "methods",
    "history",
    "extras",
    "files",
    "archive",
    "torch_layout",
    "tensors",
    "pytorch",
    "checkpoint",
    "interrupt",
    "resume",
    "run",
    "training",
    "datasets",
    "__init__",
    "demo",
    "prompt",
    "commands",
    "cli",
    "start",
    "__main__",
]


def _module(path):
    parts = path.relative_to(HOUSE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {_module(path): path for path in LIBRARY}
each_file = pytest.mark.parametrize("path", LIBRARY, ids=lambda p: str(p.relative_to(HOUSE)))
each_module = pytest.mark.parametrize("module", MODULES)


@cache
def _tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def _imported(path):
    """The dotted names that a file imports, modules of ours as far as they go."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in MODULES else node.module


def _room(module):
    return module.split(".")[1] if "." in module else "__init__"


def _names(path):
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)


def test_the_library_is_read_at_all():
    assert {"micrograd_bp.engine", "micrograd_bp.equations.matrix", "viz.dot"} <= set(MODULES)
    assert "micrograd_bp.primitives" in set(_imported(MODULES["micrograd_bp.engine"]))


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("micrograd_bp")])
def test_a_room_imports_only_rooms_above_it(module):
    room = _room(module)
    assert room in ROOMS, f"{room} has no place in ROOMS"
    ours = [name for name in _imported(MODULES[module]) if name.split(".")[0] == "micrograd_bp"]
    below = [name for name in ours if ROOMS.index(_room(name)) > ROOMS.index(room)]
    assert below == []
    assert module not in ours


def test_no_module_imports_itself_in_a_circle():
    graph = {
        name: {other for other in _imported(path) if other in MODULES and other != name}
        for name, path in MODULES.items()
    }
    assert len(list(TopologicalSorter(graph).static_order())) == len(MODULES)


@pytest.mark.parametrize("form", ["component", "matrix"])
def test_each_form_of_the_equations_is_the_other_s_witness(form):
    imported = set(_imported(MODULES[f"micrograd_bp.equations.{form}"]))
    assert not [name for name in imported if name.split(".")[0] in ("micrograd_bp", "viz")]


def test_the_component_form_uses_no_arrays():
    assert "numpy" not in set(_imported(MODULES["micrograd_bp.equations.component"]))


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("viz")])
def test_viz_imports_nothing_of_micrograd_bp(module):
    imported = set(_imported(MODULES[module]))
    assert not [name for name in imported if name.split(".")[0] == "micrograd_bp"]


@each_file
def test_no_check_is_an_assert(path):
    """`python -O` would drop it."""
    assert not [node.lineno for node in ast.walk(_tree(path)) if isinstance(node, ast.Assert)]


@each_file
def test_no_recursion_limit_or_stack_is_changed(path):
    assert not {"setrecursionlimit", "stack_size"} & set(_names(path))


@each_file
def test_operators_and_methods_are_plain_defs(path):
    assert "setattr" not in set(_names(path))


@each_file
def test_a_file_has_fewer_than_350_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) < 350


@each_file
def test_a_file_says_what_it_is(path):
    source = path.read_text(encoding="utf-8")
    assert not source or ast.get_docstring(_tree(path))


def _order(name):
    """Constants, classes, the rest: the order that ruff keeps."""
    return 0 if name.isupper() else 1 if name[0].isupper() else 2, name


def test_all_is_sorted_and_importable():
    names = micrograd_bp.__all__
    assert names == sorted(names, key=_order)
    assert len(set(names)) == len(names)
    namespace = {}
    exec("from micrograd_bp import *", namespace)
    assert all(namespace[name] is getattr(micrograd_bp, name) for name in names)


@pytest.mark.parametrize("package", [micrograd_bp, viz])
def test_all_names_everything_that_type_checkers_read(package):
    name = package.__name__
    froms = [n for n in ast.walk(_tree(MODULES[name])) if isinstance(n, ast.ImportFrom)]
    room_of = {a.name: n.module for n in froms if n.module.startswith(name) for a in n.names}
    assert set(room_of) == set(package.__all__)
    for public, room in room_of.items():
        assert getattr(package, public) is getattr(import_module(room), public)


@pytest.mark.parametrize("flags", [[], ["-O"], ["-OO"]], ids=str)
def test_every_module_imports_without_warnings(flags):
    modules = [name for name in MODULES if not name.endswith("__main__")]
    done = subprocess.run(
        [sys.executable, *flags, "-W", "error", "-c", f"import {', '.join(modules)}"],
        env=os.environ | {"PYTHONPATH": str(HOUSE)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")


def test_refusals_stand_under_O():
    code = """
from micrograd_bp import MLP, SGD, Value, quadratic
refused = 0
for wrong in (lambda: Value("1"), lambda: MLP(2, [0]), lambda: MLP(2, [1])([1.0]),
              lambda: quadratic([1.0], [1.0, 2.0]), lambda: SGD([], 0.0), lambda: Value(0.0).log()):
    try:
        wrong()
    except (TypeError, ValueError):
        refused += 1
print(refused)
"""
    env = os.environ | {"PYTHONPATH": str(HOUSE)}
    done = subprocess.run(
        [sys.executable, "-O", "-c", code], env=env, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("6\n", "")
