"""The graph as text: the fallback that needs nothing."""

import pytest

from micrograd_bp import Neuron, Value, quadratic
from viz import draw
from viz.text import Text

NEURON = """\
C = *  data 0.7749  grad 1
├─ 0.5
└─(0.5)─ **  data 1.55  grad 0.5
   ├─(-2.49)─ -  data -1.245  grad -1.245
   │  ├─ a = tanh  data -0.2449  grad -1.245
   │  │  └─(0.94)─ z = weighted_sum  data -0.25  grad -1.17
   │  │     ├─(2)─ w₁  data -0.5  grad -2.34
   │  │     ├─(1)─ w₂  data 0.25  grad -1.17
   │  │     ├─(-0.5)─ x₁  data 2  grad 0.5851
   │  │     ├─(0.25)─ x₂  data 1  grad -0.2926
   │  │     └─ b  data 0.5  grad -1.17
   │  └─ 1
   └─ 2"""


def text(root, **options):
    return draw(root, view="text", **options)


def test_a_neuron():
    neuron = Neuron(2, activation="tanh")
    neuron.load_state_dict({"w_1": -0.5, "w_2": 0.25, "b": 0.5})
    cost = quadratic(neuron([2.0, 1.0]), 1.0)
    cost.label = "C"
    cost.backward()
    assert text(cost) == NEURON


def test_it_shows_itself():
    x = Value(2.0, "x")
    assert repr(text(x)) == "x  data 2  grad –"
    assert isinstance(text(x), Text) and isinstance(text(x), str)


def test_gradients_are_a_dash_before_backward_and_can_be_left_out():
    y = Value(3.0, "x").tanh()
    assert text(y) == "tanh  data 0.9951  grad –\n└─(0.009866)─ x  data 3  grad –"
    assert text(y, grads=False) == "tanh  data 0.9951\n└─(0.009866)─ x  data 3"


def test_a_shared_node_is_written_once():
    a = Value(3.0, "a")
    b = a.tanh()
    b.label = "b"
    assert text(b * b + a, grads=False).split("\n") == [
        "+  data 3.99",
        "├─ *  data 0.9901",
        "│  ├─(0.9951)─ v1: b = tanh  data 0.9951",
        "│  │  └─(0.009866)─ v0: a  data 3",
        "│  └─(0.9951)─ b = tanh (see v1)",
        "└─ a (see v0)",
    ]


def test_a_graph_with_very_many_paths_has_one_line_per_edge():
    x = Value(1.0, "x")
    for _ in range(100):
        x = x + x
    assert len(text(x).split("\n")) == 1 + 200


@pytest.mark.parametrize("depth", [31, 100_000])
def test_depth_costs_no_recursion_and_no_width(depth):
    y = Value(0.5, "x")
    for _ in range(depth):
        y = -y
    lines = text(y).split("\n")
    assert len(lines) == depth + 1
    assert lines[30].startswith(" " * 87 + "└─(-1)─ neg")
    assert lines[-1] == " " * 90 + f"└─(-1)─ [level {depth}] x  data 0.5  grad –"


def test_an_unlabelled_leaf_is_its_data():
    assert text(Value(1.0)) == "data 1  grad –"
