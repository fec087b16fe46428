"""Dense rows with more columns than rows."""

import numpy as np
from scipy.linalg.lapack import dgemqrt, dgeqrt

from skmax._rows.dense import DenseRows, dense_moments

PANEL = 16  # columns that LAPACK reflects at a time


class RowSpace(DenseRows):
    """Dense rows with more columns than rows, in coordinates of the row space of X.

    The optimum under an L2 penalty, and the one of least norm without, is a combination of the
    (centred) rows: with X' = Q R, the n columns of R' have the same logits and norms. The columns
    of X go into the factors from the largest to the smallest, so that these keep their digits.
    """

    def __init__(self, X: np.ndarray, share: np.ndarray, intercept: bool) -> None:
        self.centre, deviation = dense_moments(X, share, intercept)
        order = np.argsort(-deviation)
        sorted_rows = X[:, order] - self.centre[order]
        self.reflections, self.triangles, _ = dgeqrt(
            min(PANEL, len(X)), sorted_rows.T, overwrite_a=True
        )
        factor = np.triu(self.reflections[: len(X)])
        sizes = np.abs(factor).max(axis=1)
        # Centred rows depend on each other: what is left of one of them is rounding.
        kept = sizes > 8 * len(X) * np.finfo(np.float64).eps * sizes.max()
        self.order, self.kept = order, np.flatnonzero(kept)
        super().__init__(factor[kept].T.astype(X.dtype), share, intercept)

    def to_user(
        self, coef: np.ndarray, gram: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        reduced, intercepts = super().to_user(coef, gram)
        turned = np.zeros((len(self.order), len(coef)))
        turned[self.kept] = reduced.T
        weights = np.empty(turned.shape[::-1])
        weights[:, self.order] = self._turn("N", turned).T
        return weights, intercepts - weights @ self.centre

    def from_user(self, weights: np.ndarray, intercepts: np.ndarray) -> np.ndarray:
        turned = self._turn("T", weights[:, self.order].T)[self.kept]
        return super().from_user(turned.T, intercepts + weights @ self.centre)

    def _turn(self, transposed: str, columns: np.ndarray) -> np.ndarray:
        """Q or Q' times the columns, by the reflections that Q is a product of."""
        return dgemqrt(self.reflections, self.triangles, columns, trans=transposed)[0]
