"""What does the second derivative know that the gradient does not?

M. Nielsen, Neural Networks and Deep Learning (2015), chapter 3, "Variations on stochastic gradient
descent": C(v + dv) is about C + grad C . dv + 1/2 dv^T H dv, which is least at dv = -H^-1 grad C.
That is the step of Newton's method, taken here in H. Rosenbrock's valley (1960). Then the Hessian
matrix H of a network 2-2-1 shows in how many directions its cost is curved.
"""

import numpy as np
from matplotlib.figure import Figure

from micrograd_bp import (
    MLP,
    Value,
    grad,
    gradient_descent,
    gradients,
    hessian,
    matrix_form,
    quadratic,
    total,
)
from viz import draw


def f(v):
    """A curved valley, whose lowest point is (1, 1)."""
    return (1.0 - v[0]) ** 2 + 100.0 * (v[1] - v[0] ** 2) ** 2


def error(v):
    return float(np.linalg.norm(v - 1.0))


start = np.array([0.5, 0.5])
descent = gradient_descent(f, start, learning_rate=0.0018, tolerance=1e-3)
path = [start]
while np.linalg.norm(grad(f)(path[-1])) > 1e-6:
    path.append(path[-1] - np.linalg.solve(hessian(f)(path[-1]), grad(f)(path[-1])))
errors = [error(v) for v in path]
exponents = np.log10(errors)
print(f"gradient descent takes {descent.steps} steps to within {error(descent.v):.1e} of (1, 1),")
print(f"Newton's method {len(path) - 1} steps to within {errors[-1]:.1e}; its distances:")
print("  " + "  ".join(f"10^{exponent:.1f}" for exponent in exponents))
print("near the end a step doubles the exponent, or more: an error e becomes about e^2")

# The Hessian of a network's cost: gradients of gradients.
net = MLP(2, [2, 1], activation="tanh", output="tanh", rng=0)
X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [-0.8, 0.8, 0.8, -0.8]  # exclusive or
parameters = net.parameters()


def hessian_of_network():
    C = total(quadratic(net(x), y) for x, y in zip(X, Y, strict=True)) / len(X)
    rows = [gradients(g, parameters) for g in gradients(C, parameters)]
    return np.array([[h.data for h in row] for row in rows])  # (9, 9)


y = Value(0.0, "y")
form = matrix_form(quadratic(net(X[0]), y), [*net.latest_inputs(), y], parameters)
examples = np.column_stack([X, Y])
at_start = hessian_of_network()
theta, by_differences, h = form.parameters.copy(), np.zeros((9, 9)), 1e-5
for i, unit in enumerate(np.eye(9)):
    for step in (h, -h):
        form.parameters = theta + step * unit
        by_differences[i] += form.value_and_gradient(examples)[1] / (2 * step)
form.parameters = theta
asymmetry = np.max(np.abs(at_start - at_start.T))
off_differences = np.max(np.abs(at_start - by_differences))
print(f"Hessian of 2-2-1, 9 parameters: symmetric to {asymmetry:.0e}, and within")
print(f"{off_differences:.0e} of central differences of the gradient")

for _ in range(5_000):
    cost, gradient = form.value_and_gradient(examples)
    form.parameters -= 0.5 * gradient
form.write_back()
at_minimum = hessian_of_network()
curvatures = [np.linalg.eigvalsh(H) for H in (at_start, at_minimum)]
for where, eigenvalues in zip(("the start", "the minimum"), curvatures, strict=True):
    shown = " ".join(f"{c:.3f}" for c in np.round(eigenvalues, 3) + 0.0)
    print(f"eigenvalues at {where}: {shown}")
falling, curved = np.sum(curvatures[0] < -1e-9), np.sum(curvatures[1] > 1e-9)
print(f"at the start the cost curves downwards in {falling} directions: Newton's step may climb")
print(f"at the end, where it is {cost:.0e}, it curves upwards in {curved}, one for each of")
print(f"{len(X)} examples, and is flat in the others")

# Pictures: both matrices; and one second derivative as a graph.
figure = Figure(figsize=(8.4, 4.0), layout="constrained")
figure.suptitle("The Hessian matrix of a network 2-2-1: each pair of parameters")
for k, (title, H) in enumerate([("at the start", at_start), ("at the minimum", at_minimum)], 1):
    ax = figure.add_subplot(1, 2, k, title=title)
    image = ax.imshow(H, "RdBu_r", vmin=-0.6, vmax=0.6)
    ax.set_xticks(range(9), [p.label for p in parameters])
    ax.set_yticks(range(9), [p.label for p in parameters])
    for i, j in np.argwhere(np.abs(H) >= 0.005):
        colour = "white" if abs(H[i, j]) > 0.4 else "black"
        ax.text(j, i, f"{H[i, j]:.2f}", ha="center", va="center", fontsize=6, color=colour)
figure.colorbar(image, ax=figure.axes, label="second derivative", extend="both", shrink=0.7)
figure.savefig("18_newton.svg")

x, w, b = Value(1.5, "x"), Value(0.5, "w"), Value(-0.2, "b")
a = (w * x + b).tanh()
second = gradients(gradients(a, w), w)
draw(second, forward=a, grads=False).save("18_newton_2.svg")
print(f"of one neuron, the second derivative by w is {second.data:.4g}")
print("wrote 18_newton.svg and 18_newton_2.svg")
