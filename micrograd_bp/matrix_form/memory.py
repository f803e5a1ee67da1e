"""Memory for the arrays of straight-line code: what is not read any more is written over."""

from dataclasses import dataclass, field

from micrograd_bp.matrix_form.code import Array, Code, Statement


@dataclass(eq=False)
class Block:
    """Arrays that share memory, one after the other; free after statement number `until`."""

    arrays: list[Array] = field(default_factory=list)
    until: int = -1

    @property
    def tail(self) -> str:
        return next((x.tail for x in self.arrays if x.tail), "")

    def takes(self, array: Array) -> bool:
        fits = self.arrays[0].shape == array.shape
        return fits and (not array.tail or not self.tail or array.tail == self.tail)


def blocks_of(code: Code) -> list[Block]:
    """Every buffer in one block, such that none is written over while it is needed."""
    last = last_uses(code.statements)
    blocks: list[Block] = []
    home: dict[Array, Block] = {}
    for k, statement in enumerate(code.statements):
        out = statement.out.root if statement.out else None
        if out is None or not out.is_buffer or out in home:
            continue
        block = in_place(statement, out, home, last, k)
        if block is None:
            block = next((b for b in blocks if b.until < k and b.takes(out)), None)
        if block is None:
            block = Block()
            blocks.append(block)
        block.arrays.append(out)
        block.until = last[out]
        home[out] = block
    return blocks


def last_uses(statements: list[Statement]) -> dict[Array, int]:
    """For each array with memory, the number of the last statement that reads or writes it."""
    last: dict[Array, int] = {}
    for k, statement in enumerate(statements):
        for x in (*statement.reads, *([statement.out] if statement.out else [])):
            last[x.root] = k
    return last


def in_place(
    statement: Statement, out: Array, home: dict[Array, Block], last: dict[Array, int], k: int
) -> Block | None:
    """The memory of an operand that is read here for the last time, entry by entry."""
    if not statement.elementwise or statement.out is not out:
        return None
    for x in statement.reads:
        alone = all(y is x or y.root is not x.root for y in statement.reads)
        if alone and x in home and last[x] == k and home[x].until == k and home[x].takes(out):
            return home[x]
    return None
