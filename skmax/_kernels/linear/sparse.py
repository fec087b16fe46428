"""Products with the rows of a CSR matrix, block by block.

Coefficients and gradients lie as (p + 1, width): all outputs of a column side by side, padded to
whole vectors, so that an entry of X meets one run of memory; the last row is the intercepts'. The
outputs of a row, up to four vectors of them at a time, stay in registers while its entries pass.
"""

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from skmax._kernels.codegen.registers import Access, cases, multiply_add
from skmax._kernels.codegen.vector import Vector, width_of
from skmax._kernels.codegen.views import flat
from skmax._kernels.compiling.jit import jit
from skmax._kernels.linear.arrays import CSR_VECTORS


class _Entries:
    """Code for a loop over the entries of a row: its columns' offsets, and values in all lanes."""

    def __init__(self, context, builder, kind, arrays, values):
        (data, indices), (data_, indices_, self.first, self.last, self.width) = arrays, values
        one = self.first.type(1)
        self.builder, self.kind = builder, kind
        self.data = Access(context, builder, data, data_, self.first.type(0), one)
        self.indices = Access(context, builder, indices, indices_, self.first.type(0), one)

    def __iter__(self):
        builder = self.builder
        with cgutils.for_range(builder, builder.sub(self.last, self.first)) as loop:
            at = builder.add(self.first, loop.index)
            column = self.indices.load_number(0, at)
            if column.type != at.type:
                column = builder.sext(column, at.type)
            yield builder.mul(column, self.width), self.data.load_everywhere(0, at, self.kind)


@intrinsic
def _row_logits(typing, data, indices, first, last, width, coef, start, vectors, out):
    """out[k] += sum over entries first..last of a row of x_j coef[j, k], up to 4 vectors of k.

    The outputs begin at `start` in a row of `coef`, which is `width` long, and at 0 in `out`.
    """
    vector, intp = Vector(data.dtype), types.intp

    def codegen(context, builder, signature, arguments):
        coef_, start_, vectors_, out_ = arguments[5:]
        kind, zero = context.get_value_type(vector), start_.type(0)
        lanes = start_.type(vector.width)
        table = Access(context, builder, coef, coef_, start_, lanes)
        result = Access(context, builder, out, out_, zero, lanes)
        rows = _Entries(context, builder, kind, (data, indices), arguments[:5])
        for count in cases(builder, vectors_, CSR_VECTORS):
            sums = [
                cgutils.alloca_once_value(builder, result.load(k, zero, kind)) for k in range(count)
            ]
            for offset, value in rows:
                for k in range(count):
                    multiply_add(builder, sums[k], value, table.load(k, offset, kind))
            for k in range(count):
                pointer = result.pointer(k, zero, kind)
                builder.store(builder.load(sums[k]), pointer, align=result.align)
        return context.get_dummy_value()

    row = data, indices, intp, intp, intp
    return types.none(*row, coef, intp, intp, out), codegen


@intrinsic
def _row_gradient(typing, data, indices, first, last, width, total, start, vectors, residual):
    """total[j, k] += x_j residual[k] for entries first..last of a row, up to 4 vectors of k."""
    vector, intp = Vector(data.dtype), types.intp

    def codegen(context, builder, signature, arguments):
        total_, start_, vectors_, residual_ = arguments[5:]
        kind, zero = context.get_value_type(vector), start_.type(0)
        lanes = start_.type(vector.width)
        table = Access(context, builder, total, total_, start_, lanes)
        factor = Access(context, builder, residual, residual_, zero, lanes)
        rows = _Entries(context, builder, kind, (data, indices), arguments[:5])
        for count in cases(builder, vectors_, CSR_VECTORS):
            factors = [factor.load(k, zero, kind) for k in range(count)]
            for offset, value in rows:
                for k in range(count):
                    pointer = table.pointer(k, offset, kind)
                    product = builder.fmul(value, factors[k], flags=["contract"])
                    old = builder.load(pointer, align=table.align)
                    new = builder.fadd(old, product, flags=["contract"])
                    builder.store(new, pointer, align=table.align)
        return context.get_dummy_value()

    row = data, indices, intp, intp, intp
    return types.none(*row, total, intp, intp, residual), codegen


