"""train day by day: penalty, schedule, patience, callbacks, history, the bar, data on a disk."""

import csv
import math
import sys
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest

from micrograd_bp import (
    MLP,
    SGD,
    Adam,
    Layer,
    Momentum,
    Value,
    cross_entropy,
    log_likelihood,
    predict,
    quadratic,
    train,
    weighted_sum,
)
from micrograd_bp.datasets import moons, spirals
from micrograd_bp.history import History, history_of
from micrograd_bp.nn import Module

X, LABELS = moons(60)


def make(rng=0):
    return MLP(2, [5, 1], "tanh", "sigmoid", rng=rng)


def numbers(net):
    return np.array([p.data for p in net.parameters()])


def learn(net, rate=0.5, epochs=4, **options):
    return train(net, X, LABELS, cross_entropy, SGD(net.parameters(), rate), epochs, **options)


# The penalty.


def test_the_penalty_moves_weights_and_not_biases():
    """On a cost that is constant, w <- w - eta lambda w."""
    net = MLP(2, [3, 1], "tanh", rng=0)
    (w1, w2), (b1, b2) = net.arrays()
    net.load_arrays([w1, w2], [b1 + 0.5, b2 + 0.5])
    train(
        net,
        X,
        LABELS,
        lambda a, y: a[0] * 0.0 + y[0] * 0.0,
        SGD(net.parameters(), 0.1),
        epochs=1,
        batch_size=len(X),
        l2=0.25,
    )
    (v1, v2), (c1, c2) = net.arrays()
    np.testing.assert_allclose(v1, w1 * (1.0 - 0.1 * 0.25), rtol=1e-14)
    np.testing.assert_allclose(v2, w2 * (1.0 - 0.1 * 0.25), rtol=1e-14)
    assert (c1 == b1 + 0.5).all() and (c2 == b2 + 0.5).all()


@pytest.mark.parametrize("optimiser", [SGD, Momentum, Adam])
def test_both_methods_know_the_penalty(optimiser):
    found = {}
    for method in ("matrix", "scalar"):
        net = make()
        history = train(
            net,
            X,
            LABELS,
            cross_entropy,
            optimiser(net.parameters(), 0.02),
            2,
            l2=0.1,
            method=method,
        )
        found[method] = numbers(net), history.cost, history.gradient_norm
    for matrix, scalar in zip(found["matrix"], found["scalar"], strict=True):
        np.testing.assert_allclose(matrix, scalar, rtol=1e-11)


def test_the_cost_of_the_history_has_the_penalty_and_validation_has_not():
    net = make()
    before = numbers(net)[[0, 1, 3, 4, 6, 7, 9, 10, 12, 13, 15, 16, 17, 18, 19]]
    plain, penalised = make(), make()
    still = {"epochs": 1, "rate": 1e-300, "validation": (X, LABELS)}
    one, other = learn(plain, **still), learn(penalised, l2=0.5, **still)
    assert other.cost[0] - one.cost[0] == pytest.approx(0.25 * np.sum(before**2))
    assert other.validation_cost == one.validation_cost


def test_of_a_module_of_ones_own_every_parameter_is_a_weight():
    class Line(Module):
        def __init__(self):
            self.slope, self.height = Value(2.0, "slope"), Value(1.0, "height")

        def parameters(self):
            return [self.slope, self.height]

        def __call__(self, x):
            return weighted_sum([self.slope], [x[0]], self.height) * 0.0

    line = Line()
    train(line, X, LABELS, optimizer=SGD(line.parameters(), 0.5), epochs=1, batch_size=60, l2=0.2)
    assert [p.data for p in line.parameters()] == pytest.approx([1.8, 0.9])


@pytest.mark.parametrize("l2", [-1.0, math.inf, math.nan])
def test_a_penalty_is_finite_and_not_negative(l2):
    with pytest.raises(ValueError, match="l2 is finite and at least 0"):
        learn(make(), l2=l2)


# The order of the examples.


