"""Designs, dense, sparse and in the row space: the maps of coefficients and back."""

import itertools

import numpy as np
import pytest
import scipy.sparse
from designs import INTERCEPT, VIEWS, raw, standard, view
from problems import logits_of, standardised
from sklearn.exceptions import ConvergenceWarning

from skmax import SoftmaxRegression, _kernels
from skmax._design import (
    Columns,
    CsrDesign,
    DenseDesign,
    OccupiedColumns,
    design_of,
)
from skmax._design.chunks import tree_sum
from skmax._design.columns import columns_of, moments_of
from skmax._design.predict import predict_logits
from skmax._objective import Ridge


def naive_standardised(design):
    """All rows as `rows` should standardise them."""
    X = design.X.toarray() if scipy.sparse.issparse(design.X) else design.X
    features = (X - design.shift) * design.inverse_scale
    return np.column_stack([features, np.ones(len(X))]) if design.intercept else features


@VIEWS
@INTERCEPT
def test_standardise_and_unstandardise_undo_each_other(name, intercept):
    _, _, design = view(name, intercept)
    coef = np.random.default_rng(1).normal(size=(3, design.n_columns))
    weights, intercepts = design.unstandardise(coef)
    assert weights.shape[0] == len(intercepts) == 3
    again = design.standardise(weights, intercepts)
    np.testing.assert_allclose(again, coef, rtol=1e-7, atol=1e-8)


@VIEWS
@INTERCEPT
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_are_those_of_the_users_coefficients(name, intercept, dtype):
    X, _, design = view(name, intercept, dtype)
    coef = np.random.default_rng(1).normal(size=(3, design.n_columns))
    weights, intercepts = design.unstandardise(coef)
    edges = [0, 1, 7, len(X)]
    parts = [logits_of(design, coef, start, stop) for start, stop in itertools.pairwise(edges)]
    logits = np.vstack(parts).T
    assert logits.dtype == dtype
    expected = weights @ X.T.astype(np.float64) + intercepts[:, None]
    tolerance = 1e-9 if dtype == np.float64 else 1e-3
    np.testing.assert_allclose(logits, expected, rtol=tolerance, atol=tolerance)
    assert intercept or not intercepts.any()


@VIEWS
@INTERCEPT
def test_the_gradient_is_the_residuals_times_the_standardised_rows(name, intercept):
    X, _, design = view(name, intercept)
    labels, weight = np.arange(len(X)) % 3, np.random.default_rng(1).uniform(size=len(X))
    targets = _kernels.Labels(labels)
    coef = np.random.default_rng(2).normal(size=(3, design.n_columns))
    packed, p, total = design.packed_coef(coef), np.empty((3, len(X))), design.zero_gradients(1, 3)
    workspace = _kernels.pass_workspace(design.rows, 3, 16)
    terms = _kernels.RowTerms(targets, weight, _kernels.RowCurvature(weight, p))
    for start, stop in [(0, 5), (5, 13), (13, len(X))]:
        _kernels.value_and_gradient(design.rows, packed, terms, start, stop, workspace, total[0])
    residual = weight * (p - np.eye(3)[:, labels])
    expected = residual @ naive_standardised(design)
    np.testing.assert_allclose(design.gradient(total, 3), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["dense", "csr"])
@INTERCEPT
def test_standardised_columns_have_mean_0_and_second_moment_1(name, intercept):
    _, weight, design = view(name, intercept)
    block = standardised(design)
    features = block[:, :5]
    np.testing.assert_allclose(weight @ features**2, 1, rtol=1e-12)
    if intercept:
        np.testing.assert_allclose(weight @ features, 0, atol=1e-14)
        np.testing.assert_array_equal(block[:, 5], 1)
    else:
        np.testing.assert_array_equal(design.shift, 0)
        assert block.shape == (60, 5)


@VIEWS
@INTERCEPT
def test_the_penalty_is_that_of_the_users_coefficients(name, intercept):
    _, _, design = view(name, intercept)
    coef = np.random.default_rng(1).normal(size=(3, design.n_columns))
    weights = design.unstandardise(coef)[0]
    penalised = 2 * Ridge.of_user_columns(0.3, design.coef_scale).value(coef)
    assert penalised == pytest.approx(0.3 * np.sum(weights**2), rel=1e-10)
    assert design.coef_scale[design.n_features :].tolist() == [0.0] * intercept


