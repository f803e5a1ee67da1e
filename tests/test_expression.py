"""Formulas in text: what they record, and that anything else is refused, never run."""

import inspect
import math
import re
import sys
import warnings

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from micrograd_bp import Value
from micrograd_bp.engine import topological_order
from micrograd_bp.expression import FUNCTIONS, LONGEST, ExpressionError, expression
from micrograd_bp.primitives import TABLE

NEURON = "tanh(w1*x1 + w2*x2 + b)"
NUMBERS = {"w1": -3.0, "x1": 2.0, "w2": 1.0, "x2": 0.0, "b": 6.88}


def record(root):
    """Everything that a graph says, to compare it with another."""
    nodes = topological_order(root)
    places = {node: k for k, node in enumerate(nodes)}
    return [
        (
            n.data,
            n.label,
            n._op,
            n.is_constant,
            n.local_derivatives,
            [places[o] for o in n.operands],
        )
        for n in nodes
    ]


def refusal(text, **numbers):
    with pytest.raises(ExpressionError) as refused:
        expression(text, **numbers)
    return refused.value


# What is recorded.


def test_a_neuron():
    root = expression(NEURON, **NUMBERS)
    root.backward()
    leaves = {node.label: node for node in topological_order(root) if node.label}
    assert list(leaves) == list(NUMBERS)
    assert {name: leaf.data for name, leaf in leaves.items()} == NUMBERS
    assert root.data == math.tanh(0.88)
    assert leaves["w1"].grad == (1.0 - root.data**2) * 2.0


def test_a_variable_is_one_leaf_however_often_it_stands():
    x = expression("x*x + x", x=3.0)
    x.backward()
    assert sum(node.label == "x" for node in topological_order(x)) == 1
    assert [n.grad for n in topological_order(x) if n.label == "x"] == [7.0]


SAME_IN_PYTHON = [
    "x",
    "-x",
    "+x",
    "x + y - x*y/2",
    "-x**2",
    "(-x)**2",
    "x**-2",
    "2**x",
    "x**(1/2)",
    "2*3*x",
    "x*2*3",
    "--x - -y",
    "x**y**0.5",
    "((x))",
    "1e-3*x + .5 + 2.",
    "  x  +  y  ",
    "exp(x) + log(y) + abs(-x)",
    "maximum(x, y) * minimum(x, 2)",
    "total([x, y, 3])",
    "logsumexp([x, y])",
    "weighted_sum([x, 2], [y, x], 0.5)",
    "weighted_sum([x, y], [x, y])",
    "sigmoid(tanh(relu(x)))",
]


@pytest.mark.parametrize("text", SAME_IN_PYTHON)
def test_it_records_what_python_would_record(text):
    x, y = Value(1.5, "x"), Value(0.75, "y")
    expected = eval(text.strip(), dict(FUNCTIONS), {"x": x, "y": y})
    numbers = {name: v.data for name, v in {"x": x, "y": y}.items() if name in text.split("exp")[0]}
    if "exp" in text:
        numbers = {"x": 1.5, "y": 0.75}
    assert record(expression(text, **numbers)) == record(expected)


@pytest.mark.parametrize(
    ("text", "number"),
    [("2", 2.0), ("2*3 + 1", 7.0), ("tanh(0)", 0.0), ("0x10 + 1_000", 1016.0), ("-2**2", -4.0)],
)
def test_numbers_alone_are_one_constant(text, number):
    root = expression(text)
    assert (root.data, root.is_constant, root.operands) == (number, True, ())


def test_every_row_that_has_a_name_can_be_called():
    assert {name for name in TABLE if name.isidentifier()} == set(FUNCTIONS)
    for name, row in FUNCTIONS.items():
        if row.flatten is None:
            count = row.derivatives.__code__.co_argcount - 1
            names = ["x", "y", "u"][:count]
            root = expression(f"{name}({', '.join(names)})", **dict.fromkeys(names, 0.5))
        else:
            lists = "[x, x], [x, x]" if name == "weighted_sum" else "[x, x]"
            root = expression(f"{name}({lists})", x=0.5)
        assert root.op is row


def test_the_numbers_may_have_any_name():
    assert expression("text * self * numbers", text=2.0, self=3.0, numbers=4).data == 24.0


@pytest.mark.parametrize("number", [2, True, math.inf])
def test_numbers_are_what_a_value_takes(number):
    assert expression("x", x=number).data == float(number)


# What is refused.

NO_PLACE = "an expression is made of numbers, names, + - * / ** and functions"

