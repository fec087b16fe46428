"""Curves of decisions, one for each class against the rest and for all of them together."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from skmax.inspection._drawing import Named, ink, short
from skmax.inspection._one_against_rest import OneAgainstRest, one_against_rest, scores_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


#: Where curves are averaged over the classes.
GRID = np.linspace(0, 1, 501)


class Curve(NamedTuple):
    """A curve, and the number that sums it up: the larger, the better."""

    x: np.ndarray
    y: np.ndarray
    area: float


def curves_against_rest(
    display: str,
    y_true: Any,
    y_score: Any,
    labels: Any,
    sample_weight: Any,
    curve: Callable[[np.ndarray, np.ndarray, np.ndarray], Curve],
) -> tuple[dict[str, Curve], Curve | None]:
    """The curve of each class, and that of all their decisions together; of two classes one.

    `curve` makes one of targets, scores and weights.

    Raises
    ------
    ValueError
        If shapes or labels do not fit, or there is nothing to decide.
    """
    read = one_against_rest(y_true, y_score, labels=labels, sample_weight=sample_weight)
    if ((read.targets != 0) & (read.targets != 1)).any():
        raise ValueError(f"{display} takes labels, not soft labels")
    kept = _decided(read)
    curves = {
        read.names[index]: curve(read.targets[:, index], read.scores[:, index], read.weight)
        for index in kept
    }
    if len(read.classes) == 1:
        return curves, None
    together = curve(
        read.targets[:, kept].ravel(), read.scores[:, kept].ravel(), read.weight.repeat(len(kept))
    )
    return curves, together


def _decided(read: OneAgainstRest) -> list[int]:
    """The indices of the classes that some samples are of, and others are not."""
    mass = read.weight @ read.targets
    decided = (mass > 0) & (mass < read.weight.sum())
    if not decided.any():
        found = [name for name, there in zip(read.names, mass > 0, strict=True) if there]
        raise ValueError(f"y_true must hold samples of two classes at least, got {found}")
    missing = [name for name, is_there in zip(read.names, decided, strict=True) if not is_there]
    if missing:
        more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
        warnings.warn(
            f"Classes without samples have no curve: {', '.join(missing[:10])}{more}", stacklevel=4
        )
    return [int(index) for index in np.flatnonzero(decided)]


class AgainstRestDisplay(ABC):
    """A display with a curve for each class against the rest, and the averages."""

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
        display
            One of this class.

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
            The class of each column; None for those that `y_true` holds, in ascending order.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        display
            One of this class.

        Raises
        ------
        ValueError
            If shapes or labels do not fit.
        """
        curves, micro = curves_against_rest(
            cls.__name__, y_true, y_score, labels, sample_weight, cls._curve
        )
        return cls._of(curves, micro, None if micro is None else cls._mean(curves)).plot(ax)

    @staticmethod
    @abstractmethod
    def _curve(targets: np.ndarray, scores: np.ndarray, weight: np.ndarray) -> Curve:
        """The curve of some decisions."""

    @staticmethod
    @abstractmethod
    def _mean(curves: dict[str, Curve]) -> Curve:
        """The mean of the classes' curves."""

    @classmethod
    @abstractmethod
    def _of(cls, curves: dict[str, Curve], micro: Curve | None, macro: Curve | None) -> Self:
        """A display of these curves."""

    @abstractmethod
    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw the curves."""


def draw_curves(
    ax: "Axes",
    curves: dict[str, Curve],
    averages: dict[str, Curve | None],
    area: str,
    drawstyle: str = "default",
) -> list[Any]:
    """Draw them, and return the lines of the classes that are named: of many the worst."""
    names, lines = list(curves), []
    named = Named.most_striking([1 - curve.area for curve in curves.values()])
    labels = [f"{short(name)} ({area} {curves[name].area:.3f})" for name in names]
    for index, how in named.styles(labels, "classes"):
        line = ax.plot(*curves[names[index]][:2], drawstyle=drawstyle, **how)
        lines += line if index in named.indices else []
    for (kind, average), dashes in zip(averages.items(), (":", "-"), strict=True):
        if average is not None:
            label = f"{kind} average ({area} {average.area:.3f})"
            ax.plot(*average[:2], color=ink(), linestyle=dashes, linewidth=2, label=label)
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    return lines
