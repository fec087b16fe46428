"""Where the layers of a network lie in the flat arrays of the kernels."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from skmax._kernels.memory import aligned, whole_vectors
from skmax._kernels.network.activations import ACTIVATIONS
from skmax._kernels.network.arrays import (
    N_IN,
    N_OUT,
    WEIGHT_OFFSET,
    WIDTH,
    BatchConfig,
    CsrRows,
    NetworkBuffers,
    SampleRows,
)

Layers = Sequence[tuple[np.ndarray, np.ndarray]]  # weights (n_in, n_out) and biases (n_out,)


def zeros(size: int, dtype: np.dtype) -> np.ndarray:
    """Zeros (size,) that begin where a vector may."""
    out = aligned((size,), dtype)
    out[:] = 0
    return out


@dataclass(frozen=True)
class NetworkLayout:
    """Dense layers whose weights lie one after the other in a vector.

    `sizes` are the units of each layer, the columns of X first and the outputs last. The weights of
    a layer are (n_in + 1, width): the last row is the bias, and the columns from n_out to `width`,
    whole vectors, stay 0. `sparse` says that the rows of X will be CSR.
    """

    sizes: tuple[int, ...]
    activation: str
    dtype: np.dtype
    sparse: bool

    @cached_property
    def table(self) -> np.ndarray:
        """The kernels' table (n_layers + 1, 8) where the samples come one by one."""
        return self._lay_out(1)[0]

    @cached_property
    def n_weights(self) -> int:
        """The entries of the vector of all weights."""
        last = self.table[-2]
        return int(last[WEIGHT_OFFSET] + (last[N_IN] + 1) * last[WIDTH])

    @cached_property
    def first_layer_size(self) -> int:
        """The entries of the first layer's weights, biases and padding included."""
        return int((self.table[0, N_IN] + 1) * self.table[0, WIDTH])

    @cached_property
    def widest(self) -> int:
        """The entries of a row of weights, in the layer where that is longest."""
        return int(self.table[:-1, WIDTH].max())

    def zeros(self) -> np.ndarray:
        """A vector (n_weights,) of zeros."""
        return zeros(self.n_weights, self.dtype)

    def transposed(self) -> np.ndarray:
        """Memory for the transposed weights."""
        return zeros(self._lay_out(1)[1], self.dtype)

    def layers(self, vector: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Views of the weights (n_in, n_out) and biases (n_out,) of each layer in a vector."""
        views = []
        for row in self.table[:-1].tolist():
            n_in, n_out, width, start = row[N_IN], row[N_OUT], row[WIDTH], row[WEIGHT_OFFSET]
            block = vector[start : start + (n_in + 1) * width].reshape(n_in + 1, width)
            views.append((block[:n_in, :n_out], block[n_in, :n_out]))
        return views

    def buffers(self, n_rows: int, weights: np.ndarray, transposed: np.ndarray) -> NetworkBuffers:
        """The kernels' arrays for `n_rows` rows at a time, with the given weights."""
        table, _, n_values, n_deltas = self._lay_out(n_rows)
        return NetworkBuffers(
            table=table,
            weights=weights,
            transposed=transposed,
            values=zeros(n_values, self.dtype),
            slopes=zeros(n_deltas, self.dtype),
            deltas=zeros(n_deltas, self.dtype),
        )

    def batch_config(
        self, n_rows: int, dropout: Sequence[float] = (), seed: int = 0
    ) -> BatchConfig:
        """What stays the same for the kernels from minibatch to minibatch of `n_rows` rows."""
        rates = np.zeros(len(self.sizes))
        rates[: len(dropout)] = dropout
        return BatchConfig(list(ACTIVATIONS).index(self.activation), n_rows, rates, seed)

    def check(self, rows: SampleRows) -> None:
        """Refuse rows of the other kind: the arrays are laid out for one of them."""
        if isinstance(rows, CsrRows) != self.sparse:
            raise TypeError(f"rows must be {'CSR' if self.sparse else 'dense'} for this network")

    def _lay_out(self, n_rows: int) -> tuple[np.ndarray, int, int, int]:
        """The table for `n_rows` rows; the sizes of the transposed weights, values and deltas."""
        table = np.zeros((len(self.sizes), 8), np.int64)
        weights = transposed = values = deltas = 0
        for index, (n_in, n_out) in enumerate(itertools.pairwise(self.sizes)):
            width = whole_vectors(n_out, self.dtype)
            stride = 0 if self.sparse and index == 0 else whole_vectors(n_in + 1, self.dtype)
            table[index] = n_in, n_out, width, weights, transposed, values, stride, deltas
            weights += (n_in + 1) * width
            transposed += width * whole_vectors(n_in, self.dtype) if index else 0
            values += n_rows * stride
            deltas += n_rows * width
        stride = whole_vectors(self.sizes[-1], self.dtype)
        table[-1] = self.sizes[-1], 0, 0, 0, 0, values, stride, 0
        return table, transposed, values + n_rows * stride, deltas
