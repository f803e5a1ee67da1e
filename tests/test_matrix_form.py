"""The matrix form as users see it: the numbers of the scalar graph for many examples at once.

`checked(record, X, parameters)` records the graph of one example, runs its matrix form on all rows
of X, and compares with the scalar graph, recorded anew for each row.
"""

import ast
import itertools
import math
import re

import numpy as np
import pytest

from micrograd_bp import (
    MLP,
    Layer,
    MatrixForm,
    Primitive,
    Value,
    cross_entropy,
    hinge,
    log_likelihood,
    logsumexp,
    matrix_form,
    quadratic,
    sigmoid_cross_entropy,
    softmax,
    softmax_cross_entropy,
    total,
    weighted_sum,
)
from micrograd_bp.matrix_form.program import Sum
from micrograd_bp.primitives import TABLE, divide, exp, sigmoid, step

pytestmark = pytest.mark.usefixtures("memory_is_full_of_nan")


def parameters(*shape, name="w", seed=0):
    """Values in nested lists of this shape, labelled with their indices."""
    numbers = np.random.default_rng(seed).uniform(-1.0, 1.0, size=shape)
    indices = (name + "_".join(map(str, at)) for at in np.ndindex(*shape))
    values = [Value(number, label) for number, label in zip(numbers.flat, indices, strict=True)]
    return np.array(values, dtype=object).reshape(shape).tolist()


def flat(*nested):
    """The Values in nested lists, in order."""
    return [v for part in nested for v in (flat(*part) if isinstance(part, list) else [part])]


def inputs(row):
    return [Value(number) for number in row]


def examples(m, n, seed=1):
    return np.random.default_rng(seed).uniform(-1.5, 1.5, size=(m, n))


def close(numbers):
    """Within rounding: 1e-9 of each number, or 1e-12 of the largest."""
    finite = np.abs(numbers)[np.isfinite(numbers)]
    scale = max(1.0, float(np.max(finite, initial=0.0)))
    return pytest.approx(np.array(numbers), rel=1e-9, abs=1e-12 * scale)


def scalar(record, X, theta):
    """The costs of the rows of X, and the mean gradient, from the scalar graph."""
    costs, sums = [], np.zeros(len(theta))
    for row in X:
        for parameter in theta:
            parameter.grad = 0.0
        cost = record(inputs(row))
        cost.backward()
        costs.append(cost.data)
        sums += [parameter.grad for parameter in theta]
    return costs, sums / len(X)


def assert_agrees(form, record, X, theta):
    costs, mean_gradient = scalar(record, X, theta)
    assert form.values(X) == close(costs)
    form.value_and_gradient(X)[1].fill(math.nan)  # which the next call overwrites
    mean, gradient = form.value_and_gradient(X)
    assert mean == close(np.mean(costs))
    assert gradient == close(mean_gradient)


def recorded(record, row, theta):
    x = inputs(row)
    return matrix_form(record(x), x, theta)


def checked(record, X, theta=()):
    """The form of record(first row), after it agreed with the scalar graph on all rows."""
    X, theta = np.array(X, dtype=float), list(theta)
    form = recorded(record, X[0], theta)
    assert_agrees(form, record, X, theta)
    return form


# Networks.

ACTIVATIONS = ["tanh", "sigmoid", "relu", "leaky_relu", "softplus", "linear", "softmax"]
COSTS = {
    "quadratic": (quadratic, "linear"),
    "hinge": (hinge, "tanh"),
    "cross_entropy": (cross_entropy, "sigmoid"),
    "log_likelihood": (log_likelihood, "softmax"),
    "sigmoid_cross_entropy": (sigmoid_cross_entropy, "linear"),
    "softmax_cross_entropy": (softmax_cross_entropy, "linear"),
}


def targets(m, cost):
    rng = np.random.default_rng(2)
    if cost == "hinge":
        return rng.choice([-1.0, 1.0], size=(m, 3))
    if cost == "quadratic":
        return rng.uniform(-1.0, 1.0, size=(m, 3))
    return np.eye(3)[rng.integers(0, 3, size=m)]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", COSTS)
def test_networks_agree_for_any_number_of_examples_in_turn(activation, name):
    cost, output = COSTS[name]
    net = MLP(4, [5, 3], activation=activation, output=output, rng=0)
    X = np.hstack([examples(7, 4), targets(7, name)])

    def record(v):
        return cost(net(v[:4]), v[4:])

    form = recorded(record, X[0], net.parameters())
    for m in (1, 2, 7, 2, 1):
        assert_agrees(form, record, X[-m:], net.parameters())


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_targets_may_be_numbers(activation):
    net = MLP(4, [5, 3], activation=activation, output=activation, rng=0)
    checked(lambda x: quadratic(net(x), [0.0, 1.0, 0.5]), examples(3, 4), net.parameters())


def test_soft_targets():
    X = np.hstack([examples(5, 2), np.random.default_rng(3).uniform(0.0, 1.0, size=(5, 2))])
    net = MLP(2, [2], activation="sigmoid", output="sigmoid", rng=0)
    checked(lambda v: cross_entropy(net(v[:2]), v[2:]), X, net.parameters())
    logits = MLP(2, [2], rng=0)
    for cost in (sigmoid_cross_entropy, softmax_cross_entropy):
        checked(lambda v, c=cost: c(logits(v[:2]), v[2:]), X, logits.parameters())


def test_a_single_output_neuron():
    net = MLP(3, [4, 1], activation="tanh", rng=0)
    checked(lambda v: quadratic(net(v[:3]), v[3]), examples(5, 4), net.parameters())


def test_a_single_weight():
    net = MLP(1, [1], activation="tanh", output="tanh", rng=0)
    checked(lambda v: quadratic(net(v[:1]), v[1]), examples(5, 2), net.parameters())


def test_a_deep_network():
    net = MLP(3, [4, 4, 4, 4, 4, 2], activation="tanh", output="sigmoid", rng=0)
    form = checked(lambda x: quadratic(net(x), [1.0, 0.0]), examples(5, 3), net.parameters())
    assert [is_matrix_of(form, f"z{l}") for l in range(1, 7)] == [True] * 6


@pytest.mark.parametrize("m", [1, 3])
def test_layers_and_costs_in_pieces_of_one_s_own(m):
    first, second = Layer(3, 4, activation="tanh", rng=0), Layer(4, 2, activation="softmax", rng=1)
    theta = second.parameters() + first.parameters()
    form = checked(lambda x: -second(first(x))[1].log(), examples(m, 3), theta)
    assert len(matrix_products(form)) == 2


def test_an_ensemble_of_networks_over_the_same_inputs():
    nets = [MLP(3, [4, 1], activation="tanh", rng=seed) for seed in range(3)]
    theta = flat(*[net.parameters() for net in nets])
    checked(lambda x: (total(net(x) for net in nets) / 3.0 - 1.0) ** 2, examples(4, 3), theta)


# Weighted sums, however they are written, are one product of matrices.


def matrix_products(form):
    """The weighted sums that are products of matrices."""
    sums = [i for i in form.program.forward if isinstance(i, Sum)]
    return [product for i in sums for product in i.products if product.is_matrix]


def is_matrix_of(form, name):
    """Whether the vector of this name is one product of matrices, and terms."""
    made = next(i for i in form.program.forward if i.out.name == name)
    covered = [product.rows.size for product in made.products if product.is_matrix]
    return covered == [made.out.size] and len(made.products) == 1


def array_products(form, function):
    """The products of matrices in a function of the source."""
    made = next(n for n in functions(form) if n.name == function)
    return re.findall(r"\b(dot|matmul)\(", ast.get_source_segment(form.source, made))


def functions(form):
    return [node for node in ast.parse(form.source).body if isinstance(node, ast.FunctionDef)]


def from_left(w, x, b):
    z = b
    for w_i, x_i in zip(w, x, strict=True):
        z = z + w_i * x_i
    return z


def from_right(w, x, b):
    z = b
    for w_i, x_i in zip(w, x, strict=True):
        z = x_i * w_i + z
    return z


def balanced(terms):
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    return balanced(terms[:half]) + balanced(terms[half:])


def labelled(w, x, b):
    z = b
    for k, (w_i, x_i) in enumerate(zip(w, x, strict=True)):
        product = w_i * x_i
        product.label = f"term {k}"
        z = z + product
        z.label = f"so far {k}"
    return z


def products(w, x):
    return [w_i * x_i for w_i, x_i in zip(w, x, strict=True)]


