"""What people wrote for micrograd runs as it stands, with the numbers that they know."""

import math
import random

import pytest

from micrograd_bp.engine import Value
from micrograd_bp.nn import MLP, Layer, Module, Neuron


def test_readme_example_of_micrograd():
    a = Value(-4.0)
    b = Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"


def test_readme_neuron_of_micrograd():
    x = [Value(1.0), Value(-2.0)]
    neuron = Neuron(2)
    for p, number in zip(neuron.parameters(), (1.5, 0.5, 2.0), strict=True):
        p.data = number
    y = neuron(x)
    assert y.data == 2.5
    y.backward()
    assert [p.grad for p in neuron.parameters()] == [1.0, -2.0, 1.0]
    assert [x_i.grad for x_i in x] == [1.5, 0.5]


def test_op_and_prev_read_as_in_micrograd():
    a, b = Value(2.0), Value(-3.0)
    c = a * b
    assert c._op == "*"
    assert set(c._prev) == {a, b}
    assert a._op == ""
    assert set(a._prev) == set()


def moons(points, rng):
    """Two half circles with a little noise, labelled 1 and -1, as micrograd's demo has them."""
    X, y = [], []
    for k in range(points):
        angle, upper = rng.uniform(0.0, math.pi), k % 2 == 0
        centre, sign = ((0.0, 0.0), 1.0) if upper else ((1.0, 0.5), -1.0)
        noise = rng.gauss(0.0, 0.1), rng.gauss(0.0, 0.1)
        X.append([c + sign * p + e for c, p, e in zip(centre, _circle(angle), noise, strict=True)])
        y.append(1 if upper else -1)
    return X, y


def _circle(angle):
    return math.cos(angle), math.sin(angle)


def test_demo_notebook_of_micrograd_learns_moons():
    random.seed(1337)
    X, y = moons(60, random)
    model = MLP(2, [10, 10, 1])

    def loss():
        inputs = [list(map(Value, xrow)) for xrow in X]
        scores = list(map(model, inputs))
        losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(y, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        alpha = 1e-4
        reg_loss = alpha * sum(p * p for p in model.parameters())
        total_loss = data_loss + reg_loss
        accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(y, scores, strict=True)]
        return total_loss, sum(accuracy) / len(accuracy)

    history = []
    for k in range(60):
        total_loss, accuracy = loss()
        model.zero_grad()
        total_loss.backward()
        learning_rate = 1.0 - 0.9 * k / 60
        for p in model.parameters():
            p.data -= learning_rate * p.grad
        history.append(total_loss.data)

    total_loss, accuracy = loss()
    assert total_loss.data < 0.2 * history[0]
    assert accuracy >= 0.98


def test_a_module_of_ones_own_needs_only_parameters():
    class Pair(Module):
        def __init__(self):
            self.left, self.right = Neuron(2), Layer(2, 1)

        def __call__(self, x):
            return self.left(x) * self.right(x)[0]

        def parameters(self):
            return self.left.parameters() + self.right.parameters()

    model = Pair()
    for p in model.parameters():
        p.data = 1.0
    model([1.0, 2.0]).backward()
    assert [p.grad for p in model.parameters()] == [4.0, 8.0, 4.0] * 2
    model.zero_grad()
    assert [p.grad for p in model.parameters()] == [0.0] * 6


@pytest.mark.parametrize("module", [Neuron(3), Layer(3, 2), MLP(3, [4, 1])])
def test_attributes_of_micrograd_are_there(module):
    neurons = module.neurons if isinstance(module, Layer) else [module]
    if isinstance(module, MLP):
        neurons = [neuron for layer in module.layers for neuron in layer.neurons]
    assert module.parameters() == [p for neuron in neurons for p in [*neuron.w, neuron.b]]
    assert all(isinstance(p, Value) for p in module.parameters())


def test_hidden_layers_are_relu_and_the_last_is_linear_as_in_micrograd():
    model = MLP(3, [4, 4, 1])
    nonlin = [[neuron.nonlin for neuron in layer.neurons] for layer in model.layers]
    assert nonlin == [[True] * 4, [True] * 4, [False]]
    assert [Neuron(2).nonlin, Neuron(2, nonlin=False).nonlin] == [True, False]
