"""What a training run gives back: why it ended, what it has seen, the weights it has come to."""

import enum
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np


class Ending(enum.Enum):
    """Why a run has ended; the value says it in words, with the numbers to be filled in."""

    CONVERGED = "the loss no longer falls"
    STOPPED_BY_CALLBACK = "a callback has asked to stop"
    INTERRUPTED = "it was interrupted"
    STILL_FALLING = (
        "the loss was still falling after max_iter={max_iter} epochs. Raise max_iter or "
        "learning_rate_init ({learning_rate_init:g}), or scale the columns of X"
    )
    OUT_OF_ITERATIONS = (
        "max_iter={max_iter} iterations or max_fun={max_fun} evaluations were not enough. Raise "
        "them, or scale the columns of X"
    )
    NO_DESCENT = (
        "no step along L-BFGS's direction lowers the objective ({detail}). Scale the columns of X, "
        "or take another solver"
    )

    def sentence(self, **numbers: object) -> str:
        """The value with its numbers."""
        return self.value.format(**numbers)


class Diverged(ArithmeticError):
    """The loss is no longer finite; `epoch` counts from 1, and is 0 where it is not known yet."""

    def __init__(self, epoch: int = 0) -> None:
        super().__init__(f"the loss is not finite in epoch {epoch}")
        self.epoch = epoch


class Rating(NamedTuple):
    """What a network is worth on the validation set."""

    loss: float  # without the penalty
    score: float  # larger is better


@dataclass
class History:
    """What was seen epoch by epoch, by this run and the earlier ones that it goes on from.

    `n_seen` counts the samples of all minibatches, `n_earlier` the epochs of the earlier runs.
    """

    loss_curve: list[float] = field(default_factory=list)
    validation_losses: list[float] = field(default_factory=list)
    validation_scores: list[float] = field(default_factory=list)
    n_seen: int = 0
    n_earlier: int = 0

    @property
    def n_epochs(self) -> int:
        """The epochs of this run alone."""
        return len(self.loss_curve) - self.n_earlier

    def copy(self) -> "History":
        """The same, which later epochs do not change."""
        return History(
            list(self.loss_curve),
            list(self.validation_losses),
            list(self.validation_scores),
            self.n_seen,
            self.n_earlier,
        )


@dataclass(frozen=True)
class TrainingResult:
    """What a run has come to, or has reached so far: copies of all of it."""

    coefs: list[np.ndarray]  # (n_in, n_out) for each layer
    intercepts: list[np.ndarray]  # (n_out,) for each layer
    history: History
    ending: Ending | None  # None while it runs
    detail: str  # what SciPy has said
    kept: Rating | None  # that of the weights, where those of the best epoch were kept
    loss: float  # the one that runs are compared by: on the validation set if there is one
    optimiser_state: tuple[np.ndarray, ...]  # of a stochastic method; empty for L-BFGS
    n_steps: int  # that the method has taken
