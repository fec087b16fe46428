"""SoftmaxRegression: the optimum, attributes, predictions, awkward data."""

import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse
from problems import (
    SOLVERS,
    assert_same_bits,
    assert_same_model,
    naive_fit,
    one_hot,
    simulated,
    sparse_simulated,
    tight,
    tight_reference,
    value_at,
    with_64_bit_indices,
)

from skmax import SoftmaxRegression

FORMATS = {
    "C order": np.ascontiguousarray,
    "Fortran order": np.asfortranarray,
    "every other row and column": lambda X: np.repeat(np.repeat(X, 2, axis=0), 2, axis=1)[::2, ::2],
    "rows backwards in memory": lambda X: np.ascontiguousarray(X[::-1])[::-1],
    "list": lambda X: X.tolist(),
    "csr": scipy.sparse.csr_matrix,
    "csr_array": scipy.sparse.csr_array,
    "csr, 64-bit indices": with_64_bit_indices,
    "csc": scipy.sparse.csc_matrix,
    "coo": scipy.sparse.coo_matrix,
    "lil": scipy.sparse.lil_matrix,
    "dok": scipy.sparse.dok_matrix,
    "dia": scipy.sparse.dia_matrix,
    "bsr": scipy.sparse.bsr_matrix,
}


# The optimum is LogisticRegression's


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 3, 12])
@pytest.mark.parametrize("C", [0.01, 1.0, np.inf])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("convert", [np.array, scipy.sparse.csr_matrix], ids=["dense", "csr"])
def test_coefficients_are_those_of_logistic_regression(
    solver, n_classes, C, fit_intercept, convert
):
    X, y = sparse_simulated(400, 4, n_classes, density=0.7)
    parameters = {"C": C, "fit_intercept": fit_intercept}
    reference = tight_reference(X, y, **parameters)
    model = tight(solver=solver, **parameters).fit(convert(X), y)
    assert model.converged_
    assert_same_model(model, reference, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(
        model.predict_proba(convert(X)), reference.predict_proba(X), rtol=1e-6, atol=1e-9
    )


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("C", [0.1, np.inf])
@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 3.0, 1: 0.25}])
def test_weighted_fits_are_those_of_logistic_regression(solver, n_classes, C, class_weight):
    X, y = simulated(300, 4, n_classes)
    weight = np.random.default_rng(5).exponential(size=300)
    # LogisticRegression's "balanced" counts samples without their weights before version 1.9.
    known = class_weight
    if class_weight == "balanced":
        counts = np.bincount(y, weight)
        known = dict(enumerate(counts.sum() / (n_classes * counts)))
    reference = tight_reference(X, y, weight, C=C, class_weight=known)
    model = tight(solver=solver, C=C, class_weight=class_weight).fit(X, y, weight)
    assert_same_model(model, reference, rtol=1e-6, atol=1e-7)


