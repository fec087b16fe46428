"""Fits by the few of many columns that a penalty with absolute values leaves coefficients."""

import numpy as np

from skmax import _solvers
from skmax._objective import CrossEntropy, SparseObjective, SparsePoint
from skmax._solvers import NEAR_THRESHOLD
from skmax.linear_model._problem import Problem

#: Of all columns, and of them this many at least, the fraction up to which a copy of them pays.
FEW, WIDE = 0.25, 200
#: Times as many as are needed, beyond which the columns of earlier penalties are let go.
STALE = 4


class WorkingSet:
    """The columns that fits along a grid of penalties work on, and the problem of these alone."""

    def __init__(self) -> None:
        self.columns = np.empty(0, np.intp)
        self.problem: Problem | None = None
        self.active_hessian = _solvers.ActiveHessian(_solvers.DEAR)

    def cover(self, problem: Problem, point: SparsePoint) -> bool:
        """Hold all columns that have a coefficient at the point or may get one, if these are few.

        The optimum of few columns is that of all where no other slope is beyond its threshold.
        """
        objective = problem.objective
        assert isinstance(objective, SparseObjective)
        slope = np.abs(point.gradient).max(axis=0)
        needed = (slope >= (1 - NEAR_THRESHOLD) * objective.thresholds) | (point.coef != 0).any(
            axis=0
        )
        n_columns = len(needed)
        wide = n_columns >= WIDE and isinstance(problem.data, CrossEntropy)
        if not wide or needed.sum() > FEW * n_columns:
            return False
        held = np.zeros(n_columns, bool)
        held[self.columns] = True
        if self.problem is None or (needed & ~held).any():
            many = (needed | held).sum() > FEW * n_columns
            stale = many or held.sum() > STALE * needed.sum()
            self.columns = np.flatnonzero(needed if stale else needed | held)
            self.problem = problem.of_columns(self.columns)
            self.active_hessian = _solvers.ActiveHessian(_solvers.DEAR)
        return True

    def expanded(self, coef: np.ndarray, n_columns: int) -> np.ndarray:
        """Coefficients of these columns as those of all."""
        out = np.zeros((len(coef), n_columns))
        out[:, self.columns] = coef
        return out
