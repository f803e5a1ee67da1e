"""What matrix_form is given by mistake: the right answer, or an error that names the thing.

X is never written to, no number is taken for another, and after an error the form works on.
"""

import ast
import copy
import keyword
import math
import pickle
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from micrograd_bp import (
    MLP,
    Primitive,
    Value,
    logsumexp,
    matrix_form,
    quadratic,
    softmax,
    total,
    weighted_sum,
)
from micrograd_bp import primitives as p
from micrograd_bp.matrix_form.interpret import evaluated

GOOD = np.array([[1.0, 2.0], [3.0, 4.0]])


def line():
    """x, y, w, b and the cost (w x + b - y)²: for GOOD the costs are 2.25 and 30.25."""
    x, y, w, b = Value(1.0, "x"), Value(2.0, "y"), Value(3.0, "w"), Value(0.5, "b")
    return x, y, w, b, (w * x + b - y) ** 2


@pytest.fixture
def form():
    x, y, w, b, cost = line()
    return matrix_form(cost, [x, y], [w, b])


def works(form):
    """The form gives the right answer for GOOD."""
    cost, gradient = form.value_and_gradient(GOOD)
    assert (cost, gradient.tolist()) == (16.25, [18.0, 7.0])
    assert form.values(GOOD).tolist() == [2.25, 30.25]
    return True


# Roots.


@pytest.mark.parametrize("make", [list, tuple, iter, lambda roots: np.array(roots, dtype=object)])
def test_roots_are_a_list_a_tuple_a_generator_or_an_object_array(make):
    x, y, w, b, cost = line()
    form = matrix_form(make([cost, w * x, x, w]), [x, y], [w, b])
    assert form.values(GOOD).tolist() == [[2.25, 3.0, 1.0, 3.0], [30.25, 9.0, 3.0, 3.0]]


def test_one_root_in_a_list_is_a_column():
    x, y, w, b, cost = line()
    assert matrix_form([cost], [x, y], [w, b]).values(GOOD).tolist() == [[2.25], [30.25]]


def test_a_root_may_stand_twice_and_may_be_a_leaf():
    x, y, _, _, cost = line()
    c = Value(7.0)
    form = matrix_form([cost, c, cost, y, c], [x, y])
    assert form.values(GOOD)[:, 1:].tolist() == [[7, 2.25, 2, 7], [7, 30.25, 4, 7]]


@pytest.mark.parametrize(
    ("root", "gradient"), [("x", [0.0, 0.0]), ("w", [1.0, 0.0]), ("c", [0.0, 0.0])]
)
def test_a_cost_that_is_a_leaf(root, gradient):
    x, _, w, b, _ = line()
    leaves = {"x": x, "w": w, "c": Value(7.0)}
    cost, found = matrix_form(leaves[root], [x], [w, b]).value_and_gradient([[1.0], [3.0]])
    assert (cost, found.tolist()) == ({"x": 2.0, "w": 3.0, "c": 7.0}[root], gradient)


NO_ROOT = {
    "number": 1.0,
    "None": None,
    "text": "C",
    "bytes": b"C",
    "array": np.array([1.0, 2.0]),
    "0-d array": np.array(1.0),
    "class": Value,
    "function": line,
    "complex": 1j,
    "dict": {"C": 1.0},
    "set": {1.0},
    "texts": ["C"],
    "numbers": [1.0],
    "Nones": [None],
}


@pytest.mark.parametrize("root", NO_ROOT.values(), ids=NO_ROOT)
def test_a_root_that_is_no_value_is_a_type_error(root):
    with pytest.raises(TypeError, match="matrix_form") as raised:
        matrix_form(root, [Value(1.0, "x")])
    assert "Value" in str(raised.value)
    assert len(str(raised.value)) < 300


def test_nested_lists_of_roots_are_a_type_error_that_says_which():
    x, y, _, _, cost = line()
    with pytest.raises(TypeError, match=r"\[1\].*list"):
        matrix_form([cost, [cost]], [x, y])


def test_no_root_is_a_value_error():
    for none in ([], (), iter([])):
        with pytest.raises(ValueError, match="at least one output"):
            matrix_form(none, [Value(1.0, "x")])


def test_a_root_in_a_0_d_array_is_taken_or_refused_in_our_words():
    x, y, _, _, cost = line()
    try:
        form = matrix_form(np.array(cost, dtype=object), [x, y])
    except TypeError as error:
        assert "matrix_form" in str(error)
    else:
        assert form.values(GOOD).ravel().tolist() == [2.25, 30.25]


def test_what_has_no_order_is_refused():
    x, y, w, b, cost = line()
    for unordered in ({cost}, {cost: 1}, frozenset([cost])):
        with pytest.raises(TypeError, match="matrix_form"):
            matrix_form(unordered, [x, y], [w, b])
    for unordered in ({x, y}, {x: 1, y: 2}, frozenset([x, y])):
        with pytest.raises(TypeError, match="matrix_form takes inputs"):
            matrix_form(cost, unordered, [w, b])
        with pytest.raises(TypeError, match="matrix_form takes parameters"):
            matrix_form(cost, [w, b], unordered)


@pytest.mark.parametrize("given", ["x" * 10**6, [["x"] * 10**6], np.zeros(10**6), [b"x" * 10**6]])
def test_a_long_thing_is_shortened_in_the_error(given):
    x, y, _, _, cost = line()
    for attempt in (
        lambda: matrix_form(given, [x, y]),
        lambda: matrix_form(cost, given),
        lambda: matrix_form(cost, [x, y], given),
    ):
        with pytest.raises(TypeError) as raised:
            attempt()
        assert len(str(raised.value)) < 400


def test_a_list_of_roots_has_no_gradient_and_the_error_says_what_to_do():
    x, y, w, b, cost = line()
    form = matrix_form([cost, w * x], [x, y], [w, b])
    for X in (GOOD, None, "X"):
        with pytest.raises(TypeError, match=r"needs one cost: matrix_form\(cost, \.\.\.\)"):
            form.value_and_gradient(X)
    assert form.values(GOOD)[:, 0].tolist() == [2.25, 30.25]


# Inputs and parameters.


@pytest.mark.parametrize("make", [list, tuple, iter, lambda v: np.array(v, dtype=object)])
def test_inputs_and_parameters_are_any_sequence_of_leaves(make):
    x, y, w, b, cost = line()
    assert works(matrix_form(cost, make([x, y]), make([w, b])))


@pytest.mark.parametrize("given", [1.0, "x", b"x", Value(1.0), object(), Value, ...])
@pytest.mark.parametrize("what", ["inputs", "parameters"])
def test_leaves_that_are_no_list_are_a_type_error(what, given):
    x, y, w, b, cost = line()
    leaves = {"inputs": [x, y], "parameters": [w, b]} | {what: given}
    with pytest.raises(TypeError, match=f"matrix_form takes {what} as a list of Values, got"):
        matrix_form(cost, **leaves)


