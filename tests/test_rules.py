"""The rule of every row: to third order against 50 and more digits, at kinks, at edges, in errors,
with every kind of operand, from every seed.

All walk the table; what a row is stands in row_facts.py, without a derivative.
"""

import inspect
import itertools
import math
import operator
from dataclasses import replace
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from edge_cases import CASES, row_of
from row_facts import ALL_ROWS, FACTS, INF, NAN, facts_of

from micrograd_bp import Value, gradients
from micrograd_bp import primitives as p

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.0, 2.5, 710.0, 1e200, -1e308, 5e-324, INF, -INF, NAN]

each_row = pytest.mark.parametrize("row", ALL_ROWS, ids=operator.attrgetter("name"))
each_row_of_the_table = pytest.mark.parametrize("row", p.TABLE.values(), ids=list(p.TABLE))


@pytest.fixture(autouse=True)
def many_digits():
    """So many that differences of the third order in a tail of 1e-304 still have dozens."""
    with mpmath.workdps(500):
        yield


def leaves_of(x):
    return [Value(x_k) for x_k in x]


def grads(leaves):
    return [leaf.grad for leaf in leaves]


def exactly(numbers):
    """Equal numbers, and nan where nan is expected."""
    return pytest.approx(list(numbers), rel=0.0, abs=0.0, nan_ok=True)


def is_inside(row, x):
    try:
        row.floats(*x)
    except p.ARITHMETIC:
        return False
    return True


def count_of_operands(row):
    """How many the rule names; None for any number of them."""
    operands = list(inspect.signature(row.derivatives).parameters.values())[1:]
    return None if any(x.kind is x.VAR_POSITIONAL for x in operands) else len(operands)


def special_points(row):
    n = count_of_operands(row) or 3
    return list(itertools.product(SPECIAL if n < 3 else SPECIAL[::2], repeat=n))


# No row is forgotten.


def test_every_row_of_the_table_has_its_facts_and_no_other():
    assert set(FACTS) == set(p.TABLE), "a new row needs an entry in row_facts.py"


@each_row
def test_the_points_of_a_row_are_many_and_inside_its_domain(row):
    points = facts_of(row).points
    count = count_of_operands(row)
    assert len(points) >= (5 if count else 3)
    assert all(is_inside(row, x) for x in points)
    assert {len(x) for x in points} == {count} or count is None


def test_every_row_has_edge_cases():
    in_file = {row_of(case["op"].partition(":")[0]) for case in CASES} | {p.power}
    without = [row for row in p.TABLE.values() if row not in in_file]
    assert all(facts_of(row).edges for row in without)
    assert len(without) == 9


# To third order, against differences of the function itself in numbers of many digits.


def difference(f, x, orders):
    """The mixed derivative of f at x: central differences whose steps are 1e-40 of x.

    The steps are powers of 2, so that a straight function is straight to the last digit.
    """
    steps = [mpmath.ldexp(1, int(mpmath.mag(x_k or 1.0)) - 133) for x_k in x]
    z = mpmath.mpf(0)
    for taken in itertools.product(*[range(n + 1) for n in orders]):
        sign = math.prod((-1) ** k * math.comb(n, k) for n, k in zip(orders, taken, strict=True))
        moves = zip(x, steps, orders, taken, strict=True)
        z += sign * f(*[x_k + (mpmath.mpf(n) / 2 - k) * h for x_k, h, n, k in moves])
    return z / math.prod(h**n for h, n in zip(steps, orders, strict=True))


def mixed(z, leaves, orders):
    """The same derivative by gradients of gradients."""
    for leaf, n in zip(leaves, orders, strict=True):
        for _ in range(n):
            z = gradients(z, leaf)
    return z.data


def wrong_orders(row, highest=3):
    """(point, orders) where the graph of a derivative differs from the derivative of the value."""
    facts = facts_of(row)
    wrong = []
    for x in facts.points:
        leaves = leaves_of(x)
        z = row.apply(leaves)
        for orders in itertools.product(range(highest + 1), repeat=len(x)):
            if sum(orders) > highest:
                continue
            exact = difference(lambda *x: facts.function(mpmath, *x), x, orders)
            if not is_right(mixed(z, leaves, orders), exact, facts.floor):
                wrong.append((x, orders))
    return wrong


