"""The objective in float64, with NumPy and SciPy only.

    (1/n) [ sum_i CE(y_i, W x_i + b)  +  ((1 - r) |W|^2 / 2 + r |W|_1) / C ],   r = l1_ratio

with one row of W for each class, or a single row (one sigmoid) for two classes, as scikit-learn has
it. The intercept b is not penalised.
"""

import numpy as np
from scipy.special import logsumexp

BLOCK_ELEMENTS = 2**21


def logit_blocks(X, coef, intercept):
    """Yield (rows, logits): slices of the rows of X, and their float64 logits."""
    coef = np.atleast_2d(np.asarray(coef, dtype=np.float64))
    intercept = np.asarray(intercept, dtype=np.float64)
    step = max(1, BLOCK_ELEMENTS // (X.shape[1] + len(coef)))
    for start in range(0, X.shape[0], step):
        rows = slice(start, start + step)
        yield rows, X[rows].astype(np.float64) @ coef.T + intercept


def evaluate(X, y, coef, intercept, C, l1_ratio=0.0):
    """Return (objective, training accuracy); (inf, 0) where they are not finite."""
    loss, correct = 0.0, 0
    # A diverged solver may overflow here; its objective is then inf.
    with np.errstate(over="ignore", invalid="ignore"):
        for rows, logits in logit_blocks(X, coef, intercept):
            losses, predicted = _losses(logits, y[rows])
            loss += losses.sum()
            correct += int((predicted == y[rows]).sum())
        squares = 0.5 * np.square(coef, dtype=np.float64).sum()
        norm = np.abs(coef, dtype=np.float64).sum()
        value = (loss + ((1 - l1_ratio) * squares + l1_ratio * norm) / C) / len(y)
    return (float(value), correct / len(y)) if np.isfinite(value) else (np.inf, 0.0)


def _losses(logits, labels):
    """Return each row's cross-entropy and its predicted class."""
    if logits.shape[1] == 1:
        score = logits[:, 0]
        return np.logaddexp(0.0, np.where(labels == 1, -score, score)), score > 0
    own = np.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
    return logsumexp(logits, axis=1) - own, logits.argmax(axis=1)
