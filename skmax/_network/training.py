"""One run of training: a network from its first weights to its last."""

from typing import Protocol

import numpy as np

from skmax._network.epochs import Epochs
from skmax._network.learning_rate import SCHEDULES, LearningRate
from skmax._network.network import Network
from skmax._network.optimiser import Optimiser
from skmax._network.quasi_newton import minimise
from skmax._network.result import Diverged, Ending, History, Rating, TrainingResult
from skmax._network.samples import Samples
from skmax._network.settings import EarlyStopping, Lbfgs, Monitor, Settings
from skmax._network.validation import Validation


class StopRequest:
    """What ends all runs of a fit: why, or None."""

    ending: Ending | None = None

    def set(self, ending: Ending) -> None:
        """End the fit; the first reason counts."""
        self.ending = self.ending or ending


class Observer(Protocol):
    """What is told of the epochs of a run, or of the iterations of L-BFGS."""

    def on_epoch_begin(self) -> None:
        """One begins."""

    def on_epoch_end(self, loss: float, rating: Rating | None, run: "TrainingRun") -> bool:
        """One has ended, with this loss, and this rating on the validation set: whether to stop."""


class Progress:
    """Whether a run still becomes better, and the best weights so far."""

    def __init__(self, rule: EarlyStopping | None, network: Network) -> None:
        self.rule, self.network = rule, network
        self.n_stalled, self.best = 0, np.inf
        self.best_weights = network.weights.copy()
        self.kept: Rating | None = None  # that of the best weights, if they are kept

    def stalls(self, loss: float, rating: Rating | None) -> bool:
        """Take an epoch into account: whether nothing has become better for long."""
        if self.rule is None:
            return False
        if self.rule.keeps_best:
            assert rating is not None
            by_score = self.rule.monitor is Monitor.VALIDATION_SCORE
            loss = -rating.score if by_score else rating.loss
        falls = loss <= self.best - self.rule.tol  # not if NaN
        self.n_stalled = 0 if falls else self.n_stalled + 1
        if loss < self.best:
            self.best = loss
            if self.rule.keeps_best:
                self.best_weights[:] = self.network.weights
                self.kept = rating
        return self.n_stalled > self.rule.n_iter_no_change


