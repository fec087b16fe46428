"""The quadratic model of a step by the columns of a CSR X, without a matrix of its coefficients."""

from dataclasses import dataclass, replace

import numpy as np

from skmax import _kernels
from skmax._design.csr import CsrDesign

#: How many times as long an entry of the columns takes in a sweep as a product of two entries where
#: a Hessian is formed: 6 ns, in no order, for 0.05 ns.
SWEEP_COST = 100.0
ROUNDING = 8 * float(np.finfo(float).eps)  # of a column's curvature, what centring leaves at least


def sweeps_of_a_hessian(design: CsrDesign, active: np.ndarray) -> float:
    """How many sweeps over their columns take as long as the Hessian of these coefficients."""
    features = active[:, : design.n_features]
    entries = features.sum(axis=0) @ np.diff(design.in_columns.indptr)
    entries += design.n_rows * len(active) / 10  # in order, with the vectors of the processor
    return design.n_rows * float(active.sum()) ** 2 / (SWEEP_COST * entries)


@dataclass(frozen=True)
class ColumnModel:
    """A model's minimum so far, by columns that are centred for each class.

    `start` (m,) and `slope` (m,) are in the coordinates of these columns, as `coef` (m,) is. There
    is an intercept for each class in them, or none. What a coefficient moves the intercept of its
    class by, where it is written in the objective's coordinates, is `to_intercept` (m,); the
    intercepts are at `intercepts` (m,), a mask, and `outputs` (m,) says whose each coefficient is.
    """

    columns: _kernels.ModelColumns
    curvature: _kernels.ModelCurvature
    terms: _kernels.ModelTerms
    weight: np.ndarray
    outputs: np.ndarray
    intercepts: np.ndarray
    to_intercept: np.ndarray
    coef: np.ndarray
    change: _kernels.ModelChange

    def sweep(self) -> float:
        """A sweep of coordinate descent; the squared moves, in the norm of the diagonal."""
        return _kernels.sweep_columns(
            self.columns, self.curvature, self.change, self.terms, self.coef
        )

    def towards(self, aim: np.ndarray) -> "ColumnModel":
        """The same model where it is least on the way to an aim, and beyond, on the same signs."""
        terms, (logits, mean) = self.terms, self.change
        signs, stays = np.sign(self.coef), (self.coef == 0) & (self.terms.thresholds > 0)
        direction = np.where(stays, 0.0, aim - self.coef)
        along = no_change(logits.shape)
        _kernels.change_of_columns(self.columns, self.curvature, direction, along)
        weighted = self.curvature.weighted * along.logits
        bend = float(np.vdot(weighted, along.logits) - self.weight @ along.mean**2)
        bend += float(terms.ridge @ direction**2)
        slope = terms.slope + terms.ridge * (self.coef - terms.start) + terms.thresholds * signs
        down = -float(slope @ direction + np.vdot(weighted, logits))
        down += float(self.weight @ (along.mean * mean))
        if down <= 0 or bend <= 0:
            return self
        # No further than where the first coefficient comes to 0, or to an end of its range.
        signed = terms.thresholds > 0
        low = np.where(signed & (signs > 0), np.maximum(terms.low, 0.0), terms.low)
        high = np.where(signed & (signs < 0), np.minimum(terms.high, 0.0), terms.high)
        end, to_end = np.where(direction > 0, high, low), np.full(len(direction), np.inf)
        np.divide(end - self.coef, direction, out=to_end, where=direction != 0)
        first = int(to_end.argmin())
        length = min(down / bend, float(to_end[first]))
        coef = self.coef + length * direction
        if length == to_end[first]:
            coef[first] = end[first]
        change = _kernels.ModelChange(logits + length * along.logits, mean + length * along.mean)
        return replace(self, coef=coef, change=change)

    def solution(self) -> tuple[np.ndarray, np.ndarray]:
        """The coefficients as those of the objective, and the slope of the quadratic there."""
        terms, moved = self.terms, self.coef - self.terms.start
        slope = np.empty_like(moved)
        _kernels.slope_of_columns(self.columns, self.curvature, self.change, slope)
        slope += terms.slope + terms.ridge * moved
        coef = self.coef.copy()
        if self.intercepts.any():
            coef[self.intercepts] += np.bincount(self.outputs, self.to_intercept * moved)
            slope -= self.to_intercept * slope[self.intercepts][self.outputs]
        return coef, slope


def column_model(
    design: CsrDesign,
    weight: np.ndarray,
    probabilities: np.ndarray,
    active: np.ndarray,
    start: np.ndarray,
    slope: np.ndarray,
    ridge: np.ndarray,
    terms: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> ColumnModel:
    """The model at the probabilities (K, n) of the m coefficients that a mask names.

    `start`, `slope`, `ridge` and `terms`, thresholds and the ends of ranges, are theirs, (m,). With
    an intercept `active` holds those of all classes.
    """
    outputs, numbers = np.nonzero(active)
    intercepts = numbers >= design.n_features
    features, place = np.unique(numbers[~intercepts], return_inverse=True)
    part = design.in_columns[:, features]
    of_coef = np.full(len(numbers), -1)
    of_coef[~intercepts] = place
    p = probabilities.astype(np.float64)
    columns = _kernels.ModelColumns(
        part.data,
        part.indices,
        part.indptr,
        of_coef,
        np.searchsorted(outputs, np.arange(len(active) + 1)),
        np.zeros(len(numbers)),
    )
    curvature = _kernels.ModelCurvature(p, p * weight)
    diagonal, slope_of_one = np.empty((2, len(numbers)))
    _kernels.column_curvature(columns, curvature, diagonal, slope_of_one)
    thresholds, low, high = (term.copy() for term in terms)
    to_intercept = np.zeros(len(numbers))
    if intercepts.any():
        shifts = np.zeros(design.n_columns)
        shifts[: design.n_features] = design.shift * design.scale[: design.n_features]
        of_all = diagonal[intercepts][outputs]
        centre = np.divide(slope_of_one, of_all, out=np.zeros_like(of_all), where=of_all > 0)
        centre[intercepts] = 0.0
        columns = columns._replace(centre=centre)
        centred = np.maximum(diagonal - centre * slope_of_one, ROUNDING * diagonal)
        diagonal = np.where(intercepts, diagonal, centred)
        to_intercept = shifts[numbers] - centre
        slope = slope + to_intercept * slope[intercepts][outputs]
        low[intercepts], high[intercepts] = -np.inf, np.inf
    of_coefs = _kernels.ModelTerms(
        start, slope, diagonal, slope_of_one, ridge, thresholds, low, high
    )
    return ColumnModel(
        columns,
        curvature,
        of_coefs,
        weight,
        outputs,
        intercepts,
        to_intercept,
        start.copy(),
        no_change(p.shape),
    )


def no_change(shape: tuple[int, ...]) -> _kernels.ModelChange:
    """Zeros, for what coefficients change: (K, n)."""
    return _kernels.ModelChange(np.zeros(shape), np.zeros(shape[1]))
