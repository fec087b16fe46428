"""What belongs to the rows of a minibatch: targets and weights gathered, losses, residuals.

`samples` are the indices of its samples; rows start..stop are those of one thread.
"""

from skmax._kernels.codegen.views import matrix
from skmax._kernels.compiling.jit import jit
from skmax._kernels.loss.arrays import (
    BinaryTargets,
    ClassProbabilities,
    Labels,
    MultilabelTargets,
)
from skmax._kernels.loss.cross_entropy import cross_entropy, residual
from skmax._kernels.network.arrays import (
    BINARY,
    CLASSES,
    DELTA_OFFSET,
    LABELS,
    N_OUT,
    VALUE_OFFSET,
    VALUE_STRIDE,
    WIDTH,
)


@jit
def gather(samples, targets, weight, scale, batch, start, stop):
    """Fill `batch` with the targets and the weights, times scale, of samples[start:stop]."""
    for row in range(start, stop):
        batch.weight[row] = scale * weight[samples[row]]
    _gather_targets(targets, samples, batch.targets, start, stop)


@jit
def _gather_targets(targets, samples, out, start, stop):
    if targets.kind == LABELS:
        for row in range(start, stop):
            out.codes[row] = targets.codes[samples[row]]
    for k in range(targets.probabilities.shape[0]):
        for row in range(start, stop):
            out.probabilities[k, row] = targets.probabilities[k, samples[row]]


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
    _losses(batch, logits, start, workspace.loss, batch.losses[start:stop], derivatives)
    for row in range(count):
        offset = last[DELTA_OFFSET] + (start + row) * width
        for k in range(n_outputs):
            net.deltas[offset + k] = derivatives[k, row]


@jit
def _losses(batch, logits, start, workspace, losses, derivatives):
    """The losses (m,) and the derivatives (K, m), by the kind of the targets."""
    codes, probabilities = batch.targets.codes, batch.targets.probabilities
    if batch.targets.kind == LABELS:
        _losses_of(Labels(codes), batch, logits, start, workspace, losses, derivatives)
    elif batch.targets.kind == CLASSES:
        classes = ClassProbabilities(probabilities)
        _losses_of(classes, batch, logits, start, workspace, losses, derivatives)
    elif batch.targets.kind == BINARY:
        second = BinaryTargets(probabilities[0])
        _losses_of(second, batch, logits, start, workspace, losses, derivatives)
    else:
        labels = MultilabelTargets(probabilities)
        _losses_of(labels, batch, logits, start, workspace, losses, derivatives)


@jit
def _losses_of(targets, batch, logits, start, workspace, losses, derivatives):
    cross_entropy(targets, logits, start, workspace, losses)
    residual(targets, logits, start, batch.weight, workspace, derivatives)


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
