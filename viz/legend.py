"""The lines under the picture that say how to read it: only what occurs in it."""

from collections.abc import Iterator, Sequence
from math import isfinite

from viz.caption import number
from viz.graph import Node
from viz.style import role


def legend(nodes: Sequence[Node], grads: bool) -> Iterator[str]:
    """`nodes` end with the root."""
    if grads:
        yield _fill(nodes)
    edge = "edge: local derivative (not the ones of sums)"
    yield edge + ", dashed if negative" * _has_negative(nodes)
    yield "border: root round" + ", parameters bold" * _has_parameters(nodes)


def _fill(nodes: Sequence[Node]) -> str:
    if nodes[-1].grad == 0.0:
        return "grad –: backward() has not run"
    sizes = {abs(node.grad) for node in nodes if node.grad != 0.0 and isfinite(node.grad)}
    ends = [number(size) for size in (min(sizes), max(sizes))] if sizes else []
    return "fill: |grad| " + " to ".join(dict.fromkeys(ends)) + ", white if 0"


def _has_negative(nodes: Sequence[Node]) -> bool:
    return any(derivative < 0.0 for node in nodes for derivative in node.local_derivatives)


def _has_parameters(nodes: Sequence[Node]) -> bool:
    return any(role(node, nodes[-1]) == "parameter" for node in nodes)
