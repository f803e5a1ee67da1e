"""check_equations: scalar graph, component form, matrix form and differences, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from micrograd_bp.equations import component, matrix
from micrograd_bp.equations.differences import Differences
from micrograd_bp.equations.explanation import explain
from micrograd_bp.equations.observed import Array, Cost, Observed, observe, plain
from micrograd_bp.nn import MLP

FORMS_AGREE = 1e-9
DIFFERENCES_AGREE = 1e-6


@dataclass(frozen=True)
class Row:
    """One equation in one layer: the largest differences from the scalar graph.

    All are relative to max(1, |entry|), central differences to max(1, |entry|, |C_x|), for their
    rounding grows with C_x. `unresolved` entries have no slope that differences can tell.
    """

    equation: str  # "BP1*" and "BP2*" are the general forms, for coupled activations
    layer: int
    entries: int
    component: float
    matrix: float
    differences: float
    unresolved: int

    @property
    def ok(self) -> bool:
        forms = self.component <= FORMS_AGREE and self.matrix <= FORMS_AGREE
        return forms and self.differences <= DIFFERENCES_AGREE


@dataclass(frozen=True)
class Report:
    """The verdict `ok`, the table `str(report)`, and `explain`."""

    net: str
    rows: tuple[Row, ...]
    seen: Observed

    @property
    def ok(self) -> bool:
        return all(row.ok for row in self.rows)

    def explain(self, equation: str, l: int, *indices: int) -> str:
        """The equation with its numbers, for neuron i of layer l; BP4 takes i and j of w_ij^l.

        Where an activation couples neurons, the text says why the elementwise form does not hold.
        Raises ValueError for another equation or layer, IndexError for a neuron outside.
        """
        return explain(self.seen, equation, l, *indices)

    def __str__(self) -> str:
        lines = [
            f"BP1 to BP4 on {self.net}, C_x = {self.seen.cost:.6g}: how far from the scalar graph",
            "equation  layer  entries  component   matrix  differences",
        ]
        lines += [
            f"{row.equation:8}  {row.layer:5}  {row.entries:7,}  {row.component:9.1e}"
            f"  {row.matrix:7.1e}  {row.differences:11.1e}  {'ok' if row.ok else 'WRONG'}"
            for row in self.rows
        ]
        unresolved = sum(row.unresolved for row in self.rows)
        if unresolved:
            lines.append(
                f"{unresolved} entries were not differenced: the cost has a kink there, or rounding"
                " hides its slope"
            )
        if any(self.seen.coupled):
            layers = [l for l, coupled in enumerate(self.seen.coupled) if coupled]
            lines.append(
                f"* layer {', '.join(map(str, layers))}: z_i moves other a_j too, so the"
                " elementwise form does not hold; the general one is used, delta = J^T dC_x/da"
            )
        verdict = "agree" if self.ok else "DO NOT AGREE"
        lines.append(
            f"graph, component form and matrix form {verdict}"
            f" (to {FORMS_AGREE:.0e}; differences to {DIFFERENCES_AGREE:.0e})"
        )
        return "\n".join(lines)


def check_equations(net: MLP, x: Sequence[float], y: Any, cost: Cost) -> Report:
    """Check BP1 to BP4 on one example x (n_0 numbers) with target y, for a cost(outputs, y).

    Every entry of every equation is computed four times: by the scalar graph, by the component
    form, by the matrix form (to 1e-9), and by central differences (to 1e-6). This is a forward pass
    of `net`; gradients that its parameters hold are kept. Raises what net(x) and the cost raise.
    """
    if not isinstance(net, MLP):
        raise TypeError(f"check_equations takes an MLP, got {net!r}")
    seen = observe(net, x, y, cost)
    differences = Differences(net, seen, plain(y), cost)
    rows = []
    for l in range(len(net.layers), 0, -1):
        a, delta = seen.a[l - 1], seen.delta[l]
        equation, in_components, in_matrices = _error(seen, l)
        rows.append(
            _row(equation, l, seen, delta, in_components, in_matrices, differences.delta(l))
        )
        in_components, in_matrices = component.bp3(delta.tolist()), matrix.bp3(delta)
        rows.append(
            _row("BP3", l, seen, seen.grad_b[l], in_components, in_matrices, differences.grad_b(l))
        )
        in_components, in_matrices = component.bp4(a.tolist(), delta.tolist()), matrix.bp4(a, delta)
        rows.append(
            _row("BP4", l, seen, seen.grad_w[l], in_components, in_matrices, differences.grad_w(l))
        )
    return Report("MLP " + "-".join(map(str, net.sizes)), tuple(rows), seen)


def _error(seen: Observed, l: int) -> tuple[str, Any, Any]:
    """delta^l by BP1 or BP2: the equation's name, the component form, the matrix form."""
    jacobian, a_prime = seen.jacobian[l], seen.a_prime(l)
    if l == len(seen.a) - 1:
        if not seen.coupled[l]:
            in_components = component.bp1(seen.grad_a.tolist(), a_prime.tolist())
            return "BP1", in_components, matrix.bp1(seen.grad_a, a_prime)
        in_components = component.bp1_general(seen.grad_a.tolist(), jacobian.tolist())
        return "BP1*", in_components, matrix.bp1_general(seen.grad_a, jacobian)
    w, delta = seen.w[l + 1], seen.delta[l + 1]
    if not seen.coupled[l]:
        in_components = component.bp2(w.tolist(), delta.tolist(), a_prime.tolist())
        return "BP2", in_components, matrix.bp2(w, delta, a_prime)
    ones = np.ones(len(w))
    grad_a = component.bp2(w.tolist(), delta.tolist(), ones.tolist())
    in_components = component.bp1_general(grad_a, jacobian.tolist())
    return "BP2*", in_components, matrix.bp1_general(matrix.bp2(w, delta, ones), jacobian)


def _row(
    equation: str, l: int, seen: Observed, graph: Array, component: Any, matrix: Any, slopes: Array
) -> Row:
    scale = np.maximum(1.0, np.abs(graph))
    forms = [float(np.max(np.abs(np.array(form) - graph) / scale)) for form in (component, matrix)]
    told = ~np.isnan(slopes)
    errors = np.abs(slopes - graph)[told] / np.maximum(scale, abs(seen.cost))[told]
    worst = float(np.max(errors, initial=0.0))
    return Row(equation, l, graph.size, forms[0], forms[1], worst, int(np.sum(~told)))
