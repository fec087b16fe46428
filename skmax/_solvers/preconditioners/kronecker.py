"""The Kronecker product of what the classes and what the columns have in common."""

import numpy as np
import scipy.linalg

from skmax import _threads
from skmax._solvers.preconditioners.cholesky import Triangle, cholesky, slices
from skmax._solvers.protocol import KroneckerPoint, Objective, Point

RIDGE = 1e-11  # of the factors, relative to the diagonal


class Kronecker:
    """class_covariance (x) second_moments + penalty.

    Rows count in the second moments by their curvature: those whose class is settled hardly bend
    the objective. A fit that begins with the moments of another penalty's keeps them at first: ten
    fits of five folds of 2000 rows of `mnist` take 0.85 of the time so.
    """

    SAMPLE_ROWS = 10  # for each column
    #: Times the gap, the fraction of the rows' factors that ignores their curvature: without it,
    #: raw mnist of 20,000 rows was at 0.057 after 1000 iterations, with it at 0.010.
    UNIFORM = 100

    def __init__(self, objective: Objective[Point]) -> None:
        self.objective, self.n_columns = objective, objective.shape[1]
        self.moments, self.penalty = np.empty((0, 0)), np.empty(0)
        self.inverse: Eigenbasis | Factors

    def refresh(self, point: KroneckerPoint, gap: float) -> bool:
        if not self.moments.size or np.isfinite(gap):
            self.moments = self._second_moments(point, gap)
        self._invert(point.penalty_diagonal)
        self.inverse.follow(*_eigenvalues(point.class_covariance()))
        return False

    def _invert(self, penalty: np.ndarray) -> None:
        self.penalty = penalty
        if self.n_columns <= Eigenbasis.MOST_COLUMNS:
            self.inverse = Eigenbasis(self.moments, penalty)
        else:
            self.inverse = Factors(self.moments, penalty, self.objective.threads)

    def _second_moments(self, point: KroneckerPoint, gap: float) -> np.ndarray:
        curvature_weight = 1 - min(1.0, self.UNIFORM * gap)
        return point.second_moments(self.SAMPLE_ROWS * self.n_columns, curvature_weight)

    def solve(self, v: np.ndarray) -> np.ndarray:
        return self.inverse.solve(v)


class UniformKronecker(Kronecker):
    """The Kronecker product with second moments of rows that all count alike, formed once.

    Far from the optimum it is the better bound of a step: rows that look settled there are not yet.
    """

    MOST_ROWS = 20_000

    def refresh(self, point: KroneckerPoint, gap: float) -> bool:
        if not self.moments.size:
            self.moments = self._second_moments(point, gap)
        if not np.array_equal(self.penalty, point.penalty_diagonal):
            self._invert(point.penalty_diagonal)
        self.inverse.follow(*_eigenvalues(point.class_covariance()))
        return False

    def _second_moments(self, point: KroneckerPoint, gap: float) -> np.ndarray:
        return point.second_moments(self.MOST_ROWS)


class Eigenbasis:
    """The inverse of A (x) G + penalty, in a basis where G and the penalty are diagonal both.

    The basis V is that of the eigenvectors of G against B = G + penalty / a: V'BV = 1 and
    V'GV = diag(g), so that the penalty becomes a (1 - g), however near to singular G is. It is the
    same for every A. In the eigenvectors of A, of eigenvalues a_k, the matrix is then the diagonal
    a_k g_j + a (1 - g_j).
    """

    #: Columns up to which. On one core with AVX-512 a solve with 65 columns and 10 classes takes 10
    #: us, by Cholesky's factors 19, and the basis 0.3 ms, once; with 257 columns a solve takes as
    #: long, and the basis 7 ms. Fits of 40 to 65 columns take 6 to 28% less, of 127 to 181 columns
    #: between 20% less and 20% more.
    MOST_COLUMNS = 256
    TYPICAL = 0.1  # a: an eigenvalue of A

    def __init__(self, moments: np.ndarray, penalty: np.ndarray) -> None:
        metric = moments.copy()
        metric[np.diag_indices(len(metric))] += penalty / self.TYPICAL
        factor = cholesky(metric, RIDGE)
        half = scipy.linalg.blas.dtrsm(1.0, factor, moments, trans_a=1)
        self.squares, vectors = scipy.linalg.eigh(
            scipy.linalg.blas.dtrsm(1.0, factor, half.T, trans_a=1), check_finite=False
        )
        self.squares = np.clip(self.squares, 0.0, 1.0)
        self.basis = scipy.linalg.blas.dtrsm(1.0, factor, vectors)

    def follow(self, values: np.ndarray, vectors: np.ndarray) -> None:
        """Take over the eigenvalues and the eigenvectors of another A."""
        self.vectors = vectors
        self.diagonal = values[:, None] * self.squares + self.TYPICAL * (1 - self.squares)

    def solve(self, v: np.ndarray) -> np.ndarray:
        """The inverse times v (n_outputs, n_columns)."""
        rotated = (self.vectors.T @ v) @ self.basis
        rotated /= self.diagonal
        return self.vectors @ (rotated @ self.basis.T)