NEURONS = {
    "weighted_sum": lambda w, x, b: weighted_sum(w, x, b),
    "weighted_sum of x by w": lambda w, x, b: weighted_sum(x, w, b),
    "weighted_sum, no bias": lambda w, x, b: weighted_sum(w, x),
    "weighted_sum and +": lambda w, x, b: b + weighted_sum(w, x),
    "two weighted_sums": lambda w, x, b: weighted_sum(w[:1], x[:1]) + weighted_sum(w[1:], x[1:], b),
    "total, bias first": lambda w, x, b: total([b, *products(w, x)]),
    "total, bias last": lambda w, x, b: total([*products(w, x), b]),
    "total, no bias": lambda w, x, b: total(products(w, x)),
    "total of totals": lambda w, x, b: total([total(products(w, x)[:2]), products(w, x)[2], b]),
    "sum, bias first": lambda w, x, b: sum(products(w, x), b),
    "sum, bias last": lambda w, x, b: sum(products(w, x)) + b,
    "sum, no bias": lambda w, x, b: sum(products(w, x)),
    "sum from 0.0": lambda w, x, b: sum(products(w, x), 0.0) + b,
    "from the left": from_left,
    "from the right": from_right,
    "balanced": lambda w, x, b: balanced([*products(w, x), b]),
    "labelled": labelled,
    "np.dot": lambda w, x, b: np.dot(np.array(w), np.array(x)) + b,
    "np.sum": lambda w, x, b: np.sum(np.array(w) * np.array(x)) + b,
    "np.inner": lambda w, x, b: np.inner(np.array(x), np.array(w)) + b,
}
N_IN, N_OUT = 3, 4


@pytest.mark.parametrize("stored", ["(n_in, n_out)", "(n_out, n_in)"])
@pytest.mark.parametrize("name", NEURONS)
def test_weighted_sums_become_one_product_however_they_are_written(name, stored):
    b = parameters(N_OUT, name="b")
    if stored == "(n_in, n_out)":
        w = parameters(N_IN, N_OUT)
        columns = [list(column) for column in zip(*w, strict=True)]
    else:
        w = columns = parameters(N_OUT, N_IN)

    def record(x):
        z = [NEURONS[name](w_j, x, b_j) for w_j, b_j in zip(columns, b, strict=True)]
        return total(z_j.tanh() ** 2 for z_j in z)

    assert_is_one_layer(checked(record, examples(5, N_IN), flat(w, b)))


LAYERS = {
    "x @ W": lambda W, x: x @ W,
    "W.T @ x": lambda W, x: W.T @ x,
    "np.dot(x, W)": lambda W, x: np.dot(x, W),
    "np.dot(W.T, x)": lambda W, x: np.dot(W.T, x),
    "sum over an axis": lambda W, x: np.sum(W * x[:, None], axis=0),
    "tensordot": lambda W, x: np.tensordot(x, W, axes=1),
    "row times matrix": lambda W, x: (x[None, :] @ W)[0],
}


@pytest.mark.parametrize("name", LAYERS)
def test_products_of_object_arrays_become_one_product(name):
    w, b = parameters(N_IN, N_OUT), parameters(N_OUT, name="b")
    W = np.array(w)

    def record(x):
        return np.sum(np.tanh(LAYERS[name](W, np.array(x)) + np.array(b)) ** 2)

    assert_is_one_layer(checked(record, examples(5, N_IN), flat(w, b)))


def by_neuron(w, b):
    """Pairs of a neuron's weights and its bias."""
    return [(list(w_j), b_j) for w_j, b_j in zip(zip(*w, strict=True), b, strict=True)]


ORDERS = {
    "weights, biases": lambda w, b: flat(w, b),
    "biases, weights": lambda w, b: flat(b, w),
    "neuron by neuron": lambda w, b: flat(*[[*w_j, b_j] for w_j, b_j in by_neuron(w, b)]),
    "bias before its weights": lambda w, b: flat(*[[b_j, *w_j] for w_j, b_j in by_neuron(w, b)]),
    "backwards": lambda w, b: flat(w, b)[::-1],
    "every other one": lambda w, b: flat(w, b)[::2] + flat(w, b)[1::2],
    "shuffled": lambda w, b: np.random.default_rng(0).permutation(flat(w, b)).tolist(),
}


@pytest.mark.parametrize("order", ORDERS)
def test_parameters_may_stand_in_any_order(order):
    """The parameters are read and their gradients written where they stand."""
    w, b = parameters(N_IN, N_OUT), parameters(N_OUT, name="b")

    def record(x):
        return total(from_left(w_j, x, b_j).tanh() ** 2 for w_j, b_j in by_neuron(w, b))

    assert_is_one_layer(checked(record, examples(5, N_IN), ORDERS[order](w, b)))


def assert_is_one_layer(form):
    (product,) = matrix_products(form)
    assert sorted(product.rows.ravel()) == list(range(N_OUT))
    assert product.right.index.shape == (1, N_IN)
    assert len(array_products(form, "values")) == 1
    assert len(array_products(form, "value_and_gradient")) == 2  # and back to the weights


def test_two_layers_by_hand_become_two_products():
    u, v = parameters(3, 4, name="u"), parameters(4, 2, name="v")

    def record(x):
        hidden = [from_left(u_j, x, 0.5).sigmoid() for u_j in zip(*u, strict=True)]
        return total(from_right(v_j, hidden, 0.0) ** 2 for v_j in zip(*v, strict=True))

    form = checked(record, examples(5, 3), flat(u, v))
    assert [p.rows.size for p in matrix_products(form)] == [4, 2]


def test_inputs_in_an_order_of_their_own_for_each_neuron():
    """z_j sums the same inputs, from another one on."""
    w = parameters(4, 3)

    def record(x):
        z = [total(w[j][k] * x[(j + k) % 3] for k in range(3)) for j in range(4)]
        return total(z_j.tanh() for z_j in z)

    assert [p.rows.size for p in matrix_products(checked(record, examples(5, 3), flat(w)))] == [4]


# Other architectures.


def shared_filters(x, filters, b, order):
    """A convolution: filters over windows of 3 inputs; flattened window by window or not."""
    z = [
        [weighted_sum(filters[q], x[s : s + 3], b[q]) for q in range(len(filters))]
        for s in range(len(x) - 2)
    ]
    rows = z if order == "window by window" else zip(*z, strict=True)
    return [z_sq.tanh() for row in rows for z_sq in row]


flattened = pytest.mark.parametrize("order", ["window by window", "filter by filter"])


@flattened
def test_a_convolution(order):
    k, b, v = parameters(2, 3, name="k"), parameters(2, name="b"), parameters(3, 8, name="v")

    def record(x):
        a = shared_filters(x, k, b, order)
        return total(weighted_sum(v_j, a).tanh() ** 2 for v_j in v)

    form = checked(record, examples(5, 6), flat(k, b, v))
    first, second = (i for i in form.program.forward if isinstance(i, Sum) and i.out.size > 1)
    (windows,) = first.products
    assert windows.rows.shape == (4, 2)  # 4 windows, 2 filters
    assert windows.left.index.shape == (2, 3)  # the same for all windows
    assert not windows.is_matrix
    assert second.products[0].is_matrix
    assert len(array_products(form, "values")) == 2


@flattened
def test_a_convolution_on_a_convolution(order):
    k, b = parameters(2, 3, name="k"), parameters(2, name="b")
    g, c = parameters(3, 3, name="g"), parameters(3, name="c")

    def record(x):
        a = shared_filters(x, k, b, order)
        return total(a_j * a_j for a_j in shared_filters(a, g, c, order))

    checked(record, examples(4, 6), flat(k, b, g, c))


def test_a_convolution_in_two_dimensions_with_channels():
    """Images of 4 x 4, two filters of 3 x 3, then two of 2 x 2 over both channels."""
    first, second = parameters(2, 9, name="k"), parameters(2, 8, name="g")

    def record(x):
        image = np.array(x).reshape(4, 4)
        maps = np.array(
            [
                [weighted_sum(k, image[r : r + 3, c : c + 3].ravel()).relu() for c in range(2)]
                for k in first
                for r in range(2)
            ]
        ).reshape(2, 2, 2)
        return total(weighted_sum(g, maps.ravel()).tanh() ** 2 for g in second)

    checked(record, examples(4, 16), flat(first, second))


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_windows_with_strides_and_pooling(stride):
    k = parameters(2, 3, name="k")

    def record(x):
        starts = range(0, len(x) - 2, stride)
        maps = [[weighted_sum(k_q, x[s : s + 3]) for s in starts] for k_q in k]
        pooled = [total(z) * (1.0 / len(z)) for z in maps]
        highest = [z[0].maximum(z[-1]) for z in maps]
        return total(a.tanh() for a in pooled + highest)

    checked(record, examples(4, 9), flat(k))


