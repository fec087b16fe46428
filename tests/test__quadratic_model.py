"""The minimum of a quadratic model plus absolute values."""

import numpy as np
import pytest
from scipy.linalg import cho_factor

from skmax._solvers.protocol import Terms
from skmax._solvers.quadratic_model import minimum_of_model, minimum_on_signs


def anywhere(thresholds):
    """Coefficients of any size."""
    ends = np.full(len(thresholds), np.inf)
    return Terms(thresholds, -ends, ends)


def within(coef, most):
    """Thresholds of 0.1, and ranges of `most` on both sides of where they are."""
    return Terms(np.full(len(coef), 0.1), coef - most, coef + most)


def distance(hessian, thresholds, old, slope, new):
    """How far minus the model's slope at `new` is from the subdifferential, and that slope."""
    slope = slope + hessian @ (new - old)
    at_zero = np.maximum(np.abs(slope) - thresholds, 0)
    return np.where(new == 0, at_zero, np.abs(slope + thresholds * np.sign(new))), slope


def classes_alike(random, n_rows, n_classes, n_columns):
    """The Hessian of a softmax: what moves all classes of a column alike does not bend it."""
    X = random.normal(size=(n_rows, n_columns)) @ random.normal(size=(n_columns, n_columns))
    P = random.dirichlet(np.full(n_classes, 0.3), size=n_rows)
    bends = np.einsum("ik,kl->ikl", P, np.eye(n_classes)) - P[:, :, None] * P[:, None, :]
    size = n_classes * n_columns
    return np.einsum("ij,ikl,im->kjlm", X, bends, X).reshape(size, size) / n_rows


@pytest.mark.parametrize("ridge", [0.0, 1e-12, 1e-4, 1.0])
@pytest.mark.parametrize("n_columns", [1, 8, 30])
@pytest.mark.parametrize("threshold", [1e-7, 1e-3, 1e6])
def test_the_minimum_meets_its_conditions(ridge, n_columns, threshold):
    random = np.random.default_rng(n_columns)
    hessian = classes_alike(random, 40, 4, n_columns)
    hessian.flat[:: len(hessian) + 1] += ridge
    thresholds = np.full(len(hessian), threshold)
    thresholds[:2] = 0.0
    old = random.normal(size=len(hessian)) * (random.random(len(hessian)) < 0.5)
    # A model that has a minimum: its slope at `old` comes from one elsewhere.
    slope = hessian @ random.normal(size=len(hessian))
    new, slope_there = minimum_of_model(hessian.copy(), anywhere(thresholds), old, slope, 0.0)
    away, expected = distance(hessian, thresholds, old, slope, new)
    scale = np.abs(slope).max()
    np.testing.assert_allclose(slope_there, expected, atol=1e-9 * scale)
    before, _ = distance(hessian, thresholds, old, slope, old)
    assert np.linalg.norm(away) <= 1e-3 * np.linalg.norm(before)


def test_a_slope_of_rounding_moves_nothing():
    hessian = np.full((5, 5), -0.04) + 0.2 * np.eye(5)  # singular: its rows sum to 0
    slope = 1e-17 * np.array([1.0, -1.0, 1.0, 1.0, -1.0])
    new, _ = minimum_of_model(hessian, anywhere(np.zeros(5)), np.zeros(5), slope, 1e-31)
    assert np.abs(new).max() < 1e-14


def test_the_minimum_on_signs_of_one_that_stays_and_one_that_comes_to_0():
    hessian = np.array([[2.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 1.0]])
    coef, thresholds = np.array([1.0, 0.1, -2.0]), np.array([0.1, 0.1, 0.0])
    slope = np.array([0.3, 4.0, -0.2])
    new = minimum_on_signs(cho_factor(hessian)[0], anywhere(thresholds), coef, slope)
    assert new[1] == 0
    assert new[0] > 0
    away, _ = distance(hessian, thresholds, coef, slope, new)
    np.testing.assert_allclose(away[[0, 2]], 0, atol=1e-14)


@pytest.mark.parametrize("seed", range(20))
def test_the_minimum_on_signs_lowers_the_model(seed):
    random = np.random.default_rng(seed)
    half = random.normal(size=(30, 30))
    hessian, coef = half @ half.T / 30, random.normal(size=30)
    thresholds, slope = random.choice([0.0, 0.1, 2.0], size=30), random.normal(size=30)
    new = minimum_on_signs(cho_factor(hessian)[0], anywhere(thresholds), coef, slope)
    signed = thresholds > 0
    assert (np.sign(new[signed]) * np.sign(coef[signed]) >= 0).all()
    change = new - coef
    value = change @ (slope + 0.5 * hessian @ change)
    assert value + thresholds @ (np.abs(new) - np.abs(coef)) < 0
    away, _ = distance(hessian, thresholds, coef, slope, new)
    np.testing.assert_allclose(away[new != 0], 0, atol=1e-9)


@pytest.mark.parametrize("most", [1e-3, 0.1, 1.0, 10.0])
@pytest.mark.parametrize("n_columns", [8, 30])
def test_the_minimum_between_ends(most, n_columns):
    random = np.random.default_rng(n_columns)
    hessian = classes_alike(random, 40, 4, n_columns)
    hessian.flat[:: len(hessian) + 1] += 1e-6
    old = random.normal(size=len(hessian)) * (random.random(len(hessian)) < 0.5)
    slope = hessian @ random.normal(size=len(hessian))
    terms = within(old, most)
    new, slope_there = minimum_of_model(hessian.copy(), terms, old, slope, 0.0)
    assert np.all((new >= terms.low) & (new <= terms.high))
    away, _ = distance(hessian, terms.thresholds, old, slope, new)
    before, _ = distance(hessian, terms.thresholds, old, slope, old)
    inside = (new > terms.low) & (new < terms.high)
    assert np.linalg.norm(away[inside]) <= 1e-3 * np.linalg.norm(before)
    outwards = -(slope_there + terms.thresholds * np.sign(new))
    assert np.all(outwards[new == terms.high] >= -1e-9)
    assert np.all(outwards[new == terms.low] <= 1e-9)


def test_the_minimum_on_signs_stops_at_an_end():
    hessian, coef = np.eye(3), np.array([1.0, 2.0, -3.0])
    terms = Terms(np.zeros(3), coef - 0.5, coef + 0.5)
    slope = np.array([-2.0, 0.2, 4.0])
    new = minimum_on_signs(cho_factor(hessian)[0], terms, coef, slope)
    np.testing.assert_allclose(new, [1.5, 1.8, -3.5])
