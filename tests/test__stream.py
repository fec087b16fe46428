"""What streams remember: moments, the inverse of the Hessian, averaged steps, where to begin."""

import numpy as np
import pytest
import scipy.sparse
from problems import simulated, sparse_simulated

from skmax._estimators.targets import Targets
from skmax._solvers.averaged_newton import (
    DEGREE,
    GAIN,
    GROWTH,
    LEAST_ROWS,
    MOST_CHANGE,
    Iterates,
    block_end,
    stepped,
)
from skmax.linear_model import _moments
from skmax.linear_model._moments import (
    KroneckerInverse,
    class_covariance_of,
    no_moments,
    precision_of,
    second_moments,
    spread_of,
    with_rows,
)
from skmax.linear_model._retained import UNSEEN, Rows, joined, with_more
from skmax.linear_model._stream import Terms, advanced, average_of, new_stream, packed, unpacked


class Scaled:
    """The inverse of a multiple of the identity."""

    def __init__(self, curvature):
        self.curvature = curvature

    def solve(self, gradient):
        direction = gradient / self.curvature
        return direction, float(np.sum(direction**2))


def covariance_of(p):
    """The mean of diag(p) - p p' over rows of probabilities."""
    return np.mean([np.diag(row) - np.outer(row, row) for row in p], axis=0)


def moments_of(X, weight, origin=0.0, parts=3):
    """The moments of rows that come in some parts."""
    moments = no_moments(np.full(X.shape[1], float(origin)))
    for indices in np.array_split(np.arange(X.shape[0]), parts):
        moments = with_rows(moments, X[indices], weight[indices])
    return moments


@pytest.mark.parametrize("convert", [np.array, scipy.sparse.csr_matrix], ids=["dense", "csr"])
@pytest.mark.parametrize("origin", [0.0, 2.0])
@pytest.mark.parametrize("correlated", [True, False])
@pytest.mark.parametrize("intercept", [True, False])
def test_moments_are_those_of_all_rows(monkeypatch, convert, origin, correlated, intercept):
    if not correlated:
        monkeypatch.setattr(_moments, "CORRELATED_COLUMNS", 3)
    X, _ = sparse_simulated(50, 6)
    weight = np.random.default_rng(0).uniform(1, 3, 50)
    moments = moments_of(convert(X), weight, origin)
    spread = spread_of(moments, intercept)
    about = np.average(X, axis=0, weights=weight) if intercept else np.full(6, origin)
    assert moments.weight == pytest.approx(weight.sum())
    np.testing.assert_allclose(spread.mean, about - origin, atol=1e-13)
    variance = np.average((X - about) ** 2, axis=0, weights=weight)
    np.testing.assert_allclose(spread.variance, variance)
    np.testing.assert_allclose(spread.largest, np.max((X - about) ** 2, axis=0))
    assert moments.products.size == (36 if correlated else 0)
    if correlated:
        second = spread.variance + 0.1
        centred = (X - about) / np.sqrt(second)
        correlations = centred.T @ (weight[:, None] * centred) / weight.sum()
        np.fill_diagonal(correlations, 1 + _moments.LEAST_VARIANCE)
        precision = precision_of(moments, spread.mean, second)
        np.testing.assert_allclose(precision @ correlations, np.eye(6), atol=1e-12)


def test_a_column_that_never_varies_stays_where_it_is():
    X = np.full((30, 2), 1e6) + np.array([[0.0, 1e-3]]) * np.arange(30)[:, None]
    spread = spread_of(moments_of(X, np.ones(30), 1e6), True)
    assert spread.variance[0] == 0 < spread.variance[1]
    second = second_moments(spread, 30.0, 1.0, 0.2)
    assert second[0] == 0
    inverse = KroneckerInverse(
        class_covariance_of(np.array([[0.2]])), spread.mean, second, np.zeros((0, 0)), 0.0
    )
    direction, _ = inverse.solve(np.ones((1, 3)))
    assert direction[0, 0] == 0 != direction[0, 1]


def test_correlations_that_rounding_has_made_indefinite_have_an_inverse():
    x = np.random.default_rng(0).normal(size=(40, 1))
    moments = moments_of(np.hstack([x, x, -x]), np.ones(40))
    moments = moments._replace(products=1.01 * moments.products)
    spread = spread_of(moments, True)
    precision = precision_of(moments, spread.mean, spread.variance)
    assert (np.linalg.eigvalsh(precision) > 0).all()


