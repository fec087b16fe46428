"""One pass over the rows: a value and its gradient, a Hessian product, or logits alone.

Rows are a tuple of arrays, (X, shift) where dense and (data, indices, indptr) where sparse. Targets
are labels (n,), shares of class 1 (n,) for one logit, or shares (K, n). Which kernels make a pass
follows from these types when numba compiles it.
"""

import numpy as np
from numba import types
from numba.extending import overload

from skmax._kernels.codegen.vector import transpose8, width_of
from skmax._kernels.compiling.jit import jit
from skmax._kernels.linear.dense import TILE_ROWS, block_gradient, block_logits, pack
from skmax._kernels.linear.sparse import VECTORS, csr_gradient, csr_logits
from skmax._kernels.loss.cross_entropy import (
    cross_entropy_binary,
    cross_entropy_labels,
    cross_entropy_targets,
    curvature_binary,
    curvature_softmax,
    residual_binary,
    residual_labels,
    residual_targets,
)


@jit
def value_and_gradient(rows, coef, targets, share, weight, start, stop, size, probabilities, total):
    """The weighted sum of the losses of rows start..stop, in blocks of `size`.

    Adds the gradient to `total`, and fills `probabilities` (K, n).
    """
    n_outputs = probabilities.shape[0]
    room, losses = _room(rows, coef, size), np.empty(size)
    logits, residuals = (
        np.empty(n_outputs * size, coef.dtype),
        np.empty(n_outputs * size, coef.dtype),
    )
    value = 0.0
    for first in range(start, stop, size):
        count = min(size, stop - first)
        p = logits[: n_outputs * count].reshape(n_outputs, count)
        residual = residuals[: n_outputs * count].reshape(n_outputs, count)
        _logits(rows, coef, first, room, p)
        _cross_entropy(p, targets, first, losses)
        _residual(p, targets, first, weight, residual)
        for k in range(n_outputs):
            kept, row = probabilities[k, first : first + count], p[k]
            for i in range(count):
                kept[i] = row[i]
        _add_gradient(rows, first, room, residual, total)
        of_block = 0.0
        for i in range(count):
            of_block += share[first + i] * losses[i]
        value += of_block
    return value


@jit
def hessian_product(rows, coef, weight, start, stop, size, probabilities, total):
    """Add to `total` the Hessian of rows start..stop, at `probabilities`, times `coef`."""
    n_outputs = probabilities.shape[0]
    room, mean = _room(rows, coef, size), np.empty(size, coef.dtype)
    logits = np.empty(n_outputs * size, coef.dtype)
    for first in range(start, stop, size):
        count = min(size, stop - first)
        direction = logits[: n_outputs * count].reshape(n_outputs, count)
        _logits(rows, coef, first, room, direction)
        if n_outputs == 1:
            curvature_binary(probabilities, first, direction, weight)
        else:
            curvature_softmax(probabilities, first, direction, weight, mean)
        _add_gradient(rows, first, room, direction, total)


@jit
def row_logits(rows, coef, start, stop, size, out):
    """out[i - start] = the logits of rows start..stop: out (stop - start, K)."""
    n_outputs = out.shape[1]
    room, logits = _room(rows, coef, size), np.empty(n_outputs * size, coef.dtype)
    for first in range(start, stop, size):
        count = min(size, stop - first)
        z = logits[: n_outputs * count].reshape(n_outputs, count)
        _logits(rows, coef, first, room, z)
        _transpose(z, out[first - start : first - start + count])


@jit
def _transpose(z, out):
    """out = z.T: eight by eight, the rest one by one."""
    n_outputs, count = z.shape
    flat, to = z.reshape(-1), out.reshape(-1)
    tiled, rows = n_outputs // 8 * 8, count // 8 * 8
    for i in range(0, rows, 8):
        for k in range(0, tiled, 8):
            transpose8(flat, k * count + i, count, to, i * n_outputs + k, n_outputs)
    for i in range(count):
        for k in range(tiled if i < rows else 0, n_outputs):
            out[i, k] = z[k, i]


