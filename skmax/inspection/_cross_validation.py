"""What displays of a cross-validation share."""

from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import check_is_fitted

from skmax.inspection._drawing import ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def check_cross_validated(display: str, estimator: Any) -> None:
    """Refuse what has no grid of penalties and folds."""
    if not hasattr(estimator, "fit"):
        raise ValueError(f"{display} takes a fitted SoftmaxRegressionCV, got {estimator!r}")
    check_is_fitted(estimator)
    if not hasattr(estimator, "coefs_paths_"):
        raise ValueError(
            f"{display} takes a fitted SoftmaxRegressionCV, got {type(estimator).__name__}"
        )


def mark_chosen(ax: "Axes", chosen: float | None) -> None:
    """Draw a line where the penalty was chosen."""
    if chosen is not None:
        ax.axvline(
            chosen, color=ink(), linewidth=0.8, linestyle=":", label=f"chosen C={chosen:.3g}"
        )
