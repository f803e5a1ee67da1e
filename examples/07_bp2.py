"""BP2: what is the error of a layer, given that of the next?

The post, equation BP2: delta_i^l = sum_j w_ij^(l+1) delta_j^(l+1) a'(z_i^l); in matrices
delta^l = w^(l+1) delta^(l+1) (.) a'(z^l). Its proof: z_i reaches the cost through every z_j of the
next layer, so the chain rule is a sum over j, and dz_j/dz_i = w_ij a'(z_i).
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

print("One path from C to z_2 of layer 1 through each z_j of layer 2:")
print(explain(C_x, net.z(1, 2)))
print("\nThe first factors of each are delta_j, the last two are w_2j and a'(z_2):")
shares = []
for j in (1, 2):
    shares.append(net.delta(2, j) * explain(net.z(2, j), net.z(1, 2)).gradient)
    print(explain(net.z(2, j), net.z(1, 2)))
    print(f"             times delta_{j} = {net.delta(2, j):.4f} is the share {shares[-1]:.6f}")
print(f"The shares add up to {sum(shares):.6f}; delta_2 of layer 1 is {net.delta(1, 2):.6f}.")

report = check_equations(net, x, y, quadratic)
print(f"\n{report.explain('BP2', 1, 2)}\n")

w = net.arrays()[0][1]  # (3, 2)
delta_next = np.array([net.delta(2, j) for j in (1, 2)])  # (2,)
graph = np.array([net.delta(1, i) for i in (1, 2, 3)])  # (3,)
a_prime = np.array([1 - net.a(1, i).data ** 2 for i in (1, 2, 3)])  # (3,), of tanh
by_component = component.bp2(w.tolist(), delta_next.tolist(), a_prime.tolist())
by_matrix = matrix.bp2(w, delta_next, a_prime)
print("delta^1, component form:", by_component)
print("delta^1, matrix form:   ", by_matrix.tolist())
print("delta^1, on the graph:  ", graph.tolist())

z = Value(net.z(1, 2).data, "z2 of layer 1")  # this neuron by itself, to be drawn
a = z.tanh()
outputs = []
for j in (1, 2):
    others = net.z(2, j).data - net.weight(2, 2, j).data * net.a(1, 2).data
    z_j = Value(net.weight(2, 2, j).data, f"w2{j}") * a + others
    z_j.label = f"z{j}"
    outputs.append(z_j.sigmoid())
C = quadratic(outputs, y)
C.label = "C"
C.backward()
print(f"wrote {draw(C).save('07_bp2.svg')}")
