"""Coefficients and scores along a grid of penalties."""

import numpy as np
import pytest
from displays import legend
from sklearn.datasets import load_digits, load_wine
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmax import SoftmaxRegressionCV, regularization_path
from skmax.inspection import (
    CoefficientPathDisplay,
    ScorePathDisplay,
)


def test_a_path_by_norm_and_by_class(iris):
    path = regularization_path(*iris, Cs=8, l1_ratio=0.5)
    display = CoefficientPathDisplay.from_path(path)
    for line, feature in zip(display.lines_, range(4), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), path.Cs)
        np.testing.assert_allclose(
            line.get_ydata(), np.sqrt((path.coefs[:, :, feature] ** 2).sum(axis=1))
        )
    of_one = CoefficientPathDisplay.from_path(path, target="virginica")
    np.testing.assert_array_equal(of_one.lines_[3].get_ydata(), path.coefs[:, 2, 3])
    assert "virginica" in of_one.ax_.get_ylabel()
    with pytest.raises(ValueError, match="target must be one of the classes"):
        of_one.plot(target="rose")


def test_a_path_of_two_classes_and_of_many_features():
    X, y = load_digits(return_X_y=True)
    kept = y < 2
    path = regularization_path(X[kept], y[kept], Cs=5)
    display = CoefficientPathDisplay.from_path(path)
    assert len(display.lines_) == 6
    assert "58 other features" in legend(display)
    strongest = np.abs(path.coefs[-1, 0]).argmax()
    np.testing.assert_array_equal(display.lines_[0].get_ydata(), path.coefs[:, 0, strongest])
    opposite = CoefficientPathDisplay.from_path(path, target=0)
    np.testing.assert_array_equal(opposite.lines_[0].get_ydata(), -path.coefs[:, 0, strongest])


def test_paths_of_a_cross_validation(cross_validated):
    display = CoefficientPathDisplay.from_estimator(cross_validated)
    index = list(cross_validated.l1_ratios_).index(cross_validated.l1_ratio_)
    expected = cross_validated.coefs_paths_[:, index, :, :, :-1].mean(axis=0)
    np.testing.assert_allclose(display.coefs, expected)
    assert f"chosen C={cross_validated.C_:.3g}" in legend(display)
    assert "proline" in set(display.feature_names)


def test_scores_of_a_cross_validation(cross_validated):
    display = ScorePathDisplay.from_estimator(cross_validated)
    assert len(display.lines_) == 2
    for index, line in enumerate(display.lines_):
        np.testing.assert_allclose(line.get_ydata(), cross_validated.scores_[:, index].mean(axis=0))
    assert legend(display)[:2] == ["l1_ratio=0", "l1_ratio=1"]
    assert "neg_log_loss" in display.ax_.get_ylabel()


def test_the_band_of_scores_is_that_of_the_rule_of_one_standard_error():
    scores = np.array([[[0.1, 0.5, np.nan]], [[0.3, 0.6, np.nan]], [[0.4, np.nan, np.nan]]])
    display = ScorePathDisplay([1, 2, 3], scores, [0.0]).plot()
    np.testing.assert_allclose(display.lines_[0].get_ydata()[:2], [0.8 / 3, 0.55])
    edges = display.ax_.collections[0].get_paths()[0].vertices
    error = np.std([0.1, 0.3, 0.4], ddof=1) / np.sqrt(3)
    assert edges[edges[:, 0] == 1, 1].max() == pytest.approx(0.8 / 3 + error)


def test_paths_of_a_pipeline():
    X, y = load_wine(return_X_y=True, as_frame=True)
    cv = SoftmaxRegressionCV(Cs=[0.1, 1.0], cv=2)
    pipeline = make_pipeline(StandardScaler(), cv).fit(X, y)
    display = CoefficientPathDisplay.from_estimator(pipeline)
    assert set(display.feature_names) == set(X.columns)
    assert ScorePathDisplay.from_estimator(pipeline).scores.shape == (2, 1, 2)


@pytest.mark.parametrize("display", [CoefficientPathDisplay, ScorePathDisplay])
def test_paths_need_a_cross_validation(display, model):
    with pytest.raises(
        ValueError, match="from_estimator takes a fitted SoftmaxRegressionCV, got Soft"
    ):
        display.from_estimator(model)
    with pytest.raises(NotFittedError):
        display.from_estimator(SoftmaxRegressionCV())
