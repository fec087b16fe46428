"""Each class against the rest: targets, scores and names, for curves of binary decisions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_array

from skmax._estimators.targets import is_soft, read_targets
from skmax.inspection._fitted import classifier_of


@dataclass(frozen=True)
class OneAgainstRest:
    """Binary decisions: of K classes K, of two classes the one about the second.

    Parameters
    ----------
    targets : ndarray of shape (n_samples, n_decisions)
        1 for samples of the class, 0 for others; fractions for soft labels.
    scores : ndarray of shape (n_samples, n_decisions)
        Larger for samples that are thought to be of the class.
    weight : ndarray of shape (n_samples,)
        The samples' weights.
    classes : ndarray of shape (n_decisions,)
        The class of each decision.
    """

    targets: np.ndarray
    scores: np.ndarray
    weight: np.ndarray
    classes: np.ndarray

    @property
    def names(self) -> list[str]:
        """The names of the classes."""
        return [str(name) for name in self.classes]


def scores_of(estimator: Any, X: Any) -> tuple[np.ndarray, np.ndarray]:
    """The probabilities of a fitted classifier, or of what ends in one, and its classes.

    Raises
    ------
    ValueError
        If it is no classifier with probabilities of classes that exclude each other.
    """
    model = classifier_of(estimator)
    classes = getattr(model, "classes_", None)
    if classes is None or not hasattr(estimator, "predict_proba"):
        raise ValueError(
            f"{type(estimator).__name__} is no classifier with predict_proba; from_predictions "
            "draws scores of any kind"
        )
    if getattr(model, "out_activation_", "softmax") == "logistic" and model.n_outputs_ > 1:
        raise ValueError("the classes must exclude each other, and this classifier is multi-label")
    return estimator.predict_proba(X), np.asarray(classes)


def one_against_rest(
    y_true: Any, y_score: Any, *, labels: Any = None, sample_weight: Any = None
) -> OneAgainstRest:
    """Read labels or soft labels, and scores, (n, K) or (n,) for the second of two classes.

    Raises
    ------
    ValueError
        If their shapes, labels or numbers do not fit each other.
    """
    scores = check_array(y_score, ensure_2d=False, dtype=np.float64, input_name="y_score")
    if labels is None and not is_soft(y_true):
        labels = np.unique(np.asarray(y_true))
    if labels is not None and len(np.unique(labels)) < len(labels):
        raise ValueError(f"labels must differ from each other, got {labels!r}")
    targets = read_targets(y_true, sample_weight, None, len(scores), labels)
    classes = targets.classes
    if scores.ndim == 1:
        if len(classes) != 2:
            raise ValueError(f"y_score of one dimension is for two classes, not {len(classes)}")
        scores = np.column_stack([-scores, scores])
    if scores.shape[1] != len(classes):
        raise ValueError(
            f"y_score has {scores.shape[1]} columns for {len(classes)} classes; give `labels` "
            "where y_true misses some"
        )
    if targets.labels is not None:
        matrix = np.eye(len(classes))[targets.labels]
    else:
        assert targets.class_probabilities is not None
        matrix = targets.class_probabilities.T
    if len(classes) == 2:
        matrix, scores, classes = matrix[:, 1:], scores[:, 1:], classes[1:]
    return OneAgainstRest(matrix, scores, targets.weight, classes)
