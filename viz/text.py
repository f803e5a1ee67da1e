"""The graph as a tree of text, for terminals and wherever nothing can be drawn.

The root is on top, operands hang below their consumer, and the number on a branch is the local
derivative. A node with several consumers is written out once; elsewhere a reference stands for it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from viz.caption import gradient, heading, local_derivative, number
from viz.graph import Node, is_constant, topological_order

DEEPEST = 30  # levels; from there on, lines say their level instead of being indented further


class Text(str):
    """Text that shows itself where a REPL or a notebook shows a result."""

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Branch:
    """A node in the tree: what stands before it, and before the lines below it."""

    node: Node
    stem: str = ""
    indent: str = ""
    level: int = 0

    def below(self) -> Iterator["Branch"]:
        last = len(self.node.operands) - 1
        level = self.level + 1
        for k, operand in enumerate(self.node.operands):
            derivative = local_derivative(self.node, k)
            stem = ("└─" if k == last else "├─") + f"({derivative})─" * bool(derivative) + " "
            if level > DEEPEST:
                yield Branch(operand, f"{self.indent}{stem}[level {level}] ", self.indent, level)
            else:
                indent = self.indent + ("   " if k == last else "│  ")
                yield Branch(operand, self.indent + stem, indent, level)


def text_tree(root: Node, grads: bool = True) -> Text:
    """The tree that hangs from `root`.

    grads: whether to show the gradients.
    """
    names = _names_of_shared(topological_order(root))
    shown: set[int] = set()
    lines = []
    pending = [Branch(root)]
    while pending:
        branch = pending.pop()
        node = branch.node
        if id(node) in shown:
            lines.append(f"{branch.stem}{_name(node)} (see {names[id(node)]})")
            continue
        shown.add(id(node))
        name = f"{names[id(node)]}: " if id(node) in names else ""
        fields = _fields(node, grads, root.grad != 0.0)
        lines.append(branch.stem + name + "  ".join(field for field in fields if field))
        pending.extend(reversed(list(branch.below())))
    return Text("\n".join(lines))


def _names_of_shared(nodes: Sequence[Node]) -> dict[int, str]:
    """`v3` and the like for the nodes that are operands more than once."""
    uses = Counter(id(operand) for node in nodes for operand in node.operands)
    return {id(node): f"v{k}" for k, node in enumerate(nodes) if uses[id(node)] > 1}


def _fields(node: Node, grads: bool, known: bool) -> Iterator[str]:
    yield _name(node)
    if not is_constant(node):
        yield f"data {number(node.data)}"
        if grads:
            yield f"grad {gradient(node, known)}"


def _name(node: Node) -> str:
    return heading(node).replace("\n", " ")
