"""Without the extras: what works with the base dependencies alone, and what the rest says."""

import pytest

# Nothing but Python, the base dependencies and ourselves can be imported; no `dot` is there.
BARE = """
import importlib.metadata as metadata
import os
import sys

ALLOWED = {*sys.stdlib_module_names, "numpy", "graphviz", "tqdm", "micrograd_bp", "viz"}
asked = set()

class Bare:
    def find_spec(self, name, path=None, target=None):
        library = name.partition(".")[0]
        if library not in ALLOWED:
            asked.add(library)
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

def distribution(name):
    raise metadata.PackageNotFoundError(name)

sys.meta_path.insert(0, Bare())
metadata.distribution = distribution
os.environ["PATH"] = ""
os.environ.pop("MICROGRAD_BP_DOT", None)
"""

SETUP = """
from micrograd_bp import *
from viz import *

v = Value(2.0, "v")
C = quadratic(MLP(2, [2, 1], rng=0)([1.0, -2.0]), 1.0)
C.backward()
net = MLP(2, [3, 1], activation="tanh", rng=0)
X, y = [[0.0, 1.0], [1.0, 0.0]], [0, 1]
f = lambda x, y: x * x + y * y
descent = gradient_descent(f, (1.0, 2.0))
"""

NEEDS = {
    "plot_history(History([1.0]))": ("matplotlib", "plot"),
    "History([1.0]).plot()": ("matplotlib", "plot"),
    "plot_descent(descent, f)": ("matplotlib", "plot"),
    "plot_decision_boundary(net, X, y)": ("matplotlib", "plot"),
    "net(X[0]).backward(); plot_activations(net)": ("matplotlib", "plot"),
    "draw(C).save('C.svg')": ("graphviz-pure", "plot"),
    "draw(net).save('net.png')": ("graphviz-pure", "plot"),
    "draw(C).pipe()": ("graphviz-pure", "plot"),
    "draw(C, view='neuron').render('C')": ("graphviz-pure", "plot"),
    "draw_dot(C).pipe(format='png')": ("graphviz-pure", "plot"),
    "frames(C, 'frames')": ("graphviz-pure", "plot"),
    "to_torch(net)": ("torch", "torch"),
    "from_torch(None)": ("torch", "torch"),
    "save(net, 'net.safetensors')": ("safetensors", "torch"),
    "load('net.safetensors')": ("safetensors", "torch"),
}


@pytest.fixture
def bare(run_python, tmp_path):
    """Run a script with the base dependencies alone, in an empty folder; what it printed."""

    def run(script):
        return run_python(f"{BARE}\nos.chdir({str(tmp_path)!r})\n{script}")

    return run


def test_each_missing_library_is_named_with_the_extra_that_brings_it(bare):
    script = f"""{SETUP}
for line in {list(NEEDS)!r}:
    try:
        exec(line)
    except (ImportError, RendererNotFound) as missing:
        print(type(missing).__name__, str(missing).replace("\\n", " "))
    else:
        print("nothing was missing")
"""
    printed = bare(script).splitlines()
    for (line, (library, extra)), said in zip(NEEDS.items(), printed, strict=True):
        assert library in said, line
        assert f"pip install 'micrograd-bp[{extra}]'" in said, line
        kind = "RendererNotFound" if library == "graphviz-pure" else "ImportError"
        assert said.startswith(kind), line


def test_every_name_is_importable_and_asks_for_no_extra(bare):
    script = """
from micrograd_bp import *
from viz import *
import micrograd_bp.cli, micrograd_bp.demo, micrograd_bp.prompt, micrograd_bp.testing
import micrograd_bp.datasets, micrograd_bp.equations, viz.page
print(sorted(asked & {"IPython", "PIL", "matplotlib", "pytest", "safetensors", "torch"}))
"""
    assert bare(script) == "[]\n"


def test_the_core_works(bare):
    script = f"""{SETUP}
import numpy as np
from micrograd_bp.equations import check_equations
from micrograd_bp.testing import assert_gradients_agree

assert C.op is not None and gradients(v**3, v).data == 12.0
assert check_equations(net, X[0], [1.0], quadratic).ok
assert_gradients_agree(lambda w: np.sum(w * w), lambda w: 2.0 * w, np.array([1.0, 2.0]))
assert len(train(net, X, y, epochs=2, progress=True).cost) == 2
save(net, "net.npz")
assert predict(load("net.npz"), X).tolist() == predict(net, X).tolist()
print(len(str(matrix_form(C, [], None))) > 100)
print(draw(v.tanh(), view="text"))
draw(C).save("C.dot"), draw(C).save("C.txt"), draw(C).save("C.html"), explore(C, "page.html")
print(draw(C).drawn_by, draw(C).interactive(), *sorted(path for path in os.listdir()))
"""
    assert bare(script) == (
        "True\ntanh  data 0.964  grad –\n└─(0.07065)─ v  data 2  grad –\n"
        "text <page of 22 values, for a notebook> C.dot C.html C.txt net.npz page.html\n"
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["draw", "x*x", "x=3"], "*  data 9  grad 1"),
        (["explore", "x*x", "x=3", "-o", "page.html"], "page.html"),
        (["train", "xor", "--epochs", "1", "--out", "run"], "run"),
        (["repl"], "4.0"),
    ],
    ids=lambda x: x[0] if isinstance(x, list) else "",
)
def test_the_command_works(bare, arguments, expected):
    script = f"""
import io
from micrograd_bp.start import main
sys.stdin = io.StringIO("v = Value(2.0); print((v * v).data)\\n")
sys.argv = ["micrograd-bp", *{arguments!r}]
status = main()
print("status", status)
"""
    printed = bare(script)
    assert expected in printed
    assert printed.endswith("status 0\n")


def test_a_picture_of_the_command_says_what_is_missing(bare):
    script = """
from micrograd_bp.start import main
sys.argv = ["micrograd-bp", "draw", "x*x", "x=3", "-o", "picture.svg"]
sys.stderr = sys.stdout
print("status", main())
"""
    printed = bare(script)
    assert "pip install 'micrograd-bp[plot]'" in printed
    assert printed.endswith("status 1\n")


def test_the_script_that_hides_the_extras_does_hide_them(bare):
    names = "matplotlib IPython torch safetensors pytest PIL"
    script = f"""
for library in {names!r}.split():
    try: __import__(library)
    except ModuleNotFoundError: print(library)
"""
    assert bare(script).split() == names.split()
