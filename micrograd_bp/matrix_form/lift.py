"""From the scalar graph to a program on vectors: groups become vectors, sums become products.

What the operands of a group are, entry by entry, is a matrix of positions. Rows that are all equal
make a matrix product; equal weights over several windows a gather and a product; and so on.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from micrograd_bp.engine import Value
from micrograd_bp.matrix_form.grouping import Bucket, factors, grouped
from micrograd_bp.matrix_form.naming import Names
from micrograd_bp.matrix_form.normalise import COMPUTED, Node, NormalForm, normal_form
from micrograd_bp.matrix_form.program import (
    Elementwise,
    Instruction,
    Ints,
    Part,
    Product,
    Program,
    Sum,
    Vector,
)


def lift(
    roots: Sequence[Value], inputs: Sequence[Value], parameters: Sequence[Value]
) -> tuple[Program, list[Value]]:
    """The forward program of the roots, and the inputs that they do not depend on."""
    form = normal_form(roots, inputs, parameters)
    return _Lifter(form, inputs, parameters).program(), form.unused


class _Lifter:
    def __init__(
        self, form: NormalForm, inputs: Sequence[Value], parameters: Sequence[Value]
    ) -> None:
        self.form = form
        self.groups = grouped(form.roots, form.constants)
        self.names = Names()
        constants = np.array(form.constants)
        self.vectors = [
            Vector("X", len(inputs), "input", varies=False, labels=labels_of(inputs)),
            Vector("theta", len(parameters), "parameter", False, labels=labels_of(parameters)),
            Vector("c", len(constants), "constant", False, False, values=constants),
        ]

    def program(self) -> Program:
        forward = [self.instruction(members) for members in self.groups]
        roots = tuple(Part(self.vectors[x.group], np.array([x.position])) for x in self.form.roots)
        return Program(self.vectors[0], self.vectors[1], tuple(forward), roots)

    def instruction(self, members: list[Node]) -> Instruction:
        first = members[0]
        labels = labels_of(members)
        is_cost = members == self.form.roots
        name = self.names.of(labels, "v") if labels[0] or not is_cost else self.names.of(["C"], "C")
        out = Vector(name, len(members), COMPUTED, first.batched, first.varies, labels)
        self.vectors.append(out)
        if first.op is None:
            return Sum(out, self.products(members), self.terms(members))
        slots = list(zip(*(node.operands for node in members), strict=True))  # (K, n)
        if first.op.stacked is not None and len({x.group for x in first.operands}) == 1:
            return Elementwise(out, first.op, (self.part(first.operands[0].group, slots),))
        operands = [self.part(slot[0].group, [slot]) for slot in slots]
        return Elementwise(out, first.op, tuple(Part(x.vector, x.index[0]) for x in operands))

    def part(self, group: int, nodes: Sequence[Sequence[Node]]) -> Part:
        """Entries of one group's vector, in the shape of `nodes`."""
        index = np.array([[x.position for x in row] for row in nodes], dtype=np.intp)
        return Part(self.vectors[group], index)

    def products(self, members: list[Node]) -> tuple[Product, ...]:
        """The sums of products of a group, one Product for each pair of vectors."""
        parts: dict[Bucket, list[list[tuple[int, int]]]] = {}
        for j, node in enumerate(members):
            for product in node.products:
                x, y = factors(product)
                rows = parts.setdefault((x.group, y.group), [[] for _ in members])
                rows[j].append((y.position, x.position))
        found = []
        for (left, right), rows in parts.items():
            pairs = np.array([sorted(row) for row in rows], dtype=np.intp)  # (n, K, 2)
            found.append(
                product_of(self.vectors[left], pairs[..., 1], self.vectors[right], pairs[..., 0])
            )
        return tuple(found)

    def terms(self, members: list[Node]) -> tuple[Part, ...]:
        parts: dict[int, list[list[int]]] = {}
        for j, node in enumerate(members):
            for x in node.terms:
                parts.setdefault(x.group, [[] for _ in members])[j].append(x.position)
        return tuple(
            Part(self.vectors[group], np.array([sorted(row) for row in rows], dtype=np.intp).T)
            for group, rows in parts.items()
        )


def product_of(left: Vector, l: Ints, right: Vector, r: Ints) -> Product:
    """The Product of the pairs left[l], right[r], both (n, K): rows with one window are a block."""
    blocks: dict[bytes, list[int]] = defaultdict(list)
    for j, row in enumerate(r):
        blocks[row.tobytes()].append(j)
    if len({len(rows) for rows in blocks.values()}) > 1:
        blocks = {str(j).encode(): [j] for j in range(len(r))}
    rows = np.array(list(blocks.values()), dtype=np.intp)  # (P, Q)
    if len(rows) > 1:
        rows = np.array([sorted(block, key=lambda j: l[j].tolist()) for block in rows.tolist()])
    weights = l[rows]  # (P, Q, K)
    if np.all(weights == weights[0]):
        weights = weights[0]
    return Product(Part(left, weights), Part(right, r[rows[:, 0]]), rows)


def labels_of(scalars: Iterable[Value | Node]) -> tuple[str, ...]:
    return tuple([x.label for x in scalars])
