"""How rows are cut: into chunks, whose sums are formed separately, and these into blocks.

The sums of chunks are added in a balanced binary tree over the chunk's index, everywhere: the sum
over two halves of the chunks is then the sum over the whole, to the last bit.
"""

import itertools
import operator
from collections.abc import Iterable
from typing import TypeVar

BLOCK_BYTES = 2**19  # a block of rows stays in the L2 cache, with its logits and residuals
CHUNK_BYTES = 2**24  # memory for the partial sums of all chunks of rows
MAX_CHUNKS = 16
#: Operations, products of an entry of X and an output, below which a second thread costs more than
#: it brings: on all rows, which are then one chunk, and on the rows of a chunk.
SMALL, CHUNK_OPERATIONS = 1_200_000, 500_000
SUM_OPERATIONS = 16  # on the rows of a chunk for each number of its partial sum

_Sum = TypeVar("_Sum")


def chunks(n_rows: int, sum_size: int, operations: float) -> list[tuple[int, int]]:
    """Ranges of rows to be summed separately: by shape alone, so that threads change no sum.

    `sum_size` is the number of float64 entries of a partial sum, `operations` those on all rows.
    The number of chunks is a power of two.
    """
    if operations < SMALL:
        return [(0, n_rows)]
    memory = CHUNK_BYTES // (8 * sum_size)
    worth = int(operations / (SUM_OPERATIONS * sum_size))
    most = min(MAX_CHUNKS, n_rows // 256, int(operations / CHUNK_OPERATIONS))
    count = max(1, min(most, max(2, min(memory, worth))))
    count = 2 ** (count.bit_length() - 1)
    edges = [n_rows * index // count for index in range(count + 1)]
    return list(itertools.pairwise(edges))


def block_rows(bytes_per_row: int) -> int:
    """How many rows make a block that fits the cache: whole tiles of the dense kernels."""
    return max(32, min(4096, BLOCK_BYTES // max(1, bytes_per_row))) // 8 * 8


def tree_sum(parts: Iterable[_Sum]) -> _Sum:
    """The sum of numbers, or of what adds up in the memory of some: neighbours first, then sums.

    Parts that are made as they are asked for are added at once: log2 of their number are kept.
    """
    sums: list[_Sum] = []  # of so many parts as the binary digits of their number say
    for count, part in enumerate(parts, 1):
        sums.append(part)
        while count % 2 == 0:
            _add_last(sums)
            count //= 2
    while len(sums) > 1:
        _add_last(sums)
    return sums[0]


def _add_last(sums: list[_Sum]) -> None:
    """Put the sum of the last two in their place."""
    last = sums.pop()
    sums[-1] = operator.iadd(sums[-1], last)