@pytest.mark.parametrize("given", [1.0, None, "x", [Value(1.0)], np.float64(1.0), 1j, Value])
@pytest.mark.parametrize("what", ["inputs", "parameters"])
def test_a_leaf_that_is_no_value_is_a_type_error_with_its_position(what, given):
    x, y, w, b, cost = line()
    leaves = {"inputs": [x, y], "parameters": [w, b]}
    leaves[what] = [*leaves[what], given]
    with pytest.raises(TypeError, match=rf"{what}\[2\] of matrix_form is no Value but") as raised:
        matrix_form(cost, **leaves)
    assert f"({type(given).__name__})" in str(raised.value)


@pytest.mark.parametrize("what", ["inputs", "parameters"])
def test_what_is_no_leaf_is_a_value_error_with_its_operation(what):
    x, y, w, b, cost = line()
    leaves = {"inputs": [x, y], "parameters": [w, b]}
    leaves[what] = [*leaves[what], w * x]
    with pytest.raises(ValueError, match=rf"{what}\[2\] .* no leaf but the result of '\*'"):
        matrix_form(cost, **leaves)


@pytest.mark.parametrize("what", ["inputs", "parameters"])
def test_a_leaf_that_is_named_twice_is_a_value_error(what):
    x, y, w, b, cost = line()
    leaves = {"inputs": [x, y], "parameters": [w, b]}
    leaves[what] = [*leaves[what], leaves[what][0]]
    with pytest.raises(ValueError, match=rf"{what}\[2\] of matrix_form is named twice"):
        matrix_form(cost, **leaves)


def test_a_leaf_is_not_both_input_and_parameter():
    x, y, w, b, cost = line()
    with pytest.raises(ValueError, match=r"'w'.* is both an input and a parameter"):
        matrix_form(cost, [x, y, w], [w, b])
    assert works(matrix_form(cost, [x, y]))  # without parameters, inputs are no parameters


def test_inputs_that_the_cost_does_not_depend_on_are_told():
    x, y, w, b, cost = line()
    unused = Value(0.0, "unused")
    form = matrix_form(cost, [unused, x, Value(1.0), y], [w, b])
    assert form.unused_inputs == [0, 2]
    X = np.column_stack([GOOD[:, 0] * np.nan, GOOD[:, 0], GOOD[:, 0], GOOD[:, 1]])
    assert form.value_and_gradient(X)[0] == 16.25
    assert form.values(X).tolist() == [2.25, 30.25]


def test_parameters_that_the_cost_does_not_depend_on_have_the_gradient_0():
    x, y, w, b, cost = line()
    form = matrix_form(cost, [x, y], [Value(1.0), w, Value(2.0), b, Value(3.0)])
    for _ in range(2):
        gradient = form.value_and_gradient(GOOD)[1]
        assert gradient.tolist() == [0.0, 18.0, 0.0, 7.0, 0.0]
        gradient[:] = np.nan  # the buffer is filled anew


def test_without_parameters_the_gradient_is_empty():
    x, y, _, _, cost = line()
    cost, gradient = matrix_form(cost, [x, y], []).value_and_gradient(GOOD)
    assert (cost, gradient.shape) == (16.25, (0,))


def test_without_inputs_every_row_is_the_same():
    *_, cost = line()
    form = matrix_form(cost, [])
    cost, gradient = form.value_and_gradient(np.zeros((3, 0)))
    assert cost == 2.25
    assert gradient.tolist() == [9.0, -3.0, 3.0, 3.0]  # of x, y, w, b
    assert form.values(np.zeros((3, 0))).tolist() == [2.25] * 3


# X.


@pytest.mark.parametrize("columns", [0, 1, 3, 100])
def test_a_wrong_width_of_x_is_an_error_with_both_widths(form, columns):
    for call in (form.values, form.value_and_gradient, form.diagnosis):
        with pytest.raises(ValueError, match=rf"\(m, 2\); got shape \(4, {columns}\)"):
            call(np.zeros((4, columns)))
    assert works(form)


@pytest.mark.parametrize(
    ("X", "shape"),
    [
        ([1.0, 2.0], r"\(2,\)"),
        ([], r"\(0,\)"),
        ([[[1.0, 2.0]]], r"\(1, 1, 2\)"),
        (1.0, r"\(\)"),
        (np.zeros((2, 0, 2)), r"\(2, 0, 2\)"),
    ],
)
def test_x_that_is_no_matrix_is_an_error_with_its_shape(form, X, shape):
    for call in (form.values, form.value_and_gradient):
        with pytest.raises(ValueError, match=rf"^X .*{shape}"):
            call(X)
    assert works(form)


def test_an_empty_batch_is_an_error(form):
    for call in (form.values, form.value_and_gradient):
        with pytest.raises(ValueError, match=r"X has no rows.*\(0, 2\)"):
            call(np.zeros((0, 2)))
    assert works(form)


@pytest.mark.parametrize("X", [[[1.0, 2.0], [3.0]], [[1.0], [1.0, 2.0]], [[1.0, [2.0]]], [1.0, []]])
def test_a_ragged_list_is_an_error_about_x(form, X):
    for call in (form.values, form.value_and_gradient):
        with pytest.raises(ValueError, match=r"^X "):
            call(X)


NO_NUMBERS = {
    "text": "abc",
    "texts": [["1", "2"]],
    "bytes": b"12",
    "complex": [[1j, 2.0]],
    "complex without imaginary part": np.array([[1 + 0j, 2.0]]),
    "None": None,
    "Nones": [[None, 2.0]],
    "Values": [[Value(1.0), Value(2.0)]],
    "array of Values": np.array([[Value(1.0), Value(2.0)]], dtype=object),
    "objects that are floats": np.array([[1.0, 2.0]], dtype=object),
    "Decimal": [[Decimal(1), 2.0]],
    "Fraction": [[Fraction(1, 3), 2.0]],
    "integer beyond the floats": [[10**400, 2]],
    "records": np.array([(1.0, 2.0)], dtype=[("x", float), ("y", float)]),
    "dates": np.array([[1, 2]], "M8[D]"),
    "durations": np.array([[1, 2]], "m8[s]"),
    "void": np.zeros((1, 2), "V8"),
    "generator": (row for row in GOOD),
    "dict": {1: 2},
    "set": {1.0, 2.0},
    "function": len,
    "object": object(),
}


