"""The data term as the sum of those of blocks of rows, wherever these are.

A point's sums are asked of the blocks' own points by functions of one of these; what they give is
added in a balanced tree over the index of the block.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from operator import methodcaller
from typing import Protocol, TypeVar

import numpy as np

from skmax import _kernels
from skmax._design import Design, RowBlocks, StandardisedColumns
from skmax._design.blocks import block_slices
from skmax._design.chunks import tree_sum
from skmax._objective.data_term import CrossEntropy, CrossEntropyPoint
from skmax._objective.pairs import PairRows, targets_of_rows
from skmax._objective.probabilities import SharedProbabilities

#: What the probabilities of all rows may take without blocks: a fit of 30,000 rows and 1000
#: classes, 120 MB of them, takes 1.6 to 1.9 times as long with blocks.
MOST_BYTES = 2**28

_Sum = TypeVar("_Sum", float, np.ndarray)
_Answer = TypeVar("_Answer")


def needs_blocks(design: Design, n_outputs: int) -> bool:
    """Whether the probabilities of all rows are large, and larger than X."""
    size = n_outputs * design.n_rows * design.dtype.itemsize
    return design.sliceable and size > max(MOST_BYTES, design.n_bytes)


class BlockPoints(Protocol):
    """The data terms of all blocks at one coef."""

    def sum(self, of_point: Callable[[CrossEntropyPoint], _Sum]) -> _Sum:
        """What the points of the blocks add up to."""


class Blocks(Protocol):
    """Blocks of rows, each with a data term, whose weights sum to 1 over all blocks.

    `resolution` and `threads` are those of a data term. `sample` is one of some rows over which
    passes are far cheaper, if there is one: what is only estimated is estimated of these.
    `rows_at_hand` says whether `pair_rows` may be asked for.
    """

    @property
    def rows_at_hand(self) -> bool: ...

    @property
    def n_rows(self) -> int: ...
    @property
    def resolution(self) -> float: ...
    @property
    def threads(self) -> int: ...

    sample: "Data | None"

    def at(self, coef: np.ndarray) -> BlockPoints: ...
    def sum(self, of_block: Callable[[CrossEntropy], _Sum]) -> _Sum:
        """What the data terms of the blocks add up to."""

    def each(self, of_block: Callable[[CrossEntropy], _Answer]) -> Sequence[_Answer]:
        """What each block gives, in order."""

    def hessian_cost(self, max_rows: int) -> float:
        """How many Hessian products take as long as the Hessian of some rows and its factors."""

    def pair_rows(self, coef: np.ndarray, step: np.ndarray | None) -> PairRows:
        """The rows that are looked at for what is to be told of pairs of classes."""

    def pair_rows_against(self, direction: np.ndarray, coef: np.ndarray) -> PairRows | None:
        """Others, with pairs that a direction moves as it must not; None where there are none."""


class BlockedCrossEntropy:
    """The data term as a sum over blocks.

    Parameters
    ----------
    design : StandardisedColumns
        The columns of all blocks.
    blocks : Blocks
    n_outputs : int
        Rows of `coef`: the number of classes, or 1 for two classes.
    """

    def __init__(self, design: StandardisedColumns, blocks: Blocks, n_outputs: int) -> None:
        self.design, self.blocks = design, blocks
        self.shape = (n_outputs, design.n_columns)
        self.resolution, self.rows_at_hand = blocks.resolution, blocks.rows_at_hand

    @property
    def threads(self) -> int:
        """How many threads evaluations take at present."""
        return self.blocks.threads

    def at(self, coef: np.ndarray) -> "BlockedPoint":
        """Value and gradient, by one pass over the rows."""
        return BlockedPoint(self.blocks, coef)

    def hessian_cost(self, max_rows: int) -> float:
        """How many Hessian products take as long as the Hessian of some rows and its factors."""
        return self.blocks.hessian_cost(max_rows)

    def largest_change(self, step: np.ndarray) -> float:
        """The most by which a step changes the difference of two logits."""
        return max(self.blocks.each(methodcaller("largest_change", step)))

    def pair_rows(self, coef: np.ndarray, step: np.ndarray | None) -> PairRows:
        """The rows that are looked at for what is to be told of pairs of classes."""
        return self.blocks.pair_rows(coef, step)

    def pair_rows_against(self, direction: np.ndarray, coef: np.ndarray) -> PairRows | None:
        """Others, with pairs that a direction moves as it must not; None where there are none."""
        return self.blocks.pair_rows_against(direction, coef)

    def column_moments(self) -> np.ndarray:
        """The weighted second moments of all columns in float64."""
        return _symmetric(self.blocks.sum(partial(_upper_of, methodcaller("column_moments"))))


class BlockedPoint:
    """The data term at `coef`, with its value and its gradient: see CrossEntropyPoint."""

    def __init__(self, blocks: Blocks, coef: np.ndarray) -> None:
        self.coef, self._n_rows, self._sample = coef, blocks.n_rows, blocks.sample
        self._points = blocks.at(coef)
        total = self._points.sum(_gradient_and_value)
        self.gradient, self.value = total[:-1].reshape(coef.shape), float(total[-1])

    def hessian_product(self, directions: np.ndarray) -> np.ndarray:
        """The Hessian times a direction of the shape of coef, or times each of (m, *shape)."""
        return self._points.sum(methodcaller("hessian_product", directions))

    def hessian(self, max_rows: int | None = None) -> np.ndarray:
        """The Hessian (size, size), or an estimate of it from at most `max_rows` rows."""
        if max_rows is not None and self._of_sample is not None:
            return self._of_sample.hessian(max_rows)
        return self._points.sum(partial(_hessian, max_rows=max_rows, n_rows=self._n_rows))

    def active_hessian(self, active: np.ndarray) -> np.ndarray:
        """The Hessian (m, m) of the m coefficients that a mask of the shape of coef names."""
        return self._points.sum(methodcaller("active_hessian", active))

    def entropy(self, scale: float) -> float:
        """The weighted mean of the entropy of targets + scale (probabilities - targets)."""
        return self._points.sum(methodcaller("entropy", scale))

    def second_moments(
        self, max_rows: int | None = None, curvature_weight: float = 0.0
    ) -> np.ndarray:
        """The weighted second moments of the columns: see the block's, whose mean counts here."""
        if max_rows is not None and self._of_sample is not None:
            return self._of_sample.second_moments(max_rows, curvature_weight)
        of_block = partial(
            _second_moments,
            max_rows=max_rows,
            n_rows=self._n_rows,
            curvature_weight=curvature_weight,
        )
        return _symmetric(self._points.sum(partial(_upper_of, of_block)))

    def class_covariance(self) -> np.ndarray:
        """The weighted mean over the rows of diag(p) - p p', or an estimate of it."""
        if self._of_sample is not None:
            return self._of_sample.class_covariance()
        return self._points.sum(methodcaller("class_covariance"))

    @cached_property
    def _of_sample(self) -> "CrossEntropyPoint | BlockedPoint | None":
        """The point of the sample, made when it is first asked for; None where there is none."""
        return None if self._sample is None else self._sample.at(self.coef)


