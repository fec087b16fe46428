"""What standardises the columns of X: a shift and a scale of each, from sums over the rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse

from skmax import _kernels, _threads
from skmax._design.chunks import block_rows, tree_sum

_TINY = 1e-300  # in place of a weight of 0 that something is divided by


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
        return moments_of(X, weight).columns(intercept, X.dtype)
    return _checked(_dense_columns(X, weight, intercept, threads))


def _checked(columns: Columns) -> Columns:
    """The same, where no column's squares overflow."""
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


@dataclass
class Moments:
    """What some rows say of the columns of X; those of several rows add up to those of all.

    `weight` is that of the rows; `mean` and `square` (n_features,) are the weighted mean of each
    column and the weighted sum of squares about it; `low` and `high` its extremes where there is
    weight. NaN or infinity in any row makes some mean NaN.

    T. F. Chan, G. H. Golub, R. J. LeVeque, Algorithms for computing the sample variance, The
    American Statistician 37, 1983.
    """

    weight: float
    mean: np.ndarray
    square: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def __iadd__(self, other: "Moments") -> "Moments":
        total = self.weight + other.weight
        fraction = other.weight / total if total > 0 else 0.0
        apart = other.mean - self.mean
        self.square += other.square + apart**2 * (self.weight * fraction)
        self.mean += apart * fraction
        np.minimum(self.low, other.low, out=self.low)
        np.maximum(self.high, other.high, out=self.high)
        self.weight = total
        return self

    def columns(self, intercept: bool, dtype: Any) -> Columns:
        """What standardises the columns, which are worked on in this dtype."""
        shift = self.mean if intercept else np.zeros_like(self.mean)
        shift = shift.astype(dtype).astype(np.float64)
        second = self.square / max(self.weight, _TINY) + (self.mean - shift) ** 2
        never_varies = self.low == self.high if intercept else (self.low == 0) & (self.high == 0)
        return _checked(Columns(shift, np.sqrt(np.where(never_varies, 0.0, second))))


def moments_of(X: Any, weight: np.ndarray, threads: int = 1) -> Moments:
    """Those of some rows, dense or canonical CSR; weight (n,) may sum to anything."""
    if scipy.sparse.issparse(X):
        return _csr_moments(X, weight)

    def of_part(part: slice) -> Moments:
        return _dense_moments(X[part].astype(np.float64, copy=False), weight[part])

    return tree_sum(_threads.map_in_order(of_part, row_slices(X), threads))


def _dense_moments(X: np.ndarray, weight: np.ndarray) -> Moments:
    """About the first row, so that a large offset costs no digits."""
    total, first = float(weight.sum()), X[0]
    centred = X - first
    mean = weight @ centred / max(total, _TINY)
    centred -= mean
    counted = X if weight.all() else X[weight > 0]
    return Moments(
        total,
        first + mean,
        weight @ centred**2,
        counted.min(axis=0, initial=np.inf),
        counted.max(axis=0, initial=-np.inf),
    )


def _csr_moments(X: Any, weight: np.ndarray) -> Moments:
    """The same for CSR, the entries that are not stored counted as what they are, zeros."""
    n_features, total = X.shape[1], float(weight.sum())
    sums, stored, square = np.zeros(n_features), np.zeros(n_features), np.zeros(n_features)
    low, high = np.full(n_features, np.inf), np.full(n_features, -np.inf)
    count = np.zeros(n_features, np.intp)
    rows = _kernels.csr_rows(X.data, X.indices, X.indptr)
    _kernels.csr_column_means(rows, weight, sums, stored, low, high, count)
    some_zero = count < np.count_nonzero(weight)
    low[some_zero] = np.minimum(low[some_zero], 0.0)
    high[some_zero] = np.maximum(high[some_zero], 0.0)
    mean = sums / max(total, _TINY)
    _kernels.csr_column_squares(rows, weight, mean, square)
    square += np.where(some_zero, np.maximum(total - stored, 0.0), 0.0) * mean**2
    if not np.isfinite(X.data).all():  # the kernels leave out rows without weight
        mean = np.full(n_features, np.nan)
    return Moments(total, mean, square, low, high)
