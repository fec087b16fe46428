"""What displays read of an estimator, or of the last step of a pipeline or a search."""

from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted


def unwrapped(estimator: Any) -> tuple[list[Any], Any]:
    """The transformers before a fitted classifier, and that: of a pipeline, of a search's best."""
    check_is_fitted(estimator)
    if hasattr(estimator, "best_estimator_"):
        return unwrapped(estimator.best_estimator_)
    if not isinstance(estimator, Pipeline):
        return [], estimator
    before, classifier = unwrapped(estimator[-1])
    steps = [step for _, step in estimator.steps[:-1] if not isinstance(step, str | None)]
    return [*steps, *before], classifier


def classifier_of(estimator: Any) -> Any:
    """The fitted classifier itself."""
    return unwrapped(estimator)[1]


def feature_names_of(estimator: Any, n_features: int) -> np.ndarray:
    """The names of the columns that the classifier sees, or x0, x1 and so on."""
    steps, classifier = unwrapped(estimator)
    names: Any = None
    try:
        for step in steps:
            names = step.get_feature_names_out(names)
    except (AttributeError, ValueError):  # a step that has no names for what it makes
        names = None
    if names is None:
        names = getattr(classifier, "feature_names_in_", None)
    if names is None:
        return np.array([f"x{index}" for index in range(n_features)])
    return np.asarray(names)


def name_of(estimator: Any) -> str:
    """What a picture calls it."""
    return type(classifier_of(estimator)).__name__
