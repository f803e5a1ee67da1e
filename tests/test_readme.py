"""The README is executed: its session, its commands, its map."""

import doctest
import re
import shlex
from pathlib import Path

import pytest

import micrograd_bp
import viz
from micrograd_bp import MLP, Value, matrix_form, quadratic
from micrograd_bp.cli import main

ROOT = Path(__file__).parent.parent
HOUSE = [Path(package.__file__).parent for package in (micrograd_bp, viz)]
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
    modules = [path.name for path in HOUSE[0].iterdir()]
    return [name for name in modules if not name.startswith("_") and name != "py.typed"]


@pytest.mark.parametrize("room", rooms())
def test_the_map_shows_every_room(room):
    assert re.search(rf"  {re.escape(room)}(/| )", README), f"{room} is not on the map"


def test_the_map_shows_no_room_that_is_not_there():
    listed = re.findall(r"^    (\w+(?:\.py|/))", README, re.MULTILINE)
    assert listed
    for name in listed:
        assert any((package / name).exists() for package in HOUSE), name


def shell():
    return re.findall(r"^micrograd-bp ((?:draw|explore) .+)$", README, re.MULTILINE)


@pytest.mark.parametrize("line", shell())
def test_the_shell_commands_write_what_they_say(line, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(line)) == 0
    assert [path.name for path in tmp_path.iterdir()] == [line.split()[-1]]
    assert capsys.readouterr().out == f"{line.split()[-1]}\n"


def test_the_training_commands_train_and_agree(tmp_path, monkeypatch, capsys):
    lines = re.findall(r"^micrograd-bp ((?:train|check) .+)$", README, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    assert [main(shlex.split(line)) for line in lines] == [0, 0]
    assert "runs/digits/model.npz" in capsys.readouterr().out


def test_what_is_linked_is_there():
    pictures = re.findall(r"\[[^\]]+\]\(([^)]+)\)", README)
    assert len(pictures) > 1
    for picture in pictures:
        assert (ROOT / picture).exists(), picture


def derived():
    """Of each equation, the line that the table says `print(form)` finds."""
    return re.findall(r"^\| (BP\d) \| `[^`]+` \| `([^`]+)` \|", README, re.MULTILINE)


def test_the_matrix_forms_in_the_table_are_derived_and_marked_as_that_equation():
    assert [equation for equation, _ in derived()] == ["BP1", "BP2", "BP3", "BP4"]
    net = MLP(2, [3, 2], activation="tanh", output="sigmoid", rng=0)
    y = [Value(0.0, "y1"), Value(0.0, "y2")]
    cost = quadratic(net([1.0, -2.0]), y)
    lines = str(matrix_form(cost, net.latest_inputs() + y, net.parameters())).splitlines()
    for equation, text in derived():
        line = next(line for line in lines if line.strip().startswith(f"{text} "))
        assert line.endswith(f" {equation}")
