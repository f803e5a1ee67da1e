"""Each stage of the matrix form alone: from the scalar graph to the text that runs."""

import ast
import math
from functools import cache

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from micrograd_bp import (
    MLP,
    Primitive,
    Value,
    logsumexp,
    matrix_form,
    quadratic,
    total,
    weighted_sum,
)
from micrograd_bp import primitives as p
from micrograd_bp.matrix_form import emit
from micrograd_bp.matrix_form.code import Code
from micrograd_bp.matrix_form.differentiate import differentiated
from micrograd_bp.matrix_form.emit import source_of
from micrograd_bp.matrix_form.formula import Formula, scaled, split
from micrograd_bp.matrix_form.grouping import grouped
from micrograd_bp.matrix_form.indexing import (
    flat_view,
    is_contiguous,
    row_view,
    slice_of,
    strided,
    strides_of,
)
from micrograd_bp.matrix_form.interpret import evaluated, origin
from micrograd_bp.matrix_form.lift import lift, product_of
from micrograd_bp.matrix_form.memory import Block, blocks_of
from micrograd_bp.matrix_form.naming import Names, common, name_of
from micrograd_bp.matrix_form.normalise import normal_form
from micrograd_bp.matrix_form.parts import PartNames
from micrograd_bp.matrix_form.program import Elementwise, Part, Program, Sum, Vector
from micrograd_bp.notation import Symbol

NET = MLP(3, [4, 2], activation="tanh", output="sigmoid", rng=0)


def leaves(names):
    """Values, labelled; x... are the inputs and all others the parameters of `normal`."""
    return [Value(0.1 * k + 0.3, name) for k, name in enumerate(names.split())]


# Normalise: a tree of + is one sum of products and terms.


def normal(*roots):
    """The normal form; labelled leaves are parameters, and inputs if they begin with x."""
    found = dict.fromkeys(v for root in roots for v in below(root) if v.op is None and v.label)
    x = [v for v in found if v.label.startswith("x")]
    return normal_form(roots, x, [v for v in found if v not in x])


def below(root):
    return [v for operand in root.operands for v in below(operand)] + [root]


def names(node, form):
    """A node as text: a leaf's label or number, op(...), or the parts of a sum, sorted."""
    if node.role == "constant":
        return repr(form.constants[node.position])
    if node.role != "computed":
        return node.label
    if node.op is not None:
        return f"{node.op.name}({', '.join(names(x, form) for x in node.operands)})"
    products = sorted(" ".join(sorted(names(x, form) for x in pair)) for pair in node.products)
    return " + ".join([*products, *sorted(names(x, form) for x in node.terms)])


def text(*roots):
    form = normal(*roots)
    return (
        [names(node, form) for node in form.roots] if len(roots) > 1 else names(form.roots[0], form)
    )


def chain(terms, from_right=False):
    z = terms[-1] if from_right else terms[0]
    for term in terms[-2::-1] if from_right else terms[1:]:
        z = term + z if from_right else z + term
    return z


