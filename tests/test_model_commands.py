"""micrograd-bp check, draw and explore on a saved network."""

import json
from dataclasses import replace

import numpy as np
import pytest
from command_line import refused, told

from micrograd_bp import MLP, cross_entropy, log_likelihood, quadratic
from micrograd_bp.checkpoint import save
from micrograd_bp.commands import check
from micrograd_bp.datasets import digits
from micrograd_bp.equations import check_equations
from viz import draw

MODEL = "model.npz"


def small(output="sigmoid", sizes=(3, 2)):
    return MLP(2, list(sizes), activation="tanh", output=output, rng=0)


@pytest.fixture
def model(run):
    """A saved network 2-3-2 in the folder of the command."""
    net = small()
    save(net, MODEL)
    return net


@pytest.fixture
def large(run):
    net = MLP(64, [30, 10], activation="tanh", output="sigmoid", rng=0, init="scaled")
    save(net, MODEL)
    return net


# check


def test_check_prints_the_report(run, model):
    status, printed, error = run("check", MODEL, "--input", "-1,2", "--target", "1,0")
    report = check_equations(model, [-1.0, 2.0], [1.0, 0.0], cross_entropy)
    assert (status, printed, error) == (0, f"{report}\n", "")


def test_check_tells_machines_each_row(run, model):
    found = told(run, "check", MODEL, "--seed", "5")
    assert (found["sizes"], found["activations"]) == ([2, 3, 2], ["tanh", "sigmoid"])
    assert found["ok"] is True
    assert [row["equation"] for row in found["rows"]] == ["BP1", "BP3", "BP4", "BP2", "BP3", "BP4"]
    assert all(row["ok"] is True for row in found["rows"])
    report = check_equations(model, found["input"], found["target"], cross_entropy)
    assert found["C"] == report.seen.cost
    assert told(run, "check", MODEL)["input"] != found["input"]
    assert told(run, "check", MODEL, "--seed", "5") == found


def test_the_exit_status_is_1_where_they_disagree(run, model, monkeypatch):
    def wrong(*arguments):
        report = check_equations(*arguments)
        return replace(report, rows=(replace(report.rows[0], component=0.5), *report.rows[1:]))

    monkeypatch.setattr(check, "check_equations", wrong)
    status, printed, error = run("check", MODEL)
    assert (status, error) == (1, "")
    assert "WRONG" in printed
    assert "DO NOT AGREE" in printed
    status, printed, _ = run("check", MODEL, "--json")
    assert status == 1
    found = json.loads(printed)
    assert found["ok"] is False
    assert [row["ok"] for row in found["rows"]] == [False] + [True] * 5


@pytest.mark.parametrize(
    ("output", "cost"),
    [("sigmoid", "cross_entropy"), ("softmax", "log_likelihood"), ("linear", "quadratic")],
)
def test_the_cost_suits_the_last_layer(run, output, cost):
    save(small(output), MODEL)
    assert told(run, "check", MODEL)["cost"] == cost
    found = told(run, "check", MODEL, "--cost", "hinge")
    assert (found["cost"], sorted(found["target"])) == ("hinge", [-1.0, 1.0])


def test_an_example_of_a_shipped_set(run):
    save(MLP(64, [2, 10], activation="tanh", output="sigmoid", rng=0, init="scaled"), MODEL)
    X, labels = digits()
    found = told(run, "check", MODEL, "--example", "digits", "17")
    assert found["input"] == X[17].tolist()
    assert found["target"].index(1.0) == labels[17]


def test_an_example_of_an_npz(run, model, tmp_path):
    np.savez(tmp_path / "mine.npz", X=np.array([[1.0, 2.0], [3.0, 4.0]]), y=np.array([0, 1]))
    found = told(run, "check", MODEL, "--example", "mine.npz", "1")
    assert (found["input"], found["target"]) == ([3.0, 4.0], [0.0, 1.0])


EXAMPLES = {
    "input": ("--input 1", "the input has 1 numbers, and the network 2-3-2 takes 2"),
    "target": ("--target 1,2,3", "the target has 3 numbers, and the network 2-3-2 takes 2"),
    "no numbers": ("--input 1;2", "--input takes numbers such as 1,-2, got '1;2'"),
    "nan": ("--input 1,nan", "--input takes finite numbers, got '1,nan'"),
    "width": ("--example digits 0", "the last layer has 2 neurons, and digits has 10 classes"),
    "row": ("--example xor 4", "xor has the rows 0 to 3, got '4'"),
    "no row": ("--example xor -1", "xor has the rows 0 to 3, got '-1'"),
    "both": ("--example xor 1 --input 1,2", "--example has an input and a target of its own"),
    "set": ("--example or 1", "there is no set 'or'"),
}


@pytest.mark.parametrize(("arguments", "message"), EXAMPLES.values(), ids=EXAMPLES)
@pytest.mark.parametrize("command", ["check", "draw"])
def test_an_example_that_does_not_fit_is_one_line(run, model, command, arguments, message):
    assert refused(run, command, MODEL, *arguments.split()).startswith(message)


