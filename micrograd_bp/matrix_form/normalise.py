"""The scalar graph in a normal form: every tree of `+` is one sum of products and terms.

Weighted sums look alike however they were written: `weighted_sum`, `total`, chains of `+` and `*`
from the left, from the right or balanced, with the bias first or last or none.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from micrograd_bp.engine import Value, topological_order
from micrograd_bp.notation import Symbol
from micrograd_bp.primitives import Primitive, add, mul, power, total, weighted_sum

T = TypeVar("T")

INPUT, PARAMETER, CONSTANT, COMPUTED = "input", "parameter", "constant", "computed"
SUMS = (add, total, weighted_sum)


@dataclass(slots=True, eq=False)
class Node:
    """A scalar: a leaf with a position among those of its role, op(*operands), or a sum.

    A sum has `products` and `terms`, and no op. batched: it depends on an input; varies: on a
    parameter. `group` and `position` of a computed node are found by `grouping`.
    """

    role: str = COMPUTED
    position: int = -1
    group: int = -1
    op: Primitive | None = None
    operands: tuple["Node", ...] = ()
    products: list[tuple["Node", "Node"]] = field(default_factory=list)
    terms: list["Node"] = field(default_factory=list)
    batched: bool = False
    varies: bool = False
    depth: int = 0
    label: str = ""

    def reads(self) -> list["Node"]:
        return [*self.operands, *(x for pair in self.products for x in pair), *self.terms]


@dataclass
class NormalForm:
    """The nodes of the roots; the numbers of the constants; inputs that no root depends on."""

    roots: list[Node]
    constants: list[float]
    unused: list[Value]


def normal_form(
    roots: Sequence[Value], inputs: Sequence[Value], parameters: Sequence[Value]
) -> NormalForm:
    """Read the graph of the roots once; it is not changed."""
    reader = _Reader(roots, inputs, parameters)
    reader.read()
    unused = [x for x in inputs if x not in reader.reached]
    return NormalForm([reader.nodes[root] for root in roots], reader.constants, unused)


class _Reader:
    def __init__(
        self, roots: Sequence[Value], inputs: Sequence[Value], parameters: Sequence[Value]
    ) -> None:
        self.order = topological_order(*roots)
        self.reached = set(self.order)
        self.uses = Counter(x for value in self.order for x in value.operands)
        self.roots = set(roots)
        self.nodes: dict[Value, Node] = {}
        self.constants: list[float] = []
        self.known: dict[str, Node] = {}
        self.shared: set[Node] = set()  # nodes for which several Values stand
        for k, value in enumerate(inputs):
            self.nodes[value] = Node(INPUT, k, batched=True, label=value.label)
        for k, value in enumerate(parameters):
            self.nodes[value] = Node(PARAMETER, k, varies=True, label=value.label)

    def read(self) -> None:
        for value in self.order:
            if value not in self.nodes:
                self.nodes[value] = self.node(value)

    def node(self, value: Value) -> Node:
        if value.op is None:
            return self.constant(value.data)
        operands = [self.nodes[x] for x in value.operands]
        if all(x.role == CONSTANT for x in operands):
            return self.constant(value.op.on_floats([self.number(x) for x in operands]))
        if value.op in SUMS:
            return self.sum(value)
        return Node(
            op=value.op,
            operands=tuple(operands),
            batched=any(x.batched for x in operands),
            varies=any(x.varies for x in operands),
            depth=1 + max(x.depth for x in operands),
            label=value.label,
        )

    def constant(self, number: float) -> Node:
        """One node for each number; repr tells -0.0 from 0.0, and nan is itself."""
        node = self.known.get(repr(number))
        if node is None:
            node = self.known[repr(number)] = Node(CONSTANT, len(self.constants))
            self.constants.append(number)
        return node

    def number(self, node: Node) -> float:
        return self.constants[node.position]

    def sum(self, value: Value) -> Node:
        plain: Sequence[Value] = value.operands
        read = [self.nodes[x] for x in plain]
        node = Node(label=value.label)
        node.batched = any(x.batched for x in read)
        node.varies = any(x.varies for x in read)
        if value.op is weighted_sum:
            n = len(plain) // 2
            for w, a in zip(read[:n], read[n : 2 * n], strict=True):
                self.add_product(node, w, a)
                node.depth = max(node.depth, w.depth, a.depth)
            plain = plain[2 * n :]
        absorbed = False
        for operand in plain:
            dissolved = self.add_operand(node, operand)
            node.depth = max(node.depth, self.nodes[operand].depth - dissolved)
            absorbed |= dissolved
        node.depth += 1
        if not node.products and len(node.terms) == 1:
            return self.alias(node.terms[0], plain)
        if value.op is add and not absorbed and len(node.terms) == 2:
            node.op, node.operands, node.terms = add, (node.terms[0], node.terms[1]), []
        return node

    def add_operand(self, node: Node, value: Value) -> bool:
        """Whether `value` dissolved in the sum."""
        x = self.nodes[value]
        if x.role == CONSTANT and self.number(x) == 0.0:
            return True
        if self.may_dissolve(value):
            if x.role == COMPUTED and x.op in (None, add):
                node.products = joined(node.products, x.products)
                node.terms = joined(node.terms, list(x.operands) or x.terms)
                return True
            if x.op is mul:
                self.add_product(node, *x.operands)
                return True
            if x.op is power and self.is_two(x.operands[1]):
                self.add_product(node, x.operands[0], x.operands[0])
                return True
        node.terms.append(x)
        return False

    def may_dissolve(self, value: Value) -> bool:
        """Whether it serves nothing but the one that reads it, and has no name in the notation."""
        alone = self.uses[value] == 1 and value not in self.roots
        return (
            alone and not isinstance(value.label, Symbol) and self.nodes[value] not in self.shared
        )

    def alias(self, node: Node, operands: Sequence[Value]) -> Node:
        """The node of the one operand that a sum has, 0 + v say, for the sum as well."""
        if any(self.nodes[x] is node and not self.may_dissolve(x) for x in operands):
            self.shared.add(node)
        return node

    def is_two(self, x: Node) -> bool:
        return x.role == CONSTANT and self.number(x) == 2.0

    def add_product(self, node: Node, x: Node, y: Node) -> None:
        if x.role == CONSTANT and y.role == CONSTANT:
            node.terms.append(self.constant(self.number(x) * self.number(y)))
        else:
            node.products.append((x, y))


def joined(these: list[T], those: list[T]) -> list[T]:
    """All of both, in the longer list, so that a chain of sums is joined in linear time."""
    longer, shorter = (these, those) if len(these) >= len(those) else (those, these)
    longer.extend(shorter)
    return longer
