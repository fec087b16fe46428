"""The Hessian by Cholesky's factors: of all rows, of a sample, or formed when it pays."""

import numpy as np

from skmax import _kernels
from skmax._solvers.preconditioners.cholesky import cholesky, solve
from skmax._solvers.preconditioners.kronecker import UniformKronecker
from skmax._solvers.protocol import HessianPoint, Objective, Point, SampledPoint


class ExactHessian:
    """The Hessian itself: one step of conjugate gradients is then exact."""

    def __init__(self, objective: Objective[Point]) -> None:
        self.shape = objective.shape

    def refresh(self, point: HessianPoint, gap: float) -> bool:
        self.matrix = point.hessian()
        _fix_null_space(self.matrix, self.shape)
        self.factor = cholesky(self.matrix, _ridge(self.matrix))
        return False

    def solve(self, v: np.ndarray) -> np.ndarray:
        return solve(self.factor, v)

    def product(self, v: np.ndarray) -> np.ndarray:
        return (self.matrix @ v.ravel()).reshape(v.shape)


class SampledHessian:
    """The Hessian of a sample of rows, and far from the optimum some of the Kronecker product.

    Where the sample misses what a rare column and a rare class have in common, the estimate has
    hardly any curvature and a step would run away: the Kronecker product, which underestimates no
    direction by much, holds it, as Levenberg and Marquardt's damping would. Its weight is the
    relative gap, so that it is gone when steps become exact.
    """

    MOST_KRONECKER = 0.1  # of the product, at most

    def __init__(self, objective: Objective[Point], max_rows: int, moments: np.ndarray) -> None:
        self.shape, self.max_rows, self.moments = objective.shape, max_rows, moments

    def refresh(self, point: SampledPoint, gap: float) -> bool:
        hessian = point.hessian(self.max_rows)
        covariance = _class_factor(hessian, point.penalty_diagonal, self.moments)
        weight = min(self.MOST_KRONECKER, gap)
        _kernels.add_kronecker(weight * covariance, self.moments, hessian)
        _fix_null_space(hessian, self.shape)
        self.factor = cholesky(hessian, _ridge(hessian))
        return False

    def solve(self, v: np.ndarray) -> np.ndarray:
        return solve(self.factor, v)


class LazyHessian:
    """The Kronecker product at the start, where it is the Hessian; then the Hessian of a sample.

    A Hessian that costs no more than CHEAP_RATIO products is formed at every step. A dearer one is
    formed when products have cost as much, and again when they, and the solves with its factors,
    have after that: at most twice the cost of the better choice in hindsight (the ski rental
    problem: A. R. Karlin and others, Competitive snoopy caching, Algorithmica 3, 1988). A Hessian
    of some steps ago is a preconditioner for the present one.
    """

    ROWS_PER_COEF, ROWS_PER_COLUMN = 3, 30  # of the sample; at least the latter
    CHEAP_RATIO = 2
    #: The factors of D coefficients take as long as D / 14 solves: D / 9 at 154, D / 14 at 650 and
    #: D / 27 at 1632 on one core with AVX-512.
    FACTORS_PER_SOLVE = 14

    def __init__(self, objective: Objective[Point]) -> None:
        self.objective = objective
        self.fallback = UniformKronecker(objective)
        self.sampled: SampledHessian | None = None
        self.refreshed_at = -1  # products before the last Hessian; -1 before the first point
        self.n_solves = 0  # with the factors of the last Hessian
        self.solve_cost = (
            self.FACTORS_PER_SOLVE * objective.hessian_cost(0) / float(np.prod(objective.shape))
        )

    def refresh(self, point: SampledPoint, gap: float) -> bool:
        n_products, first_look = self.objective.passes.products, self.refreshed_at < 0
        if first_look:
            self.refreshed_at = n_products
            changed = self.fallback.refresh(point, gap)
            if not point.coef.any():
                return changed
        n_outputs, n_columns = self.objective.shape
        max_rows = max(self.ROWS_PER_COEF * n_outputs, self.ROWS_PER_COLUMN) * n_columns
        cost = self.objective.hessian_cost(max_rows)
        spent = n_products - self.refreshed_at + self.solve_cost * self.n_solves
        if cost > self.CHEAP_RATIO and spent < cost:
            follows = self.sampled is None and not first_look
            return self.fallback.refresh(point, gap) if follows else False
        self.refreshed_at, self.n_solves, first = n_products, 0, self.sampled is None
        if self.sampled is None:
            self.sampled = SampledHessian(self.objective, max_rows, self.fallback.moments)
        self.sampled.refresh(point, gap)
        return first

    def solve(self, v: np.ndarray) -> np.ndarray:
        if self.sampled is None:
            return self.fallback.solve(v)
        self.n_solves += 1
        return self.sampled.solve(v)


def _ridge(matrix: np.ndarray) -> float:
    """What rounding may have taken from a diagonal, relative to it."""
    return 8 * len(matrix) * float(np.finfo(np.float64).eps)


def _class_factor(hessian: np.ndarray, penalty: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """The factor (K, K) for which factor (x) moments has blocks with the traces of the Hessian."""
    n_columns = len(moments)
    n_outputs = len(hessian) // n_columns
    blocks = hessian.reshape(n_outputs, n_columns, n_outputs, n_columns)
    traces = np.einsum("kala->kl", blocks) - penalty.sum() * np.eye(n_outputs)
    return traces / np.trace(moments)


def _fix_null_space(hessian: np.ndarray, shape: tuple[int, int]) -> None:
    """Add (11'/K) (x) diagonal: the logits of all classes moved alike change no probability.

    Gradients have no part in that direction, so that steps stay as they are.
    """
    n_outputs, n_columns = shape
    if n_outputs == 1:
        return
    mean = hessian.diagonal().reshape(shape).mean(axis=0)
    blocks = hessian.reshape(n_outputs, n_columns, n_outputs, n_columns)
    diagonals = np.einsum("kala->kla", blocks)  # a view
    diagonals += mean / n_outputs
