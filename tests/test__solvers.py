"""Solvers on quadratics and other small functions, and the choice between them."""

import numpy as np
import pytest
from problems import quiet

from skmax._solvers import choose, solve
from skmax._solvers.lbfgs import Memory, _line_search, lbfgs
from skmax._solvers.newton import newton, relative_gap, steihaug
from skmax._solvers.preconditioners import Diagonal, ExactHessian, Kronecker

SHAPE = (1, 12)


class Quadratic:
    """1 + (coef - best)' H (coef - best) / 2: what solvers ask of an objective, and its minimum."""

    def __init__(self, condition=1e3, *, seed=0, minimum=1.0):
        rng = np.random.default_rng(seed)
        size = int(np.prod(SHAPE))
        basis = np.linalg.qr(rng.normal(size=(size, size)))[0]
        self.matrix = (basis * np.logspace(0, np.log10(condition), size)) @ basis.T
        self.best, self.minimum = rng.normal(size=SHAPE), minimum
        self.shape, self.penalty = SHAPE, np.zeros(SHAPE[1])
        self.resolution, self.vanishing = float(np.finfo(float).eps), 0.0
        self.many_columns, self.threads = False, 1
        self.products_per_hessian = 10.0
        self.n_products = self.n_evaluations = 0

    def value_and_gradient(self, coef):
        self.n_evaluations += 1
        away = (coef - self.best).ravel()
        gradient = self.matrix @ away
        return self.minimum + 0.5 * float(away @ gradient), gradient.reshape(self.shape)

    def hessian_product(self, direction):
        self.n_products += 1
        return (self.matrix @ direction.ravel()).reshape(self.shape)

    def hessian(self):
        return self.matrix.copy()

    def diagonal(self):
        return np.diag(self.matrix).reshape(self.shape)

    def gram(self, most_rows):
        return np.eye(self.shape[1])

    def curved_gram(self, most_rows, even):
        return self.gram(most_rows)

    def output_curvature(self):
        return np.array([[1.5]])


class Steep(Quadratic):
    """The quadratic's fourth power is added: a Newton step from afar is far from enough."""

    def value_and_gradient(self, coef):
        value, gradient = super().value_and_gradient(coef)
        self.away = (coef - self.best).ravel()
        quartic = float(np.sum(self.away**4))
        return value + 25 * quartic, gradient + 100 * (self.away**3).reshape(self.shape)

    def hessian_product(self, direction):
        return super().hessian_product(direction) + 300 * (
            self.away**2 * direction.ravel()
        ).reshape(self.shape)

    def hessian(self):
        return super().hessian() + 300 * np.diag(self.away**2)


def run(minimise, objective, preconditioner, *, start=None, tol=1e-10, max_iter=500, report=quiet):
    start = np.zeros(objective.shape) if start is None else start
    return minimise(
        objective, start, preconditioner, tol=tol, max_iter=max_iter, on_iteration=report
    )


PAIRS = {
    "newton, exact": (newton, ExactHessian),
    "newton, diagonal": (newton, Diagonal),
    "newton, Kronecker": (newton, Kronecker),
    "lbfgs, Kronecker": (lbfgs, Kronecker),
    "lbfgs, diagonal": (lbfgs, Diagonal),
}
pairs = pytest.mark.parametrize(("minimise", "preconditioner"), PAIRS.values(), ids=PAIRS)


# Conjugate gradients in a trust region


def identity(v):
    return v


def test_a_step_within_the_region_solves_newtons_equation():
    objective = Quadratic()
    gradient = objective.value_and_gradient(np.zeros(SHAPE))[1]
    step = steihaug(objective.hessian_product, identity, gradient, np.inf, 1e-12)
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
    objective, inverse = Quadratic(), preconditioner()
    gradient = objective.value_and_gradient(np.zeros(SHAPE))[1]
    inverse.refresh(objective, np.inf)
    step = steihaug(objective.hessian_product, inverse.solve, gradient, radius, 1e-12)
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
    gradient = objective.value_and_gradient(np.zeros(SHAPE))[1]
    for radius in np.logspace(-4, 1, 11):
        step = steihaug(objective.hessian_product, identity, gradient, radius, 1e-6)
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
    result = run(minimise, objective, preconditioner())
    assert result.converged
    assert 0 <= result.gap <= 1e-10
    assert result.value == pytest.approx(1.0, rel=1e-10)
    assert result.value == objective.value_and_gradient(result.coef)[0]
    np.testing.assert_allclose(result.coef, objective.best, atol=1e-4)


def test_newton_with_the_exact_hessian_needs_hardly_a_step_for_a_quadratic():
    result = run(newton, Quadratic(1e8), ExactHessian())
    assert result.n_iter <= 2
    assert result.value == pytest.approx(1.0, rel=1e-14)


@pairs
def test_methods_reach_the_minimum_of_a_steep_function_from_afar(minimise, preconditioner):
    objective = Steep(10.0)
    result = run(minimise, objective, preconditioner(), start=objective.best + 30)
    assert result.converged
    assert result.value == pytest.approx(1.0, rel=1e-9)


@pairs
@pytest.mark.parametrize("tol", [1e-2, 1e-6])
def test_the_gap_is_at_most_tol(minimise, preconditioner, tol):
    objective = Steep(100.0)
    result = run(minimise, objective, preconditioner(), start=objective.best + 1, tol=tol)
    assert result.converged
    assert result.gap <= tol
    assert result.value - 1 <= tol


