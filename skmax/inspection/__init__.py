"""Displays: pictures of fitted estimators and of their predictions.

By scikit-learn's conventions: `from_estimator` or `from_predictions` computes and draws, the object
keeps the numbers, `plot` draws them again, and `ax_` and `figure_` are what was drawn on. They need
matplotlib (the extra ``skmax[plot]``), which is imported when something is drawn.
"""

from skmax.inspection.coefficient_path import CoefficientPathDisplay
from skmax.inspection.coefficients import CoefficientDisplay
from skmax.inspection.loss_curve import LossCurveDisplay
from skmax.inspection.precision_recall import MulticlassPrecisionRecallDisplay
from skmax.inspection.reliability import ReliabilityCurve, ReliabilityDisplay
from skmax.inspection.roc import MulticlassRocDisplay
from skmax.inspection.score_path import ScorePathDisplay

__all__ = [
    "CoefficientDisplay",
    "CoefficientPathDisplay",
    "LossCurveDisplay",
    "MulticlassPrecisionRecallDisplay",
    "MulticlassRocDisplay",
    "ReliabilityCurve",
    "ReliabilityDisplay",
    "ScorePathDisplay",
]