def test_every_epoch_has_an_order_of_its_own():
    orders = []

    def watching(a, y):
        orders.append(y[0])
        return a[0] * 0.0 + y[0] * 0.0

    rows = np.arange(20.0)
    train(MLP(2, [1], rng=0), X[:20], rows, watching, epochs=3, method="scalar")
    one, two, three = orders[:20], orders[20:40], orders[40:]
    assert sorted(one) == sorted(two) == sorted(three) == rows.tolist()
    assert one != two != three != one


# Schedule, patience, callbacks.


def test_a_schedule_sets_the_rate_of_each_epoch():
    rates = {1: 0.5, 2: 0.25, 3: 0.125}
    net, by_hand = make(), make()
    history = learn(net, epochs=3, schedule=rates.get)
    assert history.learning_rate == list(rates.values())
    assert learn(by_hand, epochs=2).learning_rate == [0.5, 0.5]
    with pytest.raises(ValueError, match=r"schedule\(2\) gives -1: a learning rate is positive"):
        learn(make(), schedule=lambda epoch: 3 - 2 * epoch)
    for rate in (math.inf, math.nan):
        with pytest.raises(ValueError, match=rf"schedule\(1\) gives {rate}: a learning rate is"):
            learn(make(), schedule=lambda epoch, rate=rate: rate)


def test_patience_ends_a_run_that_no_longer_gets_better():
    noise = np.random.default_rng(0).normal(size=(30, 2)), np.arange(30) % 2
    net = MLP(2, [30, 1], "tanh", "sigmoid", rng=0)
    history = learn(net, rate=2.0, epochs=400, validation=noise, patience=5)
    lowest = history.validation_cost.index(min(history.validation_cost))
    assert history.stopped == "patience"
    assert history.epochs == lowest + 6
    assert learn(make(), epochs=3, validation=noise, patience=3).stopped == ""


def test_patience_without_a_validation_set_looks_at_the_cost():
    net = make()
    history = learn(net, rate=1e-300, epochs=50, batch_size=60, patience=2)
    assert history.stopped == "patience"
    assert history.epochs - history.cost.index(min(history.cost)) == 3


@pytest.mark.parametrize("patience", [0, -1])
def test_patience_is_a_number_of_epochs(patience):
    with pytest.raises(ValueError, match="patience is a number of epochs, at least 1"):
        learn(make(), patience=patience)


@pytest.mark.parametrize("method", ["matrix", "scalar"])
def test_callbacks_see_the_network_as_it_is(method):
    seen, net = [], make()

    def watch(network, history):
        assert network is net
        expected = np.mean([cross_entropy(net(x), y).data for x, y in zip(X, LABELS, strict=True)])
        assert history.validation_cost[-1] == pytest.approx(expected)
        seen.append(history.epochs)

    learn(net, method=method, validation=(X, LABELS), callbacks=[watch, lambda *_: None])
    assert seen == [1, 2, 3, 4]


def test_a_true_answer_of_a_callback_ends_the_training_after_all_were_asked():
    asked = []
    history = learn(
        make(),
        callbacks=[lambda net, h: h.epochs == 2, lambda net, h: asked.append(h.epochs)],
    )
    assert (history.epochs, history.stopped, asked) == (2, "callback", [1, 2])


# The history.


def test_the_history_holds_what_each_epoch_was_like():
    net = make()
    history = learn(net, validation=(X[:20], LABELS[:20]))
    filled = history.lists()
    assert list(filled) == [
        "cost",
        "accuracy",
        "validation_cost",
        "validation_accuracy",
        "gradient_norm",
        "learning_rate",
        "seconds",
    ]
    assert {len(x) for x in filled.values()} == {history.epochs} == {4}
    answers = predict(net, X)[:, 0] > 0.5
    assert history.accuracy[-1] == np.mean(answers == LABELS)
    assert history.validation_accuracy[-1] == np.mean(answers[:20] == LABELS[:20])
    assert all(seconds > 0.0 for seconds in history.seconds)


