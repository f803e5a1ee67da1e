"""BP1 to BP4: component form == matrix form == graph, and a checker that finds wrong rules."""

import math
import random
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micrograd_bp import (
    MLP,
    Neuron,
    Primitive,
    Value,
    cross_entropy,
    hinge,
    log_likelihood,
    primitives,
    quadratic,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
    total,
)
from micrograd_bp.activations import COUPLED, ELEMENTWISE
from micrograd_bp.equations import check_equations, component, matrix

# With dyadic numbers (k/8, |k| small) every product and sum is exact: the forms are equal with ==.

SHAPES = [
    [1, 1],
    [1, 1, 1],
    [2, 3],
    [3, 1],
    [3, 2, 1],
    [1, 4, 1],
    [2, 3, 4, 2],
    [4, 1, 3, 1, 2],
]
each_shape = pytest.mark.parametrize("sizes", SHAPES, ids=lambda sizes: "-".join(map(str, sizes)))


def dyadic(rng):
    return rng.randrange(-16, 17) / 8.0


def network(sizes, names, number):
    """A network whose every parameter is a `number()`."""
    net = MLP(sizes[0], sizes[1:], activation=names)
    for p in net.parameters():
        p.data = number()
    return net


def a_prime(name, z):
    """a'(z), written out here as the books have it."""
    if name == "tanh":
        return 1.0 - math.tanh(z) ** 2
    if name == "sigmoid":
        return math.exp(-z) / (1.0 + math.exp(-z)) ** 2
    if name == "softplus":
        return 1.0 / (1.0 + math.exp(-z))
    return {"relu": float(z > 0.0), "leaky_relu": 1.0 if z > 0.0 else 0.01, "linear": 1.0}[name]


def graph(net, X, Y, cost):
    """What the scalar graph says of each layer: a, z and delta of each example, each (m, n_l), and
    the sums over the examples of dC/db (n_l,) and dC/dw (n_(l-1), n_l)."""
    L, sizes = len(net.layers), net.sizes
    neurons = [range(1, n + 1) for n in sizes]
    net.zero_grad()
    a, z, delta = ([[] for _ in sizes] for _ in range(3))
    for x, y in zip(X, Y, strict=True):
        cost(net(x), y).backward()
        for l in range(L + 1):
            a[l].append([net.a(l, j).data for j in neurons[l]])
        for l in range(1, L + 1):
            z[l].append([net.z(l, j).data for j in neurons[l]])
            delta[l].append([net.delta(l, j) for j in neurons[l]])
    layers = range(1, L + 1)
    grad_b = [[], *([net.bias(l, j).grad for j in neurons[l]] for l in layers)]
    grad_w = [
        [],
        *([[net.weight(l, i, j).grad for j in neurons[l]] for i in neurons[l - 1]] for l in layers),
    ]
    return a, z, delta, grad_b, grad_w


def backpropagation(form, weights, a_primes, grad_a, a):
    """The four equations in one of their forms, from the output back: delta^l, dC/db^l, dC/dw^l."""
    L = len(weights)
    delta = [None] * (L + 1)
    delta[L] = form.bp1(grad_a, a_primes[L])
    for l in range(L - 1, 0, -1):
        delta[l] = form.bp2(weights[l], delta[l + 1], a_primes[l])
    grad_b = [None, *(form.bp3(delta[l]) for l in range(1, L + 1))]
    grad_w = [None, *(form.bp4(a[l - 1], delta[l]) for l in range(1, L + 1))]
    return delta, grad_b, grad_w


def three_forms(net, X, Y, batch):
    """Numbers of scalar graph, component form and matrix form; quadratic cost, so dC/da = a - y."""
    names = [layer.activation for layer in net.layers]
    a, z, delta, grad_b, grad_w = graph(net, X, Y, quadratic)
    grad_a = [[a_j - y_j for a_j, y_j in zip(*x, strict=True)] for x in zip(a[-1], Y, strict=True)]
    primes = [
        [],
        *([[a_prime(name, z_j) for z_j in z_x] for z_x in z[l]] for l, name in enumerate(names, 1)),
    ]
    if not batch:
        a, delta, primes = (
            [rows[0] if rows else [] for rows in each] for each in (a, delta, primes)
        )
        grad_a = grad_a[0]
    weights = [w.tolist() for w in net.arrays()[0]]
    in_components = backpropagation(component, weights, primes, grad_a, a)
    in_matrices = backpropagation(
        matrix,
        [np.array(w) for w in weights],
        [np.array(p) for p in primes],
        np.array(grad_a),
        [np.array(a_l) for a_l in a],
    )
    return (delta, grad_b, grad_w), in_components, in_matrices


def examples(rng, sizes, m, number=dyadic):
    return ([[number(rng) for _ in range(n)] for _ in range(m)] for n in (sizes[0], sizes[-1]))


def assert_equal_everywhere(said_by_graph, in_components, in_matrices):
    for graph_says, c, m in zip(said_by_graph, in_components, in_matrices, strict=True):
        for l in range(1, len(graph_says)):
            assert c[l] == graph_says[l]
            assert m[l].tolist() == graph_says[l]


