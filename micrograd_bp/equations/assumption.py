"""The assumption behind BP1 and BP2: z_i moves a_i alone. Softmax breaks it.

Source: the post's footnote 4. Everything here is read from the scalar graph, not from names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from micrograd_bp.activations import name_of
from micrograd_bp.costs import log_likelihood, quadratic
from micrograd_bp.equations import matrix
from micrograd_bp.equations.observed import Array, Cost, Observed, observe
from micrograd_bp.nn import MLP

AGREE = 1e-9


@dataclass(frozen=True)
class CoupledLayer:
    """A layer where the assumption breaks: errors of all its neurons, three ways.

    jacobian[j, i] = da_j/dz_i; off_diagonal is its largest entry with j != i, by absolute value.
    elementwise is BP1 (or BP2) as if each z_i moved a_i alone; general is J^T dC_x/da; delta is
    what the graph left at z.
    """

    layer: int
    jacobian: Array  # (n_l, n_l)
    grad_a: Array  # (n_l,)
    elementwise: Array  # (n_l,)
    general: Array  # (n_l,)
    delta: Array  # (n_l,)

    @property
    def off_diagonal(self) -> float:
        others = self.jacobian - np.diag(np.diag(self.jacobian))
        return float(np.max(np.abs(others)))

    @property
    def elementwise_right(self) -> list[bool]:
        return self._right(self.elementwise)

    @property
    def general_right(self) -> list[bool]:
        return self._right(self.general)

    def _right(self, form: Array) -> list[bool]:
        """Which entries are those of the graph, to 1e-9 of the largest and to rounding."""
        rounding = 16.0 * np.finfo(float).eps * np.abs(self.jacobian).T @ np.abs(self.grad_a)
        errors = np.abs(form - self.delta)
        allowed = AGREE * np.max(np.abs(self.delta)) + rounding
        return [bool(error <= limit) for error, limit in zip(errors, allowed, strict=True)]

    def __str__(self) -> str:
        equation = "da_j/dz_i, row j, column i:"
        rows = ["    " + " ".join(f"{d:9.5f}" for d in row) for row in self.jacobian]
        table = ["     i   graph delta_i   elementwise          general"]
        for i in range(len(self.delta)):
            marks = [
                "" if right else " WRONG"
                for right in (self.elementwise_right[i], self.general_right[i])
            ]
            table.append(
                f"  {i + 1:4} {self.delta[i]:15.6g} {self.elementwise[i]:13.6g}{marks[0]:6}"
                f" {self.general[i]:11.6g}{marks[1]}"
            )
        return "\n".join([f"  layer {self.layer}: {equation}", *rows, *table])


@dataclass(frozen=True)
class AssumptionReport:
    """Per layer 1..L the activation's name and whether it couples neurons; where it does, how."""

    activations: tuple[str, ...]
    couples: tuple[bool, ...]
    layers: tuple[CoupledLayer, ...]

    @property
    def holds(self) -> bool:
        """Whether z_i moves a_i alone in every layer, so that BP1 and BP2 stand as written."""
        return not any(self.couples)

    def __str__(self) -> str:
        lines = ["Does z_i move a_i alone? BP1 and BP2 assume it."]
        for l, (name, couples) in enumerate(zip(self.activations, self.couples, strict=True), 1):
            verdict = "no: z_i moves other a_j too" if couples else "yes"
            lines.append(f"  layer {l}, {name}: {verdict}")
        return "\n".join([*lines, *map(str, self.layers)])


def assumption_report(
    net: MLP, x: Sequence[Any] | None = None, y: Any = None, cost: Cost | None = None
) -> AssumptionReport:
    """Which activations of `net` break the assumption, and what it does to their errors.

    x: one example; None takes that of the latest forward pass, or else all ones.
    y: its target; None is 1 for the first output and 0 for the others.
    cost: cost(outputs, y); None is log_likelihood where the output layer couples, else quadratic.

    This is a forward pass of `net`; gradients that its parameters hold are kept.
    """
    if not isinstance(net, MLP):
        raise TypeError(f"assumption_report takes an MLP, got {net!r}")
    if x is None:
        x = net.latest_inputs() or [1.0] * net.sizes[0]
    if y is None:
        y = [1.0] + [0.0] * (net.sizes[-1] - 1)
    if cost is None:
        coupled = observe(net, x, y, quadratic).coupled[-1]
        cost = log_likelihood if coupled else quadratic
    seen = observe(net, x, y, cost)
    layers = [_coupled_layer(seen, l) for l in range(1, len(seen.a)) if seen.coupled[l]]
    names = tuple(name_of(layer.activation) for layer in net.layers)
    return AssumptionReport(names, tuple(seen.coupled[1:]), tuple(layers))


def _coupled_layer(seen: Observed, l: int) -> CoupledLayer:
    is_output = l == len(seen.a) - 1
    grad_a = seen.grad_a if is_output else seen.w[l + 1] @ seen.delta[l + 1]
    return CoupledLayer(
        layer=l,
        jacobian=seen.jacobian[l],
        grad_a=grad_a,
        elementwise=matrix.bp1(grad_a, seen.a_prime(l)),
        general=matrix.bp1_general(grad_a, seen.jacobian[l]),
        delta=seen.delta[l],
    )
