"""Labels are data: through DOT, SVG and text they stay what they are, whatever they contain."""

import doctest
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import viz.escape
from micrograd_bp import Primitive, Value, total
from viz import draw
from viz.escape import printable, title

SVG = "{http://www.w3.org/2000/svg}"

HOSTILE = [
    'a"b',
    "trailing \\",
    "trailing \\\\",
    "\\",
    '"',
    '\\"',
    "NUL \0 here",
    'x", URL="javascript:alert(1)", label="y',
    'x" URL="javascript:alert(1)" label="y',
    '"]; } digraph evil { a -> b [label="',
    "\\N \\G \\L \\E \\T \\H",
    "line\\nbreak\\lleft\\rright",
    "{a|b}",
    "<p> a",
    "<b>bold</b>",
    "<<b>bold</b>>",
    "|||",
    "}{",
    "->",
    "// comment",
    "/* comment",
    "# comment",
    "\x01",
    "escape \x1b[31m red",
    "lone \ud800 surrogate \udfff",
    "not a character \ufffe \uffff",
    "&lt;",
    "&amp;amp;",
    "&",
    "&#0;",
    "& co; &copy; &#65;",
    "<script>alert(1)</script>",
    "</text></g></svg><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<![CDATA[ x ]]>",
    "]]>",
    "<!-- -->",
    "--",
    "<?xml version='1.0'?>",
    "javascript:alert(1)",
    "'; DROP TABLE nodes; --",
    "two\nlines",
    "two\r\nlines",
    "two\rlines",
    "tab\there",
    " leading and trailing ",
    "two  spaces   three",
    "override \u202e sdrawkcab \u202c",
    "zero\u200bwidth\u200dand\ufeffmark",
    "soft\xadhyphen",
    "c1 \x85 \x9b",
    "combining e\u0301",
    "∂C/∂w = δ·a",
    "日本語 русский עברית",
    "\U0001f600",
    "%s %d {} {0}",
    "$(id) `id`",
    "v1",
    "node",
    "cluster_layer1",
    "x" * 20_000,
    "&" * 500,
    "\\" * 500,
    "",
]


def picture(root):
    return ET.fromstring(draw(root).pipe("svg"))


def shown(label):
    """The lines of a label in a picture; Graphviz leaves out empty ones."""
    return [line for line in title(label).replace("\xa0", " ").split("\n") if line]


def texts(svg, name):
    """The lines of text inside the element with this id; Graphviz doubles spaces with U+00A0."""
    group = svg.find(f".//*[@id='{name}']")
    return [(text.text or "").replace("\xa0", " ") for text in group.iter(f"{SVG}text")]


def test_the_rules_of_escaping():
    assert doctest.testmod(viz.escape) == (0, 5)


@pytest.mark.parametrize("label", HOSTILE, ids=ascii)
def test_a_label_is_shown_as_it_is(label):
    x = Value(1.0, label)
    y = x.tanh()
    y.label = label
    y.backward()
    svg = picture(y)
    assert texts(svg, "v0") == [*shown(label), "data 1", "grad 0.42"]
    assert texts(svg, "v1")[:-2] == [*shown(label)[:-1], " = ".join([*shown(label)[-1:], "tanh"])]


@pytest.mark.parametrize("label", HOSTILE, ids=ascii)
def test_a_label_adds_nothing_but_text(label):
    plain, svg = picture(Value(1.0, "x").tanh()), picture(Value(1.0, label).tanh())
    allowed = {element.tag for element in plain.iter()}
    assert {element.tag for element in svg.iter()} <= allowed
    names = {name for element in svg.iter() for name in element.attrib}
    assert not [name for name in names if "href" in name or name.startswith("on")]
    assert [group.get("id") for group in svg.iter(f"{SVG}g")] == [
        group.get("id") for group in plain.iter(f"{SVG}g")
    ]


@pytest.mark.parametrize("label", HOSTILE, ids=ascii)
def test_a_title_is_the_label(label):
    found = picture(Value(1.0, label).tanh()).find(".//*[@id='v0']").find(f"{SVG}title")
    assert ("" if found is None else found.text) == title(label)


@pytest.mark.parametrize("label", HOSTILE, ids=ascii)
def test_a_label_takes_one_line_of_text(label):
    lines = draw(Value(1.0, label).tanh(), view="text").split("\n")
    assert len(lines) == 2
    assert lines[1].startswith("└─(0.42)─ " + title(label).replace("\n", " "))
    assert "\x1b" not in lines[1]


@given(st.lists(st.text(st.characters(codec=None), max_size=30), min_size=1, max_size=20))
@settings(max_examples=50)
def test_any_label_at_all(labels):
    svg = picture(total([Value(1.0, label) for label in labels]))
    for k, label in enumerate(labels):
        assert texts(svg, f"v{k}") == [*shown(label), "data 1", "grad –"]


@given(st.text(st.characters(codec=None)))
def test_what_is_printable_stays(text):
    assert printable(printable(text)) == printable(text)


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_the_name_of_an_operation_is_as_harmless(name):
    op = Primitive(name, lambda x: x, lambda x: x, lambda z, x: (1.0,))
    svg = picture(op(Value(2.0, "x")))
    assert texts(svg, "v1") == [*shown(name), "data 2", "grad –"]
