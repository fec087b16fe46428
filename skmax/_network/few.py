"""Logits of a few samples: to lay the weights out for the kernels would take longer."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from skmax import _kernels
from skmax._kernels.network.activations import ACTIVATIONS


def logits_of_few(
    X: Any, coefs: Sequence[np.ndarray], intercepts: Sequence[np.ndarray], activation: str
) -> np.ndarray:
    """The logits (n, K) of X (n, p), dense or CSR, as products with the weights of each layer.

    X, `coefs` (n_in, n_out) and `intercepts` (n_out,) have the same dtype.
    """
    index = list(ACTIVATIONS).index(activation)
    values = X @ coefs[0] + intercepts[0]
    for weights, bias in zip(coefs[1:], intercepts[1:], strict=True):
        slopes = np.empty_like(values)
        _kernels.activate_units(index, values.reshape(-1), slopes.reshape(-1))
        values = values @ weights + bias
    return values
