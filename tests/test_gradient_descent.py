"""gradient_descent on any function until it converges, or says why not; Momentum and Adam;
mini-batches, whose gradient estimates the full one without bias."""

import math
from itertools import combinations, pairwise

import numpy as np
import pytest

from micrograd_bp import (
    MLP,
    SGD,
    Adam,
    Momentum,
    Value,
    gradient_descent,
    quadratic,
    value_and_grad,
)

# Convergence.


def bowl(v):
    return 0.5 * v * v


def rosenbrock(x, y):
    return (1.0 - x) ** 2 + 100.0 * (y - x * x) ** 2


def test_a_bowl_converges_and_each_step_is_the_update_rule():
    """v <- v - eta v: v_k = (1 - eta)^k v_0, until |v_k| <= tolerance."""
    descent = gradient_descent(bowl, 4.0, learning_rate=0.5, tolerance=1e-3)
    assert descent.converged
    assert descent.reason == "converged"
    assert descent.path == [4.0 * 0.5**k for k in range(13)]
    assert descent.gradients == descent.path
    assert (descent.v, descent.cost, descent.steps) == (2.0**-10, 2.0**-21, 12)
    assert descent.best == 12
    assert descent.error is None


def test_a_bowl_of_several_variables():
    A = np.array([[2.0, 0.5], [0.5, 1.0]])
    v0 = np.array([3.0, -1.0])
    descent = gradient_descent(lambda v: 0.5 * v @ A @ v, v0, 0.2, 1e-10)
    assert descent.converged
    np.testing.assert_allclose(descent.v, 0.0, atol=1e-9)
    for k in range(5):
        expected = np.linalg.matrix_power(np.eye(2) - 0.2 * A, k) @ v0
        np.testing.assert_allclose(descent.path[k], expected, rtol=1e-12)


def test_rosenbrocks_valley():
    descent = gradient_descent(rosenbrock, (0.0, 0.0), 2e-3, tolerance=1e-2, max_steps=20_000)
    assert descent.converged
    assert descent.v == pytest.approx((1.0, 1.0), abs=0.05)
    assert all(later < earlier for earlier, later in pairwise(descent.costs))


def test_a_tuple_is_spread_over_the_arguments():
    descent = gradient_descent(lambda x, y: (x - 1.0) ** 2 + (y + 2.0) ** 2, (0, 0.0), 0.25)
    assert type(descent.v) is tuple
    assert descent.v == pytest.approx((1.0, -2.0))
    assert gradient_descent(lambda x: (x - 1.0) ** 2, (5.0,), 0.25).v == pytest.approx((1.0,))


def test_a_list_is_one_argument():
    descent = gradient_descent(lambda v: (v[0] - 1.0) ** 2 + (v[1][0] + 2.0) ** 2, [0, [0.0]], 0.25)
    assert descent.v[0] == pytest.approx(1.0)
    assert descent.v[1] == pytest.approx([-2.0])


def test_an_array_is_one_argument_of_its_shape():
    target = np.arange(6.0).reshape(2, 3)
    descent = gradient_descent(lambda v: np.sum((v - target) ** 2), np.zeros((2, 3)), 0.25)
    np.testing.assert_allclose(descent.v, target, atol=1e-8)
    assert descent.gradients[0].shape == (2, 3)


def test_arrays_and_numbers_in_a_tuple():
    X, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0])
    descent = gradient_descent(
        lambda w, b: np.mean((X @ w + b - y) ** 2) / 2, (np.zeros(1), 0.0), 0.3
    )
    assert descent.converged
    w, b = descent.v
    assert (w.shape, type(b)) == ((1,), float)
    assert (w[0], b) == (pytest.approx(2.0), pytest.approx(1.0))


@pytest.mark.parametrize("v0", [3, True, np.float32(0.5), np.int64(-2)])
def test_any_real_number_is_a_start(v0):
    descent = gradient_descent(bowl, v0, 0.5)
    assert type(descent.path[0]) is float
    assert descent.converged


