"""Why does a neuron that is badly wrong learn slowly, and what does the cross-entropy change?

M. Nielsen, Neural Networks and Deep Learning (2015), chapter 3, "The cross-entropy cost function":
one sigmoid neuron with input 1 and target 0 starts at w = b = 2, where its output is 0.98, and
learns for 300 epochs, with the quadratic cost at eta = 0.15 and the cross-entropy at eta = 0.005.
By BP1 delta = (a - y) a'(z) for the quadratic cost, and delta = a - y for the cross-entropy.
Then the same on the shipped digits: 64-30-10 sigmoid neurons, first weights from N(0, 1).
"""

import numpy as np
from matplotlib.figure import Figure

from micrograd_bp import MLP, SGD, cross_entropy, quadratic, train
from micrograd_bp.datasets import digits, one_hot


def one_neuron(cost, eta, epochs=300):
    """delta at the start, and the outputs after 0, 1, 2, ... epochs."""
    net = MLP(1, [1], output="sigmoid")
    net.load_arrays([[[2.0]]], [[2.0]])
    optimizer, deltas, outputs = SGD(net.parameters(), eta), [], []
    for _ in range(epochs + 1):
        C = cost(net([1.0]), 0.0)
        optimizer.zero_grad()
        C.backward()
        deltas.append(net.delta(1, 1))
        outputs.append(net.a(1, 1).data)
        optimizer.step()
    return deltas[0], outputs


print("One neuron, whose output a should be 0: its first delta, and a after so many epochs.")
print("cost             eta   delta      0     10     50    100    200    300")
neurons = {}
for cost, eta in ((quadratic, 0.15), (cross_entropy, 0.005), (cross_entropy, 0.15)):
    neurons[cost.__name__, eta] = delta, outputs = one_neuron(cost, eta)
    course = " ".join(f"{outputs[k]:6.3f}" for k in (0, 10, 50, 100, 200, 300))
    print(f"{cost.__name__:13} {eta:6}  {delta:.4f} {course}")
slope = outputs[0] * (1.0 - outputs[0])
print(f"The deltas differ by the factor a'(z) = a (1 - a) = {slope:.4f}: the sigmoid is flat.")

X, labels = digits()
order = np.random.default_rng(0).permutation(len(X))
learn, held_out = order[360:], order[:360]
x, y = X[learn[0]], one_hot(labels[learn[:1]], 10)[0]
deltas, histories = {}, {}
for cost in (quadratic, cross_entropy):
    net = MLP(64, [30, 10], activation=["sigmoid", "sigmoid"])
    rng = np.random.default_rng(0)
    for p in net.parameters():
        p.data = rng.normal()
    cost(net(x), y).backward()
    a = np.array([net.a(2, j).data for j in range(1, 11)])
    deltas[cost.__name__] = np.array([net.delta(2, j) for j in range(1, 11)])
    sgd, validation = SGD(net.parameters(), 0.5), (X[held_out], labels[held_out])
    histories[cost.__name__] = train(
        net, X[learn], labels[learn], cost, sgd, 30, validation=validation, progress=False
    )
worst = np.argmax(np.abs(a - y))
print(f"\nDigits: for a {np.argmax(y)}, output {worst + 1} is {a[worst]:.4f} at first, not 0.")
for name, history in histories.items():
    print(f"{name}: its delta is {deltas[name][worst]:.4f}.")
    for k in (1, 5, 30):
        right = history.validation_accuracy[k - 1]
        print(f"  epoch {k:2}: cost {history.cost[k - 1]:.3f}, {right:.1%} of 360 held-out digits")

figure = Figure(figsize=(8, 3.6), layout="constrained")
left, right = figure.subplots(1, 2)
colours = {"quadratic": "#d9480f", "cross_entropy": "#1c5fa8"}
for (name, eta), (_, outputs) in neurons.items():
    style = "--" if eta == 0.005 else "-"
    left.plot(outputs, style, color=colours[name], label=f"{name}, $\\eta$ = {eta}")
for name, history in histories.items():
    percent = 100.0 * np.array(history.validation_accuracy)
    right.plot(range(1, 31), percent, color=colours[name], label=name)
left.set(title="one neuron, target 0", xlabel="epoch", ylabel="output $a$")
right.set(title=r"digits, $\eta$ = 0.5", xlabel="epoch", ylabel="held-out digits right, %")
left.legend(frameon=False, fontsize=8, loc=(0.15, 0.45))
right.legend(frameon=False)
figure.suptitle("Saturated neurons learn slowly with the quadratic cost")
figure.savefig("14_learning_slowdown.svg")
print("wrote 14_learning_slowdown.svg")
