"""Costs against plain arithmetic and central differences; the stable twins against the textbook."""

import math

import numpy as np
import pytest

from micrograd_bp import (
    Value,
    cross_entropy,
    hinge,
    log_likelihood,
    quadratic,
    sigmoid_cross_entropy,
    softmax,
    softmax_cross_entropy,
)


def _sigmoid(z):
    return 1.0 / (1.0 + math.exp(-z))


def _softmax(z):
    exps = [math.exp(z_j) for z_j in z]
    return [e / math.fsum(exps) for e in exps]


# The formulas of the textbook, on floats.


def plain_quadratic(a, y):
    return 0.5 * math.fsum((a_j - y_j) ** 2 for a_j, y_j in zip(a, y, strict=True))


def plain_cross_entropy(a, y):
    return -math.fsum(
        y_j * math.log(a_j) + (1.0 - y_j) * math.log(1.0 - a_j)
        for a_j, y_j in zip(a, y, strict=True)
    )


def plain_log_likelihood(a, y):
    return -math.fsum(y_j * math.log(a_j) for a_j, y_j in zip(a, y, strict=True))


def plain_hinge(a, y):
    return math.fsum(max(0.0, 1.0 - y_j * a_j) for a_j, y_j in zip(a, y, strict=True))


def plain_sigmoid_cross_entropy(z, y):
    return plain_cross_entropy([_sigmoid(z_j) for z_j in z], y)


def plain_softmax_cross_entropy(z, y):
    return plain_log_likelihood(_softmax(z), y)


PLAIN = {
    quadratic: plain_quadratic,
    cross_entropy: plain_cross_entropy,
    log_likelihood: plain_log_likelihood,
    hinge: plain_hinge,
    sigmoid_cross_entropy: plain_sigmoid_cross_entropy,
    softmax_cross_entropy: plain_softmax_cross_entropy,
}

CASES = [
    (quadratic, [0.5, -2.0, 3.25], [1.0, 0.0, 3.0]),
    (quadratic, [-1.5], [0.25]),
    (cross_entropy, [0.2, 0.9, 0.5], [0.0, 1.0, 1.0]),
    (cross_entropy, [0.3, 0.6], [0.25, 0.9]),
    (cross_entropy, [0.8], [0.0]),
    (log_likelihood, [0.2, 0.5, 0.3], [0.0, 1.0, 0.0]),
    (log_likelihood, [0.2, 0.5, 0.3], [0.5, 0.25, 0.25]),
    (hinge, [0.5, 2.0, -3.0, 0.25], [1.0, 1.0, 1.0, -1.0]),
    (hinge, [-0.5], [1]),
    (sigmoid_cross_entropy, [0.7, -1.2, 3.0], [1.0, 0.0, 0.0]),
    (sigmoid_cross_entropy, [0.7, -1.2], [0.3, 0.8]),
    (sigmoid_cross_entropy, [-2.0], [1.0]),
    (softmax_cross_entropy, [0.7, -1.2, 3.0], [0.0, 1.0, 0.0]),
    (softmax_cross_entropy, [0.7, -1.2, 3.0], [0.2, 0.5, 0.3]),
    (softmax_cross_entropy, [0.7, -1.2, 3.0], [2.0, 0.0, -0.5]),
]
each_case = pytest.mark.parametrize(("cost", "outputs", "targets"), CASES)
each_cost = pytest.mark.parametrize("cost", PLAIN)


def slopes(f, x, h=6e-6):
    """Central differences of f at the list x."""

    def moved(k, by):
        return [x_i + by if i == k else x_i for i, x_i in enumerate(x)]

    return [(f(moved(k, h)) - f(moved(k, -h))) / (2 * h) for k in range(len(x))]


@each_case
def test_cost_is_the_formula_of_the_textbook(cost, outputs, targets):
    c = cost([Value(a) for a in outputs], targets)
    assert isinstance(c, Value)
    assert c.data == pytest.approx(PLAIN[cost](outputs, targets), rel=1e-14)


@each_case
def test_gradient_is_the_slope_of_the_formula(cost, outputs, targets):
    leaves = [Value(a) for a in outputs]
    cost(leaves, targets).backward()
    expected = slopes(lambda a: PLAIN[cost](a, targets), outputs)
    assert [leaf.grad for leaf in leaves] == pytest.approx(expected, rel=1e-6, abs=1e-8)


@each_case
def test_targets_may_be_values_and_have_a_gradient(cost, outputs, targets):
    leaves = [Value(y) for y in targets]
    c = cost(outputs, leaves)
    assert c.data == pytest.approx(PLAIN[cost](outputs, targets), rel=1e-14)
    c.backward()
    expected = slopes(lambda y: PLAIN[cost](outputs, y), targets)
    assert [leaf.grad for leaf in leaves] == pytest.approx(expected, rel=1e-6, abs=1e-8)


