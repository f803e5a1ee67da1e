"""Who writes the matrix form?

Nobody: it is found. The post states each equation in components and in matrices. Here a network is
written in plain sums over scalars, one example of it is recorded, and the library reads off the
program for a batch.
"""

from time import process_time
from timeit import repeat

import numpy as np

from micrograd_bp import Value, matrix_form
from viz import draw

n0, n1, n2 = 2, 3, 2
rng = np.random.default_rng(0)
w1 = [[Value(rng.normal(), f"w1_{i}{j}") for j in range(n1)] for i in range(n0)]
b1 = [Value(0.0, f"b1_{j}") for j in range(n1)]
w2 = [[Value(rng.normal(), f"w2_{i}{j}") for j in range(n2)] for i in range(n1)]
b2 = [Value(0.0, f"b2_{j}") for j in range(n2)]
parameters = [w for row in w1 + w2 for w in row] + b1 + b2


def cost(x, y):
    """C_x of one example, in components: nothing here is a vector."""
    a1 = [sum((w1[i][j] * x[i] for i in range(n0)), b1[j]).tanh() for j in range(n1)]
    a2 = [sum((w2[i][j] * a1[i] for i in range(n1)), b2[j]).sigmoid() for j in range(n2)]
    return 0.5 * sum((a2[j] - y[j]) ** 2 for j in range(n2))


x = [Value(0.0, f"x{i}") for i in range(n0)]
y = [Value(0.0, f"y{j}") for j in range(n2)]
form = matrix_form(cost(x, y), inputs=x + y, parameters=parameters)
print(form)

batch = rng.normal(size=(100, n0 + n2))  # (m, n0 + n2)


def by_scalars():
    for p in parameters:
        p.zero_grad()
    C = sum(cost(row[:n0], row[n0:]) for row in batch.tolist()) / len(batch)
    C.backward()
    return C.data, np.array([p.grad for p in parameters])


C, gradient = by_scalars()
C_form, gradient_form = form.value_and_gradient(batch)
apart = max(abs(C - C_form), np.abs(gradient - gradient_form).max())
print(f"\nOn {len(batch)} examples, scalars and matrices agree to {apart:.0e}: C = {C_form:.6f}.")

slow = min(repeat(by_scalars, timer=process_time, number=1, repeat=5))
fast = min(repeat(lambda: form.value_and_gradient(batch), timer=process_time, number=1, repeat=50))
print(f"The program of matrices takes 1/{slow / fast:,.0f} of the time of the scalars.")

C = cost([1.0, -2.0], [1.0, 0.0])
C.label = "C"
C.backward()
print(f"wrote {draw(C).save('12_matrix_form.svg')}: what the program was read from")
