"""The data term over blocks of rows in turn, where the probabilities of all would take too much."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from skmax import _kernels
from skmax._design import Design
from skmax._design.chunks import tree_sum
from skmax._objective.data_term import CrossEntropy, CrossEntropyPoint
from skmax._objective.probabilities import SharedProbabilities

#: What the probabilities of a block take, and what those of all rows may take without blocks: a fit
#: of 30,000 rows and 1000 classes, 120 MB of them, takes 1.6 to 1.9 times as long with blocks.
BLOCK_BYTES, MOST_BYTES = 2**24, 2**28

_Sum = TypeVar("_Sum", float, np.ndarray)


def needs_blocks(design: Design, n_outputs: int) -> bool:
    """Whether the probabilities of all rows are large, and larger than X."""
    size = n_outputs * design.n_rows * design.dtype.itemsize
    return design.sliceable and size > max(MOST_BYTES, design.n_bytes)


class BlockedCrossEntropy:
    """The data term as the sum of those of blocks of rows, which share memory for probabilities.

    Each product with the Hessian takes a pass of its own for them, twice the time of a product.

    Parameters
    ----------
    design, targets, weight, n_outputs, threads
        As for CrossEntropy.
    """

    def __init__(
        self,
        design: Design,
        targets: _kernels.Targets,
        weight: np.ndarray,
        n_outputs: int,
        threads: int,
    ) -> None:
        self.design, self.targets, self.weight = design, targets, weight
        self.shape = (n_outputs, design.n_columns)
        n_bytes = n_outputs * design.n_rows * design.dtype.itemsize
        n_blocks = 2 ** max(0, -(-n_bytes // BLOCK_BYTES) - 1).bit_length()
        edges = [design.n_rows * index // n_blocks for index in range(n_blocks + 1)]
        size = n_outputs * -(-design.n_rows // n_blocks)
        shared = SharedProbabilities(size, design.dtype)
        self.blocks = [
            CrossEntropy(
                design.of_rows(rows),
                targets_of_rows(targets, rows),
                weight[rows],
                n_outputs,
                threads,
                shared,
            )
            for rows in map(slice, edges, edges[1:])
        ]
        self.resolution = self.blocks[0].resolution

    @property
    def threads(self) -> int:
        """How many threads evaluations take at present."""
        return self.blocks[0].threads

    def at(self, coef: np.ndarray) -> "BlockedPoint":
        """Value and gradient, by one pass over the rows."""
        return BlockedPoint(self, coef)

    def hessian_cost(self, max_rows: int) -> float:
        """How many Hessian products take as long as the Hessian of some rows and its factors."""
        costs = [block.hessian_cost(self.share(block, max_rows)) for block in self.blocks]
        return float(np.mean(costs)) / 2  # a product takes a pass more

    def share(self, block: CrossEntropy, max_rows: int) -> int:
        """How many of so many rows a block brings."""
        return -(-max_rows * block.design.n_rows // self.design.n_rows)

    def largest_change(self, step: np.ndarray) -> float:
        """The most by which a step changes the difference of two logits."""
        return max(block.largest_change(step) for block in self.blocks)

    def column_moments(self) -> np.ndarray:
        """The weighted second moments of all columns in float64."""
        return tree_sum(block.column_moments() for block in self.blocks)


class BlockedPoint:
    """The data term at `coef`, with its value and its gradient: see CrossEntropyPoint."""

    def __init__(self, data: BlockedCrossEntropy, coef: np.ndarray) -> None:
        self._data, self.coef = data, coef
        values: list[float] = []

        def gradient_of(point: CrossEntropyPoint) -> np.ndarray:
            values.append(point.value)
            return point.gradient

        self.gradient = self._sum(gradient_of)
        self.value = tree_sum(values)

    @property
    def probabilities(self) -> np.ndarray:
        """Those of every row, (n_outputs, n), in memory of their own."""
        points = (block.at(self.coef) for block in self._data.blocks)
        return np.concatenate([point.probabilities.copy() for point in points], axis=1)

    def hessian_product(self, directions: np.ndarray) -> np.ndarray:
        """The Hessian times a direction of the shape of coef, or times each of (m, *shape)."""
        return self._sum(lambda point: point.hessian_product(directions))

    def hessian(self, max_rows: int | None = None) -> np.ndarray:
        """The Hessian (size, size), or an estimate of it from at most `max_rows` rows."""
        return self._sum(lambda point: point.hessian(self._share(point, max_rows)))

    def active_hessian(self, active: np.ndarray) -> np.ndarray:
        """The Hessian (m, m) of the m coefficients that a mask of the shape of coef names."""
        return self._sum(lambda point: point.active_hessian(active))

    def entropy(self, scale: float) -> float:
        """The weighted mean of the entropy of targets + scale (probabilities - targets)."""
        return self._sum(lambda point: point.entropy(scale))

    def second_moments(
        self, max_rows: int | None = None, curvature_weight: float = 0.0
    ) -> np.ndarray:
        """The weighted second moments of the columns: see the block's, whose mean counts here."""
        return self._sum(
            lambda point: point.second_moments(self._share(point, max_rows), curvature_weight)
        )

    def class_covariance(self) -> np.ndarray:
        """The weighted mean over the rows of diag(p) - p p', or of p (1 - p) for one output."""
        return self._sum(lambda point: point.class_covariance())

    def _share(self, point: CrossEntropyPoint, max_rows: int | None) -> int | None:
        return None if max_rows is None else self._data.share(point.data, max_rows)

    def _sum(self, of_point: Callable[[CrossEntropyPoint], _Sum]) -> _Sum:
        """What the points of the blocks add up to, each of them made for it and then left."""
        return tree_sum(of_point(block.at(self.coef)) for block in self._data.blocks)


def targets_of_rows(targets: _kernels.Targets, rows: slice) -> _kernels.Targets:
    """What some rows should be."""
    (array,) = targets
    return type(targets)(np.ascontiguousarray(array[..., rows]))
