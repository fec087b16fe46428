"""L-BFGS, its memory started from a preconditioner.

J. Nocedal, S. J. Wright, Numerical Optimization, 2006, algorithm 7.4; the line search brackets the
weak Wolfe conditions (A. S. Lewis, M. L. Overton, Math. Program. 141, 2013).
"""

from collections import deque
from typing import Any, NamedTuple

import numpy as np

from skmax._solvers.newton import LEFT, ended, norm_of, relative_gap, steihaug
from skmax._solvers.result import (
    NO_DESCENT,
    OUT_OF_ITERATIONS,
    SEPARABLE,
    OnIteration,
    Result,
)

MEMORY = 20
DECREASE, CURVATURE = 1e-4, 0.9  # of the weak Wolfe conditions
MOST_TRIALS = 30  # of one line search


class Pair(NamedTuple):
    """A step, the change of the gradient along it, their product, and what M gets wrong of it."""

    change: np.ndarray
    difference: np.ndarray
    curvature: float
    scale: float


def lbfgs(
    objective: Any,
    coef: np.ndarray,
    preconditioner: Any,
    *,
    tol: float,
    max_iter: int,
    on_iteration: OnIteration,
) -> Result:
    """Minimise `objective` from `coef`; at the end a Newton step confirms the gap and is taken."""
    value, gradient = objective.value_and_gradient(coef)
    preconditioner.refresh(objective, np.inf)
    memory: deque[Pair] = deque(maxlen=MEMORY)
    values, gap, worth_a_look = [value], np.inf, tol
    for n_iter in range(1, max_iter + 1):
        if value <= objective.vanishing:
            return Result(coef, value, np.inf, n_iter - 1, False, SEPARABLE, values)
        # 0. The curvature that the preconditioner has seen grows old.
        if n_iter % MEMORY == 0:
            preconditioner.refresh(objective, gap)
        # 1. The gap, as the preconditioner sees it; then, if it is small, by Newton's equation.
        floor = objective.resolution * abs(value)
        seen = 0.5 * norm_of(gradient, preconditioner) ** 2
        gap = relative_gap(seen, value)
        if gap <= worth_a_look or seen <= floor:
            step = steihaug(objective.hessian_product, preconditioner.solve, gradient, np.inf, 0.02)
            gap = relative_gap(step.decrease + step.left, value)
            new_value, new_gradient = objective.value_and_gradient(coef + step.direction)
            if new_value <= value + floor:
                change, coef = step.direction, coef + step.direction
                _remember(memory, change, new_gradient - gradient, preconditioner)
                value, gradient = new_value, new_gradient
            else:
                objective.value_and_gradient(coef)
            values.append(value)
            on_iteration(n_iter, value, gap)
            left = relative_gap(0.5 * norm_of(gradient, preconditioner) ** 2, value)
            enough = max(LEFT * tol, objective.resolution)
            if step.decrease <= floor or (gap <= tol and left <= enough):
                return ended(coef, value, left, n_iter, values, tol, objective.resolution)
            if gap > tol:
                worth_a_look /= 10
            continue
        # 2. The direction, by the two loops over the memory.
        direction = _two_loops(gradient, memory, preconditioner)
        slope = float(np.vdot(gradient, direction))
        if slope >= 0:
            memory.clear()
            direction = -preconditioner.solve(gradient)
            slope = float(np.vdot(gradient, direction))
        # 3. How far to go along it.
        found = _line_search(objective, coef, value, slope, direction, floor)
        if found is None:
            if memory:
                memory.clear()
                continue
            return Result(coef, value, gap, n_iter, gap <= tol, NO_DESCENT, values)
        length, new_value, new_gradient = found
        # 4. Remember how the gradient changed.
        change = length * direction
        _remember(memory, change, new_gradient - gradient, preconditioner)
        coef, value, gradient = coef + change, new_value, new_gradient
        values.append(value)
        on_iteration(n_iter, value, gap)
    return Result(coef, value, gap, max_iter, False, OUT_OF_ITERATIONS, values)


def _remember(
    memory: deque[Pair], change: np.ndarray, difference: np.ndarray, preconditioner: Any
) -> None:
    """Keep a pair whose curvature is positive beyond rounding."""
    curvature = float(np.vdot(change, difference))
    if curvature > 1e-14 * np.linalg.norm(change) * np.linalg.norm(difference):
        scale = curvature / norm_of(difference, preconditioner) ** 2
        memory.append(Pair(change, difference, curvature, scale))


def _two_loops(gradient: np.ndarray, memory: deque[Pair], preconditioner: Any) -> np.ndarray:
    """-H gradient for the inverse Hessian H that the memory has built on the preconditioner."""
    q = gradient.copy()
    shares = []
    for pair in reversed(memory):
        share = float(np.vdot(pair.change, q)) / pair.curvature
        q -= share * pair.difference
        shares.append(share)
    r = preconditioner.solve(q) * (memory[-1].scale if memory else 1.0)
    for pair, share in zip(memory, reversed(shares), strict=True):
        r += (share - float(np.vdot(pair.difference, r)) / pair.curvature) * pair.change
    return -r


def _line_search(
    objective: Any,
    coef: np.ndarray,
    value: float,
    slope: float,
    direction: np.ndarray,
    floor: float,
) -> tuple[float, float, np.ndarray] | None:
    """A step length that meets the weak Wolfe conditions; None where the value only rises."""
    low, high, length = 0.0, np.inf, 1.0
    best = None
    for _ in range(MOST_TRIALS):
        new_value, new_gradient = objective.value_and_gradient(coef + length * direction)
        if not new_value <= value + DECREASE * length * slope + floor:
            high = length
        else:
            best = (length, new_value, new_gradient)
            if float(np.vdot(new_gradient, direction)) >= CURVATURE * slope:
                return best
            low = length
        length = 0.5 * (low + high) if np.isfinite(high) else 2 * length
    return best
