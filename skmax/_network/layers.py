"""Dense layers: their weights in one vector, and the objective as a function of it."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from skmax import _kernels, _threads
from skmax._network.samples import Samples
from skmax._rows import add_up, aligned, chunks, read_only, whole_vectors

BLOCK_ROWS = 256  # samples at a time where the weights stay as they are
ACTIVATIONS = ("identity", "logistic", "tanh", "relu", "leaky_relu", "gelu", "silu")


def zeros(size: int, dtype: Any) -> np.ndarray:
    """Zeros that begin where a vector may."""
    out = aligned((size,), dtype)
    out[:] = 0
    return out


class Network:
    """Dense layers of the given sizes, the weights of one after the other in `weights`.

    Those of a layer are (n_in + 1, width): the last row is the bias, and the columns from n_out to
    `width`, whole vectors, stay 0. `sparse` says that the rows of X will be CSR.
    """

    def __init__(self, sizes: Sequence[int], activation: str, dtype: Any, sparse: bool) -> None:
        self.sizes, self.dtype, self.sparse = tuple(sizes), np.dtype(dtype), sparse
        self.activation = ACTIVATIONS.index(activation)
        self.table, n_weights, n_turned, _, _ = self._lay_out(1)
        self.weights, self._turned = zeros(n_weights, dtype), zeros(n_turned, dtype)

    def layers(self, vector: np.ndarray | None = None) -> list[tuple[np.ndarray, np.ndarray]]:
        """Views of the weights (n_in, n_out) and biases (n_out,) of each layer.

        Of `weights`, or of another vector of the same make.
        """
        vector = self.weights if vector is None else vector
        views = []
        for n_in, n_out, width, start in self.table[:-1, :4].tolist():
            block = vector[start : start + (n_in + 1) * width].reshape(n_in + 1, width)
            views.append((block[:n_in, :n_out], block[n_in, :n_out]))
        return views

    def set_layers(self, layers: Sequence[tuple[np.ndarray, np.ndarray]]) -> None:
        """Take over the weights and biases of each layer."""
        for (weights, bias), (of_weights, of_bias) in zip(self.layers(), layers, strict=True):
            weights[:], bias[:] = of_weights, of_bias

    def turn(self) -> None:
        """Transpose the weights as they are now, for the way back."""
        _kernels.turn_all(self.room(1))

    def squared_norm(self) -> float:
        """|W|^2, the sum of the squared weights without the biases."""
        with np.errstate(over="ignore"):
            return sum(float(np.sum(np.square(w, dtype=np.float64))) for w, _ in self.layers())

    def logits(self, rows: tuple[np.ndarray, ...], n_rows: int, threads: int) -> np.ndarray:
        """The logits (n_rows, K)."""
        self._check(rows)
        out = np.empty((n_rows, self.sizes[-1]), self.dtype)
        size = min(n_rows, BLOCK_ROWS)

        def work(part: tuple[int, int]) -> None:
            room, plan = self.room(size), self.plan(size)
            _kernels.network_logits(rows, order(*part), room, plan, out)

        _threads.map_in_order(work, self._parts(n_rows), threads)
        return out

    def loss(self, samples: Samples, threads: int) -> float:
        """The weighted mean of the losses, without the penalty."""

        def work(part: tuple[int, int]) -> float:
            return _kernels.network_value(*self._arguments(samples, part))

        parts = _threads.map_in_order(work, self._parts(len(samples)), threads)
        return sum(parts) / len(samples)

    def value_and_gradient(
        self, samples: Samples, alpha: float, threads: int
    ) -> tuple[float, np.ndarray]:
        """The objective and its gradient by `weights`, a vector of the same make."""

        def work(part: tuple[int, int]) -> tuple[float, np.ndarray]:
            gradient = zeros(self.weights.size, self.dtype)
            value = _kernels.network_gradient(*self._arguments(samples, part), gradient)
            return value, gradient

        self.turn()
        parts = _threads.map_in_order(work, self._parts(len(samples)), threads)
        value, gradient = sum(part[0] for part in parts), add_up([part[1] for part in parts])
        gradient /= self.dtype.type(len(samples))
        strength = alpha / samples.total_weight
        for (weights, _), (of_weights, _) in zip(self.layers(), self.layers(gradient), strict=True):
            of_weights += self.dtype.type(strength) * weights
        return value / len(samples) + 0.5 * strength * self.squared_norm(), gradient

    def room(self, n_rows: int) -> Any:
        """The kernels' arrays for `n_rows` rows at a time; the weights are this network's."""
        table, _, _, n_values, n_deltas = self._lay_out(n_rows)
        return _kernels.Network(
            table=table,
            weights=self.weights,
            turned=self._turned,
            values=zeros(n_values, self.dtype),
            slopes=zeros(n_deltas, self.dtype),
            deltas=zeros(n_deltas, self.dtype),
        )

    def plan(
        self,
        n_rows: int,
        *,
        independent: bool = False,
        dropout: Sequence[float] = (),
        seed: int = 0,
    ) -> Any:
        """What stays the same for the kernels from minibatch to minibatch."""
        rates = np.zeros(len(self.sizes))
        rates[: len(dropout)] = dropout
        return _kernels.Plan(self.activation, independent, n_rows, rates, seed)

    def _arguments(self, samples: Samples, part: tuple[int, int]) -> tuple[Any, ...]:
        """What kernels over some of the samples take."""
        self._check(samples.rows)
        return (
            samples.rows,
            samples.targets,
            samples.weight,
            order(*part),
            self.room(BLOCK_ROWS),
            samples.batch(BLOCK_ROWS, self.sizes[-1]),
            self.plan(BLOCK_ROWS, independent=samples.independent),
        )

    def _check(self, rows: tuple[np.ndarray, ...]) -> None:
        """The kernels' arrays are laid out for rows of one kind."""
        if (len(rows) == 3) != self.sparse:
            raise TypeError(f"rows must be {'CSR' if self.sparse else 'dense'} for this network")

    def _parts(self, n_rows: int) -> list[tuple[int, int]]:
        """Ranges of rows for the threads."""
        return chunks(n_rows, self.weights.size, n_rows * self.weights.size)

    def _lay_out(self, n_rows: int) -> tuple[np.ndarray, int, int, int, int]:
        """The kernels' table for `n_rows` rows at a time, and the sizes of the flat arrays."""
        sizes, dtype = self.sizes, self.dtype
        table = np.zeros((len(sizes), 8), np.int64)
        weights = turned = values = deltas = 0
        for place, (n_in, n_out) in enumerate(itertools.pairwise(sizes)):
            width = whole_vectors(n_out, dtype)
            apart = 0 if self.sparse and place == 0 else whole_vectors(n_in + 1, dtype)
            table[place] = n_in, n_out, width, weights, turned, values, apart, deltas
            weights += (n_in + 1) * width
            turned += width * whole_vectors(n_in, dtype) if place else 0
            values += n_rows * apart
            deltas += n_rows * width
        apart = whole_vectors(sizes[-1], dtype)
        table[-1] = sizes[-1], 0, 0, 0, 0, values, apart, 0
        return table, weights, turned, values + n_rows * apart, deltas


def order(start: int, stop: int) -> np.ndarray:
    """The samples start..stop, one after the other."""
    return read_only(np.arange(start, stop))
