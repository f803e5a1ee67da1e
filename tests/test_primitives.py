"""Every row of the table: its derivatives against its own value, on floats, Values and arrays.

The tests are parametrised by the table, so a new row is tested the moment it exists. A row whose
domain has no room for the default points gets an entry in POINTS.
"""

import inspect
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any

import numpy as np
import pytest

from micrograd_bp import Primitive, Value, logsumexp, softmax, total, weighted_sum
from micrograd_bp import primitives as p

ROWS = list(p.TABLE.values())
NUMBERS = [-2.3, -0.6, 0.35, 0.8, 1.1, 3.1]  # away from kinks and poles
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.0, 2.5, 710.0, 1e200, -1e308, 5e-324]
SPECIAL += [math.inf, -math.inf, math.nan]
MONOMIALS = [(-1.3, 0.7, 2.2), (0.8, 1.9, -0.6), (0.4, 2.3, 3.0)]  # c, x, y of c x^y (log x)^k
POINTS = {"monomial": MONOMIALS, "monomial_log1": MONOMIALS}


def row_id(row: Primitive) -> str:
    return row.name


each_row = pytest.mark.parametrize("row", ROWS, ids=row_id)


# The points at which a row is tested.


def arity(row: Primitive) -> int:
    """How many operands the rule names; three for rows with any number of them."""
    operands = list(inspect.signature(row.derivatives).parameters.values())[1:]
    return 3 if any(x.kind is x.VAR_POSITIONAL for x in operands) else len(operands)


def is_inside(row: Primitive, operands: Sequence[float]) -> bool:
    try:
        return math.isfinite(row.floats(*operands))
    except p.ARITHMETIC:
        return False


def points(row: Primitive) -> list[tuple[float, ...]]:
    if row.name in POINTS:
        return POINTS[row.name]
    turns = range(len(NUMBERS))
    candidates = [[NUMBERS[(t + 2 * k) % 6] for k in range(arity(row))] for t in turns]
    candidates += [[NUMBERS[(5 * t + k) % 6] for k in range(arity(row))] for t in turns]
    return [tuple(x) for x in candidates if is_inside(row, x)]


def differentiable(row: Primitive) -> list[int]:
    return list(range(len(points(row)[0])))


def columns(row: Primitive) -> list[Any]:
    return [np.array(column) for column in zip(*points(row), strict=True)]


# The reference: differences of the seventh order, of the row's own value.


def slope(f: Callable[..., float], operands: Sequence[float], k: int, h: float = 4e-3) -> float:
    """df/dx_k by six-point central differences: an error of about 1e-12."""

    def at(step: int) -> float:
        return f(*operands[:k], operands[k] + step * h, *operands[k + 1 :])

    near, middle, far = (at(n) - at(-n) for n in (1, 2, 3))
    return (45.0 * near - 9.0 * middle + far) / (60.0 * h)


def agrees(got: float, expected: float) -> bool:
    return math.isclose(got, expected, rel_tol=1e-9, abs_tol=1e-9)


def wrong_positions(row: Primitive) -> set[int]:
    """The operands whose derivative differs from the slope at some point: empty for a good row."""
    wrong = set()
    for x in points(row):
        derivatives = row.derivatives(row.floats(*x), *x)
        assert len(derivatives) == len(x)
        for k in differentiable(row):
            if not agrees(derivatives[k], slope(row.floats, x, k)):
                wrong.add(k)
    return wrong


def wrong_second_positions(row: Primitive) -> set[tuple[int, int]]:
    """The pairs (k, j) for which d/dx_j of the k-th derivative, by backward, is not its slope."""
    wrong = set()
    for x, k in itertools.product(points(row), differentiable(row)):

        def derivative(*x: float, k: int = k) -> float:
            return row.derivatives(row.floats(*x), *x)[k]

        operands = [Value(x_j) for x_j in x]
        first = row.derivatives(row.apply(operands), *operands)[k]
        if isinstance(first, Value):
            first.backward()
        for j in differentiable(row):
            if not agrees(operands[j].grad, slope(derivative, x, j)):
                wrong.add((k, j))
    return wrong


