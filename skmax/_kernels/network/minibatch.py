"""What belongs to the rows of a minibatch: targets and weights gathered, losses, residuals.

Targets are labels (n,), shares of the second class (n,) for one output, or shares (K, n).
"""

from typing import NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from skmax._kernels.compiling.jit import jit
from skmax._kernels.loss.cross_entropy import (
    cross_entropy_binary,
    cross_entropy_labels,
    cross_entropy_targets,
    residual_binary,
    residual_labels,
    residual_targets,
)
from skmax._kernels.network.layers import DELTA_AT, N_OUT, VALUE_AT, VALUE_STEP, WIDTH


class Batch(NamedTuple):
    """Room for what belongs to the rows of a minibatch."""

    targets: np.ndarray  # labels (rows,), shares of class 1 (rows,), or shares (K, rows)
    weight: np.ndarray  # the factor of a row's gradient, (rows,)
    losses: np.ndarray  # (rows,)
    logits: np.ndarray  # K x rows, class by class
    residual: np.ndarray  # K x rows


@jit
def loss(net, batch, plan, start, stop):
    """Losses of the rows, and their derivatives by the logits times the rows' weights."""
    n_layers = net.table.shape[0] - 1
    last, out = net.table[n_layers - 1], net.table[n_layers]
    n_outputs, count, width, apart = last[N_OUT], stop - start, last[WIDTH], out[VALUE_STEP]
    room = slice(n_outputs * start, n_outputs * stop)
    logits = batch.logits[room].reshape(n_outputs, count)
    residual = batch.residual[room].reshape(n_outputs, count)
    for row in range(count):
        at = out[VALUE_AT] + (start + row) * apart
        for k in range(n_outputs):
            logits[k, row] = net.values[at + k]
    _cross_entropy(logits, batch.targets, plan, start, batch.losses[start:stop])
    _residual(logits, batch.targets, plan, start, batch.weight, residual)
    for row in range(count):
        at = last[DELTA_AT] + (start + row) * width
        for k in range(n_outputs):
            net.deltas[at + k] = residual[k, row]


@jit
def has_weight(samples, weight):
    """Whether any of the samples counts."""
    total = 0.0
    for sample in samples:
        total += weight[sample]
    return total > 0


@jit
def total_loss(samples, weight, losses):
    """The sum of weight times loss."""
    total = 0.0
    for row in range(samples.size):
        total += weight[samples[row]] * losses[row]
    return total


def gather(samples, targets, weight, scale, batch, start, stop):
    """Fill `batch` with the targets and the weights, times scale, of samples[start:stop]."""
    raise TypeError("for jitted code")


def _cross_entropy(logits, targets, plan, start, losses):
    """Losses of the rows from `start` on; `logits` become probabilities."""
    raise TypeError("for jitted code")


def _residual(probabilities, targets, plan, start, weight, residual):
    """The gradient of the weighted losses at the logits."""
    raise TypeError("for jitted code")


@jit
def _gather_weight(samples, weight, scale, batch, start, stop):
    for row in range(start, stop):
        batch.weight[row] = scale * weight[samples[row]]


@jit
def _gather_vector(samples, targets, weight, scale, batch, start, stop):
    _gather_weight(samples, weight, scale, batch, start, stop)
    for row in range(start, stop):
        batch.targets[row] = targets[samples[row]]


@jit
def _gather_shares(samples, targets, weight, scale, batch, start, stop):
    _gather_weight(samples, weight, scale, batch, start, stop)
    for k in range(targets.shape[0]):
        for row in range(start, stop):
            batch.targets[k, row] = targets[k, samples[row]]


@overload(gather)
def _choose_gather(samples, targets, weight, scale, batch, start, stop):
    kernel = _gather_vector if targets.ndim == 1 else _gather_shares
    return lambda samples, targets, weight, scale, batch, start, stop: kernel(
        samples, targets, weight, scale, batch, start, stop
    )


@jit
def _losses_of_labels(logits, targets, plan, start, losses):
    cross_entropy_labels(logits, targets, start, losses)


@jit
def _losses_of_one(logits, targets, plan, start, losses):
    cross_entropy_binary(logits, targets, start, losses)


@jit
def _losses_of_shares(logits, targets, plan, start, losses):
    if not plan.independent:
        cross_entropy_targets(logits, targets, start, losses)
        return
    of_output = np.empty(losses.size)
    losses[:] = 0
    for k in range(logits.shape[0]):
        cross_entropy_binary(logits[k : k + 1], targets[k], start, of_output)
        for row in range(losses.size):
            losses[row] += of_output[row]


@overload(_cross_entropy)
def _choose_cross_entropy(logits, targets, plan, start, losses):
    if isinstance(targets.dtype, types.Integer):
        kernel = _losses_of_labels
    else:
        kernel = _losses_of_one if targets.ndim == 1 else _losses_of_shares
    return lambda logits, targets, plan, start, losses: kernel(logits, targets, plan, start, losses)


@jit
def _residuals_of_labels(probabilities, targets, plan, start, weight, residual):
    residual_labels(probabilities, targets, start, weight, residual)


@jit
def _residuals_of_one(probabilities, targets, plan, start, weight, residual):
    residual_binary(probabilities, targets, start, weight, residual)


@jit
def _residuals_of_shares(probabilities, targets, plan, start, weight, residual):
    if not plan.independent:
        residual_targets(probabilities, targets, start, weight, residual)
        return
    for k in range(probabilities.shape[0]):
        residual_binary(probabilities[k : k + 1], targets[k], start, weight, residual[k : k + 1])


@overload(_residual)
def _choose_residual(probabilities, targets, plan, start, weight, residual):
    if isinstance(targets.dtype, types.Integer):
        kernel = _residuals_of_labels
    else:
        kernel = _residuals_of_one if targets.ndim == 1 else _residuals_of_shares
    return lambda probabilities, targets, plan, start, weight, residual: kernel(
        probabilities, targets, plan, start, weight, residual
    )
