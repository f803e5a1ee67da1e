"""What the matrix form keeps, what it lets go, and that it never grows faster than the graph.

Time is counted in calls of functions, so that no test depends on the machine; large graphs are
lifted in a process of their own, so that a crash of the interpreter has a name.
"""

import gc
import linecache
import sys
import threading
import tracemalloc
import weakref

import numpy as np
import pytest

from micrograd_bp import (
    MLP,
    Value,
    logsumexp,
    matrix_form,
    quadratic,
    softmax_cross_entropy,
    total,
    weighted_sum,
)
from micrograd_bp.matrix_form.compile import SIZES_KEPT


def mlp(sizes, activation="tanh", output="sigmoid", cost=quadratic):
    """The form of a network and its cost, on inputs and targets."""
    net = MLP(sizes[0], sizes[1:], activation=activation, output=output, rng=0)
    x, y = [Value(0.1) for _ in range(sizes[0])], [Value(0.5) for _ in range(sizes[-1])]
    return matrix_form(cost(net(x), y), [*x, *y], net.parameters())


def attention():
    """Batched products, a softmax, windows and a gather."""
    rng = np.random.default_rng(1)
    x = [Value(number) for number in rng.normal(size=6)]
    w = [Value(number, "w") for number in rng.normal(size=8)]
    q = [weighted_sum(w[:2], x[k : k + 2]).tanh() for k in range(5)]
    scores = [(q[0] * q[k] + q[1] * q[k + 1]).exp() for k in range(4)]
    mixed = weighted_sum(scores, q[:4]) / total(scores)
    return matrix_form(logsumexp([mixed * w[2], *q, w[3] * x[5]]), x, w)


def examples(form, m, seed=0):
    return np.random.default_rng(seed).uniform(-1.0, 1.0, size=(m, form.program.inputs.size))


def numbers(form, X):
    """Everything that the form says of X, to the last bit."""
    cost, gradient = form.value_and_gradient(X)
    return cost.hex(), gradient.tobytes(), form.values(X).tobytes()


each_kind = pytest.mark.parametrize(
    "make", [lambda: mlp([20, 7, 3]), attention], ids=["mlp", "att"]
)


# Memory.