@pytest.mark.parametrize("constant", [1.0, 2.0, 0.1, -3.3e5, 1e-8, 0.0])
@pytest.mark.parametrize("name", ["dense", "csr"])
def test_a_column_that_never_varies_becomes_0_for_any_number_of_rows(name, constant):
    for n in (2, 73, 97, 300, 1000, 4001):
        rng = np.random.default_rng(n)
        X = np.column_stack([rng.normal(size=n), np.full(n, constant)])
        for weight in (np.ones(n), rng.exponential(size=n)):
            form = scipy.sparse.csr_matrix(X) if name == "csr" else X
            design = standard(form, weight / weight.sum(), True)
            assert design.inverse_scale[1] == 0, (n, design.inverse_scale[1])
            np.testing.assert_array_equal(standardised(design)[:, 1], 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_float_column_that_never_varies_becomes_0_in_its_own_precision(dtype):
    for n in (3, 97, 1000):
        X = np.full((n, 2), 0.1, dtype)
        X[:, 0] = np.arange(n)
        design = standard(X, np.full(n, 1 / n), True)
        np.testing.assert_array_equal(standardised(design)[:, 1], 0)


@pytest.mark.parametrize("name", ["dense", "csr"])
def test_a_column_that_is_constant_but_not_zero_stays_without_intercept(name):
    X = np.column_stack([np.arange(10.0), np.full(10, 4.0)])
    design = standard(scipy.sparse.csr_matrix(X) if name == "csr" else X, np.full(10, 0.1), False)
    np.testing.assert_allclose(standardised(design)[:, 1], 1, rtol=1e-14)


@pytest.mark.parametrize("offset", [1e4, 1e8, -1e10])
def test_a_large_offset_costs_no_digits_of_the_deviation(offset):
    noise = np.random.default_rng(0).integers(-1000, 1000, size=(500, 1)) / 64.0
    design = standard(noise + offset, np.full(500, 1 / 500), True)
    assert 1 / design.inverse_scale[0] == pytest.approx(noise.std(), rel=1e-9)
    block = standardised(design)[:, 0]
    np.testing.assert_allclose(block, (noise - noise.mean())[:, 0] / noise.std(), atol=1e-5)


@pytest.mark.parametrize("size", [1e-150, 1e150])
@pytest.mark.parametrize("name", ["dense", "csr"])
def test_columns_of_any_size_are_standardised(name, size):
    X, weight = raw(offset=0.5)
    X = size * X
    design = standard(scipy.sparse.csr_matrix(X) if name == "csr" else X, weight, True)
    features = standardised(design)[:, :5]
    np.testing.assert_allclose(weight @ features**2, 1, rtol=1e-9)


@VIEWS
@INTERCEPT
def test_squared_norms(name, intercept):
    _, _, design = view(name, intercept)
    expected = np.sum(naive_standardised(design) ** 2, axis=1)
    np.testing.assert_allclose(design.squared_norms, expected, rtol=1e-9)


@INTERCEPT
def test_least_norm_changes_no_logit(intercept):
    X, weight = raw()
    wide = np.hstack([X, X[:, :2] * 7, X[:, 1:2] - X[:, 2:3]])
    design = standard(wide, weight, intercept)
    coef = np.random.default_rng(1).normal(size=(3, design.n_columns))
    weights, intercepts = design.unstandardise(coef)
    gram = naive_standardised(design).T @ (weight[:, None] * naive_standardised(design))
    least, shifted = design.unstandardise(coef, gram)
    logits = weights @ wide.T + intercepts[:, None]
    np.testing.assert_allclose(least @ wide.T + shifted[:, None], logits, rtol=1e-7, atol=1e-7)
    centred = wide - weight @ wide if intercept else wide
    expected = weights @ np.linalg.pinv(centred, 1e-12) @ centred
    np.testing.assert_allclose(least, expected, rtol=1e-6, atol=1e-6)


def test_a_matrix_of_sparse_columns_takes_many_passes():
    X, weight = raw(200)
    dense = design_of(X, weight, True, may_rotate=True)
    assert dense.matrix_passes(3) == 0
    full = design_of(scipy.sparse.csr_array(X), weight, True, may_rotate=True)
    few = X * (np.random.default_rng(0).random(X.shape) < 0.1)
    thin = design_of(scipy.sparse.csr_array(few), weight, True, may_rotate=True)
    rows, columns = min(200, 10 * full.n_columns), full.n_columns
    entries = np.count_nonzero(X) / 200
    expected = columns**2 * (rows + columns / 3) / (4 * 200 * entries * 3)
    assert full.matrix_passes(3) == pytest.approx(expected)
    assert thin.matrix_passes(3) > 5 * full.matrix_passes(3)


def test_a_design_takes_the_moments_of_other_rows():
    X, weight = raw(60)
    whole = standard(X, weight)
    columns = columns_of(X, weight, True)
    for form in (np.asarray, scipy.sparse.csr_matrix):
        part = form(X[20:40])
        kind = CsrDesign if scipy.sparse.issparse(part) else DenseDesign
        block = standardised(kind(part, columns, True))
        np.testing.assert_allclose(block, standardised(whole)[20:40], rtol=1e-12, atol=1e-12)


def test_columns_scale_by_the_inverse_of_the_deviation_or_not_at_all():
    columns = Columns(np.zeros(2), np.array([4.0, 0.0]))
    np.testing.assert_array_equal(columns.inverse_scale, [0.25, 0.0])


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("n_outputs", [1, 3, 8, 19])
@pytest.mark.parametrize("order", ["C", "F", "strided"])
def test_logits_of_the_users_rows(order, n_outputs, threads):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40_007, 11))
    X = np.repeat(X, 2, axis=0)[::2] if order == "strided" else np.asarray(X, order=order)
    coef, intercept = rng.normal(size=(n_outputs, 11)), rng.normal(size=n_outputs)
    expected = X @ coef.T + intercept
    logits, finite = predict_logits(X, coef, intercept, threads)
    assert finite
    np.testing.assert_allclose(logits, expected, rtol=1e-12, atol=1e-12)
    doubled, _ = predict_logits(X, coef, intercept, threads, lambda z: np.add(z, z, out=z))
    np.testing.assert_array_equal(doubled, 2 * logits)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_logits_of_users_rows_that_are_not_finite_are_not_either(bad):
    X, coef = np.ones((40_000, 3)), np.zeros((2, 3))
    X[39_999, 1] = bad
    assert not predict_logits(X, coef, np.zeros(2), 2)[1]