@pytest.mark.filterwarnings("ignore:Constructing a DIA matrix")
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_every_format_of_x_gives_the_same_model(name, n_classes):
    X, y = sparse_simulated(n_classes=n_classes)
    model = tight().fit(FORMATS[name](X), y)
    expected = tight().fit(X, y)
    assert_same_model(model, expected, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(
        model.predict_proba(FORMATS[name](X)), expected.predict_proba(X), rtol=1e-7
    )


def test_sparse_rows_with_repeated_unsorted_and_zero_entries_mean_their_sums():
    X, y = sparse_simulated()
    csr = scipy.sparse.csr_matrix(X)
    data = np.column_stack([0.75 * csr.data, 0.25 * csr.data, 0 * csr.data]).ravel()
    odd = scipy.sparse.csr_matrix((data, np.repeat(csr.indices, 3), 3 * csr.indptr), X.shape)
    odd.indices = np.concatenate(
        [odd.indices[a:b][::-1] for a, b in zip(odd.indptr[:-1], odd.indptr[1:], strict=True)]
    )
    odd.data = np.concatenate(
        [odd.data[a:b][::-1] for a, b in zip(odd.indptr[:-1], odd.indptr[1:], strict=True)]
    )
    odd.has_sorted_indices = odd.has_canonical_format = False
    before = odd.indices.copy(), odd.data.copy()
    assert_same_model(tight().fit(odd, y), tight().fit(X, y), rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(odd.indices, before[0])
    np.testing.assert_array_equal(odd.data, before[1])


@pytest.mark.parametrize("dtype", [bool, np.int8, np.int64, np.float16, object])
def test_other_numbers_become_float64(dtype):
    X, y = simulated()
    X = np.round(2 * X).astype(dtype)
    model = SoftmaxRegression().fit(X, y)
    assert model.coef_.dtype == model.intercept_.dtype == np.float64
    assert_same_bits(model, SoftmaxRegression().fit(X.astype(np.float64), y))


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 5])
@pytest.mark.parametrize("convert", [np.array, scipy.sparse.csr_matrix], ids=["dense", "csr"])
def test_float32_is_kept_and_accurate(solver, n_classes, convert):
    X, y = sparse_simulated(500, 6, n_classes)
    X = X.astype(np.float32)
    model = SoftmaxRegression(solver=solver).fit(convert(X), y)
    assert model.converged_
    assert model.coef_.dtype == model.intercept_.dtype == np.float32
    assert model.predict_proba(convert(X)).dtype == np.float32
    assert model.decision_function(convert(X)).dtype == np.float32
    exact = tight().fit(X.astype(np.float64), y)
    assert value_at(model, X.astype(np.float64), y) <= (1 + 2e-6) * exact.objective_
    difference = model.decision_function(X) - exact.decision_function(X)
    assert np.sqrt(np.mean(difference**2)) < 2e-3


@pytest.mark.parametrize("C", [0.1, 10.0])
def test_one_row_for_two_classes_is_the_softmax_of_two_rows_at_half_of_c(C):
    X, y = simulated(n_classes=2)
    two_rows, intercepts, minimum = naive_fit(X, one_hot(y), penalty=1 / (0.5 * C * len(y)))
    model = tight(C=C).fit(X, y)
    np.testing.assert_allclose(model.coef_[0], two_rows[1] - two_rows[0], rtol=1e-6)
    np.testing.assert_allclose(model.intercept_[0], intercepts[1] - intercepts[0], rtol=1e-6)
    assert model.objective_ == pytest.approx(minimum, rel=1e-12)


