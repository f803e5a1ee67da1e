"""What do two hidden neurons learn, to tell whether six bits are the same read backwards?

D. Rumelhart, G. Hinton and R. Williams, Learning representations by back-propagating errors, Nature
323 (1986), figure 1: a network 6-2-1 of sigmoid neurons, all 64 patterns, one update a sweep, first
weights and biases uniform on (-0.3, 0.3), epsilon = 0.1, alpha = 0.9, 1,425 sweeps. Their error is
a sum over the patterns, 1/2 sum_x (a - y)^2; `train` takes the mean, so its eta is 64 epsilon.

In the paper the weights into a hidden neuron are mirrored with opposite sign, and as 1:2:4. Whether
1,425 sweeps are enough is up to the first weights, of which twelve sets are tried here.
"""

from itertools import product
from random import Random

import numpy as np

from micrograd_bp import MLP, Momentum, predict, quadratic, train
from viz import draw

X = np.array(list(product([0.0, 1.0], repeat=6)))  # (64, 6)
y = np.all(X[:, ::-1] == X, axis=1).astype(float)  # (64,)
epsilon, alpha, sweeps = 0.1, 0.9, 1425


def learn(seed):
    """A network after the sweeps, and its history."""
    rng = Random(seed)
    net = MLP(6, [2, 1], activation=["sigmoid", "sigmoid"])
    for p in net.parameters():
        p.data = rng.uniform(-0.3, 0.3)
    optimizer = Momentum(net.parameters(), len(X) * epsilon, alpha)
    history = train(net, X, y, quadratic, optimizer, sweeps, batch_size=len(X), progress=False)
    return net, history


def ratios_of(net):
    """The sizes of the weights from the first three bits, the smallest as 1: (3, 2)."""
    sizes = np.sort(np.abs(net.arrays()[0][0][:3]), axis=0)
    return sizes / sizes[0]


print(f"{int(y.sum())} of the {len(X)} patterns are symmetric.")
found = {seed: learn(seed) for seed in range(1, 13)}
learnt = [seed for seed, (_, history) in found.items() if history.accuracy[-1] == 1.0]
for seed in learnt:
    net, history = found[seed]
    sweep = history.accuracy.index(1.0) + 1
    shares = ":".join(f"{ratio:.2f}" for ratio in ratios_of(net)[:, 0])
    print(f"first weights {seed:2}: all right from sweep {sweep:4}, weights as {shares}")
print(f"The other {len(found) - len(learnt)} of {len(found)} are not there after {sweeps} sweeps.")

net, history = found[learnt[0]]
right = int(np.sum((predict(net, X)[:, 0] > 0.5) == (y > 0.5)))
error = len(X) * history.cost[-1]
(w1, w2), (b1, b2) = net.arrays()
ratios = ratios_of(net)
mirror = np.max(np.abs(w1 + w1[::-1]))
print(f"\nThe first of them has {right} of {len(X)} patterns right and the error {error:.4f}.")
print("hidden  " + "".join(f"  bit {i}" for i in range(1, 7)) + "    bias  to the output")
for j in range(2):
    cells = "".join(f"{w:7.2f}" for w in w1[:, j])
    print(f"neuron {j + 1}{cells} {b1[j]:7.2f}  {w2[j, 0]:13.2f}")
print(f"A weight and its mirror add up to {mirror:.3f} at most: symmetric patterns cancel, and the")
print("negative biases keep both neurons off. As 1:2:4 no other sum is 0, and one neuron goes on;")
print("nor is one as 1:1.5:2.")

output = net([1, 0, 1, 1, 0, 1]).data
print(f"The picture has the symmetric 101101: both z are the bias, the output is {output:.3f}.")
draw(net, grads=False).save("13_symmetry.svg")
print("wrote 13_symmetry.svg")
