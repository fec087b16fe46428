"""The first layer of a network: here alone dense and sparse rows part ways.

`samples` are the indices of the samples in a minibatch.
"""

from skmax._kernels.compiling.dispatch import by_type
from skmax._kernels.compiling.jit import jit
from skmax._kernels.linear.arrays import CsrRows
from skmax._kernels.network.arrays import (
    DELTA_OFFSET,
    N_IN,
    VALUE_OFFSET,
    VALUE_STRIDE,
    WEIGHT_OFFSET,
    WIDTH,
    DenseSamples,
)
from skmax._kernels.network.layers import layer_gradient, layer_values


@jit
def _dense_first(rows, samples, net, start, stop):
    layer = net.table[0]
    n_in, stride = layer[N_IN], layer[VALUE_STRIDE]
    for row in range(start, stop):
        entries, offset = rows.X[samples[row]], layer[VALUE_OFFSET] + row * stride
        values = net.values[offset : offset + stride]
        for i in range(n_in):
            values[i] = entries[i]
        values[n_in] = 1
    layer_values(net, 0, start, stop)


@jit
def _dense_scatter(rows, samples, net, gradient, begin, end):
    return False


@jit
def _dense_gradient(rows, count, net, gradient, row, n_rows, out):
    layer_gradient(net, 0, count, row, n_rows, out)


@jit
def _csr_first(rows, samples, net, start, stop):
    layer, after = net.table[0], net.table[1]
    width, bias = layer[WIDTH], layer[WEIGHT_OFFSET] + layer[N_IN] * layer[WIDTH]
    biases = net.weights[bias : bias + width]
    for row in range(start, stop):
        offset = after[VALUE_OFFSET] + row * after[VALUE_STRIDE]
        out = net.values[offset : offset + width]
        for k in range(width):
            out[k] = biases[k]
        for index in range(rows.indptr[samples[row]], rows.indptr[samples[row] + 1]):
            entry, column = rows.data[index], layer[WEIGHT_OFFSET] + rows.indices[index] * width
            weights = net.weights[column : column + width]
            for k in range(width):
                out[k] += entry * weights[k]


@jit
def _csr_scatter(rows, samples, net, gradient, begin, end):
    layer = net.table[0]
    width, n_in = layer[WIDTH], layer[N_IN]
    for row in range(samples.size):
        offset = layer[DELTA_OFFSET] + row * width
        deltas = net.deltas[offset : offset + width]
        for index in range(rows.indptr[samples[row]], rows.indptr[samples[row] + 1]):
            column = rows.indices[index]
            if begin <= column < end:
                entry, total = rows.data[index], gradient[column * width : (column + 1) * width]
                for k in range(width):
                    total[k] += entry * deltas[k]
        if begin <= n_in < end:
            total = gradient[n_in * width : (n_in + 1) * width]
            for k in range(width):
                total[k] += deltas[k]
    return True


@jit
def _csr_gradient(rows, count, net, gradient, row, n_rows, out):
    width = net.table[0, WIDTH]
    scattered = gradient[row * width : (row + n_rows) * width]
    for i in range(scattered.size):
        out[i] = scattered[i]
        scattered[i] = 0


#: first_layer(rows, samples, net, start, stop): what comes out of the first layer.
first_layer = by_type({DenseSamples: _dense_first, CsrRows: _csr_first})
#: scatter(rows, samples, net, gradient, begin, end): where X is sparse, add the gradient of rows
#: begin..end of the first layer's weights to `gradient` and return True.
scatter = by_type({DenseSamples: _dense_scatter, CsrRows: _csr_scatter})
#: first_gradient(rows, count, net, gradient, row, n_rows, out): the gradient of `n_rows` rows of
#: the first layer's weights, flat; where X is sparse what was scattered to them, then 0 again.
first_gradient = by_type({DenseSamples: _dense_gradient, CsrRows: _csr_gradient})