WRITTEN = {
    "weighted_sum": lambda w, x, b: weighted_sum(w, x, b),
    "weighted_sum + b": lambda w, x, b: weighted_sum(w, x) + b,
    "b + weighted_sum": lambda w, x, b: b + weighted_sum(x, w),
    "from the left": lambda w, x, b: chain([w[0] * x[0], w[1] * x[1], w[2] * x[2], b]),
    "from the right": lambda w, x, b: chain([b, x[0] * w[0], w[1] * x[1], x[2] * w[2]], True),
    "from 0": lambda w, x, b: chain([Value(0.0), w[0] * x[0], w[1] * x[1], w[2] * x[2], b]),
    "balanced": lambda w, x, b: (w[0] * x[0] + w[1] * x[1]) + (w[2] * x[2] + b),
    "total": lambda w, x, b: total([b, w[0] * x[0], w[1] * x[1], w[2] * x[2]]),
    "sums in total": lambda w, x, b: total([weighted_sum(w[:2], x[:2], b), w[2] * x[2]]),
    "total in total": lambda w, x, b: total(
        [total([b]), total([w[0] * x[0], weighted_sum(w[1:], x[1:])])]
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_weighted_sums_have_the_same_parts_however_they_are_written(name):
    *w, b = leaves("w0 w1 w2 b")
    x = leaves("x0 x1 x2")
    assert text(WRITTEN[name](w, x, b)) == "w0 x0 + w1 x1 + w2 x2 + b"
    assert text(WRITTEN[name](w, x, b).tanh()) == "tanh(w0 x0 + w1 x1 + w2 x2 + b)"


def test_a_square_in_a_sum_is_a_product():
    w, x = leaves("w x")
    assert text(w**2 + x * x) == "w w + x x"
    assert text(w**3 + x**2) == "x x + **(w, 3.0)"
    assert text(w**2) == "**(w, 2.0)"


def test_a_sum_of_two_terms_is_an_addition():
    w, x = leaves("w x")
    assert text((w + x).tanh()) == "tanh(+(w, x))"
    assert text((w.exp() + x).tanh()) == "tanh(+(exp(w), x))"
    assert text((w + x + 1.0).tanh()) == "tanh(1.0 + w + x)"


def test_differences_and_negatives_stay():
    w, x = leaves("w x")
    assert text((w * x - x).tanh() + 1.0) == "+(tanh(-(*(w, x), x)), 1.0)"
    assert text(-(w * x) + w) == "+(neg(*(w, x)), w)"


def test_zeros_vanish_from_sums():
    w, x = leaves("w x")
    assert text(w * x + 0.0) == text(0.0 + w * x) == "w x"
    assert text(total([w * x, 0.0, x * x])) == "w x + x x"
    assert text(total([w]) + 0.0) == "w"
    assert text(weighted_sum([], [], w)) == "w"


def test_what_depends_on_numbers_only_is_a_number():
    w = Value(2.0, "w")
    assert text(w * (Value(2.0) * 3.0).exp()) == f"*(w, {math.exp(6.0)!r})"
    assert text(w * w + Value(2.0) * 3.0) == "w w + 6.0"
    assert text(weighted_sum([2.0, w], [3.0, w])) == "w w + 6.0"


def test_each_number_is_one_constant():
    w = Value(0.5, "w")
    form = normal((w + 2.0) * (w + 2.0) * (w * -0.0) * (w * 0.0) * w**2 * (w * -2.0))
    assert list(map(repr, form.constants)) == ["2.0", "-0.0", "0.0", "-2.0"]
    form = normal(w.maximum(math.nan) + w.minimum(math.nan))
    assert len(form.constants) == 1


def test_a_sum_with_another_consumer_stays_whole():
    w, x, b = leaves("w x b")
    z = w * x + b
    assert text(z + z.tanh()) == "+(w x + b, tanh(w x + b))"
    assert text(total([z + 1.0, z])) == "1.0 + w x + b + w x + b"  # z twice, as a term
    form = normal(total([z + 1.0, z]))
    assert (len(form.roots[0].products), len(form.roots[0].terms)) == (0, 3)


def test_a_product_with_another_consumer_stays_whole():
    w, x, b = leaves("w x b")
    product = w * x
    form = normal(product + b + product.tanh())
    assert form.roots[0].products == []
    assert text(product + b + product.tanh()) == "*(w, x) + b + tanh(*(w, x))"


def test_a_root_inside_of_a_sum_stays_whole():
    w, x, b = leaves("w x b")
    inner = w * x + b
    assert text(inner, inner + w * w) == ["w x + b", "w w + w x + b"]
    form = normal(inner, inner + w * w)
    assert form.roots[1].terms == [form.roots[0]]


@pytest.mark.parametrize("label", ["z", "z1", "anything at all"])
def test_a_user_s_label_dissolves_and_one_of_the_notation_does_not(label):
    w, x, b = leaves("w x b")
    inner = w * x + b
    inner.label = label
    assert len(normal(inner + w * w).roots[0].products) == 2
    inner.label = Symbol("z", 1, (1,))
    assert len(normal(inner + w * w).roots[0].products) == 1


@pytest.mark.parametrize(
    "same",
    [
        lambda v: 0.0 + v,
        lambda v: v + 0.0,
        lambda v: total([v]),
        lambda v: total([0.0, total([v + 0.0])]),
        lambda v: weighted_sum([], [], v),
    ],
)
@pytest.mark.parametrize(
    ("consumer", "expected"),
    [
        (lambda v: v.tanh(), "tanh(w x + b)"),
        (lambda v: v + 1.0, "+(w x + b, 1.0)"),
        (lambda v: v, "w x + b"),
    ],
)
def test_a_sum_stays_whole_if_another_value_stands_for_it(same, consumer, expected):
    w, x, b = leaves("w x b")
    z = w * x + b
    other = consumer(z)
    form = normal(same(z) + w * w, other)
    assert names(form.roots[0], form) == "w w + w x + b"
    assert len(form.roots[0].products) == 1
    assert names(form.roots[1], form) == expected


def test_what_a_node_depends_on():
    w, x = leaves("w x")
    form = normal(w * 2.0, x * 2.0, w * x, w.exp() + x.sin() + 1.0)
    assert [(n.batched, n.varies) for n in form.roots] == [
        (False, True),
        (True, False),
        (True, True),
        (True, True),
    ]
    assert [n.depth for n in form.roots] == [1, 1, 1, 2]


def test_leaves_keep_their_positions():
    w, x = leaves("w0 w1 w2"), leaves("x0 x1")
    form = normal_form([w[2], x[1], w[0]], x, w)
    assert [(n.role, n.position) for n in form.roots] == [
        ("parameter", 2),
        ("input", 1),
        ("parameter", 0),
    ]
    assert form.unused == [x[0]]


def test_a_long_chain_of_sums_is_one_sum_from_either_side():
    w, x = leaves("w x")
    for from_right in (False, True):
        z = chain([w * x for _ in range(10_000)], from_right)
        root = normal_form([z], [x], [w]).roots[0]
        assert (len(root.products), root.depth) == (10_000, 1)


# Grouping: alike nodes are one group, in the order in which they are read.


def groups(*roots):
    form = normal(*roots)
    return grouped(form.roots, form.constants)


def kinds(*roots):
    return [(g[0].op.name if g[0].op else "sum", len(g)) for g in groups(*roots)]


def test_the_neurons_of_a_layer_are_one_group():
    w, x = leaves("w0 w1 w2 w3 w4 w5"), leaves("x0 x1")
    a = [weighted_sum(w[2 * j : 2 * j + 2], x).tanh() for j in range(3)]
    assert kinds(total(a_j**2 for a_j in a)) == [("sum", 3), ("tanh", 3), ("sum", 1)]


def test_other_operations_operands_and_numbers_of_operands_are_other_groups():
    w, x = leaves("w x")
    z = w * x
    assert kinds(total([z.tanh(), z.sin(), z.sin()])) == [
        ("*", 1),
        ("tanh", 1),
        ("sin", 2),
        ("sum", 1),
    ]
    assert kinds(w.exp(), x.exp(), (w * x).exp()) == [("exp", 1), ("exp", 1), ("*", 1), ("exp", 1)]
    long = [total([w, w, x]), total([x, w, w]), total([w, x, x])]
    assert kinds(*long) == [("sum", 2), ("sum", 1)]


def test_constants_are_alike_but_not_as_exponents():
    w = Value(0.5, "w")
    assert kinds(w * 2.0, w * 3.0, 2.0 * w) == [("*", 2), ("*", 1)]
    assert kinds(w**2, w**3, w**2.0) == [("**", 2), ("**", 1)]
    assert kinds(2.0**w, 3.0**w) == [("**", 2)]


def test_the_order_of_the_factors_of_a_product_in_a_sum_does_not_matter():
    w, x = leaves("w0 w1 w2 w3"), leaves("x0 x1")
    z = [w[0] * x[0] + w[1] * x[1], x[0] * w[2] + w[3] * x[1]]
    assert kinds(*[z_j.tanh() for z_j in z]) == [("sum", 2), ("tanh", 2)]


def test_a_group_is_ordered_by_its_first_consumer():
    w, x = leaves("w0 w1 w2"), leaves("x")
    a = [(w_i * x[0]).tanh() for w_i in w]
    products, tanhs, _ = groups(total([a[2], a[0], a[1]]))
    assert [node.operands[0].label for node in products] == ["w2", "w0", "w1"]
    assert [node.operands[0] for node in tanhs] == products
    assert [node.position for node in tanhs] == [0, 1, 2]


def test_groups_stand_after_those_that_they_read():
    net = MLP(3, [4, 3, 2], activation="tanh", output="softmax", rng=0)
    cost = quadratic(net([0.1, 0.2, 0.3]), [1.0, 0.0])
    form = normal_form([cost], [], net.parameters())
    found = grouped(form.roots, form.constants)
    at = {node: k for k, group in enumerate(found) for node in group}
    for group in found:
        for node in group:
            assert all(at[x] < at[node] for x in node.reads() if x in at)


def test_weighted_sums_over_windows_that_are_read_unevenly_are_apart():
    """Two neurons over (x0, x1), one over (x1, x2): no product of equal blocks."""
    w, x = leaves("w0 w1 w2 w3 w4 w5"), leaves("x0 x1 x2")
    z = [weighted_sum(w[2 * j : 2 * j + 2], x[k : k + 2]) for j, k in enumerate((0, 1, 0))]
    assert kinds(*z) == [("sum", 2), ("sum", 1)]
    assert kinds(*z[:2]) == [("sum", 2)]


# Lift: what the positions of operands make of a sum of products.


def program(roots, x, w):
    return lift(roots, x, w)[0]


def products(of):
    return [q for i in of.forward if isinstance(i, Sum) for q in i.products]


def kind(product):
    if product.is_elementwise:
        return "elementwise"
    if product.is_matrix:
        return "matrix"
    if not product.is_weighted:
        return "batched"
    return "windows" if product.left.index.ndim == 2 else "own weights"


W, X = leaves(" ".join(f"w{k}" for k in range(12))), leaves("x0 x1 x2 x3")
SUMS = {
    "matrix": [weighted_sum(W[3 * j : 3 * j + 3], X[:3]) for j in range(4)],
    "windows": [
        weighted_sum(W[2 * q : 2 * q + 2], X[s : s + 2]) for s in range(3) for q in range(2)
    ],
    "own weights": [
        weighted_sum(W[4 * s + 2 * q : 4 * s + 2 * q + 2], X[s : s + 2])
        for s in range(3)
        for q in range(2)
    ],
    "batched": [weighted_sum([X[j], X[j + 1]], [X[k], X[k + 1]]) for j in (0, 2) for k in (0, 1)],
    "elementwise": [weighted_sum([X[j], X[j + 1]], [X[j + 1], X[j]]) for j in range(3)],
}
SHAPES = {
    "matrix": ((1, 4), (4, 3), (1, 3)),
    "windows": ((3, 2), (2, 2), (3, 2)),
    "own weights": ((3, 2), (3, 2, 2), (3, 2)),
    "batched": ((2, 2), (2, 2), (2, 2)),
}


@pytest.mark.parametrize("name", SUMS)
def test_the_kind_of_a_product(name):
    (product,) = products(program([z.tanh() for z in SUMS[name]], X, W))
    assert kind(product) == name
    if name in SHAPES:
        shapes = product.rows.shape, product.left.index.shape, product.right.index.shape
        assert shapes == SHAPES[name]


def test_filters_may_stand_in_another_order_in_each_window():
    z = [SUMS["windows"][k] for k in (0, 1, 3, 2, 5, 4)]
    (product,) = products(program([z_k.tanh() for z_k in z], X, W))
    assert kind(product) == "windows"
    assert product.rows.tolist() == [[0, 1], [3, 2], [5, 4]]


def test_weights_stand_left_whatever_they_were_computed_from():
    w, x = leaves("w0 w1 w2 w3"), leaves("x0 x1")
    scaled_weights = [w_i.exp() for w_i in w]
    z = [weighted_sum(x, scaled_weights[2 * j : 2 * j + 2]) for j in range(2)]
    (product,) = products(program([z_j.tanh() for z_j in z], x, w))
    assert kind(product) == "matrix"
    assert not product.left.vector.batched
    assert product.right.vector.role == "input"


def test_numbers_are_weights_too():
    x = leaves("x0 x1")
    z = [0.5 * x[0] + 2.0 * x[1], 3.0 * x[0] + 4.0 * x[1]]
    (product,) = products(program([z_j.tanh() for z_j in z], x, []))
    assert kind(product) == "matrix"
    assert product.left.vector.values[product.left.index].tolist() == [[0.5, 2.0], [3.0, 4.0]]


def test_a_sum_has_a_product_for_each_pair_of_vectors():
    w, u, x = leaves("w0 w1 w2 w3"), leaves("u0 u1"), leaves("x0 x1")
    h = [(u_j * x[0]).tanh() for u_j in u]
    z = [weighted_sum([*w[2 * j : 2 * j + 2], u[j]], [*h, x[1]], 1.0) for j in range(2)]
    last = [i for i in program(z, x, w + u).forward if isinstance(i, Sum)][-1]
    assert sorted((q.right.vector.role, kind(q)) for q in last.products) == [
        ("computed", "matrix"),
        ("input", "matrix"),
    ]
    assert [term.number for term in last.terms] == [1.0]


def test_a_row_with_many_operands_takes_them_stacked_if_they_are_alike():
    w, x = leaves("w0 w1 w2"), leaves("x")
    z = [w_i * x[0] for w_i in w]
    *_, one = program([logsumexp(z)], x, w).forward
    assert [part.index.shape for part in one.operands] == [(3, 1)]
    *_, mixed = program([logsumexp([*z, x[0]])], x, w).forward
    assert [part.index.shape for part in mixed.operands] == [(1,)] * 4


def test_vectors_are_named_by_the_notation_or_numbered():
    net = MLP(2, [2, 1], activation="tanh", rng=0)
    x = [Value(0.1), Value(0.2)]
    cost = quadratic(net(x), 1.0) + total(w**2 for w in net.parameters())
    made = [i.out.name for i in program([cost], x, net.parameters()).forward]
    assert made[:3] == ["z1", "a1", "z2"]
    assert "C" in made or "v1" in made
    assert len(set(made)) == len(made)


@given(st.integers(1, 6), st.integers(1, 4), st.integers(0, 3), st.integers(0, 3), st.data())
def test_a_product_is_the_sums_of_its_pairs(n, K, spread_left, spread_right, data):
    """Whatever blocks `product_of` finds, and in whatever order it puts them."""

    def index(spread):
        return np.array(
            data.draw(
                st.lists(
                    st.lists(st.integers(0, 2 * spread), min_size=K, max_size=K),
                    min_size=n,
                    max_size=n,
                )
            ),
            dtype=np.intp,
        )

    l, r = index(spread_left), index(spread_right)
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=7), rng.normal(size=7)
    product = product_of(Vector("l", 7, batched=False), l, Vector("r", 7), r)
    sums = np.sum(left[product.left.index] * right[product.right.index][:, None], axis=-1)
    assert sorted(product.rows.ravel().tolist()) == list(range(n))
    placed = np.empty(n)
    placed[product.rows] = sums
    np.testing.assert_allclose(placed, np.sum(left[l] * right[r], axis=1), rtol=1e-13)
    if product.is_elementwise:
        x, y = product.stacked
        np.testing.assert_allclose(np.sum(left[x.index] * right[y.index], axis=0), placed)


# Differentiate: instruction by instruction in reverse.


def pulls(cost, x, w):
    """The vectors that each step of the backward half leads from and to."""
    of = differentiated(program([cost], x, w))
    return [(pull.source.name, pull.target.vector.name) for pull in of.backward]


def test_the_chain_rule_goes_along_every_operand_that_varies():
    w, x = leaves("w u"), leaves("x")
    a = (w[0] * x[0]).tanh()
    assert pulls(a * a.exp(), x, w) == [
        *[("C", "v2"), ("C", "v3"), ("v3", "v2"), ("v2", "v1"), ("v1", "theta")]
    ]
    assert pulls(w[0] * w[1], x, w) == [("C", "theta"), ("C", "theta")]
    assert pulls(x[0] ** w[0], x, w) == pulls(w[0] ** 2.5, x, w) == [("C", "theta")]
    assert pulls(x[0].sin() * 2.0, x, w) == []


def test_a_path_whose_derivative_is_zero_ends_there():
    w, x = leaves("w u"), leaves("x")
    assert pulls(p.step((w[0] * x[0]).tanh()) * w[1].exp(), x, w) == [
        *[("C", "v1"), ("v1", "theta")]  # v1 is exp(u)
    ]


def test_a_layer_pulls_on_its_inputs_its_weights_and_its_biases():
    x = leaves("x0 x1 x2")
    cost = quadratic(NET(x), [0.0, 1.0])
    of = differentiated(program([cost], x, NET.parameters()))
    found = [(q.source.name, q.target.vector.name, getattr(q, "side", "")) for q in of.backward]
    assert found[-6:] == [
        *[("z2", "a1", "right"), ("z2", "theta", "left"), ("z2", "theta", "")],
        *[("a1", "z1", ""), ("z1", "theta", "left"), ("z1", "theta", "")],
    ]


# Formula: rules of the table as expressions.

x, y, z = (Formula(leaf=name) for name in "xyz")

SIMPLE = [
    (lambda: x + 1.0, "x + 1"),
    (lambda: 1.0 - x, "1 - x"),
    (lambda: 1.0 * x, "x"),
    (lambda: x * 1.0, "x"),
    (lambda: -1.0 * x, "-x"),
    (lambda: -1.0 * (-x), "x"),
    (lambda: x * 2.0, "2 * x"),
    (lambda: 2.0 * (3.0 * x), "6 * x"),
    (lambda: (2.0 * x) * (3.0 * y), "6 * (x * y)"),
    (lambda: (2.0 * x) * 0.5, "x"),
    (lambda: -(2.0 * x), "-2 * x"),
    (lambda: (-x) * (-y), "x * y"),
    (lambda: (-x) * y, "-(x * y)"),
    (lambda: -(x * y), "-(x * y)"),
    (lambda: 0.0 * x, "0 * x"),
    (lambda: x + 0.0, "x + 0"),
    (lambda: Formula(number=2.0) * 3.0 + 1.0, "7"),
    (lambda: Formula(number=4.0).sqrt(), "2"),
    (lambda: p.monomial(1.0, x, 2.0), "x ** 2"),
    (lambda: p.monomial(3.0, x, 2.0), "3 * x ** 2"),
    (lambda: p.monomial(2.0, x, 1.0), "2 * x"),
    (lambda: p.monomial(2.0, x, 0.0), "2"),
    (lambda: p.monomial(0.0, x, -1.0), "monomial(0, x, -1)"),
    (lambda: p.monomial(math.inf, x, 0.0), "monomial(inf, x, 0)"),
    (lambda: p.monomial(y, x, 2.0), "monomial(y, x, 2)"),
    (lambda: p.monomial(2.0, x, y), "2 * x ** y"),
    (lambda: p.divide(1.0, x + y), "divide(1, x + y)"),
    (lambda: p.total([x, y, 1.0]), "total(x, y, 1)"),
    (lambda: x.tanh() + x.maximum(0.5), "tanh(x) + maximum(x, 0.5)"),
]


@pytest.mark.parametrize(("formula", "expected"), SIMPLE, ids=[e for _, e in SIMPLE])
def test_how_a_formula_is_written(formula, expected):
    assert formula().text(str) == expected


PRECEDENCE = [
    (lambda: x + y + z, "x + y + z"),
    (lambda: x + (y + z), "x + (y + z)"),
    (lambda: x - (y - z), "x - (y - z)"),
    (lambda: (x - y) - z, "x - y - z"),
    (lambda: (x + y) * z, "(x + y) * z"),
    (lambda: x + y * z, "x + y * z"),
    (lambda: x / (y * z), "x / (y * z)"),
    (lambda: (x / y) / z, "x / y / z"),
    (lambda: x**y**z, "x ** y ** z"),
    (lambda: (x**y) ** z, "(x ** y) ** z"),
    (lambda: (-x) ** 2.0, "(-x) ** 2"),
    (lambda: -(x**2.0), "-x ** 2"),
    (lambda: x ** (-y), "x ** (-y)"),
    (lambda: (x + y).exp() * z, "exp(x + y) * z"),
    (lambda: -(x + y), "-(x + y)"),
    (lambda: 1.0 - (x - 1.0), "1 - (x - 1)"),
    (lambda: x ** (Formula(number=-2.0)), "x ** (-2)"),
]


@pytest.mark.parametrize(("formula", "expected"), PRECEDENCE, ids=[e for _, e in PRECEDENCE])
def test_brackets_stand_where_they_are_needed(formula, expected):
    assert formula().text(str) == expected


def test_leaves_are_named_by_the_caller():
    part = Part(Vector("v", 3), np.arange(3))
    formula = Formula(leaf=part) * x + 1.0
    assert formula.text(lambda leaf: "a" if leaf is part else "b") == "a * b + 1"
    assert formula.leaves() == {part, "x"}
    assert Formula(number=2.0).leaves() == set()


def test_what_is_written_alike_has_the_same_key():
    assert (x * y + 1.0).key == (x * y + 1.0).key
    assert len({f.key for f in (x * y, y * x, x + y, x, y, x * 2.0, x * 3.0)}) == 7


@pytest.mark.parametrize("test", [bool, lambda f: f or 1.0, lambda f: 1.0 if f else 2.0])
def test_a_formula_has_no_truth(test):
    with pytest.raises(TypeError, match="frozen"):
        test(x)


def test_a_formula_is_not_compared():
    for compare in (lambda: x > 0.0, lambda: x < y, lambda: max(x, y)):
        with pytest.raises(TypeError):
            compare()


@pytest.mark.parametrize("other", ["1", None, [1.0], 1j], ids=repr)
def test_an_operand_is_a_formula_or_a_number(other):
    with pytest.raises(TypeError):
        x + other


def test_split_draws_the_number_to_the_front():
    assert split(3.0 * x) == (3.0, x)
    assert split(x) == (1.0, x)
    assert split(Formula(number=4.0)) == (4.0, None)
    c, rest = split(-(x * y))
    assert (c, rest.text(str)) == (-1.0, "x * y")


def value(formula, **leaves):
    """The number that a formula is, by the rows on floats."""
    if formula.op is None:
        return leaves[formula.leaf] if formula.number is None else formula.number
    return formula.op.floats(*[value(operand, **leaves) for operand in formula.operands])


@pytest.mark.parametrize(
    ("c", "d", "number"),
    [
        (1e200, 1e200, 1e-300),
        (-1e200, 1e300, 1e-305),
        (1e-200, 1e-200, 1e300),
        (5e-324, 0.5, 1e300),
        (1e-300, 1e-10, 1e305),
        (math.inf, 0.0, 1.0),
    ],
)
def test_numbers_whose_product_would_be_rounded_away_stay_apart(c, d, number):
    """c (d x) is not (c d) x if c d overflows or is no normal number."""
    formula = c * (d * x)
    assert value(formula, x=number) == pytest.approx(c * (d * number), rel=1e-12, nan_ok=True)
    assert value(scaled(c, d, x), x=number) == pytest.approx(
        c * (d * number), rel=1e-12, nan_ok=True
    )


@st.composite
def expressions(draw, depth=4):
    """A function of (x, y, z) with operators and functions, on whatever has them."""
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(
            st.one_of(
                st.sampled_from([lambda x, y, z: x, lambda x, y, z: y, lambda x, y, z: z]),
                st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 3.0]).map(lambda c: lambda x, y, z: c),
            )
        )
    f, g = draw(expressions(depth - 1)), draw(expressions(depth - 1))
    return draw(
        st.sampled_from(
            [
                lambda *v: f(*v) + g(*v),
                lambda *v: f(*v) - g(*v),
                lambda *v: f(*v) * g(*v),
                lambda *v: -f(*v),
                lambda *v: p.tanh(f(*v)),
                lambda *v: p.divide(f(*v), 2.0 + p.tanh(g(*v))),
                lambda *v: p.monomial(1.0, p.tanh(f(*v)) + 2.0, p.tanh(g(*v))),
            ]
        )
    )


