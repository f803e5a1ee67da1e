"""The shipped handwritten digits, and one_hot."""

import hashlib
from importlib import resources

import numpy as np
import pytest

from micrograd_bp.datasets import digits, one_hot

SHA256 = {
    "pixels": "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3",
    "labels": "8ba4f891220f5e4c9c819638d1602d74b83618f167043c6da52a2a247841ddf0",
}


def test_shapes_and_types():
    X, labels = digits()
    assert (X.shape, X.dtype) == ((1797, 64), np.float64)
    assert (labels.shape, labels.dtype) == ((1797,), np.int64)


def test_pixels_run_from_0_to_1_in_steps_of_a_sixteenth():
    X, _ = digits()
    assert np.array_equal(np.unique(X), np.arange(17) / 16)


def test_examples_of_each_class():
    _, labels = digits()
    counts = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.bincount(labels).tolist() == counts


@pytest.mark.parametrize(("name", "numbers"), [("pixels", 0), ("labels", 1)])
def test_every_number_is_as_in_the_source(name, numbers):
    scale = {"pixels": 16, "labels": 1}[name]
    whole = (digits()[numbers] * scale).astype(np.uint8)
    assert hashlib.sha256(whole.tobytes()).hexdigest() == SHA256[name]


def test_rows_are_pictures():
    """The first example is a 0: dark on a ring, white within, white at the left edge."""
    X, labels = digits()
    picture = X[0].reshape(8, 8)
    assert labels[0] == 0
    assert picture[3:5, 3:5].max() <= 1 / 16
    assert picture[2:6, 2].min() >= 0.25
    assert picture[:, 0].max() == 0.0


def test_the_file_holds_plain_numbers():
    path = resources.files("micrograd_bp.datasets") / "digits.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        assert sorted(stored) == ["labels", "pixels"]
        assert all(stored[name].dtype.kind in "iu" for name in stored)


def test_a_caller_may_write_into_the_arrays():
    X, labels = digits()
    X[:] = -1.0
    labels[:] = 99
    again, labels_again = digits()
    assert again.min() == 0.0
    assert labels_again.max() == 9


def test_one_hot_has_a_1_at_the_label():
    rows = one_hot([2, 0, 1, 2], 3)
    assert rows.tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert rows.dtype == np.float64


def test_one_hot_inverts_argmax_on_the_digits():
    _, labels = digits()
    rows = one_hot(labels, 10)
    assert rows.shape == (1797, 10)
    assert np.array_equal(rows.argmax(axis=1), labels)
    assert np.array_equal(rows.sum(axis=1), np.ones(1797))


def test_one_hot_takes_whole_numbers_of_any_type():
    expected = [[0, 1], [1, 0]]
    for labels in ([1.0, 0.0], np.array([1, 0], dtype=np.uint8), (1, 0), np.array([True, False])):
        assert one_hot(labels, 2).tolist() == expected


def test_one_hot_of_no_labels_has_no_rows():
    assert one_hot([], 3).shape == (0, 3)


@pytest.mark.parametrize(
    ("labels", "wrong"),
    [([0, 3], "3"), ([0, -1], "-1"), ([0.5, 1], "0.5"), ([0, np.nan], "nan"), ([np.inf], "inf")],
)
def test_one_hot_names_the_label_that_is_no_class(labels, wrong):
    with pytest.raises(ValueError, match=rf"whole numbers from 0 to 2, got {wrong}"):
        one_hot(labels, 3)


@pytest.mark.parametrize(("labels", "shape"), [(1, r"\(\)"), ([[0], [1]], r"\(2, 1\)")])
def test_one_hot_takes_one_axis(labels, shape):
    with pytest.raises(ValueError, match=f"got shape {shape}"):
        one_hot(labels, 3)
