"""The objective: value, gradient and curvature against naive formulas and finite differences."""

import numpy as np
import pytest
import scipy.sparse
from problems import (
    Problem,
    central_differences,
    labels_objective,
    standardised,
    with_64_bit_indices,
)

from skmax import _kernels
from skmax._design import design_of
from skmax._objective import CrossEntropy, curvature

KINDS = ["labels", "probabilities", "binary"]
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
    value = problem.point().value
    assert isinstance(value, float)
    assert value == pytest.approx(problem.naive_value(problem.coef), rel=1e-13)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("C", [0.01, np.inf])
def test_the_gradient_is_that_of_finite_differences(kind, convert, intercept, C):
    problem = Problem(kind, convert, intercept=intercept, C=C)
    gradient = problem.point().gradient
    assert gradient.dtype == np.float64
    slopes = central_differences(problem.naive_value, problem.coef)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("C", [0.01, np.inf])
def test_the_hessian_product_is_that_of_finite_differences(kind, convert, intercept, C):
    problem = Problem(kind, convert, intercept=intercept, C=C)
    objective, coef, direction = problem.objective, problem.coef, problem.direction
    slope = central_differences(lambda t: objective.at(coef + t * direction).gradient, np.zeros(()))
    before = direction.copy()
    product = objective.at(coef).hessian_product(direction)
    np.testing.assert_allclose(product, slope, rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(direction, before)


@pytest.mark.parametrize("intercept", [True, False])
def test_the_whole_hessian_has_the_products_as_columns(kind, convert, intercept):
    problem = Problem(kind, convert, intercept=intercept, n=700)
    point, size = problem.point(), problem.coef.size
    units = np.eye(size).reshape(size, *problem.coef.shape)
    columns = point.hessian_product(units).reshape(size, size)
    hessian = point.hessian()
    assert hessian.shape == (size, size)
    np.testing.assert_allclose(hessian, columns.T, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-12, atol=1e-15)
    assert np.linalg.eigvalsh(hessian)[0] > -1e-14


def test_a_point_stays_what_it_is_whatever_is_asked_of_others(kind):
    problem = Problem(kind)
    factors = (1.0, 0.5, 0.2, 0.1)
    points = [problem.objective.at(factor * problem.coef) for factor in factors]
    for factor, point in zip(factors, points, strict=True):
        fresh = Problem(kind).objective.at(factor * problem.coef)
        assert point.value == fresh.value
        np.testing.assert_array_equal(point.gradient, fresh.gradient)
        for method in ("hessian", "class_covariance", "diagonal"):
            np.testing.assert_array_equal(getattr(point, method)(), getattr(fresh, method)())
        product = point.hessian_product(problem.direction)
        np.testing.assert_array_equal(product, fresh.hessian_product(problem.direction))
        np.testing.assert_array_equal(point.hessian_product(problem.direction), product)


def test_all_points_share_the_memory_of_their_probabilities():
    problem = Problem("labels")
    points = [problem.data.at(factor * problem.coef) for factor in np.linspace(0, 1, 5)]
    assert len({point.probabilities.ctypes.data for point in points}) == 1


def test_several_directions_are_multiplied_one_by_one(kind):
    problem = Problem(kind)
    point, directions = problem.point(), np.stack([problem.direction, problem.coef])
    products = point.hessian_product(directions)
    for direction, product in zip(directions, products, strict=True):
        np.testing.assert_array_equal(point.hessian_product(direction), product)
    assert problem.objective.passes.products == 4


@pytest.mark.parametrize("intercept", [True, False])
def test_sparse_rows_are_dense_rows(kind, intercept):
    dense = Problem(kind, intercept=intercept)
    sparse = Problem(kind, scipy.sparse.csr_matrix, intercept=intercept)
    np.testing.assert_allclose(sparse.penalty.diagonal(), dense.penalty.diagonal(), rtol=1e-12)
    results = []
    for problem in (dense, sparse):
        point = problem.objective.at(dense.coef)
        product, hessian = point.hessian_product(dense.direction), point.hessian()
        results.append([point.value, point.gradient, product, hessian, point.second_moments()])
    for one, two in zip(*results, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("n_classes", [3, 10])
@pytest.mark.parametrize("n", [1, 7, 64, 255, 257, 3000])
def test_any_number_of_rows(kind, convert, n_classes, n):
    problem = Problem(kind, convert, n=max(n, n_classes), n_classes=n_classes)
    value = problem.point().value
    assert value == pytest.approx(problem.naive_value(problem.coef), rel=1e-12)


@pytest.mark.parametrize("n", [300, 5000])
def test_threads_change_no_bit(kind, convert, n):
    found = []
    for threads in (1, 2, 3, 16):
        problem = Problem(kind, convert, n=n, threads=threads)
        point = problem.point()
        product = point.hessian_product(problem.direction)
        found.append([point.value, point.gradient, product, point.hessian()])
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, two)


def test_float32_rows_have_float64_sums(kind, convert):
    single = Problem(kind, convert, dtype=np.float32, n=2000).point()
    double = Problem(kind, convert, n=2000)
    exact = double.point()
    product = single.hessian_product(double.direction)
    assert single.gradient.dtype == product.dtype == np.float64
    assert single.value == pytest.approx(exact.value, rel=1e-6)
    np.testing.assert_allclose(single.gradient, exact.gradient, atol=1e-6)
    np.testing.assert_allclose(product, exact.hessian_product(double.direction), atol=3e-6)


def test_second_moments_are_weighted_means_over_the_rows(kind, convert):
    problem = Problem(kind, convert)
    block = standardised(problem.design)
    expected = (block * problem.weight[:, None]).T @ block
    found = problem.point().second_moments(300)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)
    np.testing.assert_array_equal(problem.point().second_moments(), found)


