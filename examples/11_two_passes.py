"""Are two passes enough, however many weights there are?

The post, "Backpropagation": it is efficient because one pass forward and one back give the whole
gradient. To move each of p parameters a little and look at the cost takes p + 1 passes forward.
"""

from time import process_time
from timeit import repeat

import numpy as np
from matplotlib.figure import Figure

from micrograd_bp import MLP, quadratic
from viz import trace

x, y, h = [1.0, -2.0], 1.0, 1e-6


def forward():
    return quadratic(net(x), y)


def by_differences():
    """The gradient, from p + 1 forward passes."""
    C, gradient = forward().data, []
    for p in net.parameters():
        p.data += h
        gradient.append((forward().data - C) / h)
        p.data -= h
    return gradient


def by_backpropagation():
    """The gradient, from one forward and one backward pass."""
    net.zero_grad()
    forward().backward()
    return [p.grad for p in net.parameters()]


def seconds(function, rounds):
    """Of the quickest round."""
    return min(repeat(function, timer=process_time, number=1, repeat=rounds))


parameters, two_passes, many_passes, edges, apart = [], [], [], [], []
print("  p   edges of the graph   two passes   p + 1 passes   (times of one forward pass)")
for width in (2, 4, 8, 16, 24):
    net = MLP(2, [width, width, 1], activation="tanh", rng=0, init="scaled")
    once = seconds(forward, 50)
    parameters.append(len(net.parameters()))
    edges.append(len(trace(forward())[1]))
    two_passes.append(seconds(by_backpropagation, 50) / once)
    many_passes.append(seconds(by_differences, 1) / once)
    apart.append(np.abs(np.subtract(by_backpropagation(), by_differences())).max())
    print(f"{parameters[-1]:4} {edges[-1]:16,} {two_passes[-1]:14.1f} {many_passes[-1]:14.0f}")
print("Forward computes a local derivative for each edge, backward multiplies it; once, for any p.")
print(f"Both gradients are the same, to {max(apart):.0e}, the error of the differences.")

figure = Figure(figsize=(7, 4), layout="constrained")
ax = figure.subplots()
ax.loglog(parameters, many_passes, "o-", label="finite differences: p + 1 passes forward")
ax.loglog(parameters, two_passes, "o-", label="backpropagation: one forward, one back")
ax.set_xticks(parameters, parameters)
ax.minorticks_off()
ax.set(xlabel="parameters, p", ylabel="times of one forward pass", ylim=(1, None))
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False)
figure.savefig("11_two_passes.svg")
print("wrote 11_two_passes.svg")
