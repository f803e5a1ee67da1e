"""Neuron, Layer, MLP: every quantity of the notation, names, first weights, arrays, copies."""

import copy
import math
import pickle
import random
import statistics

import numpy as np
import pytest

from micrograd_bp import MLP, Layer, Neuron, Primitive, Value, quadratic
from micrograd_bp.activations import ELEMENTWISE
from micrograd_bp.engine import topological_order
from micrograd_bp.notation import Symbol
from micrograd_bp.primitives import relu, sigmoid, weighted_sum

swish = Primitive(
    "swish",
    lambda x: x * sigmoid(x),
    lambda x: x * sigmoid(x),
    lambda z, x: (sigmoid(x) * (1.0 + x - z),),
)

# A network whose every number is worked out on paper.

W1 = [[1.0, 2.0], [-1.0, 1.0], [0.5, 4.0]]  # the weights of each neuron
B1 = [0.5, 5.0, 0.0]
W2 = [[2.0, -1.0, 10.0], [-3.0, 4.0, 1.0]]
B2 = [1.0, 0.0]
X = [3.0, -1.0]
Z1, A1 = [1.5, 1.0, -2.5], [1.5, 1.0, 0.0]
Z2 = [3.0, -0.5]
Y = [1.0, 0.0]
DELTA2 = [2.0, -0.5]
DELTA1 = [5.5, -4.0, 0.0]


@pytest.fixture
def net():
    net = MLP(2, [3, 2])
    for layer, w, b in zip(net.layers, (W1, W2), (B1, B2), strict=True):
        for neuron, w_j, b_j in zip(layer.neurons, w, b, strict=True):
            neuron.b.data = b_j
            for w_ij, number in zip(neuron.w, w_j, strict=True):
                w_ij.data = number
    return net


@pytest.fixture
def passed(net):
    """The network after a forward and a backward pass."""
    quadratic(net(X), Y).backward()
    return net


# The accessors.


@pytest.mark.parametrize(("l", "w", "b"), [(1, W1, B1), (2, W2, B2)])
def test_weight_and_bias_are_those_of_the_notation(net, l, w, b):
    for j, w_j in enumerate(w, 1):
        assert net.bias(l, j).data == b[j - 1]
        for i, w_ij in enumerate(w_j, 1):
            assert net.weight(l, i, j).data == w_ij
            assert net.weight(l, i, j) is net.layers[l - 1].neurons[j - 1].w[i - 1]


def test_a_of_layer_0_is_the_input(passed):
    assert [passed.a(0, i).data for i in (1, 2)] == X


@pytest.mark.parametrize(
    ("l", "z", "a", "delta"), [(1, Z1, A1, DELTA1), (2, Z2, Z2, DELTA2)], ids=["hidden", "output"]
)
def test_z_a_and_delta_are_those_worked_out_by_hand(passed, l, z, a, delta):
    neurons = range(1, len(z) + 1)
    assert [passed.z(l, j).data for j in neurons] == z
    assert [passed.a(l, j).data for j in neurons] == a
    assert [passed.delta(l, j) for j in neurons] == delta
    assert all(type(passed.delta(l, j)) is float for j in neurons)


def test_accessors_show_the_latest_forward_pass(net):
    outputs = [net(x) for x in ([1.0, 1.0], X)]
    assert [net.a(2, j) for j in (1, 2)] == outputs[-1]
    assert [net.z(1, j).data for j in (1, 2, 3)] == Z1


OUTSIDE = [
    ("weight", (0, 1, 1), "1..2"),
    ("weight", (3, 1, 1), "1..2"),
    ("weight", (-1, 1, 1), "1..2"),
    ("weight", (1, 0, 1), "1..2"),
    ("weight", (1, 3, 1), "1..2"),
    ("weight", (1, 1, 0), "1..3"),
    ("weight", (1, 1, 4), "1..3"),
    ("weight", (2, 4, 1), "1..3"),
    ("weight", (2, 1, 3), "1..2"),
    ("weight", (2, 1, -1), "1..2"),
    ("bias", (0, 1), "1..2"),
    ("bias", (3, 1), "1..2"),
    ("bias", (1, 0), "1..3"),
    ("bias", (1, 4), "1..3"),
    ("bias", (2, -1), "1..2"),
    ("z", (0, 1), "1..2"),
    ("z", (3, 1), "1..2"),
    ("z", (1, 4), "1..3"),
    ("z", (2, 0), "1..2"),
    ("a", (0, 0), "1..2"),
    ("a", (0, 3), "1..2"),
    ("a", (0, -1), "1..2"),
    ("a", (1, 4), "1..3"),
    ("a", (2, -2), "1..2"),
    ("a", (3, 1), "..2"),
    ("a", (-1, 1), "..2"),
    ("delta", (0, 1), "1..2"),
    ("delta", (1, 0), "1..3"),
    ("delta", (2, 3), "1..2"),
]


