"""The first rows of a stream: kept, so that coefficients are the optimum of all of them.

When there are too many they are gone over once more, block by block, as the rows to come will be,
and dropped.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

from skmax._estimators.targets import Targets
from skmax.linear_model._minimise import Settings, minimise
from skmax.linear_model._moments import with_rows
from skmax.linear_model._problem import problem_of
from skmax.linear_model._separable import at_its_limit, separation_of
from skmax.linear_model._stream import (
    Stream,
    Terms,
    advanced,
    average_of,
    data_term,
    new_stream,
    packed,
    restarted,
    unpacked,
)

#: The most rows that are kept, and the most entries of X in them: 16 MB in float64.
MOST_ROWS, MOST_ENTRIES = 1000, 2**21
#: Of the rows that were kept, the fraction on which it is tried where the steps to come had better
#: begin: of the way from where the steps so far have led to the optimum, one of WAYS. Steps from
#: the optimum end at 0.01 of the way from the last optimum to the frequencies of the classes on raw
#: `letter`, at 0.15 and 0.12 on raw `satimage` and `covtype`, where 1000 rows are few; from the
#: steps at 0.06, 0.025 and 0.04; from where this leads at 0.01, 0.025 and 0.07.
TRIED, WAYS = 1 / 3, (0.0, 0.25, 0.5, 0.75, 1.0)
#: Rows for each coefficient from which on it is tried. The fits of digits (650 coefficients) take
#: as long as all else in a stream of 1400 rows, for 0.014 instead of 0.035.
LEAST_ROWS_TRIED = 2
#: How exactly the optimum is found where it is only a place to start from.
START_TOL = 1e-3
#: What a class that has not occurred yet counts as (R. Krichevsky, V. Trofimov, The performance of
#: universal encoding, IEEE Trans. Inf. Theory 27, 1981).
UNSEEN = 0.5


class Rows(NamedTuple):
    """Rows as they came, call by call."""

    X: tuple[Any, ...]  # arrays, or CSR matrices
    targets: tuple[Targets, ...]

    @property
    def n_rows(self) -> int:
        """How many there are."""
        return sum(part.shape[0] for part in self.X)

    @property
    def n_entries(self) -> int:
        """The entries of X in them."""
        return sum(part.nnz if scipy.sparse.issparse(part) else part.size for part in self.X)


def how_many_fit(rows: Rows, X: Any) -> int:
    """How many of the rows of X can be kept too: row by row, however they come."""
    n_rows, n_entries = MOST_ROWS - rows.n_rows, MOST_ENTRIES - rows.n_entries
    if not scipy.sparse.issparse(X):
        return max(0, min(X.shape[0], n_rows, n_entries // X.shape[1]))
    return int(np.searchsorted(X.indptr[1 : n_rows + 1], n_entries, side="right"))


def with_more(rows: Rows, X: Any, targets: Targets) -> Rows:
    """The rows and copies of some more."""
    kept = X.copy() if scipy.sparse.issparse(X) else np.array(X, order="C")
    return Rows((*rows.X, kept), (*rows.targets, targets))


def joined(rows: Rows) -> tuple[Any, Targets]:
    """All of them in one: CSR where each call has been."""
    sparse = [scipy.sparse.issparse(part) for part in rows.X]
    if all(sparse):
        X = scipy.sparse.vstack(rows.X, format="csr")
    else:
        X = np.vstack([part.toarray() if scipy.sparse.issparse(part) else part for part in rows.X])
    first = rows.targets[0]
    weight = np.concatenate([part.weight for part in rows.targets])
    if all(part.labels is not None for part in rows.targets):
        labels = np.concatenate([part.labels for part in rows.targets if part.labels is not None])
        return X, Targets(first.classes, weight, labels=labels)
    soft = [part.smoothed(0.0).class_probabilities for part in rows.targets]
    probabilities = np.hstack([part for part in soft if part is not None])
    return X, Targets(first.classes, weight, class_probabilities=probabilities)


def optimum(
    X: Any,
    targets: Targets,
    terms: Terms,
    settings: Settings,
    start: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """`coef_` and `intercept_` of a fit of these rows; where less than two classes occur, of none.

    With an intercept, a class that does not occur yet has a small probability. The fit may start
    from those of a fit of some of the rows.
    """
    totals = targets.class_totals()
    unseen = UNSEEN * float(totals.sum()) / X.shape[0]
    if np.count_nonzero(totals) < 2:
        return _frequencies(totals + unseen, X, terms)
    problem = problem_of(
        X, targets, C=terms.C, fit_intercept=terms.fit_intercept, n_jobs=terms.n_jobs
    )
    begin = np.zeros(problem.objective.shape) if start is None else problem.pack(*start)
    result = minimise(problem, begin, settings)
    separation, _ = separation_of(problem, result, settings.tol)
    if separation is not None:
        result = at_its_limit(problem, result, settings.max_iter)
    coef, intercept = problem.unpack(result.coef)
    if not problem.present.all():
        odds = unseen / float(totals.sum())
        intercept = _with_unseen(coef, intercept, X, odds, problem.present)
    return coef, intercept


def _frequencies(totals: np.ndarray, X: Any, terms: Terms) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of 0, and intercepts that give each class its frequency."""
    logs = np.log(totals)
    intercept = logs[1:] - logs[:1] if len(totals) == 2 else logs - logs.mean()
    if not terms.fit_intercept:
        intercept = np.zeros_like(intercept)
    return np.zeros((len(intercept), X.shape[1]), X.dtype), intercept.astype(X.dtype)


