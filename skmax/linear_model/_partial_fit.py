"""`partial_fit`: what the estimator keeps of a stream, and its coefficients when they are read."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

from skmax import _threads
from skmax._error_state import own_error_state
from skmax._estimators.samples import check_finite, read_samples
from skmax._estimators.targets import Targets, is_soft, read_soft, read_targets
from skmax.linear_model._minimise import Settings
from skmax.linear_model._problem import is_sparse
from skmax.linear_model._retained import (
    Rows,
    how_many_fit,
    joined,
    optimum,
    streamed,
    users_coef,
    with_more,
)
from skmax.linear_model._stream import Stream, Terms, advanced, new_stream, packed

#: Entries whose squares overflow, or nearly do, could not be summed.
LARGEST = 1e150


class Seen(NamedTuple):
    """A stream so far: its first rows, or what is known of more than can be kept."""

    dtype: np.dtype  # of the X of the first call
    terms: Terms
    settings: Settings  # of fits of the first rows
    rows: Rows | None
    stream: Stream | None


class ReadWhenAsked:
    """An attribute of a fit, or made of the stream when it is first read after `partial_fit`."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, model: Any, owner: type | None = None) -> Any:
        # What is in the instance's own dictionary comes first: this is for what is not there.
        seen = None if model is None else vars(model).get("_seen")
        if seen is None:
            name = type(model).__name__ if model is not None else getattr(owner, "__name__", "")
            raise AttributeError(f"{name!r} object has no attribute {self.name!r}")
        coef, intercept = coefficients(seen)
        vars(model).update(coef_=coef, intercept_=intercept)
        return vars(model)[self.name]


def check_allowed(C: float, l1_ratio: float, class_weight: Any) -> None:
    """Refuse parameters that need all rows."""
    if is_sparse(C, l1_ratio):
        raise ValueError(
            f"SoftmaxRegression: partial_fit allows no l1_ratio > 0, got {l1_ratio!r}: "
            "which coefficients are 0 is not known before all rows are"
        )
    if isinstance(class_weight, str):
        raise ValueError(
            "SoftmaxRegression: partial_fit allows no class_weight='balanced': give a dict"
        )


def classes_of(known: np.ndarray | None, given: Any, y: Any) -> np.ndarray:
    """All classes: those of the calls or the fit before, those given, or the columns of y."""
    classes = None if given is None else np.unique(given)
    if classes is not None and len(classes) < 2:
        raise ValueError(f"SoftmaxRegression: classes must name two classes or more, got {given!r}")
    if known is not None:
        if classes is not None and not np.array_equal(np.sort(known), classes):
            raise ValueError(f"SoftmaxRegression: classes={given!r} are not those before: {known}")
        return known
    if classes is not None:
        return classes
    if not is_soft(y):
        raise ValueError("SoftmaxRegression: the first call of partial_fit needs classes")
    return read_soft(y)[1]


def check_squares(X: Any) -> None:
    """Refuse entries that are so large that moments would overflow."""
    entries = X.data if scipy.sparse.issparse(X) else X
    largest = max(float(entries.max(initial=0.0)), -float(entries.min(initial=0.0)))
    if largest > LARGEST:
        large = scipy.sparse.coo_matrix(abs(X) > LARGEST)
        raise ValueError(
            f"X: the entries of column {int(large.col[0])} are so large that their squares "
            "overflow; divide it by a number"
        )


def first_seen(terms: Terms, settings: Settings, dtype: np.dtype) -> Seen:
    """A stream of no rows."""
    return Seen(dtype, terms, settings, Rows((), ()), None)


def seen_by_fit(
    of_fit: np.ndarray, coef: np.ndarray, intercept: np.ndarray, X: Any, seen: Seen
) -> Seen:
    """A stream that goes on from the coefficients of a fit, as if its rows had come first.

    `of_fit` is their number, their weight, and whether there are intercepts.
    """
    dense = seen.terms.fit_intercept and not scipy.sparse.issparse(X)
    origin = np.array(X[0] if dense else np.zeros(X.shape[1]), seen.dtype).astype(np.float64)
    begin = packed(coef, intercept, origin, seen.terms.fit_intercept)
    n_rows, weight = int(of_fit[0]), float(of_fit[1])
    stream = new_stream(begin, origin, n_rows, weight, weight / n_rows)
    return seen._replace(rows=None, stream=stream)


