"""Standardised rows, dense, sparse and in the row space: the maps of coefficients and back."""

import itertools

import numpy as np
import pytest
import scipy.sparse
from problems import logits_of, standardised

from skmax import _kernels
from skmax._rows import CsrRows, DenseRows, RowSpace, block_rows, chunks, rows_of, users_logits


def raw(n=60, p=5, *, offset=3.0, dtype=np.float64, seed=0):
    """Columns of sizes 1e-3 to 1e3 about offsets, and weights that sum to 1."""
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(n, p)) + offset) * np.logspace(-3, 3, p)
    weight = rng.exponential(size=n)
    return X.astype(dtype), weight / weight.sum()


def view(name, intercept, dtype=np.float64):
    """The user's dense X, the weights and the rows of that name."""
    shape = (20, 50) if name == "row space" else (60, 5)
    X, share = raw(*shape, dtype=dtype)
    rows = rows_of(scipy.sparse.csr_matrix(X) if name == "csr" else X, share, intercept)
    assert type(rows) is {"dense": DenseRows, "csr": CsrRows, "row space": RowSpace}[name]
    return X, share, rows


def naive_standardised(rows):
    """All rows as `rows` should standardise them."""
    X = rows.X.toarray() if scipy.sparse.issparse(rows.X) else rows.X
    features = (X - rows.shift) * rows.inverse_scale
    return np.column_stack([features, np.ones(len(X))]) if rows.intercept else features


VIEWS = pytest.mark.parametrize("name", ["dense", "csr", "row space"])
INTERCEPT = pytest.mark.parametrize("intercept", [True, False])


@VIEWS
@INTERCEPT
def test_to_user_and_from_user_undo_each_other(name, intercept):
    _, _, rows = view(name, intercept)
    coef = np.random.default_rng(1).normal(size=(3, rows.n_columns))
    weights, intercepts = rows.to_user(coef)
    assert weights.shape[0] == len(intercepts) == 3
    again = rows.from_user(weights, intercepts)
    np.testing.assert_allclose(again, coef, rtol=1e-7, atol=1e-8)


@VIEWS
@INTERCEPT
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_are_those_of_the_users_coefficients(name, intercept, dtype):
    X, _, rows = view(name, intercept, dtype)
    coef = np.random.default_rng(1).normal(size=(3, rows.n_columns))
    weights, intercepts = rows.to_user(coef)
    edges = [0, 1, 7, len(X)]
    parts = [logits_of(rows, coef, start, stop) for start, stop in itertools.pairwise(edges)]
    logits = np.vstack(parts).T
    assert logits.dtype == dtype
    expected = weights @ X.T.astype(np.float64) + intercepts[:, None]
    tolerance = 1e-9 if dtype == np.float64 else 1e-3
    np.testing.assert_allclose(logits, expected, rtol=tolerance, atol=tolerance)
    assert intercept or not intercepts.any()


@VIEWS
@INTERCEPT
def test_the_gradient_is_the_residuals_times_the_standardised_rows(name, intercept):
    X, _, rows = view(name, intercept)
    labels, weight = np.arange(len(X)) % 3, np.random.default_rng(1).uniform(size=len(X))
    coef = np.random.default_rng(2).normal(size=(3, rows.n_columns))
    laid_out, p, total = rows.laid_out(coef), np.empty((3, len(X))), rows.new_sum(3)
    for start, stop in [(0, 5), (5, 13), (13, len(X))]:
        _kernels.value_and_gradient(
            rows.arrays, laid_out, labels, weight, weight, start, stop, 16, p, total
        )
    residual = weight * (p - np.eye(3)[:, labels])
    expected = residual @ naive_standardised(rows)
    np.testing.assert_allclose(rows.gradient(total, 3), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["dense", "csr"])
@INTERCEPT
def test_standardised_columns_have_mean_0_and_second_moment_1(name, intercept):
    _, share, rows = view(name, intercept)
    block = standardised(rows)
    features = block[:, :5]
    np.testing.assert_allclose(share @ features**2, 1, rtol=1e-12)
    if intercept:
        np.testing.assert_allclose(share @ features, 0, atol=1e-14)
        np.testing.assert_array_equal(block[:, 5], 1)
    else:
        np.testing.assert_array_equal(rows.shift, 0)
        assert block.shape == (60, 5)


