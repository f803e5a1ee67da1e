"""BP3: how fast does the cost change with a bias?

The post, equation BP3: dC_x/db_i^l = delta_i^l; in matrices dC_x/db^l = delta^l. Its proof: only
z_i depends on b_i, and dz_i/db_i = 1.
"""

import numpy as np

from micrograd_bp import MLP, explain, quadratic
from micrograd_bp.equations import check_equations, component, matrix
from viz import draw

net = MLP(2, [3, 2], activation="tanh", output="sigmoid", rng=0)
x, y = [1.0, -2.0], [1.0, 0.0]
C_x = quadratic(net(x), y)
C_x.label = "C"
C_x.backward()

print("Which weighted inputs of layer 1 depend on b_2 of layer 1?")
for j in (1, 2, 3):
    print(explain(net.z(1, j), net.bias(1, 2)))
print("\nEvery path from C to b_2 is a path to z_2 and one factor 1:")
print(explain(C_x, net.z(1, 2)))
print(explain(C_x, net.bias(1, 2)))

report = check_equations(net, x, y, quadratic)
print(f"\n{report.explain('BP3', 1, 2)}\n")

delta = np.array([net.delta(1, i) for i in (1, 2, 3)])  # (3,)
graph = np.array([net.bias(1, i).grad for i in (1, 2, 3)])  # (3,)
by_component = component.bp3(delta.tolist())
by_matrix = matrix.bp3(delta)
print("dC_x/db^1, component form:", by_component)
print("dC_x/db^1, matrix form:   ", by_matrix.tolist())
print("dC_x/db^1, on the graph:  ", graph.tolist())

print(f"wrote {draw(net.z(1, 2)).save('08_bp3.svg')}")
