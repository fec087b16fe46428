"""Displays: what is drawn, and from which numbers."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.exceptions import NotFittedError
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import skmax
from skmax import MLPClassifier, SoftmaxRegression, SoftmaxRegressionCV, regularization_path
from skmax.inspection import (
    CoefficientDisplay,
    CoefficientPathDisplay,
    LossCurveDisplay,
    MulticlassPrecisionRecallDisplay,
    MulticlassRocDisplay,
    ReliabilityDisplay,
    ScorePathDisplay,
)
from skmax.inspection._calibration import binned_points, isotonic_points

AGAINST_REST = [MulticlassRocDisplay, MulticlassPrecisionRecallDisplay]
ALL = [*AGAINST_REST, ReliabilityDisplay]


@pytest.fixture(autouse=True)
def close():
    """No figure outlives its test."""
    with plt.rc_context({"figure.max_open_warning": 0}):
        yield
    plt.close("all")


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return X, np.array(["setosa", "versicolor", "virginica"])[y]


@pytest.fixture(scope="module")
def model(iris):
    return SoftmaxRegression().fit(*iris)


@pytest.fixture(scope="module")
def cross_validated():
    X, y = load_wine(return_X_y=True, as_frame=True)
    return SoftmaxRegressionCV(Cs=[0.01, 0.1, 1.0], l1_ratios=(0.0, 1.0), cv=3).fit(X, y)


def simulated(n_classes, n_rows=2000, sharp=1.0):
    """Labels drawn from probabilities, and the probabilities with their logits times `sharp`."""
    random = np.random.default_rng(n_classes)
    logits = 2 * random.normal(size=(n_rows, n_classes))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    y = (p.cumsum(axis=1) > random.random((n_rows, 1))).argmax(axis=1)
    said = np.exp(sharp * logits)
    return y, said / said.sum(axis=1, keepdims=True)


def legend(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


# ---- Loss curves


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


# ---- Reliability


def test_isotonic_points_are_the_nearest_increasing_function():
    probability = np.array([0.1, 0.1, 0.3, 0.5, 0.6])
    event = np.array([0.0, 1.0, 0.0, 1.0, 1.0])
    where, observed, weight = isotonic_points(probability, event, np.ones(5))
    np.testing.assert_allclose(where, [0.1, 0.3, 0.5, 0.6])
    np.testing.assert_allclose(observed, [1 / 3, 1 / 3, 1, 1])  # 0.5 of two and 0 of one: pooled
    np.testing.assert_array_equal(weight, [2, 1, 1, 1])


def test_weights_are_repetitions():
    random = np.random.default_rng(0)
    p, weight = random.random(50), random.integers(0, 4, 50)
    event = (random.random(50) < p).astype(float)
    again = np.repeat(np.arange(50), weight)
    for points, extra in ((isotonic_points, ()), (binned_points, (7,))):
        weighted = points(p, event, weight.astype(float), *extra)
        repeated = points(p[again], event[again], np.ones(len(again)), *extra)
        for one, other in zip(weighted, repeated, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-12)


def test_bins_have_the_calibration_error_of_the_textbook():
    y, p = simulated(4, sharp=2.0)
    display = ReliabilityDisplay.from_predictions(y, p, method="bins", n_bins=10)
    sure, right = p.max(axis=1), p.argmax(axis=1) == y
    bins = np.minimum((sure * 10).astype(int), 9)
    expected = sum(
        (bins == b).mean() * abs(sure[bins == b].mean() - right[bins == b].mean())
        for b in np.unique(bins)
    )
    assert display.curves["top label"].calibration_error == pytest.approx(expected)


@pytest.mark.parametrize("n_classes", [2, 10])
@pytest.mark.parametrize("method", ["isotonic", "bins"])
def test_calibrated_predictions_lie_in_the_band_and_sharpened_ones_do_not(n_classes, method):
    inside, errors = [], []
    for sharp in (1.0, 3.0):
        y, p = simulated(n_classes, sharp=sharp)
        display = ReliabilityDisplay.from_predictions(y, p, method=method)
        (curve,) = display.curves.values()
        observed = np.interp(curve.band_at, curve.predicted, curve.observed)
        inside.append(np.mean((curve.band_low <= observed) & (observed <= curve.band_high)))
        errors.append(curve.calibration_error)
    assert inside[0] > 0.75
    assert inside[1] < 0.6
    assert errors[0] < 0.04 < errors[1]


def test_soft_labels_are_events_in_part():
    y, p = simulated(3)
    hard = ReliabilityDisplay.from_predictions(y, p, kind="class", n_resamples=0)
    soft = ReliabilityDisplay.from_predictions(np.eye(3)[y], p, kind="class", n_resamples=0)
    for name in ("0", "1", "2"):
        np.testing.assert_allclose(soft.curves[name].observed, hard.curves[name].observed)


def test_the_second_of_two_classes_is_the_one():
    y, p = simulated(2)
    one = ReliabilityDisplay.from_predictions(y, p[:, 1], kind="class", n_resamples=0)
    assert list(one.curves) == ["1"]
    both = ReliabilityDisplay.from_predictions(y, p, kind="class", n_resamples=0)
    np.testing.assert_array_equal(one.curves["1"].observed, both.curves["1"].observed)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"kind": "all"}, "kind must be one of"),
        ({"method": "loess"}, "method must be one of"),
        ({"n_bins": 0}, "n_bins must be a positive integer, got 0"),
        ({"n_resamples": -1}, "n_resamples must be a non-negative integer, got -1"),
        ({"level": 1.0}, "level must be between 0 and 1, got 1.0"),
        ({"labels": [1, 1]}, "labels must differ from each other"),
        ({"labels": [0, 1, 2]}, "2 columns for 3 classes"),
    ],
)
def test_bad_settings_of_reliability(setting, message):
    y, p = simulated(2, 50)
    with pytest.raises(ValueError, match=message):
        ReliabilityDisplay.from_predictions(y, p, **setting)


def test_what_is_no_probability_is_refused():
    y, p = simulated(2, 50)
    with pytest.raises(ValueError, match="from 0 to 1"):
        ReliabilityDisplay.from_predictions(y, 2 * p)


def test_rows_of_counts_have_no_band():
    """A band of soft labels would take each for one event."""
    y, p = simulated(3)
    soft = ReliabilityDisplay.from_predictions(0.9 * np.eye(3)[y] + 0.1 / 3, p)
    assert not len(soft.curves["top label"].band_at)
    hard = ReliabilityDisplay.from_predictions(np.eye(3)[y], p, n_resamples=20)
    assert len(hard.curves["top label"].band_at)


# ---- ROC and precision-recall


@pytest.mark.parametrize("n_classes", [2, 3, 10])
def test_areas_are_those_of_scikit_learn(n_classes):
    y, p = simulated(n_classes)
    weight = np.random.default_rng(0).random(len(y))
    truth = np.eye(n_classes)[y]
    roc = MulticlassRocDisplay.from_predictions(y, p, sample_weight=weight)
    curve = MulticlassPrecisionRecallDisplay.from_predictions(y, p, sample_weight=weight)
    shown = range(1, 2) if n_classes == 2 else range(n_classes)
    for k in shown:
        assert roc.roc_auc[str(k)] == pytest.approx(
            roc_auc_score(truth[:, k], p[:, k], sample_weight=weight)
        )
        assert curve.average_precision[str(k)] == pytest.approx(
            average_precision_score(truth[:, k], p[:, k], sample_weight=weight)
        )
    assert len(roc.roc_auc) == len(shown)
    if n_classes == 2:
        assert roc.micro is roc.macro is curve.micro is curve.macro is None
        return
    for average in ("micro", "macro"):
        settings = {"average": average, "sample_weight": weight}
        expected = roc_auc_score(truth, p, **settings)
        assert getattr(roc, average).area == pytest.approx(expected)
        expected = average_precision_score(truth, p, **settings)
        assert getattr(curve, average).area == pytest.approx(expected)


def test_the_macro_curves_are_means():
    y, p = simulated(3)
    roc = MulticlassRocDisplay.from_predictions(y, p)
    at = 100
    means = [np.interp(roc.macro.x[at], roc.fpr[k], roc.tpr[k]) for k in roc.fpr]
    assert roc.macro.y[at] == pytest.approx(np.mean(means))
    curve = MulticlassPrecisionRecallDisplay.from_predictions(y, p)
    recall = curve.macro.x[at]
    best = [curve.precision[k][curve.recall[k] >= recall][-1] for k in curve.recall]
    assert curve.macro.y[at] == pytest.approx(np.mean(best))


@pytest.mark.parametrize("display", AGAINST_REST)
def test_a_class_without_samples_is_left_out(display):
    y, p = simulated(4)
    kept = y != 2
    with pytest.warns(UserWarning, match="Classes without samples have no curve: 2"):
        drawn = display.from_predictions(y[kept], p[kept], labels=np.arange(4))
    assert len(drawn.lines_) == 3
    with pytest.raises(ValueError, match="two classes at least"):
        display.from_predictions(np.zeros(5, int), np.full((5, 3), 1 / 3), labels=[0, 1, 2])


@pytest.mark.parametrize("display", AGAINST_REST)
def test_soft_labels_are_neither_right_nor_wrong(display):
    _, p = simulated(3)
    with pytest.raises(ValueError, match="takes labels, not soft labels"):
        display.from_predictions(p, p)


@pytest.mark.parametrize("display", ALL)
def test_of_many_classes_the_worst_are_named(display):
    y, p = simulated(100)
    settings = {"kind": "class"} if display is ReliabilityDisplay else {}
    drawn = display.from_predictions(y, p, **settings)
    assert len(drawn.lines_) == 6
    assert "94 other classes" in legend(drawn)
    if display is not ReliabilityDisplay:
        areas = drawn.roc_auc if display is MulticlassRocDisplay else drawn.average_precision
        worst = min(areas, key=areas.get)
        assert drawn.lines_[0].get_label().startswith(f"{worst} (")


@pytest.mark.parametrize("display", ALL)
def test_from_an_estimator_as_from_its_predictions(display, iris, model):
    X, y = iris
    drawn = display.from_estimator(model, X, y)
    same = display.from_predictions(y, model.predict_proba(X), labels=model.classes_)
    for line, other in zip(drawn.lines_, same.lines_, strict=True):
        np.testing.assert_array_equal(line.get_xydata(), other.get_xydata())
    with pytest.raises(ValueError, match="is no classifier with predict_proba"):
        display.from_estimator(StandardScaler().fit(X), X, y)


@pytest.mark.parametrize("display", ALL)
def test_multilabel_networks_are_refused(display):
    X, y = load_iris(return_X_y=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = MLPClassifier((4,), max_iter=2).fit(X, np.eye(3, dtype=int)[y])
    with pytest.raises(ValueError, match="must exclude each other"):
        display.from_estimator(network, X, y)


@pytest.mark.parametrize("display", ALL)
@pytest.mark.parametrize("names", [["zeta", "alpha", "mid"], ["mid", "alpha", "zeta"]])
def test_classes_in_the_order_of_columns(display, names):
    """Those of soft labels need not be in alphabetical order."""
    X, y = load_iris(return_X_y=True)
    model = SoftmaxRegression().fit(X, pd.DataFrame(0.8 * np.eye(3)[y] + 0.2 / 3, columns=names))
    by_name = display.from_estimator(model, X, np.array(names)[y])
    by_number = display.from_predictions(y, model.predict_proba(X))
    for line, other in zip(by_name.lines_, by_number.lines_, strict=True):
        np.testing.assert_array_equal(line.get_xydata(), other.get_xydata())


# ---- Coefficients


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


# ---- Paths


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


# ---- All of them


def test_displays_draw_where_they_are_told_and_draw_again(iris, model, cross_validated):
    X, y = iris
    path = regularization_path(X, y, Cs=3)
    figure, axes = plt.subplots(2, 4)
    displays = [
        LossCurveDisplay.from_estimator(model, ax=axes.flat[0]),
        *(d.from_estimator(model, X, y, ax=ax) for d, ax in zip(ALL, axes.flat[1:4], strict=True)),
        CoefficientDisplay.from_estimator(model, ax=axes.flat[4]),
        CoefficientPathDisplay.from_path(path, ax=axes.flat[5]),
        ScorePathDisplay.from_estimator(cross_validated, ax=axes.flat[6]),
    ]
    for display, ax in zip(displays, axes.flat, strict=False):
        assert display.ax_ is ax
        assert display.figure_ is figure
        assert display.plot() is display
        assert display.figure_ is not figure


def test_importing_the_displays_loads_no_matplotlib():
    script = "import sys, skmax.inspection; sys.exit('matplotlib' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": str(Path(skmax.__file__).parents[1])}
    assert (
        subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode == 0
    )


def test_text_and_averages_are_light_on_dark_paper():
    y, p = simulated(3)
    with plt.style.context("dark_background"):
        display = MulticlassRocDisplay.from_predictions(y, p)
        macro = [line for line in display.ax_.lines if line.get_label().startswith("macro")]
        assert macro[0].get_color() == plt.rcParams["text.color"] == "white"
