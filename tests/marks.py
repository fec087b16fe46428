"""Marks that many tests share."""

import sys

import numpy as np
import pytest
import reference

DTYPES = [np.float32, np.float64]

dtypes = pytest.mark.parametrize("dtype", DTYPES)
needs_wide = pytest.mark.skipif(
    not reference.WIDE_IS_WIDER, reason="long double has no digits to spare here"
)
needs_forks = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="forks are safe on Linux only"
)