@given(expressions())
def test_a_formula_is_the_number_that_its_rule_would_give(expression):
    """Also as text, which Python reads with the same precedence."""
    leaves = {"x": 0.7, "y": -1.3, "z": 0.4}
    expected = expression(*leaves.values())
    found = expression(x, y, z)
    assume(isinstance(found, Formula))
    assert value(found, **leaves) == pytest.approx(expected, rel=1e-12, abs=1e-12)
    functions = {row.name: row.floats for row in p.TABLE.values() if row.name.isidentifier()}
    text = found.text(str)
    assert eval(text, functions, leaves) == pytest.approx(expected, rel=1e-4, abs=1e-4)


# Indexing: expressions for entries of an array.


def patterned(draw, dimensions, least=0):
    """An index of this many dimensions, which steps evenly along each."""
    shape = draw(st.tuples(*[st.integers(1, 4)] * dimensions))
    steps = draw(st.tuples(*[st.integers(least, 6)] * dimensions))
    index = draw(st.integers(0, 3)) + sum(
        np.indices(shape)[k] * steps[k] for k in range(dimensions)
    )
    return np.asarray(index - min(0, index.min()), dtype=np.intp), steps


@st.composite
def indices(draw, most=3):
    """Even steps, or anything."""
    dimensions = draw(st.integers(1, most))
    if draw(st.booleans()):
        return patterned(draw, dimensions, least=-2)[0]
    shape = draw(st.tuples(*[st.integers(1, 3)] * dimensions))
    n = math.prod(shape)
    entries = draw(st.lists(st.integers(0, 6), min_size=n, max_size=n))
    return np.array(entries, dtype=np.intp).reshape(shape)


