"""How estimators read X: as floats, dense or CSR, all of them finite."""

from typing import Any

import numpy as np
import scipy.sparse
from sklearn.utils.validation import validate_data

_FLOATS = (np.dtype(np.float64), np.dtype(np.float32))


def read_samples(model: Any, X: Any, y: Any = "no_validation", reset: bool = True) -> Any:
    """X as a float array or CSR matrix; `check_finite` is to follow."""
    if isinstance(y, str):
        if not reset:
            plain = _without_names(model, X)
            if plain is not None:
                return _of_one_index_type(plain)
        elif type(X) is np.ndarray and _is_as_needed(X) and X.shape[1] > 0:
            model.n_features_in_ = X.shape[1]
            model.__dict__.pop("feature_names_in_", None)
            return X
    read = validate_data(
        model,
        X,
        y,
        reset=reset,
        accept_sparse="csr",
        accept_large_sparse=True,
        dtype=[np.float64, np.float32],
        ensure_all_finite=False,
    )
    return read if isinstance(read, tuple) else _of_one_index_type(read)


def _of_one_index_type(X: Any) -> Any:
    """X; a CSR matrix whose index arrays were set by hand may have two types, which SciPy minds."""
    if not scipy.sparse.issparse(X) or X.indices.dtype == X.indptr.dtype:
        return X
    return type(X)((X.data, X.indices, X.indptr), shape=X.shape)


def _without_names(model: Any, X: Any) -> Any:
    """The floats of an X for a prediction that needs no further checks, else None.

    scikit-learn takes 50 us to tell that an array, and 300 us that a data frame, is as it was.
    """
    names = getattr(model, "feature_names_in_", None)
    if hasattr(X, "columns"):
        if names is None or not _is_plain_frame(X, names):
            return None
        X, names = X.to_numpy(), None
    if type(X) is np.ndarray and X.dtype.kind in "biu":
        X = X.astype(np.float64)
    fits = names is None and _is_as_needed(X)
    return X if fits and X.shape[1] == getattr(model, "n_features_in_", None) else None


def _is_plain_frame(frame: Any, names: np.ndarray) -> bool:
    """Whether a data frame has these columns, in order, all of NumPy's types: none is sparse."""
    return (
        hasattr(frame, "to_numpy")
        and np.array_equal(np.asarray(frame.columns, object), names)
        and all(isinstance(dtype, np.dtype) for dtype in frame.dtypes)
    )


def _is_as_needed(X: Any) -> bool:
    """Whether X is an array or a CSR matrix of floats, with some rows."""
    return (
        (type(X) is np.ndarray or (scipy.sparse.issparse(X) and X.format == "csr"))
        and X.dtype in _FLOATS
        and X.ndim == 2
        and X.shape[0] > 0
    )


def check_finite(model: Any, X: Any) -> None:
    """NaN or infinity is an error that names the column."""
    entries = X.data if scipy.sparse.issparse(X) else X
    with np.errstate(over="ignore", invalid="ignore"):
        fine = np.isfinite(entries.sum()) or np.isfinite(entries).all()
    if fine:
        return
    wrong = scipy.sparse.coo_matrix(X)
    entry = int(np.argmax(~np.isfinite(wrong.data)))
    column, row = int(wrong.col[entry]), int(wrong.row[entry])
    names = getattr(model, "feature_names_in_", None)
    name = "" if names is None else f" ({names[column]!r})"
    what = "NaN" if np.isnan(wrong.data[entry]) else "infinity"
    raise ValueError(f"Input X contains {what} in column {column}{name}, row {row}")
