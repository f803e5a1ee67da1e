"""The main job on real input: a network of scalars checks its equations, learns, draws itself."""

import csv
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from tqdm import tqdm

import viz
from micrograd_bp.costs import cross_entropy, quadratic, sigmoid_cross_entropy
from micrograd_bp.datasets import digits, one_hot
from micrograd_bp.descent import SGD
from micrograd_bp.engine import Value, topological_order
from micrograd_bp.equations import check_equations
from micrograd_bp.nn import MLP, Neuron

Array = np.ndarray[Any, np.dtype[Any]]

SEED = 0
EPOCHS = 6
BATCH_SIZE = 10
LEARNING_RATE = 0.3
HELD_OUT = 360


@dataclass
class History:
    """Per epoch: the mean training cost, and the accuracy on held-out digits from 0 to 1."""

    cost: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)


def demo(directory: Path) -> None:
    """Check, train and draw a network of scalars on handwritten digits; pictures to `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    started = perf_counter()
    X, labels = digits()
    order = np.random.default_rng(SEED).permutation(len(X))
    learn, held_out = order[HELD_OUT:], order[:HELD_OUT]
    net = MLP(64, [30, 10], activation="tanh", output="sigmoid", rng=SEED, init="scaled")

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
    (directory / "equations.txt").write_text(text + "\n", encoding="utf-8")

    print(f"3. Learning {len(learn):,} digits by stochastic gradient descent, scalar by scalar\n")
    history = learn_digits(net, X, labels, learn, held_out)
    save_history(history, directory / "history.csv")
    right = history.validation_accuracy[-1]
    print(f"\nHeld-out accuracy: {right:.1%} ({round(right * HELD_OUT)} of {HELD_OUT} digits)\n")

    print("4. Pictures\n")
    for path in [*draw_pictures(directory), *draw_history(history, directory)]:
        print(f"  {path}")
    print(f"\nDone in {perf_counter() - started:.0f} s.")


def learn_digits(net: MLP, X: Array, labels: Array, learn: Array, held_out: Array) -> History:
    """Mini-batch gradient descent: the gradient is the average over BATCH_SIZE examples."""
    rng, optimiser, history = (
        np.random.default_rng(SEED),
        SGD(net.parameters(), LEARNING_RATE),
        History(),
    )
    Y = one_hot(labels, 10)
    with tqdm(total=EPOCHS * len(learn), unit=" digits", disable=None, leave=False) as bar:
        for epoch in range(1, EPOCHS + 1):
            costs = []
            shuffled = rng.permutation(learn)
            for batch in np.array_split(shuffled, len(shuffled) // BATCH_SIZE):
                optimiser.zero_grad()
                for k in batch:
                    net(X[k])
                    cost = sigmoid_cross_entropy(weighted_inputs(net), Y[k])
                    cost.backward(1.0 / len(batch))
                    costs.append(cost.data)
                optimiser.step()
                bar.update(len(batch))
                bar.set_postfix(epoch=epoch, cost=f"{np.mean(costs[-100:]):.3f}", refresh=False)
            history.cost.append(float(np.mean(costs)))
            history.validation_accuracy.append(accuracy(net, X[held_out], labels[held_out]))
            line = f"  epoch {epoch}: cost {history.cost[-1]:.3f}, held-out accuracy"
            bar.write(f"{line} {history.validation_accuracy[-1]:.1%}")
    return history


def weighted_inputs(net: MLP) -> list[Value]:
    """z^L of the latest forward pass: what the stable twin of the cross-entropy takes."""
    last = len(net.layers)
    return [net.z(last, j) for j in range(1, net.sizes[-1] + 1)]


def accuracy(net: MLP, X: Array, labels: Array) -> float:
    """The part of the rows of X whose largest output is at the label."""
    outputs = [[a_j.data for a_j in net(x)] for x in X]
    return float(np.mean(np.argmax(outputs, axis=1) == labels))


def picture(x: Array) -> str:
    """8 x 8 pixels from 0 to 1 as text."""
    shades = " .:-=+*#%@"
    rows = np.round(x.reshape(8, 8) * (len(shades) - 1)).astype(int)
    return "\n".join("    " + "".join(2 * shades[shade] for shade in row) for row in rows)


def save_history(history: History, path: Path) -> None:
    """Columns epoch, cost, validation_accuracy."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["epoch", "cost", "validation_accuracy"])
        rows.writerows(
            zip(range(1, EPOCHS + 1), history.cost, history.validation_accuracy, strict=True)
        )


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
        path = directory / f"{name}.svg"
        try:
            viz.draw(cost).save(path)
        except viz.RendererNotFound as missing:
            path = path.with_suffix(".txt")
            path.write_text(viz.draw(cost, view="text") + "\n", encoding="utf-8")
            print(f"  {missing}")
        paths.append(path)
    return paths


def draw_history(history: History, directory: Path) -> list[Path]:
    """The learning curve as SVG; without matplotlib, a line that says how to get it."""
    path = directory / "learning-curve.svg"
    try:
        figure: Any = viz.plot_history(history).figure
    except ImportError as missing:
        print(f"  {missing}")
        return []
    figure.savefig(path)
    return [path]
