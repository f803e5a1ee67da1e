"""Symbol: its text is the notation, its fields are what pictures read."""

import copy
import pickle
from itertools import product

import pytest

from micrograd_bp.notation import Symbol

TEXTS = [
    (("w", 2, (1, 2)), "w₁₂²", "w_1,2^2"),
    (("w", 1, (9, 9)), "w₉₉¹", "w_9,9^1"),
    (("w", 1, (10, 2)), "w₁₀,₂¹", "w_10,2^1"),
    (("w", 3, (1, 10)), "w₁,₁₀³", "w_1,10^3"),
    (("w", 12, (64, 30)), "w₆₄,₃₀¹²", "w_64,30^12"),
    (("b", 2, (3,)), "b₃²", "b_3^2"),
    (("z", 1, (10,)), "z₁₀¹", "z_10^1"),
    (("a", 0, (7,)), "a₇⁰", "a_7^0"),
    (("delta", 3, (1,)), "δ₁³", "delta_1^3"),
    (("w", None, (1, 2)), "w₁₂", "w_1,2"),
    (("w", None, (1,)), "w₁", "w_1"),
    (("x", None, (11,)), "x₁₁", "x_11"),
    (("b", None, ()), "b", "b"),
    (("z", 4, ()), "z⁴", "z^4"),
    (("z",), "z", "z"),
]


@pytest.mark.parametrize(("fields", "text", "ascii_name"), TEXTS)
def test_text_is_the_notation(fields, text, ascii_name):
    symbol = Symbol(*fields)
    assert symbol == text
    assert str(symbol) == text
    assert f"{symbol}" == text
    assert symbol.ascii == ascii_name


@pytest.mark.parametrize("digit", range(10))
def test_every_digit_is_lowered_and_raised(digit):
    below, above = "₀₁₂₃₄₅₆₇₈₉"[digit], "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]
    assert Symbol("z", digit, (digit,)) == f"z{below}{above}"


def test_ascii_names_are_ascii():
    assert all(Symbol(*fields).ascii.isascii() for fields, _, _ in TEXTS)


def test_a_symbol_is_a_str():
    symbol = Symbol("w", 2, (1, 2))
    assert isinstance(symbol, str)
    assert hash(symbol) == hash("w₁₂²")
    assert {"w₁₂²": 1.5}[symbol] == 1.5


def test_fields_are_what_was_given():
    symbol = Symbol("w", 2, (1, 12))
    assert (symbol.letter, symbol.layer, symbol.indices) == ("w", 2, (1, 12))
    bare = Symbol("delta")
    assert (bare.letter, bare.layer, bare.indices) == ("delta", None, ())


def test_no_two_weights_of_a_network_share_a_name():
    places = list(product(range(1, 4), range(1, 25), range(1, 25)))
    symbols = [Symbol("w", l, (i, j)) for l, i, j in places]
    assert len(set(symbols)) == len(places)
    assert len({symbol.ascii for symbol in symbols}) == len(places)


def _fields(symbol):
    return type(symbol), str(symbol), symbol.letter, symbol.layer, symbol.indices


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("fields", [fields for fields, _, _ in TEXTS])
def test_a_pickled_symbol_keeps_its_fields(fields, protocol):
    symbol = Symbol(*fields)
    assert _fields(pickle.loads(pickle.dumps(symbol, protocol))) == _fields(symbol)


@pytest.mark.parametrize("make_copy", [copy.copy, copy.deepcopy])
@pytest.mark.parametrize("fields", [fields for fields, _, _ in TEXTS])
def test_a_copied_symbol_keeps_its_fields(fields, make_copy):
    symbol = Symbol(*fields)
    assert _fields(make_copy(symbol)) == _fields(symbol)
