"""softmax, log_softmax and logsumexp of the rows of a row-major array; sigmoid of a flat one.

Short rows are transposed into tiles, so that samples lie along the vector lanes. The entries of a
long row lie along the lanes themselves.
"""

import numpy as np

from skmax._kernels.codegen.elementary import exp, log1p
from skmax._kernels.codegen.vector import (
    lane_max,
    lane_sum,
    larger,
    load,
    load_first,
    others_and_ties,
    splat,
    store,
    store_first,
    two_sum,
    width_of,
)
from skmax._kernels.codegen.views import flat
from skmax._kernels.compiling.jit import jit
from skmax._kernels.loss.arrays import LANES
from skmax._kernels.loss.tile import (
    fill,
    load_rows,
    log_sum,
    store_rows,
    tile_max,
    tile_others,
)

SHORT = 3  # vectors: rows of fewer entries are transposed into tiles


@jit
def _quotient(e, total, inverse):
    """The quotient of e and total, rounded about once, given inverse = 1 / total."""
    p = e * inverse
    return p + (e - p * total) * inverse


@jit
def _softmax_lanes(tile, lane):
    """The softmax of one vector of a tile's lanes, in place.

    The sum opens at 1, so that no summand is larger: what an addition rounds away is then known
    exactly (T. J. Dekker's fast two-sum) and gathered in `lost`.
    """
    top = load(tile, lane)
    for at in range(lane + LANES, tile.size, LANES):
        top = larger(load(tile, at), top)
    one, lost = splat(tile, 1.0), splat(tile, 0.0)
    total = one
    for at in range(lane, tile.size, LANES):
        e = exp(load(tile, at) - top)
        store(tile, at, e)
        before = total
        total = before + e
        lost = lost + (e - (total - before))
    total = (total - one) + lost
    inverse = one / total
    for at in range(lane, tile.size, LANES):
        store(tile, at, _quotient(load(tile, at), total, inverse))


@jit
def _max_of_row(entries, start, stop, tail):
    """The maximum of a long row; `tail` holds the entries that fill no vector."""
    top = tail
    for at in range(start, stop - width_of(entries) + 1, width_of(entries)):
        top = larger(load(entries, at), top)
    return lane_max(top)


@jit
def _softmax_pair(entries, a, b, n_classes, out):
    """The softmax of two long rows, which start at a and b, in step.

    Each step of a row waits for the one before; two rows keep the processor busy. The ragged ends
    stay in registers: read back after a masked store they would stall.
    """
    width = width_of(entries)
    rest = n_classes % width
    last = n_classes - rest
    tail_a = tail_b = splat(entries, -np.inf)
    if rest > 0:
        tail_a = load_first(entries, a + last, rest, tail_a)
        tail_b = load_first(entries, b + last, rest, tail_b)
    top_a, top_b = tail_a, tail_b
    for k in range(0, last, width):
        top_a = larger(load(entries, a + k), top_a)
        top_b = larger(load(entries, b + k), top_b)
    top_a, top_b = splat(entries, lane_max(top_a)), splat(entries, lane_max(top_b))
    # The compensated sum of `_softmax_lanes`.
    one = splat(entries, 1.0)
    total_a = total_b = one
    lost_a = lost_b = splat(entries, 0.0)
    if rest > 0:
        tail_a, tail_b = exp(tail_a - top_a), exp(tail_b - top_b)
        total_a, total_b = one + tail_a, one + tail_b
        lost_a, lost_b = tail_a - (total_a - one), tail_b - (total_b - one)
    for k in range(0, last, width):
        e = exp(load(entries, a + k) - top_a)
        store(out, a + k, e)
        before = total_a
        total_a = before + e
        lost_a = lost_a + (e - (total_a - before))
    for k in range(0, last, width):
        e = exp(load(entries, b + k) - top_b)
        store(out, b + k, e)
        before = total_b
        total_b = before + e
        lost_b = lost_b + (e - (total_b - before))
    sum_a, sum_b = lane_sum(total_a - one, lost_a), lane_sum(total_b - one, lost_b)
    total_a, inverse_a = splat(entries, sum_a), splat(entries, 1.0 / sum_a)
    total_b, inverse_b = splat(entries, sum_b), splat(entries, 1.0 / sum_b)
    for k in range(0, last, width):
        store(out, a + k, _quotient(load(out, a + k), total_a, inverse_a))
        store(out, b + k, _quotient(load(out, b + k), total_b, inverse_b))
    if rest > 0:
        store_first(out, a + last, rest, _quotient(tail_a, total_a, inverse_a))
        store_first(out, b + last, rest, _quotient(tail_b, total_b, inverse_b))


