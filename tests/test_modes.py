"""The same under python -O, -W error, -X dev, and whatever the seed of hashes is."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
SUBJECTS = (
    *("engine", "gradients", "nn", "costs", "equations", "matrix_form", "training", "checkpoint"),
    *("viz_dot", "viz_text", "viz_views"),
)
MODES = {
    "-O": "sys.flags.optimize == 1",
    "-W error": "'error' in sys.warnoptions",
    "-X dev": "sys.flags.dev_mode",
}
PLANTED = """
import sys

def test_the_mode_is_on():
    assert {is_on}

def test_a_wrong_assertion_is_noticed():
    assert sys.flags is None
"""


@pytest.mark.parametrize(("mode", "is_on"), MODES.items())
def test_the_tests_pass_and_only_the_planted_one_fails(tmp_path, mode, is_on):
    planted = tmp_path / "test_planted.py"
    planted.write_text(PLANTED.format(is_on=is_on), encoding="utf-8")
    chosen = [ROOT / "tests" / f"test_{subject}.py" for subject in SUBJECTS]
    options = ["-c", ROOT / "pyproject.toml", "--rootdir", ROOT, "-p", "no:cacheprovider", "-q"]
    options += ["-W", "ignore::pytest.PytestConfigWarning"]  # that helpers have no asserts under -O
    done = subprocess.run(
        [sys.executable, *mode.split(), "-m", "pytest", *options, *chosen, planted],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
    )
    failed = re.findall(r"^FAILED \S*::(\S+)", done.stdout, re.MULTILINE)
    assert failed == ["test_a_wrong_assertion_is_noticed"], done.stdout[-3000:] + done.stderr
    passed = re.search(r"^1 failed, (\d+) passed", done.stdout, re.MULTILINE)
    assert int(passed[1]) > 2_000


EVERYTHING = """
import sys
from hashlib import sha256
from pathlib import Path

from micrograd_bp import *
from micrograd_bp.datasets import moons
from micrograd_bp.equations import assumption_report, check_equations
from viz import draw, explore

def show(*things):
    for thing in things:
        print(thing)

x, y = [1.0, -2.0], [1.0, 0.0]
net = MLP(2, [3, 2], activation=["tanh", "softmax"], rng=0)
C = log_likelihood(net(x), y)
C.backward()
show(net, *net.named_parameters(), *net.parameters())
show(explain(C, net.weight(1, 1, 1)), gradients(gradients(C, net.bias(1, 1)), net.bias(2, 1)))
show(check_equations(net, x, y, log_likelihood), assumption_report(net))
show(hessian(lambda v, w: (v * w).exp() + v**2.0, (0, 1))(0.5, 1.5))
form = matrix_form(C, net.latest_inputs(), net.parameters())
show(form, form.source)
for view in "scalar", "neuron", "layer":
    show(draw(C, view=view).source, draw(net, view=view).source if view != "scalar" else "")
show(draw(C, view="text"), draw(gradients(C, net.bias(1, 1)), view="scalar").source)

X, labels = moons(40)
history = train(net, X, labels, log_likelihood, Adam(net.parameters()), epochs=3, l2=0.01)
show(history.cost, history.accuracy, predict(net, X).tolist())
show(gradient_descent(lambda v, w: (v - 1.0) ** 2 + v * w + w**4, (0.5, 0.5)))
for name in "net.npz", "net.safetensors", "page.html", "C.dot", "C.svg":
    save(net, name) if name.startswith("net") else None
    explore(C, name) if name.startswith("page") else None
    draw(C).save(name) if name.startswith("C") else None
    show(name, sha256(Path(name).read_bytes()).hexdigest())
"""


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    return everything(tmp_path_factory.mktemp("usual"), "0")


def everything(folder, seed, *mode):
    """All that EVERYTHING prints, in a process of its own."""
    done = subprocess.run(
        [sys.executable, *mode, "-c", EVERYTHING],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=folder,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_everything_is_shown(usual):
    for part in ("BP1", "digraph", "def ", "np.", "delta2", "net.npz\n", "C.svg\n"):
        assert part in usual


@pytest.mark.parametrize("seed", ["1", "4242"])
def test_the_seed_of_hashes_changes_nothing(tmp_path, usual, seed):
    assert everything(tmp_path, seed) == usual


@pytest.mark.parametrize("mode", MODES)
def test_the_mode_changes_no_number_and_no_byte(tmp_path, usual, mode):
    assert everything(tmp_path, "random", *mode.split()) == usual
