"""What the pictures print of a node: its name, its numbers, its local derivatives."""

from viz.escape import title
from viz.graph import Node, is_constant


def number(x: float) -> str:
    """Four significant digits."""
    return format(x, ".4g")


def counted(count: int, what: str) -> str:
    """`1 neuron`, `1,920 weights`."""
    return f"{count:,} {what}{'s' * (count != 1)}"


def line(text: str) -> str:
    """A label or heading on one line."""
    return title(text).replace("\n", " ")


def gradient(node: Node, known: bool) -> str:
    """The gradient, or a dash while `backward` has not run."""
    return number(node.grad) if known else "–"


def heading(node: Node) -> str:
    """`label = operation`, or the one that there is; of a constant, its number."""
    if is_constant(node):
        return number(node.data)
    return " = ".join(part for part in (title(str(node.label)), title(_operation(node))) if part)


def local_derivative(node: Node, k: int) -> str:
    """d(node)/d(operand k), unless it goes without saying: into a constant, or 1 in a sum."""
    derivative = node.local_derivatives[k]
    if is_constant(node.operands[k]) or (derivative == 1.0 and _is_term(node, k)):
        return ""
    return number(derivative)


def _is_term(node: Node, k: int) -> bool:
    if _operation(node) == "weighted_sum":
        return k == len(node.operands) - 1 and k % 2 == 0  # b stands behind as many w as a
    return _operation(node) in ("+", "-", "total")


def _operation(node: Node) -> str:
    return "" if node.op is None else node.op.name
