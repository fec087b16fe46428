"""SoftmaxRegressionCV: the penalty chosen by cross-validation."""

import threading
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.model_selection import check_cv
from sklearn.utils import metadata_routing
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.validation import check_is_fitted

from skmax import _threads
from skmax._design.blocks import in_blocks, working_dtype
from skmax._error_state import own_error_state
from skmax._estimators import parameters
from skmax._estimators.rollback import rollback_on_error
from skmax._estimators.samples import check_finite, entries_at_fault, read_rows
from skmax._estimators.scoring import (
    CROSS_ENTROPY,
    Scoring,
    check_scoring,
    metadata_is_routed,
)
from skmax._estimators.targets import is_soft, read_sample_weight, read_targets
from skmax.linear_model._choice import choose, mean_of
from skmax.linear_model._folds import FoldFits, Folds, Grid, Tell
from skmax.linear_model._minimise import Result, Settings, check_solver, minimise
from skmax.linear_model._predictions import SoftmaxPredictions
from skmax.linear_model._problem import Problem
from skmax.linear_model.softmax_regression import CONSTRAINTS as OF_ONE_FIT
from skmax.linear_model.softmax_regression import SoftmaxRegression

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

#: The grid that a number of Cs stands for: from 1e-4 to 1e4, as in LogisticRegressionCV.
LOG_CS = -4.0, 4.0
OF_LAST_FIT = ("solver_", "converged_", "objective_", "optimality_gap_")
CONSTRAINTS = {
    "Cs": parameters.GRID,
    "l1_ratios": parameters.FRACTIONS,
    "scoring": parameters.SCORING,
    "refit": parameters.BOOLEAN,
    "selection": parameters.one_of("best", "1se"),
    **{
        name: OF_ONE_FIT[name]
        for name in (
            "fit_intercept", "class_weight", "solver", "tol", "max_iter", "random_state", "n_jobs",
            "verbose",
        )
    },
}  # fmt: skip


