"""Logits of the user's rows for the user's coefficients: what a prediction takes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from skmax import _kernels, _threads
from skmax._rows.cuts import block_rows
from skmax._rows.layout import aligned, read_only
from skmax._rows.standardised import shift_of_block

CHUNK_ROWS = 2**15  # whose logits are finished while they lie in the cache


def users_logits(
    X: np.ndarray,
    coef: np.ndarray,
    intercept: np.ndarray,
    threads: int,
    finish: Callable[[np.ndarray, np.ndarray], Any] | None = None,
) -> tuple[np.ndarray, bool]:
    """X coef' + intercept, (n, n_outputs), of dense X, and whether all of it is finite.

    finish(logits, out) may replace each part.

    X, `coef` (n_outputs, n_features) and `intercept` (n_outputs,) have the same dtype.
    """
    if not (X.flags.c_contiguous or X.flags.f_contiguous):
        X = np.ascontiguousarray(X)
    n_outputs, n_features = coef.shape
    shift = shift_of_block(np.zeros(n_features), True, X.dtype)
    laid_out = aligned((n_outputs, shift.size), X.dtype)
    laid_out[...] = 0
    laid_out[:, :n_features], laid_out[:, n_features] = coef, intercept
    out = np.empty((len(X), n_outputs), X.dtype)
    arrays, size = (read_only(X), shift), block_rows(shift.nbytes)

    def work(start: int) -> bool:
        part = out[start : start + CHUNK_ROWS]
        _kernels.row_logits(arrays, laid_out, start, start + len(part), size, part)
        with np.errstate(over="ignore", invalid="ignore"):
            finite = bool(np.isfinite(part.sum()) or np.isfinite(part).all())
        if finish is not None:
            finish(part, part)
        return finite

    return out, all(_threads.map_in_order(work, range(0, len(X), CHUNK_ROWS), threads))
