"""Newton's method with a trust region, each step by preconditioned conjugate gradients.

The region is a ball in the norm of the preconditioner, which the steps of conjugate gradients from
zero leave only once (T. Steihaug, SIAM J. Numer. Anal. 20, 1983; A. R. Conn, N. I. M. Gould,
P. L. Toint, Trust-Region Methods, SIAM 2000, sections 7.5 and 17.4). It opens at the norm of the
first Newton step. With the exact Hessian as preconditioner a step is Newton's, cut to the region.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from skmax._solvers.protocol import (
    Inverse,
    Multiplies,
    Objective,
    OnIteration,
    P,
    Point,
    Preconditioner,
)
from skmax._solvers.result import Result, Status

#: Of the predicted decrease, the fraction that was reached (Conn, Gould, Toint, section 6.1).
ACCEPT, POOR, GOOD = 1e-4, 0.25, 0.75
MOST_PRODUCTS = 1000  # Hessian products for one step
#: The rounding of a probability: residuals, and what there is to gain, are not known better. A loss
#: that all but vanishes is at its minimum when less than this is left.
ROUNDING = float(np.finfo(np.float64).eps)
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
    objective: Objective[P],
    point: P,
    preconditioner: Preconditioner[P],
    *,
    tol: float,
    max_iter: int,
    on_iteration: OnIteration,
) -> Result[P]:
    """Minimise from `point`, until the Newton decrement bounds the relative gap by tol.

    Half the squared decrement estimates value - minimum. The step that it was computed for is still
    taken, and others after it until the gradient is that of a gap of tol**1.5: where curvature
    changes along the step, the decrement alone is too small an estimate.
    """
    preconditioner.refresh(point, np.inf)
    matrix_product = preconditioner.product if isinstance(preconditioner, Multiplies) else None
    radius = norm_of(point.gradient, preconditioner)
    values, gap = [point.value], np.inf
    for n_iter in range(1, max_iter + 1):
        if point.value <= objective.vanishing:
            return Result(point, np.inf, n_iter - 1, Status.SEPARABLE, values)
        # 1. The step: the quadratic model's minimum within the trust region.
        product = matrix_product or point.hessian_product  # without a pass over the rows, or by one
        step = steihaug(product, preconditioner.solve, point.gradient, radius, forcing(gap))
        decrement = step.decrease + step.left
        gap_before = relative_gap(decrement, point.value) if step.inside else np.inf
        floor = lowest_decrease(objective, point.value)
        # 2. How far the objective follows its model.
        trial = objective.at(point.coef + step.direction)
        ratio = (point.value - trial.value + floor) / (step.decrease + floor)
        # 3. The region for the next step.
        if not ratio >= POOR:  # NaN too
            radius = POOR * step.norm
        elif ratio > GOOD and not step.inside:
            radius = 2 * radius
        # 4. Take the step, unless the objective has not gone down.
        accepted = ratio > ACCEPT
        if accepted:
            point = trial
            gap = relative_gap(0.5 * norm_of(point.gradient, preconditioner) ** 2, point.value)
        values.append(point.value)
        if on_iteration(n_iter, point.value, gap, point.coef):
            return Result(point, gap, n_iter, Status.ASKED_TO_STOP, values)
        # 5. Stop where the gap is small before the step and after it, or nothing can be gained.
        small = gap_before <= tol and gap <= final_gap(tol, objective)
        if small or step.decrease <= floor:
            status = final_status(gap, point.value, tol, objective)
            return Result(point, gap, n_iter, status, values, step=step.direction)
        if accepted and preconditioner.refresh(point, gap):
            radius = norm_of(point.gradient, preconditioner)
    return Result(point, gap, max_iter, Status.OUT_OF_ITERATIONS, values)


def final_gap(tol: float, objective: Objective[Point]) -> float:
    """The gap that may be left after the last step: a thousandth of the default tolerance."""
    return max(tol**1.5, objective.resolution)


def lowest_decrease(objective: Objective[Point], value: float) -> float:
    """A decrease of the value that rounding may feign or hide."""
    return max(objective.resolution * abs(value), ROUNDING)


def final_status(gap: float, value: float, tol: float, objective: Objective[Point]) -> Status:
    """The status where the last step has brought the gap within tol, or down to rounding."""
    if gap <= tol:
        return Status.WITHIN_TOL
    left = gap * (value / (1 + gap)) if np.isfinite(gap) else value  # gap times the minimum
    within_noise = gap <= NOISE * objective.resolution or left <= ROUNDING
    return Status.AT_PRECISION if within_noise else Status.OUT_OF_PRECISION


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
    small = tolerance**2 * size
    step_step, step_direction, direction_direction = 0.0, 0.0, size
    decrease = 0.0
    for _ in range(MOST_PRODUCTS):
        if size <= small or size <= 0:
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


def norm_of(gradient: np.ndarray, preconditioner: Inverse) -> float:
    """The length of the gradient in the norm of the preconditioner's inverse."""
    return float(np.sqrt(max(np.vdot(gradient, preconditioner.solve(gradient)), 0.0)))


def relative_gap(decrease: float, value: float) -> float:
    """(value - minimum) / minimum, where the minimum is value - decrease."""
    minimum = value - decrease
    return decrease / minimum if minimum > 0 else np.inf
