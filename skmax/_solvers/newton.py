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

from skmax._solvers.result import (
    ASKED_TO_STOP,
    AT_THE_FLOOR,
    OUT_OF_ITERATIONS,
    SEPARABLE,
    WITHIN_TOL,
    OnIteration,
    Result,
)

ACCEPT, POOR, GOOD = 1e-4, 0.25, 0.75  # of the predicted decrease, the share that was reached
MOST_PRODUCTS = 1000  # Hessian products for one step
NOISE = 100  # times the resolution of the value, a gap that may be rounding of the gradient


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
    taken, and others after it until the gradient is that of a gap of tol**1.5: where curvature
    changes along the step, the decrement alone is too small an estimate.
    """
    product = getattr(preconditioner, "product", objective.hessian_product)
    value, gradient = objective.value_and_gradient(coef)
    preconditioner.refresh(objective, np.inf)
    radius = norm_of(gradient, preconditioner)
    values, gap = [value], np.inf
    for n_iter in range(1, max_iter + 1):
        if value <= objective.vanishing:
            return Result(coef, value, np.inf, n_iter - 1, False, SEPARABLE, values)
        # 1. The step: the quadratic model's minimum within the trust region.
        step = steihaug(product, preconditioner.solve, gradient, radius, forcing(gap))
        gap_here = relative_gap(step.decrease + step.left, value) if step.inside else np.inf
        floor = objective.resolution * abs(value)
        at_floor = step.decrease <= floor
        # 2. How far the objective follows its model.
        new_value, new_gradient = objective.value_and_gradient(coef + step.direction)
        decrease = value - new_value
        ratio = (decrease + floor) / (step.decrease + floor)
        # 3. The region for the next step.
        if not ratio >= POOR:  # NaN too
            radius = POOR * step.norm
        elif ratio > GOOD and not step.inside:
            radius = 2 * radius
        # 4. Take the step, unless the objective has not gone down.
        accepted = ratio > ACCEPT
        if accepted:
            coef, value, gradient = coef + step.direction, new_value, new_gradient
            gap = relative_gap(0.5 * norm_of(gradient, preconditioner) ** 2, value)
        else:
            objective.value_and_gradient(coef)
        values.append(value)
        if on_iteration(n_iter, value, gap, coef):
            return Result(coef, value, gap, n_iter, False, ASKED_TO_STOP, values)
        # 5. Stop where the gap is small before the step and after it, or nothing can be gained.
        if at_floor or (gap_here <= tol and gap <= enough(tol, objective)):
            return ended(coef, value, gap, n_iter, values, tol, objective.resolution)
        if accepted and preconditioner.refresh(objective, gap):
            radius = norm_of(gradient, preconditioner)
    return Result(coef, value, gap, max_iter, False, OUT_OF_ITERATIONS, values)


def enough(tol: float, objective: Any) -> float:
    """The gap that may be left after the last step: a thousandth of the default tolerance."""
    return max(tol**1.5, objective.resolution)


def ended(
    coef: np.ndarray,
    value: float,
    gap: float,
    n_iter: int,
    values: list[float],
    tol: float,
    resolution: float,
) -> Result:
    """The result where the last step has brought the gap within tol, or down to rounding."""
    message = WITHIN_TOL if gap <= tol else AT_THE_FLOOR
    return Result(coef, value, gap, n_iter, gap <= max(tol, NOISE * resolution), message, values)


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
        step += length * direction
        decrease += 0.5 * length * size
        residual += length * curved
        solved = solve(residual)
        new_size = float(np.vdot(residual, solved))
        direction *= new_size / size
        direction -= solved
        step_direction = (new_size / size) * (step_direction + length * direction_direction)
        direction_direction = new_size + (new_size / size) ** 2 * direction_direction
        step_step, size = ahead, new_size
    return Step(step, decrease, 0.5 * max(size, 0.0), float(np.sqrt(step_step)), inside=True)


def forcing(gap: float) -> float:
    """How exactly to solve for a step: loosely at first, to 2% where only digits are missing."""
    return float(np.clip(100 * np.sqrt(gap), 0.02, 0.3)) if np.isfinite(gap) else 0.3


def norm_of(gradient: np.ndarray, preconditioner: Any) -> float:
    """The length of the gradient in the norm of the preconditioner's inverse."""
    return float(np.sqrt(max(np.vdot(gradient, preconditioner.solve(gradient)), 0.0)))


def relative_gap(decrease: float, value: float) -> float:
    """(value - minimum) / minimum, where the minimum is value - decrease."""
    minimum = value - decrease
    return decrease / minimum if minimum > 0 else np.inf
