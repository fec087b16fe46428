"""Solvers on the objective of data: they agree on its minimum."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import (
    Problem,
    labels_objective,
    naive_fit,
    nearly_separable,
    one_hot,
    quiet,
    simulated,
)

from skmax import SoftmaxRegression
from skmax._solvers import METHODS, solve
from skmax._solvers.patience import PATIENCE


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["labels", "probabilities", "binary"])
@pytest.mark.parametrize("convert", [np.asarray, scipy.sparse.csr_matrix], ids=["dense", "csr"])
def test_every_method_reaches_the_same_minimum(method, kind, convert):
    problem = Problem(kind, convert)
    result = solve(
        [METHODS[method]],
        problem.objective,
        problem.objective.at(np.zeros(problem.objective.shape)),
        tol=1e-12,
        max_iter=1000,
        on_iteration=quiet,
    )
    assert result.converged
    halved = 2 if kind == "binary" else 1
    strength = halved / (problem.C * problem.sample_weight.sum())
    minimum = naive_fit(problem.X, problem.targets, penalty=strength, weight=problem.sample_weight)[
        2
    ]
    assert result.value == pytest.approx(minimum, rel=1e-11)


@pytest.mark.parametrize("tol", [1.0, 0.1, 1e-3, 1e-6])
@pytest.mark.parametrize("method", METHODS)
def test_a_loose_tolerance_is_met_soon(method, tol):
    # Far from the minimum a Newton step may go up, and must not be tried again and again.
    X, y = simulated(300, 20, 5, seed=3)
    objective = labels_objective(10 * X, y, C=1e6)
    settings = {"max_iter": 200, "on_iteration": quiet}
    start = objective.at(np.zeros(objective.shape))
    result = solve([METHODS[method]], objective, start, tol=tol, **settings)
    minimum = solve([METHODS["newton-cholesky"]], objective, start, tol=1e-12, **settings).value
    assert result.converged
    assert result.value <= minimum * (1 + tol)


def fit_nearly_separable(methods, C):
    """The result, and the passes that it took."""
    objective = labels_objective(*nearly_separable(), C=C)
    methods = [replace(METHODS[name], patience=PATIENCE) for name in methods]
    start, settings = objective.at(np.zeros(objective.shape)), {"tol": 1e-6, "max_iter": 1000}
    settings["on_iteration"] = quiet
    return solve(methods, objective, start, **settings), objective.passes.total


@pytest.mark.parametrize("C", [1e2, 1e4, 1e6])
def test_the_quicker_method_for_nearly_separable_data_is_found_in_either_order(C):
    # newton-cg takes about 110 iterations, L-BFGS 300 to 490 and three times the passes: the last
    # digits decide how many, and whether it looks slow for long enough.
    newton, _ = fit_nearly_separable(["newton-cg", "lbfgs"], C)
    assert newton.converged
    assert newton.method == "newton-cg"
    assert newton.n_iter < 200
    alone, passes_alone = fit_nearly_separable(["lbfgs"], C)
    assert alone.converged
    both, passes = fit_nearly_separable(["lbfgs", "newton-cg"], C)
    assert both.converged
    assert (passes < passes_alone) == (both.method != "lbfgs")
    lowest = min(result.value for result in (newton, alone, both))
    for result in (newton, alone, both):
        assert result.value <= lowest * (1 + 1e-5)


@pytest.mark.parametrize("C", [1.0, 100.0])
@pytest.mark.parametrize("order", [["newton-cg", "lbfgs"], ["lbfgs", "newton-cg"]])
def test_an_ordinary_fit_does_not_change_its_method(order, C):
    X, y = simulated(500, 20, 6, seed=1)
    settings = {"tol": 1e-6, "max_iter": 1000, "on_iteration": quiet}

    def fit(names):
        objective = labels_objective(X, y, C=C)
        methods = [METHODS[name] for name in names]
        return solve(methods, objective, objective.at(np.zeros(objective.shape)), **settings)

    both, alone = fit(order), fit(order[:1])
    assert both.method == order[0]
    assert both.values == alone.values
    np.testing.assert_array_equal(both.coef, alone.coef)


@pytest.mark.parametrize("method", ["newton-cg, many columns", "lbfgs, many columns"])
def test_columns_too_many_for_a_matrix_do_with_the_diagonal(method):
    problem = Problem("labels", scipy.sparse.csr_matrix)
    results = [
        solve(
            [METHODS[name]],
            problem.objective,
            problem.objective.at(np.zeros(problem.objective.shape)),
            tol=1e-10,
            max_iter=1000,
            on_iteration=quiet,
        )
        for name in (method, "newton-cholesky")
    ]
    assert results[0].converged
    assert results[0].value == pytest.approx(results[1].value, rel=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_forty_thousand_rows_are_enough_for_a_sample_of_them(method):
    # The Gram matrix of the preconditioner looks at no more than 20,000 rows.
    problem = Problem("labels", n=40_000, p=3)
    result = solve(
        [METHODS[method]],
        problem.objective,
        problem.objective.at(np.zeros(problem.objective.shape)),
        tol=1e-8,
        max_iter=100,
        on_iteration=quiet,
    )
    assert result.converged


@st.composite
def awkward_problems(draw):
    """X with few or many rows, columns and classes, some constant or twice; weights, some 0."""
    n_classes = draw(st.integers(2, 6))
    n = draw(st.integers(n_classes, 40))
    p = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    X, y = simulated(n, p, n_classes, seed=int(rng.integers(10**6)))
    X *= 10.0 ** rng.uniform(-3, 3, size=p)
    if draw(st.booleans()):
        X[:, rng.integers(p)] = draw(st.sampled_from([0.0, 1.0, -250.0]))
    if draw(st.booleans()):
        X[:, rng.integers(p)] = 2 * X[:, 0]
    weight = np.ones(n)
    if n_classes > 2 and draw(st.booleans()):
        weight[y == n_classes - 1] = 0
    return X, y, weight, 10.0 ** draw(st.integers(-2, 2)), draw(st.booleans())


@settings(max_examples=15)
@given(awkward_problems())
def test_all_solvers_agree_on_the_optimum(problem):
    X, y, weight, C, fit_intercept = problem
    n_classes = y.max() + 1
    kept = np.bincount(y, weight) > 0
    targets, used = one_hot(y), weight > 0
    if fit_intercept:  # a class of no weight is then left out of the objective
        targets = targets[:, kept]
    scale = np.sqrt(np.mean(X[used] ** 2, axis=0))
    scale[scale == 0] = 1
    halved = 2 if n_classes == 2 else 1
    minimum = naive_fit(
        X[used] / scale,
        targets[used],
        penalty=halved / (C * weight.sum()) / scale**2,
        weight=weight[used],
        intercept=fit_intercept,
    )[2]
    for solver in ("newton", "lbfgs"):
        for convert in (np.asarray, scipy.sparse.csr_matrix):
            model = SoftmaxRegression(
                C=C, solver=solver, fit_intercept=fit_intercept, tol=1e-10
            ).fit(convert(X), y, weight)
            assert model.converged_
            assert model.objective_ == pytest.approx(minimum, rel=1e-9)


@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
@pytest.mark.parametrize("convert", [np.asarray, np.asfortranarray, scipy.sparse.csr_matrix])
def test_more_classes_than_rows(solver, convert):
    rng = np.random.default_rng(0)
    X, soft = rng.normal(size=(5, 3)), rng.dirichlet(np.ones(9), 5)
    model = SoftmaxRegression(solver=solver, tol=1e-10).fit(convert(X), soft)
    minimum = naive_fit(X, soft, penalty=1 / 5)[2]
    assert model.converged_
    assert model.objective_ == pytest.approx(minimum, rel=1e-9)
