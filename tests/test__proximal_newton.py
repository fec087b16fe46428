"""Proximal Newton on a small function with absolute values whose optimum is known."""

import numpy as np
import pytest
from problems import quiet
from quadratics import SHAPE, Quadratic

from skmax._objective.objective import Passes
from skmax._solvers import DEAR, ActiveHessian, Status, proximal_newton, step_model
from skmax._solvers.proximal_newton import WEAKER, first_factor, largest

FREE = np.arange(SHAPE[1]) < 1  # a coefficient without a threshold


class Lasso:
    """The quadratic, its fourth powers and factor * threshold * |coef|, as the solver sees them."""

    shape, threads, vanishing = SHAPE, 1, 0.0
    resolution = float(np.finfo(float).eps)

    def __init__(self, threshold=3.0, factor=1.0, steep=0.0, condition=100.0):
        self.threshold, self.factor, self.steep = threshold, factor, steep
        self.condition, self.passes = condition, Passes()
        self.quadratic = Quadratic(condition)
        self.reach = np.ones(SHAPE[1])
        self.thresholds = np.where(FREE, 0.0, factor * threshold)

    def at(self, coef):
        self.passes.evaluations += 1
        return LassoPoint(self, coef)

    def scaled(self, factor):
        return type(self)(self.threshold, factor, self.steep, self.condition)

    def hessian_cost(self, max_rows):
        return 1.0


class LassoPoint:
    def __init__(self, objective, coef):
        self.objective, self.coef = objective, coef
        away = (coef - objective.quadratic.best).ravel()
        smooth, gradient = objective.quadratic.value_and_gradient(away)
        self.value = smooth + float(np.abs(coef).sum(axis=0) @ objective.thresholds)
        self.value += objective.steep * float(np.sum(away**4))
        self.gradient = gradient + 4 * objective.steep * away.reshape(SHAPE) ** 3
        self.hessian = objective.quadratic.matrix + np.diag(12 * objective.steep * away**2)

    def scaled(self, factor):
        return LassoPoint(self.objective.scaled(factor), self.coef)

    @property
    def distance(self):
        thresholds = np.broadcast_to(self.objective.thresholds, SHAPE)
        at_zero = np.maximum(np.abs(self.gradient) - thresholds, 0)
        elsewhere = np.abs(self.gradient + thresholds * np.sign(self.coef))
        return np.where(self.coef == 0, at_zero, elsewhere)

    def sweeps_of_a_hessian(self, active):
        return 0.0

    def active_hessian(self, active):
        return self.hessian[np.ix_(active.ravel(), active.ravel())]

    def hessian_product(self, directions):
        return (self.hessian @ directions.ravel()).reshape(SHAPE)

    def duality_gap(self):
        # The smallest eigenvalue is 1: value - minimum <= distance^2 / 2 where no sign is wrong.
        return 0.5 * float(np.sum(self.distance**2))


def minimise(objective, start=None, **settings):
    start = np.zeros(SHAPE) if start is None else start
    settings = {"tol": 1e-9, "max_iter": 200, "on_iteration": quiet} | settings
    return proximal_newton(objective, objective.at(start), **settings)


@pytest.mark.parametrize("steep", [0.0, 25.0])
@pytest.mark.parametrize("threshold", [1e-3, 3.0, 30.0])
def test_the_optimum_meets_its_conditions(steep, threshold):
    objective = Lasso(threshold, steep=steep)
    result = minimise(objective, tol=1e-14)
    assert result.converged
    assert result.method == "proximal-newton"
    assert np.all(result.point.distance < 1e-5)
    assert len(result.values) == result.n_iter + 1
    assert result.value == objective.at(result.coef).value
    assert (result.coef == 0).any() == (threshold > 1)


def test_a_large_threshold_leaves_what_has_none():
    result = minimise(Lasso(1e6))
    np.testing.assert_array_equal(result.coef[0] != 0, FREE)
    assert result.converged
    assert result.n_iter == 0


def test_a_start_at_the_optimum_takes_no_iteration():
    objective = Lasso()
    there = minimise(objective, tol=1e-12)
    again = minimise(objective, there.coef)
    assert again.n_iter == 0
    np.testing.assert_array_equal(again.coef, there.coef)


def test_a_start_from_elsewhere_comes_to_the_same_optimum():
    objective = Lasso(steep=25.0)
    there = minimise(objective, tol=1e-14)
    start = np.random.default_rng(0).normal(size=SHAPE)
    again = minimise(objective, start, tol=1e-14)
    np.testing.assert_allclose(again.coef, there.coef, atol=1e-6)


@pytest.mark.parametrize("n_nonzero", [0, 1, 3, 5])
def test_a_stronger_penalty_comes_first_where_more_leave_zero_than_a_step_lets(n_nonzero):
    objective = Lasso(1e-3)
    coef = np.zeros(SHAPE)
    coef[0, 1 : 1 + n_nonzero] = 1.0  # the first has no threshold
    point = objective.at(coef)
    slopes = np.sort(np.abs(point.gradient[0, 1 + n_nonzero :]))[::-1]
    assert first_factor(objective, point) == slopes[n_nonzero] / 1e-3 / WEAKER


def test_no_stronger_penalty_comes_first_where_most_are_not_zero():
    # A path to a weaker penalty does not go back: its objective goes down from the first step on.
    start = np.ones(SHAPE)
    start[0, -1] = 0.0
    objective = Lasso(1e-3, steep=25.0)
    assert first_factor(objective, objective.at(start)) == 1.0
    values = minimise(objective, start).values
    assert (np.diff(values) <= 0).all()


