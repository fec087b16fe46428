"""The kernels of the Hessian's matrix against their naive references."""

import numpy as np
import pytest
from kernel_cases import frozen

from skmax import _kernels


@pytest.mark.parametrize("n_columns", [1, 2, 8, 13])
@pytest.mark.parametrize("n_classes", [2, 3, 6])
def test_hessian_of_pairs(n_classes, n_columns):
    rng = np.random.default_rng(n_columns)
    scale = rng.uniform(0.5, 2, n_columns)
    pairs = [(k, other) for k in range(n_classes) for other in range(k)]
    upper = np.triu(rng.normal(size=(len(pairs), n_columns, n_columns)))
    expected = np.zeros((n_classes, n_columns, n_classes, n_columns))
    for (k, other), half in zip(pairs, upper, strict=True):
        whole = (half + np.triu(half, 1).T) * np.outer(scale, scale)
        expected[k, :, other] -= whole
        expected[other, :, k] -= whole
        expected[k, :, k] += whole
        expected[other, :, other] += whole
    size = n_classes * n_columns
    expected = expected.reshape(size, size)
    # What lies below the diagonal, and beyond the columns, is not looked at.
    totals = np.full((len(pairs), n_columns, n_columns + 3), np.nan)
    rows, columns = np.triu_indices(n_columns)
    totals[:, rows, columns] = upper[:, rows, columns]
    out = np.full((size, size), 7.0)
    _kernels.hessian_of_pairs(frozen(totals), scale, np.empty((n_columns,) * 2), out)
    np.testing.assert_allclose(out, expected, rtol=1e-13, atol=1e-13)
    np.testing.assert_array_equal(out, out.T)


@pytest.mark.parametrize("n_columns", [1, 5, 16])
@pytest.mark.parametrize("n_outputs", [1, 2, 5])
def test_add_kronecker(n_outputs, n_columns):
    rng = np.random.default_rng(n_columns)
    factor, moments = rng.normal(size=(n_outputs,) * 2), rng.normal(size=(n_columns,) * 2)
    out = rng.normal(size=(n_outputs * n_columns,) * 2)
    expected = out + np.kron(factor, moments)
    _kernels.add_kronecker(factor, frozen(moments), out)
    np.testing.assert_allclose(out, expected, rtol=1e-13, atol=1e-13)
