"""From a program to functions that run it: the gradient of a cost, and the roots themselves."""

from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any

import numpy as np

from micrograd_bp.matrix_form.adjoints import Backward
from micrograd_bp.matrix_form.code import Code
from micrograd_bp.matrix_form.emit import Function, compiled, source_of
from micrograd_bp.matrix_form.lower import Lowering
from micrograd_bp.matrix_form.mean import needed, pieces_of, write_mean
from micrograd_bp.matrix_form.outputs import write_outputs
from micrograd_bp.matrix_form.program import Floats, Program

SIZES_KEPT = 8  # numbers of examples for which memory is kept
COPIED = (
    16_384  # numbers in X, beyond which copying it beside a column of ones costs more than it saves
)


@dataclass(frozen=True)
class Compiled:
    """A program's text, and the function that gives it memory for m examples."""

    source: str
    bind: Function


class Runner:
    """A program with memory for the numbers of examples that were seen last.

    lower: gives the code, by whether X may be copied. It is compiled when it is first needed.
    """

    def __init__(self, lower: Callable[[bool], Code], name: str, result: str) -> None:
        self.lower, self.name, self.result = lower, name, result
        self.variants: dict[bool, Compiled] = {}
        self.bound: dict[int, Function] = {}
        self.lock = Lock()

    def bind(self, X: Any, theta: Floats, gradient: Floats) -> Function:
        """The function for as many examples as X has."""
        if len(self.bound) >= SIZES_KEPT:
            del self.bound[next(iter(self.bound))]
        variant = self.variant(copies=X.size <= COPIED)
        function = alone(quiet(variant.bind(theta, gradient, len(X))), self.lock)
        self.bound[len(X)] = function
        return function

    def __reduce__(self) -> tuple[Any, ...]:
        """For copies, which have memory of their own: they compile anew."""
        return Runner, (self.lower, self.name, self.result)

    def variant(self, copies: bool) -> Compiled:
        if copies not in self.variants:
            code = self.lower(copies)
            source = source_of(code, self.name, self.result)
            self.variants[copies] = Compiled(source, compiled(code, source, self.name))
        return self.variants[copies]


def alone(function: Function, lock: Lock) -> Function:
    """The function, refused while the lock is held: two calls at once would share one memory."""

    def run(X: Floats) -> Any:
        if not lock.acquire(blocking=False):
            raise RuntimeError(
                "this matrix form is already running, and its memory serves one call at a time:"
                " give each thread a copy of its own, copy.deepcopy(form)"
            )
        try:
            return function(X)
        finally:
            lock.release()

    return run


def quiet(function: Function) -> Function:
    """The function without NumPy's warnings, in a context of its own: entering one is fast.

    Before NumPy 2 warnings belong to the thread, and are switched off for each call.
    """
    before, context = np.geterr(), Context()
    context.run(np.seterr, all="ignore")
    if np.geterr() == before:
        return partial(context.run, function)
    np.seterr(**before)
    return np.errstate(all="ignore")(function)


def gradient_code(program: Program, copies: bool) -> Code:
    """The code of the mean cost and its gradient."""
    lowering = Lowering(program, copies)
    kept = needed(program, [v for pull in program.backward for v in pull.reads])
    pieces = pieces_of(program, kept)
    wanted = kept | needed(program, [v for piece in pieces for v in piece.vectors])
    for instruction in program.forward:
        if instruction.out in wanted:
            lowering.instruction(instruction)
    write_mean(lowering, pieces)
    Backward(lowering).run()
    return lowering.code


def outputs_code(program: Program, copies: bool) -> Code:
    """The code of the roots for each example, (m, k)."""
    lowering = Lowering(program, copies)
    wanted = needed(program, [root.vector for root in program.roots])
    for instruction in program.forward:
        if instruction.out in wanted:
            lowering.instruction(instruction)
    write_outputs(lowering)
    return lowering.code
