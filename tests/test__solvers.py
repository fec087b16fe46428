"""Solvers on quadratics and other small functions, and the choice between them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import quiet

from skmax._objective.objective import Passes
from skmax._solvers import METHODS, Result, Status, choose, solve
from skmax._solvers.certificate import relative_gap
from skmax._solvers.conjugate_gradients import steihaug
from skmax._solvers.lbfgs import QuasiNewtonMemory, line_search
from skmax._solvers.newton import newton
from skmax._solvers.patience import PATIENCE, SLOW, STEADY, Progress
from skmax._solvers.preconditioners import (
    Diagonal,
    ExactHessian,
    Kronecker,
    LazyHessian,
    UniformKronecker,
)
from skmax._solvers.preconditioners.cholesky import cholesky
from skmax._solvers.preconditioners.kronecker import Eigenbasis, Factors
from skmax._solvers.protocol import (
    FullPoint,
    HessianPoint,
    Objective,
    OnIteration,
    Preconditioner,
    SampledPoint,
)
from skmax._solvers.registry import Method, Minimise

SHAPE = (1, 12)


class Point:
    """1 + (coef - best)' H (coef - best) / 2 and its derivatives at one coef."""

    def __init__(self, objective: "Quadratic", coef: np.ndarray) -> None:
        self.objective, self.coef = objective, coef
        self.away = (coef - objective.best).ravel()
        self.matrix = objective.matrix_at(self.away)
        self.value, self.gradient = objective.value_and_gradient(self.away)

    def hessian_product(self, directions: np.ndarray) -> np.ndarray:
        self.objective.passes.products += 1
        return (self.matrix @ directions.ravel()).reshape(SHAPE)

    def hessian(self, max_rows: int | None = None) -> np.ndarray:
        return self.matrix.copy()

    def diagonal(self) -> np.ndarray:
        return np.diag(self.matrix).reshape(SHAPE)

    @property
    def penalty_diagonal(self) -> np.ndarray:
        return np.zeros(SHAPE[1])

    def second_moments(
        self, max_rows: int | None = None, curvature_weight: float = 0.0
    ) -> np.ndarray:
        return np.eye(SHAPE[1])

    def class_covariance(self) -> np.ndarray:
        return np.array([[1.5]])


class Quadratic:
    """A quadratic function and its minimum, as the solvers see an objective."""

    shape, resolution, threads = SHAPE, float(np.finfo(float).eps), 1

    def __init__(
        self, condition: float = 1e3, *, minimum: float = 1.0, vanishing: float = 0.0
    ) -> None:
        rng = np.random.default_rng(0)
        size = int(np.prod(SHAPE))
        basis = np.linalg.qr(rng.normal(size=(size, size)))[0]
        self.matrix = (basis * np.logspace(0, np.log10(condition), size)) @ basis.T
        self.best, self.minimum = rng.normal(size=SHAPE), minimum
        self.vanishing, self.passes = vanishing, Passes()

    def at(self, coef: np.ndarray) -> Point:
        self.passes.evaluations += 1
        return Point(self, coef)

    def hessian_cost(self, max_rows: int) -> float:
        return 10.0

    def value_and_gradient(self, away: np.ndarray) -> tuple[float, np.ndarray]:
        gradient = self.matrix @ away
        return self.minimum + 0.5 * float(away @ gradient), gradient.reshape(SHAPE)

    def matrix_at(self, away: np.ndarray) -> np.ndarray:
        return self.matrix


