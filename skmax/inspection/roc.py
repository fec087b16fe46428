"""ROC curves of several classes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

import numpy as np
from sklearn.metrics import auc, roc_curve

from skmax.inspection._curves import GRID, AgainstRestDisplay, Curve, draw_curves
from skmax.inspection._drawing import axes_for, ink, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class MulticlassRocDisplay(AgainstRestDisplay):
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
        If no sample is of a class, or all are: it has no curve.

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

    @staticmethod
    def _curve(targets: np.ndarray, scores: np.ndarray, weight: np.ndarray) -> Curve:
        """True over false positive rates."""
        fpr, tpr, _ = roc_curve(targets, scores, sample_weight=weight)
        return Curve(fpr, tpr, float(auc(fpr, tpr)))

    @staticmethod
    def _mean(curves: dict[str, Curve]) -> Curve:
        """The mean of the curves, and of their areas."""
        tpr = np.mean([np.interp(GRID, curve.x, curve.y) for curve in curves.values()], axis=0)
        tpr[0] = 0.0
        return Curve(GRID, tpr, float(np.mean([curve.area for curve in curves.values()])))

    @classmethod
    def _of(cls, curves: dict[str, Curve], micro: Curve | None, macro: Curve | None) -> Self:
        return cls(
            {name: curve.x for name, curve in curves.items()},
            {name: curve.y for name, curve in curves.items()},
            {name: curve.area for name, curve in curves.items()},
            micro,
            macro,
        )
