"""What a solver hands back, and how it reports on the way."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

#: Called after each iteration with its number, the value and the estimated relative gap.
OnIteration = Callable[[int, float, float], None]

SEPARABLE = (
    "the loss vanishes: the classes are separable, and without a penalty the coefficients grow "
    "without bound"
)


@dataclass
class Result:
    """Where a solver stopped and why.

    `gap` estimates (value - minimum) / minimum at `coef`; `message` is a whole sentence.
    """

    coef: np.ndarray
    value: float
    gap: float
    n_iter: int
    converged: bool
    message: str
    values: list[float] = field(default_factory=list)
