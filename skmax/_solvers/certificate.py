"""How far a point is from the minimum, and whether that is near enough."""

import numpy as np

from skmax._solvers.conjugate_gradients import LOOSE, Enough, Step, norm_of
from skmax._solvers.protocol import Inverse, Objective, P, Point
from skmax._solvers.result import Status

#: The rounding of a probability: residuals, and what there is to gain, are not known better. A loss
#: that all but vanishes is at its minimum when less than this is left.
ROUNDING = float(np.finfo(np.float64).eps)
NOISE = 100  # times the resolution of the value, a gap that may be rounding of the gradient
TINY = float(np.finfo(np.float64).tiny)


class Certificate:
    """Estimates value - minimum, above rather than below, and to within a factor of ten.

    By the quadratic model of a step it is what the step gains and what the model has left then. By
    the gradient it is half its square, in the norm of the preconditioner's inverse, times what that
    has been too small by: for the model (`Step.shortfall`), and for the objective, which has gone
    down by more since the estimate before this one. That is the weaker evidence, as it knows the
    Hessian of the step before only, and the one for exact steps, where another model is dear.

    As curvature falls along it, a step leaves the fraction t of the gradient beyond what its model
    left. It will be followed by others: both are for a geometric series, 1 / (1 - t).
    """

    MARGIN, MOST = 3.0, 10.0  # of the series, at most
    ENOUGH = 0.1  # of the gap that is wanted: the objective differs from its model

    def __init__(self) -> None:
        self.estimate, self.shortfall, self.series = np.inf, 1.0, 1.0

    def of_model(self, step: Step, value: float) -> float:
        """The relative gap where a step was computed from, before it is taken."""
        if not step.inside:
            return np.inf
        decrease = step.decrease + max(step.shortfall, self.shortfall) * step.left
        return relative_gap(self.MARGIN * self.series * decrease, value)

    def enough(self, tol: float, value: float) -> Enough:
        """Whether a step is solved for as exactly as a gap of tol takes."""
        wanted = tol * value

        def is_enough(first: float, left: float, gained: float) -> bool:
            if left > LOOSE**2 * first:
                return False
            by_model = self.MARGIN * self.series * (gained + self.shortfall * left)
            return by_model <= wanted or left <= self.ENOUGH * wanted

        return is_enough

    def after(self, step: Step, value_before: float, point: P, preconditioner: Inverse) -> float:
        """The relative gap at the point that a step has led to, by the gradient there."""
        norm = norm_of(point.gradient, preconditioner)
        gone = (value_before - point.value) / self.estimate
        by_model = np.sqrt(2 * step.left) if step.inside else 0.0
        unforeseen = max(norm - by_model, 0.0) / max(step.gradient_norm, TINY)
        self.shortfall = max(1.0, step.shortfall)
        self.series = 1 / max(1 - unforeseen, 1 / self.MOST)
        self.estimate = max(0.5 * norm**2, TINY)
        too_small = max(gone, self.shortfall) * self.series
        return relative_gap(self.MARGIN * too_small * self.estimate, point.value)


def lowest_decrease(objective: Objective[Point], value: float) -> float:
    """A decrease of the value that rounding may feign or hide."""
    return max(objective.resolution * abs(value), ROUNDING)


def final_status(gap: float, value: float, tol: float, objective: Objective[Point]) -> Status:
    """The status where the last step has brought the gap within tol, or down to rounding."""
    if gap <= tol:
        return Status.WITHIN_TOL
    left = gap * (value / (1 + gap)) if np.isfinite(gap) else value  # gap times the minimum
    # The estimate of the gap is above it rather than below, by a factor of ten at most.
    within_noise = gap <= NOISE * objective.resolution or left <= 10 * ROUNDING
    return Status.AT_PRECISION if within_noise else Status.OUT_OF_PRECISION


def relative_gap(decrease: float, value: float) -> float:
    """(value - minimum) / minimum, where the minimum is value - decrease."""
    minimum = value - decrease
    return decrease / minimum if minimum > 0 else np.inf