FLAT = np.arange(100.0)
ROWS = np.arange(100.0)[:, None] + np.array([0.1, 0.2, 0.3])


def run(source, array):
    found = eval(source.format("a"), {"a": array, "strided": strided})
    assert np.shares_memory(found, array)
    return found


@given(indices())
def test_a_view_of_a_flat_array_has_the_entries_of_the_index(index):
    source = flat_view(index)
    if source is not None:
        assert np.array_equal(run(source, FLAT), FLAT[index])


@given(indices())
def test_a_view_of_rows_has_the_rows_of_the_index(index):
    found = row_view(index)
    if found is not None:
        source, is_close = found
        rows = run(source, ROWS)
        assert np.array_equal(rows, ROWS[index])
        assert not is_close or rows.flags.c_contiguous


@given(st.data(), st.integers(1, 3))
def test_even_steps_forward_are_found(data, dimensions):
    index, steps = patterned(data.draw, dimensions, least=1)
    expected = tuple(step if n > 1 else 1 for step, n in zip(steps, index.shape, strict=True))
    assert strides_of(index) == expected
    assert flat_view(index) is not None
    if dimensions == 1:
        assert row_view(index) is not None


@given(indices())
def test_strides_lead_to_every_entry(index):
    strides = strides_of(index)
    if strides is not None:
        for at in np.ndindex(index.shape):
            assert index[at] == index.flat[0] + sum(i * s for i, s in zip(at, strides, strict=True))