@pytest.mark.parametrize("n_classes", [1, 3, 5])
@pytest.mark.parametrize("intercept", [True, False])
def test_the_inverse_is_that_of_the_hessian_of_a_product(n_classes, intercept):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 4)) @ rng.normal(size=(4, 4))
    if n_classes == 1:
        covariance = np.array([[0.17]])
    else:
        covariance = covariance_of(rng.dirichlet(np.ones(n_classes), 30))
    moments = moments_of(X, np.ones(200))
    spread = spread_of(moments, intercept)
    precision = precision_of(moments, spread.mean, spread.variance)
    inverse = KroneckerInverse(
        class_covariance_of(covariance), spread.mean, spread.variance, precision, 0.0
    )
    columns = np.hstack([X, np.ones((200, 1))]) if intercept else X
    hessian = np.kron(covariance, columns.T @ columns / 200)
    gradient = rng.normal(size=(n_classes, columns.shape[1]))
    if n_classes > 1:
        gradient -= gradient.mean(axis=0)
    direction, mean_square = inverse.solve(gradient)
    naive = (np.linalg.pinv(hessian, rcond=1e-10) @ gradient.ravel()).reshape(gradient.shape)
    np.testing.assert_allclose(direction, naive, rtol=1e-4, atol=1e-6)
    changes = np.sum((columns @ direction.T) ** 2, axis=1)
    assert mean_square == pytest.approx(np.mean(changes), rel=1e-4)


def test_the_inverse_with_a_penalty_is_exact_for_uncorrelated_columns():
    rng = np.random.default_rng(2)
    covariance, second = covariance_of(rng.dirichlet(np.ones(4), 9)), np.array([1e-3, 1.0, 50.0])
    inverse = KroneckerInverse(
        class_covariance_of(covariance), np.zeros(3), second, np.zeros((0, 0)), 0.3
    )
    hessian = np.kron(covariance, np.diag(second)) + 0.3 * np.eye(12)
    gradient = rng.normal(size=(4, 3))
    gradient -= gradient.mean(axis=0)
    naive = np.linalg.solve(hessian, gradient.ravel()).reshape(4, 3)
    np.testing.assert_allclose(inverse.solve(gradient)[0], naive, rtol=1e-10)
    # d/de of the minimum of (w - v)'H(w - v) / 2 + (strength / (1 + e)) |w|^2 / 2
    np.testing.assert_allclose(
        inverse.penalised(gradient),
        0.3 * np.linalg.solve(hessian, gradient.ravel()).reshape(4, 3),
        rtol=1e-10,
    )


def test_steps_and_their_average():
    anchor, average = np.array([[1.0, 2.0]]), np.array([[0.5, 0.5]])
    gradient, drift = np.array([[0.3, -0.2]]), np.array([[0.01, 0.02]])
    after = stepped(Iterates(anchor, average, 90.0), gradient, 10.0, Scaled(0.5), drift)
    there = anchor + drift - GAIN / 100 * gradient / 0.5
    np.testing.assert_allclose(after.anchor, there)
    mean = average + drift + DEGREE * 0.1 * (there - average - drift)
    np.testing.assert_allclose(after.average, mean)
    assert after.weight == 100
    far = stepped(Iterates(anchor, average, 90.0), 1e6 * gradient, 10.0, Scaled(0.5), 0 * drift)
    assert np.linalg.norm(far.anchor - anchor) == pytest.approx(MOST_CHANGE)


def test_blocks_grow():
    assert block_end(0) == LEAST_ROWS
    assert block_end(10_000) == 10_000 + round(GROWTH * 10_000)


def test_a_stream_is_sums_over_blocks():
    X, y = simulated(LEAST_ROWS + 8, 3, 3)
    terms, weight = Terms(2.0, True, 1), np.ones(len(y))
    targets = Targets(np.arange(3), weight, labels=y)
    start, origin = np.zeros((3, 4)), np.array([0.1, 0.0, -0.2])
    stream = advanced(new_stream(start, origin, 0, 0.0, 1.0), X, targets, terms)
    assert stream.n_rows == len(y)
    assert stream.block_weight == 8
    anchor = stream.iterates.anchor
    rows = np.hstack([X - origin, np.ones((len(y), 1))])[LEAST_ROWS:]
    p = np.exp(rows @ anchor.T)
    p /= p.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(stream.block_gradient, (p - np.eye(3)[y[LEAST_ROWS:]]).T @ rows)
    np.testing.assert_allclose(stream.block_covariance, 8 * covariance_of(p), atol=1e-12)
    assert not np.array_equal(average_of(stream, terms), stream.iterates.average)
    weights, biases = unpacked(anchor, origin, True)
    again = packed(weights, biases, origin, True)
    difference = again - anchor  # the same probabilities: all classes alike
    np.testing.assert_allclose(difference - difference.mean(axis=0), 0, atol=1e-12)


def test_rows_are_joined_in_order():
    X, y = simulated(30, 3, 3)
    rows = Rows((), ())
    for part in (slice(0, 10), slice(10, 30)):
        some = Targets(np.arange(3), np.ones(30)[part], labels=y[part])
        rows = with_more(rows, scipy.sparse.csr_matrix(X[part]) if part.start else X[part], some)
    everything, targets = joined(rows)
    np.testing.assert_array_equal(everything, X)
    np.testing.assert_array_equal(targets.labels, y)
    assert 0 < UNSEEN < 1
    assert rows.n_rows == 30
