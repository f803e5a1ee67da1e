"""A run that is stopped anywhere goes on to the same weights, bit for bit."""

import json
import os
import signal
import threading

import numpy as np
import pytest

from micrograd_bp import (
    MLP,
    SGD,
    Adam,
    CheckpointError,
    Momentum,
    cross_entropy,
    load,
    quadratic,
    train,
)
from micrograd_bp.archive import read_archive, write_archive
from micrograd_bp.datasets import moons
from micrograd_bp.descent import Optimiser
from micrograd_bp.nn import Layer

X, LABELS = moons(40)
OPTIMISERS = {
    "sgd": lambda net: SGD(net.parameters(), 0.3),
    "momentum": lambda net: Momentum(net.parameters(), 0.05),
    "adam": lambda net: Adam(net.parameters(), 0.01),
}


def make():
    return MLP(2, [4, 1], "tanh", "sigmoid", rng=0)


def numbers(net):
    return [p.data for p in net.parameters()]


def run(net, epochs=5, optimiser="adam", **options):
    settings = {"batch_size": 7, "validation": (X[:10], LABELS[:10]), "l2": 0.01} | options
    return train(net, X, LABELS, cross_entropy, OPTIMISERS[optimiser](net), epochs, **settings)


def lists(history):
    return {name: x for name, x in history.lists().items() if name != "seconds"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.npz"


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    """The machine does not stop in a test; a process that is killed leaves its writes behind."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


class Stop(Exception):
    pass


def stop_after(batches, monkeypatch):
    """An error between two mini-batches, each of which has been saved."""
    monkeypatch.setattr("micrograd_bp.run.SAVED_EVERY", 0.0)
    from micrograd_bp.resume import Store

    write, left = Store.write, [batches]

    def stopping(self, at):
        write(self, at)
        left[0] -= 1
        if left[0] == 0:
            raise Stop

    monkeypatch.setattr(Store, "write", stopping)


# Going on.


@pytest.mark.parametrize("method", ["matrix", "scalar"])
@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("batches", [1, 6, 7, 20])
def test_a_run_that_was_stopped_ends_as_if_it_was_not(
    batches, optimiser, method, path, monkeypatch
):
    whole = make()
    expected = run(whole, optimiser=optimiser, method=method)
    with monkeypatch.context() as patch:
        stop_after(batches, patch)
        with pytest.raises(Stop):
            run(make(), optimiser=optimiser, method=method, checkpoint=path)
    net = MLP(2, [4, 1], "tanh", "sigmoid", rng=77)
    history = run(net, optimiser=optimiser, method=method, checkpoint=path, resume=True)
    assert numbers(net) == numbers(whole)
    assert lists(history) == lists(expected)
    assert numbers(load(path)) == numbers(whole)


def test_it_may_be_stopped_at_every_mini_batch(path, monkeypatch):
    whole = make()
    run(whole, 2)
    for k in range(50):
        with monkeypatch.context() as patch:
            stop_after(2, patch)
            net = MLP(2, [4, 1], "tanh", "sigmoid", rng=k)
            try:
                run(net, 2, checkpoint=path, resume=True)
            except Stop:
                continue
        break
    assert 5 < k < 20
    assert numbers(net) == numbers(whole)


def test_the_bar_goes_on_within_an_epoch(path, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        stop_after(9, patch)
        with pytest.raises(Stop):
            run(make(), checkpoint=path)
    run(make(), checkpoint=path, resume=True, progress=True)
    shown = capsys.readouterr().err
    assert "54/200" in shown and "200/200" in shown  # 40 and two batches of 7


def test_more_epochs_go_on(path):
    whole = make()
    expected = run(whole, 6)
    run(make(), 2, checkpoint=path)
    net = make()
    history = run(net, 6, checkpoint=path, resume=True)
    assert (numbers(net), lists(history)) == (numbers(whole), lists(expected))
    again = run(net, 6, checkpoint=path, resume=True)
    assert (numbers(net), lists(again)) == (numbers(whole), lists(expected))
    fewer = run(net, 3, checkpoint=path, resume=True)
    assert (numbers(net), fewer.epochs) == (numbers(whole), 6)


def test_without_a_file_it_starts_afresh(path):
    whole, net = make(), make()
    run(whole)
    run(net, checkpoint=path, resume=True)
    assert numbers(net) == numbers(whole)


def test_a_module_of_ones_own_goes_on_too(path):
    def layer():
        return Layer(2, 1, activation="tanh", rng=0)

    whole, net = layer(), layer()
    train(whole, X, LABELS, epochs=4)
    train(net, X, LABELS, epochs=2, checkpoint=path)
    train(net, X, LABELS, epochs=4, checkpoint=path, resume=True)
    assert numbers(net) == numbers(whole)
    with pytest.raises(CheckpointError, match="a module of your own"):
        load(path)


def test_an_optimiser_of_ones_own_goes_on_too(path):
    class Averaging(Optimiser):
        STATE = ("mean", "steps")

        def __init__(self, parameters, learning_rate):
            super().__init__(parameters, learning_rate)
            self.mean, self.steps = np.zeros(len(self.parameters)), 0

        def update(self, theta, gradient):
            self.steps += 1
            self.mean += (gradient - self.mean) / self.steps
            theta -= self.learning_rate * self.mean

    def averaged(net, epochs, **options):
        train(net, X, LABELS, optimizer=Averaging(net.parameters(), 0.1), epochs=epochs, **options)
        return numbers(net)

    whole = averaged(make(), 4)
    averaged(make(), 2, checkpoint=path)
    assert averaged(make(), 4, checkpoint=path, resume=True) == whole
    Averaging.STATE = ("steps",)
    with pytest.raises(
        TypeError, match=r"Averaging\.mean is an array: name it in Averaging\.STATE"
    ):
        averaged(make(), 4, checkpoint=path, resume=True)


def test_a_schedule_goes_on(path):
    def schedule(epoch):
        return 0.5 / epoch

    whole, net = make(), make()
    expected = run(whole, optimiser="sgd", schedule=schedule)
    assert expected.learning_rate == [0.5, 0.25, 0.5 / 3, 0.125, 0.1]
    run(net, 2, optimiser="sgd", schedule=schedule, checkpoint=path)
    run(net, optimiser="sgd", schedule=schedule, checkpoint=path, resume=True)
    assert numbers(net) == numbers(whole)


def test_with_a_schedule_an_optimiser_may_be_given_again(path):
    net = make()
    optimizer = SGD(net.parameters(), 0.3)
    options = {"schedule": lambda epoch: 0.5 / epoch, "checkpoint": path}
    train(net, X, LABELS, cross_entropy, optimizer, 1, **options)
    assert optimizer.learning_rate == 0.5
    history = train(net, X, LABELS, cross_entropy, optimizer, 2, resume=True, **options)
    assert history.learning_rate == [0.5, 0.25]


# Killed.


def test_what_a_killed_run_left_is_removed_and_nothing_of_others(tmp_path):
    ours, others = tmp_path / ".run[1].npz.abc.part", tmp_path / ".run1.npz.abc.part"
    for part in (ours, others):
        part.write_bytes(b"half")
    run(make(), 1, checkpoint=tmp_path / "run[1].npz")
    assert sorted(path.name for path in tmp_path.iterdir()) == [others.name, "run[1].npz"]


KILLED = """
import os, random, signal, sys, threading, time
from tqdm import tqdm
import micrograd_bp.run
from micrograd_bp import MLP, Adam, cross_entropy, load, train
from micrograd_bp.datasets import moons

os.fsync = lambda handle: None
tqdm.set_lock(threading.RLock())  # its own is shared by forked processes, and dies with one of them
path, (X, labels), draw = sys.argv[1], moons(150), random.Random(0)

def learn(seed, epochs=40, **options):
    net = MLP(2, [6, 1], "tanh", "sigmoid", rng=seed)
    adam = Adam(net.parameters(), 0.01)
    train(net, X, labels, cross_entropy, adam, epochs, batch_size=3, progress=False, **options)
    return [p.data for p in net.parameters()]

def stamp():
    return os.stat(path).st_mtime_ns if os.path.exists(path) else 0

expected, kills, saved = learn(0), 0, 0
while True:
    child = os.fork()
    if child == 0:
        micrograd_bp.run.SAVED_EVERY = 0.0 if kills < 60 else 30.0
        learn(kills, checkpoint=path, resume=True)
        os._exit(0)
    if kills < 60:
        before, late = stamp(), time.monotonic() + 5
        while kills % 2 and stamp() == before and time.monotonic() < late:
            time.sleep(0.001)
        time.sleep(draw.uniform(0.0, 0.04))
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        break
    kills += 1
    if os.path.exists(path):
        load(path)
        saved += 1
equal = learn(99, checkpoint=path, resume=True) == expected
print(kills, saved, os.waitstatus_to_exitcode(status), equal)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_killed_sixty_times_it_ends_bit_equal(run_python, path):
    """Each child is killed at a random moment, every other one after it has saved once."""
    script = KILLED.replace("rng=seed", "rng=0").replace("sys.argv[1]", repr(str(path)))
    kills, saved, status, equal = run_python(script).split()
    assert (kills, int(saved) > 50, status, equal) == ("60", True, "0", "True")
    assert [x.name for x in path.parent.iterdir()] == ["run.npz"]


# Ctrl-C.


def interrupting(at, count=1):
    def callback(net, history):
        if history.epochs == at:
            for _ in range(count):
                signal.raise_signal(signal.SIGINT)

    return callback


def test_ctrl_c_saves_and_returns_the_history(path):
    whole, net = make(), make()
    run(whole)
    history = run(net, checkpoint=path, callbacks=[interrupting(2)])
    assert (history.epochs, history.stopped) == (2, "interrupted")
    assert numbers(load(path)) == numbers(net)
    assert net([0.5, 0.5]).data == load(path)([0.5, 0.5]).data
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    run(net, checkpoint=path, resume=True)
    assert numbers(net) == numbers(whole)


def test_ctrl_c_within_an_epoch_waits_for_the_mini_batch(path, monkeypatch):
    whole, net = make(), make()
    run(whole)
    with monkeypatch.context() as patch:
        steps = []

        def update(self, theta, gradient):
            steps.append(len(steps))
            if len(steps) == 9:
                signal.raise_signal(signal.SIGINT)
            adam_update(self, theta, gradient)

        adam_update = Adam.update
        patch.setattr(Adam, "update", update)
        history = run(net, checkpoint=path)
    assert (len(steps), history.epochs, history.stopped) == (9, 1, "interrupted")
    run(net, checkpoint=path, resume=True)
    assert numbers(net) == numbers(whole)


def test_ctrl_c_without_a_checkpoint_leaves_a_network():
    net = make()
    history = run(net, callbacks=[interrupting(1)])
    assert (history.epochs, history.stopped) == (1, "interrupted")
    assert numbers(net) != numbers(make())


def test_ctrl_c_after_the_last_step_stopped_nothing(path):
    history = run(make(), 2, checkpoint=path, callbacks=[interrupting(2)])
    assert (history.epochs, history.stopped) == (2, "")


def test_a_second_ctrl_c_does_not_wait():
    with pytest.raises(KeyboardInterrupt):
        run(make(), callbacks=[interrupting(1, count=2)])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_the_user_stays(monkeypatch):
    seen = []
    before = signal.signal(signal.SIGINT, lambda *_: seen.append(1))
    try:
        history = run(make(), 3, callbacks=[interrupting(1)])
    finally:
        signal.signal(signal.SIGINT, before)
    assert (seen, history.epochs, history.stopped) == ([1], 3, "")


def test_in_a_thread_it_trains_as_well():
    found, whole = [], make()
    run(whole)

    def work():
        net = make()
        run(net)
        found.append(numbers(net))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [numbers(whole)]


# What can't be gone on with.


def test_a_checkpoint_is_not_overwritten(path):
    run(make(), 1, checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match=r"run\.npz holds a run already: resume=True goes on"):
        run(make(), 1, checkpoint=path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 8}, "batch_size 7 there, 8 here"),
        ({"seed": 1}, "seed 0 there, 1 here"),
        ({"l2": 0.5}, "l2 0.01 there, 0.5 here"),
        ({"method": "scalar"}, "method 'matrix' there, 'scalar' here"),
        ({"optimiser": "sgd"}, "optimizer 'Adam' there, 'SGD' here"),
    ],
)
def test_other_settings_are_another_run(change, message, path):
    run(make(), 1, checkpoint=path)
    before, net = path.read_bytes(), make()
    with pytest.raises(CheckpointError, match=message):
        run(net, 2, checkpoint=path, resume=True, **change)
    assert (path.read_bytes(), numbers(net)) == (before, numbers(make()))


