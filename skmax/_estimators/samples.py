"""How estimators read X: as floats, dense or CSR, all of them finite."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse
from sklearn.utils.validation import validate_data

from skmax._design.blocks import block_slices, in_blocks

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


def read_rows(model: Any, X: Any, y: Any = "no_validation", reset: bool = True) -> Any:
    """The same for what can read X in blocks: a large one of other real numbers stays as it is."""
    if not _stays_as_it_is(X):
        return read_samples(model, X, y, reset)
    validate_data(model, X, y, reset=reset, skip_check_array=True)
    return _of_one_index_type(X) if scipy.sparse.issparse(X) else X.view(np.ndarray)


def _stays_as_it_is(X: Any) -> bool:
    """Whether not all of X is to be converted to floats at once."""
    arrays = isinstance(X, np.ndarray) or (scipy.sparse.issparse(X) and X.format == "csr")
    if not (arrays and X.ndim == 2 and X.dtype.kind in "biuf" and min(X.shape) > 0):
        return False
    if scipy.sparse.issparse(X) and X.dtype == np.float16:  # of which SciPy slices none
        return False
    return X.dtype not in _FLOATS and in_blocks(X, 1)


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
    place = not_finite(X)
    if place is None:
        return
    row, column, what = place
    names = getattr(model, "feature_names_in_", None)
    name = "" if names is None else f" ({names[column]!r})"
    raise ValueError(f"Input X contains {what} in column {column}{name}, row {row}")


@contextlib.contextmanager
def entries_at_fault(model: Any, X: Any) -> Iterator[None]:
    """Errors within are due to an entry of X that is not finite, if there is one.

    What goes over a large X finds that out on the way, without a look at all of it before.
    """
    try:
        yield
    except ValueError:
        check_finite(model, X)
        raise


def not_finite(X: Any) -> tuple[int, int, str] | None:
    """Row and column of an entry that is not finite, and what it is; None where all are."""
    entries = X.data if scipy.sparse.issparse(X) else X
    if entries.dtype.kind != "f":
        return None
    for part in block_slices(len(entries), 8 * max(1, entries.size // max(1, len(entries)))):
        with np.errstate(over="ignore", invalid="ignore"):
            if np.isfinite(entries[part].sum()) or np.isfinite(entries[part]).all():
                continue
        place = tuple(int(index) for index in np.argwhere(~np.isfinite(entries[part]))[0])
        what = "NaN" if np.isnan(entries[part][place]) else "infinity"
        first, *column = part.start + place[0], *place[1:]
        if column:
            return first, column[0], what
        row = int(np.searchsorted(X.indptr, first, side="right")) - 1
        return row, int(X.indices[first]), what
    return None