@pytest.mark.parametrize(("accessor", "place", "range_"), OUTSIDE)
def test_places_outside_are_refused_with_the_range(passed, accessor, place, range_):
    with pytest.raises(IndexError) as caught:
        getattr(passed, accessor)(*place)
    assert range_ in str(caught.value)
    assert any(str(number) in str(caught.value) for number in place)


@pytest.mark.parametrize("accessor", ["z", "a", "delta"])
def test_before_a_forward_pass_nothing_is_remembered(net, accessor):
    with pytest.raises(RuntimeError, match="no forward pass"):
        getattr(net, accessor)(1, 1)
    with pytest.raises(RuntimeError, match="no forward pass"):
        net.a(0, 1)


# The graph that a network makes.


@pytest.mark.parametrize(("l", "j"), [(1, 1), (1, 3), (2, 1), (2, 2)])
def test_z_is_one_node_whose_derivatives_are_the_factors_of_the_equations(passed, l, j):
    z, n = passed.z(l, j), (2, 3)[l - 1]
    w = [passed.weight(l, i, j) for i in range(1, n + 1)]
    a = [passed.a(l - 1, i) for i in range(1, n + 1)]
    assert z.op is weighted_sum
    assert z.operands == (*w, *a, passed.bias(l, j))
    assert z.local_derivatives == (*(v.data for v in a), *(v.data for v in w), 1.0)


def test_activation_is_one_node_on_z(passed):
    assert passed.a(1, 1).operands == (passed.z(1, 1),)
    assert passed.a(1, 1).op is relu


@pytest.mark.parametrize("l", [1, 2])
def test_with_linear_a_is_z(l):
    net = MLP(2, [3, 2], activation="linear")
    net(X)
    assert all(net.a(l, j) is net.z(l, j) for j in (1, 2))
    assert net.z(l, 1).label == f"z₁{'⁰¹²'[l]}"


def test_labels_are_symbols_of_the_notation(passed):
    labels = {
        "w₂₁¹": passed.weight(1, 2, 1),
        "w₃₂²": passed.weight(2, 3, 2),
        "b₃¹": passed.bias(1, 3),
        "z₃¹": passed.z(1, 3),
        "a₃¹": passed.a(1, 3),
        "z₂²": passed.z(2, 2),
        "a₁⁰": passed.a(0, 1),
    }
    for text, value in labels.items():
        assert value.label == text
        assert isinstance(value.label, Symbol)


def test_a_bare_neuron_and_layer_have_symbols_without_a_layer():
    neuron, layer = Neuron(2), Layer(2, 3)
    a, a_j = neuron(X), layer(X)
    assert [p.label for p in neuron.parameters()] == ["w₁", "w₂", "b"]
    assert [neuron.z.label, a.label] == ["z", "a"]
    assert [p.label for p in layer.neurons[2].parameters()] == ["w₁₃", "w₂₃", "b₃"]
    assert [layer.neurons[2].z.label, a_j[2].label] == ["z₃", "a₃"]
    values = [*neuron.parameters(), neuron.z, a, *layer.parameters(), *a_j]
    assert all(isinstance(v.label, Symbol) and v.label.layer is None for v in values)


def test_numbers_are_wrapped_once_per_call(net):
    net(X)
    inputs = [net.a(0, 1), net.a(0, 2)]
    assert all(list(net.z(1, j).operands[2:4]) == inputs for j in (1, 2, 3))
    net(X)
    assert net.a(0, 1) is not inputs[0]


def test_inputs_that_are_values_keep_their_gradient_and_label(net):
    x = [Value(X[0], "mine"), Value(X[1])]
    quadratic(net(x), Y).backward()
    assert net.a(0, 1) is x[0]
    assert x[0].label == "mine"
    assert x[0].grad == 5.5 * 1.0 + -4.0 * -1.0
    assert x[1].grad == 5.5 * 2.0 + -4.0 * 1.0


