"""Minibatches: an epoch of a stochastic method."""

import time
from collections.abc import Sequence

import numpy as np

from skmax import _kernels, _threads
from skmax._kernels.memory import read_only
from skmax._kernels.network.arrays import (
    ABORT,
    BARRIER_SIZE,
    COMPLETED,
    BatchConfig,
    StepConfig,
    batch_buffers,
    rows_of_a_thread,
    thread_workspace,
)
from skmax._network.layout import zeros
from skmax._network.network import Network
from skmax._network.optimiser import Optimiser
from skmax._network.result import Diverged
from skmax._network.samples import Samples
from skmax._thread_choice import ThreadChoice

#: Seconds between two looks at whether the user has interrupted: too short to be noticed.
SLICE = 0.1
#: Products of a weight and a sample in a minibatch for each thread: with less, a minibatch's two
#: barriers cost more than a second thread brings. Measured on two cores (float64, one hidden layer,
#: 200 rows, the best of 60 epochs): with 2 threads 0.79 times as fast at 0.48 million products,
#: 1.23 times at 0.89 million, 1.5 times at 2.4 million.
WORTH_A_THREAD = 300_000
#: Times that: minibatches (of half a millisecond) that begin with all threads.
WORTH_ALL_AT_ONCE = 20


class Epochs:
    """What the epochs of a run share: all memory is made once."""

    def __init__(
        self,
        network: Network,
        samples: Samples,
        optimiser: Optimiser,
        batch_size: int,
        dropout: Sequence[float],
        threads: int,
    ) -> None:
        layout, dtype = network.layout, network.layout.dtype
        layout.check(samples.rows)
        self.network, self.samples, self.optimiser = network, samples, optimiser
        self.size, self.dropout = min(batch_size, len(samples)), tuple(dropout)
        self.n_batches = -(-len(samples) // self.size)
        worth = self.size * network.weights.size / WORTH_A_THREAD
        self.choice = ThreadChoice(max(1, min(threads, int(worth))), worth >= WORTH_ALL_AT_ONCE)
        network.transpose_weights()
        self.buffers = layout.buffers(self.size, network.weights, network.transposed)
        self.batch = batch_buffers(samples.targets, self.size, dtype)
        # The first is for a thread alone too.
        rows_of_others = rows_of_a_thread(self.size, self.choice.most)
        rows = [self.size] + [rows_of_others] * (self.choice.most - 1)
        self.workspaces = [
            thread_workspace(n_rows, layout.sizes[-1], layout.widest, dtype) for n_rows in rows
        ]
        self.scattered = zeros(layout.first_layer_size if layout.sparse else 1, dtype)
        self.batches_at_a_time = 1  # between two looks

    def run(self, order: np.ndarray, rates: np.ndarray, alpha: float, seed: int) -> float:
        """Go over all samples once, in `order` (n,), with a learning rate for each minibatch.

        The mean loss, each minibatch's before its step; `seed` is that of the dropout masks.
        """
        totals, order = np.empty(self.n_batches), read_only(order)
        step = self.optimiser.next_steps(rates, alpha / self.samples.total_weight)
        config = self.network.layout.batch_config(self.size, self.dropout, seed)
        first = 0
        while first < self.n_batches:
            count, begun = self.choice.parts(self.batches_at_a_time), time.perf_counter()
            last = min(first + count, self.n_batches)
            self._run_batches(first, last, order, config, step, totals)
            if not np.isfinite(totals[first:last]).all():
                raise Diverged
            seconds = time.perf_counter() - begun
            self.choice.took(last - first, seconds)
            if seconds < SLICE / 2 and count == self.batches_at_a_time:
                self.batches_at_a_time *= 2
            first = last
        return float(totals.sum()) / len(self.samples)

    def _run_batches(
        self,
        first: int,
        last: int,
        order: np.ndarray,
        config: BatchConfig,
        step: StepConfig,
        totals: np.ndarray,
    ) -> None:
        """Minibatches first..last, by all threads together."""
        barrier = np.zeros(BARRIER_SIZE, np.int64)

        def work(thread: int, n_threads: int) -> int:
            return _kernels.train(
                *self.samples.arrays(), order, self.buffers, self.batch, config, step,
                self.optimiser.state, self.scattered, first, last, totals, barrier,
                self.workspaces[thread], thread, n_threads,
            )  # fmt: skip

        def abort() -> None:
            barrier[ABORT] = 1

        statuses = _threads.run_together(work, self.choice.threads, abort)
        assert all(status == COMPLETED for status in statuses)