def test_weights_on_a_diagonal_are_counted_each_time():
    """A Toeplitz matrix: the same weight stands in several rows, beside other inputs."""
    w = parameters(5, name="w")

    def record(x):
        return total(total(w[j + k] * x[k] for k in range(3)).tanh() for j in range(3))

    checked(record, examples(4, 3), w)


def test_a_symmetric_matrix():
    w = parameters(6, name="w")
    at = {pair: k for k, pair in enumerate(itertools.combinations_with_replacement(range(3), 2))}

    def record(x):
        z = [total(w[at[min(i, j), max(i, j)]] * x[i] for i in range(3)) for j in range(3)]
        return total(z_j.tanh() for z_j in z)

    checked(record, examples(4, 3), w)


def test_locally_connected_layers():
    """Weights of its own for each window."""
    w, b = parameters(4, 2, 3, name="w"), parameters(4, 2, name="b")
    v = parameters(2, 8, name="v")

    def record(x):
        windows = [x[s : s + 3] for s in range(4)]
        z = [
            weighted_sum(w[s][q], window, b[s][q])
            for s, window in enumerate(windows)
            for q in range(2)
        ]
        a = [z_sq.tanh() for z_sq in z]
        return total(weighted_sum(v_j, a) ** 2 for v_j in v)

    form = checked(record, examples(5, 6), flat(w, b, v))
    product = next(i for i in form.program.forward if isinstance(i, Sum)).products[0]
    assert product.rows.shape == (4, 2)
    assert product.left.index.shape == (4, 2, 3)


def attention(x, w, causal, scale=0.7):
    """Three tokens of two numbers: queries, keys, values; scores, softmax, weighted values."""
    tokens = [x[2 * t : 2 * t + 2] for t in range(3)]
    q, k, v = ([[weighted_sum(row, t) for row in matrix] for t in tokens] for matrix in w)
    results = []
    for t in range(3):
        seen = range(t + 1 if causal else 3)
        scores = [scale * weighted_sum(q[t], k[u]) for u in seen]
        weights = softmax(scores)
        results += [weighted_sum(weights, [v[u][d] for u in seen]) for d in range(2)]
    return results


@pytest.mark.parametrize("causal", [False, True])
def test_attention(causal):
    w = parameters(3, 2, 2)
    form = checked(lambda x: total(a * a for a in attention(x, w, causal)), examples(5, 6), flat(w))
    products = [p for i in form.program.forward if isinstance(i, Sum) for p in i.products]
    shapes = [p.rows.shape for p in products if p.right.vector.batched and p.left.vector.batched]
    assert ((3, 3) in shapes) is not causal  # the scores of all pairs are one product
    assert any(p.is_weighted and p.rows.size == 18 for p in products)  # q, k and v are another


@pytest.mark.parametrize("causal", [False, True])
def test_two_blocks_of_attention_with_residuals(causal):
    w, u = parameters(3, 2, 2), parameters(3, 2, 2, name="u")

    def record(x):
        y = [x_i + a_i for x_i, a_i in zip(x, attention(x, w, causal), strict=True)]
        return total(a.tanh() for a in attention(y, u, causal))

    checked(record, examples(3, 6), flat(w, u))


def test_residual_connections():
    w = parameters(3, 4, 4)

    def record(x):
        for matrix in w:
            x = [x_j + weighted_sum(w_j, x).tanh() for w_j, x_j in zip(matrix, x, strict=True)]
        return total(x_j * x_j for x_j in x)

    checked(record, examples(5, 4), flat(w))


def test_all_earlier_layers_are_read():
    """As in a DenseNet: each layer reads all values before it."""
    w = [parameters(2, 3 + 2 * l, name=f"w{l}_", seed=l) for l in range(3)]

    def record(x):
        values = list(x)
        for matrix in w:
            values += [weighted_sum(w_j, values).tanh() for w_j in matrix]
        return total(values)

    checked(record, examples(5, 3), flat(*w))


@pytest.mark.parametrize("first_state", ["zeros", "numbers", "parameters", "inputs"])
def test_a_recurrent_network_unrolled_over_time(first_state):
    w, u, b, h0 = parameters(3, 3), parameters(3, 2, name="u"), parameters(3, name="b"), None
    h0 = parameters(3, name="h")

    def record(x):
        states = {"zeros": [0.0] * 3, "numbers": [0.1, 0.2, 0.3], "parameters": h0}
        h = states.get(first_state, x[-3:])
        for t in range(3):
            z = [weighted_sum(w[j] + u[j], h + x[2 * t : 2 * t + 2], b[j]) for j in range(3)]
            h = [z_j.tanh() for z_j in z]
        return total(a * a for a in h)

    checked(record, examples(4, 9), flat(w, u, b, h0))


def test_a_recurrent_network_whose_cost_reads_every_state():
    w, u = parameters(2, 2), parameters(2, name="u")

    def record(x):
        h, costs = [x[0], x[0]], []
        for x_t in x:
            h = [(from_left(w[j], h, 0.0) + u[j] * x_t).tanh() for j in range(2)]
            costs.append(quadratic(h, [x_t, 0.0]))
        return total(costs)

    checked(record, examples(4, 4), flat(w, u))


def test_gates_multiply_vectors():
    """As in an LSTM: products of batched vectors, entry by entry."""
    w = parameters(3, 4, 3)

    def record(x):
        f, i, g = (np.array([weighted_sum(row, x) for row in matrix]) for matrix in w)
        c = sigmoid(f) * 0.5 + sigmoid(i) * np.tanh(g)
        return total(c_j.tanh() * f_j for c_j, f_j in zip(c, f, strict=True))

    checked(record, examples(5, 3), flat(w))


def test_tied_weights():
    """An autoencoder that decodes with the weights that it encodes with."""
    w = parameters(2, 4)

    def record(x):
        hidden = [weighted_sum(w_j, x).tanh() for w_j in w]
        decoded = [weighted_sum(w_i, hidden) for w_i in zip(*w, strict=True)]
        return quadratic(decoded, x)

    form = checked(record, examples(5, 4), flat(w))
    assert [p.rows.size for p in matrix_products(form)] == [2, 4]


def test_the_same_layer_applied_twice():
    w, b = parameters(3, 3), parameters(3, name="b")

    def record(x):
        for _ in range(2):
            x = [weighted_sum(w_j, x, b_j).tanh() for w_j, b_j in zip(w, b, strict=True)]
        return total(x)

    checked(record, examples(5, 3), flat(w, b))


def test_an_embedding_is_read_many_times():
    """Words pick rows of a table of parameters, some of them several times."""
    table, v = parameters(4, 2, name="e"), parameters(2, 3, name="v")
    words = [1, 3, 1, 0, 1, 3]

    def record(x):
        gated = [[e_d * x_t for e_d in table[word]] for word, x_t in zip(words, x, strict=True)]
        mean = [total(column) / 6.0 for column in zip(*gated, strict=True)]
        return total(weighted_sum(v_j, mean).tanh() for v_j in zip(*v, strict=True))

    checked(record, examples(4, 6), flat(table, v))


def test_one_parameter_used_everywhere():
    w = Value(0.7, "w")

    def record(x):
        a = [(w * x_i + w).tanh() for x_i in x]
        return total([w * a_i for a_i in a]) * w + w**2

    checked(record, examples(5, 3), [w])


def test_a_bilinear_form():
    w = parameters(3, 3)

    def record(x):
        return total(w[i][j] * x[i] * x[j] for i in range(3) for j in range(3)).tanh()

    checked(record, examples(5, 3), flat(w))


def test_products_of_matrices_of_parameters():
    """W = U V has no examples in it: it is computed once, and its gradient goes on to U and V."""
    u, v = parameters(3, 2, name="u"), parameters(2, 4, name="v")

    def record(x):
        W = np.array(u) @ np.array(v)
        return np.sum(np.tanh(np.array(x) @ W))

    form = checked(record, examples(5, 3), flat(u, v))
    (product,) = matrix_products(form)
    assert not product.left.vector.batched
    assert product.rows.size == 4


