"""The objective: value, gradient and curvature against naive formulas and finite differences."""

import numpy as np
import pytest
import scipy.sparse
from problems import Problem, central_differences, standardised, with_64_bit_indices

from skmax._objective import Objective
from skmax._rows import rows_of

KINDS = ["labels", "shares", "binary"]
FORMATS = {
    "dense": np.ascontiguousarray,
    "Fortran order": np.asfortranarray,
    "csr": scipy.sparse.csr_matrix,
    "csr, 64-bit indices": with_64_bit_indices,
}


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(params=FORMATS.values(), ids=FORMATS)
def convert(request):
    return request.param


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("C", [0.01, 10.0, np.inf])
def test_the_value_is_the_naive_one(kind, convert, intercept, C):
    problem = Problem(kind, convert, intercept=intercept, C=C)
    value = problem.objective.value_and_gradient(problem.coef)[0]
    assert isinstance(value, float)
    assert value == pytest.approx(problem.naive_value(problem.coef), rel=1e-13)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("C", [0.01, np.inf])
def test_the_gradient_is_that_of_finite_differences(kind, convert, intercept, C):
    problem = Problem(kind, convert, intercept=intercept, C=C)
    gradient = problem.objective.value_and_gradient(problem.coef)[1]
    assert gradient.dtype == np.float64
    slopes = central_differences(problem.naive_value, problem.coef)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("C", [0.01, np.inf])
def test_the_hessian_product_is_that_of_finite_differences(kind, convert, intercept, C):
    problem = Problem(kind, convert, intercept=intercept, C=C)
    objective, coef, direction = problem.objective, problem.coef, problem.direction
    slope = central_differences(
        lambda t: objective.value_and_gradient(coef + t * direction)[1], np.zeros(())
    )
    objective.value_and_gradient(coef)
    before = direction.copy()
    product = objective.hessian_product(direction)
    np.testing.assert_allclose(product, slope, rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(direction, before)


@pytest.mark.parametrize("intercept", [True, False])
def test_the_whole_hessian_has_the_products_as_columns(kind, convert, intercept):
    problem = Problem(kind, convert, intercept=intercept, n=700)
    objective = problem.objective
    objective.value_and_gradient(problem.coef)
    size = problem.coef.size
    columns = [
        objective.hessian_product(unit.reshape(problem.coef.shape)).ravel() for unit in np.eye(size)
    ]
    hessian = objective.hessian()
    assert hessian.shape == (size, size)
    np.testing.assert_allclose(hessian, np.array(columns).T, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-12, atol=1e-15)
    assert np.linalg.eigvalsh(hessian)[0] > -1e-14


def test_the_curvature_is_that_of_the_last_evaluation(kind):
    problem = Problem(kind)
    objective, fresh = problem.objective, Problem(kind).objective
    objective.value_and_gradient(problem.coef)
    objective.value_and_gradient(0.5 * problem.coef)
    fresh.value_and_gradient(0.5 * problem.coef)
    for method in ("hessian", "output_curvature", "diagonal"):
        np.testing.assert_array_equal(getattr(objective, method)(), getattr(fresh, method)())
    np.testing.assert_array_equal(
        objective.hessian_product(problem.direction), fresh.hessian_product(problem.direction)
    )


def test_products_and_hessians_leave_the_point_as_it_is(kind):
    problem = Problem(kind)
    objective = problem.objective
    objective.value_and_gradient(problem.coef)
    first = objective.hessian_product(problem.direction)
    objective.hessian()
    np.testing.assert_array_equal(objective.hessian_product(problem.direction), first)


@pytest.mark.parametrize("intercept", [True, False])
def test_sparse_rows_are_dense_rows(kind, intercept):
    dense = Problem(kind, intercept=intercept)
    sparse = Problem(kind, scipy.sparse.csr_matrix, intercept=intercept)
    np.testing.assert_allclose(sparse.objective.penalty, dense.objective.penalty, rtol=1e-12)
    results = []
    for problem in (dense, sparse):
        objective = problem.objective
        value, gradient = objective.value_and_gradient(dense.coef)
        product, hessian = objective.hessian_product(dense.direction), objective.hessian()
        results.append([value, gradient, product, hessian, objective.gram(10**6)])
    for one, two in zip(*results, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("n_classes", [3, 10])
@pytest.mark.parametrize("n", [1, 7, 64, 255, 257, 3000])
def test_any_number_of_rows(kind, convert, n_classes, n):
    problem = Problem(kind, convert, n=max(n, n_classes), n_classes=n_classes)
    value = problem.objective.value_and_gradient(problem.coef)[0]
    assert value == pytest.approx(problem.naive_value(problem.coef), rel=1e-12)


@pytest.mark.parametrize("n", [300, 5000])
def test_threads_change_no_bit(kind, convert, n):
    found = []
    for threads in (1, 2, 3, 16):
        problem = Problem(kind, convert, n=n, threads=threads)
        objective = problem.objective
        value, gradient = objective.value_and_gradient(problem.coef)
        product = objective.hessian_product(problem.direction)
        found.append([value, gradient, product, objective.hessian()])
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, two)


def test_float32_rows_have_float64_sums(kind, convert):
    single = Problem(kind, convert, dtype=np.float32, n=2000)
    double = Problem(kind, convert, n=2000)
    value, gradient = single.objective.value_and_gradient(single.coef)
    product = single.objective.hessian_product(single.direction)
    assert gradient.dtype == product.dtype == np.float64
    exact, slopes = double.objective.value_and_gradient(double.coef)
    assert value == pytest.approx(exact, rel=1e-6)
    np.testing.assert_allclose(gradient, slopes, atol=1e-6)
    np.testing.assert_allclose(
        product, double.objective.hessian_product(double.direction), atol=3e-6
    )


def test_the_gram_matrix_is_the_weighted_second_moments(kind, convert):
    problem = Problem(kind, convert)
    block = standardised(problem.rows)
    expected = (block * problem.share[:, None]).T @ block
    np.testing.assert_allclose(problem.objective.gram(300), expected, rtol=1e-11, atol=1e-13)


def relative_eigenvalues(estimate, exact):
    """Those of exact^-1 estimate, where `exact` has curvature."""
    squares, vectors = np.linalg.eigh(exact)
    kept = squares > 1e-10 * squares[-1]
    half = vectors[:, kept] / np.sqrt(squares[kept])
    return np.linalg.eigvalsh(half.T @ estimate @ half)


def test_the_gram_matrix_of_some_rows_is_near_that_of_all(convert):
    problem = Problem("labels", convert, n=2000)
    exact = problem.objective.gram(2000)
    np.testing.assert_array_equal(problem.objective.gram(3000), exact)
    sampled = relative_eigenvalues(problem.objective.gram(800), exact)
    assert 0.7 < sampled[0] < sampled[-1] < 1.4


def test_rows_count_in_the_curved_gram_by_their_curvature(kind, convert):
    problem = Problem(kind, convert, n=2000)
    objective = problem.objective
    objective.value_and_gradient(problem.coef)
    p = objective.probabilities.astype(np.float64)
    curvature = (p * (1 - p)).sum(axis=0)
    columns = standardised(problem.rows)
    for even in (0.0, 0.3, 1.0):
        weight = problem.share * (even + (1 - even) * curvature / (problem.share @ curvature))
        expected = (columns * weight[:, None]).T @ columns
        found = objective.curved_gram(2000, even)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    sampled = relative_eigenvalues(
        objective.curved_gram(800, 0.3), objective.curved_gram(2000, 0.3)
    )
    assert 0.6 < sampled[0] < sampled[-1] < 1.6


def test_the_hessian_of_some_rows_is_near_that_of_all(kind, convert):
    problem = Problem(kind, convert, n=2000)
    problem.objective.value_and_gradient(problem.coef)
    exact = problem.objective.hessian()
    np.testing.assert_array_equal(problem.objective.hessian(2000), exact)
    sampled = relative_eigenvalues(problem.objective.hessian(800), exact)
    assert 0.5 < sampled[0] < sampled[-1] < 2


def test_a_sample_keeps_a_rare_class_with_a_rare_column():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20_000, 3)), rng.integers(0, 2, 20_000)
    y[:4], X[:, 2] = 2, 0.0
    X[:4, 2] = [1.0, 2.0, 3.0, 4.0]
    share = np.full(len(X), 1 / len(X))
    objective = Objective(rows_of(X, share, True), y, share, 3, 1e-6, 1)
    coef = np.zeros(objective.shape)
    coef[:, -1] = [4.0, 4.0, -4.0]
    objective.value_and_gradient(coef)
    sampled = relative_eigenvalues(objective.hessian(300), objective.hessian())
    assert 0.2 < sampled[0] < sampled[-1] < 5


