"""First weights: where their random numbers come from, and how they are spread."""

import random
from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np

Rng = int | random.Random | np.random.Generator | None


_MODULE: Any = random  # what `random.seed` seeds


def as_rng(rng: Rng) -> Any:
    """A source with `uniform`: the module `random` for None, a seeded one for an int."""
    if rng is None or rng is _MODULE:
        return _MODULE
    if isinstance(rng, Integral):
        return random.Random(int(rng))
    if isinstance(rng, random.Random | np.random.Generator):
        return rng
    raise TypeError(
        "rng is None, an int, a random.Random or a numpy.random.Generator,"
        f" got {rng!r} ({type(rng).__name__})"
    )


def uniform(rng: Any, nin: int) -> float:
    return float(rng.uniform(-1, 1))


def scaled(rng: Any, nin: int) -> float:
    normal = rng.normal if isinstance(rng, np.random.Generator) else rng.gauss
    return float(normal(0.0, nin**-0.5))


INITS: dict[str, Callable[[Any, int], float]] = {"uniform": uniform, "scaled": scaled}


def first_weights(nin: int, rng: Rng, init: str) -> list[float]:
    """`nin` numbers: uniform on (-1, 1), or "scaled", normal with deviation 1/sqrt(nin)."""
    if init not in INITS:
        raise ValueError(f"init is one of {sorted(INITS)}, got {init!r}")
    source = as_rng(rng)
    return [INITS[init](source, nin) for _ in range(nin)]
