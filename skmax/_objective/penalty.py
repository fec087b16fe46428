"""Penalties: sums over coefficients, in the user's units, written for the standardised columns."""

from typing import ClassVar, Protocol

import numpy as np


class Penalty(Protocol):
    """A convex sum over coefficients `coef` (n_outputs, n_columns), the last column the intercepts.

    `invariant_to_rotation`: it does not change when the columns of X are rotated, so that the
    problem may be moved to the row space. `bounds_coef`: with it every objective has an optimum, as
    it grows without bound with the coefficients that the data term leaves free.
    """

    invariant_to_rotation: ClassVar[bool]
    bounds_coef: ClassVar[bool]

    def value(self, coef: np.ndarray) -> float:
        """The penalty."""

    def gradient(self, coef: np.ndarray) -> np.ndarray:
        """The gradient of its smooth part, of the shape of `coef`."""

    def diagonal(self) -> np.ndarray:
        """The second derivatives of its smooth part, (n_columns,): the same for every output."""

    def prox(self, coef: np.ndarray, step: np.ndarray) -> np.ndarray:
        """The minimiser u of penalty(u) + sum (u - coef)^2 / (2 step), a step for each entry."""

    def distance(self, coef: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """How far minus the gradient of the rest lies from the subdifferential, entry by entry.

        All 0 at the optimum.
        """

    def dual_value(self, dual: np.ndarray) -> float:
        """The convex conjugate: the largest sum of dual times coef, minus the penalty."""

    def canonical(self, coef: np.ndarray) -> np.ndarray:
        """The one to return of the `coef` that differ by a shift of all outputs alike."""


def centred_over_classes(coef: np.ndarray) -> np.ndarray:
    """The same probabilities, and no larger a norm: each column of `coef` sums to 0.

    One row stands for two classes, and stays.
    """
    return coef if len(coef) == 1 else coef - coef.mean(axis=0)


class Ridge:
    """sum_kj strengths_j coef_kj^2 / 2.

    Parameters
    ----------
    strengths : ndarray of shape (n_columns,)
        Not negative; 0 for the intercept.
    """

    invariant_to_rotation: ClassVar[bool] = True
    bounds_coef: ClassVar[bool] = True

    def __init__(self, strengths: np.ndarray) -> None:
        self.strengths = strengths

    @classmethod
    def of_user_columns(cls, strength: float, coef_scale: np.ndarray) -> "Ridge":
        """strength |W|^2 / 2 of the user's columns, a design's `coef_scale` times the columns here.

        `strength` is 1 / (C S).
        """
        return cls(strength * coef_scale**2)

    def value(self, coef: np.ndarray) -> float:
        return 0.5 * float(np.vdot(coef, coef * self.strengths))

    def gradient(self, coef: np.ndarray) -> np.ndarray:
        return coef * self.strengths

    def diagonal(self) -> np.ndarray:
        return self.strengths

    def prox(self, coef: np.ndarray, step: np.ndarray) -> np.ndarray:
        return coef / (1 + step * self.strengths)

    def distance(self, coef: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        return np.abs(gradient + coef * self.strengths)

    def dual_value(self, dual: np.ndarray) -> float:
        free = np.broadcast_to(self.strengths == 0, dual.shape)
        if dual[free].any():
            return np.inf
        squares = np.divide(dual**2, self.strengths, out=np.zeros_like(dual), where=~free)
        return 0.5 * float(squares.sum())

    def canonical(self, coef: np.ndarray) -> np.ndarray:
        return centred_over_classes(coef)


class NoPenalty:
    """0, for C=inf."""

    invariant_to_rotation: ClassVar[bool] = True
    bounds_coef: ClassVar[bool] = False

    def __init__(self, n_columns: int) -> None:
        self._zeros = np.zeros(n_columns)

    def value(self, coef: np.ndarray) -> float:
        return 0.0

    def gradient(self, coef: np.ndarray) -> np.ndarray:
        return np.zeros_like(coef)

    def diagonal(self) -> np.ndarray:
        return self._zeros

    def prox(self, coef: np.ndarray, step: np.ndarray) -> np.ndarray:
        return coef

    def distance(self, coef: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        return np.abs(gradient)

    def dual_value(self, dual: np.ndarray) -> float:
        return np.inf if dual.any() else 0.0

    def canonical(self, coef: np.ndarray) -> np.ndarray:
        return centred_over_classes(coef)


class ElasticNet:
    """sum_kj strengths_j coef_kj^2 / 2 + thresholds_j |coef_kj|.

    Parameters
    ----------
    strengths, thresholds : ndarray of shape (n_columns,)
        Not negative; both 0 for the intercept alone.
    """

    invariant_to_rotation: ClassVar[bool] = False
    bounds_coef: ClassVar[bool] = True

    def __init__(self, strengths: np.ndarray, thresholds: np.ndarray) -> None:
        self.strengths, self.thresholds = strengths, thresholds
        self.is_free = (thresholds == 0) & (strengths == 0)

    @classmethod
    def of_user_columns(
        cls, strength: float, l1_ratio: float, coef_scale: np.ndarray
    ) -> "ElasticNet":
        """strength ((1 - l1_ratio) |W|^2 / 2 + l1_ratio |W|_1) of the user's columns.

        These are a design's `coef_scale` times the columns here; `strength` is 1 / (C S).
        """
        ridge, norm = strength * (1 - l1_ratio), strength * l1_ratio
        return cls(ridge * coef_scale**2, norm * np.abs(coef_scale))

    def scaled(self, factor: float) -> "ElasticNet":
        """`factor` times the penalty."""
        return ElasticNet(factor * self.strengths, factor * self.thresholds)

    def value(self, coef: np.ndarray) -> float:
        squares = 0.5 * float(np.vdot(coef, coef * self.strengths))
        return squares + float(np.abs(coef).sum(axis=0) @ self.thresholds)

    def gradient(self, coef: np.ndarray) -> np.ndarray:
        return coef * self.strengths

    def diagonal(self) -> np.ndarray:
        return self.strengths

    def prox(self, coef: np.ndarray, step: np.ndarray) -> np.ndarray:
        shrunk = np.maximum(np.abs(coef) - step * self.thresholds, 0.0)
        return np.sign(coef) * shrunk / (1 + step * self.strengths)

    def distance(self, coef: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        slope = gradient + coef * self.strengths
        at_zero = np.maximum(np.abs(slope) - self.thresholds, 0.0)
        return np.where(coef == 0, at_zero, np.abs(slope + self.thresholds * np.sign(coef)))

    def dual_value(self, dual: np.ndarray) -> float:
        beyond = np.maximum(np.abs(dual) - self.thresholds, 0.0)
        bounded = np.broadcast_to(self.strengths > 0, dual.shape)
        if beyond[~bounded].any():
            return np.inf
        squares = np.divide(beyond**2, self.strengths, out=np.zeros_like(dual), where=bounded)
        return 0.5 * float(squares.sum())

    def feasible_scale(self, dual: np.ndarray) -> float:
        """The largest factor of `dual`, 1 at most, for which `dual_value` is finite.

        The entries of the intercept are left out.
        """
        limited = (self.strengths == 0) & ~self.is_free
        largest = np.max(np.abs(dual[:, limited]) / self.thresholds[limited], initial=0.0)
        # Divided by what is a little larger, so that rounding leaves none beyond its threshold.
        return float(min(1.0, (1 - 4 * np.finfo(float).eps) / largest)) if largest > 0 else 1.0

    def canonical(self, coef: np.ndarray) -> np.ndarray:
        """Without squares: of the shifts of a column that keep its norm, one with most zeros."""
        if (self.strengths > 0).any() or len(coef) == 1:
            return coef
        used = np.flatnonzero(coef.any(axis=0))  # of many columns, few
        coef = coef.copy()
        coef[:, used] = _with_most_zeros(coef[:, used])
        return coef


def _with_most_zeros(coef: np.ndarray) -> np.ndarray:
    """Each column shifted by one of its medians over the classes, if it gains zeros by that."""
    n_classes = len(coef)
    ordered = np.sort(coef, axis=0)
    middle = ordered[(n_classes - 1) // 2 : n_classes // 2 + 1]  # one median, or an interval's ends
    shift, zeros = np.zeros(coef.shape[1]), (coef == 0).sum(axis=0)
    for median in middle:
        gained = (coef == median).sum(axis=0)
        better = gained > zeros
        shift[better], zeros[better] = median[better], gained[better]
    return coef - shift
