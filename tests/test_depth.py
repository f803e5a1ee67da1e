"""Deep graphs, each test in its own process, so that a crash of the interpreter has a name.

A chain this deep overflows the stack of anything that recurses: the order of the nodes, backward,
repr, copying, and above all the freeing of the nodes, one inside the other.
"""

import pytest

HEADER = """
import copy, gc, pickle, threading
from micrograd_bp import Value, total, weighted_sum
N = 200_000

def chain(x, n=N):
    y = x
    for _ in range(n):
        y = -y
    return y

def alive():
    return sum(type(node) is Value for node in gc.get_objects())
"""


@pytest.fixture
def run(run_python):
    """Run a script; it must get to its end."""

    def run_to_the_end(script, *options):
        printed = run_python(f"{HEADER}\n{script}\nprint('end')", *options)
        assert printed.splitlines()[-1] == "end"

    return run_to_the_end


def test_a_chain_of_a_million_nodes_is_built_differentiated_and_freed(run):
    run("""
gc.disable()
N = 1_000_000
x = Value(1.5)
y = chain(x, N)
assert alive() == N + 1
y.backward()
assert (y.data, x.grad) == (1.5, 1.0)
y.backward()
assert x.grad == 2.0
y.zero_grad()
assert x.grad == 0.0
del y
assert alive() == 1
""")


@pytest.mark.parametrize("kilobytes", [64, 256])
def test_a_chain_lives_and_dies_in_a_thread_with_a_small_stack(run, kilobytes):
    run(f"""
grads = []
def work():
    x = Value(1.5)
    y = chain(x, N // 2)
    y.backward()
    grads.append(x.grad)
    del y
    assert alive() == 1

threading.stack_size({kilobytes} * 1024)
thread = threading.Thread(target=work)
thread.start()
thread.join()
assert grads == [1.0]
""")


def test_threads_that_free_deep_chains_at_once_free_them_all(run):
    run("""
def work():
    x = Value(1.0)
    for _ in range(4):
        y = chain(x, 20_000)
        y.backward()
        done.append(x.grad)

done = []
threading.stack_size(256 * 1024)
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert sorted(done) == sorted([1.0, 2.0, 3.0, 4.0] * 8)
del thread, threads
assert alive() == 0
""")


def test_a_chain_with_skip_connections(run):
    run("""
x = Value(1.0)
a, b = x, x
for _ in range(N // 2):
    a, b = b, a - b  # 1, 1, 0, 1, -1, 2, ... as differences of Fibonacci numbers
    if abs(b.data) > 1e100:
        a, b = a * 1e-100, b * 1e-100
b.backward()
assert abs(x.grad / b.data - 1.0) < 1e-6
del a, b
assert alive() == 1
""")


def test_a_tower_of_shared_nodes_has_more_paths_than_atoms_in_the_world(run):
    run("""
x = Value(1.0)
y = x
for _ in range(N // 4):
    y = y * y
y.backward()
assert (y.data, x.grad) == (1.0, float("inf"))  # 2 ** 50000 paths
x.grad, y = 0.0, x
for _ in range(N // 4):
    y = (y + y) * 0.5
y.backward()
assert (y.data, x.grad) == (1.0, 1.0)
del y
assert alive() == 1
""")


def test_many_operands_and_many_consumers(run):
    run("""
leaves = [Value(1.0) for _ in range(N)]
z = total(leaves)
z.backward(3.0)
assert z.data == N
assert {leaf.grad for leaf in leaves} == {3.0}
del z, leaves
assert alive() == 0

x = Value(2.0)
z = total([-x for _ in range(N)])
z.backward()
assert (z.data, x.grad) == (-2.0 * N, -1.0 * N)
del z
assert alive() == 1

w = [Value(0.5)] * (N // 2)
z = weighted_sum(w, w)
z.backward()
assert (z.data, w[0].grad) == (N / 8, N / 2)
""")


@pytest.mark.parametrize("holder", ["y = made", "threading.current_thread().held = made"])
def test_a_chain_is_alive_when_the_interpreter_exits(run, holder):
    run(f"""
made = chain(Value(1.0), N // 2)
{holder}
""")


def test_a_chain_is_freed_with_the_traceback_that_holds_it(run):
    run("""
def fail():
    y = chain(Value(0.0), N // 2)
    (y * 0.0).log()

try:
    fail()
except ValueError as error:
    assert "log(x) needs x > 0" in str(error)
assert alive() == 0
""")


def test_a_ring_of_nodes_is_freed_by_the_garbage_collector(run):
    run("""
gc.disable()
class Holder(Value):
    pass
x = Holder(1.0)
x.label_of = chain(x, N // 2)
del x
assert alive() == N // 2
gc.collect()
assert alive() == 0
""")


def test_nothing_recurses_into_a_deep_node(run):
    run("""
y = chain(Value(1.5), N // 2)
y.label = "deep"
assert repr(y) == str(y) == f"{y}" == "Value(data=1.5, grad=0.0, label='deep')"
assert f"{y:.2f}" == "1.50"
assert y > 1.0 and y < 2.0 and y and y == y and hash(y) == hash(y)
assert len(y._prev) == 1 and y._op == "neg"
for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
    for held in (y, [y], {"y": y}):
        try:
            copied = duplicate(held)
        except TypeError as error:
            assert "state_dict" in str(error)
        else:
            assert duplicate is copy.copy and held is not y
for lose in (float, Value):
    try:
        lose(y)
    except TypeError:
        continue
    raise AssertionError
""")


def test_the_recursion_limit_plays_no_part(run):
    run("""
import sys
sys.setrecursionlimit(60)
x = Value(1.5)
y = chain(x, 10_000)
y.backward()
y.zero_grad()
y.backward()
assert x.grad == 1.0
assert "1.5" in repr(y)
del y
""")


def test_the_collector_may_run_while_a_chain_is_built_and_freed(run):
    run("""
gc.set_threshold(50, 2, 2)
x = Value(1.5)
y = chain(x, N // 20)
y.backward()
del y
assert alive() == 1
assert x.grad == 1.0
""")


def test_a_chain_of_a_users_own_operation(run):
    run("""
from micrograd_bp import Primitive
half = Primitive("half", lambda x: 0.5 * x, lambda x: 0.5 * x, lambda z, x: (0.5,))
x = y = Value(1.0)
for k in range(N // 4):
    y = half(y) * 2.0
y.backward()
assert (y.data, x.grad) == (1.0, 1.0)
del y
""")