@pytest.mark.parametrize(
    "x", [tuple(X), np.array(X), np.array(X, dtype=np.float32), np.array([3, -1]), iter(X)]
)
def test_inputs_may_be_any_sequence_of_numbers(net, x):
    assert [a.data for a in net(x)] == Z2


def test_inputs_may_be_an_object_array_of_values(net):
    x = np.array([Value(3.0), Value(-1.0)])
    net(x)
    assert [net.a(0, 1), net.a(0, 2)] == list(x)


def test_one_output_is_a_bare_value_from_an_mlp_and_a_list_from_a_layer():
    assert isinstance(MLP(2, [3, 1])(X), Value)
    assert isinstance(MLP(2, [1])(X), Value)
    one = Layer(2, 1)(X)
    assert isinstance(one, list)
    assert len(one) == 1
    assert len(MLP(2, [1, 3])(X)) == 3


# Activations.


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_an_activation_by_name_is_its_row(name):
    neuron, layer, net = (
        Neuron(2, activation=name),
        Layer(2, 2, activation=name),
        MLP(2, [2], [name]),
    )
    neuron(X), layer(X), net(X)
    for taken in (neuron, layer.neurons[1], net.layers[0].neurons[1]):
        assert taken.a.op is ELEMENTWISE[name]
        assert taken.a.operands == (taken.z,)
        assert taken.nonlin


@pytest.mark.parametrize(
    ("net", "names"),
    [
        (MLP(2, [3, 3, 2]), ["relu", "relu", "linear"]),
        (MLP(2, [3, 3, 2], "tanh"), ["tanh", "tanh", "linear"]),
        (MLP(2, [3, 3, 2], "tanh", "sigmoid"), ["tanh", "tanh", "sigmoid"]),
        (MLP(2, [3, 3, 2], ["tanh", "relu", "softmax"]), ["tanh", "relu", "softmax"]),
        (MLP(2, (2,), output="sigmoid"), ["sigmoid"]),
    ],
)
def test_activation_is_for_hidden_layers_and_output_for_the_last(net, names):
    assert [layer.activation for layer in net.layers] == names


def test_a_primitive_of_ones_own_is_an_activation():
    neuron, layer = Neuron(2, activation=swish), Layer(2, 3, activation=swish)
    net, listed = MLP(2, [2, 2], swish, swish), MLP(2, [2, 2], [swish, "linear"])
    listed(X)
    for a in [neuron(X), *layer(X), *net(X), net.a(1, 2), listed.a(1, 1)]:
        assert a.op is swish
        z = a.operands[0].data
        assert a.data == pytest.approx(z / (1.0 + math.exp(-z)), rel=1e-15)
    assert repr(net) == "MLP(2, [2, 2], activation=['swish', 'swish'])"


def test_softmax_takes_a_whole_layer():
    alone, hidden = Layer(2, 3, activation="softmax"), MLP(2, [3, 2], ["softmax", "linear"])
    alone(X)
    hidden(X)
    for neurons in (alone.neurons, hidden.layers[0].neurons):
        exps = [math.exp(neuron.z.data) for neuron in neurons]
        for neuron, e in zip(neurons, exps, strict=True):
            assert neuron.a.data == pytest.approx(e / sum(exps), rel=1e-14)
            assert {other.z for other in neurons} <= set(topological_order(neuron.a))


def test_softmax_at_the_output_sums_to_1_whatever_the_weights():
    net = MLP(2, [3, 4], output="softmax", rng=1)
    for p in net.parameters():
        p.data *= 1000.0
    assert math.fsum(a.data for a in net(X)) == pytest.approx(1.0, rel=1e-14)
    assert [a.label for a in net(X)] == ["a₁²", "a₂²", "a₃²", "a₄²"]


def test_a_neuron_refuses_softmax():
    with pytest.raises(ValueError, match=r"softmax takes a whole layer: use Layer"):
        Neuron(2, activation="softmax")


@pytest.mark.parametrize(
    "make", [Neuron, lambda n, **k: Layer(n, 2, **k), lambda n, **k: MLP(n, [2, 2], **k)]
)
@pytest.mark.parametrize("name", ["rleu", "ReLU", "exp", ""])
def test_a_wrong_activation_is_refused_with_the_names(make, name):
    with pytest.raises(ValueError, match=r"tanh.*linear") as caught:
        make(2, activation=name)
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize("names", [["tanh"], ["tanh", "relu", "linear"], []])
def test_a_list_of_activations_has_one_for_each_layer(names):
    with pytest.raises(ValueError, match=f"2 layers, but {len(names)} activations"):
        MLP(2, [2, 2], activation=names)