def test_other_data_or_another_cost_are_another_run(path):
    def go(X=X, labels=LABELS, cost=quadratic, net=None, rate=0.1, **options):
        net = net or make()
        return train(
            net, X, labels, cost, SGD(net.parameters(), rate), 2, checkpoint=path, **options
        )

    go()
    with pytest.raises(CheckpointError, match=r"examples .*there.*here"):
        go(X + 1e-9, resume=True)
    with pytest.raises(CheckpointError, match=r"examples .*there.*here"):
        go(labels=1 - LABELS, resume=True)
    with pytest.raises(CheckpointError, match=r"examples .*40 of .*39 of"):
        go(X[1:], LABELS[1:], resume=True)
    with pytest.raises(CheckpointError, match="cost 'quadratic' there, 'cross_entropy' here"):
        go(cost=cross_entropy, resume=True)
    with pytest.raises(CheckpointError, match=r"learning_rate 0\.1 there, 0\.2 here"):
        go(rate=0.2, resume=True)
    with pytest.raises(CheckpointError, match="of another network"):
        go(net=MLP(2, [5, 1], "tanh", "sigmoid"), resume=True)
    with pytest.raises(CheckpointError, match="of another network"):
        go(net=MLP(2, [4, 1], "relu", "sigmoid"), resume=True)


