"""A network over its samples: logits, the objective, its gradient, minibatches of a method.

Several threads may run `train` together. Each has some rows of a minibatch, forward and backward,
and then some rows of the weights, whose gradient it forms over all rows of the minibatch. So an
entry is computed by one thread, in the same order, for any number of threads.
"""

import numpy as np

from skmax._kernels.codegen.blocks import n_blocks
from skmax._kernels.compiling.jit import jit
from skmax._kernels.network.arrays import (
    ABORTED,
    COMPLETED,
    N_IN,
    TILE_ROWS,
    VALUE_OFFSET,
    VALUE_STRIDE,
    WEIGHT_OFFSET,
    WIDTH,
)
from skmax._kernels.network.barrier import wait
from skmax._kernels.network.first_layer import first_gradient, first_layer, scatter
from skmax._kernels.network.layers import (
    activate_layer,
    backward,
    layer_gradient,
    layer_values,
    mix,
    transpose_tile,
)
from skmax._kernels.network.minibatch import gather, has_weight, loss, total_loss
from skmax._kernels.network.optimiser import update


@jit
def forward(rows, samples, net, config, key, start, stop):
    """The logits of samples[start:stop], and all that leads to them."""
    first_layer(rows, samples, net, start, stop)
    for index in range(1, net.table.shape[0] - 1):
        activate_layer(net, index, config, key, start, stop)
        layer_values(net, index, start, stop)


@jit
def train(rows, targets, weight, order, net, batch, config, step, state, gradient, first, last,
          totals, barrier, workspace, thread, n_threads):  # fmt: skip
    """Minibatches first..last of an epoch that goes over the samples in `order`, (n,).

    totals[i] is the sum of weight times loss in minibatch i. A minibatch without weight is passed
    over. `gradient` is memory for that of the first layer, all 0, where X is sparse; `workspace` is
    this thread's own. COMPLETED, or ABORTED where another thread has failed.
    """
    for number in range(first, last):
        # 1. The samples.
        begin = number * config.size
        samples = order[begin : begin + config.size]
        if not has_weight(samples, weight):
            totals[number] = 0
            continue
        count = samples.size
        # 2. Forward and backward, each thread over its rows.
        start, stop = _edge(count, thread, n_threads), _edge(count, thread + 1, n_threads)
        gather(samples, targets, weight, 1.0 / count, batch, start, stop)
        key = mix(np.uint64(config.seed) + np.uint64(number))
        forward(rows, samples, net, config, key, start, stop)
        loss(net, batch, workspace, start, stop)
        backward(net, start, stop)
        if wait(barrier, n_threads) == ABORTED:
            return ABORTED
        if thread == 0:
            totals[number] = total_loss(samples, weight, batch.losses)
        # 3. The step, each thread for its rows of the weights.
        for index in range(net.table.shape[0] - 1):
            n_rows = net.table[index, N_IN] + 1
            begin, end = _edge(n_rows, thread, n_threads), _edge(n_rows, thread + 1, n_threads)
            if index == 0:
                scatter(rows, samples, net, gradient, begin, end)
            for row in range(begin, end, TILE_ROWS):
                _descend(rows, count, net, index, row, min(TILE_ROWS, end - row), step, number,
                         state, gradient, workspace)  # fmt: skip
        if wait(barrier, n_threads) == ABORTED:
            return ABORTED
    return COMPLETED


@jit
def _edge(count, thread, n_threads):
    """Where the rows of a thread begin: at whole tiles."""
    if thread == n_threads:
        return count
    return count * thread // n_threads // TILE_ROWS * TILE_ROWS


@jit
def _descend(rows, count, net, index, row, n_rows, step, number, state, gradient, workspace):
    """Form the gradient of some rows of a layer's weights, and take the step for them."""
    layer = net.table[index]
    width, offset = layer[WIDTH], layer[WEIGHT_OFFSET] + row * layer[WIDTH]
    slope = workspace.gradient[: n_rows * width]
    if index == 0:
        first_gradient(rows, count, net, gradient, row, n_rows, slope)
    else:
        layer_gradient(net, index, count, row, n_rows, slope)
    penalised = max(0, min(n_rows, layer[N_IN] - row)) * width
    update(step, number, net.weights, slope, state, offset, penalised)
    if index > 0:
        transpose_tile(net, index, row)


@jit
def network_gradient(rows, targets, weight, samples, net, batch, config, workspace, gradient):
    """The sum of weight times loss over `samples`; adds its gradient to that of all weights.

    In blocks of config.size samples. The weights are transposed already.
    """
    key, total = np.uint64(0), 0.0
    for number in range(n_blocks(samples.size, config.size)):
        block = samples[number * config.size : (number + 1) * config.size]
        count = block.size
        gather(block, targets, weight, 1.0, batch, 0, count)
        forward(rows, block, net, config, key, 0, count)
        loss(net, batch, workspace, 0, count)
        backward(net, 0, count)
        total += total_loss(block, weight, batch.losses)
        for index in range(net.table.shape[0] - 1):
            n_rows = net.table[index, N_IN] + 1
            if index == 0 and scatter(rows, block, net, gradient, 0, n_rows):
                continue
            for row in range(0, n_rows, TILE_ROWS):
                _add_gradient(net, index, count, row, min(TILE_ROWS, n_rows - row), gradient,
                              workspace)  # fmt: skip
    return total


@jit
def _add_gradient(net, index, count, row, n_rows, gradient, workspace):
    """Add the gradient of some rows of a layer's weights."""
    layer = net.table[index]
    size, offset = n_rows * layer[WIDTH], layer[WEIGHT_OFFSET] + row * layer[WIDTH]
    layer_gradient(net, index, count, row, n_rows, workspace.gradient)
    for i in range(size):
        gradient[offset + i] += workspace.gradient[i]


@jit
def network_value(rows, targets, weight, samples, net, batch, config, workspace):
    """The sum of weight times loss over `samples`, in blocks of config.size."""
    key, total = np.uint64(0), 0.0
    for number in range(n_blocks(samples.size, config.size)):
        block = samples[number * config.size : (number + 1) * config.size]
        gather(block, targets, weight, 1.0, batch, 0, block.size)
        forward(rows, block, net, config, key, 0, block.size)
        loss(net, batch, workspace, 0, block.size)
        total += total_loss(block, weight, batch.losses)
    return total


@jit
def network_logits(rows, samples, net, config, out):
    """out[sample] = its logits, (n, K), in blocks of config.size."""
    key, last = np.uint64(0), net.table[net.table.shape[0] - 1]
    for number in range(n_blocks(samples.size, config.size)):
        block = samples[number * config.size : (number + 1) * config.size]
        forward(rows, block, net, config, key, 0, block.size)
        for row in range(block.size):
            offset = last[VALUE_OFFSET] + row * last[VALUE_STRIDE]
            for k in range(out.shape[1]):
                out[block[row], k] = net.values[offset + k]
