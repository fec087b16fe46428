"""Products with a block of dense rows that lies in the cache: logits, gradient, second moments.

A block is (room, width): whole vectors to a row and whole tiles of rows, of which the last may be
junk. Tiles of a few rows, classes or vectors keep their sums in registers: eight rows by three
classes for logits, four classes by four vectors of columns for a gradient; as many sums as it takes
to wait for no multiplication.
"""

import llvmlite.ir as ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from skmax._kernels.codegen.product import product_tile
from skmax._kernels.codegen.registers import Access, cases, multiply_add, zero_sums
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
    transpose8,
    width_of,
)
from skmax._kernels.compiling.jit import jit
from skmax._kernels.loss.tile import fill

TILE_ROWS, TILE_CLASSES = 8, 3  # of `_dot_tile`
STRETCH = 32  # vectors of columns
AHEAD = 128  # vectors, to be in the cache when they are copied: the hardware stops at each page
TILE_HEIGHT, TILE_VECTORS = 4, 4  # of `_outer_tile`, for sums over the rows of a block

_outer_tile = product_tile(TILE_HEIGHT, TILE_VECTORS)


@intrinsic
def _dot_tile(typing, x, x_at, x_step, vectors, w, w_at, w_step, classes, z, z_at, z_step, rows):
    """z[k, r] += x[r] . w[k] over `vectors`, for up to 3 classes and the first `rows` of 8 rows.

    Row r begins at x_at + r * x_step, class k at w_at + k * w_step.
    """
    vector, intp = Vector(x.dtype), types.intp

    def codegen(context, builder, signature, arguments):
        x_, x_at_, x_step_, vectors_, w_, w_at_, w_step_, classes_, z_, z_at_, z_step_, n = (
            arguments
        )
        kind, lanes = context.get_value_type(vector), x_at_.type(vector.width)
        row = Access(context, builder, x, x_, x_at_, x_step_)
        coef = Access(context, builder, w, w_, w_at_, w_step_)
        out = Access(context, builder, z, z_, z_at_, z_step_)
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
                pointer = out.pointer(k, z_at_.type(0), total.type)
                old = load_lanes(builder, pointer, n, ir.Constant(total.type, None), out.align)
                store_lanes(builder, builder.fadd(old, total), pointer, n, out.align)
        return context.get_dummy_value()

    of_block = x, intp, intp, intp
    return types.none(*of_block, w, intp, intp, intp, z, intp, intp, intp), codegen


def pack(X, start, count, shift, block):
    """The block of X - shift for `count` rows from `start` on: X (n, p), shift (width,).

    Lanes after the last column become -shift: a shift of -1 there is a column of ones.
    """
    raise TypeError("for jitted code: `pack_rows` or `pack_columns`, by the order of X")


@overload(pack)
def _choose_pack(X, start, count, shift, block):
    kernel = pack_columns if X.layout == "F" else pack_rows
    return lambda X, start, count, shift, block: kernel(X, start, count, shift, block)


@jit
def pack_rows(X, start, count, shift, block):
    """`pack` for X in C order."""
    n_columns = X.shape[1]
    width, lanes = block.shape[1], width_of(block)
    whole = n_columns // lanes * lanes
    x, out, zero = X.reshape(-1), block.reshape(-1), splat(shift, 0.0)
    for i in range(count):
        at = (start + i) * n_columns
        for j in range(0, whole, lanes):
            prefetch(x, at + j + AHEAD * lanes)
            store(out, i * width + j, load(x, at + j) - load(shift, j))
        for j in range(whole, width, lanes):
            entries = load_first(x, at + j, max(0, n_columns - j), zero)
            store(out, i * width + j, entries - load(shift, j))


@jit
def pack_columns(X, start, count, shift, block):
    """`pack` for X in Fortran order: eight by eight, the rest one by one."""
    n_rows, n_columns = X.shape
    width, lanes = block.shape[1], width_of(block)
    x, out = X.T.reshape(-1), block.reshape(-1)
    rows, columns = count // 8 * 8, n_columns // 8 * 8
    for i in range(0, rows, 8):
        for j in range(0, columns, 8):
            transpose8(x, j * n_rows + start + i, n_rows, out, i * width + j, width)
    for j in range(n_columns):
        for i in range(rows if j < columns else 0, count):
            block[i, j] = X[start + i, j]
    for i in range(count):
        for j in range(n_columns, width):
            block[i, j] = 0
        for j in range(0, width, lanes):
            store(out, i * width + j, load(out, i * width + j) - load(shift, j))


@jit
def block_logits(block, coef, out):
    """out[k, i] = coef[k] . row i: coef (K, width), out (K, m).

    A tile of rows, a stretch of columns at a time, stays in the L1 cache for all classes.
    """
    width, lanes = block.shape[1], width_of(block)
    n_classes, n_rows = out.shape
    x, w, z = block.reshape(-1), coef.reshape(-1), out.reshape(-1)
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
    x, g, t = block.reshape(-1), residual.reshape(-1), total.reshape(-1)
    for j in range(0, width, TILE_VECTORS * lanes):
        vectors = min(TILE_VECTORS, (width - j) // lanes)
        for k in range(0, n_classes, TILE_HEIGHT):
            height, from_, to = min(TILE_HEIGHT, n_classes - k), k * n_rows, k * width + j
            _outer_tile(g, from_, n_rows, 1, height, x, j, width, vectors, n_rows, t, to, width, 1)


@jit
def block_transpose(block, out):
    """out[j, i] = entry j of row i: out (width, room)."""
    room, width = block.shape
    x, to = block.reshape(-1), out.reshape(-1)
    for i in range(0, room, 8):
        for j in range(0, width, 8):
            transpose8(x, i * width + j, width, to, j * room + i, room)


@jit
def block_gram(block, transposed, weight, scaled, total):
    """total[a, b] += sum_i weight_i x_ia x_ib for a <= b: weight (m,), total (p, width).

    `transposed` is the block's transpose, `scaled` room for as much. Some entries with a > b are
    written to as well.
    """
    room, width = block.shape
    n_columns, n_rows, lanes = total.shape[0], weight.size, width_of(block)
    x, g, t = block.reshape(-1), scaled.reshape(-1), total.reshape(-1)
    for a in range(n_columns):
        entries, products = transposed[a, :n_rows], scaled[a, :n_rows]
        for i in range(n_rows):
            products[i] = weight[i] * entries[i]
    for a in range(0, n_columns, TILE_HEIGHT):
        height = min(TILE_HEIGHT, n_columns - a)
        for j in range(a // lanes * lanes, width, TILE_VECTORS * lanes):
            vectors, to = min(TILE_VECTORS, (width - j) // lanes), a * width + j
            _outer_tile(g, a * room, room, 1, height, x, j, width, vectors, n_rows, t, to, width, 1)


@jit
def block_pair_grams(block, transposed, roots, weight, scaled, totals):
    """`block_gram` with weights roots[k] * roots[l], for each l < k: roots (K, m)."""
    pair = 0
    for k in range(roots.shape[0]):
        for other in range(k):
            for i in range(weight.size):
                weight[i] = roots[k, i] * roots[other, i]
            block_gram(block, transposed, weight, scaled, totals[pair])
            pair += 1
