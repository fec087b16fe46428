"""SoftmaxRegression with an L1 norm in its penalty: the optimum, exact zeros, and what is kept."""

import warnings

import numpy as np
import pytest
import scipy.sparse
from hypothesis import example, given, settings
from hypothesis import strategies as st
from problems import (
    assert_same_bits,
    give_passes_all_threads,
    naive_objective,
    one_hot,
    simulated,
)
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from skmax import SoftmaxRegression

RATIOS = (0.3, 1.0)


def raw(n_rows=200, n_columns=12, n_classes=4, seed=0):
    """Columns of several scales, away from 0."""
    X, y = simulated(n_rows, n_columns, n_classes, seed=seed)
    return X * np.logspace(-1, 2, n_columns) + 5, y


def slopes_of(model, X, targets, weight):
    """The gradient of the weighted mean loss in the user's columns, and in the intercepts."""
    probabilities = model.predict_proba(X)
    residual = (probabilities - targets) * (weight / weight.sum())[:, None]
    if len(model.classes_) == 2:
        residual = residual[:, 1:]
    return residual.T @ X, residual.sum(axis=0)


def assert_optimal(model, X, targets, weight, atol=1e-6):
    """The conditions of Karush, Kuhn and Tucker, in units of the threshold."""
    strength = 1 / (model.C * weight.sum())
    gradient, of_intercept = slopes_of(model, X, targets, weight)
    gradient = gradient + strength * (1 - model.l1_ratio) * model.coef_
    gradient /= strength * model.l1_ratio
    there = model.coef_ != 0
    np.testing.assert_allclose(gradient[there], -np.sign(model.coef_[there]), atol=1e3 * atol)
    assert np.all(np.abs(gradient[~there]) <= 1 + 1e3 * atol)
    if model.fit_intercept:
        np.testing.assert_allclose(of_intercept, 0, atol=atol)


@pytest.mark.parametrize("l1_ratio", RATIOS)
@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("intercept", [True, False])
def test_the_optimum_meets_its_conditions(l1_ratio, C, n_classes, intercept):
    X, y = raw(n_classes=n_classes)
    if not intercept:
        X = X - 5
    weight = np.random.default_rng(0).integers(0, 4, len(y)).astype(float)
    model = SoftmaxRegression(
        C=C, l1_ratio=l1_ratio, tol=1e-11, fit_intercept=intercept, class_weight={0: 2.0}
    ).fit(X, y, sample_weight=weight)
    assert model.converged_
    assert model.solver_ == "proximal-newton"
    assert model.optimality_gap_ <= 1e-11
    assert_optimal(model, X, one_hot(y, n_classes), weight * np.where(y == 0, 2.0, 1.0))


@given(st.integers(0, 10**6), st.integers(2, 5), st.floats(0.01, 1), st.floats(-3, 5))
@example(192, 4, 1 - 1e-10, 3.0)  # what moves all classes alike bends by next to nothing
@example(904008, 4, 0.55, 4.5)  # whole steps go too far, in directions that hardly bend
@settings(max_examples=40)
def test_random_fits_converge_and_meet_their_conditions(seed, n_classes, l1_ratio, exponent):
    random = np.random.default_rng(seed)
    n_rows, n_columns = random.integers(n_classes, 60), random.integers(1, 40)
    X = random.normal(size=(n_rows, n_columns)) @ random.normal(size=(n_columns, n_columns))
    targets = random.dirichlet(np.full(n_classes, 0.3), size=n_rows)
    model = SoftmaxRegression(C=10.0**exponent, l1_ratio=l1_ratio, tol=1e-8).fit(X, targets)
    assert model.converged_
    assert_optimal(model, X, targets, np.ones(n_rows), atol=1e-4)


@pytest.mark.parametrize("l1_ratio", RATIOS)
@pytest.mark.parametrize("n_classes", [2, 4])
def test_it_agrees_with_saga(l1_ratio, n_classes):
    X, y = simulated(150, 8, n_classes)
    model = SoftmaxRegression(l1_ratio=l1_ratio, C=0.5, tol=1e-12).fit(X, y)
    other = model.to_sklearn().set_params(tol=1e-12, max_iter=100_000)
    assert (other.solver, other.l1_ratio) == ("saga", l1_ratio)
    other = clone(other).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X), other.predict_proba(X), atol=1e-7)
    if l1_ratio < 1:  # else several coefficients have the same norm
        np.testing.assert_allclose(model.coef_, other.coef_, atol=1e-6)
    assert (model.coef_ == 0).sum() >= (other.coef_ == 0).sum()


