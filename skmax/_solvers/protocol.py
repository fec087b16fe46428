"""What a method may ask of an objective, and of a preconditioner.

Coefficients, gradients and directions have the shape (n_outputs, n_columns), the last column the
intercepts, and are float64. A method names in the registry which kind of point it needs.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np


class Terms(NamedTuple):
    """What a model has beside its quadratic: each coefficient's threshold, and a range, (m,)."""

    thresholds: np.ndarray
    low: np.ndarray
    high: np.ndarray


class Passes(Protocol):
    """What has been asked of an objective so far."""

    evaluations: int
    products: int
    hessians: int

    @property
    def total(self) -> float:
        """All of it, Hessians too, in products that take as long."""


@runtime_checkable
class Point(Protocol):
    """An objective at one `coef`; immutable."""

    @property
    def coef(self) -> np.ndarray: ...
    @property
    def value(self) -> float: ...
    @property
    def gradient(self) -> np.ndarray: ...
    def hessian_product(self, directions: np.ndarray) -> np.ndarray:
        """The Hessian times a direction, or times each of (m, n_outputs, n_columns)."""


@runtime_checkable
class HessianPoint(Point, Protocol):
    """One that forms its Hessian."""

    def hessian(self, max_rows: int | None = None) -> np.ndarray:
        """The Hessian (size, size), or an estimate of it from at most `max_rows` rows."""


@runtime_checkable
class KroneckerPoint(Point, Protocol):
    """One whose Hessian is about class_covariance (x) second_moments + penalty."""

    @property
    def penalty_diagonal(self) -> np.ndarray:
        """The second derivatives of the penalty, (n_columns,)."""

    def second_moments(
        self, max_rows: int | None = None, curvature_weight: float = 0.0
    ) -> np.ndarray:
        """The weighted second moments of the columns (n_columns, n_columns).

        From at most `max_rows` rows; the fraction `curvature_weight` of a row's factor goes by its
        curvature.
        """

    def class_covariance(self) -> np.ndarray:
        """The weighted mean over the rows of diag(p) - p p', (n_outputs, n_outputs)."""


@runtime_checkable
class SampledPoint(HessianPoint, KroneckerPoint, Protocol):
    """One that offers both."""


@runtime_checkable
class DiagonalPoint(Point, Protocol):
    """One that estimates the diagonal of its Hessian."""

    def diagonal(self) -> np.ndarray:
        """The estimate, of the shape of `coef`."""


class FullPoint(SampledPoint, DiagonalPoint, Protocol):
    """One that offers everything."""


P = TypeVar("P", bound=Point)
P_co = TypeVar("P_co", bound=Point, covariant=True)
P_contra = TypeVar("P_contra", bound=Point, contravariant=True)
S = TypeVar("S", bound="SparsePoint")
S_co = TypeVar("S_co", bound="SparsePoint", covariant=True)


class Objective(Protocol[P_co]):
    """What is minimised.

    `resolution` is what a value may be off by, relative to it, through rounding. A value of at most
    `vanishing` says that there is no minimum but 0 at infinity. `threads` may be used to solve.
    """

    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def resolution(self) -> float: ...
    @property
    def vanishing(self) -> float: ...
    @property
    def threads(self) -> int: ...
    @property
    def passes(self) -> Passes: ...
    def at(self, coef: np.ndarray) -> P_co: ...
    def hessian_cost(self, max_rows: int) -> float:
        """How many Hessian products take as long as a Hessian of some rows and its factors."""


class ColumnModel(Protocol):
    """A quadratic model plus absolute values, without a matrix and in coordinates of its own.

    `coef` (m,) are where it has come to; `sweep` goes on, and changes `coef` in place.
    """

    @property
    def coef(self) -> np.ndarray: ...
    def sweep(self) -> float:
        """A sweep of coordinate descent; the squared moves, in the norm of the diagonal."""

    def towards(self, aim: np.ndarray) -> "ColumnModel":
        """The same model where it is least on the way to an aim, and beyond, on the same signs."""

    def solution(self) -> tuple[np.ndarray, np.ndarray]:
        """The coefficients as those of the objective, and the slope of the quadratic there."""


class SparsePoint(Point, Protocol):
    """A point of an objective with absolute values; its gradient is that of the smooth part."""

    @property
    def distance(self) -> np.ndarray:
        """How far each coefficient's slope is from what it is at an optimum; 0 there."""

    def active_hessian(self, active: np.ndarray) -> np.ndarray:
        """The Hessian (m, m) of the smooth part, of the m coefficients that a mask names."""

    def sweeps_of_a_hessian(self, active: np.ndarray) -> float:
        """How many sweeps of a `column_model` take as long as the Hessian; 0 if there is none."""

    def column_model(self, active: np.ndarray, terms: Terms) -> ColumnModel:
        """The quadratic model of the coefficients that a mask names."""

    def duality_gap(self) -> float:
        """What the value is above the minimum, at most."""

    def scaled(self: S, factor: float) -> S:
        """The same coefficients under `factor` times the penalty, without a pass."""


class SparseObjective(Objective[S_co], Protocol[S_co]):
    """A smooth part plus sum_kj thresholds_j |coef_kj|.

    `reach` (n_columns,) is the most by which a coefficient of 1 changes a logit.
    """

    @property
    def thresholds(self) -> np.ndarray: ...
    @property
    def reach(self) -> np.ndarray: ...
    def scaled(self, factor: float) -> "SparseObjective[S_co]":
        """The one with `factor` times the penalty."""


class Inverse(Protocol):
    """An approximate inverse of the Hessian, symmetric and positive definite."""

    def solve(self, v: np.ndarray) -> np.ndarray:
        """The approximate inverse times v."""


class Preconditioner(Inverse, Protocol[P_contra]):
    """One that follows the point: what a step or a quasi-Newton memory starts from."""

    def refresh(self, point: P_contra, gap: float) -> bool:
        """Look at a point, where the relative gap is about `gap`; whether its norm has changed."""


@runtime_checkable
class Multiplies(Protocol):
    """A preconditioner that is the Hessian itself: it multiplies without a pass over the rows."""

    def product(self, v: np.ndarray) -> np.ndarray:
        """The Hessian at the point of the last `refresh` times v."""


#: Called after each iteration with its number, the value, the estimated relative gap and the
#: coefficients; asks to stop by True.
OnIteration = Callable[[int, float, float, np.ndarray], bool]
