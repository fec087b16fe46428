"""Layers of a network in a few flat arrays, one after the other; a row of the table says where.

The weights of a layer are (n_in + 1, width), their last row the bias: what goes into the layer ends
with a column of ones. `width` is n_out in whole vectors; what lies beyond n_out stays 0.
"""

from typing import NamedTuple

import numpy as np

from skmax._kernels.codegen.product import TALL, product
from skmax._kernels.codegen.vector import transpose8
from skmax._kernels.compiling.jit import jit
from skmax._kernels.network.activation import activate

# Columns of the table: the sizes of a layer, where its arrays begin, how far the rows of its values
# are apart. The last row is for the logits.
N_IN, N_OUT, WIDTH, WEIGHT_AT, TURNED_AT, VALUE_AT, VALUE_STEP, DELTA_AT = range(8)


class Network(NamedTuple):
    """The flat arrays of a network and its table (n_layers + 1, 8)."""

    table: np.ndarray
    weights: np.ndarray
    turned: np.ndarray  # the weights of all layers but the first, transposed
    values: np.ndarray  # what goes into each layer, and the logits, (rows, VALUE_STEP)
    slopes: np.ndarray  # of the activation after each layer, (rows, WIDTH)
    deltas: np.ndarray  # derivatives of the loss by what comes out of each layer, (rows, WIDTH)


class Plan(NamedTuple):
    """What stays the same from minibatch to minibatch."""

    activation: int
    independent: bool  # whether each output is a sigmoid of its own
    size: int  # rows of a minibatch
    dropout: np.ndarray  # the rate of each hidden layer
    seed: int


@jit
def layer_values(net, place, start, stop):
    """What comes out of a layer: its values times its weights."""
    layer, after = net.table[place], net.table[place + 1]
    apart, width, to_apart = layer[VALUE_STEP], layer[WIDTH], after[VALUE_STEP]
    product(net.values, layer[VALUE_AT] + start * apart, apart, 1, stop - start,
            net.weights, layer[WEIGHT_AT], width, width, layer[N_IN] + 1,
            net.values, after[VALUE_AT] + start * to_apart, to_apart)  # fmt: skip


@jit
def activate_layer(net, place, plan, key, start, stop):
    """Turn what came out of the layer before into what goes into this one, with a 1 at its end."""
    layer, before = net.table[place], net.table[place - 1]
    n_units, width = layer[N_IN], before[WIDTH]
    rate = plan.dropout[place - 1]
    for row in range(start, stop):
        at, slope_at = layer[VALUE_AT] + row * layer[VALUE_STEP], before[DELTA_AT] + row * width
        values, slopes = net.values[at : at + width], net.slopes[slope_at : slope_at + width]
        activate(plan.activation, values, slopes)
        if rate > 0:
            _drop(rate, mix(key + np.uint64(place)), row, values, slopes)
        for unit in range(n_units, width):
            values[unit] = 0
            slopes[unit] = 0
        net.values[at + n_units] = 1


@jit
def mix(bits):
    """Bits that look random, of a counter (G. Steele, D. Lea, C. Flood, OOPSLA 2014)."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


@jit
def _drop(rate, key, row, values, slopes):
    """Set units to 0 with probability `rate` and raise the others, so that the mean stays."""
    base, odd = mix(key + np.uint64(row)), np.uint64(0x9E3779B97F4A7C15)
    limit = np.uint64(rate * 2.0**32)
    raised, zero = values.dtype.type(1 / (1 - rate)), values.dtype.type(0)
    for unit in range(values.size):
        kept = (mix(base + np.uint64(unit) * odd) >> np.uint64(32)) >= limit
        factor = raised if kept else zero
        values[unit] *= factor
        slopes[unit] *= factor


@jit
def backward(net, start, stop):
    """The derivatives by what comes out of every layer, from those by the logits."""
    for place in range(net.table.shape[0] - 2, 0, -1):
        layer, before = net.table[place], net.table[place - 1]
        width, to_width = layer[WIDTH], before[WIDTH]
        to = before[DELTA_AT] + start * to_width
        product(net.deltas, layer[DELTA_AT] + start * width, width, 1, stop - start,
                net.turned, layer[TURNED_AT], to_width, to_width, layer[N_OUT],
                net.deltas, to, to_width)  # fmt: skip
        size = (stop - start) * to_width
        deltas, slopes = net.deltas[to : to + size], net.slopes[to : to + size]
        for i in range(size):
            deltas[i] *= slopes[i]


@jit
def layer_gradient(net, place, count, row, tall, out, at):
    """The gradient of `tall` rows of a layer's weights, over `count` samples."""
    layer = net.table[place]
    width = layer[WIDTH]
    product(net.values, layer[VALUE_AT] + row, 1, layer[VALUE_STEP], tall,
            net.deltas, layer[DELTA_AT], width, width, count,
            out, at, width)  # fmt: skip


@jit
def turn(net, place, row):
    """Transpose up to eight rows of a layer's weights, from `row` on, but for the bias."""
    layer, apart = net.table[place], net.table[place - 1, WIDTH]
    width, count = layer[WIDTH], min(TALL, layer[N_IN] - row)
    at, to = layer[WEIGHT_AT] + row * layer[WIDTH], layer[TURNED_AT] + row
    if count == TALL:
        for k in range(0, width, 8):
            transpose8(net.weights, at + k, width, net.turned, to + k * apart, apart)
        return
    for k in range(width):
        for i in range(count):
            net.turned[to + k * apart + i] = net.weights[at + i * width + k]


@jit
def turn_all(net):
    """Transpose the weights of all layers but the first."""
    for place in range(1, net.table.shape[0] - 1):
        for row in range(0, net.table[place, N_IN], TALL):
            turn(net, place, row)
