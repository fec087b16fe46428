"""What a solver hands back, and how it reports on the way."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

#: Called after each iteration with its number, the value, the estimated relative gap and the
#: coefficients; asks to stop by True.
OnIteration = Callable[[int, float, float, np.ndarray], bool]

WITHIN_TOL = "the estimated relative gap is at most tol"
AT_THE_FLOOR = "no further decrease is possible in the precision of the data"
ASKED_TO_STOP = "it was asked to stop"
OUT_OF_ITERATIONS = "max_iter iterations were not enough"
NO_DESCENT = "the objective does not decrease along the direction of descent"
SEPARABLE = (
    "the loss vanishes: the classes are separable, and without a penalty the coefficients grow "
    "without bound"
)


@dataclass
class Result:
    """Where a solver stopped and why.

    `gap` estimates (value - minimum) / minimum at `coef`; `message` is a whole sentence; `method`
    names what ran.
    """

    coef: np.ndarray
    value: float
    gap: float
    n_iter: int
    converged: bool
    message: str
    values: list[float] = field(default_factory=list)
    method: str = ""

    @property
    def stuck(self) -> bool:
        """Whether the method found no way on short of the optimum: another one may."""
        return not self.converged and self.message in (AT_THE_FLOOR, NO_DESCENT)