def with_derivative(row: Primitive, k: int, change: Callable[[Any], Any]) -> Primitive:
    """A copy of the row whose k-th derivative is changed."""

    @wraps(row.derivatives)
    def rule(z: Any, *x: Any) -> tuple[Any, ...]:
        derivatives = list(row.derivatives(z, *x))
        derivatives[k] = change(derivatives[k])
        return tuple(derivatives)

    return replace(row, derivatives=rule)


@each_row
def test_the_points_of_a_row_are_inside_its_domain(row):
    assert len(points(row)) >= 2, f"give POINTS an entry for {row.name}"
    assert all(is_inside(row, x) for x in points(row))


@each_row
def test_local_derivatives_are_the_slopes_of_the_value(row):
    assert wrong_positions(row) == set()


@each_row
def test_second_derivatives_come_from_the_same_rule(row):
    assert wrong_second_positions(row) == set()


# The checker itself, on wrong rules.

ENTRIES = [(row, k) for row in ROWS for k in differentiable(row)]
MOVING = [
    (row, k)
    for row, k in ENTRIES
    if any(row.derivatives(row.floats(*x), *x)[k] != 0.0 for x in points(row))
]


def entry_id(entry: Any) -> str:
    return entry.name if isinstance(entry, Primitive) else f"operand{entry}"


def test_only_locally_constant_rows_have_derivatives_that_are_zero_everywhere():
    still = {row.name for row in ROWS} - {row.name for row, _ in MOVING}
    assert still == {"step", "sign", "share"}


@pytest.mark.parametrize(("row", "k"), MOVING, ids=entry_id)
@pytest.mark.parametrize(
    "change",
    [lambda d: -d, lambda d: 0.0, lambda d: d * (1.0 + 1e-6)],
    ids=["sign flipped", "dropped", "off by 1e-6"],
)
def test_the_checker_rejects_a_wrong_derivative(row, k, change):
    assert wrong_positions(with_derivative(row, k, change)) == {k}


@pytest.mark.parametrize(("row", "k"), ENTRIES, ids=entry_id)
def test_the_checker_rejects_a_derivative_that_is_too_large(row, k):
    assert wrong_positions(with_derivative(row, k, lambda d: d + 1.0)) == {k}


@pytest.mark.parametrize(("row", "k"), ENTRIES, ids=entry_id)
def test_the_second_order_checker_rejects_a_wrong_graph(row, k):
    """A derivative with the right number and the wrong dependence on an operand."""

    @wraps(row.derivatives)
    def rule(z: Any, *x: Any) -> tuple[Any, ...]:
        derivatives = list(row.derivatives(z, *x))
        x_k = x[k].data if isinstance(x[k], Value) else x[k]
        derivatives[k] = derivatives[k] + (x[k] - x_k)
        return tuple(derivatives)

    bad = replace(row, derivatives=rule)
    assert wrong_positions(bad) == set()
    assert wrong_second_positions(bad) == {(k, k)}


def test_the_checker_rejects_a_second_derivative_frozen_by_a_comparison():
    def rule(z, x):
        return ((x.data if isinstance(x, Value) else x) * 2.0,)

    square = Primitive("square", lambda x: x * x, np.square, rule)
    assert wrong_positions(square) == set()
    assert wrong_second_positions(square) == {(0, 0)}


# One rule, three kinds of operands.


@each_row
def test_a_rule_gives_the_same_numbers_on_values(row):
    for x in points(row):
        floats = row.derivatives(row.floats(*x), *x)
        operands = [Value(x_k) for x_k in x]
        z = row.apply(operands)
        derivatives = row.derivatives(z, *operands)
        assert z.data == row.floats(*x)
        assert z.local_derivatives == floats
        assert tuple(d.data if isinstance(d, Value) else d for d in derivatives) == floats


@each_row
def test_a_rule_gives_the_same_numbers_on_arrays_of_mixed_signs(row):
    z = np.array([row.floats(*x) for x in points(row)])
    expected = np.array([row.derivatives(row.floats(*x), *x) for x in points(row)]).T
    for got, wanted in zip(row.derivatives(z, *columns(row)), expected, strict=True):
        np.testing.assert_allclose(np.broadcast_to(got, z.shape), wanted, rtol=1e-13, atol=0.0)


