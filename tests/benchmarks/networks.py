"""The four networks of the benchmarks, their data and first weights; a step of ours and of NumPy.

Nielsen's chapter 1 has sigmoids and the quadratic cost; micrograd has relu, so its network has too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from micrograd_bp import MLP, SGD, Value, matrix_form, quadratic

ETA = 0.01

Arrays = list[Any]


@dataclass(frozen=True)
class Network:
    """Layer sizes n_0 .. n_L, batch size m, activations of the hidden layers and of the output."""

    sizes: tuple[int, ...]
    m: int
    hidden: str = "sigmoid"
    output: str = "sigmoid"

    def __str__(self) -> str:
        return f"{'-'.join(map(str, self.sizes))}, {self.m}"

    @property
    def activations(self) -> tuple[str, ...]:
        """One name per layer."""
        return (self.hidden,) * (len(self.sizes) - 2) + (self.output,)

    def weights(self) -> tuple[Arrays, Arrays]:
        """Fresh w (n_(l-1), n_l) and b (n_l,) of each layer, the same at every call."""
        rng = np.random.default_rng(1)
        w = [rng.normal(0.0, n_in**-0.5, (n_in, n_out)) for n_in, n_out in pairwise(self.sizes)]
        return w, [rng.normal(0.0, 0.1, n) for n in self.sizes[1:]]

    def data(self) -> tuple[Any, Any]:
        """X (m, n_0) and Y (m, n_L): one of ten classes, or a number between -1 and 1."""
        rng = np.random.default_rng(2)
        X = rng.random((self.m, self.sizes[0]))
        if self.sizes[-1] == 1:
            return 2.0 * X - 1.0, rng.uniform(-1.0, 1.0, (self.m, 1))
        return X, np.eye(self.sizes[-1])[rng.integers(self.sizes[-1], size=self.m)]


NETWORKS = (
    Network((2, 16, 16, 1), 100, "relu", "linear"),
    Network((64, 30, 10), 10),
    Network((784, 30, 10), 10),
    Network((784, 30, 10), 100),
)


@dataclass(frozen=True)
class Trainer:
    """`step()` makes one step and gives the mean cost before it; `weights()` are w and b now."""

    step: Callable[[], float]
    weights: Callable[[], tuple[Arrays, Arrays]]


@cache
def lifted(sizes: tuple[int, ...], activations: tuple[str, ...]) -> Any:
    """One cost recorded on scalars, and the matrix form of it."""
    n_in, *n_out = sizes
    net = MLP(n_in, n_out, activation=activations, rng=0)
    x, y = [Value(0.1) for _ in range(n_in)], [Value(0.0) for _ in range(n_out[-1])]
    return matrix_form(quadratic(net(x), y), [*x, *y], net.parameters())


def our_trainer(network: Network) -> Trainer:
    """The scalar graph in its matrix form; networks that differ in m alone share one, in turns."""
    form = lifted(network.sizes, network.activations)
    form.parameters[:] = to_flat(*network.weights())
    X = np.hstack(network.data())  # (m, n_0 + n_L)
    sgd = SGD([], ETA)

    def step() -> float:
        cost, gradient = form.value_and_gradient(X)
        sgd.update(form.parameters, gradient)
        return cost

    return Trainer(step, lambda: from_flat(form.parameters, network.sizes))


def numpy_trainer(network: Network) -> Trainer:
    """NumPy by hand, batch-major, written out for the two shapes of network."""
    return _numpy_relu(network) if network.hidden == "relu" else _numpy_sigmoid(network)


def _numpy_relu(network: Network) -> Trainer:
    """Two hidden layers of relu, a linear output."""
    (w1, w2, w3), (b1, b2, b3) = network.weights()
    X, Y = network.data()  # (m, n_0), (m, n_3)
    m = network.m

    def step() -> float:
        nonlocal w1, w2, w3, b1, b2, b3
        z1 = X @ w1 + b1  # (m, n_1)
        a1 = np.maximum(z1, 0.0)
        z2 = a1 @ w2 + b2  # (m, n_2)
        a2 = np.maximum(z2, 0.0)
        error = a2 @ w3 + b3 - Y  # (m, n_3)
        cost = (error**2).sum() / (2 * m)
        delta3 = error / m  # (m, n_3)
        delta2 = delta3 @ w3.T * (z2 > 0.0)  # (m, n_2)
        delta1 = delta2 @ w2.T * (z1 > 0.0)  # (m, n_1)
        dw1, db1 = X.T @ delta1, delta1.sum(axis=0)
        dw2, db2 = a1.T @ delta2, delta2.sum(axis=0)
        dw3, db3 = a2.T @ delta3, delta3.sum(axis=0)
        w1 -= ETA * dw1
        b1 -= ETA * db1
        w2 -= ETA * dw2
        b2 -= ETA * db2
        w3 -= ETA * dw3
        b3 -= ETA * db3
        return float(cost)

    return Trainer(step, lambda: ([w1, w2, w3], [b1, b2, b3]))


def _numpy_sigmoid(network: Network) -> Trainer:
    """One hidden layer, sigmoid throughout."""
    (w1, w2), (b1, b2) = network.weights()
    X, Y = network.data()  # (m, n_0), (m, n_2)
    m = network.m

    def step() -> float:
        nonlocal w1, w2, b1, b2
        a1 = 1.0 / (1.0 + np.exp(-(X @ w1 + b1)))  # (m, n_1)
        a2 = 1.0 / (1.0 + np.exp(-(a1 @ w2 + b2)))  # (m, n_2)
        error = a2 - Y  # (m, n_2)
        cost = (error**2).sum() / (2 * m)
        delta2 = error / m * a2 * (1.0 - a2)  # (m, n_2)
        delta1 = delta2 @ w2.T * a1 * (1.0 - a1)  # (m, n_1)
        dw1, db1 = X.T @ delta1, delta1.sum(axis=0)
        dw2, db2 = a1.T @ delta2, delta2.sum(axis=0)
        w1 -= ETA * dw1
        b1 -= ETA * db1
        w2 -= ETA * dw2
        b2 -= ETA * db2
        return float(cost)

    return Trainer(step, lambda: ([w1, w2], [b1, b2]))


def to_flat(w: Arrays, b: Arrays) -> Any:
    """The parameters (p,), in the order of `parameters()`: w_1j, w_2j, ..., b_j of each neuron."""
    return np.concatenate([np.vstack([w_l, b_l]).T.ravel() for w_l, b_l in zip(w, b, strict=True)])


def from_flat(theta: Any, sizes: Sequence[int]) -> tuple[Arrays, Arrays]:
    """w and b of each layer, views of the parameters (p,) in the order of `parameters()`."""
    w, b, start = [], [], 0
    for n_in, n_out in pairwise(sizes):
        stop = start + n_out * (n_in + 1)
        layer = theta[start:stop].reshape(n_out, n_in + 1).T  # (n_(l-1) + 1, n_l)
        w.append(layer[:-1])
        b.append(layer[-1])
        start = stop
    return w, b
