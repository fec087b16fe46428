"""Coefficients, classes by features."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import scipy.sparse
from sklearn.utils.sparsefuncs import mean_variance_axis
from sklearn.utils.validation import validate_data

from skmax.inspection._drawing import axes_for, short
from skmax.inspection._fitted import classifier_of, feature_names_of, unwrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Names on an axis; of more, every second or third is written.
MOST_TICKS = 40


class CoefficientDisplay:
    """The coefficients of the strongest features, classes by features.

    Parameters
    ----------
    coef : ndarray of shape (n_classes, n_shown)
        Coefficients of the features shown; one row for two classes, that of the second.
    feature_names : ndarray of shape (n_shown,)
        Their names.
    classes : ndarray of shape (n_classes,)
        The names of the rows.
    n_features : int
        How many features there are in all.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.
    image_ : matplotlib.image.AxesImage
        The coefficients as colours: one for each sign, paler the nearer to 0.

    See Also
    --------
    CoefficientPathDisplay : Coefficients along the penalties.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from skmax import SoftmaxRegression
    >>> from skmax.inspection import CoefficientDisplay
    >>> X, y = load_wine(return_X_y=True, as_frame=True)
    >>> model = SoftmaxRegression(C=0.01, l1_ratio=1).fit(X, y)
    >>> display = CoefficientDisplay.from_estimator(model, X=X, n_features=3)
    >>> display.feature_names.tolist()
    ['proline', 'color_intensity', 'alcohol']
    """

    def __init__(
        self, coef: np.ndarray, feature_names: np.ndarray, classes: np.ndarray, n_features: int
    ) -> None:
        self.coef, self.feature_names = np.asarray(coef), np.asarray(feature_names)
        self.classes, self.n_features = np.asarray(classes), n_features

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        X: Any = None,
        n_features: int = 20,
        feature_names: Any = None,
        ax: "Axes | None" = None,
    ) -> Self:
        """Draw the coefficients of a fitted linear classifier.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            A fitted SoftmaxRegression or SoftmaxRegressionCV, or what ends in one.
        X : array-like or sparse matrix of shape (n_samples, n_columns), default=None
            Samples as the classifier sees them, or for a pipeline as it sees them. Coefficients are
            then multiplied by the standard deviation of their column, which makes those of columns
            in different units comparable.
        n_features : int, default=20
            How many features are shown: those with the largest coefficient of any class.
        feature_names : array-like of shape (n_columns,), default=None
            The columns' names; None for those that the estimator knows.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        CoefficientDisplay
            The display.

        Raises
        ------
        ValueError
            If the estimator has no coefficients, or names or columns do not fit them.
        """
        if not (isinstance(n_features, int | np.integer) and n_features >= 1):
            raise ValueError(f"n_features must be a positive integer, got {n_features!r}")
        model = classifier_of(estimator)
        coef = _coef_of_classes(model)
        if X is not None:
            coef = coef * _deviations(_as_seen(estimator, X))
        names = feature_names
        if names is None:
            names = feature_names_of(estimator, coef.shape[1])
        names = np.asarray(names)
        if names.shape != (coef.shape[1],):
            raise ValueError(
                f"feature_names must be {coef.shape[1]} names, got shape {names.shape}"
            )
        strongest = np.argsort(-np.abs(coef).max(axis=0), kind="stable")[:n_features]
        classes = model.classes_[1:] if len(coef) == 1 else model.classes_
        return cls(coef[:, strongest], names[strongest], classes, coef.shape[1]).plot(ax)

    def plot(self, ax: "Axes | None" = None) -> Self:
        """Draw the coefficients.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        CoefficientDisplay
            The display itself.
        """
        import matplotlib.pyplot as plt

        n_classes, n_shown = self.coef.shape
        if ax is None:
            size = 2.5 + 0.32 * min(n_shown, MOST_TICKS), 1.8 + 0.28 * min(n_classes, MOST_TICKS)
            ax = plt.subplots(layout="constrained", figsize=size)[1]
        self.ax_, self.figure_ = axes_for(ax), ax.figure
        largest = float(np.abs(self.coef).max(initial=0.0)) or 1.0
        self.image_ = ax.imshow(
            self.coef, cmap="PuOr", vmin=-largest, vmax=largest, aspect="auto",
            interpolation="nearest",
        )  # fmt: skip
        self.figure_.colorbar(self.image_, ax=ax, label="coefficient")
        columns, rows = _spread(n_shown), _spread(n_classes)
        ax.set_xticks(
            columns, [short(self.feature_names[index]) for index in columns],
            rotation=45, ha="right", rotation_mode="anchor",
        )  # fmt: skip
        ax.set_yticks(rows, [short(self.classes[index]) for index in rows])
        of_all = "" if n_shown == self.n_features else f" (strongest of {self.n_features:,})"
        ax.set(xlabel=f"feature{of_all}", ylabel="class")
        return self


def _coef_of_classes(model: Any) -> np.ndarray:
    """A row of coefficients for each class, or one for the second of two.

    Raises
    ------
    ValueError
        If the model has none such, as one that decides between pairs of classes.
    """
    coef: Any = getattr(model, "coef_", None)
    classes = getattr(model, "classes_", ())
    if scipy.sparse.issparse(coef):
        coef = coef.toarray()
    rows = 1 if len(classes) == 2 else len(classes)
    by_pairs = hasattr(model, "dual_coef_")
    if coef is None or np.ndim(coef) != 2 or len(coef) != rows or by_pairs:
        raise ValueError(
            "CoefficientDisplay takes a linear classifier with a row of coef_ for each class, got "
            f"{type(model).__name__}"
        )
    return np.asarray(coef)


def _spread(n_names: int) -> np.ndarray:
    """Indices so far apart that their names do not overlap."""
    return np.arange(0, n_names, -(-n_names // MOST_TICKS))


def _as_seen(estimator: Any, X: Any) -> Any:
    """X as the classifier at the end of a pipeline or search sees it, checked as it checks."""
    steps, classifier = unwrapped(estimator)
    for step in steps:
        X = step.transform(X)
    return validate_data(
        classifier, X, reset=False, accept_sparse=["csr", "csc"], dtype=[np.float64, np.float32]
    )


def _deviations(X: Any) -> np.ndarray:
    """The standard deviation of each column."""
    if scipy.sparse.issparse(X):
        return np.sqrt(mean_variance_axis(X, axis=0)[1])
    return X.std(axis=0, dtype=np.float64)
