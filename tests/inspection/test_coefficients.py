"""Coefficients by name, through pipelines."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skmax import MLPClassifier, SoftmaxRegression
from skmax.inspection import (
    CoefficientDisplay,
)


def test_the_strongest_coefficients_by_name(iris, model):
    display = CoefficientDisplay.from_estimator(model, n_features=2, feature_names=list("abcd"))
    strongest = np.argsort(-np.abs(model.coef_).max(axis=0))[:2]
    np.testing.assert_array_equal(display.coef, model.coef_[:, strongest])
    assert display.feature_names.tolist() == [list("abcd")[j] for j in strongest]
    assert [tick.get_text() for tick in display.ax_.get_yticklabels()] == list(model.classes_)
    np.testing.assert_array_equal(display.image_.get_array(), display.coef)
    low, high = display.image_.get_clim()
    assert low == -high  # 0 in the middle of the colours
    assert "strongest of 4" in display.ax_.get_xlabel()


@pytest.mark.parametrize("sparse", [False, True])
def test_coefficients_times_the_deviations_of_their_columns(iris, sparse):
    X, y = iris
    scale = np.array([1.0, 100.0, 0.01, 1.0])
    scaled = SoftmaxRegression().fit(X * scale, y)
    as_given = sp.csr_matrix(X * scale) if sparse else X * scale
    display = CoefficientDisplay.from_estimator(scaled, X=as_given)
    expected = scaled.coef_ * (X * scale).std(axis=0)
    order = [int(name[1:]) for name in display.feature_names]
    np.testing.assert_allclose(display.coef, expected[:, order])


def test_names_come_through_a_pipeline():
    X, y = load_wine(return_X_y=True, as_frame=True)
    pipeline = make_pipeline(StandardScaler(), SoftmaxRegression()).fit(X, y)
    display = CoefficientDisplay.from_estimator(pipeline, X=X)
    assert set(display.feature_names) == set(X.columns)
    search = GridSearchCV(pipeline, {"softmaxregression__C": [1.0]}, cv=2).fit(X, y)
    again = CoefficientDisplay.from_estimator(search, X=X)
    np.testing.assert_allclose(again.coef, display.coef)


def test_a_sparse_text_model_of_many_columns_and_classes():
    random = np.random.default_rng(0)
    model = SoftmaxRegression()
    model.classes_ = np.array([f"group {k}" for k in range(100)])
    model.coef_ = sp.csr_matrix(
        random.normal(size=(100, 40_000)) * (random.random((100, 40_000)) < 1e-3)
    )
    model.intercept_, model.n_features_in_ = np.zeros(100), 40_000
    display = CoefficientDisplay.from_estimator(model)
    assert display.coef.shape == (100, 20)
    assert np.abs(display.coef).max() == np.abs(model.coef_.data).max()
    assert len(display.ax_.get_yticks()) <= 40


def test_deviations_of_small_integers_and_large_offsets(iris):
    X, y = iris
    whole = (16 * X).astype(np.uint8)
    model = SoftmaxRegression().fit(whole, y)
    dense = CoefficientDisplay.from_estimator(model, X=whole)
    sparse = CoefficientDisplay.from_estimator(model, X=sp.csr_matrix(whole))
    np.testing.assert_allclose(sparse.coef, dense.coef, rtol=1e-12)
    shifted = X + 1e8
    model = SoftmaxRegression(C=1e-3).fit(shifted, y)
    display = CoefficientDisplay.from_estimator(model, X=sp.csr_matrix(shifted))
    order = [int(name[1:]) for name in display.feature_names]
    np.testing.assert_allclose(display.coef, (model.coef_ * X.std(axis=0))[:, order], rtol=1e-6)


def test_pipelines_of_one_step_and_of_pipelines(iris):
    X, y = iris
    one = make_pipeline(SoftmaxRegression()).fit(X, y)
    plain = CoefficientDisplay.from_estimator(one[-1], X=X)
    np.testing.assert_array_equal(CoefficientDisplay.from_estimator(one, X=X).coef, plain.coef)
    scaled = make_pipeline(StandardScaler(), SoftmaxRegression())
    nested = make_pipeline(StandardScaler(), clone(scaled)).fit(X * 100, y)
    scaled = scaled.fit(X, y)
    np.testing.assert_allclose(
        CoefficientDisplay.from_estimator(nested, X=X * 100).coef,
        CoefficientDisplay.from_estimator(scaled, X=X).coef,
        atol=1e-5,
    )


def test_a_frame_in_another_order_is_refused():
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = SoftmaxRegression().fit(X, y)
    with pytest.raises(ValueError, match="feature names"):
        CoefficientDisplay.from_estimator(model, X=X[X.columns[::-1]])


def test_classifiers_of_pairs_are_refused(iris):
    model = SVC(kernel="linear").fit(*iris)
    with pytest.raises(ValueError, match="a row of coef_ for each class, got SVC"):
        CoefficientDisplay.from_estimator(model)


def test_two_classes_have_one_row():
    X, y = load_iris(return_X_y=True)
    model = SoftmaxRegression().fit(X[:100], y[:100])
    display = CoefficientDisplay.from_estimator(model)
    assert display.coef.shape == (1, 4)
    assert display.classes.tolist() == [1]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"n_features": 0}, "n_features must be a positive integer, got 0"),
        ({"feature_names": ["a"]}, r"feature_names must be 4 names, got shape \(1,\)"),
        ({"X": np.ones((3, 2))}, "X has 2 features, but SoftmaxRegression is expecting 4"),
    ],
)
def test_bad_settings_of_coefficients(model, setting, message):
    with pytest.raises(ValueError, match=message):
        CoefficientDisplay.from_estimator(model, **setting)


def test_networks_have_no_coefficients(iris):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = MLPClassifier((5,), max_iter=2).fit(*iris)
    with pytest.raises(ValueError, match="a row of coef_ for each class, got MLPClassifier"):
        CoefficientDisplay.from_estimator(network)
