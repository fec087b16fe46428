"""Inputs and tolerances that the tests of the functional layer share."""

import numpy as np
import pytest

from skmax import log_softmax, softmax

VIEWS = {
    "transposed": lambda a: a.T,
    "Fortran": np.asfortranarray,
    "every second": lambda a: a[::2, ::3],
    "backwards": lambda a: a[::-1, ::-1],
    "one column": lambda a: a[:, 1:2],
    "broadcast": lambda a: np.broadcast_to(a[:1], a.shape),
    "unaligned": lambda a: np.frombuffer(b"0" + a.tobytes(), a.dtype, offset=1).reshape(a.shape),
    "other byte order": lambda a: a.astype(a.dtype.newbyteorder()),
}

both = pytest.mark.parametrize("function", [softmax, log_softmax])


def normal(*shape, dtype=np.float64, scale=3.0, seed=0):
    return (scale * np.random.default_rng(seed).standard_normal(shape)).astype(dtype)


def close(dtype):
    return {"rtol": 1e-4, "atol": 1e-6} if dtype == np.float32 else {"rtol": 1e-12, "atol": 1e-14}
