"""Laws that hold for every program and every network, tried on random ones.

Each is tried on a few hundred examples, and `pytest -m slow` tries it on thousands.
"""

import io
import operator
import tempfile
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from agreement import backward_at, called, close, data_of
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import (
    ARITIES,
    EXPONENTS,
    Program,
    largest,
    on_floats,
    on_values,
    programs,
    programs_of,
    short_programs,
    tenths,
    wild_programs,
)

from micrograd_bp import (
    MLP,
    Value,
    cross_entropy,
    gradients,
    load,
    log_likelihood,
    matrix_form,
    quadratic,
    save,
    total,
    weighted_sum,
)
from micrograd_bp import primitives as p
from micrograd_bp.activations import NAMES
from micrograd_bp.engine import topological_order
from viz import draw, draw_dot, frames
from viz.page import page


def law(*strategies, few=100, many=1_000):
    """A test of a function of random examples: a few of them, and many in the slow run."""

    def tested(check):
        def run(examples):
            settings(max_examples=examples)(given(*strategies)(check))()

        run.__doc__ = check.__doc__
        counts = [few, pytest.param(many, marks=pytest.mark.slow)]
        return pytest.mark.parametrize("examples", counts)(run)

    return tested


def close_to(expected, root):
    """To 1e-9 of the largest term in the sums over paths; after backward."""
    terms = max(abs(node.grad) for node in topological_order(root))
    return pytest.approx(expected, rel=1e-9, abs=1e-9 * max(1.0, terms))


# Against calculi that know no rule.


def test_every_row_of_the_table_is_in_the_programs():
    assert set(ARITIES) == set(p.TABLE) | set(EXPONENTS)


def agrees_with_complex_step(program):
    leaves, root = program.on_values()
    expected = [program.by_complex_step(k) for k in range(len(leaves))]
    backward = backward_at(root, leaves)
    return (
        [root.data] * len(leaves) == pytest.approx([z for z, _ in expected], 1e-9, 1e-9)
        and backward == close_to([slope for _, slope in expected], root)
        and data_of(gradients(root, leaves)) == close_to(backward, root)
    )


@law(programs, few=300, many=5_000)
def test_value_and_gradient_agree_with_complex_step(program):
    assert agrees_with_complex_step(program)


@pytest.mark.parametrize("name", ARITIES)
def test_the_comparison_with_complex_step_rejects_a_flipped_sign(name, monkeypatch):
    program = Program([[]], [0.8, 0.3, 0.5, 0.7, 0.2], [], [(name, tuple(range(ARITIES[name])))])
    row = p.power if name in EXPONENTS else p.TABLE[name]
    flipped = replace(row, derivatives=lambda z, *x: tuple(-d for d in row.derivatives(z, *x)))
    assert agrees_with_complex_step(program)
    for module, attribute in [(p, key) for key, value in vars(p).items() if value is row]:
        monkeypatch.setattr(module, attribute, flipped)
    monkeypatch.setitem(p.TABLE, row.name, flipped)
    is_flat = name in ("step", "sign", "share", "**0")
    assert agrees_with_complex_step(program) is is_flat


@law(short_programs, st.lists(tenths, min_size=5, max_size=5), few=40, many=200)
def test_second_and_third_derivatives_agree_with_differences_of_many_digits(program, direction):
    """Of t -> f(x + t u): gradients of u . gradients."""
    leaves, along = program.on_values()
    u = direction[: len(leaves)]
    for order in (1, 2, 3):
        along = Value(0.0) + total(
            [u_k * g for u_k, g in zip(u, gradients(along, leaves), strict=True)]
        )
        scale = largest(along)
        assert along.data == pytest.approx(
            float(program.along(u, order)), rel=1e-9, abs=1e-10 * scale
        )


@law(short_programs, few=50, many=1_000)
def test_mixed_second_derivatives_do_not_depend_on_the_order(program):
    leaves, root = program.on_values()
    rows = [gradients(g, leaves) for g in gradients(root, leaves)]
    for j, row in enumerate(rows):
        for k, entry in enumerate(row):
            scale = max(largest(entry), largest(rows[k][j]))
            assert entry.data == pytest.approx(rows[k][j].data, rel=1e-9, abs=1e-10 * scale)


# To the last bit.


@law(programs)
def test_everything_repeats_to_the_last_bit(program):
    (leaves, root), (others, again) = program.on_values(), program.on_values()
    once = backward_at(root, leaves)
    before = [node.grad for node in topological_order(root)]
    graph = data_of(gradients(root, leaves))
    gradients(gradients(root, leaves[0]), leaves)
    assert [node.grad for node in topological_order(root)] == before
    assert (root.data, once) == (again.data, backward_at(again, others))
    assert backward_at(root, leaves) == once
    assert data_of(gradients(root, leaves)) == data_of(gradients(again, others)) == graph
    root.backward()
    assert [leaf.grad for leaf in leaves] == [2.0 * g for g in once]


