"""What the kernels of a linear model are given: rows of X of each kind, and memory to work in.

numba is not needed to make these.
"""

from typing import Any, NamedTuple

import numpy as np

from skmax._kernels.calling.arguments import bundle
from skmax._kernels.loss.arrays import LossWorkspace, Targets, loss_workspace
from skmax._kernels.memory import VECTOR_BYTES, aligned, read_only, whole_vectors

TILE_ROWS = 8  # rows of a block are whole tiles of so many
CSR_VECTORS = 4  # vectors of outputs of a CSR row that stay in registers


@bundle
class DenseRows(NamedTuple):
    """A dense X in C order, centred as its rows are copied into a block."""

    X: np.ndarray  # (n, p)
    shift: np.ndarray  # (width,): whole vectors; -1 for a column of ones, which is 0 in X


@bundle
class DenseColumns(NamedTuple):
    """A dense X in Fortran order, by its transpose in C order."""

    columns: np.ndarray  # (p, n)
    shift: np.ndarray  # (width,)


@bundle
class CsrRows(NamedTuple):
    """The arrays of a CSR matrix."""

    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray


Rows = DenseRows | DenseColumns | CsrRows


def csr_rows(data: np.ndarray, indices: np.ndarray, indptr: np.ndarray) -> CsrRows:
    """The kernels' view of a CSR matrix: both kinds of indices in one type, that of the larger.

    They are copied only where they are of other types or lie apart in memory.
    """
    wide = indices.dtype.itemsize > 4 or indptr.dtype.itemsize > 4
    index_type = np.int64 if wide else np.int32
    return CsrRows(
        read_only(np.ascontiguousarray(data)),
        read_only(np.ascontiguousarray(indices, index_type)),
        read_only(np.ascontiguousarray(indptr, index_type)),
    )


def dense_rows(X: np.ndarray, shift: np.ndarray) -> DenseRows | DenseColumns:
    """The kernels' view of X, which is contiguous in one order or the other."""
    if X.flags.c_contiguous:
        return DenseRows(read_only(X), shift)
    return DenseColumns(read_only(X.T), shift)


@bundle
class RowCurvature(NamedTuple):
    """What a product with the Hessian needs of every row beside X; all in the dtype of X."""

    weight: np.ndarray  # (n,)
    probabilities: np.ndarray  # (K, n), those at the last coef


@bundle
class RowTerms(NamedTuple):
    """What a pass needs of every row beside X, and what it keeps."""

    targets: Targets
    weight: np.ndarray  # (n,), float64
    curvature: RowCurvature  # its weight is that of the gradient too


@bundle
class ModelColumns(NamedTuple):
    """The columns of some coefficients, class by class: in CSC, scaled, not centred; float64."""

    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray
    place: np.ndarray  # (m,): which column; -1 for the intercept, the last of its class
    ends: np.ndarray  # (K + 1,): where the coefficients of each class begin
    centre: np.ndarray  # (m,): what is subtracted from each column; 0 for intercepts


@bundle
class ModelCurvature(NamedTuple):
    """What the rows bend by; float64."""

    probabilities: np.ndarray  # (K, n)
    weighted: np.ndarray  # (K, n): times the rows' weights


@bundle
class ModelChange(NamedTuple):
    """What coefficients have changed; float64."""

    logits: np.ndarray  # (K, n)
    mean: np.ndarray  # (n,): over the classes, by their probabilities


@bundle
class ModelTerms(NamedTuple):
    """What a model has of each coefficient, (m,)."""

    start: np.ndarray
    slope: np.ndarray  # where it starts
    diagonal: np.ndarray  # of the Hessian, of centred columns
    slope_of_one: np.ndarray  # the entries with the intercept of the class, not centred
    ridge: np.ndarray
    thresholds: np.ndarray
    low: np.ndarray
    high: np.ndarray


@bundle
class PassWorkspace(NamedTuple):
    """Memory for a pass over rows, block by block; `pass_workspace` makes one."""

    block: np.ndarray  # rows of a block (dense), or some outputs of a row (CSR); aligned
    logits: np.ndarray  # (K * rows of a block,), in the dtype of X
    residual: np.ndarray  # the same
    losses: np.ndarray  # (rows of a block,), float64: its size says how many rows make a block
    loss: LossWorkspace


def pass_workspace(rows: Rows, n_outputs: int, block_rows: int) -> PassWorkspace:
    """A workspace for blocks of `block_rows` rows."""
    if isinstance(rows, CsrRows):
        dtype = rows.data.dtype
        entries = CSR_VECTORS * VECTOR_BYTES // dtype.itemsize
    else:
        dtype = rows.shift.dtype
        entries = -(-block_rows // TILE_ROWS) * TILE_ROWS * rows.shift.size
    return PassWorkspace(
        block=aligned((entries,), dtype),
        logits=np.empty(n_outputs * block_rows, dtype),
        residual=np.empty(n_outputs * block_rows, dtype),
        losses=np.empty(block_rows),
        loss=loss_workspace(block_rows, dtype),
    )


@bundle
class SecondMomentsWorkspace(NamedTuple):
    """Memory for sums of x x' over the rows of a block; `second_moments_workspace` makes one."""

    block: np.ndarray  # (rows in whole tiles, width)
    transposed: np.ndarray  # (width, rows in whole tiles)
    weighted: np.ndarray  # the same
    weight: np.ndarray  # (rows of a block,)


def second_moments_memory(n_rows: int, width: int, dtype: Any) -> np.ndarray:
    """Memory for the workspaces of up to `n_rows` rows of `width` entries, in whole vectors."""
    tiled = -(-n_rows // TILE_ROWS) * TILE_ROWS
    return aligned((3 * tiled * width + n_rows,), dtype)


def second_moments_workspace(memory: np.ndarray, n_rows: int, width: int) -> SecondMomentsWorkspace:
    """A workspace for exactly `n_rows` rows in the memory of `second_moments_memory`."""
    tiled = -(-n_rows // TILE_ROWS) * TILE_ROWS
    size = tiled * width
    return SecondMomentsWorkspace(
        block=memory[:size].reshape(tiled, width),
        transposed=memory[size : 2 * size].reshape(width, tiled),
        weighted=memory[2 * size : 3 * size].reshape(width, tiled),
        weight=memory[3 * size : 3 * size + n_rows],
    )


def row_shift(shift: np.ndarray, ones: bool, dtype: Any) -> np.ndarray:
    """The shift of each feature in whole vectors, and then -1 for a column of ones: 0 - -1."""
    out = np.zeros(whole_vectors(shift.size + ones, dtype), dtype)
    out[: shift.size] = shift
    out[shift.size : shift.size + ones] = -1
    return out
