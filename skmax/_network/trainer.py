"""Minibatches: an epoch of a stochastic method."""

import time
from collections.abc import Sequence
from functools import partial

import numpy as np

from skmax import _kernels, _threads
from skmax._network.layers import Network, zeros
from skmax._network.optimisers import Optimiser
from skmax._network.samples import Samples
from skmax._rows import read_only

SLICE = 0.1  # seconds between two looks at whether the user has interrupted
WORTH_A_THREAD = 300_000  # products of a weight and a sample in a minibatch


class Diverged(ArithmeticError):
    """The loss is no longer finite."""


class Trainer:
    """What the epochs of a fit share: all room is made once."""

    def __init__(
        self,
        network: Network,
        samples: Samples,
        optimiser: Optimiser,
        batch_size: int,
        dropout: Sequence[float],
        threads: int,
    ) -> None:
        self.network, self.samples, self.optimiser = network, samples, optimiser
        self.size, self.dropout = min(batch_size, len(samples)), dropout
        self.n_batches = -(-len(samples) // self.size)
        worth = self.size * network.weights.size / WORTH_A_THREAD
        self.threads = max(1, min(threads, int(worth)))
        network.turn()
        self._room, self._memory = network.room(self.size), optimiser.start(network)
        self._batch = samples.batch(self.size, network.sizes[-1])
        first_layer = (network.sizes[0] + 1) * int(network.table[0, 2])
        self._scattered = zeros(first_layer if network.sparse else 1, network.dtype)
        self._at_a_time = 1  # minibatches between two looks

    def epoch(self, order: np.ndarray, rates: np.ndarray, alpha: float, seed: int) -> float:
        """Go over all samples once, in `order`: the mean loss, each minibatch before its step."""
        samples, totals = self.samples, np.empty(self.n_batches)
        rule = self.optimiser.rule(rates, alpha / samples.total_weight)
        plan = self.network.plan(
            self.size,
            independent=samples.independent,
            dropout=self.dropout,
            seed=seed,
        )
        fixed = samples.rows, samples.targets, samples.weight, read_only(order)
        kept = self._room, self._batch, plan, rule, self._memory, self._scattered
        first = 0
        while first < self.n_batches:
            last = min(first + self._at_a_time, self.n_batches)
            door, begun = np.zeros(_kernels.DOOR_SIZE, np.int64), time.perf_counter()
            present = first, last, totals, door
            _threads.run_together(partial(_kernels.train, *fixed, *kept, *present), self.threads)
            if not np.isfinite(totals[first:last]).all():
                raise Diverged
            if time.perf_counter() - begun < SLICE / 2:
                self._at_a_time *= 2
            first = last
        return float(totals.sum()) / len(samples)
