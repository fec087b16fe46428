"""What displays read of an estimator, or of the last step of a pipeline or a search."""

from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted


def classifier_of(estimator: Any) -> Any:
    """The fitted classifier: the last step of a pipeline, the best one of a search."""
    check_is_fitted(estimator)
    if hasattr(estimator, "best_estimator_"):
        return classifier_of(estimator.best_estimator_)
    if isinstance(estimator, Pipeline):
        return classifier_of(estimator[-1])
    return estimator


def feature_names_of(estimator: Any, n_features: int) -> np.ndarray:
    """The names of the columns that the classifier sees, or x0, x1 and so on."""
    if hasattr(estimator, "best_estimator_"):
        return feature_names_of(estimator.best_estimator_, n_features)
    if isinstance(estimator, Pipeline) and len(estimator) > 1:
        try:
            return np.asarray(estimator[:-1].get_feature_names_out())
        except (AttributeError, ValueError):  # a step that has no names for what it makes
            estimator = estimator[-1]
    if isinstance(estimator, Pipeline):
        estimator = estimator[-1]
    names = getattr(estimator, "feature_names_in_", None)
    return np.array([f"x{index}" for index in range(n_features)]) if names is None else names


def name_of(estimator: Any) -> str:
    """What a picture calls it."""
    return type(classifier_of(estimator)).__name__


def require(estimator: Any, attribute: str, display: str, who_has: str) -> Any:
    """An attribute of a fitted estimator, or an error that says which estimators have it.

    Raises
    ------
    ValueError
        If it has none.
    """
    if getattr(estimator, attribute, None) is None:
        raise ValueError(
            f"{display}: {type(estimator).__name__} has no {attribute}; {who_has} have one"
        )
    return getattr(estimator, attribute)
