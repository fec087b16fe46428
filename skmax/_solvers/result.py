"""What a solver hands back."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Generic

import numpy as np

from skmax._solvers.protocol import P_co

FURTHER = "Raise max_iter, lower C (a stronger penalty), or raise tol if that gap is small enough."
COARSER = (
    "More iterations would not help: give X as float64 if it is float32, lower C (a stronger "
    "penalty), or raise tol if that gap is small enough."
)


class Status(Enum):
    """Why a solver has stopped: a sentence, what the user can do, whether that is convergence."""

    WITHIN_TOL = "the estimated relative gap is at most tol", "", True
    AT_PRECISION = "the gap is within the rounding of the objective", "", True
    OUT_OF_PRECISION = (
        "no further decrease is possible in the precision of the data",
        COARSER,
        False,
    )
    NO_DESCENT = "the objective does not decrease along the direction of descent", COARSER, False
    OUT_OF_ITERATIONS = "max_iter iterations were not enough", FURTHER, False
    SLOW = "at this rate it would take several times what it has spent", FURTHER, False
    ASKED_TO_STOP = "it was asked to stop", "", False
    SEPARABLE = (
        "without a penalty the loss vanishes, as the classes are all but separable",
        "What is returned is the optimum under a vanishing penalty. Set C to a finite number (a "
        "penalty), leave out the columns that tell them apart, or merge classes.",
        False,
    )

    UNDECIDED = (
        "without a penalty there may be no optimum, and the rows that were looked at do not tell",
        "Set C to a finite number (a penalty), or allow gather_rows.",
        False,
    )

    def __init__(self, sentence: str, advice: str, converged: bool) -> None:
        self.sentence, self.advice, self.converged = sentence, advice, converged

    @property
    def stuck(self) -> bool:
        """Whether the method found no way on short of the optimum: another one may."""
        return self in (Status.OUT_OF_PRECISION, Status.NO_DESCENT)


@dataclass(frozen=True)
class Result(Generic[P_co]):
    """Where a solver stopped and why.

    `gap` estimates (value - minimum) / minimum at `point`; `values` are those at the start and
    after each iteration; `method` names what ran; `step` is the last one, where it has ended
    within tol or at rounding.
    """

    point: P_co
    gap: float
    n_iter: int
    status: Status
    values: list[float] = field(default_factory=list)
    method: str = ""
    step: np.ndarray | None = None

    @property
    def coef(self) -> np.ndarray:
        """The coefficients (n_outputs, n_columns)."""
        return self.point.coef

    @property
    def value(self) -> float:
        """The objective."""
        return self.point.value

    @property
    def converged(self) -> bool:
        """Whether the guarantee of `tol` holds."""
        return self.status.converged
