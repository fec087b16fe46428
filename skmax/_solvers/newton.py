"""Newton's method with a trust region, each step by preconditioned conjugate gradients.

The region is a ball in the norm of the preconditioner, which the steps of conjugate gradients from
zero leave only once (T. Steihaug, SIAM J. Numer. Anal. 20, 1983; A. R. Conn, N. I. M. Gould,
P. L. Toint, Trust-Region Methods, SIAM 2000, sections 7.5 and 17.4). It opens at the norm of the
first Newton step, or less. With the exact Hessian as preconditioner a step is Newton's, cut to the
region.
"""

import numpy as np

from skmax._solvers.certificate import Certificate, final_status, lowest_decrease
from skmax._solvers.conjugate_gradients import forcing, norm_of, steihaug
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


def first_radius(point: Point, preconditioner: Inverse) -> float:
    """The norm of the Newton step, or what a step can be that promises no more than the value.

    There is no more to gain. From coefficients of 0 with many classes the Newton step promises a
    multiple, and raises the logits of each row's class by their number.
    """
    norm = norm_of(point.gradient, preconditioner)
    return min(norm, point.value / norm) if norm > 0 else 0.0