@each_case
@pytest.mark.parametrize("form", [tuple, np.array, iter, lambda numbers: np.array(numbers, "f4")])
def test_outputs_and_targets_may_be_any_sequence(cost, outputs, targets, form):
    expected = cost(outputs, targets).data
    assert cost(form(outputs), form(targets)).data == pytest.approx(expected, rel=1e-5)


@each_case
def test_an_object_array_of_values_keeps_the_gradient(cost, outputs, targets):
    listed, array = [Value(a) for a in outputs], np.array([Value(a) for a in outputs])
    cost(listed, targets).backward()
    cost(array, np.array(targets)).backward()
    assert [leaf.grad for leaf in array] == [leaf.grad for leaf in listed]


@pytest.mark.parametrize(
    ("cost", "output", "target"),
    [(cost, *a, *y) for cost, a, y in CASES if len(a) == 1] + [(softmax_cross_entropy, 2.0, 1.0)],
)
@pytest.mark.parametrize("bare_target", [float, np.float64, np.array, Value, lambda y: [y]])
def test_a_bare_output_and_target_are_lists_of_one(cost, output, target, bare_target):
    leaf, listed = Value(output), Value(output)
    c = cost(leaf, bare_target(target))
    c_listed = cost([listed], [target])
    c.backward()
    c_listed.backward()
    assert (c.data, leaf.grad) == pytest.approx((c_listed.data, listed.grad), rel=1e-15)


def test_outputs_of_plain_numbers_give_a_value():
    assert isinstance(quadratic([0.5, 1.0], [1.0, 1.0]), Value)
    assert quadratic(3.0, 1.0).data == 2.0


# Refusals.


@each_cost
@pytest.mark.parametrize(("n_a", "n_y"), [(3, 2), (2, 3), (1, 2), (2, 0)])
def test_lengths_that_differ_are_refused_with_both(cost, n_a, n_y):
    with pytest.raises(ValueError, match=f"{cost.__name__} .*got {n_a} and {n_y}$"):
        cost([Value(0.5)] * n_a, [1.0] * n_y)


@each_cost
def test_a_class_for_two_outputs_is_refused_with_the_way_out(cost):
    with pytest.raises(ValueError, match="got 2 and 1; a class is a target for each output: 1 for"):
        cost([Value(0.5), Value(0.5)], 1)


@each_cost
@pytest.mark.parametrize("wrong", [None, "1", 1j, [[1.0]]])
def test_what_is_no_number_is_refused_with_the_cost_s_name(cost, wrong):
    with pytest.raises(TypeError, match=f"a target of {cost.__name__} takes a real number"):
        cost([Value(0.5)], [wrong])
    with pytest.raises(TypeError, match=f"an output of {cost.__name__} takes a real number"):
        cost([wrong], [1.0])


@pytest.mark.parametrize("target", [0.0, 0.5, 2, -1.5, math.nan])
def test_hinge_takes_targets_1_and_minus_1_only(target):
    with pytest.raises(ValueError, match=f"hinge takes targets 1 and -1, got {target}"):
        hinge([Value(0.5), Value(0.5)], [1, target])


@pytest.mark.parametrize(("target", "margin"), [(1, 1.0), (-1, -1.0)])
def test_hinge_has_the_gradient_0_on_the_margin(target, margin):
    a = Value(margin)
    c = hinge(a, target)
    c.backward()
    assert (c.data, a.grad) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("cost", "outputs", "targets", "j", "output"),
    [
        (cross_entropy, [0.5, 0.0], [1.0, 1.0], 2, "0.0"),
        (cross_entropy, [1.0, 0.5], [0.0, 1.0], 1, "1.0"),
        (cross_entropy, [0.5, 0.5, 1.0], [1.0, 1.0, 0.25], 3, "1.0"),
        (cross_entropy, [-0.5], [1.0], 1, "-0.5"),
        (log_likelihood, [0.0, 1.0], [1.0, 0.0], 1, "0.0"),
        (log_likelihood, [0.3, 0.7, 0.0], [0.0, 0.5, 0.5], 3, "0.0"),
    ],
)
def test_a_log_of_0_names_the_output_and_the_twin(cost, outputs, targets, j, output):
    twin = {cross_entropy: "sigmoid_cross_entropy", log_likelihood: "softmax_cross_entropy"}[cost]
    with pytest.raises(ValueError) as caught:
        cost([Value(a) for a in outputs], targets)
    text = str(caught.value)
    assert f"{cost.__name__}: output {j} is {output}" in text
    assert twin in text


# Terms whose coefficient is 0.