def seen_after(seen: Seen, X: Any, targets: Targets) -> Seen:
    """The stream after some more rows, all of which have weight."""
    stream = seen.stream
    with _threads.one_blas_thread():
        if seen.rows is not None:
            kept = how_many_fit(seen.rows, X)
            if not kept and not seen.rows.X:
                kept = 1  # however long it is
            if kept:
                rows = with_more(seen.rows, X[:kept], targets.subset(np.arange(kept)))
                seen = seen._replace(rows=rows)
                X, targets = X[kept:], targets.subset(np.arange(kept, len(targets.weight)))
            if X.shape[0] == 0:
                return seen
            assert seen.rows is not None
            stream = streamed(seen.rows, seen.terms, seen.settings)
        assert stream is not None
        stream = advanced(stream, X, targets, seen.terms)
    return seen._replace(rows=None, stream=stream)


def go_on(model: Any, X: Any, y: Any, sample_weight: Any, classes: Any) -> None:
    """Read the samples of a call of `partial_fit`, and set the attributes of the model."""
    check_allowed(model.C, model.l1_ratio, model.class_weight)
    state = vars(model)
    seen, of_fit = state.get("_seen"), state.get("_rows_of_fit")
    known = None if seen is None and of_fit is None else model.classes_
    names = classes_of(known, classes, y)
    X = read_samples(model, X, None if y is None else "no_validation", reset=known is None)
    check_finite(model, X)
    check_squares(X)
    targets = read_targets(y, sample_weight, model.class_weight, X.shape[0], names)
    terms = Terms(float(model.C), bool(model.fit_intercept), model.n_jobs)
    settings = Settings(model.solver, model.tol, model.max_iter)
    if seen is None:
        seen = first_seen(terms, settings, X.dtype)
        if of_fit is not None:
            begun = terms._replace(fit_intercept=bool(of_fit[2]))
            seen = seen._replace(dtype=model.coef_.dtype, terms=begun)
            seen = seen_by_fit(of_fit, model.coef_, model.intercept_, X, seen)
    if seen.stream is not None and seen.terms.fit_intercept != terms.fit_intercept:
        raise ValueError(
            f"SoftmaxRegression: partial_fit goes on with fit_intercept={seen.terms.fit_intercept}"
        )
    seen = seen._replace(terms=terms, settings=settings)
    X = _of_dtype(model, X, seen.dtype)
    X, targets = with_weight(X, targets)
    if X.shape[0] == 0:
        raise ValueError("SoftmaxRegression: no sample has weight, once class_weight is applied")
    seen = seen_after(seen, X, targets)
    for name in OF_A_FIT:
        state.pop(name, None)
    state.update(_seen=seen, classes_=names, n_iter_=np.array([1], np.int32))
    state.update(solver_="stream", converged_=False)


def _of_dtype(model: Any, X: Any, dtype: np.dtype) -> Any:
    """X in the precision of the first call, in which it must be finite, without duplicates."""
    if X.dtype != dtype:
        X = X.astype(dtype)
        check_finite(model, X)
    if scipy.sparse.issparse(X) and not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X


@own_error_state
def coefficients(seen: Seen) -> tuple[np.ndarray, np.ndarray]:
    """`coef_` and `intercept_` of all rows of a stream."""
    with _threads.one_blas_thread():
        if seen.stream is not None:
            return users_coef(seen.stream, seen.terms, seen.dtype)
        assert seen.rows is not None
        return optimum(*joined(seen.rows), seen.terms, seen.settings)


def with_weight(X: Any, targets: Targets) -> tuple[Any, Targets]:
    """The rows that have weight."""
    kept = targets.weight > 0
    if kept.all():
        return X, targets
    return X[kept], targets.subset(np.flatnonzero(kept))


#: What a fit says of itself that a stream does not know.
OF_A_FIT: Sequence[str] = (
    "coef_",
    "intercept_",
    "objective_",
    "optimality_gap_",
    "loss_curve_",
    "_rows_of_fit",
)
