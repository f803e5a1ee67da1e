"""The record of SECURITY.md says how many cases there are; here it is held to that."""

import re
from pathlib import Path

import pytest
import test_any_argument
import test_any_data
import test_any_file
import test_any_label
import test_properties
from mutation import FAULTS

PAGE = (Path(__file__).parent.parent / "SECURITY.md").read_text(encoding="utf-8")


def cases(what):
    """The numbers of a row of the record."""
    row = re.search(rf"^\| {re.escape(what)}[^|]* \| ([^|]+) \| `([^`]+)`", PAGE, re.MULTILINE)
    return [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", row[1])], row[2]


def examples_of_the_laws():
    """Of each law, how many are tried by default, and in the slow run."""
    for name, law in vars(test_properties).items():
        for mark in getattr(law, "pytestmark", []):
            if name.startswith("test_") and mark.args[0] == "examples":
                few, many = mark.args[1]
                yield few, many.values[0]


def test_faults():
    assert cases("faults planted")[0] == [len(FAULTS)]
    assert sum(bool(fault.survives) for fault in FAULTS) == 1


def test_laws():
    tried = list(examples_of_the_laws())
    by_default, slow = map(sum, zip(*tried, strict=True))
    assert f" {len(tried)} laws | {by_default:,}, then {slow:,} |" in PAGE


@pytest.mark.parametrize(
    ("what", "count"),
    [
        ("damaged, mutated and forged files", test_any_file.MANY),
        ("command lines", test_any_argument.SLOW),
        ("data for `train`", test_any_data.SLOW),
        ("labels", test_any_label.SLOW),
    ],
)
def test_the_slow_run(what, count):
    assert cases(what)[0] == [count]


def test_each_command_is_there():
    commands = re.findall(r"^\|.+\| `(?:pytest(?: -m slow)?|python) (tests/\S+\.py)`", PAGE, re.M)
    assert len(commands) == 9
    for path in commands:
        assert (Path(__file__).parent.parent / path).is_file()
