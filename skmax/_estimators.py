"""What estimators share: how they read samples, and that an error leaves them as they were."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse
from sklearn.utils.validation import validate_data


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
