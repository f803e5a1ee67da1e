"""From code on arrays to a function: the source text of a NumPy program, and its compilation."""

import linecache
from collections.abc import Callable, Iterable
from itertools import count
from math import inf, nan
from typing import Any

import numpy as np

from micrograd_bp.matrix_form.code import TAIL, Array, Code
from micrograd_bp.matrix_form.indexing import strided
from micrograd_bp.matrix_form.memory import Block, blocks_of

Function = Callable[..., Any]

_serial = count(1)


def source_of(code: Code, name: str, result: str) -> str:
    """The program as text: a function of theta, gradient and m, which makes a function of X."""
    views = used_views(code)
    lines = [f"def bind_{name}(theta, gradient, m):", *indented(memory_lines(code, views), 1)]
    lines += ["", f"    def {name}(X):"]
    lines += indented([f"{x.name} = {x.source}" for x in views if x.each_call], 2)
    lines += ["        with np.errstate(all='ignore'):"]
    lines += indented([str(statement) for statement in code.statements], 3)
    lines += [f"        return {result}", "", f"    return {name}"]
    return "\n".join(lines) + "\n"


def memory_lines(code: Code, views: list[Array]) -> list[str]:
    """Memory and views on it, made once for each number of examples."""
    lines = ["mean = 1.0 / m"]
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
    """The function `bind_name` of the source; tracebacks show its lines."""
    file = f"<matrix form {next(_serial)}: {name}>"
    constants = {x.name: x.constant for x in code.arrays if x.constant is not None}
    names: dict[str, Any] = {"np": np, "strided": strided, "inf": inf, "nan": nan}
    names |= constants | code.functions
    exec(compile(source, file, "exec"), names)
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    function: Function = names[f"bind_{name}"]
    return function
