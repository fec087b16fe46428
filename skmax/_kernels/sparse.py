"""Products with the rows of a CSR matrix, block by block.

Coefficients and gradients lie as (p, width): all outputs of a column side by side, padded to whole
vectors. The outputs are taken a vector at a time, so that the sum over a row's entries stays in a
register.
"""

from skmax._kernels._jit import jit
from skmax._kernels.simd import load, splat, store, width_of


@jit
def csr_logits(data, indices, indptr, start, stop, coef, buffer, out):
    """out[k, i] = sum_j x_ij coef[j, k] for rows start..stop; out (K, m), buffer one vector."""
    n_outputs, width = out.shape[0], width_of(data)
    stride, flat = coef.shape[1], coef.reshape(-1)
    for k in range(0, n_outputs, width):
        for i in range(start, stop):
            z = splat(data, 0.0)
            for at in range(indptr[i], indptr[i + 1]):
                z = z + splat(data, data[at]) * load(flat, indices[at] * stride + k)
            store(buffer, 0, z)
            for lane in range(min(width, n_outputs - k)):
                out[k + lane, i - start] = buffer[lane]


@jit
def csr_gradient(data, indices, indptr, start, stop, residual, buffer, gradient):
    """gradient[j, k] += sum_i x_ij residual[k, i] for rows start..stop."""
    n_outputs, width = residual.shape[0], width_of(data)
    stride, flat = gradient.shape[1], gradient.reshape(-1)
    for k in range(0, n_outputs, width):
        for lane in range(width):
            buffer[lane] = 0
        for i in range(start, stop):
            for lane in range(min(width, n_outputs - k)):
                buffer[lane] = residual[k + lane, i - start]
            r = load(buffer, 0)
            for at in range(indptr[i], indptr[i + 1]):
                place = indices[at] * stride + k
                store(flat, place, load(flat, place) + splat(data, data[at]) * r)


@jit
def csr_column_moments(data, indices, indptr, weight, first, second):
    """first[j] += sum_i w_i x_ij and second[j] += sum_i w_i x_ij^2, in float64."""
    for i in range(indptr.size - 1):
        for at in range(indptr[i], indptr[i + 1]):
            weighted = weight[i] * data[at]
            first[indices[at]] += weighted
            second[indices[at]] += weighted * data[at]