def peak(call):
    """The largest memory, in bytes, that a call had for its own."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# NumPy 1 sums along an axis through a buffer, of the same size for any m.
BUFFER = 8 * np.getbufsize() if np.lib.NumpyVersion(np.__version__) < "2.0.0" else 0

NETWORKS = [
    ("tanh", "sigmoid", quadratic),
    ("sigmoid", "linear", softmax_cross_entropy),
    ("relu", "softmax", quadratic),
    ("leaky_relu", "tanh", quadratic),
    ("softplus", "sigmoid", quadratic),
]


@pytest.mark.parametrize(("activation", "output", "cost"), NETWORKS)
def test_a_number_of_examples_seen_before_allocates_nothing_large(activation, output, cost):
    form = mlp([8, 120, 4], activation, output, cost)
    for m in (1000, 2000):  # X is copied, and read where it lies
        X = examples(form, m)
        one_activation = 8 * 120 * m
        for call in (form.value_and_gradient, form.values):
            assert peak(lambda call=call, X=X: call(X)) > one_activation
            assert peak(lambda call=call, X=X: call(X)) < one_activation / 20 + 8 * m + BUFFER


def test_windows_on_the_inputs_allocate_nothing_large():
    x, w = [Value(0.1 * k) for k in range(40)], [Value(0.1 * k, "w") for k in range(6)]
    windows = [weighted_sum(w[f : f + 3], x[k : k + 3]).tanh() for k in range(38) for f in (0, 3)]
    form = matrix_form(total(windows), x, w)
    X = examples(form, 1000)
    for call in (form.value_and_gradient, form.values):
        call(X)
        assert peak(lambda call=call: call(X)) < X.nbytes / 2


def test_a_large_x_is_not_copied():
    form = mlp([1000, 1, 1])
    X = examples(form, 200)
    gc.collect()
    tracemalloc.start()
    form.value_and_gradient(X)
    form.values(X)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < X.nbytes / 2


def test_memory_of_the_sizes_that_were_left_behind_is_freed():
    form = mlp([4, 50, 1])
    for m in range(100, 100 + SIZES_KEPT):
        form.value_and_gradient(examples(form, m))
        form.values(examples(form, m))
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for m in range(200, 300):
        form.value_and_gradient(examples(form, m))
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < SIZES_KEPT * 5 * 8 * 50 * 300  # five activations; and not 100 sizes


def test_x_is_not_kept():
    for its in (mlp([4, 3, 1]), mlp([200, 3, 1])):
        for m in (2, 90):
            X = examples(its, m)
            gone = weakref.ref(X)
            its.value_and_gradient(X)
            its.values(X)
            its.diagnosis(X)
            del X
            gc.collect()
            assert gone() is None


def test_x_is_not_kept_after_an_error():
    form = mlp([4, 3, 1])
    X = examples(form, 5)
    X[2, 2] = np.nan
    gone = weakref.ref(X)
    with pytest.raises(FloatingPointError):
        form.value_and_gradient(X)
    del X
    sys.last_value = None
    gc.collect()
    assert gone() is None


def alive(kind=Value):
    gc.collect()
    return sum(type(x) is kind for x in gc.get_objects())


def test_the_scalar_graph_is_freed_and_only_the_parameters_stay():
    before = alive()
    form = mlp([20, 7, 3])
    assert alive() - before == form.parameters.size
    numbers(form, examples(form, 4))
    del form
    assert alive() == before


def test_nothing_of_the_lifting_stays():
    from micrograd_bp.matrix_form.code import Statement
    from micrograd_bp.matrix_form.normalise import Node

    before = alive(Node), alive(Statement)
    form = attention()
    numbers(form, examples(form, 4))
    assert (alive(Node), alive(Statement)) == before


def test_the_memory_of_a_form_goes_at_once_and_waits_for_no_collection():
    form = mlp([4, 300, 1])
    X = examples(form, 1000)
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        numbers(form, X)
        held = tracemalloc.get_traced_memory()[0]
        del form
        assert tracemalloc.get_traced_memory()[0] < 0.2 * held
    finally:
        tracemalloc.stop()
        gc.enable()


def test_a_form_is_freed_with_its_memory_and_its_text():
    texts = set(linecache.cache)
    form = mlp([4, 300, 1])
    gone = weakref.ref(form)
    X = examples(form, 1000)
    tracemalloc.start()
    numbers(form, X)
    held = tracemalloc.get_traced_memory()[0]
    del form
    gc.collect()
    freed = held - tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert gone() is None
    assert held > 8 * 300 * 1000
    assert freed > 0.9 * held
    assert not {name for name in set(linecache.cache) - texts if "matrix form" in name}


# The same numbers, whatever was computed before.


@each_kind
def test_calls_that_repeat_are_equal_to_the_last_bit(make):
    form = make()
    for m in (1, 3, 900):
        X = examples(form, m)
        first = numbers(form, X)
        for _ in range(3):
            assert numbers(form, X) == first
            form.value_and_gradient(-X)
            form.values(-X)


@each_kind
def test_two_forms_of_one_graph_are_equal_to_the_last_bit(make):
    X = examples(make(), 11)
    assert numbers(make(), X) == numbers(make(), X)


@each_kind
def test_several_numbers_of_examples_in_turn_are_as_with_a_fresh_form(make):
    sizes = [5, 1, 900, 2, 5, 1000, 3, 1, 900, 8, 7, 5, 2]
    form = make()
    fresh = {m: numbers(make(), examples(form, m)) for m in sizes}
    for m in sizes * 2:
        assert numbers(form, examples(form, m)) == fresh[m]


@each_kind
def test_more_sizes_than_are_kept_take_turns(make):
    form = make()
    sizes = range(1, 2 * SIZES_KEPT + 2)
    first = {m: numbers(form, examples(form, m)) for m in sizes}
    for m in [*sizes, *reversed(sizes)]:
        assert numbers(form, examples(form, m)) == first[m]
    assert first[SIZES_KEPT] == numbers(make(), examples(form, SIZES_KEPT))


@each_kind
def test_numbers_that_are_not_finite_leave_nothing_behind(make):
    form = make()
    X = examples(form, 6)
    first = numbers(form, X)
    for bad in (np.nan, np.inf, -np.inf, 1e308):
        for call in (form.value_and_gradient, form.values):
            with pytest.raises(FloatingPointError):
                call(np.full_like(X, np.nan if bad == 1e308 else bad) * bad)
            assert numbers(form, X) == first


@each_kind
def test_a_batch_of_one_example_many_times_is_that_example(make):
    form = make()
    X = examples(form, 1)
    cost, gradient = form.value_and_gradient(X)
    gradient = gradient.copy()
    many, its_gradient = form.value_and_gradient(np.repeat(X, 700, axis=0))
    assert many == pytest.approx(cost, rel=1e-13)
    np.testing.assert_allclose(its_gradient, gradient, rtol=1e-11, atol=1e-14)


def test_the_gradient_is_one_buffer_and_the_values_are_new():
    form = mlp([4, 3, 1])
    X = examples(form, 5)
    cost, gradient = form.value_and_gradient(X)
    before = gradient.copy()
    assert form.value_and_gradient(-X)[1] is gradient
    assert form.value_and_gradient(examples(form, 9))[1] is gradient
    assert not np.array_equal(before, gradient)
    values = form.values(X)
    assert gradient.tolist() == form.value_and_gradient(examples(form, 9))[1].tolist()
    assert not np.shares_memory(values, form.values(X))
    assert not np.shares_memory(gradient, form.parameters)
    assert type(cost) is float


def test_parameters_are_one_vector_for_all_sizes():
    form = mlp([4, 3, 1])
    for m in (1, 2, 3):
        numbers(form, examples(form, m))
    form.parameters[:] = np.linspace(-1.0, 1.0, form.parameters.size)
    other = mlp([4, 3, 1])
    other.parameters[:] = form.parameters
    for m in (1, 2, 3, 4):
        assert numbers(form, examples(form, m)) == numbers(other, examples(form, m))


def test_values_do_not_touch_the_gradient():
    form = mlp([4, 3, 1])
    _, gradient = form.value_and_gradient(examples(form, 5))
    before = gradient.tobytes()
    form.values(examples(form, 5, seed=1))
    form.diagnosis(examples(form, 5, seed=1))
    assert gradient.tobytes() == before


# Threads.


def in_threads(work, count=8):
    """work(k) in a thread for each k, begun together; their results."""
    results, barrier = [None] * count, threading.Barrier(count)

    def run(k):
        barrier.wait()
        results[k] = work(k)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@each_kind
def test_forms_in_threads_each_its_own_are_as_one_after_the_other(make):
    forms = [make() for _ in range(8)]

    def work(k):
        batches = [examples(forms[k], m, seed=k) for m in (1, 5, 40)]
        return [numbers(forms[k], X) for _ in range(10) for X in batches]

    parallel = in_threads(work)
    assert parallel == [work(k) for k in range(8)]
    assert len({tuple(found[0]) for found in parallel}) == 8


def test_forms_are_made_in_threads_as_one_after_the_other():
    def work(k):
        form = mlp([5, 4 + k, 2])
        return numbers(form, examples(form, 3)), str(form), form.source

    assert in_threads(work) == [work(k) for k in range(8)]


def test_one_form_in_many_threads_is_right_or_an_error_that_tells_of_threads():
    form = mlp([20, 50, 5])
    X = examples(form, 400)
    right = form.value_and_gradient(X)[0]

    def work(k):
        found = set()
        for _ in range(20):
            try:
                found.add(form.value_and_gradient(X)[0])
            except RuntimeError as error:
                found.add(str(error))
        return found

    wrong = set().union(*in_threads(work)) - {right}
    assert not {x for x in wrong if "thread" not in str(x)}
    assert form.value_and_gradient(X)[0] == right


# Large graphs, in a process of their own.

HEADER = """
import resource, sys, threading
import numpy as np
import numpy.testing  # which NumPy imports late, and a low limit of recursion would stop
from micrograd_bp import Value, matrix_form, total, weighted_sum

