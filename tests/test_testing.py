"""assert_gradients_agree: hand-written backpropagation in NumPy, right and with planted slips.

A right one passes whatever its shapes, scales and activations; each slip is found and named, with
the array, the index and both numbers.
"""

import os
import re
import subprocess
import sys
from inspect import Parameter, Signature
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from micrograd_bp import primitives as p
from micrograd_bp.testing import assert_gradients_agree

# A network as people write it, whose backpropagation may have slips in one of its layers.

ACTIVATIONS = {
    "tanh": (np.tanh, lambda z, a: 1.0 - a**2),
    "sigmoid": (lambda z: 1.0 / (1.0 + np.exp(-z)), lambda z, a: a * (1.0 - a)),
    "relu": (lambda z: np.maximum(z, 0.0), lambda z, a: (z > 0.0) * 1.0),
    "relu by a mask": (lambda z: z * (z > 0.0), lambda z, a: (z > 0.0) * 1.0),
    "our relu": (p.relu, lambda z, a: (z > 0.0) * 1.0),
    "our sigmoid": (p.sigmoid, lambda z, a: a * (1.0 - a)),
    "square": (lambda z: z**2, lambda z, a: 2.0 * z),
    "linear": (lambda z: z, lambda z, a: np.ones_like(z)),
}


def softmax(z):
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


class Homework:
    """Quadratic cost, or with output="softmax" the log-likelihood; m examples as rows.

    slips: names of slips in the gradients of layer `at`, 1 to L.
    """

    def __init__(
        self, sizes, m, activation="tanh", output="sigmoid", slips=(), at=None, seed=0, scale=1.0
    ):
        rng = np.random.default_rng(seed)
        self.m, self.scale, self.slips, self.at = m, scale, slips, at
        self.names = [*[activation] * (len(sizes) - 2), output]
        self.X = rng.normal(size=(m, sizes[0]))
        self.Y = rng.uniform(size=(m, sizes[-1]))
        self.Y /= self.Y.sum(axis=1, keepdims=True)
        self.arrays = []
        for n_in, n_out in pairwise(sizes):
            self.arrays += [rng.normal(size=(n_in, n_out)), rng.normal(size=n_out)]
        names = [f"{letter}{l}" for l in range(1, len(sizes)) for letter in "wb"]
        parameters = [Parameter(name, Parameter.POSITIONAL_ONLY) for name in names]
        self.__signature__ = Signature(parameters)

    def layers(self, arrays):
        return list(zip(arrays[::2], arrays[1::2], self.names, strict=True))

    def forward(self, arrays):
        zs, activations = [], [self.X]
        for w, b, name in self.layers(arrays):
            zs.append(activations[-1] @ w + b)
            activation = softmax if name == "softmax" else ACTIVATIONS[name][0]
            activations.append(activation(zs[-1]))
        return zs, activations

    def __call__(self, *arrays):
        """The cost."""
        a = self.forward(arrays)[1][-1]
        if self.names[-1] == "softmax":
            return -self.scale * np.sum(self.Y * np.log(a)) / self.m
        return self.scale * np.sum((a - self.Y) ** 2) / (2 * self.m)

    def gradients(self, *arrays):
        zs, activations = self.forward(arrays)
        layers = self.layers(arrays)
        by_hand, delta = [], self.scale * (activations[-1] - self.Y) / self.m
        for l in range(len(layers), 0, -1):
            slips = self.slips if l == self.at else ()
            name = self.names[l - 1]
            if name != "softmax" and "a'(z)" not in slips:
                delta = delta * ACTIVATIONS[name][1](zs[l - 1], activations[l])
            dw, db = activations[l - 1].T @ delta, delta.sum(axis=1 if "axis" in slips else 0)
            factor = (self.m if "1/m" in slips else 1) * (2 if "1/2" in slips else 1)
            factor *= -1 if "sign" in slips else 1
            dw, db = factor * dw, factor * db
            by_hand = [dw.T if "transpose" in slips else dw, db, *by_hand]
            w = layers[l - 1][0]
            delta = delta @ (w if "BP2" in slips else w.T)
        return by_hand


def check(homework):
    assert_gradients_agree(homework, homework.gradients, *homework.arrays)


def failure(homework):
    with pytest.raises(AssertionError) as raised:
        check(homework)
    return str(raised.value)


# What is right passes.

