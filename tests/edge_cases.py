"""The cases of tests/data/edge_cases.json, and the row or the expression that each is about."""

import json
from pathlib import Path

from micrograd_bp import primitives as p

CASES = json.loads((Path(__file__).parent / "data" / "edge_cases.json").read_text())

ROWS = {
    "abs": p.absolute,
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


def row_of(op):
    return ROWS.get(op) or p.TABLE.get(op)
