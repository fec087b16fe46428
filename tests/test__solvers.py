"""Conjugate gradients, Newton's method and L-BFGS on quadratics and other small functions."""

from collections.abc import Callable

import numpy as np
import pytest
from problems import quiet
from quadratics import SHAPE, Point, Quadratic, Scaled, Steep

from skmax._solvers import METHODS, Result, Status
from skmax._solvers.certificate import relative_gap
from skmax._solvers.conjugate_gradients import steihaug
from skmax._solvers.lbfgs import QuasiNewtonMemory, line_search
from skmax._solvers.newton import newton
from skmax._solvers.preconditioners import Diagonal, ExactHessian
from skmax._solvers.protocol import Objective, OnIteration, Preconditioner
from skmax._solvers.registry import Minimise


def run(
    minimise: Minimise,
    objective: Objective,
    make_preconditioner: Callable[[Objective], Preconditioner],
    *,
    start: np.ndarray | None = None,
    tol: float = 1e-10,
    max_iter: int = 500,
    report: OnIteration = quiet,
) -> Result:
    point = objective.at(np.zeros(objective.shape) if start is None else start)
    return minimise(
        objective,
        point,
        make_preconditioner(objective),
        tol=tol,
        max_iter=max_iter,
        on_iteration=report,
    )


PAIRS = {name: (method.minimise, method.preconditioner) for name, method in METHODS.items()}
pairs = pytest.mark.parametrize(("minimise", "preconditioner"), PAIRS.values(), ids=PAIRS)


# Conjugate gradients in a trust region


def identity(v):
    return v


def test_a_step_within_the_region_solves_newtons_equation():
    objective = Quadratic()
    point = objective.at(np.zeros(SHAPE))
    gradient = point.gradient
    step = steihaug(point.hessian_product, identity, gradient, np.inf, 1e-12)
    assert step.inside
    exact = -np.linalg.solve(objective.matrix, gradient.ravel()).reshape(SHAPE)
    np.testing.assert_allclose(step.direction, exact, rtol=1e-8)
    assert step.norm == pytest.approx(np.linalg.norm(exact), rel=1e-8)
    model = -np.vdot(gradient, exact) / 2
    assert step.decrease == pytest.approx(model, rel=1e-10)
    assert 0 <= step.left <= 1e-20 * model + 1e-20


@pytest.mark.parametrize("radius", [1e-6, 0.1, 1.0])
@pytest.mark.parametrize("preconditioner", [ExactHessian, Diagonal])
def test_a_step_to_the_edge_has_the_length_of_the_radius(radius, preconditioner):
    objective = Quadratic()
    inverse, point = preconditioner(objective), objective.at(np.zeros(SHAPE))
    gradient = point.gradient
    inverse.refresh(point, np.inf)
    step = steihaug(point.hessian_product, inverse.solve, gradient, radius, 1e-12)
    assert not step.inside
    assert step.norm == radius
    direction = step.direction.ravel()
    if preconditioner is ExactHessian:
        matrix = inverse.matrix
    else:
        matrix = np.diag(inverse.diagonal.ravel())
    assert np.sqrt(direction @ matrix @ direction) == pytest.approx(radius, rel=1e-8)
    model = -gradient.ravel() @ direction - direction @ objective.matrix @ direction / 2
    assert step.decrease == pytest.approx(model, rel=1e-9)
    assert model > 0


def test_the_model_falls_at_least_as_far_as_along_the_gradient():
    objective = Quadratic(1e6)
    point = objective.at(np.zeros(SHAPE))
    gradient = point.gradient
    for radius in np.logspace(-4, 1, 11):
        step = steihaug(point.hessian_product, identity, gradient, radius, 1e-6)
        size = np.linalg.norm(gradient)
        curvature = gradient.ravel() @ objective.matrix @ gradient.ravel() / size**2
        length = min(radius, size / curvature)
        cauchy = length * size - length**2 * curvature / 2
        assert step.decrease >= cauchy * (1 - 1e-12)
        assert step.norm <= radius * (1 + 1e-8)


def test_no_gradient_means_no_step():
    step = steihaug(identity, identity, np.zeros(SHAPE), 1.0, 0.1)
    assert not step.direction.any()
    assert step.decrease == step.left == step.norm == 0
    assert step.inside


def test_directions_without_curvature_are_left_alone():
    flat = np.diag([1.0, 0.0])
    step = steihaug(lambda v: flat @ v, identity, np.array([1.0, 0.0]), np.inf, 1e-12)
    np.testing.assert_array_equal(step.direction, [-1.0, 0.0])


def test_the_relative_gap_is_relative_to_the_minimum():
    assert relative_gap(0.5, 1.5) == 0.5
    assert relative_gap(0.0, 1.0) == 0
    assert relative_gap(2.0, 1.0) == np.inf


# Methods


