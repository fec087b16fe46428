"""What a softmax regression knows of a stream of rows that it does not keep.

Coefficients here are those of x - origin, the last column the intercept where there is one. Rows
come in blocks whose ends depend on the number of rows alone: however they are cut into calls, the
same sums are formed.
"""

from typing import Any, NamedTuple

import numpy as np

from skmax import _threads
from skmax._design import Columns
from skmax._design.blocks import design_over
from skmax._design.chunks import SMALL
from skmax._estimators.targets import Targets
from skmax._objective import CrossEntropy, centred_over_classes
from skmax._solvers.averaged_newton import Iterates, block_end, stepped
from skmax.linear_model._moments import (
    ColumnSums,
    KroneckerInverse,
    class_covariance_of,
    no_moments,
    precision_of,
    second_moments,
    spread_of,
    with_rows,
)

#: Rows of one pass: their probabilities are held in memory, and copies of X where it needs some.
PASS_ROWS = 4096
#: The rows after which correlations are inverted again, as a multiple of those at the last time.
REFRESH = 1.5
#: What is left of the class covariance after as many rows again: it shrinks as a model learns.
#: With 0.5 the fractions that `averaged_newton` tells of were higher by up to a tenth.
FORGET = 0.1


class Stream(NamedTuple):
    """Sums over the rows so far, and where the steps have led. Arrays alone, none written to."""

    n_rows: int
    iterates: Iterates
    block_end: int  # the number of rows at which the present block ends
    block_weight: float
    block_gradient: np.ndarray  # (n_outputs, n_columns): of the loss of its rows, at the anchor
    block_covariance: np.ndarray  # (n_outputs, n_outputs): the sum of diag(p) - p p' over them
    covariance: np.ndarray  # the same over the blocks before, older ones counting less
    covariance_weight: float
    moments: ColumnSums
    precision: np.ndarray  # the inverse of the columns' correlations; (0, 0) for none
    refresh_at: int  # the number of rows from which on it is computed anew


class Terms(NamedTuple):
    """What of the estimator's parameters a stream goes by."""

    C: float
    fit_intercept: bool
    n_jobs: int | None

    @property
    def strength(self) -> float:
        """That of the penalty |W|^2 / 2 beside the sum over all rows."""
        return 1 / self.C  # 0 for an infinite C


def new_stream(
    coef: np.ndarray, origin: np.ndarray, n_rows: int, weight: float, unit: float
) -> Stream:
    """A stream that begins at these coefficients, which stand for so many rows.

    `unit` is the weight of a row, on average.
    """
    n_outputs = len(coef)
    # As of even chances, for as many rows as there are classes.
    n_classes = max(2, n_outputs)
    covariance = unit * (np.eye(n_classes) - 1 / n_classes)[:n_outputs, :n_outputs]
    return Stream(
        n_rows=n_rows,
        iterates=Iterates(coef, coef, weight),
        block_end=block_end(n_rows),
        block_weight=0.0,
        block_gradient=np.zeros_like(coef),
        block_covariance=np.zeros_like(covariance),
        covariance=covariance,
        covariance_weight=unit * n_classes,
        moments=no_moments(origin),
        precision=np.zeros((0, 0)),
        refresh_at=0,
    )


def advanced(stream: Stream, X: Any, targets: Targets, terms: Terms, *, new: bool = True) -> Stream:
    """The stream after some more rows; `new` says that its moments have not seen them yet."""
    start, n_rows = 0, X.shape[0]
    while start < n_rows:
        of_block = stream.block_end - stream.n_rows
        stop = min(n_rows, start + of_block, start + PASS_ROWS)
        part, some = X[start:stop], targets.subset(np.arange(start, stop))
        if new:
            stream = stream._replace(moments=with_rows(stream.moments, part, some.weight))
        stream = _with_sums(stream, part, some, terms)
        if stream.n_rows == stream.block_end:
            stream = _next_block(stream, terms)
        start = stop
    return stream


def restarted(stream: Stream, coef: np.ndarray) -> Stream:
    """The stream with other coefficients, which stand for all of its rows, in a new block."""
    iterates = Iterates(coef, coef, stream.iterates.weight + stream.block_weight)
    covariance, weight = _covariance(stream)
    return _in_new_block(stream, iterates, covariance, weight)


def average_of(stream: Stream, terms: Terms) -> np.ndarray:
    """The coefficients that all rows so far lead to: as if the present block ended here."""
    if stream.block_weight == 0:
        return stream.iterates.average
    return _after_block(stream, terms).average


