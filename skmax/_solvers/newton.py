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
LOOSE = 0.3  # how exactly Newton's equation is solved, at the least
TINY = float(np.finfo(np.float64).tiny)
NOISE = 100  # times the resolution of the value, a gap that may be rounding of the gradient


#: Whether a step is solved for exactly enough: from what its model had to gain, what it has left,
#: both by the preconditioner, and what it has gained.
Enough = Callable[[float, float, float], bool]


def never_enough(first: float, left: float, gained: float) -> bool:
    """Go on to the tolerance."""
    return False


@dataclass
class Step:
    """A step, the decrease its quadratic model predicts, and what the model has left to gain.

    `left` is by the preconditioner; by the model it is up to `shortfall` times as much. `norm` and
    `gradient_norm` are lengths of the step and of the gradient it was computed for, in the norm of
    the preconditioner and of its inverse. `inside` says that the region did not cut it.
    """

    direction: np.ndarray
    decrease: float
    left: float
    norm: float
    gradient_norm: float
    shortfall: float
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
    """Minimise from `point`, until the relative gap is certified to be at most tol."""
    preconditioner.refresh(point, np.inf)
    matrix_product = preconditioner.product if isinstance(preconditioner, Multiplies) else None
    radius = first_radius(point, preconditioner)
    values, gap, certificate = [point.value], np.inf, Certificate()
    for n_iter in range(1, max_iter + 1):
        if point.value <= objective.vanishing:
            return Result(point, np.inf, n_iter - 1, Status.SEPARABLE, values)
        # 1. The step: the quadratic model's minimum within the trust region.
        product = matrix_product or point.hessian_product  # without a pass over the rows, or by one
        step = steihaug(
            product,
            preconditioner.solve,
            point.gradient,
            radius,
            forcing(gap),
            enough=certificate.enough(tol, point.value),
        )
        gap_here = certificate.of_model(step, point.value)
        if gap_here <= tol:
            done = n_iter - 1, Status.WITHIN_TOL, values
            return Result(point, gap_here, *done, step=step.direction)
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
            gap = certificate.after(step, point.value, trial, preconditioner)
            point = trial
        values.append(point.value)
        if on_iteration(n_iter, point.value, gap, point.coef):
            return Result(point, gap, n_iter, Status.ASKED_TO_STOP, values)
        # 5. Stop where an exact step has made the gap small, or nothing can be gained.
        if (matrix_product and step.inside and gap <= tol) or step.decrease <= floor:
            status = final_status(gap, point.value, tol, objective)
            return Result(point, gap, n_iter, status, values, step=step.direction)
        if accepted and preconditioner.refresh(point, gap):
            radius = first_radius(point, preconditioner)
    return Result(point, gap, max_iter, Status.OUT_OF_ITERATIONS, values)


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
            by_model = self.MARGIN * self.series * (gained + self.shortfall * left)
            return by_model <= wanted or (left <= self.ENOUGH * wanted and left <= LOOSE**2 * first)

        return is_enough

    def after(self, step: Step, value_before: float, point: P, preconditioner: Inverse) -> float:
        """The relative gap at the point that a step has led to, by the gradient there."""
        norm = norm_of(point.gradient, preconditioner)
        gone = (value_before - point.value) / self.estimate
        by_model = np.sqrt(2 * step.left) if step.inside else 0.0
        unforeseen = max(norm - by_model, 0.0) / max(step.gradient_norm, TINY)
        self.shortfall, self.series = (
            max(1.0, step.shortfall),
            1 / max(1 - unforeseen, 1 / self.MOST),
        )
        self.estimate = max(0.5 * norm**2, TINY)
        too_small = max(gone, self.shortfall) * self.series
        return relative_gap(self.MARGIN * too_small * self.estimate, point.value)


def first_radius(point: Point, preconditioner: Inverse) -> float:
    """The norm of the Newton step, or what a step can be that promises no more than the value.

    There is no more to gain. From coefficients of 0 with many classes the Newton step promises a
    multiple, and raises the logits of each row's class by their number.
    """
    norm = norm_of(point.gradient, preconditioner)
    return min(norm, point.value / norm) if norm > 0 else 0.0


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


def steihaug(
    product: Callable[[np.ndarray], np.ndarray],
    solve: Callable[[np.ndarray], np.ndarray],
    gradient: np.ndarray,
    radius: float,
    tolerance: float,
    *,
    enough: Enough = never_enough,
) -> Step:
    """Conjugate gradients for H s = -gradient, stopped at the edge of the region |s|_M <= radius.

    M is the preconditioner; `tolerance` is relative, in the norm of its inverse. They also stop
    where `enough` says so: see `Certificate.enough`.
    """
    step = np.zeros_like(gradient)
    residual = gradient.copy()
    solved = solve(residual)
    direction = -solved
    size = first_size = float(np.vdot(residual, solved))  # |residual|^2 in the inverse norm
    small = tolerance**2 * size
    step_step, step_direction, direction_direction = 0.0, 0.0, size
    decrease, sizes, decreases = 0.0, [size], [0.0]  # before each step, what it was and had gained
    inside = True
    for _ in range(MOST_PRODUCTS):
        if size <= small or (decrease > 0 and enough(0.5 * first_size, 0.5 * size, decrease)):
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
            step += to_edge * direction
            decrease += to_edge * size - 0.5 * to_edge**2 * curvature
            step_step, size, inside = radius**2, np.inf, False
            break
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
        sizes.append(size)
        decreases.append(decrease)
    return Step(
        step,
        decrease,
        left=0.5 * max(size, 0.0),
        norm=float(np.sqrt(step_step)),
        gradient_norm=float(np.sqrt(max(first_size, 0.0))),
        shortfall=_shortfall(sizes[:-1], [decrease - before for before in decreases[:-1]]),
        inside=inside,
    )


def _shortfall(sizes: list[float], gains: list[float]) -> float:
    """What the preconditioner's estimate of the gain, size / 2, should have been multiplied by."""
    pairs = zip(sizes, gains, strict=True)
    return max((gain / (0.5 * size) for size, gain in pairs if size > 0), default=1.0)


def forcing(gap: float) -> float:
    """How exactly to solve for a step: loosely at first, to 2% where only digits are missing."""
    return float(np.clip(100 * np.sqrt(gap), 0.02, LOOSE)) if np.isfinite(gap) else LOOSE


def norm_of(gradient: np.ndarray, preconditioner: Inverse) -> float:
    """The length of the gradient in the norm of the preconditioner's inverse."""
    return float(np.sqrt(max(np.vdot(gradient, preconditioner.solve(gradient)), 0.0)))


def relative_gap(decrease: float, value: float) -> float:
    """(value - minimum) / minimum, where the minimum is value - decrease."""
    minimum = value - decrease
    return decrease / minimum if minimum > 0 else np.inf
