"""check_gradient: the gradient of a function against central differences, the worst entry named."""

import math
from dataclasses import replace

import numpy as np
import pytest

from micrograd_bp import MLP, Primitive, check_gradient, grad, logsumexp, quadratic, total
from micrograd_bp import primitives as p

RNG = np.random.default_rng(0)
W = RNG.normal(size=(3, 4))


def all_functions(x):
    waves = x.sin() * x.cos() + x.tan() + x.tanh() - x.sigmoid() * x.softplus()
    return waves + x.exp() + x.log() + x.sqrt() + x.log1p() / x.expm1() + x**2.5 + 2**x + x**x


SMOOTH = {
    "a product": (lambda x, y: x * x * y, (2.0, -3.0)),
    "all functions": (lambda x: all_functions(x), (0.8,)),
    "numpy code": (lambda v, b: np.sum(np.tanh(W @ v + b) ** 2), (RNG.normal(size=4), np.ones(3))),
    "nested lists": (lambda n: n[0] * n[1][0] - n[1][1] ** 3, ([2.0, (3.0, 0.5)],)),
    "logsumexp": (lambda x: logsumexp(x), ([1.0, 2.0, 900.0],)),
    "whole numbers": (lambda x, y: x * x * y, (2, -3)),
    "large numbers": (lambda x: x * x, (1e6,)),
    "a large value": (lambda x: 1e12 + x, (1.0,)),
    "a large slope": (lambda x: 1e6 * x.sin(), (math.pi,)),
    "a constant": (lambda x: 3.0, (1.0,)),
    "away from a kink": (lambda x: x.relu() + abs(x), (1e-3,)),
    "a steep function": (lambda x, y: x.log() + 1.0 / y, (1e-3, -1e-2)),
    "a derivative": (lambda x: grad(lambda y: y.tanh())(x) * x, (0.3,)),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_functions_agree(name):
    f, arguments = SMOOTH[name]
    check = check_gradient(f, *arguments)
    assert check.ok
    assert bool(check) is True
    assert " agree at " in str(check)
    assert "DO NOT" not in str(check)
    assert "slope" not in str(check)


def test_every_entry_of_every_argument_counts():
    check = check_gradient(
        lambda v, w, n: v @ v + np.sum(w) + n[0] * n[1], np.ones(4), W, [1.0, 2.0]
    )
    assert check.entries == 4 + 12 + 2


def test_a_network_agrees_in_its_inputs():
    net = MLP(3, [4, 2], activation="tanh", output="softmax", rng=0)
    assert check_gradient(lambda x: quadratic(net(x), [1.0, 0.0]), [0.5, -0.2, 1.0])


# Wrong rules.


def with_wrong_rule(name, factor):
    row = p.TABLE[name]
    return replace(row, derivatives=lambda z, *x: tuple(factor * d for d in row.derivatives(z, *x)))


@pytest.mark.parametrize("factor", [-1.0, 0.0, 2.0, 1.0 + 1e-4, 0.5])
@pytest.mark.parametrize("name", ["tanh", "exp", "sin", "log", "sigmoid", "sqrt", "*", "/", "**"])
def test_a_wrong_rule_is_found(name, factor):
    wrong = with_wrong_rule(name, factor)
    count = 2 if name in "*/**" else 1
    check = check_gradient(lambda *x: wrong(*x) + 1.0, *[0.7, 0.4][:count])
    assert not check
    assert not check.ok
    assert check.gradient == pytest.approx(factor * check.difference, rel=1e-6, abs=1e-9)
    right = p.TABLE[name]
    assert check_gradient(lambda *x: right(*x) + 1.0, *[0.7, 0.4][:count])


@pytest.mark.parametrize("dropped", [0, 1])
def test_a_rule_that_forgets_an_operand_is_found_and_the_argument_named(dropped):
    half = replace(p.mul, derivatives=lambda z, x, y: (y * (dropped != 0), x * (dropped != 1)))
    check = check_gradient(lambda left, right: half(left, right), 2.0, 3.0)
    assert not check
    assert check.worst == ["left", "right"][dropped]
    assert (check.gradient, check.difference) == (0.0, pytest.approx([3.0, 2.0][dropped]))


WRONG_TANH = with_wrong_rule("tanh", -1.0)


@pytest.mark.parametrize(
    ("f", "arguments", "worst"),
    [
        (lambda w, b: total([WRONG_TANH(w[0, 1]), w.sum(), b]), (np.ones((2, 3)), 1.0), "w[0, 1]"),
        (lambda w, b: np.sum(w) + np.sum(b) + WRONG_TANH(b[2]), (np.ones(2), np.ones(4)), "b[2]"),
        (lambda n: n[0] + n[1][0] + WRONG_TANH(n[1][1]), ([1.0, (2.0, 0.5)],), "n[1][1]"),
        (
            lambda n: n[0] + np.sum(n[1]) + WRONG_TANH(n[1][0, 1]),
            ([1.0, np.ones((1, 2))],),
            "n[1][0, 1]",
        ),
        (lambda x, y: WRONG_TANH(x) + y, (np.array(0.5), 1.0), "x"),
        (lambda *several: several[0] + WRONG_TANH(several[1]), (1.0, 0.5), "argument 1"),
        (lambda x, *, scale=2.0: scale * WRONG_TANH(x), (0.5,), "x"),
    ],
)
def test_the_worst_entry_is_named_as_it_is_written(f, arguments, worst):
    check = check_gradient(f, *arguments)
    assert not check
    assert check.worst == worst
    assert f"worst {worst}: gradient " in str(check)


def test_the_worst_of_several_wrong_entries_is_the_one_named():
    check = check_gradient(
        lambda x, y, z: 2.0 * WRONG_TANH(x) + 9.0 * WRONG_TANH(y) + z, 0.5, 0.5, 0.5
    )
    assert check.worst == "y"


def test_of_entries_that_are_equally_wrong_the_first_is_named():
    check = check_gradient(lambda x, y: WRONG_TANH(x) + WRONG_TANH(y), 0.5, 0.5)
    assert check.worst == "x"


@pytest.mark.parametrize("scale", [1e-3, 1e3, 1e6])
def test_a_wrong_rule_is_found_at_any_size_of_the_argument(scale):
    check = check_gradient(lambda x: WRONG_TANH(x * (1.0 / scale)), 0.5 * scale)
    assert check.difference == pytest.approx(-check.gradient, rel=1e-4)
    assert not check or scale == 1e6  # there the slope is 1e-6, as small as what is allowed


def test_the_text_gives_both_numbers():
    text = str(check_gradient(lambda x: WRONG_TANH(x), 0.0))
    assert text == (
        "gradient and central differences DO NOT AGREE at 1 entries; worst x: gradient -1,"
        " difference 1 (slope 1 from the left, 1 from the right)"
    )


def test_a_large_value_does_not_hide_a_wrong_gradient():
    """Rounding moves the slope of 1e7 + f by 1e-4, not by 10."""
    check = check_gradient(lambda x: 1e7 + WRONG_TANH(x), 0.5)
    assert check.difference == pytest.approx(-check.gradient, rel=1e-2)
    assert not check


# Kinks, nan, errors.


@pytest.mark.parametrize(
    ("f", "x", "gradient", "left", "right"),
    [
        (lambda x: x.relu(), 0.0, 0.0, 0.0, 1.0),
        (lambda x: x.leaky_relu(), 0.0, 0.01, 0.01, 1.0),
        (lambda x: 3.0 * x.relu() - x, 0.0, -1.0, -1.0, 2.0),
        (lambda x: abs(x - 1.0) + x.relu(), 1.0, 1.0, 0.0, 2.0),
        (lambda x: np.maximum(x, 0.0), 0.0, 1.0, 0.0, 1.0),
    ],
)
def test_at_a_kink_the_slopes_of_both_sides_are_shown(f, x, gradient, left, right):
    check = check_gradient(f, x)
    assert check.gradient == pytest.approx(gradient)
    assert check.left == pytest.approx(left, abs=1e-6)
    assert check.right == pytest.approx(right, abs=1e-6)
    if not check:
        assert f"(slope {left:g} from the left, {right:g} from the right)" in str(check)


def test_relu_at_zero_is_found_and_half_of_a_tie_is_what_differences_say():
    assert not check_gradient(lambda x: x.relu(), 0.0)
    assert check_gradient(lambda x: x.maximum(0.0), 0.0)  # 1/2, the mean of both slopes
    assert check_gradient(lambda x: abs(x), 0.0)  # 0, too


NAN = Primitive("nan_rule", lambda x: 2.0 * x, lambda x: 2.0 * x, lambda z, x: (math.nan,))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_gradient_that_is_nan_does_not_agree_wherever_it_stands(place):
    check = check_gradient(
        lambda *x: total([NAN(x_k) if k == place else x_k * x_k for k, x_k in enumerate(x)]),
        1.0,
        2.0,
        3.0,
    )
    assert not check
    assert math.isnan(check.gradient)
    assert check.difference == pytest.approx(2.0)


def test_nan_is_worse_than_any_error():
    for arguments in ((1.0, 0.5), (0.5, 1.0)):
        for f in (lambda x, y: NAN(x) + WRONG_TANH(y), lambda x, y: WRONG_TANH(x) + NAN(y)):
            assert math.isnan(check_gradient(f, *arguments).gradient)


def test_a_value_that_is_nan_does_not_agree():
    assert not check_gradient(lambda x: x * math.nan, 1.0)
    assert not check_gradient(lambda x, y: x + y, math.nan, 1.0)


def test_what_the_function_raises_comes_through():
    with pytest.raises(ValueError, match=r"log\(x\) needs x > 0"):
        check_gradient(np.log, -1.0)
    with pytest.raises(ValueError, match=r"sqrt\(x\) needs x >= 0"):
        check_gradient(np.sqrt, 0.0)  # the step to the left leaves the domain


def test_there_must_be_something_to_vary():
    with pytest.raises(ValueError, match="takes a function and its arguments"):
        check_gradient(lambda: 1.0)
    with pytest.raises(ValueError, match="no number to vary"):
        check_gradient(lambda x: 1.0, np.ones(0))


@pytest.mark.parametrize("arguments", [("1",), (None,), (1j,), ({"w": 1.0},)], ids=repr)
def test_arguments_are_real_numbers(arguments):
    with pytest.raises(TypeError, match="takes a real number"):
        check_gradient(lambda x: 1.0, *arguments)


def test_the_function_gives_one_number():
    with pytest.raises(TypeError, match="gives one number"):
        check_gradient(lambda x: x * 2.0, np.ones(2))


def test_arguments_are_not_written_to():
    x = np.array([1.0, 2.0])
    check_gradient(lambda x: x @ x, x)
    assert x.tolist() == [1.0, 2.0]