SHAPES = [([3, 2], 4), ([3, 4, 2], 5), ([3, 4, 2], 1), ([3, 4, 2], 2), ([2, 3, 3, 2], 6)]
SHAPES += [([3, 3, 3], 3), ([2, 2], 2), ([1, 1], 1), ([1, 5, 1], 7), ([4, 1, 4], 3)]


@pytest.mark.parametrize(("sizes", "m"), SHAPES)
@pytest.mark.parametrize("output", ["sigmoid", "softmax", "linear"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_right_backpropagation_passes(activation, output, sizes, m):
    check(Homework(sizes, m, activation, output))


@pytest.mark.parametrize("scale", [1e-200, 1e-8, 1e-4, 1e4, 1e8, 1e200])
@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_no_false_alarm_at_any_scale_of_the_cost(output, scale):
    check(Homework([3, 4, 2], 5, "tanh", output, scale=scale))


@pytest.mark.parametrize("scale", [1e-8, 1e-3, 1e3, 1e8])
def test_no_false_alarm_at_any_scale_of_an_array(scale):
    homework = Homework([3, 4, 2], 5, "tanh", "linear")
    for k in range(4):
        arrays = [array * scale if i == k else array for i, array in enumerate(homework.arrays)]
        assert_gradients_agree(homework, homework.gradients, *arrays)


def test_no_false_alarm_at_an_optimum():
    """Least squares: the gradient is the rounding of terms of size 1."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 3)), rng.normal(size=20)
    w = np.linalg.lstsq(X, y, rcond=None)[0]

    def cost(w):
        return np.sum((X @ w - y) ** 2) / (2 * len(y))

    assert np.max(np.abs(X.T @ (X @ w - y))) < 1e-13
    assert_gradients_agree(cost, lambda w: X.T @ ((X @ w - y) / len(y)), w)


def test_no_false_alarm_where_a_gradient_cancels():
    """A bias before the mean over the batch is subtracted has the gradient 0."""
    rng = np.random.default_rng(0)
    X, w, b, y = rng.normal(size=(6, 3)), rng.normal(size=(3, 2)), np.ones(2), np.ones((6, 2))

    def cost(w, b):
        z = X @ w + b
        return np.sum((np.tanh(z - np.mean(z, axis=0)) - y) ** 2) / 2

    def gradients(w, b):
        z = X @ w + b
        a = np.tanh(z - np.mean(z, axis=0))
        delta = (a - y) * (1.0 - a**2)
        delta = delta - np.mean(delta, axis=0)
        return X.T @ delta, np.zeros(2)

    assert_gradients_agree(cost, gradients, w, b)


@pytest.mark.parametrize("seed", range(20))
def test_no_false_alarm_in_a_deep_network(seed):
    check(Homework([2, 5, 5, 5, 5, 1], 8, "tanh", "sigmoid", seed=seed))


def test_a_gradient_that_is_zero_in_both_passes():
    assert_gradients_agree(
        lambda w, b: np.sum(w), lambda w, b: [np.ones(3), np.zeros(2)], np.ones(3), np.ones(2)
    )


def test_an_infinite_slope_agrees_with_itself_and_with_nothing_else():
    w = np.array([0.0, 4.0])

    def cost(w):
        return np.sum(np.sqrt(w))

    assert_gradients_agree(cost, lambda w: np.array([np.inf, 0.25]), w)
    for wrong in ([np.inf, 0.5], [-np.inf, 0.25], [1e300, 0.25], [np.nan, 0.25]):
        with pytest.raises(AssertionError, match=r"gradient of w\[[01]\]: by hand"):
            assert_gradients_agree(cost, lambda w, wrong=wrong: np.array(wrong), w)


def test_one_array_may_come_without_a_list():
    x = np.array([[1.0, 2.0]])
    assert_gradients_agree(lambda x: np.sum(x**2), lambda x: 2.0 * x, x)
    assert_gradients_agree(lambda x: np.sum(x**2), lambda x: [2.0 * x], x)
    assert_gradients_agree(lambda x: x**2, lambda x: 2.0 * x, 3.0)


def test_lists_and_whole_numbers_are_arrays():
    assert_gradients_agree(lambda x: np.sum(x**2), lambda x: [[2, 4]], [1, 2])


def test_none_leaves_an_array_out():
    def cost(X, w, y):
        return np.sum((X @ w - y) ** 2)

    def gradients(X, w, y):
        return None, 2.0 * X.T @ (X @ w - y), None

    X, w, y = np.arange(6.0).reshape(3, 2), np.ones(2), np.ones(3)
    assert_gradients_agree(cost, gradients, X, w, y)
    with pytest.raises(AssertionError, match=r"gradient of w.*sign"):
        assert_gradients_agree(cost, lambda *a: [None, -gradients(*a)[1], None], X, w, y)


def test_rtol_is_of_the_largest_entry_of_the_array():
    x = np.array([1e6, 1.0])
    nearly = np.array([2e6, 2.0 + 0.01])
    assert_gradients_agree(lambda x: x @ x, lambda x: nearly, x)
    with pytest.raises(AssertionError, match=r"x\[1\]"):
        assert_gradients_agree(lambda x: x @ x, lambda x: nearly, x, rtol=1e-10)
    assert_gradients_agree(lambda x: x @ x, lambda x: 2.01 * x, x, rtol=0.1)


def test_the_arrays_are_not_written_to():
    homework = Homework([3, 4, 2], 5)
    before = [array.copy() for array in homework.arrays]
    check(homework)
    assert all(np.array_equal(a, b) for a, b in zip(before, homework.arrays, strict=True))


# Each slip is found and named.

NAMED = {
    "1/m": "the factor 1/m is missing",
    "1/2": "a factor 1/2",
    "transpose": "it is the transpose",
    "sign": "the sign is wrong",
    "a'(z)": "a'(z) is missing",
    "axis": "it is summed over the wrong axis",
}
WHERE = {"transpose": "w", "axis": "b"}  # the arrays that show it; the others show it in both


def arrays_in(message):
    """Names of the arrays in a failure, with the text about each."""
    lines = [
        re.fullmatch(r"gradient of (\w+)(\[[\d, ]+\])?: (.*)", line) for line in message.split("\n")
    ]
    assert all(lines), message
    return {line[1]: line[3] for line in lines}


@pytest.mark.parametrize(
    ("sizes", "m"), [([3, 4, 2], 5), ([3, 3, 3], 3), ([2, 4, 4, 3], 6), ([2, 2, 2], 2)]
)
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "our relu", "square"])
@pytest.mark.parametrize("layer", ["first", "last"])
@pytest.mark.parametrize("slip", NAMED)
def test_a_slip_is_found_and_named_where_it_is(slip, layer, activation, sizes, m):
    at = 1 if layer == "first" else len(sizes) - 1
    found = arrays_in(failure(Homework(sizes, m, activation, "sigmoid", [slip], at, seed=4)))
    if slip == "a'(z)":  # in all layers up to that one, for delta goes on backwards
        assert set(found) == {f"{letter}{l}" for l in range(1, at + 1) for letter in "wb"}
    else:
        assert set(found) == {f"{letter}{at}" for letter in WHERE.get(slip, "wb")}
    name = "(or 1/m for m = 2) is missing" if (slip, m) == ("1/m", 2) else NAMED[slip]
    for text in found.values():
        assert name in text.partition("likely slip: ")[2]


@pytest.mark.parametrize(
    "activation", ["tanh", "sigmoid", "our sigmoid", "relu", "relu by a mask", "square"]
)
@pytest.mark.parametrize("at", [1, 2])
def test_a_missing_a_prime_is_named_with_its_operation(activation, at):
    operations = {
        "tanh": "tanh",
        "relu": "relu",
        "our sigmoid": "sigmoid",
        "sigmoid": "neg exp \\+ /",
    }
    operations |= {"relu by a mask": r"\*", "square": r"\*\*"}
    found = failure(Homework([3, 4, 3, 2], 5, activation, "linear", ["a'(z)"], at))
    assert re.search(
        rf"a'\(z\) is missing: the derivative of {operations[activation]}$", found, re.M
    )


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_a_missing_a_prime_of_one_output_and_one_example_is_more_than_a_factor(activation):
    """There a'(z) is a single number, and 1 / a'(z) times the right gradient says little."""
    found = arrays_in(failure(Homework([3, 4, 1], 1, "tanh", activation, ["a'(z)"], 2)))
    assert all(NAMED["a'(z)"] in text for text in found.values())


RELUS = {
    "z, 0": lambda z: np.maximum(z, 0),
    "0, z": lambda z: np.maximum(0.0, z),
    "out": lambda z: np.maximum(z, 0.0, out=np.empty_like(z)),
    "where": lambda z: np.where(z > 0, z, 0.0),
}


@pytest.mark.parametrize("relu", RELUS.values(), ids=RELUS)
def test_each_way_to_write_relu_passes_and_its_slip_is_found(relu):
    w = np.array([[0.5, -1.0], [-2.0, 3.0]])
    X = np.array([[1.0, 2.0], [-0.5, 1.0], [2.0, 0.1]])

    def cost(w):
        return np.sum(relu(X @ w) ** 2) / 2

    def by_hand(w):
        return X.T @ np.maximum(X @ w, 0.0)

    assert_gradients_agree(cost, by_hand, w)
    with pytest.raises(AssertionError, match=r"gradient of w\["):
        assert_gradients_agree(cost, lambda w: X.T @ (X @ w), w)


def test_relu_at_0_has_the_slope_0_as_its_row_has():
    w = np.array([0.0, 2.0])
    assert_gradients_agree(lambda w: np.sum(np.maximum(w, 0)), lambda w: (w > 0) * 1.0, w)
    for number in (-1.0, 0.0, 2.0):
        assert_gradients_agree(lambda w: np.maximum(w, 0), lambda w: float(w > 0), number)


def test_arrays_may_be_written_to_in_place():
    """As homework does it: z += b, a[:, 0] = 0, np.add.at."""
    x, b = np.array([[1.0, 2.0], [3.0, -4.0]]), np.array([0.5, -0.5])

    def cost(w, b):
        z = x @ w
        z += b
        z *= 2.0
        a = np.zeros_like(z)
        a[:, 1] = np.maximum(z[:, 1], 0)
        total = a.sum(axis=0, keepdims=True).T
        np.add.at(total, (0, 0), z[0, 0])
        return np.mean(total) + np.max(total) * 0.0

    def by_hand(w, b):
        delta = np.zeros((2, 2))
        delta[:, 1] = ((x @ w + b)[:, 1] > 0) * 1.0
        delta[0, 0] = 1.0
        return x.T @ delta, delta.sum(axis=0)

    assert_gradients_agree(cost, by_hand, np.array([[1.0, -1.0], [0.5, 1.0]]), b)


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("slip", NAMED)
def test_slips_with_softmax_and_log_likelihood_are_named(slip, at):
    homework = Homework([3, 4, 3], 5, "tanh", "softmax", [slip], at)
    if (slip, at) == ("a'(z)", 2):  # there is none to forget: delta^L = a - y
        check(homework)
    elif (slip, at) == ("axis", 2):  # rows of a - y sum to 0: what is left is rounding
        assert "by hand of shape (5,), right of shape (3,)" in failure(homework)
    else:
        assert all(NAMED[slip] in text for text in arrays_in(failure(homework)).values())


@pytest.mark.parametrize("m", [1, 4])
def test_a_square_weight_that_is_not_transposed_in_bp2_is_found_in_the_layer_before(m):
    found = arrays_in(failure(Homework([2, 4, 4, 3], m, slips=["BP2"], at=2)))
    assert set(found) == {"w1", "b1"}
    for text in found.values():
        assert text.endswith("likely slip: the error goes back through w2 instead of w2.T")


def test_of_two_square_weights_the_one_that_is_not_transposed_is_named():
    found = arrays_in(failure(Homework([3, 3, 3, 3], 5, slips=["BP2"], at=3)))
    assert set(found) == {"w1", "b1", "w2", "b2"}
    assert all("through w3 instead of w3.T" in text for text in found.values())


def test_a_weight_that_is_transposed_in_bp2_where_z_is_w_a():
    """In Nielsen's orientation the slip is the same, and so is its name."""
    w1, w2, x = np.random.default_rng(0).normal(size=(3, 3, 3))

    def cost(w1, w2):
        return np.sum(np.tanh(w2 @ np.tanh(w1 @ x)))

    def by_hand(w1, w2, back=lambda w: w.T):
        a1 = np.tanh(w1 @ x)
        delta2 = 1 - np.tanh(w2 @ a1) ** 2
        delta1 = back(w2) @ delta2 * (1 - a1**2)
        return delta1 @ x.T, delta2 @ a1.T

    assert_gradients_agree(cost, by_hand, w1, w2)
    with pytest.raises(AssertionError, match=r"^gradient of w1.* through w2 instead of w2\.T$"):
        assert_gradients_agree(cost, lambda w1, w2: by_hand(w1, w2, lambda w: w), w1, w2)


@pytest.mark.parametrize(("sizes", "m"), [([3, 4, 2], 5), ([3, 3, 3], 4), ([2, 2, 2], 1)])
def test_gradients_out_of_order_are_named(sizes, m):
    """From the last layer to the first, as they are computed."""
    homework = Homework(sizes, m)

    def by_hand(*arrays):
        w1, b1, w2, b2 = homework.gradients(*arrays)
        return w2, b2, w1, b1

    with pytest.raises(AssertionError) as raised:
        assert_gradients_agree(homework, by_hand, *homework.arrays)
    found = arrays_in(str(raised.value))
    for name, other in [("w1", "w2"), ("b1", "b2"), ("w2", "w1"), ("b2", "b1")]:
        assert found[name].endswith(f"slip: it is the gradient of {other}: out of order?")


@pytest.mark.parametrize("slip", ["1/m", "1/2"])
def test_with_two_examples_one_half_and_one_mth_are_the_same_slip(slip):
    found = failure(Homework([3, 4, 2], 2, slips=[slip], at=1))
    assert "a factor 1/2 (or 1/m for m = 2) is missing" in found


@pytest.mark.parametrize("m", [3, 4, 10])
def test_a_missing_1_over_m_says_m(m):
    assert f"(m = {m}?)" in failure(Homework([3, 4, 2], m, slips=["1/m"], at=2))


@pytest.mark.parametrize(
    ("factor", "text"),
    [
        (0.5, "it is half as large: a factor 1/2 (or 1/m for m = 2) too much"),
        (0.0, "it is 0: was it computed?"),
        (0.2, "a factor 1/5 too much: 1/m twice?"),
        (3.7, "it is 3.7 times the right one"),
        (-1.0, "the sign is wrong"),
        (-2.0, "the sign is wrong, and it is twice too large"),
        (-0.25, "the sign is wrong, and a factor 1/4 too much"),
        (1.0 + 1e-4, "it is 1.0001 times the right one"),
    ],
)
def test_other_factors_are_named(factor, text):
    homework = Homework([3, 4, 2], 5)
    with pytest.raises(AssertionError, match=re.escape(f"likely slip: {text}")):
        assert_gradients_agree(
            homework,
            lambda *arrays: [factor * g for g in homework.gradients(*arrays)],
            *homework.arrays,
        )


@pytest.mark.parametrize("scale", [1e-8, 1e8])
@pytest.mark.parametrize("slip", NAMED)
def test_slips_are_named_at_any_scale(slip, scale):
    assert NAMED[slip] in failure(Homework([3, 4, 2], 5, slips=[slip], at=1, scale=scale))


PAIRS = [(a, b) for k, a in enumerate(NAMED) for b in list(NAMED)[k + 1 :]]


@pytest.mark.parametrize(("sizes", "m"), [([3, 4, 2], 5), ([3, 3, 3], 3)])
@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("slips", PAIRS, ids="+".join)
def test_two_slips_at_once_are_found(slips, at, sizes, m):
    found = arrays_in(failure(Homework(sizes, m, slips=slips, at=at)))
    assert f"w{at}" in found or f"b{at}" in found


def test_the_message_gives_array_index_and_both_numbers():
    W = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])

    def wrong(w):
        g = w.copy()
        g[1, 2] = 7.5
        return g

    with pytest.raises(AssertionError) as raised:
        assert_gradients_agree(lambda w: np.sum(w**2) / 2, wrong, W)
    assert str(raised.value) == "gradient of w[1, 2]: by hand 7.5, right 6"


