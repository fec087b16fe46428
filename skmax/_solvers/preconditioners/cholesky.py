"""Cholesky's factors of matrices that may be singular to rounding, and solving with them."""

import numpy as np
from scipy.linalg.blas import dtrsv
from scipy.linalg.lapack import dpotrf, dtrtri

MOST_RAISES = 12  # of the ridge, a hundredfold each: from rounding to far above any entry


def cholesky(matrix: np.ndarray, ridge: float) -> np.ndarray:
    """Cholesky's factor; a matrix that is singular to rounding gets the ridge that it needs.

    Columns are standardised, so that the data's part of a diagonal is below 1/4. A ridge in scale
    with that keeps the rounding of a gradient small where there is no curvature at all.

    Raises
    ------
    FloatingPointError
        If the matrix is not finite, or no ridge makes it positive definite.
    """
    return cholesky_and_rise(matrix, ridge)[0]


def cholesky_and_rise(matrix: np.ndarray, ridge: float) -> tuple[np.ndarray, np.ndarray]:
    """The factor, and what the diagonal was raised by for it."""
    diagonal = matrix.diagonal()
    diagonal = np.maximum(diagonal, max(min(diagonal.max(), 0.25), 1e-300))
    for _ in range(MOST_RAISES):
        raised = matrix.copy()
        rise = ridge * diagonal
        raised.flat[:: len(matrix) + 1] += rise
        factor, failed = dpotrf(raised.T, overwrite_a=True, clean=False)  # symmetric: raised.T
        # OpenBLAS's takes NaN for a pivot like any other.
        if not failed and np.isfinite(factor.diagonal()).all():
            return factor, rise
        ridge *= 100
    raise FloatingPointError(_why_not(matrix, ridge))


def _why_not(matrix: np.ndarray, ridge: float) -> str:
    """What is wrong with a matrix that has no Cholesky factor."""
    wrong = np.argwhere(~np.isfinite(matrix))
    if len(wrong):
        row, column = wrong[0]
        return (
            f"the Hessian is not finite: {matrix[row, column]} in row {row}, column {column} "
            f"({len(wrong)} such entries)"
        )
    return f"the Hessian is not positive definite, even with a ridge of {ridge:g}"


def solve(factor: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The inverse of a factored matrix of all coefficients times v.

    By two solves with its triangle: `dpotrs` takes 2 to 3 times as long for one right-hand side.
    """
    half = dtrsv(factor, v.ravel(), trans=1)
    return dtrsv(factor, half, overwrite_x=True).reshape(v.shape)


def slices(first: int, last: int, size: int) -> list[slice]:
    """The range first..last in slices of at most `size`."""
    return [slice(start, min(start + size, last)) for start in range(first, last, size)]


class Triangle:
    """Cholesky's factor, to solve for many rows by products alone: LAPACK would hold the GIL."""

    SIZE = 128  # of a block on the diagonal, which is inverted

    def __init__(self, factor: np.ndarray) -> None:
        self.lower = lower = factor.T
        self.blocks = [
            (part, np.tril(dtrtri(lower[part, part], lower=True)[0]))
            for part in slices(0, len(lower), self.SIZE)
        ]

    def solve(self, x: np.ndarray) -> None:
        """Solve for each row of x, in place: forwards with L, backwards with L'."""
        lower = self.lower
        for part, inverse in self.blocks:
            left = x[:, part] - x[:, : part.start] @ lower[part, : part.start].T
            x[:, part] = left @ inverse.T
        for part, inverse in reversed(self.blocks):
            left = x[:, part] - x[:, part.stop :] @ lower[part.stop :, part]
            x[:, part] = left @ inverse
