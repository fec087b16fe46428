"""What displays of a cross-validation share."""

from typing import TYPE_CHECKING, Any

from skmax.inspection._drawing import ink
from skmax.inspection._fitted import classifier_of
from skmax.linear_model import SoftmaxRegressionCV

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def cross_validated(display: str, estimator: Any) -> SoftmaxRegressionCV:
    """The fitted SoftmaxRegressionCV, or that at the end of a pipeline.

    Raises
    ------
    ValueError
        If it is something else.
    """
    model = classifier_of(estimator) if hasattr(estimator, "fit") else estimator
    if not isinstance(model, SoftmaxRegressionCV):
        raise ValueError(
            f"{display}.from_estimator takes a fitted SoftmaxRegressionCV, got "
            f"{type(model).__name__}"
        )
    return model


def mark_chosen(ax: "Axes", chosen: float | None) -> None:
    """Draw a line where the penalty was chosen."""
    if chosen is not None:
        ax.axvline(
            chosen, color=ink(), linewidth=0.8, linestyle=":", label=f"chosen C={chosen:.3g}"
        )
