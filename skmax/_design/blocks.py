"""X whose rows are made block by block: from a file, or from numbers of few bytes."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse

from skmax._design.chunks import tree_sum
from skmax._design.columns import Columns, Moments, moments_of
from skmax._design.csr import CsrDesign
from skmax._design.dense import DenseDesign
from skmax._design.standardised import StandardisedColumns

#: What a block of rows takes, where it is copied, with what is kept of its rows.
BLOCK_BYTES = 2**24
#: What a copy of an X in memory may take, and what all else may beside an X in a file.
MOST_COPIED, MOST_BESIDE_MAPPED = 2**30, 100_000_000


class SummedColumns(StandardisedColumns):
    """Columns whose moments were added up over rows that are elsewhere."""

    def __init__(self, moments: Moments, intercept: bool, dtype: np.dtype) -> None:
        super().__init__(moments.columns(intercept, dtype), intercept, dtype)
        self.moments = moments

    def extremes(self) -> tuple[np.ndarray, np.ndarray]:
        scale = self.scale[: self.n_features]
        low, high = (
            np.multiply(end, scale, out=np.zeros_like(end), where=scale > 0)
            for end in (self.moments.low, self.moments.high)
        )
        return low, high


class RowBlocks(SummedColumns):
    """The standardised rows of a large X, of which no more than a block is in memory.

    X is an array, or a CSR matrix, of any real numbers, in memory or mapped from a file.

    Parameters
    ----------
    X : array or CSR matrix of shape (n, n_features)
    moments : Moments
        Those of its columns.
    intercept : bool
        Whether there is a column of ones.
    dtype : numpy dtype
        In which rows are worked on, float32 or float64.
    """

    def __init__(self, X: Any, moments: Moments, intercept: bool, dtype: np.dtype) -> None:
        super().__init__(moments, intercept, dtype)
        self.X, self.n_rows = X, X.shape[0]

    @property
    def copied_bytes(self) -> int:
        """What a row takes where it is copied, on the average; 0 where it is used as it is."""
        sparse = scipy.sparse.issparse(self.X)
        as_it_is = self.X.has_canonical_format if sparse else self.X.flags.c_contiguous
        return 0 if as_it_is and self.X.dtype == self.dtype else row_bytes(self.X, self.dtype)

    def of_rows(self, rows: slice) -> DenseDesign | CsrDesign:
        """The same columns over some of the rows."""
        return design_over(float_rows(self.X, rows, self.dtype), self.columns, self.intercept)

    def of_sample(self, indices: np.ndarray) -> DenseDesign | CsrDesign:
        """The same columns over rows with these indices, in memory of their own."""
        return design_over(self.X[indices].astype(self.dtype), self.columns, self.intercept)

    def standardised_rows(self, indices: np.ndarray) -> np.ndarray:
        """The given rows in float64, (len(indices), n_columns), a column of ones last."""
        return self.of_sample(indices).standardised_rows(np.arange(len(indices)))


def design_over(X: Any, columns: Columns, intercept: bool) -> DenseDesign | CsrDesign:
    """Rows of float32 or float64, dense or canonical CSR, with columns standardised elsewhere."""
    return (CsrDesign if scipy.sparse.issparse(X) else DenseDesign)(X, columns, intercept)


def working_dtype(X: Any) -> np.dtype:
    """That in which rows are worked on: float32 for float32, and else float64."""
    return X.dtype if X.dtype == np.float32 else np.dtype(np.float64)


def float_rows(X: Any, rows: slice, dtype: np.dtype) -> Any:
    """Some rows of an array in C order, or of a CSR matrix in canonical format, in this dtype.

    They are copied only where they are not so already.
    """
    if not scipy.sparse.issparse(X):
        return np.ascontiguousarray(X[rows], dtype)
    ends = X.indptr[rows.start : rows.stop + 1]
    entries = slice(ends[0], ends[-1])
    pieces = X.data[entries].astype(dtype, copy=False), X.indices[entries], ends - ends[0]
    part = type(X)(pieces, shape=(len(ends) - 1, X.shape[1]))
    part.has_canonical_format = X.has_canonical_format  # which SciPy looks for once in X
    if not part.has_canonical_format:  # an entry given in parts would count as several
        part = part.copy()
        part.sum_duplicates()
    return part


def row_bytes(X: Any, dtype: np.dtype) -> int:
    """What a row takes in this dtype, on the average."""
    if scipy.sparse.issparse(X):
        return -(-X.nnz * (dtype.itemsize + X.indices.itemsize) // X.shape[0])
    return int(X.shape[1] * dtype.itemsize)


def block_slices(n_rows: int, bytes_per_row: int) -> list[slice]:
    """Blocks of rows, as many as a power of two, that take BLOCK_BYTES at most."""
    n_bytes = n_rows * bytes_per_row
    n_blocks = 2 ** max(0, min(-(-n_bytes // BLOCK_BYTES), n_rows) - 1).bit_length()
    edges = [n_rows * index // n_blocks for index in range(n_blocks + 1)]
    return [slice(*ends) for ends in itertools.pairwise(edges)]


def row_blocks_of(
    X: Any, weight: np.ndarray, intercept: bool, dtype: np.dtype, threads: int
) -> RowBlocks:
    """X in blocks, its columns standardised by one sweep over them; weight (n,) sums to 1."""
    moments = tree_sum(block_moments(X, weight, dtype, threads))
    return RowBlocks(X, moments, intercept, dtype)


def block_moments(X: Any, weight: np.ndarray, dtype: np.dtype, threads: int) -> Iterator[Moments]:
    """The moments of each block."""
    for rows in block_slices(X.shape[0], row_bytes(X, dtype)):
        yield moments_of(float_rows(X, rows, dtype), weight[rows], threads)


def is_mapped(X: Any) -> bool:
    """Whether the entries of an array or a CSR matrix lie in a file."""
    array = X.data if scipy.sparse.issparse(X) else X
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            return True
        array = array.base
    return False


def in_blocks(X: Any, n_outputs: int) -> bool:
    """Whether rows are made block by block: where all of them at once would take much memory.

    Of an X in memory that would be a copy of it; of a mapped one, also what a fit keeps of rows.
    """
    dtype = working_dtype(X)
    copied = X.shape[0] * row_bytes(X, dtype) if X.dtype != dtype else 0
    if not is_mapped(X):
        return copied > MOST_COPIED
    sparse = scipy.sparse.issparse(X)
    as_it_is = X.has_canonical_format if sparse else X.flags.c_contiguous or X.flags.f_contiguous
    if not as_it_is:
        copied = X.shape[0] * row_bytes(X, dtype)
    return copied + X.shape[0] * (n_outputs + 1) * dtype.itemsize > MOST_BESIDE_MAPPED