def test_a_minimum_is_no_step_away():
    descent = gradient_descent(bowl, 0.0)
    assert (descent.reason, descent.steps, descent.path) == ("converged", 0, [0.0])
    assert (descent.predicted, descent.actual) == ([], [])


def test_the_tolerance_is_of_the_euclidean_norm_of_the_gradient():
    """Each entry is 3/4 and 1: their norm 5/4."""
    start = np.array([0.75, 1.0])
    assert gradient_descent(lambda v: 0.5 * v @ v, start, tolerance=1.25).steps == 0
    assert gradient_descent(lambda v: 0.5 * v @ v, start, tolerance=1.249).steps == 1


def test_a_network_is_a_function_of_its_parameters():
    net = MLP(2, [2, 1], activation="tanh", output="tanh", rng=3)
    X, Y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [-0.8, 0.8, 0.8, 0.8]
    shapes = [array.shape for arrays in zip(*net.arrays(), strict=True) for array in arrays]
    arrays = tuple(array for pair in zip(*net.arrays(), strict=True) for array in pair)
    assert shapes == [(2, 2), (2,), (2, 1), (1,)]

    def cost(w1, b1, w2, b2):
        a = np.tanh(np.tanh(np.array(X) @ w1 + b1) @ w2 + b2)[:, 0]
        return np.mean((a - np.array(Y)) ** 2)

    descent = gradient_descent(cost, arrays, 0.5, tolerance=1e-3, max_steps=1000)
    assert descent.costs[-1] < 0.1 * descent.costs[0]


# Why it ends.


def test_stalled_where_steps_bring_no_lower_cost():
    """|v| with a step that jumps over the kink: from 0.05 to -0.05 and back."""
    descent = gradient_descent(lambda v: abs(v), 0.25, learning_rate=0.1)
    assert descent.reason == "stalled"
    assert not descent.converged
    assert descent.path[:6] == pytest.approx([0.25, 0.15, 0.05, -0.05, 0.05, -0.05])
    assert descent.steps == descent.best + 100
    assert descent.costs[descent.best] == min(descent.costs)


def test_stalled_where_a_step_is_too_small_to_change_v():
    descent = gradient_descent(lambda v: 1e-8 * v, 1e10, tolerance=0.0)
    assert (descent.reason, descent.steps, descent.v) == ("stalled", 0, 1e10)


@pytest.mark.parametrize("eta", [2.5, 3.0, 100.0])
def test_diverged_where_the_learning_rate_is_too_large(eta):
    """v <- (1 - eta) v, and eta > 2."""
    descent = gradient_descent(bowl, 1.0, learning_rate=eta)
    assert descent.reason == "diverged"
    assert descent.error is None
    assert all(later > earlier for earlier, later in pairwise(descent.costs))
    assert descent.path == pytest.approx([(1.0 - eta) ** k for k in range(descent.steps + 1)])
    assert descent.best == 0


@pytest.mark.parametrize("eta", [1e80, 1e200])
def test_diverged_where_the_cost_overflows(eta):
    descent = gradient_descent(lambda v: v * v * v * v, 1.0, learning_rate=eta)
    assert (descent.reason, descent.path, descent.cost) == ("diverged", [1.0], 1.0)


@pytest.mark.parametrize("v0", [0.1, 1.0, 100.0])
def test_diverged_is_a_billion_times_the_first_cost_or_one(v0):
    """v <- -1.5 v: the last cost is within it, and the next would not be."""
    descent = gradient_descent(bowl, v0, learning_rate=2.5)
    far = 1e9 * max(1.0, bowl(v0))
    assert descent.reason == "diverged"
    assert descent.cost <= far < 1.5**2 * descent.cost


@pytest.mark.parametrize("eta", [2.01, 2.1])
def test_a_cost_that_grows_slowly_has_diverged_and_not_stalled(eta):
    descent = gradient_descent(bowl, 1.0, learning_rate=eta)
    assert descent.cost > 2.0 * descent.costs[0]
    assert descent.reason == "diverged"


