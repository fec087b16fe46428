"""Learning rates: one for each minibatch of an epoch."""

from dataclasses import dataclass

import numpy as np

WARM_UP = 0.3  # the share of the steps of "one_cycle" in which the rate rises
FIRST, LAST = 1 / 25, 1e-4 / 25  # of the largest rate, where "one_cycle" begins and ends
SCHEDULES = ("cosine", "one_cycle")  # over all epochs: nothing but early stopping cuts them short
LOWER, LOWEST = 5.0, 1e-6  # "adaptive" divides by the one, down to the other


@dataclass
class Rate:
    """The learning rate of a fit of `n_epochs`; `present` changes from epoch to epoch."""

    name: str
    initial: float
    power: float
    n_epochs: int

    def __post_init__(self) -> None:
        self.present = self.initial

    def of_epoch(self, epoch: int, n_batches: int) -> np.ndarray:
        """The rates of the minibatches of an epoch, the first of which is 0."""
        progress = (epoch + np.arange(n_batches) / n_batches) / self.n_epochs
        if self.name == "cosine":
            return cosine(self.initial, progress)
        if self.name == "one_cycle":
            return one_cycle(self.initial, progress)
        return np.full(n_batches, self.present)

    def epoch_ends(self, n_seen: int) -> None:
        """Lower "invscaling" by the number of samples seen so far."""
        if self.name == "invscaling":
            self.present = self.initial / (n_seen + 1) ** self.power

    def lower(self) -> bool:
        """Lower "adaptive" where the loss no longer falls; False where nothing is to be lowered."""
        if self.name != "adaptive" or self.present <= LOWEST:
            return False
        self.present /= LOWER
        return True


def cosine(rate: float, progress: np.ndarray) -> np.ndarray:
    """From the rate down to 0 (I. Loshchilov, F. Hutter, SGDR, ICLR 2017)."""
    return _between(rate, 0.0, progress)


def one_cycle(rate: float, progress: np.ndarray) -> np.ndarray:
    """Up to the rate and down again (L. Smith, N. Topin, Super-convergence, arXiv 1708.07120)."""
    up = _between(FIRST * rate, rate, progress / WARM_UP)
    down = _between(rate, LAST * rate, (progress - WARM_UP) / (1 - WARM_UP))
    return np.where(progress < WARM_UP, up, down)


def _between(first: float, last: float, share: np.ndarray) -> np.ndarray:
    """From the first to the last along half a cosine."""
    return last + (first - last) * 0.5 * (1 + np.cos(np.pi * np.clip(share, 0, 1)))
