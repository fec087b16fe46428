"""Blocks of rows that are partitions on the workers of a cluster."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np

from skmax._objective import CrossEntropy, Data
from skmax._objective.data_term import CrossEntropyPoint, hessian_cost
from skmax._objective.pairs import PairRows
from skmax.dask._futures import Partitions
from skmax.dask._partitions import Recipe, asked, asked_at, rows_against, unsettled_rows

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
        """Those rows of each partition that stand in the way most, and that run away most."""
        fraction = min(1.0, MOST_ROWS / 2 / self.n_rows)
        question = partial(unsettled_rows, coef=coef, step=step, fraction=fraction)
        return PairRows.joined(self.each(question))

    def pair_rows_against(self, direction: np.ndarray, coef: np.ndarray) -> PairRows | None:
        """Others, with pairs that a direction moves as it must not; None where there are none."""
        most = -(-MOST_AGAINST // len(self.terms))
        question = partial(rows_against, direction=direction, coef=coef, most=most)
        found = PairRows.joined(self.each(question))
        return found if len(found.weight) else None


class DistributedPoints:
    """The data terms of partitions at one `coef`, which travels with each question."""

    def __init__(self, terms: Partitions, coef: np.ndarray, ask: Callable[..., object]) -> None:
        self._terms, self._coef, self._ask = terms, coef, ask

    def sum(self, of_point: Callable[[CrossEntropyPoint], _Sum]) -> _Sum:
        """What the points of the partitions add up to."""
        return self._terms.map(self._ask, question=of_point, coef=self._coef).total()