def test_a_cost_that_swings_without_growing_has_stalled():
    descent = gradient_descent(bowl, 1.0, learning_rate=2.0)
    assert (descent.reason, descent.path[:3]) == ("stalled", [1.0, -1.0, 1.0])


@pytest.mark.parametrize("eta", [1.2, 1.4, 1.8])
@pytest.mark.parametrize("v0", [0.1, 1.3, 1.4])
def test_a_cost_that_swings_wildly_within_bounds_has_stalled(v0, eta):
    """Two wells, minima 0.01 at -1 and 1; steps too long to settle, and no cost above 0.26."""
    descent = gradient_descent(lambda v: 0.25 * v**4 - 0.5 * v * v + 0.26, v0, eta)
    assert max(descent.costs) < 0.26
    assert descent.reason == "stalled"


def test_diverged_where_a_cost_without_a_minimum_goes_on_for_ever():
    descent = gradient_descent(lambda v: -v * v, 1.0, learning_rate=1.0)
    assert descent.reason == "diverged"
    assert math.isfinite(descent.cost)
    assert descent.best == descent.steps


def test_diverged_where_the_gradient_is_nan():
    """inf - inf in the next step's gradient, while the cost is finite."""
    descent = gradient_descent(lambda v: v.relu().sqrt(), 1.0, learning_rate=4.0)
    assert (descent.reason, descent.path) == ("diverged", [1.0])


LEAVING = {
    "log": (lambda v: v.log(), 0.5, 1.0, ValueError, "log(x) needs x > 0, got x = -1.5"),
    "sqrt": (lambda v: v.sqrt(), 0.25, 1.0, ValueError, "sqrt(x) needs x >= 0, got x = -0.75"),
    "a pole": (lambda v: -1.0 / v, 1.0, 1.0, ZeroDivisionError, "x / y with y = 0.0"),
    "overflow": (lambda v: -v.exp(), 0.0, 800.0, OverflowError, "exp(x) is too large"),
    "a power": (lambda v: v**1.5, 1.0, 1.0, ValueError, "needs a whole-number exponent"),
}


@pytest.mark.parametrize("name", LEAVING)
def test_left_the_domain_with_the_error_that_said_so(name):
    f, v0, eta, kind, text = LEAVING[name]
    descent = gradient_descent(f, v0, learning_rate=eta)
    assert descent.reason == "left the domain"
    assert type(descent.error) is kind
    assert text in str(descent.error)
    assert (descent.path, descent.cost) == ([v0], f(Value(v0)).data)
    assert str(descent).startswith(f"left the domain after 0 steps ({kind.__name__}: ")
    assert text in str(descent)


def test_after_some_steps_the_last_good_point_is_kept():
    """ln v from 1 by eta = 1/8: v <- v - 1 / (8 v), until v is negative."""
    descent = gradient_descent(lambda v: v.log(), 1.0, learning_rate=0.125)
    assert descent.reason == "left the domain"
    assert descent.steps > 2
    expected = [1.0]
    while expected[-1] - 0.125 / expected[-1] > 0.0:
        expected.append(expected[-1] - 0.125 / expected[-1])
    assert descent.path == pytest.approx(expected)
    assert descent.costs == pytest.approx([math.log(v) for v in expected])
    assert math.isfinite(descent.cost)


def test_a_slope_beyond_the_square_root_of_floats_is_no_warning():
    descent = gradient_descent(lambda v: -v.exp(), 600.0, learning_rate=1.0)
    assert (descent.reason, descent.v) == ("left the domain", 600.0)
    assert type(descent.error) is OverflowError


@pytest.mark.parametrize("max_steps", [0, 1, 7])
def test_out_of_steps(max_steps):
    descent = gradient_descent(bowl, 1.0, learning_rate=0.1, max_steps=max_steps)
    assert (descent.reason, descent.steps) == ("out of steps", max_steps)
    assert len(descent.path) == max_steps + 1


