"""Coefficients along a grid of penalties."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from skmax.inspection._cross_validation import cross_validated, mark_chosen
from skmax.inspection._drawing import Named, axes_for, legend, short
from skmax.inspection._fitted import feature_names_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from skmax.linear_model import RegularizationPath


class CoefficientPathDisplay:
    """The coefficients of each feature along a grid of penalties.

    Parameters
    ----------
    Cs : ndarray of shape (n_Cs,)
        Inverse strengths of the penalty.
    coefs : ndarray of shape (n_Cs, n_classes, n_features)
        The coefficients; one row for two classes.
    classes : ndarray of shape (n_classes,) or (2,)
        The class labels.
    feature_names : ndarray of shape (n_features,)
        The names of the features.
    chosen : float, default=None
        The `C` that was chosen, for a line there.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.
    lines_ : list of matplotlib.lines.Line2D
        The curves of the features that are named.

    See Also
    --------
    skmax.regularization_path : Makes such a path.

    References
    ----------
    B. Efron, T. Hastie, I. Johnstone, R. Tibshirani, Least angle regression, Annals of Statistics
    32, 2004.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skmax import regularization_path
    >>> from skmax.inspection import CoefficientPathDisplay
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> display = CoefficientPathDisplay.from_path(regularization_path(X, y, Cs=20, l1_ratio=1))
    >>> display.ax_.get_xlabel()
    'C (weaker penalty to the right)'
    """

    def __init__(
        self,
        Cs: np.ndarray,
        coefs: np.ndarray,
        classes: np.ndarray,
        feature_names: np.ndarray,
        chosen: float | None = None,
    ) -> None:
        self.Cs, self.coefs, self.classes = np.asarray(Cs), np.asarray(coefs), np.asarray(classes)
        self.feature_names, self.chosen = np.asarray(feature_names), chosen

    @classmethod
    def from_path(
        cls, path: "RegularizationPath", *, target: Any = None, ax: "Axes | None" = None
    ) -> Self:
        """Draw a path.

        Parameters
        ----------
        path : RegularizationPath
            What `regularization_path` returns.
        target : class label, default=None
            See `plot`.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        CoefficientPathDisplay
            The display.

        Raises
        ------
        ValueError
            If it is no path, or `target` is no class.
        """
        if not hasattr(path, "coefs"):
            raise ValueError(
                "CoefficientPathDisplay.from_path takes a RegularizationPath, got "
                f"{type(path).__name__}; from_estimator takes a SoftmaxRegressionCV"
            )
        names = path.feature_names
        if names is None:
            names = np.array([f"x{index}" for index in range(path.coefs.shape[2])])
        return cls(path.Cs, path.coefs, path.classes, names).plot(ax, target=target)

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, target: Any = None, ax: "Axes | None" = None
    ) -> Self:
        """Draw the paths of a cross-validation: means over the folds, for the chosen `l1_ratio_`.

        Parameters
        ----------
        estimator : SoftmaxRegressionCV or Pipeline
            A fitted one, or what ends in one.
        target : class label, default=None
            See `plot`.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        CoefficientPathDisplay
            The display.

        Raises
        ------
        ValueError
            If `target` is no class, or the estimator has no paths.
        """
        model = cross_validated(cls.__name__, estimator)
        n_features = model.n_features_in_
        coefs = model.coefs_paths_.mean(axis=0)[_nearest_ratio(model)][..., :n_features]
        names = feature_names_of(estimator, n_features)
        return cls(model.Cs_, coefs, model.classes_, names, float(model.C_)).plot(ax, target=target)

    def plot(self, ax: "Axes | None" = None, *, target: Any = None) -> Self:
        """Draw the paths; of more than six features those that end furthest from 0 are named.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.
        target : class label, default=None
            The class whose coefficients are drawn; None for the norm over the classes, and of two
            classes for the one row there is.

        Returns
        -------
        CoefficientPathDisplay
            The display itself.

        Raises
        ------
        ValueError
            If `target` is no class.
        """
        curves, label = self._curves(target)
        ax = axes_for(ax)
        self.ax_, self.figure_, self.lines_ = ax, ax.figure, []
        named = Named.most_striking(np.abs(curves[-1]))
        names = [short(name) for name in self.feature_names]
        for index, how in named.styles(names, "features"):
            line = ax.plot(self.Cs, curves[:, index], **how)
            self.lines_ += line if index in named.indices else []
        mark_chosen(ax, self.chosen)
        ax.set(xscale="log", xlabel="C (weaker penalty to the right)", ylabel=label)
        legend(ax, "upper left")
        return self

    def _curves(self, target: Any) -> tuple[np.ndarray, str]:
        """What is drawn of each feature, (n_Cs, n_features), and what it is called."""
        of_two = self.coefs.shape[1] == 1
        if target is None and not of_two:
            return np.linalg.norm(self.coefs, axis=1), "norm of the coefficients over the classes"
        target = self.classes[-1] if target is None else target
        at = np.flatnonzero(self.classes == target)
        if not len(at):
            raise ValueError(f"target must be one of the classes {self.classes}, got {target!r}")
        label = f"coefficient of class {short(target)}"
        if of_two:  # one row, of the second class; the first one's is its opposite
            return (self.coefs[:, 0] if at[0] == 1 else -self.coefs[:, 0]), label
        return self.coefs[:, at[0]], label


def _nearest_ratio(estimator: Any) -> int:
    """The index of the l1_ratio that was chosen, or is nearest to the mean of several folds'."""
    return int(np.argmin(np.abs(estimator.l1_ratios_ - estimator.l1_ratio_)))
