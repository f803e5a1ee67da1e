"""Homework: backpropagation of a two-layer network by hand, in NumPy, and its test."""

import numpy as np

from micrograd_bp.testing import assert_gradients_agree

rng = np.random.default_rng(0)
m = 5
X = rng.normal(size=(m, 3))
Y = rng.uniform(size=(m, 2))


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def forward(w1, b1, w2, b2):
    a1 = np.tanh(X @ w1 + b1)  # (m, 4)
    a2 = sigmoid(a1 @ w2 + b2)  # (m, 2)
    return a1, a2


def cost(w1, b1, w2, b2):
    _, a2 = forward(w1, b1, w2, b2)
    return np.sum((a2 - Y) ** 2) / (2 * m)


def backpropagation(w1, b1, w2, b2):
    a1, a2 = forward(w1, b1, w2, b2)
    delta2 = (a2 - Y) / m * a2 * (1 - a2)  # (m, 2)
    delta1 = delta2 @ w2.T * (1 - a1**2)  # (m, 4)
    return X.T @ delta1, delta1.sum(axis=0), a1.T @ delta2, delta2.sum(axis=0)


def test_backpropagation():
    w1, b1 = rng.normal(size=(3, 4)), rng.normal(size=4)
    w2, b2 = rng.normal(size=(4, 2)), rng.normal(size=2)
    assert_gradients_agree(cost, backpropagation, w1, b1, w2, b2)
