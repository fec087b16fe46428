"""The choice between the methods, and the run of one after the other."""

from dataclasses import replace

import numpy as np
import pytest
from problems import quiet
from quadratics import SHAPE, Point, Quadratic

from skmax._solvers import METHODS, Result, Status, choose, solve
from skmax._solvers.patience import PATIENCE, SLOW, STEADY, Progress
from skmax._solvers.preconditioners import Diagonal, UniformKronecker
from skmax._solvers.protocol import HessianPoint, SampledPoint
from skmax._solvers.registry import Method

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


def test_sparse_rows_whose_passes_are_short_get_a_diagonal():
    shape, names = (3, 2259), ["lbfgs, many columns", "newton-cg, many columns"]
    texts = tuple(METHODS[name] for name in names)
    assert choose("auto", 1617, shape, matrix_passes=13_000.0) == texts
    assert choose("auto", 1617, shape, matrix_passes=20.0) == choose("auto", 1617, shape)
    assert choose("auto", 1617, shape) != texts
    small = choose("auto", 150, (3, 5), matrix_passes=1e9)  # the exact Hessian is cheap
    assert small[0] == METHODS["newton-cholesky"]


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
            solve([METHODS[name]], Minimal(), Minimal().at(np.zeros(SHAPE)), **settings)


class FlatAtZero(Quadratic):
    """Its Hessian is 0 at zero, so that Newton's method sees nothing to gain there."""

    def matrix_at(self, away: np.ndarray) -> np.ndarray:
        matrix = super().matrix_at(away)
        return np.zeros_like(matrix) if np.array_equal(away, -self.best.ravel()) else matrix


def test_the_next_method_goes_on_where_one_gets_stuck():
    seen = []
    objective = FlatAtZero(100.0)
    start = objective.at(np.zeros(objective.shape))
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
    start = objective.at(np.zeros(objective.shape))
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
    start = objective.at(np.zeros(objective.shape))
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
