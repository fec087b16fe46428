"""A CSR matrix X."""

import functools
from typing import Any

import numpy as np

from skmax import _kernels
from skmax._design.chunks import tree_sum
from skmax._design.columns import Columns
from skmax._design.standardised import Standardised


class CsrDesign(Standardised):
    """A CSR matrix; shifts and scales are applied to coefficients instead of entries."""

    def __init__(self, X: Any, columns: Columns, intercept: bool) -> None:
        super().__init__(X, columns, intercept)
        self.entries_per_row = max(1.0, X.nnz / X.shape[0])
        self.bytes_per_row = int(self.entries_per_row * (X.dtype.itemsize + X.indices.itemsize))
        self.rows = _kernels.csr_rows(X.data, X.indices, X.indptr)

    def packed_coef(self, coef: np.ndarray) -> np.ndarray:
        """The user's coefficients as the kernels take them: (n_features + 1, width)."""
        out = self.zero_gradients(1, len(coef))[0]
        sums = np.empty(len(coef))
        _kernels.csr_coef(coef, self.scale, self.shift, self.intercept, sums, out)
        return out

    def zero_gradients(self, n_chunks: int, n_outputs: int) -> np.ndarray:
        """Zeros to which kernels add gradients: (n_chunks, n_features + 1, width), in X's dtype."""
        width = _kernels.whole_vectors(n_outputs, self.dtype)
        out = _kernels.aligned((n_chunks, self.n_features + 1, width), self.dtype)
        out[...] = 0
        return out

    def gradient(self, totals: np.ndarray, n_outputs: int) -> np.ndarray:
        """The gradient (n_outputs, n_columns) from what the kernels have summed over each chunk.

        Added up first: with many columns, the map takes longer than an addition.
        """
        total = tree_sum(totals)
        gradient = np.empty((n_outputs, self.n_columns))
        _kernels.csr_gradient_of_coef(total, self.scale, self.shift, self.intercept, gradient)
        return gradient

    @functools.cached_property
    def squared_norms(self) -> np.ndarray:
        """The squared norm of each standardised row, (n,)."""
        weight, shift = self.scale[: self.n_features] ** 2, self.shift.astype(np.float64)
        at_zero = float(shift**2 @ weight) + self.intercept
        return self.X.power(2) @ weight - self.X @ (2 * shift * weight) + at_zero
