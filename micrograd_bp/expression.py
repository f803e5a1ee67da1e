"""expression: a formula in text, such as "tanh(w*x + b)", recorded as a graph.

The text is parsed by `ast` and walked; it is never run as Python. Allowed are numbers, names,
+ - * / ** and parentheses, the rows of the table by name, and lists where a row takes many values.
"""

import ast
import re
import unicodedata
import warnings
from collections.abc import Mapping, Sequence
from inspect import Parameter, signature
from math import isfinite
from reprlib import repr as short
from typing import Any

from micrograd_bp import primitives
from micrograd_bp.engine import Value, as_value
from micrograd_bp.primitives import ARITHMETIC, TABLE, Primitive, as_real

LONGEST = 1_000  # characters
WIDEST = 72  # characters of the text that an error shows
ALLOWED = re.compile(r"[A-Za-z0-9_+\-*/().,\[\] ]*")
MADE_OF = "an expression is made of numbers, names, + - * / ** and functions"
HINTS = {"^": "a power is written **", "=": "the variables' numbers stand outside the expression"}
OPERATORS: dict[type[ast.AST], Primitive] = {
    ast.Add: primitives.add,
    ast.Sub: primitives.sub,
    ast.Mult: primitives.mul,
    ast.Div: primitives.div,
    ast.Pow: primitives.power,
    ast.USub: primitives.neg,
}
FUNCTIONS = {name: row for name, row in TABLE.items() if name.isidentifier()}


class ExpressionError(ValueError):
    """Why a text is no expression: a line that says it, and below it the place in the text.

    column: of the place, counted from 1; 0 where there is no one place.
    """

    def __init__(self, why: str, text: str = "", column: int = 0, end: int = 0) -> None:
        self.column = column
        super().__init__(f"column {column}: {why}\n{_marked(text, column, end)}" if column else why)


class _Refused(Exception):
    """Why this part has no place in the text."""

    def __init__(self, part: ast.expr, why: str) -> None:
        self.part, self.why = part, why


def expression(text: str, /, **numbers: float) -> Value:
    """The graph of a formula, with a leaf for each variable, labelled with its name.

    text: of at most 1,000 characters, for instance "tanh(w1*x1 + w2*x2 + b)". It records what the
        same text would record in Python; what is made of numbers alone is a number.
    numbers: one for each variable, w1=-3.0 and so on.

    Raises ExpressionError, a ValueError, for any text that is no expression, for a variable without
    a number, a number without a variable, and where there is no value, as of 1/0; TypeError for a
    text that is no str, and for a number that is none.
    """
    if not isinstance(text, str):
        raise TypeError(f"expression() takes a text, got {short(text)} ({type(text).__name__})")
    text = text.strip(" ")
    try:
        return _graph(_parsed(text), numbers)
    except _Refused as refused:
        part, why = refused.part, refused.why
        end = part.end_col_offset or 0
        raise ExpressionError(why, text, part.col_offset + 1, end) from None


# The text.


