"""The kernels of a model by columns, against a Hessian that is written out."""

import numpy as np
import pytest
import reference
import scipy.sparse
from kernel_cases import frozen
from marks import needs_wide

from skmax import _kernels

pytestmark = needs_wide
CLOSE = {"rtol": 1e-11, "atol": 1e-13}


def a_model(n_outputs, intercept, index, n_rows=40, n_columns=9):
    """Columns of some coefficients of each class, what the rows bend by, and terms."""
    rng = np.random.default_rng(n_outputs)
    X = rng.normal(size=(n_rows, n_columns)) * (rng.uniform(size=(n_rows, n_columns)) < 0.4)
    X[:, 3] = 0  # it does not bend
    X = scipy.sparse.csc_array(X)
    p = rng.dirichlet(np.ones(max(2, n_outputs)), n_rows).T[:n_outputs].copy()
    curvature = _kernels.ModelCurvature(p, p * rng.uniform(0, 0.1, n_rows))
    place, ends = [], [0]
    for _ in range(n_outputs):
        chosen = np.flatnonzero(rng.uniform(size=n_columns) < 0.6)
        place += [*chosen, *[-1] * intercept]
        ends.append(len(place))
    place = np.array(place)
    arrays = X.data, X.indices.astype(index), X.indptr.astype(index), place, np.array(ends)
    raw = _kernels.ModelColumns(*map(frozen, arrays), np.zeros(len(place)))
    diagonal, slope_of_one = np.empty((2, len(place)))
    _kernels.column_curvature(raw, curvature, diagonal, slope_of_one)
    centre = np.zeros(len(place))
    if intercept:
        of_all = diagonal[place < 0][np.repeat(np.arange(n_outputs), np.diff(ends))]
        centre = np.where(place < 0, 0.0, slope_of_one / of_all)
        diagonal = diagonal - centre * slope_of_one
    start = rng.normal(size=len(place)) * (rng.uniform(size=len(place)) < 0.5)
    thresholds = np.where(place < 0, 0.0, 0.02)
    slope = 0.1 * rng.normal(size=len(place))
    if intercept and n_outputs > 1:  # what moves all classes alike bends nothing
        slope[place < 0] -= slope[place < 0].mean()
    terms = _kernels.ModelTerms(
        start,
        slope,
        diagonal,
        slope_of_one,
        np.where(place < 0, 0.0, 0.01),
        thresholds,
        np.where(place < 0, -np.inf, start - 1),
        np.where(place < 0, np.inf, start + 1),
    )
    return raw, raw._replace(centre=centre), curvature, terms


def nothing(curvature):
    shape = curvature.probabilities.shape
    return _kernels.ModelChange(np.full(shape, 7.0), np.full(shape[1], 7.0))


some_models = pytest.mark.parametrize(
    ("n_outputs", "intercept", "index"),
    [(1, True, np.int32), (3, True, np.int32), (3, False, np.int64), (5, True, np.int64)],
)


@some_models
def test_the_curvature_of_columns(n_outputs, intercept, index):
    raw, _, curvature, _ = a_model(n_outputs, intercept, index)
    diagonal, slope_of_one = np.empty((2, len(raw.place)))
    _kernels.column_curvature(raw, curvature, diagonal, slope_of_one)
    expected = reference.column_curvature(raw, curvature)
    np.testing.assert_allclose(diagonal, expected[0].astype(float), **CLOSE)
    np.testing.assert_allclose(slope_of_one, expected[1].astype(float), **CLOSE)


@some_models
def test_the_change_by_a_direction_and_its_slope(n_outputs, intercept, index):
    _, columns, curvature, _ = a_model(n_outputs, intercept, index)
    direction = np.random.default_rng(1).normal(size=len(columns.place))
    change, slope = nothing(curvature), np.full(len(direction), 7.0)
    _kernels.change_of_columns(columns, curvature, direction, change)
    logits, mean = reference.change_of_columns(columns, curvature, direction)
    np.testing.assert_allclose(change.logits, logits.astype(float), **CLOSE)
    np.testing.assert_allclose(change.mean, mean.astype(float), **CLOSE)
    _kernels.slope_of_columns(columns, curvature, change, slope)
    hessian = reference.column_hessian(columns, curvature)
    np.testing.assert_allclose(slope, (hessian @ direction).astype(float), **CLOSE)


@some_models
def test_sweeps_are_those_of_the_reference(n_outputs, intercept, index):
    _, columns, curvature, terms = a_model(n_outputs, intercept, index)
    coef, change = terms.start.copy(), nothing(curvature)
    _kernels.change_of_columns(columns, curvature, np.zeros(len(coef)), change)
    for _ in range(3):
        expected, moves = reference.sweep_columns(columns, curvature, terms, coef)
        moved = _kernels.sweep_columns(columns, curvature, change, terms, coef)
        np.testing.assert_allclose(coef, expected.astype(float), **CLOSE)
        assert moved == pytest.approx(float(moves), rel=1e-9)
        logits, mean = reference.change_of_columns(columns, curvature, coef - terms.start)
        np.testing.assert_allclose(change.logits, logits.astype(float), **CLOSE)
        np.testing.assert_allclose(change.mean, mean.astype(float), **CLOSE)


@some_models
def test_sweeps_come_to_the_minimum(n_outputs, intercept, index):
    _, columns, curvature, terms = a_model(n_outputs, intercept, index)
    coef, change = terms.start.copy(), nothing(curvature)
    _kernels.change_of_columns(columns, curvature, np.zeros(len(coef)), change)
    for _ in range(5000):
        if _kernels.sweep_columns(columns, curvature, change, terms, coef) < 1e-26:
            break
    hessian = reference.column_hessian(columns, curvature).astype(float)
    away = coef - terms.start
    slope = terms.slope + hessian @ away + terms.ridge * away
    inside = (coef > terms.low) & (coef < terms.high)
    there = inside & ((coef != 0) | (terms.thresholds == 0))
    expected = -(terms.thresholds * np.sign(coef))[there]
    np.testing.assert_allclose(slope[there], expected, atol=1e-9)
    zeros = inside & ~there
    assert np.all(np.abs(slope[zeros]) <= terms.thresholds[zeros] + 1e-9)