@each_row
def test_the_value_on_arrays_is_the_value_on_floats_to_a_few_ulp(row):
    expected = np.array([row.floats(*x) for x in points(row)])
    np.testing.assert_array_max_ulp(row.arrays(*columns(row)), expected, maxulp=4)


@each_row
def test_a_rule_never_compares_values(row, monkeypatch):
    def forbidden(*operands):
        raise AssertionError("a comparison inside a rule would freeze at recording")

    computed = [(x, row.apply(x)) for x in ([Value(x_k) for x_k in x] for x in points(row))]
    for name in ("__bool__", "__lt__", "__le__", "__gt__", "__ge__", "__eq__"):
        monkeypatch.setattr(Value, name, forbidden)
    monkeypatch.setattr(Value, "__hash__", object.__hash__)
    for x, z in computed:
        row.derivatives(z, *x)


def test_a_rule_with_a_comparison_is_noticed(monkeypatch):
    step = Primitive("step", p.step.floats, p.step.arrays, lambda z, x: (1.0 if x > 0 else 0.0,))
    with pytest.raises(AssertionError, match="would freeze"):
        test_a_rule_never_compares_values(step, monkeypatch)
    with pytest.raises(ValueError, match="ambiguous"):
        test_a_rule_gives_the_same_numbers_on_arrays_of_mixed_signs(step)


# At special points: zeros of either sign, infinities, nan, overflow.


def special_points(row: Primitive) -> list[tuple[float, ...]]:
    numbers = SPECIAL if arity(row) < 3 else SPECIAL[::2]
    return list(itertools.product(numbers, repeat=min(arity(row), 3)))


@each_row
def test_floats_and_arrays_follow_the_same_edge_table(row):
    """Where floats raise, arrays are not finite; elsewhere nan meets nan, inf the same inf."""
    for x in special_points(row):
        with np.errstate(all="ignore"):
            on_arrays = np.asarray(row.arrays(*[np.array([x_k]) for x_k in x]))[0]
        try:
            on_floats = row.floats(*x)
        except p.ARITHMETIC:
            assert not math.isfinite(on_arrays), x
        else:
            assert on_arrays == pytest.approx(on_floats, rel=1e-13, abs=0.0, nan_ok=True), x


@each_row
def test_a_derivative_never_raises_and_is_the_same_on_every_kind(row):
    for x in special_points(row):
        operands = [Value(x_k) for x_k in x]
        try:
            z = row.apply(operands)
        except p.ARITHMETIC:
            continue
        expected = pytest.approx(z.local_derivatives, rel=1e-13, abs=0.0, nan_ok=True)
        on_values = row.derivatives(z, *operands)
        assert tuple(d.data if isinstance(d, Value) else d for d in on_values) == expected, x
        with np.errstate(all="ignore"):
            on_arrays = row.derivatives(np.array([z.data]), *[np.array([x_k]) for x_k in x])
        assert tuple(float(np.broadcast_to(d, (1,))[0]) for d in on_arrays) == expected, x


# A Primitive is a function of floats, Values, arrays and mixtures of them.

CALLED_ON_ITS_OPERANDS = [row for row in ROWS if row.flatten is None]
each_plain_row = pytest.mark.parametrize("row", CALLED_ON_ITS_OPERANDS, ids=row_id)


@each_plain_row
def test_numbers_give_a_plain_float(row):
    x = points(row)[0]
    for kind in (float, np.float64):
        z = row(*map(kind, x))
        assert type(z) is float
        assert z == row.floats(*x)


@each_plain_row
def test_float_arrays_give_a_float_array(row):
    z = row(*columns(row))
    assert z.dtype == float
    np.testing.assert_allclose(z, [row.floats(*x) for x in points(row)], rtol=1e-13)


@each_plain_row
def test_arrays_of_values_keep_the_gradient_of_every_entry(row):
    operands = [np.array([Value(x_k) for x_k in column]) for column in columns(row)]
    z = row(*operands)
    assert z.shape == operands[0].shape
    for i, x in enumerate(points(row)):
        assert z[i].op is row
        assert z[i].operands == tuple(operand[i] for operand in operands)
        assert z[i].data == row.floats(*x)


PAIRED = [row for row in CALLED_ON_ITS_OPERANDS if arity(row) == 2]


