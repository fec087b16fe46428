"""Softmax classification for people who work in scikit-learn."""

from importlib.metadata import PackageNotFoundError, version

from skmax.functional import (
    cross_entropy,
    cross_entropy_with_grad,
    hardmax,
    log_softmax,
    logsumexp,
    sigmoid,
    softmax,
)
from skmax.linear_model import SoftmaxRegression
from skmax.neural_network import MLPClassifier

try:
    __version__ = version("skmax")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "unknown"

__all__ = [
    "MLPClassifier",
    "SoftmaxRegression",
    "cross_entropy",
    "cross_entropy_with_grad",
    "hardmax",
    "log_softmax",
    "logsumexp",
    "sigmoid",
    "softmax",
]
