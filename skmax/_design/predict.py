"""Logits of X for the user's coefficients: what a prediction takes."""

from collections.abc import Callable

import numpy as np

from skmax import _kernels, _threads
from skmax._design.chunks import block_rows

CHUNK_ROWS = 2**15  # whose logits are finished while they lie in the cache


def predict_logits(
    X: np.ndarray,
    coef: np.ndarray,
    intercept: np.ndarray,
    threads: int,
    finish: Callable[[np.ndarray], None] | None = None,
) -> tuple[np.ndarray, bool]:
    """X coef' + intercept, (n, n_outputs), of dense X, and whether all of it is finite.

    X, `coef` (n_outputs, n_features) and `intercept` (n_outputs,) have the same dtype.
    `finish(logits)` may change the logits of each part in place.
    """
    if not (X.flags.c_contiguous or X.flags.f_contiguous):
        X = np.ascontiguousarray(X)
    n_outputs, n_features = coef.shape
    shift = _kernels.row_shift(np.zeros(n_features), True, X.dtype)
    packed = _kernels.aligned((n_outputs, shift.size), X.dtype)
    packed[...] = 0
    packed[:, :n_features], packed[:, n_features] = coef, intercept
    out = np.empty((len(X), n_outputs), X.dtype)
    rows, size = _kernels.dense_rows(X, shift), block_rows(shift.nbytes)
    workspaces = _threads.Workspaces(
        ("pass", type(rows), X.dtype, shift.nbytes, n_outputs, size),
        lambda: _kernels.pass_workspace(rows, n_outputs, size),
    )

    def work(start: int) -> bool:
        part = out[start : start + CHUNK_ROWS]
        stop = start + len(part)
        _kernels.row_logits(rows, packed, start, stop, workspaces.of_thread(), part)
        with np.errstate(over="ignore", invalid="ignore"):
            finite = bool(np.isfinite(part.sum()) or np.isfinite(part).all())
        if finish is not None:
            finish(part)
        return finite

    return out, all(_threads.map_in_order(work, range(0, len(X), CHUNK_ROWS), threads))
