"""Footnote 4 of the post: BP1 and BP2 assume that z_i moves a_i alone, and softmax breaks it.

assumption_report reads it from the graph: the off-diagonal Jacobian, the elementwise form (right at
the target of a one-hot log-likelihood, wrong elsewhere) and the general one. At logits of thousands
the costs on weighted inputs stay exact, and so do their first and second derivatives.
"""

import math

import numpy as np
import pytest

from micrograd_bp import (
    MLP,
    Primitive,
    Value,
    cross_entropy,
    hessian,
    log_likelihood,
    quadratic,
    sigmoid_cross_entropy,
    softmax,
    softmax_cross_entropy,
    total,
    value_and_grad,
)
from micrograd_bp import primitives as p
from micrograd_bp.activations import COUPLED
from micrograd_bp.equations import assumption_report, check_equations

X = [0.5, -1.0, 0.25]


def softmax_net(hidden="tanh", seed=0):
    return MLP(3, [4, 3], activation=hidden, output="softmax", rng=seed)


def one_hot(t, n=3):
    return [1.0 if j == t else 0.0 for j in range(n)]


def activations(net, l):
    return np.array([net.a(l, j).data for j in range(1, net.sizes[l] + 1)])


def errors(net, l):
    return np.array([net.delta(l, j) for j in range(1, net.sizes[l] + 1)])


# Where it holds.


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "relu", "leaky_relu", "softplus", "linear"])
def test_elementwise_activations_keep_the_assumption(name):
    report = assumption_report(MLP(3, [4, 3, 2], activation=name, output=name, rng=0), X)
    assert report.holds
    assert report.couples == (False, False, False)
    assert report.activations == (name, name, name)
    assert report.layers == ()
    assert "no:" not in str(report)
    assert str(report).count(f"{name}: yes") == 3


def test_a_primitive_of_the_user_keeps_it():
    swish = Primitive(
        "swish",
        lambda x: x * p.sigmoid(x),
        lambda x: x * p.sigmoid(x),
        lambda z, x: (z + p.sigmoid(x) * (1.0 - z),),
    )
    report = assumption_report(MLP(3, [4, 2], activation=swish, rng=0))
    assert (report.holds, report.activations) == (True, ("swish", "linear"))


def test_a_single_output_keeps_it():
    assert assumption_report(MLP(3, [1], output="tanh", rng=0)).holds


# Where it breaks: softmax.


@pytest.mark.parametrize("hidden", ["tanh", "sigmoid", "relu"])
def test_softmax_couples_the_output_layer(hidden):
    report = assumption_report(softmax_net(hidden), X)
    assert not report.holds
    assert report.couples == (False, True)
    assert report.activations == (hidden, "softmax")
    assert [layer.layer for layer in report.layers] == [2]


@pytest.mark.parametrize("seed", range(5))
def test_the_jacobian_of_softmax_is_a_i_on_the_diagonal_minus_the_products(seed):
    """da_j/dz_i = a_j (1 if i = j else 0) - a_i a_j."""
    net = softmax_net(seed=seed)
    (layer,) = assumption_report(net, X).layers
    a = activations(net, 2)
    np.testing.assert_allclose(layer.jacobian, np.diag(a) - np.outer(a, a), rtol=1e-12)
    off = [a[i] * a[j] for i in range(3) for j in range(3) if i != j]
    assert layer.off_diagonal == pytest.approx(max(off), rel=1e-12)
    np.testing.assert_allclose(layer.jacobian.sum(axis=0), 0.0, atol=1e-15)


@pytest.mark.parametrize("t", range(3))
@pytest.mark.parametrize("seed", range(3))
def test_with_a_one_hot_log_likelihood_elementwise_is_right_at_the_target_alone(seed, t):
    """The general form is a - y; the elementwise one a_t - 1 at the target and 0 elsewhere."""
    net = softmax_net(seed=seed)
    (layer,) = assumption_report(net, X, one_hot(t), log_likelihood).layers
    a = activations(net, 2)
    assert layer.elementwise_right == [j == t for j in range(3)]
    assert layer.general_right == [True] * 3
    np.testing.assert_allclose(layer.general, a - one_hot(t), rtol=1e-12)
    np.testing.assert_allclose(layer.delta, a - one_hot(t), rtol=1e-12)
    np.testing.assert_allclose(layer.elementwise, (a - 1.0) * one_hot(t), rtol=1e-12)
    np.testing.assert_allclose(layer.grad_a, -np.array(one_hot(t)) / a, rtol=1e-12)


