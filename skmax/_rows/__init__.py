"""The rows of X as an objective sees them: standardised, in blocks, dense or CSR.

The only place where dense and sparse part ways. Coefficients here are those of the standardised
columns, (n_outputs, n_columns), the last column the intercept where there is one; `to_user` maps
them back. Residuals, logits and probabilities are class-major, (n_outputs, rows of the block).
"""

from typing import Any

import numpy as np
import scipy.sparse

from skmax._rows.csr import CsrRows
from skmax._rows.cuts import add_up, block_rows, chunks
from skmax._rows.dense import DenseRows
from skmax._rows.layout import aligned, read_only, whole_vectors
from skmax._rows.row_space import RowSpace
from skmax._rows.users import users_logits

__all__ = [
    "CsrRows",
    "DenseRows",
    "RowSpace",
    "add_up",
    "aligned",
    "block_rows",
    "chunks",
    "read_only",
    "rows_of",
    "users_logits",
    "whole_vectors",
]

MOST_REDUCED = 2000  # rows up to which more columns than rows are reduced to their number


def rows_of(X: Any, share: np.ndarray, intercept: bool) -> DenseRows | CsrRows:
    """The view of X that suits its format and shape; `share` (n,) are weights that sum to 1."""
    if scipy.sparse.issparse(X):
        return CsrRows(X, share, intercept)
    short = len(X) <= MOST_REDUCED and len(X) < X.shape[1]
    return (RowSpace if short else DenseRows)(X, share, intercept)