class Steep(Quadratic):
    """The quadratic's fourth power is added: a Newton step from afar is far from enough."""

    def value_and_gradient(self, away: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = super().value_and_gradient(away)
        return value + 25 * float(np.sum(away**4)), gradient + 100 * (away**3).reshape(SHAPE)

    def matrix_at(self, away: np.ndarray) -> np.ndarray:
        return self.matrix + 300 * np.diag(away**2)


def held_to_the_protocols(
    point: Point, curved: "Curved", objective: Quadratic, scaled: "Scaled"
) -> tuple[FullPoint, SampledPoint, Objective[FullPoint], Preconditioner[Point]]:
    """For mypy alone: the doubles are what the solvers are typed by."""
    return point, curved, objective, scaled


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


# The choice


@pytest.mark.parametrize(
    ("solver", "n_rows", "shape", "methods"),
    [
        ("auto", 150, (3, 5), ["newton-cholesky", "lbfgs"]),  # iris
        ("newton", 2310, (7, 20), ["newton-cholesky"]),
        ("auto", 9900, (1, 100), ["newton-cholesky", "lbfgs"]),
        ("auto", 10_000, (1, 100), ["newton-cg", "lbfgs"]),
        ("newton", 6435, (6, 37), ["newton-cg"]),
        ("auto", 10, (7, 100), ["newton-cg", "lbfgs"]),
        ("auto", 20_000, (10, 250), ["newton-cg", "lbfgs"]),
        ("auto", 20_000, (41, 61), ["lbfgs", "newton-cg, many coefficients"]),
        ("newton", 20_000, (41, 61), ["newton-cg, many coefficients"]),
        ("auto", 18_821, (20, 41_417), ["lbfgs, many columns", "newton-cg, many columns"]),
        ("newton", 300, (1, 4001), ["newton-cg, many columns"]),
        ("lbfgs", 150, (3, 5), ["lbfgs"]),
        ("lbfgs", 18_821, (20, 41_417), ["lbfgs, many columns"]),
    ],
)
def test_the_choice_of_the_method(solver, n_rows, shape, methods):
    assert choose(solver, n_rows, shape) == tuple(METHODS[name] for name in methods)


def test_an_objective_without_what_a_method_needs_is_refused():
    class Bare:
        """A point of the quadratic that knows no Hessian."""

        def __init__(self, point: Point) -> None:
            self.coef, self.value, self.gradient = point.coef, point.value, point.gradient
            self.hessian_product = point.hessian_product

    class Minimal:
        """The quadratic with such points."""

        def __init__(self) -> None:
            self.quadratic = Quadratic()

        def at(self, coef: np.ndarray) -> Bare:
            return Bare(self.quadratic.at(coef))

    settings = {"tol": 1e-6, "max_iter": 10, "on_iteration": quiet}
    for name, need in (("newton-cholesky", HessianPoint), ("newton-cg", SampledPoint)):
        with pytest.raises(TypeError, match=rf"{name} needs .* {need.__name__}, got Bare"):
            solve([METHODS[name]], Minimal(), np.zeros(SHAPE), **settings)


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


class FlatAtZero(Quadratic):
    """Its Hessian is 0 at zero, so that Newton's method sees nothing to gain there."""

    def matrix_at(self, away: np.ndarray) -> np.ndarray:
        matrix = super().matrix_at(away)
        return np.zeros_like(matrix) if np.array_equal(away, -self.best.ravel()) else matrix


def test_the_next_method_goes_on_where_one_gets_stuck():
    seen = []
    objective = FlatAtZero(100.0)
    start = np.zeros(objective.shape)
    settings = {"tol": 1e-8, "on_iteration": lambda *report: seen.append(report[0])}
    newton_cg = replace(METHODS["newton-cg"], preconditioner=UniformKronecker)
    alone = solve([newton_cg], objective, start, max_iter=100, **settings)
    assert alone.status.stuck
    seen.clear()
    both = [newton_cg, METHODS["lbfgs"]]
    result = solve(both, objective, start, max_iter=100, **settings)
    assert result.converged
    assert result.method == "newton-cg, lbfgs"
    assert result.value <= objective.minimum * (1 + 1e-8)
    assert seen == list(range(1, result.n_iter + 1))
    assert len(result.values) == result.n_iter + 1
    assert np.all(np.diff(result.values) <= 0)
    enough = solve(both, objective, start, max_iter=1, **settings)
    assert (enough.n_iter, enough.method) == (1, "newton-cg")


# Slow methods


def watch(values, rival=None, passes=1.0):
    """A progress of those values, and the iteration at which another method should go on."""
    progress = Progress(values[0], 0.0, rival)
    for n_iter, value in enumerate(values[1:], 1):
        if progress.add(value, passes * n_iter, 1e-6):
            return progress, n_iter
    return progress, None


@pytest.mark.parametrize("rate", [0.9, 0.99, 0.999])
@pytest.mark.parametrize("passes", [1.0, 5.0])
def test_the_passes_to_go_of_a_geometric_series_are_exact(rate, passes):
    series = 1 + 0.5 * rate ** np.arange(91)
    progress, _ = watch(series, passes=passes)
    gap = (series[-1] - 1) / series[-1]
    expected = passes * np.log(gap / 1e-6) / -np.log(rate)
    assert progress.passes_to_go(1e-6) == pytest.approx(expected, rel=1e-6)


def test_the_passes_to_go_without_a_rate():
    straight, _ = watch(10 - np.linspace(0, 6, 31))
    assert straight.passes_to_go(1e-6) == pytest.approx(20)  # down to 0
    stopped, _ = watch([2.0, 1.5, 1.2, 1.1, 1.1, 1.1, 1.1])
    assert stopped.passes_to_go(1e-6) == np.inf
    there, _ = watch(1 + 0.1 ** np.arange(1, 31))
    assert there.passes_to_go(1e-6) == np.inf  # nothing changes any more
    near, _ = watch(1 + 0.5 ** np.arange(1, 31))
    assert near.passes_to_go(1e-6) == 0


def test_a_method_is_slow_once_it_has_long_had_several_times_as_far_to_go():
    steps = np.arange(1000)
    _, never = watch(1 + 0.97**steps)  # 450 steps
    assert never is None
    progress, at = watch(1 + 0.999**steps)  # 14,000 steps
    assert at == PATIENCE
    assert progress.to_go > SLOW * progress.passes
    # What begins to crawl later has to do so for a while.
    _, at = watch(np.concatenate([2 + 0.97 ** steps[:PATIENCE], 1 + 0.9999**steps]))
    assert at > PATIENCE + STEADY


def test_a_method_that_takes_over_may_spend_as_much_and_must_then_be_quicker():
    steps = np.arange(1000)
    rival, spent = watch(1 + 0.999**steps)
    _, at = watch(1 + 0.99**steps, rival)
    assert at is None
    _, at = watch(1 + 0.9999**steps, rival)
    assert spent <= at <= spent + STEADY
    _, at = watch(1 + 0.9999**steps, rival, passes=10.0)
    assert at == STEADY  # has spent as much much earlier
    _, at = watch(1 + 0.9999**steps, rival, passes=0.1)
    assert at == spent  # has taken as many iterations
    _, at = watch(1 + 0.9999**steps, None)
    assert at == PATIENCE


def creeping(rate: float, name: str) -> Method:
    """A method that leaves the fraction `rate` of the way to the minimum at each step."""

    def minimise(objective, point, preconditioner, /, *, tol, max_iter, on_iteration):
        values = [point.value]
        for n_iter in range(1, max_iter + 1):
            point = objective.at(objective.best + rate * (point.coef - objective.best))
            values.append(point.value)
            gap = point.value / objective.minimum - 1
            if on_iteration(n_iter, point.value, gap, point.coef):
                return Result(point, gap, n_iter, Status.ASKED_TO_STOP, values)
            if gap <= tol:
                return Result(point, gap, n_iter, Status.WITHIN_TOL, values)
        return Result(point, gap, max_iter, Status.OUT_OF_ITERATIONS, values)

    return Method(name, minimise, Diagonal, SampledPoint)


QUICK, SLUGGISH, SLOWEST = 0.9, 0.997, 0.9999


@pytest.mark.parametrize(
    ("rates", "turns", "status"),
    [
        ([QUICK, SLOWEST], "0", Status.WITHIN_TOL),
        ([SLUGGISH, QUICK], "0, 1", Status.WITHIN_TOL),
        ([SLUGGISH, SLOWEST], "0, 1, 0", Status.WITHIN_TOL),
        ([SLOWEST, SLUGGISH], "0, 1", Status.WITHIN_TOL),
        ([SLOWEST, SLOWEST], "0, 1", Status.OUT_OF_ITERATIONS),
        ([SLOWEST], "0", Status.OUT_OF_ITERATIONS),
    ],
)
def test_the_quicker_of_two_methods_has_the_last_word(rates, turns, status):
    objective, seen = Quadratic(100.0), []
    start = np.zeros(objective.shape)
    methods = [creeping(rate, str(index)) for index, rate in enumerate(rates)]

    def report(*iteration):
        seen.append(iteration[0])
        return False

    result = solve(methods, objective, start, tol=1e-6, max_iter=5000, on_iteration=report)
    assert result.method == turns
    assert result.status is status
    assert seen == list(range(1, result.n_iter + 1))
    assert len(result.values) == result.n_iter + 1
    assert np.all(np.diff(result.values) <= 0)
    quickest = solve(
        [creeping(min(rates), "0")], objective, start, tol=1e-6, max_iter=5000, on_iteration=quiet
    )
    assert result.n_iter <= quickest.n_iter + 2 * (PATIENCE + STEADY)


def test_the_user_can_stop_a_method_that_is_slow_and_the_last_iteration_stays_the_last():
    objective = Quadratic(100.0)
    methods = [creeping(SLOWEST, "0"), creeping(QUICK, "1")]
    settings = {"tol": 1e-6, "max_iter": PATIENCE}
    start = np.zeros(objective.shape)
    result = solve(methods, objective, start, on_iteration=quiet, **settings)
    assert (result.status, result.n_iter) == (Status.OUT_OF_ITERATIONS, PATIENCE)
    settings["max_iter"] = 1000
    asked = solve(
        methods, objective, start, on_iteration=lambda *report: report[0] == PATIENCE, **settings
    )
    assert (asked.status, asked.n_iter) == (Status.ASKED_TO_STOP, PATIENCE)
    assert asked.method == "0"


def test_every_status_says_a_sentence_and_only_failures_give_advice():
    for status in Status:
        assert status.sentence
        asked = status is Status.ASKED_TO_STOP
        assert bool(status.advice) == (not status.converged and not asked)


# Preconditioners


class Scaled:
    """A preconditioner `factor` times too large, and how often it was asked."""

    def __init__(self, factor: float) -> None:
        self.factor, self.n_solves = factor, 0

    def refresh(self, point: Point, gap: float) -> bool:
        return False

    def solve(self, v: np.ndarray) -> np.ndarray:
        self.n_solves += 1
        return v / self.factor


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


class Curved:
    """A point with a Kronecker product's Hessian, which counts what it is asked for."""

    def __init__(self, n_outputs: int = 4, n_columns: int = 5, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.coef = self.gradient = rng.normal(size=(n_outputs, n_columns))
        self.value = 1.0
        p = rng.dirichlet(np.ones(n_outputs), 50)
        self.covariance = np.diag(p.mean(axis=0)) - p.T @ p / 50
        x = rng.normal(size=(200, n_columns))
        self.moments, self.penalty_diagonal = x.T @ x / 200, rng.uniform(0.01, 0.1, n_columns)
        self.asked: list[str] = []

    def hessian_product(self, directions: np.ndarray) -> np.ndarray:
        return self.covariance @ directions @ self.moments + directions * self.penalty_diagonal

    def hessian(self, max_rows: int | None = None) -> np.ndarray:
        self.asked.append("hessian")
        penalty = np.diag(np.tile(self.penalty_diagonal, len(self.coef)))
        return np.kron(self.covariance, self.moments) + penalty

    def second_moments(
        self, max_rows: int | None = None, curvature_weight: float = 0.0
    ) -> np.ndarray:
        self.asked.append("second moments")
        return self.moments

    def class_covariance(self) -> np.ndarray:
        return self.covariance


class CurvedObjective(Quadratic):
    """What a preconditioner looks at of an objective: shape, passes, the cost of a Hessian."""

    def __init__(self, point: Curved, cost: float = 10.0) -> None:
        self.shape, self.passes, self.cost = point.coef.shape, Passes(), cost

    def hessian_cost(self, max_rows: int) -> float:
        return self.cost


def kronecker_solved(make, threads=1):
    """A direction, and what a Kronecker product's inverse makes of the product with it."""
    point = Curved()
    objective = CurvedObjective(point)
    objective.threads = threads
    preconditioner = make(objective)
    assert preconditioner.refresh(point, 0.0) is False
    direction = np.random.default_rng(1).normal(size=objective.shape)
    direction -= direction.mean(axis=0)
    return direction, preconditioner.solve(point.hessian_product(direction))


@pytest.mark.parametrize("make", [Kronecker, UniformKronecker])
def test_the_kronecker_product_is_solved_in_the_basis_that_makes_it_diagonal(make):
    direction, solved = kronecker_solved(make)
    np.testing.assert_allclose(solved, direction, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("make", [Kronecker, UniformKronecker])
def test_with_many_columns_it_is_solved_but_for_eigenvalues_that_share_a_factor(
    make, threads, monkeypatch
):
    # With no two eigenvalues alike, and no null space but the shift of all classes, it is exact.
    monkeypatch.setattr(Eigenbasis, "MOST_COLUMNS", 0)
    monkeypatch.setattr(Factors, "SAME", 1.0)
    monkeypatch.setattr(Factors, "THREAD_OPERATIONS", 0)
    direction, solved = kronecker_solved(make, threads)
    np.testing.assert_allclose(solved, direction, rtol=1e-8, atol=1e-9)


def test_eigenvalues_that_share_a_factor_keep_the_product_and_bend_the_penalty(monkeypatch):
    monkeypatch.setattr(Eigenbasis, "MOST_COLUMNS", 0)
    monkeypatch.setattr(Factors, "SAME", np.inf)
    direction, solved = kronecker_solved(UniformKronecker)
    off = np.abs(solved - direction).max() / np.abs(direction).max()
    assert 1e-4 < off < 0.5


@given(st.integers(0, 2**32 - 1), st.floats(-8, 8))
def test_the_basis_solves_singular_moments_with_penalties_of_any_size(seed, power):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(30, 6))
    rows[:, 3] = rows[:, 2]  # two columns alike: the penalty alone tells them apart
    moments, penalty = rows.T @ rows / 30, 10.0**power * rng.uniform(0.1, 1, 6)
    factor = rng.normal(size=(4, 4))
    covariance = factor @ factor.T
    inverse = Eigenbasis(moments, penalty)
    inverse.follow(*np.linalg.eigh(covariance))
    v = rng.normal(size=(4, 6))
    solved = inverse.solve(v)
    again = covariance @ solved @ moments + solved * penalty
    # The ridge of the basis, 1e-11 of the moments, is all that may be seen of a small penalty.
    np.testing.assert_allclose(again, v, atol=1e-8 + 1e-10 / 10.0**power)


def test_the_uniform_product_forms_its_moments_once():
    point = Curved()
    preconditioner = UniformKronecker(CurvedObjective(point))
    for _ in range(3):
        preconditioner.refresh(point, 0.1)
    assert point.asked == ["second moments"]


def test_a_sampled_hessian_is_solved_with_less_of_the_product_as_the_gap_closes():
    point = Curved()
    objective = CurvedObjective(point)
    direction = np.random.default_rng(1).normal(size=objective.shape)
    direction -= direction.mean(axis=0)
    off = []
    for gap in (1.0, 1e-2, 1e-4, 0.0):
        lazy = LazyHessian(objective)
        lazy.refresh(point, gap)
        objective.passes.products += 10
        assert lazy.refresh(point, gap) is True
        solved = lazy.solve(point.hessian_product(direction))
        off.append(np.abs(solved - direction).max() / np.abs(direction).max())
    assert off[0] > off[1] > off[2] > off[3]
    assert off[3] < 1e-8
    assert 0.03 < off[0] < 0.1  # a tenth of the product beside the Hessian


def test_a_dear_hessian_is_formed_when_products_have_cost_as_much():
    point = Curved()
    objective = CurvedObjective(point, cost=10.0)
    lazy = LazyHessian(objective)
    assert lazy.refresh(point, 1.0) is False
    formed = []
    for n_products in (4, 5, 1, 9, 1, 10):
        objective.passes.products += n_products
        point.asked.clear()
        lazy.refresh(point, 0.1)
        formed.append("hessian" in point.asked)
    # After 4, 9, 10 products; then 9, 10 and 10 since the last.
    assert formed == [False, False, True, False, True, True]


def test_solves_with_the_factors_of_a_hessian_count_towards_the_next():
    # 20 coefficients: by the constant, factors that cost 10 products take as long as one solve.
    point = Curved()
    objective = CurvedObjective(point, cost=10.0)
    lazy = LazyHessian(objective)
    assert lazy.solve_cost == 10.0
    lazy.refresh(point, 1.0)
    for _ in range(3):  # by the Kronecker product, which is solved at little cost
        lazy.solve(point.gradient)
    lazy.refresh(point, 1.0)
    assert "hessian" not in point.asked
    objective.passes.products += 10
    lazy.refresh(point, 1.0)
    assert point.asked.count("hessian") == 1
    lazy.refresh(point, 1.0)
    assert point.asked.count("hessian") == 1
    lazy.solve(point.gradient)
    for _ in range(2):  # once: the count begins again
        lazy.refresh(point, 1.0)
        assert point.asked.count("hessian") == 2


def test_a_cheap_hessian_is_formed_at_every_step():
    point = Curved()
    lazy = LazyHessian(CurvedObjective(point, cost=2.0))
    lazy.refresh(point, 1.0)
    for first in (True, False, False):
        point.asked.clear()
        assert lazy.refresh(point, 0.1) is first
        assert point.asked == ["hessian"]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_matrix_that_is_not_finite_has_no_factor_and_the_error_says_so(bad):
    matrix = np.eye(4)
    matrix[2, 1] = matrix[1, 2] = bad
    with pytest.raises(FloatingPointError, match=r"not finite: (nan|inf) in row 1, column 2"):
        cholesky(matrix, 1e-15)


def test_a_singular_matrix_gets_the_ridge_that_it_needs():
    ones = np.ones((5, 5))
    factor = cholesky(ones, 1e-15)
    upper = np.triu(factor.T if np.allclose(factor, np.tril(factor)) else factor)
    assert np.isfinite(upper).all()
    with pytest.raises(FloatingPointError, match="not positive definite"):
        cholesky(-1e30 * np.ones((2, 2)), 1e-15)