# Sizes and inputs that do not fit.


@pytest.mark.parametrize("nouts", [3, [], ()])
def test_nouts_is_a_list_of_sizes(nouts):
    with pytest.raises(ValueError, match="nouts lists the sizes"):
        MLP(2, nouts)


@pytest.mark.parametrize("size", [0, -1])
@pytest.mark.parametrize(
    "make",
    [
        Neuron,
        lambda n: Layer(n, 2),
        lambda n: Layer(2, n),
        lambda n: MLP(n, [2]),
        lambda n: MLP(2, [n, 2]),
    ],
)
def test_sizes_are_at_least_1(make, size):
    with pytest.raises(ValueError, match=f"at least 1, got {size}"):
        make(size)


TAKERS = [Neuron(3, rng=1), Layer(3, 2, rng=1), MLP(3, [2, 2], rng=1)]


@pytest.mark.parametrize("taker", TAKERS, ids=repr)
@pytest.mark.parametrize("x", [[], [1.0], [1.0] * 4, np.ones(2)])
def test_the_wrong_input_length_is_refused_with_both_lengths(taker, x):
    with pytest.raises(ValueError, match=f"takes 3 inputs, got {len(x)}"):
        taker(x)


@pytest.mark.parametrize("taker", TAKERS, ids=repr)
@pytest.mark.parametrize("shape", [(1, 3), (3, 1), (5, 3), ()])
def test_an_array_that_is_not_one_example_is_refused_with_its_shape(taker, shape):
    with pytest.raises(ValueError) as caught:
        taker(np.ones(shape))
    assert "(3,)" in str(caught.value)
    assert str(shape) in str(caught.value)


@pytest.mark.parametrize("taker", TAKERS, ids=repr)
@pytest.mark.parametrize(
    "x", [None, 1.0, Value(1.0), "abc", [1.0, None, 2.0], [[1.0], [2.0], [3.0]]]
)
def test_inputs_that_are_no_numbers_are_refused(taker, x):
    with pytest.raises(TypeError, match="takes a"):
        taker(x)


# First weights.


def test_rng_none_repeats_a_seeded_script_of_micrograd():
    random.seed(1337)
    expected = []
    for nin, nout in ((3, 4), (4, 4), (4, 1)):
        for _ in range(nout):
            expected += [random.uniform(-1, 1) for _ in range(nin)] + [0.0]
    after = random.random()
    random.seed(1337)
    net = MLP(3, [4, 4, 1])
    assert [p.data for p in net.parameters()] == expected
    assert random.random() == after


@pytest.mark.parametrize("init", ["uniform", "scaled"])
@pytest.mark.parametrize(
    "make_rng",
    [
        lambda: 0,
        lambda: 7,
        lambda: np.int64(7),
        lambda: random.Random(7),
        lambda: np.random.default_rng(7),
    ],
    ids=["0", "int", "numpy int", "Random", "Generator"],
)
@pytest.mark.parametrize(
    "make", [Neuron, lambda n, **k: Layer(n, 4, **k), lambda n, **k: MLP(n, [4, 2], **k)]
)
def test_seeds_repeat_and_leave_the_module_random_alone(make, make_rng, init):
    before = random.getstate()
    first, second = (make(3, rng=make_rng(), init=init).state_dict() for _ in range(2))
    assert first == second
    assert random.getstate() == before
    weights = [number for name, number in first.items() if name.startswith("w")]
    assert len(set(weights)) == len(weights)


def test_an_int_seeds_the_numbers_that_random_seed_gives():
    random.seed(42)
    assert MLP(3, [4, 2], rng=42).state_dict() == MLP(3, [4, 2]).state_dict()


def test_different_seeds_give_different_weights():
    assert MLP(3, [4], rng=1).state_dict() != MLP(3, [4], rng=2).state_dict()


