"""The nodes as the page shows them: each with a name, and with the gradient of one backward pass.

What a leaf holds may be the sum of several passes. The page shows one, so that each gradient is the
sum over the consumers that stand beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

from viz.graph import Node, Operation, is_constant, topological_order
from viz.symbols import Place, places

SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
ROUNDING = 1e-9


class Name(str):
    """`v₁₉`: a name for a node without a label, which knows the node's place in a network."""

    letter: str
    layer: int | None
    indices: tuple[int, ...]

    def __new__(cls, text: str, place: Place) -> "Name":
        name = super().__new__(cls, text)
        name.letter, name.layer, name.indices = "", (place or (None,))[0], place[1:]
        return name


@dataclass(frozen=True, eq=False, repr=False)
class Snapshot:
    """A node of the page. `stored` is what the node holds as its gradient, if that is another."""

    data: float
    grad: float
    stored: float | None
    label: str
    op: Operation | None
    operands: tuple["Snapshot", ...]
    local_derivatives: tuple[float, ...]
    is_constant: bool
    is_stale: bool  # its data was assigned after a consumer was recorded


def seed(root: Node) -> float:
    """Where the pass starts: at what the root holds, or at 1 while `backward` has not run."""
    return root.grad if root.grad != 0.0 else 1.0


def snapshots(root: Node) -> list[Snapshot]:
    """The graph of `root` in topological order, the root last."""
    nodes = topological_order(root)
    names = _names(nodes)
    stale = _stale(nodes)
    taken: dict[int, Snapshot] = {}
    for k, (node, (grad, agrees)) in enumerate(zip(nodes, _gradients(nodes), strict=True)):
        taken[id(node)] = Snapshot(
            data=node.data,
            grad=node.grad if agrees else grad,
            stored=None if agrees or root.grad == 0.0 else node.grad,
            label=names[k],
            op=node.op,
            operands=tuple(taken[id(operand)] for operand in node.operands),
            local_derivatives=tuple(node.local_derivatives),
            is_constant=is_constant(node),
            is_stale=id(node) in stale,
        )
    return list(taken.values())


def _names(nodes: Sequence[Node]) -> list[str]:
    """The labels; `v₁₉` for an inner node without one, `C` for a root without one."""
    taken = {str(node.label) for node in nodes}
    names = [
        node.label or Name("" if is_constant(node) else f"v{k}".translate(SUBSCRIPT), place)
        for k, (node, place) in enumerate(zip(nodes, places(nodes), strict=True))
    ]
    if not nodes[-1].label and "C" not in taken:
        names[-1] = Name("C", ())
    return names


def _stale(nodes: Sequence[Node]) -> set[int]:
    """The ids of nodes whose data was assigned after a consumer was recorded, if nodes can tell."""
    return {
        id(operand)
        for node in nodes
        for operand in node.operands
        if hasattr(operand, "changed_since") and operand.changed_since(node)
    }


def _gradients(nodes: Sequence[Node]) -> list[tuple[float, bool]]:
    """d(root)/d(node) by one backward pass, and whether the node holds that, to rounding."""
    position = {id(node): k for k, node in enumerate(nodes)}
    sums, sizes = [0.0] * len(nodes), [0.0] * len(nodes)
    sums[-1] = seed(nodes[-1])
    for k in reversed(range(len(nodes))):
        for operand, derivative in zip(nodes[k].operands, nodes[k].local_derivatives, strict=True):
            term = sums[k] * derivative
            sums[position[id(operand)]] += term
            sizes[position[id(operand)]] += abs(term)
    return [
        (total, _is_same(node.grad, total, size))
        for node, total, size in zip(nodes, sums, sizes, strict=True)
    ]


def _is_same(one: float, other: float, size: float) -> bool:
    """Whether two sums of terms are equal but for rounding; `size` is the sum of the terms' |x|."""
    if one == other or (isnan(one) and isnan(other)):
        return True
    return abs(one - other) <= ROUNDING * size < float("inf")
