"""The objective: a data term plus a penalty, as the solvers see it."""

import sys
from dataclasses import dataclass

import numpy as np

from skmax._objective.data_term import DataTerm, DataTermPoint
from skmax._objective.penalty import Penalty

VANISHING = 1e-10  # a value so small says, without a penalty, that there is no minimum but 0


@dataclass
class Passes:
    """What has been asked of an objective so far."""

    evaluations: int = 0
    products: int = 0
    hessians: int = 0
    hessian_cost: float = 0.0  # of those Hessians and their factors, in products

    @property
    def total(self) -> float:
        """All of it in products, each of which reads the rows once as an evaluation does."""
        return self.evaluations + self.products + self.hessian_cost


class Objective:
    """Value, gradient and curvature at coef (n_outputs, n_columns), always float64."""

    def __init__(self, data: DataTerm, penalty: Penalty) -> None:
        self.data, self.penalty = data, penalty
        self.shape, self.resolution = data.shape, data.resolution
        self.vanishing = 0.0 if penalty.bounds_coef else VANISHING
        self.passes = Passes()

    @property
    def threads(self) -> int:
        """How many threads the data term uses at present."""
        return self.data.threads

    def at(self, coef: np.ndarray) -> "ObjectivePoint":
        """The objective at `coef`, by one pass over the rows."""
        self.passes.evaluations += 1
        return ObjectivePoint(self, self.data.at(coef))

    def of(self, point: "ObjectivePoint") -> "ObjectivePoint":
        """A point of this data term, under this penalty: without a pass."""
        return ObjectivePoint(self, point.data)

    def hessian_cost(self, max_rows: int) -> float:
        """How many Hessian products take as long as the Hessian of some rows and its factors."""
        return self.data.hessian_cost(max_rows)


class ObjectivePoint:
    """The objective at one `coef`; immutable."""

    def __init__(self, objective: Objective, data: DataTermPoint) -> None:
        self._objective, self.data = objective, data
        self._penalty = objective.penalty
        self.coef = data.coef
        self.value = data.value + self._penalty.value(self.coef)
        self.gradient = data.gradient + self._penalty.gradient(self.coef)

    @property
    def penalty_diagonal(self) -> np.ndarray:
        """The second derivatives of the penalty, (n_columns,)."""
        return self._penalty.diagonal()

    def hessian_product(self, directions: np.ndarray) -> np.ndarray:
        """The Hessian times a direction of the shape of coef, or times each of (m, *shape)."""
        self._objective.passes.products += 1 if directions.ndim == 2 else len(directions)
        return self.data.hessian_product(directions) + directions * self.penalty_diagonal

    def hessian(self, max_rows: int | None = None) -> np.ndarray:
        """The Hessian (size, size), or an estimate of it from at most `max_rows` rows."""
        passes, n_rows = self._objective.passes, sys.maxsize if max_rows is None else max_rows
        passes.hessians += 1
        passes.hessian_cost += self._objective.hessian_cost(n_rows)
        hessian = self.data.hessian(max_rows)
        diagonal = np.einsum("ii->i", hessian).reshape(self.coef.shape)  # a view
        diagonal += self.penalty_diagonal
        return hessian

    def second_moments(
        self, max_rows: int | None = None, curvature_weight: float = 0.0
    ) -> np.ndarray:
        """The weighted second moments of the columns: see the data term's."""
        return self.data.second_moments(max_rows, curvature_weight)

    def class_covariance(self) -> np.ndarray:
        """The weighted mean over the rows of diag(p) - p p', or of p (1 - p) for one output."""
        return self.data.class_covariance()

    def diagonal(self) -> np.ndarray:
        """An estimate of the Hessian's: columns have second moment 1 where they vary."""
        curvature = np.diag(self.class_covariance())
        return curvature[:, None] + self.penalty_diagonal
