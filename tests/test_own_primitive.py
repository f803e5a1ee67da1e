"""A reader's own primitive is one row, and then it is used, differentiated twice and drawn as ours.

swish(x) = x sigmoid(x) has a rule in terms of its output; log1mexp(x) = ln(1 - e^x), for x < 0, is
written so that neither end loses digits.
"""

import copy
import math
import pickle

import numpy as np
import pytest

from micrograd_bp import (
    MLP,
    Layer,
    Neuron,
    Primitive,
    Value,
    check_gradient,
    explain,
    grad,
    gradient_descent,
    gradients,
    hessian,
    quadratic,
)
from micrograd_bp.equations import assumption_report, check_equations
from micrograd_bp.primitives import divide, exp, sigmoid
from viz import draw_dot

swish = Primitive(
    "swish",
    lambda x: x * sigmoid(x),
    lambda x: x * sigmoid(x),
    lambda z, x: (z + sigmoid(x) * (1.0 - z),),
)


def log1mexp_floats(x):
    return math.log(-math.expm1(x)) if x > -math.log(2.0) else math.log1p(-math.exp(x))


def log1mexp_arrays(x):
    with np.errstate(all="ignore"):
        return np.where(x > -np.log(2.0), np.log(-np.expm1(x)), np.log1p(-np.exp(x)))


log1mexp = Primitive(
    "log1mexp",
    log1mexp_floats,
    log1mexp_arrays,
    lambda z, x: (-exp(x - z),),  # -e^x / (1 - e^x)
    needs="x < 0",
)
hypot = Primitive("hypot", math.hypot, np.hypot, lambda z, x, y: (divide(x, z), divide(y, z)))

POINTS = {swish: [-5.0, -0.5, 0.0, 0.7, 3.0], log1mexp: [-30.0, -3.0, -0.7, -0.6, -1e-3]}
CASES = [(row, x) for row, points in POINTS.items() for x in points]
rows_at = pytest.mark.parametrize(("row", "x"), CASES, ids=str)


def slope(f, x):
    h = 1e-3 * min(1.0, abs(x) or 1.0)
    return (8.0 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12.0 * h)


# On every kind of operand.


@rows_at
def test_the_same_value_on_floats_values_and_arrays(row, x):
    expected = row(x)
    assert type(expected) is float
    assert row(Value(x)).data == expected
    np.testing.assert_allclose(row(np.array([[x, x]])), [[expected, expected]], rtol=1e-15)
    of_values = row(np.array([Value(x), Value(x)]))
    assert [z.data for z in of_values] == [expected, expected]


def test_swish_is_what_it_says():
    assert swish(0.0) == 0.0
    assert swish(2.0) == 2.0 / (1.0 + math.exp(-2.0))
    assert swish(-1000.0) == 0.0
    assert swish(1000.0) == 1000.0


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (-1e-10, math.log(1e-10)),
        (-1e-300, math.log(1e-300)),
        (-40.0, -math.exp(-40.0)),
        (-800.0, 0.0),
    ],
)
def test_log1mexp_loses_no_digits_at_either_end(x, expected):
    """Where ln(1 - e^x) as it stands gives log(0) or 0."""
    for found in (log1mexp(x), log1mexp(Value(x)).data, log1mexp(np.array([x]))[0]):
        assert found == pytest.approx(expected, rel=1e-9)


@rows_at
def test_two_derivatives_agree_with_differences(row, x):
    first = slope(row, x)
    second = slope(lambda x: grad(row)(x), x)
    assert grad(row)(x) == pytest.approx(first, rel=1e-7, abs=1e-9)
    assert hessian(row)(x) == pytest.approx(second, rel=1e-6, abs=1e-9)
    leaf = Value(x)
    g = gradients(row(leaf), leaf)
    assert g.data == grad(row)(x)
    assert gradients(g, leaf).data == hessian(row)(x)


@rows_at
def test_check_gradient_agrees(row, x):
    assert check_gradient(lambda x: row(x), x)
    assert check_gradient(lambda v: np.sum(row(v)), np.array([x, x]))


def test_the_third_derivative_of_swish_at_zero():
    """x sigmoid(x) = x/2 + x^2/4 - x^4/48 + ...: 0, 1/2, 1/2, 0, -1/2."""
    f, orders = swish, [swish(0.0)]
    for _ in range(4):
        f = grad(f)
        orders.append(f(0.0))
    assert orders == pytest.approx([0.0, 0.5, 0.5, 0.0, -0.5], abs=1e-15)


def test_derivatives_of_log1mexp_are_those_of_the_formula():
    """-e^x / (1 - e^x), also where 1 - e^x is 1e-10."""
    for x in (-1e-10, -0.5, -5.0, -700.0):
        expected = -math.exp(x) / -math.expm1(x)
        assert grad(log1mexp)(x) == pytest.approx(expected, rel=1e-9)


def test_the_rule_gives_derivatives_on_arrays():
    """As the batched program needs them."""
    for row, points in POINTS.items():
        x = np.array(points)
        (derivatives,) = row.derivatives(row.arrays(x), x)
        np.testing.assert_allclose(derivatives, [grad(row)(x_k) for x_k in points], rtol=1e-12)


def test_two_operands():
    x, y = Value(3.0), Value(-4.0)
    z = hypot(x, y)
    z.backward()
    assert (z.data, x.grad, y.grad) == (5.0, 0.6, -0.8)
    np.testing.assert_allclose(hessian(hypot, (0, 1))(3.0, -4.0), [[0.128, 0.096], [0.096, 0.072]])
    assert hypot(np.array([3.0, 5.0]), 12.0).tolist() == [math.hypot(3.0, 12.0), 13.0]
    assert hypot(3.0, y).data == hypot(x, -4.0).data == 5.0
    assert math.isnan(grad(hypot)(0.0, 0.0))  # 0/0: divide() in a rule never raises


