"""Products with a block of dense rows that lies in the cache: logits, gradient, second moments.

A block is (whole tiles of rows, width): a row is whole vectors, and the rows that fill the last
tile may be junk. Tiles of a few rows, classes or vectors keep their sums in registers: eight rows
by three classes for logits, four classes by four vectors of columns for a gradient; as many sums as
it takes to wait for no multiplication.
"""

import llvmlite.ir as ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from skmax._kernels.codegen.product import product_tile
from skmax._kernels.codegen.registers import Access, cases, multiply_add, zero_sums
from skmax._kernels.codegen.transpose import transpose8
from skmax._kernels.codegen.vector import (
    Vector,
    lane_sums,
    load,
    load_first,
    load_lanes,
    prefetch,
    splat,
    store,
    store_lanes,
    width_of,
)
from skmax._kernels.codegen.views import flat
from skmax._kernels.compiling.dispatch import by_type
from skmax._kernels.compiling.jit import jit
from skmax._kernels.linear.arrays import TILE_ROWS, DenseColumns, DenseRows
from skmax._kernels.loss.tile import fill

TILE_CLASSES = 3  # of `_dot_tile`, beside TILE_ROWS
STRETCH = 32  # vectors of columns
AHEAD = 128  # vectors, to be in the cache when they are copied: the hardware stops at each page
TILE_HEIGHT, TILE_VECTORS = 4, 4  # of `_outer_tile`, for sums over the rows of a block

_outer_tile = product_tile(TILE_HEIGHT, TILE_VECTORS)


@intrinsic
def _dot_tile(
    typing, x, x_offset, x_step, vectors, w, w_offset, w_step, classes, z, z_offset, z_step, rows
):
    """z[k, r] += x[r] . w[k] over `vectors`, for up to 3 classes and the first `rows` of 8 rows.

    Row r begins at x_offset + r * x_step, class k at w_offset + k * w_step.
    """
    vector, intp = Vector(x.dtype), types.intp

    def codegen(context, builder, signature, arguments):
        (
            x_,
            x_offset_,
            x_step_,
            vectors_,
            w_,
            w_offset_,
            w_step_,
            classes_,
            z_,
            z_offset_,
            z_step_,
            n,
        ) = arguments
        kind, lanes = context.get_value_type(vector), x_offset_.type(vector.width)
        row = Access(context, builder, x, x_, x_offset_, x_step_)
        coef = Access(context, builder, w, w_, w_offset_, w_step_)
        out = Access(context, builder, z, z_, z_offset_, z_step_)
        for height in cases(builder, classes_, TILE_CLASSES):
            sums = zero_sums(builder, kind, height, TILE_ROWS)
            with cgutils.for_range(builder, vectors_) as loop:
                there = builder.mul(loop.index, lanes)
                weights = [coef.load(k, there, kind) for k in range(height)]
                for r in range(TILE_ROWS):
                    entries = row.load(r, there, kind)
                    for k in range(height):
                        multiply_add(builder, sums[k][r], entries, weights[k])
            for k in range(height):
                total = lane_sums(builder, [builder.load(of_row) for of_row in sums[k]])
                pointer = out.pointer(k, z_offset_.type(0), total.type)
                old = load_lanes(builder, pointer, n, ir.Constant(total.type, None), out.align)
                store_lanes(builder, builder.fadd(old, total), pointer, n, out.align)
        return context.get_dummy_value()

    of_block = x, intp, intp, intp
    return types.none(*of_block, w, intp, intp, intp, z, intp, intp, intp), codegen


@jit
def pack_rows(rows, start, count, block):
    """The block of X - shift for `count` rows from `start` on: X (n, p), shift (width,).

    Lanes after the last column become -shift: a shift of -1 there is a column of ones.
    """
    n_columns = rows.X.shape[1]
    width, lanes = block.shape[1], width_of(block)
    whole = n_columns // lanes * lanes
    shift = rows.shift
    x, out, zero = flat(rows.X), flat(block), splat(shift, 0.0)
    for i in range(count):
        offset = (start + i) * n_columns
        for j in range(0, whole, lanes):
            prefetch(x, offset + j + AHEAD * lanes)
            store(out, i * width + j, load(x, offset + j) - load(shift, j))
        for j in range(whole, width, lanes):
            entries = load_first(x, offset + j, max(0, n_columns - j), zero)
            store(out, i * width + j, entries - load(shift, j))


