"""Does a script that was written for micrograd run here as it stands?

The procedure of demo.ipynb in A. Karpathy's micrograd (2020), in its API: two moons of 100 points,
an MLP 2-16-16-1 of relu neurons with a linear output, 100 steps of gradient descent on the hinge
loss, mean max(0, 1 - y s), and a penalty alpha sum p^2, at a rate that falls from 1.0 to 0.1. Here
a step is on 32 of the points. For micrograd, `micrograd_bp` becomes `micrograd` in the lines that
import Value and MLP, and nothing else changes: seed 1337 draws the same first weights in both.
"""

import random

import numpy as np

from micrograd_bp.datasets import moons
from micrograd_bp.engine import Value
from micrograd_bp.nn import MLP
from viz import plot_decision_boundary

random.seed(1337)
np.random.seed(1337)
X, labels = moons(100, noise=0.1, seed=1337)
y = 2 * labels - 1  # -1 or 1
model = MLP(2, [16, 16, 1])
alpha, steps = 1e-4, 100


def loss(batch_size):
    """The loss of some of the points, and the part of them that is right."""
    rows = np.random.permutation(len(X))[:batch_size]
    scores = [model([Value(x) for x in X[row].tolist()]) for row in rows]
    losses = [(1 - int(y[row]) * score).relu() for row, score in zip(rows, scores, strict=True)]
    penalty = alpha * sum(p * p for p in model.parameters())
    right = [(y[row] > 0) == (score.data > 0) for row, score in zip(rows, scores, strict=True)]
    return sum(losses) * (1.0 / len(rows)) + penalty, np.mean(right)


print(f"{len(model.parameters())} parameters, {len(X)} points")
costs = []
for k in range(steps):
    cost, accuracy = loss(batch_size=32)
    model.zero_grad()
    cost.backward()
    for p in model.parameters():
        p.data -= (1.0 - 0.9 * k / steps) * p.grad
    costs.append(cost.data)
    if k % 10 == 0:
        print(f"step {k:2}: loss {cost.data:.12f}, {accuracy:.0%} of 32 points right")
cost, accuracy = loss(batch_size=100)
print(f"After {steps} steps: loss {cost.data:.12f}, {accuracy:.0%} of all points right")

ax = plot_decision_boundary(model, X, y)
ax.set_title(f"two moons, 2-16-16-1 relu: {accuracy:.0%} right")
ax.figure.savefig("16_moons.svg")
print("wrote 16_moons.svg")
