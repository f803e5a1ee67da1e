"""Memory: what a node takes, that training leaves none behind, and nothing for the collector."""

import sys

import pytest

HEADER = """
import gc, sys, tracemalloc
from micrograd_bp import MLP, SGD, Value, quadratic, train
from micrograd_bp.datasets import moons

def bytes_a_node(step, n=10_000):
    x, y = Value(1.0), Value(1.0)
    gc.collect()
    tracemalloc.start()
    for _ in range(n):
        y = step(y, x)
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return taken / n

gc.collect()
gc.disable()
net = MLP(2, [4, 1], "tanh", rng=0)
X, y = moons(100)
X, y = X.tolist(), y.tolist()
marks = []  # after each hundred steps

def mark(*_):
    if tracemalloc.is_tracing():
        marks.append(tracemalloc.get_traced_memory()[0])
    else:  # the most that the process ever held
        import resource
        unit = 1 if sys.platform == "darwin" else 1024
        marks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)

def by_hand(n):
    for _ in range(n // 100):
        for x_i, y_i in zip(X, y):
            net.zero_grad()
            C = quadratic(net(x_i), [y_i])
            C.backward()
            for p in net.parameters():
                p.data -= 0.1 * p.grad
        mark()

def trained(n, method):
    train(net, X, y, quadratic, None, n // 100, 1, callbacks=[mark], method=method)

def scalar(n):
    trained(n, "scalar")

def matrix(n):
    trained(n, "matrix")
"""
MEGABYTE = 1 << 20
METHODS = ["by_hand", "scalar", "matrix"]


@pytest.fixture
def run(run_python):
    """Run a script; the numbers that it printed."""
    return lambda script: [float(word) for word in run_python(f"{HEADER}\n{script}").split()]


# What Python's allocator is asked for, by a node and a constant where there is one; the blocks that
# it gives are multiples of 16 bytes: 288 for y * x.
BYTES = {"y * x": 264, "-y": 200, "y + x": 208, "y.tanh()": 272, "y * 0.5": 392}


@pytest.mark.parametrize("step", BYTES)
def test_a_node_takes_few_bytes(run, step):
    (taken,) = run(f"print(bytes_a_node(lambda y, x: {step}))")
    assert BYTES[step] - 16 < taken <= BYTES[step]


@pytest.mark.parametrize("method", METHODS)
def test_steps_leave_nothing_behind(run, method):
    """Without the garbage collector, which then finds no node; a history grows by some numbers."""
    before, after, garbage = run(f"""
tracemalloc.start()
{method}(500)
tracemalloc.stop()
gc.set_debug(gc.DEBUG_SAVEALL)
gc.collect()
print(marks[1], marks[4], sum(isinstance(x, Value) for x in gc.garbage))
""")
    assert after - before < 5_000
    assert garbage == 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no module resource there")
@pytest.mark.parametrize("method", METHODS)
def test_resident_memory_is_flat_over_ten_thousand_steps(run, method):
    before, after = run(f"""
{method}(11_000)
print(marks[9], marks[-1])
""")
    assert after - before < MEGABYTE