REFUSED = {
    "attribute": ("x.real", 1),
    "attribute of a call": ("2*tanh(x).data", 3),
    "method": ("x.tanh()", 1),
    "item": ("2 + x[0]", 5),
    "slice": ("x[1", 2),
    "call of a call": ("tanh(x)(y)", 1),
    "call of a number": ("2(x)", 1),
    "list": ("[x, y]", 1),
    "list in a sum": ("x + [y]", 5),
    "list in a list": ("total([x, [y]])", 11),
    "list as a number": ("1 + tanh([x])", 10),
    "negative list": ("-[x]", 2),
    "plus a list": ("+[x]", 2),
    "tuple": ("x, y", 1),
    "empty tuple": ("()", 1),
    "starred": ("maximum(*x)", 9),
    "if": ("x if y else x", 1),
    "and": ("2*(x and y)", 4),
    "not": ("not x", 1),
    "in": ("x in y", 1),
    "is": ("x is y", 1),
    "comprehension": ("total([x for x in y])", 7),
    "generator": ("total(x for x in y)", 6),
    "no list": ("2*total(x)", 9),
    "await": ("await x", 1),
    "yield": ("(yield x)", 2),
    "remainder": ("x // 2", 1),
    "True": ("x + True", 5),
    "None": ("None", 1),
    "ellipsis": ("x*...", 3),
    "complex": ("x + 2j", 5),
    "comparison": ("x < y", 3),
    "equals": ("x == y", 3),
    "walrus": ("(x := 2)", 4),
    "keyword": ("tanh(x=1)", 7),
    "keywords": ("tanh(x, **y)", 1),
    "lambda": ("lambda x: x", 9),
    "dict": ("{}", 1),
    "string": ("'x'", 1),
    "double string": ('x + "y"', 5),
    "f-string": ("f'{x}'", 2),
    "bytes": ("b'x'", 2),
    "comment": ("x # y", 3),
    "statement": ("x; y", 2),
    "line": ("x\n+ y", 2),
    "tab": ("x\t+ y", 2),
    "nul": ("x\0", 2),
    "backslash": ("x \\", 3),
    "backquote": ("`x`", 1),
    "modulo": ("x % 2", 3),
    "matrix product": ("x @ y", 3),
    "xor": ("x ^ 2", 3),
    "or": ("x | y", 3),
    "invert": ("~x", 1),
    "dunder": ("2*__import__", 3),
    "dunder inside": ("a__b", 1),
    "call of import": ("__import__(x)", 1),
    "call of eval": ("eval(x)", 1),
    "function as a variable": ("2*tanh", 3),
    "Cyrillic": ("2*\u0445", 3),
    "Greek": ("\u03b4*x", 1),
    "full width": ("\uff57*x", 1),
    "ligature": ("x + \ufb01", 5),
    "minus sign": ("x \u2212 y", 3),
    "dot": ("x\u00b7y", 2),
    "power": ("x\u00b2", 2),
    "full-width digit": ("\uff11 + x", 1),
    "no-break space": ("x\u00a0+ y", 2),
    "zero width": ("x\u200b", 2),
    "right to left": ("x\u202e+y", 2),
    "surrogate": ("x\udcff", 2),
    "emoji": ("x + \U0001f600", 5),
    "open": ("tanh(x", 5),
    "closed": ("x)", 2),
    "wrong closed": ("(x]", 3),
    "early end": ("x + ", 4),
    "sign alone": ("-", 2),
    "two names": ("x y", 3),
    "two operators": ("x */ y", 4),
    "too large": ("x + 1e999", 5),
    "too long for a float": ("9" * 400, 1),
    "leading zeros": ("007", 1),
}


@pytest.mark.parametrize(("text", "column"), REFUSED.values(), ids=REFUSED)
def test_everything_else_is_refused_with_its_column(text, column):
    error = refusal(text, x=1.0, y=2.0)
    assert error.column == column
    line, shown, carets = str(error).split("\n")
    assert line.startswith(f"column {column}: ")
    assert line.isprintable()
    assert shown.isprintable()
    assert shown.startswith("    ")
    assert carets.index("^") == 4 + column - 1
    assert carets.strip(" ^") == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x.y", f"column 1: this has no place here: {NO_PLACE}\n    x.y\n    ^^^"),
        ("x^2", "column 2: '^' has no place here: a power is written **\n    x^2\n     ^"),
        ("x=2", "column 2: '=' has no place here: the variables' numbers stand outside"),
        ("2*\u0445", "column 3: CYRILLIC SMALL LETTER HA has no place here: "),
        ("x\n", "column 2: U+000A has no place here: "),
        ("x+", "column 3: the expression ends too early\n    x+\n      ^"),
        ("ln(x)", "column 1: ln is no function; there are abs "),
        ("exp*x", "column 1: exp is a function: write exp(x)\n"),
        ("tanh(x, x)", "column 1: write tanh(x), not with 2 arguments\n"),
        ("maximum(x)", "column 1: write maximum(x, y), not with 1 argument\n"),
        ("total(x)", "column 7: here stands a list: total([values, ...])\n"),
        (
            "weighted_sum([x], 2)",
            "column 19: here stands a list: weighted_sum([w, ...], [a, ...], b)",
        ),
        ("weighted_sum([x], [])", "column 1: weighted_sum pairs each w with an a: got 1 w and 0 a"),
        ("weighted_sum([x], [x], [x])", "column 24: a list stands only in total([values, ...]), "),
        ("a__b", "column 1: a__b is no variable: its name has two underscores in a row\n"),
        ("x + a*b + c", "column 5: a, b, c: no number is given; give it like this: a=0.5 b=0.5"),
        ("1e400", "column 1: this is too large for a float\n    1e400\n    ^^^^^"),
    ],
)
def test_the_refusal_says_what_and_the_way_out(text, message):
    assert str(refusal(text, x=1.0)).startswith(message)


