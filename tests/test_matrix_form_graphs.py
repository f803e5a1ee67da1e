"""The matrix form agrees with the scalar graph on any graph: random ones, every row of the table.

A random graph is built for three examples at once, from instructions that shrink: a node is a list
with a Value for each example. Inputs differ from example to example, a parameter is the same Value
in all of them. What grows is squashed, in all examples alike, so that the graphs have one shape.
"""

import inspect
import itertools
import math

import numpy as np
import pytest
from agreement import called, close
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from micrograd_bp import Value, logsumexp, matrix_form, total, weighted_sum
from micrograd_bp import primitives as p
from micrograd_bp.engine import topological_order

EXAMPLES = 3
LARGE = 3.0
TABLE = list(p.TABLE.values())

pytestmark = pytest.mark.usefixtures("memory_is_full_of_nan")


# Graphs for several examples at once.


def leaves(seed, inputs, parameters):
    """Nodes of inputs, and parameters, with data that no two of them share."""
    draw = np.random.default_rng(seed).uniform
    x = [[Value(draw(-1.5, 1.5)) for _ in range(EXAMPLES)] for _ in range(inputs)]
    return x, [Value(draw(-1.5, 1.5), f"p{k}") for k in range(parameters)]


def apply(step, *operands):
    """The node of step(*operands), for each example."""
    return [step(*x) for x in zip(*operands, strict=True)]


def tame(nodes):
    """Alike nodes, all of them squashed if one is large."""
    if max(abs(v.data) for node in nodes for v in node) < LARGE:
        return nodes
    return [apply(Value.tanh, node) for node in nodes]


def away_from_kinks(*roots):
    """Whether rounding takes no node to the other side of a kink."""
    return all(slack(value) > 1e-6 for root in roots for value in topological_order(*root))


def slack(value):
    """How far a node is from its kink."""
    op, x = value.op, value.operands
    if op in (p.relu, p.leaky_relu, p.absolute, p.sign, p.step):
        return abs(x[0].data)
    if op in (p.maximum, p.minimum, p.share) and x[0] is not x[1]:
        return abs(x[0].data - x[1].data)
    return math.inf


def mean_gradient(cost, parameters):
    for parameter in parameters:
        parameter.grad = 0.0
    for of_example in cost:
        of_example.backward()
    return np.array([parameter.grad for parameter in parameters]) / len(cost)


def assert_agrees(cost, x, parameters):
    """Values, mean and gradient of the form that the first example gives, for all examples."""
    X = np.array([[v.data for v in node] for node in x]).reshape(len(x), EXAMPLES).T
    form = matrix_form(cost[0], [node[0] for node in x], parameters)
    expected = [value.data for value in cost]
    assert called(form.values, X) == close(expected)
    called(form.value_and_gradient, X)[1].fill(math.nan)  # which the next call overwrites
    mean, gradient = called(form.value_and_gradient, X)
    assert mean == close(np.mean(expected))
    assert gradient == close(mean_gradient(cost, parameters))


# Random programs: each instruction picks earlier nodes, the first or the latest.


def positive(x):
    return x.softplus() + 0.5


UNARY = {
    "neg": lambda x: -x,
    "abs": abs,
    "exp": lambda x: x.exp(),
    "expm1": lambda x: x.expm1(),
    "log": lambda x: positive(x).log(),
    "log1p": lambda x: x.sigmoid().log1p(),
    "sqrt": lambda x: positive(x).sqrt(),
    "sin": lambda x: x.sin(),
    "cos": lambda x: x.cos(),
    "tan": lambda x: x.sigmoid().tan(),
    "tanh": lambda x: x.tanh(),
    "sigmoid": lambda x: x.sigmoid(),
    "softplus": lambda x: x.softplus(),
    "relu": lambda x: x.relu(),
    "leaky_relu": lambda x: x.leaky_relu(),
    "step": lambda x: p.step(x) * x,
    "sign": lambda x: p.sign(x) * x,
    "square": lambda x: x**2,
    "cube": lambda x: x**3,
    "reciprocal": lambda x: positive(x) ** -1,
    "power 0.5": lambda x: positive(x) ** 0.5,
    "power 0": lambda x: x**0,
    "power 1": lambda x: x**1,
    "power of 2": lambda x: 2.0**x,
    "twice": lambda x: 2.0 * x,
    "half": lambda x: x * 0.5,
    "times 0": lambda x: x * 0.0,
    "plus 0": lambda x: x + 0.0,
    "plus 1": lambda x: 1.0 + x,
    "minus 1": lambda x: x - 1.0,
    "1 minus": lambda x: 1.0 - x,
    "above 0.3": lambda x: x.maximum(0.3),
    "below 0.3": lambda x: p.minimum(0.3, x),
}
BINARY = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / positive(y),
    "divide": lambda x, y: p.divide(x, positive(y)),
    "**": lambda x, y: positive(x) ** y.tanh(),
    "maximum": lambda x, y: x.maximum(y),
    "minimum": lambda x, y: x.minimum(y),
    "share": lambda x, y: p.share(x, y) * x,
    "exp_difference": lambda x, y: p.exp_difference(x.tanh(), y),
    "monomial": lambda x, y: p.monomial(x, positive(y), x),
    "monomial_log1": lambda x, y: p.monomial_log1(y, positive(x), y),
}
MANY = {
    "total": lambda *x: total(x),
    "sum": lambda *x: sum(x),
    "logsumexp": lambda *x: logsumexp(x),
    "weighted_sum": lambda *x: weighted_sum(x, x[::-1]),
    "weighted_sum and b": lambda *x: weighted_sum(x, x[1:] + x[:1], x[0]),
    "weighted by numbers": lambda *x: weighted_sum([0.5, 2.0] * len(x), x + x, 1.0),
    "sum of squares": lambda *x: total(v * v for v in x),
}
STEPS = (
    [(name, 1) for name in UNARY] + [(name, 2) for name in BINARY] + [(name, 5) for name in MANY]
)
FUNCTIONS = UNARY | BINARY | MANY


