"""Memory for the arrays of straight-line code: what is not read any more is written over."""

from collections import defaultdict
from dataclasses import dataclass, field

from micrograd_bp.matrix_form.code import Array, Code, Shape, Statement


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
    ending: dict[int, list[Block]] = defaultdict(list)
    free: dict[Shape, list[Block]] = defaultdict(list)
    for k, statement in enumerate(code.statements):
        for array in (statement.scratch, statement.out):
            new = array.root if array else None
            if new is None or not new.is_buffer or new in home:
                continue
            block = in_place(statement, new, home, last, k) or taken_from(free[new.shape], new)
            if block is None:
                block = Block()
                blocks.append(block)
            block.arrays.append(new)
            block.until = last[new]
            ending[block.until].append(block)
            home[new] = block
        for block in dict.fromkeys(ending.pop(k, ())):
            if block.until == k:
                free[block.arrays[0].shape].append(block)
    return blocks


def taken_from(free: list[Block], array: Array) -> Block | None:
    """A free block that takes the array, which is then no longer free."""
    for at, block in enumerate(free):
        if block.takes(array):
            return free.pop(at)
    return None


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
        if x is statement.scratch:
            continue
        alone = all(y is x or y.root is not x.root for y in statement.reads)
        if alone and x in home and last[x] == k and home[x].until == k and home[x].takes(out):
            return home[x]
    return None