@pytest.mark.parametrize("shape", [(50, 3), (10, 30)])
@pytest.mark.parametrize("convert", [np.asarray, scipy.sparse.csr_matrix])
@pytest.mark.parametrize("intercept", [False, True])
def test_a_column_whose_squares_overflow_is_named(shape, convert, intercept):
    X = np.random.default_rng(0).normal(size=shape)
    X[:, 1] *= 1e300
    weight = np.full(len(X), 1 / len(X))
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="column 1 are so large"):
        standard(convert(X), weight, intercept)


@pytest.mark.parametrize("convert", [np.asarray, scipy.sparse.csr_matrix])
@INTERCEPT
def test_standardised_rows_are_those_of_the_kernels(convert, intercept):
    X, weight = raw()
    design = standard(convert(X), weight, intercept)
    indices = np.array([3, 0, 59, 3])
    rows = design.standardised_rows(indices)
    np.testing.assert_allclose(rows, standardised(design)[indices], rtol=1e-9, atol=1e-9)


def with_empty_columns(n_rows=60, n_columns=5, n_all=1200, seed=0):
    """A CSR matrix of which few columns have an entry, and these."""
    random = np.random.default_rng(seed)
    occupied = np.sort(random.choice(n_all, n_columns, replace=False))
    X = np.zeros((n_rows, n_all))
    X[:, occupied] = random.normal(size=(n_rows, n_columns)) * (random.random(n_columns) < 0.9)
    X[0, occupied] = 1
    return scipy.sparse.csr_matrix(X), occupied