def test_the_worst_entry_of_each_array_is_shown():
    def wrong(a, b):
        return a + np.array([0.1, 0.0, -0.2]), b + np.array([0.0, 1.0])

    with pytest.raises(AssertionError) as raised:
        assert_gradients_agree(
            lambda a, b: (a @ a + np.sum(b**2)) / 2, wrong, np.ones(3), np.ones((1, 2))
        )
    assert str(raised.value).split("\n") == [
        "gradient of a[2]: by hand 0.8, right 1",
        "gradient of b[0, 1]: by hand 2, right 1",
    ]


def test_an_argument_list_names_arrays_by_their_position():
    with pytest.raises(AssertionError, match=r"1\[0\]: by hand 3, right 2"):
        assert_gradients_agree(
            lambda *arrays: sum(a @ a for a in arrays) / 2,
            lambda *arrays: [arrays[0], arrays[1] + 1.0],
            np.array([1.0]),
            np.array([2.0]),
        )


# Shapes and numbers that are no gradient.


def bias_of_five_examples(gradient, n=3):
    """A cost of a bias b (n,) and five examples, and its gradient from delta (5, n)."""
    Z = np.random.default_rng(0).normal(size=(5, n))

    def cost(b):
        return np.sum(np.tanh(Z + b))

    def by_hand(b):
        return gradient(1.0 - np.tanh(Z + b) ** 2)

    with pytest.raises(AssertionError) as raised:
        assert_gradients_agree(cost, by_hand, np.ones(n))
    return str(raised.value)


