"""Any label at all, through DOT, SVG, HTML and text: it is shown, and is nothing else.

Labels are made of any characters, of what is special to the four, and of pieces of the cases of
test_viz_hostile.py; they stand on nodes, as names of operations and as letters of the notation.
"""

import xml.etree.ElementTree as ET
from unicodedata import category

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_viz_hostile import HOSTILE
from test_viz_page import Parsed, data_of

from micrograd_bp import Primitive, Value, explain, quadratic
from micrograd_bp.engine import topological_order
from micrograd_bp.notation import Symbol
from micrograd_bp.primitives import TABLE
from viz import draw
from viz.escape import title
from viz.page import page

SLOW = 500  # labels in the slow run
SPECIAL = [
    *"\"\\{}|<>&;#[]()%$'`=/-\n\r\t\0\x1b\x7f\x9b ",
    *("\u202e", "\u2066", "\ufeff", "\ud800", "\udfff", "\ufffe", "\u2028", "\u0300", "\U000e0041"),
    *("<!--", "-->", "]]>", "</script>", "</svg>", "<a href=", " onload=", "&#x3c;", "\\N", "\\l"),
    *("URL=", "tooltip=", "javascript:", "digraph{", "->", "<BR/>", "{{data}}", "\\u003c"),
]
PIECES = st.sampled_from(SPECIAL) | st.sampled_from(HOSTILE) | st.text(st.characters(codec=None))
ANY = st.lists(PIECES, max_size=5).map("".join)
LABELS = ANY.filter(lambda label: label not in TABLE)  # of an operation of ours the page tells more
PLACES = {
    "leaf": lambda label: Value(1.0, label),
    "symbol": lambda label: Value(1.0, Symbol(label or "w", 1, (1, 2))),
    "neuron": lambda label: Value(1.0, Symbol("w", 1, (1, 2))) * Value(2.0, label),
    "operation": lambda label: Primitive(label, abs, abs, lambda z, x: (1.0,))(Value(1.0)),
}


def graph(place, label):
    z = PLACES[place](label)
    y = z.tanh()
    y.label = label
    C = quadratic([y], [1.0])
    C.label = label
    C.backward()
    return C


def elements(picture):
    """Each element with its attributes but for numbers, words and the look."""
    return [(element.tag, sorted(element.attrib)) for element in picture.iter()]


def try_label(place, label):
    plain, C = graph(place, "x"), graph(place, label)
    usual = draw(plain, view="scalar")
    found = draw(C, view="scalar")
    svg, usual_svg = ET.fromstring(found.pipe("svg")), ET.fromstring(usual.pipe("svg"))
    assert {name for _, names in elements(svg) for name in names} <= {
        name for _, names in elements(usual_svg) for name in names
    }
    assert {tag for tag, _ in elements(svg)} <= {tag for tag, _ in elements(usual_svg)}
    ids = [[g.get("id") for g in picture.iter() if g.get("id")] for picture in (svg, usual_svg)]
    assert ids[0] == ids[1]
    assert found.source.count("\n\t") == usual.source.count("\n\t")
    is_shown = "\n" not in title(label) and bool(title(label))
    tags = [Parsed(page(root)).tags for root in (C, plain)]
    names = [[(tag, sorted(attributes)) for tag, attributes in found] for found in tags]
    assert set(map(str, names[0])) <= set(map(str, names[1]))
    assert not is_shown or names[0] == names[1]
    assert data_of(C)["nodes"][-1]["name"] == (title(label).replace("\n", " ") if label else "C")
    lines = str(draw(C, view="text")).split("\n")
    assert len(lines) == len(str(draw(plain, view="text")).split("\n"))
    assert not {category(c) for line in lines for c in line} & {"Cc", "Cf", "Cs"}
    leaf, usual_leaf = (
        next(node for node in topological_order(root) if not node.operands) for root in (C, plain)
    )
    told = str(explain(C, leaf)).split("\n")
    assert all(map(str.isprintable, told))
    assert len(told) == len(str(explain(plain, usual_leaf)).split("\n"))


@settings(max_examples=25)
@given(st.sampled_from(sorted(PLACES)), LABELS)
def test_a_label_is_shown_and_is_nothing_else(place, label):
    try_label(place, label)


@pytest.mark.slow
@settings(max_examples=SLOW)
@given(st.sampled_from(sorted(PLACES)), LABELS)
def test_many_labels_are_shown_and_are_nothing_else(place, label):
    try_label(place, label)
