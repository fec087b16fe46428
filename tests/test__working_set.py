"""Fits along a path by few of many columns: the same optima, and how the columns are chosen."""

import numpy as np
import pytest
import scipy.sparse as sp

from skmax import regularization_path
from skmax._design import Columns, CsrDesign, DenseDesign, OccupiedColumns, columns_of
from skmax.linear_model import _minimise, _working_set

FIELDS = ("coefs", "intercepts", "objectives")


def wide(n_rows=60, n_columns=600, n_classes=3):
    """Many columns, a dozen of which tell the classes apart."""
    random = np.random.default_rng(0)
    X = random.normal(size=(n_rows, n_columns)) * random.uniform(0.1, 10, n_columns)
    logits = (X / X.std(axis=0))[:, :12] @ random.normal(size=(12, n_classes))
    return X, (logits + random.gumbel(size=logits.shape)).argmax(axis=1)


def sparse(X):
    """Nine in ten entries left out, and as many columns again that have none."""
    kept = np.random.default_rng(1).random(X.shape) < 0.1
    return sp.csr_matrix(np.hstack([X * kept, np.zeros((len(X), 2 * X.shape[1]))]))


@pytest.fixture
def covers(monkeypatch):
    """What each look at the columns has answered, and how many were held then."""
    seen, cover = [], _working_set.WorkingSet.cover

    def spy(self, problem, point):
        answer = cover(self, problem, point)
        seen.append((answer, len(self.columns)))
        return answer

    monkeypatch.setattr(_working_set.WorkingSet, "cover", spy)
    return seen


@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
@pytest.mark.parametrize("convert", [np.asarray, sparse])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_few_columns_come_to_the_optima_of_all(
    monkeypatch, covers, l1_ratio, convert, fit_intercept
):
    X, y = wide()
    settings = {"Cs": 12, "l1_ratio": l1_ratio, "tol": 1e-10, "fit_intercept": fit_intercept}
    by_few = regularization_path(convert(X), y, **settings)
    assert any(answer for answer, _ in covers)
    assert max(held for _, held in covers) <= 0.25 * convert(X).shape[1]
    monkeypatch.setattr(_working_set, "FEW", 0.0)
    by_all = regularization_path(convert(X), y, **settings)
    assert by_few.converged.all()
    assert (by_few.gaps <= 1e-10).all()
    np.testing.assert_allclose(by_few.objectives, by_all.objectives, rtol=1e-9)
    np.testing.assert_array_equal(by_few.n_nonzero, by_all.n_nonzero)
    np.testing.assert_allclose(by_few.coefs, by_all.coefs, atol=1e-4)


def test_columns_that_were_missing_are_taken_in(monkeypatch, covers):
    """Told too little of what may come, it finds out by looking at all."""
    monkeypatch.setattr(_working_set, "NEAR_THRESHOLD", -3.0)
    X, y = wide()
    path = regularization_path(X, y, Cs=3, tol=1e-9)
    assert path.converged.all()
    assert len(covers) > 4
    monkeypatch.setattr(_working_set, "NEAR_THRESHOLD", 0.2)
    expected = regularization_path(X, y, Cs=3, tol=1e-9)
    np.testing.assert_allclose(path.objectives, expected.objectives, rtol=1e-8)


def test_where_it_does_not_get_there_all_columns_are_fitted(monkeypatch, covers):
    X, y = wide()
    expected = regularization_path(X, y, Cs=3, tol=1e-9)
    covers.clear()
    monkeypatch.setattr(_minimise, "MOST_ROUNDS", 1)
    monkeypatch.setattr(_working_set, "NEAR_THRESHOLD", -3.0)
    path = regularization_path(X, y, Cs=3, tol=1e-9)
    assert len(covers) == 3  # one look each
    assert covers[1][0]
    assert path.converged.all()
    np.testing.assert_allclose(path.objectives, expected.objectives, rtol=1e-8)


def test_few_columns_are_fitted_by_all(covers):
    X, y = wide(n_columns=50)
    regularization_path(X, y, Cs=4)
    assert not any(answer for answer, _ in covers)


def test_iterations_are_counted_and_limited(covers):
    X, y = wide()
    with pytest.warns(UserWarning, match="not converged"):
        path = regularization_path(X, y, Cs=4, max_iter=1)
    assert any(answer for answer, _ in covers)
    assert path.n_iter.max() == 1
    assert not path.converged.all()


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("kind", ["dense", "fortran", "csr", "occupied"])
def test_designs_of_some_columns(kind, intercept):
    X, _ = wide(20, 30)
    weight = np.full(20, 1 / 20)
    if kind == "csr":
        design = CsrDesign(sp.csr_matrix(X), columns_of(X, weight, intercept), intercept)
    elif kind == "occupied":
        design = OccupiedColumns(sparse(X), np.arange(30), weight, intercept)
    else:
        X = np.asfortranarray(X) if kind == "fortran" else X
        design = DenseDesign(X, columns_of(X, weight, intercept), intercept)
    columns = np.array([1, 5, 6, 29] + [30] * intercept)
    part = design.of_columns(columns)
    everything = design.standardised_rows(np.arange(20))
    np.testing.assert_array_equal(part.standardised_rows(np.arange(20)), everything[:, columns])
    np.testing.assert_array_equal(part.coef_scale, design.coef_scale[columns])
    assert isinstance(part.columns, Columns)
