"""to_torch and from_torch: the same network in PyTorch, for those who outgrow scalars."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from reprlib import repr as short
from typing import Any

from micrograd_bp.data import Array
from micrograd_bp.extras import extra
from micrograd_bp.kernels import LARGE, LEAK
from micrograd_bp.nn import MLP
from micrograd_bp.torch_layout import (
    activation_names,
    from_tensors,
    linear_numbers,
    refuse_infinite,
    to_tensors,
)

# Our name, PyTorch's, and the settings with which the numbers agree. PyTorch's softplus(z) is z
# beyond its threshold, which is exact from LARGE on, and at PyTorch's own wrong by 2e-9.
MODULES: dict[str, tuple[str, dict[str, float]]] = {
    "tanh": ("Tanh", {}),
    "sigmoid": ("Sigmoid", {}),
    "relu": ("ReLU", {}),
    "leaky_relu": ("LeakyReLU", {"negative_slope": LEAK}),
    "softplus": ("Softplus", {"beta": 1.0, "threshold": LARGE}),
    "softmax": ("Softmax", {"dim": -1}),
}
OWN_THRESHOLD = 20.0


def to_torch(net: MLP) -> Any:
    """A torch.nn.Sequential in float64 that holds copies of the numbers of `net`.

    Raises ImportError without torch; ValueError for an activation of one's own and for a number
    that is not finite.
    """
    torch = extra("torch", "to_torch()")
    names, tensors = activation_names(net), to_tensors(net)
    modules = []
    for (n_in, n_out), name in zip(pairwise(net.sizes), names, strict=True):
        # Without first weights, whose drawing would move the random numbers of PyTorch.
        linear = torch.nn.utils.skip_init(torch.nn.Linear, n_in, n_out, dtype=torch.float64)
        modules += [linear, *activation_modules(torch.nn, name)]
    sequential = torch.nn.Sequential(*modules)
    sequential.load_state_dict({name: torch.from_numpy(t) for name, t in tensors.items()})
    return sequential


def activation_modules(nn: Any, name: str) -> list[Any]:
    """The module of an activation, as a list; none for linear."""
    if name == "linear":
        return []
    kind, settings = MODULES[name]
    return [getattr(nn, kind)(**settings)]


def from_torch(module: Any) -> MLP:
    """The MLP of a torch.nn.Sequential: Linear, each followed by at most one activation.

    Nested Sequentials are read in their order, Identity is passed over, and every dtype becomes
    float64. A Softplus with PyTorch's own threshold differs by up to 2.1e-9.

    Raises ImportError without torch; TypeError for what is no module; ValueError, with its place
    and class, for a module, a setting or a number that an MLP does not have.
    """
    torch = extra("torch", "from_torch()")
    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"from_torch() takes a torch.nn.Sequential, got {short(module)}")
    linears: list[tuple[str, Any]] = []
    names: list[str] = []
    follows_linear = False
    for place, part in parts(torch.nn, module):
        if type(part) is torch.nn.Linear:
            linears.append((place, part))
            names.append("linear")
        else:
            name = name_of_module(torch.nn, place, part)
            if not follows_linear:
                raise ValueError(f"{place} follows no Linear; an MLP has one activation a layer")
            names[-1] = name
        follows_linear = type(part) is torch.nn.Linear
    return of_linears(linears, names)


def parts(nn: Any, module: Any, number: str = "") -> Iterator[tuple[str, Any]]:
    """(place, module) one by one, such as ("module 1.0 (Tanh)", Tanh()), in the order of use."""
    place = f"module {number} ({type(module).__name__})".replace("  ", " ")
    if module._forward_hooks or module._forward_pre_hooks:
        raise ValueError(
            f"{place} has forward hooks, which may change its numbers; remove them first, a"
            " pruning with torch.nn.utils.prune.remove"
        )
    if type(module) is nn.Sequential:
        for k, part in enumerate(module):  # named_children() leaves out the second use of a module
            yield from parts(nn, part, f"{number}.{k}".lstrip("."))
    elif type(module) is not nn.Identity:
        yield place, module


def name_of_module(nn: Any, place: str, part: Any) -> str:
    """The name of the activation that a module is."""
    for name, (kind, settings) in MODULES.items():
        if type(part) is getattr(nn, kind):
            refuse_settings(place, part, settings)
            return name
    kinds = ", ".join(["Linear", *(kind for kind, _ in MODULES.values()), "Identity"])
    if type(part).__name__.endswith("Dropout"):
        way_out = "put Identity in its place, which it is in eval()"
    else:
        way_out = "give the part that is made of these, as module[1:] or wrapper.module"
    raise ValueError(f"{place} is not of an MLP, which has {kinds}; {way_out}")


def refuse_settings(place: str, part: Any, settings: dict[str, float]) -> None:
    for name, ours in settings.items():
        theirs = getattr(part, name)
        if not agrees(name, theirs, ours):
            raise ValueError(
                f"{place} has {name} = {theirs}, an MLP has {ours}; write it with {name}={ours}"
            )


def agrees(name: str, theirs: Any, ours: float) -> bool:
    if name == "threshold":
        return bool(theirs >= OWN_THRESHOLD)
    return theirs == ours or (name == "dim" and theirs == 1)  # rows (m, n) have one last axis, 1


def of_linears(linears: Sequence[tuple[str, Any]], names: Sequence[str]) -> MLP:
    """The MLP of Linear modules with their places, and the name of each one's activation."""
    if not linears:
        raise ValueError("the module has no Linear, and an MLP has at least one")
    tensors: dict[str, Array] = {}
    owners: dict[int, str] = {}
    sizes: list[int] = [linears[0][1].weight.shape[1]]
    for k, (place, linear) in zip(linear_numbers(names), linears, strict=True):
        n_out, n_in = linear.weight.shape
        if n_in != sizes[-1]:
            raise ValueError(f"{place} takes {n_in} inputs, but the layer before has {sizes[-1]}")
        if linear.bias is None:
            raise ValueError(f"{place} has no bias, an MLP has; write it with a bias of zeros")
        for name, parameter in (("weight", linear.weight), ("bias", linear.bias)):
            if id(parameter) in owners:
                raise ValueError(
                    f"{place} shares its {name} with {owners[id(parameter)]}, an MLP has its own"
                    " for each layer; copy.deepcopy one of them"
                )
            owners[id(parameter)] = place
            tensors[f"{k}.{name}"] = numbers(parameter, f"{name} of {place}")
        sizes.append(n_out)
    return from_tensors(tensors, sizes, names)


def numbers(parameter: Any, name: str) -> Array:
    """A parameter as a float64 array on the CPU."""
    if not parameter.is_floating_point() or parameter.is_meta:
        raise ValueError(
            f"{name} has {parameter.dtype} on {parameter.device}, an MLP has real numbers"
            " in memory; convert it with .double() or load it first"
        )
    array: Array = parameter.detach().cpu().double().numpy()
    refuse_infinite(array, name)
    return array
