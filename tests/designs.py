"""Columns of many sizes, and the designs that fits take of them."""

import numpy as np
import pytest
import scipy.sparse

from skmax._design import CsrDesign, DenseDesign, RowSpaceDesign, design_of
from skmax._design.columns import columns_of
from skmax._design.row_space import Products, Reflections

ROW_SPACES = ["row space of dense", "row space of csr", "row space by reflections"]
VIEWS = pytest.mark.parametrize("name", ["dense", "csr", *ROW_SPACES])
INTERCEPT = pytest.mark.parametrize("intercept", [True, False])


def raw(n=60, p=5, *, offset=3.0, dtype=np.float64, seed=0):
    """Columns of sizes 1e-3 to 1e3 about offsets, and weights that sum to 1."""
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(n, p)) + offset) * np.logspace(-3, 3, p)
    weight = rng.exponential(size=n)
    return X.astype(dtype), weight / weight.sum()


def standard(X, weight, intercept=True):
    """The design that a fit under an L2 penalty would take."""
    return design_of(X, weight, intercept, may_rotate=True)


def view(name, intercept, dtype=np.float64):
    """The user's dense X, the weights and the design of that name."""
    if name in ROW_SPACES:
        return row_space_view(name, intercept, dtype)
    X, weight = raw(dtype=dtype)
    design = standard(scipy.sparse.csr_matrix(X) if name == "csr" else X, weight, intercept)
    assert type(design) is {"dense": DenseDesign, "csr": CsrDesign}[name]
    return X, weight, design


def row_space_view(name, intercept, dtype):
    """The same of an X with fewer rows than columns, whose rows products tell apart."""
    X, weight = raw(20, 50, dtype=dtype)
    X /= np.logspace(-3, 3, 50, dtype=dtype)
    if name == "row space by reflections":
        basis = Reflections(X, columns_of(X, weight, intercept))
        return X, weight, RowSpaceDesign(basis, X.dtype, intercept, weight)
    form = scipy.sparse.csr_matrix(X) if name == "row space of csr" else X
    design = standard(form, weight, intercept)
    assert type(design.basis) is Products
    return X, weight, design
