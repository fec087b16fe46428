"""A network: its weights in one vector, and the objective as a function of it."""

import threading

import numpy as np

from skmax import _kernels, _threads
from skmax._design.chunks import chunks, tree_sum
from skmax._kernels.memory import read_only
from skmax._kernels.network.arrays import SampleRows, batch_buffers, thread_workspace
from skmax._network.layout import Layers, NetworkLayout
from skmax._network.samples import Samples

#: Samples at a time where the weights stay as they are: the values of 200 units take 400 kB, which
#: stay in the L2 cache.
BLOCK_ROWS = 256


class Network:
    """Dense layers; `weights` (layout.n_weights,) hold those of one after the other, 0 at first."""

    def __init__(self, layout: NetworkLayout) -> None:
        self.layout = layout
        self.weights, self.transposed = layout.zeros(), layout.transposed()
        self._of_one_row = layout.buffers(1, self.weights, self.transposed)
        self._memories: dict[tuple[int, type], tuple[object, ...]] = {}

    def layers(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Views of the weights (n_in, n_out) and biases (n_out,) of each layer."""
        return self.layout.layers(self.weights)

    def set_layers(self, layers: Layers) -> None:
        """Take over the weights and biases of each layer."""
        for (weights, bias), (given_weights, given_bias) in zip(self.layers(), layers, strict=True):
            weights[:], bias[:] = given_weights, given_bias

    def transpose_weights(self) -> None:
        """Transpose the weights as they are now, for the way back."""
        _kernels.transpose_weights(self._of_one_row)

    def squared_norm(self) -> float:
        """|W|^2, the sum of the squared weights without the biases."""
        with np.errstate(over="ignore"):
            return sum(float(np.sum(np.square(w, dtype=np.float64))) for w, _ in self.layers())

    def logits(self, rows: SampleRows, n_rows: int, threads: int) -> np.ndarray:
        """The logits (n_rows, K)."""
        self.layout.check(rows)
        out = np.empty((n_rows, self.layout.sizes[-1]), self.layout.dtype)
        size = min(n_rows, BLOCK_ROWS)

        def fill(chunk: tuple[int, int]) -> None:
            buffers = self.layout.buffers(size, self.weights, self.transposed)
            config = self.layout.batch_config(size)
            _kernels.network_logits(rows, _indices(chunk), buffers, config, out)

        _threads.map_in_order(fill, self._chunks(n_rows), threads)
        return out

    def loss(self, samples: Samples, threads: int) -> float:
        """The weighted mean of the losses, without the penalty."""
        self.layout.check(samples.rows)

        def value(chunk: tuple[int, int]) -> float:
            memory = self._memory(samples)
            return _kernels.network_value(*samples.arrays(), _indices(chunk), *memory)

        values = _threads.map_in_order(value, self._chunks(len(samples)), threads)
        return tree_sum(values) / len(samples)

    def value_and_gradient(
        self, samples: Samples, alpha: float, threads: int
    ) -> tuple[float, np.ndarray]:
        """The objective and its gradient by `weights`, (layout.n_weights,)."""
        layout = self.layout
        layout.check(samples.rows)

        def of_chunk(chunk: tuple[int, int]) -> tuple[float, np.ndarray]:
            gradient, memory = layout.zeros(), self._memory(samples)
            value = _kernels.network_gradient(*samples.arrays(), _indices(chunk), *memory, gradient)
            return value, gradient

        self.transpose_weights()
        sums = _threads.map_in_order(of_chunk, self._chunks(len(samples)), threads)
        value = tree_sum([value for value, _ in sums])
        gradient = tree_sum([gradient for _, gradient in sums])
        gradient /= layout.dtype.type(len(samples))
        strength = alpha / samples.total_weight
        for (weights, _), (slopes, _) in zip(self.layers(), layout.layers(gradient), strict=True):
            slopes += layout.dtype.type(strength) * weights
        return value / len(samples) + 0.5 * strength * self.squared_norm(), gradient

    def _memory(self, samples: Samples) -> tuple[object, ...]:
        """What a kernel over some of the samples, block by block, is given to work with.

        The same for every call from a thread: to make it takes as long as to go over 100 samples.
        Part of it are this network's weights, so that threads cannot keep it for others too.
        """
        key = threading.get_ident(), type(samples.targets)
        if key not in self._memories:
            layout, n_outputs = self.layout, self.layout.sizes[-1]
            self._memories[key] = (
                layout.buffers(BLOCK_ROWS, self.weights, self.transposed),
                batch_buffers(samples.targets, BLOCK_ROWS, layout.dtype),
                layout.batch_config(BLOCK_ROWS),
                thread_workspace(BLOCK_ROWS, n_outputs, layout.widest, layout.dtype),
            )
        return self._memories[key]

    def _chunks(self, n_rows: int) -> list[tuple[int, int]]:
        """Ranges of rows for the threads."""
        return chunks(n_rows, self.weights.size, n_rows * self.weights.size)


def _indices(chunk: tuple[int, int]) -> np.ndarray:
    """The indices of the samples of a range, one after the other."""
    return read_only(np.arange(*chunk, dtype=np.int64))