@pytest.mark.parametrize("row", PAIRED, ids=row_id)
@pytest.mark.parametrize("first", [0, 1], ids=["Value first", "Value second"])
def test_a_value_goes_with_a_number_and_with_an_array(row, first):
    x = points(row)[0]
    value, number = Value(x[first]), x[1 - first]

    def call(other: Any) -> Any:
        return row(value, other) if first == 0 else row(other, value)

    mixed = call(number)
    assert mixed.data == row.floats(*x)
    assert mixed.operands[first] is value
    assert mixed.operands[1 - first].is_constant
    for array in (np.array([number, number]), np.array([number, Value(number)])):
        broadcast = call(array)
        assert broadcast.shape == (2,)
        assert [z.data for z in broadcast] == [row.floats(*x)] * 2
        assert all(z.operands[first] is value for z in broadcast)


def test_arrays_of_floats_and_of_values_broadcast_together():
    w = np.array([[1.0, 2.0], [3.0, 4.0]])
    v = np.array([Value(5.0), Value(6.0)])
    z = p.mul(w, v)
    assert [[z_ij.data for z_ij in row] for row in z] == [[5.0, 12.0], [15.0, 24.0]]
    assert z[1, 0].operands[1] is v[0]


@pytest.mark.parametrize("operand", ["1.5", None, 1j, [1.0]], ids=repr)
def test_a_primitive_refuses_what_is_no_number(operand):
    with pytest.raises(TypeError, match="tanh takes a real number, got"):
        p.tanh(operand)
    with pytest.raises(TypeError, match=r"\* takes a real number, got"):
        p.mul(Value(1.0), operand)
    with pytest.raises(TypeError, match="tanh takes a real number, got"):
        p.tanh(np.array([Value(1.0), operand], dtype=object))


@pytest.mark.parametrize("kind", [float, Value, lambda x: np.array([x])], ids=["float", "v", "[x]"])
def test_a_wrong_number_of_operands_is_a_type_error(kind):
    """On arrays too, where NumPy would take the surplus array for its `out` and overwrite it."""
    for row, count in ((p.exp, 2), (p.log, 2), (p.relu, 2), (p.mul, 1), (p.maximum, 3), (p.add, 3)):
        operands = [kind(float(k)) for k in range(1, count + 1)]
        with pytest.raises(TypeError):
            row(*operands)


@each_row
def test_a_row_is_found_by_its_name_and_shows_it(row):
    assert p.TABLE[row.name] is row
    assert repr(row) == f"<primitive {row.name}>"


# A user's own operation: one row.

swish = Primitive(
    "swish",
    lambda x: x / (1.0 + math.exp(-x)),
    lambda x: x / (1.0 + np.exp(-x)),
    lambda z, x: (p.sigmoid(x) + z * (1.0 - p.sigmoid(x)),),
)
hypot = Primitive("hypot", math.hypot, np.hypot, lambda z, x, y: (p.divide(x, z), p.divide(y, z)))


@pytest.mark.parametrize("row", [swish, hypot], ids=row_id)
def test_a_users_row_passes_the_tests_of_ours(row, monkeypatch):
    test_the_points_of_a_row_are_inside_its_domain(row)
    test_local_derivatives_are_the_slopes_of_the_value(row)
    test_second_derivatives_come_from_the_same_rule(row)
    test_a_rule_gives_the_same_numbers_on_values(row)
    test_a_rule_gives_the_same_numbers_on_arrays_of_mixed_signs(row)
    test_numbers_give_a_plain_float(row)
    test_float_arrays_give_a_float_array(row)
    test_arrays_of_values_keep_the_gradient_of_every_entry(row)
    test_a_rule_never_compares_values(row, monkeypatch)


def test_a_users_row_stands_in_a_graph_like_ours():
    v = Value(0.8)
    (3.0 * swish(v) + v).backward()

    def plain(x: float) -> float:
        return 3.0 * x / (1.0 + math.exp(-x)) + x

    assert v.grad == pytest.approx(slope(plain, (0.8,), 0), rel=1e-10)
    assert swish(v)._op == "swish"