def test_distances_and_a_mixture():
    """log sum_k exp(-|x - mu_k|^2 / 2 s_k^2): differences, squares, sums, a logsumexp."""
    mu, s = parameters(3, 2, name="mu"), parameters(3, name="s")

    def record(x):
        terms = []
        for mu_k, s_k in zip(mu, s, strict=True):
            distance = total((x_i - m_i) ** 2 for x_i, m_i in zip(x, mu_k, strict=True))
            terms.append(-distance / (2.0 * (s_k * s_k + 0.5)))
        return -logsumexp(terms)

    checked(record, examples(5, 2), flat(mu, s))


def test_layer_normalisation():
    w, gain = parameters(4, 3), parameters(4, name="gain")

    def record(x):
        z = [weighted_sum(w_j, x) for w_j in w]
        mean = total(z) / 4.0
        variance = total((z_j - mean) ** 2 for z_j in z) / 4.0
        scale = (variance + 1e-3) ** -0.5
        return total(g_j * (z_j - mean) * scale for g_j, z_j in zip(gain, z, strict=True)).tanh()

    checked(record, examples(5, 3), flat(w, gain))


ACROSS = {
    "sums": lambda v: total(v),
    "sums of squares": lambda v: total(a * a for a in v),
    "logsumexp": lambda v: logsumexp(v),
    "means of products": lambda v: weighted_sum(v, v[1:] + v[:1]) / 3.0,
}


@pytest.mark.parametrize("name", ACROSS)
@pytest.mark.parametrize("first", ["rows", "columns", "entries"])
def test_rows_and_columns_of_a_table_are_summed(name, first):
    """What is read first settles the order of the entries; the others read across."""
    w = parameters(3, 4)

    def record(x):
        table = [[(w_kj * x_j).tanh() for w_kj, x_j in zip(w_k, x, strict=True)] for w_k in w]
        readers = {
            "rows": [ACROSS[name](row).sin() for row in table],
            "columns": [ACROSS[name](list(column)).cos() for column in zip(*table, strict=True)],
            "entries": [a.exp() for row in table for a in row],
        }
        return total(readers.pop(first)) * 2.0 - total(flat(*readers.values()))

    checked(record, examples(5, 4), flat(w))


def test_entries_that_only_a_step_reads_receive_nothing():
    """They stand among others in one vector, whose adjoint is 0 there."""
    w = parameters(4)

    def record(x):
        a = [(w_k * x[0]).tanh() for w_k in w]
        return a[0] + a[2].exp() + step(a[1]) + step(a[3])

    checked(record, examples(5, 1), w)


# What depends on no input is computed once.


@pytest.mark.parametrize(
    "penalty",
    [
        lambda w: 0.01 * total(w_i**2 for w_i in w),
        lambda w: 0.01 * total(w_i * w_i for w_i in w),
        lambda w: 0.1 * total(abs(w_i) for w_i in w),
        lambda w: total(w_i * w_i for w_i in w).sqrt(),
    ],
    ids=["w**2", "w * w", "L1", "norm"],
)
def test_a_penalty_on_the_weights_is_computed_once(penalty):
    net = MLP(2, [3, 1], activation="tanh", rng=0)

    def record(v):
        return quadratic(net(v[:2]), v[2]) + penalty(net.parameters())

    form = checked(record, examples(5, 3), net.parameters())
    sizes = [(i.out.size, i.out.batched) for i in form.program.forward]
    assert (1, False) in sizes
    assert sizes.count((3, True)) == 2  # z and a of the hidden layer


def test_a_penalty_alone():
    w = parameters(3)
    form = checked(lambda x: total(w_i**2 for w_i in w), examples(4, 2), w)
    assert not any(i.out.batched for i in form.program.forward)
    assert form.unused_inputs == [0, 1]


# Parameters, inputs and roots of every kind.


def test_a_parameter_that_the_cost_does_not_use_has_gradient_zero():
    w = parameters(4)
    form = checked(lambda x: (w[1] * x[0] + w[3]).tanh(), examples(4, 1), w)
    gradient = form.value_and_gradient(examples(4, 1))[1]
    assert np.flatnonzero(gradient == 0.0).tolist() == [0, 2]


def test_an_unused_input_is_told():
    w = parameters(2)
    form = checked(lambda x: (w[0] * x[1]).tanh() * x[3], examples(4, 5), w)
    assert form.unused_inputs == [0, 2, 4]
    assert checked(lambda x: total(x) * w[0], examples(4, 5), w).unused_inputs == []


def test_a_cost_that_depends_on_no_parameter():
    w = parameters(2)
    form = checked(lambda x: (x[0] * x[1]).tanh(), examples(4, 2), w)
    assert form.value_and_gradient(examples(4, 2))[1].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("theta", [[], ()])
def test_no_parameters_at_all(theta):
    x = inputs([0.5, -1.0])
    form = matrix_form(x[0] * x[1], x, theta)
    assert form.parameters.shape == (0,)
    mean, gradient = form.value_and_gradient([[1.0, 2.0], [3.0, 5.0]])
    assert (mean, gradient.shape) == (8.5, (0,))


def test_no_inputs_at_all():
    w = parameters(2)
    form = matrix_form((w[0] * w[1]).tanh(), [], w)
    mean, gradient = form.value_and_gradient(np.empty((3, 0)))
    costs, expected = scalar(lambda x: (w[0] * w[1]).tanh(), np.empty((3, 0)), w)
    assert mean == close(costs[0])
    assert gradient == close(expected)
    assert form.values(np.empty((3, 0))) == close(costs)


LEAVES = {
    "a parameter": lambda x, w: w[1],
    "an input": lambda x, w: x[1],
    "a constant": lambda x, w: Value(2.5),
    "a number of numbers": lambda x, w: Value(2.0) * 3.0,
    "plus 0": lambda x, w: w[0] + 0.0,
    "total of one": lambda x, w: total([w[0]]),
    "total of none": lambda x, w: Value(1.0) * total([]),
}


@pytest.mark.parametrize("name", LEAVES)
def test_a_cost_that_is_a_leaf(name):
    w = parameters(2)
    checked(lambda x: LEAVES[name](x, w), examples(4, 2), w)


def test_several_roots_give_a_column_each():
    w = parameters(3)
    X = examples(4, 2)

    def record(x):
        z = w[0] * x[0] + w[1] * x[1]
        constant = Value(2.5)
        return [z.tanh(), z, x[1], w[2], constant, z, x[1], constant * 2.0, w[0] * w[1], z.sin()]

    x = inputs(X[0])
    form = matrix_form(record(x), x, w)
    expected = [[root.data for root in record(inputs(row))] for row in X]
    assert form.values(X).shape == (4, 10)
    assert form.values(X) == close(expected)


@pytest.mark.parametrize("roots", [list, tuple, iter, np.array])
def test_the_outputs_of_a_network_for_prediction(roots):
    net = MLP(3, [4, 2], activation="tanh", output="softmax", rng=0)
    X, x = examples(5, 3), inputs([0.1, 0.2, 0.3])
    form = matrix_form(roots(net(x)), x, net.parameters())
    assert form.values(X) == close([[a.data for a in net(row)] for row in X])


def test_a_list_of_one_root_gives_a_column_and_a_bare_root_none():
    x = inputs([1.0])
    w = parameters(1)
    assert matrix_form([w[0] * x[0]], x, w).values([[1.0], [2.0]]).shape == (2, 1)
    assert matrix_form(w[0] * x[0], x, w).values([[1.0], [2.0]]).shape == (2,)


def test_roots_inside_of_sums_are_kept():
    """A root that another root adds up is computed for itself as well."""
    w, X = parameters(3), examples(4, 2)

    def record(x):
        inner = w[0] * x[0] + w[1] * x[1]
        product = w[2] * x[0]
        return [inner, inner + product, product]

    x = inputs(X[0])
    form = matrix_form(record(x), x, w)
    assert form.values(X) == close([[r.data for r in record(inputs(row))] for row in X])


def test_without_parameters_all_labelled_leaves_are_shared_in_order_of_creation():
    late, early = Value(3.0), Value(2.0, "early")
    late = Value(3.0, "late")
    x, unnamed = Value(1.0, "x"), Value(5.0)
    form = matrix_form(late * x + early * unnamed, [x])
    assert form.parameters.tolist() == [2.0, 3.0]
    mean, gradient = form.value_and_gradient([[1.0], [3.0]])
    assert (mean, gradient.tolist()) == (16.0, [5.0, 2.0])


