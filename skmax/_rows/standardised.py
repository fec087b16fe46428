"""What rows of every format share: shifts and scales of the columns, and the maps of coef."""

import threading
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse

from skmax import _kernels
from skmax._rows.layout import aligned, read_only, whole_vectors


def shift_of_block(shift: np.ndarray, ones: bool, dtype: Any) -> np.ndarray:
    """The shift of each feature in whole vectors, and then -1 for a column of ones: 0 - -1."""
    out = np.zeros(whole_vectors(shift.size + ones, dtype), dtype)
    out[: shift.size] = shift
    out[shift.size : shift.size + ones] = -1
    return out


class _Scratch(threading.local):
    """Memory that each thread keeps from one block of rows to the next."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, Any], np.ndarray] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        size, key = int(np.prod(shape)), (name, dtype)
        if key not in self.kept or self.kept[key].size < size:
            self.kept[key] = aligned((size,), dtype)
        return self.kept[key][:size].reshape(shape)


class Standardised:
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
        #: What multiplies the centred columns, the column of ones among them.
        self.scale = np.ones(self.n_columns)
        self.scale[: self.n_features] = self.inverse_scale
        self._scratch = _Scratch()

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

    def _packed(self, rows: np.ndarray, dtype: Any) -> np.ndarray:
        """The given rows, centred but not scaled, as a block of the dense kernels."""
        part = self.X[rows]
        if scipy.sparse.issparse(part):
            part = part.toarray()
        part = read_only(np.ascontiguousarray(part, dtype))
        shift = self.block_shift(dtype)
        block = self._scratch.array("block", (-(-len(part) // 8) * 8, shift.size), dtype)
        _kernels.pack_rows(part, 0, len(part), shift, block)
        return block

    def block_shift(self, dtype: Any) -> np.ndarray:
        """What is subtracted from a row in a block of the dense kernels."""
        return shift_of_block(self.shift, self.intercept, dtype)

    def new_grams(self, n_pairs: int, dtype: Any) -> np.ndarray:
        """Zeros, in float64, to which `add_grams` adds."""
        return np.zeros((n_pairs, self.n_columns, whole_vectors(self.n_columns, dtype)))

    def add_grams(
        self, rows: np.ndarray, roots: np.ndarray, totals: np.ndarray, dtype: Any
    ) -> None:
        """totals[pair] += sum_i roots_ki roots_li x_i x_i', for each pair of l < k.

        Here x is centred but not scaled; `roots` (K, rows) and `totals` (pairs, n_columns, width)
        are float64, of the latter the part on and above the diagonal counts. Sums over the given
        rows are in `dtype`.
        """
        block = self._packed(rows, dtype)
        transposed = self._scratch.array("transposed", block.shape[::-1], dtype)
        scaled = self._scratch.array("scaled", block.shape[::-1], dtype)
        _kernels.block_transpose(block, transposed)
        weight = np.empty(roots.shape[1], dtype)
        _kernels.block_pair_grams(block, transposed, roots, weight, scaled, totals)

    def full_gram(self, total: np.ndarray) -> np.ndarray:
        """A sum of `add_grams` as a symmetric matrix of the standardised columns."""
        upper = np.triu(total[:, : self.n_columns])
        upper += np.triu(upper, 1).T
        return upper * (self.scale[:, None] * self.scale)
