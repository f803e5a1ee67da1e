"""Is the backpropagation right that you wrote by hand?

M. Nielsen, Neural Networks and Deep Learning (2015), chapter 2, BP1 to BP4. This homework is a
network 3-4-2 in NumPy, and one mistake is in its gradients. Run

    pytest examples/19_homework

read the message, mend the line that it is about, and run it again. Then put your own homework here:
`cost` is a forward pass that ends in one number, `gradients` gives an array for each argument.
"""

import numpy as np

rng = np.random.default_rng(0)
m = 5
X = rng.normal(size=(m, 3))
Y = rng.uniform(size=(m, 2))


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def forward(w1, b1, w2, b2):
    a1 = np.tanh(X @ w1 + b1)  # (m, 4)
    a2 = sigmoid(a1 @ w2 + b2)  # (m, 2)
    return a1, a2


def cost(w1, b1, w2, b2):
    _, a2 = forward(w1, b1, w2, b2)
    return np.sum((a2 - Y) ** 2) / (2 * m)


def gradients(w1, b1, w2, b2):
    a1, a2 = forward(w1, b1, w2, b2)
    delta2 = (a2 - Y) / m * a2 * (1 - a2)  # (m, 2) BP1
    delta1 = delta2 @ w2.T  # (m, 4) BP2
    dw1, db1 = X.T @ delta1, delta1.sum(axis=0)  # BP4, BP3
    dw2, db2 = a1.T @ delta2, delta2.sum(axis=0)
    return dw1, db1, dw2, db2
