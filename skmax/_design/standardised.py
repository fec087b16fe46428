"""What designs of every format share: the scales of the columns, and the maps of coefficients."""

import copy
import functools
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Self

import numpy as np
import scipy.linalg
import scipy.sparse

from skmax import _kernels, _threads
from skmax._design.chunks import block_rows, chunks, tree_sum
from skmax._design.columns import Columns

LEAST_NORM_COLUMNS = 4000  # up to which the unpenalised solution of least norm is worth its cost


class StandardisedColumns(ABC):
    """Columns as they are standardised, and the way back to the user's; their rows are elsewhere.

    The last column is all ones where there is an intercept.

    Attributes
    ----------
    n_features, n_columns : int
        The columns of X, and those here: these and that of ones.
    dtype : numpy dtype
        In which rows are worked on.
    shift, inverse_scale : ndarray of shape (n_features,)
        What standardises the columns, in that dtype.
    scale : ndarray of shape (n_columns,)
        What multiplies the centred columns, the column of ones among them.
    coef_scale : ndarray of shape (n_columns,)
        What a coefficient of 1 here is in the user's columns: 0 for the intercept.
    """

    def __init__(self, columns: Columns, intercept: bool, dtype: np.dtype) -> None:
        self.columns, self.intercept, self.dtype = columns, intercept, dtype
        self.n_features = columns.shift.size
        self.n_columns = self.n_features + intercept
        self.shift = columns.shift.astype(dtype)
        self.inverse_scale = columns.inverse_scale.astype(dtype)
        self.scale = np.ones(self.n_columns)
        self.scale[: self.n_features] = self.inverse_scale
        # A column that is 0 throughout has coefficient 0 under any penalty.
        self.coef_scale = np.where(self.scale > 0, self.scale, 1.0)
        self.coef_scale[self.n_features :] = 0.0

    @functools.cached_property
    def reach(self) -> np.ndarray:
        """The most by which a coefficient of 1 changes a logit: (n_columns,), 1 of the intercept.

        0 of a column that never varies.
        """
        low, high = self.extremes()
        reach = np.ones(self.n_columns)
        shift = self.shift * self.scale[: self.n_features]
        reach[: self.n_features] = np.maximum(high - shift, shift - low)
        return reach

    @abstractmethod
    def extremes(self) -> tuple[np.ndarray, np.ndarray]:
        """The least and the largest entry of each column of X, scaled."""

    def matrix_passes(self, n_outputs: int) -> float:
        """How many passes take as long as the second moments of the columns and their factors.

        0 where a pass multiplies all columns too: then it is long, whatever else is done.
        """
        return 0.0

    def unstandardise(
        self, coef: np.ndarray, second_moments: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Weights (n_outputs, n_features) and intercepts (n_outputs,) of the user's columns.

        Given the second moments (n_columns, n_columns) of the standardised columns, the weights are
        those of least norm with the same logits.
        """
        weights = coef[:, : self.n_features] * self.inverse_scale.astype(np.float64)
        if second_moments is not None:
            weights = self._least_norm(weights, second_moments)
        if not self.intercept:
            return weights, np.zeros(len(coef))
        return weights, coef[:, -1] - weights @ self.shift.astype(np.float64)

    def standardise(self, weights: np.ndarray, intercepts: np.ndarray) -> np.ndarray:
        """The inverse of `unstandardise`: coef (n_outputs, n_columns)."""
        scale = self.inverse_scale.astype(np.float64)
        coef = np.divide(weights, scale, out=np.zeros_like(weights), where=scale > 0)
        if not self.intercept:
            return coef
        return np.column_stack([coef, intercepts + weights @ self.shift.astype(np.float64)])

    def users_columns(self, features: np.ndarray) -> np.ndarray:
        """The columns of the user's X that some features here are, where each is one of them."""
        return features

    def _least_norm(self, weights: np.ndarray, second_moments: np.ndarray) -> np.ndarray:
        """The weights without their part in directions that change no logit."""
        squares, vectors = scipy.linalg.eigh(second_moments[: self.n_features, : self.n_features])
        rounding = 32 * len(squares) * np.finfo(np.float64).eps * squares[-1]
        idle = vectors[:, squares <= rounding] * self.inverse_scale.astype(np.float64)[:, None]
        if idle.shape[1] == 0:
            return weights
        basis, factor, _ = scipy.linalg.qr(idle, mode="economic", pivoting=True)
        sizes = np.abs(np.diag(factor))
        basis = basis[:, : int(np.sum(sizes > 1e-12 * sizes[0]))]
        return weights - (weights @ basis) @ basis.T


class Standardised(StandardisedColumns):
    """The rows of X with standardised columns.

    Attributes
    ----------
    n_rows : int
        Those of X.
    rows : DenseRows, DenseColumns or CsrRows
        The kernels' view of X.
    entries_per_row : float
        The entries of a row that a pass multiplies.
    bytes_per_row : int
        The memory of a row in a block.
    """

    rows: _kernels.Rows
    entries_per_row: float
    bytes_per_row: int

    def __init__(self, X: Any, columns: Columns, intercept: bool) -> None:
        super().__init__(columns, intercept, X.dtype)
        self.X, self.n_rows = X, X.shape[0]

    def restricted(self, X: Any) -> Self:
        """A copy whose rows are some of those of X; the subclass's `of_rows` gives its `rows`."""
        part = copy.copy(self)
        for of_all_rows in ("squared_norms", "in_columns", "reach"):
            part.__dict__.pop(of_all_rows, None)
        part.X, part.n_rows = X, X.shape[0]
        return part

    def columns_and_intercept(self, columns: np.ndarray) -> tuple[np.ndarray, Columns, bool]:
        """Of some columns here, in order: which features, how these are standardised, and ones."""
        features = columns[columns < self.n_features]
        moments = Columns(self.columns.shift[features], self.columns.deviation[features])
        return features, moments, bool(len(columns) > len(features))

    def pair_moments(
        self,
        indices: np.ndarray | None,
        n_classes: int,
        roots: Callable[[np.ndarray | slice], np.ndarray],
        dtype: Any,
        threads: int,
    ) -> np.ndarray:
        """sum_i roots_ki roots_li x_i x_i' over some rows (None: all), for each pair of l < k.

        roots(indices) gives (n_classes, len(indices)), float64, for the rows of a block. Here x is
        centred but not scaled. The result (pairs, n_columns, width) is float64, and of it the part
        on and above the diagonal counts. Sums over the rows of a block are in `dtype`.
        """
        n_pairs = n_classes * (n_classes - 1) // 2
        width = _kernels.whole_vectors(self.n_columns, dtype)
        n_rows = self.n_rows if indices is None else len(indices)
        size = block_rows(2 * 8 * self.n_columns)  # the block and its transpose

        def make() -> Callable[[int], Any]:
            memory = _kernels.second_moments_memory(size, width, dtype)
            return functools.cache(lambda n: _kernels.second_moments_workspace(memory, n, width))

        workspaces = _threads.Workspaces(("second moments", size, width, np.dtype(dtype)), make)

        def work(part: tuple[int, int]) -> np.ndarray:
            totals = np.zeros((n_pairs, self.n_columns, width))
            workspace_of = workspaces.of_thread()
            for start in range(*part, size):
                block = slice(start, min(start + size, part[1]))
                some = block if indices is None else indices[block]
                self._add_pair_moments(some, roots(some), workspace_of, totals)
            return totals

        sum_size = n_pairs * self.n_columns**2
        # Sums as large as these are new memory, whose first touch takes longer than adding to them.
        parts = chunks(n_rows, sum_size, n_rows * sum_size / 64)
        return tree_sum(_threads.map_in_order(work, parts, threads))

    def symmetric_moments(self, total: np.ndarray) -> np.ndarray:
        """One of `pair_moments` as a symmetric matrix of the standardised columns."""
        upper = np.triu(total[:, : self.n_columns])
        upper += np.triu(upper, 1).T
        return upper * (self.scale[:, None] * self.scale)

    def selected_columns(self, columns: np.ndarray) -> Callable[[slice], np.ndarray]:
        """A function that gives some columns of a range of rows, standardised, in the dtype of X.

        `columns` are in order; the column of ones may be the last.
        """
        features = columns[columns < self.n_features]
        scale = self.scale[features].astype(self.dtype)
        sparse = scipy.sparse.issparse(self.X)
        X = self.X[:, features] if sparse else self.X

        def of_rows(rows: slice) -> np.ndarray:
            out = np.ones((rows.stop - rows.start, len(columns)), self.dtype)
            part = X[rows].toarray() if sparse else X[rows][:, features]
            out[:, : len(features)] = (part - self.shift[features]) * scale
            return out

        return of_rows

    def standardised_rows(self, indices: np.ndarray) -> np.ndarray:
        """The given rows in float64, (len(indices), n_columns), a column of ones last."""
        part = self.X[indices]
        if scipy.sparse.issparse(part):
            part = part.toarray()
        out = np.ones((len(indices), self.n_columns))
        out[:, : self.n_features] = part
        out[:, : self.n_features] -= self.shift
        out[:, : self.n_features] *= self.scale[: self.n_features]
        return out

    def _add_pair_moments(
        self,
        indices: np.ndarray | slice,
        roots: np.ndarray,
        workspace_of: Callable[[int], Any],
        totals: np.ndarray,
    ) -> None:
        """Add the rows of one block."""
        part = self.X[indices]
        if scipy.sparse.issparse(part):
            part = part.toarray()
        workspace = workspace_of(len(part))
        part = _kernels.read_only(np.ascontiguousarray(part, workspace.block.dtype))
        rows = _kernels.DenseRows(part, self._row_shift(part.dtype))
        _kernels.pack_rows(rows, 0, len(part), workspace.block)
        _kernels.block_second_moments(workspace, roots, totals)

    def _row_shift(self, dtype: Any) -> np.ndarray:
        """What is subtracted from a row in a block of the dense kernels."""
        return _kernels.row_shift(self.shift, self.intercept, dtype)
