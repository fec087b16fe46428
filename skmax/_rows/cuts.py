"""How rows are cut: into chunks, whose sums threads form apart, and these into blocks."""

import functools
import itertools
from collections.abc import Sequence

import numpy as np

BLOCK_BYTES = 2**19  # a block of rows stays in the L2 cache, with its logits and residuals
CHUNK_BYTES = 2**25  # room for the partial sums of all chunks of rows
MAX_CHUNKS = 16
WORTH_A_CHUNK = 500_000  # operations on its rows
WORTH_A_SUM = 16  # operations on the rows of a chunk for each number of its partial sum


def chunks(n_rows: int, sum_size: int, operations: float) -> list[tuple[int, int]]:
    """Ranges of rows to be summed apart: by shape alone, so that threads do not change the sums.

    `sum_size` is the number of float64 entries of a partial sum, `operations` those on all rows.
    """
    room = CHUNK_BYTES // (8 * sum_size)
    worth = int(operations / (WORTH_A_SUM * sum_size))
    most = min(MAX_CHUNKS, n_rows // 256, int(operations / WORTH_A_CHUNK))
    count = max(1, min(most, max(2, min(room, worth))))
    count = 2 ** (count.bit_length() - 1)  # threads come in even numbers
    edges = np.linspace(0, n_rows, count + 1).astype(int).tolist()
    return list(itertools.pairwise(edges))


def block_rows(bytes_per_row: int) -> int:
    """How many rows make a block that fits the cache: whole tiles of the dense kernels."""
    return max(32, min(4096, BLOCK_BYTES // max(1, bytes_per_row))) // 8 * 8


def add_up(parts: Sequence[np.ndarray]) -> np.ndarray:
    """The sum in the given order, in the memory of the first."""
    return functools.reduce(lambda total, part: np.add(total, part, out=total), parts)
