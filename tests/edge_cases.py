"""The cases of tests/data/edge_cases.json, each with the row or the expression that it is about."""

import json
from pathlib import Path

from micrograd_bp import primitives as p

CASES = json.loads((Path(__file__).parent / "data" / "edge_cases.json").read_text())

ROWS = {
    "abs": p.absolute,
    "atan": p.arctan,
    "max": p.maximum,
    "min": p.minimum,
    "max_reduce": p.maximum,
    "amax_reduce": p.maximum,
    "pow": p.power,
    "div": p.div,
    "add": p.add,
    "sub": p.sub,
    "mul": p.mul,
    "logaddexp": p.logsumexp,
}
COMPOSED = {
    "x_div_x": lambda x: x / x,
    "x_minus_x": lambda x: x - x,
    "x_mul_0": lambda x: x * 0.0,
    "square_mul": lambda x: x * x,
    "max_with_const0": lambda x: x.maximum(0.0),
    "norm_at0": lambda x, y: (x * x + y * y).sqrt(),
    "where_trap": lambda x: x.sqrt() if x > 0.0 else 0.0 * x,
    "logsigmoid": lambda x: -(-x).softplus(),
    "silu": lambda x: x * x.sigmoid(),
}


WITHOUT_A_ROW = {"elu", "gelu", "log2", "log10", "asin", "acos", "atanh", "sinh", "cosh"}
WITHOUT_A_ROW |= {"erf", "floor", "atan2", "hypot", "mod", "max3_reduce", "clip01"}

BOUND = [case for case in CASES if case["op"] not in WITHOUT_A_ROW]
WITH_VALUE = [case for case in BOUND if "value" in case["recommended"]]
RAISING = [case for case in BOUND if "raises" in case["recommended"]]


def row_of(op):
    return ROWS.get(op) or p.TABLE.get(op)


def split(case):
    """Operation, constant and numbers: `powc:2` at 3 is `3 ** 2`, `cpow:2` at 3 is `2 ** 3`."""
    op, _, constant = case["op"].partition(":")
    return op, constant, [float(text) for text in case["args"]]


def function_of(case):
    """The case as a function of Values."""
    op, constant, _ = split(case)
    if op in COMPOSED:
        return COMPOSED[op]
    if op == "powc":
        exponent = float(constant) if "." in constant else int(constant)
        return lambda x: x**exponent
    if op == "cpow":
        return lambda x: float(constant) ** x
    row = row_of(op)
    return lambda *x: row.apply(x)
