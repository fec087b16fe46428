"""A network of dense layers: its weights, what it computes, and how it is trained.

    (1/S) sum_i s_i CE(targets_i, softmax(logits_i))  +  alpha / (2 S) |W|^2,   S = sum_i s_i

The cross-entropy is that of a sigmoid for one output, and the sum of those where each output is a
question of its own. The weights lie in one vector; dense and sparse rows part ways in the kernels.
"""

from skmax._network.initial import draw
from skmax._network.layers import ACTIVATIONS, Network
from skmax._network.optimisers import Optimiser, adam, sgd
from skmax._network.quasi_newton import minimise
from skmax._network.rates import SCHEDULES, Rate
from skmax._network.samples import Samples, arrays_of
from skmax._network.trainer import Diverged, Trainer

__all__ = [
    "ACTIVATIONS",
    "SCHEDULES",
    "Diverged",
    "Network",
    "Optimiser",
    "Rate",
    "Samples",
    "Trainer",
    "adam",
    "arrays_of",
    "draw",
    "minimise",
    "sgd",
]
