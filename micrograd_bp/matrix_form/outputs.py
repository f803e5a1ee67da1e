"""The roots of a program as columns of one array."""

import numpy as np

from micrograd_bp.matrix_form.code import Array
from micrograd_bp.matrix_form.lower import Lowering
from micrograd_bp.matrix_form.program import Part


def write_outputs(lowering: Lowering) -> None:
    """Append the statements that fill `outputs`, (m, k), made anew at each call."""
    code, roots = lowering.code, lowering.program.roots
    code.write(f"outputs = np.empty((m, {len(roots)}))", out=None)
    at = 0
    for run in runs(roots):
        stop = at + run.index.size
        value = lowering.read(run)
        text = f"outputs[:, {at}:{stop}] = {{}}"
        code.write(text + (".T" if isinstance(value, Array) else ""), value, out=None)
        at = stop


def runs(roots: tuple[Part, ...]) -> list[Part]:
    """Neighbours from one vector as one part."""
    found: list[Part] = []
    for root in roots:
        if found and found[-1].vector is root.vector:
            found[-1] = Part(root.vector, np.concatenate([found[-1].index, root.index]))
        else:
            found.append(root)
    return found