@pytest.mark.parametrize("cost", [quadratic, cross_entropy])
def test_with_other_costs_elementwise_is_wrong_everywhere(cost):
    (layer,) = assumption_report(softmax_net(), X, one_hot(1), cost).layers
    assert layer.elementwise_right == [False] * 3
    assert layer.general_right == [True] * 3


def test_with_soft_targets_elementwise_is_wrong_everywhere():
    (layer,) = assumption_report(softmax_net(), X, [0.2, 0.5, 0.3], log_likelihood).layers
    assert layer.elementwise_right == [False] * 3
    assert layer.general_right == [True] * 3


@pytest.mark.parametrize("factor", [1e-12, 1.0, 1e12])
def test_right_and_wrong_do_not_depend_on_the_scale_of_the_cost(factor):
    def cost(a, y):
        return factor * log_likelihood(a, y)

    (layer,) = assumption_report(softmax_net(), X, one_hot(1), cost).layers
    assert layer.elementwise_right == [False, True, False]
    assert layer.general_right == [True] * 3


def test_wrong_is_wrong_where_a_network_is_nearly_sure():
    """a = (1, 1e-11, 1e-11): delta = a - y is that small, and elementwise 0 instead."""
    net = MLP(1, [3], output="softmax", rng=0)
    net.load_arrays([[[25.0, 0.0, 0.0]]], [[0.0, 0.0, 0.0]])
    (layer,) = assumption_report(net, [1.0], one_hot(0), log_likelihood).layers
    assert layer.elementwise_right == [True, False, False]
    assert layer.general_right == [True] * 3


def test_delta_is_what_backward_leaves_at_z():
    net = softmax_net()
    (layer,) = assumption_report(net, X, one_hot(2), log_likelihood).layers
    log_likelihood(net(X), one_hot(2)).backward()
    assert layer.delta.tolist() == errors(net, 2).tolist()


def test_a_hidden_softmax_breaks_bp2():
    """dC/da of a hidden layer is w delta of the next."""
    net = MLP(3, [4, 3, 2], activation=["tanh", "softmax", "sigmoid"], rng=0)
    report = assumption_report(net, X, [1.0, 0.0], quadratic)
    assert report.couples == (False, True, False)
    (layer,) = report.layers
    quadratic(net(X), [1.0, 0.0]).backward()
    a, w = activations(net, 2), net.arrays()[0][2]
    np.testing.assert_allclose(layer.grad_a, w @ errors(net, 3), rtol=1e-12)
    np.testing.assert_allclose(layer.general, errors(net, 2), rtol=1e-12)
    np.testing.assert_allclose(layer.elementwise, layer.grad_a * a * (1.0 - a), rtol=1e-12)
    assert layer.elementwise_right == [False] * 3
    assert layer.general_right == [True] * 3


def test_every_softmax_layer_is_shown():
    net = MLP(2, [3, 4, 2], activation=["softmax", "tanh", "softmax"], rng=0)
    report = assumption_report(net)
    assert report.couples == (True, False, True)
    assert [(layer.layer, layer.jacobian.shape) for layer in report.layers] == [
        (1, (3, 3)),
        (3, (2, 2)),
    ]
    assert all(all(layer.general_right) for layer in report.layers)


def test_a_saturated_softmax_couples_though_its_numbers_say_nothing():
    """Read from the graph: at logits of thousands every da_j/dz_i is 0."""
    net = MLP(1, [3], output="softmax", rng=0)
    net.load_arrays([[[4000.0, -4000.0, 0.0]]], [[0.0, 0.0, 0.0]])
    report = assumption_report(net, [1.0], one_hot(0), quadratic)
    assert not report.holds
    assert report.layers[0].off_diagonal == 0.0


# A coupling of the user's own, found from the graph and not by its name.


def layer_norm(z):
    """(z_j - mean) / sqrt(variance + 1e-5)."""
    mean = total(z) / len(z)
    variance = total([(z_j - mean) ** 2 for z_j in z]) / len(z)
    return [(z_j - mean) / p.sqrt(variance + 1e-5) for z_j in z]


