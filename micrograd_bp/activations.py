"""Activations by name, as MLP, Layer and Neuron take them."""

from micrograd_bp import primitives
from micrograd_bp.primitives import Primitive, softmax

Activation = str | Primitive

ELEMENTWISE = {
    row.name: row
    for row in (
        primitives.tanh,
        primitives.sigmoid,
        primitives.relu,
        primitives.leaky_relu,
        primitives.softplus,
    )
}
COUPLED = {"softmax": softmax}  # in these z_i moves more than a_i, so they take a whole layer


def default_activation(nonlin: bool) -> str:
    return "relu" if nonlin else "linear"


def is_coupled(activation: Activation) -> bool:
    return isinstance(activation, str) and activation in COUPLED


def elementwise(activation: Activation) -> Primitive | None:
    """The Primitive a(z) of a name; None for linear, where a is z itself."""
    if isinstance(activation, Primitive):
        return activation
    if activation == "linear":
        return None
    if not isinstance(activation, str) or activation not in ELEMENTWISE:
        names = [*ELEMENTWISE, "linear", *COUPLED]
        raise ValueError(f"activation is a Primitive or one of {names}, got {activation!r}")
    return ELEMENTWISE[activation]


def name_of(activation: Activation) -> str:
    return activation if isinstance(activation, str) else activation.name
