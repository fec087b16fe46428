"""The validation set: given, or set aside by early stopping."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.model_selection import train_test_split

from skmax import _network
from skmax._fitting.parts import samples_of
from skmax._targets import Targets


@dataclass
class HeldOut:
    """A validation set as it was read."""

    X: Any
    targets: Targets


@dataclass
class Validation:
    """Samples that are not trained on; `scorer` rates the attributes of an estimator, if given."""

    samples: _network.Samples
    scorer: Callable[[Mapping[str, Any]], float] | None

    def rate(self, network: _network.Network, attributes: Any, threads: int) -> tuple[float, float]:
        """The loss and the score."""
        samples = self.samples
        if self.scorer is not None:
            score = self.scorer(attributes())
        else:
            score = accuracy(network.logits(samples.rows, len(samples), threads), samples)
        return network.loss(samples, threads), score


def set_aside(
    model: Any, X: Any, targets: Targets, random: Any
) -> tuple[Any, Targets, HeldOut | None]:
    """The samples to train on, and those that only early stopping sees."""
    if not model.early_stopping:
        return X, targets, None
    kept, aside = train_test_split(
        np.arange(X.shape[0]),
        test_size=model.validation_fraction,
        random_state=random,
        stratify=targets.labels,
    )
    return X[kept], targets.rows(kept), HeldOut(X[aside], targets.rows(aside))


def validation_of(model: Any, held_out: HeldOut | None) -> Validation | None:
    """The validation set for the epochs, with the scorer that `scoring` names."""
    if held_out is None:
        return None
    X, y, samples = held_out.X, held_out.targets.as_y(), samples_of(held_out.X, held_out.targets)
    if model.scoring is None:
        return Validation(samples, None)
    scorer = check_scoring(model, model.scoring)

    def score(attributes: Mapping[str, Any]) -> float:
        view = copy.copy(model)
        view.__dict__.update(attributes)
        view.__dict__.pop("feature_names_in_", None)  # X is an array by now
        return float(scorer(view, X, y))

    return Validation(samples, score)


def accuracy(logits: np.ndarray, samples: _network.Samples) -> float:
    """The weighted share of right predictions; of soft labels, the mass on the predicted class."""
    targets = samples.targets
    if samples.independent:
        hit: Any = ((logits.T > 0) == (targets > 0.5)).all(axis=0)
    elif targets.ndim == 2:
        hit = targets[logits.argmax(axis=1), np.arange(len(logits))]
    elif logits.shape[1] == 1:
        hit = np.where(logits[:, 0] > 0, targets, 1 - targets)
    else:
        hit = logits.argmax(axis=1) == targets
    return float(samples.weight.astype(np.float64) @ hit / samples.total_weight)