def agree(name, cost, x, w):
    # Compare with the scalar graph; any error names the case.
    X = np.array([[v.data for v in x]] * 2)
    try:
        form = matrix_form(cost, x, w)
        found, gradient = form.value_and_gradient(X)
        cost.backward()
        np.testing.assert_allclose(found, cost.data, rtol=1e-9)
        np.testing.assert_allclose(form.values(X), [cost.data] * 2, rtol=1e-9)
        np.testing.assert_allclose(gradient, [v.grad for v in w], rtol=1e-9, atol=1e-200)
        assert len(str(form)) > 100
    except Exception as error:
        raise AssertionError(f"{name}: {type(error).__name__} {error}") from None
    return form
"""


@pytest.fixture
def run(run_python):
    """Run a script; it must get to its end."""

    def run_to_the_end(script):
        assert run_python(f"{HEADER}\n{script}\nprint('end')").splitlines()[-1] == "end"

    return run_to_the_end


def test_deep_chains(run):
    run("""
CHAINS = {
    "y * x + 1": lambda y, z, x: y * x + 1.0,
    "sin": lambda y, z, x: y.sin(),
    "squares": lambda y, z, x: (y * y + x) * 0.5,
    "skip": lambda y, z, x: (y - z * x).tanh(),
    "divide": lambda y, z, x: x / (1.0 + y),
}
sys.setrecursionlimit(120)
for name, step in CHAINS.items():
    x, w = Value(0.9, "x"), Value(0.5, "w")
    y = z = w * x
    for _ in range(150):
        y, z = step(y, z, x), y
    agree(name, y, [x], [w])
