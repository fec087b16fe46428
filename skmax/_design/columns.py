"""What standardises the columns of X: a shift and a scale of each, from sums over the rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse

from skmax import _kernels, _threads
from skmax._design.chunks import block_rows, tree_sum


@dataclass(frozen=True)
class Columns:
    """A column x becomes (x - shift) * inverse_scale; a column that never varies becomes 0.

    Parameters
    ----------
    shift : ndarray of shape (n_features,)
        The weighted mean of each column; 0 without an intercept.
    deviation : ndarray of shape (n_features,)
        The root of the weighted mean square about the shift; 0 for a column that never varies.
    """

    shift: np.ndarray
    deviation: np.ndarray

    @property
    def inverse_scale(self) -> np.ndarray:
        """1 / deviation, and 0 where that is 0."""
        inverse = np.zeros_like(self.deviation)
        return np.divide(1.0, self.deviation, out=inverse, where=self.deviation > 0)


def columns_of(X: Any, weight: np.ndarray, intercept: bool, threads: int = 1) -> Columns:
    """The moments of the columns of X, dense or canonical CSR; `weight` (n,) sums to 1.

    Raises
    ------
    ValueError
        If the squares of a column's entries overflow.
    """
    if scipy.sparse.issparse(X):
        columns = _csr_columns(X, weight, intercept)
    else:
        columns = _dense_columns(X, weight, intercept, threads)
    wrong = ~(np.isfinite(columns.shift) & np.isfinite(columns.deviation))
    if wrong.any():
        raise ValueError(
            f"X: the entries of column {int(np.argmax(wrong))} are so large that their squares "
            "overflow; divide it by a number"
        )
    return columns


def row_slices(X: np.ndarray) -> list[slice]:
    """Blocks of rows for what NumPy does."""
    size = block_rows(8 * X.shape[1])
    return [slice(start, start + size) for start in range(0, len(X), size)]


def _dense_columns(X: np.ndarray, weight: np.ndarray, intercept: bool, threads: int) -> Columns:
    """Two sweeps, the first about the first row.

    A large offset costs no digits so, and the deviation of a constant column is 0 to the last bit.
    """
    parts, shift = row_slices(X), np.zeros(X.shape[1])

    def total(of_part: Callable[[slice], np.ndarray]) -> np.ndarray:
        return tree_sum(_threads.map_in_order(of_part, parts, threads))

    if intercept:
        first = X[0].astype(np.float64)
        shift = first + total(lambda part: weight[part] @ (X[part] - first))
        shift = shift.astype(X.dtype).astype(np.float64)  # as it is then applied
    second = total(lambda part: weight[part] @ (X[part] - shift) ** 2)
    return Columns(shift, np.sqrt(second))


def _csr_columns(X: Any, weight: np.ndarray, intercept: bool) -> Columns:
    """The same for CSR, the entries that are not stored counted as what they are, zeros."""
    n_features = X.shape[1]
    mean, stored, second = np.zeros(n_features), np.zeros(n_features), np.zeros(n_features)
    low, high = np.full(n_features, np.inf), np.full(n_features, -np.inf)
    count = np.zeros(n_features, np.intp)
    rows = _kernels.csr_rows(X.data, X.indices, X.indptr)
    _kernels.csr_column_means(rows, weight, mean, stored, low, high, count)
    some_zero = count < np.count_nonzero(weight)
    low[some_zero] = np.minimum(low[some_zero], 0.0)
    high[some_zero] = np.maximum(high[some_zero], 0.0)
    shift = mean if intercept else np.zeros(n_features)
    shift = shift.astype(X.dtype).astype(np.float64)
    _kernels.csr_column_squares(rows, weight, shift, second)
    second += np.where(some_zero, np.maximum(1 - stored, 0.0), 0.0) * shift**2
    never_varies = low == high if intercept else (low == 0) & (high == 0)
    return Columns(shift, np.sqrt(np.where(never_varies, 0.0, second)))