# In a graph.


def test_it_is_a_node_like_any_other():
    x = Value(0.7, "x")
    z = swish(2.0 * x)
    assert (z.op, z._op) == (swish, "swish")
    assert z.operands[0]._op == "*"
    z.backward()
    assert x.grad == pytest.approx(2.0 * grad(swish)(1.4))
    assert explain(z, x).gradient == x.grad
    assert "swish" in str(explain(z, x))


@pytest.mark.parametrize("row", [swish, log1mexp], ids=str)
def test_it_is_drawn_under_its_name(row):
    x = Value(-0.7, "x")
    z = row(x)
    z.label = "out"
    z.backward()
    text = draw_dot(z).source
    assert row.name in text
    assert f"{x.grad:.4g}" in text
    assert "sigmoid" in draw_dot(gradients(swish(x), x)).source


def test_it_can_be_minimised():
    descent = gradient_descent(swish, 0.0, learning_rate=1.0)
    assert descent.converged
    assert descent.v == pytest.approx(-1.27846, abs=1e-5)


@pytest.mark.parametrize("x", [0.0, 0.5, math.inf])
def test_outside_its_domain_the_error_has_its_name_and_says_what_it_needs(x):
    for operand in (x, Value(x)):
        with pytest.raises(ValueError, match=rf"^log1mexp\(x\) needs x < 0, got x = {x}"):
            log1mexp(operand)
    with pytest.raises(ValueError, match="x is 'p'"):
        log1mexp(Value(x, "p"))


def test_nan_goes_in_and_comes_out():
    assert math.isnan(swish(math.nan))
    assert math.isnan(grad(swish)(math.nan))
    assert math.isnan(log1mexp(math.nan))


# In a network.


@pytest.mark.parametrize("output", ["linear", "softmax", swish], ids=str)
def test_as_an_activation_it_fulfils_the_equations(output):
    net = MLP(3, [4, 2], activation=swish, output=output, rng=0)
    report = check_equations(net, [0.5, -1.0, 0.25], [1.0, 0.0], quadratic)
    assert report.ok
    assert {row.layer for row in report.rows} == {1, 2}
    assert "agree" in str(report)


def test_a_wrong_rule_in_an_activation_is_found():
    """Graph and forms share the rule, so it is the differences that part."""
    wrong = Primitive("wrong", swish.floats, swish.arrays, lambda z, x: (sigmoid(x),))
    net = MLP(3, [4, 2], activation=wrong, rng=0)
    report = check_equations(net, [0.5, -1.0, 0.25], [1.0, 0.0], quadratic)
    assert not report.ok
    assert not check_gradient(lambda x: wrong(x), 0.7)


def test_neurons_and_layers_take_it_too():
    x = [0.5, -1.0]
    neuron, layer = Neuron(2, activation=swish, rng=0), Layer(2, 3, activation=swish, rng=0)
    assert neuron(x).data == swish(neuron.z.data)
    assert [a.op for a in layer(x)] == [swish] * 3
    assert "swish" in repr(neuron)
    assert "swish" in str(MLP(2, [3, 1], activation=swish, rng=0))


def test_it_moves_its_own_neuron_alone():
    assert assumption_report(MLP(2, [3, 1], activation=swish, rng=0)).holds


# Rows that are wrong.


def row_with_rule(rule, count=1):
    floats = (lambda x: 2.0 * x) if count == 1 else (lambda x, y: x + y)
    return Primitive("bad", floats, floats, rule)


BAD_RULES = {
    "too short": lambda z, *x: (),
    "too long": lambda z, *x: (1.0,) * (len(x) + 1),
    "a bare number": lambda z, *x: 2.0,
    "a list": lambda z, *x: [2.0] * len(x),
    "None": lambda z, *x: None,
}


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("name", BAD_RULES)
def test_a_rule_gives_a_tuple_with_a_derivative_for_each_operand(name, count):
    with pytest.raises(
        TypeError, match=f"rule of bad must give a tuple .* each of its {count} oper"
    ):
        row_with_rule(BAD_RULES[name], count)(*[Value(1.0)] * count)


@pytest.mark.parametrize("value", ["2", None, 1j, np.array([1.0, 2.0])], ids=repr)
def test_a_value_is_a_real_number(value):
    row = Primitive("bad", lambda x: value, np.abs, lambda z, x: (1.0,))
    with pytest.raises(TypeError, match="bad"):
        row(Value(1.0))


def test_the_wrong_number_of_operands_is_a_type_error():
    for operands in ((), (1.0, 2.0), (Value(1.0), Value(2.0)), (Value(1.0), 2.0)):
        with pytest.raises(TypeError):
            swish(*operands)


@pytest.mark.parametrize("operand", ["x", None, 1j, [1.0]], ids=repr)
def test_an_operand_is_a_number_a_value_or_an_array(operand):
    with pytest.raises(TypeError, match="swish takes a real number, got"):
        swish(operand)


def test_what_the_row_itself_raises_comes_through():
    def broken(x):
        raise KeyError("in the row")

    with pytest.raises(KeyError, match="in the row"):
        Primitive("broken", broken, np.abs, lambda z, x: (1.0,))(Value(1.0))
    with pytest.raises(KeyError, match="in the row"):
        Primitive("broken", abs, np.abs, lambda z, x: broken(x))(Value(1.0))


def test_it_cannot_be_pickled_and_says_why():
    """Its functions are of this file; a copy is the row itself."""
    with pytest.raises(TypeError, match="cannot pickle <primitive swish>: it is not a row"):
        pickle.dumps(swish)
    assert copy.deepcopy(swish) is swish