class Factors:
    """The inverse of A (x) G + penalty by Cholesky's factors.

    In the eigenvectors of A the matrix falls apart into one block a_k G + penalty for each
    eigenvalue a_k. Eigenvalues within a factor of each other share the Cholesky factor of
    m G + penalty, m between them; for each it is scaled by a_k / m, which is exact but for the
    penalty, where G is larger, and not scaled where the penalty is.
    """

    SAME = 8.0  # the ratio of eigenvalues that share a factor
    ROWS, COLUMNS = 48, 256  # that one thread solves for, and rotates, at a time
    THREAD_OPERATIONS = 1_000_000  # of a solve, below which it is left to one thread

    def __init__(self, moments: np.ndarray, penalty: np.ndarray, threads: int) -> None:
        self.moments, self.penalty, self.most_threads = moments, penalty, threads

    def follow(self, values: np.ndarray, vectors: np.ndarray) -> None:
        """Take over the eigenvalues and the eigenvectors of another A."""
        self.vectors, self.parts = vectors, []
        scale = np.ones_like(values)
        first = 0
        while first < len(values):
            last = int(np.searchsorted(values, values[first] * self.SAME, side="right"))
            middle = float(np.sqrt(values[first] * values[last - 1]))
            block = middle * self.moments
            if np.trace(block) > self.penalty.sum():
                scale[first:last] = np.sqrt(middle / values[first:last])
            block[np.diag_indices(len(block))] += self.penalty
            factor = Triangle(cholesky(block, RIDGE))
            self.parts += [(rows, factor) for rows in slices(first, last, self.ROWS)]
            first = last
        self.vectors = vectors * scale
        # Where all share one factor, the eigenvectors would undo each other.
        self.rotates = bool((scale != 1).any()) or self.parts[-1][1] is not self.parts[0][1]
        worth = len(values) * len(self.moments) ** 2 >= self.THREAD_OPERATIONS
        self.threads = self.most_threads if worth else 1

    def solve(self, v: np.ndarray) -> np.ndarray:
        """The inverse times v (n_outputs, n_columns)."""
        if not self.rotates:
            return self._solve_parts(v.copy())
        return self._rotate(self.vectors, self._solve_parts(self._rotate(self.vectors.T, v)))

    def _solve_parts(self, rotated: np.ndarray) -> np.ndarray:
        def work(part: tuple[slice, Triangle]) -> None:
            rows, factor = part
            factor.solve(rotated[rows])

        _threads.map_in_order(work, self.parts, self.threads)
        return rotated

    def _rotate(self, vectors: np.ndarray, v: np.ndarray) -> np.ndarray:
        out = np.empty_like(v)

        def work(columns: slice) -> None:
            out[:, columns] = vectors @ v[:, columns]

        _threads.map_in_order(work, slices(0, v.shape[1], self.COLUMNS), self.threads)
        return out


def _eigenvalues(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The eigenvalues of a covariance of the classes, from the smallest, and the eigenvectors."""
    values, vectors = scipy.linalg.eigh(covariance)
    if len(values) > 1:
        # The smallest is 0, for a shift of all logits of a sample alike. No gradient points there
        # but by rounding, which the largest in its place keeps small.
        values = np.append(values[1:], values[-1])
        vectors = np.roll(vectors, -1, axis=1)
    return np.maximum(values, values[-1] * 1e-10), vectors
