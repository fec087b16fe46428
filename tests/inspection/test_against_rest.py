"""ROC and precision-recall curves of several classes."""

import warnings

import numpy as np
import pandas as pd
import pytest
from displays import AGAINST_REST, ALL, legend, simulated
from sklearn.datasets import load_iris
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.preprocessing import StandardScaler

from skmax import MLPClassifier, SoftmaxRegression
from skmax.inspection import (
    MulticlassPrecisionRecallDisplay,
    MulticlassRocDisplay,
    ReliabilityDisplay,
)


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
