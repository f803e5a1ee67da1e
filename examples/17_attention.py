"""How does attention find the one character, further back, that decides the next?

A. Vaswani et al., Attention Is All You Need (2017), section 3.2.1, equation (1): one head, causal,
with vectors for characters and for positions, all in scalars. The text is made of groups such as
[abb] and (b). Which bracket closes a group depends on the one that opened it, and letters stand
between: a bigram model, which sees only the character before, cannot know it.
"""

from collections import Counter
from itertools import pairwise
from math import log, sqrt

import numpy as np
from matplotlib.figure import Figure

from micrograd_bp import (
    Adam,
    Value,
    matrix_form,
    softmax,
    softmax_cross_entropy,
    total,
    weighted_sum,
)

ALPHABET = "([{}])ab"
D, T = 6, 8  # numbers in the vector of a character, characters in a context
rng = np.random.default_rng(0)


def contexts(groups):
    """Of a new text: T characters and the one behind them, from each opening bracket on."""
    text = ""
    for kind in rng.integers(3, size=groups):
        text += ALPHABET[kind] + "ab"[rng.integers(2)]
        while (choice := rng.integers(3)) < 2:  # then a, b or the bracket, equally likely
            text += "ab"[choice]
        text += ALPHABET[5 - kind]
    return [text[s : s + T + 1] for s in range(len(text) - T) if text[s] in "([{"]


# The model: matrices of parameters, and what it does with one context.


def matrix(label, n_out, n_in):
    return [[Value(w, label) for w in row] for row in rng.normal(0, n_in**-0.5, (n_out, n_in))]


def times(w, x):
    return [weighted_sum(w_j, x) for w_j in w]


def plus(x, y):
    return [x_j + y_j for x_j, y_j in zip(x, y, strict=True)]


E, P, W = matrix("e", D, len(ALPHABET)), matrix("p", T, D), matrix("w", len(ALPHABET), D)
Q, K, V = matrix("q", D, D), matrix("k", D, D), matrix("v", D, D)


def attention(h):
    """alpha[t][s], how much of its attention t pays to s, and the mean of all v[s] so weighted."""
    q, k, v = [[times(w, h_t) for h_t in h] for w in (Q, K, V)]  # asks, is found by, tells
    alpha, mean = [], []
    for t in range(T):
        seen = range(t + 1)  # causal: itself and what stands before
        alpha.append(softmax(weighted_sum(q[t], k[s]) / sqrt(D) for s in seen))
        mean.append([weighted_sum(alpha[t], [v[s][j] for s in seen]) for j in range(D)])
    return alpha, mean


def model(x):
    """alpha, and for each t the logits z[t] of the next character; x[t][c] is 1 for character c."""
    h = [plus(times(E, x_t), P[t]) for t, x_t in enumerate(x)]
    alpha, mean = attention(h)
    return alpha, [times(W, plus(h[t], mean[t])) for t in range(T)]


# The scalar graph of one context, recorded once, and its matrix form for many.


def one_hot(characters):
    return [[float(c == letter) for letter in ALPHABET] for c in characters]


def flat(*nested):
    return [x for vectors in nested for vector in vectors for x in vector]


def rows(contexts):
    return np.array([flat(one_hot(c[:T]), one_hot(c[1:])) for c in contexts])


learnt, fresh = contexts(500), contexts(500)
x = [[Value(n, "x") for n in x_t] for x_t in one_hot(learnt[0][:T])]
y = [[Value(n, "y") for n in y_t] for y_t in one_hot(learnt[0][1:])]
alpha, z = model(x)
C = total(softmax_cross_entropy(z[t], y[t]) for t in range(T)) / T
parameters = flat(E, P, Q, K, V, W)
form = matrix_form(C, flat(x, y), parameters)
reader = matrix_form(flat(alpha, z), flat(x), parameters)
print(f"{len(learnt)} contexts, such as {learnt[0]} and {learnt[1]}; the program found in one has")
print("the vectors of all characters, and all queries, keys and values as one product:")
print(*str(form).splitlines()[4:6], sep="\n")