def test_a_bias_that_is_not_summed():
    text = bias_of_five_examples(lambda delta: delta)
    assert text == (
        "gradient of b: by hand of shape (5, 3), right of shape (3,);"
        " likely slip: it is not summed over the examples"
    )


@pytest.mark.parametrize("n", [3, 5])
@pytest.mark.parametrize("keepdims", [True, False])
def test_a_bias_summed_over_the_wrong_axis(n, keepdims):
    text = bias_of_five_examples(lambda delta: delta.sum(axis=1, keepdims=keepdims), n)
    assert "likely slip: it is summed over the wrong axis" in text


def test_a_bias_of_the_wrong_shape():
    text = bias_of_five_examples(lambda delta: delta.sum(axis=0, keepdims=True))
    assert text.endswith("likely slip: the shape is (1, 3) instead of (3,)")


def test_a_bias_summed_over_everything():
    text = bias_of_five_examples(lambda delta: delta.sum())
    assert text.startswith("gradient of b: by hand of shape (), right of shape (3,)")


def test_a_row_for_a_column_is_a_transpose_or_a_shape():
    with pytest.raises(
        AssertionError, match=r"transpose|the shape is \(1, 3\) instead of \(3, 1\)"
    ):
        assert_gradients_agree(lambda w: np.sum(w**2) / 2, lambda w: w.T, np.ones((3, 1)))