def test_a_cost_that_is_not_finite_names_the_way_out(run, model):
    arguments = ("--input", "1,1", "--target", "0,1", "--cost", "cross_entropy")
    for p in model.parameters():
        p.data *= 1e4
    save(model, "far.npz")
    error = refused(run, "check", "far.npz", *arguments, status=1)
    assert error.endswith("another --seed, --example or --cost may do")
    assert run("check", "far.npz", *arguments[:-1], "quadratic")[0] in (0, 1)


@pytest.mark.parametrize("command", [["check"], ["draw"], ["explore", "-o", "page.html"]])
@pytest.mark.parametrize("content", [None, b"", b"text", b"PK\x03\x04"], ids=repr)
def test_a_file_that_holds_no_network_is_one_line(run, tmp_path, command, content):
    if content is not None:
        (tmp_path / "broken.npz").write_bytes(content)
    assert "broken.npz" in refused(run, command[0], "broken.npz", *command[1:], status=1)


# draw


def test_draw_prints_the_weights(run, model):
    assert run("draw", MODEL) == (0, f"{draw(model, view='text')}\n", "")


def test_draw_with_an_example_draws_the_cost(run, model):
    printed = run("draw", MODEL, "--input", "1,-2", "--target", "1,0", "--cost", "quadratic")[1]
    cost = quadratic(model([1.0, -2.0]), [1.0, 0.0])
    cost.label = "C"
    cost.backward()
    assert printed == f"{draw(cost, view='text')}\n"
    status, printed, _ = run("draw", MODEL, "--input", "1,-2", "--no-backward")
    assert status == 0
    assert "grad –" in printed


@pytest.mark.parametrize("view", ["auto", "neuron", "layer"])
def test_draw_writes_the_views(run, model, tmp_path, view):
    assert run("draw", MODEL, "-o", "out.dot", "--view", view) == (0, "out.dot\n", "")
    source = (tmp_path / "out.dot").read_text(encoding="utf-8")
    assert source == draw(small(), view=view).source


def test_the_values_of_a_network_are_those_of_its_cost(run, model, tmp_path):
    found = told(run, "draw", MODEL, "-o", "out.dot", "--view", "scalar", "--seed", "1")
    assert found["file"] == "out.dot"
    assert found["C"] == cross_entropy(model(found["input"]), found["target"]).data
    assert "w₁₁" in (tmp_path / "out.dot").read_text(encoding="utf-8")
    assert "C" in told(run, "draw", MODEL, "-o", "random.dot", "--view", "scalar")


def test_draw_writes_the_page_of_the_cost(run, model, tmp_path):
    assert run("draw", MODEL, "-o", "out.html") == (0, "out.html\n", "")
    run("explore", MODEL, "-o", "page.html")
    assert (tmp_path / "out.html").read_text("utf-8") == (tmp_path / "page.html").read_text("utf-8")


def test_draw_tells_machines_of_the_network(run, model):
    found = told(run, "draw", MODEL)
    assert found.pop("text") == str(draw(model, view="text"))
    assert found == {"sizes": [2, 3, 2], "activations": ["tanh", "sigmoid"]}


@pytest.mark.parametrize("command", ["draw", "explore"])
def test_a_picture_that_is_there_is_kept(run, model, tmp_path, command):
    arguments = (command, MODEL, "--seed", "1", "-o", "out.html")
    (tmp_path / "out.html").write_text("mine")
    assert "--force overwrites" in refused(run, *arguments)
    assert (tmp_path / "out.html").read_text() == "mine"
    assert run(*arguments, "--force")[0] == 0


def test_an_expression_and_a_network_do_not_mix(run, model):
    message = "a network takes --input 1,-2, not 'x=1'"
    assert refused(run, "draw", MODEL, "x=1") == message
    message = "--input is for saved networks; a variable takes its number as name=value"
    assert refused(run, "draw", "x", "x=1", "--input", "2") == message


def test_a_file_of_the_name_of_a_variable_is_no_obstacle(run, tmp_path):
    (tmp_path / "x").write_text("")
    assert run("draw", "x", "x=1")[0] == 0
    refused(run, "draw", "x", status=1)


# explore


def test_explore_writes_the_page_of_the_cost(run, model, tmp_path):
    found = told(run, "explore", MODEL, "--input", "1,-2", "--target", "0,1", "-o", "page.html")
    assert found["C"] == cross_entropy(model([1.0, -2.0]), [0.0, 1.0]).data
    assert found["file"] == "page.html"
    assert "<svg" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_explore_without_an_example_takes_a_random_one(run):
    save(small("softmax"), MODEL)
    found = told(run, "explore", MODEL, "-o", "page.html")
    assert found["C"] == pytest.approx(
        log_likelihood(small("softmax")(found["input"]), found["target"]).data
    )


def test_a_network_that_is_too_large_for_a_page_is_one_line(run, large, tmp_path):
    assert refused(run, "explore", MODEL, "-o", "page.html") == (
        "2,434 values are more than the 1,000 that a page can show:"
        " micrograd-bp draw MODEL -o FILE shows it by layer"
    )
    assert not (tmp_path / "page.html").exists()
    assert run("draw", MODEL, "-o", "large.dot")[0] == 0