@pytest.mark.parametrize(
    "rule",
    [
        lambda z, *x: 1.0,
        lambda z, *x: None,
        lambda z, *x: [1.0] * len(x),
        lambda z, *x: (1.0,) * (len(x) - 1),
        lambda z, *x: (1.0,) * (len(x) + 1),
    ],
    ids=["a bare number", "None", "a list", "too short", "too long"],
)
@pytest.mark.parametrize(
    ("count", "exponent"), [(1, None), (2, None), (2, 1)], ids=["x", "x, y", "constant exponent"]
)
def test_a_bad_rule_is_refused_by_name(rule, count, exponent):
    bad = Primitive("bad", lambda *x: 1.0, lambda *x: 1.0, rule, exponent=exponent)
    operands = [Value(1.0), 2.0][:count]
    with pytest.raises(TypeError, match=f"rule of bad must give a tuple .* its {count} operands"):
        bad(*operands)


@pytest.mark.parametrize("result", [1j, None, "1.0", np.array([1.0])], ids=repr)
def test_a_value_that_is_no_real_number_is_refused_by_name(result):
    bad = Primitive("bad", lambda x: result, np.exp, lambda z, x: (1.0,))
    with pytest.raises(TypeError, match="the value of bad takes a real number"):
        bad(Value(1.0))


def test_a_value_computed_by_numpy_is_kept_as_a_plain_float():
    cube = Primitive(
        "cube", lambda x: np.float64(x) ** 3, lambda x: x**3, lambda z, x: (3 * x * x,)
    )
    v = Value(2.0)
    z = cube(v)
    assert type(z.data) is float
    z.backward()
    assert (z.data, v.grad) == (8.0, 12.0)


def test_an_arithmetic_error_of_a_users_row_names_operation_operand_and_label():
    def floats(x: float) -> float:
        if x < 1.0:
            raise ValueError("no real value")
        return math.acosh(x)

    acosh = Primitive(
        "acosh", floats, np.arccosh, lambda z, x: (p.divide(1.0, (x * x - 1).sqrt()),)
    )
    with pytest.raises(ValueError, match=r"^acosh\(x\) failed at x = 0.5: no real value$"):
        acosh(0.5)
    with pytest.raises(ValueError, match=r"^acosh\(x\) failed at x = 0.5: no .* \(x is 'p'\)$"):
        acosh(Value(0.5, "p"))
    with pytest.raises(ValueError, match=r"^acosh\(x\) needs x >= 1, got x = 0.5$"):
        replace(acosh, needs="x >= 1")(0.5)


# Rows with many operands.


def data(values: Sequence[Value]) -> list[float]:
    return [v.data for v in values]


@pytest.mark.parametrize("b", [None, 0.25, Value(0.25)], ids=["no b", "number", "Value"])
def test_weighted_sum_is_one_node_whose_derivatives_are_the_factors(b):
    w, a = [Value(2.0), Value(-3.0)], [Value(0.5), Value(0.75)]
    z = weighted_sum(w, a) if b is None else weighted_sum(w, a, b)
    bias = () if b is None else (0.25,)
    assert z.op is weighted_sum
    assert z.operands[:4] == (*w, *a)
    assert data(z.operands[4:]) == list(bias)
    assert z.data == 2.0 * 0.5 - 3.0 * 0.75 + sum(bias)
    assert z.local_derivatives == (0.5, 0.75, 2.0, -3.0, *([1.0] if bias else []))
    assert b is None or not isinstance(b, Value) or z.operands[4] is b


def test_a_bias_of_zero_is_an_operand_like_any_other():
    b = Value(0.0)
    z = weighted_sum([Value(2.0)], [Value(3.0)], b)
    assert z.operands[-1] is b
    z.backward()
    assert b.grad == 1.0


def test_weighted_sum_takes_numbers_values_and_iterators():
    assert weighted_sum([2.0, 3], [4, 5.0], 1) == 24.0
    assert weighted_sum(iter([2.0]), iter([Value(4.0)])).data == 8.0
    assert weighted_sum((w for w in (1.0, 2.0)), np.array([Value(3.0), Value(4.0)])).data == 11.0


def test_weighted_sum_of_arrays_is_elementwise():
    z = weighted_sum([2.0, 3.0], [np.array([1.0, 10.0]), np.array([2.0, 20.0])], 1.0)
    assert z.tolist() == [9.0, 81.0]


