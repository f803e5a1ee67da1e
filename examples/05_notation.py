"""What do w, b, z, a and delta mean, with all their indices?

The post, "Backpropagation", notation: w_ij^l leads from neuron i of layer l-1 to neuron j of layer
l, b_j^l is a bias, z_j^l a weighted input, a_j^l an activation, delta_j^l = dC_x/dz_j^l an error.
"""

from math import exp, tanh

from micrograd_bp import MLP, quadratic
from viz import draw

net = MLP(2, [3, 2], activation="tanh", output="sigmoid", rng=0)
x, y = [1.0, -2.0], [1.0, 0.0]
C_x = quadratic(net(x), y)
C_x.label = "C"
C_x.backward()

print(f"2 inputs, 3 neurons in layer 1, and 2 in layer 2, the last: L = 2. C_x = {C_x.data:.4f}\n")
for l in (1, 2):
    for j in range(1, net.sizes[l] + 1):
        weights = [net.weight(l, i, j) for i in range(1, net.sizes[l - 1] + 1)]
        named = ", ".join(f"{w.label} = {w.data:7.4f}" for w in weights)
        z, a = net.z(l, j), net.a(l, j)
        print(f"{named}, {net.bias(l, j).label} = {net.bias(l, j).data:.1f}")
        print(f"    {z.label} = {z.data:7.4f}, {a.label} = {a.data:7.4f}, delta = {z.grad:7.4f}")

z_by_hand = net.weight(1, 1, 3).data * x[0] + net.weight(1, 2, 3).data * x[1] + net.bias(1, 3).data
a_by_hand = tanh(z_by_hand)
print(f"\nNeuron 3 of layer 1 by hand: z = {z_by_hand:.4f}, a = tanh(z) = {a_by_hand:.4f}.")
into_output = sum(net.weight(2, i, 1).data * net.a(1, i).data for i in (1, 2, 3))
output_by_hand = 1 / (1 + exp(-into_output - net.bias(2, 1).data))
print(f"Output 1 by hand: the sigmoid of the weighted input, {output_by_hand:.4f}.")

h = 1e-6
costs = []
for moved in (h, -h):
    net.bias(1, 3).data += moved
    costs.append(quadratic(net(x), y).data)
    net.bias(1, 3).data -= moved
slope = (costs[0] - costs[1]) / (2 * h)
quadratic(net(x), y).backward()
print(f"Moving z_3^1 by h moves C_x by {slope:.4f} h: delta_3^1 is {net.delta(1, 3):.4f}.")

w, b = net.arrays()
print(f"\nAs arrays, w^l has shape (n_(l-1), n_l): {w[0].shape}, {w[1].shape}.")

C_x.zero_grad()
C_x.backward()
print(f"wrote {draw(C_x, view='neuron').save('05_notation.svg')}")
