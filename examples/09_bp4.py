"""BP4: how fast does the cost change with a weight?

The post, equation BP4: dC_x/dw_ij^l = a_i^(l-1) delta_j^l; in matrices
dC_x/dw^l = a^(l-1) (delta^l)^T. Its proof: only z_j depends on w_ij, and dz_j/dw_ij = a_i.
"""

import numpy as np

from micrograd_bp import MLP, Value, explain, quadratic, weighted_sum
from micrograd_bp.equations import check_equations, component, matrix
from viz import draw

net = MLP(2, [3, 2], activation="tanh", output="sigmoid", rng=0)
x, y = [1.0, -2.0], [1.0, 0.0]
C_x = quadratic(net(x), y)
C_x.label = "C"
C_x.backward()

print("Which weighted inputs of layer 2 depend on w_31, from neuron 3 of layer 1 to neuron 1?")
for j in (1, 2):
    print(explain(net.z(2, j), net.weight(2, 3, 1)))
print(f"The factor is a_3 of layer 1, {net.a(1, 3).data:.4f}. The whole chain: delta_1, then it.")
print(explain(C_x, net.z(2, 1)))
print(explain(C_x, net.weight(2, 3, 1)))

report = check_equations(net, x, y, quadratic)
print(f"\n{report.explain('BP4', 2, 3, 1)}\n")

a_prev = np.array([net.a(1, i).data for i in (1, 2, 3)])  # (3,)
delta = np.array([net.delta(2, j) for j in (1, 2)])  # (2,)
graph = np.array([[net.weight(2, i, j).grad for j in (1, 2)] for i in (1, 2, 3)])  # (3, 2)
by_component = component.bp4(a_prev.tolist(), delta.tolist())
by_matrix = matrix.bp4(a_prev, delta)  # (3, 2)
print("dC_x/dw^2, the largest difference from the graph:")
print(f"  component form {np.abs(np.array(by_component) - graph).max():.1e}")
print(f"  matrix form    {np.abs(by_matrix - graph).max():.1e}")
print(by_matrix)

print(f"\n{report}\n")
w = [Value(net.weight(2, i, 1).data, f"w{i}1") for i in (1, 2, 3)]  # this neuron by itself, drawn
a = [Value(a_i, f"a{i}") for i, a_i in enumerate(a_prev, 1)]
z = weighted_sum(w, a, Value(net.bias(2, 1).data, "b1"))
z.label = "z1"
z.backward(net.delta(2, 1))
print(f"wrote {draw(z).save('09_bp4.svg')}")
