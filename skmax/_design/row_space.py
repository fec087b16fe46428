"""A dense X with more columns than rows."""

import numpy as np
from scipy.linalg.lapack import dgemqrt, dgeqrt

from skmax._design.columns import Columns, columns_of
from skmax._design.dense import DenseDesign

PANEL = 16  # columns that LAPACK reflects at a time


class RowSpaceDesign(DenseDesign):
    """A dense X with more columns than rows, in coordinates of its row space.

    The optimum under a penalty that no rotation changes, and the one of least norm without, is a
    combination of the (centred) rows: with X' = Q R, the n columns of R' have the same logits and
    norms. The columns of X go into the factors from the largest to the smallest, so that these keep
    their digits. `weight` (n,) are the weights that `columns` was made with. `mean_variance` is
    that of the columns of X.
    """

    def __init__(
        self, X: np.ndarray, columns: Columns, intercept: bool, weight: np.ndarray
    ) -> None:
        self.centre = columns.shift
        self.mean_variance = float(np.mean(columns.deviation**2))
        order = np.argsort(-columns.deviation)
        sorted_rows = X[:, order] - self.centre[order]
        self.reflections, self.triangles, _ = dgeqrt(
            min(PANEL, len(X)), sorted_rows.T, overwrite_a=True
        )
        factor = np.triu(self.reflections[: len(X)])
        sizes = np.abs(factor).max(axis=1)
        # Centred rows depend on each other: what is left of one of them is rounding.
        kept = sizes > 8 * len(X) * np.finfo(np.float64).eps * sizes.max()
        kept[0] = True  # where no column varies, one of zeros
        self.order, self.kept = order, np.flatnonzero(kept)
        reduced = factor[kept].T.astype(X.dtype)
        super().__init__(reduced, columns_of(reduced, weight, intercept), intercept)

    def unstandardise(
        self, coef: np.ndarray, second_moments: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        reduced, intercepts = super().unstandardise(coef, second_moments)
        rotated = np.zeros((len(self.order), len(coef)))
        rotated[self.kept] = reduced.T
        weights = np.empty(rotated.shape[::-1])
        weights[:, self.order] = self._apply_q("N", rotated).T
        return weights, intercepts - weights @ self.centre

    def standardise(self, weights: np.ndarray, intercepts: np.ndarray) -> np.ndarray:
        rotated = self._apply_q("T", weights[:, self.order].T)[self.kept]
        return super().standardise(rotated.T, intercepts + weights @ self.centre)

    def users_columns(self, features: np.ndarray) -> np.ndarray:
        return np.empty(0, int)  # each is made of all of them

    def _apply_q(self, transposed: str, columns: np.ndarray) -> np.ndarray:
        """Q ("N") or Q' ("T") times the columns, by the reflections that Q is a product of."""
        return dgemqrt(self.reflections, self.triangles, columns, trans=transposed)[0]
