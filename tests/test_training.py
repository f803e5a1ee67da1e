"""train: both methods learn the same, epoch by epoch; what fits no network is refused."""

import numpy as np
import pytest

from micrograd_bp import (
    MLP,
    SGD,
    Adam,
    Layer,
    Momentum,
    Neuron,
    Value,
    cross_entropy,
    hinge,
    log_likelihood,
    predict,
    quadratic,
    train,
    weighted_sum,
)
from micrograd_bp.data import as_examples, one_hot
from micrograd_bp.datasets import digits, moons, spirals, xor
from micrograd_bp.history import History
from micrograd_bp.nn import Module

OPTIMISERS = {
    "sgd": lambda net: SGD(net.parameters(), 0.3),
    "momentum": lambda net: Momentum(net.parameters(), 0.05),
    "adam": lambda net: Adam(net.parameters(), 0.01),
}


def numbers(net):
    return np.array([p.data for p in net.parameters()])


def learnt(method, make, X, Y, cost, optimiser="sgd", epochs=2, **options):
    net = make()
    history = train(net, X, Y, cost, OPTIMISERS[optimiser](net), epochs, method=method, **options)
    return numbers(net), history


CASES = {
    "quadratic": (lambda: MLP(2, [4, 3], "tanh", "sigmoid", rng=1), quadratic),
    "cross entropy, by its twin": (lambda: MLP(2, [4, 3], "tanh", "sigmoid", rng=1), cross_entropy),
    "log-likelihood, by its twin": (
        lambda: MLP(2, [4, 3], "relu", "softmax", rng=1),
        log_likelihood,
    ),
    "a list of activations": (
        lambda: MLP(2, [4, 5, 3], ["softplus", "leaky_relu", "linear"], rng=1),
        quadratic,
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_both_methods_learn_the_same_weights(case, optimiser):
    make, cost = CASES[case]
    X, labels = spirals(37, classes=3)
    options = {"batch_size": 5, "seed": 3, "validation": (X[:9], labels[:9])}
    by_matrices, h = learnt("matrix", make, X, labels, cost, optimiser, **options)
    by_scalars, g = learnt("scalar", make, X, labels, cost, optimiser, **options)
    np.testing.assert_allclose(by_matrices, by_scalars, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(h.cost, g.cost, rtol=1e-11)
    np.testing.assert_allclose(h.validation_cost, g.validation_cost, rtol=1e-11)
    assert h.validation_accuracy == g.validation_accuracy
    assert len(h.cost) == len(h.validation_cost) == len(h.validation_accuracy) == 2
    assert not np.allclose(by_matrices, numbers(make()))


def test_they_agree_epoch_by_epoch():
    X, labels = moons(40)
    nets = {method: MLP(2, [5, 1], "tanh", rng=0) for method in ("matrix", "scalar")}
    for epoch in range(4):
        for method, net in nets.items():
            train(net, X, 2 * labels - 1, hinge, epochs=1, seed=epoch, method=method)
        np.testing.assert_allclose(numbers(nets["matrix"]), numbers(nets["scalar"]), rtol=1e-11)


def test_a_step_is_the_average_over_the_mini_batch():
    """C = (1/m) sum_x C_x, against the equations by hand on one linear neuron."""
    X, Y, eta = np.array([[1.0], [2.0], [-1.0]]), np.array([2.0, 1.0, 0.5]), 0.1
    net = Neuron(1, nonlin=False)
    net.load_state_dict({"w_1": 0.5, "b": 0.25})
    history = train(net, X, Y, optimizer=SGD(net.parameters(), eta), epochs=1, batch_size=3)
    delta = 0.5 * X[:, 0] + 0.25 - Y
    assert history.cost == [pytest.approx(0.5 * np.mean(delta**2))]
    assert net.w[0].data == pytest.approx(0.5 - eta * np.mean(X[:, 0] * delta))
    assert net.b.data == pytest.approx(0.25 - eta * np.mean(delta))


def test_the_last_mini_batch_may_be_shorter_and_weighs_as_its_examples():
    X, Y = np.arange(10.0).reshape(5, 2), np.arange(5.0)
    net = MLP(2, [1], rng=0)
    fixed = SGD(net.parameters(), 1e-300)
    costs = [quadratic(net(x), y).data for x, y in zip(X, Y, strict=True)]
    for m in (1, 2, 3, 5, 8):
        history = train(net, X, Y, optimizer=fixed, epochs=1, batch_size=m)
        assert history.cost == [pytest.approx(np.mean(costs))]


def test_a_seed_repeats_it_exactly_and_another_one_does_not():
    X, labels = moons(30)

    def run(seed):
        return learnt("matrix", lambda: MLP(2, [3, 1], rng=0), X, labels, quadratic, seed=seed)[0]

    assert np.array_equal(run(1), run(1))
    assert not np.array_equal(run(1), run(2))


def test_xor_is_learnt():
    X, labels = xor()
    net = MLP(2, [4, 1], "tanh", "sigmoid", rng=0)
    history = train(
        net, X, labels, cross_entropy, Adam(net.parameters(), 0.05), 400, 4, validation=(X, labels)
    )
    assert history.validation_accuracy[-1] == 1.0
    assert history.cost[-1] < 0.05 < history.cost[0]
    assert [round(a) for a in predict(net, X)[:, 0]] == [0, 1, 1, 0]


def test_digits_are_learnt_in_a_moment():
    X, labels = digits()
    net = MLP(64, [30, 10], "tanh", "sigmoid", rng=0, init="scaled")
    history = train(
        net, X[360:], labels[360:], cross_entropy, SGD(net.parameters(), 0.3), 3,
        validation=(X[:360], labels[:360]),
    )  # fmt: skip
    assert history.validation_accuracy[-1] > 0.85


class TwoBranches(Module):
    """A module of one's own: a product of two weighted sums, plus one of its inputs."""

    def __init__(self):
        self.w = [Value(0.1 * k, f"w{k}") for k in range(1, 5)]

    def parameters(self):
        return self.w

    def __call__(self, x):
        return weighted_sum(self.w[:2], x) * weighted_sum(self.w[2:], x) + x[0]


def test_a_module_of_ones_own_is_trained():
    X = np.random.default_rng(0).normal(size=(20, 2))
    Y = np.prod(X @ np.array([[1.0, 0.5], [-0.5, 1.0]]), axis=1) + X[:, 0]
    (by_matrices, history), (by_scalars, _) = (
        learnt(method, TwoBranches, X, Y, quadratic, epochs=30) for method in ("matrix", "scalar")
    )
    np.testing.assert_allclose(by_matrices, by_scalars, rtol=1e-9)
    assert history.cost[-1] < 0.05 * history.cost[0]


@pytest.mark.parametrize("make", [lambda: Layer(2, 2, activation="tanh"), lambda: Neuron(2)])
def test_layers_and_neurons_are_trained_too(make):
    X = np.random.default_rng(0).normal(size=(8, 2))
    net = make()
    outputs = 2 if isinstance(net, Layer) else 1
    assert train(net, X, np.zeros((8, outputs)), epochs=2).cost[1:] != []


def test_predict_gives_the_outputs_of_every_row():
    net = MLP(3, [4, 2], "tanh", "softmax", rng=0)
    X = np.random.default_rng(0).normal(size=(5, 3))
    expected = [[a.data for a in net(x)] for x in X]
    np.testing.assert_allclose(predict(net, X), expected, rtol=1e-12)
    assert predict(MLP(3, [1], rng=0), X).shape == (5, 1)


def test_prediction_in_pieces_is_that_in_one(monkeypatch):
    net = MLP(3, [4, 2], rng=0)
    X = np.random.default_rng(0).normal(size=(7, 3))
    whole = predict(net, X)
    monkeypatch.setattr("micrograd_bp.training.ROWS", 3)
    np.testing.assert_allclose(predict(net, X), whole, rtol=1e-14)


def test_saturated_outputs_train_by_the_stable_twin():
    """The textbook form has a log of 0 there."""
    X, Y = np.array([[1000.0], [-1000.0]]), np.array([0.0, 1.0])
    net = MLP(1, [1], output="sigmoid", rng=0)
    net.load_arrays([[[5.0]]], [[0.0]])
    with pytest.raises(ValueError, match="sigmoid_cross_entropy"):
        cross_entropy(net([1000.0]), 0.0)
    for method in ("matrix", "scalar"):
        net.load_arrays([[[5.0]]], [[0.0]])
        history = train(net, X, Y, cross_entropy, epochs=1, batch_size=2, method=method)
        assert history.cost == [5000.0]


# What goes wrong.


@pytest.mark.parametrize("method", ["matrix", "scalar"])
def test_a_cost_that_is_not_finite_stops_before_the_weights_are_touched(method):
    X = np.array([[1.0, 2.0]] * 9 + [[1e200, 1e200]])
    net = MLP(2, [1], rng=0)
    seen = []

    class Watching(SGD):
        def update(self, theta, gradient):
            super().update(theta, gradient)
            seen.append(theta.copy())

    with pytest.raises((FloatingPointError, OverflowError)) as stop:
        train(
            net,
            X,
            np.zeros(10),
            optimizer=Watching(net.parameters(), 0.01),
            batch_size=2,
            method=method,
        )
    assert "epoch 1" in stop.value.__notes__[0]
    assert "9" in stop.value.__notes__[0]
    assert np.isfinite(numbers(net)).all()
    if seen:
        assert np.array_equal(numbers(net), seen[-1])


def test_python_control_flow_on_data_is_noticed():
    def cost(outputs, y):
        return quadratic(outputs, y) if outputs[0] > 0.0 else 3.0 * quadratic(outputs, y)

    X = np.array([[1.0], [-1.0], [1.0], [-1.0]])
    net = MLP(1, [2], rng=0)
    with pytest.raises(ValueError, match="control flow") as refusal:
        train(net, X, np.zeros((4, 2)), cost)
    assert "method='scalar'" in str(refusal.value)
    assert len(train(net, X, np.zeros((4, 2)), cost, epochs=1, method="scalar").cost) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": np.zeros((4, 3))}, r"X is \(n, 2\).*shape \(4, 3\)"),
        ({"X": np.zeros(4)}, r"X is \(n, 2\)"),
        ({"X": [[1.0, 2.0], [1.0]]}, "rows of equal length"),
        ({"X": np.zeros((3, 2))}, "got 3 and 4"),
        ({"X": np.zeros((0, 2)), "Y": []}, "no examples"),
        ({"Y": np.zeros((4, 2))}, r"Y is \(n, 3\).*shape \(4, 2\)"),
        ({"Y": [0, 1, 2, 3]}, "0 to 2, got 3"),
        ({"Y": [0.0, 0.5, 1.0, 2.0]}, "got 0.5"),
        ({"X": np.array([[0, 0], [0, np.nan], [0, 0], [0, 0]])}, r"X\[1, 1\] is nan"),
        ({"Y": np.array([[0, 0, np.inf]] * 4)}, r"Y\[0, 2\] is inf"),
        ({"method": "magic"}, "'matrix', 'scalar'.*'magic'"),
        ({"batch_size": 0}, "at least 1"),
        ({"epochs": -1}, "got 10 and -1"),
        ({"validation": (np.zeros((1, 3)), [0])}, r"validation X is \(n, 2\)"),
        ({"validation": (np.zeros((1, 2)), [9])}, "0 to 2, got 9"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(change, message):
    net = MLP(2, [3], rng=0)
    arguments = {"X": np.zeros((4, 2)), "Y": [0, 1, 2, 0]} | change
    with pytest.raises(ValueError, match=message):
        train(net, **arguments)


@pytest.mark.parametrize(
    "X", [None, "text", 3.0, [["a", "b"]], np.zeros((4, 2), complex)], ids=repr
)
def test_what_is_no_array_of_numbers_is_a_type_error(X):
    with pytest.raises((TypeError, ValueError), match="X is"):
        train(MLP(2, [3], rng=0), X, [0, 1, 2, 0])


def test_an_optimiser_of_another_network_is_refused():
    other = MLP(2, [3], rng=0)
    with pytest.raises(ValueError, match="other parameters"):
        train(
            MLP(2, [3], rng=0), np.zeros((4, 2)), [0, 1, 2, 0], optimizer=SGD(other.parameters(), 1)
        )


def test_data_are_read_as_they_are():
    """Any real type, in any layout; nothing is written to."""
    X, labels = digits()
    X, labels = X[:40], labels[:40]

    def make():
        return MLP(64, [5, 10], "tanh", "sigmoid", rng=0)

    expected, _ = learnt("matrix", make, X, labels, quadratic)
    X8 = (X * 16).astype(np.uint8)
    for same in (np.asfortranarray(X), X[::-1][::-1], X.tolist(), np.repeat(X, 2, axis=0)[::2]):
        assert np.array_equal(learnt("matrix", make, same, labels, quadratic)[0], expected)
    frozen = X8.copy()
    frozen.flags.writeable = False
    got, _ = learnt("matrix", make, frozen, labels.astype(np.int8), quadratic)
    np.testing.assert_allclose(
        got, learnt("matrix", make, X8.astype(float), labels, quadratic)[0], rtol=1e-12
    )
    assert np.array_equal(frozen, X8)


# What it tells.


def test_the_history_is_a_table():
    history = History([0.5, 0.25], [0.75, 0.8], [0.4, 0.3], [0.875, 0.9375], stopped="patience")
    assert str(history).splitlines() == [
        "epoch        cost  accuracy  validation  accuracy",
        "    1         0.5    75.00%         0.4    87.50%",
        "    2        0.25    80.00%         0.3    93.75%",
        "stopped: patience",
    ]
    assert str(History([1.0])).splitlines() == ["epoch        cost", "    1           1"]


def test_the_bar_is_silent_where_there_is_no_terminal(capsys):
    X, labels = moons(30)
    train(MLP(2, [1], rng=0), X, labels, epochs=2)
    train(MLP(2, [1], rng=0), X, labels, epochs=2, progress=False)
    assert capsys.readouterr() == ("", "")


def test_without_classes_there_is_no_accuracy():
    X = np.random.default_rng(0).normal(size=(6, 2))
    history = train(MLP(2, [1], rng=0), X, X[:, 0], epochs=2, validation=(X, X[:, 0]))
    assert (len(history.validation_cost), history.validation_accuracy) == (2, [])


def test_no_epochs_leave_the_network_as_it_is():
    net = MLP(2, [1], rng=0)
    before = numbers(net)
    assert train(net, np.zeros((2, 2)), [0, 1], epochs=0) == History()
    assert np.array_equal(numbers(net), before)


# Data.


@pytest.mark.parametrize(
    ("Y", "outputs", "right"),
    [
        ([0, 1, 1], [[0.2], [0.7], [0.4]], 2 / 3),
        ([-1, 1, 1], [[-0.2], [0.1], [-3.0]], 2 / 3),
        ([[1, 0], [0, 1], [0, 1]], [[0.9, 0.8], [0.3, 0.2], [0.1, 0.2]], 2 / 3),
    ],
)
def test_accuracy_of_classes(Y, outputs, right):
    Y = np.array(Y)
    examples = as_examples(np.zeros((3, 1)), Y, 1, Y.shape[1] if Y.ndim > 1 else 1)
    assert examples.classes
    assert examples.accuracy(np.array(outputs)) == pytest.approx(right)


def test_numbers_are_no_classes():
    assert not as_examples(np.zeros((2, 1)), [0.5, 1.0], 1, 1).classes
    assert not as_examples(np.zeros((2, 1)), [[1.0, 1.0], [0.0, 1.0]], 1, 2).classes


def test_one_hot_rows():
    assert one_hot([2, 0], 3).tolist() == [[0, 0, 1], [1, 0, 0]]