@pytest.mark.parametrize("shape", [(2,), (3, 2), (6,), (2, 3, 1), ()])
def test_any_other_shape_is_found(shape):
    with pytest.raises(
        AssertionError, match=re.escape(f"by hand of shape {shape}, right of shape (2, 3)")
    ):
        assert_gradients_agree(
            lambda w: np.sum(w**2) / 2, lambda w: np.ones(shape), np.ones((2, 3))
        )


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_a_gradient_by_hand_that_is_not_finite_is_found(number):
    w = np.arange(6.0).reshape(2, 3)
    for at in [(0, 0), (0, 1), (1, 2)]:

        def by_hand(w, at=at):
            g = w.copy()
            g[at] = number
            return g

        place = f"w[{at[0]}, {at[1]}]: by hand {number:g}"
        with pytest.raises(AssertionError, match=re.escape(place)):
            assert_gradients_agree(lambda w: np.sum(w**2) / 2, by_hand, w)
    with pytest.raises(AssertionError, match=f"by hand {number:g}"):
        assert_gradients_agree(lambda w: np.sum(w**2) / 2, lambda w: np.full((2, 3), number), w)


@pytest.mark.parametrize("number", [0.0, 1e-320, 1e-30, 1e30])
def test_a_gradient_that_was_never_computed_is_found(number):
    """zeros_like, or an array left as it was made."""
    w = np.arange(6.0).reshape(2, 3)
    with pytest.raises(AssertionError, match=r"gradient of w\[\d, \d\]: by hand .*, right "):
        assert_gradients_agree(lambda w: np.sum(w**2) / 2, lambda w: np.full((2, 3), number), w)


