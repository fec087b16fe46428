"""The objective with a penalty that sets coefficients to 0."""

from typing import Protocol

import numpy as np

from skmax._design import CsrDesign, StandardisedColumns
from skmax._objective.column_model import ColumnModel, column_model, sweeps_of_a_hessian
from skmax._objective.data_term import CrossEntropyPoint, DataTerm, DataTermPoint
from skmax._objective.objective import Objective, ObjectivePoint
from skmax._objective.penalty import ElasticNet


class SparseDataTermPoint(DataTermPoint, Protocol):
    """What a penalty that sets coefficients to 0 needs of the data term beside."""

    def active_hessian(self, active: np.ndarray) -> np.ndarray: ...
    def entropy(self, scale: float) -> float: ...


class SparseDataTerm(DataTerm, Protocol):
    """A data term of such points."""

    @property
    def design(self) -> StandardisedColumns: ...
    def at(self, coef: np.ndarray) -> SparseDataTermPoint: ...


class SparseObjective(Objective):
    """A data term plus `factor` times an elastic net."""

    data: SparseDataTerm
    penalty: ElasticNet

    def __init__(self, data: SparseDataTerm, net: ElasticNet, factor: float = 1.0) -> None:
        super().__init__(data, net if factor == 1 else net.scaled(factor))
        self.reach = data.design.reach
        self.thresholds, self._unscaled, self.factor = self.penalty.thresholds, net, factor

    def at(self, coef: np.ndarray) -> "SparsePoint":
        """The objective at `coef`, by one pass over the rows."""
        self.passes.evaluations += 1
        return SparsePoint(self, self.data.at(coef))

    def of(self, point: ObjectivePoint) -> "SparsePoint":
        """A point of this data term, under this penalty: without a pass."""
        assert isinstance(point, SparsePoint)
        return SparsePoint(self, point.data)

    def scaled(self, factor: float) -> "SparseObjective":
        """The one with `factor` times the penalty that factor 1 stands for."""
        if factor == self.factor:
            return self
        scaled = SparseObjective(self.data, self._unscaled, factor)
        scaled.passes = self.passes
        return scaled


class SparsePoint(ObjectivePoint):
    """The objective at one `coef`; immutable. Its gradient is that of the smooth part."""

    data: SparseDataTermPoint
    _objective: SparseObjective
    _penalty: ElasticNet

    def scaled(self, factor: float) -> "SparsePoint":
        """The same coefficients under `factor` times the penalty, without a pass."""
        return self if factor == self._objective.factor else self._objective.scaled(factor).of(self)

    @property
    def distance(self) -> np.ndarray:
        """How far minus the gradient of the data term is from the subdifferential, per entry."""
        return self._penalty.distance(self.coef, self.data.gradient)

    def active_hessian(self, active: np.ndarray) -> np.ndarray:
        """The Hessian (m, m) of the smooth part, of the m coefficients that a mask names."""
        hessian = self.data.active_hessian(active)
        hessian.flat[:: len(hessian) + 1] += self.penalty_diagonal[np.nonzero(active)[1]]
        return hessian

    def sweeps_of_a_hessian(self, active: np.ndarray) -> float:
        """How many sweeps of a `column_model` take as long as the Hessian; 0 if there is none."""
        design = self._objective.data.design
        of_all_rows = isinstance(self.data, CrossEntropyPoint)  # not of blocks of them in turn
        if not (of_all_rows and isinstance(design, CsrDesign)):
            return 0.0
        return sweeps_of_a_hessian(design, active)

    def column_model(
        self, active: np.ndarray, terms: tuple[np.ndarray, np.ndarray, np.ndarray]
    ) -> ColumnModel:
        """The quadratic model of the coefficients that a mask names."""
        point = self.data
        assert isinstance(point, CrossEntropyPoint)
        assert isinstance(point.data.design, CsrDesign)
        return column_model(
            point.data.design,
            point.data.weight,
            point.probabilities,
            active,
            self.coef[active],
            self.gradient[active],
            np.broadcast_to(self.penalty_diagonal, active.shape)[active],
            terms,
        )

    def duality_gap(self) -> float:
        """What the value is above the minimum, at most.

        For dual variables q = targets + scale (probabilities - targets), whose sums against the
        columns are scale times the gradient g of the data term, the minimum is at least
        entropy(q) - penalty*(-scale g), where g is 0 for the intercepts. What it is short of that
        counts times an intercept, which may be off by 1 and as much as it is.

        E. Ndiaye, O. Fercoq, A. Gramfort, J. Salmon, Gap safe screening rules for sparsity
        enforcing penalties, JMLR 18, 2017.
        """
        net, free = self._penalty, self._penalty.is_free
        dual = -self.data.gradient
        scale = net.feasible_scale(dual)
        of_intercepts = np.abs(dual[:, free]) * (1 + np.abs(self.coef[:, free]))
        dual[:, free] = 0.0
        bound = self.data.entropy(scale) - net.dual_value(scale * dual)
        gap = self.value - bound + scale * float(of_intercepts.sum())
        return max(gap, 0.0)  # below 0 by rounding alone
