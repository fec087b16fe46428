"""From Dask collections to an objective over their partitions."""

from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np
from distributed import Client

from skmax import _kernels, _threads
from skmax._design import StandardisedColumns, SummedColumns
from skmax._design.columns import Moments
from skmax._estimators.targets import check_two_classes, class_factors_of
from skmax._objective import BlockedCrossEntropy
from skmax.dask._blocks import DistributedBlocks
from skmax.dask._collections import Collections
from skmax.dask._futures import Partitions
from skmax.dask._partitions import (
    FoldRows,
    Recipe,
    Summary,
    data_term,
    sampled_term,
    summarise,
)
from skmax.linear_model._problem import Problem, objective_of

#: Rows of a sample, that a fit begins with and whose Hessian preconditions: so many, or so many for
#: each column; and how many times as many rows there must be.
SAMPLE_ROWS, ROWS_PER_COLUMN, WORTH = 20_000, 100, 8


@dataclass(frozen=True)
class DistributedSamples:
    """Samples in partitions, and what their sums say; `totals` (n_classes,) are of all classes.

    `may_gather` says whether some rows may leave their partitions.
    """

    partitions: Partitions
    recipe: Recipe
    moments: Moments
    totals: np.ndarray
    shape: tuple[int, int]
    sparse: bool
    entries_per_row: float
    may_gather: bool

    @property
    def total_weight(self) -> float:
        """S, the sum of the weights of the samples."""
        return self.recipe.total_weight

    def class_totals(self) -> np.ndarray:
        """The total weight of each class that has any."""
        return self.totals[self.recipe.kept]

    def in_float64(
        self, n_outputs: int, threads: int
    ) -> tuple[StandardisedColumns, BlockedCrossEntropy]:
        """The data term over their columns in float64."""
        dtype = np.dtype(np.float64)
        columns = self.moments.columns(self.recipe.intercept, dtype)
        exact = replace(self.recipe, columns=columns, dtype=dtype)
        return replace(self, recipe=exact).data(threads)

    def data(self, threads: int) -> tuple[StandardisedColumns, BlockedCrossEntropy]:
        """The data term with a sample of its rows, and the columns that it goes over."""
        design, data = self.data_alone(threads)
        some = max(SAMPLE_ROWS, ROWS_PER_COLUMN * design.n_columns)
        if self.shape[0] >= WORTH * some:
            of_sample = partial(sampled_term, fraction=some / self.shape[0])
            sampled = self.partitions.map(of_sample, recipe=self.recipe).made()
            of_blocks = self._blocks(sampled, some, threads)
            data.blocks.sample = BlockedCrossEntropy(design, of_blocks, self.recipe.n_outputs)
        return design, data

    def data_alone(self, threads: int) -> tuple[StandardisedColumns, BlockedCrossEntropy]:
        """The data term, and the columns that it goes over."""
        recipe = self.recipe
        design = SummedColumns(self.moments, recipe.intercept, recipe.dtype)
        terms = self.partitions.map(data_term, recipe=recipe).made()
        blocks = self._blocks(terms, self.shape[0], threads)
        return design, BlockedCrossEntropy(design, blocks, recipe.n_outputs)

    def problem(self, C: float, l1_ratio: float, n_jobs: int | None) -> Problem:
        """The problem of a fit."""
        recipe = self.recipe
        design, data = self.data(_threads.n_threads(n_jobs))
        objective = objective_of(data, design, C, l1_ratio, self.total_weight)
        present = recipe.kept if len(recipe.kept) > 2 else np.ones(1, bool)
        return Problem(self, design, data, objective, recipe.classes, present)

    def weighed(self, totals: np.ndarray, rows: FoldRows) -> "DistributedSamples":
        """The same samples of which some rows count, whose classes have these weights."""
        recipe = with_totals(replace(self.recipe, rows=rows), totals)
        return replace(self, recipe=recipe, totals=totals)

    def _blocks(self, terms: Partitions, n_rows: int, threads: int) -> DistributedBlocks:
        return DistributedBlocks(
            terms, n_rows, self.entries_per_row, self.recipe, threads, self.may_gather
        )


def read_samples(
    client: Client,
    samples: Collections,
    *,
    class_weight: Any,
    fit_intercept: bool,
    may_gather: bool = False,
) -> DistributedSamples:
    """Read collections; classes, their weights and the moments of columns are found in one pass."""
    level, dtype = lowest_level(client), samples.dtype
    read = Partitions(client, client.compute(samples.partitions()))
    summaries = read.numbered(summarise)
    total: Summary = summaries.total()
    if total.moments is None:
        raise ValueError("X has no rows")
    factors = class_factors_of(class_weight, total.classes, total.counts)
    totals = total.counts * factors
    check_two_classes(total.classes, totals)
    columns = total.moments.columns(fit_intercept, dtype)
    recipe = Recipe(
        columns, fit_intercept, total.classes, factors, totals > 0, 0.0, 0, dtype, level
    )
    rows = summaries.map(attrgetter("n_rows")).each()
    return DistributedSamples(
        read.chosen([index for index, n_rows in enumerate(rows) if n_rows]),
        with_totals(recipe, totals),
        total.moments,
        totals,
        (total.n_rows, len(total.moments.mean)),
        total.sparse,
        total.n_entries / total.n_rows,
        may_gather,
    )


def with_totals(recipe: Recipe, totals: np.ndarray) -> Recipe:
    """The recipe of samples whose classes have these weights: those that have none are left out."""
    kept = totals > 0 if recipe.intercept else np.ones(len(totals), bool)
    n_outputs = 1 if len(kept) == 2 else int(kept.sum())
    return replace(recipe, kept=kept, total_weight=float(totals.sum()), n_outputs=n_outputs)


def lowest_level(client: Client) -> str | None:
    """The level of compiled code that all workers run: with another one bits would differ."""
    runs = client.run(_kernels.levels_here).values()
    names = {levels[0].name if levels else None for levels in runs}
    known = [level.name for level in _kernels.levels()]  # the best first
    if not names:
        raise RuntimeError("skmax.dask.SoftmaxRegression: the cluster has no workers")
    return max(names, key=lambda name: known.index(name) if name in known else len(known))