def passes_on_to_the_next(z):
    """a_1 = tanh z_1, a_j = tanh z_j + z_(j-1) / 2: a Jacobian of two diagonals."""
    before = [0.0, *z[:-1]]
    return [p.tanh(z_j) + 0.5 * z_i for z_j, z_i in zip(z, before, strict=True)]


def couples_nothing(z):
    return [p.tanh(z_j) for z_j in z]


@pytest.fixture
def couplings(monkeypatch):
    for function in (layer_norm, passes_on_to_the_next, couples_nothing):
        monkeypatch.setitem(COUPLED, function.__name__, function)


@pytest.mark.usefixtures("couplings")
def test_layer_normalisation_couples():
    net = MLP(3, [4, 2], activation="layer_norm", rng=0)
    report = assumption_report(net, X, [1.0, 0.0])
    assert report.couples == (True, False)
    assert report.activations == ("layer_norm", "linear")
    (layer,) = report.layers
    a, n = activations(net, 1), 4
    z = np.array([net.z(1, j).data for j in range(1, 5)])
    std = math.sqrt(np.var(z) + 1e-5)
    jacobian = (np.eye(n) - 1.0 / n - np.outer(a, a) / n) / std
    np.testing.assert_allclose(layer.jacobian, jacobian, atol=1e-12)
    assert layer.elementwise_right == [False] * 4
    assert layer.general_right == [True] * 4


@pytest.mark.usefixtures("couplings")
def test_the_jacobian_has_outputs_as_rows():
    net = MLP(2, [3, 1], activation="passes_on_to_the_next", rng=0)
    report = assumption_report(net, [0.5, -1.0], 1.0)
    (layer,) = report.layers
    z = np.array([net.z(1, j).data for j in range(1, 4)])
    expected = np.diag(1.0 - np.tanh(z) ** 2) + np.diag([0.5, 0.5], k=-1)
    np.testing.assert_allclose(layer.jacobian, expected, rtol=1e-12)
    assert layer.elementwise_right == [False, False, True]  # z_3 moves a_3 alone
    assert layer.general_right == [True] * 3


@pytest.mark.usefixtures("couplings")
def test_what_could_couple_but_does_not_keeps_the_assumption():
    report = assumption_report(MLP(3, [4, 2], activation="couples_nothing", rng=0))
    assert (report.holds, report.activations) == (True, ("couples_nothing", "linear"))


@pytest.mark.usefixtures("couplings")
def test_check_equations_uses_the_general_form_for_a_coupling_of_the_user():
    net = MLP(3, [4, 2], activation="passes_on_to_the_next", output="tanh", rng=0)
    report = check_equations(net, X, [1.0, 0.0], quadratic)
    assert report.ok
    assert "BP2*" in [row.equation for row in report.rows]


# What is not said.


def test_without_an_example_all_inputs_are_one():
    assert str(assumption_report(softmax_net())) == str(assumption_report(softmax_net(), [1.0] * 3))


def test_after_a_forward_pass_its_example_is_taken():
    net, other = softmax_net(), softmax_net()
    net(X)
    assert str(assumption_report(net)) == str(assumption_report(other, X))
    assert str(assumption_report(other)) != str(assumption_report(softmax_net()))


def test_the_target_is_the_first_output_and_the_cost_the_log_likelihood():
    (by_default,) = assumption_report(softmax_net(), X).layers
    (said,) = assumption_report(softmax_net(), X, one_hot(0), log_likelihood).layers
    assert by_default.delta.tolist() == said.delta.tolist()
    assert by_default.elementwise_right == [True, False, False]


def test_where_only_a_hidden_layer_couples_the_cost_is_quadratic():
    def net():
        return MLP(3, [3, 2], activation=["softmax", "linear"], rng=0)

    (by_default,) = assumption_report(net(), X).layers
    (said,) = assumption_report(net(), X, [1.0, 0.0], quadratic).layers
    assert by_default.delta.tolist() == said.delta.tolist()


@pytest.mark.parametrize("example", [np.array(X), tuple(X), [Value(x) for x in X]], ids=type)
def test_an_example_may_be_an_array_a_tuple_or_values(example):
    found = assumption_report(softmax_net(), example, np.array(one_hot(1)))
    assert str(found) == str(assumption_report(softmax_net(), X, one_hot(1)))


