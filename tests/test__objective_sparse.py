"""The elastic net, and the objective that it makes, against plain formulas."""

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse
import scipy.special
from problems import Problem, central_differences, simulated

from skmax._estimators.targets import read_targets
from skmax._objective import ElasticNet, SparseObjective, curvature
from skmax.linear_model._problem import problem_of

KINDS = ["labels", "probabilities", "binary"]
FORMATS = {
    "dense": np.ascontiguousarray,
    "Fortran order": np.asfortranarray,
    "csr": scipy.sparse.csr_matrix,
}
SCALE = np.array([2.0, -0.5, 1.0, 0.0])  # of three columns and the intercept


def net(l1_ratio):
    return ElasticNet.of_user_columns(0.3, l1_ratio, SCALE)


def some_coef(seed=0, shape=(3, 4)):
    coef = np.random.default_rng(seed).normal(size=shape)
    coef[0, 1] = coef[-1, 0] = 0
    return coef


@pytest.mark.parametrize("l1_ratio", [0.2, 1.0])
def test_the_penalty_is_that_of_the_users_columns(l1_ratio):
    coef = some_coef()
    weights = coef * SCALE
    expected = 0.5 * (1 - l1_ratio) * np.sum(weights**2) + l1_ratio * np.sum(np.abs(weights))
    assert net(l1_ratio).value(coef) == pytest.approx(0.3 * expected, rel=1e-14)
    assert net(l1_ratio).scaled(4.0).value(coef) == pytest.approx(1.2 * expected, rel=1e-14)


