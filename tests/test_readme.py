"""The README is executed: its session, its commands, its map."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_session_prints_what_it_shows():
    results = doctest.testfile(str(ROOT / "README.md"), module_relative=False, encoding="utf-8")
    assert results.attempted >= 8
    assert results.failed == 0


def test_ci_runs_the_commands_that_newcomers_run():
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in ("micrograd-bp demo", "pytest"):
        assert len(re.findall(rf"^pip install \S+ && {command}$", README, re.MULTILINE)) == 1
        assert f"'&& {command}$'" in ci


def rooms() -> list[str]:
    modules = [path.name for path in (ROOT / "micrograd_bp").iterdir()]
    return [name for name in modules if not name.startswith("_") and name != "py.typed"]


@pytest.mark.parametrize("room", rooms())
def test_the_map_shows_every_room(room):
    assert re.search(rf"  {re.escape(room)}(/| )", README), f"{room} is not on the map"


def test_the_map_shows_no_room_that_is_not_there():
    listed = re.findall(r"^    (\w+(?:\.py|/))", README, re.MULTILINE)
    assert listed
    for name in listed:
        assert (ROOT / "micrograd_bp" / name).exists() or (ROOT / "viz" / name).exists(), name


def test_the_pictures_are_there():
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert pictures
    for picture in pictures:
        assert (ROOT / picture).is_file(), picture
