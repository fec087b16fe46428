"""scikit-learn's own tools, notebooks and data frames, with both estimators."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.inspection import DecisionBoundaryDisplay, permutation_importance
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
from sklearn.model_selection import LearningCurveDisplay

from skmax import MLPClassifier, SoftmaxRegression, SoftmaxRegressionCV

X, Y = load_iris(return_X_y=True)
NAMES = ["sepal length", "sepal width", "petal length", "petal width"]


def linear():
    return SoftmaxRegression()


def network():
    return MLPClassifier((8,), solver="lbfgs", max_iter=1000, random_state=0)


BOTH = pytest.mark.parametrize("make", [linear, network])


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


@BOTH
@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_decision_boundaries(make, method):
    model = make().fit(X[:, 2:], Y)
    settings = {} if method == "predict" else {"class_of_interest": 1}
    display = DecisionBoundaryDisplay.from_estimator(
        model, X[:, 2:], response_method=method, grid_resolution=20, **settings
    )
    grid = np.column_stack([display.xx0.ravel(), display.xx1.ravel()])
    expected = getattr(model, method)(grid)
    expected = expected if method == "predict" else expected[:, 1]
    np.testing.assert_allclose(display.response.ravel(), expected)


@BOTH
def test_confusion_matrices(make):
    model = make().fit(X, Y)
    display = ConfusionMatrixDisplay.from_estimator(model, X, Y)
    np.testing.assert_array_equal(display.confusion_matrix, confusion_matrix(Y, model.predict(X)))


@BOTH
def test_learning_curves(make):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit of few samples may not converge
        display = LearningCurveDisplay.from_estimator(
            make(), X, Y, train_sizes=[0.5, 1.0], cv=3, shuffle=True, random_state=0
        )
    assert display.test_scores.shape == (2, 3)
    assert display.test_scores.min() > 0.8


@BOTH
def test_permutation_importance(make):
    random = np.random.default_rng(0)
    noisy = np.column_stack([X, random.normal(size=len(X))])
    model = make().fit(noisy, Y)
    found = permutation_importance(model, noisy, Y, n_repeats=3, random_state=0).importances_mean
    assert found.argmax() in (2, 3)
    assert found[4] < 0.1


@pytest.mark.parametrize("make", [linear, network, SoftmaxRegressionCV])
def test_a_notebook_shows_parameters_and_the_way_to_the_documentation(make):
    model = make()
    name = type(model).__name__
    assert "Not fitted" in model._repr_html_()
    page = model.fit(X, Y)._repr_html_()
    assert f"skmax.readthedocs.io/en/stable/generated/skmax.{name}.html" in page
    if "<table" in page:  # from scikit-learn 1.7 on
        assert all(parameter in page for parameter in model.get_params())


def test_a_notebook_shows_fitted_attributes():
    page = linear().fit(X, Y)._repr_html_()
    if "fitted-att-type" not in page:
        pytest.skip("scikit-learn before 1.9")
    for attribute in ("coef_", "converged_", "optimality_gap_", "solver_"):
        assert attribute in page


def frames():
    yield pd.DataFrame(X, columns=NAMES)
    polars = pytest.importorskip("polars")
    yield polars.DataFrame(X, schema=NAMES, orient="row")


@BOTH
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_are_checked_by_name(make, library):
    frame = list(frames())[library == "polars"]
    model = make().fit(frame, Y)
    assert model.feature_names_in_.tolist() == NAMES
    np.testing.assert_array_equal(model.predict(frame), make().fit(X, Y).predict(X))
    with pytest.raises(ValueError, match=r"(?s)feature names.*order"):
        model.predict(frame[NAMES[::-1]])
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)