def test_settings_unless_said_otherwise():
    assert gradient_descent(bowl, 1.0, max_steps=1).v == 1.0 - 0.1
    assert gradient_descent(bowl, 1.1e-8).steps == 1
    assert gradient_descent(bowl, 1.0, learning_rate=1e-9).steps == 10_000


def test_convergence_in_the_last_step_is_convergence():
    descent = gradient_descent(bowl, 1.0, learning_rate=1.0, max_steps=1)
    assert (descent.reason, descent.steps, descent.v) == ("converged", 1, 0.0)


def test_the_text_says_what_happened():
    descent = gradient_descent(bowl, 4.0, learning_rate=0.5, max_steps=2)
    assert str(descent) == "out of steps after 2 steps: C = 0.5 at v = 1.0"


# What was recorded.

COURSES = {
    "converged": (lambda x, y: x * x + 3.0 * y * y - x * y, (1.0, -2.0), 0.1),
    "stalled": (lambda x, y: abs(x) + abs(y), (0.33, 0.21), 0.1),
    "diverged": (lambda x, y: x * x + y * y, (1.0, 2.0), 1.5),
    "left the domain": (lambda x, y: x.log() + y * y, (1.0, 2.0), 0.2),
    "out of steps": (rosenbrock, (-1.0, 1.0), 1e-3),
}


@pytest.mark.parametrize("reason", COURSES)
def test_path_costs_gradients_predicted_and_actual_belong_together(reason):
    f, v0, eta = COURSES[reason]
    descent = gradient_descent(f, v0, eta, max_steps=300)
    assert descent.reason == reason
    assert len(descent.path) == len(descent.costs) == len(descent.gradients) == descent.steps + 1
    assert len(descent.predicted) == len(descent.actual) == descent.steps
    assert descent.steps > 1
    evaluate = value_and_grad(f, (0, 1))
    for v, cost, gradient in zip(descent.path, descent.costs, descent.gradients, strict=True):
        assert (cost, gradient) == evaluate(*v)
        assert all(map(math.isfinite, (*v, cost, *gradient)))
    points = np.array(descent.path)
    for k, dv in enumerate(np.diff(points, axis=0)):
        gradient = np.array(descent.gradients[k])
        np.testing.assert_allclose(dv, -eta * gradient, rtol=1e-9, atol=1e-15)
        assert descent.predicted[k] == gradient @ dv
        assert descent.actual[k] == descent.costs[k + 1] - descent.costs[k]
    assert descent.costs[descent.best] == min(descent.costs)
    assert (descent.v, descent.cost) == (descent.path[-1], descent.costs[-1])


def test_the_predicted_change_is_minus_eta_times_the_squared_gradient():
    descent = gradient_descent(rosenbrock, (-1.0, 0.5), 1e-3, max_steps=20)
    for predicted, gradient in zip(descent.predicted, descent.gradients, strict=False):
        assert predicted == pytest.approx(-1e-3 * np.dot(gradient, gradient), rel=1e-12)
        assert predicted < 0.0


@pytest.mark.parametrize(
    ("f", "v0"),
    [
        (rosenbrock, (-1.0, 0.5)),
        (lambda x, y: (x * y).tanh() + x.exp(), (0.5, 0.7)),
        (lambda x, y: (x * x + y * y + 1.0).log(), (2.0, 1.0)),
    ],
)
def test_the_actual_change_approaches_the_predicted_one_as_eta_shrinks(f, v0):
    """They differ by 1/2 dv^T H dv + ..., so halving eta halves actual / predicted - 1."""

    def deviation(eta):
        descent = gradient_descent(f, v0, eta, max_steps=1)
        return descent.actual[0] / descent.predicted[0] - 1.0

    deviations = [deviation(1e-4 / 2**k) for k in range(4)]
    assert abs(deviations[0]) > 1e-6
    for larger, smaller in pairwise(deviations):
        assert smaller / larger == pytest.approx(0.5, abs=0.02)


