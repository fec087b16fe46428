"""One step of a stochastic method for some rows of weights, in one sweep over them."""

import numpy as np

from skmax._kernels.compiling.jit import jit
from skmax._kernels.network.arrays import ADAM, NESTEROV


@jit
def update(config, number, weights, gradient, state, offset, penalised):
    """Take the step of minibatch `number` for the weights from `offset` on, given their gradient.

    The penalty and the decay are for the first `penalised` of them: biases have none.
    """
    stop, rate = offset + gradient.size, config.steps[number]
    w = weights[offset:stop]
    penalty = w.dtype.type(config.penalty)
    kept = w.dtype.type(1 - config.rates[number] * config.decay)
    if config.penalty > 0:
        for i in range(penalised):
            gradient[i] += penalty * w[i]
    if config.decay > 0:
        for i in range(penalised):
            w[i] *= kept
    first = state.first[offset:stop]
    if config.method == ADAM:
        _adam(config, rate, w, gradient, first, state.second[offset:stop])
    elif config.method == NESTEROV:
        _nesterov(config, rate, w, gradient, first)
    else:
        _sgd(config, rate, w, gradient, first)


@jit
def _adam(config, rate, w, g, mean, square):
    """D. P. Kingma, J. Ba, Adam, ICLR 2015, in the order of computation given at its section 2."""
    kind = w.dtype.type
    keep, keep_square = kind(config.beta_1), kind(config.beta_2)
    add, add_square = kind(1 - config.beta_1), kind(1 - config.beta_2)
    epsilon, minus = kind(config.epsilon), kind(-rate)
    for i in range(w.size):
        m = keep * mean[i] + add * g[i]
        v = keep_square * square[i] + add_square * (g[i] * g[i])
        mean[i] = m
        square[i] = v
        w[i] += minus * m / (np.sqrt(v) + epsilon)


@jit
def _sgd(config, rate, w, g, velocity):
    kind = w.dtype.type
    momentum, minus = kind(config.beta_1), kind(-rate)
    for i in range(w.size):
        v = momentum * velocity[i] + minus * g[i]
        velocity[i] = v
        w[i] += v


@jit
def _nesterov(config, rate, w, g, velocity):
    """I. Sutskever and others, On the importance of initialization and momentum, ICML 2013."""
    kind = w.dtype.type
    momentum, minus = kind(config.beta_1), kind(-rate)
    for i in range(w.size):
        v = momentum * velocity[i] + minus * g[i]
        velocity[i] = v
        w[i] += momentum * v + minus * g[i]