@law(programs)
def test_names_and_the_order_in_which_leaves_are_made_change_no_bit(program):
    leaves, root = program.on_values()
    unused = Value(1.5)
    others = [Value(leaf.data, f"x{k}") for k, leaf in reversed(list(enumerate(leaves)))][::-1]
    again = program.recorded(others)
    assert again.data == root.data
    assert backward_at(again, others) == backward_at(root, leaves)
    assert backward_at(root, [*leaves, unused]) == [*backward_at(root, leaves), 0.0]
    assert data_of(gradients(root, [unused, *leaves])) == [0.0, *data_of(gradients(root, leaves))]


@law(programs)
def test_doubling_doubles_and_negation_twice_changes_no_bit(program):
    """Both are exact in floats, and so are the identities."""
    leaves, f = program.on_values()
    single, negative = backward_at(f, leaves), -f
    for doubled, factor in ((f + f, 2.0), (4.0 * f, 4.0), (f / 2.0, 0.5), (-f, -1.0), (f - -f, 2)):
        assert doubled.data == factor * f.data
        assert backward_at(doubled, leaves) == [factor * g for g in single]
    identities = [-negative, +f, f + 0.0, 0.0 + f, f - 0.0, f * 1.0, 1.0 * f, f / 1.0, f**1, f**1.0]
    for identity in [*identities, total([f]), weighted_sum([f], [1.0]), f + 0, 1 * f, True * f]:
        assert identity.data == f.data
        assert backward_at(identity, leaves) == single
        assert data_of(gradients(identity, leaves)) == data_of(gradients(f, leaves))


IDENTITIES = {
    "x ** 1": lambda x: x**1,
    "x + 0": lambda x: x + 0,
    "1.0 * x": lambda x: 1.0 * x,
    "x / 1": lambda x: x / 1,
    "x - 0.0": lambda x: x - 0.0,
    "--x": lambda x: operator.neg(-x),
}


@law(programs, st.lists(st.sampled_from(list(IDENTITIES)), min_size=1, max_size=3))
def test_identities_after_every_step_change_no_bit(program, names):
    def operation(name, x):
        z = on_values(name, x)
        for identity in names:
            z = IDENTITIES[identity](z)
        return z

    leaves, f = program.on_values()
    others = program.leaves()
    g = program.run(others, operation)
    if isinstance(g, Value):
        assert g.data == f.data
        assert backward_at(g, others) == backward_at(f, leaves)
        assert data_of(gradients(g, others)) == data_of(gradients(f, leaves))


# To rounding.


@law(programs, st.integers(-40, 40))
def test_a_factor_scales_the_gradient_and_so_does_a_seed(program, c):
    leaves, f = program.on_values()
    expected = [c / 10.0 * g for g in backward_at(f, leaves)]
    assert backward_at(c / 10.0 * f, leaves) == close_to(expected, f)
    for leaf in leaves:
        leaf.grad = 0.0
    f.backward(c / 10.0)
    assert [leaf.grad for leaf in leaves] == close_to(expected, f)


@law(programs)
def test_a_square_is_a_product_with_itself(program):
    leaves, f = program.on_values()
    expected = [2.0 * f.data * g for g in backward_at(f, leaves)]
    assert backward_at(f * f, leaves) == close_to(expected, f)
    assert backward_at(f**2, leaves) == close_to(expected, f)
    assert backward_at(weighted_sum([f], [f]), leaves) == close_to(expected, f)


@law(programs, programs, tenths, tenths)
def test_a_weighted_sum_of_outputs_accumulates_from_its_parts(one, two, c, d):
    two = replace(one, instructions=two.instructions).tamed()
    leaves = one.leaves()
    f, g = one.recorded(leaves), two.recorded(leaves)
    whole = backward_at(c * f + d * g, leaves)
    scale = [node.grad for root in (f, g) for node in topological_order(root)]
    for leaf in leaves:
        leaf.grad = 0.0
    f.backward(c)
    g.backward(d)
    largest_term = max(1.0, *map(abs, scale))
    assert [leaf.grad for leaf in leaves] == pytest.approx(whole, rel=1e-9, abs=1e-9 * largest_term)


@law(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), few=100)
def test_total_equals_a_chain_of_sums_to_the_last_bit(terms):
    leaves = [Value(x) for x in terms]
    chain = 0.0 + leaves[0]
    for leaf in leaves[1:]:
        chain = chain + leaf
    assert total(leaves).data == chain.data
    assert backward_at(total(leaves), leaves) == backward_at(chain, leaves)


factors = st.floats(-1e3, 1e3)