@VIEWS
@INTERCEPT
def test_the_penalty_is_that_of_the_users_coefficients(name, intercept):
    _, _, rows = view(name, intercept)
    coef = np.random.default_rng(1).normal(size=(3, rows.n_columns))
    weights = rows.to_user(coef)[0]
    penalised = np.sum(coef**2 * rows.penalty(0.3))
    assert penalised == pytest.approx(0.3 * np.sum(weights**2), rel=1e-10)
    assert not rows.penalty(0.0).any()


@pytest.mark.parametrize("constant", [1.0, 2.0, 0.1, -3.3e5, 1e-8, 0.0])
@pytest.mark.parametrize("name", ["dense", "csr"])
def test_a_column_that_never_varies_becomes_0_for_any_number_of_rows(name, constant):
    for n in (2, 73, 97, 300, 1000, 4001):
        rng = np.random.default_rng(n)
        X = np.column_stack([rng.normal(size=n), np.full(n, constant)])
        for weight in (np.ones(n), rng.exponential(size=n)):
            form = scipy.sparse.csr_matrix(X) if name == "csr" else X
            rows = rows_of(form, weight / weight.sum(), True)
            assert rows.inverse_scale[1] == 0, (n, rows.inverse_scale[1])
            np.testing.assert_array_equal(standardised(rows)[:, 1], 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_float_column_that_never_varies_becomes_0_in_its_own_precision(dtype):
    for n in (3, 97, 1000):
        X = np.full((n, 2), 0.1, dtype)
        X[:, 0] = np.arange(n)
        rows = DenseRows(X, np.full(n, 1 / n), True)
        np.testing.assert_array_equal(standardised(rows)[:, 1], 0)


@pytest.mark.parametrize("name", ["dense", "csr"])
def test_a_column_that_is_constant_but_not_zero_stays_without_intercept(name):
    X = np.column_stack([np.arange(10.0), np.full(10, 4.0)])
    rows = rows_of(scipy.sparse.csr_matrix(X) if name == "csr" else X, np.full(10, 0.1), False)
    np.testing.assert_allclose(standardised(rows)[:, 1], 1, rtol=1e-14)


@pytest.mark.parametrize("offset", [1e4, 1e8, -1e10])
def test_a_large_offset_costs_no_digits_of_the_deviation(offset):
    noise = np.random.default_rng(0).integers(-1000, 1000, size=(500, 1)) / 64.0
    rows = DenseRows(noise + offset, np.full(500, 1 / 500), True)
    assert 1 / rows.inverse_scale[0] == pytest.approx(noise.std(), rel=1e-9)
    block = standardised(rows)[:, 0]
    np.testing.assert_allclose(block, (noise - noise.mean())[:, 0] / noise.std(), atol=1e-5)


@pytest.mark.parametrize("size", [1e-150, 1e150])
@pytest.mark.parametrize("name", ["dense", "csr"])
def test_columns_of_any_size_are_standardised(name, size):
    X, share = raw(offset=0.5)
    X = size * X
    rows = rows_of(scipy.sparse.csr_matrix(X) if name == "csr" else X, share, True)
    features = standardised(rows)[:, :5]
    np.testing.assert_allclose(share @ features**2, 1, rtol=1e-9)


def test_the_row_space_keeps_every_direction_of_raw_columns():
    # One column dwarfs all others, which then still tell the rows apart.
    X = np.random.default_rng(0).normal(size=(20, 50))
    X[:, 0] *= 1e8
    rows = RowSpace(X, np.full(20, 0.05), True)
    weights = np.random.default_rng(1).normal(size=(2, 50))
    weights[:, 0] = 0
    centred = X - X.mean(axis=0)
    wanted = weights @ np.linalg.pinv(centred) @ centred
    found = rows.to_user(rows.from_user(wanted, np.zeros(2)))[0]
    np.testing.assert_allclose(found @ centred.T, wanted @ centred.T, rtol=1e-6, atol=1e-6)


def test_the_row_space_has_the_norms_of_the_users_coefficients():
    X, share, rows = view("row space", True)
    assert rows.n_features <= len(X)
    weights = rows.to_user(np.random.default_rng(1).normal(size=(3, rows.n_columns)))[0]
    centred = X - share @ X
    np.testing.assert_allclose(weights @ np.linalg.pinv(centred) @ centred, weights, atol=1e-6)


@pytest.mark.parametrize("value", [0.0, 2.5])
def test_the_row_space_of_constant_columns_is_empty(value):
    rows = RowSpace(np.full((5, 9), value), np.full(5, 0.2), True)
    weights, intercepts = rows.to_user(np.ones((2, rows.n_columns)))
    np.testing.assert_array_equal(weights, np.zeros((2, 9)))
    np.testing.assert_array_equal(intercepts, 1)


@VIEWS
@INTERCEPT
def test_squared_norms(name, intercept):
    _, _, rows = view(name, intercept)
    expected = np.sum(naive_standardised(rows) ** 2, axis=1)
    np.testing.assert_allclose(rows.squared_norms, expected, rtol=1e-9)


@INTERCEPT
def test_least_norm_changes_no_logit(intercept):
    X, share = raw()
    wide = np.hstack([X, X[:, :2] * 7, X[:, 1:2] - X[:, 2:3]])
    rows = DenseRows(wide, share, intercept)
    coef = np.random.default_rng(1).normal(size=(3, rows.n_columns))
    weights, intercepts = rows.to_user(coef)
    gram = naive_standardised(rows).T @ (share[:, None] * naive_standardised(rows))
    least, shifted = rows.to_user(coef, gram)
    logits = weights @ wide.T + intercepts[:, None]
    np.testing.assert_allclose(least @ wide.T + shifted[:, None], logits, rtol=1e-7, atol=1e-7)
    centred = wide - share @ wide if intercept else wide
    expected = weights @ np.linalg.pinv(centred, 1e-12) @ centred
    np.testing.assert_allclose(least, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("n", [1, 255, 256, 511, 512, 5000, 10**6])
@pytest.mark.parametrize("sum_size", [1, 10**5, 10**8])
@pytest.mark.parametrize("operations", [1, 1e6, 1e15])
def test_chunks_cover_all_rows_in_order(n, sum_size, operations):
    ranges = chunks(n, sum_size, operations)
    assert [start for start, _ in ranges] == [0, *(stop for _, stop in ranges[:-1])]
    assert ranges[-1][1] == n
    assert all(start < stop for start, stop in ranges)
    assert len(ranges) <= 16


@pytest.mark.parametrize("bytes_per_row", [0, 8, 300, 10**4, 10**9])
def test_a_block_is_whole_tiles_of_rows_and_fits_the_cache(bytes_per_row):
    count = block_rows(bytes_per_row)
    assert count % 8 == 0
    assert 32 <= count <= 4096
    assert count == 32 or count * bytes_per_row <= 2**19


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("n_outputs", [1, 3, 8, 19])
@pytest.mark.parametrize("order", ["C", "F", "strided"])
def test_logits_of_the_users_rows(order, n_outputs, threads):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40_007, 11))
    X = np.repeat(X, 2, axis=0)[::2] if order == "strided" else np.asarray(X, order=order)
    coef, intercept = rng.normal(size=(n_outputs, 11)), rng.normal(size=n_outputs)
    expected = X @ coef.T + intercept
    logits, finite = users_logits(X, coef, intercept, threads)
    assert finite
    np.testing.assert_allclose(logits, expected, rtol=1e-12, atol=1e-12)
    doubled, _ = users_logits(X, coef, intercept, threads, lambda z, out: np.add(z, z, out=out))
    np.testing.assert_array_equal(doubled, 2 * logits)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_logits_of_users_rows_that_are_not_finite_are_not_either(bad):
    X, coef = np.ones((40_000, 3)), np.zeros((2, 3))
    X[39_999, 1] = bad
    assert not users_logits(X, coef, np.zeros(2), 2)[1]
