"""The validation set: what the present weights are worth on it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from skmax._kernels.loss.arrays import BinaryTargets, Labels, MultilabelTargets
from skmax._network.network import Network
from skmax._network.result import Rating, TrainingResult
from skmax._network.samples import Samples


@dataclass(frozen=True)
class Validation:
    """Samples that are not trained on; `score` rates what a run has reached, if it is given."""

    samples: Samples
    score: Callable[[TrainingResult], float] | None = None

    def rate(
        self, network: Network, snapshot: Callable[[], TrainingResult], threads: int
    ) -> Rating:
        """The loss, and the score, or else the accuracy, of a network of which this is a copy."""
        if self.score is not None:
            score = self.score(snapshot())
        else:
            logits = network.logits(self.samples.rows, len(self.samples), threads)
            score = accuracy(logits, self.samples)
        return Rating(network.loss(self.samples, threads), score)


def accuracy(logits: np.ndarray, samples: Samples) -> float:
    """The weighted fraction of right predictions, for logits (n, K).

    Of soft labels, the mass on the predicted class; a sample of several labels is right where all
    of them are.
    """
    targets = samples.targets
    if isinstance(targets, Labels):
        hit: np.ndarray = logits.argmax(axis=1) == targets.codes
    elif isinstance(targets, BinaryTargets):
        hit = np.where(logits[:, 0] > 0, targets.probabilities, 1 - targets.probabilities)
    elif isinstance(targets, MultilabelTargets):
        hit = ((logits.T > 0) == (targets.probabilities > 0.5)).all(axis=0)
    else:
        hit = targets.probabilities[logits.argmax(axis=1), np.arange(len(logits))]
    return float(samples.weight.astype(np.float64) @ hit / samples.total_weight)
