"""What is minimised: the weighted mean of the cross-entropy plus an L2 penalty, over rows of X.

    (1/S) sum_i s_i CE(targets_i, softmax(W x_i + b)) + (1/(C S)) |W|^2 / 2,   S = sum_i s_i

The objective lives in the coordinates of the standardised columns (see `_rows`): the penalty then
has a weight for each column, and the value is that of the user's columns.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import scipy.linalg

from skmax import _kernels, _threads
from skmax._rows import add_up, blocks, chunks

MATRIX_COLUMNS = 4000  # columns up to which a matrix of them is formed


class Loss(Protocol):
    """Cross-entropy of a block of samples; `start` and `stop` say which."""

    def losses(self, logits: np.ndarray, start: int, stop: int) -> np.ndarray:
        """The loss of each sample; `logits` become probabilities."""

    def residual(
        self, probabilities: np.ndarray, weight: np.ndarray, start: int, stop: int
    ) -> np.ndarray:
        """The gradient at the logits, weighted."""

    def curvature(
        self, probabilities: np.ndarray, direction: np.ndarray, weight: np.ndarray
    ) -> None:
        """Replace a direction of the logits by its product with the weighted Hessian there."""


class LabelLoss:
    """Each sample belongs to one class."""

    def __init__(self, labels: np.ndarray) -> None:
        self.labels = labels

    def losses(self, logits: np.ndarray, start: int, stop: int) -> np.ndarray:
        losses = np.empty(stop - start)
        _kernels.cross_entropy_labels(logits, self.labels[start:stop], losses)
        return losses

    def residual(
        self, probabilities: np.ndarray, weight: np.ndarray, start: int, stop: int
    ) -> np.ndarray:
        residual = np.empty_like(probabilities)
        _kernels.residual_labels(probabilities, self.labels[start:stop], weight, residual)
        return residual

    def curvature(
        self, probabilities: np.ndarray, direction: np.ndarray, weight: np.ndarray
    ) -> None:
        _kernels.curvature_softmax(probabilities, direction, weight, np.empty(len(weight)))


class ShareLoss(LabelLoss):
    """Each sample has a share in every class: targets (n_classes, n), columns that sum to 1."""

    def __init__(self, targets: np.ndarray) -> None:
        self.targets = targets
        self.mass = np.ones(targets.shape[1], targets.dtype)

    def losses(self, logits: np.ndarray, start: int, stop: int) -> np.ndarray:
        losses = np.empty(stop - start)
        _kernels.cross_entropy_targets(logits, self._part(start, stop), losses)
        return losses

    def residual(
        self, probabilities: np.ndarray, weight: np.ndarray, start: int, stop: int
    ) -> np.ndarray:
        residual = np.empty_like(probabilities)
        part, mass = self._part(start, stop), self.mass[start:stop]
        _kernels.residual_targets(probabilities, part, mass, weight, residual)
        return residual

    def _part(self, start: int, stop: int) -> np.ndarray:
        return np.ascontiguousarray(self.targets[:, start:stop])


class BinaryLoss(ShareLoss):
    """Two classes and one logit: targets (1, n) are the shares of the second class."""

    def losses(self, logits: np.ndarray, start: int, stop: int) -> np.ndarray:
        losses = np.empty(stop - start)
        _kernels.cross_entropy_binary(logits, self._part(start, stop), losses)
        return losses

    def curvature(
        self, probabilities: np.ndarray, direction: np.ndarray, weight: np.ndarray
    ) -> None:
        _kernels.curvature_binary(probabilities, direction, weight, np.empty(0))


class Objective:
    """Value, gradient and curvature at `coef` (n_outputs, n_columns), always float64.

    Parameters
    ----------
    rows : DenseRows or CsrRows
        The standardised rows of X.
    loss : Loss
        The cross-entropy of a block of logits.
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
        loss: Loss,
        share: np.ndarray,
        n_outputs: int,
        strength: float,
        threads: int,
    ) -> None:
        self.rows, self.loss, self.share, self.threads = rows, loss, share, threads
        self.weight = share.astype(rows.dtype)
        self.penalty = rows.penalty(strength)
        self.penalised = strength > 0
        self.shape = (n_outputs, rows.n_columns)
        self.probabilities = np.empty((n_outputs, rows.n_rows), rows.dtype)
        #: Columns so many that no matrix of them should be formed.
        self.many_columns = rows.n_columns > MATRIX_COLUMNS
        #: What a value may be off by, relative to it, through rounding.
        self.resolution = float(max(np.finfo(rows.dtype).eps, 16 * np.finfo(np.float64).eps))
        #: Without a penalty, a value this small says that there is no minimum but 0 at infinity.
        self.vanishing = 0.0 if self.penalised else 1e-10
        #: How many Hessian products cost as much as the Hessian and its factors: by operations, of
        #: which one big product does four in the time that a thin one takes for one.
        size, entries = n_outputs * rows.n_columns, rows.n_rows * rows.entries_per_row
        operations = size**2 * (rows.n_rows + size / 3)
        self.products_per_hessian = operations / (4 * 4 * entries * n_outputs)
        self.n_evaluations = 0
        self.n_products = 0

    def value_and_gradient(self, coef: np.ndarray) -> tuple[float, np.ndarray]:
        """The objective and its gradient at `coef`; the probabilities are kept for products."""
        self.n_evaluations += 1

        sweep = self.rows.sweep(coef)

        def work(start: int, stop: int) -> tuple[float, Any]:
            chunk, value = sweep.chunk(), 0.0
            for first, last in self._blocks(start, stop):
                p = chunk.logits(first, last)
                value += float(self.share[first:last] @ self.loss.losses(p, first, last))
                weight = self.weight[first:last]
                chunk.add_gradient(self.loss.residual(p, weight, first, last))
                self.probabilities[:, first:last] = p
            return value, chunk

        parts = self._map(work)
        value = sum(part[0] for part in parts)
        gradient = sweep.gradient([part[1] for part in parts])
        penalised = coef * self.penalty
        return value + 0.5 * float(np.sum(coef * penalised)), gradient + penalised

    def hessian_product(self, direction: np.ndarray) -> np.ndarray:
        """The Hessian at the coef of the last evaluation times `direction`."""
        self.n_products += 1

        sweep = self.rows.sweep(direction)

        def work(start: int, stop: int) -> Any:
            chunk = sweep.chunk()
            for first, last in self._blocks(start, stop):
                d = chunk.logits(first, last)
                p = np.ascontiguousarray(self.probabilities[:, first:last])
                self.loss.curvature(p, d, self.weight[first:last])
                chunk.add_gradient(d)
            return chunk

        return sweep.gradient(self._map(work)) + direction * self.penalty

    def hessian(self) -> np.ndarray:
        """The whole Hessian at the coef of the last evaluation, (size, size).

        With z_i = sqrt(s_i) p_i (x) x_i, the blocks of Z'Z are minus those of the Hessian off the
        diagonal, and each diagonal block is the sum of the others in its row, without cancellation.
        """
        n_outputs, n_columns = self.shape
        size = n_outputs * n_columns

        def work(start: int, stop: int) -> np.ndarray:
            total = np.zeros((size, size), order="F")
            for first, last in blocks(start, stop, 8 * size):
                factor = self._root_curvature(first, last)
                block = self.rows.dense_block(first, last, np.float64)
                z = np.empty((last - first, n_outputs, n_columns))
                np.multiply(factor.T[:, :, None], block[:, None, :], out=z)
                z = z.reshape(last - first, size)
                total = scipy.linalg.blas.dsyrk(1.0, z.T, beta=1.0, c=total, overwrite_c=1)
            return total

        upper = add_up(self._map(work, size * size))
        full = np.triu(upper) + np.triu(upper, 1).T
        if n_outputs > 1:
            full = _from_products(full, n_outputs, n_columns)
        full[np.diag_indices(size)] += np.tile(self.penalty, n_outputs)
        return full

    def _root_curvature(self, start: int, stop: int) -> np.ndarray:
        """sqrt(s) p, or sqrt(s p (1 - p)) for one sigmoid: the factors of `hessian`."""
        p = self.probabilities[:, start:stop].astype(np.float64)
        if self.shape[0] == 1:
            p = np.sqrt(p * (1 - p))
        return p * np.sqrt(self.share[start:stop])

    def gram(self, most_rows: int) -> np.ndarray:
        """The weighted second moments of the columns, from at most `most_rows` rows."""
        rows = np.flatnonzero(self.share)
        rows = rows[:: -(-len(rows) // most_rows)]
        weight = self.share[rows]
        return self.rows.gram(rows, weight / weight.sum())

    def output_curvature(self) -> np.ndarray:
        """The mean over samples of diag(p) - p p', or of p (1 - p), at the last evaluation."""
        p, share = self.probabilities, self.weight
        if self.shape[0] == 1:
            return np.array([[float(np.sum(share * p * (1 - p), dtype=np.float64))]])
        weighted = p * share
        products = (weighted @ p.T).astype(np.float64)
        np.fill_diagonal(products, 0.0)
        return np.diag(products.sum(axis=1)) - products

    def diagonal(self) -> np.ndarray:
        """An estimate of the Hessian's diagonal: columns have second moment 1 where they vary."""
        curvature = np.diag(self.output_curvature())
        return curvature[:, None] + self.penalty

    def user_coef(self, coef: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weights and intercepts of the user's columns; those of least norm without a penalty."""
        unique = self.penalised or self.many_columns
        return self.rows.to_user(coef, None if unique else self.gram(self.rows.n_rows))

    def _blocks(self, start: int, stop: int) -> list[tuple[int, int]]:
        logits = self.shape[0] * self.rows.dtype.itemsize
        return blocks(start, stop, max(self.rows.bytes_per_row, logits))

    def _map(self, work: Callable, sum_size: int = 0) -> list[Any]:
        """work(start, stop) for each chunk of rows, in order; the size of a sum is that of coef."""
        sum_size = sum_size or int(np.prod(self.shape))
        rows = self.rows
        parts = chunks(rows.n_rows, sum_size, rows.n_rows * rows.entries_per_row * self.shape[0])
        return _threads.map_in_order(lambda part: work(*part), parts, self.threads)


def _from_products(products: np.ndarray, n_outputs: int, n_columns: int) -> np.ndarray:
    """Turn Z'Z into the Hessian, class block by class block."""
    blocks4 = products.reshape(n_outputs, n_columns, n_outputs, n_columns)
    for k in range(n_outputs):
        blocks4[k, :, k, :] = 0.0
    diagonals = blocks4.sum(axis=2)
    np.negative(blocks4, out=blocks4)
    for k in range(n_outputs):
        blocks4[k, :, k, :] = diagonals[k]
    return products
