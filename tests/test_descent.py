"""SGD: theta <- theta - eta grad C, on arrays and on Values."""

import random
from itertools import pairwise

import numpy as np
import pytest

from micrograd_bp import MLP, SGD, Value, quadratic


def test_update_steps_the_array_in_place():
    theta, gradient = np.array([1.0, -2.0, 0.5]), np.array([4.0, 0.0, -8.0])
    view = theta[:]
    assert SGD([], 0.25).update(theta, gradient) is None
    assert view.tolist() == [0.0, -2.0, 2.5]
    assert gradient.tolist() == [4.0, 0.0, -8.0]


@pytest.mark.parametrize("eta", [0.5, 0.1, 3])
def test_step_is_theta_minus_eta_times_gradient(eta):
    numbers, gradients = [1.5, -0.3, 1e300, 0.0], [0.7, -2.1, 1.0, 1e-300]
    parameters = [Value(number) for number in numbers]
    for p, gradient in zip(parameters, gradients, strict=True):
        p.grad = gradient
    SGD(parameters, learning_rate=eta).step()
    expected = [n - eta * g for n, g in zip(numbers, gradients, strict=True)]
    assert [p.data for p in parameters] == expected
    assert [p.grad for p in parameters] == gradients
    assert all(type(p.data) is float for p in parameters)


def test_step_and_update_are_one_rule():
    net = MLP(3, [4, 2], activation="tanh", rng=0)
    quadratic(net([1.0, -2.0, 0.5]), [1.0, 0.0]).backward()
    theta = np.array([p.data for p in net.parameters()])
    optimizer = SGD(net.parameters(), 0.3)
    optimizer.update(theta, np.array([p.grad for p in net.parameters()]))
    optimizer.step()
    assert [p.data for p in net.parameters()] == theta.tolist()


def test_backward_over_a_mini_batch_adds_up_to_the_gradient_of_the_average_cost():
    """C = 1/m sum_x C_x of w x at y, m = 4: dC/dw = 1/4 sum_x (w x - y) x."""
    examples = [(1.0, 2.0), (-2.0, 1.0), (0.5, 0.5), (4.0, 3.0)]
    w = Value(1.5)
    optimizer = SGD([w], 0.5)
    for x, y in examples:
        (quadratic(w * x, y) * 0.25).backward()
    gradient = sum((1.5 * x - y) * x for x, y in examples) / 4
    assert w.grad == gradient
    optimizer.step()
    assert w.data == 1.5 - 0.5 * gradient


def test_zero_grad_forgets_the_mini_batch():
    w, b = Value(2.0), Value(1.0)
    optimizer = SGD([w, b], 0.5)
    quadratic(w * 3.0 + b, 0.0).backward()
    optimizer.zero_grad()
    assert [w.grad, b.grad] == [0.0, 0.0]
    optimizer.step()
    assert [w.data, b.data] == [2.0, 1.0]


def test_parameters_may_be_a_generator():
    net = MLP(2, [1], rng=0)
    optimizer = SGD((p for p in net.parameters()), 0.1)
    assert optimizer.parameters == net.parameters()
    assert optimizer.parameters == net.parameters()


def test_the_learning_rate_may_change_between_steps():
    w = Value(1.0)
    w.grad = 1.0
    optimizer = SGD([w], 0.5)
    optimizer.learning_rate = 0.25
    optimizer.step()
    assert w.data == 0.75


@pytest.mark.parametrize("eta", [0.0, -0.1, float("nan"), float("inf"), -float("inf")])
def test_a_learning_rate_is_positive(eta):
    with pytest.raises(ValueError, match=f"learning_rate is positive.*, got {eta}"):
        SGD([Value(1.0)], learning_rate=eta)


@pytest.mark.parametrize("eta", [None, "0.1", [0.1]])
def test_a_learning_rate_is_a_number(eta):
    with pytest.raises(TypeError):
        SGD([Value(1.0)], learning_rate=eta)


def test_a_regression_converges_to_the_line_it_came_from():
    rng = random.Random(0)
    X = [[rng.uniform(-1, 1), rng.uniform(-1, 1)] for _ in range(20)]
    net = MLP(2, [1], rng=rng)
    optimizer = SGD(net.parameters(), 0.3)
    costs = []
    for _ in range(200):
        optimizer.zero_grad()
        C = sum(quadratic(net(x), 2.0 * x[0] - 3.0 * x[1] + 0.5) for x in X) / len(X)
        C.backward()
        optimizer.step()
        costs.append(C.data)
    assert [p.data for p in net.parameters()] == pytest.approx([2.0, -3.0, 0.5], abs=1e-4)
    assert all(later <= earlier for earlier, later in pairwise(costs))
