"""What happens at kinks, poles, infinities and nan: the cases of tests/data/edge_cases.json.

Each says a value and a gradient, or the error and its text. They follow from two rules: forward is
Python's float arithmetic with errors that name the operands; a derivative is the gradient, else the
least-norm subgradient, else the one-sided limit, else nan, and never an error.
"""

import math

import numpy as np
import pytest
from edge_cases import BOUND, CASES, RAISING, WITH_VALUE, WITHOUT_A_ROW, function_of, row_of, split

from micrograd_bp import Value
from micrograd_bp import primitives as p


def numbers(texts):
    return [float(text) for text in texts]


def one_row(case):
    """The row, its operands and which of them vary, if one row computes the case."""
    op, constant, x = split(case)
    if op == "powc":
        return p.power, [*x, float(constant)], [0]
    if op == "cpow":
        return p.power, [float(constant), *x], [1]
    row = row_of(op)
    return None if row is None else (row, x, list(range(len(x))))


def same(expected):
    """Equal to rounding; nan meets nan, inf the same inf, and 0 nothing but 0."""
    return pytest.approx(expected, rel=1e-14, abs=0.0, nan_ok=True)


def case_id(case):
    return case["case"].replace(" ", "")


OF_ONE_ROW = [case for case in WITH_VALUE if one_row(case)]
RAISING_IN_ONE_ROW = [case for case in RAISING if one_row(case)]


def test_no_case_vanishes():
    assert (len(CASES), len(BOUND), len(WITH_VALUE), len(RAISING)) == (223, 193, 157, 36)
    assert (len(OF_ONE_ROW), len(RAISING_IN_ONE_ROW)) == (142, 35)


def test_what_is_left_out_has_no_row():
    assert WITHOUT_A_ROW.isdisjoint(p.TABLE)
    assert {case["op"] for case in CASES} > WITHOUT_A_ROW


@pytest.mark.parametrize("case", WITH_VALUE, ids=case_id)
def test_value_and_gradient(case):
    leaves = [Value(x) for x in numbers(case["args"])]
    z = function_of(case)(*leaves)
    z.backward()
    assert z.data == same(float(case["recommended"]["value"]))
    assert [leaf.grad for leaf in leaves] == same(numbers(case["recommended"]["grad"]))


@pytest.mark.parametrize("case", RAISING, ids=case_id)
def test_the_error_and_its_text(case):
    leaves = [Value(x) for x in numbers(case["args"])]
    error = {e.__name__: e for e in p.ARITHMETIC}[case["recommended"]["raises"]]
    with pytest.raises(error) as raised:
        function_of(case)(*leaves)
    assert type(raised.value) is error
    assert str(raised.value) == case["recommended"]["message"]


@pytest.mark.parametrize("case", OF_ONE_ROW, ids=case_id)
def test_value_and_derivatives_on_arrays(case):
    row, operands, varying = one_row(case)
    x = [np.array([x_k, x_k]) for x_k in operands]
    with np.errstate(all="ignore"):
        z = row.arrays(*x)
        derivatives = [np.broadcast_to(d, (2,))[0] for d in row.derivatives(z, *x)]
    assert z.tolist() == same([float(case["recommended"]["value"])] * 2)
    assert [derivatives[k] for k in varying] == same(numbers(case["recommended"]["grad"]))


@pytest.mark.parametrize("case", OF_ONE_ROW, ids=case_id)
def test_the_graph_of_a_derivative_has_the_same_number(case):
    row, operands, varying = one_row(case)
    leaves = [Value(x_k) for x_k in operands]
    derivatives = row.derivatives(row.apply(leaves), *leaves)
    found = [d.data if isinstance(d, Value) else d for d in derivatives]
    assert [found[k] for k in varying] == same(numbers(case["recommended"]["grad"]))


@pytest.mark.parametrize("case", RAISING_IN_ONE_ROW, ids=case_id)
def test_the_error_is_the_same_on_numbers_and_names_the_labels_of_values(case):
    row, operands, _ = one_row(case)
    error, text = case["recommended"]["raises"], case["recommended"]["message"]
    labels = ", ".join(["x is 'p'", "y is 'q'"][: len(operands)])
    with pytest.raises(p.ARITHMETIC) as on_numbers:
        row(*operands)
    with pytest.raises(p.ARITHMETIC) as on_values:
        row(*[Value(x, label) for x, label in zip(operands, "pq", strict=False)])
    assert (type(on_numbers.value).__name__, str(on_numbers.value)) == (error, text)
    assert (type(on_values.value).__name__, str(on_values.value)) == (error, f"{text} ({labels})")


# What the cases do not say.


@pytest.mark.parametrize("x", [-0.0, 0.0])
def test_signs_of_zero(x):
    assert math.copysign(1.0, Value(x).sqrt().data) == math.copysign(1.0, x)
    assert math.copysign(1.0, Value(x).relu().data) == 1.0
    assert math.copysign(1.0, (-Value(x)).data) == -math.copysign(1.0, x)
    assert math.copysign(1.0, abs(Value(x)).data) == 1.0


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_nan_and_infinity_pass_through_as_data(number):
    assert Value(number).data == same(number)
    assert (Value(number) * 2.0 + 1.0).data == same(number)
    assert Value(number).tanh().data == same(math.tanh(number))


@pytest.mark.parametrize("x", [1000.0, 1e308, math.inf])
@pytest.mark.parametrize(
    ("row", "left", "right", "slope"),
    [(p.sigmoid, 0.0, 1.0, 0.0), (p.tanh, -1.0, 1.0, 0.0), (p.softplus, 0.0, None, 1.0)],
    ids=str,
)
def test_saturating_functions_never_overflow(x, row, left, right, slope):
    below, above = Value(-x), Value(x)
    z_below, z_above = row(below), row(above)
    (z_below + z_above).backward()
    assert (z_below.data, z_above.data) == (left, x if right is None else right)
    assert (below.grad, above.grad) == (0.0, slope)


def test_sums_products_and_quotients_overflow_silently_as_floats_do():
    x = Value(1e308)
    for z in (x + x, x * x, -x - x, x / 1e-10, x * -10.0):
        assert math.isinf(z.data)
    assert math.isnan((x * 10.0 - x * 10.0).data)


def test_a_derivative_at_a_pole_does_not_stop_backward():
    x, y = Value(0.0), Value(3.0)
    (x.sqrt() + y * y).backward()
    assert (x.grad, y.grad) == (math.inf, 6.0)


def test_three_tied_operands_of_nested_maxima_share_pairwise():
    x, y, z = Value(1.0), Value(1.0), Value(1.0)
    x.maximum(y).maximum(z).backward()
    assert (x.grad, y.grad, z.grad) == (0.25, 0.25, 0.5)
