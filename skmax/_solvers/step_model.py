"""How the quadratic model of a step is minimised: by sweeps over columns, or by the Hessian."""

import numpy as np

from skmax._solvers.active_hessian import ActiveHessian
from skmax._solvers.column_descent import FEWEST_SWEEPS, minimum_by_sweeps
from skmax._solvers.protocol import SparsePoint, Terms
from skmax._solvers.quadratic_model import minimum_of_model

#: Coefficients of one step by a Hessian, which is then 288 MB.
MOST_ACTIVE = 6000
#: Steps of a fit after which sweeps are not enough for its models: most fits take 10 to 40. Near
#: copies of columns and next to no penalty leave models that bend hardly in some directions.
MOST_BY_COLUMNS = 50


class StepModel:
    """What a fit knows of its models: an older Hessian, and whether sweeps do.

    Parameters
    ----------
    curvature : ActiveHessian
        The Hessian that fits under several penalties hand on.
    """

    def __init__(self, curvature: ActiveHessian) -> None:
        self.curvature = curvature
        self.sweeps_do, self.by_columns = True, False

    @property
    def is_new(self) -> bool:
        """Whether the last model was that of its own point."""
        return self.by_columns or self.curvature.is_new

    def most_sweeps(self, point: SparsePoint, active: np.ndarray) -> float:
        """How many sweeps are tried before the Hessian is formed; 0 where it is dear by less."""
        most = point.sweeps_of_a_hessian(active) if self.sweeps_do else 0.0
        return most if most >= FEWEST_SWEEPS * self.curvature.served_steps else 0.0

    def most_active(self, point: SparsePoint, active: np.ndarray) -> int:
        """How many coefficients a step may change."""
        return active.size if self.most_sweeps(point, active) else MOST_ACTIVE

    def minimum(
        self,
        point: SparsePoint,
        active: np.ndarray,
        terms: Terms,
        thresholds: np.ndarray,
        enough: float,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The minimum of the model of some coefficients, and the quadratic's slope there.

        `thresholds` are those of all columns.
        """
        most_sweeps = self.most_sweeps(point, active)
        if most_sweeps:
            model, is_there = minimum_by_sweeps(
                point.column_model(active, terms), enough, most_sweeps
            )
            self.by_columns = is_there or len(terms.low) > MOST_ACTIVE
            if self.by_columns:
                return model.solution()
        self.by_columns = False
        hessian = self.curvature.at(point, active, thresholds)
        return minimum_of_model(hessian, terms, point.coef[active], point.gradient[active], enough)

    def stepped(self, n_iter: int, before: float, gap: float) -> None:
        """Look at what a step has made of the relative gap."""
        self.curvature.stepped(before, gap)
        self.sweeps_do = self.sweeps_do and n_iter < MOST_BY_COLUMNS

    def gives_up_sweeps(self) -> bool:
        """Where a step gains nothing: whether it was by sweeps, with which it is over then."""
        tried, self.sweeps_do = self.by_columns and self.sweeps_do, False
        return tried
