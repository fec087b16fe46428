"""One start of a network: its epochs, and when to stop."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skmax import _network
from skmax._fitting.validation import Validation
from skmax._progress import Lines, Task


class Divergence(ValueError):
    """The loss of a start is no longer finite."""


ASKED = "a callback has asked to stop"
INTERRUPTED = "it was interrupted"


@dataclass
class History:
    """What was seen epoch by epoch; `n_seen` counts the samples of all minibatches."""

    loss_curve: list[float] = field(default_factory=list)
    validation_losses: list[float] = field(default_factory=list)
    validation_scores: list[float] = field(default_factory=list)
    n_seen: int = 0


class Halt:
    """What ends all starts of a fit: why, or ""."""

    reason = ""

    def ask(self, reason: str) -> None:
        """End the fit; the first reason counts."""
        self.reason = self.reason or reason


@dataclass
class Start:
    """A network from its first weights to its last; `model` holds the parameters.

    `attributes` makes of it those that the estimator would have now; `halt` ends it where
    another start is to end.
    """

    model: Any
    network: _network.Network
    samples: _network.Samples
    optimiser: _network.Optimiser | None
    validation: Validation | None
    random: np.random.RandomState
    history: History
    threads: int
    halt: Halt
    n_epochs: int
    task: Task
    lines: Lines
    attributes: Callable[["Start"], Mapping[str, Any]]
    first_epoch: int = 0
    reason: str = "it has not begun"  # why it stopped short, or ""

    def __post_init__(self) -> None:
        self.n_stalled, self.best = 0, np.inf
        # Loss and score on the validation set: of the present weights, and of the best.
        self.rated: tuple[float, float] | None = None
        self.kept: tuple[float, float] | None = None
        self.best_weights = self.network.weights.copy()
        self.stops_early = bool(self.model.early_stopping and self.validation is not None)

    def run(self) -> None:
        """Go on to the end, or to an interrupt: the network then has the weights to keep."""
        if self.stops_early and self.history.loss_curve:
            self._rate()
            self._stalled(np.inf)  # the weights to go on from may stay the best
        try:
            if self.optimiser is None:
                self._minimise()
            else:
                self._descend(self.optimiser)
        except KeyboardInterrupt:
            self.halt.ask(INTERRUPTED)
            self.reason = INTERRUPTED
        except _network.Diverged:
            raise Divergence(self._divergence()) from None
        if self.kept is not None:
            self.network.weights[:] = self.best_weights

    @property
    def quality(self) -> float:
        """The loss of the weights kept, on the validation set if there is one."""
        if self.kept is not None:
            return self.kept[0]
        losses = self.history.validation_losses if self.validation else self.history.loss_curve
        return losses[-1] if losses else np.inf

    def _descend(self, optimiser: _network.Optimiser) -> None:
        """Epochs of a stochastic method."""
        model, history, n_samples = self.model, self.history, len(self.samples)
        trainer = _network.Trainer(
            self.network, self.samples, optimiser, batch_size(model, n_samples),
            dropout_rates(model, len(self.network.sizes) - 2), self.threads,
        )  # fmt: skip
        rate = _network.Rate(
            model.learning_rate if model.solver == "sgd" or scheduled(model) else "constant",
            model.learning_rate_init, model.power_t, model.max_iter,
        )  # fmt: skip
        rate.epoch_ends(history.n_seen)
        order = np.arange(n_samples)
        for epoch in range(self.first_epoch, self.first_epoch + self.n_epochs):
            self.epoch_task = self._begin()
            # 1. The order of the samples, and the seed of the masks.
            if model.shuffle:
                order = order[self.random.permutation(n_samples)]
            seed = int(self.random.randint(2**31 - 1)) if any(trainer.dropout) else 0
            # 2. The minibatches.
            rates = rate.of_epoch(epoch, trainer.n_batches)
            loss = trainer.epoch(order, rates, model.alpha, seed)
            loss += 0.5 * model.alpha * self.network.squared_norm() / self.samples.total_weight
            if not np.isfinite(loss):
                raise _network.Diverged
            history.n_seen += n_samples
            rate.epoch_ends(history.n_seen)
            # 3. Whether to go on.
            if self._ends(loss):
                return
            if self._stalled(loss):
                if not rate.lower():
                    self.reason = ""
                    return
                self.n_stalled = 0
        over = self.first_epoch + self.n_epochs >= model.max_iter
        self.reason = "" if scheduled(model) and over else _still_falling(model)

    def _minimise(self) -> None:
        """L-BFGS on all samples at once."""
        model = self.model

        def iteration_ends(loss: float) -> bool:
            self.epoch_task = self._begin()
            return self._ends(loss) or (self.stops_early and self._stalled(loss))

        self.reason = ""
        reason = _network.minimise(
            self.network, self.samples, alpha=model.alpha, tol=model.tol, max_iter=self.n_epochs,
            max_fun=model.max_fun, threads=self.threads, on_iteration=iteration_ends,
        )  # fmt: skip
        self.reason = reason or self.reason

    def _ends(self, loss: float) -> bool:
        """Keep what belongs to an epoch; whether something asks to stop."""
        history = self.history
        history.loss_curve.append(loss)
        self._rate()
        if self.rated is not None:
            history.validation_losses.append(self.rated[0])
            history.validation_scores.append(self.rated[1])
        if self.model.verbose:
            self.lines.epoch_ends(loss, self.rated)
        if self.epoch_task.end(lambda: self.attributes(self)):
            self.halt.ask(ASKED)
        if not self.halt.reason:
            return False
        self.reason = self.halt.reason
        self._stalled(loss)  # this epoch may be the best
        return True

    def _begin(self) -> Task:
        """The task of an epoch."""
        task = self.task.part("epoch" if self.optimiser else "iteration")
        task.begin()
        return task

    def _rate(self) -> None:
        """The loss and the score of the present weights on the validation set."""
        if self.validation is not None:
            self.rated = self.validation.rate(
                self.network, lambda: self.attributes(self), self.threads
            )

    def _stalled(self, loss: float) -> bool:
        """Whether nothing has become better by more than tol for long; keeps the best weights."""
        model = self.model
        if self.stops_early and self.rated is not None:
            loss = self.rated[0] if model.scoring is None else -self.rated[1]
        elif scheduled(model):
            return False
        falls = loss <= self.best - model.tol  # not if NaN
        self.n_stalled = 0 if falls else self.n_stalled + 1
        if loss < self.best:
            self.best = loss
            if self.stops_early:
                self.best_weights[:] = self.network.weights
                self.kept = self.rated
        return self.n_stalled > model.n_iter_no_change

    def _divergence(self) -> str:
        """What to say of a loss that is not finite."""
        epoch = len(self.history.loss_curve) + 1
        if self.optimiser is None:
            return f"MLPClassifier: the loss is not finite in iteration {epoch}: scale X's columns"
        return (
            f"MLPClassifier has diverged: the loss is not finite in epoch {epoch}. Lower "
            f"learning_rate_init={self.model.learning_rate_init!r}, or scale the columns of X."
        )


def _still_falling(model: Any) -> str:
    """Why a fit has not converged, and what to do."""
    return (
        f"the loss was still falling after max_iter={model.max_iter} epochs. Raise max_iter or "
        f"learning_rate_init ({model.learning_rate_init:g}), or scale the columns of X"
    )


def scheduled(model: Any) -> bool:
    """Whether the learning rate follows a schedule over all epochs."""
    return model.learning_rate in _network.SCHEDULES and model.solver != "lbfgs"


def batch_size(model: Any, n_samples: int) -> int:
    """The samples of a minibatch."""
    return min(200 if model.batch_size == "auto" else int(model.batch_size), n_samples)


def dropout_rates(model: Any, n_hidden: int) -> list[float]:
    """The rate of each hidden layer."""
    if np.ndim(model.dropout) == 0:
        return [float(model.dropout)] * n_hidden
    if len(model.dropout) != n_hidden:
        raise ValueError(
            f"MLPClassifier: dropout must be a number or one for each of the {n_hidden} hidden "
            f"layers, got {model.dropout!r}"
        )
    return [float(rate) for rate in model.dropout]
