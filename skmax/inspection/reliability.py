"""How far probabilities can be trusted."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.utils import check_random_state

from skmax.inspection._calibration import ReliabilityCurve, reliability_curve
from skmax.inspection._drawing import Named, axes_for, ink, legend, short
from skmax.inspection._fitted import name_of
from skmax.inspection._one_against_rest import one_against_rest, scores_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS, METHODS = ("top_label", "class"), ("isotonic", "bins")


class ReliabilityDisplay:
    r"""Reliability diagram: how often what was predicted with a probability comes true.

    On the diagonal predictions are calibrated. Above it more comes true than was predicted (the
    probabilities are too small), below it less (they are too large). By isotonic regression the
    curve is the increasing function of the probability that is nearest to the events, which needs
    no bins [1]_. The band is where calibrated predictions would lie by chance: a curve within it is
    no evidence against them.

    The number in the legend is the calibration error

    .. math:: \frac{1}{\sum_i s_i} \sum_i s_i \, |c(p_i) - p_i|,

    where :math:`c` is the curve, :math:`p_i` the predicted probabilities and :math:`s_i` the sample
    weights; with bins, the sum is over bins of their weights and means.

    Parameters
    ----------
    curves : dict of str to ReliabilityCurve
        The curve of each event, by its name.
    level : float
        The probability that the band holds the curve of calibrated predictions, at each point.
    kind : {"top_label", "class"}
        Which events.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.
    lines_ : list of matplotlib.lines.Line2D
        The curves that have a name.

    References
    ----------
    .. [1] T. Dimitriadis, T. Gneiting, A. I. Jordan, Stable reliability diagrams for probabilistic
       classifiers, PNAS 118, 2021.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import train_test_split
    >>> from skmax import SoftmaxRegression
    >>> from skmax.inspection import ReliabilityDisplay
    >>> X, X_test, y, y_test = train_test_split(*load_iris(return_X_y=True), random_state=0)
    >>> model = SoftmaxRegression().fit(X, y)
    >>> display = ReliabilityDisplay.from_estimator(model, X_test, y_test)
    >>> round(display.curves["SoftmaxRegression"].calibration_error, 2)
    0.11
    """

    def __init__(
        self, curves: Mapping[str, ReliabilityCurve], *, level: float = 0.9, kind: str = "top_label"
    ) -> None:
        self.curves, self.level, self.kind = dict(curves), level, kind

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        kind: str = "top_label",
        method: str = "isotonic",
        n_bins: int = 15,
        n_resamples: int = 200,
        level: float = 0.9,
        random_state: Any = 0,
        name: str | None = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Draw the diagram of a fitted classifier's probabilities.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            A fitted classifier with `predict_proba`, or what ends in one.
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples that it was not fitted on.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Their labels, or soft labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.
        kind : {"top_label", "class"}, default="top_label"
            "top_label": the one event that the predicted class is right. "class": for each class,
            that a sample is of it; of two classes that of the second.
        method : {"isotonic", "bins"}, default="isotonic"
            How fractions are estimated.
        n_bins : int, default=15
            The number of bins of equal width, for "bins".
        n_resamples : int, default=200
            Simulations for the band; 0 for none. There is one for labels, of the top label or of
            the second of two classes; none for soft labels, or for several curves.
        level : float, default=0.9
            The probability that the band holds the curve of calibrated predictions, at each point.
        random_state : int, RandomState or None, default=0
            Decides the simulations.
        name : str, default=None
            What to call the top label's curve; None for the name of the estimator's class.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        ReliabilityDisplay
            The display.

        Raises
        ------
        ValueError
            If the estimator has no probabilities, or a parameter is not as it must be.
        """
        probabilities, classes = scores_of(estimator, X)
        return cls.from_predictions(
            y,
            probabilities,
            labels=classes,
            sample_weight=sample_weight,
            kind=kind,
            method=method,
            n_bins=n_bins,
            n_resamples=n_resamples,
            level=level,
            random_state=random_state,
            name=name_of(estimator) if name is None else name,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_prob: Any,
        *,
        labels: Any = None,
        sample_weight: Any = None,
        kind: str = "top_label",
        method: str = "isotonic",
        n_bins: int = 15,
        n_resamples: int = 200,
        level: float = 0.9,
        random_state: Any = 0,
        name: str = "top label",
        ax: "Axes | None" = None,
    ) -> Self:
        """Draw the diagram of predicted probabilities.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, n_classes)
            Labels, or soft labels.
        y_prob : array-like of shape (n_samples, n_classes) or (n_samples,)
            Probabilities; one column is that of the second of two classes.
        labels : array-like of shape (n_classes,), default=None
            The class of each column; None for those that `y_true` holds, in ascending order.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.
        kind : {"top_label", "class"}, default="top_label"
            As for `from_estimator`.
        method : {"isotonic", "bins"}, default="isotonic"
            As for `from_estimator`.
        n_bins : int, default=15
            As for `from_estimator`.
        n_resamples : int, default=200
            As for `from_estimator`.
        level : float, default=0.9
            As for `from_estimator`.
        random_state : int, RandomState or None, default=0
            As for `from_estimator`.
        name : str, default="top label"
            What to call the top label's curve.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        ReliabilityDisplay
            The display.

        Raises
        ------
        ValueError
            If shapes, labels or probabilities do not fit, or a parameter is not as it must be.
        """
        _check(kind, method, n_bins, n_resamples, level)
        read = one_against_rest(y_true, y_prob, labels=labels, sample_weight=sample_weight)
        if not ((read.scores >= 0) & (read.scores <= 1)).all():
            raise ValueError("y_prob must be probabilities, from 0 to 1")
        if kind == "top_label":
            events, probabilities = _top_label(read.targets, read.scores)
            names = [name]
        else:
            events, probabilities, names = read.targets, read.scores, read.names
        are_labels = bool(((events == 0) | (events == 1)).all())
        random = check_random_state(random_state)
        curves = {
            event_name: reliability_curve(
                probabilities[:, index],
                events[:, index],
                read.weight,
                n_bins=n_bins if method == "bins" else None,
                # Bands of several curves would hide each other; events of soft labels are no draws.
                n_resamples=n_resamples if len(names) == 1 and are_labels else 0,
                level=level,
                random=random,
            )
            for index, event_name in enumerate(names)
        }
        return cls(curves, level=level, kind=kind).plot(ax)

    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw the diagram.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        ReliabilityDisplay
            The display itself.
        """
        ax = axes_for(ax)
        self.ax_, self.figure_, self.lines_ = ax, ax.figure, []
        names, curves = list(self.curves), list(self.curves.values())
        errors = [curve.calibration_error for curve in curves]
        named = Named.most_striking(errors)
        labels = [
            f"{short(name)} (error {error:.3f})" for name, error in zip(names, errors, strict=True)
        ]
        ax.plot([0, 1], [0, 1], color=ink(), linewidth=0.8, linestyle=":", label="calibrated")
        for index, how in named.styles(labels, "classes"):
            curve = curves[index]
            few = len(curve.predicted) <= 30
            line = ax.plot(curve.predicted, curve.observed, marker="." if few else None, **how)
            if index in named.indices:
                self.lines_ += line
            if len(curve.band_at):
                ax.fill_between(
                    curve.band_at, curve.band_low, curve.band_high,
                    color=how["color"], alpha=0.3, linewidth=0,
                    label=f"{self.level:.0%} band if calibrated",
                )  # fmt: skip
        what = "of the predicted class" if self.kind == "top_label" else "of the class"
        ax.set(
            xlabel=f"predicted probability {what}", ylabel="fraction that came true",
            xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal",
        )  # fmt: skip
        legend(ax)
        return self


def _check(kind: str, method: str, n_bins: int, n_resamples: int, level: Any) -> None:
    """Refuse a parameter that is not as it must be."""
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {KINDS}, got {kind!r}")
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}, got {method!r}")
    if not (_is_integer(n_bins) and n_bins >= 1):
        raise ValueError(f"n_bins must be a positive integer, got {n_bins!r}")
    if not (_is_integer(n_resamples) and n_resamples >= 0):
        raise ValueError(f"n_resamples must be a non-negative integer, got {n_resamples!r}")
    if isinstance(level, str | None) or not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, got {level!r}")


def _is_integer(value: Any) -> bool:
    """Whether it is an integer, and no truth value."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _top_label(targets: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether the predicted class is right, and its probability: (n_samples, 1) each."""
    if probabilities.shape[1] == 1:  # two classes
        targets = np.hstack([1 - targets, targets])
        probabilities = np.hstack([1 - probabilities, probabilities])
    top = probabilities.argmax(axis=1)[:, None]
    return np.take_along_axis(targets, top, 1), np.take_along_axis(probabilities, top, 1)
