"""The derivatives as formulas: an operation's rule, run on symbols, writes itself down.

A formula is a number, a leaf or `[name, *formulas]`. A leaf is `"z"`, the output, or `"0"`, `"1"`,
..., an operand. For tanh the rule gives `["-", 1.0, ["*", "z", "z"]]`.
"""

from collections.abc import Iterable
from math import inf, isfinite
from typing import Any

from viz.graph import Operation

LARGEST = 9  # leaves and operations; longer formulas are left out

Tree = float | str | list[Any]


class Term:
    """An operand that remembers what is done to it; `interpret` is how operations reach it."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    @staticmethod
    def interpret(op: Operation, operands: Iterable[object]) -> "Term":
        return Term([op.name, *map(_tree, operands)])

    def __add__(self, other: object) -> "Term":
        return Term(["+", self.tree, _tree(other)])

    def __radd__(self, other: object) -> "Term":
        return Term(["+", _tree(other), self.tree])

    def __sub__(self, other: object) -> "Term":
        return Term(["-", self.tree, _tree(other)])

    def __rsub__(self, other: object) -> "Term":
        return Term(["-", _tree(other), self.tree])

    def __mul__(self, other: object) -> "Term":
        return Term(["*", self.tree, _tree(other)])

    def __rmul__(self, other: object) -> "Term":
        return Term(["*", _tree(other), self.tree])

    def __truediv__(self, other: object) -> "Term":
        return Term(["/", self.tree, _tree(other)])

    def __rtruediv__(self, other: object) -> "Term":
        return Term(["/", _tree(other), self.tree])

    def __pow__(self, other: object) -> "Term":
        return Term(["**", self.tree, _tree(other)])

    def __neg__(self) -> "Term":
        return Term(["neg", self.tree])

    def __abs__(self) -> "Term":
        return Term(["abs", self.tree])


def rule(op: Operation, count: int) -> list[Tree | None]:
    """A formula for each of `count` local derivatives; None where there is none to show."""
    derivatives = getattr(op, "derivatives", None)
    if derivatives is None:
        return [None] * count
    try:
        found = [_tree(x) for x in derivatives(Term("z"), *(Term(str(k)) for k in range(count)))]
    except Exception:  # a user's rule may do what only numbers can
        return [None] * count
    return [tree if _is_formula(tree) else None for tree in found]


def _is_formula(tree: Tree) -> bool:
    return not isinstance(tree, float) and _size(tree) <= LARGEST


def _size(tree: Tree) -> float:
    if isinstance(tree, list):
        return 1 + sum(map(_size, tree[1:]))
    return inf if isinstance(tree, float) and not isfinite(tree) else 1


def _tree(x: Any) -> Tree:
    return x.tree if isinstance(x, Term) else float(x)
