"""Products with the rows of a CSR matrix, block by block.

Coefficients and gradients lie as (p + 1, width): all outputs of a column side by side, padded to
whole vectors, so that an entry of X meets one run of memory; the last row is the intercepts'.
"""

import numpy as np

from skmax._kernels._jit import jit
from skmax._kernels.simd import load, splat, store, width_of


@jit
def csr_logits(data, indices, indptr, start, coef, buffer, out):
    """out[k, i] = sum_j x_ij coef[j, k] + coef[p, k], for m rows from `start` on; out (K, m).

    `buffer` (width,) is room for a row.
    """
    width = coef.shape[1]
    flat, lanes, intercepts = coef.reshape(-1), width_of(coef), (coef.shape[0] - 1) * width
    for i in range(out.shape[1]):
        for k in range(0, width, lanes):
            store(buffer, k, load(flat, intercepts + k))
        for at in range(indptr[start + i], indptr[start + i + 1]):
            entry, place = splat(data, data[at]), indices[at] * width
            for k in range(0, width, lanes):
                store(buffer, k, load(buffer, k) + entry * load(flat, place + k))
        for k in range(out.shape[0]):
            out[k, i] = buffer[k]


@jit
def csr_gradient(data, indices, indptr, start, residual, buffer, gradient):
    """gradient[j, k] += sum_i x_ij residual[k, i], and gradient[p, k] += sum_i residual[k, i]."""
    width = gradient.shape[1]
    flat, lanes, intercepts = gradient.reshape(-1), width_of(gradient), gradient.size - width
    for k in range(0, width, lanes):
        store(buffer, k, splat(buffer, 0.0))
    for i in range(residual.shape[1]):
        for k in range(residual.shape[0]):
            buffer[k] = residual[k, i]
        for k in range(0, width, lanes):
            store(flat, intercepts + k, load(flat, intercepts + k) + load(buffer, k))
        for at in range(indptr[start + i], indptr[start + i + 1]):
            entry, place = splat(data, data[at]), indices[at] * width
            for k in range(0, width, lanes):
                store(flat, place + k, load(flat, place + k) + entry * load(buffer, k))


@jit
def csr_column_means(data, indices, indptr, weight, mean, stored, low, high, count):
    """Weighted sums, weights, extremes and numbers of each column's entries in rows of weight."""
    for i in range(indptr.size - 1):
        if weight[i] == 0:
            continue
        for at in range(indptr[i], indptr[i + 1]):
            j, x = indices[at], np.float64(data[at])
            mean[j] += weight[i] * x
            stored[j] += weight[i]
            low[j] = min(low[j], x)
            high[j] = max(high[j], x)
            count[j] += 1


@jit
def csr_column_squares(data, indices, indptr, weight, shift, second):
    """second[j] += sum of weight (x - shift)^2 over the entries of column j."""
    for i in range(indptr.size - 1):
        for at in range(indptr[i], indptr[i + 1]):
            j = indices[at]
            second[j] += weight[i] * (data[at] - shift[j]) ** 2