@pairs
def test_each_iteration_is_reported_and_no_value_rises(minimise, preconditioner):
    reports = []
    result = run(
        minimise,
        Steep(100.0),
        preconditioner(),
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
    result = run(minimise, objective, preconditioner(), start=objective.best + 30, max_iter=2)
    assert not result.converged
    assert result.n_iter == 2
    assert "max_iter" in result.message
    assert result.gap > 1e-10


@pairs
def test_a_start_at_the_minimum_ends_at_once(minimise, preconditioner):
    objective = Quadratic()
    result = run(minimise, objective, preconditioner(), start=objective.best.copy())
    assert result.converged
    assert result.n_iter == 1
    assert result.gap == pytest.approx(0, abs=1e-15)
    np.testing.assert_array_equal(result.coef, objective.best)


@pairs
def test_the_floor_of_rounding_ends_a_fit_whatever_tol(minimise, preconditioner):
    result = run(minimise, Steep(1e3), preconditioner(), tol=1e-300)
    assert result.converged
    assert result.n_iter < 500
    assert result.value == pytest.approx(1.0, rel=1e-13)


@pairs
def test_a_vanishing_loss_is_called_separable(minimise, preconditioner):
    objective = Quadratic(minimum=0.0)
    objective.vanishing = 1e-10
    result = run(minimise, objective, preconditioner(), tol=1e-300)
    assert not result.converged
    assert "separable" in result.message


@pairs
def test_the_start_is_not_changed(minimise, preconditioner):
    start = np.ones(SHAPE)
    run(minimise, Quadratic(), preconditioner(), start=start)
    np.testing.assert_array_equal(start, 1)


# The choice


@pytest.mark.parametrize(
    ("solver", "n_rows", "size", "methods"),
    [
        ("auto", 150, 15, ("newton-cholesky", "lbfgs")),  # iris
        ("newton", 2310, 140, ("newton-cholesky",)),
        ("auto", 9900, 100, ("newton-cholesky", "lbfgs")),
        ("auto", 10_000, 100, ("newton-cg", "lbfgs")),
        ("newton", 6435, 222, ("newton-cg",)),
        ("auto", 10, 700, ("newton-cg", "lbfgs")),
        ("auto", 20_000, 2500, ("newton-cg", "lbfgs")),
        ("auto", 20_000, 2501, ("lbfgs", "newton-cg")),
        ("newton", 20_000, 2501, ("newton-cg",)),
        ("auto", 18_821, 828_340, ("lbfgs", "newton-cg")),
        ("lbfgs", 150, 15, ("lbfgs",)),
        ("lbfgs", 18_821, 828_340, ("lbfgs",)),
    ],
)
def test_the_choice_of_the_method(solver, n_rows, size, methods):
    assert choose(solver, n_rows, size) == methods


class Recorded(Quadratic):
    """It remembers where it was last evaluated, and goes up where `up` says so."""

    def value_and_gradient(self, coef):
        self.last = coef
        value, gradient = super().value_and_gradient(coef)
        return value + (1e3 if self.up(coef) else 0.0), gradient


@pytest.mark.parametrize("all_rise", [True, False])
def test_the_curvature_after_a_line_search_is_that_of_the_point_taken(all_rise):
    objective = Recorded()
    objective.up = lambda coef: False
    start = np.zeros(objective.shape)
    value, gradient = objective.value_and_gradient(start)
    # Short steps go down but never far enough, longer ones go up.
    objective.up = lambda coef: coef.any() and (all_rise or np.abs(coef).max() > 1e-4)
    slope = -float(np.sum(gradient**2))
    found = _line_search(objective, start, value, slope, -gradient, 0.0)
    assert (found is None) == all_rise
    taken = start if found is None else start + found[0]
    np.testing.assert_array_equal(objective.last, taken)


class FlatAtZero(Quadratic):
    """Its Hessian products are 0 at zero, so that Newton's method sees nothing to gain there."""

    def value_and_gradient(self, coef):
        self.at_zero = not coef.any()
        return super().value_and_gradient(coef)

    def hessian_product(self, direction):
        product = super().hessian_product(direction)
        return np.zeros_like(direction) if self.at_zero else product


def test_the_next_method_goes_on_where_one_gets_stuck():
    seen = []
    objective = FlatAtZero(100.0)
    start = np.zeros(objective.shape)
    settings = {"tol": 1e-8, "on_iteration": lambda *report: seen.append(report[0])}
    alone = solve(("newton-cg",), objective, start, max_iter=100, **settings)
    assert alone.stuck
    seen.clear()
    result = solve(("newton-cg", "lbfgs"), objective, start, max_iter=100, **settings)
    assert result.converged
    assert result.method == "newton-cg, lbfgs"
    assert result.value <= objective.minimum * (1 + 1e-8)
    assert seen == list(range(1, result.n_iter + 1))
    assert len(result.values) == result.n_iter + 1
    assert np.all(np.diff(result.values) <= 0)
    enough = solve(("newton-cg", "lbfgs"), objective, start, max_iter=1, **settings)
    assert (enough.n_iter, enough.method) == (1, "newton-cg")


class Scaled:
    """A preconditioner `factor` times too large, and how often it was asked."""

    def __init__(self, factor):
        self.factor, self.n_solves = factor, 0

    def refresh(self, objective, gap):
        return False

    def solve(self, v):
        self.n_solves += 1
        return v / self.factor


def test_the_memory_computes_its_scale_at_every_third_pair_and_after_another_look():
    rng, preconditioner = np.random.default_rng(0), Scaled(8.0)
    memory = Memory(preconditioner, 5)
    computed = []
    for place in range(8):
        if place == 5:
            preconditioner.factor = 2.0
            memory.look_again(None, 1.0)
        before, change = preconditioner.n_solves, rng.normal(size=(1, 5))
        memory.remember(change, change)
        computed.append(preconditioner.n_solves - before)
        assert memory.scale == pytest.approx(8.0 if place < 5 else 2.0)
    assert computed == [1, 0, 0, 1, 0, 1, 0, 0]
