"""Cross-entropy over class-major blocks (K, m): losses and probabilities, residuals, curvature.

A block is that of the samples start..start + m: targets, weights and kept probabilities are those
of all samples.
"""

import numpy as np

from skmax._kernels.codegen.elementary import exp, log1p
from skmax._kernels.codegen.views import flat
from skmax._kernels.compiling.dispatch import by_type
from skmax._kernels.compiling.jit import jit
from skmax._kernels.loss.arrays import (
    LANES,
    BinaryTargets,
    ClassProbabilities,
    Labels,
    MultilabelTargets,
)
from skmax._kernels.loss.tile import fill, log_sum, tile_exp_others, tile_max


@jit
def _normalise(entries, start, stride, n_classes, lanes, top, others, ties):
    """Turn logits into probabilities and `others` into log(sum(exp(z - top)))."""
    tile_exp_others(entries, start, stride, n_classes, lanes, top, others, ties)
    for lane in range(lanes):
        top[lane] = 1.0 / (others[lane] + ties[lane])
    for k in range(n_classes):
        e = entries[start + k * stride : start + k * stride + lanes]
        for lane in range(lanes):
            e[lane] *= top[lane]
    log_sum(others, ties, lanes)


@jit
def cross_entropy_labels(targets, logits, start, workspace, losses):
    """losses[i] = -log softmax(z_i)[label_i]."""
    n_classes, n_samples = logits.shape
    labels, entries = targets.codes, flat(logits)
    top, others, ties = workspace.top, workspace.others, workspace.ties
    for first in range(0, n_samples, LANES):
        lanes = min(LANES, n_samples - first)
        fill(top, -np.inf)
        fill(others, 0.0)
        fill(ties, 0.0)
        tile_max(entries, first, n_samples, n_classes, lanes, top)
        for lane in range(lanes):
            z = np.float64(logits[labels[start + first + lane], first + lane])
            losses[first + lane] = np.float64(top[lane]) - z
        _normalise(entries, first, n_samples, n_classes, lanes, top, others, ties)
        for lane in range(lanes):
            losses[first + lane] += others[lane]


@jit
def cross_entropy_classes(targets, logits, start, workspace, losses):
    """losses[i] = -sum_k t_ki log softmax(z_i)_k, 0 where t_ki is 0."""
    n_classes, n_samples = logits.shape
    entries = flat(logits)
    top, others, ties, mass = workspace.top, workspace.others, workspace.ties, workspace.lost
    for first in range(0, n_samples, LANES):
        lanes = min(LANES, n_samples - first)
        fill(top, -np.inf)
        fill(others, 0.0)
        fill(ties, 0.0)
        fill(mass, 0.0)
        tile_max(entries, first, n_samples, n_classes, lanes, top)
        below = losses[first : first + lanes]
        fill(below, 0.0)
        for k in range(n_classes):
            z = logits[k, first : first + lanes]
            t = targets.probabilities[k, start + first : start + first + lanes]
            for lane in range(lanes):
                gap = np.float64(top[lane]) - np.float64(z[lane])
                below[lane] += t[lane] * gap if t[lane] != 0 else 0.0
                mass[lane] += t[lane]
        _normalise(entries, first, n_samples, n_classes, lanes, top, others, ties)
        for lane in range(lanes):
            below[lane] += mass[lane] * others[lane]


@jit
def _sigmoid_losses(z, t, losses):
    """Losses of one sigmoid for targets t; the logits z become probabilities."""
    for i in range(z.size):
        e = exp(-abs(z[i]))
        below = (1.0 - t[i]) * z[i] if z[i] > 0 else -t[i] * z[i]
        losses[i] = below + log1p(np.float64(e))
        z[i] = (1 if z[i] > 0 else e) / (1 + e)


@jit
def cross_entropy_binary(targets, logits, start, workspace, losses):
    """The same for one sigmoid: logits (1, m)."""
    n_samples = logits.shape[1]
    _sigmoid_losses(logits[0], targets.probabilities[start : start + n_samples], losses)


@jit
def cross_entropy_multilabel(targets, logits, start, workspace, losses):
    """The sum of the losses of a sigmoid for each output."""
    n_outputs, n_samples = logits.shape
    of_output = workspace.of_output[:n_samples]
    fill(losses, 0.0)
    for k in range(n_outputs):
        t = targets.probabilities[k, start : start + n_samples]
        _sigmoid_losses(logits[k], t, of_output)
        for i in range(n_samples):
            losses[i] += of_output[i]


#: cross_entropy(targets, logits, start, workspace, losses): losses (m,) of the samples from `start`
#: on; their logits (K, m) become probabilities.
cross_entropy = by_type(
    {
        Labels: cross_entropy_labels,
        ClassProbabilities: cross_entropy_classes,
        BinaryTargets: cross_entropy_binary,
        MultilabelTargets: cross_entropy_multilabel,
    }
)


