"""How a part of a vector is written: `a0`, `w1`, `v1[:, 3:7]`, `theta[5:9]`."""

from collections import defaultdict

import numpy as np

from micrograd_bp.matrix_form.indexing import is_contiguous, slice_of
from micrograd_bp.matrix_form.naming import RESERVED, common, name_of
from micrograd_bp.matrix_form.program import Ints, Part, Program, Vector


class PartNames:
    """The entries of X and of the parameters go by their labels, if these agree.

    A name that something else has already, a vector or a block of the other kind, is not given.
    """

    def __init__(self, program: Program) -> None:
        taken = {*RESERVED, *(instruction.out.name for instruction in program.forward)}
        self.blocks: dict[Vector, dict[str, Ints]] = {}
        for vector in (program.inputs, program.parameters):
            blocks = blocks_of(vector)
            self.blocks[vector] = {"": blocks.pop("")} if "" in blocks else {}
            self.blocks[vector] |= {name: at for name, at in blocks.items() if name not in taken}
            taken |= set(blocks)

    def __call__(self, leaf: Part | str) -> str:
        """A part of a vector; what is text already stays."""
        if isinstance(leaf, str):
            return leaf
        if leaf.number is not None:
            return f"{leaf.number:.6g}"
        vector, index = leaf.vector, leaf.index.ravel()
        blocks = self.blocks.get(vector)
        if blocks is None:
            return entries(vector.name, vector.batched, index, np.arange(vector.size))
        name = common([vector.labels[i] for i in index])
        if name in blocks and name and not (index.size == 1 and blocks[name].size > 1):
            return entries(name, vector.batched, index, blocks[name])
        label = vector.labels[index[0]]
        if index.size == 1 and name in blocks and label.isidentifier():
            return str(label)
        return entries(vector.name, vector.batched, index, np.arange(vector.size))


def blocks_of(vector: Vector) -> dict[str, Ints]:
    """The positions in the vector of each name that labels have in common."""
    found: dict[str, list[int]] = defaultdict(list)
    for i, label in enumerate(vector.labels):
        found[name_of(label)].append(i)
    return {name: np.array(positions) for name, positions in found.items()}


def entries(name: str, batched: bool, index: Ints, block: Ints) -> str:
    """The entries `index` of a block of this name; all of it needs no index."""
    columns = ":, " if batched else ""
    if index.size >= block.size and np.array_equal(np.unique(index), block):
        return name
    where = np.searchsorted(block, index)
    if np.all(where == where[0]):
        return f"{name}[{columns}{where[0]}]"
    part = slice_of(where)
    if part is None:
        unique = np.unique(where)
        part = slice_of(unique) if is_contiguous(unique) else None
    return f"{name}[{columns}{part or '...'}]"
