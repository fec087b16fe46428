"""What is minimised: the weighted mean of the cross-entropy plus an L2 penalty, over rows of X.

    (1/S) sum_i s_i CE(targets_i, softmax(W x_i + b)) + (1/(C S)) |W|^2 / 2,   S = sum_i s_i

The objective lives in the coordinates of the standardised columns (see `_rows`): the penalty then
has a weight for each column, and the value is that of the user's columns.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from skmax import _kernels, _threads
from skmax._rows import add_up, block_rows, chunks

MATRIX_COLUMNS = 4000  # columns up to which a matrix of them is formed
SURE = 0.01  # how far from 0 and 1 the probabilities of classes told apart may be
FASTER = 1.5  # times as many operations a second in a matrix of second moments as in a pass


class Objective:
    """Value, gradient and curvature at `coef` (n_outputs, n_columns), always float64.

    Parameters
    ----------
    rows : DenseRows or CsrRows
        The standardised rows of X.
    targets : ndarray
        Labels, integers of shape (n,); or shares of the classes, (n_outputs, n); or, for one
        output, shares of the second class, (n,). Shares sum to 1 and have the dtype of X.
    share : ndarray of shape (n,)
        Sample weights, summing to 1.
    n_outputs : int
        Rows of `coef`: the number of classes, or 1 for two classes.
    strength : float
        1 / (C S), the weight of |W|^2 / 2; 0 for no penalty.
    threads : int
        How many threads go over the rows.
    """

    def __init__(
        self,
        rows: Any,
        targets: np.ndarray,
        share: np.ndarray,
        n_outputs: int,
        strength: float,
        threads: int,
    ) -> None:
        self.rows, self.share, self.threads = rows, share, threads
        self.targets = np.ascontiguousarray(targets)
        self.weight = share.astype(rows.dtype)
        self.penalty = rows.penalty(strength)
        self.penalised = strength > 0
        self.shape = (n_outputs, rows.n_columns)
        self.probabilities = np.empty((n_outputs, rows.n_rows), rows.dtype)
        #: Rows that a pass works on at a time: they and their logits stay in the cache.
        self.block_rows = block_rows(max(rows.bytes_per_row, n_outputs * rows.dtype.itemsize))
        #: Columns so many that no matrix of them should be formed.
        self.many_columns = rows.n_columns > MATRIX_COLUMNS
        #: What a value may be off by, relative to it, through rounding.
        self.resolution = float(max(np.finfo(rows.dtype).eps, 16 * np.finfo(np.float64).eps))
        #: Without a penalty, a value this small says that there is no minimum but 0 at infinity.
        self.vanishing = 0.0 if self.penalised else 1e-10
        self.n_evaluations = 0
        self.n_products = 0

    def value_and_gradient(self, coef: np.ndarray) -> tuple[float, np.ndarray]:
        """The objective and its gradient at `coef`; the probabilities are kept for products."""
        self.n_evaluations += 1
        rows, laid_out = self.rows, self.rows.laid_out(coef)

        def work(start: int, stop: int) -> tuple[float, np.ndarray]:
            total = rows.new_sum(len(coef))
            value = _kernels.value_and_gradient(
                rows.arrays,
                laid_out,
                self.targets,
                self.share,
                self.weight,
                start,
                stop,
                self.block_rows,
                self.probabilities,
                total,
            )
            return value, total

        parts = self._map(work)
        value = sum(part[0] for part in parts)
        gradient = rows.gradient(add_up([part[1] for part in parts]), len(coef))
        penalised = coef * self.penalty
        value += 0.5 * float(np.vdot(coef, penalised))
        gradient += penalised
        return value, gradient

    def hessian_product(self, direction: np.ndarray) -> np.ndarray:
        """The Hessian at the coef of the last evaluation times `direction`."""
        self.n_products += 1
        rows, laid_out = self.rows, self.rows.laid_out(direction)

        def work(start: int, stop: int) -> np.ndarray:
            total = rows.new_sum(len(direction))
            _kernels.hessian_product(
                rows.arrays,
                laid_out,
                self.weight,
                start,
                stop,
                self.block_rows,
                self.probabilities,
                total,
            )
            return total

        product = rows.gradient(add_up(self._map(work)), len(direction))
        product += direction * self.penalty
        return product

    def hessian(self, most_rows: int | None = None) -> np.ndarray:
        """The Hessian at the coef of the last evaluation, (size, size), or an estimate of it.

        Its blocks off the diagonal are minus sum_i s_i p_ik p_il x_i x_i', symmetric themselves:
        a quarter of the entries says it all. Each block on the diagonal is minus the sum of the
        others in its row, without cancellation. The sums run over at most `most_rows` rows.
        """
        n_outputs, n_columns = self.shape
        rows, weight = np.arange(self.rows.n_rows), self.share
        if most_rows is not None and most_rows < len(rows):
            rows, weight = self._sample(most_rows, self._influence())
        dtype = self.rows.dtype  # a Hessian product sees no more of the Hessian either
        totals = self._grams(rows, lambda some: self._root_curvature(some, weight[some]), dtype)
        if n_outputs == 1:
            return self.rows.full_gram(totals[0]) + np.diag(self.penalty)
        hessian = np.empty((n_outputs * n_columns, n_outputs * n_columns))
        _kernels.hessian_of_pairs(totals, self.rows.scale, self.penalty, hessian)
        return hessian

    def products_per_hessian(self, most_rows: int) -> float:
        """How many Hessian products take as long as the Hessian of some rows and its factors."""
        n_outputs, n_columns = self.shape
        n_rows, pairs = self.rows.n_rows, max(1, n_outputs * (n_outputs - 1) // 2)
        hessian = min(most_rows, n_rows) * pairs * n_columns**2 + (n_outputs * n_columns) ** 3
        return hessian / (FASTER * 4 * n_rows * self.rows.entries_per_row * n_outputs)

    def _influence(self) -> np.ndarray:
        """What a row may add to the Hessian, relative to the rest: squared norm times curvature.

        The curvature of each class counts relative to its mean, so that a rare class keeps its rows
        in a sample: the leverage of a row under the diagonal of the Kronecker product.
        """
        p, influence = self.probabilities, np.empty(self.rows.n_rows)
        mean = np.array([_kernels.mean_curvature(of_class, self.share) for of_class in p])
        factors = np.divide(1.0, mean, out=np.zeros_like(mean), where=mean > 0)
        _kernels.row_curvature(p, factors, influence)
        return influence * self.rows.squared_norms

    def _sample(self, most_rows: int, influence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows that stand for all, and weights (n,) that they have then.

        Half of the draws go by weight times influence, half by weight alone, both evenly spaced
        along the rows, so that no chance is involved.
        """
        influence = self.share * influence
        probability = 0.5 * influence / max(influence.sum(), 1e-300) + 0.5 * self.share
        ends = np.cumsum(probability)
        step = ends[-1] / most_rows
        draws = (np.arange(most_rows) + 0.5) * step
        rows, counts = np.unique(np.searchsorted(ends, draws), return_counts=True)
        weight = np.zeros_like(self.share)
        weight[rows] = self.share[rows] * counts * step / probability[rows]
        return rows, weight

    def _root_curvature(self, rows: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """sqrt(s) p, of which the products for two classes weigh their block of the Hessian."""
        p = self.probabilities[:, rows].astype(np.float64)
        if self.shape[0] == 1:
            p = np.concatenate([p, 1 - p])
        return p * np.sqrt(weight)

    def gram(self, most_rows: int) -> np.ndarray:
        """The weighted second moments of the columns, from at most `most_rows` rows."""
        return self._second_moments(most_rows, np.ones(self.rows.n_rows), self.rows.dtype)

    def curved_gram(self, most_rows: int, even: float) -> np.ndarray:
        """The same with rows weighted by their curvature, the trace of diag(p) - p p', too.

        The share `even` of the weights ignores the curvature.
        """
        curvature = np.empty(self.rows.n_rows)
        _kernels.row_curvature(self.probabilities, np.ones(self.shape[0]), curvature)
        mean = float(self.share @ curvature)
        if mean > 0:
            curvature *= (1 - even) / mean
        return self._second_moments(most_rows, even + curvature, self.rows.dtype)

    def _second_moments(self, most_rows: int, factor: np.ndarray, dtype: Any) -> np.ndarray:
        """sum_i s_i factor_i x_i x_i', from at most `most_rows` rows."""
        rows, weight = np.arange(self.rows.n_rows), self.share
        if most_rows < len(rows):
            rows, weight = self._sample(most_rows, factor * self.rows.squared_norms)
        weight = weight * factor

        def roots(some: np.ndarray) -> np.ndarray:
            return np.stack([weight[some], np.ones(len(some))])

        return self.rows.full_gram(self._grams(rows, roots, dtype)[0])

    def _grams(self, rows: np.ndarray, roots: Callable, dtype: Any) -> np.ndarray:
        """Sums of `add_grams`, one for each pair of the classes that roots(rows) is about."""
        n_classes = len(roots(rows[:1]))
        n_pairs, n_columns = n_classes * (n_classes - 1) // 2, self.rows.n_columns

        def work(start: int, stop: int) -> np.ndarray:
            totals = self.rows.new_grams(n_pairs, dtype)
            size = block_rows(2 * 8 * n_columns)  # the block and its transpose
            for first in range(start, stop, size):
                some = rows[first : min(first + size, stop)]
                self.rows.add_grams(some, roots(some), totals, dtype)
            return totals

        size = n_pairs * n_columns**2
        # Sums as large as these are new memory, whose first touch takes longer than adding to them.
        parts = chunks(len(rows), size, len(rows) * size / 64)
        return add_up(self._each(work, parts))

    def output_curvature(self) -> np.ndarray:
        """The mean over samples of diag(p) - p p', or of p (1 - p), at the last evaluation."""

        def work(start: int, stop: int) -> np.ndarray:
            p = self.probabilities[:, start:stop]
            if len(p) == 1:
                p = np.concatenate([p, 1 - p])
            return ((p * self.weight[start:stop]) @ p.T).astype(np.float64)

        products = add_up(self._map(work))
        if self.shape[0] == 1:
            return products[:1, 1:]
        np.fill_diagonal(products, 0.0)
        return np.diag(products.sum(axis=1)) - products

    def diagonal(self) -> np.ndarray:
        """An estimate of the Hessian's diagonal: columns have second moment 1 where they vary."""
        curvature = np.diag(self.output_curvature())
        return curvature[:, None] + self.penalty

    def separated(self) -> np.ndarray:
        """Whether each output tells its class from the others on every row, (n_outputs,) of bool.

        At the last evaluation the probability is within SURE of targets that are all 0 or 1.
        """
        found = np.empty(self.shape[0], bool)
        counts = self.share > 0
        for k, p in enumerate(self.probabilities):
            if self.targets.dtype.kind == "i":
                targets = (self.targets == k).astype(p.dtype)
            else:
                targets = self.targets if self.targets.ndim == 1 else self.targets[k]
            sure = (np.abs(p - targets) <= SURE) & ((targets == 0) | (targets == 1))
            found[k] = bool(sure[counts].all())
        return found

    def user_coef(self, coef: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weights and intercepts of the user's columns; those of least norm without a penalty."""
        if self.penalised or self.many_columns:
            return self.rows.to_user(coef)
        n_rows = self.rows.n_rows  # in float64, to tell columns that depend on each other
        return self.rows.to_user(coef, self._second_moments(n_rows, np.ones(n_rows), np.float64))

    def _map(self, work: Callable) -> list[Any]:
        """work(start, stop) for each chunk of rows, in order."""
        rows, operations = self.rows, self.rows.entries_per_row * self.shape[0]
        parts = chunks(rows.n_rows, int(np.prod(self.shape)), rows.n_rows * operations)
        return self._each(work, parts)

    def _each(self, work: Callable, parts: list[tuple[int, int]]) -> list[Any]:
        return _threads.map_in_order(lambda part: work(*part), parts, self.threads)