#: Objectives of glmnet 4.1-6, and how many coefficients are not 0, by (set, alpha, lambda):
#: fit <- glmnet(X, y, family = "multinomial", alpha = alpha, standardize = FALSE,
#:               lambda = lambda * c(100, 30, 10, 3, 1), thresh = 1e-16, maxit = 1e8)
#: -mean(log(P[cbind(1:n, y)])) + lambda * ((1 - alpha) / 2 * sum(B^2) + alpha * sum(abs(B)))
#: with P <- predict(fit, X, type = "response", s = lambda)[, , 1], and B the columns of
#: coef(fit, lambda) without intercepts. On glmnet's MultinomialExample (500 x 30, 3 classes) both
#: agree as well.
GLMNET = {
    (load_iris, 1.0, 0.1): (0.626675405194, 2),
    (load_iris, 1.0, 0.01): (0.211893251195, 4),
    (load_iris, 1.0, 0.001): (0.073627139878, 6),
    (load_iris, 0.5, 0.1): (0.577700026639, 3),
    (load_iris, 0.5, 0.01): (0.229527201168, 8),
    (load_iris, 0.5, 0.001): (0.088953771072, 9),
    (load_wine, 1.0, 0.1): (0.380990595763, 9),
    (load_wine, 1.0, 0.01): (0.126906721267, 11),
    (load_wine, 1.0, 0.001): (0.030457036231, 15),
    (load_wine, 0.5, 0.1): (0.310766101194, 12),
    (load_wine, 0.5, 0.01): (0.111033324145, 21),
    (load_wine, 0.5, 0.001): (0.031682146578, 27),
}


@pytest.mark.parametrize("case", GLMNET, ids=lambda case: f"{case[0].__name__} {case[1:]}")
def test_it_agrees_with_glmnet(case):
    load, alpha, strength = case
    X, y = load(return_X_y=True)
    model = SoftmaxRegression(C=1 / (strength * len(y)), l1_ratio=alpha, tol=1e-11).fit(X, y)
    objective, n_not_zero = GLMNET[case]
    assert model.objective_ == pytest.approx(objective, rel=1e-10)
    assert np.count_nonzero(model.coef_) == n_not_zero


@pytest.mark.parametrize("l1_ratio", RATIOS)
def test_20_rows_20_columns_and_3_classes(l1_ratio):
    # Where coordinate descent with a diagonal bound of the Hessian is known to fail.
    random = np.random.default_rng(0)
    X, y = random.normal(size=(20, 20)), random.integers(0, 3, 20)
    for C in (0.1, 1.0, 10.0, 1e3, 1e6):
        model = SoftmaxRegression(C=C, l1_ratio=l1_ratio).fit(X, y)
        assert model.converged_
        assert model.n_iter_[0] < 60
        tight = SoftmaxRegression(C=C, l1_ratio=l1_ratio, tol=1e-8).fit(X, y)
        assert model.objective_ <= tight.objective_ * (1 + 1e-6)


@pytest.mark.parametrize("l1_ratio", RATIOS)
def test_weights_are_repetitions(l1_ratio):
    X, y = raw()
    weight = np.random.default_rng(1).integers(0, 4, len(y))
    settings_ = {"l1_ratio": l1_ratio, "tol": 1e-12}
    weighted = SoftmaxRegression(**settings_).fit(X, y, sample_weight=weight)
    repeated = SoftmaxRegression(**settings_).fit(np.repeat(X, weight, 0), np.repeat(y, weight))
    assert weighted.objective_ == pytest.approx(repeated.objective_, rel=1e-12)
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-8)
    if l1_ratio < 1:  # else several coefficients have the same norm
        np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-6, atol=1e-9)
        np.testing.assert_array_equal(weighted.coef_ == 0, repeated.coef_ == 0)


@pytest.mark.parametrize("l1_ratio", RATIOS)
def test_formats_and_types_agree(l1_ratio):
    X, y = raw(400)
    model = SoftmaxRegression(l1_ratio=l1_ratio, tol=1e-8).fit(X, y)
    for convert in (np.asfortranarray, scipy.sparse.csr_matrix):
        other = SoftmaxRegression(l1_ratio=l1_ratio, tol=1e-8).fit(convert(X), y)
        assert other.objective_ == pytest.approx(model.objective_, rel=1e-8)
        np.testing.assert_allclose(other.predict_proba(X), model.predict_proba(X), atol=1e-5)
    single = SoftmaxRegression(l1_ratio=l1_ratio).fit(X.astype(np.float32), y)
    assert single.converged_
    assert single.coef_.dtype == np.float32
    assert single.objective_ == pytest.approx(model.objective_, rel=3e-6)


def test_threads_change_no_bit(monkeypatch):
    give_passes_all_threads(monkeypatch)
    X, y = simulated(3000, 40, 12)
    one, two = (SoftmaxRegression(l1_ratio=1.0, C=0.1, n_jobs=n).fit(X, y) for n in (1, 2))
    assert_same_bits(one, two)


