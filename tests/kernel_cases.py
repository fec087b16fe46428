"""Sizes, inputs and tolerances that the tests of several kernels share."""

import numpy as np
import pytest

from skmax import _kernels

CLASSES = [1, 2, 3, 7, 16, 23, 24, 25, 31, 32, 33, 100, 257]
SAMPLES = [0, 1, 63, 64, 65, 130]

classes = pytest.mark.parametrize("n_classes", CLASSES)
samples = pytest.mark.parametrize("n_samples", SAMPLES)


def logits_of(n_rows, n_columns, dtype, scale=4.0):
    rng = np.random.default_rng(n_rows * 1000 + n_columns)
    return (scale * rng.standard_normal((n_rows, n_columns))).astype(dtype)


def frozen(array):
    array.flags.writeable = False
    return array


def rows_allowed(logits):
    """What rounding z - max may cost in each row, in ulp."""
    return 4 + np.ptp(logits.astype(np.float64), axis=1, keepdims=True)


def apply(kernel, logits):
    out = np.full_like(logits, 7.0)
    kernel(logits, rows_workspace_of(logits), out)
    return out


def rows_workspace_of(logits):
    return _kernels.rows_workspace(logits.shape[1], logits.dtype)


def assert_close(actual, exact, ulps=8, floor=0.0):
    """Within `ulps` of each entry, or of `floor` where an entry is smaller than that."""
    eps = np.finfo(actual.dtype).eps
    tolerance = ulps * eps * np.maximum(np.abs(exact.astype(np.float64)), floor)
    assert np.all(np.abs(actual - exact) <= tolerance + np.finfo(actual.dtype).tiny)


def weights_of(n_samples, dtype):
    return np.random.default_rng(n_samples + 1).uniform(0, 3, n_samples).astype(dtype)