def test_gradients_that_are_there_are_kept():
    net = softmax_net()
    x, y = [Value(x_i) for x_i in X], [Value(y_j) for y_j in one_hot(0)]
    quadratic(net(x), y).backward()
    held = [*net.parameters(), *x, *y]
    before = [value.grad for value in held]
    assert any(before)
    assumption_report(net)
    assumption_report(net, x, y, quadratic)
    assert [value.grad for value in held] == before


def test_parameters_are_not_changed():
    net = softmax_net()
    before = net.state_dict()
    assumption_report(net, X)
    assert net.state_dict() == before


@pytest.mark.parametrize("what", [None, 3, [1.0], lambda x: x])
def test_it_takes_an_mlp(what):
    with pytest.raises(TypeError, match="assumption_report takes an MLP, got"):
        assumption_report(what)


def test_the_wrong_number_of_inputs_is_a_value_error():
    with pytest.raises(ValueError, match="takes 3 inputs, got 2"):
        assumption_report(softmax_net(), [1.0, 2.0])


def test_the_text_tells_the_story():
    net = MLP(1, [2, 3], activation="tanh", output="softmax", rng=0)
    net.load_arrays([[[0.0, 0.0]], [[0.0] * 3] * 2], [[0.0] * 2, [0.0, 0.0, math.log(2.0)]])
    assert str(assumption_report(net, [1.0], one_hot(2))).splitlines() == [
        "Does z_i move a_i alone? BP1 and BP2 assume it.",
        "  layer 1, tanh: yes",
        "  layer 2, softmax: no: z_i moves other a_j too",
        "  layer 2: da_j/dz_i, row j, column i:",
        "      0.18750  -0.06250  -0.12500",
        "     -0.06250   0.18750  -0.12500",
        "     -0.12500  -0.12500   0.25000",
        "     i   graph delta_i   elementwise          general",
        "     1            0.25             0 WRONG        0.25",
        "     2            0.25             0 WRONG        0.25",
        "     3            -0.5          -0.5              -0.5",
    ]


# The costs, exact and stable at logits of thousands: value, gradient, Hessian.

LOGITS = {
    "apart": ([4000.0, -4000.0, 0.0], [1.0, 0.0, 0.0]),
    "reversed": ([-4000.0, 0.0, 4000.0], [0.0, 0.0, 1.0]),
    "two tied": ([4000.0, -4000.0, 4000.0], [0.5, 0.0, 0.5]),
    "all tied": ([-4000.0, -4000.0, -4000.0], [1.0 / 3.0] * 3),
    "near, high": ([4000.0, 4001.0, 3999.0], None),
    "near, low": ([-4000.0, -3999.0, -4001.0], None),
    "moderate": ([0.3, -0.7, 1.9], None),
}
TARGETS = [one_hot(0), one_hot(1), one_hot(2), [0.25, 0.5, 0.25]]


def shifted_softmax(z):
    e = np.exp(np.array(z) - max(z))
    return e / e.sum()


