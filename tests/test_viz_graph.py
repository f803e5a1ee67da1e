"""What viz asks of a node, and the order in which it takes the nodes."""

from types import SimpleNamespace

import pytest

from micrograd_bp import Value
from viz import draw, draw_dot, frames, trace
from viz.graph import topological_order

STAND_IN = """
import sys
from types import SimpleNamespace as Node
import viz
x = Node(data=3.0, grad=1.0, label="x", op=None, operands=(), local_derivatives=())
y = Node(data=4.0, grad=1.0, label="y", op=Node(name="f"), operands=(x,), local_derivatives=(2.0,))
assert "y = f" in viz.draw(y, view="text") and "v0 -> v1" in viz.draw(y).source
print(sorted({"micrograd_bp", "matplotlib"} & set(sys.modules)))
"""


def test_any_node_is_drawn_and_nothing_else_is_imported(run_python):
    assert run_python(STAND_IN) == "[]\n"


def test_operands_stand_before_consumers_from_left_to_right():
    a, b, x = Value(1.0, "a"), Value(2.0, "b"), Value(3.0, "x")
    c = b * a
    d = c + x
    e = d + b
    assert topological_order(e) == [b, a, c, x, d, e]


def test_a_falsy_root_is_still_a_root():
    zero = Value(0.0, "zero") * 1.0
    assert len(topological_order(zero)) == 3
    assert draw(zero, view="text").startswith("*  data 0")


def test_trace_is_micrograds_with_order_and_multiplicity():
    a = Value(3.0, "a")
    b = a * a
    nodes, edges = trace(b)
    assert nodes == [a, b]
    assert edges == [(a, b), (a, b)]


def test_depth_needs_no_recursion():
    x = Value(1.0)
    y = x
    for _ in range(50_000):
        y = -y
    nodes, edges = trace(y)
    assert (len(nodes), len(edges)) == (50_001, 50_000)
    assert nodes[0] is x and nodes[-1] is y


@pytest.mark.parametrize("function", [trace, draw_dot, frames])
@pytest.mark.parametrize(
    ("thing", "named"),
    [
        (3.0, "3.0 (float)"),
        (None, "None (NoneType)"),
        ([Value(1.0)], "(list); give one of its items"),
        (Value, "(type)"),
        (SimpleNamespace(operands=()), "(SimpleNamespace)"),
    ],
)
def test_what_is_no_node_is_named(function, thing, named, tmp_path):
    others = [tmp_path] if function is frames else []
    with pytest.raises(TypeError, match=r"\(\) takes a node such as a Value, got ") as error:
        function(thing, *others)
    assert named in str(error.value)
    assert str(error.value).startswith(function.__name__)
