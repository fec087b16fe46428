"""Rows of a dense X."""

import functools

import numpy as np

from skmax._rows.cuts import block_rows
from skmax._rows.layout import aligned, read_only
from skmax._rows.standardised import Standardised


class DenseRows(Standardised):
    """Rows of a dense X, centred as the kernels copy them into a block.

    Their scales go to the coefficients and to the gradient.
    """

    def __init__(self, X: np.ndarray, share: np.ndarray, intercept: bool) -> None:
        if not (X.flags.c_contiguous or X.flags.f_contiguous):
            X = np.ascontiguousarray(X)
        shift, deviation = dense_moments(X, share, intercept)
        super().__init__(X, shift, deviation, intercept)
        self.entries_per_row = float(self.n_columns)
        self.arrays = read_only(X), self.block_shift(X.dtype)
        self.bytes_per_row = self.arrays[1].nbytes

    def laid_out(self, coef: np.ndarray) -> np.ndarray:
        """Coefficients as the kernels take them, (n_outputs, width)."""
        out = aligned((len(coef), self.arrays[1].size), self.dtype)
        out[:, : self.n_columns] = coef * self.scale
        out[:, self.n_columns :] = 0
        return out

    def new_sum(self, n_outputs: int) -> np.ndarray:
        """Zeros to which the kernels add a gradient."""
        return np.zeros((n_outputs, self.arrays[1].size))

    def gradient(self, total: np.ndarray, n_outputs: int) -> np.ndarray:
        """The gradient (n_outputs, n_columns) from what the kernels have summed."""
        return total[:, : self.n_columns] * self.scale

    @functools.cached_property
    def squared_norms(self) -> np.ndarray:
        """The squared norm of each standardised row, (n,)."""
        weight = self.scale[: self.n_features] ** 2
        parts = [(self.X[part] - self.shift) ** 2 @ weight for part in row_slices(self.X)]
        return np.concatenate(parts) + self.intercept


def row_slices(X: np.ndarray) -> list[slice]:
    """Blocks of rows for what NumPy does."""
    size = block_rows(8 * X.shape[1])
    return [slice(start, start + size) for start in range(0, len(X), size)]


def dense_moments(
    X: np.ndarray, share: np.ndarray, intercept: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean of each column (0 without intercept) and the root mean square about it.

    Two sweeps, the first about the first row: a large offset costs no digits, and the deviation of
    a constant column is 0 to the last bit.
    """
    parts = row_slices(X)
    shift = np.zeros(X.shape[1])
    if intercept:
        first = X[0].astype(np.float64)
        for part in parts:
            shift += share[part] @ (X[part] - first)
        shift = (first + shift).astype(X.dtype).astype(np.float64)  # as it is then applied
    second = np.zeros(X.shape[1])
    for part in parts:
        second += share[part] @ (X[part] - shift) ** 2
    return shift, np.sqrt(second)
