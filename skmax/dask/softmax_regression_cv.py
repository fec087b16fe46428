"""SoftmaxRegressionCV over Dask collections."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skmax import _threads, linear_model
from skmax._error_state import own_error_state
from skmax._estimators import parameters
from skmax._estimators.rollback import rollback_on_error
from skmax._estimators.scoring import CROSS_ENTROPY
from skmax._objective import Data
from skmax.dask._collections import Collections, is_collection
from skmax.dask._estimator import OverCollections
from skmax.dask._partitions import FoldRows, Recipe, fold_totals, log_loss
from skmax.dask._problem import DistributedSamples, read_samples
from skmax.linear_model._folds import LAST_GAP, FoldFits, Grid, HeldOut, Tell, fit_along
from skmax.linear_model._minimise import Settings, check_solver
from skmax.linear_model._problem import Problem
from skmax.linear_model.softmax_regression_cv import CONSTRAINTS, warn_of_faults

DEFAULT_FOLDS = 5


class SoftmaxRegressionCV(OverCollections, linear_model.SoftmaxRegressionCV):
    """Softmax regression on Dask collections with a penalty chosen by cross-validation.

    As `skmax.SoftmaxRegressionCV`, with what `skmax.dask.SoftmaxRegression` says of collections.
    Folds are masks within the partitions: no row is moved or copied. The rows of each class of a
    partition go to the folds in turn. Scores are those of the log loss, which is a sum over rows.

    Parameters
    ----------
    Cs : int or array-like of shape (n_Cs,), default=10
        The values of `C`, in ascending order, or their number, on a logarithmic scale from 1e-4 to
        1e4.
    l1_ratios : array-like of shape (n_l1_ratios,), default=(0.0,)
        The values of `l1_ratio`, each tried with every `C`.
    fit_intercept : bool, default=True
        Whether to fit intercepts, which are not penalised.
    cv : int or None, default=None
        The number of folds; None means 5.
    scoring : {"neg_log_loss"}, default="neg_log_loss"
        The only scorer that is a mean over rows with class probabilities: others are refused.
    solver : {"auto", "lbfgs", "newton"}, default="auto"
        The method, as for `skmax.SoftmaxRegression`.
    tol : float, default=1e-6
        The relative gap that the last fit guarantees.
    max_iter : int, default=1000
        The most iterations of a fit.
    class_weight : dict or "balanced", default=None
        A factor for the weight of each class in the fits; "balanced" by the counts of all of `y`.
    n_jobs : int or None, default=None
        The most threads of the client.
    verbose : int, default=0
        1 prints a line for each fit.
    refit : bool, default=True
        Whether to fit all samples under the penalty that is chosen; else the fits of the folds are
        averaged.
    selection : {"best", "1se"}, default="best"
        The penalty of the best mean score, or the strongest within one standard error of it.
    random_state : int, RandomState or None, default=None
        Not used: nothing varies from run to run.

    Attributes
    ----------
    client : distributed.Client or None
        The client to use; None for the one that is current.
    classes_ : ndarray of shape (n_classes,)
        The class labels.
    Cs_ : ndarray of shape (n_Cs,)
        The values of `C` that were tried.
    l1_ratios_ : ndarray of shape (n_l1_ratios,)
        The values of `l1_ratio` that were tried.
    C_ : float
        The value of `C` that was chosen.
    l1_ratio_ : float
        The value of `l1_ratio` that was chosen.
    scores_ : ndarray of shape (n_folds, n_l1_ratios, n_Cs)
        The score of each fit on the rows held out; NaN where a fold has none.
    best_score_ : float
        The mean score of what was chosen.
    std_score_ : float
        The standard deviation of its scores.
    coefs_paths_ : ndarray of shape (n_folds, n_l1_ratios, n_Cs, n_classes, n_features + 1)
        The coefficients of each fit, the intercepts last.
    n_iter_ : ndarray of shape (n_folds, n_l1_ratios, n_Cs)
        The iterations of each fit.
    coef_ : ndarray of shape (n_classes, n_features), or (1, n_features) for two classes
        The coefficients.
    intercept_ : ndarray of shape (n_classes,) or (1,)
        The intercepts.
    n_features_in_ : int
        The number of columns of `X`.
    feature_names_in_ : ndarray of shape (n_features,)
        The names of the columns of a data frame, where all are strings.
    solver_, converged_, objective_, optimality_gap_ : str, bool, float, float
        Of the last fit: the method that ran, whether the guarantee of `tol` holds, the value of the
        objective, and its estimated relative gap. Not there with ``refit=False``.

    See Also
    --------
    skmax.SoftmaxRegressionCV : For samples in memory or in a file.

    Examples
    --------
    >>> import dask.array as da
    >>> from distributed import Client
    >>> from sklearn.datasets import load_wine
    >>> from skmax.dask import SoftmaxRegressionCV
    >>> client = Client(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None)
    >>> X, y = load_wine(return_X_y=True)
    >>> X, y = da.from_array(X, chunks=(90, 13)), da.from_array(y, chunks=90)
    >>> model = SoftmaxRegressionCV(Cs=[0.1, 10.0], cv=3).fit(X, y)
    >>> model.C_, model.scores_.shape
    (10.0, (3, 1, 2))
    >>> client.close()
    """

    @own_error_state
    # No splitter and no scorer takes parameters here: `fit` and `score` have none to pass on.
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # type: ignore[override]
        """Choose the penalty and fit; after an error the estimator is as it was before.

        Parameters
        ----------
        X : dask Array or DataFrame of shape (n_samples, n_features)
            The samples, dense or, as the chunks of an array, CSR.
        y : dask Array, Series or DataFrame of shape (n_samples,) or (n_samples, n_classes)
            Class labels, or class probabilities or counts, in the partitions of `X`.
        sample_weight : dask Array or Series of shape (n_samples,), default=None
            Weights, for fits and for scores.

        Returns
        -------
        SoftmaxRegressionCV
            The estimator itself.

        Raises
        ------
        ValueError
            If a parameter is not as it must be, or a partition: the error names it.
        TypeError
            If `X`, `y` or `sample_weight` is no collection.
        RuntimeError
            If a partition is lost and cannot be made again.
        """
        with rollback_on_error(self):
            # 1. Check.
            parameters.check_parameters(self, CONSTRAINTS)
            grid, n_folds = self._grid(), self._n_folds()
            check_solver("SoftmaxRegressionCV", self.solver, 1.0, float(grid.l1_ratios.max()))
            self._check_scoring()
            samples = Collections(X, y, sample_weight)
            self._read_columns(samples)
            with _threads.one_blas_thread(), self._connected() as client:
                # 2. Read the samples.
                distributed = read_samples(
                    client,
                    samples,
                    class_weight=self.class_weight,
                    fit_intercept=bool(self.fit_intercept),
                )
                self.classes_ = distributed.recipe.classes
                # 3. Fit the folds.
                folds = DistributedFolds(distributed, n_folds, self.n_jobs)
                settings = Settings(self.solver, LAST_GAP, self.max_iter)
                fits, scores = folds.fit(grid, settings, self._teller(n_folds))
                warn_of_faults(fits.faults, n_folds)
                # 4. Choose, with the mean of what the folds have come to.
                self._choose(fits, scores, grid, samples.dtype)
                # 5. Fit again.
                last = self._refit(folds.problem) if self.refit else None
            self._warn_unless_converged(fits, last)
        return self

    def score(self, X: Any, y: Any, *, sample_weight: Any = None) -> float:  # type: ignore[override]
        """Compute minus the log loss.

        Parameters
        ----------
        X : dask Array or DataFrame, or array-like, of shape (n_samples, n_features)
            The samples.
        y : dask Array, Series or DataFrame, or array-like
            True labels, or soft labels with the columns in the order of `classes_`.
        sample_weight : dask Array or Series, or array-like, of shape (n_samples,), default=None
            Weights.

        Returns
        -------
        float
            The score: the larger, the better.
        """
        check_is_fitted(self)
        if not is_collection(X):
            return super().score(X, y, sample_weight=sample_weight)
        loss, weight = self._over_partitions(log_loss, X, y, sample_weight)
        return -float(loss / weight)

    def _in_memory(self) -> linear_model.SoftmaxRegression:
        """The same model for arrays, on one thread."""
        return self._as_model(self._dense_coef(), self.intercept_, self.C_, self.l1_ratio_)

    def _n_folds(self) -> int:
        """How many folds there are."""
        n_folds = DEFAULT_FOLDS if self.cv is None else self.cv
        if not isinstance(n_folds, int | np.integer) or n_folds < 2:
            raise ValueError(
                "skmax.dask.SoftmaxRegressionCV: cv must be a number of folds, 2 or more, as they "
                f"are masks within partitions; got {self.cv!r}"
            )
        return int(n_folds)

    def _check_scoring(self) -> None:
        """Refuse what is no mean over rows."""
        if not (isinstance(self.scoring, str) and self.scoring == CROSS_ENTROPY):
            raise ValueError(
                f"skmax.dask.SoftmaxRegressionCV: scoring must be {CROSS_ENTROPY!r}, got "
                f"{self.scoring!r}"
            )


class DistributedFolds:
    """The folds of samples in partitions: a fit of one gives the rows held out a weight of 0."""

    def __init__(self, samples: DistributedSamples, n_folds: int, n_jobs: int | None) -> None:
        self.samples, self.n_folds, self.n_jobs = samples, n_folds, n_jobs
        self.problem = samples.problem(1.0, 0.0, n_jobs)

    def fit(self, grid: Grid, settings: Settings, tell: Tell) -> tuple[FoldFits, np.ndarray]:
        """Fit every fold along the grid; the scores (n_folds, n_l1_ratios, n_Cs), NaN of none."""
        cells = self.n_folds, len(grid.l1_ratios), len(grid.Cs)
        n_columns = self.problem.design.n_columns
        fits = FoldFits.empty(cells, len(self.problem.present), n_columns)
        scores, totals = np.full(cells, np.nan), self._totals(self.samples.recipe)

        def heard(fold: int, l1_ratio: float, C: float, loss: float, n_iter: int) -> None:
            scores[fold, grid.l1_ratios == l1_ratio, grid.Cs == C] = -loss
            tell(fold, l1_ratio, C, loss, n_iter)

        for fold, held_out in enumerate(self._held_out()):
            in_fits = totals.sum(axis=0) - totals[fold]
            if np.count_nonzero(in_fits) < 2 or held_out is None:
                fits.faults[fold] = "two classes need weight in its fits, and rows held out"
                continue
            part = self.samples.weighed(in_fits, FoldRows(self.n_folds, fold, False))
            problem = part.problem(1.0, 0.0, self.n_jobs)
            for ratio in range(cells[1]):
                task = fold, ratio
                fit_along(problem, held_out, grid, task, settings, heard, fits, threading.Event())
        return fits, scores

    def _totals(self, recipe: Recipe) -> np.ndarray:
        """The weight of each class in each fold."""
        counted = self.samples.partitions.map(fold_totals, recipe=recipe, n_folds=self.n_folds)
        return counted.total()

    def _held_out(self) -> Iterator[HeldOut | None]:
        """The rows held out from each fold, weighed as they are given; None where none weighs."""
        recipe = self.samples.recipe
        as_given = replace(recipe, factors=recipe.kept.astype(float))
        for fold, weight in enumerate(self._totals(as_given).sum(axis=1)):
            if weight == 0:
                yield None
                continue
            rows = FoldRows(self.n_folds, fold, True)
            of_rows = replace(as_given, rows=rows, total_weight=float(weight))
            _, data = replace(self.samples, recipe=of_rows).data_alone(
                self.problem.objective.threads
            )
            yield HeldOut(partial(_loss, data, self.problem))


def _loss(data: Data, problem: Problem, coef_: np.ndarray, intercept_: np.ndarray) -> float:
    """The value of a data term at the coefficients of the user's columns."""
    return data.at(problem.pack(coef_, intercept_)).value
