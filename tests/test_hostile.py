"""What is no real number, and what would lose the gradient: the right answer or a TypeError.

The objects are those of table 4.1 of the reliability notes, and a few more. Nothing is ever turned
into a number that nobody asked for, and no gradient is lost in silence.
"""

import array
import json
import math
import operator
import struct
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from micrograd_bp import Primitive, Value, logsumexp, total, weighted_sum
from micrograd_bp import primitives as p


class Tensor:
    """Looks like a tensor of one element: float() takes it."""

    def __float__(self):
        return 2.0


class Index:
    """Looks like an integer to float()."""

    def __index__(self):
        return 2


REAL = {
    "True": (True, 1.0),
    "3": (3, 3.0),
    "2.5": (2.5, 2.5),
    "nan": (math.nan, math.nan),
    "-inf": (-math.inf, -math.inf),
    "Fraction(1,3)": (Fraction(1, 3), 1 / 3),
    "float64": (np.float64(1.5), 1.5),
    "float32": (np.float32(0.1), 0.10000000149011612),
    "float16": (np.float16(0.1), 0.0999755859375),
    "longdouble": (np.longdouble("0.1"), 0.1),
    "int64": (np.int64(3), 3.0),
    "uint8": (np.uint8(3), 3.0),
}
NOT_REAL = {
    "1+2j": 1 + 2j,
    "None": None,
    "'1.5'": "1.5",
    "''": "",
    "b'1.5'": b"1.5",
    "Decimal": Decimal("0.1"),
    "bool_": np.bool_(True),
    "complex128": np.complex128(1.0),
    "0-d": np.array(2.0),
    "0-d int": np.array(2),
    "[2.0]": np.array([2.0]),
    "[1, 2]": np.array([1.0, 2.0]),
    "0-d str": np.array("2.0"),
    "0-d None": np.array(None, object),
    "list": [1.0],
    "tuple": (1.0, 2.0),
    "dict": {1.0: 2.0},
    "set": {1.0},
    "range": range(2),
    "bytearray": bytearray(b"1"),
    "masked": np.ma.masked,
    "datetime64": np.datetime64("2020-01-01"),
    "str_": np.str_("1"),
    "Tensor": Tensor(),
    "Index": Index(),
    "object": object(),
    "type": float,
    "function": math.exp,
    "Value": Value(1.5, "p"),
    "Ellipsis": ...,
    "NotImplemented": NotImplemented,
    "generator": (x for x in [1.0]),
    "Path": Path("1.0"),
}
# Operands that NumPy unpacks: a number in disguise, or many numbers.
ARRAYS = {"bool_", "0-d", "0-d int", "[2.0]", "[1, 2]", "Value", "masked"}
REFUSED = {name: x for name, x in NOT_REAL.items() if name not in ARRAYS}
# Those that we refuse ourselves; the rest may have an operator for us, so Python or NumPy does it.
OURS = {"1+2j", "None", "'1.5'", "''", "b'1.5'", "Decimal", "list", "tuple", "dict", "set", "str_"}
OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge]

each_real = pytest.mark.parametrize(("given", "number"), REAL.values(), ids=REAL)
each_not_real = pytest.mark.parametrize("given", NOT_REAL.values(), ids=NOT_REAL)
each_refused = pytest.mark.parametrize("given", REFUSED.values(), ids=REFUSED)
each_operator = pytest.mark.parametrize("apply", OPERATORS)


def same(expected):
    return pytest.approx(expected, rel=1e-15, nan_ok=True)


# The constructor, and data.


@each_real
def test_a_real_number_becomes_a_plain_float(given, number):
    assert Value(given).data == same(number)
    assert type(Value(given).data) is float
    v = Value(0.0)
    v.data = given
    assert v.data == same(number)
    assert type(v.data) is float


@each_not_real
def test_anything_else_is_refused_with_its_type(given):
    kind = type(given).__name__
    with pytest.raises(TypeError, match=r"^Value\(\) takes a real number, got ") as raised:
        Value(given)
    assert f"({kind})" in str(raised.value)
    assert len(str(raised.value)) < 200


@each_not_real
def test_data_refuses_the_same_and_keeps_its_number(given):
    v = Value(2.5)
    with pytest.raises(TypeError, match=r"^Value.data takes a real number, got "):
        v.data = given
    assert v.data == 2.5


