"""Eight threads, each with graphs, networks and pictures of its own: to the last bit as one.

What threads share is told in docstrings: Value.backward, train, MatrixForm. Forms that are made and
run in threads are in test_matrix_form_memory.py, the freeing of deep chains in test_depth.py.
"""

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from micrograd_bp import (
    MLP,
    SGD,
    Value,
    cross_entropy,
    explain,
    gradients,
    matrix_form,
    predict,
    quadratic,
    train,
)
from micrograd_bp.datasets import moons
from micrograd_bp.equations import check_equations
from micrograd_bp.expression import expression
from viz import draw
from viz.page import page

COUNT = 8
X, LABELS = moons(20)


def network(k):
    return MLP(2, [3, 1], "tanh", "sigmoid", rng=k)


def cost(k):
    net = network(k)
    C = quadratic(net([0.5 + k, -1.0]), [1.0])
    C.label = "C"
    C.backward()
    return net, C


def numbers(net):
    return [(p.data.hex(), p.grad.hex()) for p in net.parameters()]


def engine(k):
    x = y = Value(0.1 + k / 10)
    for _ in range(300):
        y = (y * x + 0.7).tanh() - y * 0.1
    y.backward()
    return y.data.hex(), x.grad.hex(), gradients(y, x).data.hex()


def second_order(k):
    v = Value(1.5 + k, "v")
    g = gradients(v**3 * v.sin(), v)
    return gradients(g, v).data.hex(), str(explain(g, v))


def networks(k):
    net, C = cost(k)
    return numbers(net), str(C), str(check_equations(net, [k, 1.0], [0.0], quadratic))


def training(k, method):
    net = network(k)
    optimizer = SGD(net.parameters(), 0.5)
    history = train(net, X, LABELS, cross_entropy, optimizer, 3, 7, seed=k, method=method)
    return numbers(net), history.cost, predict(net, X).tolist()


def forms(k):
    net, C = cost(k)
    form = matrix_form(C, net.latest_inputs(), net.parameters())
    found, gradient = form.value_and_gradient(X)
    return found, gradient.tolist(), form.source


def pictures(k):
    _, C = cost(k)
    return draw(C).pipe(), str(draw(C, view="text")), draw(C).source


def pages(k):
    return page(cost(k)[1])


def formulas(k):
    root = expression("tanh(w*x + b)**2", w=0.5, x=float(k), b=0.1)
    root.backward()
    return str(draw(root, view="text"))


WORK = {
    "engine": engine,
    "second order": second_order,
    "networks": networks,
    "training by matrices": lambda k: training(k, "matrix"),
    "training by scalars": lambda k: training(k, "scalar"),
    "matrix forms": forms,
    "pictures": pictures,
    "pages": pages,
    "expressions": formulas,
}


def in_threads(work):
    """work(k) for each k in a thread of its own, begun together."""
    barrier = Barrier(COUNT)

    def begun(k):
        barrier.wait()
        return work(k)

    with ThreadPoolExecutor(COUNT) as pool:
        return list(pool.map(begun, range(COUNT)))


@pytest.mark.parametrize("name", WORK)
def test_threads_find_what_one_finds(name):
    serial = [WORK[name](k) for k in range(COUNT)]
    assert in_threads(WORK[name]) == serial
    assert len(set(map(repr, serial))) == COUNT


def test_threads_that_do_different_things_do_not_disturb_each_other():
    kinds = [*WORK.values()][:COUNT]
    serial = [kind(k) for k, kind in enumerate(kinds)]
    assert in_threads(lambda k: kinds[k](k)) == serial


def test_the_random_module_is_left_alone_by_networks_with_a_seed():
    random.seed(3)
    expected = random.random()
    random.seed(3)
    in_threads(network)
    assert random.random() == expected