def test_leaves_that_are_no_parameters_are_constants():
    w, frozen = Value(2.0, "w"), Value(3.0, "frozen")
    x = Value(1.0)
    form = matrix_form(w * x + frozen * x, [x], [w])
    assert form.value_and_gradient([[10.0]]) == (50.0, [10.0])


# A sum that others read too stays whole.

SHARED = {
    "sum of a list": lambda v, u: sum([v, u]) * v.tanh(),
    "plus 0": lambda v, u: ((v + 0.0) + u) * v,
    "0 plus": lambda v, u: ((0.0 + v) + u) * v,
    "total of one": lambda v, u: total([total([v]), u]) * v,
    "weighted_sum of none": lambda v, u: weighted_sum([], [], v) * v + u,
    "twice": lambda v, u: total([v, v]),
    "sum of twice": lambda v, u: sum([v, v]),
    "thrice": lambda v, u: v + v + v + u,
    "square": lambda v, u: v * v + u,
    "plus its square": lambda v, u: v + v**2 + v * v,
    "in two sums": lambda v, u: (v + u) * (v + 1.0),
}


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize(
    "inner",
    [
        lambda w, x: w[0] * x[0] + w[1] * x[1],
        lambda w, x: w[0] * x[0],
        lambda w, x: x[0] + w[1],
        lambda w, x: -(w[0] * x[0]),
        lambda w, x: w[0] ** 2,
        lambda w, x: weighted_sum(w[:2], x[:2], w[1]),
        lambda w, x: total([x[0], w[0], w[0]]),
    ],
    ids=["w x + w x", "w x", "x + w", "-w x", "w**2", "weighted_sum", "total"],
)
def test_a_sum_that_is_read_several_times(name, inner):
    w = parameters(3)
    checked(lambda x: SHARED[name](inner(w, x), w[2] * x[0]), examples(4, 2), w)


# Powers, kinks and ties.


@pytest.mark.parametrize("exponent", [2, 3, 0.5, 0, 1, -1, -2.5, 2.0, -0.0])
@pytest.mark.parametrize("base", [lambda v: v.exp(), lambda v: v], ids=["computed", "leaf"])
def test_constant_exponents(exponent, base):
    w = [Value(0.7, "w0"), Value(1.3, "w1")]
    X = np.abs(examples(4, 2)) + 0.1
    checked(lambda x: total(base(v) ** exponent for v in (w[0], x[0], w[1] * x[1])), X, w)


@pytest.mark.parametrize("exponent", [2, 3, 0.5, 0, 1])
def test_constant_exponents_at_zero(exponent):
    """x**0.5 has the slope inf there, in both; x**0 has the slope 0."""
    w = [Value(0.0, "w0"), Value(1.0, "w1")]
    X = np.array([[0.0], [0.25]])
    record = lambda x: w[0] ** exponent + (x[0] * w[1]) ** exponent  # noqa: E731
    form = recorded(record, X[0], w)
    costs, expected = scalar(record, X, w)
    assert form.values(X) == close(costs)
    assert form.value_and_gradient(X)[1].tolist() == pytest.approx(expected.tolist(), nan_ok=True)


@pytest.mark.parametrize("exponent", [2, 3, -1, 0, 1])
def test_whole_exponents_of_negative_numbers(exponent):
    w = [Value(-0.7, "w0"), Value(-1.3, "w1")]
    X = -np.abs(examples(4, 2)) - 0.1
    checked(lambda x: total([w[0] ** exponent, x[0] ** exponent * w[1]]), X, w)


def test_variable_exponents():
    w = [Value(0.7, "w0"), Value(1.3, "w1")]
    X = np.abs(examples(4, 2)) + 0.1
    checked(lambda x: x[0] ** w[0] + w[1] ** x[1] + (w[0] * x[0]) ** (w[1] * x[1]), X, w)
    checked(lambda x: 2.0 ** (w[0] * x[0]) + w[1] ** w[0] + x[1] ** x[0], X, w)


def test_exponents_that_differ_from_neuron_to_neuron():
    """x**2 and x**3 look alike, and are not."""
    w = parameters(4)
    X = np.abs(examples(4, 1)) + 0.1
    checked(lambda x: total((w[k] * x[0]).exp() ** k for k in range(4)), X, w)


def test_division():
    w = [Value(0.7, "w0"), Value(1.3, "w1")]
    X = np.abs(examples(4, 2)) + 0.1
    checked(lambda x: x[0] / w[0] + w[1] / x[1] + (w[0] * x[0]) / (w[1] * x[1]), X, w)
    checked(lambda x: 1.0 / x[0] * w[0] + x[1] / 3.0 * w[1] + w[0] / w[1], X, w)


def test_ties_of_maximum_and_minimum_share_the_gradient():
    w = [Value(2.0, "w0"), Value(2.0, "w1")]
    X = np.array([[2.0], [2.0], [1.0], [3.0]])
    checked(lambda x: w[0].maximum(x[0]) + 3.0 * w[1].minimum(x[0]), X, w)
    form = checked(lambda x: w[0].maximum(w[1]) * x[0], [[1.0], [3.0]], w)
    assert form.value_and_gradient([[1.0], [3.0]])[1].tolist() == [1.0, 1.0]


def test_kinks_at_zero():
    """relu'(0) = abs'(0) = 0, and leaky_relu'(0) is that of its left side."""
    w = [Value(0.0, "w0"), Value(1.0, "w1")]
    X = np.array([[0.0], [-0.0], [1.0], [-1.0]])
    for kink in (Value.relu, abs, Value.leaky_relu):
        checked(lambda x, f=kink: f(w[0]) + f(w[0] * x[0]) + f(w[1] * x[0]), X, w)


def test_a_network_of_zeros_with_relu():
    net = MLP(2, [3, 1], rng=0)
    for parameter in net.parameters():
        parameter.data = 0.0
    checked(lambda x: quadratic(net(x), 1.0), examples(4, 2), net.parameters())


def test_what_the_graph_decided_when_it_was_recorded_stays_so():
    w = Value(2.0, "w")

    def record(x):
        return w * x[0] if x[0] > 0.0 else -w * x[0]

    form = recorded(record, [1.0], [w])
    assert form.values([[3.0], [-3.0]]).tolist() == [6.0, -6.0]


# Large numbers.


@pytest.mark.parametrize("m", [1, 3])
def test_logsumexp_and_softmax_at_large_logits(m):
    w = [Value(4000.0, "w0"), Value(-4000.0, "w1"), Value(1.0, "w2")]
    X = np.array([[1.0, 0.25], [-1.0, 0.5], [0.0, -0.25]])[:m]

    def logits(x):
        return [w[0] * x[0], w[1] * x[0], w[2] * x[1]]

    checked(lambda x: logsumexp(logits(x)), X, w)
    checked(lambda x: weighted_sum([1.0, 2.0, 3.0], softmax(logits(x))), X, w)
    checked(lambda v: softmax_cross_entropy(logits(v), [0.0, 1.0, 0.0]), X, w)


def test_sigmoid_cross_entropy_where_it_saturates():
    w = [Value(1000.0, "w0"), Value(-1000.0, "w1")]
    X = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0], [-1.0, 1.0, 0.0], [0.0, 1.0, 0.0]])

    def record(v):
        return sigmoid_cross_entropy([w[0] * v[0], w[1] * v[0]], v[1:])

    form = checked(record, X, w)
    assert form.values(X).tolist() == [0.0, 2000.0, 2000.0, 2.0 * math.log(2.0)]


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softplus"])
def test_saturating_functions_warn_of_nothing(name):
    w = [Value(1.0, "w")]
    X = [[1000.0], [-1000.0], [30.0], [-745.0], [0.0]]
    checked(lambda x: getattr(w[0] * x[0], name)(), X, w)


# Primitives of one's own.

swish = Primitive(
    "swish",
    lambda x: x * sigmoid(x),
    lambda x: x * sigmoid(x),
    lambda z, x: (z + sigmoid(x) * (1.0 - z),),
)


def square_with_out(x, *, out=None):
    return np.multiply(x, x, out=out)