@given(indices(most=1))
def test_a_slice_is_the_index(index):
    source = slice_of(index)
    if source is None:
        assert len(index) > 1
        assert np.any(np.diff(index) <= 0) or len(set(np.diff(index))) > 1
    else:
        assert np.array_equal(eval(f"np.arange(100)[{source}]", {"np": np}), index)


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        ([3, 4, 5, 6], "3:7"),
        ([3, 5, 7], "3:8:2"),
        ([5], "5:6"),
        ([0, 1], "0:2"),
        ([2, 1, 0], None),
        ([1, 1, 1], None),
        ([0, 1, 3], None),
    ],
)
def test_how_a_slice_is_written(index, expected):
    assert slice_of(np.array(index)) == expected


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        ([2, 3, 4], "{}[2:5]"),
        ([0, 2, 4], "{}[0:5:2]"),
        ([[4, 5], [6, 7]], "{}[4:8].reshape(2, 2)"),
        ([[0, 3], [1, 4]], "strided({}, 0, (2, 2), (1, 3))"),
        ([[0, 1], [1, 2]], "strided({}, 0, (2, 2), (1, 1))"),
        ([[0, 1], [0, 1]], None),
        ([[1, 0], [3, 2]], None),
        ([0, 1, 3], None),
    ],
)
def test_how_a_view_of_a_flat_array_is_written(index, expected):
    assert flat_view(np.array(index)) == expected


