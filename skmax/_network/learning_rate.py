"""Learning rates: one for each minibatch of an epoch."""

import numpy as np

from skmax._network.settings import Settings

WARM_UP = 0.3  # fraction of the steps of "one_cycle" in which the rate rises (PyTorch's default)
FIRST, LAST = 1 / 25, 1e-4 / 25  # of the largest rate, where "one_cycle" begins and ends (as there)
DIVISOR, LOWEST = 5.0, 1e-6  # "adaptive" divides by the one, down to the other, as scikit-learn


class LearningRate:
    """The learning rate of a fit; `current` changes from epoch to epoch."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.current = settings.learning_rate_init

    def of_epoch(self, epoch: int, n_batches: int) -> np.ndarray:
        """The rates (n_batches,) of the minibatches of an epoch, the first of which is 0."""
        schedule = SCHEDULES.get(self.settings.learning_rate)
        if schedule is None:
            return np.full(n_batches, self.current)
        progress = (epoch + np.arange(n_batches) / n_batches) / self.settings.max_iter
        return schedule(self.settings.learning_rate_init, progress)

    def end_epoch(self, n_seen: int) -> None:
        """Lower "invscaling" by the number of samples seen so far."""
        if self.settings.learning_rate == "invscaling":
            self.current = self.settings.learning_rate_init / (n_seen + 1) ** self.settings.power_t

    def lower(self) -> bool:
        """Lower "adaptive" where the loss no longer falls; False where nothing is to be lowered."""
        if self.settings.learning_rate != "adaptive" or self.current <= LOWEST:
            return False
        self.current /= DIVISOR
        return True


def cosine(rate: float, progress: np.ndarray) -> np.ndarray:
    """From the rate down to 0 (I. Loshchilov, F. Hutter, SGDR, ICLR 2017)."""
    return _between(rate, 0.0, progress)


def one_cycle(rate: float, progress: np.ndarray) -> np.ndarray:
    """Up to the rate and down again (L. Smith, N. Topin, Super-convergence, arXiv 1708.07120)."""
    up = _between(FIRST * rate, rate, progress / WARM_UP)
    down = _between(rate, LAST * rate, (progress - WARM_UP) / (1 - WARM_UP))
    return np.where(progress < WARM_UP, up, down)


#: Rates over all epochs, as functions of the largest rate and of the fraction of the epochs done:
#: nothing but early stopping on a validation set cuts such a fit short.
SCHEDULES = {"cosine": cosine, "one_cycle": one_cycle}


def _between(first: float, last: float, fraction: np.ndarray) -> np.ndarray:
    """From the first to the last along half a cosine."""
    return last + (first - last) * 0.5 * (1 + np.cos(np.pi * np.clip(fraction, 0, 1)))