@each_shape
@pytest.mark.parametrize("m", [0, 1, 5], ids=["one example", "batch of 1", "batch of 5"])
@pytest.mark.parametrize("kind", ["relu", "linear", "mixed"])
def test_three_forms_are_exactly_equal(sizes, m, kind):
    for seed in range(5):
        rng = random.Random(seed)
        names = [kind if kind != "mixed" else rng.choice(["relu", "linear"]) for _ in sizes[1:]]
        net = network(sizes, names, lambda rng=rng: dyadic(rng))
        X, Y = examples(rng, sizes, max(m, 1))
        assert_equal_everywhere(*three_forms(net, X, Y, batch=m > 0))


dyadics = st.integers(-16, 16).map(lambda k: k / 8.0)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_three_forms_are_exactly_equal_on_any_network(data):
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    names = [data.draw(st.sampled_from(["relu", "linear"])) for _ in sizes[1:]]
    net = network(sizes, names, lambda: data.draw(dyadics))
    m = data.draw(st.integers(1, 3))
    X, Y = (
        [[data.draw(dyadics) for _ in range(n)] for _ in range(m)] for n in (sizes[0], sizes[-1])
    )
    assert_equal_everywhere(*three_forms(net, X, Y, batch=m > 1))


@each_shape
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "leaky_relu"])
@pytest.mark.parametrize("m", [0, 4], ids=["one example", "batch of 4"])
def test_three_forms_agree_to_rounding_with_smooth_activations(sizes, name, m):
    rng = random.Random(0)
    net = network(sizes, [name] * (len(sizes) - 1), lambda: rng.uniform(-1, 1))
    X, Y = examples(rng, sizes, max(m, 1), lambda rng: rng.uniform(-1, 1))
    said_by_graph, *forms = three_forms(net, X, Y, batch=m > 0)
    for form in forms:
        for graph_says, form_says in zip(said_by_graph, form, strict=True):
            for l in range(1, len(sizes)):
                np.testing.assert_allclose(form_says[l], graph_says[l], rtol=1e-12, atol=1e-12)


def test_deltas_and_gradients_are_those_of_pytorch():
    """One softmax layer, log-likelihood; numbers of torch 2.13 in float64."""
    net = MLP(2, [3], activation=["softmax"])
    w = [
        [-0.36602712548275584, 1.2480340263748153],
        [-0.25462628941165344, 1.7362750332680525],
        [-0.1222587250092814, -0.6845621766763172],
    ]
    b = [-0.181295370446718, -1.0396800103716002, 0.10791634247051665]
    net.load_arrays([w], [b], convention="nielsen")
    X = [
        [0.4454889358795542, 1.083255900648418],
        [2.6097926518628816, 0.8295114805416949],
        [-0.002822765342320809, 1.028359190239047],
        [0.6281471885075447, 0.6401327731933376],
    ]
    Y = [[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 1, 0]]
    _, _, delta, _, grad_w = graph(net, X, Y, log_likelihood)
    assert delta[1][0] == pytest.approx(
        [-0.4843652490664835, 0.3897602550505207, 0.09460499401596283], rel=1e-12
    )
    assert delta[1][3] == pytest.approx(
        [0.48238722868669626, -0.700271302953672, 0.21788407426697584], rel=1e-12
    )
    mean_grad_w = [
        [0.2981678131963466, -0.4833709088457343, 0.18520309564938775],
        [0.17052101854393398, -0.3006445783032575, 0.13012355975932366],
    ]
    assert (np.array(grad_w[1]) / 4).tolist() == [pytest.approx(row) for row in mean_grad_w]


# The forms on their own.

both_forms = pytest.mark.parametrize("form", [component, matrix], ids=["component", "matrix"])


def as_lists(result):
    return result.tolist() if isinstance(result, np.ndarray) else result


@both_forms
def test_equations_on_numbers_worked_out_by_hand(form):
    assert as_lists(form.bp1([2.0, -1.0], [0.5, 4.0])) == [1.0, -4.0]
    w = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]  # n_l = 3, n_(l+1) = 2
    assert as_lists(form.bp2(w, [10.0, 1.0], [1.0, 0.0, 2.0])) == [12.0, 0.0, 112.0]
    assert as_lists(form.bp3([1.0, -2.0])) == [1.0, -2.0]
    assert as_lists(form.bp4([1.0, 2.0, 3.0], [10.0, 1.0])) == [[10, 1], [20, 2], [30, 3]]
    jacobian = [[1.0, 2.0, 0.0], [0.0, 3.0, 4.0]]  # da_j/dz_i
    assert as_lists(form.bp1_general([10.0, 1.0], jacobian)) == [10.0, 23.0, 4.0]


