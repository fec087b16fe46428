"""Cross-entropy over class-major blocks (K, m): losses and probabilities, residuals, curvature.

A block is that of the samples start..start + m: labels, targets, weights and kept probabilities are
those of all samples.
"""

import numpy as np

from skmax._kernels.codegen.elementary import exp, log1p
from skmax._kernels.compiling.jit import jit
from skmax._kernels.loss.tile import LANES, fill, log_sum, tile_exp_others, tile_max


@jit
def _normalise(flat, start, stride, n_classes, lanes, top, others, ties):
    """Turn logits into probabilities and `others` into log(sum(exp(z - top)))."""
    tile_exp_others(flat, start, stride, n_classes, lanes, top, others, ties)
    for lane in range(lanes):
        top[lane] = 1.0 / (others[lane] + ties[lane])
    for k in range(n_classes):
        e = flat[start + k * stride : start + k * stride + lanes]
        for lane in range(lanes):
            e[lane] *= top[lane]
    log_sum(others, ties, lanes)


@jit
def cross_entropy_labels(logits, labels, start, losses):
    """losses[i] = -log softmax(z_i)[label_i]; `logits` (K, m) become the probabilities."""
    n_classes, n_samples = logits.shape
    flat = logits.reshape(-1)
    top, others, ties = np.empty(LANES, logits.dtype), np.empty(LANES), np.empty(LANES)
    for first in range(0, n_samples, LANES):
        lanes = min(LANES, n_samples - first)
        fill(top, -np.inf)
        fill(others, 0.0)
        fill(ties, 0.0)
        tile_max(flat, first, n_samples, n_classes, lanes, top)
        for lane in range(lanes):
            z = np.float64(logits[labels[start + first + lane], first + lane])
            losses[first + lane] = np.float64(top[lane]) - z
        _normalise(flat, first, n_samples, n_classes, lanes, top, others, ties)
        for lane in range(lanes):
            losses[first + lane] += others[lane]


@jit
def cross_entropy_targets(logits, targets, start, losses):
    """losses[i] = -sum_k t_ki log softmax(z_i)_k, 0 where t_ki is 0; `logits` as above."""
    n_classes, n_samples = logits.shape
    flat = logits.reshape(-1)
    top, others, ties = np.empty(LANES, logits.dtype), np.empty(LANES), np.empty(LANES)
    mass = np.empty(LANES)
    for first in range(0, n_samples, LANES):
        lanes = min(LANES, n_samples - first)
        fill(top, -np.inf)
        fill(others, 0.0)
        fill(ties, 0.0)
        fill(mass, 0.0)
        tile_max(flat, first, n_samples, n_classes, lanes, top)
        below = losses[first : first + lanes]
        fill(below, 0.0)
        for k in range(n_classes):
            z = logits[k, first : first + lanes]
            t = targets[k, start + first : start + first + lanes]
            for lane in range(lanes):
                gap = np.float64(top[lane]) - np.float64(z[lane])
                below[lane] += t[lane] * gap if t[lane] != 0 else 0.0
                mass[lane] += t[lane]
        _normalise(flat, first, n_samples, n_classes, lanes, top, others, ties)
        for lane in range(lanes):
            below[lane] += mass[lane] * others[lane]


@jit
def cross_entropy_binary(logits, targets, start, losses):
    """The same for one sigmoid: targets (n,) are the shares of class 1, `logits` (1, m)."""
    z = logits[0]
    t = targets[start : start + z.size]
    for i in range(z.size):
        e = exp(-abs(z[i]))
        below = (1.0 - t[i]) * z[i] if z[i] > 0 else -t[i] * z[i]
        losses[i] = below + log1p(np.float64(e))
        z[i] = (1 if z[i] > 0 else e) / (1 + e)


@jit
def residual_labels(probabilities, labels, start, weight, residual):
    """residual = weight (p - one_hot(label)), (K, m)."""
    n_classes, n_samples = probabilities.shape
    w = weight[start : start + n_samples]
    for k in range(n_classes):
        p, r = probabilities[k], residual[k]
        for i in range(n_samples):
            r[i] = w[i] * p[i]
    for i in range(n_samples):
        residual[labels[start + i], i] -= w[i]


@jit
def residual_targets(probabilities, targets, start, weight, residual):
    """residual = weight (mass p - t), where the mass of a sample is the sum of its targets."""
    n_classes, n_samples = probabilities.shape
    w, mass = weight[start : start + n_samples], np.zeros(n_samples, weight.dtype)
    for k in range(n_classes):
        t = targets[k, start : start + n_samples]
        for i in range(n_samples):
            mass[i] += t[i]
    for k in range(n_classes):
        p, t, r = probabilities[k], targets[k, start : start + n_samples], residual[k]
        for i in range(n_samples):
            r[i] = w[i] * (mass[i] * p[i] - t[i])


@jit
def residual_binary(probabilities, targets, start, weight, residual):
    """residual = weight (p - t) of one sigmoid, (1, m)."""
    p, r = probabilities[0], residual[0]
    t, w = targets[start : start + p.size], weight[start : start + p.size]
    for i in range(p.size):
        r[i] = w[i] * (p[i] - t[i])


@jit
def curvature_softmax(probabilities, start, direction, weight, mean):
    """direction = weight p (d - sum_j p_j d_j) in place, (K, m); `mean` is room for the sum."""
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
def mean_curvature(p, share):
    """The sum of share p (1 - p), in as many sums as a vector has lanes."""
    sums, whole = np.zeros(8), p.size // 8 * 8
    for i in range(0, whole, 8):
        for lane in range(8):
            sums[lane] += share[i + lane] * (p[i + lane] * (1 - p[i + lane]))
    for i in range(whole, p.size):
        sums[0] += share[i] * (p[i] * (1 - p[i]))
    return sums.sum()