def _parsed(text: str) -> ast.expr:
    """The syntax tree, or why there is none."""
    if not text:
        raise ExpressionError("the expression is empty")
    if len(text) > LONGEST:
        raise ExpressionError(f"the expression has {len(text):,} characters, above {LONGEST:,}")
    _require_characters(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a number that ends in a keyword: refused anyway
            return ast.parse(text, mode="eval").body
    except (RecursionError, MemoryError):
        raise ExpressionError("the expression is too deeply nested") from None
    except SyntaxError as error:
        if not error.offset:
            raise ExpressionError("the expression ends too early", text, len(text) + 1) from None
        raise ExpressionError(error.msg.split("\n")[0], text, error.offset) from None


def _require_characters(text: str) -> None:
    """Raise unless each character has a place: hence no look-alikes, strings or comparisons."""
    match = ALLOWED.match(text)
    end = match.end() if match else 0
    if end == len(text):
        return
    character = text[end]
    name = unicodedata.name(character, f"U+{ord(character):04X}")
    what = repr(character) if " " < character < "\x7f" else name
    why = f"{what} has no place here: {HINTS.get(character, MADE_OF)}"
    raise ExpressionError(why, text, end + 1)


def _marked(text: str, column: int, end: int) -> str:
    """The text, on a line below it carets from `column` to `end`; of a long text, a part."""
    first = max(0, min(column - 1 - WIDEST // 2, len(text) - WIDEST))
    shown = "".join(c if c.isprintable() else "\ufffd" for c in text[first : first + WIDEST])
    before = column - 1 - first
    carets = max(1, min(end, first + len(shown)) - column + 1)
    return f"    {shown}\n    {' ' * before}{'^' * carets}"


# The tree.


def _graph(root: ast.expr, numbers: Mapping[str, float]) -> Value:
    parts = _in_order(root)
    _require_no_list([root])
    for part in parts:
        _require_allowed(part)
    variables = _variables(parts, numbers)
    results: list[Any] = []
    for part in parts:
        first = len(results) - len(_operands(part))
        operands, results[first:] = results[first:], []
        results.append(_recorded(part, operands, variables))
    return as_value(results.pop())


def _in_order(root: ast.expr) -> list[ast.expr]:
    """All parts of the tree, operands first; without recursion, as a long sum is deep."""
    order, pending = [], [root]
    while pending:
        part = pending.pop()
        order.append(part)
        pending.extend(_operands(part))
    return order[::-1]


def _operands(part: ast.expr) -> Sequence[ast.expr]:
    match part:
        case ast.BinOp():
            return part.left, part.right
        case ast.UnaryOp():
            return (part.operand,)
        case ast.Call():
            return part.args
        case ast.List():
            return part.elts
    return ()


def _require_allowed(part: ast.expr) -> None:
    """Raise unless this kind of part has a place in an expression."""
    match part:
        case ast.BinOp(op=op) | ast.UnaryOp(op=op) if type(op) in OPERATORS:
            _require_no_list(_operands(part))
        case ast.UnaryOp(op=ast.UAdd()) | ast.List():
            _require_no_list(_operands(part))
        case ast.Constant(value=number) if type(number) in (int, float):
            if not isfinite(_number(part, number)):
                raise _Refused(part, "this is too large for a float")
        case ast.Name(id=name):
            _require_variable(part, name)
        case ast.Call(func=ast.Name(id=name), keywords=[]):
            _require_function(part, name)
        case ast.Call():
            raise _Refused(part, f"only functions are called, by name; {MADE_OF}")
        case _:
            raise _Refused(part, f"this has no place here: {MADE_OF}")


def _require_variable(part: ast.expr, name: str) -> None:
    if name in FUNCTIONS:
        raise _Refused(part, f"{name} is a function: write {_form(name)}")
    if "__" in name:
        raise _Refused(part, f"{name} is no variable: its name has two underscores in a row")


def _require_no_list(parts: Sequence[ast.expr]) -> None:
    for part in parts:
        if isinstance(part, ast.List):
            lists = ", ".join(_form(name) for name, row in FUNCTIONS.items() if row.flatten)
            raise _Refused(part, f"a list stands only in {lists}")


def _require_function(call: ast.Call, name: str) -> None:
    """Raise unless there is such a function, with as many arguments, lists among them."""
    if name not in FUNCTIONS:
        raise _Refused(call, f"{name} is no function; there are {' '.join(sorted(FUNCTIONS))}")
    least, most = _counts(name)
    given = len(call.args)
    if not least <= given <= most:
        arguments = f"{given} argument" + "s" * (given != 1)
        raise _Refused(call, f"write {_form(name)}, not with {arguments}")
    for argument, parameter in zip(call.args, _parameters(name), strict=False):
        if not _takes_list(name, parameter):
            _require_no_list([argument])
        elif not isinstance(argument, ast.List):
            raise _Refused(argument, f"here stands a list: {_form(name)}")


def _variables(parts: Sequence[ast.expr], numbers: Mapping[str, float]) -> dict[str, Value]:
    """A leaf for each name, in the order of the text."""
    names: dict[str, ast.expr] = {}
    for part in parts:
        if isinstance(part, ast.Name):
            names.setdefault(part.id, part)
    missing = [name for name in names if name not in numbers]
    if missing:
        way_out = " ".join(f"{name}=0.5" for name in missing)
        why = f"{', '.join(missing)}: no number is given; give it like this: {way_out}"
        raise _Refused(names[missing[0]], why)
    unused = [name for name in numbers if name not in names]
    if unused:
        what, variables = ", ".join(map(short, unused)), ", ".join(names) or "none"
        raise ExpressionError(f"{what}: not in the expression, whose variables are {variables}")
    return {name: Value(as_real(numbers[name], name), name) for name in names}


# The record.


def _recorded(part: ast.expr, operands: list[Any], variables: Mapping[str, Value]) -> Any:
    """What this part makes of its operands: a Value; of numbers alone, a number."""
    match part:
        case ast.Name(id=name):
            return variables[name]
        case ast.Constant(value=number):
            return _number(part, number)
        case ast.List():
            return operands
        case ast.Call(func=ast.Name(id=name)):
            return _applied(part, FUNCTIONS[name], operands)
        case ast.BinOp(op=op) | ast.UnaryOp(op=op) if type(op) in OPERATORS:
            return _applied(part, OPERATORS[type(op)], operands)
    return operands[0]  # of unary plus


def _applied(part: ast.expr, row: Primitive, operands: Sequence[Any]) -> Any:
    try:
        return row(*operands)
    except ARITHMETIC as error:
        raise _Refused(part, str(error)) from None


def _number(part: ast.expr, number: Any) -> float:
    try:
        return as_real(number, "a number")
    except OverflowError:
        raise _Refused(part, "this is too large for a float") from None


# Functions, as their rows describe them.


def _parameters(name: str) -> list[Parameter]:
    row = FUNCTIONS[name]
    if row.flatten is not None:
        return list(signature(row.flatten).parameters.values())
    return list(signature(row.derivatives).parameters.values())[1:]  # behind the output z


def _counts(name: str) -> tuple[int, int]:
    """The least and the largest number of arguments."""
    parameters = _parameters(name)
    return sum(p.default is Parameter.empty for p in parameters), len(parameters)


def _form(name: str) -> str:
    """How a call is written, as in maximum(x, y)."""
    parameters = _parameters(name)
    written = [f"[{p.name}, ...]" if _takes_list(name, p) else p.name for p in parameters]
    return f"{name}({', '.join(written)})"


def _takes_list(name: str, parameter: Parameter) -> bool:
    return FUNCTIONS[name].flatten is not None and parameter.annotation is not Any
