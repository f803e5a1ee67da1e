"""Plots of training; nothing here opens a window."""

import sys
from types import SimpleNamespace

import pytest
from matplotlib.figure import Figure

from viz import plot_history

COST, ACCURACY = [2.0, 1.0, 0.5], [0.25, 0.5, 1.0]


def lines(ax):
    return {line.get_label(): line.get_xydata().tolist() for line in ax.get_lines()}


@pytest.mark.parametrize("kind", [dict, SimpleNamespace], ids=["mapping", "object"])
def test_cost_on_the_left_accuracy_in_percent_on_the_right(kind):
    left = plot_history(kind(cost=COST, accuracy=ACCURACY))
    left_, right = left.figure.axes
    assert left_ is left
    assert lines(left) == {"cost": [[1.0, 2.0], [2.0, 1.0], [3.0, 0.5]]}
    assert lines(right) == {"accuracy": [[1.0, 25.0], [2.0, 50.0], [3.0, 100.0]]}
    assert (left.get_xlabel(), left.get_ylabel(), right.get_ylabel()) == (
        "epoch",
        "cost",
        "accuracy",
    )
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["cost", "accuracy"]


def test_cost_alone_has_one_axis():
    assert len(plot_history({"cost": COST, "accuracy": None}).figure.axes) == 1


def test_validation_is_dashed_in_the_same_colour():
    history = {name: COST for name in ("cost", "validation_cost")}
    history |= {name: ACCURACY for name in ("accuracy", "validation_accuracy")}
    for ax in plot_history(history).figure.axes:
        training, validation = ax.get_lines()
        assert validation.get_label() == "validation " + training.get_label()
        assert (training.get_linestyle(), validation.get_linestyle()) == ("-", "--")
        assert training.get_color() == validation.get_color()


def test_it_draws_where_it_is_told():
    ax = Figure().subplots()
    assert plot_history({"cost": COST}, ax) is ax


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_it_can_be_saved_without_a_display(tmp_path, suffix):
    path = tmp_path / f"history.{suffix}"
    plot_history({"cost": COST, "accuracy": ACCURACY}).figure.savefig(path)
    assert path.stat().st_size > 1_000


def test_pyplot_is_never_loaded(run_python):
    script = "import sys, viz; viz.plot_history({'cost': [1.0]})"
    assert run_python(script + "; print('matplotlib.pyplot' in sys.modules)") == "False\n"


def test_a_history_without_a_cost_is_named():
    with pytest.raises(ValueError, match=r"a history with a list `cost`, got \{'accuracy'"):
        plot_history({"accuracy": ACCURACY})


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"needs matplotlib: pip install 'micrograd-bp\[plot\]'"):
        plot_history({"cost": COST})
