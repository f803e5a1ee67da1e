"""Optimisers: one rule on arrays, `update(theta, gradient)`, that also steps Values."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from micrograd_bp.engine import Value

Array = np.ndarray[Any, np.dtype[np.float64]]


class SGD:
    """Gradient descent on `parameters`: theta <- theta - eta grad C.

    The gradient is that of the average cost over a mini-batch; then this is the stochastic method.
    learning_rate: eta > 0; assign to `learning_rate` to change it between steps.
    """

    def __init__(self, parameters: Iterable[Value], learning_rate: float) -> None:
        self.parameters = list(parameters)
        if not learning_rate > 0.0:
            raise ValueError(f"learning_rate is positive, got {learning_rate}")
        self.learning_rate = learning_rate

    def update(self, theta: Array, gradient: Array) -> None:
        """Step the vector `theta` (p,) in place, along its `gradient` (p,)."""
        theta -= self.learning_rate * gradient

    def step(self) -> None:
        """Step the parameters, each along the `grad` that it holds."""
        theta = np.array([p.data for p in self.parameters])
        self.update(theta, np.array([p.grad for p in self.parameters]))
        for p, number in zip(self.parameters, theta.tolist(), strict=True):
            p.data = number

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for p in self.parameters:
            p.grad = 0.0
