"""Whether the model of a step goes by sweeps over columns or by the Hessian."""

import numpy as np
import pytest
import scipy.sparse
from problems import simulated

from skmax import SoftmaxRegression
from skmax._objective import column_model
from skmax._solvers import ActiveHessian, column_descent, step_model
from skmax._solvers.protocol import Terms
from skmax._solvers.step_model import StepModel


class Sweeper:
    """A model that moves by a factor of what it has moved before, and counts its sweeps."""

    def __init__(self, factor):
        self.factor, self.coef, self.n_sweeps = factor, np.ones(3), 0

    def sweep(self):
        self.n_sweeps += 1
        self.coef *= self.factor
        return self.factor ** (2 * self.n_sweeps)

    def towards(self, aim):
        return self

    def solution(self):
        return self.coef, np.zeros(3)


class Point:
    """A point whose models are of 3 coefficients, each with a slope of 1."""

    coef, gradient = np.zeros((1, 3)), np.ones((1, 3))

    def __init__(self, sweeps, factor):
        self.sweeps, self.sweeper, self.n_hessians = sweeps, Sweeper(factor), 0

    def sweeps_of_a_hessian(self, active):
        return self.sweeps

    def column_model(self, active, terms):
        return self.sweeper

    def active_hessian(self, active):
        self.n_hessians += 1
        return np.eye(3)


ACTIVE = np.ones((1, 3), bool)
TERMS = Terms(np.zeros(3), np.full(3, -9.0), np.full(3, 9.0))


def minimum(model, point):
    return model.minimum(point, ACTIVE, TERMS, np.zeros(3), 0.0)[0]


@pytest.mark.parametrize(
    ("sweeps", "factor", "n_sweeps", "n_hessians"),
    [
        (5, 0.1, 0, 1),  # the Hessian takes less than a model's sweeps
        (50, 0.1, 3, 0),  # the minimum is there
        (50, 0.999, 50, 1),  # they have taken as long as the Hessian
        (1e9, 0.9999, column_descent.MOST_SWEEPS, 1),
    ],
)
def test_sweeps_are_tried_for_as_long_as_a_hessian_takes(sweeps, factor, n_sweeps, n_hessians):
    model, point = StepModel(ActiveHessian(np.inf)), Point(sweeps, factor)
    found = minimum(model, point)
    assert (point.sweeper.n_sweeps, point.n_hessians) == (n_sweeps, n_hessians)
    assert model.by_columns == (n_hessians == 0)
    if n_hessians:
        np.testing.assert_allclose(found, -1)


@pytest.mark.parametrize(("dear", "n_hessians"), [(np.inf, 0), (4.0, 1)])
def test_a_hessian_that_serves_several_steps_may_take_longer(dear, n_hessians):
    model, point = StepModel(ActiveHessian(dear)), Point(25, 0.1)
    minimum(model, point)
    assert point.n_hessians == n_hessians


def test_what_is_too_large_for_a_hessian_goes_as_far_as_sweeps_come(monkeypatch):
    monkeypatch.setattr(step_model, "MOST_ACTIVE", 2)
    model, point = StepModel(ActiveHessian(np.inf)), Point(50, 0.999)
    assert model.most_active(point, ACTIVE) == 3
    np.testing.assert_array_equal(minimum(model, point), point.sweeper.coef)
    assert point.n_hessians == 0


def test_sweeps_are_over_after_many_steps_or_one_that_gains_nothing():
    model, point = StepModel(ActiveHessian(np.inf)), Point(50, 0.1)
    minimum(model, point)
    model.stepped(step_model.MOST_BY_COLUMNS - 1, 1.0, 0.5)
    assert model.most_sweeps(point, ACTIVE) == 50
    model.stepped(step_model.MOST_BY_COLUMNS, 1.0, 0.5)
    assert model.most_sweeps(point, ACTIVE) == 0
    assert model.most_active(point, ACTIVE) == step_model.MOST_ACTIVE
    other = StepModel(ActiveHessian(np.inf))
    minimum(other, point)
    assert other.gives_up_sweeps()
    minimum(other, point)
    assert not other.gives_up_sweeps()
    assert point.n_hessians == 1


@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
def test_sweeps_that_never_come_to_a_minimum_leave_the_fit_to_the_hessian(monkeypatch, l1_ratio):
    X, y = simulated(120, 15, 3)
    X = scipy.sparse.csr_matrix(X)
    settings = {"C": 100.0, "l1_ratio": l1_ratio, "tol": 1e-9}
    expected = SoftmaxRegression(**settings).fit(X, y)
    monkeypatch.setattr(column_model, "SWEEP_COST", 1e-9)
    monkeypatch.setattr(column_descent, "MODEL_TOL", 10.0)  # one sweep is all there is to a model
    model = SoftmaxRegression(**settings).fit(X, y)
    assert model.converged_
    assert model.n_iter_[0] > expected.n_iter_[0]
    assert model.objective_ == pytest.approx(expected.objective_, rel=1e-8)
