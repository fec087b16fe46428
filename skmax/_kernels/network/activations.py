"""The one table of activations: a name, a formula, and how to draw initial weights.

A formula takes a number z that goes into a unit, and the type of its precision; it gives the
output and the output's derivative. Formulas are plain Python, so that the names are known without
numba; `activate` has them compiled, with the kernels' own `exp` and `normal_tail`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

LEAK = 0.01  # slope of leaky_relu below 0 (A. Maas, A. Hannun, A. Ng, ICML 2013)
NORMAL_DENSITY = 0.3989422804014327  # 1 / sqrt(2 pi), the density of the normal distribution at 0


def exp(x):
    """exp(x) for x <= 0."""
    return np.exp(x)


def normal_tail(u):
    """P(N < -u) exp(u^2 / 2) of a normal N, for u >= 0."""
    import scipy.special

    return scipy.special.erfcx(u / np.sqrt(2)) / 2


def _identity(z, kind):
    return z, kind(1)


def _logistic(z, kind):
    one = kind(1)
    e = exp(-abs(z))
    p = (one if z > 0 else e) / (one + e)
    return p, p * (one - p)


def _tanh(z, kind):
    """tanh |z| = (1 - e) / (1 + e), e = exp(-2 |z|): right to a rounding of 1."""
    one = kind(1)
    e = exp(-abs(z + z))
    t = (one - e) / (one + e)
    t = t if z > 0 else -t
    return t, one - t * t


def _relu(z, kind):
    slope = kind(1) if z > 0 else kind(0)
    return slope * z, slope


def _leaky_relu(z, kind):
    slope = kind(1) if z > 0 else kind(LEAK)
    return slope * z, slope


def _gelu(z, kind):
    """z P(N < z) for a normal N (D. Hendrycks, K. Gimpel, 2016, arXiv 1606.08415)."""
    e = exp(kind(-0.5) * (z * z))
    tail = normal_tail(abs(z)) * e
    p = kind(1) - tail if z > 0 else tail
    return z * p, p + z * (kind(NORMAL_DENSITY) * e)


def _silu(z, kind):
    """z p(z) with the logistic p (S. Elfwing, E. Uchibe, K. Doya, Neural Networks 107, 2018)."""
    one = kind(1)
    e = exp(-abs(z))
    p = (one if z > 0 else e) / (one + e)
    return z * p, p + z * (p * (one - p))


class Activation(NamedTuple):
    """A formula, and what decides how large initial weights are."""

    formula: Callable[[Any, Any], tuple[Any, Any]]
    rectifies: bool = False  # takes about half of what goes in away (K. He and others, ICCV 2015)
    glorot: float = 6.0  # of X. Glorot, Y. Bengio, AISTATS 2010; scikit-learn has 2 for logistic


#: The activations by name; their indices in this order are what the kernels are told.
ACTIVATIONS = {
    "identity": Activation(_identity),
    "logistic": Activation(_logistic, glorot=2.0),
    "tanh": Activation(_tanh),
    "relu": Activation(_relu, rectifies=True),
    "leaky_relu": Activation(_leaky_relu, rectifies=True),
    "gelu": Activation(_gelu, rectifies=True),
    "silu": Activation(_silu, rectifies=True),
}
