"""Central differences of the cost, by a forward pass in NumPy that shares nothing with the graph.

An entry where the cost has a kink within the step (relu at z = 0) has no derivative to compare:
it is nan. For a smooth cost the jump between the one-sided slopes shrinks with the step; at a kink
it does not. Where the cost itself is not finite, the slope is inf.
"""

from typing import Any

import numpy as np

from micrograd_bp.engine import Value
from micrograd_bp.equations.observed import Array, Cost, Observed
from micrograd_bp.nn import MLP

STEP = 6e-6  # about the cube root of the machine's epsilon: rounding and truncation in balance
KINK = 1e-7


class Differences:
    """dC_x/dz^l, dC_x/db^l and dC_x/dw^l of a network at an example, one number at a time."""

    def __init__(self, net: MLP, seen: Observed, y: Any, cost: Cost) -> None:
        self.net, self.seen, self.y, self.cost = net, seen, y, cost

    def delta(self, l: int) -> Array:
        z = self.seen.a[l - 1] @ self.seen.w[l] + self.seen.b[l]  # (n_l,)
        return self._slopes(l, z, lambda h: z + h * np.eye(len(z)))  # (n_l,)

    def grad_b(self, l: int) -> Array:
        b = self.seen.b[l]
        products = self.seen.a[l - 1] @ self.seen.w[l]
        return self._slopes(l, b, lambda h: products + (b + h * np.eye(len(b))))  # (n_l,)

    def grad_w(self, l: int) -> Array:
        a, w, b = self.seen.a[l - 1], self.seen.w[l], self.seen.b[l]

        def moved(h: Array) -> Array:
            z = np.tile(a @ w + b, (w.size, 1))  # (n_(l-1) n_l, n_l)
            for k in range(w.size):
                i, j = divmod(k, w.shape[1])
                w_j = w[:, j].copy()
                w_j[i] += h[k, 0]
                z[k, j] = a @ w_j + b[j]
            return z

        return self._slopes(l, w.ravel(), moved).reshape(w.shape)

    def _slopes(self, l: int, at: Array, moved: Any) -> Array:
        """Of each number in `at`: the slope of the cost, where moved(h) gives rows of z^l."""
        h = STEP * np.maximum(1.0, np.abs(at))[:, None]  # (entries, 1)
        up, down = self._costs(l, moved(h)), self._costs(l, moved(-h))
        up_half, down_half = self._costs(l, moved(h / 2)), self._costs(l, moved(-h / 2))
        h = h[:, 0]
        slope = (up - down) / (2 * h)
        jump = (up - 2 * self.seen.cost + down) / h
        jump_half = (up_half - 2 * self.seen.cost + down_half) / (h / 2)
        scale = np.maximum(np.abs(slope), max(1.0, abs(self.seen.cost)))
        at_kink = np.abs(jump - 2 * jump_half) > KINK * scale
        return np.where(at_kink, np.nan, np.where(np.isfinite(slope), slope, np.inf))

    def _costs(self, l: int, z: Array) -> Array:
        """C_x of each row of z^l (rows, n_l)."""
        layers = self.net.layers[l - 1 :]
        a = np.stack(layers[0].activate(list(z.T)), axis=1)
        for k, layer in enumerate(layers[1:], l + 1):
            z = a @ self.seen.w[k] + self.seen.b[k]  # (rows, n_k)
            a = np.stack(layer.activate(list(z.T)), axis=1)
        return np.array([self._cost(row) for row in a.tolist()])

    def _cost(self, outputs: list[float]) -> float:
        values = [Value(a_j) for a_j in outputs]
        return self.cost(values[0] if len(values) == 1 else values, self.y).data