@pytest.mark.parametrize("X", NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_x_that_holds_no_real_numbers_is_a_type_error(form, X):
    for call in (form.values, form.value_and_gradient):
        with pytest.raises(TypeError, match="X holds real numbers, got"):
            call(X)
    assert works(form)


DTYPES = "f2 f4 f8 >f4 >f8 g i1 i2 i4 i8 >i8 u1 u2 u4 u8 longlong"


@pytest.mark.parametrize("dtype", DTYPES.split())
def test_x_of_any_real_type(form, dtype):
    X = GOOD.astype(dtype)
    cost, gradient = form.value_and_gradient(X)
    assert (cost, gradient.tolist()) == (16.25, [18.0, 7.0])
    assert form.values(X).tolist() == [2.25, 30.25]
    assert (X.dtype, X.tolist()) == (np.dtype(dtype), GOOD.tolist())


@pytest.mark.parametrize("make", [np.ndarray.tolist, list, tuple, lambda X: X.astype(int).tolist()])
def test_x_as_lists_of_numbers(form, make):
    X = make(GOOD)
    assert form.value_and_gradient(X)[0] == 16.25
    assert form.values(X).tolist() == [2.25, 30.25]


def test_booleans_are_0_and_1(form):
    assert form.values([[True, False], [False, True]]).tolist() == [12.25, 0.25]


def test_a_long_double_beyond_the_floats_is_inf_and_named(form):
    X = GOOD.astype(np.longdouble)
    X[1, 0] = np.longdouble("1e4000")
    with pytest.raises(FloatingPointError, match=r"X\[1, 0\] is inf"):
        form.value_and_gradient(X)


def networks():
    """Forms of many kinds, each with its inputs, so that every way to read X is taken."""
    rng = np.random.default_rng(3)

    def leaves(n, letter):
        return [Value(number, f"{letter}{k}") for k, number in enumerate(rng.normal(size=n))]

    x = leaves(6, "x")
    net = MLP(4, [3, 2], activation="tanh", output="sigmoid", rng=0)
    yield "mlp", quadratic(net(x[:4]), x[4:]), x, net.parameters()
    w = leaves(12, "w")
    whole = [weighted_sum(w[2 * j : 2 * j + 2], x[j : j + 2]).relu() for j in range(5)]
    yield "own weights", total(whole), x, w
    yield "convolution", total([weighted_sum(w[:3], x[j : j + 3]).tanh() for j in range(4)]), x, w
    strides = [weighted_sum(w[k : k + 2], x[j : j + 2]).tanh() for j in (0, 2, 4) for k in (0, 2)]
    yield "strides", total(strides), x, w
    local = [[weighted_sum(w[6 * f + 2 * k :][:2], x[k : k + 2]) for k in range(3)] for f in (0, 1)]
    flat = [z.tanh() for row in local for z in row]  # filter by filter, not window by window
    yield "locally connected", weighted_sum([0.5, -1.0, 2.0, 0.25, 3.0, -0.5], flat), x, w
    table = [weighted_sum(x[2 * i : 2 * i + 2], flat[k : k + 2]) for i in range(3) for k in (0, 3)]
    yield "a table row by row", weighted_sum([1.0, 0.5, -1.0, 2.0, 3.0, -0.5], table) * w[0], x, w
    heads = [
        weighted_sum(flat[3 * h + q : 3 * h + q + 2], [x_k.exp() for x_k in x[h + 2 * k :][:2]])
        for q in (0, 1)
        for h in (0, 1)
        for k in (0, 1)
    ]
    weights = [0.5, -1.0, 2.0, 0.25, 3.0, -0.5, 1.5, -2.0]
    yield "heads", weighted_sum(weights, [z.tanh() for z in heads]), x, w
    twice = [w[4 * j] * x[0] + w[4 * j + 1] * x[1] + w[4 * j + 2] + w[4 * j + 3] for j in range(3)]
    yield "two biases", total([z.tanh() for z in twice]), x, w
    yield "reversed", weighted_sum(w[:6], x[::-1]).tanh(), x, w
    yield "gathered", weighted_sum(w[:4], [x[0], x[3], x[1], x[0]]).exp(), x, w
    scores = softmax([weighted_sum(x[:2], x[k : k + 2]) for k in (2, 4)])
    yield "attention", weighted_sum(scores, x[2:4]) * w[0], x, w
    yield "elementwise", total([(x_k * w_k).sin() for x_k, w_k in zip(x, w, strict=False)]), x, w
    for row in (p.neg, p.exp, p.sigmoid, p.relu, p.softplus, p.leaky_relu, p.sin, p.absolute):
        yield f"{row.name} of x", total([w[0] * row(x_k) for x_k in x]), x, w
    yield "squares of x", total([x_k * x_k for x_k in x]) * w[0], x, w
    yield "logsumexp of x", logsumexp(x) * w[0], x, w
    yield "maximum of x", total([p.maximum(x[k], x[5 - k]) for k in range(6)]) * w[0], x, w
    v = [(w_k * x_k).sin() for x_k, w_k in zip(x, w, strict=False)]
    yield "an entry that only a step reads", v[0] * 2.0 + p.step(v[1]) + v[2] * v[4], x, w
    yield "x", x[2], x, w
    yield "sum of x", total(x), x, w


NETWORKS = list(networks())


def bits(cost, gradient):
    return np.float64(cost).tobytes() + gradient.tobytes()


X6 = np.random.default_rng(0).normal(size=(5, 6))
LAYOUTS = {
    "C": lambda: X6.copy(),
    "F": lambda: np.asfortranarray(X6),
    "transposed": lambda: np.ascontiguousarray(X6.T).T,
    "strided": lambda: np.repeat(np.repeat(X6, 2, axis=0), 3, axis=1)[::2, ::3],
    "reversed": lambda: np.ascontiguousarray(X6[::-1, ::-1])[::-1, ::-1],
    "rows reversed": lambda: np.ascontiguousarray(X6[::-1])[::-1],
    "columns of a wider one": lambda: np.column_stack([X6, X6])[:, :6],
    "unaligned": lambda: np.frombuffer(b"x" + X6.tobytes(), np.uint8)[1:].view(float).reshape(5, 6),
    "read-only": lambda: np.broadcast_to(X6, X6.shape),
    "list": lambda: X6.tolist(),
}


@pytest.mark.parametrize(("name", "cost", "x", "w"), NETWORKS, ids=lambda v: str(v)[:20])
def test_x_in_any_layout_gives_the_same_and_is_not_written_to(name, cost, x, w):
    form = matrix_form(cost, x, w)
    expected, gradient = form.value_and_gradient(X6.copy())
    gradient, values = gradient.copy(), form.values(X6.copy())
    for make in LAYOUTS.values():
        X = make()
        before = np.array(X).tobytes()
        found, its_gradient = form.value_and_gradient(X)
        assert found == pytest.approx(expected, rel=1e-14)
        np.testing.assert_allclose(its_gradient, gradient, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(form.values(X), values, rtol=1e-14)
        assert np.array(X).tobytes() == before
    for row, its_value in zip(X6, values, strict=True):
        assert form.values([row])[0] == pytest.approx(its_value, rel=1e-14)


@pytest.mark.parametrize(("name", "cost", "x", "w"), NETWORKS, ids=lambda v: str(v)[:20])
def test_memory_that_nobody_wrote_is_not_read(name, cost, x, w, monkeypatch):
    plain, form = matrix_form(cost, x, w), matrix_form(cost, x, w)
    expected = bits(*plain.value_and_gradient(X6)), plain.values(X6).tobytes()
    form.value_and_gradient(X6[:1])[1][:] = np.nan
    monkeypatch.setattr(np, "empty", lambda shape: np.full(shape, np.nan))
    assert (bits(*form.value_and_gradient(X6)), form.values(X6).tobytes()) == expected


@pytest.mark.parametrize(("name", "cost", "x", "w"), NETWORKS, ids=lambda v: str(v)[:20])
def test_a_network_agrees_with_the_scalar_graph(name, cost, x, w):
    for leaf in w:
        leaf.grad = 0.0
    cost.backward()
    row = [[leaf.data for leaf in x]]
    found, gradient = matrix_form(cost, x, w).value_and_gradient(row)
    assert found == pytest.approx(cost.data, rel=1e-13)
    np.testing.assert_allclose(gradient, [leaf.grad for leaf in w], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("name", "cost", "x", "w"), NETWORKS, ids=lambda v: str(v)[:20])
def test_what_the_diagnosis_computes_is_what_the_program_computes(name, cost, x, w):
    form = matrix_form(cost, x, w)
    found = {x.out: y for x, y in evaluated(form.program, X6, form.parameters)}
    root = form.program.roots[0]
    result = found.get(root.vector, X6.T)[root.index[0]]
    np.testing.assert_allclose(result, form.values(X6), rtol=1e-13)


@pytest.mark.parametrize(("name", "cost", "x", "w"), NETWORKS, ids=lambda v: str(v)[:20])
def test_a_large_x_is_not_written_to_either(name, cost, x, w):
    form = matrix_form(cost, x, w)
    X = np.tile(X6, (800, 1))  # more than is copied
    before = X.tobytes()
    cost, _ = form.value_and_gradient(X)
    values = form.values(X)
    assert X.tobytes() == before
    assert cost == pytest.approx(form.value_and_gradient(X6)[0], rel=1e-12)
    np.testing.assert_allclose(values[:5], form.values(X6), rtol=1e-14)


@pytest.mark.parametrize(("name", "cost", "x", "w"), NETWORKS, ids=lambda v: str(v)[:20])
def test_what_is_given_back_shares_no_memory_with_x(name, cost, x, w):
    form = matrix_form(cost, x, w)
    several = matrix_form([cost, x[1], w[0], x[0]], x, w)
    X = X6.copy()
    values, outputs = form.values(X), several.values(X)
    for array in (values, outputs, form.value_and_gradient(X)[1], form.parameters):
        assert not np.shares_memory(array, X)
    kept = values.copy(), outputs.copy()
    form.values(-X), several.values(-X)
    assert (values == kept[0]).all() and (outputs == kept[1]).all()


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize(("name", "cost", "x", "w"), NETWORKS, ids=lambda v: str(v)[:20])
def test_subclasses_of_arrays_give_the_right_answer(name, cost, x, w):
    class Sub(np.ndarray):
        def __getitem__(self, key):
            return super().__getitem__(key).view(Sub) * 2.0  # as a subclass with units may

    form = matrix_form(cost, x, w)
    expected = bits(*form.value_and_gradient(X6.copy()))
    for X in (np.matrix(X6), X6.view(Sub), np.ma.masked_array(X6)):
        assert bits(*form.value_and_gradient(X)) == expected
        assert type(form.values(X)) is np.ndarray


def test_masked_entries_are_refused(form):
    for mask in ([[False, True], [False, False]], True):
        with pytest.raises(TypeError, match="masked"):
            form.values(np.ma.masked_array(GOOD, mask=mask))
    with pytest.raises(TypeError, match="masked"):
        form.value_and_gradient(np.ma.masked_invalid([[1.0, np.nan]]))


def test_a_memory_mapped_x(form, tmp_path):
    for mode in ("r", "r+", "c"):
        np.save(tmp_path / "X.npy", GOOD)
        X = np.load(tmp_path / "X.npy", mmap_mode=mode)
        assert form.value_and_gradient(X)[0] == 16.25
        assert form.values(X).tolist() == [2.25, 30.25]
        del X
        assert np.load(tmp_path / "X.npy").tolist() == GOOD.tolist()


def test_an_object_with_the_array_protocol(form):
    class Table:
        def __array__(self, dtype=None, copy=None):
            return GOOD

    assert form.value_and_gradient(Table())[0] == 16.25


def test_its_own_results_as_x():
    x, w = Value(1.0, "x"), Value(2.0, "w")
    form = matrix_form((w * x).tanh(), [x], [w])
    X = np.array([[0.5], [0.25]])
    for _ in range(3):
        X = form.values(X)[:, None]
    assert X[0, 0] == pytest.approx(math.tanh(2 * math.tanh(2 * math.tanh(1.0))), rel=1e-15)


# Numbers that are not finite.


def failing():
    """A graph of x and w with what fails at x = BAD, and its name in the program."""
    for name, make, bad in (
        ("log", lambda x, w: (w * x).log(), 0.0),
        ("log", lambda x, w: (w * x).log(), -1.0),
        ("exp", lambda x, w: (w * x).exp(), 1000.0),
        ("/", lambda x, w: w / x, 0.0),
        ("sqrt", lambda x, w: (w * x).sqrt(), -1.0),
        (r"\*\*", lambda x, w: (w * x) ** 0.5, -1.0),
        (r"\*\*", lambda x, w: (w * x) ** -2, 0.0),
        ("log1p", lambda x, w: (w * x).log1p(), -0.5),
        ("expm1", lambda x, w: (w * x).expm1(), 1000.0),
        (r"\*", lambda x, w: (w * x) * (w * x), 1e200),
    ):
        yield pytest.param(name, make, bad, id=f"{name} {bad}".replace("\\", ""))


@pytest.mark.parametrize(("name", "make", "bad"), list(failing()))
def test_a_cost_that_is_not_finite_names_the_instruction_and_the_row(name, make, bad):
    x, w, other = Value(1.0, "x"), Value(2.0, "w"), Value(1.0, "other")
    form = matrix_form(make(x, w).tanh() + (w * other).tanh() - make(x, w), [x, other], [w])
    good = np.array([[1.0, 0.5], [2.0, 0.25], [3.0, 1.0]])
    expected = bits(*form.value_and_gradient(good)), form.values(good).tobytes()
    for row in range(3):
        X = good.copy()
        X[row, 0] = bad
        for call in (form.value_and_gradient, form.values):
            with pytest.raises(FloatingPointError, match=rf"row {row} of X.*`.*{name}.*`"):
                call(X)
        assert f"row {row} of X" in form.diagnosis(X)
        assert (bits(*form.value_and_gradient(good)), form.values(good).tobytes()) == expected


def test_the_instruction_is_quoted_without_its_padding():
    x = Value(1.0, "x")
    with pytest.raises(FloatingPointError) as raised:
        matrix_form(x.log(), [x]).values([[1.0], [0.0]])
    assert "  " not in str(raised.value)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("at", [(0, 0), (1, 1), (0, 1)])
def test_a_number_of_x_that_is_not_finite_is_named(form, bad, at):
    X = GOOD.copy()
    X[at] = bad
    for call in (form.value_and_gradient, form.values):
        with pytest.raises(FloatingPointError, match=rf"X\[{at[0]}, {at[1]}\] is {bad}"):
            call(X)
    assert works(form)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("k", [0, 1])
def test_a_parameter_that_is_not_finite_is_named(form, bad, k):
    form.parameters[k] = bad
    for call in (form.value_and_gradient, form.values):
        with pytest.raises(FloatingPointError, match=rf"parameters\[{k}\] is {bad}"):
            call(GOOD)
    form.read_values()
    assert works(form)


def test_a_constant_that_is_not_finite_is_named():
    x, w = Value(1.0, "x"), Value(2.0, "w")
    for constant in (math.nan, math.inf):
        form = matrix_form(w * x + constant, [x], [w])
        with pytest.raises(FloatingPointError, match=f"constant.*{constant}|{constant}.*`"):
            form.value_and_gradient([[1.0]])


def test_the_row_that_is_named_is_the_row_that_fails():
    x1, x2, w = Value(1.0, "x1"), Value(1.0, "x2"), Value(2.0, "w")
    form = matrix_form(x1.log() * w + x2.log(), [x1, x2], [w])
    for call in (form.value_and_gradient, form.values):
        with pytest.raises(FloatingPointError) as raised:
            call([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
        assert "row 1" in str(raised.value)
        assert "row 2" not in str(raised.value)


def test_one_of_several_outputs_that_fails_is_named():
    x, w = Value(1.0, "x"), Value(2.0, "w")
    form = matrix_form([w * x, x.log(), w.exp()], [x], [w])
    with pytest.raises(FloatingPointError, match=r"row 2 of X gives -inf.*`.*log\(x\)"):
        form.values([[1.0], [2.0], [0.0], [-1.0]])


def test_what_is_not_finite_but_harmless_is_not_blamed():
    x, w, unused = Value(1.0, "x"), Value(1.0, "w"), Value(1.0, "unused")
    hand_written_sigmoid = 1.0 / (1.0 + (-(w * x)).exp())
    form = matrix_form(hand_written_sigmoid + (x + 900.0).log(), [x, unused], [w])
    X = np.array([[-800.0, np.nan], [1.0, np.inf], [-900.0, 1.0]])
    assert form.values(X[:2]).tolist() == pytest.approx(
        [math.log(100.0), p.sigmoid(1.0) + math.log(901.0)]
    )
    for call in (form.value_and_gradient, form.values):
        with pytest.raises(FloatingPointError, match=r"row 2 of X.*`.*log") as raised:
            call(X)
        assert "exp" not in str(raised.value)
        assert "X[" not in str(raised.value)


def test_costs_whose_sum_overflows_are_an_error_of_the_mean_alone():
    x, w = Value(1.0, "x"), Value(3.0, "w")
    form = matrix_form(w * x, [x], [w])
    X = np.array([[5e307], [5e307]])
    assert form.values(X).tolist() == [1.5e308, 1.5e308]
    try:
        cost, _ = form.value_and_gradient(X)
    except FloatingPointError as error:
        assert "their sum" in str(error)
    else:
        assert cost == 1.5e308
    assert form.value_and_gradient([[1.0], [2.0]])[0] == 4.5


def test_an_infinite_gradient_is_given_as_the_scalar_graph_gives_it():
    x, w = Value(0.0, "x"), Value(2.0, "w")
    cost = (w * x).sqrt()
    form = matrix_form(cost, [], [w, x])
    cost.backward()
    found, gradient = form.value_and_gradient(np.zeros((1, 0)))
    assert found == 0.0
    np.testing.assert_equal(gradient, [w.grad, x.grad])


def test_no_warning_of_numpy_gets_out():
    x, w = Value(1.0, "x"), Value(1.0, "w")
    form = matrix_form((w * x).exp() / x, [x], [w])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for bad in (1000.0, 0.0, np.nan, np.inf, 5e-324):
            for call in (form.value_and_gradient, form.values):
                with pytest.raises(FloatingPointError):
                    call([[bad]])
    assert not caught


def test_the_setting_of_numpys_errors_is_kept():
    x, w = Value(1.0, "x"), Value(1.0, "w")
    form = matrix_form((w * x).exp(), [x], [w])
    with np.errstate(all="raise"):
        before = np.geterr()
        with pytest.raises(FloatingPointError, match="row 0 of X"):
            form.value_and_gradient([[1000.0]])
        assert np.geterr() == before


# A user's own primitive.


def own(floats=lambda x: x * x, arrays=lambda x: x * x, rule=lambda z, x: (2.0 * x,)):
    return Primitive("own", floats, arrays, rule)


def form_with(row):
    """own(w x) + w x: for X1 the costs are 12 and 42, and the gradient of the mean is 16.5."""
    x, w = Value(1.0, "x"), Value(3.0, "w")
    return matrix_form(row(w * x) + w * x, [x], [w])


X1 = np.array([[1.0], [2.0]])


def test_a_primitive_of_ones_own_that_is_right():
    form = form_with(own())
    assert form.value_and_gradient(X1)[0] == 27.0
    assert form.value_and_gradient(X1)[1].tolist() == [16.5]
    assert form.values(X1).tolist() == [12.0, 42.0]


BRANCHES = {
    "x > 0": lambda z, x: (1.0,) if x > 0 else (0.0,),
    "z <= x": lambda z, x: (1.0 if z <= x else 2.0,),
    "x == 0": lambda z, x: (1.0 if x == 0 else 2.0,),
    "x != 0": lambda z, x: (1.0 if x != 0 else 2.0,),
    "x": lambda z, x: (1.0 if x else 2.0,),
    "not x": lambda z, x: (1.0 if not x else 2.0,),
    "and": lambda z, x: (z and x,),
    "max": lambda z, x: (max(x, 0.0),),
    "sorted": lambda z, x: (sorted([x, 0.0])[0],),
    "in": lambda z, x: (1.0 if x in (1.0, 2.0) else 2.0,),
    "dict": lambda z, x: ({0.0: 1.0}.get(x, 2.0),),
    "float(x > 0)": lambda z, x: (float(x > 0),),
}


@pytest.mark.parametrize("rule", BRANCHES.values(), ids=BRANCHES)
def test_a_rule_that_branches_on_its_operand_is_a_type_error(rule):
    with pytest.raises(TypeError, match="the rule of own cannot be read for the matrix form"):
        form_with(own(rule=rule))


NO_FORMULAS = {
    "math.cos": lambda z, x: (math.cos(x),),
    "math.exp": lambda z, x: (math.exp(x),),
    "math.isnan": lambda z, x: (1.0 if math.isnan(x) else 2.0,),
    "float": lambda z, x: (float(x),),
    "int": lambda z, x: (int(x),),
    "round": lambda z, x: (round(x),),
    "format": lambda z, x: (float(f"{x:.2f}"),),
    "index": lambda z, x: ([1.0, 2.0][int(x > 0)],),
    "mod": lambda z, x: (x % 2,),
    "floordiv": lambda z, x: (x // 2,),
    "is_integer": lambda z, x: (1.0 if x.is_integer() else 2.0,),
    "hex": lambda z, x: (float.fromhex(x.hex()),),
    "np.where": lambda z, x: (np.where(x > 0, 1.0, 0.0).item(),),
    "np.heaviside": lambda z, x: (float(np.heaviside(x, 0.0)),),
    "np.floor": lambda z, x: (float(np.floor(x)),),
}


@pytest.mark.parametrize("rule", NO_FORMULAS.values(), ids=NO_FORMULAS)
def test_a_rule_that_needs_floats_is_a_type_error_that_says_what_to_write(rule):
    with pytest.raises(TypeError, match=r"the rule of own .* micrograd_bp\.primitives"):
        form_with(own(rule=rule))


def only_on_floats(other):
    """A rule that is right on floats, and gives `other` for names."""
    return lambda z, x: (2.0 * x,) if isinstance(x, float) else other(z, x)


def fails(z, x):
    raise KeyError("mine")


NO_DERIVATIVES = {
    "two": lambda z, x: (x, x),
    "none": lambda z, x: (),
    "None": lambda z, x: None,
    "a list": lambda z, x: [x],
    "bare": lambda z, x: x,
    "a number": lambda z, x: 1.0,
    "a text": lambda z, x: ("1",),
    "a tuple of None": lambda z, x: (None,),
    "complex": lambda z, x: (1j,),
    "an array": lambda z, x: (np.array([1.0, 2.0]),),
    "a Value": lambda z, x: (Value(1.0),),
    "a tuple of tuples": lambda z, x: ((x,),),
    "raises": fails,
}


@pytest.mark.parametrize("other", NO_DERIVATIVES.values(), ids=NO_DERIVATIVES)
def test_a_rule_that_gives_no_derivative_for_each_operand_is_a_type_error(other):
    with pytest.raises(TypeError, match="the rule of own"):
        form_with(own(rule=only_on_floats(other)))


def test_the_error_that_a_rule_raised_is_the_cause():
    with pytest.raises(TypeError) as raised:
        form_with(own(rule=only_on_floats(fails)))
    assert isinstance(raised.value.__cause__, KeyError)


def test_a_list_of_roots_needs_no_rule():
    x, w = Value(1.0, "x"), Value(3.0, "w")
    row = own(rule=lambda z, x: (1.0,) if x > 0 else (0.0,))
    assert matrix_form([row(w * x)], [x], [w]).values(X1).tolist() == [[9.0], [36.0]]


WRONG_SHAPES = {
    "one number": lambda x: 1.0,
    "sum": np.sum,
    "sum of rows": lambda x: np.sum(x, axis=-1, keepdims=True),
    "first example": lambda x: (x * x)[..., :1],
    "ravelled": lambda x: np.ravel(x * x),
    "stacked": lambda x: np.stack([x, x]),
    "transposed": lambda x: (x * x).T,
    "empty": lambda x: x[..., :0],
    "None": lambda x: None,
    "text": lambda x: "1",
    "list of one": lambda x: [1.0],
}


@pytest.mark.parametrize("arrays", WRONG_SHAPES.values(), ids=WRONG_SHAPES)
def test_arrays_that_give_another_shape_are_an_error_that_names_the_primitive(arrays):
    form = form_with(own(arrays=arrays))
    for call in (form.value_and_gradient, form.values):
        with pytest.raises((TypeError, ValueError), match="own") as raised:
            call(X1)
        assert "shape" in str(raised.value)


OTHER_TYPES = {
    "list": lambda x: (x * x).tolist(),
    "float32": lambda x: (x * x).astype(np.float32),
    "int": lambda x: (x * x).astype(int),
    "objects": lambda x: (x * x).astype(object),
    "masked array": lambda x: np.ma.masked_array(x * x),
    "F-order": lambda x: np.asfortranarray(x * x),
    "np.square": np.square,
    "vectorize": np.vectorize(lambda x: x * x),
    "frompyfunc": np.frompyfunc(lambda x: x * x, 1, 1),
    "with out": lambda x, out=None: np.multiply(x, x, out=out),
    "with an out that it ignores": lambda x, out=None: x * x,
    "with an out that is something else": lambda x, out=False: np.abs(x) if out else x * x,
    "of any arguments": lambda *x, **options: x[0] * x[0],
}


@pytest.mark.parametrize("arrays", OTHER_TYPES.values(), ids=OTHER_TYPES)
def test_arrays_may_give_any_real_type(arrays):
    form = form_with(own(arrays=arrays))
    assert form.value_and_gradient(X1)[0] == 27.0
    assert form.value_and_gradient(X1)[1].tolist() == [16.5]
    assert form.values(X1).tolist() == [12.0, 42.0]


def test_a_callable_without_a_hash_is_a_function_too():
    class Square:
        __hash__ = None

        def __call__(self, x):
            return x * x

    form = form_with(own(arrays=Square()))
    assert form.value_and_gradient(X1)[0] == 27.0
    assert form.values(X1).tolist() == [12.0, 42.0]


def test_a_users_function_may_call_a_form():
    inner = form_with(own())
    form = form_with(own(arrays=lambda x: x * x + 0.0 * inner.value_and_gradient(X1)[0]))
    assert form.value_and_gradient(X1)[0] == 27.0


def test_an_out_that_is_written_before_x_is_read_does_no_harm():
    def arrays(x, out=None):  # x * x + x
        out = np.multiply(x, x, out=out)
        return np.add(out, x, out=out)

    x, w = Value(1.0, "x"), Value(3.0, "w")
    row = own(lambda x: x * x + x, arrays, lambda z, x: (2.0 * x + 1.0,))
    assert matrix_form(row(w * x), [x], [w]).values(X1).tolist() == [12.0, 42.0]
    assert matrix_form(row(w * x), [x], [w]).value_and_gradient(X1)[0] == 27.0


@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
def test_arrays_that_give_complex_numbers_do_not_lose_them_in_silence():
    form = form_with(own(arrays=lambda x: x * 1j))
    with pytest.raises((TypeError, ValueError)):
        form.values(X1)


@pytest.mark.parametrize("error", [KeyError("mine"), ZeroDivisionError("mine"), MemoryError("m")])
def test_an_error_of_the_users_arrays_is_not_hidden_and_the_form_works_on(error):
    fail = []

    def arrays(x):
        if fail:
            raise error
        return x * x

    form = form_with(own(arrays=arrays))
    assert form.value_and_gradient(X1)[0] == 27.0
    fail.append(True)
    for call in (form.value_and_gradient, form.values):
        with pytest.raises(type(error)):
            call(X1)
    fail.clear()
    assert form.value_and_gradient(X1)[1].tolist() == [16.5]


def doubled_in_place(x):
    x *= 2.0
    return x * x / 4.0


IN_PLACE = {
    "x *= 2": doubled_in_place,
    "out=x": lambda x: np.multiply(x, x, out=x),
    "x[...]": lambda x: (x * x, x.__setitem__(..., 0.0))[0],
    "x.sort": lambda x: (x * x, x.sort(axis=-1))[0],
    "x.fill": lambda x: (x * x, x.fill(0.0))[0],
    "a view": lambda x: (x * x, np.copyto(x[::1].T, 7.0))[0],
}


@pytest.mark.parametrize("arrays", IN_PLACE.values(), ids=IN_PLACE)
@pytest.mark.parametrize("of", ["x", "w", "w x"])
def test_arrays_that_write_into_their_operand_are_an_error_or_right(arrays, of):
    x, w = Value(1.0, "x"), Value(3.0, "w")
    operand = {"x": x, "w": w, "w x": w * x}[of]
    cost = own(arrays=arrays)(operand) * x * w + x * w + operand
    right = matrix_form(operand * operand * x * w + x * w + operand, [x], [w])
    form, X = matrix_form(cost, [x], [w]), np.array([[1.0], [2.0]])
    for _ in range(2):
        try:
            found = form.value_and_gradient(X)
        except ValueError as error:
            assert "read-only" in str(error)
        else:
            assert found[0] == pytest.approx(right.value_and_gradient(X1)[0])
            assert found[1] == pytest.approx(right.value_and_gradient(X1)[1])
    assert X.tolist() == X1.tolist()
    assert form.parameters.tolist() == [3.0]


def test_a_rule_may_call_a_row_of_ones_own_that_works_in_place():
    inner = Primitive("inner", lambda x: 2.0 * x, lambda x: np.multiply(x, 2.0, out=x), None)
    form = form_with(own(rule=lambda z, x: (inner(x),)))
    try:
        assert form.value_and_gradient(X1)[1].tolist() == [16.5]
    except ValueError as error:
        assert "read-only" in str(error)


# The program as text.


@pytest.mark.parametrize(
    ("activations", "marks"),
    [
        (["tanh", "sigmoid"], ["BP1", "BP2"]),
        (["softmax", "sigmoid"], ["BP1", "BP2*"]),
        (["relu", "softmax"], ["BP1*", "BP2"]),
        (["softmax", "softmax"], ["BP1*", "BP2*"]),
    ],
)
def test_the_equations_of_a_network_are_marked(activations, marks):
    net = MLP(3, [3, 2], activation=activations, rng=0)
    x = [Value(0.1 * k) for k in range(3)]
    text = str(matrix_form(quadratic(net(x), [1.0, 0.0]), x, net.parameters()))
    for l, mark in zip((2, 1), marks, strict=True):
        (delta,) = [line for line in text.splitlines() if line.startswith(f"  delta{l} =")]
        assert delta.endswith(mark)


def test_a_sum_with_fixed_weights_is_no_layer():
    net = MLP(2, [3], activation="tanh", output="tanh", rng=0)
    x = [Value(0.1), Value(0.2)]
    pooled = weighted_sum([0.5, 0.25, 0.25], net(x))
    text = str(matrix_form(pooled.tanh() * pooled, x, net.parameters()))
    marked = [line.split()[0] for line in text.splitlines() if "BP1" in line or "BP2" in line]
    assert marked == ["delta1"]


def test_what_is_added_to_something_is_printed_so():
    x, w, s, t = Value(0.1), Value(0.2, "w"), Value(0.3, "s"), Value(0.4, "t")
    text = str(matrix_form((w * x).tanh() * w.exp(), [x], [w]))
    assert (text.count("dw = "), text.count("dw += ")) == (1, 1)
    v = [(w * x).tanh(), (s * x).tanh()]
    text = str(matrix_form(logsumexp(v) + v[0] * v[1], [x], [w, s]))
    assert len([line for line in text.splitlines() if line.startswith("  dv2 +=")]) == 1
    text = str(matrix_form((weighted_sum([w], [x]) + s * t).tanh(), [x], [w, s, t]))
    assert "BP4" in text and "BP3" not in text


# The form and the scalar graph.


def test_a_form_survives_the_graph_and_the_graph_survives_the_form():
    x, y, w, b, cost = line()
    form = matrix_form(cost, [x, y], [w, b])
    del x, y, w, b, cost
    assert works(form)
    form.write_back()
    form.read_values()
    assert works(form)


def test_the_graph_is_read_and_not_changed():
    x, y, w, b, cost = line()
    cost.backward()
    before = [(v.data, v.grad, v.label, v.operands, v.local_derivatives) for v in (x, w, cost)]
    form = matrix_form(cost, [x, y], [w, b])
    works(form)
    after = [(v.data, v.grad, v.label, v.operands, v.local_derivatives) for v in (x, w, cost)]
    assert before == after


def test_a_constant_that_changed_before_lifting_is_read_at_lifting():
    x, c, w = Value(1.0, "x"), Value(2.0), Value(3.0, "w")
    cost = w * x + c.exp() * 2.0
    c.data = 0.0
    form = matrix_form(cost, [x], [w])
    assert form.values(X1).tolist() == [5.0, 8.0]
    c.data = 100.0
    assert form.values(X1).tolist() == [5.0, 8.0]


def test_a_constant_that_fails_at_lifting_is_an_error_of_its_operation():
    c, w = Value(2.0), Value(3.0, "w")
    cost = w * c.log()
    c.data = 0.0
    with pytest.raises(ValueError, match=r"log\(x\) needs x > 0, got x = 0"):
        matrix_form(cost, [], [w])


def test_parameters_are_read_when_they_are_told_to(form):
    x, y, w, b, cost = line()
    form = matrix_form(cost, [x, y], [w, b])
    w.data = 100.0
    assert works(form)
    form.read_values()
    assert form.parameters.tolist() == [100.0, 0.5]
    assert form.values(GOOD)[0] == 98.5**2
    form.parameters[:] = [3.0, 0.5]
    assert w.data == 100.0
    assert works(form)
    form.write_back()
    assert (w.data, b.data) == (3.0, 0.5)
    assert type(w.data) is float


def test_parameters_that_are_assigned_are_the_parameters(form):
    works(form)
    buffer = form.parameters
    form.parameters = form.parameters * 2.0
    assert form.values(GOOD).tolist() == [(6 + 1 - 2.0) ** 2, (18 + 1 - 4.0) ** 2]
    form.parameters -= [3.0, 0.5]
    assert works(form)
    form.parameters = [3, 0.5]
    assert works(form)
    assert form.parameters is buffer
    for wrong in ([1.0], 1.0, [[3.0, 0.5]], [1.0, 2.0, 3.0]):
        with pytest.raises(ValueError, match="parameters"):
            form.parameters = wrong
    for wrong in (["1", "2"], [None, 1.0], [1j, 1.0], [Value(1.0), Value(2.0)]):
        with pytest.raises(TypeError):
            form.parameters = wrong
    assert works(form)


def test_parameters_of_another_type_are_taken_as_floats():
    x, w = Value(1, "x"), Value(3, "w")
    form = matrix_form(w * x, [x], [w])
    assert form.parameters.dtype == np.float64
    w.data = 10**15
    form.read_values()
    form.write_back()
    assert w.data == 1e15


def test_the_gradient_may_be_written_into(form):
    _, gradient = form.value_and_gradient(GOOD)
    gradient[:] = np.nan
    assert works(form)
    form.parameters -= form.value_and_gradient(GOOD)[1]
    form.parameters[:] = [3.0, 0.5]
    assert works(form)


def test_an_update_in_place_with_the_buffer_that_is_given():
    x, y, w, b, cost = line()
    form = matrix_form(cost, [x, y], [w, b])
    for _ in range(500):
        form.parameters -= 0.05 * form.value_and_gradient(GOOD)[1]
    assert form.value_and_gradient(GOOD)[0] < 1e-6


DUPLICATES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda form: pickle.loads(pickle.dumps(form)),
}


@pytest.mark.parametrize("name", DUPLICATES)
@pytest.mark.parametrize("used", [False, True])
def test_a_copy_works_or_is_refused_in_our_words(form, name, used):
    if used:
        works(form)
    try:
        duplicate = DUPLICATES[name](form)
    except TypeError as error:
        assert "matrix_form" in str(error) or "matrix form" in str(error)
        return
    assert works(duplicate)
    assert str(duplicate) == str(form) and duplicate.source == form.source
    if name == "copy":  # a shallow copy has the same parameters
        assert duplicate.parameters is form.parameters
        return
    duplicate.parameters[:] = [1.0, 0.0]
    assert works(form)
    cost, gradient = duplicate.value_and_gradient(GOOD)
    assert (cost, gradient.tolist()) == (1.0, [-4.0, -2.0])
    form.parameters[:] = [1.0, 0.0]
    assert duplicate.values(GOOD).tolist() == form.values(GOOD).tolist() == [1.0, 1.0]


def test_a_form_with_a_primitive_of_ones_own_is_not_pickled_but_copied():
    form = form_with(own())
    assert copy.deepcopy(form).value_and_gradient(X1)[0] == 27.0
    with pytest.raises(TypeError, match="own"):
        pickle.dumps(form)


def test_what_users_may_not_set_is_not_set_in_silence(form):
    for name in ("source",):
        with pytest.raises(AttributeError):
            setattr(form, name, "")


SCRIPT = """
import numpy as np
from micrograd_bp import MLP, Value, matrix_form, quadratic
net = MLP(3, [4, 2], activation="tanh", output="sigmoid", rng=0)
x, y = [Value(0.1) for _ in range(3)], [Value(0.5), Value(0.2)]
form = matrix_form(quadratic(net(x), y), [*x, *y], net.parameters())
X = np.random.default_rng(0).normal(size=(7, 5))
cost, gradient = form.value_and_gradient(X)
print(cost.hex(), gradient.tobytes().hex(), form.values(X).tobytes().hex())
print(form)
print(form.source)
for attempt in (
    lambda: form.values(X[:, 1:]),
    lambda: form.values([["a"] * 5]),
    lambda: form.values(X * np.nan),
    lambda: matrix_form(1.0, x),
    lambda: matrix_form(x[0], [x[0], x[0]]),
    lambda: matrix_form(x[0], x, x),
    lambda: matrix_form([x[0]], x).value_and_gradient(X[:, :3]),
):
    try:
        attempt()
    except Exception as error:
        print(type(error).__name__, error)
    else:
        print("no error")
"""


def test_python_without_assertions_does_the_same(run_python):
    plain, optimised = run_python(SCRIPT), run_python(SCRIPT, "-OO")
    assert plain == optimised
    assert "no error" not in plain


def test_a_traceback_shows_the_line_of_the_program():
    def arrays(x):
        raise KeyError("mine")

    form = form_with(own(arrays=arrays))
    with pytest.raises(KeyError) as raised:
        form.value_and_gradient(X1)
    shown = "".join(str(entry) for entry in raised.traceback)
    assert "own(" in shown


# Labels.

NAMES = """
theta gradient X m np mean sum inf nan strided cost outputs copies values value_and_gradient
bind_values bind_value_and_gradient guarded C c v1 t1 i1 c1 x x_1 d_w d_z full full1 mean1 z1 a1
delta1 d_z1 x_T w_T w_and_b d_w_and_b a1_and_ones a_and_ones1 t1_and_spare ones spare tail scratch
exp log sigmoid logsumexp sigmoid_stacked total_stacked logsumexp_stacked function print len range
__builtins__ __name__ __debug__ __class__ _ __ self dot matmul multiply add subtract divide square
copyto einsum vdot tanh np_tanh reduce take numpy own own1
"""
KEYWORDS = ["class", "lambda", "None", "True", "def", "with", "match", "type"]
LABELS = [
    *KEYWORDS,
    *NAMES.split(),
    *('"""', "'''", "'", '"', "\\", "\\n", "a\nb", "\r", "\t", "\x00", "\x1b[31m", "#", "# x"),
    *("{", "}", "{0}", "{}", "{out}", "{0.__class__}", "%s", "%d %", "$x", "`x`", "x=1", "x;y"),
    *("é", "ε", "z₁²", "w₁₂²", "𝔘", "ª", "ﬁ", "ſum", "\u202e", "\ud800", "🤯", "\u3164"),
    *(" ", "  x", "x ", "a b", "1", "1a", "x.T", "os.system('true')", "x" * 10_000, "x1" * 5_000),
]


def labelled(x="x", w="w", b="b", z="z"):
    """A form with labels of its inputs, weights, biases, and of all inner nodes."""
    a = [Value(0.1 * k, x) for k in range(3)]
    weights = [[Value(0.3 * k - 0.2 * j, w) for k in range(3)] for j in range(2)]
    biases = [Value(0.5, b), Value(0.1, b)]
    outputs = []
    for row, bias in zip(weights, biases, strict=True):
        outputs.append(weighted_sum(row, a, bias))
        outputs[-1].label = z
        outputs[-1] = outputs[-1].sigmoid()
        outputs[-1].label = z
    cost = logsumexp(outputs) + outputs[0] * outputs[1]
    cost.label = z
    return matrix_form(cost, a, [*weights[0], biases[0], *weights[1], biases[1]])


X3 = np.random.default_rng(0).normal(size=(4, 3))


@pytest.fixture(scope="module")
def plain():
    return labelled()


def numbers(form):
    return bits(*form.value_and_gradient(X3)), form.values(X3).tobytes()


def test_a_label_is_no_keyword_in_the_program():
    for word in keyword.kwlist:
        ast.parse(labelled(z=word).source)


@pytest.mark.parametrize("label", LABELS, ids=lambda s: ascii(s)[:25])
def test_a_label_changes_no_number_and_keeps_the_text_to_its_lines(plain, label):
    for where in ("z", "xwbz"):
        form = labelled(**dict.fromkeys(where, label))
        assert numbers(form) == numbers(plain)
        ast.parse(form.source)
        assert len(form.source) < 20 * len(plain.source) or len(label) > 1000
        assert len(str(form).splitlines()) == len(str(plain).splitlines())
        assert repr(form) == repr(plain)


@pytest.mark.parametrize("label", LABELS, ids=lambda s: ascii(s)[:25])
def test_a_label_does_no_harm_to_an_error(label):
    x, w = Value(1.0, label), Value(1.0, label)
    z = w * x
    z.label = label
    with pytest.raises(FloatingPointError, match="row 1 of X"):
        matrix_form(z.log(), [x], [w]).values([[1.0], [0.0]])
    with pytest.raises(ValueError, match="both an input and a parameter"):
        matrix_form(z, [x], [w, x])


@pytest.mark.parametrize("name", LABELS, ids=lambda s: ascii(s)[:25])
def test_a_primitive_has_any_name(name):
    x, w = Value(1.0, "x"), Value(3.0, "w")
    row = Primitive(name, lambda x: x * x, lambda x: x * x, lambda z, x: (2.0 * x,))
    form = matrix_form(row(w * x) + w * x, [x], [w])
    assert form.value_and_gradient(X1)[0] == 27.0
    assert form.value_and_gradient(X1)[1].tolist() == [16.5]
    assert form.values(X1).tolist() == [12.0, 42.0]
    assert name in str(form) or name.strip() != name


def test_two_primitives_of_one_name_are_two():
    x, w = Value(1.0, "x"), Value(3.0, "w")
    square, cube = own(), own(lambda x: x**3, lambda x: x**3, lambda z, x: (3.0 * x * x,))
    form = matrix_form(square(w * x) + cube(w * x), [x], [w])
    assert form.values(X1).tolist() == [36.0, 252.0]
    assert form.value_and_gradient(X1)[1].tolist() == [(6.0 + 27.0 + 2.0 * (12.0 + 108.0)) / 2.0]