@pairs
@pytest.mark.parametrize("condition", [1.0, 1e2, 1e4])
def test_methods_reach_the_minimum_of_a_quadratic(minimise, preconditioner, condition):
    objective = Quadratic(condition)
    result = run(minimise, objective, preconditioner)
    assert result.converged
    assert 0 <= result.gap <= 1e-10
    assert result.value == pytest.approx(1.0, rel=1e-10)
    assert result.value == objective.at(result.coef).value
    np.testing.assert_allclose(result.coef, objective.best, atol=1e-4)


def test_newton_with_the_exact_hessian_needs_hardly_a_step_for_a_quadratic():
    result = run(newton, Quadratic(1e8), ExactHessian)
    assert result.n_iter <= 2
    assert result.value == pytest.approx(1.0, rel=1e-14)


@pairs
def test_methods_reach_the_minimum_of_a_steep_function_from_afar(minimise, preconditioner):
    objective = Steep(10.0)
    result = run(minimise, objective, preconditioner, start=objective.best + 30)
    assert result.converged
    assert result.value == pytest.approx(1.0, rel=1e-9)


@pairs
@pytest.mark.parametrize("tol", [1e-2, 1e-6])
def test_the_gap_is_at_most_tol(minimise, preconditioner, tol):
    objective = Steep(100.0)
    result = run(minimise, objective, preconditioner, start=objective.best + 1, tol=tol)
    assert result.converged
    assert result.gap <= tol
    assert result.value - 1 <= tol


@pairs
def test_each_iteration_is_reported_and_no_value_rises(minimise, preconditioner):
    reports = []
    result = run(
        minimise,
        Steep(100.0),
        preconditioner,
        report=lambda *report: reports.append(report),
    )
    assert [report[0] for report in reports] == list(range(1, result.n_iter + 1))
    assert [report[1] for report in reports] == result.values[1:]
    assert len(result.values) == result.n_iter + 1
    assert np.all(np.diff(result.values) <= 1e-15)
    assert result.value == result.values[-1]


@pairs
def test_too_few_iterations_are_no_convergence(minimise, preconditioner):
    objective = Steep(1e4)
    result = run(minimise, objective, preconditioner, start=objective.best + 30, max_iter=2)
    assert not result.converged
    assert result.n_iter == 2
    assert result.status is Status.OUT_OF_ITERATIONS
    assert result.gap > 1e-10


@pairs
def test_a_start_at_the_minimum_ends_at_once(minimise, preconditioner):
    objective = Quadratic()
    result = run(minimise, objective, preconditioner, start=objective.best.copy())
    assert result.converged
    assert result.n_iter == 0
    assert result.gap == pytest.approx(0, abs=1e-15)
    np.testing.assert_array_equal(result.coef, objective.best)


@pairs
def test_the_floor_of_rounding_ends_a_fit_whatever_tol(minimise, preconditioner):
    result = run(minimise, Steep(1e3), preconditioner, tol=1e-300)
    assert result.converged
    assert result.n_iter < 500
    assert result.value == pytest.approx(1.0, rel=1e-13)


@pairs
def test_a_vanishing_loss_is_called_separable(minimise, preconditioner):
    objective = Quadratic(minimum=0.0, vanishing=1e-10)
    result = run(minimise, objective, preconditioner, tol=1e-300)
    assert not result.converged
    assert result.status is Status.SEPARABLE


@pairs
def test_the_start_is_not_changed(minimise, preconditioner):
    start = np.ones(SHAPE)
    run(minimise, Quadratic(), preconditioner, start=start)
    np.testing.assert_array_equal(start, 1)


# What L-BFGS is made of


@pytest.mark.parametrize("all_rise", [True, False])
def test_a_line_search_hands_back_the_best_point_where_none_is_good(all_rise):
    class Rising(Quadratic):
        """Short steps go down but never far enough, longer ones go up."""

        def at(self, coef: np.ndarray) -> Point:
            point = super().at(coef)
            if coef.any() and (all_rise or np.abs(coef).max() > 1e-4):
                point.value += 1e3
            return point

    objective = Rising()
    start = objective.at(np.zeros(SHAPE))
    slope = -float(np.sum(start.gradient**2))
    found = line_search(objective, start, slope, -start.gradient, 0.0)
    assert (found is None) == all_rise
    if found is not None:
        change, point = found
        np.testing.assert_array_equal(point.coef, start.coef + change)
        assert point.value < start.value


def test_the_memory_computes_its_scale_at_every_third_pair_and_after_a_refresh():
    rng, preconditioner = np.random.default_rng(0), Scaled(8.0)
    memory = QuasiNewtonMemory(preconditioner, 5)
    computed = []
    for index in range(8):
        if index == 5:
            preconditioner.factor = 2.0
            memory.refresh(Quadratic().at(np.zeros(SHAPE)), 1.0)
        before, change = preconditioner.n_solves, rng.normal(size=(1, 5))
        memory.remember(change, change)
        computed.append(preconditioner.n_solves - before)
        assert memory.scale == pytest.approx(8.0 if index < 5 else 2.0)
    assert computed == [1, 0, 0, 1, 0, 1, 0, 0]