def test_on_a_quadratic_their_difference_is_half_dv_h_dv():
    H = np.array([[2.0, 0.5], [0.5, 1.0]])
    descent = gradient_descent(lambda v: 0.5 * v @ H @ v, np.array([1.0, -2.0]), 0.1, max_steps=5)
    for k, dv in enumerate(np.diff(np.array(descent.path), axis=0)):
        expected = 0.5 * dv @ H @ dv
        assert descent.actual[k] - descent.predicted[k] == pytest.approx(expected, rel=1e-9)


def test_the_start_is_not_modified():
    v0, nested = np.array([1.0, 2.0]), [1.0, [2.0]]
    descent = gradient_descent(lambda v: v @ v, v0, 0.1, max_steps=3)
    gradient_descent(lambda v: v[0] * v[0] + v[1][0] ** 2, nested, 0.1, max_steps=3)
    assert (v0.tolist(), nested) == ([1.0, 2.0], [1.0, [2.0]])
    v0[0] = 9.0
    assert descent.path[0].tolist() == [1.0, 2.0]
    assert len({id(v) for v in descent.path}) == 4


def test_a_function_that_writes_to_its_argument_does_not_change_the_path():
    def f(v):
        cost = v @ v
        v[:] = 0.0
        return cost

    descent = gradient_descent(f, np.array([1.0, 2.0]), 0.25, max_steps=2)
    assert [v.tolist() for v in descent.path] == [[1.0, 2.0], [0.5, 1.0], [0.25, 0.5]]


def test_it_evaluates_once_for_each_point():
    calls = []

    def f(v):
        calls.append(v.data)
        return 0.5 * v * v

    descent = gradient_descent(f, 4.0, learning_rate=0.5, max_steps=10)
    assert calls == descent.path


# Errors.


class OurError(Exception):
    pass


@pytest.mark.parametrize(
    "error", [OurError, TypeError, KeyError, AssertionError, KeyboardInterrupt]
)
def test_what_is_no_arithmetic_error_comes_through(error):
    def f(v):
        if v < 0.5:
            raise error("of the function")
        return 0.5 * v * v

    with pytest.raises(error, match="of the function"):
        gradient_descent(f, 1.0, learning_rate=0.2)


@pytest.mark.parametrize(
    ("f", "v0", "error"),
    [
        (lambda v: v.log(), 0.0, ValueError),
        (lambda v: 1.0 / v, 0.0, ZeroDivisionError),
        (lambda v: v.exp(), 1000.0, OverflowError),
    ],
)
def test_a_start_outside_the_domain_raises(f, v0, error):
    with pytest.raises(error):
        gradient_descent(f, v0)


@pytest.mark.parametrize("eta", [0.0, -0.1, math.nan, math.inf])
def test_a_learning_rate_is_positive_and_finite(eta):
    with pytest.raises(ValueError, match=f"learning_rate is positive and finite, got {eta}"):
        gradient_descent(bowl, 1.0, learning_rate=eta)


