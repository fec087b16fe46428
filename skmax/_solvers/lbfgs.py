"""L-BFGS, its memory started from a preconditioner.

J. Nocedal, S. J. Wright, Numerical Optimization, 2006, algorithm 7.4; the line search brackets the
weak Wolfe conditions (A. S. Lewis, M. L. Overton, Math. Program. 141, 2013).
"""

from collections import deque
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg.blas import daxpy, ddot

from skmax._solvers.newton import ended, enough, forcing, norm_of, relative_gap, steihaug
from skmax._solvers.result import (
    ASKED_TO_STOP,
    NO_DESCENT,
    OUT_OF_ITERATIONS,
    SEPARABLE,
    OnIteration,
    Result,
)

MEMORY, ROOM = 10, 6_000_000  # steps remembered, and the numbers that they may be made of
RESCALE = 3  # pairs after which the memory's scale is computed again
FIRST_LOOK = 10  # the step at which the preconditioner looks again; then at twice as many
DECREASE, CURVATURE = 1e-4, 0.9  # of the weak Wolfe conditions
MOST_TRIALS = 30  # of one line search
NEAR = 1e-6  # the relative gap from which on Newton's steps are the quicker ones,
MANY, NOT_FAR = 200, 1e-3  # and that gap after many steps of a memory that does not help
UNDER = 0.1  # of the true gap, what the memory may see of it


class Pair(NamedTuple):
    """A step, the change of the gradient along it, and their product."""

    change: np.ndarray
    difference: np.ndarray
    curvature: float


class Memory:
    """The last pairs, and the inverse Hessian that they make of the preconditioner's by BFGS.

    The latter is scaled by what it gets wrong of a pair. That takes a solve and changes slowly: it
    is computed for the first pair after `look_again`, and then for every third.
    """

    def __init__(self, preconditioner: Any, size: int) -> None:
        self.preconditioner = preconditioner
        self.pairs: deque[Pair] = deque(maxlen=max(3, min(MEMORY, ROOM // (2 * size))))
        self.scale, self.n_since = 1.0, 0

    def remember(self, change: np.ndarray, difference: np.ndarray) -> None:
        """Keep a pair whose curvature is positive beyond rounding."""
        curvature = float(np.vdot(change, difference))
        if curvature > 1e-14 * np.linalg.norm(change) * np.linalg.norm(difference):
            self.pairs.append(Pair(change.ravel(), difference.ravel(), curvature))
            if self.n_since % RESCALE == 0:
                self.scale = curvature / norm_of(difference, self.preconditioner) ** 2
            self.n_since += 1

    def look_again(self, objective: Any, gap: float) -> None:
        """Let the preconditioner look at the present point."""
        self.preconditioner.refresh(objective, gap)
        self.n_since = 0

    def solve(self, v: np.ndarray) -> np.ndarray:
        """The inverse Hessian times v, by the two loops over the pairs."""
        q = v.ravel().copy()
        shares = []
        for pair in reversed(self.pairs):
            share = ddot(pair.change, q) / pair.curvature
            daxpy(pair.difference, q, a=-share)
            shares.append(share)
        r = self.preconditioner.solve(q.reshape(v.shape)).ravel()
        if self.pairs:
            r *= self.scale
        for pair, share in zip(self.pairs, reversed(shares), strict=True):
            daxpy(pair.change, r, a=share - ddot(pair.difference, r) / pair.curvature)
        return r.reshape(v.shape)


def lbfgs(
    objective: Any,
    coef: np.ndarray,
    preconditioner: Any,
    *,
    tol: float,
    max_iter: int,
    on_iteration: OnIteration,
) -> Result:
    """Minimise `objective` from `coef`; at the end Newton steps confirm the gap and close it."""
    value, gradient = objective.value_and_gradient(coef)
    preconditioner.refresh(objective, np.inf)
    memory = Memory(preconditioner, coef.size)
    values, gap, newton_step, next_look = [value], np.inf, False, FIRST_LOOK
    for n_iter in range(1, max_iter + 1):
        if value <= objective.vanishing:
            return Result(coef, value, np.inf, n_iter - 1, False, SEPARABLE, values)
        # 0. The curvature that the preconditioner has seen grows old.
        if n_iter == next_look:
            memory.look_again(objective, gap)
            next_look *= 2
        # 1. The direction, and the gap as the memory sees it.
        direction = -memory.solve(gradient)
        slope = float(np.vdot(gradient, direction))
        floor = objective.resolution * abs(value)
        gap = relative_gap(-0.5 * slope, value)
        # 2. Where that is small, Newton's equation tells, and from then on gives the steps.
        near = max(UNDER * tol, NEAR if n_iter <= MANY else NOT_FAR)
        newton_step = newton_step or gap <= near or -0.5 * slope <= floor
        if newton_step:
            step = steihaug(objective.hessian_product, memory.solve, gradient, np.inf, forcing(gap))
            gap = relative_gap(step.decrease + step.left, value)
            direction, slope = step.direction, float(np.vdot(gradient, step.direction))
        found = _line_search(objective, coef, value, slope, direction, floor)
        # 3. Remember how the gradient changed.
        if found is not None:
            change, new_value, new_gradient = found
            memory.remember(change, new_gradient - gradient)
            coef, value, gradient = coef + change, new_value, new_gradient
        values.append(value)
        if on_iteration(n_iter, value, gap, coef):
            return Result(coef, value, gap, n_iter, False, ASKED_TO_STOP, values)
        # 4. Stop where the gap is small before the Newton step and after it.
        if newton_step:
            left = relative_gap(0.5 * norm_of(gradient, memory) ** 2, value)
            if step.decrease <= floor or (gap <= tol and left <= enough(tol, objective)):
                return ended(coef, value, left, n_iter, values, tol, objective.resolution)
        if found is None:
            if not memory.pairs:
                return Result(coef, value, gap, n_iter, gap <= tol, NO_DESCENT, values)
            memory.pairs.clear()
    return Result(coef, value, gap, max_iter, False, OUT_OF_ITERATIONS, values)


def _line_search(
    objective: Any,
    coef: np.ndarray,
    value: float,
    slope: float,
    direction: np.ndarray,
    floor: float,
) -> tuple[np.ndarray, float, np.ndarray] | None:
    """A step that meets the weak Wolfe conditions, with value and gradient; None if all rise."""
    low, high, length = 0.0, np.inf, 1.0
    best = None
    for _ in range(MOST_TRIALS):
        new_value, new_gradient = objective.value_and_gradient(coef + length * direction)
        if not new_value <= value + DECREASE * length * slope + floor:
            high = length
        else:
            best = (length * direction, new_value, new_gradient)
            if float(np.vdot(new_gradient, direction)) >= CURVATURE * slope:
                return best
            low = length
        length = 0.5 * (low + high) if np.isfinite(high) else 2 * length
    # The curvature that the objective knows is to be that of the point taken.
    objective.value_and_gradient(coef if best is None else coef + best[0])
    return best