def test_the_gradient_norm_is_the_mean_over_the_mini_batches():
    net, norms = make(), []

    class Watching(SGD):
        def update(self, theta, gradient):
            norms.append(np.linalg.norm(gradient))

    history = train(
        net, X, LABELS, cross_entropy, Watching(net.parameters(), 0.1), 2, batch_size=25
    )
    assert history.gradient_norm == pytest.approx([np.mean(norms[:3]), np.mean(norms[3:])])


def test_numbers_have_no_accuracy():
    net = MLP(2, [1], rng=0)
    history = train(net, X, X[:, 0] * 2.0, epochs=2)
    assert (history.accuracy, history.validation_accuracy) == ([], [])
    assert "accuracy" not in str(history)


def test_a_history_is_written_as_a_table_to_the_last_digit(tmp_path):
    history = learn(make(), validation=(X, LABELS))
    path = history.to_csv(tmp_path / "history.csv")
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row.pop("epoch")) for row in rows] == [1, 2, 3, 4]
    for name, expected in history.lists().items():
        assert [float(row[name]) for row in rows] == expected


def test_a_history_plots_itself():
    ax = learn(make(), validation=(X, LABELS)).plot()
    assert [line.get_label() for line in ax.lines] == ["cost", "validation cost"]
    again = learn(make(), epochs=1).plot(ax=ax)
    assert again is ax


def test_the_table_is_one_line_an_epoch():
    text = str(learn(make(), validation=(X, LABELS))).splitlines()
    assert len(text) == 5
    assert len({len(line) for line in text}) == 1


@pytest.mark.parametrize(
    "lists",
    [{"cost": [1]}, {"cost": "12"}, {"stopped": [1.0]}, {"cost": [1.0], "seconds": []}, {"x": []}],
)
def test_lists_out_of_a_file_are_checked(lists):
    with pytest.raises(ValueError, match="history"):
        history_of(lists)


def test_an_empty_history_is_a_header():
    assert str(History()) == "epoch"
    assert History().epochs == 0


# The bar.


def test_the_bar_is_shown_where_it_is_asked_for(capsys, monkeypatch):
    monkeypatch.setattr("micrograd_bp.run.SHOWN_EVERY", 0.0)
    learn(make(), epochs=2, progress=True)
    shown = capsys.readouterr().err
    assert "120/120" in shown and "epoch=2" in shown and "cost=" in shown
    assert "accuracy=" in shown and "examples/s" in shown
    learn(make(), epochs=2, progress=None)
    learn(make(), epochs=2, progress=False)
    assert capsys.readouterr().err == ""


def test_in_a_notebook_the_bar_is_shown(capsys, monkeypatch):
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    learn(make(), epochs=1)
    assert "60/60" in capsys.readouterr().err
    del shell.kernel  # the prompt
    learn(make(), epochs=1)
    assert capsys.readouterr().err == ""


def test_the_bar_of_a_resumed_run_starts_where_that_stopped(tmp_path, capsys):
    path = tmp_path / "run.npz"
    learn(make(), epochs=1, checkpoint=path)
    learn(make(), epochs=3, checkpoint=path, resume=True, progress=True)
    shown = capsys.readouterr().err
    assert "60/180" in shown and "180/180" in shown


# Data.


