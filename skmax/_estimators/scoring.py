"""Scores of held-out samples: those of scikit-learn's scorers, and the cross-entropy of our own."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sklearn.metrics
from sklearn.metrics import get_scorer

from skmax._estimators.targets import read_targets

CROSS_ENTROPY = "neg_log_loss"
#: Metrics that may take all classes, of which some may be missing in a fold, by how the names of
#: their scorers begin.
METRICS = {
    "roc_auc": "roc_auc_score",
    "d2_log_loss": "d2_log_loss_score",
    "d2_brier": "d2_brier_score",
    "neg_brier": "brier_score_loss",
    "top_k": "top_k_accuracy_score",
    "f1": "f1_score",
    "precision": "precision_score",
    "recall": "recall_score",
    "jaccard": "jaccard_score",
}


def metadata_is_routed() -> bool:
    """Whether scikit-learn routes metadata."""
    return bool(sklearn.get_config().get("enable_metadata_routing", False))


@dataclass(frozen=True)
class Scoring:
    """What `scoring` stands for, with the classes that the samples may belong to.

    `scoring` is None for the estimator's own score, the name of a scorer, or a callable.
    """

    scoring: Any
    classes: np.ndarray

    def __call__(self, model: Any, X: Any, y: Any, parameters: Mapping[str, Any]) -> float:
        """The score of a fitted model; `parameters` are the scorer's, `sample_weight` say."""
        if isinstance(self.scoring, str) and self.scoring == CROSS_ENTROPY:
            log_probabilities = model.predict_log_proba(X)
            return -cross_entropy(log_probabilities, y, self.classes, **parameters)
        if self.scoring is None:
            return float(model.score(X, y, **parameters))
        scorer, of_classes = get_scorer(self.scoring), self.of_classes()
        if not of_classes:
            return float(scorer(model, X, y, **parameters))
        with sklearn.config_context(enable_metadata_routing=True):  # else it takes no parameters
            return float(scorer(model, X, y, **of_classes, **parameters))

    def over(
        self,
        model: Any,
        X: Any,
        y: np.ndarray,
        parameters: Mapping[str, Any],
        parts: Sequence[np.ndarray],
    ) -> float:
        """The score of some rows of X and y: of one part, or the mean over several, by weight."""
        scores, weights = [], []
        for rows in parts:
            of_part = {name: of_rows(value, rows, len(y)) for name, value in parameters.items()}
            scores.append(self(model, X[rows], y[rows], of_part))
            weight = of_part.get("sample_weight", np.ones(len(rows)))
            weights.append(float(weight @ y[rows].sum(axis=1)) if y.ndim == 2 else weight.sum())
        return scores[0] if len(scores) == 1 else float(np.average(scores, weights=weights))

    def of_classes(self) -> dict[str, Any]:
        """What the metric is told of all classes, as far as it can be told."""
        name = str(self.scoring) if isinstance(self.scoring, str) else ""
        metric = next((METRICS[start] for start in METRICS if name.startswith(start)), "")
        if not hasattr(sklearn.metrics, metric):
            return {}
        takes = inspect.signature(getattr(sklearn.metrics, metric)).parameters
        told = {"labels": self.classes} if "labels" in takes else {}
        of_one_class = name in METRICS or "brier" in name  # not a mean over classes
        if told and of_one_class and "pos_label" in takes and len(self.classes) == 2:
            told["pos_label"] = self.classes[-1]
        return told


def cross_entropy(
    log_probabilities: np.ndarray, y: Any, classes: np.ndarray, sample_weight: Any = None
) -> float:
    """The mean cross-entropy of labels, or of soft labels weighted by their mass."""
    n_samples = len(log_probabilities)
    targets = read_targets(y, sample_weight, None, n_samples, classes)
    if targets.labels is not None:
        losses = -log_probabilities[np.arange(n_samples), targets.labels]
    else:
        assert targets.class_probabilities is not None
        losses = -(targets.class_probabilities * log_probabilities.T).sum(axis=0)
    return float(np.average(losses, weights=targets.weight))


def check_scoring(owner: str, scoring: Any, soft: bool) -> Callable[..., float] | None:
    """The scorer of a name or a callable, None for the estimator's own score.

    Raises
    ------
    ValueError
        If there is no scorer of this name, or it is one of labels and the labels are soft.
    """
    if scoring is None:
        return None
    if soft and isinstance(scoring, str) and scoring != CROSS_ENTROPY:
        raise ValueError(
            f"{owner}: scoring={scoring!r} is for labels; for soft labels take {CROSS_ENTROPY!r}, "
            "None (the fraction of their mass on the predicted classes) or a callable"
        )
    return get_scorer(scoring)


def of_rows(value: Any, rows: np.ndarray, n_samples: int) -> Any:
    """What a scorer is given of some samples: of a value for each, these."""
    if hasattr(value, "__len__") and not isinstance(value, str) and len(value) == n_samples:
        return np.asarray(value)[rows]
    return value
