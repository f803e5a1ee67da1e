"""Against PyTorch in float64: 140 expressions and 8 networks, every number of them.

The numbers in tests/data were computed once and agree with JAX and with 90-digit differences, so
that neither is needed here. All comparisons are to 1e-9, relative and absolute.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from micrograd_bp import (
    MLP,
    Value,
    cross_entropy,
    log_likelihood,
    quadratic,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
)

DATA = Path(__file__).parent / "data"
EXPRESSIONS = json.loads((DATA / "expressions.json").read_text())
NETWORKS = json.loads((DATA / "mlps.json").read_text())


def close(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-9)


def case_id(case):
    return case["id"]


def test_no_case_vanishes():
    assert (len(EXPRESSIONS), len(NETWORKS)) == (140, 8)
    assert len({case["id"] for case in EXPRESSIONS + NETWORKS}) == 148


@pytest.mark.parametrize("case", EXPRESSIONS, ids=case_id)
def test_expression(case):
    leaves = {f"x{i}": Value(x) for i, x in enumerate(case["x"])}
    root = eval(case["expr"], {}, dict(leaves))
    root.backward()
    assert root.data == close(case["value"])
    assert [leaf.grad for leaf in leaves.values()] == close(case["grad"])


# Networks. The oracle's weights are in Nielsen's convention, (n_out, n_in).

ACTIVATIONS = {"identity": "linear"}
TEXTBOOK = {
    "quadratic": quadratic,
    "softmax_cross_entropy": log_likelihood,
    "binary_cross_entropy": cross_entropy,
}
STABLE = {
    "softmax_cross_entropy": softmax_cross_entropy,
    "binary_cross_entropy": sigmoid_cross_entropy,
}
RUNS = [(case, "a", TEXTBOOK[case["cost"]]) for case in NETWORKS]
RUNS += [(case, "z", STABLE[case["cost"]]) for case in NETWORKS if case["cost"] in STABLE]


def run_id(item):
    return item["id"] if isinstance(item, dict) else getattr(item, "__name__", item)


def network(case):
    activations = [ACTIVATIONS.get(name, name) for name in case["activations"]]
    net = MLP(case["sizes"][0], case["sizes"][1:], activation=activations)
    net.load_arrays(case["weights"], case["biases"], convention="nielsen")
    return net


def neurons(case, l):
    return range(1, case["sizes"][l] + 1)


def cost_of(case, net, of, cost, x, y):
    """C_x of one example, from the activations or the weighted inputs of the last layer."""
    net(x)
    last = len(net.layers)
    quantity = net.a if of == "a" else net.z
    return cost([quantity(last, j) for j in neurons(case, last)], y)


@pytest.mark.parametrize(("case", "of", "cost"), RUNS, ids=run_id)
def test_every_quantity_of_every_example(case, of, cost):
    net = network(case)
    for k, (x, y) in enumerate(zip(case["X"], case["Y"], strict=True)):
        c_x = cost_of(case, net, of, cost, x, y)
        c_x.backward()
        assert c_x.data == close(case["cost_per_sample"][k])
        assert [net.a(0, i).data for i in neurons(case, 0)] == x
        gradient = np.array([net.a(0, i).grad for i in neurons(case, 0)])
        np.testing.assert_allclose(gradient / case["m"], case["dX"][k], rtol=1e-9, atol=1e-9)
        for l in range(1, len(net.layers) + 1):
            places = neurons(case, l)
            assert [net.z(l, j).data for j in places] == close(case["z"][l - 1][k])
            assert [net.a(l, j).data for j in places] == close(case["a"][l - 1][k])
            assert [net.delta(l, j) for j in places] == close(case["delta"][l - 1][k])


@pytest.mark.parametrize(("case", "of", "cost"), RUNS, ids=run_id)
def test_gradients_of_the_mean_cost(case, of, cost):
    net = network(case)
    costs = [cost_of(case, net, of, cost, x, y) for x, y in zip(case["X"], case["Y"], strict=True)]
    for c_x in costs:
        c_x.backward(1.0 / case["m"])
    assert sum(c_x.data for c_x in costs) / case["m"] == close(case["cost_mean"])
    for l, (dw, db) in enumerate(zip(case["dW"], case["db"], strict=True), 1):
        for j in neurons(case, l):
            assert net.bias(l, j).grad == close(db[j - 1])
            for i in neurons(case, l - 1):
                assert net.weight(l, i, j).grad == close(dw[j - 1][i - 1])


@pytest.mark.parametrize("case", NETWORKS, ids=case_id)
def test_the_oracle_is_in_nielsens_convention(case):
    """Guards the test itself: read in the post's convention, oblong weights do not fit."""
    net = network(case)
    weights, biases = net.arrays("nielsen")
    assert [w.tolist() for w in weights] == case["weights"]
    assert [b.ravel().tolist() for b in biases] == case["biases"]
    assert [w.shape for w in net.arrays("post")[0]] == [w.T.shape for w in weights]
    if any(w.shape[0] != w.shape[1] for w in weights):
        with pytest.raises(ValueError, match="needs shape"):
            net.load_arrays(case["weights"], case["biases"], convention="post")


def test_logits_in_the_thousands_need_the_stable_twin():
    """The textbook form meets log(0) and says so; on the weighted inputs delta = a - y."""
    net = MLP(1, [3], activation=["softmax"])
    net.load_arrays([[[4000.0], [-4000.0], [0.0]]], [[0.0, 0.0, 0.0]], convention="nielsen")
    y = [0.0, 1.0, 0.0]
    with pytest.raises(ValueError, match="softmax_cross_entropy"):
        log_likelihood(net([1.0]), y)
    cost = softmax_cross_entropy([net.z(1, j) for j in (1, 2, 3)], y)
    cost.backward()
    assert cost.data == 8000.0
    assert [net.delta(1, j) for j in (1, 2, 3)] == [1.0, -1.0, 0.0]
