"""X as columns of mean 0 and second moment 1: dense, CSR or in its row space.

The only place where dense and sparse part ways. Coefficients here are those of the standardised
columns, (n_outputs, n_columns), the last column the intercept where there is one; `unstandardise`
maps them to the user's. Logits and probabilities are class-major, (n_outputs, n).
"""

from typing import Any

import numpy as np
import scipy.sparse

from skmax._design.blocks import RowBlocks, SummedColumns
from skmax._design.columns import Columns, columns_of
from skmax._design.csr import CsrDesign, OccupiedColumns
from skmax._design.dense import DenseDesign
from skmax._design.row_space import RowSpaceDesign, basis_of_dense, basis_of_sparse
from skmax._design.standardised import StandardisedColumns

__all__ = [
    "Columns",
    "CsrDesign",
    "DenseDesign",
    "Design",
    "OccupiedColumns",
    "RowBlocks",
    "RowSpaceDesign",
    "StandardisedColumns",
    "SummedColumns",
    "columns_of",
    "design_of",
]

Design = DenseDesign | CsrDesign
MANY_COLUMNS = 1000  # of a CSR matrix, from which those without an entry are worth leaving out


def design_of(
    X: Any, weight: np.ndarray, intercept: bool, *, may_rotate: bool, threads: int = 1
) -> Design:
    """The design that suits the format and the shape of X.

    `weight` (n,) sums to 1; `may_rotate` says that the penalty does not change when the problem is
    moved to the row space.
    """
    if scipy.sparse.issparse(X):
        return _of_sparse(X, weight, intercept, may_rotate)
    if not (X.flags.c_contiguous or X.flags.f_contiguous):
        X = np.ascontiguousarray(X)
    columns = columns_of(X, weight, intercept, threads)
    basis = basis_of_dense(X, columns) if may_rotate else None
    if basis is not None:
        return RowSpaceDesign(basis, X.dtype, intercept, weight)
    return DenseDesign(X, columns, intercept)


def _of_sparse(X: Any, weight: np.ndarray, intercept: bool, may_rotate: bool) -> Design:
    if not X.has_canonical_format:  # an entry given in parts would count as several
        X = X.copy()
        X.sum_duplicates()
    basis = basis_of_sparse(X, weight, intercept) if may_rotate else None
    if basis is not None:
        return RowSpaceDesign(basis, X.dtype, intercept, weight)
    if X.shape[1] >= MANY_COLUMNS:
        occupied = np.flatnonzero(np.bincount(X.indices, minlength=X.shape[1]))
        if 0 < len(occupied) <= X.shape[1] // 2:
            return OccupiedColumns(X, occupied, weight, intercept)
    return CsrDesign(X, columns_of(X, weight, intercept), intercept)
