"""Which of the four equations a line of the backward half is."""

from micrograd_bp.matrix_form.program import Elementwise, Program, Pull, Sum, Through, Vector


def weighted_sums(program: Program) -> set[Vector]:
    """The vectors z: sums of inputs weighted by what is the same for all examples and varies."""
    return {
        instruction.out
        for instruction in program.forward
        if isinstance(instruction, Sum)
        and any(p.is_weighted and p.left.vector.varies for p in instruction.products)
    }


def mark_of(program: Program, z: Vector) -> str:
    """BP1 or BP2 for the error of z, with * where z_i moves more than a_i; "" for neither."""
    if z not in weighted_sums(program):
        return ""
    pulls = pulls_to(program, z)
    activation = activation_of(program, pulls)
    if activation is not None:
        pulls = pulls_to(program, activation)
    from_next_layer = [
        isinstance(pull, Through) and pull.side == "right" and pull.product.is_weighted
        for pull in pulls
    ]
    if all(from_next_layer):
        return "BP2" if pulls else "BP1"
    if any(from_next_layer):
        return ""
    coupled = activation is None and any(pull.target.index.ndim > 1 for pull in pulls)
    return "BP1*" if coupled else "BP1"


def pulls_to(program: Program, vector: Vector) -> list[Pull]:
    return [pull for pull in program.backward if pull.target.vector is vector]


def activation_of(program: Program, pulls: list[Pull]) -> Vector | None:
    """a, where z is read by one operation of one operand only, a = a(z)."""
    if len(pulls) != 1 or not pulls[0].target.is_whole:
        return None
    source = pulls[0].source
    for instruction in program.forward:
        if instruction.out is source and isinstance(instruction, Elementwise):
            return source if len(instruction.operands) == 1 else None
    return None
