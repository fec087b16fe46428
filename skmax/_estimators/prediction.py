"""From logits to predictions, for one logit of two classes as for one of each."""

from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length

from skmax import _kernels
from skmax._estimators.targets import read_sample_weight, read_soft


def with_first(logits: np.ndarray) -> np.ndarray:
    """The logits (n, 2) of both classes from that of the second: the first's is 0."""
    return np.concatenate([np.zeros_like(logits), logits], axis=1)


def to_probabilities(logits: np.ndarray) -> None:
    """Turn logits (n, K) into probabilities, in place."""
    workspace = _kernels.rows_workspace(logits.shape[1], logits.dtype)
    _kernels.softmax_rows(logits, workspace, logits)


def to_log_probabilities(logits: np.ndarray) -> None:
    """Turn logits (n, K) into logarithms of probabilities, in place."""
    workspace = _kernels.rows_workspace(logits.shape[1], logits.dtype)
    _kernels.log_softmax_rows(logits, workspace, logits)


def fraction_on_predicted(y: Any, classes: np.ndarray, logits: np.ndarray, weight: Any) -> float:
    """The fraction of the soft labels' mass that lies on the class with the largest logit."""
    probabilities, _ = read_soft(y, classes)
    check_consistent_length(probabilities, logits)
    weight = read_sample_weight(weight, len(probabilities))
    hit = probabilities[np.arange(len(probabilities)), logits.argmax(axis=1)]
    return float(weight @ hit / (weight @ probabilities.sum(axis=1)))
