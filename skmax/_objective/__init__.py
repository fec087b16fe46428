"""What is minimised: a sum over the rows of X plus a sum over coefficients.

    (1/S) sum_i s_i CE(targets_i, softmax(W x_i + b))
        + (1/(C S)) ((1 - r) |W|^2 / 2 + r |W|_1),   S = sum_i s_i

Both are written for the coefficients of the standardised columns (see `_design`); the value is that
of the user's columns.
"""

from skmax._objective.blocks import BlockedCrossEntropy, Blocks, BlocksInTurn, Data, needs_blocks
from skmax._objective.data_term import CrossEntropy, DataTerm, DataTermPoint
from skmax._objective.objective import Objective, ObjectivePoint
from skmax._objective.penalty import (
    ElasticNet,
    NoPenalty,
    Penalty,
    Ridge,
    centred_over_classes,
)
from skmax._objective.sparse import SparseObjective, SparsePoint

__all__ = [
    "BlockedCrossEntropy",
    "Blocks",
    "BlocksInTurn",
    "CrossEntropy",
    "Data",
    "DataTerm",
    "DataTermPoint",
    "ElasticNet",
    "NoPenalty",
    "Objective",
    "ObjectivePoint",
    "Penalty",
    "Ridge",
    "SparseObjective",
    "SparsePoint",
    "centred_over_classes",
    "needs_blocks",
]
