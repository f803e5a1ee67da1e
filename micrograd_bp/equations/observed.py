"""What the scalar graph of a network says on one example: every factor and result of BP1 to BP4."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from micrograd_bp.engine import Value, topological_order
from micrograd_bp.nn import MLP, Layer
from micrograd_bp.structure import rebuilt

Array = np.ndarray[Any, np.dtype[np.float64]]
Cost = Callable[[Any, Any], Value]


@dataclass(frozen=True)
class Observed:
    """Lists run over the layers 0..L; place 0 of what layer 0 lacks is empty."""

    cost: float
    x: list[float]
    a: list[Array]  # (n_l,)
    w: list[Array]  # (n_(l-1), n_l)
    b: list[Array]  # (n_l,)
    jacobian: list[Array]  # (n_l, n_l), [j, i] = da_j/dz_i
    coupled: list[bool]  # some z_i moves an a_j with j != i
    grad_a: Array  # (n_L,), dC_x/da^L
    delta: list[Array]  # (n_l,), dC_x/dz^l
    grad_b: list[Array]  # (n_l,)
    grad_w: list[Array]  # (n_(l-1), n_l)

    def a_prime(self, l: int) -> Array:
        """a'(z^l), the diagonal of the Jacobian."""
        return np.diag(self.jacobian[l])


def observe(net: MLP, x: Sequence[Any], y: Any, cost: Cost) -> Observed:
    """One forward and one backward pass of `net`; the parameters keep the gradients they had."""
    x = [x_i.data if isinstance(x_i, Value) else float(x_i) for x_i in x]
    y = plain(y)
    kept = [parameter.grad for parameter in net.parameters()]
    try:
        net.zero_grad()
        outputs = net(x)
        c = cost(outputs, y)
        c.backward()
        none: Array = np.empty(0)
        weights, biases = net.arrays()
        activations = [_activation_jacobian(layer) for layer in net.layers]
        return Observed(
            cost=c.data,
            x=x,
            a=[np.array(x), *(_data(n.a for n in layer.neurons) for layer in net.layers)],
            w=[none, *weights],
            b=[none, *biases],
            jacobian=[none, *(jacobian for jacobian, _ in activations)],
            coupled=[False, *(coupled for _, coupled in activations)],
            grad_a=_grad_a(outputs, y, cost),
            delta=[none, *(_grad(n.z for n in layer.neurons) for layer in net.layers)],
            grad_b=[none, *(_grad(n.b for n in layer.neurons) for layer in net.layers)],
            grad_w=[
                none,
                *(np.stack([_grad(n.w) for n in layer.neurons], axis=1) for layer in net.layers),
            ],
        )
    finally:
        for parameter, grad in zip(net.parameters(), kept, strict=True):
            parameter.grad = grad


def plain(y: Any) -> Any:
    """A target with numbers in place of Values, so that no gradient of the caller's is touched."""
    return rebuilt(y, lambda y_j: y_j.data if isinstance(y_j, Value) else y_j)


def _activation_jacobian(layer: Layer) -> tuple[Array, bool]:
    """da_j/dz_i of a layer at its latest z, and whether any a_j depends on another's z_i."""
    z = [Value(z_j) for z_j in _data(n.z for n in layer.neurons)]
    place = {z_i: i for i, z_i in enumerate(z)}
    jacobian, coupled = np.zeros((len(z), len(z))), False
    for j, a_j in enumerate(layer.activate(z)):
        a_j.backward()
        for node in topological_order(a_j):
            i = place.get(node)
            if i is not None:
                jacobian[j, i] = node.grad
                coupled = coupled or i != j
                node.grad = 0.0
    return jacobian, coupled


def _grad_a(outputs: Any, y: Any, cost: Cost) -> Array:
    """dC_x/da^L from the cost alone, on fresh leaves."""
    if isinstance(outputs, Value):
        leaf = Value(outputs.data)
        cost(leaf, y).backward()
        return _grad([leaf])
    leaves = [Value(a_j.data) for a_j in outputs]
    cost(leaves, y).backward()
    return _grad(leaves)


def _data(values: Any) -> Array:
    return np.array([value.data for value in values])


def _grad(values: Any) -> Array:
    return np.array([value.grad for value in values])