# Shapes


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("convert", [np.array, scipy.sparse.csr_matrix], ids=["dense", "csr"])
@pytest.mark.parametrize(
    ("n", "p", "n_classes"),
    [(20, 50, 3), (20, 50, 2), (100, 1, 3), (9, 1, 2), (8, 3, 8), (3, 7, 3)],
)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_any_shape_reaches_the_optimum(solver, convert, n, p, n_classes, fit_intercept):
    X, y = simulated(n, p, n_classes)
    model = tight(solver=solver, fit_intercept=fit_intercept).fit(convert(X), y)
    reference = tight_reference(X, y, solver="lbfgs", fit_intercept=fit_intercept)
    assert model.objective_ <= value_at(reference, X, y) * (1 + 1e-10)
    assert model.objective_ == pytest.approx(value_at(model, X, y), rel=1e-12)


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_shapes_of_attributes(n_classes, fit_intercept):
    X, y = simulated(n_classes=n_classes)
    model = SoftmaxRegression(fit_intercept=fit_intercept).fit(X, y)
    rows = 1 if n_classes == 2 else n_classes
    assert model.coef_.shape == (rows, 5)
    assert model.intercept_.shape == (rows,)
    assert model.classes_.tolist() == list(range(n_classes))
    assert model.n_features_in_ == 5
    assert (model.n_iter_.shape, model.n_iter_.dtype) == ((1,), np.int32)
    assert model.solver_ == "newton-cholesky"
    assert fit_intercept or not model.intercept_.any()


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("C", [1.0, np.inf])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_coefficients_and_intercepts_sum_to_zero_over_the_classes(solver, C, fit_intercept):
    X, y = simulated(n_classes=5)
    model = SoftmaxRegression(solver=solver, C=C, fit_intercept=fit_intercept).fit(X, y)
    np.testing.assert_allclose(model.coef_.sum(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(model.intercept_.sum(), 0, atol=1e-14)


# Awkward columns


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize(("n", "C"), [(400, 1.0), (400, np.inf), (6, 1.0)])
@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("convert", [np.array, scipy.sparse.csr_matrix], ids=["dense", "csr"])
def test_raw_columns_of_all_scales_converge(solver, n_classes, n, C, offset, convert):
    X, y = simulated(n, 7, n_classes)
    scales = 10.0 ** np.array([-6, -4, -2, 0, 2, 4, 6])
    # With w' = w / scale the penalty of the raw problem is one for each column of this one.
    strength = (2 if n_classes == 2 else 1) / (C * n) / scales**2
    minimum = naive_fit(X, one_hot(y), penalty=strength)[2]
    raw = scales * (X + offset)
    model = SoftmaxRegression(solver=solver, C=C).fit(convert(raw), y)
    assert model.converged_
    assert -1e-9 <= model.objective_ / minimum - 1 <= 1e-6
    # Coefficients are applied to the raw columns, offset and all.
    assert value_at(model, raw, y, C=C) == pytest.approx(model.objective_, rel=1e-7)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("constant", [0.0, 1.0, -3.3e5, 1e-8])
def test_a_constant_column_gets_no_coefficient(solver, constant):
    X, y = simulated(p=3)
    wide = np.insert(X, 1, constant, axis=1)
    model = tight(solver=solver).fit(wide, y)
    expected = tight(solver=solver).fit(X, y)
    np.testing.assert_array_equal(model.coef_[:, 1], 0)
    np.testing.assert_allclose(np.delete(model.coef_, 1, 1), expected.coef_, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(model.intercept_, expected.intercept_, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("convert", [np.array, scipy.sparse.csr_matrix], ids=["dense", "csr"])
def test_nothing_but_constant_columns_gives_the_classes_shares(convert):
    y = np.repeat([0, 1, 2], [10, 20, 30])
    for column in (0.0, 7.5):
        X = convert(np.full((60, 1), column))
        proba = tight().fit(X, y).predict_proba(X)
        np.testing.assert_allclose(proba, np.tile([1 / 6, 1 / 3, 1 / 2], (60, 1)), rtol=1e-6)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("convert", [np.array, scipy.sparse.csr_matrix], ids=["dense", "csr"])
def test_unpenalised_dependent_columns_give_the_solution_of_least_norm(
    solver, n_classes, fit_intercept, convert
):
    X, y = simulated(300, 3, n_classes)
    constant = np.full((300, 1), 2.0)
    wide = np.hstack([X, 3 * X[:, :1], X[:, 1:2] + X[:, 2:], X[:, :1], constant])
    coef, _, minimum = naive_fit(wide, one_hot(y), intercept=fit_intercept)
    centred = wide - wide.mean(axis=0) if fit_intercept else wide
    least = coef @ np.linalg.pinv(centred, 1e-10) @ centred
    least = least[1:] - least[:1] if n_classes == 2 else least - least.mean(axis=0)
    model = tight(solver=solver, C=np.inf, fit_intercept=fit_intercept).fit(convert(wide), y)
    assert model.converged_
    assert value_at(model, wide, y, C=np.inf) == pytest.approx(minimum, rel=1e-10)
    np.testing.assert_allclose(model.coef_, least, rtol=1e-6, atol=1e-7)


def test_float32_columns_that_depend_on_each_other_are_told_apart_in_float64():
    X, y = simulated(300, 3, 3)
    X = np.round(64 * X) / 64  # sums of such columns are exact
    wide = np.hstack([X, 3 * X[:, :1], X[:, 1:2] + X[:, 2:]])
    assert np.array_equal(wide.astype(np.float32), wide)
    exact = tight(C=np.inf).fit(wide, y)
    model = SoftmaxRegression(C=np.inf).fit(wide.astype(np.float32), y)
    np.testing.assert_allclose(model.coef_, exact.coef_, rtol=2e-3, atol=1e-3)


# Predictions


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("convert", [np.array, scipy.sparse.csr_matrix], ids=["dense", "csr"])
def test_predictions_follow_from_the_logits(n_classes, convert):
    X, y = simulated(n_classes=n_classes)
    model = SoftmaxRegression().fit(X, y)
    logits = model.decision_function(convert(X))
    assert logits.shape == ((len(y),) if n_classes == 2 else (len(y), n_classes))
    by_hand = X @ model.coef_.T + model.intercept_
    np.testing.assert_allclose(logits, by_hand[:, 0] if n_classes == 2 else by_hand, rtol=1e-9)
    both = np.column_stack([0 * logits, logits]) if n_classes == 2 else logits
    proba = np.exp(both) / np.exp(both).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(convert(X)), proba, rtol=1e-12)
    np.testing.assert_allclose(model.predict_log_proba(convert(X)), np.log(proba), rtol=1e-9)
    np.testing.assert_array_equal(model.predict(convert(X)), proba.argmax(axis=1))
    assert model.score(X, y) == np.mean(model.predict(X) == y)
    assert model.score(X, y, np.arange(len(y))) == pytest.approx(
        np.average(model.predict(X) == y, weights=np.arange(len(y)))
    )


@pytest.mark.parametrize("n_classes", [2, 4])
def test_log_probabilities_stay_finite_where_probabilities_underflow(n_classes):
    X, y = simulated(n_classes=n_classes)
    model = SoftmaxRegression().fit(X, y)
    far = 1e5 * X
    logs = model.predict_log_proba(far)
    assert (model.predict_proba(far) == 0).any()
    assert np.isfinite(logs).all()
    logits = model.decision_function(far)
    logits = np.column_stack([0 * logits, logits]) if n_classes == 2 else logits
    np.testing.assert_allclose(
        logs.min(axis=1), logits.min(axis=1) - logits.max(axis=1), rtol=1e-12
    )


def test_coefficients_set_by_hand_make_predictions():
    model = SoftmaxRegression()
    model.classes_, model.coef_, model.intercept_ = np.arange(3), np.eye(3), np.zeros(3)
    np.testing.assert_array_equal(model.predict(np.eye(3)[[2, 0, 1]]), [2, 0, 1])


def test_the_modules_of_the_public_names_are_found_in_the_package():
    script = "import skmax; skmax.functional.softmax, skmax.neural_network.MLPClassifier"
    script += "; skmax.linear_model.SoftmaxRegression; print(*dir(skmax))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert {"functional", "linear_model", "neural_network", "softmax"} <= {*done.stdout.split()}


@pytest.mark.parametrize("kind", ["int8", "bool", "frame", "frame of float32"])
def test_predictions_for_integers_and_data_frames_are_those_for_their_floats(kind):
    X, y = simulated(60, 4, 3)
    rows = np.round(3 * X)
    if kind.startswith("frame"):
        pandas = pytest.importorskip("pandas")
        rows = pandas.DataFrame(rows, columns=list("abcd"))
        if kind.endswith("float32"):
            rows = rows.astype(np.float32)
    else:
        rows = rows.astype(kind)
    floats = np.asarray(rows, np.float32 if kind.endswith("float32") else np.float64)
    model, expected = tight().fit(rows, y), tight().fit(floats, y)
    probabilities = model.predict_proba(rows)
    assert probabilities.dtype == floats.dtype
    np.testing.assert_allclose(probabilities, expected.predict_proba(floats), atol=1e-5)


def test_a_data_frame_of_sparse_columns_stays_sparse(monkeypatch):
    pandas = pytest.importorskip("pandas")
    X, y = sparse_simulated(60, 4, 3)
    X = scipy.sparse.csr_matrix(X)
    frame = pandas.DataFrame.sparse.from_spmatrix(X, columns=list("abcd"))
    model = SoftmaxRegression().fit(X, y)
    expected = model.predict_proba(X)
    model.fit(frame, y)
    monkeypatch.setattr(pandas.DataFrame, "to_numpy", lambda *_: pytest.fail("made dense"))
    np.testing.assert_array_equal(model.predict_proba(frame), expected)


def test_a_data_frame_with_its_columns_in_another_order_is_refused():
    pandas = pytest.importorskip("pandas")
    X, y = simulated(60, 4, 3)
    frame = pandas.DataFrame(X, columns=list("abcd"))
    model = SoftmaxRegression().fit(frame, y)
    with pytest.raises(ValueError, match="in the same order"):
        model.predict_proba(frame[list("bacd")])