@pytest.mark.parametrize(
    ("cost", "outputs", "targets", "gradient"),
    [
        (cross_entropy, [0.0, 1.0], [0.0, 1.0], [1.0, -1.0]),
        (cross_entropy, [0.0, 0.5], [0, 1], [1.0, -2.0]),
        (log_likelihood, [0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, -1.0, 0.0]),
        (log_likelihood, [0.0, 0.5, 0.5], [0, 0, 1], [0.0, 0.0, -2.0]),
    ],
)
def test_terms_with_coefficient_0_are_left_out(cost, outputs, targets, gradient):
    leaves = [Value(a) for a in outputs]
    c = cost(leaves, targets)
    c.backward()
    assert c.data == -math.log(math.prod(a for a, y in zip(outputs, targets, strict=True) if y))
    assert [leaf.grad for leaf in leaves] == gradient


def test_all_terms_left_out_leave_0():
    for cost in (log_likelihood, softmax_cross_entropy):
        c = cost([Value(0.5), Value(0.5)], [0.0, 0.0])
        assert isinstance(c, Value)
        assert c.data == 0.0


# The stable twins.

LOGITS = [[0.0, 0.0], [1.5, -0.5, 0.25], [-3.0], [8.0, -8.0, 1.0, 2.0]]


def _targets(n, kind):
    hard = [1.0] + [0.0] * (n - 1)
    return hard if kind == "hard" else [(j + 1.0) / (n * (n + 1) / 2) for j in range(n)]


def _value_and_gradient(f, z):
    leaves = [Value(z_j) for z_j in z]
    c = f(leaves)
    c.backward()
    return [c.data, *(leaf.grad for leaf in leaves)]


@pytest.mark.parametrize("logits", LOGITS, ids=str)
@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_twins_equal_the_textbook_forms_in_value_and_gradient(logits, kind):
    y = _targets(len(logits), kind)
    for twin, textbook in (
        (sigmoid_cross_entropy, lambda z: cross_entropy([z_j.sigmoid() for z_j in z], y)),
        (softmax_cross_entropy, lambda z: log_likelihood(softmax(z), y)),
    ):
        numbers = _value_and_gradient(lambda z, twin=twin: twin(z, y), logits)
        assert numbers == pytest.approx(_value_and_gradient(textbook, logits), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("logits", LOGITS, ids=str)
@pytest.mark.parametrize("kind", ["hard", "soft"])
@pytest.mark.parametrize(
    ("twin", "activation"),
    [(sigmoid_cross_entropy, lambda z: list(map(_sigmoid, z))), (softmax_cross_entropy, _softmax)],
)
def test_delta_of_the_twins_is_a_minus_y(twin, activation, logits, kind):
    y = _targets(len(logits), kind)
    _, *delta = _value_and_gradient(lambda z: twin(z, y), logits)
    expected = [a - y_j for a, y_j in zip(activation(logits), y, strict=True)]
    assert delta == pytest.approx(expected, rel=1e-13, abs=1e-15)


@pytest.mark.parametrize(
    ("twin", "z", "y", "cost", "delta"),
    [
        (sigmoid_cross_entropy, [4000.0], [0.0], 4000.0, [1.0]),
        (sigmoid_cross_entropy, [4000.0], [1.0], 0.0, [0.0]),
        (sigmoid_cross_entropy, [-4000.0], [1.0], 4000.0, [-1.0]),
        (sigmoid_cross_entropy, [-4000.0], [0.0], 0.0, [0.0]),
        (sigmoid_cross_entropy, [4000.0, -4000.0], [0.0, 1.0], 8000.0, [1.0, -1.0]),
        (sigmoid_cross_entropy, [4000.0], [0.25], 3000.0, [0.75]),
        (softmax_cross_entropy, [4000.0, -4000.0], [1.0, 0.0], 0.0, [0.0, 0.0]),
        (softmax_cross_entropy, [4000.0, -4000.0], [0.0, 1.0], 8000.0, [1.0, -1.0]),
        (softmax_cross_entropy, [4000.0, -4000.0, 0.0], [0.0, 0.0, 1.0], 4000.0, [1.0, 0.0, -1.0]),
        (softmax_cross_entropy, [4000.0, 0.0], [0.5, 0.5], 2000.0, [0.5, -0.5]),
    ],
)
def test_twins_are_exact_at_logits_of_4000(twin, z, y, cost, delta):
    assert _value_and_gradient(lambda leaves: twin(leaves, y), z) == [cost, *delta]


@pytest.mark.parametrize("z", [-4000.0, 4000.0])
def test_equal_logits_share_the_probability_however_large(z):
    cost, *delta = _value_and_gradient(lambda leaves: softmax_cross_entropy(leaves, [1, 0]), [z, z])
    assert cost == pytest.approx(math.log(2.0), abs=1e-12)
    assert delta == [-0.5, 0.5]


def test_a_small_cost_keeps_its_digits():
    """1 - a is 0 in floats at z = 40, where the cost is e^-40."""
    small = math.exp(-40.0)
    assert sigmoid_cross_entropy(Value(40.0), 1.0).data == pytest.approx(small, rel=1e-15)
    assert sigmoid_cross_entropy(Value(-40.0), 0.0).data == pytest.approx(small, rel=1e-15)
