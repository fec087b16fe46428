"""L-BFGS, its memory started from a preconditioner.

J. Nocedal, S. J. Wright, Numerical Optimization, 2006, algorithm 7.4; the line search brackets the
weak Wolfe conditions (A. S. Lewis, M. L. Overton, Math. Program. 141, 2013).
"""

from collections import deque
from typing import Any

import numpy as np

from skmax._solvers.newton import norm_of, relative_gap, steihaug
from skmax._solvers.result import SEPARABLE, OnIteration, Result

MEMORY = 20
DECREASE, CURVATURE = 1e-4, 0.9  # of the weak Wolfe conditions
MOST_TRIALS = 30  # of one line search


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
    preconditioner.refresh(objective)
    memory: deque[tuple[np.ndarray, np.ndarray, float]] = deque(maxlen=MEMORY)
    values, gap, worth_a_look = [value], np.inf, tol
    for n_iter in range(1, max_iter + 1):
        if value <= objective.vanishing:
            return Result(coef, value, np.inf, n_iter - 1, False, SEPARABLE, values)
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
                _remember(memory, change, new_gradient - gradient)
                value, gradient = new_value, new_gradient
            values.append(value)
            on_iteration(n_iter, value, gap)
            if gap <= tol or step.decrease <= floor:
                left = max(relative_gap(step.left, value), 0.0)
                message = f"the estimated relative gap is at most tol={tol:g}"
                return Result(coef, value, left, n_iter, True, message, values)
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
            message = "no further decrease was found along the direction of descent"
            return Result(coef, value, gap, n_iter, gap <= tol, message, values)
        length, new_value, new_gradient = found
        # 4. Remember how the gradient changed.
        change = length * direction
        _remember(memory, change, new_gradient - gradient)
        coef, value, gradient = coef + change, new_value, new_gradient
        values.append(value)
        on_iteration(n_iter, value, gap)
    message = f"it took all {max_iter} iterations (max_iter)"
    return Result(coef, value, gap, max_iter, False, message, values)


def _remember(memory: deque, change: np.ndarray, difference: np.ndarray) -> None:
    """Keep a pair whose curvature is positive beyond rounding."""
    curvature = float(np.vdot(change, difference))
    if curvature > 1e-14 * np.linalg.norm(change) * np.linalg.norm(difference):
        memory.append((change, difference, curvature))


def _two_loops(gradient: np.ndarray, memory: deque, preconditioner: Any) -> np.ndarray:
    """-H gradient for the inverse Hessian H that the memory has built on the preconditioner."""
    q = gradient.copy()
    shares = []
    for change, difference, curvature in reversed(memory):
        share = float(np.vdot(change, q)) / curvature
        q -= share * difference
        shares.append(share)
    r = preconditioner.solve(q)
    for (change, difference, curvature), share in zip(memory, reversed(shares), strict=True):
        r += (share - float(np.vdot(difference, r)) / curvature) * change
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