# Its gradient three times: by the scalar graph, by the matrix form, by central differences.
C.backward()
theta, one = form.parameters.copy(), rows(learnt[:1])
by_graph = np.array([p.grad for p in parameters])
by_form = form.value_and_gradient(one)[1].copy()
by_differences = np.zeros(len(theta))
for i, unit in enumerate(np.eye(len(theta))):
    for step in (1e-5, -1e-5):
        form.parameters = theta + step * unit
        by_differences[i] += form.values(one)[0] / (2 * step)
form.parameters = theta
off_graph = np.max(np.abs(by_form - by_graph))
off_differences = np.max(np.abs(by_form - by_differences))
print(f"{len(theta)} gradients: the matrix form is within {off_graph:.0e} of the scalar graph")
print(f"and within {off_differences:.0e} of central differences")


def read(characters):
    """The square of attention alpha[t, s], and the logits z[t] of what follows character t."""
    reader.parameters = form.parameters
    numbers = reader.values([flat(one_hot(characters.ljust(T, "a")[:T]))])[0]
    square, seen = np.zeros((T, T)), np.tril_indices(T)
    square[seen] = numbers[: len(seen[0])]
    return square, numbers[len(seen[0]) :].reshape(T, -1)


def write(start):
    """Characters drawn one by one; what fills the context behind them is not seen."""
    while len(start) <= T:
        probabilities = softmax(read(start)[1][len(start) - 1])
        start += rng.choice(list(ALPHABET), p=probabilities / np.sum(probabilities))
    return start


EXAMPLE = "(ab)[bba]"
before, babble = read(EXAMPLE)[0], [write(start) for start in "([{"]
X, adam = rows(learnt), Adam(parameters, 0.02)
for _ in range(400):
    adam.update(form.parameters, form.value_and_gradient(X)[1])
after, lines = read(EXAMPLE)[0], [write(start) for start in "([{" * 50]

# Fresh text: what the model loses per character, what any bigram model does, what anybody must.
loss = np.mean(form.values(rows(fresh)))
pairs = Counter(pair for c in fresh for pair in pairwise(c))
firsts = Counter(letter for c in fresh for letter in c[:T])
bigram = sum(n * log(firsts[a] / n) for (a, _), n in pairs.items()) / pairs.total()
floor = np.mean([log(2) if a in "([{" else log(3) for c in fresh for a in c[:T]])
print(f"fresh text costs {loss:.3f} nats per character; the bigram entropy is {bigram:.3f},")
print(f"and chance alone {floor:.3f}, for one who knows how the text was made")

closed = [(line[:s], c) for line in lines for s, c in enumerate(line) if c in "}])"]
right = sum(max("([{", key=start.rfind) + c in ("()", "[]", "{}") for start, c in closed)
print(f"it wrote {' '.join(babble)} before and {' '.join(lines[:3])} after training;")
print(f"of {len(closed)} brackets that it closed in {len(lines)} such lines, {right} are right")
print("the last letter looks at", *(f" {c}  " for c in EXAMPLE[:T]))
for when, square in (("before training", before), ("after training", after)):
    print(f"{when:>24}", *(f"{weight:.2f}" for weight in square[-1]))

# The picture: the square of attention, before and after.
figure = Figure(figsize=(8.4, 4.6), layout="constrained")
figure.suptitle(f"Attention in {EXAMPLE}: letters look at the bracket that opened their group")
for k, (title, square) in enumerate([("before training", before), ("after training", after)], 1):
    ax = figure.add_subplot(1, 2, k)
    ax.imshow(np.ma.masked_where(np.triu(square == 0.0, 1), square), "Blues", vmin=0.0, vmax=1.0)
    for t, s in np.argwhere(square >= 0.005):
        colour = "white" if square[t, s] > 0.6 else "black"
        ax.text(s, t, f"{square[t, s]:.2f}", ha="center", va="center", fontsize=7, color=colour)
    ax.set_xticks(range(T), EXAMPLE[:T])
    ax.set_yticks(range(T), [f"{c} \u2192 {following}" for c, following in pairwise(EXAMPLE)])
    ax.set(title=title, xlabel="looked at: character s")
    ax.spines[:].set_visible(False)
figure.axes[0].set_ylabel("looks: character t \u2192 the next")
figure.savefig("17_attention.svg")
print("wrote 17_attention.svg")
