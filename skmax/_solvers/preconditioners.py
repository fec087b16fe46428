"""Approximate inverses of the Hessian: what a Newton step or a quasi-Newton memory starts from.

Each has `refresh(objective, gap)`, which looks at the point of the last evaluation, where the
relative gap is about `gap`, and says whether the norm has become another one; and `solve(v)`.
"""

from typing import Any

import numpy as np
import scipy.linalg
from scipy.linalg.lapack import dpotrf, dpotrs, dtrtri

from skmax import _kernels, _threads


class ExactHessian:
    """The Hessian itself, by Cholesky's factors: one step of conjugate gradients is then exact."""

    def refresh(self, objective: Any, gap: float) -> bool:
        hessian = objective.hessian()
        _fix_null_space(hessian, objective.shape)
        self.matrix = hessian
        self.factor = _cholesky(hessian, 8 * len(hessian) * np.finfo(np.float64).eps)
        return False

    def solve(self, v: np.ndarray) -> np.ndarray:
        return _solve(self.factor, v)

    def product(self, v: np.ndarray) -> np.ndarray:
        return (self.matrix @ v.ravel()).reshape(v.shape)


class Kronecker:
    """(mean of diag(p) - p p') (x) (second moments of the columns) + penalty.

    Rows count in the second moments by their curvature: those whose class is settled hardly bend
    the objective. In the eigenvectors of the first factor the matrix falls apart into one block
    a_k G + penalty for each eigenvalue a_k. Eigenvalues within a factor of each other share one
    Cholesky factor.
    """

    ROWS = 10  # of the sample, for each column
    SAME = 2.0
    RIDGE = 1e-11
    EVEN = 100  # times the gap, the share of the weights of rows that ignores their curvature
    PIECE, WIDE = 48, 256  # rows solved for, and columns turned, at a time by one thread
    WORTH_THREADS = 1_000_000  # operations of a solve

    def __init__(self) -> None:
        self.gram: Any = None

    def refresh(self, objective: Any, gap: float) -> bool:
        self.gram = self._second_moments(objective, gap)
        values, self.vectors = scipy.linalg.eigh(objective.output_curvature())
        if len(values) > 1:
            # The smallest is 0, for a shift of all logits of a sample alike. No gradient points
            # there but by rounding, which the largest in its place keeps small.
            values = np.append(values[1:], values[-1])
            self.vectors = np.roll(self.vectors, -1, axis=1)
        values = np.maximum(values, values[-1] * 1e-10)
        self.pieces = []
        first = 0
        while first < len(values):
            last = int(np.searchsorted(values, values[first] * self.SAME, side="right"))
            middle = float(np.sqrt(values[first] * values[last - 1]))
            block = middle * self.gram
            block[np.diag_indices(len(block))] += objective.penalty
            factor = _Triangle(_cholesky(block, self.RIDGE))
            self.pieces += [(rows, factor) for rows in _cut(first, last, self.PIECE)]
            first = last
        self.turns = any(factor is not self.pieces[0][1] for _, factor in self.pieces)
        worth = len(values) * len(self.gram) ** 2 >= self.WORTH_THREADS
        self.threads = objective.threads if worth else 1
        return False

    def _second_moments(self, objective: Any, gap: float) -> np.ndarray:
        return objective.curved_gram(self.ROWS * objective.shape[1], min(1.0, self.EVEN * gap))

    def solve(self, v: np.ndarray) -> np.ndarray:
        if not self.turns:  # the eigenvectors would undo each other
            return self._solve_pieces(v.copy())
        return self._turn(self.vectors, self._solve_pieces(self._turn(self.vectors.T, v)))

    def _solve_pieces(self, turned: np.ndarray) -> np.ndarray:
        def work(piece: tuple[slice, _Triangle]) -> None:
            rows, factor = piece
            factor.solve(turned[rows])

        _threads.map_in_order(work, self.pieces, self.threads)
        return turned

    def _turn(self, vectors: np.ndarray, v: np.ndarray) -> np.ndarray:
        out = np.empty_like(v)

        def work(columns: slice) -> None:
            out[:, columns] = vectors @ v[:, columns]

        _threads.map_in_order(work, _cut(0, v.shape[1], self.WIDE), self.threads)
        return out


class EvenKronecker(Kronecker):
    """The Kronecker product with second moments of rows that all count alike, looked at once.

    Far from the optimum it is the better bound of a step: rows that look settled there are not yet.
    """

    MOST_ROWS = 20_000

    def _second_moments(self, objective: Any, gap: float) -> np.ndarray:
        return objective.gram(self.MOST_ROWS) if self.gram is None else self.gram


class SampledHessian:
    """The Hessian of a sample of rows, and far from the optimum some of the Kronecker product.

    Where the sample misses what a rare column and a rare class have in common, the estimate has
    hardly any curvature and a step would run away: the Kronecker product, which underestimates no
    direction by much, holds it, as Levenberg and Marquardt's damping would. Its share is the
    relative gap, so that it is gone when steps become exact.
    """

    MOST_KRONECKER = 0.1

    def __init__(self, most_rows: int, gram: np.ndarray) -> None:
        self.most_rows, self.gram = most_rows, gram

    def refresh(self, objective: Any, gap: float) -> bool:
        hessian = objective.hessian(self.most_rows)
        share = min(self.MOST_KRONECKER, gap)
        curvature = _factor_of_classes(hessian, objective.penalty, self.gram)
        _kernels.add_kronecker(share * curvature, self.gram, hessian)
        _fix_null_space(hessian, objective.shape)
        self.factor = _cholesky(hessian, 8 * len(hessian) * np.finfo(np.float64).eps)
        return False

    def solve(self, v: np.ndarray) -> np.ndarray:
        return _solve(self.factor, v)