@st.composite
def instructions(draw):
    """A step by name, and operands by position: from the first node, or negative from the last."""
    name, most = draw(st.sampled_from(STEPS))
    least = min(most, 2)
    return name, draw(st.lists(st.integers(-6, 6), min_size=least, max_size=most))


programs = st.lists(instructions(), min_size=1, max_size=20)


def run(program, nodes):
    """The nodes, and one more for each instruction."""
    nodes = list(nodes)
    for name, picks in program:
        operands = [nodes[k % len(nodes)] for k in picks]
        nodes += tame([apply(FUNCTIONS[name], *operands)])
    return nodes


@settings(max_examples=200)
@given(programs, st.integers(0, 3), st.integers(1, 4), st.integers(1, 3), st.integers(0, 999))
def test_random_programs(program, inputs, parameters, summands, seed):
    x, theta = leaves(seed, inputs, parameters)
    nodes = run(program, [*x, *([w] * EXAMPLES for w in theta)])
    cost = nodes[-1] if summands == 1 else apply(lambda *v: total(v), *nodes[-summands:])
    assume(away_from_kinks(cost))
    assert_agrees(cost, x, theta)


@settings(max_examples=100)
@given(programs, st.lists(st.integers(-9, 9), min_size=1, max_size=6), st.integers(0, 999))
def test_random_roots_of_random_programs(program, picks, seed):
    x, theta = leaves(seed, 2, 2)
    nodes = run(program, [*x, *([w] * EXAMPLES for w in theta)])
    roots = [nodes[k % len(nodes)] for k in picks]
    assume(away_from_kinks(*roots))
    form = matrix_form([root[0] for root in roots], [node[0] for node in x], theta)
    X = np.array([[v.data for v in node] for node in x]).T
    expected = np.array([[v.data for v in root] for root in roots]).T
    assert called(form.values, X) == close(expected)


# Layers of neurons that each read a random subset of what came before.


@st.composite
def networks(draw):
    """Layer by layer, for each neuron the positions that it reads, the latest values counted 0."""
    return draw(
        st.lists(
            st.lists(st.lists(st.integers(0, 7), min_size=1, max_size=4), min_size=1, max_size=3),
            min_size=1,
            max_size=3,
        )
    )


@settings(max_examples=200)
@given(
    networks(),
    st.sampled_from(["tanh", "sigmoid", "softplus", "relu"]),
    st.booleans(),
    st.booleans(),
    st.integers(0, 999),
)
def test_random_layered_networks(network, activation, with_bias, by_hand, seed):
    x, theta = leaves(seed, 4, sum(len(reads) + 1 for layer in network for reads in layer))
    weights = iter(theta)

    def neuron(reads, values):
        w = [next(weights) for _ in reads]
        b = next(weights) if with_bias else None

        def z(*a):
            if not by_hand:
                return weighted_sum(w, a, b)
            z = sum(w_i * a_i for w_i, a_i in zip(w, a, strict=True))
            return z if b is None else z + b

        return apply(z, *[values[-1 - k % len(values)] for k in reads])

    values = list(x)
    for layer in network:
        z = tame([neuron(reads, values) for reads in layer])
        values += [apply(getattr(Value, activation), z_j) for z_j in z]
    cost = apply(lambda *a: 0.5 * total(a_j**2 for a_j in a), *values[4:])
    assume(away_from_kinks(cost))
    assert_agrees(cost, x, theta)


# Groups of alike nodes that pick operands in patterns: slices, windows, repeats, permutations.


@st.composite
def patterns(draw):
    """A function of (j, k), the entry that the k-th operand of the j-th node is."""
    if draw(st.booleans()):
        start, by_j, by_k = draw(st.tuples(*[st.integers(0, 4)] * 3))
        return lambda j, k: start + by_j * j + by_k * k
    entries = draw(st.lists(st.integers(0, 9), min_size=1, max_size=12))
    return lambda j, k: entries[(3 * j + k) % len(entries)]