def is_right(found, exact, floor):
    """To 1e-13 of what is exact; an order that no float holds is inf, or nan as inf times 0 is."""
    if abs(exact) > 1e308:
        return math.isnan(found) or found == math.copysign(INF, exact)
    rounding = 1e-40 if exact else 0.0  # of the differences themselves
    return abs(found - exact) <= max(1e-13 * abs(exact), floor, rounding)


@each_row
def test_value_and_derivatives_to_third_order(row):
    assert wrong_orders(row) == []


def with_rule(row, change):
    """The row with derivatives that `change(k, derivative)` gives."""

    def rule(z, *x):
        return tuple(change(k, d) for k, d in enumerate(row.derivatives(z, *x)))

    return replace(row, derivatives=rule)


@each_row
@pytest.mark.parametrize(
    "change",
    [lambda k, d: d + 1.0, lambda k, d: d * (1.0 + 1e-11) + 3e-11],
    ids=["one more", "off by 1e-11"],
)
def test_a_wrong_derivative_is_noticed(row, change):
    found = wrong_orders(with_rule(row, change), highest=1)
    assert {sum(orders) for _, orders in found} == {1}


@each_row
def test_a_derivative_that_is_right_as_a_number_only_is_noticed(row):
    """Its graph lost the operands, as it does by a comparison or by .data in a rule."""
    frozen = with_rule(row, lambda k, d: d.data if isinstance(d, Value) else d)
    assert {sum(orders) for _, orders in wrong_orders(frozen, 2)} == (
        set() if is_straight(row) else {2}
    )


def is_straight(row):
    facts = facts_of(row)
    return not any(
        difference(lambda *x: facts.function(mpmath, *x), x, orders)
        for x in facts.points
        for orders in itertools.product(range(3), repeat=len(x))
        if sum(orders) == 2
    )


@each_row
def test_an_operand_in_all_places_counts_in_each(row):
    """d f(x, x)/dx: the sum of the local derivatives, whichever way it is reached."""
    x = abs(facts_of(row).points[-1][0])
    n = len(facts_of(row).points[0])
    leaf = Value(x)
    z = row.apply([leaf] * n)
    z.backward()
    expected = 0.0
    for derivative in z.local_derivatives:
        expected += derivative
    assert leaf.grad == gradients(z, leaf).data == expected


# Kinks.

KINKS = [(p.TABLE[name], kink) for name, facts in FACTS.items() for kink in facts.kinks]
each_kink = pytest.mark.parametrize(("row", "kink"), KINKS, ids=str)


@each_kink
def test_a_kink_has_the_slopes_of_either_side_and_the_documented_one_at_it(row, kink):
    for towards, expected in ((-INF, kink.below), (None, kink.at), (INF, kink.above)):
        x = list(kink.x)
        if towards is not None:
            x[kink.along] = math.nextafter(x[kink.along], towards)
        leaves = leaves_of(x)
        z = row.apply(leaves)
        z.backward()
        assert (
            z.data == row.floats(*x) == float(facts_of(row).function(mpmath, *map(mpmath.mpf, x)))
        )
        assert z.local_derivatives == expected
        assert grads(leaves) == list(expected)
        assert [g.data for g in gradients(z, leaves)] == list(expected)
        columns = [np.array([x_k] * 3) for x_k in x]
        on_arrays = row.derivatives(row.arrays(*columns), *columns)
        assert [np.broadcast_to(d, (3,)).tolist() for d in on_arrays] == [[d] * 3 for d in expected]


def bends(row, x, k):
    """Whether the slopes of the function on either side differ, along operand k."""

    def at(h):
        moved = [mpmath.mpf(x_j) + h * (j == k) for j, x_j in enumerate(x)]
        return mpmath.mpf(facts_of(row).function(mpmath, *moved))

    h = mpmath.mpf(10) ** -40
    try:
        return abs(at(h) + at(-h) - 2 * at(0)) > 1e-6 * h
    except (TypeError, ValueError, ZeroDivisionError):  # complex, or a pole: the edge of the domain
        return False


