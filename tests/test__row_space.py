"""X of few rows in the space that they span: which way it goes there, and fits are the same."""

import numpy as np
import pytest
import scipy.sparse
from designs import INTERCEPT, ROW_SPACES, raw, standard, view
from problems import logits_of
from sklearn.exceptions import ConvergenceWarning

from skmax import SoftmaxRegression
from skmax._design import CsrDesign, DenseDesign, RowSpaceDesign, design_of, row_space
from skmax._design.row_space import Products, Reflections, products_basis


def test_the_row_space_keeps_every_direction_of_raw_columns():
    # One column dwarfs all others, which then still tell the rows apart.
    X = np.random.default_rng(0).normal(size=(20, 50))
    X[:, 0] *= 1e8
    design = standard(X, np.full(20, 0.05))
    weights = np.random.default_rng(1).normal(size=(2, 50))
    weights[:, 0] = 0
    centred = X - X.mean(axis=0)
    wanted = weights @ np.linalg.pinv(centred) @ centred
    found = design.unstandardise(design.standardise(wanted, np.zeros(2)))[0]
    np.testing.assert_allclose(found @ centred.T, wanted @ centred.T, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ROW_SPACES)
def test_the_row_space_has_the_norms_of_the_users_coefficients(name):
    X, weight, design = view(name, True)
    assert design.n_features <= len(X)
    weights = design.unstandardise(np.random.default_rng(1).normal(size=(3, design.n_columns)))[0]
    centred = X - weight @ X
    np.testing.assert_allclose(weights @ np.linalg.pinv(centred) @ centred, weights, atol=1e-6)


def rows_with(change):
    """Rows of 300 columns, most entries 0, some of which `change` makes special."""
    rng = np.random.default_rng(0)
    X = rng.exponential(size=(20, 300)) * (rng.random((20, 300)) < 0.3)
    change(X)
    return X


def double(X):
    X[3], X[7:9] = X[2], X[0]


def empty(X):
    X[[4, 11]] = 0.0


def constant(X):
    X[:, 5] = 0.1


def lengths(X):
    X *= np.logspace(-6, 6, 20)[:, None]


@pytest.mark.parametrize("change", [double, empty, constant, lengths])
@pytest.mark.parametrize("convert", [np.asarray, scipy.sparse.csr_array])
@INTERCEPT
def test_products_tell_rows_that_depend_on_others(change, convert, intercept):
    X, weight = rows_with(change), np.random.default_rng(1).exponential(size=20)
    weight /= weight.sum()
    centred = X - weight @ X if intercept else X
    design = standard(convert(X), weight, intercept)
    if change is lengths and intercept:  # the mean is that of the longest rows
        assert type(getattr(design, "basis", None)) is not Products
        return
    assert type(design.basis) is Products
    sizes = np.linalg.norm(centred, axis=1, keepdims=True)
    rows = centred / np.where(sizes > 0, sizes, 1)
    assert design.n_features == np.linalg.matrix_rank(rows)
    coef = np.random.default_rng(2).normal(size=(3, design.n_columns))
    weights, intercepts = design.unstandardise(coef)
    logits = weights @ X.T + intercepts[:, None]
    np.testing.assert_allclose(logits_of(design, coef).T, logits, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(weights @ np.linalg.pinv(rows) @ rows, weights, atol=1e-9)
    if change is constant and intercept:
        np.testing.assert_allclose(weights[:, 5], 0.0, atol=1e-14)


def nearly_double(X):
    X[3] = X[2] * (1 + 1e-5 * np.random.default_rng(1).normal(size=X.shape[1]))


def offset(X):
    X += 1e5


def huge(X):
    X[0, 0] = 1e200


def tiny(X):
    X *= 1e-150


def all_but_one_alike(X):
    X[1:] = X[1] + 1e-8 * X[1:]


@pytest.mark.parametrize("change", [nearly_double, offset, huge, tiny, all_but_one_alike])
@pytest.mark.parametrize("convert", [np.asarray, scipy.sparse.csr_array])
def test_what_products_do_not_tell_well_is_left_to_others(change, convert):
    X, weight = rows_with(change), np.full(20, 0.05)
    assert products_basis(convert(X), weight @ X) is None
    if change is not huge:  # then its column is refused
        kind = RowSpaceDesign if convert is np.asarray else CsrDesign
        design = standard(convert(X), weight)
        assert type(design) is kind
        assert kind is CsrDesign or type(design.basis) is Reflections


def test_many_rows_of_few_entries_stay_sparse():
    X = scipy.sparse.csr_array(np.random.default_rng(0).random((400, 900)) < 0.01, dtype=float)
    weight = np.full(400, 1 / 400)
    assert type(standard(X, weight)) is CsrDesign  # 160,000 entries in place of 3600
    assert type(standard(X[:40], np.full(40, 1 / 40))) is RowSpaceDesign


def test_rows_that_have_most_columns_in_common_stay_sparse():
    X = scipy.sparse.csr_array(np.random.default_rng(0).random((300, 400)))
    assert type(standard(X, np.full(300, 1 / 300))) is CsrDesign  # 300 products of each entry
    assert type(standard(X[:100], np.full(100, 0.01))) is RowSpaceDesign


@pytest.mark.parametrize("parameters", [{}, {"C": 100.0}, {"fit_intercept": False}])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_sparse_fit_in_the_row_space_is_that_of_the_columns(monkeypatch, parameters, dtype):
    X = scipy.sparse.csr_array(rows_with(empty).astype(dtype))
    y = np.arange(20) % 3
    model = SoftmaxRegression(tol=1e-12, warm_start=True, **parameters).fit(X, y)
    monkeypatch.setattr(row_space, "ROW_SPACE_ROWS", 0)
    of_columns = SoftmaxRegression(tol=1e-12, **parameters).fit(X, y)
    tolerance = 1e-5 if dtype == np.float64 else 1e-3
    np.testing.assert_allclose(model.coef_, of_columns.coef_, rtol=tolerance, atol=tolerance)
    assert model.objective_ == pytest.approx(of_columns.objective_, rel=1e-3 * tolerance)
    np.testing.assert_allclose(model.intercept_, of_columns.intercept_, atol=tolerance)
    assert model.coef_.dtype == dtype
    monkeypatch.undo()
    assert model.set_params(tol=1e-9).fit(X, y).n_iter_[0] <= 1


@pytest.mark.parametrize("value", [0.0, 2.5])
def test_the_row_space_of_constant_columns_is_empty(value):
    design = standard(np.full((5, 9), value), np.full(5, 0.2))
    weights, intercepts = design.unstandardise(np.ones((2, design.n_columns)))
    np.testing.assert_array_equal(weights, np.zeros((2, 9)))
    np.testing.assert_array_equal(intercepts, 1)


def test_a_penalty_that_a_rotation_changes_stays_with_the_columns():
    X, weight = raw(20, 50)
    assert type(design_of(X, weight, True, may_rotate=False)) is DenseDesign


def test_without_a_penalty_the_optimum_at_the_limit_is_that_of_the_dense_rows():
    X, y = rows_with(empty), np.arange(20) % 2
    y[[4, 11]] = 0  # the rows that are alike
    fits = []
    for convert in (np.asarray, scipy.sparse.csr_array):
        with pytest.warns(ConvergenceWarning, match="separable"):
            fits.append(SoftmaxRegression(C=np.inf).fit(convert(X), y))
    dense, sparse = fits
    np.testing.assert_allclose(sparse.coef_, dense.coef_, rtol=1e-4, atol=1e-6)
