"""How arrays lie in memory for the kernels."""

from typing import Any

import numpy as np

VECTOR_BYTES = 64


def aligned(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array that is not filled and begins where a vector may: no load crosses a cache line."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.empty(size + VECTOR_BYTES, np.uint8)
    start = -memory.ctypes.data % VECTOR_BYTES
    return memory[start : start + size].view(dtype).reshape(shape)


def read_only(array: np.ndarray) -> np.ndarray:
    """A view that cannot be written to: kernels are compiled for one kind of input."""
    view = array.view()
    view.flags.writeable = False
    return view


def whole_vectors(size: int, dtype: Any) -> int:
    """The number of entries in the vectors that hold `size` of them."""
    lanes = VECTOR_BYTES // np.dtype(dtype).itemsize
    return -(-size // lanes) * lanes