def test_the_gram_matrix_is_finite_where_the_rows_it_looks_at_have_no_weight():
    X = np.random.default_rng(0).normal(size=(100, 3))
    share = np.where(np.arange(100) % 10 == 0, 0.0, 1 / 90)
    rows = rows_of(X, share, True)
    objective = Objective(rows, np.arange(100) % 2, share, 2, 0.1, 1)
    gram = objective.gram(10)
    assert np.isfinite(gram).all()
    assert np.linalg.eigvalsh(gram)[-1] > 0


def test_the_curvature_of_the_outputs_is_a_mean_over_samples(kind):
    problem = Problem(kind)
    problem.objective.value_and_gradient(problem.coef)
    weights, intercepts = problem.rows.to_user(problem.coef)
    logits = problem.X @ weights.T + intercepts
    if kind == "binary":
        p = 1 / (1 + np.exp(-logits[:, 0]))
        expected = [[problem.share @ (p * (1 - p))]]
    else:
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        expected = np.diag(problem.share @ p) - (p * problem.share[:, None]).T @ p
    found = problem.objective.output_curvature()
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-15)
    diagonal = problem.objective.diagonal()
    assert diagonal.shape == problem.coef.shape
    expected = np.diag(expected)[:, None] + problem.objective.penalty
    np.testing.assert_allclose(diagonal, expected, rtol=1e-11)


def test_a_sample_of_no_weight_adds_nothing(kind, convert):
    problem = Problem(kind, convert)
    value = problem.objective.value_and_gradient(problem.coef)[0]
    gone = problem.weight == 0
    assert gone.any()
    problem.X[gone] *= 1e3
    problem.targets[gone] = np.roll(problem.targets[gone], 1, axis=1)
    assert value == pytest.approx(problem.naive_value(problem.coef), rel=1e-13)


def test_logits_that_overflow_exp_give_finite_values(kind, convert):
    problem = Problem(kind, convert)
    coef = 1e4 * problem.coef
    value, gradient = problem.objective.value_and_gradient(coef)
    assert value == pytest.approx(problem.naive_value(coef), rel=1e-12)
    assert np.isfinite(gradient).all()
    assert np.isfinite(problem.objective.hessian_product(problem.direction)).all()
    assert np.isfinite(problem.objective.hessian()).all()


def test_evaluations_and_products_are_counted(kind):
    problem = Problem(kind)
    problem.objective.value_and_gradient(problem.coef)
    problem.objective.hessian_product(problem.coef)
    problem.objective.hessian_product(problem.coef)
    assert (problem.objective.n_evaluations, problem.objective.n_products) == (1, 2)
