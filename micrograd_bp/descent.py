"""gradient_descent for any differentiable function; optimisers, each one rule on arrays."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import hypot, isfinite
from typing import Any

import numpy as np

from micrograd_bp.engine import Value
from micrograd_bp.functional import value_and_grad
from micrograd_bp.primitives import ARITHMETIC, as_real
from micrograd_bp.structure import leaves, rebuilt

Array = np.ndarray[Any, np.dtype[np.float64]]

PATIENCE = 100  # steps without a lower cost, after which a descent has stalled
FAR = 1e9  # times the first cost (or 1), beyond which it has diverged


@dataclass
class Descent:
    """The course of a gradient descent: lists with an entry for each point v of the path.

    reason: "converged", "stalled", "diverged", "left the domain" or "out of steps".
    v, cost: the last point, which is good: cost and gradient are finite there.
    best: the position on the path of the lowest cost.
    predicted, actual: per step, grad C . dv and C(v + dv) - C(v); one entry fewer than the path.
    error: what the function raised outside its domain, if that ended the descent.
    """

    reason: str = ""
    path: list[Any] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    gradients: list[Any] = field(default_factory=list)
    predicted: list[float] = field(default_factory=list)
    actual: list[float] = field(default_factory=list)
    best: int = 0
    error: Exception | None = None

    @property
    def v(self) -> Any:
        return self.path[-1]

    @property
    def cost(self) -> float:
        return self.costs[-1]

    @property
    def converged(self) -> bool:
        return self.reason == "converged"

    @property
    def steps(self) -> int:
        return len(self.path) - 1

    def __str__(self) -> str:
        why = f" ({type(self.error).__name__}: {self.error})" if self.error else ""
        return f"{self.reason} after {self.steps} steps{why}: C = {self.cost:.10g} at v = {self.v}"


def gradient_descent(
    f: Callable[..., Any],
    v0: Any,
    learning_rate: float = 0.1,
    tolerance: float = 1e-8,
    max_steps: int = 10_000,
) -> Descent:
    """Minimise f by v <- v - eta grad C(v), until the gradient is shorter than `tolerance`.

    f: any differentiable function that gives one number; a tuple v0 is spread, f(*v0), another
        v0 (a number, a list, an array) is its one argument.
    learning_rate: eta > 0. tolerance: of the Euclidean norm of the gradient.

    The descent ends, with its reason, when it converges; when 100 steps bring no lower cost, or a
    step is too small to change v: it has stalled, or diverged if each of them raised the cost;
    when a cost or gradient is not finite or is 1e9 times the first cost: diverged; when f raises an
    arithmetic error outside its domain, which is kept as `error`; or out of steps. Raises what f
    raises at v0, and all that is no arithmetic error; ValueError for settings that are no descent.
    """
    _require_positive("learning_rate", learning_rate)
    if not (tolerance >= 0.0 and max_steps >= 0):
        raise ValueError(f"tolerance {tolerance} and max_steps {max_steps} are at least 0")
    evaluate = value_and_grad(f, range(len(v0))) if isinstance(v0, tuple) else value_and_grad(f)
    descent, v = Descent(), rebuilt(v0, lambda x: as_real(x, "v0"))
    cost, gradient = _at(evaluate, v)
    _append(descent, v, cost, gradient)
    while not descent.reason:
        slope = np.array(list(leaves(descent.gradients[-1])))  # (p,)
        if hypot(*slope.tolist()) <= tolerance:
            descent.reason = "converged"
        elif descent.steps >= max_steps:
            descent.reason = "out of steps"
        elif descent.steps - descent.best >= PATIENCE:
            rises = all(change > 0.0 for change in descent.actual[-PATIENCE:])
            descent.reason = "diverged" if rises else "stalled"
        else:
            _step(descent, evaluate, slope, learning_rate)
    return descent


def _step(descent: Descent, evaluate: Any, slope: Array, learning_rate: float) -> None:
    """Append one step, or say why there is none."""
    theta = np.array(list(leaves(descent.v)))  # (p,)
    moved = theta - learning_rate * slope
    if np.array_equal(moved, theta):
        descent.reason = "stalled"
        return
    numbers = iter(moved.tolist())
    v = rebuilt(descent.v, lambda _: next(numbers))
    try:
        cost, gradient = _at(evaluate, v)
    except ARITHMETIC as error:
        descent.reason, descent.error = "left the domain", error
        return
    finite = isfinite(cost) and all(isfinite(g) for g in leaves(gradient))
    if not finite or abs(cost) > FAR * max(1.0, abs(descent.costs[0])):
        descent.reason = "diverged"
        return
    descent.predicted.append(float(slope @ (moved - theta)))
    descent.actual.append(cost - descent.cost)
    _append(descent, v, cost, gradient)


def _at(evaluate: Any, v: Any) -> tuple[float, Any]:
    cost, gradient = evaluate(*v) if isinstance(v, tuple) else evaluate(v)
    return float(cost), gradient


def _append(descent: Descent, v: Any, cost: float, gradient: Any) -> None:
    if descent.path and cost < descent.costs[descent.best]:
        descent.best = len(descent.path)
    descent.path.append(v)
    descent.costs.append(cost)
    descent.gradients.append(gradient)


class Optimiser:
    """What optimisers share: parameters, a learning rate, and one rule on arrays, `update`.

    The gradient is that of the average cost over a mini-batch: then the method is stochastic.
    Assign to `learning_rate` to change it between steps. STATE names the attributes that steps
    change, arrays (p,) and numbers: a checkpoint holds them. The other numbers are settings.
    """

    STATE: tuple[str, ...] = ()

    def __init__(self, parameters: Iterable[Value], learning_rate: float) -> None:
        if not isinstance(parameters, Iterable):
            raise TypeError(f"parameters is a list such as net.parameters(), got {parameters!r}")
        self.parameters = list(parameters)
        _require_positive("learning_rate", learning_rate)
        self.learning_rate = learning_rate

    def update(self, theta: Array, gradient: Array) -> None:
        """Step the vector `theta` (p,) in place, given the `gradient` (p,) of the cost."""
        raise NotImplementedError

    def step(self) -> None:
        """Step the parameters, given the `grad` that each of them holds."""
        theta = np.array([p.data for p in self.parameters])
        self.update(theta, np.array([p.grad for p in self.parameters]))
        for p, number in zip(self.parameters, theta.tolist(), strict=True):
            p.data = number

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for p in self.parameters:
            p.grad = 0.0

    def state(self) -> dict[str, Any]:
        """What STATE names."""
        return {name: vars(self)[name] for name in self.STATE}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from `state()`."""
        vars(self).update({name: state[name] for name in self.STATE})

    def settings(self) -> dict[str, Any]:
        """The class, and the numbers that steps leave as they are.

        Raises TypeError for an array among them, which is a state that STATE leaves out.
        """
        left_out = {"parameters", *self.STATE}
        found = {name: x for name, x in vars(self).items() if name not in left_out}
        for name, x in found.items():
            if isinstance(x, np.ndarray):
                kind = type(self).__name__
                raise TypeError(f"{kind}.{name} is an array: name it in {kind}.STATE")
        return {"optimizer": type(self).__name__, **found}