def test_the_place_is_checked_before_the_first_epoch(tmp_path):
    steps = []
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        run(make(), checkpoint=tmp_path / "no" / "run.npz", callbacks=[lambda *_: steps.append(1)])
    with pytest.raises(ValueError, match=r"saved as \.npz, not as"):
        run(make(), checkpoint=tmp_path / "run.pt", callbacks=[lambda *_: steps.append(1)])
    assert steps == []


def altered(path, *keys, to):
    meta, arrays = read_archive(path)
    place = meta
    for key in keys[:-1]:
        place = place[key]
    if to is KeyError:
        del place[keys[-1]]
    else:
        place[keys[-1]] = to
    write_archive(path, meta, {k: v for k, v in arrays.items()})


ALTERED = [
    (("run",), None),
    (("run",), KeyError),
    (("run", "position"), []),
    (("run", "position", "epoch"), 0),
    (("run", "position", "epoch"), 1.5),
    (("run", "position", "epoch"), True),
    (("run", "position", "batches"), -1),
    (("run", "position", "cost"), "0"),
    (("run", "position", "seconds"), KeyError),
    (("run", "position", "shuffle"), {}),
    (("run", "position", "shuffle"), 3),
    (("run", "position", "shuffle", "bit_generator"), "MT19937"),
    (("run", "position", "shuffle", "state"), {"state": -1, "inc": 1}),
    (("run", "position", "shuffle", "state"), {"state": 2**200, "inc": 1}),
    (("run", "position", "shuffle", "state"), {"state": "x", "inc": []}),
    (("run", "position", "history"), 1),
    (("run", "position", "history", "cost"), "abc"),
    (("run", "position", "history", "cost"), [1]),
    (("run", "position", "history", "cost"), [1.0, 2.0, 3.0]),
    (("run", "position", "history", "stopped"), [1.0]),
    (("run", "position", "history", "__class__"), [1.0]),
    (("run", "settings"), {}),
    (("run", "counts"), {}),
    (("run", "counts", "steps"), -1),
    (("run", "counts", "steps"), 1e300),
    (("network",), {}),
    (("format",), "?"),
    (("version",), 99),
]


