"""Layers of a network in a few flat arrays (`NetworkBuffers`), forward and backward.

`index` is that of a layer, a row of the table; rows start..stop are those of a minibatch.
"""

import numpy as np

from skmax._kernels.codegen.product import product
from skmax._kernels.codegen.transpose import transpose8
from skmax._kernels.compiling.jit import jit
from skmax._kernels.network.activate import activate
from skmax._kernels.network.arrays import (
    DELTA_OFFSET,
    N_IN,
    N_OUT,
    TILE_ROWS,
    TRANSPOSED_OFFSET,
    VALUE_OFFSET,
    VALUE_STRIDE,
    WEIGHT_OFFSET,
    WIDTH,
)

GOLDEN_GAMMA = 0x9E3779B97F4A7C15  # 2^64 / golden ratio, made odd: SplitMix's step of a counter


@jit
def layer_values(net, index, start, stop):
    """What comes out of a layer: its values times its weights."""
    layer, after = net.table[index], net.table[index + 1]
    stride, width, out_stride = layer[VALUE_STRIDE], layer[WIDTH], after[VALUE_STRIDE]
    product(net.values, layer[VALUE_OFFSET] + start * stride, stride, 1, stop - start,
            net.weights, layer[WEIGHT_OFFSET], width, width, layer[N_IN] + 1,
            net.values, after[VALUE_OFFSET] + start * out_stride, out_stride)  # fmt: skip


@jit
def activate_layer(net, index, config, key, start, stop):
    """Make of what came out of the layer before what goes into this one, with a 1 at its end."""
    layer, before = net.table[index], net.table[index - 1]
    n_units, width = layer[N_IN], before[WIDTH]
    rate = config.dropout[index - 1]
    for row in range(start, stop):
        offset = layer[VALUE_OFFSET] + row * layer[VALUE_STRIDE]
        slope_offset = before[DELTA_OFFSET] + row * width
        values = net.values[offset : offset + width]
        slopes = net.slopes[slope_offset : slope_offset + width]
        activate(config.activation, values, slopes)
        if rate > 0:
            _drop(rate, mix(key + np.uint64(index)), row, values, slopes)
        for unit in range(n_units, width):
            values[unit] = 0
            slopes[unit] = 0
        net.values[offset + n_units] = 1


@jit
def activate_units(activation, values, slopes):
    """What goes into units becomes what comes out of them, by the index of an activation."""
    activate(activation, values, slopes)


@jit
def mix(bits):
    """Bits that look random, of a counter (G. Steele, D. Lea, C. Flood, OOPSLA 2014)."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


@jit
def _drop(rate, key, row, values, slopes):
    """Set units to 0 with probability `rate` and raise the others, so that the mean stays."""
    base, step = mix(key + np.uint64(row)), np.uint64(GOLDEN_GAMMA)
    limit = np.uint64(rate * 2.0**32)
    raised, zero = values.dtype.type(1 / (1 - rate)), values.dtype.type(0)
    for unit in range(values.size):
        kept = (mix(base + np.uint64(unit) * step) >> np.uint64(32)) >= limit
        factor = raised if kept else zero
        values[unit] *= factor
        slopes[unit] *= factor


@jit
def backward(net, start, stop):
    """The derivatives by what comes out of every layer, from those by the logits."""
    for index in range(net.table.shape[0] - 2, 0, -1):
        layer, before = net.table[index], net.table[index - 1]
        width, out_width = layer[WIDTH], before[WIDTH]
        offset = before[DELTA_OFFSET] + start * out_width
        product(net.deltas, layer[DELTA_OFFSET] + start * width, width, 1, stop - start,
                net.transposed, layer[TRANSPOSED_OFFSET], out_width, out_width, layer[N_OUT],
                net.deltas, offset, out_width)  # fmt: skip
        size = (stop - start) * out_width
        deltas, slopes = net.deltas[offset : offset + size], net.slopes[offset : offset + size]
        for i in range(size):
            deltas[i] *= slopes[i]


@jit
def layer_gradient(net, index, count, row, n_rows, out):
    """out (n_rows, width): the gradient of rows row... of a layer's weights, over `count` samples.

    `out` is flat.
    """
    layer = net.table[index]
    width = layer[WIDTH]
    product(net.values, layer[VALUE_OFFSET] + row, 1, layer[VALUE_STRIDE], n_rows,
            net.deltas, layer[DELTA_OFFSET], width, width, count,
            out, 0, width)  # fmt: skip


@jit
def transpose_tile(net, index, row):
    """Transpose up to eight rows of a layer's weights, from `row` on, but for the bias."""
    layer, stride = net.table[index], net.table[index - 1, WIDTH]
    width, count = layer[WIDTH], min(TILE_ROWS, layer[N_IN] - row)
    offset, out_offset = layer[WEIGHT_OFFSET] + row * width, layer[TRANSPOSED_OFFSET] + row
    if count == TILE_ROWS:
        for k in range(0, width, 8):
            start = out_offset + k * stride
            transpose8(net.weights, offset + k, width, net.transposed, start, stride)
        return
    for k in range(width):
        for i in range(count):
            net.transposed[out_offset + k * stride + i] = net.weights[offset + i * width + k]


@jit
def transpose_weights(net):
    """Transpose the weights of all layers but the first."""
    for index in range(1, net.table.shape[0] - 1):
        for row in range(0, net.table[index, N_IN], TILE_ROWS):
            transpose_tile(net, index, row)
