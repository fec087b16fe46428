"""Coordinate descent on a quadratic with absolute values."""

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import frozen

from skmax import _kernels


def model(size, seed, free=1):
    """A positive definite Hessian, thresholds (the first are 0), where to start and the slope."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(size + 3, size))
    thresholds = rng.uniform(0.5, 3, size)
    thresholds[:free] = 0
    return rows.T @ rows, thresholds, rng.normal(size=size), 3 * rng.normal(size=size)


def anywhere(size):
    """The ends of ranges that hold any coefficient."""
    return np.full(size, -np.inf), np.full(size, np.inf)


@pytest.mark.parametrize("size", [1, 2, 7, 40])
@pytest.mark.parametrize("most_sweeps", [1, 5])
def test_sweeps_are_those_of_the_reference(size, most_sweeps):
    hessian, thresholds, coef, slope = model(size, size)
    expected = reference.minimise_model(hessian, thresholds, coef, slope, most_sweeps)
    n_sweeps = _kernels.minimise_model(
        frozen(hessian), frozen(thresholds), *anywhere(size), coef, slope, 0.0, 0.0, most_sweeps
    )
    assert n_sweeps == (most_sweeps if size > 1 else min(most_sweeps, 2))  # 2: nothing moves
    np.testing.assert_allclose(coef, expected[0], rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(slope, expected[1], rtol=1e-11, atol=1e-11)


@given(st.integers(1, 30), st.integers(0, 10**6), st.integers(0, 2))
def test_the_minimum_meets_its_conditions(size, seed, free):
    hessian, thresholds, start, slope_at_start = model(size, seed, min(free, size))
    coef, slope = start.copy(), slope_at_start.copy()
    _kernels.minimise_model(
        hessian, thresholds, *anywhere(len(coef)), coef, slope, 0.0, 1e-12, 100_000
    )
    np.testing.assert_allclose(slope, slope_at_start + hessian @ (coef - start), atol=1e-8)
    moved = coef != 0
    np.testing.assert_allclose(slope[moved], -(thresholds * np.sign(coef))[moved], atol=1e-6)
    assert np.all(np.abs(slope[~moved]) <= thresholds[~moved] + 1e-6)


def test_a_coordinate_without_curvature_stays():
    hessian, thresholds, coef, slope = model(4, 0)
    hessian[2], hessian[:, 2] = 0, 0
    before = coef[2]
    _kernels.minimise_model(hessian, thresholds, *anywhere(len(coef)), coef, slope, 0.0, 1e-9, 1000)
    assert coef[2] == before


def test_it_stops_when_sweeps_move_little():
    hessian, thresholds, coef, slope = model(20, 1)
    few = _kernels.minimise_model(
        hessian, thresholds, *anywhere(len(coef)), coef.copy(), slope.copy(), 0.0, 1e-1, 1000
    )
    many = _kernels.minimise_model(
        hessian, thresholds, *anywhere(len(coef)), coef, slope, 0.0, 1e-9, 1000
    )
    assert few < many < 1000
    at_once = _kernels.minimise_model(
        hessian, thresholds, *anywhere(len(coef)), coef, slope, 1e9, 0.0, 1000
    )
    assert at_once == 1


def test_no_coordinate_leaves_its_range():
    hessian, thresholds, coef, slope = model(20, 2)
    start = coef.copy()
    low, high = coef - 0.1, coef + 0.1
    _kernels.minimise_model(hessian, thresholds, low, high, coef, slope, 0.0, 1e-12, 100_000)
    assert np.all((coef >= low) & (coef <= high))
    inside = (coef > low) & (coef < high) & (coef != 0)
    assert inside.any()
    assert (~inside).any()
    np.testing.assert_allclose(slope[inside], -(thresholds * np.sign(coef))[inside], atol=1e-6)
    assert not np.array_equal(coef, start)
