"""Stochastic methods: their constants for the kernels, and what they remember."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skmax import _kernels
from skmax._network.layers import Network, zeros


@dataclass
class Optimiser:
    """SGD with momentum, or Adam; `memory` holds up to two vectors made like the weights."""

    method: int
    beta_1: float  # the momentum of SGD
    beta_2: float = 0.0
    epsilon: float = 0.0
    decay: float = 0.0  # of the weights, apart from the gradient
    n_steps: int = 0
    memory: list[np.ndarray] = field(default_factory=list)

    def start(self, network: Network) -> Any:
        """The kernels' view of `memory`: a copy of what is there, if it fits, or zeros."""
        size = network.weights.size
        before, sizes = self.memory, (size, size if self.adaptive else 1)
        self.memory = [zeros(part, network.dtype) for part in sizes]
        if [part.size for part in before] == list(sizes):
            for part, old in zip(self.memory, before, strict=True):
                part[:] = old
        else:
            self.n_steps = 0
        return _kernels.Memory(*self.memory)

    @property
    def adaptive(self) -> bool:
        """Whether it is Adam."""
        return self.method == _kernels.ADAM

    def rule(self, rates: np.ndarray, penalty: float) -> Any:
        """The next steps for the kernels, one for each learning rate."""
        steps = rates
        if self.adaptive:
            t = self.n_steps + np.arange(1, len(rates) + 1)
            steps = rates * np.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        self.n_steps += len(rates)
        return _kernels.Rule(
            self.method, self.beta_1, self.beta_2, self.epsilon, penalty, self.decay, rates, steps
        )


def sgd(momentum: float, nesterov: bool) -> Optimiser:
    """Stochastic gradient descent with momentum, that of Nesterov or the heavy ball's."""
    return Optimiser(_kernels.NESTEROV if nesterov else _kernels.SGD, momentum)


def adam(beta_1: float, beta_2: float, epsilon: float, decay: float = 0.0) -> Optimiser:
    """Adam; with `decay` AdamW (I. Loshchilov, F. Hutter, ICLR 2019)."""
    return Optimiser(_kernels.ADAM, beta_1, beta_2, epsilon, decay)
