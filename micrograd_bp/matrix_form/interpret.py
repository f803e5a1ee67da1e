"""The forward program run one instruction after the other, to say where a number went wrong."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from micrograd_bp.matrix_form.program import (
    Floats,
    Instruction,
    Part,
    Product,
    Program,
    Sum,
    Vector,
)
from micrograd_bp.matrix_form.written import described


def evaluated(program: Program, X: Floats, theta: Floats) -> Iterator[tuple[Instruction, Floats]]:
    """Each instruction with its result, (n, m); plain expressions, without planned memory."""
    known: dict[Vector, Any] = {program.inputs: X.T, program.parameters: theta[:, None]}

    def read(part: Part) -> Any:
        values = part.vector.values
        return known[part.vector][part.index] if values is None else values[part.index][..., None]

    def product(of: Product) -> Any:
        left, right = read(of.left), read(of.right)  # ([P,] Q, K, m), (P, K, m)
        sums = np.sum(left * right[:, None], axis=-2)  # (P, Q, m)
        placed = np.empty((of.rows.size, sums.shape[-1]))
        placed[of.rows.ravel()] = sums.reshape(of.rows.size, -1)
        return placed

    for instruction in program.forward:
        if isinstance(instruction, Sum):
            terms = [product(p) for p in instruction.products]
            terms += [read(term).sum(axis=0) for term in instruction.terms]
            result = sum(terms[1:], terms[0])
        else:
            operands = [read(part) for part in instruction.operands]
            stacked = instruction.operands[0].index.ndim == 2
            function = instruction.op.stacked if stacked else instruction.op.arrays
            result = function(*operands) if function else operands[0]
        columns = len(X) if instruction.out.batched else 1
        result = np.broadcast_to(result, (instruction.out.size, columns))
        known[instruction.out] = result
        yield instruction, result


def origin(program: Program, X: Floats, theta: Floats, row: int, k: int) -> str:
    """Where the number that root k has for one row of X, (1, n), went wrong.

    Followed from the root to what it reads, as long as that is not finite either.
    """
    known: dict[Vector, Floats] = {program.inputs: X.T, program.parameters: theta[:, None]}
    makers = {instruction.out: instruction for instruction in program.forward}
    with np.errstate(all="ignore"):
        for instruction, result in evaluated(program, X, theta):
            known[instruction.out] = result
    part, text = program.roots[k], ""
    while True:
        vector = part.vector
        numbers = (
            known[vector][part.index, 0] if vector.values is None else vector.values[part.index]
        )
        wrong = part.index[~np.isfinite(numbers)]
        if wrong.size == 0:
            return text
        entry = int(wrong.flat[0])
        if vector not in makers:
            return leaf_text(vector, row, entry, known)
        number = known[vector][entry, 0]
        line = next(described(program, [makers[vector]])).split("  #")[0].strip()
        text = f"{number} first arises in `{line}`, entry {entry}"
        reads = makers[vector].reads
        part = next((x for x in reads if not np.isfinite(numbers_of(x, known)).all()), reads[0])


def numbers_of(part: Part, known: dict[Vector, Floats]) -> Floats:
    """The entries of a part for the one row."""
    values = part.vector.values
    return known[part.vector][part.index, 0] if values is None else values[part.index]


def leaf_text(vector: Vector, row: int, entry: int, known: dict[Vector, Floats]) -> str:
    """What is said of a leaf that is not finite itself."""
    if vector.values is not None:
        return f"a constant is {vector.values[entry]}"
    number = known[vector][entry, 0]
    return (
        f"X[{row}, {entry}] is {number}" if vector.batched else f"parameters[{entry}] is {number}"
    )