class TrainingRun:
    """A network, its samples and what belongs to one run; `run` is called once.

    `history` is what earlier runs have seen, and `optimiser` what they remember. `first_epoch` is
    the index of the first in a schedule of the learning rate.
    """

    def __init__(
        self,
        settings: Settings,
        network: Network,
        samples: Samples,
        *,
        random: np.random.RandomState,
        threads: int,
        observer: Observer,
        stop: StopRequest,
        validation: Validation | None = None,
        optimiser: Optimiser | None = None,
        history: History | None = None,
        first_epoch: int = 0,
    ) -> None:
        self.settings, self.network, self.samples = settings, network, samples
        self.random, self.threads, self.observer, self.stop = random, threads, observer, stop
        self.validation, self.optimiser = validation, optimiser
        self.history = History() if history is None else history
        self.first_epoch = first_epoch
        self.ending: Ending | None = None
        self.detail = ""
        self.rating: Rating | None = None  # of the present weights
        self.progress = Progress(settings.early_stopping, network)

    def run(self, n_epochs: int) -> TrainingResult:
        """Go on for up to `n_epochs`, or to an interrupt: the network has the weights to keep.

        Raises `Diverged` where the loss is no longer finite.
        """
        rule = self.settings.early_stopping
        if rule is not None and rule.keeps_best and self.history.loss_curve:
            self._rate()
            self.progress.stalls(np.inf, self.rating)  # these weights may stay the best
        try:
            if isinstance(self.settings.method, Lbfgs):
                self._minimise(self.settings.method, n_epochs)
            else:
                self._descend(n_epochs)
        except KeyboardInterrupt:
            self.stop.set(Ending.INTERRUPTED)
            self.ending = Ending.INTERRUPTED
        except Diverged:
            raise Diverged(len(self.history.loss_curve) + 1) from None
        if self.progress.kept is not None:
            self.network.weights[:] = self.progress.best_weights
        return self.snapshot()

    def snapshot(self) -> TrainingResult:
        """What the run has reached so far."""
        layers, optimiser = self.network.layers(), self.optimiser
        return TrainingResult(
            coefs=[weights.copy() for weights, _ in layers],
            intercepts=[bias.copy() for _, bias in layers],
            history=self.history.copy(),
            ending=self.ending,
            detail=self.detail,
            kept=self.progress.kept,
            loss=self._loss(),
            optimiser_state=() if optimiser is None else optimiser.copy_state(),
            n_steps=0 if optimiser is None else optimiser.n_steps,
        )

    def _loss(self) -> float:
        """The loss of the weights kept, on the validation set if there is one."""
        if self.progress.kept is not None:
            return self.progress.kept.loss
        history = self.history
        losses = history.loss_curve if self.validation is None else history.validation_losses
        return losses[-1] if losses else np.inf

    def _descend(self, n_epochs: int) -> None:
        """Epochs of a stochastic method."""
        settings, history, n_samples = self.settings, self.history, len(self.samples)
        assert self.optimiser is not None
        epochs = Epochs(
            self.network, self.samples, self.optimiser, settings.batch_size, settings.dropout,
            self.threads,
        )  # fmt: skip
        rate = LearningRate(settings)
        rate.end_epoch(history.n_seen)
        order = np.arange(n_samples, dtype=np.int64)
        for epoch in range(self.first_epoch, self.first_epoch + n_epochs):
            self.observer.on_epoch_begin()
            # 1. The order of the samples, and the seed of the masks.
            if settings.shuffle:
                order = order[self.random.permutation(n_samples)]
            seed = int(self.random.randint(2**31 - 1)) if any(settings.dropout) else 0
            # 2. The minibatches.
            rates = rate.of_epoch(epoch, epochs.n_batches)
            loss = epochs.run(order, rates, settings.alpha, seed)
            loss += 0.5 * settings.alpha * self.network.squared_norm() / self.samples.total_weight
            if not np.isfinite(loss):
                raise Diverged
            history.n_seen += n_samples
            rate.end_epoch(history.n_seen)
            # 3. Whether to go on.
            if self._stops_after(loss):
                return
            if self.progress.stalls(loss, self.rating):
                if not rate.lower():
                    self.ending = Ending.CONVERGED
                    return
                self.progress.n_stalled = 0
        over = self.first_epoch + n_epochs >= settings.max_iter
        scheduled = settings.learning_rate in SCHEDULES
        self.ending = Ending.CONVERGED if scheduled and over else Ending.STILL_FALLING

    def _minimise(self, method: Lbfgs, n_iterations: int) -> None:
        """L-BFGS on all samples at once."""

        def stops(loss: float) -> bool:
            self.observer.on_epoch_begin()
            return self._stops_after(loss) or self.progress.stalls(loss, self.rating)

        ending, self.detail = minimise(
            self.network, self.samples, method, alpha=self.settings.alpha, max_iter=n_iterations,
            threads=self.threads, on_iteration=stops,
        )  # fmt: skip
        self.ending = self.ending or ending

    def _stops_after(self, loss: float) -> bool:
        """Keep what belongs to an epoch and tell of it; whether something asks to stop."""
        history = self.history
        history.loss_curve.append(loss)
        self._rate()
        if self.rating is not None:
            history.validation_losses.append(self.rating.loss)
            history.validation_scores.append(self.rating.score)
        if self.observer.on_epoch_end(loss, self.rating, self):
            self.stop.set(Ending.STOPPED_BY_CALLBACK)
        if self.stop.ending is None:
            return False
        self.ending = self.stop.ending
        self.progress.stalls(loss, self.rating)  # this epoch may be the best
        return True

    def _rate(self) -> None:
        """Rate the present weights on the validation set."""
        if self.validation is not None:
            self.rating = self.validation.rate(self.network, self.snapshot, self.threads)
