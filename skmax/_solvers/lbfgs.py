"""L-BFGS, its memory started from a preconditioner.

J. Nocedal, S. J. Wright, Numerical Optimization, 2006, algorithm 7.4; the line search brackets the
weak Wolfe conditions (A. S. Lewis, M. L. Overton, Math. Program. 141, 2013).
"""

import functools
from collections import deque
from typing import Generic, NamedTuple

import numpy as np
from scipy.linalg.blas import daxpy, ddot

from skmax._solvers.certificate import (
    Certificate,
    final_status,
    lowest_decrease,
    relative_gap,
)
from skmax._solvers.conjugate_gradients import (
    Step,
    forcing,
    norm_of,
    steihaug,
)
from skmax._solvers.protocol import Objective, OnIteration, P, Preconditioner
from skmax._solvers.result import Result, Status

MEMORY, MEMORY_SIZE = 10, 6_000_000  # steps remembered, and the numbers that they may be made of
RESCALE = 3  # pairs after which the memory's scale is computed again
FIRST_REFRESH = 10  # the step at which the preconditioner is refreshed; then at twice as many
DECREASE, CURVATURE = 1e-4, 0.9  # of the weak Wolfe conditions
MOST_TRIALS = 30  # of one line search
NEAR = 1e-6  # the relative gap from which on Newton's steps are the quicker ones,
MANY, NOT_FAR = 200, 1e-3  # and that gap after many steps of a memory that does not help
#: Iterations after which the memory is so wrong that conjugate gradients to a loose tolerance may
#: not see all directions that it is wrong in: the end is then confirmed to this one. On 6 rows of 7
#: raw columns, after 142 iterations, the gap seemed to be 4e-9 where it was 2e-6. Of 60 such fits 7
#: ended above tol with 0.1, 2 with 0.02, none with 0.002, which costs up to a fifth of long fits.
#: Of 300 others 3 did after 33 to 60 iterations, and one where fits of FEW coefficients are
#: confirmed always.
ORDINARY, CERTAIN, FEW = 100, 0.002, 2500
UNDERESTIMATE = 0.1  # of the true gap, what the memory may see of it


class Pair(NamedTuple):
    """A step, the change of the gradient along it, and their product."""

    change: np.ndarray
    difference: np.ndarray
    curvature: float