@both_forms
def test_bp3_and_bp4_sum_a_batch_over_its_examples_and_bp1_and_bp2_do_not(form):
    assert as_lists(form.bp1([[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [2.0, 1.0]])) == [
        [1, 0],
        [6, 4],
    ]
    assert as_lists(form.bp2([[1.0], [2.0]], [[3.0], [4.0]], [[1.0, 1.0], [1.0, 0.0]])) == [
        [3, 6],
        [4, 0],
    ]
    assert as_lists(form.bp3([[1.0, 2.0], [3.0, 4.0]])) == [4, 6]
    assert as_lists(form.bp4([[1.0], [2.0]], [[1.0, 2.0], [3.0, 4.0]])) == [[7, 10]]
    jacobians = [[[1.0, 1.0], [0.0, 1.0]], [[2.0, 0.0], [0.0, 2.0]]]
    assert as_lists(form.bp1_general([[1.0, 2.0], [3.0, 4.0]], jacobians)) == [[1, 3], [6, 8]]


@both_forms
def test_bp1_general_with_a_diagonal_jacobian_is_bp1(form):
    grad_a, prime = [2.0, -3.0, 0.5], [0.25, 1.0, 8.0]
    general = form.bp1_general(grad_a, np.diag(prime).tolist())
    assert as_lists(general) == as_lists(form.bp1(grad_a, prime))


@both_forms
@pytest.mark.parametrize("m", [0, 3], ids=["one example", "batch"])
def test_weights_of_nielsen_are_refused_with_the_word_transpose(form, m):
    net = MLP(2, [3, 4], rng=0)
    weights, _ = net.arrays("nielsen")
    delta, prime = np.ones((m, 4) if m else 4), np.ones((m, 3) if m else 3)
    with pytest.raises(ValueError, match="transpose"):
        form.bp2(weights[1].tolist(), delta.tolist(), prime.tolist())


@both_forms
@pytest.mark.parametrize(
    "call",
    [
        lambda form: form.bp1([1.0, 2.0], [1.0]),
        lambda form: form.bp1([[1.0], [2.0]], [[1.0]]),
        lambda form: form.bp2([[1.0], [2.0]], [1.0], [1.0]),
        lambda form: form.bp2([[1.0]], [[1.0], [2.0]], [[1.0]]),
        lambda form: form.bp2([[1.0]], [[1.0]], [[1.0], [2.0]]),
        lambda form: form.bp2([[1.0]], [1.0], [[1.0], [2.0]]),
        lambda form: form.bp2([[1.0]], [[1.0], [2.0]], [[1.0], [2.0], [3.0]]),
        lambda form: form.bp4([[1.0], [2.0]], [[1.0]]),
        lambda form: form.bp4([[1.0]], [[1.0], [2.0], [3.0]]),
        lambda form: form.bp1_general([1.0, 2.0], [[1.0, 0.0]]),
        lambda form: form.bp1_general([[1.0], [2.0]], [[[1.0]]]),
    ],
)
def test_sizes_and_batches_that_do_not_match_are_refused(form, call):
    with pytest.raises(ValueError):
        call(form)


def test_a_batch_that_does_not_match_is_refused_with_both_sizes():
    with pytest.raises(ValueError, match=r"2 examples.* 3"):
        matrix.bp4(np.ones((2, 4)), np.ones((3, 1)))
    with pytest.raises(ValueError, match=r"\(3, 1\).*\(2, 4\)"):
        matrix.bp2(np.ones((4, 1)), np.ones((3, 1)), np.ones((2, 4)))


@pytest.mark.parametrize("numbers", [list, lambda x: [Value(x_i) for x_i in x]])
def test_the_component_form_runs_on_values_too(numbers):
    delta = component.bp2([[2.0, 3.0]], numbers([1.0, 10.0]), [0.5])
    assert [getattr(d, "data", d) for d in delta] == [16.0]


# Softmax: BP1 needs the whole Jacobian.


def softmax_layer(cost):
    """a, y, grad_a, J and the graph's delta of a softmax layer with the target at neuron 2."""
    net, y = MLP(3, [4], activation=["softmax"], rng=3), [0.0, 1.0, 0.0, 0.0]
    outputs = net([0.5, -1.0, 2.0])
    cost(outputs, y).backward()
    a = [a_j.data for a_j in outputs]
    leaves = [Value(a_j) for a_j in a]
    cost(leaves, y).backward()
    jacobian = np.diag(a) - np.outer(a, a)  # da_j/dz_i = a_j (1[i = j] - a_i)
    return a, y, [v.grad for v in leaves], jacobian, [net.delta(1, j) for j in range(1, 5)]


@both_forms
@pytest.mark.parametrize("cost", [log_likelihood, quadratic])
def test_the_general_bp1_is_right_with_softmax(form, cost):
    _, _, grad_a, jacobian, delta = softmax_layer(cost)
    general = as_lists(form.bp1_general(grad_a, jacobian.tolist()))
    assert general == pytest.approx(delta, rel=1e-12, abs=1e-15)


@both_forms
def test_elementwise_bp1_with_softmax_is_right_at_the_target_and_wrong_elsewhere(form):
    a, y, grad_a, jacobian, delta = softmax_layer(log_likelihood)
    assert delta == pytest.approx([a_j - y_j for a_j, y_j in zip(a, y, strict=True)], rel=1e-12)
    elementwise = as_lists(form.bp1(grad_a, np.diag(jacobian).tolist()))
    assert elementwise[1] == pytest.approx(delta[1], rel=1e-12)
    for j in (0, 2, 3):
        assert elementwise[j] == 0.0
        assert abs(delta[j]) > 0.01


# check_equations on right networks.

RIGHT = [
    *(([3, 4, 2], [name, name], quadratic) for name in [*ELEMENTWISE, "linear", "softmax"]),
    *((sizes, ["tanh"] * (len(sizes) - 2) + ["sigmoid"], cross_entropy) for sizes in SHAPES),
    *((sizes, ["sigmoid"] * (len(sizes) - 2) + ["softmax"], log_likelihood) for sizes in SHAPES),
    ([3, 4, 2], ["softmax", "linear"], quadratic),
    ([3, 4, 3, 2], ["softmax", "softmax", "softmax"], log_likelihood),
    ([3, 4, 3, 2], ["tanh", "softmax", "sigmoid"], cross_entropy),
    ([3, 4, 2], ["tanh", "softmax"], cross_entropy),
    ([3, 4, 2], ["relu", "linear"], hinge),
    ([3, 1], ["linear"], hinge),
    ([3, 4, 2], ["tanh", "linear"], sigmoid_cross_entropy),
    ([3, 4, 3], ["tanh", "linear"], softmax_cross_entropy),
    ([3, 4, 1], ["softplus", "linear"], sigmoid_cross_entropy),
]
each_right = pytest.mark.parametrize(
    ("sizes", "names", "cost"),
    RIGHT,
    ids=lambda part: part.__name__ if callable(part) else "-".join(map(str, part)),
)


def example(sizes, cost, rng):
    """x away from 0, and a target: the first neuron's."""
    x = [rng.uniform(0.2, 1.0) * rng.choice([-1.0, 1.0]) for _ in range(sizes[0])]
    return x, [1.0] + [-1.0 if cost is hinge else 0.0] * (sizes[-1] - 1)


@each_right
def test_right_networks_are_ok(sizes, names, cost):
    rng = random.Random(7)
    net = network(sizes, names, lambda: rng.uniform(-1, 1))
    x, y = example(sizes, cost, rng)
    report = check_equations(net, x, y, cost)
    assert report.ok, str(report)
    layers = range(len(names), 0, -1)
    assert [row.layer for row in report.rows] == [l for l in layers for _ in range(3)]
    for row in report.rows:
        n_in, n = sizes[row.layer - 1], sizes[row.layer]
        coupled = names[row.layer - 1] == "softmax" and n > 1
        error = ("BP1" if row.layer == len(names) else "BP2") + ("*" if coupled else "")
        assert row.equation in (error, "BP3", "BP4")
        assert row.entries == (n_in * n if row.equation == "BP4" else n)
        assert row.unresolved == 0
        assert max(row.component, row.matrix) < 1e-13
        assert row.differences < 1e-8


@pytest.mark.parametrize("target", [1.0, [1.0], np.array([1.0]), Value(1.0)])
def test_a_single_output_takes_a_bare_target(target):
    net = MLP(2, [3, 1], activation="tanh", rng=1)
    assert check_equations(net, [0.5, -0.25], target, quadratic).ok


@pytest.mark.parametrize("x", [(0.5, -0.25), np.array([0.5, -0.25]), [Value(0.5), Value(-0.25)]])
def test_inputs_may_be_what_a_network_takes(x):
    net = MLP(2, [3, 1], activation="tanh", rng=1)
    report = check_equations(net, x, 1.0, quadratic)
    assert report.ok
    assert [net.a(0, i).data for i in (1, 2)] == [0.5, -0.25]


def test_an_activation_of_ones_own_is_checked_like_ours():
    square = Primitive("square", lambda x: x * x, np.square, lambda z, x: (2.0 * x,))
    net = MLP(2, [3, 2], activation=square, output=square, rng=2)
    assert check_equations(net, [0.5, -1.0], [1.0, 0.0], quadratic).ok


def test_a_coupled_activation_whose_jacobian_is_not_symmetric(monkeypatch):
    """a_j = z_1 z_j: all a_j move with z_1, and a_1 with no other."""
    monkeypatch.setitem(COUPLED, "gated", lambda z: [z[0] * z_j for z_j in z])
    net = MLP(2, [3, 2], activation=["gated", "gated"], rng=2)
    report = check_equations(net, [0.5, -1.0], [1.0, 0.0], quadratic)
    assert report.ok, str(report)
    assert [row.equation for row in report.rows if "*" in row.equation] == ["BP1*", "BP2*"]


def one_neuron(name, w):
    net = MLP(1, [1], activation=[name])
    net.weight(1, 1, 1).data = w
    return net


@pytest.mark.parametrize("z", [5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 33.0, 36.0, 36.7])
def test_a_neuron_that_is_confidently_wrong_is_still_right_about_the_equations(z):
    report = check_equations(one_neuron("sigmoid", 1.0), [z], 0.0, cross_entropy)
    assert report.ok, str(report)
    if z <= 10.0:
        assert [row.unresolved for row in report.rows] == [0, 0, 0]


@pytest.mark.parametrize("x", [1.0, 100.0, 1000.0, 1e4, 1e5])
def test_a_large_input_is_right_about_the_equations(x):
    report = check_equations(one_neuron("tanh", 0.5 / x), [x], 0.0, quadratic)
    assert report.ok, str(report)
    assert [row.unresolved for row in report.rows] == [0, 0, 0]


def test_an_output_at_the_border_of_the_cost_s_domain_is_right_about_the_equations():
    """Within a step of a = 0, where log a ends."""
    assert check_equations(one_neuron("linear", 1e-6), [1.0], 1.0, log_likelihood).ok


def test_a_trained_network_is_ok():
    net, rng = MLP(2, [4, 1], activation="tanh", output="sigmoid", rng=0), random.Random(0)
    data = [([x1, x2], float(x1 * x2 > 0)) for x1 in (-1.0, 1.0) for x2 in (-1.0, 1.0)]
    for _ in range(300):
        x, y = rng.choice(data)
        net.zero_grad()
        cross_entropy(net(x), y).backward()
        for p in net.parameters():
            p.data -= 1.0 * p.grad
    for x, y in data:
        assert check_equations(net, x, y, cross_entropy).ok


def test_parameters_keep_the_gradients_and_numbers_that_they_had():
    net = MLP(2, [3, 2], activation="tanh", rng=1)
    for k, p in enumerate(net.parameters()):
        p.grad = float(k)
    before = net.state_dict()
    check_equations(net, [0.5, -0.25], [1.0, 0.0], quadratic)
    assert [p.grad for p in net.parameters()] == list(map(float, range(17)))
    assert net.state_dict() == before


def test_parameters_keep_their_gradients_when_the_cost_raises():
    net = MLP(2, [3, 2], rng=1)
    net.parameters()[0].grad = 3.0
    with pytest.raises(ValueError, match="got 2 and 3"):
        check_equations(net, [0.5, -0.25], [1.0, 0.0, 0.0], quadratic)
    assert net.parameters()[0].grad == 3.0


def test_targets_that_are_values_keep_their_gradients():
    net, y = MLP(2, [3, 1], activation="tanh", rng=1), Value(1.0)
    y.grad = 3.0
    check_equations(net, [0.5, -0.25], y, quadratic)
    assert y.grad == 3.0


def test_check_equations_takes_an_mlp():
    with pytest.raises(TypeError, match=r"takes an MLP, got Neuron\(2"):
        check_equations(Neuron(2), [1.0, 2.0], 1.0, quadratic)


def test_the_wrong_input_length_is_refused():
    with pytest.raises(ValueError, match="takes 2 inputs, got 3"):
        check_equations(MLP(2, [1]), [1.0, 2.0, 3.0], 1.0, quadratic)


# Kinks: relu at z = 0 has a gradient by definition, but no central difference.


def test_a_relu_at_0_is_reported_and_does_not_fail():
    net = MLP(2, [2, 1])
    net.load_arrays([[[1.0, 1.0], [-0.5, 1.0]], [[2.0], [1.0]]], [[0.0, 0.0], [0.0]])
    report = check_equations(net, [0.5, 1.0], 3.0, quadratic)
    assert net.z(1, 1).data == 0.0
    assert report.ok, str(report)
    unresolved = {
        (row.equation, row.layer): row.unresolved for row in report.rows if row.unresolved
    }
    assert unresolved == {("BP2", 1): 1, ("BP3", 1): 1, ("BP4", 1): 2}
    assert "4 entries were not differenced: the cost has a kink there" in str(report)


def test_a_hinge_on_its_margin_is_a_kink_too():
    net = network([1, 1], ["linear"], lambda: 0.5)
    report = check_equations(net, [1.0], 1.0, hinge)
    assert report.ok
    assert [row.unresolved for row in report.rows] == [1, 1, 1]


def test_no_kink_is_seen_beside_0():
    net = MLP(2, [2, 1])
    net.load_arrays([[[1.0, 1.0], [-0.5, 1.0]], [[2.0], [1.0]]], [[0.001, 0.0], [0.0]])
    report = check_equations(net, [0.5, 1.0], 3.0, quadratic)
    assert report.ok
    assert "not differenced" not in str(report)


# The texts.


def test_the_table():
    net = MLP(2, [3, 2], activation=["tanh", "softmax"], rng=1)
    lines = str(check_equations(net, [0.5, -0.25], [1.0, 0.0], log_likelihood)).splitlines()
    assert lines[0].startswith("BP1 to BP4 on MLP 2-3-2, C_x = 1.07832:")
    assert lines[1] == "equation  layer  entries  component   matrix  differences"
    rows = [line.split() for line in lines[2:8]]
    assert [row[:3] for row in rows] == [
        ["BP1*", "2", "2"],
        ["BP3", "2", "2"],
        ["BP4", "2", "6"],
        ["BP2", "1", "3"],
        ["BP3", "1", "3"],
        ["BP4", "1", "6"],
    ]
    assert [row[-1] for row in rows] == ["ok"] * 6
    assert all(0.0 <= float(number) < 1e-8 for row in rows for number in row[3:6])
    assert lines[8].startswith("* layer 2: z_i moves other a_j too")
    assert "elementwise form does not hold" in lines[8]
    assert lines[9] == (
        "graph, component form and matrix form agree (to 1e-09; differences to 1e-06)"
    )


def test_without_coupled_layers_no_reason_is_given():
    net = MLP(2, [3, 1], activation="tanh", rng=1)
    assert "*" not in str(check_equations(net, [0.5, -0.25], 1.0, quadratic))


@pytest.fixture
def explained():
    """The network of test_nn: numbers worked out on paper."""
    net = MLP(2, [3, 2])
    net.load_arrays(
        [[[1.0, -1.0, 0.5], [2.0, 1.0, 4.0]], [[2.0, -3.0], [-1.0, 4.0], [10.0, 1.0]]],
        [[0.5, 5.0, 0.0], [1.0, 0.0]],
    )
    return check_equations(net, [3.0, -1.0], [1.0, 0.0], quadratic)


EXPLAINED = {
    ("BP1", 2, 1): "BP1   δ₁² = dC/da₁² · a'(z₁²)\n      = 2 · 1\n      = 2   (graph: 2)",
    (
        "BP1",
        2,
        2,
    ): "BP1   δ₂² = dC/da₂² · a'(z₂²)\n      = (-0.5) · 1\n      = -0.5   (graph: -0.5)",
    ("BP2", 1, 1): (
        "BP2   δ₁¹ = (w₁₁² δ₁² + w₁₂² δ₂²) · a'(z₁¹)\n"
        "      = (2 · 2 + (-3) · (-0.5)) · 1\n"
        "      = 5.5   (graph: 5.5)"
    ),
    ("BP3", 1, 2): "BP3   dC/db₂¹ = δ₂¹\n      = (-4)\n      = -4   (graph: -4)",
    (
        "BP4",
        1,
        2,
        1,
    ): "BP4   dC/dw₂₁¹ = a₂⁰ · δ₁¹\n      = (-1) · 5.5\n      = -5.5   (graph: -5.5)",
    (
        "BP4",
        2,
        1,
        2,
    ): "BP4   dC/dw₁₂² = a₁¹ · δ₂²\n      = 1.5 · (-0.5)\n      = -0.75   (graph: -0.75)",
}


@pytest.mark.parametrize("place", EXPLAINED, ids=str)
def test_explain_shows_the_equation_with_its_numbers(explained, place):
    assert explained.explain(*place) == EXPLAINED[place]


def everywhere(sizes):
    """Each equation at each of its places."""
    L = len(sizes) - 1
    for l in range(1, L + 1):
        for j in range(1, sizes[l] + 1):
            yield ("BP1" if l == L else "BP2", l, j)
            yield ("BP3", l, j)
            yield from (("BP4", l, i, j) for i in range(1, sizes[l - 1] + 1))


@each_right
def test_explained_numbers_evaluate_to_the_value_that_is_shown(sizes, names, cost):
    rng = random.Random(7)
    net = network(sizes, names, lambda: rng.uniform(-1, 1))
    report = check_equations(net, *example(sizes, cost, rng), cost)
    for place in everywhere(sizes):
        *_, numbers, value = report.explain(*place).splitlines()
        shown, graph_says = map(float, re.findall(r"= (\S+)   \(graph: (\S+)\)", value)[0])
        assert shown == pytest.approx(graph_says, rel=1e-8, abs=1e-12)
        evaluated = eval(numbers.strip().removeprefix("=").replace("·", "*"), {"__builtins__": {}})
        assert evaluated == pytest.approx(shown, rel=1e-2, abs=1e-3)


def test_explain_refuses_the_elementwise_form_and_says_why():
    net = MLP(3, [2, 3], activation=["tanh", "softmax"], rng=1)
    report = check_equations(net, [0.5, -0.25, 1.0], [0.0, 1.0, 0.0], log_likelihood)
    text = report.explain("BP1", 2, 1)
    assert "BP1 does not hold here: z₁² moves a₁² and also a₂², a₃²" in text
    assert "elementwise it would give 0" in text
    assert "BP1*  δ₁² = dC/da₁² · da₁²/dz₁² + dC/da₂² · da₂²/dz₁² + dC/da₃² · da₃²/dz₁²" in text
    assert text == report.explain("BP1*", 2, 1)


def test_explain_shows_what_the_elementwise_form_would_give():
    net = MLP(2, [3], activation=["softmax"], rng=1)
    report = check_equations(net, [0.5, -0.25], [0.0, 1.0, 0.0], quadratic)
    for i, y_i in enumerate([0.0, 1.0, 0.0], 1):
        a_i = net.a(1, i).data
        shown = re.findall(r"elementwise it would give \(?([^\s)]+)", report.explain("BP1", 1, i))[
            0
        ]
        assert float(shown) == pytest.approx((a_i - y_i) * a_i * (1.0 - a_i), rel=1e-3)


def test_explain_a_hidden_softmax():
    net = MLP(3, [2, 1], activation=["softmax", "linear"], rng=1)
    text = check_equations(net, [0.5, -0.25, 1.0], 1.0, quadratic).explain("BP2", 1, 2)
    assert "BP2 does not hold here: z₂¹ moves a₂¹ and also a₁¹" in text
    assert "BP2*  δ₂¹ = dC/da₁¹ · da₁¹/dz₂¹ + dC/da₂¹ · da₂¹/dz₂¹" in text


def test_explain_leaves_out_the_middle_of_a_long_sum():
    net = MLP(1, [1, 30], activation="tanh", rng=1)
    text = check_equations(net, [0.5], [0.0] * 30, quadratic).explain("BP2", 1, 1)
    formula, numbers, _ = text.splitlines()
    assert "w₁,₃₀² δ₃₀²" in formula
    for line, sign in ((formula, "δ"), (numbers, " · ")):
        left_out = int(re.findall(r"… (\d+) more …", line)[0])
        assert line.count(sign) - 1 + left_out == 30
        assert left_out > 20


BAD_PLACES = [
    (("BP5", 1, 1), ValueError, "BP1.*BP2.*BP3.*BP4.*'BP5'"),
    (("bp1", 2, 1), ValueError, "'bp1'"),
    (("BP1", 1, 1), ValueError, r"BP1 stands in layers \[2\], got layer 1"),
    (("BP2", 2, 1), ValueError, r"BP2 stands in layers \[1\], got layer 2"),
    (("BP2", 0, 1), ValueError, "got layer 0"),
    (("BP3", 3, 1), ValueError, r"BP3 stands in layers \[1, 2\], got layer 3"),
    (("BP4", -1, 1, 1), ValueError, "got layer -1"),
    (("BP1", 2, 3), IndexError, r"3 is outside 1\.\.2"),
    (("BP2", 1, 0), IndexError, r"0 is outside 1\.\.3"),
    (("BP3", 1, -1), IndexError, r"-1 is outside 1\.\.3"),
    (("BP4", 1, 3, 1), IndexError, r"3 is outside 1\.\.2"),
    (("BP4", 1, 1, 4), IndexError, r"4 is outside 1\.\.3"),
    (("BP4", 1, 1), TypeError, "BP4 takes 2 neuron indices"),
    (("BP3", 1, 1, 1), TypeError, "BP3 takes 1 neuron ind"),
]


@pytest.mark.parametrize(("place", "error", "text"), BAD_PLACES, ids=str)
def test_explain_refuses_places_that_are_not_there(explained, place, error, text):
    with pytest.raises(error, match=text):
        explained.explain(*place)


# The checker, tested with wrong rules.

FORMS = {"component": component, "matrix": matrix}


def wrong_bp1(form, right):
    return lambda grad_a, a_prime: right(grad_a, [1.0 for _ in a_prime])  # a'(z) forgotten


def wrong_bp1_general(form, right):
    return lambda grad_a, jacobian: form.bp1(grad_a, np.diag(jacobian).tolist())  # elementwise


def wrong_bp2(form, right):
    def of_another_neuron(w_next, delta_next, a_prime):
        return right(list(reversed(np.asarray(w_next).tolist())), delta_next, a_prime)

    return of_another_neuron


def wrong_bp3(form, right):
    return lambda delta: [delta_i / 2.0 for delta_i in right(delta)]


def wrong_bp4(form, right):
    return lambda a_prev, delta: right(a_prev, [-delta_j for delta_j in delta])


WRONG_RULES = {
    "BP1": ("bp1", wrong_bp1),
    "BP1*": ("bp1_general", wrong_bp1_general),
    "BP2": ("bp2", wrong_bp2),
    "BP3": ("bp3", wrong_bp3),
    "BP4": ("bp4", wrong_bp4),
}


@pytest.mark.parametrize("equation", WRONG_RULES)
@pytest.mark.parametrize("name", FORMS)
def test_a_wrong_equation_in_one_form_is_found_in_its_column(monkeypatch, name, equation):
    form, other = FORMS[name], "matrix" if name == "component" else "component"
    attribute, spoil = WRONG_RULES[equation]
    output = "softmax" if equation == "BP1*" else "sigmoid"
    net = MLP(3, [4, 2], activation="tanh", output=output, rng=1)

    def report():
        return check_equations(net, [0.5, -0.25, 1.0], [1.0, 0.0], quadratic)

    assert report().ok
    monkeypatch.setattr(form, attribute, spoil(form, getattr(form, attribute)))
    wrong = report()
    assert not wrong.ok
    assert {row.equation for row in wrong.rows if not row.ok} == {equation}
    assert all(row.ok == (row.equation != equation) for row in wrong.rows)
    for row in wrong.rows:
        assert (getattr(row, name) > 1e-3) == (row.equation == equation)
        assert getattr(row, other) < 1e-12
        assert row.differences < 1e-8
    assert "DO NOT AGREE" in str(wrong)
    marked = {line.split()[0] for line in str(wrong).splitlines() if line.endswith("WRONG")}
    assert marked == {equation}


@pytest.mark.parametrize("error", [1e-6, math.nan])
@pytest.mark.parametrize("equation", ["BP1", "BP2", "BP3", "BP4"])
@pytest.mark.parametrize("name", FORMS)
def test_one_wrong_entry_is_found(monkeypatch, name, equation, error):
    form, attribute = FORMS[name], equation.lower()
    right = getattr(form, attribute)

    def wrong(*arguments):
        result = np.array(right(*arguments))
        result.flat[-1] += error
        return result

    monkeypatch.setattr(form, attribute, wrong)
    net = MLP(3, [4, 2], activation="tanh", output="sigmoid", rng=1)
    report = check_equations(net, [0.5, -0.25, 1.0], [1.0, 0.0], quadratic)
    assert not report.ok
    assert {row.equation for row in report.rows if not row.ok} == {equation}


def wrong_rows(report):
    return {(row.equation, row.layer) for row in report.rows if not row.ok}


WRONG_DERIVATIVES = {
    "tanh": lambda z, x: (1.0 + z * z,),
    "sigmoid": lambda z, x: (z,),
    "softplus": lambda z, x: (1.0,),
    "relu": lambda z, x: (1.0 - primitives.step(x),),
    "leaky_relu": lambda z, x: (primitives.step(x),),
}


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("place", ["hidden", "output"])
def test_a_wrong_derivative_in_the_table_is_found_by_the_differences(monkeypatch, name, place):
    """The three forms agree on the wrong gradient: they share the rule. The differences do not."""
    wrong = replace(ELEMENTWISE[name], derivatives=WRONG_DERIVATIVES[name])
    monkeypatch.setitem(ELEMENTWISE, name, wrong)
    names = [name, "linear"] if place == "hidden" else ["linear", name]
    rng = random.Random(5)
    net = network([3, 4, 3], names, lambda: rng.uniform(-1, 1))
    report = check_equations(net, [0.5, -0.75, 1.0], [1.0, 0.0, -1.0], quadratic)
    assert not report.ok
    below = {("BP2", 1), ("BP3", 1), ("BP4", 1)}
    at_the_output = {("BP1", 2), ("BP3", 2), ("BP4", 2)}
    assert wrong_rows(report) == (below if place == "hidden" else below | at_the_output)
    assert all(max(row.component, row.matrix) < 1e-12 for row in report.rows)
    assert all(row.unresolved == 0 for row in report.rows)


def test_a_wrong_rule_of_the_weighted_sum_is_found(monkeypatch):
    def swapped(z, *operands):
        n = len(operands) // 2
        return (*operands[:n], *operands[n : 2 * n], 1.0)  # dz/dw = w, dz/da = a

    wrong = replace(primitives.weighted_sum, derivatives=swapped)
    monkeypatch.setattr("micrograd_bp.nn.weighted_sum", wrong)
    net = MLP(3, [4, 2], activation="tanh", rng=1)
    report = check_equations(net, [0.5, -0.25, 1.0], [1.0, 0.0], quadratic)
    assert {("BP2", 1), ("BP4", 1), ("BP4", 2)} <= wrong_rows(report)
    assert ("BP1", 2) not in wrong_rows(report)


def test_a_wrong_derivative_in_the_cost_is_found():
    half_square = Primitive("half_square", lambda x: 0.5 * x * x, None, lambda z, x: (2.0 * x,))

    def cost(a, y):
        return total(half_square(a_j - y_j) for a_j, y_j in zip(a, y, strict=True))

    net = MLP(3, [4, 2], activation="tanh", rng=1)
    report = check_equations(net, [0.5, -0.25, 1.0], [1.0, 0.0], cost)
    assert ("BP1", 2) in wrong_rows(report)


@pytest.mark.parametrize("offset", [1e-4, 1.0, math.nan])
@pytest.mark.parametrize("rule", [lambda z, x: (2.0 * x,), lambda z, x: (5.0 * x,)])
def test_a_value_on_arrays_that_is_not_that_on_floats_is_found(offset, rule):
    """Differences of another function are no witness, and no kink."""
    square = Primitive("square", lambda x: x * x, lambda x: x * x + offset, rule)
    net = MLP(2, [3, 1], activation=square, rng=1)
    assert not check_equations(net, [0.5, -1.0], 1.0, quadratic).ok


@pytest.mark.parametrize("constant", [math.nan, math.inf])
def test_a_derivative_that_is_not_finite_is_no_agreement(monkeypatch, constant):
    wrong = replace(primitives.tanh, derivatives=lambda z, x: (constant,))
    monkeypatch.setitem(ELEMENTWISE, "tanh", wrong)
    net = MLP(3, [4, 2], activation="tanh", rng=1)
    with np.errstate(invalid="ignore"):
        report = check_equations(net, [0.5, -0.25, 1.0], [1.0, 0.0], quadratic)
    assert ("BP2", 1) in wrong_rows(report)


def test_a_nan_in_the_input_is_no_agreement():
    net = MLP(2, [3, 1], activation="tanh", rng=1)
    report = check_equations(net, [0.5, math.nan], 1.0, quadratic)
    assert wrong_rows(report) >= {("BP1", 2), ("BP2", 1), ("BP4", 1)}
