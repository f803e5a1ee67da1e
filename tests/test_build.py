"""What users install: the source archive and the wheel, and the tests on the wheel itself.

The wheel is built from the source archive, and installed into a new environment with what it
depends on. The tests run from the unpacked archive, out of which the packages have been removed: so
nothing but the wheel can be tested.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
PACKAGES = "micrograd_bp", "viz"
LEFTOVERS = (
    *(".git", ".*_cache", ".hypothesis", ".benchmarks", ".venv", "__pycache__"),
    *("build", "dist", "*.egg-info", "micrograd-bp-demo"),
)
ELSEWHERE = {"architecture", "build", "modes", "page_in_browser"}  # of the code, or by themselves
LONG = {
    *("checkpoint", "depth", "gradients", "hostile", "matrix_form_graphs", "matrix_form_hostile"),
    *("matrix_form_memory", "matrix_form_stages", "micrograd_script", "resume"),
}


def run(*command, cwd, status=0, **environment):
    """Run a command that sees no tree of ours; its output, both streams."""
    ours = "PYTHONPATH", "PYTHONSAFEPATH", "MPLBACKEND"
    inherited = {k: v for k, v in os.environ.items() if k not in ours}
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=inherited | environment,
        encoding="utf-8",
        errors="replace",
        cwd=cwd,
    )
    assert done.returncode == status, f"{command}\n{done.stdout[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """Skips where no package index can be reached, which CI does not."""
    folder = tmp_path_factory.mktemp("index")
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "setuptools>=77"]
    done = subprocess.run(pip, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0 and not os.environ.get("CI"):
        pytest.skip("the package index cannot be reached, and a build begins with setuptools")
    assert done.returncode == 0, done.stderr


class Built(NamedTuple):
    """The two archives, and the unpacked source."""

    sdist: Path
    wheel: Path
    source: Path


@pytest.fixture(scope="module")
def built(index, tmp_path_factory):
    pytest.importorskip("build", reason="the extra `test` brings it")
    folder = tmp_path_factory.mktemp("built")
    tree = folder / "tree"  # a build leaves files in it
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*LEFTOVERS))
    run(sys.executable, "-m", "build", "--outdir", folder / "dist", tree, cwd=folder)
    (sdist,), (wheel,) = (folder / "dist").glob("*.tar.gz"), (folder / "dist").glob("*.whl")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return Built(sdist, wheel, folder / sdist.name.removesuffix(".tar.gz"))


class Installed(NamedTuple):
    """An environment with the wheel and what it depends on, and an empty folder."""

    python: Path
    home: Path
    folder: Path


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    home, folder = tmp_path_factory.mktemp("environment"), tmp_path_factory.mktemp("empty")
    venv.create(home, with_pip=True)
    bin = home / ("Scripts" if os.name == "nt" else "bin")
    python = bin / ("python.exe" if os.name == "nt" else "python")
    run(python, "-m", "pip", "install", "-q", built.wheel, "mypy>=1.14", cwd=folder)
    return Installed(python, home, folder)


def files_in(folder):
    """The files of a tree, relative to it, but for what Python and tools leave there."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
        and not any(fnmatch(part, x) for part in path.relative_to(folder).parts for x in LEFTOVERS)
    }


def of_packages(files):
    return {name for name in files if name.startswith(tuple(f"{p}/" for p in PACKAGES))}


# What is in the archives.


def test_the_source_archive_has_all_that_the_project_has(built):
    made = {"PKG-INFO", "setup.cfg"}
    assert files_in(built.source) - made == files_in(ROOT) - {".gitignore"}
    for name in ("CHANGELOG.md", "LICENSE", "tests/conftest.py", "tests/data/mlps.json"):
        assert (built.source / name).is_file()


def test_the_wheel_has_the_packages_and_nothing_else(built):
    with zipfile.ZipFile(built.wheel) as archive:
        names = set(archive.namelist())
    metadata = {name for name in names if ".dist-info/" in name}
    assert names - metadata == of_packages(files_in(ROOT))
    assert {"micrograd_bp/py.typed", "viz/py.typed", "micrograd_bp/datasets/digits.npz"} <= names
    assert {"viz/page/page.html", "viz/page/page.css", "viz/page/page.js"} <= names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in metadata)