@pytest.mark.parametrize("rng", [None, 0, random.Random(0), np.random.default_rng(0)])
@pytest.mark.parametrize("nin", [4, 100])
def test_scaled_weights_are_normal_with_deviation_1_over_root_n(rng, nin):
    random.seed(0)
    layer = Layer(nin, 8000 // nin, rng=rng, init="scaled")
    w = [w.data * math.sqrt(nin) for neuron in layer.neurons for w in neuron.w]
    assert statistics.fmean(w) == pytest.approx(0.0, abs=0.05)
    assert statistics.pstdev(w) == pytest.approx(1.0, abs=0.05)
    assert sum(abs(w_i) > 1.0 for w_i in w) / len(w) == pytest.approx(0.317, abs=0.03)


@pytest.mark.parametrize("rng", [None, 0, np.random.default_rng(0)])
def test_uniform_weights_fill_the_interval_from_minus_1_to_1(rng):
    random.seed(0)
    w = [w.data for w in Neuron(4000, rng=rng).w]
    assert min(w) >= -1.0
    assert max(w) <= 1.0
    assert statistics.fmean(w) == pytest.approx(0.0, abs=0.05)
    assert statistics.pstdev(w) == pytest.approx(1.0 / math.sqrt(3.0), abs=0.02)


@pytest.mark.parametrize("init", ["uniform", "scaled"])
def test_first_biases_are_0(init):
    net = MLP(3, [4, 2], rng=3, init=init)
    assert [neuron.b.data for neuron in net.neurons_in_order()] == [0.0] * 6


@pytest.mark.parametrize("rng", ["7", 0.5, [1]])
def test_a_wrong_rng_is_refused(rng):
    with pytest.raises(TypeError, match="rng is None, an int"):
        MLP(2, [1], rng=rng)


def test_a_wrong_init_is_refused():
    with pytest.raises(ValueError, match=r"scaled.*uniform.*'xavier'"):
        MLP(2, [1], init="xavier")


# Parameters by name.


NAMES = [
    "w_1,1^1",
    "w_2,1^1",
    "b_1^1",
    "w_1,2^1",
    "w_2,2^1",
    "b_2^1",
    "w_1,1^2",
    "w_2,1^2",
    "b_1^2",
]


def test_parameters_run_layer_by_layer_and_neuron_by_neuron():
    net = MLP(2, [2, 1])
    expected = [net.weight(1, 1, 1), net.weight(1, 2, 1), net.bias(1, 1)]
    expected += [net.weight(1, 1, 2), net.weight(1, 2, 2), net.bias(1, 2)]
    expected += [net.weight(2, 1, 1), net.weight(2, 2, 1), net.bias(2, 1)]
    assert net.parameters() == expected
    assert list(net.named_parameters()) == list(zip(NAMES, expected, strict=True))


def test_names_of_bare_modules():
    assert [name for name, _ in Neuron(2).named_parameters()] == ["w_1", "w_2", "b"]
    names = [name for name, _ in Layer(1, 2).named_parameters()]
    assert names == ["w_1,1", "b_1", "w_1,2", "b_2"]


def test_zero_grad_clears_every_parameter(passed):
    assert any(p.grad != 0.0 for p in passed.parameters())
    passed.zero_grad()
    assert [p.grad for p in passed.parameters()] == [0.0] * len(passed.parameters())


@pytest.mark.parametrize(
    "make", [Neuron, lambda n, **k: Layer(n, 3, **k), lambda n, **k: MLP(n, [3, 2], **k)]
)
def test_state_dict_round_trip(make):
    module, other = make(3, rng=1), make(3, rng=2)
    other.load_state_dict(module.state_dict())
    assert other.state_dict() == module.state_dict()
    assert all(type(number) is float for number in module.state_dict().values())


def test_state_dict_is_name_to_number():
    net = MLP(2, [2, 1], rng=1)
    assert net.state_dict() == {
        name: p.data for name, p in zip(NAMES, net.parameters(), strict=True)
    }


BAD_STATES = [
    (lambda s: {k: v for k, v in s.items() if k != "b_1^2"}, ValueError, r"missing \['b_1\^2'\]"),
    (lambda s: s | {"w_9,9^9": 0.0}, ValueError, r"unexpected \['w_9,9\^9'\]"),
    (lambda s: {}, ValueError, "missing"),
    (lambda s: s | {"b_1^2": "0.5"}, TypeError, r"parameter b_1\^2 takes a real number"),
    (lambda s: s | {"b_1^2": None}, TypeError, r"parameter b_1\^2 takes a real number"),
    (lambda s: s | {"b_1^2": 1j}, TypeError, r"parameter b_1\^2 takes a real number"),
    (lambda s: s | {"b_1^2": [0.5]}, TypeError, r"parameter b_1\^2 takes a real number"),
    (lambda s: s | {"b_1^2": Value(0.5)}, TypeError, r"parameter b_1\^2 takes a real number"),
]


@pytest.mark.parametrize(("spoil", "error", "text"), BAD_STATES)
def test_a_state_that_does_not_fit_assigns_nothing(spoil, error, text):
    net, other = MLP(2, [2, 1], rng=1), MLP(2, [2, 1], rng=2)
    before = net.state_dict()
    with pytest.raises(error, match=text):
        net.load_state_dict(spoil(other.state_dict()))
    assert net.state_dict() == before


# Arrays.


def test_arrays_of_the_post_run_from_neuron_i_to_neuron_j(net):
    weights, biases = net.arrays()
    assert [w.tolist() for w in weights] == [np.transpose(W1).tolist(), np.transpose(W2).tolist()]
    assert [b.tolist() for b in biases] == [B1, B2]
    for l, w in enumerate(weights, 1):
        for i, j in ((1, 1), (2, 1), (1, 2)):
            assert w[i - 1, j - 1] == net.weight(l, i, j).data


def test_arrays_of_nielsen_are_the_transpose_with_columns(net):
    weights, biases = net.arrays("nielsen")
    assert [w.tolist() for w in weights] == [W1, W2]
    assert [b.tolist() for b in biases] == [[[b] for b in B1], [[b] for b in B2]]


def test_nielsen_s_own_feedforward_gives_the_same_outputs():
    net = MLP(3, [5, 4, 2], activation="sigmoid", output="sigmoid", rng=6)
    weights, biases = net.arrays(convention="nielsen")
    x = [0.3, -1.2, 2.0]
    a = np.array(x).reshape(3, 1)
    for b, w in zip(biases, weights, strict=True):
        a = 1.0 / (1.0 + np.exp(-(np.dot(w, a) + b)))
    assert [a_j.data for a_j in net(x)] == pytest.approx(a.ravel().tolist(), rel=1e-13)


@pytest.mark.parametrize("convention", ["post", "nielsen"])
@pytest.mark.parametrize("bias_shape", ["(n,)", "(n, 1)"])
def test_load_arrays_inverts_arrays(convention, bias_shape):
    net, other = MLP(3, [4, 2, 1], rng=1), MLP(3, [4, 2, 1], rng=2)
    weights, biases = net.arrays(convention)
    columns = [b.reshape(-1) if bias_shape == "(n,)" else b.reshape(-1, 1) for b in biases]
    other.load_arrays(weights, columns, convention=convention)
    assert other.state_dict() == net.state_dict()
    assert all(type(number) is float for number in other.state_dict().values())


def test_load_arrays_takes_nested_lists(net):
    other = MLP(2, [3, 2])
    other.load_arrays([W1, W2], [B1, B2], convention="nielsen")
    assert other.state_dict() == net.state_dict()


def test_arrays_are_copies(net):
    for convention in ("post", "nielsen"):
        before = net.state_dict()
        weights, biases = net.arrays(convention)
        for array in (*weights, *biases):
            array[:] = 99.0
        assert net.state_dict() == before


def _replaced(arrays, k, array):
    return [array if place == k else kept for place, kept in enumerate(arrays)]


BAD_ARRAYS = [
    (lambda w, b: ([w[0].T, w[1]], b), r"weights of layer 1.*\(2, 3\).*got \(3, 2\)"),
    (lambda w, b: (_replaced(w, 1, w[1].T), b), r"weights of layer 2.*\(3, 2\).*got \(2, 3\)"),
    (lambda w, b: (_replaced(w, 1, w[1].ravel()), b), r"weights of layer 2.*got \(6,\)"),
    (lambda w, b: (w, _replaced(b, 1, b[0])), r"biases of layer 2.*\(2,\) or \(2, 1\).*got \(3,\)"),
    (lambda w, b: (w, _replaced(b, 1, b[1].reshape(1, 2))), r"biases of layer 2.*got \(1, 2\)"),
    (lambda w, b: (w[:1], b), "2 layers need 2 weights and 2 biases, got 1 and 2"),
    (lambda w, b: (w, [*b, b[0]]), "2 layers need 2 weights and 2 biases, got 2 and 3"),
]


@pytest.mark.parametrize(("spoil", "text"), BAD_ARRAYS)
def test_arrays_that_do_not_fit_assign_nothing(net, spoil, text):
    other = MLP(2, [3, 2], rng=2)
    before = other.state_dict()
    with pytest.raises(ValueError, match=text):
        other.load_arrays(*spoil(*net.arrays()))
    assert other.state_dict() == before


NO_NUMBERS = [
    [None, 1.0],
    ["0.5", 1.0],
    [1j, 1.0],
    [Value(0.5), 1.0],
    np.array([None, 1.0]),
    np.array(["0.5", "1.0"]),
    np.array([1j, 1.0]),
]


@pytest.mark.parametrize("row", NO_NUMBERS, ids=repr)
@pytest.mark.parametrize("kind", ["weights", "biases"])
def test_arrays_of_no_numbers_assign_nothing(net, kind, row):
    weights, biases = MLP(2, [3, 2], rng=1).arrays()
    wrong = (_replaced(weights, 1, [row] * 3), biases)
    if kind == "biases":
        wrong = (weights, _replaced(biases, 1, row))
    before = net.state_dict()
    with pytest.raises(TypeError):
        net.load_arrays(*wrong)
    assert net.state_dict() == before


def test_the_other_convention_is_never_guessed(net):
    with pytest.raises(ValueError, match=r"convention 'post' needs shape \(2, 3\)"):
        net.load_arrays(*net.arrays("nielsen"))
    with pytest.raises(ValueError, match=r"convention 'nielsen' needs shape \(3, 2\)"):
        net.load_arrays(*net.arrays("post"), convention="nielsen")
    for call in (net.arrays, lambda convention: net.load_arrays(*net.arrays(), convention)):
        with pytest.raises(ValueError, match=r"'post', 'nielsen'.*'torch'"):
            call("torch")


# Copies, and texts.


def _trained(make):
    module = make(2, rng=3)
    for _ in range(3):
        module.zero_grad()
        quadratic(module(X), [0.5] * len(np.atleast_1d(module(X)))).backward()
        for p in module.parameters():
            p.data -= 0.01 * p.grad
    return module


MAKERS = {
    "Neuron": Neuron,
    "Layer": lambda n, **k: Layer(n, 2, activation="tanh", **k),
    "MLP": lambda n, **k: MLP(n, [3, 2], activation=["tanh", "softmax"], **k),
}


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_keeps_numbers_and_names_and_leaves_the_graph_behind(kind, copied):
    module = _trained(MAKERS[kind])
    latest = [(neuron.z, neuron.a) for neuron in module.neurons_in_order()]
    twin = copied(module)
    assert twin.state_dict() == module.state_dict()
    assert [p.label for p in twin.parameters()] == [p.label for p in module.parameters()]
    assert not set(twin.parameters()) & set(module.parameters())
    assert all(neuron.z is None and neuron.a is None for neuron in twin.neurons_in_order())
    assert [(neuron.z, neuron.a) for neuron in module.neurons_in_order()] == latest
    ours, theirs = (np.atleast_1d(m(X)).tolist() for m in (module, twin))
    assert [a.data for a in ours] == [a.data for a in theirs]


def test_a_copied_mlp_had_no_forward_pass(passed):
    twin = copy.deepcopy(passed)
    for accessor, place in (("z", (1, 1)), ("a", (2, 1)), ("a", (0, 1)), ("delta", (1, 1))):
        with pytest.raises(RuntimeError, match="no forward pass"):
            getattr(twin, accessor)(*place)


def test_training_a_copy_leaves_the_original_alone(passed):
    before = passed.state_dict(), [p.grad for p in passed.parameters()]
    twin = copy.deepcopy(passed)
    quadratic(twin([1.0, 2.0]), Y).backward()
    for p in twin.parameters():
        p.data -= p.grad
    assert (passed.state_dict(), [p.grad for p in passed.parameters()]) == before


def test_print_is_a_summary():
    assert str(MLP(784, [30, 10], "sigmoid", "softmax", rng=1)) == (
        "MLP 784-30-10: 23,860 parameters\n"
        "  layer 1: 784 -> 30 sigmoid, 23,550\n"
        "  layer 2: 30 -> 10 softmax, 310"
    )


def test_repr_says_how_it_was_made():
    assert repr(MLP(2, [3, 1])) == "MLP(2, [3, 1], activation=['relu', 'linear'])"
    assert repr(Layer(2, 3, activation="softmax")) == "Layer(2, 3, activation='softmax')"
    assert repr(Neuron(2, nonlin=False)) == "Neuron(2, activation='linear')"
