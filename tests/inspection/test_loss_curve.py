"""Losses while estimators were fitted."""

import warnings

import numpy as np
import pytest
from displays import legend
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmax import MLPClassifier, SoftmaxRegression
from skmax.inspection import (
    LossCurveDisplay,
)


def test_loss_curves_are_those_of_the_estimators(iris, model):
    X, y = iris
    network = MLPClassifier((5,), max_iter=20, tol=0, random_state=0, n_iter_no_change=100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network.fit(X, y, X_val=X[::3], y_val=y[::3])
    display = LossCurveDisplay.from_estimators({"linear": model, "network": network})
    training, learnt, validation = display.lines_
    np.testing.assert_array_equal(training.get_ydata(), model.loss_curve_)
    assert training.get_xdata()[0] == 0  # the start
    np.testing.assert_array_equal(learnt.get_ydata(), network.loss_curve_)
    assert learnt.get_xdata()[0] == 1
    np.testing.assert_array_equal(validation.get_ydata(), network.validation_loss_curve_)
    assert validation.get_linestyle() == "--"
    assert validation.get_color() == learnt.get_color() != training.get_color()
    assert legend(display) == ["linear", "network, training", "network, validation"]
    assert display.ax_.get_xlabel() == "epoch or iteration"


def test_the_gap_falls_to_what_the_estimator_says(iris):
    model = SoftmaxRegression(tol=1e-3).fit(*iris)
    display = LossCurveDisplay.from_estimator(model, quantity="gap")
    gap = display.lines_[0].get_ydata()
    assert gap[-1] == pytest.approx(model.optimality_gap_, rel=1e-6)
    assert gap[0] > 0.1
    assert display.ax_.get_yscale() == "log"


def test_loss_curves_of_pipelines_and_searches(iris):
    search = GridSearchCV(
        make_pipeline(StandardScaler(), SoftmaxRegression()), {"softmaxregression__C": [1]}, cv=2
    ).fit(*iris)
    display = LossCurveDisplay.from_estimator(search)
    last = search.best_estimator_[-1]
    np.testing.assert_array_equal(display.training["SoftmaxRegression"], last.loss_curve_)


def test_what_has_no_loss_curve_or_no_gap_is_refused(iris, model):
    with pytest.raises(ValueError, match="got StandardScaler without"):
        LossCurveDisplay.from_estimator(StandardScaler().fit(iris[0]))
    with pytest.raises(NotFittedError):
        LossCurveDisplay.from_estimator(SoftmaxRegression())
    with pytest.raises(ValueError, match="quantity must be one of"):
        LossCurveDisplay.from_estimator(model, quantity="speed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = MLPClassifier((5,), max_iter=2).fit(*iris)
    with pytest.raises(ValueError, match="which mine does not"):
        LossCurveDisplay.from_estimator(network, quantity="gap", name="mine")