# What users have then.

WORKS = """
import sys
from pathlib import Path
import micrograd_bp, viz
from micrograd_bp import MLP, quadratic
from micrograd_bp.datasets import digits
net = MLP(2, [3, 1], rng=0)
C = quadratic(net([1.0, -2.0]), 1.0)
C.backward()
viz.explore(C, "page.html")
print(len(digits()[1]), Path(micrograd_bp.__file__).is_relative_to(sys.prefix),
      Path(viz.__file__).is_relative_to(sys.prefix))
"""


def test_the_wheel_works_with_its_dependencies_alone(installed):
    assert run(installed.python, "-c", WORKS, cwd=installed.folder) == "1797 True True\n"
    command = installed.python.with_name("micrograd-bp")
    assert run(command, "draw", "x*x", "x=3", cwd=installed.folder).startswith("*  data 9  grad 1")


TYPED = """
from micrograd_bp import MLP, Adam, History, MatrixForm, Value, gradients, matrix_form, train
from micrograd_bp.equations import check_equations
from viz import draw, plot_history

def cost(a: Value | list[Value]) -> Value:
    return a**2 if isinstance(a, Value) else a[0] * 2.0

net = MLP(2, [3, 1], activation="tanh")
v: Value = cost(Value(2.0, "v")).tanh()
form: MatrixForm = matrix_form(cost(net([1.0, -2.0])), net.latest_inputs(), net.parameters())
history: History = train(net, [[0.0, 1.0]], [1.0], optimizer=Adam(net.parameters()))
reveal_type(gradients(v, v))
draw(v).save("v.svg")
"""
WRONG = """
from micrograd_bp import MLP, Value, nothing
from viz import draw

Value([1.0])
MLP(2, 3, colour="red")
draw("no graph")
"""


def test_types_are_there_for_users(installed):
    mypy = [installed.python, "-m", "mypy", "--strict", "--cache-dir", os.devnull]
    right, wrong = installed.folder / "right.py", installed.folder / "wrong.py"
    right.write_text(TYPED, encoding="utf-8")
    wrong.write_text(WRONG, encoding="utf-8")
    told = run(*mypy, "right.py", cwd=installed.folder)
    assert 'Revealed type is "micrograd_bp.engine.Value"' in told
    told = run(*mypy, "wrong.py", cwd=installed.folder, status=1)
    assert re.findall(r"^wrong\.py:(\d+): error:", told, re.MULTILINE) == ["2", "5", "6", "6", "7"]


# The tests, on the wheel.

PLANTED = """
import sys
from pathlib import Path
import micrograd_bp, viz

def test_planted():
    places = [Path(m.__file__) for m in (micrograd_bp, viz)]
    assert all(place.is_relative_to(sys.prefix) for place in places)
    assert sys.prefix == {home!r}
"""


def test_the_tests_of_the_source_archive_pass_on_the_wheel(built, installed):
    for package in PACKAGES:
        shutil.rmtree(built.source / package)
    tests = built.source / "tests"
    (tests / "test_planted.py").write_text(PLANTED.format(home=str(installed.home)))
    # pytest and its like come from the environment that runs this; its own packages come first.
    site = run(
        installed.python,
        *("-c", "import sysconfig; print(sysconfig.get_path('purelib'))"),
        cwd=installed.folder,
    )
    tools = Path(site.strip()) / "tools.pth"
    tools.write_text(f"{Path(pytest.__file__).parents[1]}\n")
    left_out = {f"test_{name}.py" for name in ELSEWHERE | LONG}
    chosen = [path for path in sorted(tests.glob("test_*.py")) if path.name not in left_out]
    options = ["-q", "-p", "no:cacheprovider", "-c", built.source / "pyproject.toml"]
    options += ["--rootdir", built.source]
    told = run(
        *(installed.python, "-m", "pytest", *options, *chosen),
        cwd=installed.folder,
        PATH=f"{installed.python.parent}{os.pathsep}{os.environ['PATH']}",
    )
    passed = re.search(r"(\d+) passed", told)
    assert int(passed[1]) > 5_000
