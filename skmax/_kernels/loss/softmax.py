"""softmax, log_softmax and logsumexp of the rows of a row-major array; sigmoid of a flat one.

Short rows are turned into tiles, so that samples lie along the vector lanes. The entries of a long
row lie along the lanes themselves.
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
from skmax._kernels.compiling.jit import jit
from skmax._kernels.loss.tile import (
    LANES,
    fill,
    load_rows,
    log_sum,
    store_rows,
    tile_max,
    tile_others,
)

SHORT = 3  # vectors: rows of fewer entries are turned into tiles


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
def _max_of_row(flat, start, stop, tail):
    """The maximum of a long row; `tail` holds the entries that fill no vector."""
    top = tail
    for at in range(start, stop - width_of(flat) + 1, width_of(flat)):
        top = larger(load(flat, at), top)
    return lane_max(top)


@jit
def _softmax_pair(flat, a, b, n_classes, out):
    """The softmax of two long rows, which start at a and b, in step.

    Each step of a row waits for the one before; two rows keep the processor busy. The ragged ends
    stay in registers: read back after a masked store they would stall.
    """
    width = width_of(flat)
    rest = n_classes % width
    last = n_classes - rest
    tail_a = tail_b = splat(flat, -np.inf)
    if rest > 0:
        tail_a = load_first(flat, a + last, rest, tail_a)
        tail_b = load_first(flat, b + last, rest, tail_b)
    top_a, top_b = tail_a, tail_b
    for k in range(0, last, width):
        top_a = larger(load(flat, a + k), top_a)
        top_b = larger(load(flat, b + k), top_b)
    top_a, top_b = splat(flat, lane_max(top_a)), splat(flat, lane_max(top_b))
    # The compensated sum of `_softmax_lanes`.
    one = splat(flat, 1.0)
    total_a = total_b = one
    lost_a = lost_b = splat(flat, 0.0)
    if rest > 0:
        tail_a, tail_b = exp(tail_a - top_a), exp(tail_b - top_b)
        total_a, total_b = one + tail_a, one + tail_b
        lost_a, lost_b = tail_a - (total_a - one), tail_b - (total_b - one)
    for k in range(0, last, width):
        e = exp(load(flat, a + k) - top_a)
        store(out, a + k, e)
        before = total_a
        total_a = before + e
        lost_a = lost_a + (e - (total_a - before))
    for k in range(0, last, width):
        e = exp(load(flat, b + k) - top_b)
        store(out, b + k, e)
        before = total_b
        total_b = before + e
        lost_b = lost_b + (e - (total_b - before))
    sum_a, sum_b = lane_sum(total_a - one, lost_a), lane_sum(total_b - one, lost_b)
    total_a, inverse_a = splat(flat, sum_a), splat(flat, 1.0 / sum_a)
    total_b, inverse_b = splat(flat, sum_b), splat(flat, 1.0 / sum_b)
    for k in range(0, last, width):
        store(out, a + k, _quotient(load(out, a + k), total_a, inverse_a))
        store(out, b + k, _quotient(load(out, b + k), total_b, inverse_b))
    if rest > 0:
        store_first(out, a + last, rest, _quotient(tail_a, total_a, inverse_a))
        store_first(out, b + last, rest, _quotient(tail_b, total_b, inverse_b))


@jit
def _log_sum_of_row(flat, start, stop):
    """The maximum and log(sum(exp(z - max))) of a long row; see `tile_others`."""
    width = width_of(flat)
    rest = (stop - start) % width
    tail = splat(flat, -np.inf)
    if rest > 0:
        tail = load_first(flat, stop - rest, rest, tail)
    largest = _max_of_row(flat, start, stop, tail)
    top = splat(flat, largest)
    others = ties = lost = splat(flat, 0.0)
    if rest > 0:
        others, ties = others_and_ties(exp(tail - top), tail, top)
    for at in range(start, stop - rest, width):
        z = load(flat, at)
        other, tie = others_and_ties(exp(z - top), z, top)
        others, rounded = two_sum(others, other)
        ties, lost = ties + tie, lost + rounded
    at_top = np.float64(lane_sum(ties, splat(flat, 0.0)))
    return largest, log1p(np.float64(lane_sum(others, lost)) + (at_top - 1.0))


@jit
def _log_sum_of_tile(tile, n_classes, lanes, top, others, ties, lost):
    """The maximum and log(sum(exp(z - top))) of each lane of a tile."""
    fill(top, -np.inf)
    fill(others, 0.0)
    fill(ties, 0.0)
    fill(lost, 0.0)
    tile_max(tile, 0, LANES, n_classes, lanes, top)
    tile_others(tile, 0, LANES, n_classes, lanes, top, others, ties, lost)
    log_sum(others, ties, lanes)


@jit
def softmax_rows(logits, out):
    """out = softmax of each row of `logits` (n, K); both C-contiguous, of one dtype."""
    n_rows, n_classes = logits.shape
    if n_classes >= SHORT * width_of(logits):
        flat, flat_out = logits.reshape(-1), out.reshape(-1)
        pairs = n_rows // 2 * 2 * n_classes
        for start in range(0, pairs, 2 * n_classes):
            _softmax_pair(flat, start, start + n_classes, n_classes, flat_out)
        if pairs < flat.size:
            # The row without a partner goes with a copy of itself.
            pair = np.concatenate((flat[pairs:], flat[pairs:]))
            _softmax_pair(pair, 0, n_classes, n_classes, pair)
            flat_out[pairs:] = pair[:n_classes]
        return
    tile = np.zeros(n_classes * LANES, logits.dtype)
    for first in range(0, n_rows, LANES):
        lanes = min(LANES, n_rows - first)
        load_rows(logits, first, lanes, tile)
        for lane in range(0, lanes, width_of(tile)):
            _softmax_lanes(tile, lane)
        store_rows(tile, lanes, out, first)


@jit
def log_softmax_rows(logits, out):
    """out = (z - max) - log1p(sum over the others of exp(z - max)) for each row of (n, K)."""
    n_rows, n_classes = logits.shape
    if n_classes >= SHORT * width_of(logits):
        flat, flat_out = logits.reshape(-1), out.reshape(-1)
        for start in range(0, n_rows * n_classes, n_classes):
            stop = start + n_classes
            largest, log_of_sum = _log_sum_of_row(flat, start, stop)
            row, row_out = flat[start:stop], flat_out[start:stop]
            for k in range(n_classes):
                row_out[k] = (row[k] - largest) - log_of_sum
        return
    top, tile = np.empty(LANES, logits.dtype), np.empty(n_classes * LANES, logits.dtype)
    others, ties, lost = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    for first in range(0, n_rows, LANES):
        lanes = min(LANES, n_rows - first)
        load_rows(logits, first, lanes, tile)
        _log_sum_of_tile(tile, n_classes, lanes, top, others, ties, lost)
        for k in range(n_classes):
            z = tile[k * LANES : k * LANES + lanes]
            for lane in range(lanes):
                z[lane] = (z[lane] - top[lane]) - others[lane]
        store_rows(tile, lanes, out, first)


@jit
def logsumexp_rows(logits, out):
    """out[i] = max + log1p(sum over the others of exp(z - max)) for each row of (n, K)."""
    n_rows, n_classes = logits.shape
    if n_classes >= SHORT * width_of(logits):
        flat = logits.reshape(-1)
        for i in range(n_rows):
            start, stop = i * n_classes, (i + 1) * n_classes
            largest, log_of_sum = _log_sum_of_row(flat, start, stop)
            out[i] = largest + log_of_sum
        return
    top, tile = np.empty(LANES, logits.dtype), np.empty(n_classes * LANES, logits.dtype)
    others, ties, lost = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    for first in range(0, n_rows, LANES):
        lanes = min(LANES, n_rows - first)
        load_rows(logits, first, lanes, tile)
        _log_sum_of_tile(tile, n_classes, lanes, top, others, ties, lost)
        for lane in range(lanes):
            out[first + lane] = top[lane] + others[lane]


@jit
def sigmoid(logits, out):
    """out = 1 / (1 + exp(-z)), by exp(-|z|) so that nothing overflows."""
    for i in range(logits.size):
        z = logits[i]
        e = exp(-abs(z))
        numerator = e if z < 0 else e - e + 1
        out[i] = numerator / (1 + e)
