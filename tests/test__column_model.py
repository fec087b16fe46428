"""The model of a step by columns: the minimum of the same model with its Hessian written out."""

import numpy as np
import pytest
import scipy.sparse
from problems import Problem, simulated

from skmax import SoftmaxRegression
from skmax._design import CsrDesign, DenseDesign, columns_of
from skmax._objective import ElasticNet, SparseObjective, column_model
from skmax._solvers import column_descent
from skmax._solvers.column_descent import extrapolated, minimum_by_sweeps
from skmax._solvers.protocol import Terms
from skmax._solvers.quadratic_model import minimum_of_model


def a_step(kind, intercept, l1_ratio, most=1e6):
    """A point of a problem in CSR, a mask with all intercepts, and the terms of its model."""
    problem = Problem(kind, scipy.sparse.csr_matrix, intercept=intercept, n=300)
    data = problem.objective.data
    net = ElasticNet.of_user_columns(0.02, l1_ratio, data.design.coef_scale)
    random = np.random.default_rng(0)
    coef = problem.coef * (random.random(data.shape) < 0.6)
    coef[:, data.design.n_features :] = problem.coef[:, data.design.n_features :]
    point = SparseObjective(data, net).at(coef)
    active = (coef != 0) | (random.random(data.shape) < 0.5)
    active[:, data.design.n_features :] = True
    thresholds = np.broadcast_to(net.thresholds, active.shape)[active]
    old = point.coef[active]
    return point, active, Terms(thresholds, old - most, old + most)


@pytest.mark.parametrize("kind", ["labels", "probabilities", "binary"])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
@pytest.mark.parametrize("most", [0.05, 1e6])
def test_the_minimum_is_that_of_the_hessian(monkeypatch, kind, intercept, l1_ratio, most):
    point, active, terms = a_step(kind, intercept, l1_ratio, most)
    old, slope = point.coef[active], point.gradient[active]
    free = np.nonzero(active)[1] >= point.data.data.design.n_features
    # Intercepts have no range here: it belongs to those of other columns.
    terms.low[free], terms.high[free] = -np.inf, np.inf
    hessian = point.active_hessian(active)
    expected, slope_there = minimum_of_model(hessian.copy(), terms, old, slope, 0.0)
    monkeypatch.setattr(column_descent, "MODEL_TOL", 1e-9)
    monkeypatch.setattr(column_descent, "MOST_SWEEPS", 2000)
    model, is_there = minimum_by_sweeps(point.column_model(active, terms), 0.0, np.inf)
    found, slope_found = model.solution()
    assert is_there
    np.testing.assert_allclose(slope_found, slope + hessian @ (found - old), atol=1e-9)
    np.testing.assert_allclose(slope_found, slope_there, atol=1e-3)
    if most > 1:  # each centre moves the range of the intercept of its class
        np.testing.assert_allclose(found, expected, atol=5e-2)
    assert np.all((found >= terms.low) & (found <= terms.high))


@pytest.mark.parametrize("kind", ["labels", "binary"])
def test_it_goes_no_further_than_the_minimum_on_the_same_signs(kind):
    point, active, terms = a_step(kind, True, 0.5)
    model = point.column_model(active, terms)
    random = np.random.default_rng(1)
    hessian, slope = point.active_hessian(active), point.gradient[active]

    old = point.coef[active]

    def value(coef):
        away = coef - old
        return away @ (slope + 0.5 * hessian @ away) + terms.thresholds @ np.abs(coef)

    before = value(old)
    for _ in range(10):
        further = model.towards(model.coef + random.normal(size=len(old)))
        coef, slope_there = further.solution()
        assert value(coef) <= before + 1e-12
        signed = terms.thresholds > 0
        assert np.all((coef * model.solution()[0])[signed] >= 0)
        np.testing.assert_allclose(slope_there, slope + hessian @ (coef - old), atol=1e-9)
        model, before = further, value(coef)
        model.sweep()
        assert value(model.solution()[0]) <= before + 1e-12
        before = value(model.solution()[0])


def test_iterates_that_shrink_evenly_are_extrapolated_to_their_limit():
    limit, modes = np.array([3.0, -1.0, 0.5]), np.array([0.99, 0.5, -0.3])
    iterates = limit + modes ** np.arange(6)[:, None] * np.array([1.0, 2.0, -1.0])
    np.testing.assert_allclose(extrapolated(iterates), limit, atol=0.05)
    still = np.ones((6, 3))
    np.testing.assert_allclose(extrapolated(still), 1.0)


@pytest.mark.parametrize("l1_ratio", [0.4, 1.0])
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize(("C", "cost"), [(0.3, 1e-9), (30.0, 1e-9), (30.0, 1.0), (1e4, 0.1)])
def test_fits_by_columns_come_to_the_same_optimum(
    monkeypatch, l1_ratio, n_classes, intercept, C, cost
):
    X, y = simulated(250, 30, n_classes)
    X = scipy.sparse.csr_matrix(X * (np.random.default_rng(0).random(X.shape) < 0.2) + (X > 1.5))
    settings = {"C": C, "l1_ratio": l1_ratio, "tol": 1e-10, "fit_intercept": intercept}
    expected = SoftmaxRegression(**settings).fit(X, y)
    monkeypatch.setattr(column_model, "SWEEP_COST", cost)
    by_columns = SoftmaxRegression(**settings).fit(X, y)
    assert by_columns.converged_
    assert by_columns.optimality_gap_ <= 1e-10
    assert by_columns.objective_ == pytest.approx(expected.objective_, rel=1e-9)
    # With an L1 norm alone several coefficients have the same norm; with a large C rounding tells.
    if C < 100 and (l1_ratio < 1 or n_classes == 2):
        np.testing.assert_array_equal(by_columns.coef_ == 0, expected.coef_ == 0)


def test_what_pays():
    problem = Problem("labels", scipy.sparse.csr_matrix, n=300)
    design = problem.objective.data.design
    one = np.zeros(problem.objective.shape, bool)
    one[0, 0] = True
    assert column_model.sweeps_of_a_hessian(design, one) < 1
    many = np.ones(problem.objective.shape, bool)
    assert column_model.sweeps_of_a_hessian(design, many) > 0
    point = problem.objective.data.at(problem.coef)
    net = ElasticNet.of_user_columns(0.02, 1.0, design.coef_scale)
    sparse = SparseObjective(problem.objective.data, net).at(point.coef)
    assert sparse.sweeps_of_a_hessian(many) == column_model.sweeps_of_a_hessian(design, many)
    dense = Problem("labels", np.ascontiguousarray, n=300).objective.data
    assert SparseObjective(dense, net).at(point.coef).sweeps_of_a_hessian(many) == 0


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("convert", [np.asarray, np.asfortranarray, scipy.sparse.csr_matrix])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_reach_is_the_largest_entry_of_a_column(convert, intercept, dtype):
    random = np.random.default_rng(0)
    X = random.normal(size=(30, 6)) * (random.random((30, 6)) < 0.5) - np.arange(6)
    X[:, 1], X[:, 2], X[:, 3] = 0, 7, np.abs(X[:, 3]) * (random.random(30) < 0.1)
    weight = np.full(30, 1 / 30)
    X = convert(X.astype(dtype))
    kind = CsrDesign if scipy.sparse.issparse(X) else DenseDesign
    design = kind(X, columns_of(X, weight, intercept), intercept)
    rows = design.standardised_rows(np.arange(30))[:, : design.n_columns]
    np.testing.assert_allclose(design.reach, np.abs(rows).max(axis=0), rtol=1e-5)
