"""Precision-recall curves of several classes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_curve

from skmax.inspection._curves import GRID, AgainstRestDisplay, Curve, draw_curves
from skmax.inspection._drawing import axes_for, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class MulticlassPrecisionRecallDisplay(AgainstRestDisplay):
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
        If no sample is of a class, or all are: it has no curve.

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

    @staticmethod
    def _curve(targets: np.ndarray, scores: np.ndarray, weight: np.ndarray) -> Curve:
        """Precision over recall."""
        precision, recall, _ = precision_recall_curve(targets, scores, sample_weight=weight)
        area = average_precision_score(targets, scores, sample_weight=weight)
        return Curve(recall, precision, float(area))

    @staticmethod
    def _mean(curves: dict[str, Curve]) -> Curve:
        """The mean of the curves, which fall in steps, and of their average precisions."""
        precisions = []
        for recall, precision, _ in curves.values():
            at = np.searchsorted(recall[::-1], GRID)
            precisions.append(precision[::-1][np.minimum(at, len(recall) - 1)])
        mean = float(np.mean([curve.area for curve in curves.values()]))
        return Curve(GRID, np.mean(precisions, axis=0), mean)

    @classmethod
    def _of(cls, curves: dict[str, Curve], micro: Curve | None, macro: Curve | None) -> Self:
        return cls(
            {name: curve.y for name, curve in curves.items()},
            {name: curve.x for name, curve in curves.items()},
            {name: curve.area for name, curve in curves.items()},
            micro,
            macro,
        )