class Bought:
    """The Kronecker product at the start, where it is the Hessian; then the Hessian of a sample.

    A Hessian that costs no more than LIGHT products is formed at every step. A dearer one is bought
    when products have cost as much, and again when they have after that: at most twice the cost of
    the better choice in hindsight (the rule of renting skis until they are paid for). A Hessian of
    some steps ago is a preconditioner for the present one.
    """

    ROWS, LEAST_ROWS = 3, 30  # of the sample, for each coefficient and, at least, for each column
    LIGHT = 2

    def __init__(self) -> None:
        self.rented = EvenKronecker()
        self.bought: SampledHessian | None = None
        self.paid_at = 0  # products before the last purchase

    def refresh(self, objective: Any, gap: float) -> bool:
        if self.rented.gram is None:
            self.paid_at = objective.n_products
            return self.rented.refresh(objective, gap)
        n_outputs, n_columns = objective.shape
        most_rows = max(self.ROWS * n_outputs, self.LEAST_ROWS) * n_columns
        price = objective.products_per_hessian(most_rows)
        spent = objective.n_products - self.paid_at
        if price > self.LIGHT and spent < price:
            return self.rented.refresh(objective, gap) if self.bought is None else False
        self.paid_at, first = objective.n_products, self.bought is None
        self.bought = self.bought or SampledHessian(most_rows, self.rented.gram)
        self.bought.refresh(objective, gap)
        return first

    def solve(self, v: np.ndarray) -> np.ndarray:
        return (self.bought or self.rented).solve(v)


class Diagonal:
    """An estimate of the Hessian's diagonal: for more columns than a matrix of them can be kept."""

    def refresh(self, objective: Any, gap: float) -> bool:
        self.diagonal = objective.diagonal()
        return False

    def solve(self, v: np.ndarray) -> np.ndarray:
        return v / self.diagonal


class _Triangle:
    """Cholesky's factor, to solve for many rows by products alone: LAPACK would hold the GIL."""

    SIZE = 128  # of a block on the diagonal, which is inverted

    def __init__(self, factor: np.ndarray) -> None:
        self.lower = lower = factor.T
        self.blocks = [
            (part, np.tril(dtrtri(lower[part, part], lower=True)[0]))
            for part in _cut(0, len(lower), self.SIZE)
        ]

    def solve(self, x: np.ndarray) -> None:
        """Each row of x, inverted in place: forwards with L, backwards with L'."""
        lower = self.lower
        for part, inverse in self.blocks:
            left = x[:, part] - x[:, : part.start] @ lower[part, : part.start].T
            x[:, part] = left @ inverse.T
        for part, inverse in reversed(self.blocks):
            left = x[:, part] - x[:, part.stop :] @ lower[part.stop :, part]
            x[:, part] = left @ inverse


def _cut(first: int, last: int, most: int) -> list[slice]:
    """The range first..last in slices of at most `most`."""
    return [slice(start, min(start + most, last)) for start in range(first, last, most)]


def _solve(factor: np.ndarray, v: np.ndarray) -> np.ndarray:
    """A factored matrix of all coefficients, inverted, times v."""
    return dpotrs(factor, v.ravel())[0].reshape(v.shape)


def _factor_of_classes(hessian: np.ndarray, penalty: np.ndarray, gram: np.ndarray) -> np.ndarray:
    """The factor of classes for which factor (x) gram has blocks with the traces of the Hessian."""
    n_columns = len(gram)
    n_outputs = len(hessian) // n_columns
    blocks = hessian.reshape(n_outputs, n_columns, n_outputs, n_columns)
    traces = np.einsum("kala->kl", blocks) - penalty.sum() * np.eye(n_outputs)
    return traces / np.trace(gram)


def _fix_null_space(hessian: np.ndarray, shape: tuple[int, int]) -> None:
    """Add (11'/K) (x) diagonal: the logits of all classes moved alike change no probability.

    Gradients have no part in that direction, so that steps stay as they are.
    """
    n_outputs, n_columns = shape
    if n_outputs == 1:
        return
    mean = np.diag(hessian).reshape(shape).mean(axis=0)
    columns = np.arange(n_columns)
    blocks = hessian.reshape(n_outputs, n_columns, n_outputs, n_columns)
    blocks[:, columns, :, columns] += (mean / n_outputs)[:, None, None]


def _cholesky(matrix: np.ndarray, ridge: float) -> np.ndarray:
    """Cholesky's factor; a matrix that is singular to rounding gets the ridge that it needs.

    Columns are standardised, so that the data's part of a diagonal is below 1/4. A ridge in scale
    with that keeps the rounding of a gradient small where there is no curvature at all.
    """
    diagonal = np.maximum(np.diag(matrix), max(min(np.diag(matrix).max(), 0.25), 1e-300))
    while True:
        raised = matrix.copy()
        raised[np.diag_indices(len(matrix))] += ridge * diagonal
        factor, failed = dpotrf(raised.T, overwrite_a=True, clean=False)  # symmetric: raised.T
        if not failed:
            return factor
        ridge *= 100
