"""Any data given to train: it learns and stays finite, or says in words what does not fit."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micrograd_bp import MLP, SGD, cross_entropy, hinge, log_likelihood, predict, quadratic, train

SLOW = 1_000  # data sets in the slow run
COSTS = [quadratic, cross_entropy, log_likelihood, hinge]
NUMBERS = (
    st.floats(width=64)
    | st.floats(-3.0, 3.0)
    | st.integers(-3, 3)
    | st.sampled_from([0, 1, True, 10**400, 2**63, -0.0, 5e-324, 1e308, -1e308, math.nan, math.inf])
)
OTHERS = st.sampled_from(
    [
        None,
        "1.5",
        b"1",
        1 + 2j,
        Decimal("0.5"),
        Fraction(1, 2),
        np.float32(0.5),
        [1.0],
        {},
        object(),
    ]
)
ENTRIES = st.floats(-3.0, 3.0) | NUMBERS | st.sampled_from([0, 1])
DTYPES = [
    np.float64,
    np.float32,
    np.float16,
    np.longdouble,
    np.int8,
    np.uint64,
    bool,
    complex,
    "U4",
]
LAYOUTS = {
    "list": lambda rows: rows,
    "array": lambda rows: np.array(rows),
    "objects": lambda rows: np.array(rows, dtype=object),
    "columns": lambda rows: np.asfortranarray(np.array(rows)),
    "reversed": lambda rows: np.array(rows)[::-1],
    "read only": lambda rows: np.broadcast_to(np.array(rows[0]), (len(rows), *np.shape(rows[0]))),
    "tuple of arrays": lambda rows: tuple(map(np.array, rows)),
    "generator": iter,
    "masked": lambda rows: np.ma.masked_invalid(np.array(rows, dtype=float)),
    **{str(dtype): lambda rows, dtype=dtype: np.array(rows, dtype=dtype) for dtype in DTYPES},
}


@st.composite
def rows(draw, width, count):
    """Some rows of numbers; now and then one is longer, or holds what is no number."""
    entries = draw(st.sampled_from([st.floats(-3.0, 3.0), st.sampled_from([0, 1]), ENTRIES]))
    found = [draw(st.lists(entries, min_size=width, max_size=width)) for _ in range(count)]
    if count and draw(st.integers(0, 7)) == 0:
        found[-1] = found[-1] + [draw(ENTRIES | OTHERS)]
    if count and width and draw(st.integers(0, 7)) == 0:
        found[0][0] = draw(OTHERS)
    return found


@st.composite
def data(draw):
    count = draw(st.integers(0, 5))
    X = draw(rows(draw(st.sampled_from([2, 2, 2, 2, 0, 1, 3])), count))
    Y = draw(rows(draw(st.sampled_from([1, 2, 2])), draw(st.sampled_from([count, count, 3]))))
    if draw(st.booleans()):
        Y = [row[0] for row in Y]
    return X, Y


def made(layout, rows):
    """The rows in a layout, or as they are where NumPy has no such array."""
    try:
        with np.errstate(all="ignore"):
            return LAYOUTS[layout](rows)
    except (ValueError, TypeError, OverflowError, IndexError, DeprecationWarning):
        return rows  # NumPy 1 warns of -1 as an unsigned integer, NumPy 2 refuses it


def try_data(X, Y, layout, cost, method):
    X, Y = made(layout, X), made(layout, Y)
    net = MLP(2, [2, 2], "tanh", "softmax" if cost is log_likelihood else "sigmoid", rng=0)
    try:
        train(net, X, Y, cost, SGD(net.parameters(), 0.1), 2, 2, method=method)
    except (ValueError, TypeError, ArithmeticError) as error:
        said = str(error)
        assert said
        assert len(said) < 1_000
        assert not said.startswith(("only ", "unsupported operand", "ufunc", "could not"))
    else:
        assert np.isfinite(predict(net, X)).all()
    assert all(math.isfinite(p.data) for p in net.parameters())


CASES = given(data(), st.sampled_from(sorted(LAYOUTS)), st.sampled_from(COSTS))


@settings(max_examples=150)
@CASES
def test_data_are_learned_or_refused(examples, layout, cost):
    try_data(*examples, layout, cost, "matrix")


@pytest.mark.slow
@pytest.mark.parametrize("method", ["matrix", "scalar"])
@settings(max_examples=SLOW)
@CASES
def test_many_data_are_learned_or_refused(method, examples, layout, cost):
    try_data(*examples, layout, cost, method)
