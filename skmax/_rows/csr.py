"""Rows of a CSR matrix."""

import functools
from typing import Any

import numpy as np

from skmax import _kernels
from skmax._rows.layout import aligned, read_only, whole_vectors
from skmax._rows.standardised import Standardised


class CsrRows(Standardised):
    """Rows of a CSR matrix; shifts and scales are applied to coefficients instead of entries."""

    def __init__(self, X: Any, share: np.ndarray, intercept: bool) -> None:
        if not X.has_canonical_format:  # an entry given in parts would count as several
            X = X.copy()
            X.sum_duplicates()
        shift, deviation = _csr_moments(X, share, intercept)
        super().__init__(X, shift, deviation, intercept)
        self.entries_per_row = max(1.0, X.nnz / X.shape[0])
        self.bytes_per_row = int(self.entries_per_row * (X.dtype.itemsize + X.indices.itemsize))
        self.arrays = read_only(X.data), read_only(X.indices), read_only(X.indptr)

    def laid_out(self, coef: np.ndarray) -> np.ndarray:
        """The user's coefficients as the kernels take them: (n_features + 1, width)."""
        out = self._zeros(len(coef))
        _kernels.csr_coef(coef, self.scale, self.shift, self.intercept, out)
        return out

    def new_sum(self, n_outputs: int) -> np.ndarray:
        """Zeros to which the kernels add a gradient."""
        return self._zeros(n_outputs)

    def gradient(self, total: np.ndarray, n_outputs: int) -> np.ndarray:
        """The gradient (n_outputs, n_columns) from what the kernels have summed."""
        gradient = np.empty((n_outputs, self.n_columns))
        _kernels.csr_gradient_of_coef(total, self.scale, self.shift, self.intercept, gradient)
        return gradient

    @functools.cached_property
    def squared_norms(self) -> np.ndarray:
        """The squared norm of each standardised row, (n,)."""
        weight, shift = self.scale[: self.n_features] ** 2, self.shift.astype(np.float64)
        at_zero = float(shift**2 @ weight) + self.intercept
        return self.X.power(2) @ weight - self.X @ (2 * shift * weight) + at_zero

    def _zeros(self, n_outputs: int) -> np.ndarray:
        out = aligned((self.n_features + 1, whole_vectors(n_outputs, self.dtype)), self.dtype)
        out[...] = 0
        return out


def _csr_moments(X: Any, share: np.ndarray, intercept: bool) -> tuple[np.ndarray, np.ndarray]:
    """The same for CSR, the entries that are not stored counted as what they are, zeros."""
    n_features = X.shape[1]
    mean, stored, second = np.zeros(n_features), np.zeros(n_features), np.zeros(n_features)
    low, high = np.full(n_features, np.inf), np.full(n_features, -np.inf)
    count = np.zeros(n_features, np.intp)
    pieces = X.data, X.indices, X.indptr, share
    _kernels.csr_column_means(*pieces, mean, stored, low, high, count)
    some_zero = count < np.count_nonzero(share)
    low[some_zero], high[some_zero] = (
        np.minimum(low[some_zero], 0.0),
        np.maximum(high[some_zero], 0.0),
    )
    shift = mean if intercept else np.zeros(n_features)
    shift = shift.astype(X.dtype).astype(np.float64)
    _kernels.csr_column_squares(*pieces, shift, second)
    second += np.where(some_zero, np.maximum(1 - stored, 0.0), 0.0) * shift**2
    never_varies = low == high if intercept else (low == 0) & (high == 0)
    return shift, np.sqrt(np.where(never_varies, 0.0, second))