@pytest.mark.parametrize("l1_ratio", [0.2, 1.0])
def test_the_gradient_and_diagonal_are_those_of_the_squares(l1_ratio):
    penalty, coef = net(l1_ratio), some_coef()
    squares = ElasticNet(penalty.strengths, 0 * penalty.thresholds)
    slopes = central_differences(squares.value, coef)
    np.testing.assert_allclose(penalty.gradient(coef), slopes, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(penalty.gradient(coef), coef * penalty.diagonal())


@pytest.mark.parametrize("l1_ratio", [0.2, 1.0])
def test_prox_is_the_minimiser(l1_ratio):
    penalty, centre = net(l1_ratio), 2 * some_coef(1, (1, 4))
    step = np.array([[0.5, 2.0, 1.0, 3.0]])
    found = penalty.prox(centre, step)
    for j in range(4):

        def value(u, j=j):
            coef = found.copy()
            coef[0, j] = u
            return penalty.value(coef) + np.sum((coef - centre) ** 2 / (2 * step))

        best = scipy.optimize.minimize_scalar(
            value, bounds=(-9, 9), method="bounded", options={"xatol": 1e-10}
        )
        assert value(found[0, j]) <= best.fun + 1e-12


@pytest.mark.parametrize("l1_ratio", [0.2, 1.0])
def test_the_distance_is_0_at_an_optimum_and_nowhere_near(l1_ratio):
    penalty, slope = net(l1_ratio), some_coef(2)
    slope[:, -1] = 0  # of the intercepts
    # The optimum of slope . coef + a square of its own + the penalty, entry by entry.
    best = penalty.prox(-slope, np.ones((3, 4)))
    assert np.all(penalty.distance(best, slope + best) <= 1e-12)
    assert np.all(penalty.distance(best + 0.5, slope + best + 0.5) > 0.1)


@pytest.mark.parametrize("l1_ratio", [0.2, 1.0])
def test_the_dual_value_is_the_largest_difference(l1_ratio):
    penalty, dual = net(l1_ratio), 0.5 * some_coef(3, (1, 4))
    dual[0, -1] = 0
    dual *= penalty.feasible_scale(dual)
    bound = penalty.dual_value(dual)
    assert np.isfinite(bound)
    random = np.random.default_rng(0)
    differences = [
        np.vdot(dual, coef) - penalty.value(coef) for coef in random.normal(size=(500, 1, 4)) * 20
    ]
    assert max(differences) <= bound + 1e-12
    if l1_ratio < 1:  # it is attained where the derivative is 0
        shrunk = np.maximum(np.abs(dual) - penalty.thresholds, 0) * np.sign(dual)
        coef = shrunk[:, :-1] / penalty.strengths[:-1]
        coef = np.append(coef, [[0.0]], axis=1)
        assert np.vdot(dual, coef) - penalty.value(coef) == pytest.approx(bound)
    dual[0, -1] = 1e-9
    assert penalty.dual_value(dual) == np.inf


def test_a_dual_variable_that_is_too_large_is_scaled_to_the_edge():
    penalty, dual = net(1.0), 100 * some_coef(4)
    dual[:, -1] = 0
    scale = penalty.feasible_scale(dual)
    assert scale < 1
    assert penalty.dual_value(scale * dual) == 0
    assert penalty.dual_value(1.001 * scale * dual) == np.inf
    assert net(0.5).feasible_scale(dual) == 1


@pytest.mark.parametrize("n_classes", [2, 3, 4, 5, 6])
def test_of_equal_norms_the_one_with_most_zeros_is_returned(n_classes):
    coef = np.random.default_rng(n_classes).normal(size=(n_classes, 40))
    coef[:, :20] = np.round(coef[:, :20])
    coef -= np.median(coef, axis=0)  # a shift of least norm
    found = net(1.0).canonical(coef)
    np.testing.assert_allclose(np.abs(found).sum(axis=0), np.abs(coef).sum(axis=0), atol=1e-12)
    np.testing.assert_allclose(np.ptp(found - coef, axis=0), 0, atol=1e-12)
    for column, zeros in zip(coef.T, (found == 0).sum(axis=0), strict=True):
        norms = np.abs(column - column[:, None]).sum(axis=1)  # shifted by each of its entries
        same_norm = column[np.isclose(norms, np.abs(column).sum())]
        assert zeros >= max((np.isclose(column, entry).sum() for entry in same_norm), default=0)
    np.testing.assert_array_equal(net(0.5).canonical(coef), coef)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("convert", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("nearly_all", [0.0, 2.0])  # formed as a part of the whole, or alone
def test_the_active_hessian_is_a_part_of_the_whole(
    kind, convert, intercept, nearly_all, monkeypatch
):
    monkeypatch.setattr(curvature, "NEARLY_ALL", nearly_all)
    problem = Problem(kind, convert, intercept=intercept, n=700)
    data = problem.objective.data
    point = data.at(problem.coef)
    for share in (0.1, 0.6, 1.0):
        active = np.random.default_rng(0).random(data.shape) < share
        active.flat[0] = True
        whole = point.hessian()[np.ix_(active.ravel(), active.ravel())]
        np.testing.assert_allclose(point.active_hessian(active), whole, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", [0.0, 0.4, 1.0])
def test_the_entropy_is_that_of_the_mixture(kind, scale):
    problem = Problem(kind, np.ascontiguousarray)
    data = problem.objective.data
    point = data.at(problem.coef)
    p, targets = point.probabilities, data.targets
    if kind == "labels":
        t = np.eye(len(p))[targets.codes].T
    else:
        t = np.atleast_2d(targets.probabilities)
    mixed = t + scale * (p - t)
    if kind == "binary":
        mixed = np.concatenate([mixed, 1 - mixed])
    expected = np.sum(data.weight * scipy.special.entr(mixed).sum(axis=0))
    assert point.entropy(scale) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
def test_the_duality_gap_is_never_below_the_true_one(kind, l1_ratio):
    problem = Problem(kind, np.ascontiguousarray)
    data = problem.objective.data
    scale = problem.objective.data.design.coef_scale
    objective = SparseObjective(data, ElasticNet.of_user_columns(0.02, l1_ratio, scale))
    start = np.zeros(data.shape)
    values = []
    random = np.random.default_rng(0)
    for _ in range(20):
        point = objective.at(start + random.normal(size=data.shape))
        values.append((point.value, point.duality_gap()))
        assert values[-1][1] >= 0
    lowest = min(value for value, _ in values)
    assert all(value - gap <= lowest for value, gap in values)
    assert point.scaled(3.0).value == objective.scaled(3.0).at(point.coef).value
    assert point.scaled(3.0).scaled(1.0).value == point.value


def test_a_point_goes_over_to_another_penalty_without_a_pass():
    X, y = simulated(60, 4, 3)
    problem = problem_of(
        X, read_targets(y, None, None, 60), C=1.0, l1_ratio=0.5, fit_intercept=True, n_jobs=1
    )
    coef = np.random.default_rng(0).normal(size=problem.objective.shape)
    point, other = problem.objective.at(coef), problem.penalised(0.1, 0.9).objective
    passes = problem.objective.passes.total
    moved = other.of(point)
    assert problem.objective.passes.total == passes
    fresh = other.at(coef)
    assert moved.value == fresh.value
    np.testing.assert_array_equal(moved.gradient, fresh.gradient)
    np.testing.assert_array_equal(moved.distance, fresh.distance)
    assert moved.duality_gap() == fresh.duality_gap()
    assert moved.scaled(1.0) is moved
    assert moved.scaled(2.0).scaled(1.0).value == moved.value
