"""One step of a stochastic method for some rows of weights, in one sweep over them."""

from typing import NamedTuple

import numpy as np

from skmax._kernels.compiling.jit import jit

SGD, NESTEROV, ADAM = range(3)


class Rule(NamedTuple):
    """The method and its constants; `rates` and `steps` have an entry for each minibatch."""

    method: int
    beta_1: float  # the momentum of SGD
    beta_2: float
    epsilon: float
    penalty: float  # alpha / S
    decay: float  # the weights' own, apart from the gradient (AdamW)
    rates: np.ndarray  # the learning rates
    steps: np.ndarray  # the same, but for Adam with the correction of both means


class Memory(NamedTuple):
    """What the method remembers of earlier gradients, laid out as the weights."""

    first: np.ndarray  # their mean, or the velocity
    second: np.ndarray  # the mean of their squares; empty for SGD


@jit
def update(rule, number, weights, gradient, memory, at, penalised):
    """Take the step of minibatch `number` for the weights from `at` on, given their gradient.

    The penalty and the decay are for the first `penalised` of them: biases have none.
    """
    size, rate = gradient.size, rule.steps[number]
    w = weights[at : at + size]
    penalty, kept = w.dtype.type(rule.penalty), w.dtype.type(1 - rule.rates[number] * rule.decay)
    if rule.penalty > 0:
        for i in range(penalised):
            gradient[i] += penalty * w[i]
    if rule.decay > 0:
        for i in range(penalised):
            w[i] *= kept
    first = memory.first[at : at + size]
    if rule.method == ADAM:
        _adam(rule, rate, w, gradient, first, memory.second[at : at + size])
    elif rule.method == NESTEROV:
        _nesterov(rule, rate, w, gradient, first)
    else:
        _sgd(rule, rate, w, gradient, first)


@jit
def _adam(rule, rate, w, g, mean, square):
    """D. P. Kingma, J. Ba, Adam, ICLR 2015, in the order of computation given at its section 2."""
    kind = w.dtype.type
    keep, keep_square = kind(rule.beta_1), kind(rule.beta_2)
    add, add_square = kind(1 - rule.beta_1), kind(1 - rule.beta_2)
    epsilon, minus = kind(rule.epsilon), kind(-rate)
    for i in range(w.size):
        m = keep * mean[i] + add * g[i]
        v = keep_square * square[i] + add_square * (g[i] * g[i])
        mean[i] = m
        square[i] = v
        w[i] += minus * m / (np.sqrt(v) + epsilon)


@jit
def _sgd(rule, rate, w, g, velocity):
    kind = w.dtype.type
    momentum, minus = kind(rule.beta_1), kind(-rate)
    for i in range(w.size):
        v = momentum * velocity[i] + minus * g[i]
        velocity[i] = v
        w[i] += v


@jit
def _nesterov(rule, rate, w, g, velocity):
    """I. Sutskever and others, On the importance of initialization and momentum, ICML 2013."""
    kind = w.dtype.type
    momentum, minus = kind(rule.beta_1), kind(-rate)
    for i in range(w.size):
        v = momentum * velocity[i] + minus * g[i]
        velocity[i] = v
        w[i] += momentum * v + minus * g[i]
