"""A stochastic method at work: its constants for the kernels, and what it remembers."""

import numpy as np

from skmax._kernels.network.arrays import ADAM, NESTEROV, SGD, OptimiserState, StepConfig
from skmax._network.layout import NetworkLayout, zeros
from skmax._network.settings import Adam, Sgd


class Optimiser:
    """SGD with momentum, or Adam, after `n_steps` steps.

    Goes on from a copy of `state`, the vectors of an earlier `OptimiserState`, if they are those of
    the method and as long as the weights; else it begins with zeros.
    """

    def __init__(
        self,
        method: Sgd | Adam,
        layout: NetworkLayout,
        state: tuple[np.ndarray, ...] = (),
        n_steps: int = 0,
    ) -> None:
        self.method = method
        sizes = (layout.n_weights, layout.n_weights if isinstance(method, Adam) else 1)
        self.state = OptimiserState(*(zeros(size, layout.dtype) for size in sizes))
        self.n_steps = 0
        if tuple(vector.size for vector in state) == sizes:
            self.n_steps = n_steps
            for vector, earlier in zip(self.state, state, strict=True):
                vector[:] = earlier

    def copy_state(self) -> tuple[np.ndarray, ...]:
        """What it remembers, to be gone on with."""
        return tuple(vector.copy() for vector in self.state)

    def next_steps(self, rates: np.ndarray, penalty: float) -> StepConfig:
        """The next steps for the kernels, one for each learning rate; `penalty` is alpha / S."""
        method, first = self.method, self.n_steps
        self.n_steps += len(rates)
        if isinstance(method, Sgd):
            kind = NESTEROV if method.nesterov else SGD
            return StepConfig(kind, method.momentum, 0.0, 0.0, penalty, 0.0, rates, rates)
        t = first + np.arange(1, len(rates) + 1)
        steps = rates * np.sqrt(1 - method.beta_2**t) / (1 - method.beta_1**t)
        return StepConfig(
            ADAM, method.beta_1, method.beta_2, method.epsilon, penalty, method.decay, rates, steps
        )
