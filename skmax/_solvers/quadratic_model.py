"""The minimum of a quadratic model plus absolute values, of as many coefficients as a step changes.

By coordinate descent, with Newton steps among the coefficients that are not 0.
"""

import numpy as np

from skmax import _kernels
from skmax._solvers.preconditioners.cholesky import cholesky_and_rise, solve
from skmax._solvers.protocol import Terms

#: So many sweeps of coordinate descent at a time, until one moves hardly, with Newton steps in
#: between. Without these 2000 sweeps are too few where all classes have a
#: coefficient of a column: what moves them alike changes no probability, and bends by the squares
#: of the penalty alone. A Newton step that ends where a coefficient comes to 0 is not enough: the
#: sweeps undo it.
SWEEPS, ROUNDS, MODEL_TOL = 100, 50, 1e-3
#: Turns of a Newton step, after which the Hessian of those that are left is factored anew.
TURNS = 200
RIDGE = 8 * float(np.finfo(float).eps)  # for each coefficient, relative to the diagonal


def minimum_of_model(
    hessian: np.ndarray,
    terms: Terms,
    old: np.ndarray,
    slope: np.ndarray,
    enough: float,
) -> tuple[np.ndarray, np.ndarray]:
    """The minimum of the quadratic model plus the absolute values, and the model's slope there.

    As near as sweeps come that move by no more than `enough`, squared and in the diagonal's norm.
    """
    new, slope = old.copy(), slope.copy()
    for _ in range(ROUNDS):
        start, start_slope = new.copy(), slope.copy()
        n_sweeps = _kernels.minimise_model(hessian, *terms, new, slope, enough, MODEL_TOL, SWEEPS)
        if n_sweeps < SWEEPS:
            break
        enough = max(enough, MODEL_TOL**2 * float((new - start) @ (slope - start_slope)))
        free = (new != 0) | (terms.thresholds == 0)
        support = np.flatnonzero(free & (new > terms.low) & (new < terms.high))
        part = hessian[np.ix_(support, support)]
        of_support = Terms(*(term[support] for term in terms))
        factor, rise = cholesky_and_rise(part, RIDGE * len(part))
        # The model bends upwards in all directions, whatever rounding has made of it.
        hessian.flat[support * (len(hessian) + 1)] += 2 * rise
        slope[support] += 2 * rise * (new - old)[support]
        coef = minimum_on_signs(factor, of_support, new[support], slope[support])
        change = coef - new[support]
        curved = change @ hessian[support]
        norms = of_support.thresholds @ (np.abs(coef) - np.abs(new[support]))
        if change @ (slope + 0.5 * curved)[support] + norms < 0:
            new[support] = coef
            slope += curved
    return new, slope


def minimum_on_signs(
    factor: np.ndarray, terms: Terms, coef: np.ndarray, slope: np.ndarray
) -> np.ndarray:
    """The model's minimum among coefficients of these signs; those that come to 0 stay there.

    A Newton step, that turns wherever a coefficient comes to 0 or to an end of its range. Without
    it the inverse Hessian of the others is the one of all, minus a square: M - m_i m_i' / M_ii.
    `factor` is Cholesky's of the Hessian.
    """
    thresholds, signs = terms.thresholds, np.sign(coef)
    low = np.where((thresholds > 0) & (signs > 0), np.maximum(terms.low, 0.0), terms.low)
    high = np.where((thresholds > 0) & (signs < 0), np.minimum(terms.high, 0.0), terms.high)
    squares, stopped = np.empty((min(TURNS, len(coef)), len(coef))), np.zeros(len(coef), bool)
    direction = solve(factor, -(slope + thresholds * signs))
    for turn in range(len(squares) + 1):
        end, to_end = np.where(direction > 0, high, low), np.full(len(coef), np.inf)
        np.divide(end - coef, direction, out=to_end, where=direction != 0)
        first = int(to_end.argmin())
        length = min(1.0, float(to_end[first]))
        coef = coef + length * direction
        if length == 1:
            break
        coef[first], stopped[first] = end[first], True
        if turn == len(squares):
            break
        unit = np.zeros(len(coef))
        unit[first] = 1.0
        column = solve(factor, unit) - squares[:turn, first] @ squares[:turn]
        direction = (1 - length) * (direction - column * (direction[first] / column[first]))
        squares[turn] = column / np.sqrt(column[first])
        direction[stopped] = 0.0
    return coef