@jit
def csr_logits(rows, start, coef, buffer, out):
    """out[k, i] = sum_j x_ij coef[j, k] + coef[p, k], for m rows from `start` on; out (K, m).

    `buffer` holds four vectors.
    """
    width, lanes = coef.shape[1], width_of(coef)
    entries, intercepts = flat(coef), (coef.shape[0] - 1) * width
    for k in range(0, width, CSR_VECTORS * lanes):
        vectors = min(CSR_VECTORS, (width - k) // lanes)
        outputs = min(vectors * lanes, out.shape[0] - k)
        for i in range(out.shape[1]):
            first, last = rows.indptr[start + i], rows.indptr[start + i + 1]
            for lane in range(vectors * lanes):
                buffer[lane] = entries[intercepts + k + lane]
            _row_logits(rows.data, rows.indices, first, last, width, entries, k, vectors, buffer)
            for lane in range(outputs):
                out[k + lane, i] = buffer[lane]


@jit
def csr_gradient(rows, start, residual, buffer, gradient):
    """gradient[j, k] += sum_i x_ij residual[k, i], and gradient[p, k] += sum_i residual[k, i]."""
    width, lanes = gradient.shape[1], width_of(gradient)
    total, intercepts = flat(gradient), gradient.size - width
    for k in range(0, width, CSR_VECTORS * lanes):
        vectors = min(CSR_VECTORS, (width - k) // lanes)
        outputs = min(vectors * lanes, residual.shape[0] - k)
        for lane in range(vectors * lanes):
            buffer[lane] = 0
        for i in range(residual.shape[1]):
            for lane in range(outputs):
                buffer[lane] = residual[k + lane, i]
                total[intercepts + k + lane] += buffer[lane]
            first, last = rows.indptr[start + i], rows.indptr[start + i + 1]
            _row_gradient(rows.data, rows.indices, first, last, width, total, k, vectors, buffer)


@jit
def csr_coef(coef, scale, shift, intercept, intercepts, out):
    """The coefficients of x where `coef` (K, columns) are those of (x - shift) scale, and 1.

    out (p + 1, width), 0 before; the column of ones is there with an intercept. `intercepts` (K,)
    is memory for their sums.
    """
    n_outputs, last = coef.shape[0], shift.size
    for k in range(n_outputs):
        intercepts[k] = 0.0
    for j in range(last):
        for k in range(n_outputs):
            weight = coef[k, j] * scale[j]
            out[j, k] = weight
            intercepts[k] += weight * shift[j]
    for k in range(n_outputs):
        out[last, k] = (coef[k, last] if intercept else 0.0) - intercepts[k]


@jit
def csr_gradient_of_coef(total, scale, shift, intercept, out):
    """The gradient at the `coef` of `csr_coef`, (K, columns), from that at its result."""
    n_outputs, last = out.shape[0], shift.size
    for j in range(last):
        for k in range(n_outputs):
            out[k, j] = (total[j, k] - total[last, k] * shift[j]) * scale[j]
    if intercept:
        for k in range(n_outputs):
            out[k, last] = total[last, k]


@jit
def csr_column_means(rows, weight, mean, stored, low, high, count):
    """Weighted sums, weights, extremes and numbers of each column's entries in rows of weight."""
    for i in range(rows.indptr.size - 1):
        if weight[i] == 0:
            continue
        for entry in range(rows.indptr[i], rows.indptr[i + 1]):
            j, x = rows.indices[entry], np.float64(rows.data[entry])
            mean[j] += weight[i] * x
            stored[j] += weight[i]
            low[j] = min(low[j], x)
            high[j] = max(high[j], x)
            count[j] += 1


@jit
def csr_column_squares(rows, weight, shift, second):
    """second[j] += sum of weight (x - shift)^2 over the entries of column j."""
    for i in range(rows.indptr.size - 1):
        for entry in range(rows.indptr[i], rows.indptr[i + 1]):
            j = rows.indices[entry]
            second[j] += weight[i] * (rows.data[entry] - shift[j]) ** 2
