"""Initial weights: of a size that keeps the spread of values from layer to layer."""

import itertools
from collections.abc import Sequence

import numpy as np

from skmax._kernels.network.activations import ACTIVATIONS


def draw(
    sizes: Sequence[int], activation: str, random: np.random.RandomState
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights (n_in, n_out) and biases (n_out,) of each layer, all uniform in [-b, b].

    b^2 = 6 / n_in where a layer takes what a rectifier has halved (K. He and others, ICCV 2015);
    elsewhere 6 / (n_in + n_out), with 2 for 6 around a logistic function (X. Glorot, Y. Bengio,
    AISTATS 2010). Drawn in the order of scikit-learn.
    """
    kind, layers = ACTIVATIONS[activation], []
    for index, (n_in, n_out) in enumerate(itertools.pairwise(sizes)):
        if index > 0 and kind.rectifies:
            bound = np.sqrt(6.0 / n_in)
        else:
            bound = np.sqrt(kind.glorot / (n_in + n_out))
        weights = random.uniform(-bound, bound, (n_in, n_out))
        layers.append((weights, random.uniform(-bound, bound, n_out)))
    return layers
