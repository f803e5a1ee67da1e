"""Which of the four equations a line of the backward half is."""

from micrograd_bp.matrix_form.program import Program, Pull, Scaled, Sum, Vector


def weighted_sums(program: Program) -> set[Vector]:
    """The vectors z: sums of inputs weighted by what is the same for all examples and varies."""
    return {
        instruction.out
        for instruction in program.forward
        if isinstance(instruction, Sum)
        and any(p.is_weighted and p.left.vector.varies for p in instruction.products)
    }


def mark_of(program: Program, z: Vector) -> str:
    """BP1 in the output layer, BP2 in others, with * where z_i moves more than a_i.

    "" for what is no weighted sum. In the output layer no other weighted sum depends on z.
    """
    weighted = weighted_sums(program)
    if z not in weighted:
        return ""
    between, hidden = consumers(program, z, weighted)
    if hidden:
        return "BP2" if all(is_aligned(pull, z) for pull in between) else "BP2*"
    pulls = [pull for pull in program.backward if pull.target.vector is z]
    has_activation = len(pulls) == 1 and pulls[0].target.is_whole
    coupled = not has_activation and any(pull.target.index.ndim > 1 for pull in pulls)
    return "BP1*" if coupled else "BP1"


def consumers(program: Program, z: Vector, weighted: set[Vector]) -> tuple[list[Pull], bool]:
    """The pulls from the next weighted sums down to z, and whether there is such a sum."""
    reached, between, hidden = {z}, [], False
    for pull in reversed(program.backward):
        if pull.target.vector not in reached:
            continue
        if pull.source in weighted and pull.source is not z:
            hidden = True
        else:
            between.append(pull)
            reached.add(pull.source)
    return between, hidden


def is_aligned(pull: Pull, z: Vector) -> bool:
    """Whether entry i of the source depends on entry i of the target only."""
    return isinstance(pull, Scaled) and pull.target.is_whole and pull.source.size == z.size
