"""The Hessian of the coefficients that a step changes, formed again where an old one is worn."""

import numpy as np

from skmax._solvers.protocol import SparsePoint

#: An old Hessian is worn when a step by it leaves more than this of the relative gap.
WORN = 0.1
#: What else a Hessian is formed for: coefficients of 0 whose slope is within this of the threshold,
#: as they may leave 0 next (the strong rule: R. Tibshirani and others, Strong rules for discarding
#: predictors in lasso-type problems, JRSS B 74, 2012), up to MORE times as many as are active.
NEAR_THRESHOLD, MORE = 0.2, 0.5
#: Over the number of coefficients, the square of the active ones from which a Hessian takes so much
#: longer than a pass that it serves several steps, along a grid of penalties. Paths of 100 of them
#: on `dna` and 5000 rows of `letter` take 0.5 and 0.55 of the time so, ten and five folds 0.55 to
#: 1.05 on eight of nine tables, and 1.3 of 1000 rows of `mnist`; fits that begin far from their
#: optimum would take up to 1.45 times as long.
DEAR = 4.0
#: The steps that such a Hessian serves: 2.6 on `dna`.
SERVED = 3


class ActiveHessian:
    """The Hessian at some point of a fit, or of one with another penalty, for the present one.

    A step by it still leads to the optimum, as its slope is that of the present point.

    Parameters
    ----------
    dear : float
        See DEAR; infinite for a Hessian that is formed for each step.
    """

    def __init__(self, dear: float) -> None:
        self.dear = dear
        self.active = np.zeros((0, 0), bool)
        self.matrix = np.zeros((0, 0))
        self.is_worn = self.is_new = True

    @property
    def served_steps(self) -> int:
        """How many steps are made by one dear Hessian, about."""
        return SERVED if np.isfinite(self.dear) else 1

    def at(self, point: SparsePoint, active: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
        """That of the coefficients of a mask (m, m), in memory of its own."""
        self.is_new = self.is_worn or not self._covers(active)
        if self.is_new:
            dear = int(active.sum()) ** 2 > self.dear * active.size
            self.active = active | _near(point, active, thresholds) if dear else active
            self.matrix = point.active_hessian(self.active)
            self.is_worn = not dear
        part = np.flatnonzero(active[self.active])
        return self.matrix[np.ix_(part, part)]

    def stepped(self, before: float, gap: float) -> None:
        """Look at what a step has made of the relative gap."""
        self.is_worn = self.is_worn or (not self.is_new and not gap < WORN * before)

    def _covers(self, active: np.ndarray) -> bool:
        return self.active.shape == active.shape and not (active & ~self.active).any()


def _near(point: SparsePoint, active: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """A mask of the coefficients that may become active soon, those nearest first."""
    slope = np.abs(point.gradient) / np.where(thresholds > 0, thresholds, np.inf)
    slope[active] = 0.0
    near = slope >= 1 - NEAR_THRESHOLD
    most = int(MORE * active.sum())
    if near.sum() > most:
        near &= slope > np.partition(slope.ravel(), -most - 1)[-most - 1]
    return near
