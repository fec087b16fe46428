"""Separable classes: what is found, what is said, and what is returned without a penalty."""

import warnings

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import SOLVERS, naive_fit, one_hot, simulated
from scipy.optimize import linprog

from skmax import SoftmaxRegression, _kernels
from skmax._objective.separation import find_separation, has_optimum

NO_OPTIMUM = "there is no optimum"


def unpenalised(X, y, weight=None, **parameters):
    """A fit without a penalty, and what it warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = SoftmaxRegression(C=np.inf, **parameters).fit(X, y, weight)
    return model, " ".join(str(one.message) for one in caught)


def assert_none_is_found(X, y, weight=None, **parameters):
    model, message = unpenalised(X, y, weight, **parameters)
    assert message == ""
    assert model.converged_
    return model


def with_column(n_classes, kind, seed=0):
    """400 rows that overlap but for a 0/1 column, number 2, or one cell of a one-hot column."""
    X, y = simulated(400, 4, n_classes, seed=seed)
    last = n_classes - 1
    if kind == "one-hot":
        cell = np.random.default_rng(seed).integers(0, 5, 400)
        y[cell == 2] = last
        return np.hstack([X, one_hot(cell)]), y
    ones = (y == last) if kind == "all" else (y != last)
    X[:, 2] = 0
    X[np.flatnonzero(ones)[:60], 2] = 1
    return X, y


CASES = [(2, "all"), (3, "all"), (3, "never"), (2, "one-hot"), (3, "one-hot")]


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("n_classes", "kind"), CASES)
def test_quasi_complete_separation_is_found_and_named(n_classes, kind, solver):
    X, y = with_column(n_classes, kind)
    model, message = unpenalised(X, y, solver=solver)
    assert not model.converged_
    assert model.optimality_gap_ == np.inf
    assert NO_OPTIMUM in message
    assert ("class 2 is" if n_classes == 3 else "classes 0, 1 are") in message
    assert f"by column {6 if kind == 'one-hot' else 2}:" in message
    assert "finite number" in message
    assert "max_iter" not in message
    SoftmaxRegression(C=1e6, solver=solver).fit(X, y)  # has an optimum


@pytest.mark.parametrize(("n_classes", "kind"), CASES)
def test_quasi_complete_separation_of_float32_and_sparse_rows(n_classes, kind):
    X, y = with_column(n_classes, kind)
    expected, message = unpenalised(X, y)
    model, sparse_message = unpenalised(scipy.sparse.csr_matrix(X), y)
    assert sparse_message == message
    model, _ = unpenalised(X.astype(np.float32), y)
    assert not model.converged_
    np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(X), atol=1e-5)
    assert_none_is_found(*[part[60:] for part in (X.astype(np.float32)[:, :2], y)])


@pytest.mark.parametrize(("n_classes", "kind"), CASES)
def test_what_is_returned_does_not_depend_on_the_way_there(n_classes, kind):
    X, y = with_column(n_classes, kind)
    weight = np.random.default_rng(1).integers(1, 4, len(y))
    order = np.random.default_rng(2).permutation(len(y))
    repeated = np.repeat(np.arange(len(y)), weight)
    expected = unpenalised(X, y, weight)[0].predict_proba(X)
    others = [
        *(unpenalised(X, y, weight, tol=tol)[0] for tol in (1e-2, 1e-4, 1e-10)),
        unpenalised(X, y, weight, solver="lbfgs")[0],
        unpenalised(X[repeated], y[repeated])[0],
        unpenalised(X[order], y[order], weight[order])[0],
        unpenalised(scipy.sparse.csr_matrix(X), y, weight)[0],
    ]
    for other in others:
        np.testing.assert_allclose(other.predict_proba(X), expected, atol=1e-6)


@pytest.mark.parametrize(("n_classes", "kind"), [(2, "all"), (3, "all")])
def test_all_else_is_as_in_the_limit(n_classes, kind):
    X, y = with_column(n_classes, kind)
    model, _ = unpenalised(X, y)
    # In the limit the rows with a 1 have no loss, and the others no column.
    zero = X[:, 2] == 0
    coef, intercept, _ = naive_fit(np.delete(X, 2, 1)[zero], one_hot(y[zero]))
    logits = np.delete(X, 2, 1)[zero] @ coef.T + intercept
    expected = np.exp(logits - logits.max(axis=1, keepdims=True))
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X[zero]), expected, atol=1e-6)
    assert model.predict_proba(X[~zero])[:, n_classes - 1].min() > 1 - 1e-6


@pytest.mark.parametrize("n_classes", [2, 3, 12])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_complete_separation_names_all_classes_and_does_not_depend_on_tol(n_classes, dtype):
    y = np.arange(120) % n_classes
    X = 10 * one_hot(y, n_classes) + np.random.default_rng(0).normal(size=(120, n_classes))
    model, message = unpenalised(X.astype(dtype), y)
    assert NO_OPTIMUM in message
    assert "separable from each other on 120 rows" in message
    assert model.coef_.dtype == dtype
    other, _ = unpenalised(X.astype(dtype), y, tol=1e-2)
    np.testing.assert_allclose(other.predict_proba(X), model.predict_proba(X), atol=1e-6)


def test_the_warning_names_a_data_frames_columns():
    pandas = pytest.importorskip("pandas")
    X, y = with_column(2, "all")
    _, message = unpenalised(pandas.DataFrame(X, columns=["a", "b", "smokes", "d"]), y)
    assert "by column smokes:" in message


def test_two_columns_that_run_away_are_both_named():
    X, y = with_column(2, "all")
    X[:, 0] = 0
    X[np.flatnonzero((y == 0) & (X[:, 2] == 0))[:30], 0] = 1
    _, message = unpenalised(X, y)
    assert "by columns 0, 2:" in message
    assert "on 90 rows" in message


@pytest.mark.parametrize("n_overlapping", [1, 8])
@pytest.mark.parametrize("margin", [1e-3, 0.1])
@pytest.mark.parametrize("tol", [1e-2, 1e-6, 1e-10])
def test_rows_that_overlap_are_no_false_alarm(n_overlapping, margin, tol):
    rng = np.random.default_rng(0)
    y = np.arange(400) % 2
    x = np.where(y == 1, 1.0, -1.0) * (4 * margin + rng.exponential(size=400))
    x[1] = margin  # of class 1, below those of class 0
    x[: 2 * n_overlapping : 2] = margin * (2 + rng.random(n_overlapping))
    assert_none_is_found(x[:, None], y, tol=tol)


def test_collinear_and_constant_columns_are_no_false_alarm():
    X, y = simulated(300, 4, 3)
    X = np.column_stack([X, X[:, 0] - X[:, 1], np.full(300, 7.0), one_hot(np.arange(300) % 4)])
    assert_none_is_found(X, y)


def test_rows_of_weight_zero_do_not_count():
    X, y = with_column(2, "all")
    overlap = np.flatnonzero(y == 0)[:3]
    X[overlap, 2] = 1
    weight = np.ones(len(y))
    assert_none_is_found(X, y, weight)
    weight[overlap] = 0
    assert NO_OPTIMUM in unpenalised(X, y, weight)[1]


@pytest.mark.parametrize("intercept", [False, True])
def test_without_an_intercept_the_origin_divides(intercept):
    x = np.linspace(1, 2, 40)[:, None]
    y = (x[:, 0] > 1.5).astype(int)
    message = unpenalised(x, y, fit_intercept=intercept)[1]
    assert (NO_OPTIMUM in message) == intercept


def test_soft_labels_that_are_met_exactly_are_not_separable():
    X = np.array([[0.0], [1.0]])
    assert_none_is_found(X, np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]))


def test_soft_labels_with_zeros_separate_the_classes_without_mass():
    X, y = simulated(200, 2, 2, seed=3)
    soft_labels = np.zeros((220, 3))
    soft_labels[np.arange(200), y] = 0.8
    soft_labels[np.arange(200), 1 - y] = 0.2
    soft_labels[200:, 2] = 1.0
    X = np.vstack([X, np.random.default_rng(0).normal(size=(20, 2))])
    assert_none_is_found(X, soft_labels)
    flag = (np.arange(220) >= 200).astype(float)
    message = unpenalised(np.column_stack([X, flag]), soft_labels)[1]
    assert "class 2 is separable from the rest on 220 rows, by column 2:" in message


def test_more_columns_than_rows():
    X, y = simulated(30, 60, 3)
    model, message = unpenalised(X, y)
    assert NO_OPTIMUM in message
    order = np.random.default_rng(0).permutation(30)
    other, _ = unpenalised(X[order], y[order], tol=1e-2)
    np.testing.assert_allclose(other.predict_proba(X), model.predict_proba(X), atol=1e-6)


def largest_move(Z, mass):
    """The linear program over all rows at once, its margins bounded by 1."""
    n_classes, n_columns = mass.shape[1], Z.shape[1]
    free, level = [], []
    for row, has in zip(Z, mass, strict=True):
        own = int(has.argmax())
        for other in np.flatnonzero(np.arange(n_classes) != own):
            form = np.zeros((n_classes, n_columns))
            form[own], form[other] = row, -row
            (level if has[other] else free).append(form.ravel())
    if not free:
        return 0.0
    free = np.array(free)
    equal = {"A_eq": np.array(level), "b_eq": np.zeros(len(level))} if level else {}
    result = linprog(
        -free.sum(axis=0), A_ub=-free, b_ub=np.zeros(len(free)), bounds=(-1, 1), **equal
    )
    return -result.fun


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_search_agrees_with_the_program_over_all_rows(data):
    n_classes = data.draw(st.integers(2, 4))
    n, p = data.draw(st.integers(2, 14)), data.draw(st.integers(1, 4))
    entries = st.integers(-2, 2)
    X = np.array(data.draw(st.lists(entries, min_size=n * p, max_size=n * p)), float)
    Z = np.column_stack([X.reshape(n, p), np.ones(n)])
    soft = data.draw(st.booleans())
    sets = st.sets(st.integers(0, n_classes - 1), min_size=1, max_size=n_classes if soft else 1)
    mass = np.zeros((n, n_classes), bool)
    for row, classes in enumerate(data.draw(st.lists(sets, min_size=n, max_size=n))):
        mass[row, list(classes)] = True
    soft_labels = mass / mass.sum(axis=1, keepdims=True)
    if n_classes == 2:
        targets, outputs = _kernels.BinaryTargets(soft_labels[:, 1]), 1
    else:
        targets, outputs = _kernels.ClassProbabilities(soft_labels.T), n_classes
    if not soft and n_classes > 2:
        targets = _kernels.Labels(mass.argmax(axis=1))
    p_start = np.full((outputs, n), 1 / n_classes)
    found = find_separation(
        lambda rows: Z[rows], targets, np.ones(n), p_start, True, np.zeros((outputs, p + 1))
    )
    assert (found is not None) == (largest_move(Z, mass) > 1e-7)
    if found is None:
        return
    D = found.direction if outputs > 1 else np.vstack([0 * found.direction, found.direction])
    logits = Z @ D.T
    top = logits.max(axis=1)
    assert np.all(logits[mass] >= np.repeat(top, mass.sum(axis=1)) - 1e-7)
    assert np.any(logits < top[:, None] - 1e-7)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_proof_by_rank_fails_where_there_is_no_optimum(n_classes):
    def proved(X, y):
        model, _ = unpenalised(X, y, tol=1e-10)
        p = model.predict_proba(X).T
        Z = np.column_stack([X, np.ones(len(X))])
        targets = _kernels.Labels(y)
        if n_classes == 2:
            p, targets = p[1:], _kernels.BinaryTargets(y.astype(float))
        weight = np.full(len(y), 1 / len(y))
        return has_optimum(lambda rows: Z[rows], targets, weight, p, True, 1e-7)

    assert proved(*simulated(400, 4, n_classes))
    assert not proved(*with_column(n_classes, "all"))


def test_float32_rows_with_more_columns():
    X, y = simulated(30, 60, 3)
    expected, _ = unpenalised(X, y)
    model, message = unpenalised(X.astype(np.float32), y)
    assert NO_OPTIMUM in message
    np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(X), atol=1e-4)


def test_a_fit_that_max_iter_cuts_short_stays_as_it_is():
    X, y = with_column(3, "all")
    model, message = unpenalised(X, y, max_iter=2)
    assert model.n_iter_ == 2
    assert "max_iter" in message
    assert NO_OPTIMUM not in message
    again, _ = unpenalised(X, y, max_iter=1, warm_start=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        again.fit(X, y)
    np.testing.assert_allclose(again.coef_, model.coef_, rtol=1e-7)
    assert unpenalised(X, y, max_iter=60)[0].n_iter_ <= 60


def test_classes_that_are_separable_but_for_a_row_of_hardly_any_weight():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    y, weight = (X[:, 0] > 0).astype(int), np.ones(61)
    X, y, weight[60] = np.vstack([X, [3.0, 0, 0, 0]]), np.append(y, 0), 1e-12
    models = [unpenalised(X, y, weight, solver=solver) for solver in SOLVERS]
    for model, message in models:
        assert "all but separable" in message
        assert not model.converged_
    first, second = (model.predict_proba(X) for model, _ in models)
    np.testing.assert_allclose(first, second, atol=1e-6)