def test_contiguous_is_one_after_the_other():
    assert is_contiguous(np.arange(6).reshape(2, 3) + 4)
    assert not is_contiguous(np.arange(6).reshape(2, 3).T)
    assert not is_contiguous(np.array([0, 0]))


# Memory: nothing is written over while it is needed.

SHAPE_CHOICES = [(2, "m"), (3, "m"), (2, 1)]


@st.composite
def codes(draw):
    """Straight-line code: each statement writes an array, new or not, from those before."""
    code, written = Code(), []

    def seen(array):
        """The array, or a view on it."""
        return draw(st.sampled_from([array, code.view(array, "{}[:]", array.shape)]))

    for _ in range(draw(st.integers(1, 15))):
        shape = draw(st.sampled_from(SHAPE_CHOICES))
        picks = draw(st.lists(st.integers(0, 20), max_size=3)) if written else []
        reads = [seen(written[k % len(written)]) for k in picks]
        if written and draw(st.integers(0, 4)) == 0:
            out = written[draw(st.integers(0, 20)) % len(written)]
        else:
            out = code.buffer("", shape)
            out.tail = draw(st.sampled_from(["", "", "ones", "spare"]))
        scratch = code.buffer("", shape) if draw(st.integers(0, 4)) == 0 else None
        target, elementwise = seen(out), draw(st.booleans())
        text = "f({}, out={out})" if scratch is None else "f({}, out={out}, scratch={scratch})"
        code.write(text, *reads, out=target, elementwise=elementwise, scratch=scratch)
        if out not in written:
            written.append(out)
    return code


def block_of(code):
    """The block of each buffer."""
    return {array: block for block in blocks_of(code) for array in block.arrays}


def overwritten(code):
    """The arrays that a statement reads after their memory was given to another, or while it is.

    Only an elementwise statement may write where it reads, and no view on what it writes. Scratch
    is written first of all.
    """
    block, holder, found = block_of(code), {}, []
    for statement in code.statements:
        out, scratch = statement.out.root, statement.scratch
        if scratch is not None:
            holder[block[scratch]] = scratch
        for array in statement.reads:
            home = block[array.root]
            in_place = home is block[out] and array.root is not out
            aligned = statement.elementwise and array is array.root and array is not scratch
            if holder[home] is not array.root or (in_place and not aligned):
                found.append(array)
        holder[block[out]] = out
    return found


@given(codes())
def test_no_array_is_written_over_while_it_is_needed(code):
    assert overwritten(code) == []


@given(codes())
def test_arrays_in_one_block_have_one_shape_and_one_tail(code):
    blocks = blocks_of(code)
    placed = [array for block in blocks for array in block.arrays]
    written = {array.root for s in code.statements for array in (s.out, s.scratch) if array}
    assert sorted(placed, key=id) == sorted(written, key=id)
    for block in blocks:
        assert len({array.shape for array in block.arrays}) == 1
        assert len({array.tail for array in block.arrays} - {""}) <= 1


@given(codes())
def test_an_array_that_is_written_in_pieces_keeps_them(code):
    """Between its first and its last statement no other array is written to its memory."""
    block = block_of(code)
    writes = [statement.out.root for statement in code.statements]
    for array in set(writes):
        first, last = writes.index(array), len(writes) - 1 - writes[::-1].index(array)
        others = {other for other in writes[first:last] if block[other] is block[array]}
        assert others == {array} or first == last


def chain_of(count, elementwise):
    code = Code()
    array = code.buffer("", (2, "m"))
    code.write("f(out={out})", out=array)
    for _ in range(count):
        new = code.buffer("", (2, "m"))
        code.write("f({}, out={out})", array, out=new, elementwise=elementwise)
        array = new
    return code


def test_a_chain_of_operations_needs_little_memory():
    assert len(blocks_of(chain_of(10, elementwise=True))) == 1
    assert len(blocks_of(chain_of(10, elementwise=False))) == 2


def test_the_checker_notices_memory_that_is_shared_too_early(monkeypatch):
    code = Code()
    first, second, third = (code.buffer("", (2, "m")) for _ in range(3))
    code.write("f(out={out})", out=first)
    code.write("f(out={out})", out=second)
    code.write("f({}, {}, out={out})", first, second, out=third)
    assert overwritten(code) == []
    monkeypatch.setitem(globals(), "blocks_of", lambda code: [Block([first, second, third])])
    assert first in overwritten(code)


def attention(x, w):
    scores = [[weighted_sum(x[t : t + 2], x[u : u + 2]) * w[0] for u in range(2)] for t in range(2)]
    weights = [[(s - logsumexp(row)).exp() for s in row] for row in scores]
    return total(weighted_sum(a, x[:2]) * w[t + 1] for t, a in enumerate(weights))


GRAPHS = {
    "network": lambda x, w: quadratic(NET(x), [0.0, 1.0]) + w[0] * x[1],
    "attention": attention,
    "windows": lambda x, w: total(weighted_sum(w[:2], x[s : s + 2], w[2]).sin() for s in range(2)),
    "two filters": lambda x, w: total(
        (1.0 + 2.0 * q + s) * weighted_sum(w[q : q + 2], x[s : s + 2]).sin()
        for q in range(2)
        for s in range(2)
    ),
    "own weights": lambda x, w: total(
        weighted_sum(w[2 * s : 2 * s + 2], x[s : s + 2]) ** 3 for s in range(2)
    ),
    "penalty": lambda x, w: (w[0] * x[0]).tanh() + 0.1 * total(abs(w_i) for w_i in w),
    "entries": lambda x, w: total(
        (w_i * x[k % 3]).exp() / (1.0 + x[k % 3] ** 2) for k, w_i in enumerate(w)
    ),
    "ties": lambda x, w: (
        total(x_i.maximum(w[0]).minimum(w[1] * w[2]) for x_i in x) + w[3] ** x[0].exp()
    ),
    "mixed operands": lambda x, w: logsumexp([w[0], x[0] * w[1], x[1], 0.5, w[2].exp()]),
    "no examples": lambda x, w: logsumexp(w) * total(w_i * w_j for w_i in w for w_j in w),
    "no parameters": lambda x, w: logsumexp(x) * x[0],
}
BATCH = np.random.default_rng(0).uniform(0.2, 1.5, size=(5, 3))