""")


def test_a_deep_chain_in_a_thread_with_a_small_stack(run):
    run("""
def work():
    x, w = Value(0.9, "x"), Value(0.5, "w")
    y = w * x
    for _ in range(500):
        y = y * x + 1.0
    agree("chain", y, [x], [w])
    done.append(True)

done = []
threading.stack_size(256 * 1024)
thread = threading.Thread(target=work)
thread.start()
thread.join()
assert done
""")


def test_wide_fan_in_and_fan_out(run):
    run("""
def chain(terms):
    z = terms[0]
    for term in terms[1:]:
        z = z + term
    return z

N = 1000
x = [Value(0.1 + k / N, "x") for k in range(N)]
w = [Value(0.0003 * (k % 7), "w") for k in range(N)]
products = [w_k * x_k for w_k, x_k in zip(w, x)]
hub = w[1] * x[1]
WIDE = {
    "weighted sum": weighted_sum(w, x).tanh(),
    "chain of +": chain([w_k * x_k for w_k, x_k in zip(w, x)]).tanh(),
    "from the right": chain([w_k * x_k for w_k, x_k in zip(w, x)][::-1]).tanh(),
    "total of one kind": total([v.tanh() for v in products]) * 0.001,
    "fan-out": total([(hub * x_k).tanh() for x_k in x]) * 0.001,
    "fan-out of constants": total([(hub * float(k)).tanh() for k in range(N)]) * 0.001,
    "one product many times": total([w[1] * x[1] for _ in range(N)]) * 0.001,
    "one node many times": total([hub] * N).tanh(),
}
sys.setrecursionlimit(120)
for name, cost in WIDE.items():
    for v in w:
        v.grad = 0.0
    form = agree(name, cost, x, w)
    assert len(form.program.forward) <= 6, name
""")


def test_many_unlike_nodes_that_meet_in_one(run):
    run("""
def chain(step):
    s = v[0]
    for y in v[1:]:
        s = step(s, y)
    return s

N = 120
x, w = Value(0.9, "x"), Value(0.5, "w")
v = [w * x]
for _ in range(N):
    v.append(v[-1].sin())
UNLIKE = {
    "a sum of all": total(v),
    "a chain of +": chain(lambda s, y: s + y),
    "a chain of -": chain(lambda s, y: s - y),
    "products with the first": chain(lambda s, y: s + y * v[0]),
    "products of neighbours": total([a * b for a, b in zip(v, v[1:])]),
    "maxima": chain(lambda s, y: s.maximum(y * 0.5)),
    "powers of one": total([v[0] ** (2.0 + k * 1e-3) for k in range(N)]),
}
sys.setrecursionlimit(70)  # the parser's limit is three times this, in 3.11
for name, cost in UNLIKE.items():
    w.grad = 0.0
    agree(name, cost, [x], [w])
""")


def test_a_written_out_mlp_784_30_10_peaks_below_500_mb(run):
    run("""