@jit
def residual_labels(targets, probabilities, start, weight, workspace, residual):
    """residual = weight (p - one_hot(label))."""
    n_classes, n_samples = probabilities.shape
    w = weight[start : start + n_samples]
    for k in range(n_classes):
        p, r = probabilities[k], residual[k]
        for i in range(n_samples):
            r[i] = w[i] * p[i]
    for i in range(n_samples):
        residual[targets.codes[start + i], i] -= w[i]


@jit
def residual_classes(targets, probabilities, start, weight, workspace, residual):
    """residual = weight (mass p - t), where the mass of a sample is the sum of its targets."""
    n_classes, n_samples = probabilities.shape
    w, mass = weight[start : start + n_samples], workspace.row_sums[:n_samples]
    fill(mass, 0)
    for k in range(n_classes):
        t = targets.probabilities[k, start : start + n_samples]
        for i in range(n_samples):
            mass[i] += t[i]
    for k in range(n_classes):
        p, r = probabilities[k], residual[k]
        t = targets.probabilities[k, start : start + n_samples]
        for i in range(n_samples):
            r[i] = w[i] * (mass[i] * p[i] - t[i])


@jit
def _sigmoid_residuals(p, t, w, r):
    """r = w (p - t)."""
    for i in range(p.size):
        r[i] = w[i] * (p[i] - t[i])


@jit
def residual_binary(targets, probabilities, start, weight, workspace, residual):
    """residual = weight (p - t) of one sigmoid, (1, m)."""
    stop = start + probabilities.shape[1]
    t, w = targets.probabilities[start:stop], weight[start:stop]
    _sigmoid_residuals(probabilities[0], t, w, residual[0])


@jit
def residual_multilabel(targets, probabilities, start, weight, workspace, residual):
    """residual = weight (p - t) of each output's sigmoid."""
    stop = start + probabilities.shape[1]
    for k in range(probabilities.shape[0]):
        t, w = targets.probabilities[k, start:stop], weight[start:stop]
        _sigmoid_residuals(probabilities[k], t, w, residual[k])


#: residual(targets, probabilities, start, weight, workspace, residual): the derivatives (K, m) of
#: the weighted losses by the logits; weight (n,) in the dtype of the logits.
residual = by_type(
    {
        Labels: residual_labels,
        ClassProbabilities: residual_classes,
        BinaryTargets: residual_binary,
        MultilabelTargets: residual_multilabel,
    }
)


@jit
def sample_losses_and_residual(targets, logits, weight, workspace, losses, derivatives):
    """Both of all samples: losses (n,), derivatives (K, n); the logits become probabilities."""
    cross_entropy(targets, logits, 0, workspace, losses)
    residual(targets, logits, 0, weight, workspace, derivatives)


@jit
def sample_losses(targets, logits, workspace, out):
    """The losses (n,) of all samples; the logits (K, n) become probabilities."""
    cross_entropy(targets, logits, 0, workspace, out)


@jit
def curvature_softmax(probabilities, start, direction, weight, mean):
    """direction = weight p (d - sum_j p_j d_j) in place, (K, m); `mean` is memory (m,)."""
    n_classes, n_samples = direction.shape
    stop = start + n_samples
    w = weight[start:stop]
    fill(mean, 0.0)
    for k in range(n_classes):
        p, d = probabilities[k, start:stop], direction[k]
        for i in range(n_samples):
            mean[i] += p[i] * d[i]
    for k in range(n_classes):
        p, d = probabilities[k, start:stop], direction[k]
        for i in range(n_samples):
            d[i] = w[i] * p[i] * (d[i] - mean[i])


@jit
def curvature_binary(probabilities, start, direction, weight):
    """direction = weight p (1 - p) d in place, (1, m)."""
    d = direction[0]
    p, w = probabilities[0, start : start + d.size], weight[start : start + d.size]
    for i in range(d.size):
        d[i] *= w[i] * p[i] * (1 - p[i])


@jit
def row_curvature(probabilities, factors, out):
    """out[i] = sum_k factors_k p_ki (1 - p_ki), for probabilities (K, n)."""
    fill(out, 0.0)
    for k in range(probabilities.shape[0]):
        p = probabilities[k]
        for i in range(p.size):
            out[i] += factors[k] * p[i] * (1 - p[i])


@jit
def mean_curvature(p, weight, sums):
    """The sum of weight p (1 - p), in as many sums as a vector has lanes: sums (8,)."""
    fill(sums, 0.0)
    whole = p.size // 8 * 8
    for i in range(0, whole, 8):
        for lane in range(8):
            sums[lane] += weight[i + lane] * (p[i + lane] * (1 - p[i + lane]))
    for i in range(whole, p.size):
        sums[0] += weight[i] * (p[i] * (1 - p[i]))
    total = 0.0
    for lane in range(8):
        total += sums[lane]
    return total
