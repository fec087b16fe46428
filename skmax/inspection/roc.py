"""ROC curves of several classes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.metrics import auc, roc_curve

from skmax.inspection._curves import Curve, curves_against_rest, draw_curves
from skmax.inspection._drawing import axes_for, ink, legend
from skmax.inspection._one_against_rest import scores_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: False positive rates at which curves are averaged over the classes.
GRID = np.linspace(0, 1, 501)


class MulticlassRocDisplay:
    """ROC curves of each class against the rest, and their averages.

    A micro average counts each pair of a sample and a class as one decision; a macro average is the
    mean of the classes' curves. Of two classes there is one curve, that of the second.

    Parameters
    ----------
    fpr, tpr : dict of str to ndarray
        False and true positive rates of each class, by its name.
    roc_auc : dict of str to float
        The areas under them.
    micro, macro : Curve or None
        The averages: a named tuple of `x` (false positive rates), `y` and `area`; None for two
        classes.

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
    sklearn.metrics.RocCurveDisplay : For two classes.

    References
    ----------
    T. Fawcett, An introduction to ROC analysis, Pattern Recognition Letters 27, 2006.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skmax import SoftmaxRegression
    >>> from skmax.inspection import MulticlassRocDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxRegression().fit(X[::2], y[::2])
    >>> display = MulticlassRocDisplay.from_estimator(model, X[1::2], y[1::2])
    >>> {name: round(area, 3) for name, area in display.roc_auc.items()}
    {'0': 1.0, '1': 0.996, '2': 0.996}
    """

    def __init__(
        self,
        fpr: Mapping[str, np.ndarray],
        tpr: Mapping[str, np.ndarray],
        roc_auc: Mapping[str, float],
        micro: Curve | None = None,
        macro: Curve | None = None,
    ) -> None:
        self.fpr, self.tpr, self.roc_auc = dict(fpr), dict(tpr), dict(roc_auc)
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
        MulticlassRocDisplay
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
        MulticlassRocDisplay
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
            {name: curve.x for name, curve in curves.items()},
            {name: curve.y for name, curve in curves.items()},
            {name: curve.area for name, curve in curves.items()},
            micro,
            None if micro is None else _mean(curves),
        ).plot(ax)

    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw the curves.

        Of more than six classes those with the smallest areas are named.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        MulticlassRocDisplay
            The display itself.
        """
        curves = {
            name: Curve(self.fpr[name], self.tpr[name], self.roc_auc[name]) for name in self.fpr
        }
        averages = {"micro": self.micro, "macro": self.macro}
        ax = axes_for(ax)
        self.ax_, self.figure_ = ax, ax.figure
        self.lines_ = draw_curves(ax, curves, averages, "area")
        ax.plot([0, 1], [0, 1], color=ink(), linewidth=0.8, linestyle=(0, (1, 4)), label="chance")
        ax.set(xlabel="false positive rate", ylabel="true positive rate")
        legend(ax, "lower right")
        return self


def _curve(targets: np.ndarray, scores: np.ndarray, weight: np.ndarray) -> Curve:
    """True over false positive rates."""
    fpr, tpr, _ = roc_curve(targets, scores, sample_weight=weight)
    return Curve(fpr, tpr, float(auc(fpr, tpr)))


def _mean(curves: dict[str, Curve]) -> Curve:
    """The mean of the curves, and of their areas."""
    tpr = np.mean([np.interp(GRID, curve.x, curve.y) for curve in curves.values()], axis=0)
    tpr[0] = 0.0
    return Curve(GRID, tpr, float(np.mean([curve.area for curve in curves.values()])))