def relative_eigenvalues(estimate, exact):
    """Those of exact^-1 estimate, where `exact` has curvature."""
    squares, vectors = np.linalg.eigh(exact)
    kept = squares > 1e-10 * squares[-1]
    half = vectors[:, kept] / np.sqrt(squares[kept])
    return np.linalg.eigvalsh(half.T @ estimate @ half)


def test_second_moments_of_some_rows_are_near_those_of_all(convert):
    point = Problem("labels", convert, n=2000).point()
    exact = point.second_moments(2000)
    np.testing.assert_array_equal(point.second_moments(3000), exact)
    sampled = relative_eigenvalues(point.second_moments(800), exact)
    assert 0.7 < sampled[0] < sampled[-1] < 1.4


def test_rows_count_in_second_moments_by_their_curvature(kind, convert):
    problem = Problem(kind, convert, n=2000)
    point = problem.point()
    p = point.data.probabilities.astype(np.float64)
    curvature = (p * (1 - p)).sum(axis=0)
    columns = standardised(problem.design)
    for fraction in (1.0, 0.7, 0.0):
        relative = curvature / (problem.weight @ curvature)
        weight = problem.weight * (1 - fraction + fraction * relative)
        expected = (columns * weight[:, None]).T @ columns
        found = point.second_moments(2000, fraction)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    sampled = relative_eigenvalues(point.second_moments(800, 0.7), point.second_moments(2000, 0.7))
    assert 0.6 < sampled[0] < sampled[-1] < 1.6


def test_the_hessian_of_some_rows_is_near_that_of_all(kind, convert):
    point = Problem(kind, convert, n=2000).point()
    exact = point.hessian()
    np.testing.assert_array_equal(point.hessian(2000), exact)
    sampled = relative_eigenvalues(point.hessian(800), exact)
    assert 0.5 < sampled[0] < sampled[-1] < 2


