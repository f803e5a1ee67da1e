"""How does gradient descent find the minimum of any differentiable function?

The post, "Gradient descent": a small step dv changes C by about grad C . dv, so the step
dv = -eta grad C goes downhill, by about eta |grad C|^2. The algorithm is this step, over and over.
"""

import numpy as np
from matplotlib.figure import Figure

from micrograd_bp import grad, gradient_descent, hessian
from viz import plot_descent


def C(v1, v2):
    return (v1 - 1) ** 2 + 3 * (v2 + 0.5) ** 2 + v1 * v2


def rosenbrock(v1, v2):
    return (1 - v1) ** 2 + 100 * (v2 - v1**2) ** 2


start = (-2.0, 2.0)
slope = np.array(grad(C, argnums=(0, 1))(*start))
print(f"At v = {start}, C = {C(*start)} and grad C = {slope}.")
print("   eta  predicted change  actual change  actual / predicted")
ratios = []
for eta in (0.1, 0.01, 0.001):
    dv = -eta * slope
    predicted, actual = slope @ dv, C(*(start + dv)) - C(*start)
    ratios.append(actual / predicted)
    print(f"{eta:6} {predicted:17.4f} {actual:14.4f} {ratios[-1]:19.3f}")

descent = gradient_descent(C, start, learning_rate=0.1)
print(f"\nStep by step, eta = 0.1: {descent}")
print("  step  predicted change  actual change")
for step in (0, 1, 2, 4, 8, 16):
    print(f"{step + 1:6} {descent.predicted[step]:17.2e} {descent.actual[step]:14.2e}")

# Here grad C is linear, so along an eigenvector of the Hessian a step multiplies the distance to
# the minimum by 1 - eta * eigenvalue.
curvature = hessian(lambda v: C(v[0], v[1]))(np.array(start))
largest_eta = 2 / np.linalg.eigvalsh(curvature)[-1]
print(f"\nThe steps shrink while eta is below 2 / (largest curvature) = {largest_eta:.4f}:")
courses = {eta: gradient_descent(C, start, learning_rate=eta) for eta in (0.1, 0.3, 0.31, 0.33)}
for eta, course in courses.items():
    print(f"  eta = {eta}: {course.reason} after {course.steps} steps")

# The classic hard case: a curved valley, steep across and nearly flat along its floor.
valley = gradient_descent(rosenbrock, (-1.2, 1.0), 0.001, tolerance=1e-2, max_steps=20_000)
in_the_valley = next(k for k, cost in enumerate(valley.costs) if cost < 4.2)
print(f"\nRosenbrock: in the valley after {in_the_valley} steps, then {valley}")


def plot(ax, title, course, f):
    plot_descent(course, f, ax)
    ax.text(0.03, 0.94, title, transform=ax.transAxes, fontsize=13, backgroundcolor="white")


figure = Figure(figsize=(11, 9), layout="constrained")
left, right, below_left, below_right = figure.subplots(2, 2).flat
plot(left, "η = 0.1", courses[0.1], C)
plot(right, "η = 0.3", courses[0.3], C)
overshooting = gradient_descent(C, (-0.5, 0.2), learning_rate=0.33, max_steps=25)
plot(below_left, "η = 0.33: too large", overshooting, C)
plot(below_right, "Rosenbrock", valley, rosenbrock)
figure.savefig("01_gradient_descent.svg")
print("\nwrote 01_gradient_descent.svg")
