"""CONTRIBUTING.md: its row is that of the table, and what it names is there."""

import re
from pathlib import Path

import pytest

import micrograd_bp

ROOT = Path(__file__).parent.parent
HOUSE = Path(micrograd_bp.__file__).parent
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def squeezed(text):
    return re.sub(r"\s+", " ", text)


def test_the_row_on_the_page_is_that_of_the_table():
    row = re.search(r"```python\n(arctan = .+)\n```", PAGE)[1]
    assert squeezed(row) in squeezed((HOUSE / "primitives.py").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([\w./]+\.(?:py|md|json))", PAGE))))
def test_each_file_on_the_page_is_there(name):
    path = name.removeprefix("micrograd_bp/")
    assert (ROOT / name).is_file() or (HOUSE / path).is_file(), name


@pytest.mark.parametrize(
    ("file", "word"),
    [
        ("edge_cases.py", "WITHOUT_A_ROW"),
        ("edge_cases.py", "ROWS"),
        ("row_facts.py", '"arctan": Facts('),
        ("test_costs.py", "PLAIN"),
    ],
)
def test_what_a_contributor_looks_for_is_there(file, word):
    assert word in (ROOT / "tests" / file).read_text(encoding="utf-8")
