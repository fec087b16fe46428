"""Proximal Newton for a penalty with absolute values, on an active set, from strong to weak.

Each step minimises the quadratic model of the smooth part plus the absolute values, over the
coefficients that are not 0 and those that leave 0 (J. D. Lee, Y. Sun, M. A. Saunders, Proximal
Newton-type methods for minimizing composite functions, SIAM J. Optim. 24, 2014). Where the
objective does not follow its model, the step is shortened, and no coefficient changes a logit by
more than the model can be trusted for. A fit from coefficients of 0 begins with
a penalty that nearly keeps them there, and weakens it whenever its optimum is near, so that no set
is much larger than the last one.
"""

import numpy as np

from skmax._solvers.active_hessian import ActiveHessian
from skmax._solvers.certificate import TINY, final_status, lowest_decrease, relative_gap
from skmax._solvers.protocol import OnIteration, S, SparseObjective, SparsePoint, Terms
from skmax._solvers.result import Result, Status
from skmax._solvers.step_model import StepModel

NAME = "proximal-newton"
WEAKER, NEAR = 3.0, 0.3  # a stage's penalty over the next one's; the relative gap that ends a stage
#: Coefficients that may leave 0 in a step: as many as there are, and this many at least.
MOST_NEW = 100
#: The most by which a coefficient may change a logit in a step. Of a column with few entries the
#: quadratic goes to and fro between 0, where a row bends hardly, and far beyond its optimum, where
#: it bends no more; and the line search then shortens the step of all others too. At 1/300 of the
#: largest penalty 10,000 rows of `mnist` took 41 steps without this, 19 with 8 and with 4, `news20`
#: 29 with 8, 21 with 3 and 23 with 2. The way that it last went it may go on so many times as far:
#: where columns depend on each other nearly, coefficients are large and change logits little
#: together.
MOST_CHANGE, FURTHER = 3.0, 10.0
#: Of the predicted decrease, the fraction that a step must reach, and one by an old Hessian.
ACCEPT, ACCEPT_OLD = 1e-4, 0.25
#: A shorter step over the one before: where the parabola through both ends is least, within these.
LEAST_SHORTER, MOST_SHORTER = 0.1, 0.5
MOST_TRIALS = 50  # of one step: it is then shorter than rounding
NOISE = float(np.finfo(float).eps) ** 2  # of the value: squared moves that rounding makes
MARGIN = 3  # times what the model promises, the gap where no more can be gained
ROUNDED = 100  # times what rounding may hide, a promise that is no more than rounding
SHRINKS = 0.5  # of the gap, what is left after a step that is worth it without a lower objective
BALANCING = 20  # steps of the intercepts alone, at most
BALANCED = 1e-9  # times the value, the decrease that ends them


def proximal_newton(
    objective: SparseObjective[S],
    point: S,
    *,
    tol: float,
    max_iter: int,
    on_iteration: OnIteration,
    curvature: ActiveHessian | None = None,
) -> Result[S]:
    """Minimise from `point`, until the duality gap is at most tol times the minimum.

    Fits of objectives that differ by their penalty alone may hand on their `curvature`.
    """
    model = StepModel(ActiveHessian(np.inf) if curvature is None else curvature)
    if max_iter > 0:
        point = with_best_intercepts(objective, point)
    factor = first_factor(objective, point)
    staged = objective.scaled(factor)
    stuck, values, last = False, [point.value], np.zeros(objective.shape)
    gap = relative_gap(point.duality_gap(), point.value)
    for n_iter in range(1, max_iter + 1):
        if gap <= tol:
            return Result(point, gap, n_iter - 1, Status.WITHIN_TOL, values, NAME)
        # 1. Weaken the penalty where its optimum is near.
        here = point.scaled(factor)
        while factor > 1 and (stuck or relative_gap(here.duality_gap(), here.value) <= NEAR):
            factor, stuck = max(1.0, factor / WEAKER), False
            staged, here = objective.scaled(factor), point.scaled(factor)
        # 2. The coefficients that are not 0, and those that should not be.
        active = active_set(here, staged.thresholds, model)
        # 3. A step that lowers the objective.
        floor = lowest_decrease(staged, here.value)
        trial, decrease = step(staged, here, active, last, floor, model)
        before = gap
        if trial is not None:
            last = trial.coef - point.coef
            point = trial.scaled(1.0)
            gap = relative_gap(point.duality_gap(), point.value)
        model.stepped(n_iter, before, gap)
        values.append(point.value)
        if on_iteration(n_iter, point.value, gap, point.coef):
            return Result(point, gap, n_iter, Status.ASKED_TO_STOP, values, NAME)
        # 4. Stop where nothing can be gained. What a step still lowers then, it lowers squared:
        # the gap goes down for longer than the objective.
        if trial is None and decrease > ROUNDED * floor and not model.gives_up_sweeps():
            return Result(point, gap, n_iter, Status.NO_DESCENT, values, NAME)
        ends = trial is None or decrease <= floor
        stuck = ends and (gap >= before or gap > SHRINKS * before)
        if stuck and factor == 1 and not model.gives_up_sweeps():
            if active[here.distance > 0].all():
                # The duality gap is rounding of a slope, over its threshold: the model knows.
                gap = min(gap, relative_gap(MARGIN * max(floor, decrease), point.value))
                status = Status.WITHIN_TOL if gap <= tol else Status.AT_PRECISION
            else:
                status = final_status(gap, point.value, tol, objective)
            return Result(point, gap, n_iter, status, values, NAME)
    status = Status.WITHIN_TOL if gap <= tol else Status.OUT_OF_ITERATIONS
    return Result(point, gap, max_iter, status, values, NAME)