@pytest.mark.parametrize("text", ["", "   "])
def test_nothing_is_no_expression(text):
    assert str(refusal(text)) == "the expression is empty"


def test_a_number_without_a_variable_is_named():
    error = refusal("x*y", x=1.0, y=1.0, w=2.0, v=3.0)
    assert str(error) == "'w', 'v': not in the expression, whose variables are x, y"
    assert "whose variables are none" in str(refusal("2", x=1.0))
    assert refusal("x + y*y", x=1.0).column == 5  # where it stands first


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2 + 9**9**9", "column 5: x ** y is too large for a float at x = 9.0, y = 387420489.0"),
        ("1/x", "column 1: x / y with y = 0.0 (x = 1.0) (y is 'x')"),
        ("2*log(x)", "column 3: log(x) needs x > 0, got x = 0.0 (x is 'x')"),
        ("exp(1000 + x)", "column 1: exp(x) is too large for a float at x = 1000.0"),
        ("(x - 1)**0.5", "column 1: x ** y with x = -1.0 < 0 needs a whole-number exponent"),
        ("logsumexp([])", "column 1: logsumexp of no values is log(0): give at least one"),
    ],
)
def test_where_there_is_no_value_the_operation_is_shown(text, message):
    numbers = {"x": 0.0} if "x" in text.replace("exp", "") else {}
    assert str(refusal(text, **numbers)).startswith(message)


def test_a_text_that_is_too_long_is_not_parsed():
    longest = "+(x)" + " + x" * 249
    assert len(longest) == LONGEST
    assert expression(longest, x=1.0).data == 250.0
    assert str(refusal("x" * (LONGEST + 1))) == "the expression has 1,001 characters, above 1,000"
    assert len(str(refusal("1" * 10_000_000))) < 100