@pytest.mark.parametrize(("keys", "to"), ALTERED, ids=lambda x: str(x)[:40])
def test_an_altered_run_is_refused_and_nothing_is_taken(keys, to, path):
    run(make(), 2, checkpoint=path)
    altered(path, *keys, to=to)
    net = MLP(2, [4, 1], "tanh", "sigmoid", rng=5)
    adam = Adam(net.parameters(), 0.01)
    with pytest.raises(CheckpointError):
        train(
            net,
            X,
            LABELS,
            cross_entropy,
            adam,
            3,
            batch_size=7,
            l2=0.01,
            checkpoint=path,
            resume=True,
        )
    assert numbers(net) == numbers(MLP(2, [4, 1], "tanh", "sigmoid", rng=5))
    assert adam.steps == 0 and not adam.mean.any()


@pytest.mark.parametrize("name", ["w1", "b2", "optimizer.mean", "optimizer.mean_square"])
@pytest.mark.parametrize("fault", ["nan", "shape", "missing"])
def test_altered_arrays_are_refused_and_nothing_is_taken(name, fault, path):
    run(make(), 2, checkpoint=path)
    meta, arrays = read_archive(path)
    if fault == "missing":
        del arrays[name]
    else:
        arrays[name] = arrays[name] * np.nan if fault == "nan" else arrays[name][..., None]
    write_archive(path, meta, arrays)
    net = MLP(2, [4, 1], "tanh", "sigmoid", rng=5)
    with pytest.raises(CheckpointError, match=name):
        run(net, 3, checkpoint=path, resume=True)
    assert numbers(net) == numbers(MLP(2, [4, 1], "tanh", "sigmoid", rng=5))


