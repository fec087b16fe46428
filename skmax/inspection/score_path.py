"""Scores along a grid of penalties."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from skmax.inspection._cross_validation import cross_validated, mark_chosen
from skmax.inspection._drawing import axes_for, legend, style
from skmax.linear_model._choice import standard_error

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class ScorePathDisplay:
    """The scores of a cross-validation along a grid of penalties.

    Parameters
    ----------
    Cs : ndarray of shape (n_Cs,)
        Inverse strengths of the penalty.
    scores : ndarray of shape (n_folds, n_l1_ratios, n_Cs)
        The scores on the samples held out; NaN where there is none.
    l1_ratios : ndarray of shape (n_l1_ratios,)
        The fractions of the L1 norm.
    chosen : float, default=None
        The `C` that was chosen, for a line there.
    score_name : str, default="score"
        What the scores are.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.
    lines_ : list of matplotlib.lines.Line2D
        The mean over the folds, a curve for each `l1_ratio`, in a band of one standard error.

    References
    ----------
    T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, Springer 2009,
    section 7.10.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from skmax import SoftmaxRegressionCV
    >>> from skmax.inspection import ScorePathDisplay
    >>> X, y = load_wine(return_X_y=True)
    >>> display = ScorePathDisplay.from_estimator(SoftmaxRegressionCV().fit(X, y))
    >>> display.scores.shape
    (5, 1, 10)
    """

    def __init__(
        self,
        Cs: np.ndarray,
        scores: np.ndarray,
        l1_ratios: np.ndarray,
        chosen: float | None = None,
        score_name: str = "score",
    ) -> None:
        self.Cs, self.scores, self.l1_ratios = np.asarray(Cs), np.asarray(scores), l1_ratios
        self.chosen, self.score_name = chosen, score_name

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: "Axes | None" = None) -> Self:
        """Draw the scores of a fitted SoftmaxRegressionCV.

        Parameters
        ----------
        estimator : SoftmaxRegressionCV or Pipeline
            A fitted one, or what ends in one.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        ScorePathDisplay
            The display.

        Raises
        ------
        ValueError
            If the estimator has no scores.
        """
        model = cross_validated(cls.__name__, estimator)
        scoring = model.scoring
        name = "accuracy" if scoring is None else scoring if isinstance(scoring, str) else "score"
        return cls(model.Cs_, model.scores_, model.l1_ratios_, float(model.C_), name).plot(ax)

    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw the scores.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        ScorePathDisplay
            The display itself.
        """
        ax = axes_for(ax)
        self.ax_, self.figure_, self.lines_ = ax, ax.figure, []
        for index, l1_ratio in enumerate(self.l1_ratios):
            mean, error = _mean_and_error(self.scores[:, index])
            how = style(index)
            self.lines_ += ax.plot(self.Cs, mean, marker=".", label=f"l1_ratio={l1_ratio:g}", **how)
            ax.fill_between(
                self.Cs, mean - error, mean + error, color=how["color"], alpha=0.2, linewidth=0
            )
        mark_chosen(ax, self.chosen)
        ax.set(
            xscale="log", xlabel="C (weaker penalty to the right)",
            ylabel=f"{self.score_name}, mean and standard error over the folds",
        )  # fmt: skip
        legend(ax)
        return self


def _mean_and_error(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean over the folds that have a score, and its standard error, for each C."""
    known = [column[~np.isnan(column)] for column in scores.T]
    mean = [column.mean() if len(column) else np.nan for column in known]
    return np.array(mean), np.array([standard_error(column) for column in known])
