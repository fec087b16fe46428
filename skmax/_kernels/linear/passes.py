"""One pass over the rows: a value and its gradient, a Hessian product, or logits alone.

Which kernels make a pass follows from the types of the rows and of the targets when numba compiles
it. A workspace says how many rows make a block.
"""

from skmax._kernels.codegen.blocks import n_blocks
from skmax._kernels.codegen.transpose import transpose8
from skmax._kernels.codegen.views import flat, matrix
from skmax._kernels.compiling.dispatch import by_type
from skmax._kernels.compiling.jit import jit
from skmax._kernels.linear.arrays import TILE_ROWS, CsrRows, DenseColumns, DenseRows
from skmax._kernels.linear.dense import block_gradient, block_logits, pack
from skmax._kernels.linear.sparse import csr_gradient, csr_logits
from skmax._kernels.loss.cross_entropy import (
    cross_entropy,
    curvature_binary,
    curvature_softmax,
    residual,
)


@jit
def value_and_gradient(rows, coef, terms, start, stop, workspace, total):
    """The weighted sum of the losses of rows start..stop, block by block.

    Adds the gradient to `total`, and fills the probabilities in `terms`.
    """
    targets, weight = terms.targets, terms.weight
    rounded_weight, probabilities = terms.curvature
    n_outputs, size = probabilities.shape[0], workspace.losses.size
    losses = workspace.losses
    value = 0.0
    for number in range(n_blocks(stop - start, size)):
        first = start + number * size
        count = min(size, stop - first)
        p = matrix(workspace.logits, n_outputs, count)
        derivatives = matrix(workspace.residual, n_outputs, count)
        _logits(rows, coef, first, workspace.block, p)
        cross_entropy(targets, p, first, workspace.loss, losses[:count])
        residual(targets, p, first, rounded_weight, workspace.loss, derivatives)
        for k in range(n_outputs):
            kept, row = probabilities[k, first : first + count], p[k]
            for i in range(count):
                kept[i] = row[i]
        _add_gradient(rows, first, workspace.block, derivatives, total)
        of_block = 0.0
        for i in range(count):
            of_block += weight[first + i] * losses[i]
        value += of_block
    return value


@jit
def hessian_product(rows, coef, curvature, start, stop, workspace, total):
    """Add to `total` the Hessian of rows start..stop, at the probabilities kept, times `coef`."""
    rounded_weight, probabilities = curvature
    n_outputs, size = probabilities.shape[0], workspace.losses.size
    for number in range(n_blocks(stop - start, size)):
        first = start + number * size
        count = min(size, stop - first)
        direction = matrix(workspace.logits, n_outputs, count)
        _logits(rows, coef, first, workspace.block, direction)
        if n_outputs == 1:
            curvature_binary(probabilities, first, direction, rounded_weight)
        else:
            sums = workspace.loss.row_sums
            curvature_softmax(probabilities, first, direction, rounded_weight, sums)
        _add_gradient(rows, first, workspace.block, direction, total)


@jit
def row_logits(rows, coef, start, stop, workspace, out):
    """out[i - start] = the logits of rows start..stop: out (stop - start, K)."""
    n_outputs, size = out.shape[1], workspace.losses.size
    for number in range(n_blocks(stop - start, size)):
        first = start + number * size
        count = min(size, stop - first)
        z = matrix(workspace.logits, n_outputs, count)
        _logits(rows, coef, first, workspace.block, z)
        _transpose(z, out[first - start : first - start + count])


@jit
def _transpose(z, out):
    """out = z.T: eight by eight, the rest one by one."""
    n_outputs, count = z.shape
    entries, to = flat(z), flat(out)
    tiled, rows = n_outputs // 8 * 8, count // 8 * 8
    for i in range(0, rows, 8):
        for k in range(0, tiled, 8):
            transpose8(entries, k * count + i, count, to, i * n_outputs + k, n_outputs)
    for i in range(count):
        for k in range(tiled if i < rows else 0, n_outputs):
            out[i, k] = z[k, i]


@jit
def _tiled(count):
    """The rows of whole tiles for `count` rows."""
    return -(-count // TILE_ROWS) * TILE_ROWS


@jit
def _dense_logits(rows, coef, first, memory, out):
    count = out.shape[1]
    block = matrix(memory, _tiled(count), coef.shape[1])
    pack(rows, first, count, block)
    block_logits(block, coef, out)


@jit
def _dense_gradient(rows, first, memory, derivatives, total):
    block = matrix(memory, _tiled(derivatives.shape[1]), total.shape[1])
    block_gradient(block, derivatives, total)


@jit
def _csr_logits(rows, coef, first, memory, out):
    csr_logits(rows, first, coef, memory, out)


@jit
def _csr_gradient(rows, first, memory, derivatives, total):
    csr_gradient(rows, first, derivatives, memory, total)


#: _logits(rows, coef, first, memory, out): out (K, m) = the logits of m rows from `first` on.
_logits = by_type({DenseRows: _dense_logits, DenseColumns: _dense_logits, CsrRows: _csr_logits})
#: _add_gradient(rows, first, memory, derivatives, total): add to `total` the derivatives (K, m) of
#: the rows that `_logits` has last seen, times these.
_add_gradient = by_type(
    {DenseRows: _dense_gradient, DenseColumns: _dense_gradient, CsrRows: _csr_gradient}
)