def test_zeros_are_found_in_a_network_too():
    homework = Homework([3, 4, 2], 5)
    found = None
    with pytest.raises(AssertionError) as raised:
        assert_gradients_agree(
            homework, lambda *arrays: [np.zeros_like(a) for a in arrays], *homework.arrays
        )
    found = arrays_in(str(raised.value))
    assert set(found) == {"w1", "b1", "w2", "b2"}
    assert all(text.startswith("by hand 0, right ") for text in found.values())


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_wrong_number_of_gradients_is_a_value_error(count):
    w, b = np.ones((2, 3)), np.ones(3)
    with pytest.raises(ValueError, match=f"gradients gave {count} arrays for 2 arguments"):
        assert_gradients_agree(lambda w, b: np.sum(w) + np.sum(b), lambda w, b: [w] * count, w, b)


@pytest.mark.parametrize("by_hand", ["text", {"w": 1.0}, np.array(["a"])], ids=repr)
def test_gradients_that_are_no_numbers_are_an_error(by_hand):
    with pytest.raises((TypeError, ValueError)):
        assert_gradients_agree(lambda w: np.sum(w), lambda w: [by_hand], np.ones(2))


@pytest.mark.parametrize("by_hand", [{"w": [1.0], "b": [1.0]}, 1.0, np.array(1.0), None], ids=repr)
def test_gradients_that_are_no_list_say_what_they_are(by_hand):
    """Two keys of a dict are no two gradients, and None is where a return is missing."""
    text = f"({type(by_hand).__name__}): it gives a list, with an array or None for each of w, b"
    with pytest.raises(TypeError, match=re.escape(text)):
        assert_gradients_agree(
            lambda w, b: np.sum(w) + np.sum(b), lambda w, b: by_hand, np.ones(1), np.ones(1)
        )