class QuasiNewtonMemory(Generic[P]):
    """The last pairs, and the inverse Hessian that they make of the preconditioner's by BFGS.

    The latter is scaled by what it gets wrong of a pair. That takes a solve and changes slowly: it
    is computed for the first pair after `refresh`, and then for every third.
    """

    def __init__(self, preconditioner: Preconditioner[P], size: int) -> None:
        self.preconditioner = preconditioner
        self.pairs: deque[Pair] = deque(maxlen=max(3, min(MEMORY, MEMORY_SIZE // (2 * size))))
        self.scale, self.n_since = 1.0, 0

    def remember(self, change: np.ndarray, difference: np.ndarray) -> None:
        """Keep a pair whose curvature is positive beyond rounding."""
        curvature = float(np.vdot(change, difference))
        if curvature > 1e-14 * np.linalg.norm(change) * np.linalg.norm(difference):
            self.pairs.append(Pair(change.ravel(), difference.ravel(), curvature))
            if self.n_since % RESCALE == 0:
                self.scale = curvature / norm_of(difference, self.preconditioner) ** 2
            self.n_since += 1

    def refresh(self, point: P, gap: float) -> None:
        """Let the preconditioner look at the present point."""
        self.preconditioner.refresh(point, gap)
        self.n_since = 0

    def solve(self, v: np.ndarray) -> np.ndarray:
        """The inverse Hessian times v, by the two loops over the pairs."""
        q = v.ravel().copy()
        multipliers = []
        for pair in reversed(self.pairs):
            alpha = ddot(pair.change, q) / pair.curvature
            daxpy(pair.difference, q, a=-alpha)
            multipliers.append(alpha)
        r = self.preconditioner.solve(q.reshape(v.shape)).ravel()
        if self.pairs:
            r *= self.scale
        for pair, alpha in zip(self.pairs, reversed(multipliers), strict=True):
            daxpy(pair.change, r, a=alpha - ddot(pair.difference, r) / pair.curvature)
        return r.reshape(v.shape)


def lbfgs(
    objective: Objective[P],
    point: P,
    preconditioner: Preconditioner[P],
    *,
    tol: float,
    max_iter: int,
    on_iteration: OnIteration,
) -> Result[P]:
    """Minimise from `point`; at the end Newton steps confirm the gap and close it."""
    preconditioner.refresh(point, np.inf)
    memory = QuasiNewtonMemory(preconditioner, point.coef.size)
    values, gap, newton_step, next_refresh = [point.value], np.inf, False, FIRST_REFRESH
    certificate = Certificate()
    for n_iter in range(1, max_iter + 1):
        if point.value <= objective.vanishing:
            return Result(point, np.inf, n_iter - 1, Status.SEPARABLE, values)
        # 0. The curvature that the preconditioner has seen grows old.
        if n_iter == next_refresh:
            memory.refresh(point, gap)
            next_refresh *= 2
        # 1. The direction, and the gap as the memory sees it.
        direction = -memory.solve(point.gradient)
        slope = float(np.vdot(point.gradient, direction))
        floor = lowest_decrease(objective, point.value)
        gap = relative_gap(-0.5 * slope, point.value)
        # 2. Where that is small, Newton's equation tells, and from then on gives the steps.
        near = max(UNDERESTIMATE * tol, NEAR if n_iter <= MANY else NOT_FAR)
        newton_step = newton_step or gap <= near or -0.5 * slope <= floor
        if newton_step:
            long = n_iter > ORDINARY
            step = newton_step_of(point, memory, certificate, gap, tol, floor, long)
            gap = certificate.of_model(step, point.value)
            rounding = long and step.decrease <= floor  # is all that is seen to be left
            if rounding:
                gap = relative_gap(certificate.MARGIN * floor, point.value)
            if gap <= tol or rounding:
                status = final_status(gap, point.value, tol, objective)
                return Result(point, gap, n_iter - 1, status, values, step=step.direction)
            direction, slope = step.direction, float(np.vdot(point.gradient, step.direction))
        found = line_search(objective, point, slope, direction, floor)
        # 3. Remember how the gradient changed.
        if found is not None:
            change, trial = found
            memory.remember(change, trial.gradient - point.gradient)
            if newton_step:
                gap = certificate.after(step, point.value, trial, memory)
            point = trial
        values.append(point.value)
        if on_iteration(n_iter, point.value, gap, point.coef):
            return Result(point, gap, n_iter, Status.ASKED_TO_STOP, values)
        # 4. Stop where nothing can be gained.
        if newton_step and step.decrease <= floor:
            status = final_status(gap, point.value, tol, objective)
            return Result(point, gap, n_iter, status, values, step=step.direction)
        if found is None:
            if not memory.pairs:
                return Result(point, gap, n_iter, Status.NO_DESCENT, values)
            memory.pairs.clear()
    return Result(point, gap, max_iter, Status.OUT_OF_ITERATIONS, values)


def newton_step_of(
    point: P,
    memory: QuasiNewtonMemory[P],
    certificate: Certificate,
    gap: float,
    tol: float,
    floor: float,
    long: bool,
) -> Step:
    """The Newton step by conjugate gradients, with the memory as preconditioner.

    To CERTAIN where it would be the end: of a fit of few coefficients by the gap, of a long one.
    """
    solve = functools.partial(steihaug, point.hessian_product, memory.solve, point.gradient, np.inf)
    step = solve(forcing(gap), enough=certificate.enough(tol, point.value))
    at_floor = step.decrease <= floor
    within = certificate.of_model(step, point.value) <= tol
    few = point.coef.size <= FEW and not at_floor
    return solve(CERTAIN) if (within and few) or (long and (within or at_floor)) else step


def line_search(
    objective: Objective[P], point: P, slope: float, direction: np.ndarray, floor: float
) -> tuple[np.ndarray, P] | None:
    """A step that meets the weak Wolfe conditions, and the point that it leads to.

    The best of those that only go down far enough, where none meets both; None if all go up.
    """
    low, high = 0.0, np.inf
    length = min(1.0, point.value / -slope) if slope < 0 else 1.0  # there is no more to gain
    best = None
    for _ in range(MOST_TRIALS):
        trial = objective.at(point.coef + length * direction)
        if not trial.value <= point.value + DECREASE * length * slope + floor:
            high = length
        else:
            best = (length * direction, trial)
            if float(np.vdot(trial.gradient, direction)) >= CURVATURE * slope:
                return best
            low = length
        length = 0.5 * (low + high) if np.isfinite(high) else 2 * length
    return best