def test_a_sampled_hessian_is_that_of_its_rows_with_their_weights(kind, convert):
    problem = Problem(kind, convert, n=2000)
    point = problem.point()
    p = point.data.probabilities.astype(np.float64)
    influence = curvature.influence_of_rows(problem.data, point.data.probabilities)
    indices, weight = curvature.sample_rows(problem.weight, influence, 500)
    assert len(indices) <= 500
    assert weight.sum() == pytest.approx(1, abs=0.1)
    assert not np.delete(weight, indices).any()
    columns = standardised(problem.design)
    of_classes = np.einsum("ki,kl->ikl", p, np.eye(len(p))) - np.einsum("ki,li->ikl", p, p)
    expected = np.einsum("i,ikl,ia,ib->kalb", weight, of_classes, columns, columns, optimize=True)
    expected = expected.reshape(problem.coef.size, problem.coef.size)
    expected += np.diag(np.tile(problem.penalty.diagonal(), len(p)))
    np.testing.assert_allclose(point.hessian(500), expected, rtol=1e-9, atol=1e-12)


def test_a_sample_keeps_a_rare_class_with_a_rare_column():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20_000, 3)), rng.integers(0, 2, 20_000)
    y[:4], X[:, 2] = 2, 0.0
    X[:4, 2] = [1.0, 2.0, 3.0, 4.0]
    objective = labels_objective(X, y, C=50.0)
    coef = np.zeros(objective.shape)
    coef[:, -1] = [4.0, 4.0, -4.0]
    point = objective.at(coef)
    sampled = relative_eigenvalues(point.hessian(300), point.hessian())
    assert 0.2 < sampled[0] < sampled[-1] < 5


def test_second_moments_are_finite_where_the_rows_they_look_at_have_no_weight():
    X = np.random.default_rng(0).normal(size=(100, 3))
    weight = np.where(np.arange(100) % 10 == 0, 0.0, 1 / 90)
    design = design_of(X, weight, True, may_rotate=True)
    data = CrossEntropy(design, _kernels.Labels(np.arange(100) % 2), weight, 2, 1)
    moments = data.at(np.zeros(data.shape)).second_moments(10)
    assert np.isfinite(moments).all()
    assert np.linalg.eigvalsh(moments)[-1] > 0


def test_the_class_covariance_is_a_mean_over_samples(kind):
    problem = Problem(kind)
    point = problem.point()
    weights, intercepts = problem.design.unstandardise(problem.coef)
    logits = problem.X @ weights.T + intercepts
    if kind == "binary":
        p = 1 / (1 + np.exp(-logits[:, 0]))
        expected = [[problem.weight @ (p * (1 - p))]]
    else:
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        expected = np.diag(problem.weight @ p) - (p * problem.weight[:, None]).T @ p
    np.testing.assert_allclose(point.class_covariance(), expected, rtol=1e-11, atol=1e-15)
    diagonal = point.diagonal()
    assert diagonal.shape == problem.coef.shape
    expected = np.diag(expected)[:, None] + problem.penalty.diagonal()
    np.testing.assert_allclose(diagonal, expected, rtol=1e-11)


def test_a_sample_of_no_weight_adds_nothing(kind, convert):
    problem = Problem(kind, convert)
    value = problem.point().value
    gone = problem.sample_weight == 0
    assert gone.any()
    problem.X[gone] *= 1e3
    problem.targets[gone] = np.roll(problem.targets[gone], 1, axis=1)
    assert value == pytest.approx(problem.naive_value(problem.coef), rel=1e-13)


def test_logits_that_overflow_exp_give_finite_values(kind, convert):
    problem = Problem(kind, convert)
    coef = 1e4 * problem.coef
    point = problem.objective.at(coef)
    assert point.value == pytest.approx(problem.naive_value(coef), rel=1e-12)
    assert np.isfinite(point.gradient).all()
    assert np.isfinite(point.hessian_product(problem.direction)).all()
    assert np.isfinite(point.hessian()).all()


def test_what_is_asked_is_counted(kind):
    problem = Problem(kind)
    point = problem.point()
    point.hessian_product(problem.coef)
    point.hessian_product(problem.coef)
    point.hessian()
    passes = problem.objective.passes
    assert (passes.evaluations, passes.products, passes.hessians) == (1, 2, 1)