@jit
def _log_sum_of_row(entries, start, stop):
    """The maximum and log(sum(exp(z - max))) of a long row; see `tile_others`."""
    width = width_of(entries)
    rest = (stop - start) % width
    tail = splat(entries, -np.inf)
    if rest > 0:
        tail = load_first(entries, stop - rest, rest, tail)
    largest = _max_of_row(entries, start, stop, tail)
    top = splat(entries, largest)
    others = ties = lost = splat(entries, 0.0)
    if rest > 0:
        others, ties = others_and_ties(exp(tail - top), tail, top)
    for at in range(start, stop - rest, width):
        z = load(entries, at)
        other, tie = others_and_ties(exp(z - top), z, top)
        others, rounded = two_sum(others, other)
        ties, lost = ties + tie, lost + rounded
    at_top = np.float64(lane_sum(ties, splat(entries, 0.0)))
    return largest, log1p(np.float64(lane_sum(others, lost)) + (at_top - 1.0))


@jit
def _log_sum_of_tile(tile, n_classes, lanes, sums):
    """The maximum, `top`, and log(sum(exp(z - top))), `others`, of each lane of a tile."""
    top, others, ties, lost = sums.top, sums.others, sums.ties, sums.lost
    fill(top, -np.inf)
    fill(others, 0.0)
    fill(ties, 0.0)
    fill(lost, 0.0)
    tile_max(tile, 0, LANES, n_classes, lanes, top)
    tile_others(tile, 0, LANES, n_classes, lanes, top, others, ties, lost)
    log_sum(others, ties, lanes)


@jit
def softmax_rows(logits, workspace, out):
    """out = softmax of each row of `logits` (n, K); both C-contiguous, of one dtype."""
    n_rows, n_classes = logits.shape
    tile = workspace.tile
    if n_classes >= SHORT * width_of(logits):
        entries, entries_out = flat(logits), flat(out)
        pairs = n_rows // 2 * 2 * n_classes
        for pair in range(n_rows // 2):
            start = 2 * pair * n_classes
            _softmax_pair(entries, start, start + n_classes, n_classes, entries_out)
        if pairs < entries.size:
            # The row without a partner goes with a copy of itself.
            for k in range(n_classes):
                tile[k] = entries[pairs + k]
                tile[n_classes + k] = entries[pairs + k]
            _softmax_pair(tile, 0, n_classes, n_classes, tile)
            for k in range(n_classes):
                entries_out[pairs + k] = tile[k]
        return
    for first in range(0, n_rows, LANES):
        lanes = min(LANES, n_rows - first)
        load_rows(logits, first, lanes, tile)
        for lane in range(0, lanes, width_of(tile)):
            _softmax_lanes(tile, lane)
        store_rows(tile, lanes, out, first)


@jit
def log_softmax_rows(logits, workspace, out):
    """out = (z - max) - log1p(sum over the others of exp(z - max)) for each row of (n, K)."""
    n_rows, n_classes = logits.shape
    if n_classes >= SHORT * width_of(logits):
        entries, entries_out = flat(logits), flat(out)
        for i in range(n_rows):
            start, stop = i * n_classes, (i + 1) * n_classes
            largest, log_of_sum = _log_sum_of_row(entries, start, stop)
            row, row_out = entries[start:stop], entries_out[start:stop]
            for k in range(n_classes):
                row_out[k] = (row[k] - largest) - log_of_sum
        return
    tile, sums = workspace.tile, workspace.sums
    for first in range(0, n_rows, LANES):
        lanes = min(LANES, n_rows - first)
        load_rows(logits, first, lanes, tile)
        _log_sum_of_tile(tile, n_classes, lanes, sums)
        for k in range(n_classes):
            z = tile[k * LANES : k * LANES + lanes]
            for lane in range(lanes):
                z[lane] = (z[lane] - sums.top[lane]) - sums.others[lane]
        store_rows(tile, lanes, out, first)


@jit
def logsumexp_rows(logits, workspace, out):
    """out[i] = max + log1p(sum over the others of exp(z - max)) for each row of (n, K)."""
    n_rows, n_classes = logits.shape
    if n_classes >= SHORT * width_of(logits):
        entries = flat(logits)
        for i in range(n_rows):
            start, stop = i * n_classes, (i + 1) * n_classes
            largest, log_of_sum = _log_sum_of_row(entries, start, stop)
            out[i] = largest + log_of_sum
        return
    tile, sums = workspace.tile, workspace.sums
    for first in range(0, n_rows, LANES):
        lanes = min(LANES, n_rows - first)
        load_rows(logits, first, lanes, tile)
        _log_sum_of_tile(tile, n_classes, lanes, sums)
        for lane in range(lanes):
            out[first + lane] = sums.top[lane] + sums.others[lane]


@jit
def sigmoid(logits, out):
    """out = 1 / (1 + exp(-z)), by exp(-|z|) so that nothing overflows."""
    for i in range(logits.size):
        z = logits[i]
        e = exp(-abs(z))
        numerator = e if z < 0 else e - e + 1
        out[i] = numerator / (1 + e)
