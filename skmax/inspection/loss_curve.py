"""Losses while estimators were fitted."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from skmax.inspection._drawing import MOST_NAMED, axes_for, legend, short, style
from skmax.inspection._fitted import classifier_of, name_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

QUANTITIES = ("loss", "gap")
#: A gap below rounding is drawn here.
LEAST_GAP = float(np.finfo(float).eps)


class LossCurveDisplay:
    """The loss after each iteration or epoch, of one estimator or of several.

    Parameters
    ----------
    training : dict of str to ndarray of shape (n_steps,)
        The objective on the training set, by the estimator's name.
    validation : dict of str to ndarray of shape (n_epochs,)
        The loss on the validation set, of those that have one.
    gap : dict of str to ndarray of shape (n_steps,)
        The relative gap (value - minimum) / minimum, of those that know how far they are from the
        optimum.
    first_step : dict of str to int
        The number of the first entry: 0 where the curve begins with the start.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.
    lines_ : list of matplotlib.lines.Line2D
        The curves.

    See Also
    --------
    ScorePathDisplay : Scores of cross-validation along the penalties.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skmax import SoftmaxRegression
    >>> from skmax.inspection import LossCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> display = LossCurveDisplay.from_estimator(SoftmaxRegression().fit(X, y), quantity="gap")
    >>> display.ax_.get_yscale()
    'log'
    """

    def __init__(
        self,
        training: Mapping[str, np.ndarray],
        validation: Mapping[str, np.ndarray],
        gap: Mapping[str, np.ndarray],
        first_step: Mapping[str, int],
    ) -> None:
        self.training, self.validation = dict(training), dict(validation)
        self.gap, self.first_step = dict(gap), dict(first_step)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        name: str | None = None,
        quantity: str = "loss",
        ax: "Axes | None" = None,
    ) -> Self:
        """Draw the curve of a fitted estimator.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            A fitted SoftmaxRegression or MLPClassifier, or what ends in one.
        name : str, default=None
            What to call it; None for the name of its class.
        quantity : {"loss", "gap"}, default="loss"
            See `plot`.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        LossCurveDisplay
            The display.

        Raises
        ------
        ValueError
            If the estimator has no loss curve, or no gap where that was asked for.
        """
        name = name_of(estimator) if name is None else name
        return cls.from_estimators({name: estimator}, quantity=quantity, ax=ax)

    @classmethod
    def from_estimators(
        cls, estimators: Mapping[str, Any], *, quantity: str = "loss", ax: "Axes | None" = None
    ) -> Self:
        """Draw the curves of several fitted estimators into one picture.

        Parameters
        ----------
        estimators : dict of str to estimator
            As for `from_estimator`, with their names.
        quantity : {"loss", "gap"}, default="loss"
            See `plot`.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        LossCurveDisplay
            The display.

        Raises
        ------
        ValueError
            If an estimator has no loss curve, or no gap where that was asked for.
        """
        display = cls({}, {}, {}, {})
        for name, estimator in estimators.items():
            model = classifier_of(estimator)
            curve = np.asarray(getattr(model, "loss_curve_", ()), float)
            if not len(curve):
                raise ValueError(
                    f"LossCurveDisplay takes a SoftmaxRegression or MLPClassifier with the "
                    f"loss_curve_ of a fit, got {type(model).__name__} without"
                )
            display.training[name] = curve
            validation = getattr(model, "validation_loss_curve_", None)
            if validation is not None:
                display.validation[name] = np.asarray(validation, float)
            final = getattr(model, "optimality_gap_", None)
            display.first_step[name] = 1 if final is None else 0
            if final is not None and np.isfinite(final):
                least = model.objective_ / (1 + final)
                display.gap[name] = np.maximum(display.training[name] / least - 1, LEAST_GAP)
        return display.plot(ax, quantity=quantity)

    def plot(self, ax: "Axes | None" = None, *, quantity: str = "loss") -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.
        quantity : {"loss", "gap"}, default="loss"
            "loss": on the training set, and dashed on the validation set. "gap": the relative gap
            to the optimum, on a logarithmic scale.

        Returns
        -------
        LossCurveDisplay
            The display itself.

        Raises
        ------
        ValueError
            If `quantity` is not one of these, or an estimator has no gap.
        """
        if quantity not in QUANTITIES:
            raise ValueError(f"quantity must be one of {QUANTITIES}, got {quantity!r}")
        without = [name for name in self.training if name not in self.gap]
        if quantity == "gap" and without:
            raise ValueError(
                "quantity='gap' is for fits of SoftmaxRegression that know their optimality_gap_, "
                f"which {', '.join(without)} does not"
            )
        ax = axes_for(ax)
        self.ax_, self.figure_ = ax, ax.figure
        self.lines_: list[Any] = []
        curves = self.gap if quantity == "gap" else self.training
        for index, (name, curve) in enumerate(curves.items()):
            has_validation = quantity == "loss" and name in self.validation
            label = short(name) + (", training" if has_validation else "")
            width = 1.5 * (1 + index // MOST_NAMED)  # where colours return
            how = {"color": style(index)["color"], "linewidth": width}
            self._line(curve, name, {**how, "label": label})
            if has_validation:
                dashed = {**how, "linestyle": "--", "label": short(name) + ", validation"}
                self._line(self.validation[name], name, dashed)
        kinds = {("epoch", "iteration")[first == 0] for first in self.first_step.values()}
        ax.set(
            xlabel=" or ".join(sorted(kinds)),
            ylabel="relative gap to the optimum" if quantity == "gap" else "loss",
            yscale="log" if quantity == "gap" else "linear",
        )
        legend(ax)
        return self

    def _line(self, curve: np.ndarray, name: str, how: dict[str, Any]) -> None:
        """Draw one curve; one of a single entry is a point."""
        steps = self.first_step[name] + np.arange(len(curve))
        marker = "o" if len(curve) == 1 else None
        self.lines_ += self.ax_.plot(steps, curve, marker=marker, **how)