@pytest.mark.parametrize("by_hand", [{"b": 1.0}, "text", [[1.0], [1.0, 2.0]]], ids=repr)
def test_a_gradient_that_is_no_array_of_numbers_is_named(by_hand):
    with pytest.raises(TypeError, match=r"gradient of b is no array of numbers: "):
        assert_gradients_agree(
            lambda w, b: np.sum(w), lambda w, b: [np.ones(2), by_hand], np.ones(2), np.ones(2)
        )


@pytest.mark.parametrize("by_hand", [None, [None], [None, None]], ids=repr)
def test_where_nothing_is_compared_nothing_passes(by_hand):
    arrays = [np.ones(2)] * (len(by_hand) if by_hand else 1)
    with pytest.raises(ValueError, match="nothing to compare: is its return missing"):
        assert_gradients_agree(lambda w, b=0.0: np.sum(w), lambda *arrays: by_hand, *arrays)


def log_likelihood_of_labels(labels, w):
    """The labels pick an output of each of three examples."""
    return -np.sum(np.log(softmax(np.eye(3) @ w)[np.arange(3), labels]))


def test_labels_may_serve_as_indices():
    labels, w = np.array([0, 3, 1]), np.random.default_rng(0).normal(size=(3, 4))

    def by_hand(labels, w):
        return None, softmax(w) - np.eye(4)[labels]

    assert_gradients_agree(log_likelihood_of_labels, by_hand, labels, w)
    with pytest.raises(AssertionError, match=r"gradient of w\[\d, \d\]: .*sign is wrong"):
        assert_gradients_agree(
            log_likelihood_of_labels, lambda labels, w: (None, -by_hand(labels, w)[1]), labels, w
        )


def test_a_gradient_of_labels_that_serve_as_indices_says_what_to_do():
    with pytest.raises(IndexError) as raised:
        assert_gradients_agree(
            log_likelihood_of_labels, lambda *arrays: arrays, np.array([0, 3, 1]), np.ones((3, 4))
        )
    assert "let gradients give None for it" in str(raised.value.__notes__)


def test_a_cost_that_writes_to_its_data_leaves_that_of_the_caller():
    x = np.ones(2)

    def cost(x, w):
        x *= 2.0
        return x @ w

    for given in (x, x.tolist()):
        assert_gradients_agree(cost, lambda x, w: [None, 2.0 * np.array(x)], given, np.ones(2))
        assert list(given) == [1.0, 1.0]


def test_what_either_function_raises_comes_through():
    with pytest.raises(KeyError, match="by hand"):
        assert_gradients_agree(lambda w: np.sum(w), lambda w: {}["by hand"], np.ones(2))
    with pytest.raises(ValueError, match=r"log\(x\) needs x > 0"):
        assert_gradients_agree(lambda w: np.log(w[0]), lambda w: w, np.zeros(2))


