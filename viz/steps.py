"""The forward and the backward pass of a graph, step by step, with the numbers of each step."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from viz.caption import heading, line, number
from viz.graph import Node
from viz.scene import Scene

LINES = 6  # that a step writes out; more are counted
OPERANDS = 6  # of a function that are written out
INFIX = {"+": "+", "-": "-", "*": "·", "/": "/", "**": "**"}

Flow = tuple[int, float]  # an operand's position, and the local derivative


@dataclass(frozen=True)
class Step:
    """What a step does, and what is known after it. Nodes are positions in topological order.

    lines: what is done, and the numbers of it. current: the node whose turn it is.
    computed: the nodes that have data. grads: what is known of gradients. finished: the nodes whose
    gradient is the whole sum.
    """

    lines: Sequence[str]
    current: int | None
    computed: frozenset[int]
    grads: Mapping[int, float] = field(default_factory=dict)
    finished: frozenset[int] = frozenset()

    def gradient(self, k: int) -> str:
        """What the box of node `k` says."""
        if k not in self.grads:
            return "–"
        return number(self.grads[k]) + ("" if k in self.finished else " + …")


def steps(scene: Scene) -> Iterator[Step]:
    """The steps of `scene`, which has one root: leaves, operations, seed, consumers in reverse."""
    yield from _forward(scene.nodes)
    yield from _backward(scene)


def _forward(nodes: Sequence[Node]) -> Iterator[Step]:
    computed = frozenset(k for k, node in enumerate(nodes) if not node.operands)
    start = "forward: what has no operands is given", "an edge will have its local derivative"
    yield Step(start, None, computed)
    inner = [k for k, node in enumerate(nodes) if node.operands]
    for count, k in enumerate(inner, 1):
        computed |= {k}
        turn = f"forward {count} of {len(inner)}: {line(heading(nodes[k]))}"
        yield Step([turn, _equation(nodes[k])], k, computed)


def _backward(scene: Scene) -> Iterator[Step]:
    nodes = scene.nodes
    flows = _flows(scene)
    waiting = Counter(operand for flow in flows for operand, _ in flow)
    senders = [k for k in reversed(range(len(nodes))) if flows[k]]
    computed, root = frozenset(range(len(nodes))), len(nodes) - 1
    grads = {root: 1.0}
    start = (
        f"backward: the gradient of {_name(nodes[root])} with respect to itself is 1",
        "each node sends back, along each edge, its gradient times the number on the edge",
    )
    yield Step(start, root, computed, dict(grads), frozenset(grads))
    for count, k in enumerate(senders, 1):
        sums = []
        for operand, derivative in flows[k]:
            product = grads[k] * derivative
            grads[operand] = grads.get(operand, 0.0) + product
            waiting[operand] -= 1
            factors = f"{number(grads[k])} · {_factor(derivative)} = {number(product)}"
            sums.append(f"grad {_name(nodes[operand])} += {factors}")
        turn = f"backward {count} of {len(senders)}: from {line(heading(nodes[k]))} to its operands"
        finished = frozenset(k for k in grads if waiting[k] == 0)
        yield Step([turn, *_shortened(sums)], k, computed, dict(grads), finished)


def _flows(scene: Scene) -> list[list[Flow]]:
    """For each node its operands that vary, with the local derivatives."""
    position = {id(node): k for k, node in enumerate(scene.nodes)}
    return [
        [
            (position[id(operand)], derivative)
            for operand, derivative in zip(node.operands, node.local_derivatives, strict=True)
            if not scene.is_fixed(operand)
        ]
        for node in scene.nodes
    ]


def _shortened(lines: list[str]) -> list[str]:
    if len(lines) < LINES:
        return lines
    return [*lines[: LINES - 2], f"and {len(lines) - LINES + 2} more like these"]


def _equation(node: Node) -> str:
    """How the data of `node` comes from its operands, with their numbers."""
    op = "" if node.op is None else node.op.name
    numbers = [_factor(operand.data) for operand in node.operands]
    if op in INFIX and len(numbers) == 2:
        right = f" {INFIX[op]} ".join(numbers)
    elif op == "weighted_sum" and len(numbers) <= OPERANDS:
        half = len(numbers) // 2
        products = map(" · ".join, zip(numbers[:half], numbers[half:], strict=False))
        right = " + ".join([*products, *numbers[2 * half :]])
    else:
        listed = [number(operand.data) for operand in node.operands[:OPERANDS]]
        listed += ["…"] * (len(numbers) > OPERANDS)
        right = f"{line(op)}({', '.join(listed)})"
    left = f"{_name(node)} = " if node.label else ""
    return f"{left}{right} = {number(node.data)}"


def _factor(x: float) -> str:
    return f"({number(x)})" if x < 0.0 else number(x)


def _name(node: Node) -> str:
    """The label, or the operation where there is none."""
    return line(node.label) or f"({line(heading(node)) or number(node.data)})"
