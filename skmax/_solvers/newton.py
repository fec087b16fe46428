"""Newton's method with a trust region, each step by preconditioned conjugate gradients.

The region is a ball in the norm of the preconditioner, which the steps of conjugate gradients from
zero leave only once (T. Steihaug, SIAM J. Numer. Anal. 20, 1983; A. R. Conn, N. I. M. Gould,
P. L. Toint, Trust-Region Methods, SIAM 2000, sections 7.5 and 17.4). It opens at the norm of the
first Newton step. With the exact Hessian as preconditioner a step is Newton's, cut to the region.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from skmax._solvers.result import SEPARABLE, OnIteration, Result

ACCEPT, POOR, GOOD = 1e-4, 0.25, 0.75  # of the predicted decrease, the share that was reached
MOST_PRODUCTS = 200  # Hessian products for one step


@dataclass
class Step:
    """A step, the decrease its quadratic model predicts, and what the model has left to gain."""

    direction: np.ndarray
    decrease: float
    left: float
    norm: float
    inside: bool


def newton(
    objective: Any,
    coef: np.ndarray,
    preconditioner: Any,
    *,
    tol: float,
    max_iter: int,
    on_iteration: OnIteration,
) -> Result:
    """Minimise `objective` from `coef`, until the Newton decrement bounds the relative gap by tol.

    Half the squared decrement estimates value - minimum. The step that it was computed for is still
    taken, so that the gap at the end is about the square of the one that was tested.
    """
    product = getattr(preconditioner, "product", objective.hessian_product)
    value, gradient = objective.value_and_gradient(coef)
    preconditioner.refresh(objective)
    radius = norm_of(gradient, preconditioner)
    values, gap = [value], np.inf
    for n_iter in range(1, max_iter + 1):
        if value <= objective.vanishing:
            return Result(coef, value, np.inf, n_iter - 1, False, SEPARABLE, values)
        # 1. The step: the quadratic model's minimum within the trust region.
        step = steihaug(product, preconditioner.solve, gradient, radius, forcing(gap))
        gap_here = relative_gap(step.decrease + step.left, value) if step.inside else np.inf
        floor = objective.resolution * abs(value)
        last = gap_here <= tol or step.decrease <= floor
        # 2. How far the objective follows its model.
        new_value, new_gradient = objective.value_and_gradient(coef + step.direction)
        decrease = value - new_value
        ratio = (decrease + floor) / (step.decrease + floor)
        # 3. The region for the next step.
        if ratio < POOR:
            radius = POOR * step.norm
        elif ratio > GOOD and not step.inside:
            radius = 2 * radius
        # 4. Take the step, unless the objective has not gone down.
        accepted = ratio > ACCEPT
        if accepted:
            coef, value, gradient = coef + step.direction, new_value, new_gradient
            gap = gap_here
        else:
            objective.value_and_gradient(coef)
        values.append(value)
        on_iteration(n_iter, value, gap)
        if last:
            return _finished(objective, coef, values, step, gap_here, n_iter, accepted, tol)
        if accepted:
            preconditioner.refresh(objective)
    message = f"it took all {max_iter} iterations (max_iter)"
    return Result(coef, value, gap, max_iter, False, message, values)


def _finished(
    objective: Any,
    coef: np.ndarray,
    values: list[float],
    step: Step,
    gap: float,
    n_iter: int,
    accepted: bool,
    tol: float,
) -> Result:
    """The result after the last step: what its model left to gain is the gap that remains."""
    value = values[-1]
    if accepted:
        gap = max(relative_gap(step.left + step.decrease**2 / max(value, 1e-300), value), 0.0)
    gap = max(gap, 0.0)
    message = f"the estimated relative gap is at most tol={tol:g}"
    if gap > tol:
        message = "no further decrease is possible in the precision of the data"
    return Result(coef, value, gap, n_iter, True, message, values)


def steihaug(
    product: Callable[[np.ndarray], np.ndarray],
    solve: Callable[[np.ndarray], np.ndarray],
    gradient: np.ndarray,
    radius: float,
    tolerance: float,
) -> Step:
    """Conjugate gradients for H s = -gradient, stopped at the edge of the region |s|_M <= radius.

    M is the preconditioner; `tolerance` is relative, in the norm of its inverse.
    """
    step = np.zeros_like(gradient)
    residual = gradient.copy()
    solved = solve(residual)
    direction = -solved
    size = float(np.vdot(residual, solved))  # |residual|^2 in the inverse norm
    enough = tolerance**2 * size
    step_step, step_direction, direction_direction = 0.0, 0.0, size
    decrease = 0.0
    for _ in range(MOST_PRODUCTS):
        if size <= enough or size <= 0:
            break
        curved = product(direction)
        curvature = float(np.vdot(direction, curved))
        if curvature <= 0:
            break
        length = size / curvature
        ahead = step_step + 2 * length * step_direction + length**2 * direction_direction
        if ahead >= radius**2 * (1 + 1e-9):
            # Where the edge is crossed: a root of |step + t direction|_M = radius.
            beyond = radius**2 - step_step
            root = np.sqrt(max(step_direction**2 + direction_direction * beyond, 0.0))
            to_edge = beyond / (step_direction + root)
            step = step + to_edge * direction
            decrease += to_edge * size - 0.5 * to_edge**2 * curvature
            return Step(step, decrease, np.inf, radius, inside=False)
        step = step + length * direction
        decrease += 0.5 * length * size
        residual = residual + length * curved
        solved = solve(residual)
        new_size = float(np.vdot(residual, solved))
        direction = -solved + (new_size / size) * direction
        step_direction = (new_size / size) * (step_direction + length * direction_direction)
        direction_direction = new_size + (new_size / size) ** 2 * direction_direction
        step_step, size = ahead, new_size
    return Step(step, decrease, 0.5 * max(size, 0.0), float(np.sqrt(step_step)), inside=True)


def forcing(gap: float) -> float:
    """How exactly to solve for the next step: loosely far away, to 2% near the optimum."""
    return float(np.clip(np.sqrt(gap), 0.02, 0.3)) if np.isfinite(gap) else 0.3


def norm_of(gradient: np.ndarray, preconditioner: Any) -> float:
    """The length of the gradient in the norm of the preconditioner's inverse."""
    return float(np.sqrt(max(np.vdot(gradient, preconditioner.solve(gradient)), 0.0)))


def relative_gap(decrease: float, value: float) -> float:
    """(value - minimum) / minimum, where the minimum is value - decrease."""
    minimum = value - decrease
    return decrease / minimum if minimum > 0 else np.inf
