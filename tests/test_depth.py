"""Deep graphs, each test in its own process, so that a crash of the interpreter has a name.

A chain this deep overflows the stack of anything that recurses: the order of the nodes, backward,
repr, copying, and above all the freeing of the nodes, one inside the other.
"""

import dis
import os
import sys

import pytest

from micrograd_bp import Value, engine

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


sizes = pytest.mark.parametrize("n", [200_000, pytest.param(1_000_000, marks=pytest.mark.slow)])


@pytest.fixture
def run(run_python):
    """Run a script; it must get to its end."""

    def run_to_the_end(script, **environment):
        printed = run_python(f"{HEADER}\n{script}\nprint('end')", **environment)
        assert printed.splitlines()[-1] == "end"

    return run_to_the_end


@sizes
def test_a_chain_is_built_differentiated_and_freed(run, n):
    run(f"""
gc.disable()
x = Value(1.5)
y = chain(x, {n})
assert alive() == {n} + 1
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
@sizes
def test_a_chain_lives_and_dies_in_a_thread_with_a_small_stack(run, kilobytes, n):
    run(f"""
grads = []
def work():
    x = Value(1.5)
    y = chain(x, {n} // 2)
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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_child_of_a_process_whose_threads_free_chains_frees_its_own(run):
    run("""
import os, warnings
warnings.simplefilter("ignore")  # Python 3.12 warns of a fork beside threads

def work():
    while not done:
        chain(Value(1.0), 3_000)

done = []
threads = [threading.Thread(target=work, daemon=True) for _ in range(3)]
for thread in threads: thread.start()
for _ in range(10):
    child = os.fork()
    if child == 0:
        gc.disable()
        before = alive()
        chain(Value(1.0), 2_000)
        os._exit(alive() > before)
    assert os.waitpid(child, 0)[1] == 0
done.append(True)
for thread in threads: thread.join()
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


@sizes
def test_many_operands_and_many_consumers(run, n):
    run(f"""
n = {n}
leaves = [Value(1.0) for _ in range(n)]
z = total(leaves)
z.backward(3.0)
assert z.data == n
assert {{leaf.grad for leaf in leaves}} == {{3.0}}
del z, leaves
assert alive() == 0

x = Value(2.0)
z = total([-x for _ in range(n)])
z.backward()
assert (z.data, x.grad) == (-2.0 * n, -1.0 * n)
del z
assert alive() == 1

w = [Value(0.5)] * (n // 2)
z = weighted_sum(w, w)
z.backward()
assert (z.data, w[0].grad) == (n / 8, n / 2)
""")


@sizes
def test_many_leaves_summed_by_plus(run, n):
    """A sum as a user writes it: as deep as it is wide."""
    run(f"""
leaves = [Value(0.5) for _ in range({n})]
z = leaves[0]
for leaf in leaves[1:]:
    z = z + leaf
z.backward()
assert z.data == 0.5 * {n}
assert {{leaf.grad for leaf in leaves}} == {{1.0}}
del z, leaves, leaf
assert alive() == 0
""")


@pytest.mark.parametrize("holder", ["y = made", "threading.current_thread().held = made"])
@sizes
def test_a_chain_is_alive_when_the_interpreter_exits(run, holder, n):
    run(f"""
made = chain(Value(1.0), {n} // 2)
{holder}
""")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process has no such limit")
@pytest.mark.parametrize("kilobytes", [256, 0], ids=["256 KB", "main"])
@pytest.mark.parametrize("megabytes", [30, pytest.param(150, marks=pytest.mark.slow)])
def test_when_memory_runs_out_the_graph_is_freed_and_the_next_one_works(run, megabytes, kilobytes):
    """On a small stack as well; the error falls into whatever step of recording comes last.

    A thread has no memory of its own: each time, the C library would try to get it some.
    """
    script = f"""
import resource
STEPS = [lambda y: -y, lambda y: y * x + 1.0, lambda y: total([y, x, y]), lambda y: y.tanh()]

def fill(step):
    y = x
    while True:
        y = step(y)

def differentiate():
    y = chain(x, {megabytes} * 1_000)
    while True:
        y.backward()
        kept.append([0.0] * 500_000)

def work():
    for step in STEPS:
        try:
            fill(step)
        except MemoryError:
            pass
        assert alive() == 1
    try:
        differentiate()
    except MemoryError:
        kept.clear()
    assert alive() == 1
    x.grad = 0.0
    y = chain(x, 20_000) * x
    y.backward()
    assert (y.data, x.grad) == (2.25, 3.0)
    done.append(True)

x, kept, done = Value(1.5), [], []
if {kilobytes}:
    threading.stack_size({kilobytes} * 1024)
thread = threading.Thread(target=work)
limit = 4096 * int(open("/proc/self/statm").read().split()[0]) + ({megabytes} << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
if {kilobytes}:
    thread.start()
    thread.join()
else:
    work()
assert done
"""
    run(script, MALLOC_ARENA_MAX="1")


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


@pytest.mark.parametrize("f", [Value._unary, Value._binary, engine.record])
def test_an_error_passes_recording_where_there_is_no_memory(f):
    """CPython makes an int of the place that raises again; beyond 256 that takes memory, and where
    there is none it tries for ever."""
    places = [i.offset // 2 for i in dis.get_instructions(f) if i.opname == "RERAISE"]
    assert places
    assert max(places) <= 256


def test_every_interpreter_takes_a_deep_node_or_refuses_it_in_words(run):
    run("""
import sys
import viz
from micrograd_bp import explain, gradients, matrix_form

def refusal(f, *arguments, **options):
    try:
        f(*arguments, **options)
    except ValueError as error:
        return str(error)
    raise AssertionError

x = Value(1.5, "x")
y = chain(x, 5_000)
form = matrix_form(y, [], [x])  # made before the limit: NumPy's imports need more
assert form.value_and_gradient([[]])[1].tolist() == [1.0]
sys.setrecursionlimit(150)
assert str(form).count("neg") or str(form).count("-") >= 5_000
assert str(explain(y, x)).startswith("d(neg)/d(x) = 1, 1 path")
assert gradients(y, x).data == 1.0
assert str(viz.draw(y, view="text")).startswith("neg")
assert viz.draw(y, view="scalar").source.count("->") == 5_000
assert len(viz.trace(y)[0]) == 5_001
for f, given in ((viz.explore, "page.html"), (viz.frames, "folder")):
    assert "5,001 values are more than" in refusal(f, y, given)
assert "label" in refusal(viz.draw, y, view="neuron")
assert "layout" in refusal(viz.draw(chain(x, 10_001), force=True).pipe)
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