@law(st.lists(st.tuples(factors, factors), min_size=1, max_size=9), few=100)
def test_weighted_sum_equals_the_chain_it_replaces_to_the_last_bit(pairs):
    w, a, b = [Value(x) for x, _ in pairs], [Value(y) for _, y in pairs], Value(0.3)
    chain = Value(0.0)
    for w_i, a_i in zip(w, a, strict=True):
        chain = chain + w_i * a_i
    chain = chain + b
    z = weighted_sum(w, a, b)
    assert z.data == chain.data
    assert backward_at(z, [*w, *a, b]) == backward_at(chain, [*w, *a, b])


# The matrix form of the same programs, for several examples.

EXAMPLES = 3


@law(programs_of(EXAMPLES).map(Program.tamed))
def test_the_matrix_form_agrees_with_the_scalar_graph(program):
    count = len(program.theta)
    theta = [Value(number, f"w{k}") for k, number in enumerate(program.theta)]
    x = [[Value(number) for number in example] for example in program.x]
    costs = [program.recorded([*theta, *of_example]) for of_example in x]
    X = np.array(program.x).reshape(EXAMPLES, -1)
    form = matrix_form(costs[0], x[0], theta)
    assert called(form.values, X).ravel() == close(data_of(costs))
    mean, gradient = called(form.value_and_gradient, X)
    assert mean == close(np.mean(data_of(costs)))
    total(costs).backward(1.0 / EXAMPLES)
    largest_term = max(abs(v.grad) for cost in costs for v in topological_order(cost))
    assert gradient == pytest.approx(
        np.array([w.grad for w in theta]), rel=1e-9, abs=1e-11 * max(1.0, largest_term)
    )
    assert gradient.shape == (count,)
    assert str(form) and repr(form) and repr(form.program)
    compile(form.source, "source", "exec")


# At poles and kinks, with numbers that are huge, infinite or nan.


def outcome(compute):
    """What is computed, or the type of the error."""
    try:
        return compute()
    except p.ARITHMETIC as error:
        return type(error)


def same(numbers):
    """To rounding; nan meets nan, inf the same inf."""
    return pytest.approx(numbers, rel=1e-12, abs=0.0, nan_ok=True)


@law(wild_programs, few=200, many=5_000)
def test_a_wild_program_raises_as_on_floats_or_has_all_gradients(program):
    leaves = program.leaves()
    expected = outcome(lambda: program.run(program.theta + program.x[0], on_floats))
    root = outcome(lambda: program.recorded(leaves))
    if isinstance(expected, type):
        assert root is expected
        return
    assert root.data == same(expected)
    backward = backward_at(root, leaves)
    assert all(type(grad) is float for grad in backward)
    assert data_of(gradients(root, leaves)) == same(backward)
    second = gradients(gradients(root, leaves[0]), leaves)
    assert all(type(entry.data) is float for entry in second)
    assert str(draw(root, "text")) and draw_dot(root).source and draw(second[0]).source


# Pictures never fail.


@law(programs, st.booleans(), st.sampled_from(["LR", "TB"]), many=1_000)
def test_every_graph_can_be_drawn(program, with_grads, rankdir):
    leaves, root = program.on_values()
    for _ in range(2):
        text = draw(root, "text", grads=with_grads)
        assert len(str(text).splitlines()) >= len(topological_order(root))
        for graph in (draw_dot(root, rankdir=rankdir, grads=with_grads), draw(root, "scalar")):
            assert graph.source.count("->") >= len(topological_order(root)) - 1
        root.backward()
    made = [gradients(root, leaves[0]) for _ in range(2)]
    once, again = (draw([root, g], "scalar", forward=root).source for g in made)
    assert once == again
    assert "digraph" in draw(made[0], rankdir=rankdir).source


@law(short_programs, few=15, many=100)
def test_every_graph_has_a_page(program):
    leaves, root = program.on_values()
    assert "</html>" in page(root)
    root.backward()
    assert "</html>" in page(gradients(root, leaves[0]))


@law(short_programs, few=3, many=20)
def test_every_graph_has_frames(program):
    _, root = program.on_values()
    with tempfile.TemporaryDirectory() as folder:
        paths = frames(root, folder)
        assert len(paths) >= len(topological_order(root))
        assert all("</svg>" in Path(path).read_text("utf-8") for path in paths)
    assert "</svg>" in draw(root).pipe(encoding="utf-8")


# Networks.

COSTS = {"sigmoid": cross_entropy, "softmax": log_likelihood}
layer_sizes = st.lists(st.integers(1, 4), min_size=2, max_size=4)
activations = st.lists(st.sampled_from(NAMES), min_size=3, max_size=3)


def networks(examples=1):
    """A network, and inputs and targets for it."""

    def made(sizes, names, seed):
        net = MLP(sizes[0], sizes[1:], names[: len(sizes) - 1], rng=seed)
        uniform = np.random.default_rng(seed).uniform
        x = uniform(-2.0, 2.0, (examples, sizes[0])).tolist()
        return net, x, uniform(0.0, 1.0, (examples, sizes[-1])).tolist()

    return st.builds(made, layer_sizes, activations, st.integers(0, 10**6))


