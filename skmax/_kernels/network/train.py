"""A network over its samples: logits, the objective, its gradient, minibatches of a method.

Several threads may run `train` together. Each has its share of the rows of a minibatch, forward
and backward, and then its share of the weights' rows, whose gradient it forms over all rows of the
minibatch. So an entry is computed by one thread, in the same order, for any number of threads.
"""

import numpy as np

from skmax._kernels.codegen.product import TALL
from skmax._kernels.compiling.jit import jit
from skmax._kernels.network.barrier import wait
from skmax._kernels.network.first_layer import first_gradient, first_layer, scatter
from skmax._kernels.network.layers import (
    N_IN,
    VALUE_AT,
    VALUE_STEP,
    WEIGHT_AT,
    WIDTH,
    activate_layer,
    backward,
    layer_gradient,
    layer_values,
    mix,
    turn,
)
from skmax._kernels.network.minibatch import gather, has_weight, loss, total_loss
from skmax._kernels.network.optimiser import update


@jit
def forward(rows, samples, net, plan, key, start, stop):
    """The logits of samples[start:stop], and all that leads to them."""
    first_layer(rows, samples, net, start, stop)
    for place in range(1, net.table.shape[0] - 1):
        activate_layer(net, place, plan, key, start, stop)
        layer_values(net, place, start, stop)


@jit
def train(rows, targets, weight, order, net, batch, plan, rule, memory, gradient, first, last,
          totals, door, thread, n_threads):  # fmt: skip
    """Minibatches first..last of an epoch that goes over the samples in `order`.

    totals[i] is the sum of weight times loss in minibatch i. A minibatch without weight is passed
    over. `gradient` is room for that of the first layer, all 0, where X is sparse.
    """
    scratch = np.empty(TALL * net.table[:-1, WIDTH].max(), net.weights.dtype)
    for number in range(first, last):
        begin = number * plan.size
        samples = order[begin : begin + plan.size]
        if not has_weight(samples, weight):
            totals[number] = 0
            continue
        count = samples.size
        start, stop = _share(count, thread, n_threads), _share(count, thread + 1, n_threads)
        gather(samples, targets, weight, 1.0 / count, batch, start, stop)
        key = mix(np.uint64(plan.seed) + np.uint64(number))
        forward(rows, samples, net, plan, key, start, stop)
        loss(net, batch, plan, start, stop)
        backward(net, start, stop)
        wait(door, n_threads)
        if thread == 0:
            totals[number] = total_loss(samples, weight, batch.losses)
        for place in range(net.table.shape[0] - 1):
            n_rows = net.table[place, N_IN] + 1
            begin, end = _share(n_rows, thread, n_threads), _share(n_rows, thread + 1, n_threads)
            if place == 0:
                scatter(rows, samples, net, gradient, begin, end)
            for row in range(begin, end, TALL):
                _descend(rows, count, net, place, row, min(TALL, end - row), rule, number, memory,
                         gradient, scratch)  # fmt: skip
        wait(door, n_threads)


@jit
def _share(count, part, parts):
    """Where the share of a thread begins: at whole tiles."""
    return count if part == parts else count * part // parts // TALL * TALL


@jit
def _descend(rows, count, net, place, row, tall, rule, number, memory, gradient, scratch):
    """Form the gradient of some rows of a layer's weights, and take the step for them."""
    layer = net.table[place]
    width, at = layer[WIDTH], layer[WEIGHT_AT] + row * layer[WIDTH]
    slope = scratch[: tall * width]
    if place == 0:
        first_gradient(rows, count, net, gradient, row, tall, slope)
    else:
        layer_gradient(net, place, count, row, tall, slope, 0)
    penalised = max(0, min(tall, layer[N_IN] - row)) * width
    update(rule, number, net.weights, slope, memory, at, penalised)
    if place > 0:
        turn(net, place, row)


@jit
def network_gradient(rows, targets, weight, samples, net, batch, plan, gradient):
    """The sum of weight times loss over `samples`; adds its gradient to that of all weights.

    In blocks of plan.size samples.
    """
    key, total = np.uint64(0), 0.0
    scratch = np.empty(TALL * net.table[:-1, WIDTH].max(), net.weights.dtype)
    for begin in range(0, samples.size, plan.size):
        block = samples[begin : begin + plan.size]
        count = block.size
        gather(block, targets, weight, 1.0, batch, 0, count)
        forward(rows, block, net, plan, key, 0, count)
        loss(net, batch, plan, 0, count)
        backward(net, 0, count)
        total += total_loss(block, weight, batch.losses)
        for place in range(net.table.shape[0] - 1):
            layer = net.table[place]
            if place == 0 and scatter(rows, block, net, gradient, 0, layer[N_IN] + 1):
                continue
            for row in range(0, layer[N_IN] + 1, TALL):
                tall = min(TALL, layer[N_IN] + 1 - row)
                size, at = tall * layer[WIDTH], layer[WEIGHT_AT] + row * layer[WIDTH]
                layer_gradient(net, place, count, row, tall, scratch, 0)
                for i in range(size):
                    gradient[at + i] += scratch[i]
    return total


@jit
def network_value(rows, targets, weight, samples, net, batch, plan):
    """The sum of weight times loss over `samples`, in blocks of plan.size."""
    key, total = np.uint64(0), 0.0
    for begin in range(0, samples.size, plan.size):
        block = samples[begin : begin + plan.size]
        gather(block, targets, weight, 1.0, batch, 0, block.size)
        forward(rows, block, net, plan, key, 0, block.size)
        loss(net, batch, plan, 0, block.size)
        total += total_loss(block, weight, batch.losses)
    return total


@jit
def network_logits(rows, samples, net, plan, out):
    """out[sample] = its logits, (n, K), in blocks of plan.size."""
    key, last = np.uint64(0), net.table[net.table.shape[0] - 1]
    for begin in range(0, samples.size, plan.size):
        block = samples[begin : begin + plan.size]
        forward(rows, block, net, plan, key, 0, block.size)
        for row in range(block.size):
            at = last[VALUE_AT] + row * last[VALUE_STEP]
            for k in range(out.shape[1]):
                out[block[row], k] = net.values[at + k]
