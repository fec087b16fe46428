"""An X with more columns than rows, in coordinates of its row space.

T. Hastie, R. Tibshirani, Efficient quadratic regularization for expression arrays, Biostatistics 5,
2004.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import scipy.sparse
from scipy.linalg.blas import dtrsm
from scipy.linalg.lapack import dgemqrt, dgeqrt, dpstrf

from skmax._design.columns import Columns, columns_of
from skmax._design.dense import DenseDesign

ROW_SPACE_ROWS = 2000  # up to which an X with more columns than rows is moved to its row space
#: The entries in the row space over those of a CSR matrix, at most: passes go over the former. And
#: with how many others an entry is multiplied for the products of rows: 80 in 1000 texts, whose
#: products take 46 ms; 450 in 1500 rows of 900 entries, whose products take 1.4 s.
DENSER, MEETINGS = 10, 150
PANEL = 16  # columns that LAPACK reflects at a time
#: Products of rows do not tell a row well of whose square less than NEAR is left, relative to it,
#: beyond the mean of all or the span of others; NOTHING beyond that span is rounding of 0.
NEAR, NOTHING = 1e-6, 1e-13
SHORTEST = 1e-140  # length of a row whose square has all its digits


class Basis(Protocol):
    """An orthonormal basis B (p, r) of the rows of X, less `centre` (p,): they are `rows` B'."""

    @property
    def centre(self) -> np.ndarray: ...
    @property
    def rows(self) -> np.ndarray: ...
    def expanded(self, reduced: np.ndarray) -> np.ndarray:
        """Weights (m, p) of the columns of X from those here, (m, r): reduced B'."""

    def reduced(self, weights: np.ndarray) -> np.ndarray:
        """The inverse, for what is in the row space: weights B."""


