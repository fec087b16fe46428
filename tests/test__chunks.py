"""How rows are cut into chunks and blocks, and how the sums over these are added."""

import numpy as np
import pytest

from skmax._design.chunks import block_rows, chunks, tree_sum


@pytest.mark.parametrize("n", [1, 255, 256, 511, 512, 5000, 10**6])
@pytest.mark.parametrize("sum_size", [1, 10**5, 10**8])
@pytest.mark.parametrize("operations", [1, 1e6, 1e15])
def test_chunks_cover_all_rows_in_order(n, sum_size, operations):
    ranges = chunks(n, sum_size, operations)
    assert [start for start, _ in ranges] == [0, *(stop for _, stop in ranges[:-1])]
    assert ranges[-1][1] == n
    assert all(start < stop for start, stop in ranges)
    assert len(ranges) <= 16


@pytest.mark.parametrize("n", range(1, 18))
def test_sums_are_balanced_trees(n):
    names = [[str(i)] for i in range(n)]
    joined = tree_sum([np.array([f"{i}"], object) for i in range(n)])[0]
    assert joined == "".join(name for (name,) in names)
    values = np.random.default_rng(n).normal(size=n).tolist()

    def tree(some):
        if len(some) == 1:
            return some[0]
        half = 2 ** (len(some) - 1).bit_length() // 2
        return tree(some[:half]) + tree(some[half:])

    assert tree_sum(values) == tree(values)
    arrays = [np.full(3, value) for value in values]
    np.testing.assert_array_equal(tree_sum(arrays), tree(values))


@pytest.mark.parametrize("bytes_per_row", [0, 8, 300, 10**4, 10**9])
def test_a_block_is_whole_tiles_of_rows_and_fits_the_cache(bytes_per_row):
    count = block_rows(bytes_per_row)
    assert count % 8 == 0
    assert 32 <= count <= 4096
    assert count == 32 or count * bytes_per_row <= 2**19