@pytest.mark.parametrize("intercept", [True, False])
def test_columns_without_an_entry_are_left_out(intercept):
    X, occupied = with_empty_columns()
    weight = np.full(60, 1 / 60)
    design = design_of(X, weight, intercept, may_rotate=True)
    assert isinstance(design, OccupiedColumns)
    assert design.n_features == len(occupied)
    whole = CsrDesign(X, columns_of(X, weight, intercept), intercept)
    coef = np.random.default_rng(1).normal(size=(3, design.n_columns))
    weights, intercepts = design.unstandardise(coef)
    assert weights.shape == (3, X.shape[1])
    np.testing.assert_array_equal(np.flatnonzero(weights.any(axis=0)), occupied)
    np.testing.assert_allclose(design.standardise(weights, intercepts), coef, rtol=1e-12)
    logits = logits_of(design, coef)
    np.testing.assert_allclose(logits, X @ weights.T + intercepts, atol=1e-12)
    np.testing.assert_allclose(
        logits, logits_of(whole, whole.standardise(weights, intercepts)), atol=1e-12
    )
    np.testing.assert_array_equal(design.users_columns(np.array([0, 2])), occupied[[0, 2]])


def test_a_matrix_of_few_or_no_empty_columns_is_taken_as_it_is():
    X, occupied = with_empty_columns()
    weight = np.full(60, 1 / 60)
    for some in (X[:, occupied], X[:, :999], 0 * X):
        some = scipy.sparse.csr_matrix(some)
        some.eliminate_zeros()
        assert type(design_of(some, weight, True, may_rotate=True)) is CsrDesign


@pytest.mark.parametrize("parameters", [{}, {"C": np.inf}, {"l1_ratio": 0.5}])
def test_a_fit_with_empty_columns_is_that_without(parameters):
    X, occupied = with_empty_columns(200)
    y = np.random.default_rng(2).integers(0, 3, 200)
    model = SoftmaxRegression(tol=1e-12, warm_start=True, **parameters).fit(X, y)
    without = SoftmaxRegression(tol=1e-12, **parameters).fit(X[:, occupied], y)
    np.testing.assert_array_equal(model.coef_[:, occupied], without.coef_)
    assert np.count_nonzero(model.coef_.any(axis=0)) <= len(occupied)
    assert model.fit(X, y).n_iter_[0] <= 1


def test_separable_classes_are_told_apart_by_columns_of_the_user():
    X, occupied = with_empty_columns(200)
    y = (X.toarray()[:, occupied[1]] > 0).astype(int)
    with pytest.warns(ConvergenceWarning, match=f"column {occupied[1]}"):
        SoftmaxRegression(C=np.inf).fit(X, y)


@pytest.mark.parametrize("convert", [np.ascontiguousarray, scipy.sparse.csr_array])
@pytest.mark.parametrize("n_parts", [1, 2, 3, 7])
def test_moments_of_parts_add_up_to_those_of_all(convert, n_parts):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(211, 6)) * 10.0 ** np.arange(-3, 3) + 1e6 * (np.arange(6) == 4)
    X[:, 2] = 0.1  # never varies, and is no sum of powers of 2
    X[:, 3] *= rng.random(211) < 0.2
    X[:, 5] = 0
    weight = rng.integers(0, 3, 211).astype(float)
    weight[:40] = 0  # of a whole part
    edges = np.linspace(0, 211, n_parts + 1).astype(int)
    parts = [slice(*ends) for ends in itertools.pairwise(edges)]
    moments = tree_sum(moments_of(convert(X[part]), weight[part]) for part in parts)
    mean = np.average(X, axis=0, weights=weight)
    np.testing.assert_allclose(moments.mean, mean, rtol=1e-13)
    for intercept in (True, False):
        columns = moments.columns(intercept, X.dtype)
        shift = mean if intercept else np.zeros(6)
        second = np.average((X - shift) ** 2, axis=0, weights=weight)
        second[2] *= not intercept
        np.testing.assert_allclose(columns.deviation, np.sqrt(second), rtol=1e-9, atol=1e-300)
        assert columns.deviation[5] == 0


@pytest.mark.parametrize("convert", [np.ascontiguousarray, scipy.sparse.csr_array])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_moments_tell_of_entries_that_are_not_finite(convert, wrong):
    X = np.ones((5, 3))
    X[3, 1] = wrong
    with np.errstate(invalid="ignore"):
        moments = moments_of(convert(X), np.array([1.0, 1, 1, 0, 1]))  # of a row without weight
        assert np.isnan(moments.mean).any()
        with pytest.raises(ValueError, match="overflow"):
            moments.columns(True, X.dtype)