vectors = st.integers(-4, 1)
GROUPWISE = ["tanh", "sin", "softplus", "-", "*", "+", "/", "maximum", "minimum", "twice", "square"]
GROUPWISE += ["sums of products"] * 3 + ["sums", "logsumexp"]


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(GROUPWISE),
            st.integers(1, 6),
            st.integers(1, 4),
            st.tuples(vectors, vectors, vectors),
            st.tuples(patterns(), patterns(), patterns()),
        ),
        min_size=1,
        max_size=5,
    ),
    st.integers(0, 999),
)
def test_random_graphs_of_groups(program, seed):
    """Instructions (operation, nodes, products in each, vectors read, entries read)."""
    x, theta = leaves(seed, 4, 8)
    made = [x, [[w] * EXAMPLES for w in theta]]
    for name, size, count, sources, entries in program:
        u, v, b = (made[k % len(made)] for k in sources)
        first, second, third = entries

        def node(j, name=name, count=count, u=u, v=v, b=b, f=first, s=second, t=third):
            left = [u[f(j, k) % len(u)] for k in range(count)]
            right = [v[s(j, k) % len(v)] for k in range(count)]
            if name == "sums of products":
                bias = b[t(j, 0) % len(b)]
                return apply(
                    lambda *n: weighted_sum(n[:count], n[count:-1], n[-1]), *left, *right, bias
                )
            if name in ("sums", "logsumexp"):
                return apply(lambda *n: total(n) if name == "sums" else logsumexp(n), *left)
            if name in UNARY:
                return apply(UNARY[name], left[0])
            return apply(BINARY[name], left[0], right[0])

        made.append(tame([node(j) for j in range(size)]))
    cost = apply(lambda *n: total(n), *[node for vector in made[2:] for node in vector])
    assume(away_from_kinks(cost))
    assert_agrees(cost, x, theta)


# Every row of the table, on inputs, parameters and constants.

NUMBERS = [0.35, -0.6, 0.8, -2.3, 1.1, 2.7]
KINDS = ("input", "parameter", "constant")


def arity(row):
    """How many operands the rule names; five for rows with any number of them."""
    operands = list(inspect.signature(row.derivatives).parameters.values())[1:]
    return 5 if any(x.kind is x.VAR_POSITIONAL for x in operands) else len(operands)


def is_inside(row, operands):
    try:
        return math.isfinite(row.floats(*operands))
    except p.ARITHMETIC:
        return False


def points(row, kinds):
    """For each example the operands of two applications of the row; only inputs differ in them."""
    shared = [NUMBERS[k] if NUMBERS[k] > 0.0 else 0.5 for k in range(len(kinds))]
    found = []
    for shift in range(12):
        x = [NUMBERS[(shift + (1 + shift // 6) * k) % 6] for k in range(len(kinds))]
        x = [x[k] if kind == "input" else shared[k] for k, kind in enumerate(kinds)]
        if is_inside(row, x) and x not in found:
            found.append(x)
    return [(found[t % len(found)], found[(t + 1) % len(found)]) for t in range(EXAMPLES)]


def kinds_of(row):
    """All ways to choose what the operands are, but all constants; of many operands, some."""
    n = arity(row)
    if n < 4:
        return [kinds for kinds in itertools.product(KINDS, repeat=n) if {*kinds} != {"constant"}]
    return [[KINDS[(k + turn) % 3] for k in range(n)] for turn in range(3)] + [["input"] * n]


CASES = [
    pytest.param(row, k, id=f"{row.name}-{'-'.join(k)}") for row in TABLE for k in kinds_of(row)
]


@pytest.mark.parametrize(("row", "kinds"), CASES)
def test_every_row_of_the_table(row, kinds):
    """The cost 0.7 row(...) + 1.3 row(...): both are one group."""
    examples = points(row, kinds)
    theta = [Value(number, f"p{k}") for k, number in enumerate(examples[0][0])]
    x, cost = [], []
    for pair in examples:
        inputs = [[Value(number) for number in operands] for operands in pair]
        made = []
        for operands in inputs:
            of_kind = {
                "input": operands,
                "parameter": theta,
                "constant": [v.data for v in operands],
            }
            made.append(row.apply([of_kind[kind][k] for k, kind in enumerate(kinds)]))
        cost.append(weighted_sum([0.7, 1.3], made))
        x.append(inputs[0] + inputs[1])
    assert_agrees(cost, [list(node) for node in zip(*x, strict=True)], theta)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_every_row_twice_over(row):
    """As the activation of two layers: its adjoint passes through its own rule."""
    rng = np.random.default_rng(0)
    theta = [Value(number, f"w{k}") for k, number in enumerate(rng.uniform(0.1, 0.4, size=6))]
    x = [[Value(number) for number in rng.uniform(0.2, 1.0, size=EXAMPLES)] for _ in range(2)]

    def layer(*a):
        n = arity(row)
        z = [positive(weighted_sum(theta[2 * j : 2 * j + 2], a, 0.1)) for j in range(3)]
        return [row.apply([z[(j + k) % 3] for k in range(n)]) for j in range(3)]

    cost = apply(lambda *a: total(v * v for v in layer(*layer(*a)[:2])), *x)
    assert_agrees(cost, x, theta)