rng = np.random.default_rng(0)
x = [Value(number) for number in rng.uniform(size=784)]
y = [Value(float(j == 3)) for j in range(10)]
parameters, a = [], x
for n in (30, 10):
    W = [[Value(number, "w") for number in row] for row in rng.normal(size=(n, len(a))) * 0.05]
    b = [Value(0.0, "b") for _ in range(n)]
    parameters += [v for row, bias in zip(W, b) for v in (*row, bias)]
    outputs = []
    for row, bias in zip(W, b):
        z = bias
        for w_i, a_i in zip(row, a):
            z = z + w_i * a_i
        outputs.append(z.sigmoid())
    a = outputs
cost = 0.0
for a_j, y_j in zip(a, y):
    cost = cost + (a_j - y_j) * (a_j - y_j)
form = matrix_form(cost * 0.5, [*x, *y], parameters)
assert form.parameters.size == 23_860
assert len(form.program.forward) <= 7
X = np.array([[v.data for v in (*x, *y)]])
np.testing.assert_allclose(form.value_and_gradient(X)[0], 0.5 * cost.data, rtol=1e-12)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # in KB, on macOS in bytes
assert peak < 500 * 1024 ** (2 if sys.platform == "darwin" else 1), peak
""")


# Growth, counted in calls of functions.


def calls(work):
    """How many functions, of Python and of C, `work` calls."""
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def chain_of(n):
    x, w = Value(0.5, "x"), Value(0.1, "w")
    y = w
    for _ in range(n):
        y = y * x + 1.0
    return y, [x], [w]


def sum_of(n):
    x, w = [Value(0.5) for _ in range(n)], [Value(0.01, "w") for _ in range(n)]
    z = 0.0
    for x_k, w_k in zip(x, w, strict=True):
        z = z + w_k * x_k
    return z, x, w


def layers_of(n):
    net = MLP(4, [4] * (n // 8), activation="tanh", output="sigmoid", rng=0)
    x = [Value(0.1) for _ in range(4)]
    return quadratic(net(x), [0.5] * 4), x, net.parameters()


def neurons_of(n):
    net = MLP(4, [n, 2], activation="tanh", output="sigmoid", rng=0)
    x = [Value(0.1) for _ in range(4)]
    return quadratic(net(x), [0.5] * 2), x, net.parameters()


def windows_of(n):
    x, w = [Value(0.1 * k) for k in range(n + 3)], [Value(0.1 * k, "w") for k in range(3)]
    return total([weighted_sum(w, x[k : k + 3]).tanh() for k in range(n)]), x, w


def fan_out_of(n):
    x, w = Value(0.5, "x"), Value(0.1, "w")
    h = (w * x).tanh()
    return total([(h * float(k)).sin() for k in range(n)]), [x], [w]


def unlike_of(n):
    x, w = Value(0.5, "x"), Value(0.1, "w")
    v = [w * x]
    for _ in range(n):
        v.append(v[-1].sin())
    return total(v), [x], [w]


GRAPHS = [chain_of, sum_of, layers_of, neurons_of, windows_of, fan_out_of, unlike_of]


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.__name__)
def test_lifting_grows_as_the_graph(graph):
    counts = []
    for n in (64, 128):
        cost, inputs, parameters = graph(n)
        X = np.full((2, len(inputs)), 0.1)

        def lift(cost=cost, inputs=inputs, parameters=parameters, X=X):
            form = matrix_form(cost, inputs, parameters)
            form.value_and_gradient(X)
            form.values(X)
            str(form)

        counts.append(calls(lift))
    assert counts[1] < 2.6 * counts[0]


@pytest.mark.parametrize("graph", [layers_of, neurons_of, sum_of], ids=lambda graph: graph.__name__)
def test_a_step_calls_as_many_functions_for_any_number_of_examples(graph):
    form = matrix_form(*graph(64))
    counts = []
    for m in (2, 50):
        X = examples(form, m)
        form.value_and_gradient(X)
        counts.append(calls(lambda X=X: form.value_and_gradient(X)))
    assert counts[0] == counts[1]


def test_the_text_of_a_program_does_not_grow_with_its_width():
    lengths = []
    for n in (20, 200):
        form = matrix_form(*neurons_of(n))
        lengths.append((len(form.source.splitlines()), len(str(form).splitlines())))
    assert lengths[0] == lengths[1]