@pytest.mark.parametrize(
    "settings", [{"tolerance": -1e-9}, {"tolerance": math.nan}, {"max_steps": -1}]
)
def test_tolerance_and_steps_are_at_least_zero(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        gradient_descent(bowl, 1.0, **settings)


@pytest.mark.parametrize("v0", ["1.0", None, 1j, {"v": 1.0}, np.array(["a"])], ids=repr)
def test_a_start_is_made_of_real_numbers(v0):
    with pytest.raises(TypeError):
        gradient_descent(bowl, v0)


def test_the_function_gives_one_number():
    with pytest.raises(TypeError, match="gives one number"):
        gradient_descent(lambda v: v * 2.0, np.ones(2))


# Momentum and Adam: the rules written out, number by number.


def momentum_by_hand(theta, gradients, eta, mu=0.9):
    velocity, path = 0.0, []
    for gradient in gradients:
        velocity = mu * velocity - eta * gradient
        theta = theta + velocity
        path.append(theta)
    return path


def adam_by_hand(theta, gradients, eta=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """Algorithm 1 of Kingma and Ba (2015)."""
    m, v, path = 0.0, 0.0, []
    for t, gradient in enumerate(gradients, 1):
        m = beta1 * m + (1.0 - beta1) * gradient
        v = beta2 * v + (1.0 - beta2) * gradient**2
        m_hat, v_hat = m / (1.0 - beta1**t), v / (1.0 - beta2**t)
        theta = theta - eta * m_hat / (math.sqrt(v_hat) + eps)
        path.append(theta)
    return path


def sgd_by_hand(theta, gradients, eta):
    return [theta - eta * sum(gradients[: k + 1]) for k in range(len(gradients))]


GRADIENTS = [[1.0, -2.0, 0.0], [0.5, 3.0, 1e-9], [-1.5, 0.1, 0.0], [1e6, -1e-6, 0.0], [0.0] * 3]
THETA = [0.3, -1.2, 2.0]
OPTIMISERS = {
    "SGD": (lambda p: SGD(p, 0.1), lambda x, g: sgd_by_hand(x, g, 0.1)),
    "Momentum": (lambda p: Momentum(p, 0.1), lambda x, g: momentum_by_hand(x, g, 0.1)),
    "Momentum 0.5": (
        lambda p: Momentum(p, learning_rate=0.2, momentum=0.5),
        lambda x, g: momentum_by_hand(x, g, 0.2, 0.5),
    ),
    "Momentum 0": (lambda p: Momentum(p, 0.1, 0.0), lambda x, g: sgd_by_hand(x, g, 0.1)),
    "Adam": (lambda p: Adam(p), adam_by_hand),
    "Adam with settings": (
        lambda p: Adam(p, learning_rate=0.1, betas=(0.5, 0.9), eps=1e-3),
        lambda x, g: adam_by_hand(x, g, 0.1, 0.5, 0.9, 1e-3),
    ),
}


def values(numbers):
    return [Value(number) for number in numbers]


@pytest.mark.parametrize("name", OPTIMISERS)
def test_update_is_the_rule_in_place(name):
    make, by_hand = OPTIMISERS[name]
    optimiser = make(values(THETA))
    theta = np.array(THETA)
    view, path = theta[:], []
    for gradient in GRADIENTS:
        given = np.array(gradient)
        assert optimiser.update(theta, given) is None
        assert given.tolist() == gradient
        path.append(view.tolist())
    for k in range(3):
        expected = by_hand(THETA[k], [gradient[k] for gradient in GRADIENTS])
        assert [point[k] for point in path] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_step_applies_the_same_rule_to_the_values(name):
    make, _ = OPTIMISERS[name]
    parameters, theta = values(THETA), np.array(THETA)
    on_values, on_arrays = make(parameters), make(values(THETA))
    for gradient in GRADIENTS:
        for p, g in zip(parameters, gradient, strict=True):
            p.grad = g
        on_values.step()
        on_arrays.update(theta, np.array(gradient))
        assert [p.data for p in parameters] == theta.tolist()
        assert [p.grad for p in parameters] == gradient
        assert all(type(p.data) is float for p in parameters)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_zero_grad_forgets_the_gradients_and_not_the_state(name):
    make, by_hand = OPTIMISERS[name]
    (x,) = parameters = values([1.0])
    optimiser = make(parameters)
    x.grad = 2.0
    optimiser.step()
    optimiser.zero_grad()
    assert x.grad == 0.0
    optimiser.step()
    assert x.data == pytest.approx(by_hand(1.0, [2.0, 0.0])[-1], rel=1e-12)


@pytest.mark.parametrize("gradient", [1e-3, 1.0, -7.0, 1e5, -1e-4])
@pytest.mark.parametrize("eta", [1e-3, 0.1])
def test_the_first_step_of_adam_is_eta_against_the_sign_of_the_gradient(gradient, eta):
    (x,) = parameters = values([0.0])
    x.grad = gradient
    Adam(parameters, learning_rate=eta).step()
    assert x.data == pytest.approx(-math.copysign(eta, gradient), rel=1e-3)


def test_adam_at_a_gradient_of_zero_stays():
    (x,) = parameters = values([0.5])
    optimiser = Adam(parameters)
    for _ in range(3):
        optimiser.step()
    assert x.data == 0.5


def test_momentum_carries_on_where_the_gradient_is_zero():
    """After one step of -1: -0.9, -0.81, ... more, to -10 in all."""
    (x,) = parameters = values([0.0])
    optimiser = Momentum(parameters, 1.0)
    x.grad = 1.0
    optimiser.step()
    optimiser.zero_grad()
    for _ in range(300):
        optimiser.step()
    assert x.data == pytest.approx(-10.0)


@pytest.mark.parametrize("make", [lambda p: Momentum(p, 0.1), lambda p: Adam(p, 0.1)])
def test_each_optimiser_has_a_state_of_its_own(make):
    (x,), (y,) = one, other = values([1.0]), values([1.0])
    busy, fresh = make(one), make(other)
    for _ in range(5):
        x.grad = 3.0
        busy.step()
    y.grad = 3.0
    fresh.step()
    after_one_step = values([1.0])
    after_one_step[0].grad = 3.0
    make(after_one_step).step()
    assert y.data == after_one_step[0].data != x.data


@pytest.mark.parametrize("name", OPTIMISERS)
def test_every_optimiser_trains_a_network(name):
    make, _ = OPTIMISERS[name]
    net = MLP(2, [3, 1], activation="tanh", rng=0)
    optimiser = make(net.parameters())
    examples = [([0.5, -1.0], 0.3), ([1.0, 0.2], -0.4)]

    def cost():
        return sum(quadratic(net(x), y) for x, y in examples) / len(examples)

    before = cost().data
    for _ in range(50):
        optimiser.zero_grad()
        cost().backward()
        optimiser.step()
    assert cost().data < before


@pytest.mark.parametrize("kind", [SGD, Momentum, Adam])
@pytest.mark.parametrize("eta", [0.0, -1.0, math.nan, math.inf])
def test_an_optimisers_learning_rate_is_positive_and_finite(kind, eta):
    with pytest.raises(ValueError, match=f"learning_rate is positive and finite, got {eta}"):
        kind([Value(1.0)], learning_rate=eta)


@pytest.mark.parametrize("kind", [SGD, Momentum, Adam])
@pytest.mark.parametrize("parameters", [Value(1.0), None, MLP(2, [1])], ids=type)
def test_parameters_are_a_list_of_values(kind, parameters):
    with pytest.raises(TypeError, match="parameters"):
        kind(parameters, learning_rate=0.1)


@pytest.mark.parametrize("fraction", [-0.1, 1.0, 1.5, math.nan])
def test_momentum_and_betas_are_fractions(fraction):
    with pytest.raises(ValueError, match=f"momentum is from 0 to below 1, got {fraction}"):
        Momentum([Value(1.0)], 0.1, momentum=fraction)
    for betas in ((fraction, 0.9), (0.9, fraction)):
        with pytest.raises(ValueError, match=f"betas is from 0 to below 1, got {fraction}"):
            Adam([Value(1.0)], betas=betas)


@pytest.mark.parametrize("eps", [0.0, -1e-8, math.nan, math.inf])
def test_eps_is_positive(eps):
    with pytest.raises(ValueError, match=f"eps is positive and finite, got {eps}"):
        Adam([Value(1.0)], eps=eps)


# Mini-batches: 1/m sum of the gradients of m examples estimates 1/n of all n.

N = 8


def regression(n):
    """A network and n examples."""
    rng = np.random.default_rng(0)
    net = MLP(2, [2, 1], activation="tanh", rng=0)
    return net, rng.normal(size=(n, 2)), rng.normal(size=n)


def batch_gradient(net, X, Y):
    """The gradient of the average cost over the batch, from one backward pass."""
    net.zero_grad()
    (sum(quadratic(net(x), y) for x, y in zip(X, Y, strict=True)) / len(X)).backward()
    return np.array([p.grad for p in net.parameters()])  # (p,)


@pytest.fixture(scope="module")
def per_example():
    """Gradients of C_x of N examples, (N, p)."""
    net, X, Y = regression(N)
    return np.array([batch_gradient(net, [x], [y]) for x, y in zip(X, Y, strict=True)])


def test_the_gradient_of_a_batch_is_the_mean_of_the_gradients_of_its_examples(per_example):
    net, X, Y = regression(N)
    for rows in ([0], [1, 4], [7, 2, 5], list(range(N))):
        found = batch_gradient(net, X[rows], Y[rows])
        np.testing.assert_allclose(found, per_example[rows].mean(axis=0), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("m", range(1, N + 1))
def test_over_all_batches_the_mean_gradient_is_the_full_one(m):
    """Exactly: each example stands in the same share of the C(n, m) batches."""
    net, X, Y = regression(N)
    full = batch_gradient(net, X, Y)
    batches = [list(rows) for rows in combinations(range(N), m)]
    mean = np.mean([batch_gradient(net, X[rows], Y[rows]) for rows in batches], axis=0)
    assert len(batches) == math.comb(N, m)
    np.testing.assert_allclose(mean, full, rtol=1e-11, atol=1e-14)
    assert np.abs(full).max() > 0.01


@pytest.mark.parametrize("m", range(1, N + 1))
def test_over_all_batches_the_variance_is_that_of_one_example_by_m_and_the_share_left_out(
    per_example, m
):
    """(1/m) (n - m)/(n - 1) of the variance of single examples: 0 for m = n."""
    full = per_example.mean(axis=0)
    means = [per_example[list(rows)].mean(axis=0) for rows in combinations(range(N), m)]
    variance = np.mean((np.array(means) - full) ** 2, axis=0)
    single = np.mean((per_example - full) ** 2, axis=0)
    np.testing.assert_allclose(variance, single / m * (N - m) / (N - 1), rtol=1e-9, atol=1e-15)
    assert np.all(single > 0.0)


def test_drawn_batches_are_unbiased_and_their_variance_falls_with_m():
    """20,000 seeded draws each of m of 60 examples, without replacement. Mean and variance lie
    within 5 standard errors, estimated from the draws, of the full gradient and of the formula."""
    n, draws = 60, 20_000
    net, X, Y = regression(n)
    G = np.array([batch_gradient(net, [x], [y]) for x, y in zip(X, Y, strict=True)])  # (n, p)
    full = batch_gradient(net, X, Y)
    single = np.sum((G - full) ** 2) / n
    rng = np.random.default_rng(1)
    order = np.argsort(rng.random((draws, n)), axis=1)
    found = []
    for m in (1, 2, 5, 10, 20, 40):
        means = G[order[:, :m]].mean(axis=1)  # (draws, p)
        standard_error = means.std(axis=0) / math.sqrt(draws)
        assert np.all(np.abs(means.mean(axis=0) - full) < 5.0 * standard_error)
        squares = np.sum((means - full) ** 2, axis=1)  # (draws,)
        expected = single / m * (n - m) / (n - 1)
        assert abs(squares.mean() - expected) < 5.0 * squares.std() / math.sqrt(draws)
        assert squares.std() / math.sqrt(draws) < 0.03 * expected  # so that 5 of them say something
        found.append(squares.mean())
    assert all(later < earlier for earlier, later in pairwise(found))
    assert found[2] < found[0] / 4.5  # m = 5: a fifth, less what is left out


def test_a_step_on_a_batch_is_a_step_along_the_mean_of_its_gradients(per_example):
    net, X, Y = regression(N)
    rows = [1, 3, 6]
    before = np.array([p.data for p in net.parameters()])
    batch_gradient(net, X[rows], Y[rows])
    SGD(net.parameters(), 0.5).step()
    after = np.array([p.data for p in net.parameters()])
    np.testing.assert_allclose(after, before - 0.5 * per_example[rows].mean(axis=0), rtol=1e-12)
