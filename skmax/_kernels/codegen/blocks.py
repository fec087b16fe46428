"""Counting blocks."""

from skmax._kernels.compiling.jit import jit


@jit
def n_blocks(count, size):
    """How many blocks of `size` hold `count`: a range with that step could raise, if it were 0."""
    return (count + size - 1) // size