def test_the_cost_gives_one_number():
    with pytest.raises(TypeError, match="gives one number"):
        assert_gradients_agree(lambda w: w * 2.0, lambda w: w, np.ones(2))


def test_gradients_that_write_to_their_arguments_are_compared_at_the_given_arrays():
    def by_hand(w):
        w *= 2.0
        return w  # 2 w, the gradient at the w that was given

    w = np.array([1.0, 2.0])
    assert_gradients_agree(lambda w: w @ w, by_hand, w)
    assert w.tolist() == [1.0, 2.0]


# The homework among the examples, its mistake mended, run by pytest as its author runs it.

HOMEWORK = Path(__file__).parents[1] / "examples" / "19_homework"
MISTAKE = "delta2 @ w2.T  #", "delta2 @ w2.T * (1 - a1**2)  #"
SLIPS_IN_THE_SAMPLE = {
    "1/m": ("(a2 - Y) / m", "(a2 - Y)", "w1 b1 w2 b2", NAMED["1/m"]),
    "1/2": ("(a2 - Y) / m", "2 * (a2 - Y) / m", "w1 b1 w2 b2", NAMED["1/2"]),
    "transpose": ("a1.T @ delta2", "delta2.T @ a1", "w2", NAMED["transpose"]),
    "transpose, first": ("X.T @ delta1", "delta1.T @ X", "w1", NAMED["transpose"]),
    "sign": ("(a2 - Y) / m", "(Y - a2) / m", "w1 b1 w2 b2", NAMED["sign"]),
    "a'(z)": (" * a2 * (1 - a2)", "", "w1 b1 w2 b2", "a'(z) is missing: the derivative of neg exp"),
    "a'(z), first": (" * (1 - a1**2)", "", "w1 b1", "a'(z) is missing: the derivative of tanh"),
    "axis": ("delta2.sum(axis=0)", "delta2.sum(axis=1)", "b2", NAMED["axis"]),
    "axis, first": ("delta1.sum(axis=0)", "delta1.sum(axis=1)", "b1", NAMED["axis"]),
}


@pytest.fixture(scope="module")
def pytest_on_samples(tmp_path_factory):
    """What pytest prints for the sample, right and with each slip, by name of the file."""
    directory = tmp_path_factory.mktemp("homework")
    text = (HOMEWORK / "backpropagation.py").read_text(encoding="utf-8").replace(*MISTAKE)
    test = (HOMEWORK / "test_backpropagation.py").read_text(encoding="utf-8")
    modules = {"right": text}
    for k, (right, wrong, _, _) in enumerate(SLIPS_IN_THE_SAMPLE.values()):
        assert text.count(right) == 1, right
        modules[f"slip_{k}"] = text.replace(right, wrong)
    for name, source in modules.items():
        (directory / f"{name}.py").write_text(source, encoding="utf-8")
        of_this = test.replace("from backpropagation", f"from {name}")
        (directory / f"test_{name}.py").write_text(of_this, encoding="utf-8")
    project = str(HOMEWORK.parents[1])
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "--tb=short", "-p", "no:cacheprovider", "."],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": project, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    return finished.stdout


def test_the_sample_passes(pytest_on_samples):
    assert "test_right.py::test_backpropagation PASSED" in pytest_on_samples
    assert f"{len(SLIPS_IN_THE_SAMPLE)} failed, 1 passed" in pytest_on_samples


@pytest.mark.parametrize("slip", SLIPS_IN_THE_SAMPLE)
def test_a_slip_in_the_sample_fails_with_its_name(pytest_on_samples, slip):
    k = list(SLIPS_IN_THE_SAMPLE).index(slip)
    _, _, arrays, name = SLIPS_IN_THE_SAMPLE[slip]
    assert f"test_slip_{k}.py::test_backpropagation FAILED" in pytest_on_samples
    (section,) = re.findall(
        rf"^test_slip_{k}\.py:\d+: in test_backpropagation\n(.*?)(?=^___|^===)",
        pytest_on_samples,
        re.M | re.S,
    )
    lines = re.findall(r"gradient of (\w+)(?:\[[\d, ]+\])?: by hand (.*)", section)
    assert [array for array, _ in lines] == arrays.split()
    for _, text in lines:
        assert re.match(r"(-?[\d.e-]+, right -?[\d.e-]+|of shape .*, right of shape .*);", text)
        assert name in text.partition("likely slip: ")[2]
