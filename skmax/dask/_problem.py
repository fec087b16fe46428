"""From Dask collections to an objective over their partitions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np
from distributed import Client

from skmax import _kernels, _threads
from skmax._design import StandardisedColumns
from skmax._design.columns import Moments
from skmax._estimators.targets import check_two_classes, class_factors_of
from skmax._objective import BlockedCrossEntropy
from skmax.dask._blocks import DistributedBlocks
from skmax.dask._futures import Partitions
from skmax.dask._partitions import Recipe, Summary, data_term, sampled_term, summarise
from skmax.linear_model._problem import Problem, objective_of

#: Rows of a sample, that a fit begins with and whose Hessian preconditions: so many, or so many for
#: each column; and how many times as many rows there must be.
SAMPLE_ROWS, ROWS_PER_COLUMN, WORTH = 20_000, 100, 8


@dataclass(frozen=True)
class DistributedSamples:
    """Samples in partitions, and what their sums say; `totals` (n_classes,) are of fitted ones."""

    partitions: Partitions
    recipe: Recipe
    moments: Moments
    totals: np.ndarray
    shape: tuple[int, int]
    sparse: bool
    entries_per_row: float

    @property
    def total_weight(self) -> float:
        """S, the sum of the weights of the samples."""
        return self.recipe.total_weight

    def class_totals(self) -> np.ndarray:
        """The total weight of each class."""
        return self.totals

    def in_float64(
        self, n_outputs: int, threads: int
    ) -> tuple[StandardisedColumns, BlockedCrossEntropy]:
        """The data term over their columns in float64."""
        dtype = np.dtype(np.float64)
        columns = self.moments.columns(self.recipe.intercept, dtype)
        return replace(self, recipe=replace(self.recipe, columns=columns, dtype=dtype)).data(
            threads
        )

    def data(self, threads: int) -> tuple[StandardisedColumns, BlockedCrossEntropy]:
        """The data term, and the columns that it goes over."""
        recipe = self.recipe
        design = StandardisedColumns(recipe.columns, recipe.intercept, recipe.dtype)
        terms = self.partitions.map(data_term, recipe=recipe).made()
        blocks = self._blocks(terms, self.shape[0], threads)
        some = max(SAMPLE_ROWS, ROWS_PER_COLUMN * design.n_columns)
        if self.shape[0] >= WORTH * some:
            of_sample = partial(sampled_term, fraction=some / self.shape[0])
            sampled = self._blocks(
                self.partitions.map(of_sample, recipe=recipe).made(), some, threads
            )
            blocks.sample = BlockedCrossEntropy(design, sampled, recipe.n_outputs)
        return design, BlockedCrossEntropy(design, blocks, recipe.n_outputs)

    def _blocks(self, terms: Partitions, n_rows: int, threads: int) -> DistributedBlocks:
        return DistributedBlocks(terms, n_rows, self.entries_per_row, self.recipe, threads)


def distributed_problem(
    client: Client,
    partitions: Sequence[Any],
    *,
    C: float,
    l1_ratio: float,
    class_weight: Any,
    fit_intercept: bool,
    dtype: np.dtype,
    n_jobs: int | None,
) -> Problem:
    """The problem of a fit over delayed partitions.

    Classes, their weights and the moments of the columns are found in one pass.
    """
    level = lowest_level(client)
    read = Partitions(client, client.compute(list(partitions)))
    summaries = read.numbered(summarise)
    total: Summary = summaries.total()
    rows = summaries.map(attrgetter("n_rows")).each()
    if total.moments is None:
        raise ValueError("X has no rows")
    factors = class_factors_of(class_weight, total.classes, total.counts)
    totals = total.counts * factors
    check_two_classes(total.classes, totals)
    kept = totals > 0 if fit_intercept else np.ones(len(totals), bool)
    recipe = Recipe(
        total.moments.columns(fit_intercept, dtype),
        fit_intercept,
        total.classes,
        factors,
        kept,
        float(totals.sum()),
        1 if len(kept) == 2 else int(kept.sum()),
        dtype,
        level,
    )
    n_features = len(total.moments.mean)
    samples = DistributedSamples(
        read.chosen([index for index, n_rows in enumerate(rows) if n_rows]),
        recipe,
        total.moments,
        totals[kept],
        (total.n_rows, n_features),
        total.sparse,
        total.n_entries / total.n_rows,
    )
    design, data = samples.data(_threads.n_threads(n_jobs))
    objective = objective_of(data, design, C, l1_ratio, samples.total_weight)
    present = kept if len(kept) > 2 else np.ones(1, bool)
    return Problem(samples, design, data, objective, total.classes, present)


def lowest_level(client: Client) -> str | None:
    """The level of compiled code that all workers run: with another one bits would differ."""
    names = {level.name if level else None for level in client.run(_kernels.level).values()}
    known = [level.name for level in _kernels.levels()]  # the best first
    if not names:
        raise RuntimeError("skmax.dask.SoftmaxRegression: the cluster has no workers")
    return max(names, key=lambda name: known.index(name) if name in known else len(known))