def unpacked(
    coef: np.ndarray, origin: np.ndarray, intercept: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Weights and intercepts of the user's columns, in float64."""
    weights = centred_over_classes(coef[:, : origin.size])
    if not intercept:
        return weights, np.zeros(len(coef))
    return weights, centred_over_classes(coef[:, -1:] - (weights @ origin)[:, None])[:, 0]


def packed(weights: np.ndarray, biases: np.ndarray, origin: np.ndarray, intercept: bool) -> Any:
    """The inverse of `unpacked`."""
    weights = np.ascontiguousarray(weights, np.float64)
    if not intercept:
        return weights
    return np.ascontiguousarray(np.column_stack([weights, biases + weights @ origin]))


def data_term(
    X: Any, targets: Targets, origin: np.ndarray, n_outputs: int, terms: Terms
) -> CrossEntropy:
    """The weighted mean of the loss of some rows, as a function of coefficients of x - origin."""
    design = design_over(X, Columns(origin, np.ones(origin.size)), terms.fit_intercept)
    work = design.n_rows * design.entries_per_row * n_outputs
    threads = 1 if work < SMALL else _threads.n_threads(terms.n_jobs)
    weight = targets.weight / float(targets.weight.sum())
    return CrossEntropy(
        design, targets.for_kernels(n_outputs, design.dtype), weight, n_outputs, threads
    )


def _with_sums(stream: Stream, X: Any, targets: Targets, terms: Terms) -> Stream:
    """The stream after rows within the present block."""
    anchor, weight = stream.iterates.anchor, float(targets.weight.sum())
    point = data_term(X, targets, stream.moments.origin, len(anchor), terms).at(anchor)
    return stream._replace(
        n_rows=stream.n_rows + X.shape[0],
        block_weight=stream.block_weight + weight,
        block_gradient=stream.block_gradient + weight * point.gradient,
        block_covariance=stream.block_covariance + weight * point.class_covariance(),
    )


def _covariance(stream: Stream) -> tuple[np.ndarray, float]:
    """The sum of diag(p) - p p' and the weight behind it; older rows count less.

    The probabilities are those of rows that the anchor has not seen: those of rows that it has
    would vary less.
    """
    before = max(stream.iterates.weight, stream.covariance_weight)
    kept = FORGET ** (stream.block_weight / before)
    covariance = kept * stream.covariance + stream.block_covariance
    return covariance, kept * stream.covariance_weight + stream.block_weight


def _after_block(stream: Stream, terms: Terms) -> Iterates:
    """The iterates if the block ended here."""
    iterates, moments = stream.iterates, stream.moments
    weight = iterates.weight + stream.block_weight
    inverse = _inverse(stream, terms)
    # The penalty is spread over the rows so far: the block has its fraction of it.
    gradient, n_features = stream.block_gradient.copy(), moments.origin.size
    fraction = stream.block_weight / weight
    gradient[:, :n_features] += fraction * terms.strength * iterates.anchor[:, :n_features]
    # Beside more rows it is weaker, and the optimum another.
    drift = fraction * inverse.penalised(iterates.average)
    return stepped(iterates, gradient, stream.block_weight, inverse, drift)


def _inverse(stream: Stream, terms: Terms) -> KroneckerInverse:
    """The inverse of the mean Hessian, as far as the stream knows it."""
    covariance, covariance_weight = _covariance(stream)
    classes = class_covariance_of(covariance / covariance_weight)
    weight = stream.iterates.weight + stream.block_weight
    spread = spread_of(stream.moments, terms.fit_intercept)
    second = second_moments(spread, weight, weight / stream.n_rows, classes.mean)
    strength = terms.strength / weight
    return KroneckerInverse(classes, spread.mean, second, stream.precision, strength)


def _next_block(stream: Stream, terms: Terms) -> Stream:
    """The stream at the beginning of the next block."""
    if stream.n_rows >= stream.refresh_at:
        inverse = _inverse(stream, terms)
        stream = stream._replace(
            precision=precision_of(stream.moments, inverse.mean, inverse.second),
            refresh_at=int(np.ceil(REFRESH * stream.n_rows)),
        )
    return _in_new_block(stream, _after_block(stream, terms), *_covariance(stream))


def _in_new_block(
    stream: Stream, iterates: Iterates, covariance: np.ndarray, covariance_weight: float
) -> Stream:
    """The stream with empty sums over a block."""
    return stream._replace(
        iterates=iterates,
        block_end=block_end(stream.n_rows),
        block_weight=0.0,
        block_gradient=np.zeros_like(stream.block_gradient),
        block_covariance=np.zeros_like(stream.block_covariance),
        covariance=covariance,
        covariance_weight=covariance_weight,
    )