def test_columns_that_depend_on_each_other():
    X, y = raw()
    X = np.column_stack([X, X[:, 0], 2 * X[:, 1], np.ones(len(y)), np.zeros(len(y))])
    for l1_ratio in RATIOS:
        model = SoftmaxRegression(l1_ratio=l1_ratio).fit(X, y)
        assert model.converged_
        np.testing.assert_array_equal(model.coef_[:, -2:], 0)


def test_a_gap_is_never_below_the_true_one():
    X, y = raw()
    for l1_ratio in (0.01, 0.5, 1.0):
        settings_ = {"l1_ratio": l1_ratio, "C": 3.0}
        best = SoftmaxRegression(tol=1e-13, **settings_).fit(X, y).objective_
        for max_iter in range(1, 12):
            model = SoftmaxRegression(max_iter=max_iter, **settings_)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                model.fit(X, y)
            assert model.optimality_gap_ >= (model.objective_ / best - 1) * (1 - 1e-6) - 1e-13


def test_the_objective_is_that_of_the_docstring():
    X, y = raw()
    model = SoftmaxRegression(l1_ratio=0.4, C=2.0).fit(X, y)
    loss = naive_objective(
        model.coef_, model.intercept_, X, one_hot(y, 4), C=np.inf, weight=np.ones(len(y))
    )
    norms = 0.3 * np.sum(model.coef_**2) + 0.4 * np.abs(model.coef_).sum()
    assert model.objective_ == pytest.approx(loss + norms / (2.0 * len(y)), rel=1e-12)


def test_a_strong_penalty_leaves_the_intercepts():
    X, y = raw()
    model = SoftmaxRegression(l1_ratio=1.0, C=1e-9).fit(X, y)
    np.testing.assert_array_equal(model.coef_, 0)
    np.testing.assert_allclose(model.predict_proba(X[:1])[0], np.bincount(y) / len(y), rtol=1e-6)


@pytest.mark.parametrize("l1_ratio", [5e-324, 1e-300, 1e-9])
def test_next_to_no_norm_is_the_l2_penalty(l1_ratio):
    X, y = raw()
    model = SoftmaxRegression(l1_ratio=l1_ratio, tol=1e-10).fit(X, y)
    assert model.converged_
    assert model.objective_ == pytest.approx(SoftmaxRegression(tol=1e-10).fit(X, y).objective_)


def test_a_warm_start_saves_iterations():
    X, y = raw()
    model = SoftmaxRegression(l1_ratio=1.0, warm_start=True).fit(X, y)
    first = model.n_iter_[0]
    assert model.fit(X, y).n_iter_[0] == 0
    assert 0 < model.set_params(C=1.2).fit(X, y).n_iter_[0] < first
    cold = SoftmaxRegression(l1_ratio=1.0, C=1.2).fit(X, y)
    assert model.objective_ == pytest.approx(cold.objective_, rel=1e-6)


def test_without_a_penalty_the_ratio_is_not_used():
    X, y = raw()
    plain = SoftmaxRegression(C=np.inf).fit(X, y)
    for solver in ("auto", "lbfgs"):
        model = SoftmaxRegression(C=np.inf, l1_ratio=1.0, solver=solver).fit(X, y)
        np.testing.assert_allclose(model.predict_proba(X), plain.predict_proba(X), atol=1e-3)


def test_lbfgs_is_refused_and_the_estimator_stays():
    X, y = raw()
    model = SoftmaxRegression().fit(X, y)
    before = model.coef_.copy()
    model.set_params(l1_ratio=0.5, solver="lbfgs")
    with pytest.raises(ValueError, match=r"solver must be 'auto' or 'newton' .* l1_ratio=0.5"):
        model.fit(X, y)
    np.testing.assert_array_equal(model.coef_, before)
    assert model.set_params(solver="newton").fit(X, y).solver_ == "proximal-newton"


def test_a_search_over_ratios_has_scores():
    X, y = raw(120)
    search = GridSearchCV(SoftmaxRegression(), {"l1_ratio": [0.0, 0.5, 1.0], "C": [0.1, 1]}, cv=3)
    assert np.isfinite(search.fit(X, y).cv_results_["mean_test_score"]).all()


def test_scikit_learn_is_given_the_ratio():
    X, y = raw()
    model = SoftmaxRegression(l1_ratio=0.5).fit(X, y)
    other = model.to_sklearn()
    assert other.l1_ratio == 0.5
    np.testing.assert_allclose(other.predict_proba(X), model.predict_proba(X), rtol=1e-12)


def test_a_class_of_no_weight_keeps_its_place():
    X, y = raw()
    model = SoftmaxRegression(l1_ratio=1.0, class_weight={0: 0}).fit(X, y)
    assert model.converged_
    assert model.predict_proba(X)[:, 0].max() < 1e-12
