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


def diagnosis(program: Program, X: Floats, theta: Floats) -> str:
    """Where a number that is not finite first arises."""
    for name, array in (("X", X), ("parameters", theta)):
        if not np.isfinite(array).all():
            at = np.argwhere(~np.isfinite(array))[0].tolist()
            return f"{name}{at} is {array[tuple(at)]}"
    with np.errstate(all="ignore"):
        for instruction, result in evaluated(program, X, theta):
            if not np.isfinite(result).all():
                entry, row = np.argwhere(~np.isfinite(result))[0].tolist()
                where = f"row {row} of X" if instruction.out.batched else "every row of X"
                text = next(described(program, [instruction]))
                return f"{result[entry, row]} first arises in `{text}`, entry {entry}, for {where}"
    return "every instruction is finite, but their sum is not"
