"""What can a hidden layer do that a single neuron cannot?

XOR, whose classes no line separates (M. Minsky and S. Papert, Perceptrons, 1969), and the hidden
neurons that learn it (D. Rumelhart, G. Hinton and R. Williams, Learning internal representations by
error propagation, 1986). Sigmoid neurons, quadratic cost, all four corners of the unit square in
each step, eta = 1 and momentum 0.9, 1,000 steps from weights uniform on (-1, 1).
"""

from itertools import product

import numpy as np
from matplotlib.figure import Figure

from micrograd_bp import MLP, Momentum, predict, quadratic, train
from micrograd_bp.datasets import xor
from viz import plot_decision_boundary

X, y = xor()  # (4, 2), (4,)


def learn(sizes, seed):
    """A network, and its mean cost at the end."""
    net = MLP(2, sizes, "sigmoid", "sigmoid", rng=seed)
    momentum = Momentum(net.parameters(), 1.0, 0.9)
    history = train(net, X, y, quadratic, momentum, 1000, batch_size=4, progress=False)
    return net, history.cost[-1]


neuron, neuron_cost = learn([1], seed=0)
outputs = predict(neuron, X)[:, 0]
print(f"One neuron: cost {neuron_cost:.4f}, outputs " + ", ".join(f"{a:.3f}" for a in outputs))
print("z is linear: z(0,0) + z(1,1) = z(0,1) + z(1,0). XOR wants one below 0, the other above.")

steps = np.linspace(-2.0, 2.0, 17)
weights = np.array(list(product(steps, repeat=3)))  # (4913, 3): w1, w2, b
z = weights[:, :2] @ X.T + weights[:, 2:]  # (4913, 4)
right = np.sum((z > 0.0) == (y == 1), axis=1)
margin = np.min(np.abs(z), axis=1)  # (4913,)
most, best = right.max(), weights[np.lexsort((margin, right))[-1]]
print(f"Of {len(weights):,} neurons with other weights, the best has {most} of 4 corners right.\n")

found = [learn([2, 1], seed) for seed in range(10)]
learnt = [seed for seed, (_, cost) in enumerate(found) if cost < 0.001]
stuck = {seed: cost for seed, (_, cost) in enumerate(found) if seed not in learnt}
print(f"With two hidden neurons {len(learnt)} of 10 first weights learn XOR.", end="")
print("".join(f" Weights {seed} stay at cost {cost:.4f}." for seed, cost in stuck.items()))
net, net_cost = found[learnt[0]]
print(f"Weights {learnt[0]} have the cost {net_cost:.5f}, and this truth table:")
print("x1 x2   hidden 1  hidden 2   output  wanted")
table = []
for (x1, x2), wanted in zip(X, y, strict=True):
    a = net([x1, x2]).data
    table.append([net.a(1, 1).data, net.a(1, 2).data, a])
    print(f" {x1:.0f}  {x2:.0f}   {table[-1][0]:8.3f}  {table[-1][1]:8.3f} {a:8.3f}  {wanted:6}")
print("Hidden neuron 1 has become OR, hidden neuron 2 AND, the output the one without the other.")

figure = Figure(figsize=(8, 4), layout="constrained")
left, right_ax = figure.subplots(1, 2)
plot_decision_boundary(lambda X: X @ best[:2] + best[2], X, y, left, threshold=0.0)
plot_decision_boundary(lambda X: predict(net, X), X, y, right_ax)
left.set_title(f"one neuron: {most} of 4 at best")
right_ax.set_title("two hidden neurons: all 4")
left.get_legend().remove()
figure.savefig("15_xor.svg")
print("wrote 15_xor.svg")
