"""The kernels of blocks of dense rows against their naive references."""

import numpy as np
import pytest
from kernel_cases import assert_close, frozen, logits_of
from marks import dtypes, needs_wide

from skmax import _kernels
from skmax._kernels.linear import dense as kernels

pytestmark = needs_wide


columns = pytest.mark.parametrize("n_columns", [1, 7, 8, 15, 16, 17, 41])
row_counts = pytest.mark.parametrize("n_rows", [1, 7, 8, 29])


def block_of(n_rows, n_columns, dtype):
    """A block of rows in whole vectors and tiles; the rows that fill the last tile are NaN."""
    lanes = 64 // np.dtype(dtype).itemsize
    tiled, width = -(-n_rows // 8) * 8, -(-n_columns // lanes) * lanes
    block = np.zeros((tiled, width), dtype)
    block[:n_rows, :n_columns] = logits_of(n_rows, n_columns, dtype)
    block[n_rows:] = np.nan
    return block


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("ones", [True, False])
@columns
@row_counts
@dtypes
def test_pack(n_rows, n_columns, ones, order, dtype):
    rng = np.random.default_rng(0)
    X = frozen(np.asarray(rng.normal(size=(n_rows + 5, n_columns)).astype(dtype), order=order))
    block = np.full_like(block_of(n_rows, n_columns + ones, dtype), 7)
    shift = np.zeros(block.shape[1], dtype)
    shift[:n_columns] = rng.normal(size=n_columns)
    expected = np.zeros((n_rows, block.shape[1]), dtype)
    expected[:, :n_columns] = X[3 : 3 + n_rows] - shift[:n_columns]
    if ones:
        shift[n_columns], expected[:, n_columns] = -1, 1
    rows = _kernels.dense_rows(X, shift)
    if isinstance(rows, _kernels.DenseRows):
        kernels.pack_rows(rows, 3, n_rows, block)
    else:
        kernels.pack_columns(rows, 3, n_rows, block)
    np.testing.assert_array_equal(block[:n_rows], expected)


@pytest.mark.parametrize("n_outputs", [1, 2, 3, 4, 7])
@columns
@row_counts
@dtypes
def test_block_logits(n_rows, n_columns, n_outputs, dtype):
    block = block_of(n_rows, n_columns, dtype)
    coef = np.zeros((n_outputs, block.shape[1]), dtype)
    coef[:, :n_columns] = logits_of(n_outputs, n_columns, dtype)
    out = np.full((n_outputs, n_rows), 7, dtype)
    kernels.block_logits(frozen(block), frozen(coef), out)
    exact = coef.astype(np.longdouble) @ block[:n_rows].T.astype(np.longdouble)
    assert_close(out, exact, ulps=20, floor=100.0)


@pytest.mark.parametrize("n_outputs", [1, 2, 3, 4, 9])
@columns
@row_counts
@dtypes
def test_block_gradient_adds_to_what_is_there(n_rows, n_columns, n_outputs, dtype):
    block = block_of(n_rows, n_columns, dtype)
    residual = logits_of(n_outputs, n_rows, dtype)
    total = np.full((n_outputs, block.shape[1]), 0.5)
    kernels.block_gradient(frozen(block), frozen(residual), total)
    exact = residual.astype(np.longdouble) @ block[:n_rows].astype(np.longdouble)
    assert_close(total.astype(dtype), exact + 0.5, ulps=20, floor=100.0)


@pytest.mark.parametrize("n_classes", [2, 3, 4])
@columns
@row_counts
@dtypes
def test_block_second_moments_add_to_what_is_there(n_rows, n_columns, n_classes, dtype):
    block = block_of(n_rows, n_columns, dtype)
    memory = _kernels.second_moments_memory(n_rows + 3, block.shape[1], dtype)
    workspace = _kernels.second_moments_workspace(memory, n_rows, block.shape[1])
    workspace.block[:] = block
    roots = frozen(np.random.default_rng(0).uniform(size=(n_classes, n_rows)))
    pairs = [(k, other) for k in range(n_classes) for other in range(k)]
    totals = np.full((len(pairs), n_columns, block.shape[1]), 0.5)
    _kernels.block_second_moments(workspace, roots, totals)
    np.testing.assert_array_equal(workspace.transposed, block.T)
    x = block[:n_rows, :n_columns].astype(np.longdouble)
    for (k, other), total in zip(pairs, totals, strict=True):
        exact = (x * (roots[k] * roots[other])[:, None]).T @ x
        upper = np.triu_indices(n_columns)
        found = total[:, :n_columns][upper].astype(dtype)
        assert_close(found, exact[upper] + 0.5, ulps=20, floor=100.0)
