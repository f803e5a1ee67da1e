"""One training step of each network by ours and by each peer: the same numbers, and a benchmark.

The default run has ours and NumPy by hand, and times nothing. With the peers that are installed:
OPENBLAS_NUM_THREADS=1 pytest tests/benchmarks --benchmark-enable
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from networks import NETWORKS, Network, Trainer, numpy_trainer
from peers import MODULES, TRAINERS, is_installed, takes

STEPS = 3


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every network with every peer that runs here."""
    option = metafunc.config.getoption
    timed = option("benchmark_enable") or not option("benchmark_disable")
    pairs = [
        pytest.param(network, peer, id=f"{network}, {peer}".replace(", ", "-"))
        for network in NETWORKS
        for peer in TRAINERS
        if (timed or peer not in MODULES) and takes(peer, network) and is_installed(peer)
    ]
    metafunc.parametrize(("network", "peer"), pairs)


def assert_agrees(trainer: Trainer, witness: Trainer) -> None:
    """The same costs along STEPS steps, and the same weights and biases after them."""
    costs = [trainer.step() for _ in range(STEPS)]
    np.testing.assert_allclose(costs, [witness.step() for _ in range(STEPS)], rtol=1e-9)
    for arrays, expected in zip(trainer.weights(), witness.weights(), strict=True):
        for array, array_expected in zip(arrays, expected, strict=True):
            np.testing.assert_allclose(array, array_expected, rtol=1e-9, atol=1e-12)


def test_step(network: Network, peer: str, benchmark: Callable[..., Any]) -> None:
    trainer = TRAINERS[peer](network)
    assert_agrees(trainer, numpy_trainer(network))
    benchmark.group = str(network)
    benchmark(trainer.step)