class SGD(Optimiser):
    """theta <- theta - eta grad C."""

    def update(self, theta: Array, gradient: Array) -> None:
        theta -= self.learning_rate * gradient


class Momentum(Optimiser):
    """dtheta <- mu dtheta - eta grad C; theta <- theta + dtheta.

    momentum: mu, from 0 to below 1 (Rumelhart, Hinton and Williams 1986).
    """

    STATE = ("velocity",)

    def __init__(
        self, parameters: Iterable[Value], learning_rate: float, momentum: float = 0.9
    ) -> None:
        super().__init__(parameters, learning_rate)
        _require_fraction("momentum", momentum)
        self.momentum = momentum
        self.velocity: Array = np.zeros(len(self.parameters))

    def update(self, theta: Array, gradient: Array) -> None:
        self.velocity *= self.momentum
        self.velocity -= self.learning_rate * gradient
        theta += self.velocity


class Adam(Optimiser):
    """Steps of the mean gradient over the root of its mean square (Kingma and Ba 2015).

    betas: decay of the two means, from 0 to below 1. eps: keeps the quotient finite.
    """

    STATE = ("mean", "mean_square", "steps")

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(parameters, learning_rate)
        for beta in betas:
            _require_fraction("each of betas", beta)
        _require_positive("eps", eps)
        self.betas, self.eps = betas, eps
        self.mean: Array = np.zeros(len(self.parameters))
        self.mean_square: Array = np.zeros(len(self.parameters))
        self.steps = 0

    def update(self, theta: Array, gradient: Array) -> None:
        self.steps += 1
        beta1, beta2 = self.betas
        self.mean += (1.0 - beta1) * (gradient - self.mean)
        self.mean_square += (1.0 - beta2) * (gradient * gradient - self.mean_square)
        mean = self.mean / (1.0 - beta1**self.steps)
        mean_square = self.mean_square / (1.0 - beta2**self.steps)
        theta -= self.learning_rate * mean / (np.sqrt(mean_square) + self.eps)


def _require_positive(name: str, number: float) -> None:
    if not 0.0 < as_real(number, name) < np.inf:
        raise ValueError(f"{name} is positive and finite, got {number}")


def _require_fraction(name: str, number: float) -> None:
    if not 0.0 <= as_real(number, name) < 1.0:
        raise ValueError(f"{name} is from 0 to below 1, got {number}")