@jit
def pack_columns(rows, start, count, block):
    """The same of columns: eight by eight, the rest one by one."""
    n_columns, n_rows = rows.columns.shape
    width, lanes = block.shape[1], width_of(block)
    x, out = flat(rows.columns), flat(block)
    tiled, columns = count // 8 * 8, n_columns // 8 * 8
    for i in range(0, tiled, 8):
        for j in range(0, columns, 8):
            transpose8(x, j * n_rows + start + i, n_rows, out, i * width + j, width)
    for j in range(n_columns):
        for i in range(tiled if j < columns else 0, count):
            block[i, j] = rows.columns[j, start + i]
    for i in range(count):
        for j in range(n_columns, width):
            block[i, j] = 0
        for j in range(0, width, lanes):
            store(out, i * width + j, load(out, i * width + j) - load(rows.shift, j))


#: pack(rows, start, count, block): `pack_rows` for X in either order.
pack = by_type({DenseRows: pack_rows, DenseColumns: pack_columns})


@jit
def block_logits(block, coef, out):
    """out[k, i] = coef[k] . row i: coef (K, width), out (K, m).

    A tile of rows, a stretch of columns at a time, stays in the L1 cache for all classes.
    """
    width, lanes = block.shape[1], width_of(block)
    n_classes, n_rows = out.shape
    x, w, z = flat(block), flat(coef), flat(out)
    fill(z, 0)
    for j in range(0, width, STRETCH * lanes):
        vectors = min(STRETCH, (width - j) // lanes)
        for i in range(0, n_rows, TILE_ROWS):
            rows, tile = min(TILE_ROWS, n_rows - i), i * width + j
            for k in range(0, n_classes, TILE_CLASSES):
                some, to = min(TILE_CLASSES, n_classes - k), k * n_rows + i
                from_ = k * width + j
                _dot_tile(x, tile, width, vectors, w, from_, width, some, z, to, n_rows, rows)


@jit
def block_gradient(block, residual, total):
    """total[k] += sum_i residual[k, i] row i: residual (K, m), total (K, width) in float64."""
    width = block.shape[1]
    n_classes, n_rows = residual.shape
    lanes = width_of(block)
    x, g, t = flat(block), flat(residual), flat(total)
    for j in range(0, width, TILE_VECTORS * lanes):
        vectors = min(TILE_VECTORS, (width - j) // lanes)
        for k in range(0, n_classes, TILE_HEIGHT):
            height, from_, to = min(TILE_HEIGHT, n_classes - k), k * n_rows, k * width + j
            _outer_tile(g, from_, n_rows, 1, height, x, j, width, vectors, n_rows, t, to, width, 1)


@jit
def block_transpose(block, out):
    """out[j, i] = entry j of row i: out (width, rows in whole tiles)."""
    row_stride, width = block.shape
    x, to = flat(block), flat(out)
    for i in range(0, row_stride, 8):
        for j in range(0, width, 8):
            transpose8(x, i * width + j, width, to, j * row_stride + i, row_stride)


@jit
def _block_second_moments(workspace, total):
    """total[a, b] += sum_i weight_i x_ia x_ib for a <= b: total (p, width).

    `workspace` holds the block, its transpose and the weights (m,). Some entries with a > b are
    written to as well.
    """
    block, transposed, weighted, weight = workspace
    row_stride, width = block.shape
    n_columns, n_rows, lanes = total.shape[0], weight.size, width_of(block)
    x, g, t = flat(block), flat(weighted), flat(total)
    for a in range(n_columns):
        entries, products = transposed[a, :n_rows], weighted[a, :n_rows]
        for i in range(n_rows):
            products[i] = weight[i] * entries[i]
    for a in range(0, n_columns, TILE_HEIGHT):
        height, offset = min(TILE_HEIGHT, n_columns - a), a * row_stride
        for j in range(a // lanes * lanes, width, TILE_VECTORS * lanes):
            vectors, to = min(TILE_VECTORS, (width - j) // lanes), a * width + j
            _outer_tile(g, offset, row_stride, 1, height, x, j, width, vectors, n_rows,
                        t, to, width, 1)  # fmt: skip


@jit
def block_second_moments(workspace, roots, totals):
    """totals[pair] += sum_i roots[k, i] roots[l, i] x_i x_i', for each pair of l < k: roots (K, m).

    `workspace` holds the block; its other parts are filled. Of totals (pairs, p, width) the entries
    on and above the diagonal count.
    """
    block_transpose(workspace.block, workspace.transposed)
    weight, pair = workspace.weight, 0
    for k in range(roots.shape[0]):
        for other in range(k):
            for i in range(weight.size):
                weight[i] = roots[k, i] * roots[other, i]
            _block_second_moments(workspace, totals[pair])
            pair += 1
