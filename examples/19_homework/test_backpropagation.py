"""The gradients of the homework, against those of the scalar graph of its cost."""

import numpy as np
from backpropagation import cost, gradients

from micrograd_bp.testing import assert_gradients_agree


def test_backpropagation():
    rng = np.random.default_rng(1)
    w1, b1 = rng.normal(size=(3, 4)), rng.normal(size=4)
    w2, b2 = rng.normal(size=(4, 2)), rng.normal(size=2)
    assert_gradients_agree(cost, gradients, w1, b1, w2, b2)