@each_row
def test_no_kink_at_zero_or_at_a_tie_is_forgotten(row):
    n = len(facts_of(row).points[0])
    named = {(kink.x[0], kink.x[-1]) for kink in facts_of(row).kinks}
    for x in itertools.product([0.0, 2.0], repeat=n):
        if any(bends(row, x, k) for k in range(n)) and row.name not in ("**", "monomial"):
            assert (x[0], x[-1]) in named, x


# Edges that edge_cases.json has no row for; the others are in test_edges.py.

EDGES = [(p.TABLE[name], *edge) for name, facts in FACTS.items() for edge in facts.edges]


@pytest.mark.parametrize(("row", "x", "value", "derivatives"), EDGES, ids=str)
def test_an_edge(row, x, value, derivatives):
    leaves = leaves_of(x)
    z = row.apply(leaves)
    z.backward()
    assert [z.data, row.floats(*x)] == exactly([value] * 2)
    assert grads(leaves) == exactly(derivatives)
    assert [g.data for g in gradients(z, leaves)] == exactly(derivatives)


# Errors: Python's own, and no others.

AS_IN_PYTHON = [p.TABLE[name] for name, facts in FACTS.items() if facts.python]
NEVER_RAISING = [p.TABLE[name] for name, facts in FACTS.items() if not facts.python]


def in_python(f, x):
    """What f gives, or the type of its error; a complex number is a domain error."""
    try:
        z = f(*x)
    except p.ARITHMETIC as error:
        return type(error)
    return ValueError if isinstance(z, complex) else z


@pytest.mark.parametrize("row", AS_IN_PYTHON, ids=str)
def test_a_row_raises_where_python_does_and_has_its_number_elsewhere(row):
    for x in special_points(row):
        expected = in_python(facts_of(row).python, x)
        if not isinstance(expected, type):
            assert [row(*x), row(*leaves_of(x)).data] == exactly([expected] * 2), x
            continue
        text = None
        for operands in (x, leaves_of(x), [Value(x_k, f"'l{k}'") for k, x_k in enumerate(x)]):
            with pytest.raises(expected) as raised:
                row(*operands)
            assert type(raised.value) is expected
            text = str(raised.value)
            assert f"{row.name}(x)" in text or f"x {row.name} y" in text
            assert all(f"{name} = {x_k}" in text for name, x_k in zip("xy", x, strict=False)), text
        assert all(f"'l{k}'" in text for k in range(len(x)))


@pytest.mark.parametrize("row", NEVER_RAISING, ids=str)
def test_a_row_without_a_domain_never_raises(row):
    for x in special_points(row):
        z = row.apply(leaves_of(x))
        assert type(z.data) is float
        assert all(type(d) is float for d in z.local_derivatives)


# Kinds of operands. A number in the place of a Value changes nothing but which gradients there are.

KINDS = {
    "float": float,
    "Fraction": Fraction,
    "int": int,
    "bool": bool,
    "float64": np.float64,
    "float32": np.float32,
    "float16": np.float16,
    "int64": np.int64,
    "uint8": np.uint8,
    "0-d": np.array,
}


def whole_points(row):
    """Operands of 1, and for all kinds but bools of 1, 2 and 3."""
    n = len(facts_of(row).points[-1])
    return [x for x in itertools.product([1.0, 2.0, 3.0], repeat=n) if is_inside(row, x)][:20]


def mixtures(n):
    """Which operands are Values: all choices but none of them."""
    return [chosen for chosen in itertools.product([True, False], repeat=n) if any(chosen)]


