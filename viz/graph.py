"""The graph as drawing sees it: what a node looks like, and the order of all nodes."""

from collections.abc import Iterator, Sequence
from reprlib import repr as short
from typing import Protocol, TypeGuard


class Operation(Protocol):
    """What made a node: `name` is its operator or function, such as `*` or `tanh`."""

    @property
    def name(self) -> str: ...


class Node(Protocol):
    """Anything with these attributes can be drawn; `micrograd_bp.Value` has them.

    `local_derivatives[k]` is d(node)/d(operands[k]). A node with a true `is_constant` is a plain
    number that stood in an expression.
    """

    @property
    def data(self) -> float: ...
    @property
    def grad(self) -> float: ...
    @property
    def label(self) -> str: ...
    @property
    def op(self) -> Operation | None: ...
    @property
    def operands(self) -> Sequence["Node"]: ...
    @property
    def local_derivatives(self) -> Sequence[float]: ...


def is_constant(node: Node) -> bool:
    return bool(getattr(node, "is_constant", False))


def is_node(thing: object) -> TypeGuard[Node]:
    """Whether `thing` can be drawn."""
    attributes = "operands", "local_derivatives"
    return not isinstance(thing, type) and all(hasattr(thing, name) for name in attributes)


def require_node(root: object, taker: str) -> None:
    """Raise a TypeError that says what `root` is, unless it is a node."""
    if is_node(root):
        return
    way_out = "; give one of its items" if isinstance(root, list | tuple) else ""
    got = f"{short(root)} ({type(root).__name__})"
    raise TypeError(f"{taker} takes a node such as a Value, got {got}{way_out}")


def topological_order(*roots: Node) -> list[Node]:
    """All nodes that the roots depend on, operands before consumers; a single root is last.

    The order follows the roots and operands from left to right: equal graphs have equal orders.
    """
    order: list[Node] = []
    seen: set[int] = set()
    path: list[tuple[Node | None, Iterator[Node]]] = [(None, iter(roots))]
    while path:
        node, operands = path[-1]
        for operand in operands:
            if id(operand) not in seen:
                seen.add(id(operand))
                path.append((operand, iter(operand.operands)))
                break
        else:
            path.pop()
            if node is not None:
                order.append(node)
    return order


def trace(root: Node) -> tuple[list[Node], list[tuple[Node, Node]]]:
    """The nodes in topological order, and the edges (operand, node), one for each occurrence.

    Raises TypeError if `root` is no node.
    """
    require_node(root, "trace()")
    nodes = topological_order(root)
    return nodes, [(operand, node) for node in nodes for operand in node.operands]
