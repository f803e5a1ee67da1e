"""gradients(out, wrt): the chain rule, whose result is a graph again: any order, at every edge."""

import math

import numpy as np
import pytest
from agreement import backward_at, data_of
from edge_cases import RAISING, WITH_VALUE, function_of

from micrograd_bp import MLP, Primitive, Value, gradients, logsumexp, quadratic, softmax
from micrograd_bp import primitives as p
from micrograd_bp.engine import topological_order
from viz import draw_dot

# What goes in and what comes out.


def test_a_list_gives_a_list_and_a_value_a_value():
    x, y = Value(2.0), Value(3.0)
    out = x * x * y
    assert isinstance(gradients(out, x), Value)
    assert gradients(out, x).data == 12.0
    assert data_of(gradients(out, [x, y])) == [12.0, 4.0]
    assert gradients(out, []) == []


@pytest.mark.parametrize("container", [tuple, np.array, iter])
def test_any_iterable_of_values_gives_a_list(container):
    x, y = Value(2.0), Value(3.0)
    found = gradients(x * y, container([x, y]))
    assert type(found) is list
    assert data_of(found) == [3.0, 2.0]


def test_the_parameters_of_a_network_may_be_given_as_they_are():
    net = MLP(2, [3, 1], activation="tanh", rng=0)
    cost = quadratic(net([0.5, -1.0]), 1.0)
    found = gradients(cost, net.parameters())
    assert data_of(found) == pytest.approx(backward_at(cost, net.parameters()), rel=1e-14)


def test_what_is_not_reached_has_the_gradient_zero():
    x, stranger = Value(2.0), Value(5.0)
    found = gradients(x * x, [stranger, x])
    assert [type(g) for g in found] == [Value, Value]
    assert data_of(found) == [0.0, 4.0]
    assert found[0].op is None


def test_the_gradient_by_itself_is_one():
    x = Value(2.0)
    assert data_of(gradients(x, [x, Value(2.0)])) == [1.0, 0.0]
    y = x * 3.0
    assert gradients(y, y).data == 1.0


def test_a_variable_may_be_asked_for_twice():
    x = Value(2.0)
    assert data_of(gradients(x**3, [x, x])) == [12.0, 12.0]


def test_inner_nodes_may_be_asked_for_beside_leaves():
    """out = h^2 + h with h = x y: d/dh sums both uses of h, d/dx goes through h."""
    x, y = Value(2.0), Value(3.0)
    h = x * y
    out = h * h + h
    assert data_of(gradients(out, [h, x, out])) == [13.0, 39.0, 1.0]


def test_every_node_of_a_network_may_be_asked_for():
    net = MLP(3, [4, 2], activation="tanh", rng=1)
    cost = quadratic(net([1.0, -0.5, 2.0]), [1.0, 0.0])
    nodes = topological_order(cost)
    found = data_of(gradients(cost, nodes))
    cost.backward()
    variables = [k for k, node in enumerate(nodes) if not node.is_constant]
    assert [found[k] for k in variables] == pytest.approx([nodes[k].grad for k in variables])


@pytest.mark.parametrize("out", [2.0, None, "x", [Value(1.0)]], ids=repr)
def test_the_output_is_a_value(out):
    with pytest.raises(TypeError, match=r"gradients\(\) takes Values, got"):
        gradients(out, Value(1.0))


@pytest.mark.parametrize("wrt", [[2.0], ["x"], [None], [[Value(1.0)]]], ids=repr)
def test_the_variables_are_values(wrt):
    with pytest.raises(TypeError, match=r"gradients\(\) takes Values, got"):
        gradients(Value(1.0) * 2.0, wrt)


# No more nodes than needed, and no recursion.


def test_a_gradient_is_cheap():
    """Its graph grows with the graph, not with the number of paths: 2^60 of them here."""
    x = Value(1.0)
    out = x
    for _ in range(60):
        out = out * 0.5 + out * 0.5
    found = gradients(out, x)
    assert found.data == pytest.approx(1.0)
    assert len(topological_order(found)) < 6 * len(topological_order(out))


def test_factors_of_one_are_no_nodes():
    """d(x + y)/dx = 1 alone; d tanh/dx = 1 - z z is three more than z; 3 (2 x): 3 times 2."""
    x, y = Value(0.5), Value(2.0)
    assert gradients(x + y, x).op is None
    z = x.tanh()
    for out in (z, z + y, y - (0.5 - z)):
        g = gradients(out, x)
        assert g._op == "-"
        assert len(topological_order(g)) == len(topological_order(z)) + 3
    assert [node._op for node in topological_order(gradients((x * 2.0) * 3.0, x))] == ["", "", "*"]


