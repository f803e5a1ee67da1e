"""What is the gradient of one neuron, by hand and on its graph?

One neuron a = tanh(w1 x1 + w2 x2 + b) with the cost C = 1/2 (a - y)^2 of one example. The chain
rule multiplies the local derivatives on the way from C to each weight; they stand on the edges of
the picture.
"""

from math import tanh

from micrograd_bp import Value, explain, quadratic
from viz import draw

x1, x2, y = Value(2.0, "x1"), Value(1.0, "x2"), 1.0
w1, w2, b = Value(-0.5, "w1"), Value(0.25, "w2"), Value(0.5, "b")
z = w1 * x1 + w2 * x2 + b
z.label = "z"
a = z.tanh()
a.label = "a"
C = quadratic(a, y)
C.label = "C"
C.backward()

a_by_hand = tanh(-0.5 * 2.0 + 0.25 * 1.0 + 0.5)
dC_da = a_by_hand - y
da_dz = 1 - a_by_hand**2
delta = dC_da * da_dz
by_hand = {"w1": delta * 2.0, "w2": delta * 1.0, "b": delta}
print(f"By hand: dC/da = a - y = {dC_da:.4f}, da/dz = 1 - a^2 = {da_dz:.4f}; delta = {delta:.4f},")
print(f"         dC/dw1 = delta x1 = {by_hand['w1']:.4f}, dC/dw2 = delta x2 = {by_hand['w2']:.4f}")
print(f"On the graph, C.backward(): delta = {z.grad:.4f}, {w1.grad:.4f} and {w2.grad:.4f}.\n")
print(explain(C, w1))
print("\nThe same in the terminal, which needs no program to draw:\n")
print(draw(C, view="text"))

print(f"\nwrote {draw(C).save('03_one_neuron.svg')}")
