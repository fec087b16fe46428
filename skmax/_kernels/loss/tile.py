"""Steps of a softmax on a tile: logits of `lanes` samples, class by class, in a flat array.

The logit of class k and lane l lies at start + k * stride + l. All inner loops run along the lanes
and become vector code: hence the slices (an index that may be negative, as far as the compiler can
tell, is turned into a select) and the work in place (two arrays that may overlap are kept apart by
a test, which the same array given twice would fail).
"""

import numpy as np

from skmax._kernels.codegen.elementary import exp, log1p
from skmax._kernels.codegen.transpose import join_columns, split_columns, transpose8
from skmax._kernels.codegen.views import flat
from skmax._kernels.compiling.jit import jit
from skmax._kernels.loss.arrays import LANES


@jit
def fill(lanes, value):
    """Set every lane to `value`."""
    for lane in range(lanes.size):
        lanes[lane] = value


@jit
def tile_max(tile, start, stride, n_classes, lanes, top):
    """Raise `top` to the maximum of each lane."""
    for k in range(n_classes):
        logits = tile[start + k * stride : start + k * stride + lanes]
        for lane in range(lanes):
            z = logits[lane]
            top[lane] = z if z > top[lane] else top[lane]


@jit
def tile_others(tile, start, stride, n_classes, lanes, top, others, ties, lost):
    """Add exp(z - top) to `others`, but 1 to `ties` where z is the maximum.

    sum(exp(z - top)) = others + ties; kept apart, so that log(sum) = log1p(others + (ties - 1))
    keeps the digits of a confident row. exp(z - top) - 1 is 0 at the maximum unless that is
    infinite: then NaN. What additions to `others` round away is added at the end (D. E. Knuth's
    two-sum).
    """
    for k in range(n_classes):
        logits = tile[start + k * stride : start + k * stride + lanes]
        for lane in range(lanes):
            z = logits[lane]
            e = np.float64(exp(z - top[lane]))
            e = e - 1.0 if z == top[lane] else e
            before = others[lane]
            after = before + e
            of_e = after - before
            lost[lane] += (before - (after - of_e)) + (e - of_e)
            others[lane] = after
            ties[lane] += 1.0 if z == top[lane] else 0.0
    for lane in range(lanes):
        others[lane] += lost[lane]


@jit
def tile_exp_others(tile, start, stride, n_classes, lanes, top, others, ties):
    """`tile_others`, and each logit replaced by exp(z - top) in the same sweep."""
    for k in range(n_classes):
        logits = tile[start + k * stride : start + k * stride + lanes]
        for lane in range(lanes):
            z = logits[lane]
            e = exp(z - top[lane])
            logits[lane] = e
            wide = np.float64(e)
            others[lane] += wide - 1.0 if z == top[lane] else wide
            ties[lane] += 1.0 if z == top[lane] else 0.0


@jit
def log_sum(others, ties, lanes):
    """Turn `others` into log(sum(exp(z - top)))."""
    for lane in range(lanes):
        others[lane] = log1p(others[lane] + (ties[lane] - 1.0))


@jit
def load_rows(rows, first, lanes, tile):
    """Turn rows first, first + 1, ... of a row-major array into the lanes of a tile.

    In squares of 8 and what is left of eight rows; entry by entry where rows are left over, and at
    the end, beyond which nothing may be read.
    """
    n_rows, n_classes = rows.shape
    entries, squares = flat(rows), n_classes // 8 * 8
    whole = min(lanes, n_rows - first - 1) // 8 * 8
    for lane in range(0, whole, 8):
        start = (first + lane) * n_classes
        for k in range(0, squares, 8):
            transpose8(entries, start + k, n_classes, tile, k * LANES + lane, LANES)
        split_columns(entries, start + squares, n_classes, n_classes - squares,
                      tile, squares * LANES + lane, LANES)  # fmt: skip
    for lane in range(whole, lanes):
        for k in range(n_classes):
            tile[k * LANES + lane] = rows[first + lane, k]


@jit
def store_rows(tile, lanes, rows, first):
    """The inverse of `load_rows`."""
    n_classes, entries = rows.shape[1], flat(rows)
    whole, squares = lanes // 8 * 8, n_classes // 8 * 8
    for lane in range(0, whole, 8):
        start = (first + lane) * n_classes
        for k in range(0, squares, 8):
            transpose8(tile, k * LANES + lane, LANES, entries, start + k, n_classes)
        join_columns(tile, squares * LANES + lane, LANES, n_classes - squares,
                     entries, start + squares, n_classes)  # fmt: skip
    for lane in range(whole, lanes):
        for k in range(n_classes):
            rows[first + lane, k] = tile[k * LANES + lane]
