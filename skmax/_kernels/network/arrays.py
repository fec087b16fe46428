"""What the kernels of a network are given: samples, a minibatch, the network's flat arrays, memory.

numba is not needed to make these.
"""

from typing import Any, NamedTuple

import numpy as np

from skmax._kernels.calling.arguments import bundle
from skmax._kernels.linear.arrays import CsrRows
from skmax._kernels.loss.arrays import (
    BinaryTargets,
    ClassProbabilities,
    Labels,
    LossWorkspace,
    MultilabelTargets,
    Targets,
    loss_workspace,
)
from skmax._kernels.memory import aligned

TILE_ROWS = 8  # rows of the weights, and of a minibatch, that threads never share

# Columns of the table of a network: the sizes of a layer, where its arrays begin in the flat ones,
# and how far the rows of its values are apart. The last row of the table is for the logits.
(N_IN, N_OUT, WIDTH, WEIGHT_OFFSET, TRANSPOSED_OFFSET, VALUE_OFFSET, VALUE_STRIDE,
 DELTA_OFFSET) = range(8)  # fmt: skip

SGD, NESTEROV, ADAM = range(3)  # the methods of a StepConfig

# A barrier is an array of int64, all 0 at first; each of its numbers has cache lines of its own.
ARRIVED, ROUND, ABORT, BARRIER_SIZE = 0, 16, 32, 48
COMPLETED, ABORTED = range(2)  # what a kernel that waits at a barrier returns


@bundle
class DenseSamples(NamedTuple):
    """A dense X in C order."""

    X: np.ndarray  # (n, p)


SampleRows = DenseSamples | CsrRows

#: The kinds of NetworkTargets.
KINDS = (Labels, ClassProbabilities, BinaryTargets, MultilabelTargets)
LABELS, CLASSES, BINARY, MULTILABEL = range(4)


@bundle
class NetworkTargets(NamedTuple):
    """Targets of any kind: the kernels of a network are compiled once for all of them.

    The loss takes a small part of a minibatch, and they take long to compile.
    """

    kind: int
    codes: np.ndarray  # (n,) of labels, else of no entry
    probabilities: np.ndarray  # (K, n), (1, n) of two classes, of no entry for labels


def network_targets(targets: Targets, dtype: Any) -> NetworkTargets:
    """The same targets for the kernels of a network; `dtype` is that of the logits."""
    kind = KINDS.index(type(targets))
    if isinstance(targets, Labels):
        return NetworkTargets(kind, targets.codes, np.empty((0, 0), dtype))
    probabilities = np.atleast_2d(targets.probabilities)
    return NetworkTargets(kind, np.empty(0, np.int64), probabilities)


@bundle
class NetworkBuffers(NamedTuple):
    """The flat arrays of a network, one layer after the other, for some rows at a time.

    The weights of a layer are (n_in + 1, width), their last row the bias: what goes into the layer
    ends with a column of ones. `width` is n_out in whole vectors; what lies beyond n_out stays 0.
    """

    table: np.ndarray  # (n_layers + 1, 8), int64: the columns above
    weights: np.ndarray
    transposed: np.ndarray  # the weights of all layers but the first, (width, n_in), no biases
    values: np.ndarray  # what goes into each layer, and the logits, (rows, VALUE_STRIDE)
    slopes: np.ndarray  # of the activation after each layer, (rows, WIDTH)
    deltas: np.ndarray  # derivatives of the loss by what comes out of each layer, (rows, WIDTH)


@bundle
class BatchConfig(NamedTuple):
    """What stays the same from minibatch to minibatch."""

    activation: int  # the index in the table of activations
    size: int  # rows of a minibatch
    dropout: np.ndarray  # (n_layers,), the rate of each hidden layer
    seed: int  # of the masks


@bundle
class StepConfig(NamedTuple):
    """A stochastic method and its constants."""

    method: int  # SGD, NESTEROV or ADAM
    beta_1: float  # the momentum of SGD
    beta_2: float
    epsilon: float
    penalty: float  # alpha / S
    decay: float  # the weights' own, apart from the gradient (AdamW)
    rates: np.ndarray  # (minibatches,), the learning rates
    steps: np.ndarray  # the same, but for Adam with the correction of both means


@bundle
class OptimiserState(NamedTuple):
    """What a method remembers of earlier gradients, laid out as the weights."""

    first: np.ndarray  # their mean, or the velocity
    second: np.ndarray  # the mean of their squares; of one entry for SGD


@bundle
class BatchBuffers(NamedTuple):
    """What belongs to the rows of a minibatch, shared by the threads; `batch_buffers` makes one."""

    targets: NetworkTargets
    weight: np.ndarray  # (rows,), the factor of a row's gradient, in the dtype of X
    losses: np.ndarray  # (rows,), float64


def batch_buffers(targets: Targets, n_rows: int, dtype: Any) -> BatchBuffers:
    """Memory for up to `n_rows` samples with targets like these."""
    given = network_targets(targets, dtype)
    gathered = NetworkTargets(
        given.kind,
        np.empty(n_rows if given.codes.size else 0, np.int64),
        np.empty((len(given.probabilities), n_rows), dtype),
    )
    return BatchBuffers(gathered, np.empty(n_rows, dtype), np.empty(n_rows))


@bundle
class ThreadWorkspace(NamedTuple):
    """Memory of one thread; `thread_workspace` makes one."""

    logits: np.ndarray  # (K * rows,), class by class, in the dtype of X
    residual: np.ndarray  # the same
    gradient: np.ndarray  # (TILE_ROWS * width,), of some rows of a layer's weights; aligned
    loss: LossWorkspace


def thread_workspace(n_rows: int, n_outputs: int, widest: int, dtype: Any) -> ThreadWorkspace:
    """Memory for up to `n_rows` rows of a minibatch; the widest layer is `widest` entries wide."""
    return ThreadWorkspace(
        logits=np.empty(n_outputs * n_rows, dtype),
        residual=np.empty(n_outputs * n_rows, dtype),
        gradient=aligned((TILE_ROWS * widest,), dtype),
        loss=loss_workspace(n_rows, dtype),
    )


def rows_of_a_thread(n_rows: int, n_threads: int) -> int:
    """The most rows of a minibatch of `n_rows` that one of the threads has: cut at whole tiles."""
    return min(n_rows, -(-n_rows // n_threads) + TILE_ROWS)
