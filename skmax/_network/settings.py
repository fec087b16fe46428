"""What a network's fit is told: frozen settings, made by the estimator from its parameters."""

import enum
from dataclasses import dataclass


@dataclass(frozen=True)
class Sgd:
    """Stochastic gradient descent with momentum: Nesterov's, or the heavy ball's."""

    momentum: float
    nesterov: bool


@dataclass(frozen=True)
class Adam:
    """Adam; with `decay`, of the weights apart from the gradient, AdamW."""

    beta_1: float
    beta_2: float
    epsilon: float
    decay: float = 0.0


@dataclass(frozen=True)
class Lbfgs:
    """L-BFGS over all samples: `tol` is the largest entry of the gradient at which it ends."""

    tol: float
    max_fun: int  # evaluations


Method = Sgd | Adam | Lbfgs


class Monitor(enum.Enum):
    """What must become better from epoch to epoch."""

    TRAINING_LOSS = enum.auto()
    VALIDATION_LOSS = enum.auto()
    VALIDATION_SCORE = enum.auto()


@dataclass(frozen=True)
class EarlyStopping:
    """A run ends after more than `n_iter_no_change` epochs without progress of more than `tol`.

    Where a validation set is monitored, the weights of the best epoch are kept.
    """

    monitor: Monitor
    tol: float
    n_iter_no_change: float  # epochs; may be infinite

    @property
    def keeps_best(self) -> bool:
        """Whether the weights of the best epoch are kept."""
        return self.monitor is not Monitor.TRAINING_LOSS


@dataclass(frozen=True)
class Settings:
    """How a network is trained."""

    method: Method
    alpha: float  # the strength of the L2 penalty
    max_iter: int  # epochs, or iterations of L-BFGS; schedules go over all of them
    early_stopping: EarlyStopping | None  # None: nothing ends a run early
    batch_size: int  # samples of a minibatch
    shuffle: bool
    dropout: tuple[float, ...]  # the rate of each hidden layer
    learning_rate: str  # "constant", "invscaling", "adaptive" or one of SCHEDULES
    learning_rate_init: float
    power_t: float  # the exponent of "invscaling"
