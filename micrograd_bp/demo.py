"""The main job on real input: a network of scalars checks its equations, learns, draws itself."""

from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

import viz
from micrograd_bp.costs import cross_entropy, quadratic, sigmoid_cross_entropy
from micrograd_bp.data import one_hot
from micrograd_bp.datasets import digits
from micrograd_bp.descent import SGD
from micrograd_bp.engine import Value, topological_order
from micrograd_bp.equations import check_equations
from micrograd_bp.files import place_in
from micrograd_bp.history import History
from micrograd_bp.matrix_form import MatrixForm, matrix_form
from micrograd_bp.nn import MLP, Neuron
from micrograd_bp.notation import Symbol
from micrograd_bp.training import train

Array = np.ndarray[Any, np.dtype[Any]]

SEED = 0
EPOCHS = 12
BATCH_SIZE = 10
LEARNING_RATE = 0.3
HELD_OUT = 360
COMPARED = 300


def demo(directory: Path) -> None:
    """Check, compile, train and draw a network of scalars on handwritten digits."""
    directory.mkdir(parents=True, exist_ok=True)
    started = perf_counter()
    X, labels = digits()
    order = np.random.default_rng(SEED).permutation(len(X))
    learn, held_out = order[HELD_OUT:], order[:HELD_OUT]
    net = new_network()

    print("1. A network, written scalar by scalar\n")
    print(net)
    x, label = X[learn[0]], int(labels[learn[0]])
    y = one_hot([label], 10)[0]
    nodes = len(topological_order(cross_entropy(net(x), y)))
    print(f"The cost of one digit is a graph of {nodes:,} values.\n")

    print(f"2. The equations of backpropagation, on this handwritten {label}\n")
    print(picture(x), end="\n\n")
    report = check_equations(net, x.tolist(), y, cross_entropy)
    text = "\n\n".join([str(report), report.explain("BP1", 2, 1), report.explain("BP2", 1, 1)])
    print(text, end="\n\n")
    place_in(directory, "equations.txt").write_text(text + "\n", encoding="utf-8")

    print("3. The matrix form, which the library finds in that graph\n")
    form = found_form(net)
    print(form, end="\n\n")
    path = place_in(directory, "matrix-form.txt")
    path.write_text(f"{form}\n\n{form.source}", encoding="utf-8")

    print(f"4. Learning {len(learn):,} digits by stochastic gradient descent\n")
    print(both_methods(X[learn], labels[learn]), end="\n\n")
    history = learn_digits(net, X, labels, learn, held_out)
    history.to_csv(place_in(directory, "history.csv"))
    right = history.validation_accuracy[-1]
    print(f"Held-out accuracy: {right:.1%} ({round(right * HELD_OUT)} of {HELD_OUT} digits)\n")

    print("5. Pictures\n")
    for path in [*draw_pictures(directory), *draw_history(history, directory)]:
        print(f"  {path}")
    print(f"\nDone in {perf_counter() - started:.0f} s.")


def new_network() -> MLP:
    """The network of the demo, always with the same first weights."""
    return MLP(64, [30, 10], activation="tanh", output="sigmoid", rng=SEED, init="scaled")


def found_form(net: MLP) -> MatrixForm:
    """The matrix form of the network's cost, as `train` uses it."""
    y = [Value(0.0, Symbol("y", None, (j,))) for j in range(1, 11)]
    net([0.0] * 64)
    cost = sigmoid_cross_entropy([net.z(2, j) for j in range(1, 11)], y)
    return matrix_form(cost, [*net.latest_inputs(), *y], net.parameters())


def both_methods(X: Array, labels: Array) -> str:
    """Some digits learned scalar by scalar and by the matrix form: how fast, and how far apart."""
    X, labels = X[:COMPARED], labels[:COMPARED]
    seconds, weights = {}, {}
    for method in ("scalar", "matrix"):
        net = new_network()
        started = perf_counter()
        train(net, X, labels, cross_entropy, epochs=1, batch_size=BATCH_SIZE, method=method)
        seconds[method] = perf_counter() - started
        weights[method] = np.array([p.data for p in net.parameters()])
    apart = np.max(np.abs(weights["scalar"] - weights["matrix"]))
    return (
        f"{len(X)} digits once, scalar by scalar: {seconds['scalar']:.2f} s; by the matrix form,"
        f" found and checked anew: {seconds['matrix']:.2f} s.\n"
        f"The weights that both learned differ by at most {apart:.1e}."
    )


def learn_digits(net: MLP, X: Array, labels: Array, learn: Array, held_out: Array) -> History:
    """Mini-batch gradient descent: the gradient is the average over BATCH_SIZE examples."""
    history = train(
        net,
        X[learn],
        labels[learn],
        cross_entropy,
        SGD(net.parameters(), LEARNING_RATE),
        EPOCHS,
        BATCH_SIZE,
        validation=(X[held_out], labels[held_out]),
        seed=SEED,
    )
    print(history, end="\n\n")
    return history


def picture(x: Array) -> str:
    """8 x 8 pixels from 0 to 1 as text."""
    shades = " .:-=+*#%@"
    rows = np.round(x.reshape(8, 8) * (len(shades) - 1)).astype(int)
    return "\n".join("    " + "".join(2 * shades[shade] for shade in row) for row in rows)


def one_neuron() -> Value:
    """The cost of one tanh neuron with two inputs, after its backward pass."""
    neuron = Neuron(2, activation="tanh")
    neuron.load_state_dict({"w_1": -0.5, "w_2": 0.25, "b": 0.5})
    cost = quadratic(neuron([2.0, 1.0]), 1.0)
    cost.label = "C"
    cost.backward()
    return cost


def small_network() -> Value:
    """The cost of a [2, 4, 1] network at one example, after its backward pass."""
    net = MLP(2, [4, 1], activation="tanh", rng=SEED)
    cost = quadratic(net([1.0, -2.0]), 1.0)
    cost.label = "C"
    cost.backward()
    return cost


def draw_pictures(directory: Path) -> list[Path]:
    """One neuron and a [2, 4, 1] network: SVG, or text trees where nothing can draw."""
    paths = []
    for name, cost in {"neuron": one_neuron(), "network-2-4-1": small_network()}.items():
        path = place_in(directory, f"{name}.svg")
        try:
            viz.draw(cost).save(path)
        except viz.RendererNotFound as missing:
            path = place_in(directory, f"{name}.txt")
            path.write_text(viz.draw(cost, view="text") + "\n", encoding="utf-8")
            print(f"  {missing}")
        paths.append(path)
    return paths


def draw_history(history: History, directory: Path) -> list[Path]:
    """The learning curve as SVG; without matplotlib, a line that says how to get it."""
    path = place_in(directory, "learning-curve.svg")
    try:
        figure: Any = viz.plot_history(history).figure
    except ImportError as missing:
        print(f"  {missing}")
        return []
    figure.savefig(path)
    return [path]