def test_a_long_chain_needs_no_recursion():
    x = Value(0.5)
    out = x
    for _ in range(30_000):
        out = out * 0.99999
    assert gradients(out, x).data == pytest.approx(0.99999**30_000, rel=1e-9)
    out = x
    for _ in range(10_000):
        out = out - 1e-6 * out * out
    assert gradients(gradients(out, x), x).data < 0.0


# Any order.

HIGHER = {
    "sin(0.5)": (lambda x: x.sin(), 0.5, [math.sin(0.5 + k * math.pi / 2.0) for k in range(6)]),
    "cos(0.5)": (lambda x: x.cos(), 0.5, [math.cos(0.5 + k * math.pi / 2.0) for k in range(6)]),
    "exp(0.3)": (lambda x: x.exp(), 0.3, [math.exp(0.3)] * 6),
    "expm1(0)": (lambda x: x.expm1(), 0.0, [0.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
    "log(2)": (lambda x: x.log(), 2.0, [math.log(2.0), 0.5, -0.25, 0.25, -0.375, 0.75]),
    "log1p(0)": (lambda x: x.log1p(), 0.0, [0.0, 1.0, -1.0, 2.0, -6.0, 24.0]),
    "1/x at 2": (lambda x: 1.0 / x, 2.0, [0.5, -0.25, 0.25, -0.375, 0.75, -1.875]),
    "x**-1 at 2": (lambda x: x**-1, 2.0, [0.5, -0.25, 0.25, -0.375, 0.75, -1.875]),
    "sqrt(1)": (lambda x: x.sqrt(), 1.0, [1.0, 0.5, -0.25, 0.375, -0.9375, 3.28125]),
    "x**0.5 at 1": (lambda x: x**0.5, 1.0, [1.0, 0.5, -0.25, 0.375, -0.9375, 3.28125]),
    "x**5 at 2": (lambda x: x**5, 2.0, [32.0, 80.0, 160.0, 240.0, 240.0, 120.0]),
    "x*x*x at -1": (lambda x: x * x * x, -1.0, [-1.0, 3.0, -6.0, 6.0, 0.0, 0.0]),
    "2**x at 0": (lambda x: 2.0**x, 0.0, [math.log(2.0) ** k for k in range(6)]),
    "x**x at 1": (lambda x: x**x, 1.0, [1.0, 1.0, 2.0, 3.0, 8.0, 10.0]),
    "tan(0)": (lambda x: x.tan(), 0.0, [0.0, 1.0, 0.0, 2.0, 0.0, 16.0]),
    "tanh(0)": (lambda x: x.tanh(), 0.0, [0.0, 1.0, 0.0, -2.0, 0.0, 16.0]),
    "sigmoid(0)": (lambda x: x.sigmoid(), 0.0, [0.5, 0.25, 0.0, -0.125, 0.0, 0.25]),
    "softplus(0)": (lambda x: x.softplus(), 0.0, [math.log(2.0), 0.5, 0.25, 0.0, -0.125, 0.0]),
    "logsumexp(0,0)": (
        lambda x: logsumexp([x, 0.0]),
        0.0,
        [math.log(2.0), 0.5, 0.25, 0.0, -0.125, 0.0],
    ),
    "x**0 at 0": (lambda x: x**0, 0.0, [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
    "x**1 at 0": (lambda x: x**1, 0.0, [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]),
    "x**2 at 0": (lambda x: x**2, 0.0, [0.0, 0.0, 2.0, 0.0, 0.0, 0.0]),
    "x**3 at 0": (lambda x: x**3, 0.0, [0.0, 0.0, 0.0, 6.0, 0.0, 0.0]),
    "x**2.0 at -0": (lambda x: x**2.0, -0.0, [0.0, 0.0, 2.0, 0.0, 0.0, 0.0]),
    "x**0 at nan": (lambda x: x**0, math.nan, [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
    "x*abs(x) at -2": (lambda x: x * abs(x), -2.0, [-4.0, 4.0, -2.0, 0.0, 0.0, 0.0]),
}


def derivatives(f, x, order):
    """f(x), f'(x), ..., each from the graph of the one before."""
    x = Value(x)
    found = [f(x)]
    for _ in range(order):
        found.append(gradients(found[-1], x))
    return data_of(found)


@pytest.mark.parametrize("case", HIGHER)
def test_derivatives_to_fifth_order(case):
    f, x, expected = HIGHER[case]
    assert derivatives(f, x, 5) == pytest.approx(expected, rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3])
def test_a_whole_exponent_that_is_a_value_gives_the_same_orders_at_zero(exponent):
    """As far as d/dx goes: 0**y has no derivative by y that is finite at every order."""
    x, y = Value(0.0), Value(float(exponent))
    expected = [0.0**exponent, *[0.0] * 3]
    if exponent:
        expected[exponent] = float(math.factorial(exponent))
    found = [x**y]
    for _ in range(3):
        found.append(gradients(found[-1], x))
    assert data_of(found) == expected


EDGES = {
    "sigmoid": (lambda x: x.sigmoid(), [-4000.0, -1000.0, 1000.0, 4000.0]),
    "softplus": (lambda x: x.softplus(), [-4000.0, -1000.0, 1000.0, 4000.0]),
    "tanh": (lambda x: x.tanh(), [-1000.0, 1000.0]),
    "relu": (lambda x: x.relu(), [-1.0, -0.0, 0.0, 1.0]),
    "leaky_relu": (lambda x: x.leaky_relu(), [-1.0, -0.0, 0.0, 1.0]),
    "abs": (lambda x: abs(x), [-1.0, -0.0, 0.0, 1.0]),
    "maximum": (lambda x: x.maximum(0.0), [-1.0, -0.0, 0.0, 1.0]),
    "minimum": (lambda x: x.minimum(0.0), [-1.0, -0.0, 0.0, 1.0]),
    "logsumexp": (lambda x: logsumexp([x, -4000.0, 0.0]), [-4000.0, 4000.0]),
    "softmax": (lambda x: softmax([x, 0.0])[0], [-4000.0, 4000.0]),
    "one logsumexp": (lambda x: logsumexp([x]), [-4000.0, 0.0, 4000.0]),
}


@pytest.mark.parametrize(
    ("name", "x"), [(name, x) for name, (_, points) in EDGES.items() for x in points]
)
def test_second_and_third_derivatives_are_zero_where_a_function_is_flat_or_straight(name, x):
    f, _ = EDGES[name]
    assert derivatives(f, x, 3)[2:] == [0.0, 0.0]


@pytest.mark.parametrize("shift", [-4000.0, 0.0, 4000.0])
def test_second_derivatives_of_logsumexp_are_those_of_softmax_at_any_shift(shift):
    """d2/dx_i dx_j = a_i (1 if i = j else 0) - a_i a_j."""
    x = [Value(shift + x_i) for x_i in (0.3, -0.5, 1.1)]
    a = np.array(data_of(softmax(x)))
    rows = [data_of(gradients(g, x)) for g in gradients(logsumexp(x), x)]
    np.testing.assert_allclose(rows, np.diag(a) - np.outer(a, a), rtol=1e-11, atol=1e-14)


# The gradient is a graph.


def test_the_gradient_can_be_drawn():
    w, x = Value(0.5, "w"), Value(2.0, "x")
    out = (w * x).tanh()
    g = gradients(out, w)
    g.label = "dout/dw"
    text = draw_dot(g).source
    for name in ("w", "x", "tanh", "dout/dw", "digraph"):
        assert name in text
    second = draw_dot(gradients(g, w)).source
    assert second.count("->") > text.count("->") > draw_dot(out).source.count("->")


def test_the_gradient_shares_the_nodes_of_the_graph_that_it_belongs_to():
    x = Value(0.5)
    z = x.tanh()
    assert z in topological_order(gradients(z, x))


def test_a_gradient_can_be_used_in_a_further_cost():
    """C = f + 1/2 |grad f|^2, as in a gradient penalty: dC/dx = f' + f' f''."""
    x = Value(0.4)
    f = (3.0 * x).sin()
    slope = gradients(f, x)
    c = f + 0.5 * slope * slope
    first, second = 3.0 * math.cos(1.2), -9.0 * math.sin(1.2)
    assert gradients(c, x).data == pytest.approx(first + first * second)
    c.backward()
    assert x.grad == pytest.approx(first + first * second)


# Data that changed since the graph was recorded.

CHANGES = {
    "value": (lambda x: x * 3.0, 1.0, 2.0),
    "value of a function": (lambda x: x.tanh(), 0.5, 0.6),
    "slope alone, cos": (lambda x: x.cos(), 1.0, -1.0),
    "slope alone, abs": (lambda x: abs(x) * 3.0, 2.0, -2.0),
    "slope alone, square": (lambda x: x**2, 2.0, -2.0),
    "slope alone, product": (lambda x: x * (1.0 / x), 2.0, 4.0),
    "to nan": (lambda x: x * 2.0, 1.0, math.nan),
    "from nan": (lambda x: x * 2.0, math.nan, 1.0),
    "out of the domain of log": (lambda x: x.log(), 1.0, -1.0),
    "to a pole": (lambda x: 1.0 / x, 1.0, 0.0),
    "to an overflow": (lambda x: x.exp(), 1.0, 1e4),
    "to a complex power": (lambda x: x**0.5, 1.0, -1.0),
}


@pytest.mark.parametrize("case", CHANGES)
def test_data_that_changed_since_recording_is_a_value_error_that_names_the_leaf(case):
    f, before, after = CHANGES[case]
    x = Value(before, "the leaf x")
    out = f(x) + 1.0
    x.data = after
    with pytest.raises(ValueError, match="the leaf x") as raised:
        gradients(out, x)
    assert type(raised.value) is ValueError
    assert "record the graph again" in str(raised.value)


def test_a_leaf_that_changed_on_another_branch_counts_too():
    x, y = Value(2.0), Value(3.0, "y")
    out = x * x + y * y
    y.data = 4.0
    with pytest.raises(ValueError, match="label='y'"):
        gradients(out, x)


def test_the_error_is_short_for_a_leaf_among_many():
    w = [Value(0.5, f"w{i}") for i in range(1, 785)]
    z = p.weighted_sum(w, [1.0] * 784, 0.0)
    w[41].data = 3.0
    with pytest.raises(ValueError, match=r"w42\b") as raised:
        gradients(z, w)
    assert len(str(raised.value)) < 1000


def test_data_changed_and_changed_back_is_as_recorded():
    x = Value(2.0)
    out = x * x
    x.data = 5.0
    x.data = 2.0
    assert gradients(out, x).data == 4.0


def test_what_the_output_does_not_depend_on_may_change():
    x, stranger = Value(2.0), Value(3.0)
    out = x * x
    stranger.data = 7.0
    assert data_of(gradients(out, [x, stranger])) == [4.0, 0.0]


def test_after_a_step_the_graph_is_recorded_again():
    x = Value(2.0)
    out = x * x
    x.data = 3.0
    assert gradients(x * x, x).data == 6.0
    out.backward()  # the recorded local derivatives: still those at 2
    assert x.grad == 4.0


def test_the_gradient_of_a_gradient_notices_a_change_too():
    x = Value(0.5, "x")
    g = gradients(x.tanh(), x)
    x.data = 0.7
    with pytest.raises(ValueError, match="label='x'"):
        gradients(g, x)


def test_nan_that_did_not_change_is_no_change():
    x = Value(math.nan)
    assert math.isnan(gradients(x * x, x).data)


# A constant exponent has no derivative by a logarithm, at either order.


@pytest.mark.parametrize("x", [-2.0, 0.0, 2.0])
def test_a_constant_exponent_has_the_gradient_that_backward_gives_it(x):
    v = Value(x)
    z = v**2
    exponent = z.operands[1]
    z.backward()
    assert exponent.grad == 0.0
    assert gradients(z, exponent).data == 0.0


def test_an_exponent_that_varies_has_its_logarithm():
    x, y = Value(2.0), Value(3.0)
    assert gradients(x**y, y).data == pytest.approx(8.0 * math.log(2.0))


# Every edge case whose row exists: the value and the derivative, alike to backward().


def arguments(case):
    return [Value(float(text)) for text in case["args"]]


def exactly(expected):
    """To rounding; nan meets nan, inf the same inf, 0 nothing but 0."""
    return pytest.approx([float(x) for x in expected], rel=1e-14, abs=0.0, nan_ok=True)


@pytest.mark.parametrize("case", WITH_VALUE, ids=lambda case: case["case"])
def test_an_edge_through_gradients(case):
    leaves = arguments(case)
    out = function_of(case)(*leaves)
    found = data_of(gradients(out, leaves))
    assert [out.data] == exactly([case["recommended"]["value"]])
    assert found == exactly(case["recommended"]["grad"])
    assert found == exactly(backward_at(out, leaves))


@pytest.mark.parametrize("case", WITH_VALUE, ids=lambda case: case["case"])
def test_a_second_derivative_at_an_edge_is_a_number_and_never_an_error(case):
    leaves = arguments(case)
    for g in gradients(function_of(case)(*leaves), leaves):
        assert all(type(h.data) is float for h in gradients(g, leaves))


@pytest.mark.parametrize("case", RAISING, ids=lambda case: case["case"])
def test_an_edge_that_raises_does_so_when_it_is_recorded(case):
    with pytest.raises(p.ARITHMETIC) as raised:
        function_of(case)(*arguments(case))
    assert type(raised.value).__name__ == case["recommended"]["raises"]
    assert str(raised.value) == case["recommended"]["message"]


def test_infinity_times_zero_stays_nan():
    """sqrt'(0) = inf meets relu'(-1) = 0: 0 * inf, as backward() gives it."""
    x = Value(-1.0)
    out = x.relu().sqrt()
    assert math.isnan(backward_at(out, [x])[0])
    assert math.isnan(gradients(out, x).data)


# The comparison itself.


def test_the_comparison_with_differences_rejects_a_wrong_second_derivative():
    """A row whose derivative is right as a number and wrong as a graph: a frozen comparison."""
    frozen = Primitive(
        "frozen", math.sin, np.sin, lambda z, x: (math.cos(x.data if isinstance(x, Value) else x),)
    )
    x = Value(0.7)
    first = gradients(frozen(x), x)
    assert first.data == math.cos(0.7)
    assert gradients(first, x).data == 0.0 != -math.sin(0.7)