@pytest.mark.parametrize(
    ("given", "way_out"),
    [
        ("1.5", r"got '1.5' \(str\); convert it with float\(\) first$"),
        (b"1.5", r"got b'1.5' \(bytes\); convert it with float\(\) first$"),
        (Decimal("0.1"), r"got Decimal\('0.1'\) \(Decimal\); convert it with float\(\) first$"),
        (1 + 2j, r"got \(1\+2j\) \(complex\); take its .real$"),
        (np.complex128(1), r"\(complex128\); take its .real$"),
        (Value(1.5), r"\(Value\); use it as it is, or its .data for a fresh leaf$"),
    ],
    ids=["str", "bytes", "Decimal", "complex", "complex128", "Value"],
)
def test_the_error_says_what_to_do(given, way_out):
    with pytest.raises(TypeError, match=way_out):
        Value(given)


def test_an_integer_beyond_the_floats_is_an_overflow():
    v = Value(1.0)
    for attempt in (
        lambda: Value(10**400),
        lambda: v * 10**400,
        lambda: 10**400 + v,
        lambda: v < 10**400,
        lambda: p.exp(10**400),
        lambda: setattr(v, "data", 10**400),
    ):
        with pytest.raises(OverflowError):
            attempt()
    assert v.data == 1.0


def test_a_long_text_is_shortened_in_the_error():
    with pytest.raises(TypeError) as raised:
        Value("x" * 1_000_000)
    assert len(str(raised.value)) < 200


# Operands on either side.


@each_operator
@each_real
def test_a_real_operand_gives_what_floats_give_and_keeps_the_gradient(apply, given, number):
    for x, y in ((Value(1.5), given), (given, Value(1.5))):
        plain_x, plain_y = (z.data if isinstance(z, Value) else number for z in (x, y))
        z = apply(x, y)
        assert isinstance(z, Value)
        assert type(z.data) is float
        assert z.data == same(apply(plain_x, plain_y))
        z.backward()
        v = x if isinstance(x, Value) else y
        derivative = z.local_derivatives[0 if v is x else 1]
        assert v.grad == same(derivative)
        assert type(v.grad) is float


@each_operator
@each_refused
def test_a_refused_operand_is_a_type_error_on_either_side(apply, given):
    v = Value(1.5)
    for attempt in (lambda: apply(v, given), lambda: apply(given, v)):
        with pytest.raises(TypeError):
            attempt()
    assert (v.data, v.grad) == (1.5, 0.0)


@each_operator
@pytest.mark.parametrize("name", sorted(OURS - {"str_"}))
def test_our_own_refusals_name_the_operation_and_what_was_given(apply, name):
    given, v = NOT_REAL[name], Value(1.5)
    symbol = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "**"}[apply.__name__]
    start = f"an operand of {symbol} takes a real number, got "
    for attempt in (lambda: apply(v, given), lambda: apply(given, v)):
        with pytest.raises(TypeError) as raised:
            attempt()
        assert str(raised.value).startswith(start)
        assert f"({type(given).__name__})" in str(raised.value)


@each_operator
@each_refused
def test_an_assignment_in_place_leaves_the_name_as_it_was(apply, given):
    v = before = Value(1.5)
    in_place = getattr(operator, "i" + apply.__name__)
    with pytest.raises(TypeError):
        v = in_place(v, given)
    assert v is before


@each_operator
@pytest.mark.parametrize("name", sorted(ARRAYS - {"masked", "Value"}))
def test_arrays_get_their_turn_and_keep_the_gradient(apply, name):
    given = NOT_REAL[name]
    numbers = np.asarray(given, dtype=float)
    for number_first in (False, True):
        v = Value(1.5)
        z = np.asarray(apply(given, v) if number_first else apply(v, given), dtype=object)
        assert z.shape == numbers.shape
        for z_k, number in zip(z.ravel(), numbers.ravel(), strict=True):
            expected = apply(number, 1.5) if number_first else apply(1.5, number)
            assert z_k.data == same(expected)
            v.grad = 0.0
            z_k.backward()
            assert v.grad == same(z_k.local_derivatives[z_k.operands.index(v)])


@each_operator
def test_a_masked_number_is_refused_in_numpys_words(apply):
    for attempt in (
        lambda: apply(Value(1.5), np.ma.masked),
        lambda: apply(np.ma.masked, Value(1.5)),
    ):
        with pytest.raises((TypeError, AttributeError, ZeroDivisionError)):
            attempt()


@each_refused
@pytest.mark.parametrize("row", [p.add, p.power, p.maximum, p.divide], ids=lambda row: row.name)
def test_a_primitive_refuses_the_same_next_to_a_value(row, given):
    for operands in ((Value(1.5), given), (given, Value(1.5))):
        with pytest.raises(TypeError):
            row(*operands)


@each_refused
def test_a_method_refuses_the_same(given):
    with pytest.raises(TypeError):
        Value(1.5).maximum(given)
    with pytest.raises(TypeError):
        Value(1.5).minimum(given)


