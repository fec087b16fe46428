"""A dense X."""

import functools

import numpy as np

from skmax import _kernels
from skmax._design.chunks import tree_sum
from skmax._design.columns import Columns, row_slices
from skmax._design.standardised import Standardised


class DenseDesign(Standardised):
    """A dense X, centred as the kernels copy its rows into a block.

    The scales of its columns go to the coefficients and to the gradient.
    """

    def __init__(self, X: np.ndarray, columns: Columns, intercept: bool) -> None:
        if not (X.flags.c_contiguous or X.flags.f_contiguous):
            X = np.ascontiguousarray(X)
        super().__init__(X, columns, intercept)
        self.entries_per_row = float(self.n_columns)
        self.rows = _kernels.dense_rows(X, self._row_shift(X.dtype))
        self._width = self.rows.shift.size
        self._padded_scale = np.zeros(self._width)
        self._padded_scale[: self.n_columns] = self.scale
        self.bytes_per_row = self.rows.shift.nbytes

    @property
    def sliceable(self) -> bool:
        """Whether `of_rows` takes no copy."""
        return self.X.flags.c_contiguous

    @property
    def n_bytes(self) -> int:
        """The memory of X."""
        return self.X.nbytes

    def of_rows(self, rows: slice) -> "DenseDesign":
        """The same columns over some of the rows."""
        part = self.restricted(self.X[rows])
        part.rows = _kernels.dense_rows(part.X, self._row_shift(self.dtype))
        return part

    def extremes(self) -> tuple[np.ndarray, np.ndarray]:
        scale = self.scale[: self.n_features]
        return self.X.min(axis=0) * scale, self.X.max(axis=0) * scale

    def of_columns(self, columns: np.ndarray) -> "DenseDesign":
        """Some of the columns here, in order, in memory of their own."""
        features, moments, intercept = self.columns_and_intercept(columns)
        return DenseDesign(np.ascontiguousarray(self.X[:, features]), moments, intercept)

    def packed_coef(self, coef: np.ndarray) -> np.ndarray:
        """Coefficients as the kernels take them: (n_outputs, width), of the centred columns."""
        out = _kernels.aligned((len(coef), self._width), self.dtype)
        out[:, : self.n_columns] = coef * self.scale
        out[:, self.n_columns :] = 0
        return out

    def zero_gradients(self, n_chunks: int, n_outputs: int) -> np.ndarray:
        """Zeros to which the kernels add gradients: (n_chunks, n_outputs, width), float64."""
        return np.zeros((n_chunks, n_outputs, self._width))

    def gradient(self, totals: np.ndarray, n_outputs: int) -> np.ndarray:
        """The gradient (n_outputs, n_columns) from what the kernels have summed over each chunk.

        Scaled first: the gradient over some chunks is then one of the sums that make the whole.
        """
        totals *= self._padded_scale
        return tree_sum(totals)[:, : self.n_columns].copy()  # a view would keep all totals

    @functools.cached_property
    def squared_norms(self) -> np.ndarray:
        """The squared norm of each standardised row, (n,)."""
        weight = self.scale[: self.n_features] ** 2
        parts = [(self.X[part] - self.shift) ** 2 @ weight for part in row_slices(self.X)]
        return np.concatenate(parts) + self.intercept
