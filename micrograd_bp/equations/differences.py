"""Central differences of the cost, by a forward pass in NumPy that shares nothing with the graph.

An entry is nan where differences cannot tell the slope: at a kink (relu at z = 0), where the jump
between the one-sided slopes does not shrink with the step, at the border of the cost's domain, or
where the rounding of the outputs hides it at every step. It is inf where the cost itself differs
from the graph's by more than that rounding.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from micrograd_bp.engine import Value
from micrograd_bp.equations.observed import Array, Cost, Observed
from micrograd_bp.nn import MLP
from micrograd_bp.primitives import ARITHMETIC

Ints = np.ndarray[Any, np.dtype[Any]]

STEP = 6e-6  # about the cube root of the machine's epsilon: rounding and truncation in balance
LARGER = (1.0, 10.0, 100.0, 1000.0, 10_000.0)  # where rounding is worse, a larger step is better
RESOLVED = 1e-7


class Differences:
    """dC_x/dz^l, dC_x/db^l and dC_x/dw^l of a network at an example, one number at a time."""

    def __init__(self, net: MLP, seen: Observed, y: Any, cost: Cost) -> None:
        self.net, self.seen, self.y, self.cost = net, seen, y, cost
        self.noise = self._noise()

    def delta(self, l: int) -> Array:
        z = self.seen.a[l - 1] @ self.seen.w[l] + self.seen.b[l]  # (n_l,)
        return self._slopes(l, _steps(z), lambda k, h: _bumped(z, k, h))  # (n_l,)

    def grad_b(self, l: int) -> Array:
        b, products = self.seen.b[l], self.seen.a[l - 1] @ self.seen.w[l]
        return self._slopes(l, _steps(b), lambda k, h: products + _bumped(b, k, h))  # (n_l,)

    def grad_w(self, l: int) -> Array:
        a, w, b = self.seen.a[l - 1], self.seen.w[l], self.seen.b[l]

        def bumped(k: Ints, h: Array) -> Array:
            z = np.tile(a @ w + b, (len(k), 1))  # (entries, n_l)
            for row, (i, j) in enumerate(zip(*np.unravel_index(k, w.shape), strict=True)):
                w_j = w[:, j].copy()
                w_j[i] += h[row]
                z[row, j] = a @ w_j + b[j]
            return z

        steps = _steps(w) / np.maximum(1.0, np.abs(a))[:, None]  # so that z moves by the step
        return self._slopes(l, steps.ravel(), bumped).reshape(w.shape)

    def _slopes(self, l: int, steps: Array, bumped: Callable[[Ints, Array], Array]) -> Array:
        """dC_x by several numbers; bumped(k, h) has a row of z^l for each k, with h added to it."""
        entries = np.arange(len(steps))
        if np.isinf(self.noise):
            return np.full(len(steps), np.nan)
        here = self._costs(l, bumped(entries[:1], np.zeros(1)))[0]
        scale = max(1.0, abs(self.seen.cost))
        if not abs(here - self.seen.cost) <= 1e-9 * scale + 4 * self.noise:
            return np.full(len(steps), np.inf)
        slopes = np.full(len(steps), np.nan)
        for factor in LARGER:
            k = entries[np.isnan(slopes) & (self.noise <= RESOLVED * scale * factor * steps)]
            if not k.size:
                continue
            h = factor * steps[k]
            up, down = (self._costs(l, bumped(k, d)) for d in (h, -h))
            up_half, down_half = (self._costs(l, bumped(k, d)) for d in (h / 2, -h / 2))
            slope, half = (up - down) / (2 * h), (up_half - down_half) / h
            jump = (up - 2 * here + down) / h - 2 * (up_half - 2 * here + down_half) / (h / 2)
            error = np.maximum(np.abs(jump), np.abs(slope - half))
            best = (4 * half - slope) / 3  # Richardson: what remains is of fourth order in h
            resolved = error <= RESOLVED * np.maximum(scale, np.abs(best))
            slopes[k] = np.where(resolved, best, np.nan)
        return slopes

    def _costs(self, l: int, z: Array) -> Array:
        """C_x of each row of z^l (rows, n_l)."""
        layers = self.net.layers[l - 1 :]
        a: Array = np.stack(layers[0].activate(list(z.T)), axis=1)
        for k, layer in enumerate(layers[1:], l + 1):
            z = a @ self.seen.w[k] + self.seen.b[k]  # (rows, n_k)
            a = np.stack(layer.activate(list(z.T)), axis=1)
        return np.array([self._cost(row) for row in a.tolist()])

    def _cost(self, outputs: list[float]) -> float:
        """C_x of the outputs; nan outside of its domain."""
        values = [Value(a_j) for a_j in outputs]
        try:
            return self.cost(values[0] if len(values) == 1 else values, self.y).data
        except ARITHMETIC:
            return np.nan

    def _noise(self) -> float:
        """How far the rounding of the outputs, by one unit in the last place each, moves C_x.

        It is inf where one of them leaves the domain of the cost.
        """
        a, noise = self.seen.a[-1], 0.0
        for j in range(len(a)):
            for towards in (-np.inf, np.inf):
                moved = a.copy()
                moved[j] = np.nextafter(a[j], towards)
                noise += abs(self._cost(moved.tolist()) - self.seen.cost)
        return np.inf if np.isnan(noise) else noise


def _steps(numbers: Array) -> Array:
    return STEP * np.maximum(1.0, np.abs(numbers))


def _bumped(numbers: Array, k: Ints, h: Array) -> Array:
    """A row for each place k, with h added there."""
    rows = np.tile(numbers, (len(k), 1))
    rows[np.arange(len(k)), k] += h
    return rows
