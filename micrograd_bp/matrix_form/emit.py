"""From code on arrays to a function: the source text of a NumPy program, and its compilation."""

import linecache
import re
from collections.abc import Callable, Iterable
from itertools import count
from math import inf, nan
from typing import Any
from weakref import finalize

from micrograd_bp.matrix_form.code import TAIL, Array, Code
from micrograd_bp.matrix_form.indexing import strided
from micrograd_bp.matrix_form.memory import Block, blocks_of
from micrograd_bp.matrix_form.program import Floats

Function = Callable[..., Any]

PREFIXED = re.compile(r"\bnp\.(\w+)")

_serial = count(1)


def source_of(code: Code, name: str, result: str) -> str:
    """The program as text: memory for m examples, and a function of X that works in it."""
    views = used_views(code)
    body, imported = without_prefix(code, [str(statement) for statement in code.statements])
    lines = ["import numpy as np", imported, "", "# memory of a batch of m examples, and views"]
    lines += [*memory_lines(code, views), "", "", f"def {name}(X):"]
    lines += indented([f"{x.name} = {x.source}" for x in views if x.each_call], 1)
    lines += [*indented(body, 1), f"    return {result}"]
    return "\n".join(lines) + "\n"


def without_prefix(code: Code, lines: list[str]) -> tuple[list[str], str]:
    """The lines with NumPy's functions by their bare names, which are found faster; the import."""
    names = sorted({name for line in lines for name in PREFIXED.findall(line)})
    short = {name: f"np_{name}" if name in code.names.given else name for name in names}
    imports = [name if name == bare else f"{name} as {bare}" for name, bare in short.items()]
    bare_lines = [PREFIXED.sub(lambda found: short[found[1]], line) for line in lines]
    return bare_lines, f"from numpy import {', '.join(imports)}"


def memory_lines(code: Code, views: list[Array]) -> list[str]:
    """Memory and views on it, made once for each number of examples."""
    lines = ["mean = 1.0 / m", "one = np.array(1.0)"]
    for block in blocks_of(code):
        lines += block_lines(block, views)
    lines += [f"{x.name} = {x.source}" for x in code.arrays if x.source and x.base is None]
    lines += [f"{x.name} = {x.source}" for x in views if not x.each_call and x.source != TAIL]
    return lines


def block_lines(block: Block, views: list[Array]) -> list[str]:
    names = " = ".join(x.name for x in block.arrays)
    n, *rest = block.arrays[0].shape
    if not block.tail:
        return [f"{names} = np.empty({shape_text((n, *rest))})"]
    wholes = [v.name for v in views if v.source == TAIL and v.base in block.arrays]
    made = "np.ones" if block.tail == "ones" else "np.empty"
    whole = " = ".join(wholes)
    return [
        f"{whole} = {made}({shape_text((n + 1, *rest))})",
        f"{names} = {wholes[0]}[:{n}]",
    ]


def shape_text(shape: tuple[Any, ...]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def used_views(code: Code) -> list[Array]:
    """The views that the statements name, and those that these are views on; bases first."""
    used: set[Array] = set()
    for statement in code.statements:
        pending: list[Array | None] = [*statement.reads, statement.out]
        while pending:
            x = pending.pop()
            if x is not None and x not in used:
                used.add(x)
                pending.append(x.base)
    return [x for x in code.arrays if x in used and x.base is not None]


def indented(lines: Iterable[str], levels: int) -> list[str]:
    return ["    " * levels + line for line in lines]


def compiled(code: Code, source: str, name: str) -> Function:
    """From theta, gradient and m to the function of the source; tracebacks show its lines."""
    file = f"<matrix form {next(_serial)}: {name}>"
    program = compile(source, file, "exec")
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    constants = {x.name: x.constant for x in code.arrays if x.constant is not None}
    names = {"strided": strided, "inf": inf, "nan": nan, **constants, **code.functions}

    def bind(theta: Floats, gradient: Floats, m: int) -> Function:
        space: dict[str, Any] = {**names, "theta": theta, "gradient": gradient, "m": m}
        exec(program, space)
        function: Function = space.pop(name)  # no circle: the memory goes when the function goes
        return function

    finalize(bind, linecache.cache.pop, file, None)
    return bind
