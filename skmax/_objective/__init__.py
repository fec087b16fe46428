"""What is minimised: a sum over the rows of X plus a sum over coefficients.

    (1/S) sum_i s_i CE(targets_i, softmax(W x_i + b)) + (1/(C S)) |W|^2 / 2,   S = sum_i s_i

Both are written for the coefficients of the standardised columns (see `_design`); the value is that
of the user's columns.
"""

from skmax._objective.data_term import CrossEntropy, DataTerm, DataTermPoint
from skmax._objective.objective import Objective, ObjectivePoint
from skmax._objective.penalty import NoPenalty, Penalty, Ridge

__all__ = [
    "CrossEntropy",
    "DataTerm",
    "DataTermPoint",
    "NoPenalty",
    "Objective",
    "ObjectivePoint",
    "Penalty",
    "Ridge",
]
