"""What one picture shows: the values, and the part that each of them plays."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from viz.graph import Node, is_constant, topological_order
from viz.style import role


@dataclass(frozen=True)
class Scene:
    """The values of a picture; made by `scene_of`.

    nodes: all that the roots and `forward` depend on, in topological order.
    roots: what is drawn: one cost, or several values.
    forward: the root of the forward pass, where the roots are gradients of it; it is drawn as well,
        and what it does not depend on is the backward half.
    grads: whether to show gradients.
    """

    nodes: Sequence[Node]
    roots: Sequence[Node]
    forward: Node | None = None
    grads: bool = True

    @property
    def starts(self) -> list[Node]:
        """The roots of both halves, forward first."""
        return [*([] if self.forward is None else [self.forward]), *self.roots]

    def role(self, node: Node) -> str:
        """root, inner, constant, parameter or input."""
        return role(node, node if id(node) in self._start_ids else None)

    def is_backward(self, node: Node) -> bool:
        """Whether the value was made by differentiating."""
        return self.forward is not None and id(node) not in self._forward_ids

    def has_gradient(self, node: Node) -> bool:
        """Whether its gradient is a number to show: not before `backward()` of a root has run."""
        if not self.grads or is_constant(node):
            return False
        return self._backward_ran if self.is_backward(node) else self._forward_ran

    def is_fixed(self, node: Node) -> bool:
        """Whether it depends on plain numbers alone, so that no derivative by it is of interest."""
        return id(node) in self._fixed_ids

    @cached_property
    def _fixed_ids(self) -> frozenset[int]:
        fixed: set[int] = set()
        for node in self.nodes:
            operands = node.operands
            if all(id(x) in fixed for x in operands) if operands else is_constant(node):
                fixed.add(id(node))
        return frozenset(fixed)

    @cached_property
    def _start_ids(self) -> frozenset[int]:
        return frozenset(map(id, self.starts))

    @cached_property
    def _forward_ids(self) -> frozenset[int]:
        return frozenset(map(id, topological_order(self.starts[0])))

    @cached_property
    def _forward_ran(self) -> bool:
        if self.forward is None:
            return any(root.grad != 0.0 for root in self.roots)
        return self.forward.grad != 0.0 or self._backward_ran

    @cached_property
    def _backward_ran(self) -> bool:
        return any(root.grad != 0.0 for root in self.roots if self.is_backward(root))


def scene_of(roots: Sequence[Node], forward: Node | None = None, grads: bool = True) -> Scene:
    """The scene of all that `roots` and `forward` depend on."""
    starts = [*([] if forward is None else [forward]), *roots]
    return Scene(topological_order(*starts), roots, forward, grads)
