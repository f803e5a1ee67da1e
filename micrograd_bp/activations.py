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
NAMES = (*ELEMENTWISE, "linear", *COUPLED)


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
        raise ValueError(f"activation is a Primitive or one of {list(NAMES)}, got {activation!r}")
    return ELEMENTWISE[activation]


def known_name(activation: Activation, l: int) -> str:
    """The name under which a file holds the activation of layer l; ValueError for one's own."""
    for name in NAMES:
        if activation == name or activation is ELEMENTWISE.get(name):
            return name
    raise ValueError(
        f"layer {l} has the activation {activation!r}, which is none of {list(NAMES)}: keep the"
        " numbers with net.arrays(), and give them to load_arrays of a network like it"
    )


def name_of(activation: Activation) -> str:
    return activation if isinstance(activation, str) else activation.name