@each_refused
def test_rows_of_many_operands_refuse_the_same(given):
    for attempt in (
        lambda: total([Value(1.0), given]),
        lambda: logsumexp([given, Value(1.0)]),
        lambda: weighted_sum([Value(1.0)], [given]),
        lambda: weighted_sum([1.0], [given]),
    ):
        with pytest.raises(TypeError):
            attempt()


@each_refused
def test_a_seed_refuses_the_same_and_changes_nothing(given):
    v = Value(1.5)
    v.grad = 7.0
    with pytest.raises(TypeError):
        v.backward(given)
    assert v.grad == 7.0


@pytest.mark.parametrize("compare", COMPARISONS)
@each_refused
def test_a_comparison_with_what_is_no_number_is_a_type_error(compare, given):
    v = Value(1.5)
    for attempt in (lambda: compare(v, given), lambda: compare(given, v)):
        with pytest.raises(TypeError):
            attempt()


@each_not_real
def test_equality_with_anything_else_is_false_and_never_raises(given):
    assert not np.any(Value(1.5) == given)
    assert not np.any(given == Value(1.5))


def test_the_result_of_an_operator_that_a_user_s_class_defines_is_theirs():
    class Money:
        def __rmul__(self, other):
            return ("money", other)

    v = Value(2.0)
    assert v * Money() == ("money", v)


# What would lose the gradient.

LOSING = {
    "float": float,
    "complex": complex,
    "int": int,
    "round": round,
    "math.exp": math.exp,
    "math.isnan": math.isnan,
    "math.floor": math.floor,
    "math.fsum": lambda v: math.fsum([v]),
    "math.hypot": lambda v: math.hypot(v, 1.0),
    "math.pow": lambda v: math.pow(2.0, v),
    "%f": lambda v: "%f" % v,  # noqa: UP031
    "%d": lambda v: "%d" % v,  # noqa: UP031
    "struct.pack": lambda v: struct.pack("d", v),
    "array.array": lambda v: array.array("d", [v]),
    "json.dumps": lambda v: json.dumps([v]),
    "np.array": lambda v: np.array([v], dtype=float),
    "np.asarray": lambda v: np.asarray(v, dtype=float),
    "np.float64": np.float64,
    "np.float32": np.float32,
    "astype": lambda v: np.array([v, v]).astype(float),
    "np.fromiter": lambda v: np.fromiter([v], dtype=float),
    "into an array": lambda v: operator.setitem(np.zeros(2), 0, v),
    "out of place": lambda v: np.multiply(np.ones(2), v, out=np.zeros(2)),
    "onto an array": lambda v: operator.iadd(np.zeros(2), v),
    "np.isfinite": np.isfinite,
    "np.ma.array": lambda v: np.ma.array([v], dtype=float),
    "Fraction": Fraction,
    "Decimal": Decimal,
    "index": lambda v: [1, 2, 3][v],
    "range": range,
}


@pytest.mark.parametrize("lose", LOSING.values(), ids=LOSING)
def test_what_would_lose_the_gradient_is_refused(lose):
    for v in (Value(1.0), Value(1.0) * 1.0, (Value(1.0) ** 1).operands[1]):
        with pytest.raises((TypeError, ValueError, struct.error)):
            lose(v)


TELLING = ["float", "complex", "math.exp", "math.fsum", "math.hypot", "math.isnan", "%f"]
TELLING += ["np.array", "np.float64", "astype", "into an array", "array.array"]


@pytest.mark.parametrize("name", TELLING)
def test_the_refusal_tells_of_the_gradient_and_of_data(name):
    with pytest.raises(TypeError) as raised:
        LOSING[name](Value(0.7, "p"))
    told = f"{raised.value} {raised.value.__cause__ or ''}"
    assert "would lose the gradient" in told
    assert ".data" in told
    assert "label='p'" in told


def test_a_value_is_no_sequence():
    v = Value(1.0)
    for attempt in (lambda: len(v), lambda: iter(v), lambda: v[0], lambda: 1.0 in v, lambda: [*v]):
        with pytest.raises(TypeError):
            attempt()
    assert not isinstance(v, Iterator)


@pytest.mark.parametrize(
    "apply",
    [
        lambda v: v % 2,
        lambda v: 2 % v,
        lambda v: v // 2,
        lambda v: divmod(v, 2),
        lambda v: v @ v,
        lambda v: ~v,
        lambda v: v << 1,
        lambda v: v & 1,
        lambda v: pow(v, 2, 5),
        lambda v: v(),
    ],
)
def test_operators_that_a_value_does_not_have_are_type_errors(apply):
    with pytest.raises(TypeError):
        apply(Value(3.0))


# Labels.


