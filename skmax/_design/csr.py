"""A CSR matrix X."""

import functools
from typing import Any

import numpy as np

from skmax import _kernels
from skmax._design.chunks import tree_sum
from skmax._design.columns import Columns, columns_of
from skmax._design.standardised import Standardised

SAMPLE = 10  # rows for each column, of which second moments are formed


class CsrDesign(Standardised):
    """A CSR matrix; shifts and scales are applied to coefficients instead of entries."""

    def __init__(self, X: Any, columns: Columns, intercept: bool) -> None:
        super().__init__(X, columns, intercept)
        self.entries_per_row = max(1.0, X.nnz / X.shape[0])
        self.bytes_per_row = int(self.entries_per_row * (X.dtype.itemsize + X.indices.itemsize))
        self.rows: _kernels.CsrRows = _kernels.csr_rows(X.data, X.indices, X.indptr)

    @property
    def sliceable(self) -> bool:
        """Whether `of_rows` takes no copy."""
        return True

    @property
    def n_bytes(self) -> int:
        """The memory of X."""
        return self.X.data.nbytes + self.X.indices.nbytes + self.X.indptr.nbytes

    def of_rows(self, rows: slice) -> "CsrDesign":
        """The same columns over some of the rows."""
        X, ends = self.X, self.X.indptr[rows.start : rows.stop + 1]
        entries = slice(ends[0], ends[-1])
        pieces = X.data[entries], X.indices[entries], ends - ends[0]
        part = self.restricted(type(X)(pieces, shape=(len(ends) - 1, X.shape[1])))
        part.rows = self.rows._replace(indptr=self.rows.indptr[rows.start : rows.stop + 1])
        return part

    def extremes(self) -> tuple[np.ndarray, np.ndarray]:
        X, starts = self.in_columns, self.in_columns.indptr[:-1]
        count = np.diff(X.indptr)
        filled, with_zeros = count > 0, count < self.n_rows
        ends = []
        for ufunc in (np.minimum, np.maximum):
            of_columns = np.zeros(self.n_features)
            if filled.any():
                of_columns[filled] = ufunc.reduceat(X.data, starts[filled])
            ends.append(np.where(with_zeros, ufunc(of_columns, 0.0), of_columns))
        return ends[0], ends[1]

    def of_columns(self, columns: np.ndarray) -> "CsrDesign":
        """Some of the columns here, in order, in memory of their own."""
        features, moments, intercept = self.columns_and_intercept(columns)
        return CsrDesign(self.X[:, features], moments, intercept)

    def matrix_passes(self, n_outputs: int) -> float:
        matrix = self.n_columns**2 * (
            min(self.n_rows, SAMPLE * self.n_columns) + self.n_columns / 3
        )
        return matrix / (4 * self.n_rows * self.entries_per_row * n_outputs)

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
    def in_columns(self) -> Any:
        """X in CSC, in memory of its own, its entries scaled and in float64."""
        X = self.X.tocsc().astype(np.float64, copy=False)
        X.data *= np.repeat(self.scale[: self.n_features], np.diff(X.indptr))
        return X

    @functools.cached_property
    def squared_norms(self) -> np.ndarray:
        """The squared norm of each standardised row, (n,)."""
        weight, shift = self.scale[: self.n_features] ** 2, self.shift.astype(np.float64)
        at_zero = float(shift**2 @ weight) + self.intercept
        return self.X.power(2) @ weight - self.X @ (2 * shift * weight) + at_zero


class OccupiedColumns(CsrDesign):
    """A CSR matrix most of whose columns have no entry: over the columns that have one.

    The others have coefficient 0 at the optimum under any penalty, and of the solutions without one
    at that of least norm. Hashed texts have few columns with an entry: 41,416 of 2^20 for the 20
    newsgroups.

    Parameters
    ----------
    X : CSR matrix of shape (n, p)
        In canonical format.
    occupied : ndarray
        The columns with an entry, in order.
    weight : ndarray of shape (n,)
        Sample weights, summing to 1.
    """

    def __init__(self, X: Any, occupied: np.ndarray, weight: np.ndarray, intercept: bool) -> None:
        self.occupied, self.n_users = occupied, X.shape[1]
        place = np.zeros(X.shape[1], X.indices.dtype)
        place[occupied] = np.arange(len(occupied))
        pieces = X.data, place[X.indices], X.indptr
        reduced = type(X)(pieces, shape=(X.shape[0], len(occupied)))
        super().__init__(reduced, columns_of(reduced, weight, intercept), intercept)

    def unstandardise(
        self, coef: np.ndarray, second_moments: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        of_occupied, intercepts = super().unstandardise(coef, second_moments)
        weights = np.zeros((len(coef), self.n_users))
        weights[:, self.occupied] = of_occupied
        return weights, intercepts

    def standardise(self, weights: np.ndarray, intercepts: np.ndarray) -> np.ndarray:
        of_occupied = np.ascontiguousarray(weights[:, self.occupied])
        return super().standardise(of_occupied, intercepts)

    def users_columns(self, features: np.ndarray) -> np.ndarray:
        return self.occupied[features]