def _with_unseen(
    coef: np.ndarray, intercept: np.ndarray, X: Any, odds: float, present: np.ndarray
) -> np.ndarray:
    """The intercepts with those of classes that have not occurred: at these odds to the others."""
    logits = np.asarray(X @ coef[present].T, np.float64) + intercept[present]
    top = logits.max(axis=1, keepdims=True)
    sums = top[:, 0] + np.log(np.exp(logits - top).sum(axis=1))
    out = intercept.astype(np.float64)
    out[~present] = sums.mean() + np.log(odds)
    return (out - out.mean()).astype(intercept.dtype)


def streamed(rows: Rows, terms: Terms, settings: Settings) -> Stream:
    """The stream after the rows that were kept.

    It goes on from between where steps over them lead and their optimum: from what predicts the
    last of them best when found without them. With many coefficients, from the steps.
    """
    X, targets = joined(rows)
    n_rows, n_features = X.shape
    sparse = scipy.sparse.issparse(X)
    dense_mean = terms.fit_intercept and not sparse
    # In the precision of X, in which it is subtracted.
    origin = (X.mean(axis=0, dtype=np.float64) if dense_mean else np.zeros(n_features)).astype(
        X.dtype
    )
    n_outputs = 1 if len(targets.classes) == 2 else len(targets.classes)
    zeros = np.zeros((n_outputs, n_features + terms.fit_intercept))
    unit = float(targets.weight.mean())
    stream = new_stream(zeros, origin.astype(np.float64), 0, 0.0, unit)
    stream = stream._replace(moments=with_rows(stream.moments, X, targets.weight))
    before = int(n_rows * (1 - TRIED))
    head, tail = (targets.subset(np.arange(*ends)) for ends in ((0, before), (before, n_rows)))
    if LEAST_ROWS_TRIED * zeros.size > n_rows or np.count_nonzero(head.class_totals()) < 2:
        return advanced(stream, X, targets, terms, new=False)

    def loss(coef: np.ndarray) -> float:
        return data_term(X[before:], tail, stream.moments.origin, n_outputs, terms).at(coef).value

    def of_users(coef: np.ndarray, intercept: np.ndarray) -> np.ndarray:
        return packed(coef, intercept, stream.moments.origin, terms.fit_intercept)

    settings = replace(settings, tol=max(START_TOL, settings.tol))
    stream = advanced(stream, X[:before], head, terms, new=False)
    of_head = optimum(X[:before], head, terms, settings)
    by_steps, by_fit = average_of(stream, terms), of_users(*of_head)
    losses = [loss(by_steps + way * (by_fit - by_steps)) for way in WAYS]
    way = WAYS[int(np.argmin(losses))]
    stream = advanced(stream, X[before:], tail, terms, new=False)
    if way == 0:
        return stream
    coef = average_of(stream, terms)
    of_all = of_users(*optimum(X, targets, terms, settings, of_head))
    return restarted(stream, coef + way * (of_all - coef))


def users_coef(stream: Stream, terms: Terms, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """`coef_` and `intercept_` after all rows of a stream."""
    weights, biases = unpacked(
        average_of(stream, terms), stream.moments.origin, terms.fit_intercept
    )
    return weights.astype(dtype), biases.astype(dtype)
