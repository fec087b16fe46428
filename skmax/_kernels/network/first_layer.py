"""The first layer of a network: here alone dense and sparse rows part ways.

Rows are (X,) where dense and (data, indices, indptr) where sparse.
"""

from numba.extending import overload

from skmax._kernels.compiling.jit import jit
from skmax._kernels.network.layers import (
    DELTA_AT,
    N_IN,
    VALUE_AT,
    VALUE_STEP,
    WEIGHT_AT,
    WIDTH,
    layer_gradient,
    layer_values,
)


@jit
def _dense_first(rows, samples, net, start, stop):
    X = rows[0]
    layer = net.table[0]
    n_in, apart = layer[N_IN], layer[VALUE_STEP]
    for row in range(start, stop):
        entries = X[samples[row]]
        values = net.values[layer[VALUE_AT] + row * apart : layer[VALUE_AT] + (row + 1) * apart]
        for i in range(n_in):
            values[i] = entries[i]
        values[n_in] = 1
    layer_values(net, 0, start, stop)


@jit
def _dense_scatter(rows, samples, net, gradient, begin, end):
    return False


@jit
def _dense_gradient(rows, count, net, gradient, row, tall, out):
    layer_gradient(net, 0, count, row, tall, out, 0)


@jit
def _csr_first(rows, samples, net, start, stop):
    data, indices, indptr = rows
    layer, after = net.table[0], net.table[1]
    width, bias = layer[WIDTH], layer[WEIGHT_AT] + layer[N_IN] * layer[WIDTH]
    for row in range(start, stop):
        at = after[VALUE_AT] + row * after[VALUE_STEP]
        out = net.values[at : at + width]
        out[:] = net.weights[bias : bias + width]
        for place in range(indptr[samples[row]], indptr[samples[row] + 1]):
            entry, column = data[place], layer[WEIGHT_AT] + indices[place] * width
            weights = net.weights[column : column + width]
            for k in range(width):
                out[k] += entry * weights[k]


@jit
def _csr_scatter(rows, samples, net, gradient, begin, end):
    """Add the gradient of the rows begin..end of the first layer's weights."""
    data, indices, indptr = rows
    layer = net.table[0]
    width, n_in = layer[WIDTH], layer[N_IN]
    for row in range(samples.size):
        at = layer[DELTA_AT] + row * width
        deltas = net.deltas[at : at + width]
        for place in range(indptr[samples[row]], indptr[samples[row] + 1]):
            column = indices[place]
            if begin <= column < end:
                entry, to = data[place], gradient[column * width : (column + 1) * width]
                for k in range(width):
                    to[k] += entry * deltas[k]
        if begin <= n_in < end:
            to = gradient[n_in * width : (n_in + 1) * width]
            for k in range(width):
                to[k] += deltas[k]
    return True


@jit
def _csr_gradient(rows, count, net, gradient, row, tall, out):
    """What was scattered to some rows, which are 0 again after this."""
    width = net.table[0, WIDTH]
    scattered = gradient[row * width : (row + tall) * width]
    for i in range(scattered.size):
        out[i] = scattered[i]
        scattered[i] = 0


def first_layer(rows, samples, net, start, stop):
    """What comes out of the first layer."""
    raise TypeError("for jitted code")


def scatter(rows, samples, net, gradient, begin, end):
    """Where X is sparse: add the gradient of rows begin..end of the first layer's weights."""
    raise TypeError("for jitted code")


def first_gradient(rows, count, net, gradient, row, tall, out):
    """The gradient of `tall` rows of the first layer's weights."""
    raise TypeError("for jitted code")


@overload(first_layer)
def _choose_first_layer(rows, samples, net, start, stop):
    kernel = _dense_first if len(rows) == 1 else _csr_first
    return lambda rows, samples, net, start, stop: kernel(rows, samples, net, start, stop)


@overload(scatter)
def _choose_scatter(rows, samples, net, gradient, begin, end):
    kernel = _dense_scatter if len(rows) == 1 else _csr_scatter
    return lambda rows, samples, net, gradient, begin, end: kernel(
        rows, samples, net, gradient, begin, end
    )


@overload(first_gradient)
def _choose_first_gradient(rows, count, net, gradient, row, tall, out):
    kernel = _dense_gradient if len(rows) == 1 else _csr_gradient
    return lambda rows, count, net, gradient, row, tall, out: kernel(
        rows, count, net, gradient, row, tall, out
    )