class SoftmaxRegressionCV(SoftmaxPredictions):
    r"""Softmax regression whose penalty is chosen by cross-validation.

    Fits `SoftmaxRegression` for every `C` and every `l1_ratio` on every fold, and again on all
    samples with those that score best on the samples held out. Scores and attributes are those of
    scikit-learn's LogisticRegressionCV with ``use_legacy_attributes=False``. `X` is read once, no
    fold takes a copy of it, and each fit begins where those of the two stronger penalties lead.

    Parameters
    ----------
    Cs : int or array-like of shape (n_Cs,), default=10
        Inverse strengths of the penalty, increasing; or how many of them from 1e-4 to 1e4, evenly
        spaced on a logarithmic scale.
    l1_ratios : array-like of shape (n_l1_ratios,), default=(0.0,)
        Fractions of the L1 norm in the penalty, from 0 to 1.
    fit_intercept : bool, default=True
        Whether to fit intercepts, which are not penalised.
    cv : int, splitter or iterable, default=None
        Folds: their number, an object that splits, or pairs of indices. None stands for five,
        stratified by class; for soft labels, which have no class, by order alone.
    scoring : str, callable or None, default="neg_log_loss"
        What is largest where the penalty is chosen: the name of a scorer, or a callable
        ``scorer(estimator, X, y)``. "neg_log_loss" is minus the mean cross-entropy, with soft
        labels too, where no other name is allowed. None stands for the accuracy, with soft labels
        for the fraction of their mass on the predicted classes.
    solver : {"auto", "lbfgs", "newton"}, default="auto"
        As for `SoftmaxRegression`.
    tol : float, default=1e-6
        The largest relative gap of the last fit. A fit of a fold ends when its score has settled:
        beyond a gap of 1e-6, when it moves by 2e-5 at most while the gap falls to a tenth.
    max_iter : int, default=1000
        The most iterations of each fit.
    class_weight : dict or "balanced", default=None
        As for `SoftmaxRegression`; "balanced" by all samples, not by those of a fold.
    n_jobs : int or None, default=None
        The most threads: for folds, and for rows where there are threads to spare. None and -1 mean
        all that the process may use. The result is the same to the last bit for any number.
    verbose : int, default=0
        1 prints a line for each fit.
    refit : bool, default=True
        Whether to fit again on all samples, with the penalty whose mean score is largest. Otherwise
        the coefficients are the mean of those that are best for each fold.
    selection : {"best", "1se"}, default="best"
        "1se" chooses instead the strongest penalty, of the best `l1_ratio`, whose mean score is
        within one standard error of the largest.
    random_state : int, RandomState or None, default=None
        Not used by the present solvers.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels.
    coef_ : ndarray of shape (n_classes, n_features), or (1, n_features) for two classes
        The coefficients.
    intercept_ : ndarray of shape (n_classes,) or (1,)
        The intercepts.
    C_, l1_ratio_ : float
        The penalty that was chosen; with ``refit=False`` the means of those of the folds.
    Cs_ : ndarray of shape (n_Cs,)
        The grid of `C`.
    l1_ratios_ : ndarray of shape (n_l1_ratios,)
        The grid of `l1_ratio`.
    scores_ : ndarray of shape (n_folds, n_l1_ratios, n_Cs)
        The scores on the samples held out; NaN where there is none.
    coefs_paths_ : ndarray of shape (n_folds, n_l1_ratios, n_Cs, n_classes, n_features + 1)
        The coefficients, the last column the intercepts; without these ``n_features`` columns. One
        row for two classes.
    n_iter_ : ndarray of shape (n_folds, n_l1_ratios, n_Cs)
        The number of iterations.
    best_score_, std_score_ : float
        Mean and standard deviation over the folds of the scores for the chosen penalty; with
        ``refit=False`` of the best score of each fold.
    solver_, converged_, objective_, optimality_gap_
        Of the last fit, as those of `SoftmaxRegression`; only with ``refit=True``.
    n_features_in_ : int
        The number of columns of `X`.
    feature_names_in_ : ndarray of shape (n_features,)
        The names of the columns, where all are strings.

    Warns
    -----
    ConvergenceWarning
        If some fits end before their guarantee holds.
    FitFailedWarning
        If a fold could not be fitted or scored; the others count.

    See Also
    --------
    sklearn.linear_model.LogisticRegressionCV : The same by scikit-learn.
    regularization_path : Optima along a grid of penalties.

    Notes
    -----
    All classes of `y` are classes of every fit. A class that a fold misses has a probability below
    1e-12 there (with an intercept).

    References
    ----------
    T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, Springer 2009,
    section 7.10.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from skmax import SoftmaxRegressionCV
    >>> X, y = load_wine(return_X_y=True)
    >>> model = SoftmaxRegressionCV(Cs=[0.01, 0.1, 1.0, 10.0]).fit(X, y)
    >>> model.C_, model.scores_.shape
    (10.0, (5, 1, 4))
    """

    # `sample_weight` of `score` is the scorer's: no request of the estimator itself.
    __metadata_request__score = {"sample_weight": metadata_routing.UNUSED}

    def __init__(
        self,
        *,
        Cs: Any = 10,
        l1_ratios: Any = (0.0,),
        fit_intercept: bool = True,
        cv: Any = None,
        scoring: Any = CROSS_ENTROPY,
        solver: str = "auto",
        tol: float = 1e-6,
        max_iter: int = 1000,
        class_weight: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        refit: bool = True,
        selection: str = "best",
        random_state: Any = None,
    ) -> None:
        self.Cs = Cs
        self.l1_ratios = l1_ratios
        self.fit_intercept = fit_intercept
        self.cv = cv
        self.scoring = scoring
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.class_weight = class_weight
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.refit = refit
        self.selection = selection
        self.random_state = random_state

    @own_error_state
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> Self:
        """Choose the penalty and fit; after an error the estimator is as it was before.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Class labels, or class probabilities or counts.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, for fits and, unless metadata routing says otherwise, for scores.
        **params : dict
            Parameters of the splitter and of the scorer, where metadata are routed.

        Returns
        -------
        SoftmaxRegressionCV
            The estimator itself.

        Raises
        ------
        ValueError
            If a parameter, a column of `X`, a row of `y` or a weight is not as it must be, or no
            fold has a score.
        """
        with rollback_on_error(self):
            # 1. Check.
            parameters.check_parameters(self, CONSTRAINTS)
            grid = self._grid()
            check_solver("SoftmaxRegressionCV", self.solver, 1.0, float(grid.l1_ratios.max()))
            X = read_rows(self, X, None if y is None else "no_validation")
            if not in_blocks(X, 1):
                check_finite(self, X)
            # 2. Read the targets, and what is scored.
            targets = read_targets(y, sample_weight, self.class_weight, X.shape[0])
            truth = np.asarray(y, np.float64) if is_soft(y) else targets.as_y()
            check_scoring("SoftmaxRegressionCV", self.scoring, is_soft(y))
            if sample_weight is not None:
                sample_weight = read_sample_weight(sample_weight, X.shape[0])
            of_splitter, of_scorer = self._routed("fit", sample_weight, params)
            cv = check_cv(self.cv, truth, classifier=True)
            folds = Folds(
                X,
                targets,
                list(cv.split(X, truth, **of_splitter)),
                fit_intercept=bool(self.fit_intercept),
                n_jobs=self.n_jobs,
            )
            with _threads.one_blas_thread(), entries_at_fault(self, X):
                # 3. Fit the folds.
                self.classes_ = targets.classes
                fits = self._fits(folds, grid)
            # 4. Score them, and choose, with the mean of what the folds have come to.
            scores = self._scores(folds, fits, grid, truth, of_scorer)
            self._choose(fits, scores, grid, working_dtype(X))
            # 5. Fit again.
            last = self._refit(folds.problem(self.l1_ratio_)) if self.refit else None
            self._warn_unless_converged(fits, last)
        return self

    def score(self, X: Any, y: Any, *, sample_weight: Any = None, **score_params: Any) -> float:
        """Compute the score that `scoring` stands for.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            True labels, or soft labels with the columns in the order of `classes_`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.
        **score_params : dict
            Parameters of the scorer, where metadata are routed.

        Returns
        -------
        float
            The score: the larger, the better.
        """
        _, of_scorer = self._routed("score", sample_weight, score_params)
        check_is_fitted(self)
        check_scoring("SoftmaxRegressionCV", self.scoring, is_soft(y))
        model = self._as_model(self.coef_, self.intercept_, self.C_, self.l1_ratio_)
        model.n_jobs = self.n_jobs
        X = read_rows(self, X, reset=False)
        return Scoring(self.scoring, self.classes_)(model, X, y, of_scorer)

    def to_sklearn(self) -> "LogisticRegression":
        """Make a fitted LogisticRegression with the same coefficients and the chosen penalty.

        Returns
        -------
        sklearn.linear_model.LogisticRegression
            Predicts the same probabilities.
        """
        check_is_fitted(self)
        model = self._as_model(self._dense_coef(), self.intercept_, self.C_, self.l1_ratio_)
        model.set_params(class_weight=self.class_weight, max_iter=self.max_iter)
        model.n_iter_ = np.array([self.n_iter_.max()], np.int32)
        if hasattr(self, "feature_names_in_"):
            model.feature_names_in_ = self.feature_names_in_
        return model.to_sklearn()

    def get_metadata_routing(self) -> MetadataRouter:
        """Say how metadata are routed: to the splitter and to the scorer.

        Returns
        -------
        MetadataRouter
            What scikit-learn's user guide describes under "metadata routing".
        """
        router = MetadataRouter(owner=self).add_self_request(self)
        of_fit = MethodMapping().add(caller="fit", callee="split")
        router.add(splitter=self.cv, method_mapping=of_fit)
        scorer = check_scoring("SoftmaxRegressionCV", self.scoring, soft=False)
        if scorer is not None:
            mapping = MethodMapping().add(caller="score", callee="score")
            router.add(scorer=scorer, method_mapping=mapping.add(caller="fit", callee="score"))
        return router

    def _grid(self) -> Grid:
        """The penalties that are tried."""
        given = np.ndim(self.Cs) == 1
        Cs = np.array(self.Cs, np.float64) if given else np.logspace(*LOG_CS, int(self.Cs))
        return Grid(Cs, np.array(self.l1_ratios, np.float64))

    def _routed(
        self, caller: str, sample_weight: Any, params: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Parameters of the splitter and of the scorer."""
        given = {} if sample_weight is None else {"sample_weight": sample_weight}
        if not metadata_is_routed():
            if params:
                raise ValueError(
                    f"SoftmaxRegressionCV.{caller}: {', '.join(params)} is only supported if "
                    "enable_metadata_routing=True; see sklearn.set_config"
                )
            return {}, given
        routed = process_routing(self, caller, **params, **given)
        of_scorer = given if self.scoring is None else dict(routed.scorer.score)
        return (dict(routed.splitter.split) if caller == "fit" else {}), of_scorer

    def _fits(self, folds: Folds, grid: Grid) -> FoldFits:
        """The fits of all folds."""
        return folds.fit(grid, self.solver, self.max_iter, self._teller(len(folds.folds)))

    def _teller(self, n_folds: int) -> Tell:
        """What hears of each fit, and prints a line if that is asked for."""
        lock = threading.Lock()

        def tell(fold: int, l1_ratio: float, C: float, loss: float, n_iter: int) -> None:
            if self.verbose:
                with lock:
                    print(
                        f"fold {fold + 1}/{n_folds}  l1_ratio {l1_ratio:g}  C {C:<10.4g}  "
                        f"held-out log loss {loss:.6g}  {n_iter} iterations"
                    )

        return tell

    def _scores(
        self,
        folds: Folds,
        fits: FoldFits,
        grid: Grid,
        truth: np.ndarray,
        of_scorer: dict[str, Any],
    ) -> np.ndarray:
        """The scores of all fits, NaN where a fold has none: one call of the scorer for each."""
        scores, scoring = np.full(fits.gaps.shape, np.nan), Scoring(self.scoring, self.classes_)
        faults = dict(fits.faults)
        for fold in range(len(scores)):
            rows = folds.held_out(fold)
            parts = folds.parts(rows) if self.scoring == CROSS_ENTROPY else [rows]
            for ratio, index in np.ndindex(scores.shape[1:]):
                if fold in faults:
                    break
                model = self._as_model(
                    *self._parts(fits.coefs[fold, ratio, index].astype(working_dtype(folds.X))),
                    float(grid.Cs[index]),
                    float(grid.l1_ratios[ratio]),
                )
                try:
                    scores[fold, ratio, index] = scoring.over(
                        model, folds.X, truth, of_scorer, parts
                    )
                except Exception as error:  # of any scorer: the other folds count still
                    faults[fold] = f"its scorer raised {type(error).__name__}: {error}"
                    scores[fold] = np.nan
        warn_of_faults(faults, len(scores))
        return scores

    def _choose(self, fits: FoldFits, scores: np.ndarray, grid: Grid, dtype: np.dtype) -> None:
        """Choose the penalty, and keep what the folds have come to."""
        choice = choose(scores, self.selection, one_for_all=self.refit)
        of_folds = choice.folds, choice.ratios, choice.Cs
        for name in OF_LAST_FIT:  # may be those of an earlier call
            self.__dict__.pop(name, None)
        self.Cs_, self.l1_ratios_ = grid.Cs, grid.l1_ratios
        self.scores_, self.coefs_paths_ = scores, fits.coefs
        self.n_iter_ = fits.n_iter
        self.C_ = mean_of(grid.Cs[choice.Cs])
        self.l1_ratio_ = mean_of(grid.l1_ratios[choice.ratios])
        chosen = scores[of_folds]
        self.best_score_, self.std_score_ = float(chosen.mean()), float(chosen.std())
        mean = fits.coefs[of_folds].mean(axis=0)
        self.coef_, self.intercept_ = self._parts(mean.astype(dtype))

    def _refit(self, problem: Problem) -> Result:
        """Fit all samples under the penalty that was chosen, from the mean of the folds' fits."""
        with _threads.one_blas_thread():
            problem = problem.penalised(self.C_, self.l1_ratio_)
            settings = Settings(self.solver, self.tol, self.max_iter)
            result = minimise(problem, problem.pack(self.coef_, self.intercept_), settings)
            self.coef_, self.intercept_ = problem.unpack(result.coef)
        self.solver_, self.converged_ = result.method, result.converged
        self.objective_, self.optimality_gap_ = result.value, result.gap
        return result

    def _parts(self, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`coef_` and `intercept_` from coefficients with the intercepts as their last column."""
        intercept = columns[:, -1] if self.fit_intercept else np.zeros_like(columns[:, 0])
        return np.ascontiguousarray(columns[:, : self.n_features_in_]), intercept.copy()

    def _as_model(
        self, coef_: np.ndarray, intercept_: np.ndarray, C: float, l1_ratio: float
    ) -> SoftmaxRegression:
        """A fitted estimator of one penalty, for a scorer."""
        model = SoftmaxRegression(
            C=C, l1_ratio=l1_ratio, fit_intercept=self.fit_intercept, solver=self.solver, n_jobs=1
        )
        model.classes_, model.coef_, model.intercept_ = self.classes_, coef_, intercept_
        model.n_features_in_ = self.n_features_in_
        return model

    def _warn_unless_converged(self, fits: FoldFits, last: Result | None) -> None:
        """Say which fits have ended before their guarantee holds."""
        short = np.argwhere(~fits.converged)
        parts, advice = [], ""
        if last is not None and not last.converged:
            parts.append(
                f"the last fit, as {last.status.sentence} (estimated relative gap {last.gap:.2g}, "
                f"tol={self.tol:g})"
            )
            advice = last.status.advice
        if len(short):
            fold, ratio, index = short[0]
            parts.append(
                f"{len(short)} of {fits.converged.size} fits of folds, the first of them of "
                f"fold {fold + 1} with l1_ratio={self.l1_ratios_[ratio]:g}, C={self.Cs_[index]:g} "
                f"(estimated relative gap {fits.gaps[fold, ratio, index]:.2g})"
            )
            advice = advice or "Raise max_iter, or end the grid at a smaller C."
        if parts:
            warnings.warn(
                f"SoftmaxRegressionCV has not converged: {'; '.join(parts)}. {advice}",
                ConvergenceWarning,
                stacklevel=4,
            )


def warn_of_faults(faults: Mapping[int, str], n_folds: int) -> None:
    """Name the folds that have no scores."""
    for fold, fault in sorted(faults.items()):
        warnings.warn(
            f"SoftmaxRegressionCV: fold {fold + 1} of {n_folds} has scores that are NaN "
            f"and do not count: {fault}",
            FitFailedWarning,
            stacklevel=5,
        )
