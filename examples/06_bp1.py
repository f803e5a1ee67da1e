"""BP1: what is the error of a neuron in the output layer?

The post, equation BP1: delta_i^L = dC_x/da_i^L a'(z_i^L); delta^L = grad_a C_x (.) a'(z^L). Its
proof is the chain rule, a sum over the outputs j of which only j = i remains: z_i moves a_i alone.
"""

import numpy as np

from micrograd_bp import MLP, Value, explain, quadratic
from micrograd_bp.equations import check_equations, component, matrix
from viz import draw

net = MLP(2, [3, 2], activation="tanh", output="sigmoid", rng=0)
x, y = [1.0, -2.0], [1.0, 0.0]
C_x = quadratic(net(x), y)
C_x.label = "C"
C_x.backward()

print("The sum of the chain rule, delta_1 = sum over j of dC_x/da_j da_j/dz_1, read off the graph:")
for j in (1, 2):
    print(explain(net.a(2, j), net.z(2, 1)))
print("\nSo j = 1 remains. From C down to a_1, and from C down to z_1, which has one factor more:")
print(explain(C_x, net.a(2, 1)))
print(explain(C_x, net.z(2, 1)))

report = check_equations(net, x, y, quadratic)
print(f"\n{report.explain('BP1', 2, 1)}\n")

a = np.array([net.a(2, j).data for j in (1, 2)])  # (2,)
graph = np.array([net.delta(2, j) for j in (1, 2)])  # (2,)
grad_a, a_prime = a - y, a * (1 - a)  # (2,) each: of the quadratic cost, of the sigmoid
by_component = component.bp1(grad_a.tolist(), a_prime.tolist())
by_matrix = matrix.bp1(grad_a, a_prime)
print("delta^2, component form:", by_component)
print("delta^2, matrix form:   ", by_matrix.tolist())
print("delta^2, on the graph:  ", graph.tolist())

z = [Value(net.z(2, j).data, f"z{j}") for j in (1, 2)]  # the output layer by itself, to be drawn
C = quadratic([z_j.sigmoid() for z_j in z], y)
C.label = "C"
C.backward()
print(f"wrote {draw(C).save('06_bp1.svg')}")
