"""Preconditioners solve what they stand for, and look at the point no more than they need."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quadratics import Curved, CurvedObjective

from skmax._solvers.preconditioners import Kronecker, LazyHessian, UniformKronecker
from skmax._solvers.preconditioners.cholesky import cholesky
from skmax._solvers.preconditioners.kronecker import Eigenbasis, Factors


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


@pytest.mark.parametrize("make", [Kronecker, UniformKronecker])
def test_a_fit_with_another_penalty_begins_with_the_moments_that_it_is_handed(make):
    point = Curved()
    preconditioner = make(CurvedObjective(point))
    preconditioner.refresh(point, np.inf)
    point.penalty_diagonal = 100 * point.penalty_diagonal
    preconditioner.refresh(point, np.inf)
    assert point.asked == ["second moments"]
    direction = np.random.default_rng(1).normal(size=point.coef.shape)
    direction -= direction.mean(axis=0)
    solved = preconditioner.solve(point.hessian_product(direction))
    np.testing.assert_allclose(solved, direction, rtol=1e-8, atol=1e-9)


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
    # 20 coefficients: by the constant, factors that cost 10 products take as long as 10 / 7 solves.
    point = Curved()
    objective = CurvedObjective(point, cost=10.0)
    lazy = LazyHessian(objective)
    assert lazy.solve_cost == 7.0
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
    for n_hessians in (1, 2):
        lazy.solve(point.gradient)
        assert point.asked.count("hessian") == 1
        if n_hessians == 1:
            lazy.refresh(point, 1.0)
            assert point.asked.count("hessian") == 1
    for _ in range(2):  # once: the count begins again
        lazy.refresh(point, 1.0)
        assert point.asked.count("hessian") == 2


def test_a_cheap_hessian_is_formed_at_every_step():
    point = Curved()
    point.coef = np.zeros_like(point.coef)  # where the Kronecker product is the Hessian
    lazy = LazyHessian(CurvedObjective(point, cost=2.0))
    lazy.refresh(point, 1.0)
    for first in (True, False, False):
        point.asked.clear()
        assert lazy.refresh(point, 0.1) is first
        assert point.asked == ["hessian"]


@pytest.mark.parametrize(("cost", "formed"), [(2.0, True), (10.0, False)])
def test_a_fit_that_goes_on_begins_with_a_cheap_hessian(cost, formed):
    point = Curved()
    assert point.coef.any()
    LazyHessian(CurvedObjective(point, cost=cost)).refresh(point, np.inf)
    assert ("hessian" in point.asked) is formed


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
