"""Activations and their slopes, in place along the units of a row.

Each takes the inputs z of some units in `values`, leaves the outputs there, and in `slopes` the
derivatives of the outputs by the inputs.
"""

from skmax._kernels.codegen.elementary import exp, normal_tail
from skmax._kernels.compiling.jit import jit

IDENTITY, LOGISTIC, TANH, RELU, LEAKY_RELU, GELU, SILU = range(7)
LEAK = 0.01  # the slope of "leaky_relu" below 0
_DENSITY = 0.3989422804014327  # of the normal distribution at 0


@jit
def activate(activation, values, slopes):
    """Outputs and slopes of one of the activations above."""
    if activation == RELU:
        _leaky_relu(values, slopes, values.dtype.type(0))
    elif activation == LEAKY_RELU:
        _leaky_relu(values, slopes, values.dtype.type(LEAK))
    elif activation == LOGISTIC:
        _logistic(values, slopes)
    elif activation == TANH:
        _tanh(values, slopes)
    elif activation == SILU:
        _silu(values, slopes)
    elif activation == GELU:
        _gelu(values, slopes)
    else:
        for i in range(values.size):
            slopes[i] = 1


@jit
def _leaky_relu(values, slopes, leak):
    one = values.dtype.type(1)
    for i in range(values.size):
        z = values[i]
        slope = one if z > 0 else leak
        values[i] = slope * z
        slopes[i] = slope


@jit
def _logistic(values, slopes):
    one = values.dtype.type(1)
    for i in range(values.size):
        z = values[i]
        e = exp(-abs(z))
        p = (one if z > 0 else e) / (one + e)
        values[i] = p
        slopes[i] = p * (one - p)


@jit
def _tanh(values, slopes):
    """tanh |z| = (1 - e) / (1 + e), e = exp(-2 |z|): right to a rounding of 1."""
    one = values.dtype.type(1)
    for i in range(values.size):
        z = values[i]
        e = exp(-abs(z + z))
        t = (one - e) / (one + e)
        t = t if z > 0 else -t
        values[i] = t
        slopes[i] = one - t * t


@jit
def _silu(values, slopes):
    """z p(z) with the logistic p (S. Elfwing, E. Uchibe, K. Doya, Neural Networks 107, 2018)."""
    one = values.dtype.type(1)
    for i in range(values.size):
        z = values[i]
        e = exp(-abs(z))
        p = (one if z > 0 else e) / (one + e)
        values[i] = z * p
        slopes[i] = p + z * (p * (one - p))


@jit
def _gelu(values, slopes):
    """z P(N < z) for a normal N (D. Hendrycks, K. Gimpel, 2016, arXiv 1606.08415)."""
    one, half = values.dtype.type(1), values.dtype.type(-0.5)
    density = values.dtype.type(_DENSITY)
    for i in range(values.size):
        z = values[i]
        e = exp(half * (z * z))
        tail = normal_tail(abs(z)) * e
        p = one - tail if z > 0 else tail
        values[i] = z * p
        slopes[i] = p + z * (density * e)
