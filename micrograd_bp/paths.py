"""explain: a gradient as the sum over all paths of the product of their local derivatives."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nlargest
from math import inf, isnan, log10
from typing import Any

from micrograd_bp.chain_rule import float_gradients
from micrograd_bp.engine import Value, topological_order


@dataclass(frozen=True)
class Path:
    """One path: its nodes from output to leaf, the local derivatives along it, their product."""

    nodes: tuple[Value, ...]
    factors: tuple[float, ...]
    product: float

    def __str__(self) -> str:
        names = " → ".join(_shortened([_name(node) for node in self.nodes]))
        factors = " · ".join(_shortened([f"{factor:.4g}" for factor in self.factors]))
        return f"{self.product:12.6g}  {names}   {factors}"


@dataclass(frozen=True)
class Explanation:
    """Why d(out)/d(leaf) is what it is.

    paths: the largest by absolute product; count: how many there are in all; gradient: the sum over
    all of them; rest: the sum over those that are not listed.
    """

    out: Value
    leaf: Value
    paths: tuple[Path, ...]
    count: int
    gradient: float
    rest: float

    def __str__(self) -> str:
        title = f"d({_name(self.out)})/d({_name(self.leaf)}) = {self.gradient:.6g}"
        many = "1 path" if self.count == 1 else f"the sum over {_counted(self.count)} paths"
        lines = [f"{title}, {many}" if self.count else f"{title}: there is no path"]
        lines += [str(path) for path in self.paths]
        if self.count > len(self.paths):
            others = _counted(self.count - len(self.paths))
            lines.append(f"{self.rest:12.6g}  the other {others} paths")
        return "\n".join(lines)


def explain(out: Value, leaf: Value, limit: int = 20) -> Explanation:
    """The paths from `out` to `leaf` and the product of local derivatives along each.

    The gradient is their sum: the chain rule. At most `limit` paths are listed, the largest; the
    others are summed and counted without walking them, for their number grows fast. `leaf` may be
    any node. Raises TypeError for what is no Value.
    """
    for node in (out, leaf):
        if not isinstance(node, Value):
            raise TypeError(f"explain() takes Values, got {node!r} ({type(node).__name__})")
    if limit < 0:
        raise ValueError(f"limit is at least 0, got {limit}")
    nodes = topological_order(out)
    count = _count_paths(nodes, leaf)
    paths = _largest_paths(nodes, leaf, limit)
    gradient = float_gradients(out, [leaf])[0]
    listed = 0.0
    for path in paths:
        listed += path.product
    rest = gradient - listed if count > len(paths) else 0.0
    return Explanation(out, leaf, paths, count, gradient, rest)


def _count_paths(nodes: Sequence[Value], leaf: Value) -> int:
    """The number of paths from the last of `nodes` to `leaf`; a repeated operand counts twice."""
    paths_to = dict.fromkeys(nodes, 0)
    paths_to[nodes[-1]] = 1
    for node in reversed(nodes):
        for operand in node.operands:
            paths_to[operand] += paths_to[node]
    return paths_to.get(leaf, 0)


# A partial path: the product so far, then (node, factor that led here, the path before it).
_Partial = tuple[float, tuple[Value, float, "tuple[object, ...] | None"]]


def _largest_paths(nodes: Sequence[Value], leaf: Value, limit: int) -> tuple[Path, ...]:
    leads_to_leaf = {leaf}
    for node in nodes:
        if any(operand in leads_to_leaf for operand in node.operands):
            leads_to_leaf.add(node)
    partial: dict[Value, list[_Partial]] = {node: [] for node in leads_to_leaf}
    if nodes[-1] in partial:
        partial[nodes[-1]] = [(1.0, (nodes[-1], 1.0, None))]
    for node in reversed(nodes):
        if node not in partial:
            continue
        largest = partial[node] = nlargest(limit, partial[node], key=_size)
        if node is leaf:
            return tuple(_walked(path) for path in largest)
        for operand, derivative in zip(node.operands, node.local_derivatives, strict=True):
            if operand in partial:
                partial[operand] += [
                    (product * derivative, (operand, derivative, before))
                    for product, before in largest
                ]
        partial[node] = []
    return ()


def _size(partial: _Partial) -> float:
    product = abs(partial[0])
    return inf if isnan(product) else product


def _walked(partial: _Partial) -> Path:
    nodes, factors = [], []
    step: Any = partial[1]
    while step is not None:
        node, factor, step = step
        nodes.append(node)
        factors.append(factor)
    return Path(tuple(reversed(nodes)), tuple(reversed(factors[:-1])), partial[0])


def _shortened(steps: list[str], ends: int = 5) -> list[str]:
    """A long path shows its two ends."""
    if len(steps) <= 2 * ends:
        return steps
    return [*steps[:ends], f"… {len(steps) - 2 * ends} more …", *steps[-ends:]]


def _counted(count: int) -> str:
    digits = int(count.bit_length() * log10(2.0))
    return f"{count:,}" if digits < 12 else f"about 10^{digits}"


def _name(node: Value) -> str:
    """The label, else the operation, else the number."""
    return printable(node.label or node._op) or f"{node.data:.4g}"


def printable(text: str) -> str:
    """One line in which nothing moves the cursor, colours, or turns round what is read."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
