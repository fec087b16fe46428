"""What belongs to the rows of a minibatch: targets and weights gathered, losses, residuals.

`samples` are the indices of its samples; rows start..stop are those of one thread.
"""

from skmax._kernels.codegen.views import matrix
from skmax._kernels.compiling.dispatch import by_type
from skmax._kernels.compiling.jit import jit
from skmax._kernels.loss.arrays import (
    BinaryTargets,
    ClassProbabilities,
    Labels,
    MultilabelTargets,
)
from skmax._kernels.loss.cross_entropy import cross_entropy, residual
from skmax._kernels.network.arrays import DELTA_OFFSET, N_OUT, VALUE_OFFSET, VALUE_STRIDE, WIDTH


@jit
def gather(samples, targets, weight, scale, batch, start, stop):
    """Fill `batch` with the targets and the weights, times scale, of samples[start:stop]."""
    for row in range(start, stop):
        batch.weight[row] = scale * weight[samples[row]]
    _gather_targets(targets, samples, batch.targets, start, stop)


@jit
def _gather_labels(targets, samples, out, start, stop):
    for row in range(start, stop):
        out.codes[row] = targets.codes[samples[row]]


@jit
def _gather_vector(targets, samples, out, start, stop):
    for row in range(start, stop):
        out.probabilities[row] = targets.probabilities[samples[row]]


@jit
def _gather_matrix(targets, samples, out, start, stop):
    for k in range(targets.probabilities.shape[0]):
        for row in range(start, stop):
            out.probabilities[k, row] = targets.probabilities[k, samples[row]]


_gather_targets = by_type(
    {
        Labels: _gather_labels,
        BinaryTargets: _gather_vector,
        ClassProbabilities: _gather_matrix,
        MultilabelTargets: _gather_matrix,
    }
)


@jit
def loss(net, batch, workspace, start, stop):
    """Losses of the rows, and their derivatives by the logits times the rows' weights."""
    n_layers = net.table.shape[0] - 1
    last, out = net.table[n_layers - 1], net.table[n_layers]
    n_outputs, count, width, stride = last[N_OUT], stop - start, last[WIDTH], out[VALUE_STRIDE]
    logits = matrix(workspace.logits, n_outputs, count)
    derivatives = matrix(workspace.residual, n_outputs, count)
    for row in range(count):
        offset = out[VALUE_OFFSET] + (start + row) * stride
        for k in range(n_outputs):
            logits[k, row] = net.values[offset + k]
    cross_entropy(batch.targets, logits, start, workspace.loss, batch.losses[start:stop])
    residual(batch.targets, logits, start, batch.weight, workspace.loss, derivatives)
    for row in range(count):
        offset = last[DELTA_OFFSET] + (start + row) * width
        for k in range(n_outputs):
            net.deltas[offset + k] = derivatives[k, row]


@jit
def has_weight(samples, weight):
    """Whether any of the samples counts."""
    total = 0.0
    for row in range(samples.size):
        total += weight[samples[row]]
    return total > 0


@jit
def total_loss(samples, weight, losses):
    """The sum of weight times loss."""
    total = 0.0
    for row in range(samples.size):
        total += weight[samples[row]] * losses[row]
    return total