OWN = {
    "plain function": swish,
    "ufunc": Primitive("arctan", math.atan, np.arctan, lambda z, x: (divide(1.0, 1.0 + x * x),)),
    "takes out": Primitive("square", lambda x: x * x, square_with_out, lambda z, x: (2.0 * x,)),
    "np.vectorize": Primitive(
        "erf",
        math.erf,
        np.vectorize(math.erf),
        lambda z, x: (2.0 / math.sqrt(math.pi) * exp(-(x * x)),),
    ),
    "constant slope": Primitive(
        "triple", lambda x: 3.0 * x, lambda x: 3.0 * x, lambda z, x: (3.0,)
    ),
    "named like ours": Primitive(
        "tanh", lambda x: x**3, lambda x: x**3, lambda z, x: (3.0 * x * x,)
    ),
    "no identifier": Primitive(
        "2 x, then", lambda x: 2.0 * x, lambda x: 2.0 * x, lambda z, x: (2.0,)
    ),
    "a keyword": Primitive("lambda", lambda x: -x, np.negative, lambda z, x: (-1.0,)),
    "a name of the program": Primitive(
        "theta", lambda x: x + 1.0, lambda x: x + 1.0, lambda z, x: (1.0,)
    ),
    "np": Primitive("np", lambda x: x - 1.0, lambda x: x - 1.0, lambda z, x: (1.0,)),
    "m": Primitive("m", lambda x: x - 2.0, lambda x: x - 2.0, lambda z, x: (1.0,)),
}


@pytest.mark.parametrize("name", OWN)
def test_a_primitive_of_one_s_own(name):
    net = MLP(2, [3, 2], activation=OWN[name], output=OWN[name], rng=0)
    form = checked(lambda v: quadratic(net(v[:2]), v[2:]), examples(5, 4), net.parameters())
    assert len(matrix_products(form)) == 2
    assert f"{OWN[name].name}(z1)" in str(form)


def test_two_primitives_of_one_name_are_two():
    w = parameters(2)
    up, down = (
        Primitive("move", lambda x, d=d: x + d, lambda x, d=d: x + d, lambda z, x: (1.0,))
        for d in (1.0, -1.0)
    )
    checked(lambda x: up((w[0] * x[0]).tanh()) * down((w[1] * x[0]).tanh()), examples(4, 1), w)


def test_a_primitive_of_two_operands_on_all_kinds_of_operands():
    hypot = Primitive("hypot", math.hypot, np.hypot, lambda z, x, y: (divide(x, z), divide(y, z)))
    w = parameters(2)
    checked(
        lambda x: (
            total([hypot(w[0], x[0]), hypot(x[1], 2.0), hypot(3.0, w[1]), hypot(x[0], x[1])])
            * hypot(w[0] * x[0], w[1] * x[1])
        ),
        examples(4, 2),
        w,
    )


def product_of(*x, out=None):
    return np.multiply.reduce(x, axis=0, out=out)


@pytest.mark.parametrize("stacked", [None, lambda x: np.multiply.reduce(x, axis=0)])
def test_a_primitive_of_many_operands(stacked):
    product = Primitive(
        "product",
        lambda *x: math.prod(x),
        lambda *x: math.prod(x),
        lambda z, *x: tuple(divide(z, x_k) for x_k in x),
        flatten=tuple,
        stacked=stacked,
    )
    w = parameters(3, 4)
    checked(
        lambda x: total(product([(w_jk * x[0]).exp() for w_jk in w_j]) for w_j in w),
        examples(4, 1),
        flat(w),
    )
    checked(lambda x: product([x[0], w[0][0], 2.0, w[0][1] * x[1]]), examples(4, 2), flat(w))


def test_a_rule_with_a_comparison_is_refused():
    frozen = Primitive("frozen", abs, np.abs, lambda z, x: (1.0 if x > 0 else -1.0,))
    x, w = Value(1.0), Value(2.0, "w")
    with pytest.raises(TypeError, match="the rule of frozen cannot be read for the matrix form"):
        matrix_form(frozen(w * x), [x], [w])


@pytest.mark.parametrize("rule", [lambda z, x: 2.0, lambda z, x: (2.0, 1.0), lambda z, x: [2.0]])
def test_a_rule_that_gives_no_tuple_is_refused_when_it_is_read(rule):
    def first_good(z, x):
        return (2.0,) if isinstance(x, float) else rule(z, x)

    twice = Primitive("twice", lambda x: 2.0 * x, lambda x: 2.0 * x, first_good)
    x, w = Value(1.0), Value(2.0, "w")
    with pytest.raises(
        TypeError, match=r"rule of twice .* must give a tuple with a derivative for each"
    ):
        matrix_form(twice(w * x), [x], [w])


# Parameters in and out.


def two_weights():
    w, x = parameters(2), inputs([0.5])
    return w, matrix_form((w[0] * x[0] + w[1]) ** 2, x, w)


def test_the_parameters_are_read_at_every_call():
    _, form = two_weights()
    form.parameters[:] = [3.0, 1.0]
    mean, gradient = form.value_and_gradient([[2.0]])
    assert (mean, gradient.tolist()) == (49.0, [28.0, 14.0])
    form.parameters[1] = -6.0
    assert form.values([[2.0]]).tolist() == [0.0]
    assert form.value_and_gradient([[2.0]])[1].tolist() == [0.0, 0.0]


def test_write_back_copies_the_parameters_into_the_values():
    w, form = two_weights()
    before = [w_i.data for w_i in w]
    form.parameters[:] = [3.0, 1.0]
    assert [w_i.data for w_i in w] == before
    form.write_back()
    assert [w_i.data for w_i in w] == [3.0, 1.0]
    assert [type(w_i.data) for w_i in w] == [float, float]


def test_read_values_copies_the_data_of_the_values():
    w, form = two_weights()
    vector = form.parameters
    w[0].data, w[1].data = 3.0, 1.0
    assert form.values([[2.0]]).tolist() != [49.0]
    form.read_values()
    assert form.parameters is vector
    assert vector.tolist() == [3.0, 1.0]
    assert form.values([[2.0]]).tolist() == [49.0]


def test_the_parameters_are_the_latest_data_when_the_form_is_made():
    w, x = parameters(1), inputs([0.5])
    cost = w[0] * x[0]
    w[0].data = 8.0
    assert matrix_form(cost, x, w).values([[2.0]]).tolist() == [16.0]


def test_descent_on_the_form_is_descent_on_the_graph():
    net = MLP(2, [3, 1], activation="tanh", rng=0)
    X = np.hstack([examples(6, 2), examples(6, 1, seed=5)])

    def record(v):
        return quadratic(net(v[:2]), v[2])

    form = recorded(record, X[0], net.parameters())
    for _ in range(5):
        form.parameters -= 0.3 * form.value_and_gradient(X)[1]
    for _ in range(5):
        _, gradient = scalar(record, X, net.parameters())
        for parameter, slope in zip(net.parameters(), gradient, strict=True):
            parameter.data -= 0.3 * float(slope)
    assert form.parameters == close([parameter.data for parameter in net.parameters()])


def test_the_graph_is_left_as_it_was():
    w, x = parameters(2), inputs([0.5])
    cost = (w[0] * x[0] + w[1]) ** 2
    cost.backward()
    before = [(v.data, v.grad, v.label) for v in (*w, *x, cost)]
    form = matrix_form(cost, x, w)
    form.value_and_gradient([[1.0], [2.0]])
    form.values([[1.0]])
    assert [(v.data, v.grad, v.label) for v in (*w, *x, cost)] == before


def test_calls_do_not_disturb_one_another():
    """The same results, whatever was computed between."""
    net = MLP(3, [4, 2], activation="sigmoid", output="softmax", rng=0)
    x = inputs([0.1, 0.2, 0.3])
    form = matrix_form(log_likelihood(net(x), [0.0, 1.0]), x, net.parameters())
    X = examples(6, 3)
    values, (mean, gradient) = form.values(X), form.value_and_gradient(X)
    gradient = gradient.copy()
    kept = values.copy()
    for m in (1, 6, 3):
        form.values(100.0 * X[:m])
        form.value_and_gradient(-X[:m])
    assert np.array_equal(values, kept)
    assert np.array_equal(form.values(X), kept)
    again, same = form.value_and_gradient(X)
    assert (again, same.tolist()) == (mean, gradient.tolist())


def test_two_forms_of_one_graph_are_independent():
    w, x = parameters(1), inputs([0.5])
    cost = w[0] * x[0]
    one, other = matrix_form(cost, x, w), matrix_form(cost, x, w)
    one.parameters[:] = 7.0
    assert other.values([[1.0]]).tolist() == [w[0].data]


