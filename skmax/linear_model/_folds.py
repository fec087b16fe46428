"""Fits along a grid of penalties for each fold of a cross-validation, and their scores."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skmax import _threads
from skmax._design import Design
from skmax._estimators.targets import Targets
from skmax.linear_model._minimise import Result, Settings, minimise_along
from skmax.linear_model._problem import Problem, is_sparse, problem_of

#: A fit of a fold is scored when its gap is this, and then whenever it has fallen to a TENTH. It
#: ends when that has moved the score by MOVES at most: errors of coefficients go with the root of
#: the gap, so that less than half of this is left. Where all fits ended at a gap of 1e-6, scores
#: were off by 2e-3 and 3e-2 on `vowel` and raw `satimage` with C=1e4; with this rule no score of 18
#: tables is off by 1e-4. A first gap of 1e-4 takes 0.9 of the time, and one table is off by 2e-4.
FIRST_GAP, TENTH, MOVES, LAST_GAP = 1e-6, 0.1, 2e-5, 1e-10

Fold = tuple[np.ndarray, np.ndarray]  # indices of the rows for the fit, and of those held out
#: Scores a fit on the rows held out: from coef_, intercept_, C and l1_ratio.
ScoreFit = Callable[[np.ndarray, np.ndarray, float, float], float]
#: Hears of a fit: fold, l1_ratio, C, score and result.
Tell = Callable[[int, float, float, float, Result], None]


@dataclass(frozen=True)
class Grid:
    """The parameters that are tried: every C with every l1_ratio."""

    Cs: np.ndarray
    l1_ratios: np.ndarray


@dataclass
class FoldResults:
    """What the fits of all folds have come to; NaN where there is no fit or no score.

    `coefs` (n_folds, n_l1_ratios, n_Cs, rows of coef_, n_features + 1), with an intercept or not;
    `scores`, `n_iter`, `gaps` and `converged` (n_folds, n_l1_ratios, n_Cs). `faults` are sentences
    on folds that could not be fitted or scored.
    """

    coefs: np.ndarray
    scores: np.ndarray
    n_iter: np.ndarray
    gaps: np.ndarray
    converged: np.ndarray
    faults: dict[int, str]


class _Watch:
    """Watches the score of a fit while it runs, and stops it when it has settled."""

    def __init__(self, score: ScoreFit, l1_ratio: float, stopped: threading.Event) -> None:
        self.score, self.l1_ratio, self.stopped = score, l1_ratio, stopped
        self.fault = ""

    def begin(self, problem: Problem, C: float) -> None:
        """Watch a fit with another C."""
        self.problem, self.C = problem, C
        self.settled, self.next_gap, self.last = False, FIRST_GAP, np.nan

    def iteration_ends(self, n_iter: int, value: float, gap: float, coef: np.ndarray) -> bool:
        """Whether to stop."""
        if self.stopped.is_set():
            return True
        if gap <= self.next_gap:
            before, self.last = self.last, self.score_at(*self.problem.unpack(coef))
            self.settled = abs(self.last - before) <= MOVES
            self.next_gap = TENTH * gap
        return self.settled

    def score_at(self, coef_: np.ndarray, intercept_: np.ndarray) -> float:
        """The score, NaN where the scorer raises."""
        try:
            return self.score(coef_, intercept_, self.C, self.l1_ratio)
        except Exception as error:  # of any scorer: the scores of other folds count still
            self.fault = f"its scorer raised {type(error).__name__}: {error}"
            return np.nan


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
        self._designs: dict[bool, Design] = {}

    def problem(self, l1_ratio: float) -> Problem:
        """The problem of all rows, with any penalty of this ratio."""
        sparse = is_sparse(1.0, l1_ratio)
        problem = self._problem_of(self.targets, l1_ratio)
        self._designs.setdefault(sparse, problem.design)
        return problem

    def fit(
        self,
        grid: Grid,
        solver: str,
        max_iter: int,
        score_of: Callable[[int], ScoreFit],
        tell: Tell,
    ) -> FoldResults:
        """Fit every fold along the grid and score it by score_of(fold)."""
        rows = len(self.problem(float(grid.l1_ratios[0])).present)
        for l1_ratio in grid.l1_ratios:  # the designs are made before threads ask for them
            self.problem(float(l1_ratio))
        cells = len(self.folds), len(grid.l1_ratios), len(grid.Cs)
        results = FoldResults(
            np.full((*cells, rows, self.X.shape[1] + self.fit_intercept), np.nan),
            np.full(cells, np.nan),
            np.zeros(cells, np.int32),
            np.full(cells, np.nan),
            np.ones(cells, bool),
            {},
        )
        stopped, settings = threading.Event(), Settings(solver, LAST_GAP, max_iter)

        def along(task: tuple[int, int]) -> None:
            self._fit_fold(*task, grid, settings, score_of, tell, results, stopped)

        tasks = [(fold, ratio) for ratio in range(cells[1]) for fold in range(cells[0])]
        _threads.map_in_order(along, tasks, _threads.n_threads(self.n_jobs), stopped.set)
        return results

    def _fit_fold(
        self,
        fold: int,
        ratio: int,
        grid: Grid,
        settings: Settings,
        score_of: Callable[[int], ScoreFit],
        tell: Tell,
        results: FoldResults,
        stopped: threading.Event,
    ) -> None:
        """Fit and score one fold along C, into its part of the results."""
        l1_ratio, targets = float(grid.l1_ratios[ratio]), self._targets_of(fold)
        if np.count_nonzero(targets.class_totals()) < 2:
            results.faults[fold] = "fewer than two classes have weight in its fits"
            return
        problem = self._problem_of(targets, l1_ratio)
        watch = _Watch(score_of(fold), l1_ratio, stopped)
        fits = minimise_along(problem, grid.Cs, l1_ratio, settings, watch.iteration_ends)
        watch.begin(problem, float(grid.Cs[0]))
        for index, (penalised, result) in enumerate(fits):
            if stopped.is_set():
                return
            coef_, intercept_ = penalised.unpack(result.coef)
            cell = fold, ratio, index
            results.coefs[cell][:, : coef_.shape[1]] = coef_
            if self.fit_intercept:
                results.coefs[cell][:, -1] = intercept_
            results.n_iter[cell], results.gaps[cell] = result.n_iter, result.gap
            results.converged[cell] = result.converged or watch.settled
            results.scores[cell] = watch.score_at(coef_, intercept_)
            tell(fold, l1_ratio, watch.C, results.scores[cell], result)
            if index + 1 < len(grid.Cs):
                watch.begin(problem, float(grid.Cs[index + 1]))
        if watch.fault:
            results.faults[fold] = watch.fault

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
