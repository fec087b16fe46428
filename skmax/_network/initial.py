"""Initial weights: of a size that keeps the spread of values from layer to layer."""

import itertools
from collections.abc import Sequence

import numpy as np

RECTIFIERS = ("relu", "leaky_relu", "gelu", "silu")


def draw(
    sizes: Sequence[int], activation: str, random: np.random.RandomState
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights (n_in, n_out) and biases (n_out,) of each layer.

    Weights are uniform in [-b, b]. Before a rectifier b^2 = 6 / n_in, and biases are 0 (K. He and
    others, ICCV 2015); elsewhere b^2 = 6 / (n_in + n_out), with 2 for 6 before a logistic function,
    and biases from the same interval (X. Glorot, Y. Bengio, AISTATS 2010), in the order in which
    scikit-learn draws them.
    """
    layers = []
    for place, (n_in, n_out) in enumerate(itertools.pairwise(sizes)):
        last = place == len(sizes) - 2
        rectified = activation in RECTIFIERS and not last
        factor = 2.0 if activation == "logistic" else 6.0
        bound = np.sqrt(6.0 / n_in if rectified else factor / (n_in + n_out))
        weights = random.uniform(-bound, bound, (n_in, n_out))
        zero_bias = activation in RECTIFIERS
        bias = np.zeros(n_out) if zero_bias else random.uniform(-bound, bound, n_out)
        layers.append((weights, bias))
    return layers
