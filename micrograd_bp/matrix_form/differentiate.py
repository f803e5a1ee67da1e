"""The backward half of a program, instruction by instruction in reverse, with the table's rules."""

from collections.abc import Iterator

import numpy as np

from micrograd_bp.matrix_form.formula import Formula, as_formula
from micrograd_bp.matrix_form.program import (
    Elementwise,
    Part,
    Program,
    Pull,
    Scaled,
    Sum,
    Through,
    Vector,
    whole,
)


def differentiated(program: Program) -> Program:
    """The program with the adjoints of everything that its first root depends on."""
    wanted = {program.roots[0].vector}
    pulls: list[Pull] = []
    for instruction in reversed(program.forward):
        if instruction.out in wanted and instruction.out.varies:
            for pull in pulled(instruction):
                wanted.add(pull.target.vector)
                pulls.append(pull)
    backward = tuple(useful(pulls, program.parameters))
    return Program(program.inputs, program.parameters, program.forward, program.roots, backward)


def useful(pulls: list[Pull], parameters: Vector) -> list[Pull]:
    """Those that lead on to the parameters; a step, whose derivative is 0, ends a path."""
    alive, kept = {parameters}, []
    for pull in reversed(pulls):
        if pull.target.vector in alive:
            alive.add(pull.source)
            kept.append(pull)
    return kept[::-1]


def pulled(instruction: Elementwise | Sum) -> Iterator[Pull]:
    """The chain rule along each operand that varies."""
    out = instruction.out
    if isinstance(instruction, Elementwise):
        derivatives = local_derivatives(instruction)
        for operand, derivative in zip(instruction.operands, derivatives, strict=True):
            if operand.vector.varies and derivative.number != 0.0:
                yield Scaled(out, operand, derivative)
        return
    for product in instruction.products:
        if product.is_elementwise:
            yield from _pulled_entry_by_entry(out, *product.stacked)
            continue
        if product.right.vector.varies:
            yield Through(out, product.right, product, "right")
        if product.left.vector.varies:
            yield Through(out, product.left, product, "left")
    for term in instruction.terms:
        if term.vector.varies:
            yield Scaled(out, term, as_formula(1.0))


def _pulled_entry_by_entry(out: Vector, left: Part, right: Part) -> Iterator[Pull]:
    """d(x y) = y dx + x dy, and of a square 2 x dx. All entries of one sum have its adjoint."""
    if out.size == 1:
        left, right = Part(left.vector, left.index[:, 0]), Part(right.vector, right.index[:, 0])
    x, y = operand(left), operand(right)
    if left.vector is right.vector and np.array_equal(left.index, right.index):
        if left.vector.varies:
            yield Scaled(out, left, 2.0 * x)
        return
    if left.vector.varies:
        yield Scaled(out, left, y)
    if right.vector.varies:
        yield Scaled(out, right, x)


def local_derivatives(instruction: Elementwise) -> tuple[Formula, ...]:
    """The row's rule on names; a constant exponent has none, as in the scalar graph."""
    op = instruction.op
    z = Formula(leaf=whole(instruction.out))
    operands = [operand(part) for part in instruction.operands]
    try:
        derivatives = op.derivatives(z, *operands)
        if type(derivatives) is not tuple or len(derivatives) != len(operands):
            raise TypeError(
                f"it must give a tuple with a derivative for each of its {len(operands)} operands,"
                f" got {derivatives!r}"
            )
        return tuple(as_formula(d) for d in derivatives)
    except Exception as error:
        raise TypeError(
            f"the rule of {op.name} cannot be read for the matrix form ({error}): write it with"
            " + - * and the functions of micrograd_bp.primitives, without branches"
        ) from error


def operand(part: Part) -> Formula:
    """The part as an operand of a rule; the same constant everywhere is a number."""
    number = part.number
    return Formula(leaf=part) if number is None else Formula(number=number)
