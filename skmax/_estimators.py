"""What estimators share: how they read samples, and that an error leaves them as they were."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import validate_data

from skmax._targets import read_sample_weight, read_soft


def read_samples(model: Any, X: Any, y: Any = "no_validation", reset: bool = True) -> Any:
    """X as a float array or CSR matrix; `check_finite` is to follow."""
    return validate_data(
        model,
        X,
        y,
        reset=reset,
        accept_sparse="csr",
        accept_large_sparse=True,
        dtype=[np.float64, np.float32],
        ensure_all_finite=False,
    )


def check_finite(model: Any, X: Any) -> None:
    """NaN or infinity is an error that names the column."""
    entries = X.data if scipy.sparse.issparse(X) else X
    with np.errstate(over="ignore", invalid="ignore"):
        fine = np.isfinite(entries.sum()) or np.isfinite(entries).all()
    if fine:
        return
    wrong = scipy.sparse.coo_matrix(X)
    place = int(np.argmax(~np.isfinite(wrong.data)))
    column, row = int(wrong.col[place]), int(wrong.row[place])
    names = getattr(model, "feature_names_in_", None)
    name = "" if names is None else f" ({names[column]!r})"
    what = "NaN" if np.isnan(wrong.data[place]) else "infinity"
    raise ValueError(f"Input X contains {what} in column {column}{name}, row {row}")


def with_first(logits: np.ndarray) -> np.ndarray:
    """The logits (n, 2) of both classes from that of the second: the first's is 0."""
    return np.concatenate([np.zeros_like(logits), logits], axis=1)


def share_on_predicted(y: Any, classes: np.ndarray, logits: np.ndarray, weight: Any) -> float:
    """The share of the soft labels' mass that lies on the class with the largest logit."""
    shares, _ = read_soft(y, classes)
    check_consistent_length(shares, logits)
    weight = read_sample_weight(weight, len(shares))
    hit = shares[np.arange(len(shares)), logits.argmax(axis=1)]
    return float(weight @ hit / (weight @ shares.sum(axis=1)))


@contextlib.contextmanager
def as_before_on_error(estimator: Any) -> Iterator[None]:
    """Give an estimator its attributes back if what runs within does not end well."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