def test_more_numbers_of_examples_than_memory_is_kept_for():
    net = MLP(2, [3, 1], activation="tanh", rng=0)
    X = examples(20, 2)
    form = recorded(lambda x: quadratic(net(x), 0.0), X[0], net.parameters())
    for m in [*range(1, 21), 3, 20, 1]:
        assert form.values(X[:m]) == close([quadratic(net(row), 0.0).data for row in X[:m]])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    "record",
    [
        lambda x, w: quadratic(weighted_sum(w[:3], x[:3], w[3]).tanh(), x[3]),
        lambda x, w: quadratic(weighted_sum(w[:4], x, w[4]).tanh(), 0.5),
        lambda x, w: total(shared_filters(x, [w[:3]], w[3:], "")),
        lambda x, w: total(
            weighted_sum(w[2 * s : 2 * s + 2], x[s : s + 2]).sin() for s in range(3)
        ),
        lambda x, w: (x[0] * w[0]).tanh() * x[3] + total(w_i * w_i for w_i in w),
    ],
    ids=["some inputs", "all inputs", "windows", "own weights", "entries"],
)
def test_thousands_of_examples_are_the_mean_of_their_parts(record, order):
    """A large X may be read in another way than a small one."""
    w = parameters(6)
    X = np.asarray(examples(6000, 4), order=order)
    form = recorded(lambda x: record(x, w), X[0], w)
    mean, gradient = form.value_and_gradient(X)
    gradient = gradient.copy()
    values = [form.values(part) for part in np.split(X, 6)]
    gradients = [form.value_and_gradient(part)[1].copy() for part in np.split(X, 6)]
    assert form.values(X) == close(np.concatenate(values))
    assert mean == close(np.mean(values))
    assert gradient == close(np.mean(gradients, axis=0))


# What X may be.

BOX = np.arange(12.0).reshape(4, 3) / 10.0
ARRAYS = {
    "a list": BOX.tolist(),
    "columns first": np.asfortranarray(BOX),
    "every other row": np.repeat(BOX, 2, axis=0)[::2],
    "every other column": np.repeat(BOX, 2, axis=1)[:, ::2],
    "backwards twice": BOX[::-1].copy()[::-1],
    "a transpose": BOX.T.copy().T,
    "big-endian": BOX.astype(">f8"),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_x_may_be_laid_out_in_any_way(kind):
    net = MLP(2, [3, 1], activation="tanh", rng=0)
    form = recorded(lambda v: quadratic(net(v[:2]), v[2]), BOX[0], net.parameters())
    mean, gradient = form.value_and_gradient(BOX)
    expected = form.values(BOX).tolist(), mean, gradient.tolist()
    X = ARRAYS[kind]
    found, again = form.values(X), form.value_and_gradient(X)
    assert found == close(expected[0])
    assert again[0] == close(expected[1])
    assert again[1] == close(expected[2])


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, bool, np.float32, np.float16])
def test_x_may_hold_any_real_type(dtype):
    _, form = two_weights()
    X = np.array([[0], [1]])
    assert form.values(X.astype(dtype)).tolist() == form.values(X.astype(float)).tolist()


def test_x_is_not_written_to():
    _, form = two_weights()
    X = np.array([[0.5], [2.0]])
    X.flags.writeable = False
    form.value_and_gradient(X)
    form.values(X)
    assert X.tolist() == [[0.5], [2.0]]


@pytest.mark.parametrize("X", [[1.0], [[1.0, 2.0]], 1.0, [[[1.0]]], [[], []], np.empty((0, 1)), []])
def test_x_of_another_shape_is_refused(X):
    _, form = two_weights()
    for call in (form.values, form.value_and_gradient):
        with pytest.raises(ValueError, match="X has"):
            call(X)


@pytest.mark.parametrize("X", [[["1"]], [[1j]], [[None]], None, "X", [[Value(1.0)]]], ids=repr)
def test_x_holds_real_numbers(X):
    _, form = two_weights()
    with pytest.raises((TypeError, ValueError), match="X h"):
        form.values(X)


# What is refused.


def test_what_is_no_value_is_a_type_error():
    x, w = Value(1.0), Value(2.0, "w")
    for wrong in (1.0, None, "cost", [w * x, 1.0], [[w]]):
        with pytest.raises(TypeError, match=r"of matrix_form is no Value|matrix_form takes a cost"):
            matrix_form(wrong, [x], [w])
    for wrong in (x, None, 1.0, "x", [1.0], [None], ["x"]):
        with pytest.raises(TypeError, match="inputs"):
            matrix_form(w * x, wrong, [w])
    for wrong in (w, 1.0, "w", [1.0]):
        with pytest.raises(TypeError, match="parameters"):
            matrix_form(w * x, [x], wrong)


def test_leaves_are_leaves_and_named_once():
    x, w = Value(1.0), Value(2.0, "w")
    z = w * x
    with pytest.raises(ValueError, match=r"inputs\[0\] .* is no leaf"):
        matrix_form(z, [z], [w])
    with pytest.raises(ValueError, match=r"parameters\[1\] .* is no leaf"):
        matrix_form(z, [x], [w, z])
    with pytest.raises(ValueError, match=r"inputs\[1\] .* twice"):
        matrix_form(z, [x, x], [w])
    with pytest.raises(ValueError, match=r"parameters\[1\] .* twice"):
        matrix_form(z, [x], [w, w])
    with pytest.raises(ValueError, match="both an input and a parameter"):
        matrix_form(z, [x, w], [w])
    with pytest.raises(ValueError, match="at least one"):
        matrix_form([], [x], [w])


def test_a_gradient_needs_one_cost():
    x, w = Value(1.0), Value(2.0, "w")
    form = matrix_form([w * x], [x], [w])
    with pytest.raises(TypeError, match="needs one cost"):
        form.value_and_gradient([[1.0]])


def test_a_cost_that_is_not_finite_says_where_that_arose():
    w, x = Value(2.0, "w"), Value(1.0, "x")
    form = matrix_form((w * x).log(), [x], [w])
    X = [[1.0], [3.0], [0.0]]
    where = r"row 2 of X gives -inf: -inf first arises in `C = log\(v1\)`, entry 0"
    for call in (form.values, form.value_and_gradient):
        with pytest.raises(FloatingPointError, match=where):
            call(X)
    with pytest.raises(FloatingPointError, match=r"X\[1, 0\] is nan"):
        form.value_and_gradient([[1.0], [math.nan]])
    form.parameters[0] = math.inf
    with pytest.raises(FloatingPointError, match=r"parameters\[0\] is inf"):
        form.value_and_gradient([[1.0]])


def test_after_an_error_the_form_works_on():
    w, x = Value(2.0, "w"), Value(1.0, "x")
    form = matrix_form((w * x).log(), [x], [w])
    with pytest.raises(FloatingPointError):
        form.value_and_gradient([[0.0]])
    mean, gradient = form.value_and_gradient([[0.5]])
    assert (mean, gradient.tolist()) == (0.0, [0.5])


# The program in print, and its source.

DIGITS = """\
X: 74 inputs: unnamed (74)
theta: 2,260 parameters: w1 (1,920), b1 (30), w2 (300), b2 (10)

forward
  z1 = X[:, 0:64] @ w1 + b1                   # (m, 64) @ (64, 30)
  a1 = tanh(z1)                               # (m, 30)
  z2 = a1 @ w2 + b2                           # (m, 30) @ (30, 10)
  a2 = sigmoid(z2)                            # (m, 10)
  v1 = a2 - X[:, 64:74]                       # (m, 10)
  v2 = sum(v1 * v1)                           # (m, 1)
  C = 0.5 * v2                                # (m, 1)

backward: adjoints of C_x for each row x, gradients of the mean over the m rows
  delta2 = v1 * (a2 * (1 - a2))               # (m, 10) BP1
  dw2 = a1.T @ delta2 / m                     # (30, 10) BP4
  db2 = mean(delta2)                          # (10,) BP3
  delta1 = (delta2 @ w2.T) * (1 - a1 * a1)    # (m, 30) BP2
  dw1 = X[:, 0:64].T @ delta1 / m             # (64, 30) BP4
  db1 = mean(delta1)                          # (30,) BP3"""


def digits_form():
    net = MLP(64, [30, 10], activation="tanh", output="sigmoid", rng=0)
    x, y = inputs([0.1] * 64), inputs([0.0] * 10)
    return matrix_form(quadratic(net(x), y), x + y, net.parameters())


def test_the_program_of_a_network_in_print():
    assert str(digits_form()) == DIGITS


def marks(form):
    """What is marked, in order: pairs of name and mark."""
    return re.findall(r"^ +(\w+).*# .*(BP\d\*?)$", str(form), re.MULTILINE)