def outputs(net, x):
    a = net(x)
    return a if isinstance(a, list) else [a]


def cost_of(net, x, y):
    cost = COSTS.get(net.layers[-1].activation, quadratic)
    return cost(outputs(net, x), y)


def gradient_of(cost, net):
    net.zero_grad()
    cost.backward()
    return [parameter.grad for parameter in net.parameters()]


@law(networks(), st.randoms(use_true_random=False), many=1_000)
def test_permuted_hidden_units_have_permuted_gradients(made, random):
    net, (x,), (y,) = made
    w, b = net.arrays()
    gradient_of(cost_of(net, x, y), net)
    dw, db = gradient_arrays(net)
    for l in range(len(w) - 1):
        order = random.sample(range(len(b[l])), len(b[l]))
        for weights_of, biases_of in ((w, b), (dw, db)):
            weights_of[l] = weights_of[l][:, order]
            biases_of[l] = biases_of[l][order]
            weights_of[l + 1] = weights_of[l + 1][order]
    permuted = MLP(net.sizes[0], net.sizes[1:], [layer.activation for layer in net.layers])
    permuted.load_arrays(w, b)
    gradient_of(cost_of(permuted, x, y), permuted)
    for got, expected in zip(gradient_arrays(permuted), (dw, db), strict=True):
        for got_l, expected_l in zip(got, expected, strict=True):
            assert got_l == close(expected_l)


def gradient_arrays(net):
    """dw (n_(l-1), n_l) and db (n_l,) of each layer."""
    layers = range(1, len(net.sizes))
    dw = [
        np.array(
            [
                [net.weight(l, i, j).grad for j in range(1, net.sizes[l] + 1)]
                for i in range(1, net.sizes[l - 1] + 1)
            ]
        )
        for l in layers
    ]
    db = [np.array([net.bias(l, j).grad for j in range(1, net.sizes[l] + 1)]) for l in layers]
    return dw, db


@law(networks(examples=3), many=1_000)
def test_the_gradient_of_a_batch_is_the_mean_over_its_examples(made):
    net, X, Y = made
    of_each = [gradient_of(cost_of(net, x, y), net) for x, y in zip(X, Y, strict=True)]
    mean = np.mean(of_each, axis=0)
    batch = total([cost_of(net, x, y) for x, y in zip(X, Y, strict=True)]) / len(X)
    assert np.array(gradient_of(batch, net)) == close(mean)
    y = [Value(y_j) for y_j in Y[0]]
    cost = cost_of(net, X[0], y)
    form = matrix_form(cost, net.latest_inputs() + y, net.parameters())
    found_mean, gradient = called(form.value_and_gradient, np.hstack([X, Y]))
    assert found_mean == close(batch.data)
    assert gradient == close(mean)


@law(networks(), few=60, many=1_000)
def test_every_network_can_be_drawn(made):
    net, (x,), (y,) = made
    printed = io.StringIO()
    for graph in (net, None, None):
        graph = graph or cost_of(net, x, y)
        for view in ("auto", "neuron", "layer", "text"):
            drawn = draw(graph, view)
            assert "digraph" in drawn.source if view != "text" else str(drawn)
        with redirect_stdout(printed):
            print(net)
        if isinstance(graph, Value):
            graph.backward()
    assert printed.getvalue()


every_number = st.floats(allow_nan=False, allow_infinity=False)


@law(
    networks(),
    st.lists(every_number, min_size=1, max_size=9),
    st.sampled_from([".npz", ".safetensors"]),
    many=1_000,
)
def test_a_network_is_loaded_as_it_was_saved_to_the_last_bit(made, numbers, suffix):
    net, _, _ = made
    for number, parameter in zip(numbers, net.parameters(), strict=False):
        parameter.data = number
    with tempfile.TemporaryDirectory() as folder:
        again = load(save(net, Path(folder) / f"net{suffix}"))
    assert again.sizes == net.sizes
    assert [layer.activation for layer in again.layers] == [
        layer.activation for layer in net.layers
    ]
    bits = [number.hex() for number in data_of(net.parameters())]
    assert [number.hex() for number in data_of(again.parameters())] == bits


@law(networks(), few=60, many=1_000)
def test_a_loaded_network_computes_the_same_to_the_last_bit(made):
    net, (x,), (y,) = made
    with tempfile.TemporaryDirectory() as folder:
        again = load(save(net, Path(folder) / "net.npz"))
    assert data_of(outputs(again, x)) == data_of(outputs(net, x))
    once = gradient_of(cost_of(net, x, y), net)
    assert gradient_of(cost_of(again, x, y), again) == once
