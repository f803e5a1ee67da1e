"""How many digits does the first network of Nielsen's book read, built from scalars?

M. Nielsen, Neural Networks and Deep Learning (2015), chapter 1: 784-30-10 sigmoid neurons,
quadratic cost, first weights and biases from N(0, 1), eta = 3.0, mini-batches of 10, 30 epochs over
50,000 digits of MNIST. The book's best epoch reads 95.42 % of the 10,000 test digits.

    python 14_nielsen_digits.py train-images train-labels test-images test-labels [--epochs 30]

takes the four IDX files of MNIST, compressed or not. Without files it learns 1,437 of the shipped
8 x 8 digits with 64-30-10 neurons, and reads the other 360.
"""

import argparse
from itertools import pairwise
from time import perf_counter

import numpy as np

from micrograd_bp import MLP, SGD, quadratic, train
from micrograd_bp.datasets import digits, load_idx
from viz import plot_history

SEED = 0
ETA = 3.0
BATCH_SIZE = 10
LEARNT = 50_000
HELD_OUT = 360


def network(sizes):
    """Weights and biases from N(0, 1), drawn in the order of the book: the biases first."""
    net = MLP(sizes[0], sizes[1:], activation=["sigmoid"] * (len(sizes) - 1), rng=SEED)
    rng = np.random.default_rng(SEED)
    biases = [rng.normal(size=(n, 1)) for n in sizes[1:]]
    weights = [rng.normal(size=(n_out, n_in)) for n_in, n_out in pairwise(sizes)]
    net.load_arrays(weights, biases, convention="nielsen")
    return net


def shipped_digits():
    """X, labels to learn, and X, labels held out."""
    X, labels = digits()
    order = np.random.default_rng(SEED).permutation(len(X))
    learnt, held_out = order[HELD_OUT:], order[:HELD_OUT]
    return X[learnt], labels[learnt], X[held_out], labels[held_out]


def mnist(train_images, train_labels, test_images, test_labels):
    """X, labels to learn, and X, labels of the test, of four IDX files."""
    X, labels = pictures(train_images, train_labels)
    X_test, labels_test = pictures(test_images, test_labels)
    if X.shape[1] != X_test.shape[1]:
        raise ValueError(
            f"{train_images} has {X.shape[1]} pixels an image, {test_images} {X_test.shape[1]}:"
            " give files of one data set"
        )
    return X[:LEARNT], labels[:LEARNT], X_test, labels_test


def pictures(images_path, labels_path):
    """X (n, pixels) from 0 (white) to 1 (black), and labels (n,), of two files that fit."""
    order = "the order is train-images train-labels test-images test-labels"
    images, labels = load_idx(images_path), load_idx(labels_path)
    if images.ndim != 3 or images.size == 0 or images.dtype != np.uint8:
        raise ValueError(
            f"{images_path} has {images.dtype} numbers of shape {images.shape},"
            f" images have uint8 of shape (n, rows, columns); {order}"
        )
    if labels.shape != images.shape[:1] or labels.dtype != np.uint8 or labels.max() > 9:
        raise ValueError(
            f"{labels_path} has {labels.dtype} numbers of shape {labels.shape} up to"
            f" {labels.max(initial=0)}, the labels of {images_path} are uint8"
            f" of shape {images.shape[:1]} up to 9; {order}"
        )
    return images.reshape(len(images), -1) / 255.0, labels.astype(int)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", metavar="file", help="the four files of MNIST, or none")
    parser.add_argument("--epochs", type=int, default=30)
    arguments = parser.parse_args()
    if len(arguments.files) not in (0, 4):
        parser.error(f"four files or none, got {len(arguments.files)}")
    if arguments.epochs < 1:
        parser.error(f"--epochs is at least 1, got {arguments.epochs}")
    try:
        data = mnist(*arguments.files) if arguments.files else shipped_digits()
    except (OSError, ValueError) as error:
        parser.error(str(error))
    X, labels, X_test, labels_test = data

    net = network([X.shape[1], 30, 10])
    print(net)
    started = perf_counter()
    history = train(
        net,
        X,
        labels,
        cost=quadratic,
        optimizer=SGD(net.parameters(), ETA),
        epochs=arguments.epochs,
        batch_size=BATCH_SIZE,
        validation=(X_test, labels_test),
        seed=SEED,
        progress=True,
    )
    seconds = perf_counter() - started
    right = history.validation_accuracy
    for epoch, accuracy in enumerate(right, 1):
        print(f"epoch {epoch:2}: {accuracy:.2%} of {len(X_test):,} test digits")
    best = int(np.argmax(right))
    print(f"final {right[-1]:.2%}, best {right[best]:.2%} (epoch {best + 1}), {seconds:.1f} s")

    ax = plot_history(history)
    ax.set_title("digits that 30 hidden neurons read, epoch by epoch", pad=45)
    ax.figure.savefig("14_nielsen_digits.svg")
    print("wrote 14_nielsen_digits.svg")


if __name__ == "__main__":
    main()
