"""Where does BP1 break, and what repairs it?

The post, footnote 4: BP1 and BP2 need that z_i moves a_i alone. In a softmax layer it moves every
output, so the sum of the chain rule stays a sum: delta^L = J^T grad_a C_x with J_ji = da_j/dz_i.
"""

import numpy as np

from micrograd_bp import MLP, explain, log_likelihood, quadratic, softmax_cross_entropy
from micrograd_bp.equations import assumption_report, matrix
from viz import draw

net = MLP(2, [3, 3], activation="tanh", output="softmax", rng=0)
x, y = [1.0, -2.0], [1.0, 0.0, 0.0]
C_x = quadratic(net(x), y)
C_x.backward()

print("Seen: z_1 has a way to a_2, which a sigmoid layer has not.")
print(explain(net.a(2, 2), net.z(2, 1)))

report = assumption_report(net, x, y, quadratic)
broken = report.layers[0]
print(f"\nMeasured:\n{report}")

error = np.abs(broken.elementwise - broken.delta).max() / np.abs(broken.delta).max()
repaired = matrix.bp1_general(broken.grad_a, broken.jacobian)  # (3,)
print(f"\nThe elementwise BP1 is off by {error:.0%} of the largest delta, J^T grad_a C_x")
print(f"by {np.abs(repaired - broken.delta).max():.0e}.")

likely = assumption_report(net, x, y, log_likelihood).layers[0]
short = np.array([net.a(2, j).data for j in (1, 2, 3)]) - y  # (3,)
print("\nWith the log-likelihood -ln a_1 the elementwise form says that z_2 and z_3 do not matter:")
print("  elementwise:", likely.elementwise.round(4).tolist())
print("  general:    ", likely.general.round(4).tolist())
print("  a^L - y:    ", short.round(4).tolist(), "which is what the general form comes down to.")

linear = MLP(2, [3, 3], activation="tanh", output="linear", rng=0)
softmax_cross_entropy(linear(x), y).backward()
on_z = [round(linear.delta(2, j), 4) for j in (1, 2, 3)]
print(f"\nSo does softmax_cross_entropy, on z itself: {on_z}")

C_x = quadratic(net(x), y)
C_x.label = "C"
C_x.backward()
print(f"wrote {draw(C_x, view='neuron').save('10_softmax.svg')}")