@jit
def _aligned(size, like):
    """Memory for `size` numbers that begins where a vector may: no load crosses a cache line."""
    lanes = width_of(like)
    memory = np.empty(size + lanes, like.dtype)
    first = (-memory.ctypes.data % (lanes * like.itemsize)) // like.itemsize
    return memory[first : first + size]


@jit
def _dense_room(rows, coef, size):
    """Memory for a block of `size` rows."""
    return _aligned(-(-size // TILE_ROWS) * TILE_ROWS * coef.shape[1], coef)


@jit
def _block(room, count, width):
    """The part of `room` for `count` rows, in whole tiles."""
    n_rows = -(-count // TILE_ROWS) * TILE_ROWS
    return room[: n_rows * width].reshape(n_rows, width)


@jit
def _dense_logits(rows, coef, first, room, out):
    X, shift = rows
    block = _block(room, out.shape[1], coef.shape[1])
    pack(X, first, out.shape[1], shift, block)
    block_logits(block, coef, out)


@jit
def _dense_gradient(rows, first, room, residual, total):
    block_gradient(_block(room, residual.shape[1], total.shape[1]), residual, total)


@jit
def _csr_room(rows, coef, size):
    """Memory for some outputs of one row."""
    return _aligned(VECTORS * width_of(coef), coef)


@jit
def _csr_logits(rows, coef, first, room, out):
    data, indices, indptr = rows
    csr_logits(data, indices, indptr, first, coef, room, out)


@jit
def _csr_gradient(rows, first, room, residual, total):
    data, indices, indptr = rows
    csr_gradient(data, indices, indptr, first, residual, room, total)


def _room(rows, coef, size):
    """Memory that the blocks of a pass share."""
    raise TypeError("for jitted code")


def _logits(rows, coef, first, room, out):
    """out (K, m) = the logits of m rows from `first` on."""
    raise TypeError("for jitted code")


def _add_gradient(rows, first, room, residual, total):
    """Add to `total` the residuals (K, m) of the rows that `_logits` has last seen, times these."""
    raise TypeError("for jitted code")


def _cross_entropy(logits, targets, first, losses):
    """Losses of the samples from `first` on; `logits` become probabilities."""
    raise TypeError("for jitted code")


def _residual(probabilities, targets, first, weight, residual):
    """The gradient of the weighted losses at the logits."""
    raise TypeError("for jitted code")


@overload(_room)
def _choose_room(rows, coef, size):
    kernel = _dense_room if len(rows) == 2 else _csr_room
    return lambda rows, coef, size: kernel(rows, coef, size)


@overload(_logits)
def _choose_logits(rows, coef, first, room, out):
    kernel = _dense_logits if len(rows) == 2 else _csr_logits
    return lambda rows, coef, first, room, out: kernel(rows, coef, first, room, out)


@overload(_add_gradient)
def _choose_gradient(rows, first, room, residual, total):
    kernel = _dense_gradient if len(rows) == 2 else _csr_gradient
    return lambda rows, first, room, residual, total: kernel(rows, first, room, residual, total)


@overload(_cross_entropy)
def _choose_cross_entropy(logits, targets, first, losses):
    if isinstance(targets.dtype, types.Integer):
        kernel = cross_entropy_labels
    else:
        kernel = cross_entropy_binary if targets.ndim == 1 else cross_entropy_targets
    return lambda logits, targets, first, losses: kernel(logits, targets, first, losses)


@overload(_residual)
def _choose_residual(p, targets, first, weight, residual):
    if isinstance(targets.dtype, types.Integer):
        kernel = residual_labels
    else:
        kernel = residual_binary if targets.ndim == 1 else residual_targets
    return lambda p, targets, first, weight, residual: kernel(p, targets, first, weight, residual)
