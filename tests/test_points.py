"""Points in the plane: shapes, labels, seeds, and curves that are met exactly without noise."""

import numpy as np
import pytest

from micrograd_bp.datasets import circles, moons, spirals, xor

SEEDED = [moons, circles, spirals]
seeded = pytest.mark.parametrize("points", SEEDED, ids=lambda f: f.__name__)


def test_xor_is_the_four_corners():
    X, y = xor()
    assert (X.dtype, y.dtype.kind) == (float, "i")
    assert {tuple(x): label for x, label in zip(X.tolist(), y.tolist(), strict=True)} == {
        (0.0, 0.0): 0,
        (0.0, 1.0): 1,
        (1.0, 0.0): 1,
        (1.0, 1.0): 0,
    }


def test_no_line_separates_xor():
    """The two classes have the same mean."""
    X, y = xor()
    assert X[y == 0].mean(axis=0).tolist() == X[y == 1].mean(axis=0).tolist()


@seeded
@pytest.mark.parametrize("n", [2, 3, 10, 101])
def test_n_points_in_the_plane_with_whole_labels(points, n):
    X, y = points(n)
    assert (X.shape, X.dtype) == ((n, 2), float)
    assert (y.shape, y.dtype.kind) == ((n,), "i")
    assert np.all(np.isfinite(X))


@seeded
def test_a_hundred_points_unless_said_otherwise(points):
    assert points()[0].shape == (100, 2)


@seeded
@pytest.mark.parametrize("n", [10, 11])
def test_two_classes_share_the_points_evenly(points, n):
    _, y = points(n)
    assert sorted(np.bincount(y).tolist()) == [n // 2, n - n // 2]


@pytest.mark.parametrize(("n", "classes"), [(9, 3), (10, 3), (5, 5), (7, 1)])
def test_spirals_have_any_number_of_classes(n, classes):
    _, y = spirals(n, classes=classes)
    counts = np.bincount(y)
    assert len(counts) == classes
    assert counts.max() - counts.min() <= 1


@seeded
def test_a_seed_repeats_exactly_and_another_differs(points):
    X, y = points(50, seed=7)
    again, labels = points(50, seed=7)
    other, _ = points(50, seed=8)
    assert np.array_equal(X, again)
    assert np.array_equal(y, labels)
    assert not np.array_equal(X, other)


@pytest.mark.parametrize(
    ("points", "noise"), [(moons, 0.1), (circles, 0.1), (spirals, 0.05)], ids=str
)
def test_seed_and_noise_unless_said_otherwise(points, noise):
    assert np.array_equal(points(20)[0], points(20, noise=noise, seed=0)[0])


@seeded
def test_no_other_random_numbers_are_drawn_or_disturbed(points):
    np.random.seed(0)
    expected = np.random.random()
    np.random.seed(0)
    X, _ = points(20, seed=3)
    assert np.random.random() == expected
    assert np.array_equal(X, points(20, seed=3)[0])


@seeded
def test_the_order_is_shuffled(points):
    _, y = points(100)
    assert 20 < np.sum(y[1:] != y[:-1]) < 80


# Without noise each point lies on the curve of its class.


def test_moons_are_two_half_circles_that_interlock():
    X, y = moons(200, noise=0.0)
    upper, lower = X[y == 0], X[y == 1]
    np.testing.assert_allclose(np.hypot(*upper.T), 1.0, rtol=1e-12)
    np.testing.assert_allclose(np.hypot(*(lower - [1.0, 0.5]).T), 1.0, rtol=1e-12)
    assert np.all(upper[:, 1] >= 0.0)
    assert np.all(lower[:, 1] <= 0.5)
    assert upper[:, 0].min() < -0.9 < 0.9 < upper[:, 0].max()
    assert lower[:, 0].min() < 0.1 < 1.9 < lower[:, 0].max()


def test_circles_are_one_around_the_other():
    X, y = circles(200, noise=0.0)
    np.testing.assert_allclose(np.hypot(*X.T), np.where(y == 0, 1.0, 0.5), rtol=1e-12)


def test_circles_are_met_all_round():
    """1,000 points in four quarters: each holds 250 within 5 of their deviations."""
    X, _ = circles(1000, noise=0.0)
    quarters = np.bincount(2 * (X[:, 0] > 0) + (X[:, 1] > 0), minlength=4)
    assert np.all(np.abs(quarters - 250) < 5.0 * np.sqrt(1000 * 0.25 * 0.75))


@pytest.mark.parametrize("classes", [1, 2, 3, 5])
def test_spirals_wind_out_to_radius_one_a_turn_and_a_half_one_a_class(classes):
    X, y = spirals(300, noise=0.0, classes=classes)
    radius, angle = np.hypot(*X.T), np.arctan2(X[:, 1], X[:, 0])
    start = 2.0 * np.pi * y / classes
    turned = np.exp(1j * (angle - 3.0 * np.pi * radius - start))
    np.testing.assert_allclose(turned, 1.0, atol=1e-9)
    assert radius.max() <= 1.0
    assert radius.max() > 0.95
    assert radius.min() < 0.2


@pytest.mark.parametrize("noise", [0.01, 0.3])
@seeded
def test_noise_is_the_deviation_of_each_coordinate(points, noise):
    """2,000 normal numbers: their deviation is within 5 x 1/sqrt(4,000) of noise."""
    clean, y = points(1000, noise=0.0, seed=2)
    noisy, labels = points(1000, noise=noise, seed=2)
    assert np.array_equal(y, labels)
    moved = (noisy - clean).ravel()
    assert abs(moved.std() / noise - 1.0) < 5.0 / np.sqrt(4000.0)
    assert abs(moved.mean()) < 5.0 * noise / np.sqrt(2000.0)


# Errors.


@seeded
@pytest.mark.parametrize(
    "settings", [{"n": 0}, {"n": 1}, {"n": -5}, {"noise": -0.1}, {"noise": float("nan")}], ids=str
)
def test_settings_that_make_no_points(points, settings):
    with pytest.raises(
        ValueError, match="n is at least the number of classes and noise at least 0"
    ):
        points(**settings)


@pytest.mark.parametrize("settings", [{"classes": 0}, {"classes": -1}, {"n": 4, "classes": 5}])
def test_spirals_have_a_point_for_each_class(settings):
    with pytest.raises(ValueError, match=f"{settings['classes']} classes"):
        spirals(**settings)


@seeded
@pytest.mark.parametrize("n", [10.5, "10", None])
def test_n_is_a_whole_number(points, n):
    with pytest.raises(TypeError):
        points(n)
