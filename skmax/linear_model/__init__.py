"""Multinomial logistic regression."""

from typing import TYPE_CHECKING, Any

from skmax.linear_model.path import RegularizationPath, regularization_path
from skmax.linear_model.softmax_regression import SoftmaxRegression

if TYPE_CHECKING:
    from skmax.linear_model.softmax_regression_cv import SoftmaxRegressionCV

__all__ = ["RegularizationPath", "SoftmaxRegression", "SoftmaxRegressionCV", "regularization_path"]


def __getattr__(name: str) -> Any:
    """SoftmaxRegressionCV is imported when it is asked for: no other name needs the metrics."""
    if name == "SoftmaxRegressionCV":
        from skmax.linear_model.softmax_regression_cv import SoftmaxRegressionCV

        return SoftmaxRegressionCV
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