DEEP = {
    "signs": "-" * (LONGEST - 1) + "x",
    "pluses": "+" * (LONGEST - 1) + "x",
    "brackets": "(" * 490 + "x" + ")" * 490,
    "lists": "total(" + "[" * 450 + "x" + "]" * 450 + ")",
    "powers": "x" + "**x" * 330,
    "sum": "x" + "+x" * 499,
    "calls": "tanh(" * 160 + "x" + ")" * 160,
    "open": "(" * LONGEST,
    "items": "x" + "[0]" * 330,
    "called": "x" + "()" * 499,
    "attributes": "x" + ".x" * 499,
    "comparisons": "x" + " is x" * 199,
    "ifs": "x if x else " * 83 + "x",
    "signed powers": "x" + "**-x" * 249,
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_depth_is_bounded_without_a_recursion_error(text):
    try:
        assert isinstance(expression(text, x=1.0), Value)
    except ExpressionError as error:
        assert max(map(len, str(error).split("\n"))) < 300


def test_depth_is_bounded_from_deep_within_a_program():
    """Python 3.11 counts what the parser needs with the frames that there are already."""

    def at(depth):
        if depth:
            return at(depth - 1)
        return outcome("x" + "+x" * 490, x=1.0)

    at(sys.getrecursionlimit() - len(inspect.stack()) - 100)


def test_of_a_long_text_the_place_is_shown():
    line, shown, carets = str(refusal("x + " * 200 + "y.z" + " + x" * 20, x=1.0)).split("\n")
    assert line.startswith("column 801: ")
    at = carets.index("^")
    assert shown[at : at + 3] == "y.z"
    assert carets.count("^") == 3
    assert len(shown) <= 76


@pytest.mark.parametrize(
    ("text", "numbers", "message"),
    [
        (3, {}, r"expression\(\) takes a text, got 3 \(int\)"),
        (b"x", {}, r"expression\(\) takes a text, got b'x' \(bytes\)"),
        ("x", {"x": "2"}, r"x takes a real number, got '2' \(str\); convert it with float"),
        ("x", {"x": None}, "x takes a real number, got None"),
        ("x", {"x": Value(2.0)}, "x takes a real number, got Value"),
    ],
)
def test_what_is_no_text_or_no_number_is_a_type_error(text, numbers, message):
    with pytest.raises(TypeError, match=message):
        expression(text, **numbers)


def test_nothing_is_run(monkeypatch):
    """Not even where a text reaches for a builtin that would be seen."""
    ran = []
    monkeypatch.setattr("builtins.print", ran.append)
    monkeypatch.setattr("builtins.eval", ran.append)
    monkeypatch.setattr("builtins.exec", ran.append)
    for text in ("print(x)", "eval(x)", "exec(x)", "x.__class__", "().__class__", "print"):
        with pytest.raises(ExpressionError):
            expression(text, x=1.0)
    assert not ran


def test_python_s_warnings_about_a_text_are_not_shown():
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        for text in ("1or x", "0in x", "1if x else 2", "2(x)", "0x1for x"):
            refusal(text, x=1.0)
    assert not shown


# Any text at all.

NAMES = ["x", "y", "tanh", "exp", "total", "maximum", "weighted_sum", "lambda", "if", "else", "for"]
NAMES += [
    "in",
    "not",
    "and",
    "None",
    "True",
    "__class__",
    "await",
    "print",
    "1",
    "0",
    "2.5",
    "1e308",
]
TOKENS = st.sampled_from([*NAMES, *"+-*/(),.[]{}=:<>@%^~ '\"#\\\n", "**", "//", "\u03b4", "\u202e"])


def outcome(text, **numbers):
    """The only two: a graph, or the documented error, which is one line and maybe the place."""
    try:
        assert isinstance(expression(text, **numbers), Value)
    except ExpressionError as error:
        lines = str(error).split("\n")
        assert len(lines) == (3 if error.column else 1)
        assert all(line.isprintable() for line in lines)
        assert 0 <= error.column <= len(text) + 1


@given(st.lists(TOKENS, max_size=20).map("".join), st.booleans())
@example("x(", True)
@example("x" + "," * 30, True)
def test_texts_of_tokens_give_a_graph_or_the_error(text, given_x):
    outcome(text, **({"x": 2.0} if given_x else {}))


@given(st.text(max_size=60))
def test_any_text_gives_a_graph_or_the_error(text):
    outcome(text)


@pytest.mark.slow
@settings(max_examples=10_000)
@given(st.lists(TOKENS, max_size=40).map("".join) | st.text(max_size=80), st.booleans())
def test_many_texts_give_a_graph_or_the_error(text, given_x):
    outcome(text, **({"x": 2.0} if given_x else {}))


OPERATOR, FUNCTION = st.sampled_from([*"+-*/", "**"]), st.sampled_from(["tanh(", "exp(", "log("])
FORMULAS = st.recursive(
    st.sampled_from(["x", "y", "2.0", "0.5", "0.0", "1e300", "700.0"]),
    lambda part: st.one_of(
        st.tuples(st.just("("), part, OPERATOR, part, st.just(")")),
        st.tuples(st.sampled_from("+-"), part),
        st.tuples(FUNCTION, part, st.just(")")),
        st.tuples(st.just("maximum("), part, st.just(","), part, st.just(")")),
        st.tuples(st.just("total(["), part, st.just(","), part, st.just("])")),
    ).map("".join),
    max_leaves=12,
)


@given(FORMULAS, st.floats(-3.0, 3.0), st.floats(-3.0, 3.0))
@example("-x**2.0", 1.0, 1.0)
@example("(x**(0.5+0.5))", -2.0, 1.0)
def test_a_formula_records_what_python_records_or_is_refused_where_python_raises(text, x, y):
    text = f"{text} + 0.0*x + 0.0*y"
    numbers = {"x": x, "y": y}
    order = dict.fromkeys(re.findall(r"\b[xy]\b", text))
    leaves = {name: Value(numbers[name], name) for name in order}
    try:
        expected = eval(text, dict(FUNCTIONS), leaves)
    except (ValueError, ZeroDivisionError, OverflowError, TypeError):  # complex is a TypeError
        assert refusal(text, **numbers).column >= 1
    else:
        assert repr(record(expression(text, **numbers))) == repr(record(expected))


def test_it_knows_no_other_names_than_the_table():
    assert all(FUNCTIONS[name] is TABLE[name] for name in FUNCTIONS)
