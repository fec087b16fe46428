"""Fits along a grid of penalties for each fold of a cross-validation."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from skmax import _threads
from skmax._design import Design, RowBlocks
from skmax._design.blocks import block_slices, in_blocks, row_bytes, working_dtype
from skmax._estimators.prediction import to_log_probabilities, with_first
from skmax._estimators.targets import Targets
from skmax.linear_model._minimise import Settings, minimise_along
from skmax.linear_model._problem import Problem, is_sparse, problem_of

#: A fit of a fold is scored by the cross-entropy of the rows held out when its gap is this, and
#: then whenever it has fallen to a TENTH. It ends when that has moved the score by MOVES at most:
#: errors of coefficients go with the root of the gap, so that less than half of this is left. Where
#: all fits ended at a gap of 1e-6, scores were off by 2e-3 and 3e-2 on `vowel` and raw `satimage`
#: with C=1e4. With this rule those of 16 of 17 tables are within 1e-5 of fits to LAST_GAP; those of
#: `leukemia_all` with C=1e4 are off by 6e-3, and not known better: rounding moves them at that gap.
FIRST_GAP, TENTH, MOVES, LAST_GAP = 1e-6, 0.1, 2e-5, 1e-10

FLOAT = np.dtype(np.float64)
Fold = tuple[np.ndarray, np.ndarray]  # which rows are for the fit, and which are held out
#: Hears of a fit: fold, l1_ratio, C, cross-entropy of the rows held out, and iterations.
Tell = Callable[[int, float, float, float, int], None]


@dataclass(frozen=True)
class Grid:
    """The parameters that are tried: every C with every l1_ratio."""

    Cs: np.ndarray
    l1_ratios: np.ndarray


@dataclass
class FoldFits:
    """What the fits of all folds have come to; NaN where there is none.

    `coefs` (n_folds, n_l1_ratios, n_Cs, rows of coef_, n_features + 1), with an intercept or not;
    `n_iter`, `gaps` and `converged` (n_folds, n_l1_ratios, n_Cs). `faults` says of a fold why it
    could not be fitted.
    """

    coefs: np.ndarray
    n_iter: np.ndarray
    gaps: np.ndarray
    converged: np.ndarray
    faults: dict[int, str]

    @classmethod
    def empty(cls, cells: tuple[int, int, int], n_outputs: int, n_columns: int) -> "FoldFits":
        """None yet, for so many folds, ratios and penalties."""
        return cls(
            np.full((*cells, n_outputs, n_columns), np.nan),
            np.zeros(cells, np.int32),
            np.full(cells, np.nan),
            np.ones(cells, bool),
            {},
        )


class HeldOut:
    """Whether the cross-entropy of the rows held out from a fold has settled in a fit.

    `cross_entropy(coef_, intercept_)` is that of these rows.
    """

    def __init__(self, cross_entropy: Callable[[np.ndarray, np.ndarray], float]) -> None:
        self.cross_entropy = cross_entropy
        self.begin()

    def begin(self) -> None:
        """Another fit begins."""
        self.settled, self._next_gap, self._last = False, FIRST_GAP, np.nan

    def settles(self, gap: float, coefs: Callable[[], tuple[np.ndarray, np.ndarray]]) -> bool:
        """Whether it has, at an iteration with this gap; `coefs` makes coef_ and intercept_."""
        if gap <= self._next_gap:
            before, self._last = self._last, self.cross_entropy(*coefs())
            self.settled = abs(self._last - before) <= MOVES
            self._next_gap = TENTH * gap
        return self.settled


def mean_cross_entropy(
    parts: Iterable[tuple[Any, Targets]], coef_: np.ndarray, intercept_: np.ndarray
) -> float:
    """That of the rows of all parts, with their targets."""
    losses = [_losses(np.asarray(X @ coef_.T) + intercept_, targets) for X, targets in parts]
    return float(np.mean(np.concatenate(losses)))


def _losses(logits: np.ndarray, targets: Targets) -> np.ndarray:
    """The cross-entropy of each row; its logits are changed."""
    if logits.shape[1] == 1:
        logits = with_first(logits)
    to_log_probabilities(logits)
    if targets.labels is not None:
        return -logits[np.arange(len(logits)), targets.labels]
    assert targets.class_probabilities is not None
    return -(logits.T * targets.class_probabilities).sum(axis=0)


class _InBlocks:
    """Rows of a large X with their targets, read in parts whenever they are gone through."""

    def __init__(self, X: Any, targets: Targets, parts: Sequence[np.ndarray]) -> None:
        self.X, self.targets, self.parts = X, targets, parts

    def __iter__(self) -> Iterator[tuple[Any, Targets]]:
        for rows in self.parts:
            yield self.X[rows].astype(working_dtype(self.X), copy=False), self.targets.subset(rows)


class Folds:
    """The folds of some samples: a fit of one gives the rows held out a weight of 0.

    So X is read and its columns are standardised once, and no fold takes a copy of it.
    """

    def __init__(
        self,
        X: Any,
        targets: Targets,
        folds: Sequence[Fold],
        *,
        fit_intercept: bool,
        n_jobs: int | None,
    ) -> None:
        self.X, self.targets, self.folds = X, targets, folds
        self.fit_intercept, self.n_jobs = fit_intercept, n_jobs
        self._designs: dict[bool, Design | RowBlocks] = {}

    def problem(self, l1_ratio: float) -> Problem:
        """The problem of all rows, with some penalty of this ratio."""
        problem = self._problem_of(self.targets, l1_ratio)
        assert isinstance(problem.design, Design | RowBlocks)
        self._designs.setdefault(is_sparse(1.0, l1_ratio), problem.design)
        return problem

    def held_out(self, fold: int) -> np.ndarray:
        """The indices of the rows that are held out."""
        return np.arange(self.X.shape[0])[self.folds[fold][1]]

    def parts(self, rows: np.ndarray) -> Sequence[np.ndarray]:
        """Indices of rows in parts that may be in memory: one, if X is."""
        if not in_blocks(self.X, len(self.targets.classes)):
            return [rows]
        return [rows[part] for part in block_slices(len(rows), row_bytes(self.X, FLOAT))]

    def fit(self, grid: Grid, solver: str, max_iter: int, tell: Tell) -> FoldFits:
        """Fit every fold along the grid; `tell` hears of each fit."""
        for ratio in grid.l1_ratios:  # makes all designs
            n_outputs = len(self.problem(float(ratio)).present)
        cells = len(self.folds), len(grid.l1_ratios), len(grid.Cs)
        fits = FoldFits.empty(cells, n_outputs, self.X.shape[1] + self.fit_intercept)
        stopped, settings = threading.Event(), Settings(solver, LAST_GAP, max_iter)

        def along(task: tuple[int, int]) -> None:
            self._fit_fold(*task, grid, settings, tell, fits, stopped)

        tasks = [(fold, ratio) for ratio in range(cells[1]) for fold in range(cells[0])]
        _threads.map_in_order(along, tasks, _threads.n_threads(self.n_jobs), stopped.set)
        return fits

    def _fit_fold(
        self,
        fold: int,
        ratio: int,
        grid: Grid,
        settings: Settings,
        tell: Tell,
        fits: FoldFits,
        stopped: threading.Event,
    ) -> None:
        """Fit one fold along C, into its part of `fits`."""
        l1_ratio, targets = float(grid.l1_ratios[ratio]), self._targets_of(fold)
        if np.count_nonzero(targets.class_totals()) < 2:
            fits.faults[fold] = "fewer than two classes have weight in its fits"
            return
        problem, rows = self._problem_of(targets, l1_ratio), self.held_out(fold)
        parts = _InBlocks(self.X, self.targets, self.parts(rows))
        of_rows = list(parts) if len(parts.parts) == 1 else parts
        held_out = HeldOut(partial(mean_cross_entropy, of_rows))
        fit_along(problem, held_out, grid, (fold, ratio), settings, tell, fits, stopped)

    def _targets_of(self, fold: int) -> Targets:
        """The targets with the weights of a fold."""
        n_samples = len(self.targets.weight)
        rows = np.arange(n_samples)[self.folds[fold][0]]  # indices or a mask; some may come twice
        counts = np.bincount(rows, minlength=n_samples)
        return replace(self.targets, weight=self.targets.weight * counts)

    def _problem_of(self, targets: Targets, l1_ratio: float) -> Problem:
        return problem_of(
            self.X,
            targets,
            C=1.0,
            l1_ratio=l1_ratio,
            fit_intercept=self.fit_intercept,
            n_jobs=self.n_jobs,
            design=self._designs.get(is_sparse(1.0, l1_ratio)),
        )


def fit_along(
    problem: Problem,
    held_out: HeldOut,
    grid: Grid,
    task: tuple[int, int],
    settings: Settings,
    tell: Tell,
    fits: FoldFits,
    stopped: threading.Event,
) -> None:
    """Fit the problem of a fold and an l1_ratio, which `task` numbers, along C into `fits`."""
    (fold, ratio), l1_ratio = task, float(grid.l1_ratios[task[1]])

    def stop(n_iter: int, value: float, gap: float, coef: np.ndarray) -> bool:
        return stopped.is_set() or held_out.settles(gap, lambda: problem.unpack(coef))

    along = minimise_along(problem, grid.Cs, l1_ratio, settings, stop)
    for index, (penalised, result) in enumerate(along):
        if stopped.is_set():
            return
        cell, (coef_, intercept_) = (fold, ratio, index), penalised.unpack(result.coef)
        fits.coefs[cell][:, : coef_.shape[1]] = coef_
        if problem.design.intercept:
            fits.coefs[cell][:, -1] = intercept_
        fits.n_iter[cell], fits.gaps[cell] = result.n_iter, result.gap
        settled = held_out.settled or result.gap <= FIRST_GAP  # at rounding, maybe
        fits.converged[cell] = result.converged or settled
        loss = held_out.cross_entropy(coef_, intercept_)
        tell(fold, l1_ratio, float(grid.Cs[index]), loss, result.n_iter)
        held_out.begin()