def active_set(point: SparsePoint, thresholds: np.ndarray, model: StepModel) -> np.ndarray:
    """A mask of the coefficients that a step changes.

    Of more than it may change those are left that are furthest from their optimum.
    """
    distance = point.distance
    active = (point.coef != 0) | (thresholds == 0)
    most_new = max(MOST_NEW, int(active.sum()))
    entering = np.where(active, 0.0, distance / np.where(thresholds > 0, thresholds, 1.0))
    active |= largest(entering, most_new)
    most = model.most_active(point, active)
    if active.sum() > most:
        active &= largest(np.where(active, distance, 0.0), most)
    return active


def largest(values: np.ndarray, count: int) -> np.ndarray:
    """A mask of the positive values, of the `count` largest if they are more."""
    positive = values > 0
    if positive.sum() <= count:
        return positive
    return positive & (values >= np.partition(values.ravel(), -count)[-count])


def step(
    objective: SparseObjective[S],
    point: S,
    active: np.ndarray,
    last: np.ndarray,
    floor: float,
    model: StepModel,
) -> tuple[S | None, float]:
    """The next point, if one is found, and what the model promises. `last` is the last step.

    That is more than `floor` where the objective does not go down though its model does.
    """
    old, slope = point.coef[active], point.gradient[active]
    terms = terms_of(objective, active, old, last[active])
    new, slope_there = model.minimum(
        point, active, terms, objective.thresholds, NOISE * point.value
    )
    norms = terms.thresholds @ (np.abs(old) - np.abs(new))
    decrease = float(norms - 0.5 * (new - old) @ (slope + slope_there))
    downhill = float(norms - (new - old) @ slope)
    length = 1.0
    for _ in range(MOST_TRIALS):
        coef = point.coef.copy()
        coef[active] = (1 - length) * old + length * new
        trial = objective.at(coef)
        if decrease <= floor:
            return (trial if trial.value <= point.value + floor else None), decrease
        reached = point.value - trial.value
        if not reached >= ACCEPT_OLD * length * decrease and not model.is_new:
            model.curvature.is_worn = True
            return step(objective, point, active, last, floor, model)
        if reached > ACCEPT * length * decrease:
            return trial, decrease
        least = 0.5 * downhill * length / (downhill * length - reached)
        # Beyond all numbers the value is no number, and the shortest of these steps is next.
        length *= min(max(LEAST_SHORTER, least), MOST_SHORTER)
    return None, decrease


def terms_of(
    objective: SparseObjective[S], active: np.ndarray, old: np.ndarray, last: np.ndarray
) -> Terms:
    """What a model of some coefficients, at `old` (m,), has beside its quadratic.

    `last` (m,) is what they have moved by in the last step.
    """
    reach, thresholds = (
        np.broadcast_to(of_columns, active.shape)[active]
        for of_columns in (objective.reach, objective.thresholds)
    )
    most = MOST_CHANGE / np.maximum(reach, TINY)
    low, high = np.minimum(-most, FURTHER * last), np.maximum(most, FURTHER * last)
    return Terms(thresholds, old + low, old + high)


def with_best_intercepts(objective: SparseObjective[S], point: S) -> S:
    """The point with the intercepts at their optimum, where all other coefficients are 0."""
    free = np.broadcast_to(objective.thresholds == 0, point.coef.shape)
    if point.coef[~free].any() or not free.any():
        return point
    for _ in range(BALANCING):
        floor = max(lowest_decrease(objective, point.value), BALANCED * point.value)
        model, last = StepModel(ActiveHessian(np.inf)), np.zeros(free.shape)
        trial, decrease = step(objective, point, free, last, floor, model)
        point = point if trial is None else trial
        if decrease <= floor:
            break
    return point


def first_factor(objective: SparseObjective[S], point: SparsePoint) -> float:
    """The factor of the penalty under which a fit begins; 1 where a step lets all leave 0 that do.

    A fit that goes on from a stronger penalty's optimum would otherwise go back for one far slope.
    """
    thresholds, penalised = objective.thresholds, objective.thresholds > 0
    coef = point.coef[:, penalised]
    slope = np.abs(point.gradient[:, penalised]) / thresholds[penalised]
    at_zero = np.sort(slope[coef == 0])
    n_nonzero = coef.size - at_zero.size
    return max(1.0, float(at_zero[-1 - n_nonzero]) / WEAKER) if n_nonzero < at_zero.size else 1.0
