"""The kernels of CSR rows against their naive references."""

import numpy as np
import pytest
import reference
import scipy.sparse
from kernel_cases import assert_close, frozen, logits_of, weights_of
from marks import dtypes, needs_wide

from skmax import _kernels
from skmax._kernels.linear import sparse as kernels

pytestmark = needs_wide


def csr_of(n_rows, n_columns, dtype, index):
    """A matrix with an empty row, an empty column and, where it fits, an entry given twice."""
    rng = np.random.default_rng(n_rows + n_columns)
    X = rng.standard_normal((n_rows, n_columns)) * (rng.uniform(size=(n_rows, n_columns)) < 0.3)
    X[n_rows // 2 : n_rows // 2 + 1] = 0
    X[:, n_columns // 2] = 0
    X = scipy.sparse.csr_array(X.astype(dtype))
    data, indices, indptr = X.data, X.indices.copy(), X.indptr
    if indptr.size > 1 and indptr[1] > 1:
        indices[1] = indices[0]
    arrays = data, indices.astype(index), indptr.astype(index)
    return _kernels.CsrRows(*map(frozen, arrays))


def padded(array, lanes):
    """The columns filled up with zeros to whole vectors."""
    width = -(-array.shape[1] // lanes) * lanes
    return np.pad(array, ((0, 0), (0, width - array.shape[1])))


indices = pytest.mark.parametrize("index", [np.int32, np.int64])
outputs = pytest.mark.parametrize("n_outputs", [1, 2, 7, 8, 9, 16, 17, 33, 70])


@indices
@outputs
@dtypes
@pytest.mark.parametrize(("start", "stop"), [(0, 40), (7, 31), (20, 20)])
def test_csr_logits(start, stop, n_outputs, dtype, index):
    X, lanes = csr_of(40, 13, dtype, index), 64 // np.dtype(dtype).itemsize
    coef = logits_of(14, n_outputs, dtype)
    out = np.full((n_outputs, stop - start), 7, dtype)
    wide = frozen(padded(coef, lanes))
    buffer = np.full(4 * lanes, 7, dtype)
    kernels.csr_logits(X, start, wide, buffer, out)
    exact = reference.csr_logits(*X, start, stop, coef[:-1]) + coef[-1][:, None]
    assert_close(out, exact, ulps=20, floor=20.0)


@indices
@outputs
@dtypes
@pytest.mark.parametrize(("start", "stop"), [(0, 40), (7, 31), (20, 20)])
def test_csr_gradient_adds_to_what_is_there(start, stop, n_outputs, dtype, index):
    X, lanes = csr_of(40, 13, dtype, index), 64 // np.dtype(dtype).itemsize
    residual = frozen(logits_of(n_outputs, stop - start, dtype))
    gradient = padded(np.full((14, n_outputs), 0.5, dtype), lanes)
    buffer = np.full(4 * lanes, 7, dtype)
    kernels.csr_gradient(X, start, residual, buffer, gradient)
    exact = reference.csr_gradient(*X, start, stop, residual, 13)
    assert_close(gradient[:-1, :n_outputs], exact + 0.5, ulps=20, floor=20.0)
    total = residual.sum(axis=1, dtype=np.float64)
    assert_close(gradient[-1, :n_outputs], total + 0.5, ulps=20, floor=20.0)
    np.testing.assert_array_equal(gradient[:, n_outputs:], 0)


@indices
@dtypes
@pytest.mark.parametrize("n_rows", [1, 40])
def test_csr_column_means(n_rows, dtype, index):
    X, weight = csr_of(n_rows, 13, dtype, index), frozen(weights_of(n_rows, np.float64))
    found = np.zeros(13), np.zeros(13), np.full(13, np.inf), np.full(13, -np.inf)
    count = np.zeros(13, np.intp)
    _kernels.csr_column_means(X, weight, *found, count)
    *exact, numbers = reference.csr_column_means(*X, weight, 13)
    for one, expected in zip(found, exact, strict=True):
        np.testing.assert_allclose(one, expected.astype(float), rtol=1e-13, atol=1e-13)
    np.testing.assert_array_equal(count, numbers)


@indices
@dtypes
@pytest.mark.parametrize("n_rows", [1, 40])
def test_csr_column_squares(n_rows, dtype, index):
    X, weight = csr_of(n_rows, 13, dtype, index), frozen(weights_of(n_rows, np.float64))
    shift, second = frozen(np.linspace(-1, 1, 13)), np.full(13, 0.25)
    _kernels.csr_column_squares(X, weight, shift, second)
    exact = reference.csr_column_squares(*X, weight, shift)
    np.testing.assert_allclose(second, 0.25 + exact.astype(float), rtol=1e-13)


def test_csr_column_squares_of_float32_keep_the_digits_of_float64():
    x = np.float32(1 + 2**-20)
    X = _kernels.CsrRows(np.array([x]), np.zeros(1, np.int32), np.array([0, 1], np.int32))
    second = np.zeros(1)
    _kernels.csr_column_squares(X, np.array([1.0]), np.zeros(1), second)
    assert second[0] == np.float64(x) ** 2
