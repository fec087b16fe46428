"""Precision-recall curves of several classes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_curve

from skmax.inspection._curves import Curve, curves_against_rest, draw_curves
from skmax.inspection._drawing import axes_for, legend
from skmax.inspection._one_against_rest import scores_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Recalls at which curves are averaged over the classes.
GRID = np.linspace(0, 1, 501)


class MulticlassPrecisionRecallDisplay:
    """Precision-recall curves of each class against the rest, and their averages.

    A micro average counts each pair of a sample and a class as one decision; a macro average is the
    mean of the classes' curves. Of two classes there is one curve, that of the second.

    Parameters
    ----------
    precision, recall : dict of str to ndarray
        Of each class, by its name.
    average_precision : dict of str to float
        The sum of precisions times the steps of recall.
    micro, macro : Curve or None
        The averages: a named tuple of `x` (recalls), `y` and `area` (the average precision); None
        for two classes.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.
    lines_ : list of matplotlib.lines.Line2D
        The classes' curves that have a name.

    Warns
    -----
    UserWarning
        If a class has no samples, or nothing else has: it is left out.

    See Also
    --------
    sklearn.metrics.PrecisionRecallDisplay : For two classes.

    References
    ----------
    J. Davis, M. Goadrich, The relationship between precision-recall and ROC curves, ICML 2006.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skmax import SoftmaxRegression
    >>> from skmax.inspection import MulticlassPrecisionRecallDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxRegression().fit(X[::2], y[::2])
    >>> display = MulticlassPrecisionRecallDisplay.from_estimator(model, X[1::2], y[1::2])
    >>> {name: round(value, 2) for name, value in display.average_precision.items()}
    {'0': 1.0, '1': 0.99, '2': 0.99}
    """

    def __init__(
        self,
        precision: Mapping[str, np.ndarray],
        recall: Mapping[str, np.ndarray],
        average_precision: Mapping[str, float],
        micro: Curve | None = None,
        macro: Curve | None = None,
    ) -> None:
        self.precision, self.recall = dict(precision), dict(recall)
        self.average_precision = dict(average_precision)
        self.micro, self.macro = micro, macro

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, sample_weight: Any = None, ax: "Axes | None" = None
    ) -> Self:
        """Draw the curves of a fitted classifier's probabilities.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            A fitted classifier with `predict_proba`, or what ends in one.
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples that it was not fitted on.
        y : array-like of shape (n_samples,)
            Their labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        MulticlassPrecisionRecallDisplay
            The display.

        Raises
        ------
        ValueError
            If the estimator has no probabilities, or labels do not fit.
        """
        probabilities, classes = scores_of(estimator, X)
        return cls.from_predictions(
            y, probabilities, labels=classes, sample_weight=sample_weight, ax=ax
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_score: Any,
        *,
        labels: Any = None,
        sample_weight: Any = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Draw the curves of scores.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Labels.
        y_score : array-like of shape (n_samples, n_classes) or (n_samples,)
            Probabilities or logits; one column is that of the second of two classes.
        labels : array-like of shape (n_classes,), default=None
            The class of each column, in ascending order; None for those that `y_true` holds.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        MulticlassPrecisionRecallDisplay
            The display.

        Raises
        ------
        ValueError
            If shapes or labels do not fit.
        """
        curves, micro = curves_against_rest(
            cls.__name__, y_true, y_score, labels, sample_weight, _curve
        )
        return cls(
            {name: curve.y for name, curve in curves.items()},
            {name: curve.x for name, curve in curves.items()},
            {name: curve.area for name, curve in curves.items()},
            micro,
            None if micro is None else _mean(curves),
        ).plot(ax)

    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw the curves.

        Of more than six classes those with the smallest average precision are named.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        MulticlassPrecisionRecallDisplay
            The display itself.
        """
        curves = {
            name: Curve(self.recall[name], self.precision[name], self.average_precision[name])
            for name in self.recall
        }
        averages = {"micro": self.micro, "macro": self.macro}
        ax = axes_for(ax)
        self.ax_, self.figure_ = ax, ax.figure
        self.lines_ = draw_curves(ax, curves, averages, "AP", "steps-post")
        ax.set(xlabel="recall", ylabel="precision")
        legend(ax, "lower left")
        return self


def _curve(targets: np.ndarray, scores: np.ndarray, weight: np.ndarray) -> Curve:
    """Precision over recall."""
    precision, recall, _ = precision_recall_curve(targets, scores, sample_weight=weight)
    area = average_precision_score(targets, scores, sample_weight=weight)
    return Curve(recall, precision, float(area))


def _mean(curves: dict[str, Curve]) -> Curve:
    """The mean of the curves, which fall in steps, and of their average precisions."""
    precisions = []
    for recall, precision, _ in curves.values():
        at = np.searchsorted(recall[::-1], GRID)
        precisions.append(precision[::-1][np.minimum(at, len(recall) - 1)])
    mean = float(np.mean([curve.area for curve in curves.values()]))
    return Curve(GRID, np.mean(precisions, axis=0), mean)