def share(max_rows: int | None, n_rows: int, n_all: int) -> int | None:
    """How many of at most so many of all rows a block of `n_rows` brings."""
    return None if max_rows is None else -(-min(max_rows, n_all) * n_rows // n_all)


def _gradient_and_value(point: CrossEntropyPoint) -> np.ndarray:
    return np.append(point.gradient, point.value)


def _hessian(point: CrossEntropyPoint, max_rows: int | None, n_rows: int) -> np.ndarray:
    return point.hessian(share(max_rows, point.data.design.n_rows, n_rows))


def _second_moments(
    point: CrossEntropyPoint, max_rows: int | None, n_rows: int, curvature_weight: float
) -> np.ndarray:
    some = share(max_rows, point.data.design.n_rows, n_rows)
    return point.second_moments(some, curvature_weight)


def _upper_of(symmetric: Callable[[_Answer], np.ndarray], of: _Answer) -> np.ndarray:
    """The entries of a symmetric matrix on and above its diagonal."""
    matrix = symmetric(of)
    return matrix[np.triu_indices(len(matrix))]


def _symmetric(upper: np.ndarray) -> np.ndarray:
    """The matrix of which these are the entries on and above the diagonal."""
    size = int(np.sqrt(2 * len(upper)))
    matrix = np.empty((size, size))
    rows, columns = np.triu_indices(size)
    matrix[rows, columns] = matrix[columns, rows] = upper
    return matrix


Data = CrossEntropy | BlockedCrossEntropy


class BlocksInTurn:
    """Blocks of rows gone over one after the other, which share memory for probabilities.

    Of rows that lie in a file, or are not floats, one block is read and converted at a time. Each
    product with the Hessian takes a pass of its own for the probabilities, twice the time of one.

    Parameters
    ----------
    design : DenseDesign, CsrDesign or RowBlocks
    targets, weight, n_outputs, threads
        As for CrossEntropy.
    sample : CrossEntropy, default=None
        A data term of some of the rows.
    """

    rows_at_hand = True

    def __init__(
        self,
        design: Design | RowBlocks,
        targets: _kernels.Targets,
        weight: np.ndarray,
        n_outputs: int,
        threads: int,
        sample: CrossEntropy | None = None,
    ) -> None:
        self.sample: Data | None = sample
        self._n_sampled = 0 if sample is None else sample.design.n_rows
        self.design, self.targets, self.weight = design, targets, weight
        self.n_rows, itemsize = design.n_rows, design.dtype.itemsize
        copied = design.copied_bytes if isinstance(design, RowBlocks) else 0
        self.slices = block_slices(self.n_rows, n_outputs * itemsize + copied)
        longest = max(rows.stop - rows.start for rows in self.slices)
        shared = SharedProbabilities(n_outputs * longest, design.dtype)
        self._first = CrossEntropy(*self._rows(self.slices[0]), n_outputs, threads, shared)
        self.resolution = self._first.resolution

    @property
    def threads(self) -> int:
        """How many threads evaluations take at present."""
        return self._first.threads

    def __iter__(self) -> Iterator[CrossEntropy]:
        return (self._first.of(*self._rows(rows)) for rows in self.slices)

    def at(self, coef: np.ndarray) -> "PointsInTurn":
        """The data terms at `coef`, each of them made when it is asked for, and then left."""
        return PointsInTurn(self, coef)

    def sum(self, of_block: Callable[[CrossEntropy], _Sum]) -> _Sum:
        """What the data terms of the blocks add up to."""
        return tree_sum(of_block(block) for block in self)

    def each(self, of_block: Callable[[CrossEntropy], _Answer]) -> list[_Answer]:
        """What each block gives, in order."""
        return [of_block(block) for block in self]

    def hessian_cost(self, max_rows: int) -> float:
        """How many Hessian products take as long as the Hessian of some rows and its factors."""
        if self.sample is not None:
            fraction = self._n_sampled / self.n_rows
            return self.sample.hessian_cost(max_rows) * fraction / 2  # as a product takes two
        costs = [
            block.hessian_cost(share(max_rows, block.design.n_rows, self.n_rows) or 0)
            for block in self
        ]
        return float(np.mean(costs)) / 2  # a product takes a pass more

    def pair_rows(self, coef: np.ndarray, step: np.ndarray | None) -> PairRows:
        """All rows, with the probabilities of all of them at once."""
        parts = self.each(lambda block: block.at(coef).probabilities.copy())
        rows_at, probabilities = self.design.standardised_rows, np.concatenate(parts, axis=1)
        return PairRows(rows_at, self.targets, self.weight, probabilities)

    def pair_rows_against(self, direction: np.ndarray, coef: np.ndarray) -> None:
        """None: all rows have been looked at."""

    def _rows(self, rows: slice) -> tuple[Design, _kernels.Targets, np.ndarray]:
        targets = targets_of_rows(self.targets, rows)
        return self.design.of_rows(rows), targets, self.weight[rows]


class PointsInTurn:
    """The data terms of blocks at one `coef`, made anew for each sum."""

    def __init__(self, blocks: BlocksInTurn, coef: np.ndarray) -> None:
        self._blocks, self._coef = blocks, coef

    def sum(self, of_point: Callable[[CrossEntropyPoint], _Sum]) -> _Sum:
        """What the points of the blocks add up to."""
        return self._blocks.sum(lambda block: of_point(block.at(self._coef)))
