"""Points in the plane with two or more classes: xor, moons, circles, spirals.

Each gives X (n, 2) and labels (n,), whole numbers from 0; the order is shuffled, and a seed repeats
it exactly.
"""

from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]


def xor() -> tuple[Floats, Ints]:
    """The four corners of the unit square; the label is 1 where exactly one coordinate is 1."""
    return np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])


def moons(n: int = 100, noise: float = 0.1, seed: int = 0) -> tuple[Floats, Ints]:
    """Two half circles of radius 1 that interlock; noise is the deviation added to each point."""
    rng, labels = _start(n, 2, noise, seed)
    angle = np.pi * rng.uniform(size=n)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)  # (n, 2)
    lower = np.array([1.0, 0.5]) - upper
    return _noisy(np.where(labels[:, None] == 0, upper, lower), noise, rng), labels


def circles(n: int = 100, noise: float = 0.1, seed: int = 0) -> tuple[Floats, Ints]:
    """A circle of radius 1 (label 0) around one of radius 1/2 (label 1)."""
    rng, labels = _start(n, 2, noise, seed)
    angle = 2.0 * np.pi * rng.uniform(size=n)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)  # (n, 2)
    return _noisy(ring * np.where(labels == 0, 1.0, 0.5)[:, None], noise, rng), labels


def spirals(
    n: int = 100, noise: float = 0.05, seed: int = 0, classes: int = 2
) -> tuple[Floats, Ints]:
    """Arms that wind out from the origin to radius 1, one and a half times round, one a class."""
    rng, labels = _start(n, classes, noise, seed)
    radius = np.sqrt(rng.uniform(size=n))
    angle = 3.0 * np.pi * radius + 2.0 * np.pi * labels / classes
    arms = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)  # (n, 2)
    return _noisy(arms, noise, rng), labels


def _start(n: int, classes: int, noise: float, seed: int) -> tuple[np.random.Generator, Ints]:
    """A source of random numbers, and labels shared out evenly."""
    if classes < 1 or n < classes or not noise >= 0.0:
        raise ValueError(
            f"n is at least the number of classes and noise at least 0, got n = {n},"
            f" {classes} classes, noise = {noise}"
        )
    rng = np.random.default_rng(seed)
    return rng, rng.permutation(np.arange(n) % classes)


def _noisy(points: Floats, noise: float, rng: np.random.Generator) -> Floats:
    return points + noise * rng.normal(size=points.shape)