@pytest.mark.parametrize("kind", KINDS)
@each_row_of_the_table
def test_numbers_of_every_kind_go_with_values_in_every_place(row, kind):
    for x in whole_points(row):
        if "bool" in kind and set(x) != {1.0}:
            continue
        for is_value in mixtures(len(x)):
            operands = [
                Value(x_k) if chosen else KINDS[kind](x_k)
                for x_k, chosen in zip(x, is_value, strict=True)
            ]
            z = row.apply(operands)
            z.backward()
            assert (type(z), type(z.data), z.data) == (Value, float, row.floats(*x))
            local = row.derivatives(row.floats(*x), *x)
            for k, operand in enumerate(operands):
                if isinstance(operand, Value):
                    assert z.operands[k] is operand
                    assert (type(operand.grad), operand.grad) == (float, local[k])
                else:
                    assert (z.operands[k].is_constant, z.operands[k].data) == (True, x[k])


BINARY_OPERATORS = ["add", "sub", "mul", "truediv", "pow"]
OTHER_OPERATORS = ["floordiv", "mod", "matmul", "and_", "or_", "xor", "lshift", "rshift"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", BINARY_OPERATORS)
def test_an_operator_and_its_form_in_place_take_every_kind_on_either_side(name, kind):
    apply, in_place = getattr(operator, name), getattr(operator, f"i{name}")
    row = apply(Value(1.0), Value(1.0)).op
    for x, y in [(1.0, 1.0)] if "bool" in kind else [(2.0, 3.0), (3.0, 1.0)]:
        number = KINDS[kind](y)
        v, w = Value(x), Value(x)
        for z, at in ((apply(v, number), 0), (in_place(v, number), 0), (apply(number, w), 1)):
            operands = (x, y) if at == 0 else (y, x)
            assert (type(z), z.op, z.data) == (Value, row, row.floats(*operands))
            assert z.operands[at] is (v, w)[at]
            z.backward()
        local = row.derivatives(row.floats(x, y), x, y)
        assert v.grad == 2.0 * local[0]
        assert w.grad == row.derivatives(row.floats(y, x), y, x)[1]
        assert (v.data, w.data) == (x, x)


@pytest.mark.parametrize("name", [*OTHER_OPERATORS, *[f"i{n.strip('_')}" for n in OTHER_OPERATORS]])
def test_operators_that_have_no_row_refuse(name):
    for operands in ((Value(3.0), Value(2.0)), (Value(3.0), 2), (3, Value(2.0))):
        with pytest.raises(TypeError):
            getattr(operator, name)(*operands)


# Seeds and accumulation.


@each_row
@pytest.mark.parametrize("seed", [-2.5, 1e-3, 7])
def test_a_seed_multiplies_and_adds_to_the_gradient_that_is_there(row, seed):
    for x in facts_of(row).points:
        leaves = leaves_of(x)
        z = row.apply(leaves)
        for start, leaf in enumerate(leaves, 3):
            leaf.grad = float(start)
        z.backward(seed)
        expected = [seed * d + start for start, d in enumerate(z.local_derivatives, 3)]
        assert grads(leaves) == expected
        assert z.grad == float(seed)


@each_row
def test_an_output_with_a_weight_has_its_gradient_times_the_weight(row):
    for x in facts_of(row).points:
        leaves = leaves_of(x)
        z = row.apply(leaves)
        (-0.75 * z).backward()
        assert grads(leaves) == [-0.75 * d for d in z.local_derivatives]


@each_row
def test_backward_again_doubles_the_leaves_and_recording_again_changes_no_bit(row):
    for x in facts_of(row).points:
        leaves, others = leaves_of(x), leaves_of(x)
        z, again = row.apply(leaves), row.apply(others)
        z.backward()
        again.backward()
        once = grads(leaves)
        assert (again.data, grads(others)) == (z.data, once)
        z.backward()
        assert grads(leaves) == [2.0 * grad for grad in once]
        z.zero_grad()
        z.backward()
        assert grads(leaves) == once


@each_row
def test_zero_from_above_gives_zero_but_where_the_derivative_is_infinite_or_nan(row):
    for x in [*special_points(row), *facts_of(row).points]:
        leaves = leaves_of(x)
        if not is_inside(row, x):
            continue
        z = row.apply(leaves)
        z.backward(0.0)
        expected = [0.0 if math.isfinite(d) else NAN for d in z.local_derivatives]
        assert grads(leaves) == exactly(expected), x