class RowSpaceDesign(DenseDesign):
    """X in coordinates of its row space.

    The optimum under a penalty that no rotation changes, and the one of least norm without, is a
    combination of the rows, and logits and norms are the same here. `weight` (n,) sums to 1.
    `mean_variance` is that of the columns of X.
    """

    def __init__(self, basis: Basis, dtype: np.dtype, intercept: bool, weight: np.ndarray) -> None:
        self.basis = basis
        rows = basis.rows.astype(dtype)
        super().__init__(rows, columns_of(rows, weight, intercept), intercept)
        self.mean_variance = float(np.sum(self.columns.deviation**2)) / len(basis.centre)

    def unstandardise(
        self, coef: np.ndarray, second_moments: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        reduced, intercepts = super().unstandardise(coef, second_moments)
        weights = self.basis.expanded(reduced)
        return weights, intercepts - weights @ self.basis.centre

    def standardise(self, weights: np.ndarray, intercepts: np.ndarray) -> np.ndarray:
        reduced = self.basis.reduced(weights)
        return super().standardise(reduced, intercepts + weights @ self.basis.centre)

    def users_columns(self, features: np.ndarray) -> np.ndarray:
        return np.empty(0, int)  # each is made of all of them


def basis_of_dense(X: np.ndarray, columns: Columns) -> Basis | None:
    """That of an X with fewer rows than columns, and not too many; else None."""
    if not _few_rows(X):
        return None
    return products_basis(X, columns.shift) or Reflections(X, columns)


def basis_of_sparse(X: Any, weight: np.ndarray, intercept: bool) -> Basis | None:
    """That of a canonical CSR matrix over which passes take longer, if products tell it."""
    if not _few_rows(X) or X.shape[0] ** 2 > DENSER * X.nnz:
        return None
    of_columns = np.bincount(X.indices)
    if of_columns @ of_columns > MEETINGS * X.nnz:
        return None
    return products_basis(X, weight @ X if intercept else np.zeros(X.shape[1]))


def _few_rows(X: Any) -> bool:
    return X.shape[0] <= ROW_SPACE_ROWS and X.shape[0] < X.shape[1]


def products_basis(X: Any, centre: np.ndarray) -> "Products | None":
    """That of an X, dense or CSR; None if some row is too near to the centre or to others."""
    X = X.astype(np.float64, copy=False)
    products, lengths = _products(X, centre)
    if lengths is None:
        return None
    factor, order, rank, _ = dpstrf(products, tol=NEAR, lower=1)
    order, some = order - 1, order[:rank] - 1
    rows = np.empty((len(lengths), rank))
    rows[order] = np.tril(factor)[:, :rank]
    outside = products.diagonal() - np.einsum("ij,ij->i", rows, rows)
    outside[some] = 0.0
    if rank == 0 or not _spanned(np.abs(outside), centred=bool(centre.any())):
        return None
    rows *= lengths[:, None]
    return Products(rows, centre, X[some], lengths[some], factor[:rank, :rank].copy("F"))


def _products(X: Any, centre: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Those of the rows less the centre and scaled to length 1, and their lengths, 1 for 0.

    None for these where the centring, an overflow or an underflow takes their digits.
    """
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        products, along = X @ X.T, X @ centre
        if scipy.sparse.issparse(products):
            products = products.toarray()
        before = products.diagonal() + centre @ centre
        products += centre @ centre - along[:, None] - along
    squares, empty = products.diagonal(), before == 0
    known = (before > SHORTEST**2) & np.isfinite(before) & (squares >= NEAR * before)
    if not (empty | known).all():
        return products, None
    lengths = np.sqrt(np.where(empty, 1.0, squares))
    products /= lengths[:, None] * lengths
    return products, lengths


def _spanned(outside: np.ndarray, *, centred: bool) -> bool:
    """Whether what is left of the rows beyond a span is rounding.

    Centred, one row is minus the sum of all others, whose rounding adds up.
    """
    *others, most = np.sort(outside)
    most_of_one = NOTHING * (len(outside) if centred else 1)
    return max(others, default=0.0) <= NOTHING and bool(most <= most_of_one)


@dataclass(frozen=True)
class Products:
    """The basis by Cholesky's factors of the products of all rows, less `centre`.

    `spanning` are rows of X that span all, of these lengths: with R these rows, centred and divided
    by their lengths, and R R' = L L', B' is L^-1 R.
    """

    rows: np.ndarray
    centre: np.ndarray
    spanning: Any
    lengths: np.ndarray
    factor: np.ndarray

    def expanded(self, reduced: np.ndarray) -> np.ndarray:
        of_rows = dtrsm(1.0, self.factor, reduced.T, lower=1, trans_a=1) / self.lengths[:, None]
        return (self.spanning.T @ of_rows).T - of_rows.sum(axis=0)[:, None] * self.centre

    def reduced(self, weights: np.ndarray) -> np.ndarray:
        logits = self.spanning @ weights.T - weights @ self.centre
        return dtrsm(1.0, self.factor, logits / self.lengths[:, None], lower=1).T


class Reflections:
    """The basis by Householder's reflections, for a dense X whatever it holds: (X - centre)' = Q R.

    The columns of X go into the factors from the largest to the smallest, so that these keep their
    digits.
    """

    def __init__(self, X: np.ndarray, columns: Columns) -> None:
        self.centre = columns.shift
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
        self.rows = factor[kept].T

    def expanded(self, reduced: np.ndarray) -> np.ndarray:
        rotated = np.zeros((len(self.order), len(reduced)))
        rotated[self.kept] = reduced.T
        weights = np.empty(rotated.shape[::-1])
        weights[:, self.order] = self._apply_q("N", rotated).T
        return weights

    def reduced(self, weights: np.ndarray) -> np.ndarray:
        return self._apply_q("T", weights[:, self.order].T)[self.kept].T

    def _apply_q(self, transposed: str, columns: np.ndarray) -> np.ndarray:
        """Q ("N") or Q' ("T") times the columns, by the reflections that Q is a product of."""
        return dgemqrt(self.reflections, self.triangles, columns, trans=transposed)[0]