def graph(name):
    """The form of a graph, and its numbers on the rows of BATCH from the scalar graph."""
    w = [Value(0.3 + 0.2 * k, f"w{k}") for k in range(4)]
    x = [Value(number) for number in BATCH[0]]
    theta = w + NET.parameters()
    expected = [GRAPHS[name]([Value(number) for number in row], w).data for row in BATCH]
    return matrix_form(GRAPHS[name](x, w), x, theta), expected


@pytest.mark.parametrize("name", GRAPHS)
def test_shared_memory_changes_no_number(name, monkeypatch):
    form, _ = graph(name)
    mean, gradient = form.value_and_gradient(BATCH)
    values = form.values(BATCH)
    monkeypatch.setattr(emit, "blocks_of", alone)
    apart, _ = graph(name)
    found, same = apart.value_and_gradient(BATCH)
    assert found == mean
    assert np.array_equal(same, gradient)
    assert np.array_equal(apart.values(BATCH), values)


def alone(code):
    """Memory of its own for each array."""
    written = dict.fromkeys(
        array.root
        for statement in code.statements
        for array in (*statement.reads, statement.out)
        if array is not None and array.root.is_buffer
    )
    return [Block([array]) for array in written]


# Interpret: the program without the compiler.


@pytest.mark.parametrize("name", GRAPHS)
def test_plain_interpretation_gives_what_the_emitted_program_gives(name):
    form, expected = graph(name)
    results = {i.out: found for i, found in evaluated(form.program, BATCH, form.parameters)}
    (root,) = form.program.roots
    found = results[root.vector][root.index[0]]
    assert np.broadcast_to(found, (5,)) == pytest.approx(np.array(expected), rel=1e-12)
    assert form.values(BATCH) == pytest.approx(np.array(expected), rel=1e-12)


@pytest.mark.parametrize("name", GRAPHS)
def test_every_instruction_gives_its_vector(name):
    form, _ = graph(name)
    for instruction, result in evaluated(form.program, BATCH, form.parameters):
        assert result.shape == (instruction.out.size, 5 if instruction.out.batched else 1)
        assert isinstance(instruction, Sum | Elementwise)


def where(form, row, k=0):
    return origin(form.program, np.array([row]), form.parameters, 7, k)


def test_the_origin_of_a_number_is_an_instruction_and_an_entry():
    w, x = [Value(1.0, "w")], [Value(2.0, "x0"), Value(3.0, "x1")]
    a = [(w[0] * x_i).log().tanh() for x_i in x]
    form = matrix_form([a[0], a[1].log()], x, w)
    assert where(form, [0.0, 1.0]) == ""  # tanh(-inf) is -1
    assert where(form, [1.0, -1.0], 1) == "nan first arises in `v2 = log(v1)`, entry 1"
    assert where(form, [1.0, 0.1], 1) == "nan first arises in `v4 = log(v3[:, 1])`, entry 0"


def test_the_origin_is_followed_to_the_entry_that_is_read():
    """Another entry of the same vector is not finite either, and nothing reads it."""
    w, x = leaves("w"), leaves("x0 x1 x2")
    logs = [(w[0] * x_i).log() for x_i in x]
    form = matrix_form([total([logs[0], logs[2]]), logs[1]], x, w)
    assert "entry" in where(form, [1.0, 0.0, 0.0])
    assert where(form, [1.0, 0.0, 0.0]) == where(form, [1.0, 1.0, 0.0])
    assert where(form, [1.0, 0.0, 1.0]) == ""


def test_the_origin_may_be_a_leaf():
    w, x = leaves("w"), leaves("x0 x1")
    form = matrix_form([w[0] * x[1] + x[0], w[0] * x[0] * math.inf], x, w)
    assert where(form, [1.0, math.nan]) == "X[7, 1] is nan"
    assert where(form, [1.0, 1.0], 1) == "a constant is inf"
    form.parameters[0] = -math.inf
    assert where(form, [1.0, 1.0]) == "parameters[0] is -inf"


# Naming: from labels to names that Python takes.


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("w", "w"),
        ("w1", "w"),
        ("w_1", "w"),
        ("w_1,2", "w"),
        ("w[3]", "w"),
        ("w(1, 2)", "w"),
        ("w₁₂²", "w"),
        ("hidden_bias3", "hidden_bias"),
        ("W1", "W"),
        ("_w1", "_w"),
        (Symbol("w", 2, (1, 2)), "w2"),
        (Symbol("b", None, (1,)), "b"),
        (Symbol("delta", 3, (1,)), "delta3"),
        ("", ""),
        ("1", ""),
        ("_", ""),
        ("é1", ""),
        ("w1 x", ""),
        ("w\n", ""),
        ("x; import os", ""),
        ("{0}", ""),
        ("w-1", ""),
    ],
)
def test_what_a_label_gives_for_a_name(label, name):
    assert name_of(label) == name


def test_labels_agree_in_a_name_or_have_none():
    assert common(["w1", "w2", "w_3"]) == "w"
    assert common(["w1", "b1"]) == ""
    assert common([Symbol("z", 1, (1,)), Symbol("z", 1, (2,))]) == "z1"
    assert common([Symbol("z", 1, (1,)), Symbol("z", 2, (1,))]) == ""


def test_each_name_is_given_once():
    names = Names()
    assert names.of(["z1", "z2"], "v") == "z"
    assert names.of(["z1", "z2"], "v") == "v1"
    assert names.of(["", ""], "v") == "v2"
    assert names.of(["a", "b"], "v") == "v3"
    assert names.fresh("v4") == "v4"
    assert names.numbered("v") == "v5"


@pytest.mark.parametrize("word", ["lambda", "None", "np", "X", "m", "mean", "inf", "cost"])
def test_words_of_the_program_are_no_names(word):
    assert Names().of([word], "v") == "v1"


def parts_of(labels, *indices, role="parameter", batched=False):
    vector = Vector("theta", len(labels), role, batched, labels=tuple(labels))
    other = Vector("X", 0, "input")
    name = PartNames(Program(vector if batched else other, other if batched else vector, (), ()))
    return [name(Part(vector, np.array(index))) for index in indices]