@pytest.mark.parametrize("label", [None, 3, 1.5, b"p", ["p"], Value(1.0), object(), ("a", "b")])
def test_a_label_that_is_no_text_is_refused(label):
    with pytest.raises(TypeError, match="a label is a str, got"):
        Value(1.0, label)
    with pytest.raises(TypeError, match="a label is a str, got"):
        Value(1.0, label=label)


HOSTILE_LABELS = {
    "quote": "a'b",
    "double quote": 'a"b',
    "braces": "{x} {0} {}",
    "percent": "%s %d %",
    "backslash": "\\ \\1 \\g<0>",
    "newline": "two\nlines\r\n",
    "NUL": "\x00",
    "escape": "\x1b[31mred",
    "surrogate": "\ud800",
    "right to left": "\u202e abc",
    "markup": '<script>alert("1")</script>',
    "dot": '"]; } digraph evil { a [label="',
    "our own text": "x) needs x > 0, got x = 0.0",
    "long": "x" * 20_000,
    "blank": " ",
}


@pytest.mark.parametrize("label", HOSTILE_LABELS.values(), ids=HOSTILE_LABELS)
def test_a_label_stands_in_an_error_as_it_is(label):
    for attempt in (
        lambda: Value(0.0, label).log(),
        lambda: p.log(Value(0.0, label)),
        lambda: (Value(1.0, label) * 0.0) ** Value(-1.0, label),
        lambda: 1.0 / Value(0.0, label),
        lambda: Value(1000.0, label).exp(),
    ):
        with pytest.raises(p.ARITHMETIC) as raised:
            attempt()
        assert label in str(raised.value)


@pytest.mark.parametrize("label", HOSTILE_LABELS.values(), ids=HOSTILE_LABELS)
def test_a_label_stands_in_repr_as_it_is_and_changes_no_number(label):
    v = Value(2.0, label)
    assert label in repr(v)
    z = v * v
    z.backward()
    assert (z.data, v.grad, v.label) == (4.0, 4.0, label)


def test_an_unlabelled_value_has_no_label_in_its_error():
    with pytest.raises(ValueError, match=r"^log\(x\) needs x > 0, got x = 0.0$"):
        Value(0.0, "").log()


# A user's own operation may be hostile too.


def test_the_error_of_a_users_rule_is_not_hidden():
    def rule(z, x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        Primitive("own", abs, abs, rule)(Value(1.0))


def test_an_error_other_than_arithmetic_passes_unchanged():
    def floats(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        Primitive("own", floats, abs, lambda z, x: (1.0,))(Value(1.0))


# Without assertions.

SCRIPT = """
import math, sys
from decimal import Decimal
import numpy as np
from micrograd_bp import Primitive, Value, logsumexp, total, weighted_sum

assert "this is no optimised run" == "", "-O is on where it should be"
"""
ATTEMPTS = """
def attempt(f):
    try:
        print("value", f())
    except Exception as error:
        print(type(error).__name__, error)

v = Value(0.0, "p")
given = [None, "1.5", b"1.5", 1 + 2j, Decimal("0.1"), [1.0], np.array(2.0), np.bool_(True), 10**400]
for x in given:
    attempt(lambda: Value(x))
    attempt(lambda: v + x)
    attempt(lambda: x * v)
    attempt(lambda: setattr(v, "data", x))
    attempt(lambda: v.backward(x))
bad = [Primitive("bad", abs, abs, rule) for rule in (lambda z, x: 1.0, lambda z, x: (1.0, 1.0))]
for f in (
    v.log, lambda: 1 / v, lambda: v ** -1, lambda: (v - 2) ** 0.5, lambda: (v + 1000).exp(),
    lambda: float(v), lambda: math.exp(v), lambda: np.array([v], dtype=float),
    lambda: Value(1.0, 3), lambda: weighted_sum([v], [v, v]), lambda: logsumexp([]),
    lambda: total([v, None]), lambda: bad[0](v), lambda: bad[1](v), lambda: (v + 1.0).__reduce__(),
    lambda: v < "1", lambda: v @ v,
):
    attempt(f)
"""


def test_an_optimised_run_refuses_the_same(run_python):
    """`python -O` removes assertions; no check of ours may be one."""
    imports = SCRIPT.replace("assert", "# assert", 1)
    plain = run_python(imports + ATTEMPTS)
    assert run_python(SCRIPT + ATTEMPTS, "-O") == plain
    assert run_python(SCRIPT + ATTEMPTS, "-OO") == plain
    lines = plain.splitlines()
    assert len(lines) == 9 * 5 + 17
    assert sum(line.startswith("value") for line in lines) == 4


def test_a_development_run_with_warnings_as_errors_is_the_same(run_python):
    imports = SCRIPT.replace("assert", "# assert", 1)
    plain = run_python(imports + ATTEMPTS)
    assert run_python(imports + ATTEMPTS, "-X", "dev", "-W", "error") == plain
