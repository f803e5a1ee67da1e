"""What tests of graphs compare: gradients of one backward, numbers to rounding, calls of a form."""

import traceback

import numpy as np
import pytest


def backward_at(out, leaves):
    """What one out.backward(), from zero, leaves at `leaves`."""
    out.zero_grad()
    for leaf in leaves:
        leaf.grad = 0.0
    out.backward()
    return [leaf.grad for leaf in leaves]


def data_of(values):
    return [value.data for value in values]


def close(numbers):
    """Within rounding: 1e-9 of each number, or 1e-11 of the largest."""
    scale = max(1.0, float(np.max(np.abs(numbers), initial=0.0)))
    return pytest.approx(np.array(numbers), rel=1e-9, abs=1e-11 * scale)


def called(call, X):
    """call(X), whose errors are told by their text: to hypothesis each program that is compiled is
    another file, and a failure in another file another failure."""
    try:
        return call(X)
    except Exception:
        error = traceback.format_exc()
    raise AssertionError(error)