@pytest.mark.parametrize("kind", [float, np.float32, np.uint8])
def test_arrays_that_are_mapped_from_a_file_are_read_batch_by_batch(kind, tmp_path):
    data = np.random.default_rng(0).uniform(0.0, 9.0, size=(40_000, 50)).astype(kind)
    labels = (data[:, 0] > data[:, 1]).astype(float)
    np.save(tmp_path / "X.npy", data)
    on_disk, in_memory = (MLP(50, [1], "tanh", "sigmoid", rng=0) for _ in range(2))
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    tracemalloc.start()
    train(on_disk, mapped, labels, cross_entropy, epochs=1, batch_size=1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    train(in_memory, data, labels, cross_entropy, epochs=1, batch_size=1000)
    assert (numbers(on_disk) == numbers(in_memory)).all()
    assert peak < data.astype(float).nbytes / 2


@pytest.mark.parametrize("at", [(0, 0), (59, 1), (17, 0)])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_named_with_row_and_column(at, bad):
    spoiled = X.copy()
    spoiled[at] = bad
    with pytest.raises(ValueError, match=rf"^X\[{at[0]}, {at[1]}\] is {bad}"):
        train(make(), spoiled, LABELS)
    with pytest.raises(ValueError, match=rf"^validation X\[{at[0]}, {at[1]}\] is {bad}"):
        train(make(), X, LABELS, validation=(spoiled, LABELS))


def test_a_number_behind_the_first_thousands_of_rows_is_named_too():
    spoiled = np.zeros((5_000, 2))
    spoiled[4_321, 1] = math.nan
    with pytest.raises(ValueError, match=r"^X\[4321, 1\] is nan"):
        train(make(), spoiled, np.zeros(5_000))


def test_a_long_double_beyond_the_floats_is_infinite():
    wrong = np.array(X, dtype=np.longdouble)
    wrong[3, 1] = np.longdouble("1e400")
    if np.isinf(wrong[3, 1]):
        pytest.skip("a long double is a double here")
    with pytest.raises(ValueError, match=r"^X\[3, 1\] is inf, not a finite number"):
        train(make(), wrong, LABELS)
    wrong[3, 1] = 0.5
    train(make(), wrong, LABELS, epochs=1)


def test_what_a_mask_hides_is_not_learned():
    with pytest.raises(TypeError, match="entries of X are masked: leave them out"):
        train(make(), np.ma.masked_less(X, 0.0), LABELS)
    with pytest.raises(TypeError, match="entries of validation Y are masked"):
        train(make(), X, LABELS, validation=(X, np.ma.masked_equal(LABELS, 1)))
    train(make(), np.ma.masked_less(X, -100.0), LABELS, epochs=1)


def test_labels_become_one_hot_and_are_checked():
    X, labels = spirals(30, classes=3)
    net = MLP(2, [4, 3], "tanh", "softmax", rng=0)
    train(net, X, labels, log_likelihood, epochs=1)
    for wrong in (np.where(labels == 2, 3, labels), labels - 1, labels + 0.5):
        with pytest.raises(ValueError, match="labels are n whole numbers from 0 to 2, got"):
            train(net, X, wrong, log_likelihood, epochs=1)


# Gradients that are not finite.


@pytest.mark.parametrize("method", ["matrix", "scalar"])
def test_a_gradient_that_is_not_finite_is_named_before_the_weights_are_touched(method):
    layer = Layer(2, 1, activation="linear", rng=0)
    for p in layer.parameters():
        p.data = 0.0

    def root(a, y):
        return a[0].sqrt() + 0.0 * y[0]

    with pytest.raises(FloatingPointError, match=r"the gradient of .* is (inf|nan)") as error:
        train(layer, np.abs(X), LABELS, root, epochs=1, method=method)
    assert "in epoch 1, mini-batch 1" in error.value.__notes__[0]
    assert [p.data for p in layer.parameters()] == [0.0, 0.0, 0.0]


def test_a_gradient_whose_square_is_too_large_is_a_gradient():
    net = MLP(1, [1], rng=0)
    net.load_arrays([[[1.0]]], [[0.0]])
    history = train(
        net,
        np.full((1, 1), 1e80),
        np.zeros(1),
        lambda a, y: a[0] * 1e120 + 0.0 * y[0],
        SGD(net.parameters(), 1e-280),
        epochs=1,
    )
    assert history.gradient_norm == [pytest.approx(1e200)]


def test_quadratic_is_the_cost_unless_said_otherwise():
    one, other = make(), make()
    train(one, X, LABELS, epochs=1)
    train(other, X, LABELS, quadratic, SGD(other.parameters(), 0.1), epochs=1)
    assert (numbers(one) == numbers(other)).all()
