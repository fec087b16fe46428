"""The rows of X as an objective sees them: standardised, in blocks, dense or CSR.

The only place where dense and sparse part ways. Coefficients here are those of the standardised
columns, (n_outputs, n_columns), the last column the intercept where there is one; `to_user` maps
them back. Residuals, logits and probabilities are class-major, (n_outputs, rows of the block).
"""

import functools
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse

from skmax import _kernels

BLOCK_BYTES = 2**20  # a block of standardised rows stays in the L2 cache
CHUNK_BYTES = 2**25  # room for the partial sums of all chunks of rows
MAX_CHUNKS = 16
MOST_REDUCED = 2000  # rows up to which more columns than rows are reduced to their number
WORTH_A_CHUNK = 500_000  # operations on its rows
WORTH_A_SUM = 16  # operations on the rows of a chunk for each number of its partial sum


def chunks(n_rows: int, sum_size: int, operations: float) -> list[tuple[int, int]]:
    """Ranges of rows to be summed apart: by shape alone, so that threads do not change the sums.

    `sum_size` is the number of float64 entries of a partial sum, `operations` those on all rows.
    """
    room = CHUNK_BYTES // (8 * sum_size)
    worth = int(operations / (WORTH_A_SUM * sum_size))
    most = min(MAX_CHUNKS, n_rows // 256, int(operations / WORTH_A_CHUNK))
    count = max(1, min(most, max(2, min(room, worth))))
    edges = np.linspace(0, n_rows, count + 1).astype(int).tolist()
    return list(itertools.pairwise(edges))


def blocks(start: int, stop: int, bytes_per_row: int) -> list[tuple[int, int]]:
    """Cut a chunk into blocks whose rows fit the cache."""
    size = max(32, min(4096, BLOCK_BYTES // max(1, bytes_per_row)))
    return [(first, min(first + size, stop)) for first in range(start, stop, size)]


class _Standardised:
    """What dense and sparse rows share: shifts and scales of the columns, and the maps of coef.

    A column x becomes (x - shift) * inverse_scale; a column that never varies becomes 0.
    """

    def __init__(self, X: Any, shift: np.ndarray, deviation: np.ndarray, intercept: bool) -> None:
        self.X = X
        self.dtype = X.dtype
        self.n_rows, self.n_features = X.shape
        self.intercept = intercept
        self.n_columns = self.n_features + intercept
        self.shift = shift.astype(X.dtype)
        inverse = np.zeros_like(deviation)
        np.divide(1.0, deviation, out=inverse, where=deviation > 0)
        self.inverse_scale = inverse.astype(X.dtype)

    def penalty(self, strength: float) -> np.ndarray:
        """strength |W|^2 / 2 of the user's columns as a weight for each column here."""
        scale = self.inverse_scale.astype(np.float64)
        # A column that is 0 throughout has coefficient 0 under any penalty.
        columns = strength * np.where(scale > 0, scale, 1.0) ** 2
        return np.append(columns, 0.0) if self.intercept else columns

    def to_user(
        self, coef: np.ndarray, gram: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Weights (n_outputs, n_features) and intercepts (n_outputs,) of the user's columns.

        With the second moments of the standardised columns, `gram`, the weights are those of least
        norm with the same logits.
        """
        weights = coef[:, : self.n_features] * self.inverse_scale.astype(np.float64)
        if gram is not None:
            weights = self._least_norm(weights, gram)
        if not self.intercept:
            return weights, np.zeros(len(coef))
        return weights, coef[:, -1] - weights @ self.shift.astype(np.float64)

    def from_user(self, weights: np.ndarray, intercepts: np.ndarray) -> np.ndarray:
        """The inverse of `to_user`."""
        scale = self.inverse_scale.astype(np.float64)
        coef = np.divide(weights, scale, out=np.zeros_like(weights), where=scale > 0)
        if not self.intercept:
            return coef
        return np.column_stack([coef, intercepts + weights @ self.shift.astype(np.float64)])

    def _least_norm(self, weights: np.ndarray, gram: np.ndarray) -> np.ndarray:
        """The weights without their part in directions that change no logit."""
        squares, vectors = scipy.linalg.eigh(gram[: self.n_features, : self.n_features])
        rounding = 32 * len(squares) * np.finfo(np.float64).eps * squares[-1]
        idle = vectors[:, squares <= rounding] * self.inverse_scale.astype(np.float64)[:, None]
        if idle.shape[1] == 0:
            return weights
        basis, factor, _ = scipy.linalg.qr(idle, mode="economic", pivoting=True)
        sizes = np.abs(np.diag(factor))
        basis = basis[:, : int(np.sum(sizes > 1e-12 * sizes[0]))]
        return weights - (weights @ basis) @ basis.T

    def dense_block(self, start: int, stop: int, dtype: Any) -> np.ndarray:
        """Rows start..stop as a dense array (rows, n_columns), the intercept's column of ones."""
        block = np.empty((stop - start, self.n_columns), dtype)
        self._centre(start, stop, block)
        block[:, : self.n_features] *= self.inverse_scale
        return block

    def _centre(self, start: int, stop: int, block: np.ndarray) -> None:
        part = self.X[start:stop]
        if scipy.sparse.issparse(part):
            part = part.toarray()
        features = block[:, : self.n_features]
        np.subtract(part, self.shift, out=features)
        if self.intercept:
            block[:, -1] = 1

    def gram(self, rows: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """The sum of weight x x' over the given rows, in float64."""
        total = np.zeros((self.n_columns, self.n_columns), order="F")
        step = max(32, BLOCK_BYTES // (8 * self.n_columns))
        for first in range(0, len(rows), step):
            some = slice(first, first + step)
            block = self._gather(rows[some])
            block *= np.sqrt(weight[some])[:, None]
            total = scipy.linalg.blas.dsyrk(1.0, block.T, beta=1.0, c=total, overwrite_c=1)
        return np.triu(total) + np.triu(total, 1).T

    def _gather(self, rows: np.ndarray) -> np.ndarray:
        """The given rows as a dense float64 array."""
        part = self.X[rows]
        if scipy.sparse.issparse(part):
            part = part.toarray()
        block = np.ones((len(rows), self.n_columns))
        block[:, : self.n_features] = (part - self.shift) * self.inverse_scale
        return block


class DenseRows(_Standardised):
    """Rows of a dense X in any order; each block is standardised into scratch memory."""

    def __init__(self, X: np.ndarray, share: np.ndarray, intercept: bool) -> None:
        shift, deviation = _dense_moments(X, share, intercept)
        super().__init__(X, shift, deviation, intercept)
        self.entries_per_row = float(self.n_columns)
        self.bytes_per_row = X.dtype.itemsize * self.n_columns

    def sweep(self, coef: np.ndarray) -> "_DenseSweep":
        """Products with all rows for one `coef`, chunk by chunk."""
        return _DenseSweep(self, coef)


class _DenseSweep:
    """What the chunks of a sweep over dense rows share."""

    def __init__(self, rows: DenseRows, coef: np.ndarray) -> None:
        self.rows = rows
        # Rows are centred as they are read; their scales go to the coefficients and the gradient.
        self.scale = np.ones(rows.n_columns)
        self.scale[: rows.n_features] = rows.inverse_scale
        self.coef = (coef * self.scale).astype(rows.dtype)

    def chunk(self) -> "_DenseChunk":
        return _DenseChunk(self)

    def gradient(self, parts: Sequence["_DenseChunk"]) -> np.ndarray:
        return add_up([part.sum for part in parts]) * self.scale


class _DenseChunk:
    """Logits and gradient of a chunk of dense rows, block by block."""

    def __init__(self, sweep: _DenseSweep) -> None:
        self.rows, self.coef = sweep.rows, sweep.coef
        self.scratch = np.empty(0, sweep.rows.dtype)
        self.sum = np.zeros(sweep.coef.shape)

    def logits(self, start: int, stop: int) -> np.ndarray:
        size = (stop - start) * self.rows.n_columns
        if self.scratch.size < size:
            self.scratch = np.empty(size, self.rows.dtype)
        self.block = self.scratch[:size].reshape(stop - start, -1)
        self.rows._centre(start, stop, self.block)
        return self.coef @ self.block.T

    def add_gradient(self, residual: np.ndarray) -> None:
        self.sum += residual @ self.block


class CsrRows(_Standardised):
    """Rows of a CSR matrix; shifts and scales are applied to coefficients instead of entries."""

    def __init__(self, X: Any, share: np.ndarray, intercept: bool) -> None:
        if not X.has_canonical_format:  # an entry given in parts would count as several
            X = X.copy()
            X.sum_duplicates()
        shift, deviation = _csr_moments(X, share, intercept)
        super().__init__(X, shift, deviation, intercept)
        self.entries_per_row = max(1.0, X.nnz / X.shape[0])
        self.bytes_per_row = int(self.entries_per_row * (X.dtype.itemsize + X.indices.itemsize))

    def sweep(self, coef: np.ndarray) -> "_CsrSweep":
        """Products with all rows for one `coef`, chunk by chunk."""
        return _CsrSweep(self, coef)


class _CsrSweep:
    """What the chunks of a sweep over sparse rows share: the coefficients of the user's columns."""

    def __init__(self, rows: CsrRows, coef: np.ndarray) -> None:
        self.rows = rows
        weights, intercepts = rows.to_user(coef)
        self.intercepts = intercepts.astype(rows.dtype)[:, None]
        lanes = 64 // rows.dtype.itemsize
        width = -(-len(coef) // lanes) * lanes
        self.coef = np.zeros((rows.n_features, width), rows.dtype)
        self.coef[:, : len(coef)] = weights.T

    def chunk(self) -> "_CsrChunk":
        return _CsrChunk(self)

    def gradient(self, parts: Sequence["_CsrChunk"]) -> np.ndarray:
        rows, residuals = self.rows, add_up([part.residual_sum for part in parts])
        sums = add_up([part.sum for part in parts])
        gradient = np.empty((len(residuals), rows.n_columns))
        features = gradient[:, : rows.n_features]
        features[...] = sums[:, : len(residuals)].T
        for of_output, residual in zip(features, residuals, strict=True):
            of_output -= residual * rows.shift
        features *= rows.inverse_scale
        if rows.intercept:
            gradient[:, -1] = residuals
        return gradient


class _CsrChunk:
    """Logits and gradient of a chunk of sparse rows, block by block."""

    def __init__(self, sweep: _CsrSweep) -> None:
        self.rows, self.coef, self.intercepts = sweep.rows, sweep.coef, sweep.intercepts
        self.buffer = np.zeros(self.coef.shape[1], self.coef.dtype)
        self.sum = np.zeros_like(self.coef)
        self.residual_sum = np.zeros(len(self.intercepts))

    def logits(self, start: int, stop: int) -> np.ndarray:
        X, self.range = self.rows.X, (start, stop)
        out = np.empty((len(self.intercepts), stop - start), self.rows.dtype)
        _kernels.csr_logits(X.data, X.indices, X.indptr, start, stop, self.coef, self.buffer, out)
        out += self.intercepts
        return out

    def add_gradient(self, residual: np.ndarray) -> None:
        X, (start, stop) = self.rows.X, self.range
        _kernels.csr_gradient(
            X.data, X.indices, X.indptr, start, stop, residual, self.buffer, self.sum
        )
        self.residual_sum += residual.sum(axis=1, dtype=np.float64)


class RowSpace(DenseRows):
    """Dense rows with more columns than rows, in coordinates of the row space of X.

    The optimum under an L2 penalty, and the one of least norm without, is a combination of the
    (centred) rows: with X' = Q R, the n columns of R' have the same logits and norms. The columns
    of X go into the factors from the largest to the smallest, so that these keep their digits.
    """

    def __init__(self, X: np.ndarray, share: np.ndarray, intercept: bool) -> None:
        self.centre, deviation = _dense_moments(X, share, intercept)
        order = np.argsort(-deviation)
        tall = (X.T[order] - self.centre[order][:, None]).astype(np.float64, copy=False)
        basis, factor = scipy.linalg.qr(tall, mode="economic", overwrite_a=True)
        sizes = np.abs(factor).max(axis=1)
        # Centred rows depend on each other: what is left of one of them is rounding.
        kept = sizes > 8 * len(X) * np.finfo(np.float64).eps * sizes.max()
        self.basis = np.empty((X.shape[1], int(kept.sum())))
        self.basis[order] = basis[:, kept]
        super().__init__(factor[kept].T.astype(X.dtype), share, intercept)

    def to_user(
        self, coef: np.ndarray, gram: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        reduced, intercepts = super().to_user(coef, gram)
        weights = reduced @ self.basis.T
        return weights, intercepts - weights @ self.centre

    def from_user(self, weights: np.ndarray, intercepts: np.ndarray) -> np.ndarray:
        return super().from_user(weights @ self.basis, intercepts + weights @ self.centre)


def rows_of(X: Any, share: np.ndarray, intercept: bool) -> DenseRows | CsrRows:
    """The view of X that suits its format and shape; `share` (n,) are weights that sum to 1."""
    if scipy.sparse.issparse(X):
        return CsrRows(X, share, intercept)
    short = len(X) <= MOST_REDUCED and len(X) < X.shape[1]
    return (RowSpace if short else DenseRows)(X, share, intercept)


def _dense_moments(
    X: np.ndarray, share: np.ndarray, intercept: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean of each column (0 without intercept) and the root mean square about it.

    Two sweeps, the first about the first row: a large offset costs no digits, and the deviation of
    a constant column is 0 to the last bit.
    """
    ranges = blocks(0, len(X), 8 * X.shape[1])
    shift = np.zeros(X.shape[1])
    if intercept:
        first = X[0].astype(np.float64)
        for start, stop in ranges:
            shift += share[start:stop] @ (X[start:stop] - first)
        shift = (first + shift).astype(X.dtype).astype(np.float64)  # as it is then applied
    second = np.zeros(X.shape[1])
    for start, stop in ranges:
        second += share[start:stop] @ (X[start:stop] - shift) ** 2
    return shift, np.sqrt(second)


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


def add_up(parts: Sequence[np.ndarray]) -> np.ndarray:
    """The sum in the given order, in the memory of the first."""
    return functools.reduce(lambda total, part: np.add(total, part, out=total), parts)
