"""From a program to functions that run it: the gradient of a cost, and the roots themselves."""

from typing import Any

from micrograd_bp.matrix_form.adjoints import Backward
from micrograd_bp.matrix_form.code import Code
from micrograd_bp.matrix_form.emit import Function, compiled, source_of
from micrograd_bp.matrix_form.lower import Lowering
from micrograd_bp.matrix_form.mean import needed, pieces_of, write_mean
from micrograd_bp.matrix_form.outputs import write_outputs
from micrograd_bp.matrix_form.program import Floats, Program

SIZES_KEPT = 8  # numbers of examples for which memory is kept


class Runner:
    """A compiled program with memory for the numbers of examples that were seen last."""

    def __init__(self, code: Code, name: str, result: str) -> None:
        self.source = source_of(code, name, result)
        self.bind = compiled(code, self.source, name)
        self.bound: dict[int, Function] = {}

    def __call__(self, X: Any, theta: Floats, gradient: Floats) -> Any:
        function = self.bound.get(len(X))
        if function is None:
            if len(self.bound) >= SIZES_KEPT:
                del self.bound[next(iter(self.bound))]
            function = self.bound[len(X)] = self.bind(theta, gradient, len(X))
        return function(X)


def gradient_code(program: Program) -> Code:
    """The code of the mean cost and its gradient."""
    lowering = Lowering(program)
    kept = needed(program, [v for pull in program.backward for v in pull.reads])
    pieces = pieces_of(program, kept)
    wanted = kept | needed(program, [v for piece in pieces for v in piece.vectors])
    for instruction in program.forward:
        if instruction.out in wanted:
            lowering.instruction(instruction)
    write_mean(lowering, pieces)
    Backward(lowering).run()
    return lowering.code


def outputs_code(program: Program) -> Code:
    """The code of the roots for each example, (m, k)."""
    lowering = Lowering(program)
    wanted = needed(program, [root.vector for root in program.roots])
    for instruction in program.forward:
        if instruction.out in wanted:
            lowering.instruction(instruction)
    write_outputs(lowering)
    return lowering.code