def test_the_text_of_a_checkpoint_is_readable(path):
    run(make(), 1, checkpoint=path)
    meta, _ = read_archive(path)
    assert json.loads(json.dumps(meta)) == meta
    assert meta["run"]["settings"]["batch_size"] == "7"


# Errors.


def test_an_error_names_the_last_good_checkpoint_which_still_loads(path):
    net = make()

    def spoil(net, history):
        if history.epochs == 2:
            raise Stop

    with pytest.raises(Stop):
        run(net, checkpoint=path, callbacks=[spoil])
    good = numbers(net)
    assert numbers(load(path)) == good

    class Exploding(SGD):
        def update(self, theta, gradient):
            theta *= 1e200

    net = MLP(2, [1], "linear", rng=0)
    exploding = Exploding(net.parameters(), 0.1)
    other = path.with_name("other.npz")
    with pytest.raises((FloatingPointError, OverflowError)) as error:
        train(net, X, LABELS, optimizer=exploding, batch_size=20, checkpoint=other)
    assert "in epoch 1, mini-batch 2, examples [" in error.value.__notes__[0]
    assert not other.exists()


def test_weights_that_are_not_finite_are_never_saved(path):
    """Where nothing is evaluated after the step, the next one would be the first to notice."""

    class Vanishing(SGD):
        def update(self, theta, gradient):
            super().update(theta, gradient)
            if len(seen) == 2:
                theta[:] = np.inf

    seen, net = [], MLP(2, [1], "tanh", rng=0)
    vanishing = Vanishing(net.parameters(), 0.1)
    with pytest.raises(
        FloatingPointError, match="w1 is no longer finite, and was not saved"
    ) as error:
        train(
            net,
            X,
            X[:, 0],
            optimizer=vanishing,
            batch_size=40,
            checkpoint=path,
            callbacks=[lambda *_: seen.append(1)],
        )
    held = "run.npz holds the run up to epoch 2"
    assert held in error.value.__notes__[0]
    at_once = Vanishing(net.parameters(), 0.1)
    with pytest.raises(FloatingPointError) as error:  # after it was read, before it is written
        train(net, X, X[:, 0], optimizer=at_once, batch_size=40, checkpoint=path, resume=True)
    assert held in error.value.__notes__[0]
    assert np.isfinite(numbers(load(path))).all()