def test_parts_go_by_their_labels():
    labels = ["w1", "w2", "w3", "w4", "b1", "b2", "rate", ""]
    assert parts_of(labels, [0, 1, 2, 3], [4, 5], [6], [7]) == ["w", "b", "rate", "theta[7]"]
    assert parts_of(labels, [1, 2], [0, 2], [3, 1]) == ["w[1:3]", "w[0:3:2]", "w[...]"]
    assert parts_of(labels, [[0, 1], [2, 3]], [0, 2, 1, 3]) == ["w", "w"]
    assert parts_of(labels, [2], [2, 2, 2]) == ["w3", "w[2]"]
    assert parts_of(labels, [3, 4], [5, 6, 7]) == ["theta[3:5]", "theta[5:8]"]


def test_parts_of_batched_vectors_have_columns():
    assert parts_of(["x"] * 4, [1, 2], [0, 1, 2, 3], role="input", batched=True) == [
        "x[:, 1:3]",
        "x",
    ]
    vector = Vector("v1", 4)
    name = PartNames(Program(Vector("X", 0), Vector("theta", 0), (), ()))
    assert name(Part(vector, np.arange(4))) == "v1"
    assert name(Part(vector, np.array([1, 2]))) == "v1[:, 1:3]"
    assert name(Part(vector, np.array([2]))) == "v1[:, 2]"
    assert name("as it is") == "as it is"


def test_a_part_that_is_one_number_is_written_as_it():
    vector = Vector("c", 3, "constant", False, False, values=np.array([2.0, 2.0, 0.125]))
    name = PartNames(Program(Vector("X", 0), Vector("theta", 0), (), ()))
    assert name(Part(vector, np.array([0, 1]))) == "2"
    assert name(Part(vector, np.array([2]))) == "0.125"
    assert name(Part(vector, np.array([1, 2]))) == "c[1:3]"


HOSTILE = [
    "lambda",
    "x; import os",
    "np",
    "ä",
    "",
    "\n",
    "a\nb",
    "'",
    '"',
    '"""',
    "{0}",
    "{}",
    "{out}",
]
HOSTILE += ["%s", "#", "\\", "__debug__", "None", "C", "v", "v1", "t1", "c1", "i1", "x_T", "theta"]
HOSTILE += ["gradient", "values", "value_and_gradient", "bind_values", "outputs", "cost", "mean"]
HOSTILE += [
    "dot",
    "add",
    "multiply",
    "square",
    "one",
    "einsum",
    "matmul",
    "copyto",
    "empty",
    "take",
]
HOSTILE += ["X", "m", "inf", "nan", "strided", "sum", "sigmoid", "full", "axis", "out", "w" * 500]


def labelled(label, where):
    """A network of two neurons, where parameters, inputs, nodes or a primitive have that label."""
    w, x = leaves("w0 w1 b"), leaves("x0 x1")
    row = Primitive("up", lambda x: x + 1.0, lambda x: x + 1.0, lambda z, x: (1.0,))
    if where == "primitive":
        row = Primitive(label, row.floats, row.arrays, row.derivatives)
    z = [weighted_sum(w[:2], x, w[2]), weighted_sum(w[:2], x[::-1], w[2])]
    a = [row(z_j.sigmoid()) for z_j in z]
    cost = total(a_j * a_j.exp() for a_j in a)
    marked = {
        "parameters": w,
        "inputs": x,
        "nodes": z + a + [a_j.operands[0] for a_j in a],
        "cost": [cost],
    }
    for v in marked.get(where, []):
        v.label = label
    return matrix_form(cost, x, w)


FEW = np.array([[0.3, 0.4], [0.5, -0.6]])


@cache
def without_labels():
    """What `labelled` gives where nothing has the label, and the sizes of its texts."""
    form = labelled("", "nowhere")
    mean, gradient = form.value_and_gradient(FEW)
    lines, statements = len(str(form).splitlines()), len(ast.parse(form.source).body)
    return form.values(FEW).tolist(), mean, gradient.tolist(), lines, statements


WHERE = ["parameters", "inputs", "nodes", "cost", "primitive"]


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("label", HOSTILE, ids=lambda label: ascii(label[:9]))
def test_no_label_breaks_the_program(label, where):
    form = labelled(label, where)
    values, mean, gradient, lines, statements = without_labels()
    assert form.values(FEW).tolist() == values
    found, same = form.value_and_gradient(FEW)
    assert (found, same.tolist()) == (mean, gradient)
    assert len(ast.parse(form.source).body) == statements
    assert where == "primitive" or len(str(form).splitlines()) == lines


@pytest.mark.parametrize("label", ["C", "X", "theta", "v1", "m", "mean"])
def test_parameters_have_other_names_in_print_than_vectors(label):
    """Or a line would read as if a vector were made of itself."""
    w, x = Value(0.5, label), Value(0.3)
    lines = str(matrix_form((w * x).exp(), [x], [w])).splitlines()
    first = next(line for line in lines if "@" in line or " * " in line)
    made, factors = first.split("#")[0].split("=")
    operands = factors.replace("*", "@").split("@")
    assert len({made.strip(), *(operand.strip() for operand in operands)}) == 3


# Emit: memory, views and statements as text.


def test_the_source_of_a_program():
    code = Code()
    X = code.given("X", ("m", 2))
    X.each_call = True
    a = code.buffer("a", (2, "m"))
    b = code.buffer("b", (2, "m"))
    code.write(
        "np.exp({}, out={out})", code.view(X, "{}.T", (2, "m"), "x"), out=a, elementwise=True
    )
    code.write("np.multiply({}, {}, out={out})", a, 2.0, out=b, elementwise=True)
    assert (
        source_of(code, "doubled", "b")
        == """\
import numpy as np
from numpy import exp, multiply

# memory of a batch of m examples, and views
mean = 1.0 / m
one = np.array(1.0)
a = b = np.empty((2, m))


def doubled(X):
    x = X.T
    exp(x, out=a)
    multiply(a, 2.0, out=b)
    return b
"""
    )


def test_what_no_statement_names_is_not_in_the_source():
    code = Code()
    used, unused = code.buffer("used", (1, "m")), code.buffer("unused", (1, "m"))
    code.view(unused, "{}[0]", ("m",))
    code.write("np.copyto({out}, {})", 1.0, out=used)
    source = source_of(code, "f", "used")
    assert "used = np.empty((1, m))" in source
    assert "unused" not in source


def test_a_view_is_made_once():
    code = Code()
    a = code.buffer("a", (2, "m"))
    assert code.view(a, "{}[0:1]", (1, "m")) is code.view(a, "{}[0:1]", (1, "m"))
    assert code.view(a, "{}[0:1]", (1, "m")) is not code.view(a, "{}[1:2]", (1, "m"))