def test_weighted_sum_of_unequal_lengths_names_both():
    with pytest.raises(ValueError, match="pairs each w with an a: got 2 w and 3 a"):
        weighted_sum([1.0, 2.0], [Value(1.0), Value(2.0), Value(3.0)])


def test_total_is_one_node_whose_derivatives_are_ones():
    values = [Value(1.0), Value(2.0), Value(4.0)]
    z = total(v for v in values)
    assert (z.data, z.operands, z.local_derivatives) == (7.0, tuple(values), (1.0, 1.0, 1.0))


def test_a_value_that_stands_twice_in_a_sum_counts_twice():
    v = Value(3.0)
    total([v, v, 1.0]).backward()
    weighted_sum([v], [v]).backward()
    assert v.grad == 2.0 + 6.0


def test_sums_run_left_to_right_whatever_the_version_of_python():
    assert total([0.1] * 10) == 0.9999999999999999
    assert total([Value(0.1)] * 10).data == 0.9999999999999999
    assert weighted_sum([1.0] * 10, [Value(0.1)] * 10).data == 0.9999999999999999
    assert weighted_sum([1e100, -1e100], [Value(1.0), Value(1.0)], 1.0).data == 1.0


def test_sums_of_nothing_are_zero():
    assert total([]) == 0.0
    assert weighted_sum([], []) == 0.0
    b = Value(2.0)
    z = weighted_sum([], [], b)
    assert (z.data, z.operands, z.local_derivatives) == (2.0, (b,), (1.0,))


def test_logsumexp_of_nothing_is_refused():
    with pytest.raises(ValueError, match="logsumexp of no values"):
        logsumexp([])
    with pytest.raises(ValueError, match="no values"):
        softmax([])


def test_logsumexp_neither_overflows_nor_underflows():
    z = [Value(1000.0), Value(1000.0)]
    assert logsumexp(z).data == pytest.approx(1000.0 + math.log(2.0), rel=1e-15)
    assert logsumexp([-1000.0, -1000.0]) == pytest.approx(math.log(2.0) - 1000.0, rel=1e-15)
    assert logsumexp([Value(3.5)]).data == 3.5
    assert logsumexp([Value(3.5)]).local_derivatives == (1.0,)


def test_the_derivatives_of_logsumexp_are_the_softmax():
    z = [Value(z_j) for z_j in (0.3, -1.2, 2.0)]
    expected = np.exp([0.3, -1.2, 2.0]) / np.exp([0.3, -1.2, 2.0]).sum()
    assert logsumexp(z).local_derivatives == pytest.approx(expected, rel=1e-14)
    assert data(softmax(z)) == pytest.approx(expected, rel=1e-14)
    assert softmax([0.3, -1.2, 2.0]) == pytest.approx(expected, rel=1e-14)


def test_the_jacobian_of_softmax_is_that_of_coupled_outputs():
    """da_j/dz_i = a_j (1[i = j] - a_i)."""
    for j in range(3):
        z = [Value(z_j) for z_j in (0.3, -1.2, 2.0)]
        a = softmax(z)
        a[j].backward()
        for i in range(3):
            expected = a[j].data * ((i == j) - a[i].data)
            assert z[i].grad == pytest.approx(expected, rel=1e-13, abs=1e-16)


def test_softmax_is_unchanged_by_a_common_shift_and_survives_huge_inputs():
    assert softmax([1000.0, 1001.0]) == pytest.approx(softmax([0.0, 1.0]), rel=1e-12)
    assert softmax([0.0, 4000.0]) == [0.0, 1.0]


@pytest.mark.parametrize("row", [total, logsumexp, weighted_sum], ids=row_id)
def test_arrays_of_values_may_have_many_rows(row):
    """More operands than a NumPy ufunc can take."""
    values = np.array([[Value(i / 100 + j) for j in range(2)] for i in range(100)])
    z = row(values, values) if row is weighted_sum else row(values)
    assert z.shape == (2,)
    for j in range(2):
        column = list(values[:, j])
        alone = row(column, column) if row is weighted_sum else row(column)
        assert z[j].data == alone.data
        assert z[j].operands == alone.operands