def test_it_stops_when_asked_and_when_iterations_are_out():
    objective = Lasso(1e-3, steep=25.0)
    told = []
    asked = minimise(objective, on_iteration=lambda *report: told.append(report) or len(told) == 2)
    assert asked.status is Status.ASKED_TO_STOP
    assert [report[0] for report in told] == [1, 2]
    assert told[1][1] == asked.value
    short = minimise(objective, max_iter=2)
    assert (short.status, short.n_iter) == (Status.OUT_OF_ITERATIONS, 2)
    none = minimise(objective, max_iter=0)
    np.testing.assert_array_equal(none.coef, 0)
    assert not none.converged


def test_a_gap_that_cannot_be_reached_ends_at_rounding():
    result = minimise(Lasso(), tol=1e-300)
    assert result.converged
    assert result.status is Status.AT_PRECISION
    assert result.n_iter < 30


class Wall(Lasso):
    """It goes up, however short a step is."""

    def at(self, coef):
        point = super().at(coef)
        if coef.any():
            point.value = np.nan
        return point


def test_an_objective_that_never_goes_down_is_left():
    result = minimise(Wall())
    assert not result.converged
    assert result.status is Status.NO_DESCENT
    np.testing.assert_array_equal(result.coef, 0)


@pytest.mark.parametrize(("name", "most"), [("MOST_ACTIVE", 4), ("MOST_NEW", 1)])
def test_a_step_of_few_coefficients_comes_to_the_same_optimum(monkeypatch, name, most):
    objective = Lasso()
    there = minimise(objective, tol=1e-14)
    of_module = step_model.__dict__ if name == "MOST_ACTIVE" else proximal_newton.__globals__
    monkeypatch.setitem(of_module, name, most)
    few = minimise(objective, tol=1e-13, max_iter=1000)  # 1e-14 is what rounding leaves
    assert few.converged
    assert few.n_iter >= there.n_iter
    np.testing.assert_allclose(few.coef, there.coef, atol=1e-6)


def test_the_largest_values():
    values = np.array([[0.0, 3.0, -1.0], [2.0, 5.0, 0.0]])
    np.testing.assert_array_equal(largest(values, 2), [[False, True, False], [False, True, False]])
    np.testing.assert_array_equal(largest(values, 9), values > 0)
    assert not largest(values * 0, 2).any()


class CountingPoint:
    """A point whose Hessian is a number for each pair, and for which coefficients it was asked."""

    def __init__(self, shape=(2, 30)):
        size = int(np.prod(shape))
        self.full = np.arange(size**2, dtype=float).reshape(size, size)
        self.gradient = np.zeros(shape)
        self.asked = []

    def active_hessian(self, active):
        self.asked.append(active.copy())
        return self.full[np.ix_(active.ravel(), active.ravel())]


def mask(*columns):
    """Both coefficients of some columns."""
    active = np.zeros((2, 30), bool)
    active[:, list(columns)] = True
    return active


def test_a_dear_hessian_serves_steps_that_it_covers():
    point, curvature = CountingPoint(), ActiveHessian(DEAR)
    many, thresholds = mask(*range(10)), np.ones(30)
    point.gradient[0, 10], point.gradient[1, 11] = 0.9, 0.7  # near its threshold, and not
    for active in (many, mask(1, 3), many | (np.arange(60).reshape(2, 30) == 10)):
        matrix = curvature.at(point, active, thresholds)
        np.testing.assert_array_equal(matrix, point.full[np.ix_(active.ravel(), active.ravel())])
        matrix[...] = 0  # its own memory
    assert len(point.asked) == 1
    curvature.at(point, mask(11), thresholds)  # not covered
    assert len(point.asked) == 2


def test_a_hessian_is_formed_again_when_a_step_by_an_old_one_leaves_much():
    point, curvature, thresholds = CountingPoint(), ActiveHessian(DEAR), np.ones(30)
    many = mask(*range(10))
    for before, after, n_asked in ((1, 0.5, 1), (0.5, 0.01, 1), (0.01, 0.005, 1), (0.1, 0.1, 2)):
        curvature.at(point, many, thresholds)
        assert len(point.asked) == n_asked
        curvature.stepped(before, after)
    few = mask(2)
    curvature = ActiveHessian(DEAR)
    for n_asked in (3, 4):  # a cheap one at every step
        curvature.at(point, few, thresholds)
        assert len(point.asked) == n_asked


@pytest.mark.parametrize("steep", [0.0, 1.0])
@pytest.mark.parametrize("wrong", [0.3, 3.0, 1e6])
def test_a_wrong_hessian_that_is_handed_on_leads_to_the_same_optimum(steep, wrong):
    objective = Lasso(steep=steep)
    start = objective.at(np.ones(SHAPE))
    curvature = ActiveHessian(0)
    everything = np.ones(SHAPE, bool)
    curvature.at(start, everything, objective.thresholds)
    curvature.matrix *= wrong
    settings = {"tol": 1e-12, "max_iter": 500, "on_iteration": quiet}
    result = proximal_newton(objective, start, **settings, curvature=curvature)
    expected = proximal_newton(Lasso(steep=steep), start, **settings)
    assert result.converged
    assert result.value == pytest.approx(expected.value, rel=1e-10)
