"""The data term: the weighted mean of the cross-entropy, a sum over the rows of X.

(1/S) sum_i s_i CE(targets_i, softmax(logits_i)),   S = sum_i s_i
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
import scipy.special

from skmax import _kernels, _threads
from skmax._design import Design
from skmax._design.chunks import block_rows, chunks, tree_sum
from skmax._objective.curvature import (
    TINY,
    active_hessian,
    class_covariance,
    pair_hessian,
    weighted_second_moments,
)
from skmax._objective.pairs import PairRows
from skmax._objective.probabilities import SharedProbabilities
from skmax._thread_choice import ThreadChoice

#: Times as many operations a second in a matrix of second moments as in a pass, in benchmarks of
#: both on one core with AVX-512.
MOMENTS_SPEED = 1.5
LOGIT_ROWS = 2**12  # whose logits are looked at while they lie in the cache
#: Products of an entry of X and an output from which a pass begins with all threads. On two cores
#: passes of 1 to 4 million took as long with two threads as with one, and up to half as long again
#: where another program had one of the cores; those of 10 million took 0.8 of the time.
LARGE = 4_000_000


_Answer = TypeVar("_Answer")


class DataTermPoint(Protocol):
    """The data term at one coef; immutable."""

    @property
    def coef(self) -> np.ndarray: ...
    @property
    def value(self) -> float: ...
    @property
    def gradient(self) -> np.ndarray: ...
    def hessian_product(self, directions: np.ndarray) -> np.ndarray: ...
    def hessian(self, max_rows: int | None = None) -> np.ndarray: ...
    def second_moments(
        self, max_rows: int | None = None, curvature_weight: float = 0.0
    ) -> np.ndarray: ...
    def class_covariance(self) -> np.ndarray: ...


class DataTerm(Protocol):
    """A sum over rows and nothing else, as a function of coef (n_outputs, n_columns).

    `shape` is that of coef, the last column the intercept; `resolution` is what a value may be off
    by, relative to it, through rounding; `threads` says how many are used at present.
    """

    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def resolution(self) -> float: ...
    @property
    def threads(self) -> int: ...
    def at(self, coef: np.ndarray) -> DataTermPoint: ...
    def hessian_cost(self, max_rows: int) -> float: ...


class _Last(NamedTuple):
    """What the last point of a data term was, and how often its memory had been taken then."""

    coef: np.ndarray
    value: float
    gradient: np.ndarray
    takes: int


class CrossEntropy:
    """The data term over the rows of a design.

    Parameters
    ----------
    design : DenseDesign or CsrDesign
        The standardised columns of X.
    targets : Labels, ClassProbabilities or BinaryTargets
        What each row should be, in the dtype of X.
    weight : ndarray of shape (n,)
        Sample weights, summing to 1 over all the rows that are added up: these and others.
    n_outputs : int
        Rows of `coef`: the number of classes, or 1 for two classes.
    threads : int
        How many threads may go over the rows.
    shared : SharedProbabilities, default=None
        Memory for the probabilities, where other data terms take it too.
    """

    rows_at_hand = True  # whether `pair_rows` may be asked for

    def __init__(
        self,
        design: Design,
        targets: _kernels.Targets,
        weight: np.ndarray,
        n_outputs: int,
        threads: int,
        shared: SharedProbabilities | None = None,
    ) -> None:
        self.design, self.targets, self.weight = design, targets, weight
        self.rounded_weight = weight.astype(design.dtype, copy=False)
        self.shape = (n_outputs, design.n_columns)
        self.resolution = float(max(np.finfo(design.dtype).eps, 16 * np.finfo(np.float64).eps))
        self.shared = shared or SharedProbabilities(n_outputs * design.n_rows, design.dtype)
        self.probabilities = self.shared.array(n_outputs, design.n_rows)
        self._curvature = _kernels.RowCurvature(self.rounded_weight, self.probabilities)
        self._terms = _kernels.RowTerms(targets, weight, self._curvature)
        operations = design.n_rows * design.entries_per_row * n_outputs
        large = operations >= LARGE
        self._most_threads = threads
        self._evaluations = ThreadChoice(threads, large)
        self._products = ThreadChoice(threads, large)
        #: Ranges of rows whose sums are formed separately.
        self.chunks = chunks(design.n_rows, int(np.prod(self.shape)), operations)
        # Rows that a pass works on at a time: they and their logits stay in the cache.
        size = block_rows(max(design.bytes_per_row, n_outputs * design.dtype.itemsize))
        self._last: _Last | None = None
        self._workspaces = _threads.Workspaces(
            ("pass", type(design.rows), design.dtype, design.bytes_per_row, n_outputs, size),
            lambda: _kernels.pass_workspace(design.rows, n_outputs, size),
        )

    @property
    def threads(self) -> int:
        """How many threads evaluations take at present."""
        return self._evaluations.threads

    def over(self, design: Design) -> "CrossEntropy":
        """The same of another design of these rows."""
        return CrossEntropy(design, self.targets, self.weight, self.shape[0], self._most_threads)

    def of(self, design: Design, targets: _kernels.Targets, weight: np.ndarray) -> "CrossEntropy":
        """The data term of other rows, which takes the memory of this one and its threads."""
        other = CrossEntropy(
            design, targets, weight, self.shape[0], self._most_threads, self.shared
        )
        other._evaluations, other._products = self._evaluations, self._products
        return other

    def __sizeof__(self) -> int:
        of_rows = self.targets[0].nbytes + self.weight.nbytes + self.probabilities.nbytes
        return int(self.design.n_bytes + of_rows)

    def __reduce__(self) -> tuple[Any, ...]:
        made_of = self.design, self.targets, self.weight, self.shape[0], self._most_threads
        return CrossEntropy, made_of

    def at(self, coef: np.ndarray) -> "CrossEntropyPoint":
        """Value, gradient and what a Hessian product needs, by one pass over the rows."""
        return CrossEntropyPoint(self, coef)

    def again_at(self, coef: np.ndarray) -> "CrossEntropyPoint":
        """The same; without a pass where the last point was, if its probabilities are still there.

        For questions that come one by one, each with its coefficients.
        """
        last = self._last
        if last is not None and last.takes == self.shared.takes and np.array_equal(last.coef, coef):
            point = CrossEntropyPoint.known(self, last.coef, last.value, last.gradient)
        else:
            point = self.at(coef)
        self._last = _Last(point.coef, point.value, point.gradient, self.shared.takes)
        return point

    def hessian_cost(self, max_rows: int) -> float:
        """How many Hessian products take as long as the Hessian of some rows and its factors."""
        return hessian_cost(max_rows, self.design.n_rows, self.design.entries_per_row, self.shape)

    def value_and_gradient(self, coef: np.ndarray) -> tuple[float, np.ndarray]:
        """Value and gradient at `coef`; the shared probabilities are those there then."""
        design, packed = self.design, self.design.packed_coef(coef)
        totals = design.zero_gradients(len(self.chunks), len(coef))

        def work(index: int) -> float:
            return _kernels.value_and_gradient(
                design.rows,
                packed,
                self._terms,
                *self.chunks[index],
                self._workspaces.of_thread(),
                totals[index],
            )

        values = self._over_chunks(work, self._evaluations)
        return tree_sum(values), design.gradient(totals, len(coef))

    def hessian_product(self, direction: np.ndarray) -> np.ndarray:
        """The Hessian at the shared probabilities times a direction of the shape of coef."""
        design, packed = self.design, self.design.packed_coef(direction)
        totals = design.zero_gradients(len(self.chunks), len(direction))

        def work(index: int) -> None:
            _kernels.hessian_product(
                design.rows,
                packed,
                self._curvature,
                *self.chunks[index],
                self._workspaces.of_thread(),
                totals[index],
            )

        self._over_chunks(work, self._products)
        return design.gradient(totals, len(direction))

    def _over_chunks(self, work: Callable[[int], _Answer], choice: ThreadChoice) -> list[_Answer]:
        """[work(index) for each chunk], by as many threads as take least time."""
        begun = time.perf_counter()
        answers = _threads.map_in_order(work, range(len(self.chunks)), choice.threads)
        choice.took(1, time.perf_counter() - begun)
        return answers

    def largest_change(self, step: np.ndarray) -> float:
        """The most by which a step, of the shape of coef, changes the difference of two logits.

        Along a direction that only lowers the loss, Newton's steps change some difference by 1 or
        more, however far the fit has come: with H s = -g and moves m_ij >= 0 of the pairs along
        the direction D, D'H s = -g'D says that the mean of (change of the mean logit) - (change of
        logit j), weighted by s_i p_ij m_ij, is 1. Near an optimum they change ever less.
        """
        design, packed = self.design, self.design.packed_coef(step)

        def work(chunk: tuple[int, int]) -> float:
            largest, workspace = 0.0, self._workspaces.of_thread()
            for first in range(*chunk, LOGIT_ROWS):
                last = min(first + LOGIT_ROWS, chunk[1])
                logits = np.empty((last - first, len(step)), design.dtype)
                _kernels.row_logits(design.rows, packed, first, last, workspace, logits)
                spread = np.abs(logits) if len(step) == 1 else np.ptp(logits, axis=1)
                largest = max(largest, float(spread.max()))
            return largest

        return max(_threads.map_in_order(work, self.chunks, self.threads))

    def pair_rows(self, coef: np.ndarray, step: np.ndarray | None) -> PairRows:
        """All rows, for what is to be told of pairs of classes."""
        rows_at = self.design.standardised_rows
        return PairRows(rows_at, self.targets, self.weight, self.at(coef).probabilities)

    def pair_rows_against(self, direction: np.ndarray, coef: np.ndarray) -> None:
        """None: all rows have been looked at."""

    def column_moments(self) -> np.ndarray:
        """The weighted second moments of all columns in float64, to tell which depend on others."""
        weight = np.ones(self.design.n_rows)
        return weighted_second_moments(self, None, weight, np.dtype(np.float64))


def hessian_cost(
    max_rows: int, n_rows: int, entries_per_row: float, shape: tuple[int, int]
) -> float:
    """How many Hessian products take as long as the Hessian of some rows and its factors."""
    n_outputs, n_columns = shape
    pairs = max(1, n_outputs * (n_outputs - 1) // 2)
    hessian = min(max_rows, n_rows) * pairs * n_columns**2 + (n_outputs * n_columns) ** 3
    product = 4 * n_rows * entries_per_row * n_outputs
    return hessian / (MOMENTS_SPEED * product)


class CrossEntropyPoint:
    """The data term at `coef`, with its value and its gradient.

    It has the probabilities of all rows as long as no other point has been made, and then makes
    them again from `coef` when they are asked for.
    """

    def __init__(self, data: CrossEntropy, coef: np.ndarray) -> None:
        self.data, self.coef = data, coef
        data.shared.take(self)
        self.value, self.gradient = data.value_and_gradient(coef)

    @classmethod
    def known(
        cls, data: CrossEntropy, coef: np.ndarray, value: float, gradient: np.ndarray
    ) -> "CrossEntropyPoint":
        """One where value and gradient are known, and whose probabilities are those kept."""
        point = cls.__new__(cls)
        point.data, point.coef, point.value, point.gradient = data, coef, value, gradient
        data.shared.take(point)
        return point

    @property
    def probabilities(self) -> np.ndarray:
        """Those of every row, (n_outputs, n), in the dtype of X."""
        if not self.data.shared.held_by(self):
            self.data.shared.take(self)
            self.data.value_and_gradient(self.coef)
        return self.data.probabilities

    def hessian_product(self, directions: np.ndarray) -> np.ndarray:
        """The Hessian times a direction of the shape of coef, or times each of (m, *shape)."""
        if directions.ndim == 3:
            return np.stack([self.hessian_product(direction) for direction in directions])
        _ = self.probabilities  # made again, where another point has taken their memory
        return self.data.hessian_product(directions)

    def hessian(self, max_rows: int | None = None) -> np.ndarray:
        """The Hessian (size, size), or an estimate of it from at most `max_rows` rows."""
        return pair_hessian(self.data, self.probabilities, max_rows)

    def active_hessian(self, active: np.ndarray) -> np.ndarray:
        """The Hessian (m, m) of the m coefficients that a mask of the shape of coef names."""
        return active_hessian(self.data, self.probabilities, active)

    def entropy(self, scale: float) -> float:
        """The weighted mean of the entropy of targets + scale (probabilities - targets).

        The dual value of the cross-entropy there, where scale times its gradient is dual feasible.
        """
        data, probabilities, parts = self.data, self.probabilities, []
        for start in range(0, data.design.n_rows, LOGIT_ROWS):
            rows = slice(start, start + LOGIT_ROWS)
            targets = target_probabilities(data.targets, len(self.coef), rows)
            mixed = targets + scale * (probabilities[:, rows] - targets)
            entropies = scipy.special.entr(mixed)
            if len(mixed) == 1:
                entropies += scipy.special.entr(1 - mixed)
            parts.append(float(entropies.sum(axis=0) @ data.weight[rows]))
        return tree_sum(parts)

    def second_moments(
        self, max_rows: int | None = None, curvature_weight: float = 0.0
    ) -> np.ndarray:
        """The weighted second moments of the columns, from at most `max_rows` rows.

        The fraction `curvature_weight` of each row's factor goes by its curvature, the trace of
        diag(p) - p p', relative to the mean.
        """
        factor = np.ones(self.data.design.n_rows)
        if curvature_weight > 0:
            curvature = np.empty_like(factor)
            _kernels.row_curvature(self.probabilities, np.ones(len(self.coef)), curvature)
            weight = self.data.weight
            mean = float(weight @ curvature) / max(float(weight.sum()), TINY)
            if mean > 0:
                curvature *= curvature_weight / mean
            factor = (1 - curvature_weight) + curvature
        return weighted_second_moments(self.data, max_rows, factor, self.data.design.dtype)

    def class_covariance(self) -> np.ndarray:
        """The weighted mean over the rows of diag(p) - p p', or of p (1 - p) for one output."""
        return class_covariance(self.data, self.probabilities)


def target_probabilities(targets: _kernels.Targets, n_outputs: int, rows: slice) -> np.ndarray:
    """What some rows should be, (n_outputs, rows), in float64."""
    if isinstance(targets, _kernels.Labels):
        return (targets.codes[rows] == np.arange(n_outputs)[:, None]).astype(np.float64)
    return np.atleast_2d(targets.probabilities[..., rows].astype(np.float64))
