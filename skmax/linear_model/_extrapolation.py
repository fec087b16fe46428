"""Where a fit along a grid of penalties begins: ahead of where the last one has ended."""

from collections import deque

import numpy as np

from skmax._objective import Objective, ObjectivePoint, SparseObjective


class Extrapolation:
    """The straight line against log C through the optima under the last two penalties.

    Coefficients of rows that are told apart grow with log C. Of standardised digits and 2000 rows
    of `mnist`, each C eight times the last, the relative gap is 0.7 at the last optimum and 0.003
    to 0.0004 on the line with C=1e4, 0.6 and 0.15 with C=0.05.

    Parameters
    ----------
    first : ObjectivePoint
        Where the first fit begins.
    """

    def __init__(self, first: ObjectivePoint) -> None:
        self._last = first
        self._optima: deque[tuple[float, np.ndarray]] = deque(maxlen=2)

    def remember(self, C: float, optimum: ObjectivePoint) -> None:
        """Keep the optimum under a penalty."""
        self._last = optimum
        self._optima.append((float(np.log(C)), optimum.coef))

    def start(self, objective: Objective, C: float) -> ObjectivePoint:
        """A point of the objective with this C: that on the line, unless the last one is lower."""
        here = objective.of(self._last)
        if len(self._optima) < 2 or not np.isfinite(C):
            return here
        (log_before, before), (log_now, now) = self._optima
        ahead = now + (np.log(C) - log_now) / (log_now - log_before) * (now - before)
        if isinstance(objective, SparseObjective):  # no coefficient leaves 0, or goes beyond
            ahead[(objective.thresholds > 0) & (ahead * now <= 0)] = 0.0
        there = objective.at(ahead)
        return there if there.value < here.value else here