@pytest.mark.parametrize("y", TARGETS, ids=str)
@pytest.mark.parametrize("name", LOGITS)
def test_softmax_cross_entropy_of_large_logits(name, y):
    """C = sum_j y_j (ln sum_k e^(z_k - M) + M - z_j), delta = a - y, H = diag(a) - a a^T."""
    z, a = LOGITS[name]
    a = np.array(a) if a else shifted_softmax(z)

    def cost(z):
        return softmax_cross_entropy(list(z), y)

    value, delta = value_and_grad(cost)(np.array(z))
    log_sum = math.log(math.fsum(math.exp(z_k - max(z)) for z_k in z))
    expected = math.fsum(y_j * (log_sum + (max(z) - z_j)) for y_j, z_j in zip(y, z, strict=True))
    assert value == pytest.approx(expected, rel=1e-12, abs=1e-12)
    np.testing.assert_allclose(delta, a - y, rtol=1e-11, atol=1e-12)
    H = hessian(cost)(np.array(z))
    np.testing.assert_allclose(H, np.diag(a) - np.outer(a, a), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("t", range(3))
def test_logits_far_apart_give_whole_numbers(t):
    z = [4000.0, -4000.0, 0.0]
    value, delta = value_and_grad(lambda z: softmax_cross_entropy(z, one_hot(t)))(z)
    assert value == [0.0, 8000.0, 4000.0][t]
    assert delta == [a_j - y_j for a_j, y_j in zip(one_hot(0), one_hot(t), strict=True)]
    assert hessian(lambda z: softmax_cross_entropy(z, one_hot(t)))(z) == [[0.0] * 3] * 3


@pytest.mark.parametrize(
    ("z", "y", "value", "delta", "second"),
    [
        (4000.0, 1.0, 0.0, 0.0, 0.0),
        (4000.0, 0.0, 4000.0, 1.0, 0.0),
        (-4000.0, 1.0, 4000.0, -1.0, 0.0),
        (-4000.0, 0.0, 0.0, 0.0, 0.0),
        (4000.0, 0.25, 3000.0, 0.75, 0.0),
        (-4000.0, 0.25, 1000.0, -0.25, 0.0),
        (0.0, 1.0, math.log(2.0), -0.5, 0.25),
        (0.0, 0.25, math.log(2.0), 0.25, 0.25),
        (-40.0, 0.0, math.exp(-40.0), math.exp(-40.0), math.exp(-40.0)),
        (2.0, 1.0, math.log1p(math.exp(-2.0)), -1.0 / (1.0 + math.exp(2.0)), 0.10499358540350652),
    ],
)
def test_sigmoid_cross_entropy_of_large_logits(z, y, value, delta, second):
    """C = y softplus(-z) + (1 - y) softplus(z), dC/dz = a - y, d2C/dz2 = a (1 - a)."""

    def cost(z):
        return sigmoid_cross_entropy(z, y)

    exactly = {"rel": 1e-14, "abs": 0.0}
    found = value_and_grad(cost)(z)
    assert found == (pytest.approx(value, **exactly), pytest.approx(delta, **exactly))
    assert hessian(cost)(z) == pytest.approx(second, **exactly)


def test_costs_of_large_logits_add_up_over_outputs():
    z, y = [4000.0, -4000.0, 0.0], [0.0, 1.0, 1.0]
    value, delta = value_and_grad(lambda z: sigmoid_cross_entropy(z, y))(z)
    assert value == 8000.0 + math.log(2.0)
    assert delta == [1.0, -1.0, -0.5]


@pytest.mark.parametrize("t", range(3))
def test_log_likelihood_of_a_saturated_softmax_is_exact_where_it_is_finite(t):
    """And where it is not, it raises, naming the output and the stable twin."""
    z = [4000.0, -4000.0, 0.0]

    def cost(z):
        return log_likelihood(softmax(z), one_hot(t))

    if t == 0:
        assert value_and_grad(cost)(z) == (0.0, [0.0, 0.0, 0.0])
        assert hessian(cost)(z) == [[0.0] * 3] * 3
    else:
        with pytest.raises(ValueError, match=rf"output {t + 1} is 0\.0.*softmax_cross_entropy"):
            cost([Value(z_j) for z_j in z])


@pytest.mark.parametrize("y", TARGETS, ids=str)
@pytest.mark.parametrize(
    "z", [[0.3, -0.7, 1.9], [30.0, -30.0, 0.0], [300.0, 280.0, 290.0]], ids=str
)
def test_twins_agree_with_the_textbook_forms(z, y):
    """Where those are finite: value, gradient, Hessian."""

    def twin(z):
        return softmax_cross_entropy(z, y)

    def textbook(z):
        return log_likelihood(softmax(z), y)

    value, delta = value_and_grad(textbook)(z)
    assert value_and_grad(twin)(z)[0] == pytest.approx(value, rel=1e-12, abs=1e-12)
    assert value_and_grad(twin)(z)[1] == pytest.approx(delta, rel=1e-11, abs=1e-12)
    np.testing.assert_allclose(hessian(twin)(z), hessian(textbook)(z), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("y", [0.0, 1.0, 0.25])
@pytest.mark.parametrize("z", [-3.0, 0.0, 0.5, 20.0])
def test_the_twin_of_sigmoid_agrees_with_the_textbook_form(z, y):
    def textbook(z):
        return cross_entropy(p.sigmoid(z), y)

    value, delta = value_and_grad(textbook)(z)
    found = value_and_grad(lambda z: sigmoid_cross_entropy(z, y))(z)
    assert found == (pytest.approx(value, rel=1e-7), pytest.approx(delta, rel=1e-7, abs=1e-8))
