"""What each row of the table is, written without a derivative, and the points at which it is tried.

A row that is new to the table has no entry here, and tests/test_rules.py is red until it has one.
"""

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass, field

from micrograd_bp import primitives as p

INF, NAN = math.inf, math.nan


@dataclass(frozen=True)
class Kink:
    """Where slopes differ: the local derivatives at x, and with operand `along` below and above."""

    x: tuple[float, ...]
    below: tuple[float, ...]
    at: tuple[float, ...]
    above: tuple[float, ...]
    along: int = 0


@dataclass(frozen=True)
class Facts:
    """function: the row by the functions of `m`, which is cmath or mpmath.

    points: where it is smooth, tails and the neighbourhood of kinks among them.
    python: what computes the same on floats, errors included; None for a row that never raises.
    edges: value and local derivatives at special points, for rows that edge_cases.json leaves out.
    floor: an error that is no fault however small the derivative: 1 - z z in the tail of tanh.
    """

    function: Callable
    points: list[tuple[float, ...]]
    python: Callable | None = None
    kinks: list[Kink] = field(default_factory=list)
    edges: list[tuple[tuple[float, ...], float, tuple[float, ...]]] = field(default_factory=list)
    floor: float = 0.0


def product_of_powers(m, c, x, y, n=0):
    """c x^y (log x)^n."""
    return c * x**y * m.log(x) ** n


def part_of(m, x, y):
    """Of max(x, y) the part that is x's."""
    return 1.0 if x.real > y.real else 0.0 if x.real < y.real else 0.5


def sum_of(*x):
    z = x[0]
    for x_i in x[1:]:
        z = z + x_i
    return z


def weighted(*wab):
    """Of (w_1..w_n, a_1..a_n) or (w_1..w_n, a_1..a_n, b)."""
    n = len(wab) // 2
    products = [w * a for w, a in zip(wab[:n], wab[n : 2 * n], strict=True)]
    return sum_of(*products, *wab[2 * n :])


LINE = [(-2.3,), (-0.6,), (0.35,), (1.1,), (3.1,)]
TAILS = [(-700.0,), (-40.0,), (-15.0,), (-1e-9,), (1e-9,), (15.0,), (40.0,), (700.0,)]
POSITIVE = [(1e-300,), (1e-9,), (0.35,), (0.999,), (1.0,), (1.1,), (3.1,), (1e9,), (1e300,)]
NEAR_0 = [(-2.3,), (-1e-9,), (-1e-300,), (1e-300,), (1e-9,), (1.1,)]
PLANE = [(-2.3, 0.8), (-0.6, -0.35), (0.35, 1.1), (3.1, -0.6), (1e-9, 2.0), (1e9, -1e-9)]
NEAR_TIES = [(-2.3, 0.8), (0.8, -2.3), (1.0, 1.0 + 1e-9), (1.0 + 1e-9, 1.0), (-1e-300, 1e-300)]
POWERS = [(0.35, 1.1), (3.1, -0.6), (2.0, 3.0), (1.5, 0.0), (1.0, 5.0), (1e-9, 0.5), (1e9, -1.5)]
POWERS += [(0.999999, 30.0), (7.0, 40.0)]
MONOMIALS = [(0.7, 1.3, 2.2), (-1.3, 0.7, 2.2), (0.4, 2.3, -3.0), (1.0, 1e-9, 1.5), (3.0, 1.0, 0.5)]


def kinks_of_a_tie(below, at, above):
    """Of a function of x and y, with its local derivatives as x passes y."""
    moved_x = [Kink(x, below, at, above) for x in [(2.0, 2.0), (0.0, 0.0), (0.0, -0.0)]]
    return [*moved_x, Kink((-1.0, -1.0), above, at, below, along=1)]


def kinks_at_0(below, at, above):
    return [Kink((x,), (below,), (at,), (above,)) for x in (0.0, -0.0)]


