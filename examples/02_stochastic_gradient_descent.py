"""What does an average over a few examples tell about the average over all of them?

The post, "Gradient descent in neural networks": C is the average of the costs C_x of n examples, so
one update needs n gradients; stochastic gradient descent takes the average over m << n of them.
"""

import numpy as np
from matplotlib.figure import Figure

from micrograd_bp import MLP, SGD, cross_entropy, train
from micrograd_bp.datasets import moons
from viz import trace

N = 200
X, y = moons(N)


def network():
    return MLP(2, [8, 1], activation="tanh", output="sigmoid", rng=0, init="scaled")


def gradient(C):
    net.zero_grad()
    C.backward()
    return np.array([p.grad for p in net.parameters()])


net = network()
costs = [cross_entropy(net(x), target) for x, target in zip(X, y, strict=True)]
each = np.array([gradient(C_x) for C_x in costs])  # (n, p)
exact = gradient(sum(costs) / N)  # (p,)
apart = np.abs(each.mean(axis=0) - exact).max()
print(f"The gradient of the average is the average of the {N} gradients, to {apart:.0e}.")

print("\nHow far is the average over m random examples from that over all, relative to its length?")
rng, sizes, noise = np.random.default_rng(0), (1, 4, 16, 64), []
for m in sizes:
    samples = each[rng.integers(N, size=(2000, m))].mean(axis=1)  # (2000, p)
    noise.append(np.sqrt(np.mean(np.sum((samples - exact) ** 2, axis=1))) / np.linalg.norm(exact))
    print(f"  m = {m:2}: {noise[-1]:.2f}")
print("Four times as many examples halve the noise: it falls as 1 / sqrt(m).")

print("\nThe work of one update: backward multiplies a local derivative for each edge.")
work = {n: len(trace(sum(costs[:n]) / n)[1]) for n in (10, 50, N)}
for n, edges in work.items():
    print(f"  an average over {n:3} examples: {edges:6,} edges")

print(f"\nSo one update by all {N} costs as much as {N // 10} updates by ten. After 40 epochs:")
curves = {}
for batch_size in (N, 10):
    net = network()
    sgd = SGD(net.parameters(), learning_rate=0.3)
    history = train(net, X, y, cross_entropy, sgd, 40, batch_size, progress=False)
    curves[batch_size] = history.cost
    print(f"  batches of {batch_size:3}: C = {history.cost[-1]:.3f}")

figure = Figure(figsize=(10, 4), layout="constrained")
left, right = figure.subplots(1, 2)
left.loglog(sizes, noise, "o", label="measured")
left.loglog(sizes, noise[0] / np.sqrt(sizes), "--", label="$1/\\sqrt{m}$")
left.set_xticks(sizes, sizes)
left.set_yticks([0.3, 1, 3], [0.3, 1, 3])
left.minorticks_off()
left.set(xlabel="examples in a batch, m", ylabel="noise of the gradient, relative")
for batch_size, cost in curves.items():
    right.plot(range(1, 41), cost, label=f"batches of {batch_size}")
right.set(xlabel=f"epochs, {N} gradients each", ylabel="C", ylim=(0, None))
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
figure.savefig("02_stochastic_gradient_descent.svg")
print("wrote 02_stochastic_gradient_descent.svg")
