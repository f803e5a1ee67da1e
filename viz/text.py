"""The graph as a tree of text, for terminals and wherever nothing can be drawn.

The root is on top, operands hang below their consumer, and the number on a branch is the local
derivative. A node with several consumers is written out once; elsewhere a reference stands for it.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from viz.caption import gradient, heading, line, local_derivative, number
from viz.graph import Node, is_constant
from viz.scene import Scene

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

    def below(self, scene: Scene) -> Iterator["Branch"]:
        last = len(self.node.operands) - 1
        level = self.level + 1
        for k, operand in enumerate(self.node.operands):
            derivative = "" if scene.is_fixed(operand) else local_derivative(self.node, k)
            stem = ("└─" if k == last else "├─") + f"({derivative})─" * bool(derivative) + " "
            if level > DEEPEST:
                yield Branch(operand, f"{self.indent}{stem}[level {level}] ", self.indent, level)
            else:
                indent = self.indent + ("   " if k == last else "│  ")
                yield Branch(operand, self.indent + stem, indent, level)


def text_tree(scene: Scene) -> Text:
    """The trees that hang from the roots of `scene`."""
    return Text("\n".join(tree_lines(scene)))


def tree_lines(scene: Scene) -> Iterator[str]:
    """The lines of `text_tree`, one for each root and edge, and a title for each half."""
    names = _names_of_shared(scene)
    shown: set[int] = set()
    if scene.forward is not None:
        yield "forward pass"
        yield from _tree(scene, scene.forward, names, shown)
        yield "backward pass"
    for root in scene.roots:
        yield from _tree(scene, root, names, shown)


def _tree(scene: Scene, root: Node, names: dict[int, str], shown: set[int]) -> Iterator[str]:
    pending = [Branch(root)]
    while pending:
        branch = pending.pop()
        node = branch.node
        if id(node) in shown:
            yield f"{branch.stem}{_name(node)} (see {names[id(node)]})"
            continue
        shown.add(id(node))
        name = f"{names[id(node)]}: " if id(node) in names else ""
        yield branch.stem + name + "  ".join(filter(None, _fields(node, scene)))
        pending.extend(reversed(list(branch.below(scene))))


def _names_of_shared(scene: Scene) -> dict[int, str]:
    """`v3` and the like for the nodes that stand in the trees more than once."""
    uses = Counter(map(id, scene.starts))
    uses.update(id(operand) for node in scene.nodes for operand in node.operands)
    return {id(node): f"v{k}" for k, node in enumerate(scene.nodes) if uses[id(node)] > 1}


def _fields(node: Node, scene: Scene) -> Iterator[str]:
    yield _name(node)
    if not is_constant(node):
        yield f"data {number(node.data)}"
        if scene.grads:
            yield f"grad {gradient(node, scene.has_gradient(node))}"


def _name(node: Node) -> str:
    return line(heading(node))
