"""Blocks of rows that are partitions on the workers of a cluster."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np

from skmax._objective import CrossEntropy, Data
from skmax._objective.data_term import CrossEntropyPoint, hessian_cost
from skmax._objective.pairs import LEVEL, PairRows
from skmax.dask._futures import Partitions
from skmax.dask._partitions import (
    Recipe,
    asked,
    asked_at,
    largest_move,
    n_against,
    rows_against,
    unsettled_rows,
)

_Sum = TypeVar("_Sum", float, np.ndarray)
_Answer = TypeVar("_Answer")

#: The most rows that leave their partitions, where separation is looked for: half of them at once,
#: and so many more in each of ten rounds.
MOST_ROWS, MOST_AGAINST = 10_000, 500


class DistributedBlocks:
    """Data terms of partitions, each where its partition is.

    Parameters
    ----------
    terms : Partitions
        A CrossEntropy of each partition.
    n_rows : int
        Of all of them.
    entries_per_row : float
        The entries of a row that a pass multiplies.
    recipe : Recipe
        What they have been made by.
    threads : int
        How many threads the client may use.
    rows_at_hand : bool
        Whether rows may leave their partitions.
    """

    sample: Data | None = None

    def __init__(
        self,
        terms: Partitions,
        n_rows: int,
        entries_per_row: float,
        recipe: Recipe,
        threads: int,
        rows_at_hand: bool,
    ) -> None:
        self.terms, self.n_rows, self.threads = terms, n_rows, threads
        self.rows_at_hand = rows_at_hand
        self._entries_per_row = entries_per_row
        self._shape = recipe.n_outputs, recipe.columns.shift.size + recipe.intercept
        eps = np.finfo(np.float64).eps
        self.resolution = float(max(np.finfo(recipe.dtype).eps, 16 * eps))
        self._gathered: PairRows | None = None
        self._asked_at = partial(asked_at, level=recipe.level)
        self._asked = partial(asked, level=recipe.level)

    def at(self, coef: np.ndarray) -> "DistributedPoints":
        """The data terms at `coef`."""
        return DistributedPoints(self.terms, coef, self._asked_at)

    def sum(self, of_block: Callable[[CrossEntropy], _Sum]) -> _Sum:
        """What the data terms of the blocks add up to."""
        return self.terms.map(self._asked, question=of_block).total()

    def each(self, of_block: Callable[[CrossEntropy], _Answer]) -> list[_Answer]:
        """What each block gives, in order."""
        return self.terms.map(self._asked, question=of_block).each()

    def hessian_cost(self, max_rows: int) -> float:
        """How many Hessian products take as long as the Hessian of some rows and its factors."""
        return hessian_cost(max_rows, self.n_rows, self._entries_per_row, self._shape)

    def pair_rows(self, coef: np.ndarray, step: np.ndarray | None) -> PairRows:
        """Rows that stand in the way most, and that run away most, gathered once."""
        if self._gathered is None:
            some = self._some(MOST_ROWS // 4)  # two rows of each at least
            question = partial(
                unsettled_rows, coef=coef, step=step, most=MOST_ROWS // 2 // len(some)
            )
            self._gathered = PairRows.joined(some.map(self._asked, question=question).each())
        return self._gathered

    def pair_rows_against(self, direction: np.ndarray, coef: np.ndarray) -> PairRows | None:
        """Others, with pairs that a direction moves as it must not; None where there are none."""
        moves = self.each(partial(largest_move, direction=direction))
        level = LEVEL * max(moves)
        counts = self.each(partial(n_against, direction=direction, level=level))
        numbers = np.flatnonzero(counts)[:MOST_AGAINST]
        if not len(numbers):
            return None
        most = MOST_AGAINST // len(numbers)
        question = partial(rows_against, direction=direction, coef=coef, level=level, most=most)
        some = self.terms.chosen(numbers.tolist())
        return PairRows.joined(some.map(self._asked, question=question).each())

    def _some(self, most: int) -> Partitions:
        """The partitions, so many at most."""
        return self.terms.chosen(range(0, len(self.terms), -(-len(self.terms) // most)))


class DistributedPoints:
    """The data terms of partitions at one `coef`, which travels with each question."""

    def __init__(self, terms: Partitions, coef: np.ndarray, ask: Callable[..., object]) -> None:
        self._terms, self._coef, self._ask = terms, coef, ask

    def sum(self, of_point: Callable[[CrossEntropyPoint], _Sum]) -> _Sum:
        """What the points of the partitions add up to."""
        return self._terms.map(self._ask, question=of_point, coef=self._coef).total()