def test_every_layer_has_its_four_equations():
    net = MLP(3, [4, 5, 2], activation="sigmoid", output="tanh", rng=0)
    form = recorded(lambda x: quadratic(net(x), [1.0, 0.0]), [0.1, 0.2, 0.3], net.parameters())
    assert marks(form) == [
        *[("delta3", "BP1"), ("dw3", "BP4"), ("db3", "BP3")],
        *[("delta2", "BP2"), ("dw2", "BP4"), ("db2", "BP3")],
        *[("delta1", "BP2"), ("dw1", "BP4"), ("db1", "BP3")],
    ]


@pytest.mark.parametrize("cost", [log_likelihood, quadratic], ids=lambda f: f.__name__)
def test_softmax_has_the_general_bp1(cost):
    net = MLP(3, [4, 2], activation="tanh", output="softmax", rng=0)
    form = recorded(lambda v: cost(net(v[:3]), v[3:]), [0.1, 0.2, 0.3, 1.0, 0.0], net.parameters())
    assert marks(form) == [
        *[("delta2", "BP1*"), ("dw2", "BP4"), ("db2", "BP3")],
        *[("delta1", "BP2"), ("dw1", "BP4"), ("db1", "BP3")],
    ]


def test_only_what_couples_neurons_is_marked_so():
    """Of the stable twins, softmax_cross_entropy couples the z_i and sigmoid_cross_entropy not."""
    net = MLP(3, [2], rng=0)
    for cost, mark in ((softmax_cross_entropy, "BP1*"), (sigmoid_cross_entropy, "BP1")):
        form = recorded(lambda v, c=cost: c(net(v[:3]), v[3:]), [0.1] * 5, net.parameters())
        assert marks(form)[0] == ("delta1", mark)


HIDDEN = {
    "swish by hand": lambda z: [z_j * z_j.sigmoid() for z_j in z],
    "scaled": lambda z: [0.5 * z_j.tanh() for z_j in z],
    "two rows": lambda z: [z_j.tanh().exp() for z_j in z],
    "clipped": lambda z: [z_j.maximum(0.1) for z_j in z],
    "residual": lambda z: [z_j.tanh() + z_j for z_j in z],
    "linear": lambda z: z,
    "softmax": softmax,
}


@pytest.mark.parametrize("name", HIDDEN)
def test_bp1_is_the_error_in_the_output_layer_alone(name):
    u, v = parameters(3, 2, name="u"), parameters(2, 3, name="v")

    def record(x):
        hidden = HIDDEN[name]([weighted_sum(u_j, x) for u_j in u])
        return quadratic([weighted_sum(v_j, hidden).tanh() for v_j in v], [0.0, 1.0])

    form = recorded(record, [0.1, 0.2], flat(u, v))
    found = [mark for _, mark in marks(form)]
    assert found[:2] == ["BP1", "BP4"]
    assert set(found[2:]) <= {"BP2", "BP2*", "BP4"}


def run_in_print(form, X, **arrays):
    """The names of the printed program after it was run, on arrays with a row for each example."""
    by_row = {"axis": 1, "keepdims": True}
    names = {row.name: row.arrays for row in TABLE.values() if row.name.isidentifier()}
    names |= {"X": X, "m": len(X), "mean": lambda x: np.mean(x, axis=0)}
    names |= {"sum": lambda x: np.sum(x, **by_row), "total": lambda x: np.sum(x, **by_row)}
    names |= {"logsumexp": lambda z: np.log(np.sum(np.exp(z), **by_row))} | arrays
    for line in re.findall(r"^  (.*\S) +#", str(form), re.MULTILINE):
        exec(line, names)
    assert names["C"].ravel() == close(form.values(X))
    return names


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", COSTS)
def test_the_printed_program_is_right_if_it_is_run(activation, name):
    cost, output = COSTS[name]
    net = MLP(4, [5, 3], activation=activation, output=output, rng=0)
    X = np.hstack([examples(6, 4), targets(6, name)])
    form = recorded(lambda v: cost(net(v[:4]), v[4:]), X[0], net.parameters())
    (w1, w2), (b1, b2) = net.arrays()
    names = run_in_print(form, X, w1=w1, b1=b1, w2=w2, b2=b2)
    layers = [np.vstack([names[f"dw{l}"], np.atleast_2d(names[f"db{l}"])]) for l in (1, 2)]
    gradient = form.value_and_gradient(X)[1]
    assert np.concatenate([layer.T.ravel() for layer in layers]) == close(gradient)


def test_what_many_read_receives_the_sum_of_their_adjoints_in_print():
    w, u, X = parameters(3), Value(0.5, "u"), examples(4, 1)

    def record(x):
        shared = (u - x[0]).exp()
        return total((w_k * x[0]).tanh() - shared for w_k in w)

    form = checked(record, X, [*w, u])
    names = run_in_print(form, X, w=np.array([w_k.data for w_k in w]), u=u.data)
    gradient = form.value_and_gradient(X)[1]
    assert names["dw"] == close(gradient[:3])
    assert names["du"] == close(gradient[3:])


def test_the_gradient_of_shared_biases_has_their_shape_in_print():
    k, b = parameters(2, 3, name="k"), parameters(2, name="b")
    form = recorded(lambda x: total(shared_filters(x, k, b, "")), [0.1] * 6, flat(k, b))
    assert "  v1 = windows(X) @ k + b                     # (m, 4, 3) @ (3, 2)" in str(form)
    assert re.search(r"^  dk = .*# \(3, 2\) BP4$", str(form), re.MULTILINE)
    assert re.search(r"^  db = .*# \(2,\) BP3$", str(form), re.MULTILINE)


def test_a_product_of_matrices_is_printed_with_its_shapes():
    w, b = parameters(3, 4), parameters(4, name="b")
    x = inputs([0.1, 0.2, 0.3])
    cost = np.sum(np.tanh(np.array(x) @ np.array(w) + np.array(b)))
    lines = str(matrix_form(cost, x, flat(w, b))).splitlines()
    assert "  v1 = X @ w + b                              # (m, 3) @ (3, 4)" in lines


def test_a_form_says_how_large_it_is():
    form = digits_form()
    assert isinstance(form, MatrixForm)
    assert repr(form) == "<matrix form: 2,260 parameters, 74 inputs, 7 instructions>"


W = parameters(3, 2, 2)
K = parameters(2, 3, name="k")
FORMS = {
    "network": digits_form,
    "attention": lambda: recorded(lambda x: total(attention(x, W, True)), [0.1] * 6, flat(W)),
    "convolution": lambda: recorded(
        lambda x: total(shared_filters(x, K, [0.1, 0.2], "")), [0.1] * 6, flat(K)
    ),
    "outputs": lambda: matrix_form([W[0][0][0] * 2.0, W[0][0][1]], [], flat(W)),
}


@pytest.mark.parametrize("name", FORMS)
def test_the_source_is_straight_line_numpy(name):
    source = FORMS[name]().source
    assert "for " not in source
    assert "while " not in source
    compile(source, name, "exec")
    loops = (ast.For, ast.While, ast.ListComp, ast.GeneratorExp, ast.Lambda, ast.If)
    assert not [node for node in ast.walk(ast.parse(source)) if isinstance(node, loops)]


def test_the_source_is_that_of_both_functions():
    assert [f.name for f in functions(digits_form())] == ["value_and_gradient", "values"]
    x, w = Value(0.5), Value(2.0, "w")
    assert [f.name for f in functions(matrix_form([w * x], [x], [w]))] == ["values"]


def test_a_program_has_no_more_statements_for_more_neurons():
    def statements(n):
        net = MLP(n, [n, n], activation="tanh", output="sigmoid", rng=0)
        form = recorded(lambda x: quadratic(net(x), [0.0] * n), [0.1] * n, net.parameters())
        return len(form.source.splitlines())

    assert statements(3) == statements(11)


def test_a_deep_chain():
    w = Value(0.5, "w")

    def record(x):
        v = w * x[0]
        for _ in range(1000):
            v = v.sin()
        return v

    form = checked(record, [[0.3], [-0.4]], [w])
    assert str(form).count("sin(") >= 1000


def test_a_long_sum():
    w = Value(0.5, "w")

    def record(x):
        z = 0.0
        for _ in range(3000):
            z = z + w * x[0]
        return (z * 1e-3).tanh()

    form = checked(record, [[0.3], [-0.4]], [w])
    assert len(form.program.forward) == 3