FACTS = {
    "step": Facts(
        lambda m, x: 1.0 if x.real > 0.0 else 0.0,
        NEAR_0,
        kinks=kinks_at_0(0.0, 0.0, 0.0),
        edges=[((INF,), 1.0, (0.0,)), ((-INF,), 0.0, (0.0,)), ((NAN,), NAN, (0.0,))],
    ),
    "sign": Facts(
        lambda m, x: 1.0 if x.real > 0.0 else -1.0 if x.real < 0.0 else 0.0,
        NEAR_0,
        kinks=kinks_at_0(0.0, 0.0, 0.0),
        edges=[((-INF,), -1.0, (0.0,)), ((NAN,), NAN, (0.0,)), ((-0.0,), 0.0, (0.0,))],
    ),
    "share": Facts(
        part_of,
        NEAR_TIES,
        kinks=kinks_of_a_tie((0.0, 0.0), (0.0, 0.0), (0.0, 0.0)),
        edges=[
            ((INF, INF), 0.5, (0.0, 0.0)),
            ((INF, 1.0), 1.0, (0.0, 0.0)),
            ((NAN, 1.0), NAN, (0.0, 0.0)),
            ((1.0, NAN), NAN, (0.0, 0.0)),
        ],
    ),
    "divide": Facts(
        lambda m, x, y: x / y,
        PLANE,
        edges=[
            ((1.0, 0.0), INF, (INF, -INF)),
            ((1.0, -0.0), -INF, (-INF, -INF)),
            ((-1.0, 0.0), -INF, (INF, INF)),
            ((0.0, 0.0), NAN, (INF, NAN)),
            ((1.0, INF), 0.0, (0.0, 0.0)),
            ((INF, INF), NAN, (0.0, NAN)),
            ((NAN, 1.0), NAN, (1.0, NAN)),
        ],
    ),
    "exp_difference": Facts(
        lambda m, x, y: m.exp(x - y),
        [(0.35, 1.1), (-0.6, -2.3), (700.0, 1.0), (1.0, 700.0), (1e6, 1e6 + 1.0)],
        edges=[
            ((INF, INF), 1.0, (1.0, -1.0)),
            ((-INF, -INF), 1.0, (1.0, -1.0)),
            ((1000.0, 0.0), INF, (INF, -INF)),
            ((-1000.0, 0.0), 0.0, (0.0, 0.0)),
            ((NAN, 0.0), NAN, (NAN, NAN)),
        ],
    ),
    "monomial": Facts(
        product_of_powers,
        MONOMIALS,
        edges=[
            ((0.0, 0.0, -1.0), 0.0, (INF, 0.0, 0.0)),
            ((2.0, 0.0, -1.0), INF, (INF, -INF, -INF)),
            ((1.0, 0.0, 0.0), 1.0, (1.0, 0.0, 0.0)),
            ((3.0, 0.0, 1.0), 0.0, (0.0, 3.0, 0.0)),
            ((2.0, -3.0, 2.0), 18.0, (9.0, -12.0, NAN)),
            ((2.0, -3.0, 0.5), NAN, (NAN, NAN, NAN)),
            ((INF, 0.0, 2.0), 0.0, (0.0, 0.0, 0.0)),
            ((1.0, 1e200, 2.0), INF, (INF, 2e200, INF)),
        ],
    ),
    "monomial_log1": Facts(
        lambda m, c, x, y: product_of_powers(m, c, x, y, 1),
        MONOMIALS,
        edges=[
            ((1.0, 0.0, 0.0), 0.0, (0.0, INF, 0.0)),
            ((1.0, 0.0, 2.0), 0.0, (0.0, 0.0, 0.0)),
            ((2.0, 1.0, 5.0), 0.0, (0.0, 2.0, 0.0)),
            ((1.0, -2.0, 2.0), NAN, (NAN, NAN, NAN)),
        ],
    ),
    "+": Facts(lambda m, x, y: x + y, PLANE, operator.add),
    "-": Facts(lambda m, x, y: x - y, PLANE, operator.sub),
    "*": Facts(lambda m, x, y: x * y, PLANE, operator.mul),
    "/": Facts(lambda m, x, y: x / y, PLANE, operator.truediv),
    "**": Facts(lambda m, x, y: x**y, POWERS, operator.pow),
    "neg": Facts(
        lambda m, x: -x,
        LINE,
        operator.neg,
        edges=[((0.0,), -0.0, (-1.0,)), ((INF,), -INF, (-1.0,)), ((NAN,), NAN, (-1.0,))],
    ),
    "abs": Facts(
        lambda m, x: x if x.real > 0.0 else -x,
        NEAR_0,
        operator.abs,
        kinks=kinks_at_0(-1.0, 0.0, 1.0),
    ),
    "exp": Facts(lambda m, x: m.exp(x), [*LINE, *TAILS], math.exp),
    "expm1": Facts(
        lambda m, x: 2.0 * m.exp(x / 2.0) * m.sinh(x / 2.0),
        [*LINE, *TAILS],
        math.expm1,
        floor=1e-15,
    ),
    "log": Facts(lambda m, x: m.log(x), POSITIVE, math.log),
    "log1p": Facts(
        lambda m, x: m.log(1.0 + x),
        [(-0.999999,), (-0.6,), (-1e-9,), (1e-9,), (0.35,), (3.1,), (1e9,), (1e200,)],
        math.log1p,
    ),
    "sqrt": Facts(lambda m, x: m.sqrt(x), POSITIVE, math.sqrt),
    "sin": Facts(lambda m, x: m.sin(x), [*LINE, (-1e-9,), (1e9,), (1e22,)], math.sin),
    "cos": Facts(lambda m, x: m.cos(x), [*LINE, (-1e-9,), (1e9,), (1e22,)], math.cos),
    "tan": Facts(lambda m, x: m.tan(x), [*LINE, (-1e-9,), (1.57,), (1e9,)], math.tan),
    "arctan": Facts(lambda m, x: m.atan(x), [*LINE, *TAILS], math.atan),
    "tanh": Facts(lambda m, x: m.tanh(x), [*LINE, *TAILS], math.tanh, floor=1e-15),
    "sigmoid": Facts(lambda m, x: 1.0 / (1.0 + m.exp(-x)), [*LINE, *TAILS], floor=1e-15),
    "softplus": Facts(lambda m, x: m.log(1.0 + m.exp(x)), [*LINE, *TAILS], floor=1e-15),
    "relu": Facts(
        lambda m, x: x if x.real > 0.0 else 0.0 * x, NEAR_0, kinks=kinks_at_0(0.0, 0.0, 1.0)
    ),
    "leaky_relu": Facts(
        lambda m, x: x if x.real > 0.0 else 0.01 * x, NEAR_0, kinks=kinks_at_0(0.01, 0.01, 1.0)
    ),
    "maximum": Facts(
        lambda m, x, y: x if x.real > y.real else y,
        NEAR_TIES,
        kinks=kinks_of_a_tie((0.0, 1.0), (0.5, 0.5), (1.0, 0.0)),
    ),
    "minimum": Facts(
        lambda m, x, y: x if x.real < y.real else y,
        NEAR_TIES,
        kinks=kinks_of_a_tie((1.0, 0.0), (0.5, 0.5), (0.0, 1.0)),
    ),
    "total": Facts(
        lambda m, *x: sum_of(*x),
        [(0.7,), (0.7, -1.3, 2.0), (1e9, 1e-9, -3.0, 0.5)],
        edges=[
            ((INF, -INF), NAN, (1.0, 1.0)),
            ((1e308, 1e308), INF, (1.0, 1.0)),
            ((NAN, 1.0), NAN, (1.0, 1.0)),
        ],
    ),
    "logsumexp": Facts(
        lambda m, *x: m.log(sum_of(*[m.exp(x_i) for x_i in x])),
        [(0.7,), (0.7, -1.3), (0.7, -1.3, 2.0), (0.0, 0.0), (-40.0, 0.0, 1.0), (700.0, 699.0)],
    ),
    "weighted_sum": Facts(
        lambda m, *wab: weighted(*wab),
        [(0.7, -1.3), (0.7, -1.3, 2.0), (0.5, 2.0, -3.0, 0.25), (0.5, 2.0, -3.0, 0.25, 1e9)],
        edges=[
            ((0.0, INF), NAN, (INF, 0.0)),
            ((1e200, 1e200, 1.0), INF, (1e200, 1e200, 1.0)),
            ((2.0, NAN, 3.0), NAN, (NAN, 2.0, 1.0)),
        ],
    ),
}


def facts_of(row):
    """Of a row of the table, or of c x^y (log x)^n for an n that only high orders reach."""
    n = row.name.removeprefix("monomial_log")
    if n.isdigit() and row.name not in FACTS:
        return Facts(lambda m, c, x, y: product_of_powers(m, c, x, y, int(n)), MONOMIALS)
    return FACTS[row.name]


# The rows of the table, and those that rules make of them as they go on.
ALL_ROWS = [*p.TABLE.values(), p.log_monomial(2), p.log_monomial(3)]
