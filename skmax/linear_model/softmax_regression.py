"""SoftmaxRegression: multinomial logistic regression as a scikit-learn estimator."""

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from skmax import _solvers, _threads
from skmax._design.blocks import in_blocks
from skmax._error_state import own_error_state
from skmax._estimators import parameters
from skmax._estimators.prediction import (
    fraction_on_predicted,
)
from skmax._estimators.progress import FRAMES, CallbackSupport, Task, fit_task, with_callbacks
from skmax._estimators.rollback import rollback_on_error
from skmax._estimators.samples import check_finite, entries_at_fault, read_rows
from skmax._estimators.targets import is_soft, read_targets
from skmax._objective import ObjectivePoint
from skmax._objective.separation import Separation
from skmax.linear_model import _partial_fit
from skmax.linear_model._minimise import Settings, check_solver, minimise, start_of
from skmax.linear_model._predictions import SoftmaxPredictions
from skmax.linear_model._problem import Problem, is_sparse, problem_of
from skmax.linear_model._separable import (
    at_its_limit,
    separation_of,
    what_runs_away,
)

if TYPE_CHECKING:  # imported where it is needed: a fit needs neither it nor the metrics
    from sklearn.linear_model import LogisticRegression

CONSTRAINTS = {
    "C": parameters.INVERSE_STRENGTH,
    "l1_ratio": parameters.FRACTION,
    "fit_intercept": parameters.BOOLEAN,
    "class_weight": parameters.CLASS_WEIGHT,
    "solver": parameters.one_of("auto", "lbfgs", "newton"),
    "tol": parameters.POSITIVE,
    "max_iter": parameters.integer(0),
    "warm_start": parameters.BOOLEAN,
    "random_state": parameters.SEED,
    "n_jobs": parameters.JOBS,
    "verbose": parameters.VERBOSITY,
}


class SoftmaxRegression(CallbackSupport, SoftmaxPredictions):
    r"""Softmax (multinomial logistic) regression that converges on the data as they are.

    Minimises

    .. math:: \frac1S \sum_i s_i \, \mathrm{CE}(t_i, \mathrm{softmax}(W x_i + b))
              + \frac{1}{C S} \Bigl[ \frac{1 - r}{2} \|W\|_2^2 + r \|W\|_1 \Bigr],
              \qquad S = \sum_i s_i, \quad r = \texttt{l1\_ratio},

    whose minimum is that of scikit-learn's LogisticRegression at the same `C`. Columns need no
    scaling: that is done inside, while the penalty stays that of the given columns. For two classes
    there is one row of coefficients and one sigmoid, as in scikit-learn.

    Parameters
    ----------
    C : float, default=1.0
        Inverse strength of the penalty; ``np.inf`` for none.
    l1_ratio : float, default=0.0
        The fraction of the L1 norm in the penalty, from 0 to 1. Above 0 coefficients that bring
        less than the penalty costs are exactly 0. Not used where `C` is infinite.
    fit_intercept : bool, default=True
        Whether to fit `b`, which is not penalised.
    class_weight : dict or "balanced", default=None
        A factor for the weight of each class (1 where a class is not named), or "balanced" for the
        inverse of the weighted counts.
    solver : {"auto", "lbfgs", "newton"}, default="auto"
        "newton": trust-region Newton, with the exact Hessian where that is small and conjugate
        gradients, preconditioned by the Hessian of a sample of rows, otherwise; "lbfgs":
        preconditioned L-BFGS that ends in Newton steps. "auto" chooses by the problem's size,
        L-BFGS beyond 2500 coefficients, and leaves a method that is stuck or slow for the other.
        With ``l1_ratio > 0`` both run proximal Newton on an active set, and "lbfgs" is an error.
        `solver_` says what ran.
    tol : float, default=1e-6
        What the fit guarantees: the relative gap (value - minimum) / minimum is at most `tol`. It
        stops as soon as its estimate of the gap, `optimality_gap_`, says so. A fit also ends where
        rounding allows no further decrease, and has converged if the gap is then within `tol` or
        within the rounding of the objective. Coefficients are less exact than the objective: their
        errors are of the order of the root of the gap. Ask for a smaller `tol` to compare them.
    max_iter : int, default=1000
        The most iterations. With 0 the coefficients stay where the fit starts: at 0, or at the last
        ones with `warm_start`.
    warm_start : bool, default=False
        Whether `fit` starts from the coefficients of the last one, if classes and columns are the
        same.
    random_state : int, RandomState or None, default=None
        Not used by the present solvers; None is a fixed seed: nothing varies from run to run.
    n_jobs : int or None, default=None
        The most threads for the rows of `X`; None and -1 mean all that the process may use. How
        many are used is chosen while the fit runs; the result is the same to the last bit for any
        number.
    verbose : int, default=0
        1 prints a line per iteration.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels.
    coef_ : ndarray of shape (n_classes, n_features), or (1, n_features) for two classes
        The coefficients `W`, float32 for float32 `X`, else float64. For three or more classes they
        sum to 0 over the classes, unless ``l1_ratio > 0``.
    intercept_ : ndarray of shape (n_classes,) or (1,)
        The intercepts `b`; for three or more classes they sum to 0.
    n_features_in_ : int
        The number of columns of `X`.
    feature_names_in_ : ndarray of shape (n_features,)
        The names of the columns, where all are strings.
    n_iter_ : ndarray of shape (1,)
        The number of iterations, int32; 1 after `partial_fit`.
    solver_ : str
        The method that ran: "newton-cholesky", "newton-cg" or "lbfgs"; of several that went on from
        each other, all, as in "newton-cg, lbfgs"; "stream" after `partial_fit`.
    converged_ : bool
        Whether the guarantee of `tol` holds.
    objective_ : float
        The value of the objective above.
    optimality_gap_ : float
        The estimated relative gap of `objective_`: half the square of the Newton decrement, solved
        for by conjugate gradients, with a factor for what these and the curvature's change along a
        step may have missed. On the benchmarks it lay above the true gap, mostly by a factor of
        three. With ``l1_ratio > 0`` it is a duality gap, which is never below; where rounding hides
        that, what the last model promises. It does not depend on the scale of the features.
    loss_curve_ : list of float
        The objective at the start and after each iteration.

    Warns
    -----
    ConvergenceWarning
        If the fit ends before its guarantee holds: why, how far from the optimum, and what to do.

    See Also
    --------
    sklearn.linear_model.LogisticRegression : The same model; `to_sklearn` makes one.

    Notes
    -----
    *Soft labels.* `y` of shape (n_samples, n_classes) with two or more columns holds class
    probabilities or counts. Each row is multiplied by the class weights, its sum becomes a factor
    of the sample's weight, and the row is divided by it: the fit equals that of the hard labels
    repeated with those weights.

    *A class of no weight* stays in `classes_`; with an intercept its probability is below 1e-12.

    *Without a penalty* and with columns that depend on each other, `coef_` is the solution of least
    norm (up to 4000 columns). Where a class can be told apart from others without an error, on all
    rows or on some of them with no loss on the rest (complete and quasi-complete separation), there
    is no optimum. That is found by linear programs, exactly up to 2500 coefficients, beyond it only
    where the coefficients or the last step separate; a warning names the classes and columns.
    Returned is then the optimum under the penalty ``1e-12 |coef|^2 / 2`` of the standardised
    columns, beside the mean loss (more columns than at most 2000 rows: of columns all divided by
    the root of their mean variance): small enough to change nothing else, and the same from any
    start. A fit that `max_iter` or a callback cuts short stays as it is.

    References
    ----------
    J. Nocedal, S. J. Wright, Numerical Optimization, Springer 2006, chapters 4 and 7.
    A. Albert, J. A. Anderson, On the existence of maximum likelihood estimates in logistic
    regression models, Biometrika 71, 1984. K. Konis, Linear programming algorithms for detecting
    separated data in binary logistic regression models, Oxford 2007.
    J. D. Lee, Y. Sun, M. A. Saunders, Proximal Newton-type methods for minimizing composite
    functions, SIAM J. Optim. 24, 2014.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skmax import SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxRegression().fit(X, y)
    >>> model.converged_, round(model.score(X, y), 3)
    (True, 0.973)

    Only the columns that are worth it, with an L1 norm:

    >>> sparse = SoftmaxRegression(C=0.1, l1_ratio=1.0).fit(X, y)
    >>> (sparse.coef_ != 0).any(axis=0)
    array([False, False,  True, False])
    """

    coef_ = _partial_fit.ReadWhenAsked()
    intercept_ = _partial_fit.ReadWhenAsked()

    def __init__(
        self,
        *,
        C: float = 1.0,
        l1_ratio: float = 0.0,
        fit_intercept: bool = True,
        class_weight: Any = None,
        solver: str = "auto",
        tol: float = 1e-6,
        max_iter: int = 1000,
        warm_start: bool = False,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.C = C
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @with_callbacks
    @own_error_state
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "SoftmaxRegression":
        """Fit the model; after an error the estimator is as it was before.

        A callback that asks to stop leaves what was reached until then.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples. float32 and float64 are used as they are (CSR of any index size), all else
            is converted.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Class labels, or class probabilities or counts; the names of a data frame's columns
            become `classes_`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights; a weight of 0 is as good as leaving the sample out.

        Returns
        -------
        SoftmaxRegression
            The estimator itself.

        Raises
        ------
        ValueError
            If a parameter, a column of `X`, a row of `y` or a weight is not as it must be, or fewer
            than two classes have weight.
        TypeError
            If `X` or `y` is of a kind that cannot be read.
        """
        task = fit_task(self, X, y, sample_weight, self.max_iter)
        with rollback_on_error(self):
            # 1. Check.
            parameters.check_parameters(self, CONSTRAINTS)
            check_solver("SoftmaxRegression", self.solver, self.C, self.l1_ratio)
            X = read_rows(self, X, None if y is None else "no_validation")
            if not in_blocks(X, 1):
                check_finite(self, X)
            # 2. Read the targets.
            targets = read_targets(y, sample_weight, self.class_weight, X.shape[0])
            with _threads.one_blas_thread(), entries_at_fault(self, X):
                # 3. Build the objective.
                problem = problem_of(
                    X,
                    targets,
                    C=self.C,
                    l1_ratio=self.l1_ratio,
                    fit_intercept=self.fit_intercept,
                    n_jobs=self.n_jobs,
                )
                # 4. Solve, and 5. unpack.
                self._fit(problem, task)
        return self

    @own_error_state
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> "SoftmaxRegression":
        """Learn from some more samples, each looked at once; the penalty is that of all so far.

        After an error the estimator is as it was before. It makes no difference into which calls
        the samples are cut, but for rounding.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples, one or more; columns of any scale.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            As in `fit`; the labels must be among the classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.
        classes : array-like of shape (n_classes,), default=None
            All classes that will occur: needed at the first call, unless `y` has several columns.

        Returns
        -------
        SoftmaxRegression
            The estimator itself.

        Raises
        ------
        ValueError
            As in `fit`; if the first call has no `classes`, a later one has others, or `y` holds
            labels that are not among them; if a parameter asks for what takes all samples:
            ``class_weight="balanced"``, or ``l1_ratio > 0`` with a finite `C`.

        Notes
        -----
        The first 1000 samples are kept (less, if they have more than 2,097,152 entries), and the
        coefficients are the optimum over all of them, to `tol`. What comes later is not kept. Its
        gradients lead to averaged stochastic Newton steps, with the covariance of the classes times
        the moments of the columns (up to 256, with their correlations) for the Hessian. `coef_` and
        `intercept_` are of all samples so far, and are computed when they are first read.

        After `fit` it goes on from the coefficients found there, as if the samples of the fit had
        been the first; `fit` starts anew. `n_iter_` is 1, `solver_` is "stream" and `converged_`
        False: how far from the optimum the coefficients are is not known. There is no `objective_`,
        `optimality_gap_` or `loss_curve_`. A class that has not occurred among the samples that are
        kept counts as half a sample.

        References
        ----------
        C. Boyer, A. Godichon-Baggioni, On the asymptotic rate of convergence of Stochastic Newton
        algorithms and their weighted averaged versions, Comput. Optim. Appl. 84, 2023.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from skmax import SoftmaxRegression
        >>> X, y = load_digits(return_X_y=True)
        >>> model = SoftmaxRegression()
        >>> for start in range(0, 1600, 200):
        ...     part = slice(start, start + 200)
        ...     _ = model.partial_fit(X[part], y[part], classes=range(10))
        >>> model.score(X[1600:], y[1600:]) > 0.9
        True
        """
        with rollback_on_error(self):
            parameters.check_parameters(self, CONSTRAINTS)
            check_solver("SoftmaxRegression", self.solver, self.C, self.l1_ratio)
            _partial_fit.go_on(self, X, y, sample_weight, classes)
        return self

    @own_error_state
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Compute the accuracy of the predictions.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            True labels, or soft labels with the columns in the order of `classes_`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.

        Returns
        -------
        float
            The weighted fraction of right labels; for soft labels that of the targets' mass which
            lies on the predicted classes.
        """
        if not is_soft(y):
            from sklearn.metrics import accuracy_score

            return float(accuracy_score(y, self.predict(X), sample_weight=sample_weight))
        logits = self._finished_logits(X, None)
        return fraction_on_predicted(y, self.classes_, logits, sample_weight)

    @own_error_state
    def to_sklearn(self) -> "LogisticRegression":
        """Make a fitted LogisticRegression with the same coefficients.

        Whatever reads those, export to ONNX say, then works.

        Returns
        -------
        sklearn.linear_model.LogisticRegression
            Predicts the same probabilities.
        """
        check_is_fitted(self)
        from sklearn.linear_model import LogisticRegression

        other = LogisticRegression(
            C=self.C,
            fit_intercept=self.fit_intercept,
            class_weight=self.class_weight,
            max_iter=self.max_iter,
        )
        if is_sparse(self.C, self.l1_ratio):  # what a fit of its own would take
            other.set_params(l1_ratio=self.l1_ratio, solver="saga")
            if other.penalty == "l2":  # before scikit-learn 1.8 l1_ratio belongs to another one
                other.set_params(penalty="elasticnet")
        other.classes_ = self.classes_.copy()
        other.coef_ = self._dense_coef().copy()
        other.intercept_ = self.intercept_.copy()
        other.n_features_in_ = self.n_features_in_
        other.n_iter_ = self.n_iter_.copy()
        if hasattr(self, "feature_names_in_"):
            other.feature_names_in_ = self.feature_names_in_.copy()
        return other

    def _fit(self, problem: Problem, task: Task) -> None:
        """Minimise a problem's objective, and keep what that comes to."""
        result = self._solve(problem, task)
        separation, known = separation_of(problem, result, self.tol)
        if separation is not None or result.status is _solvers.Status.SEPARABLE:
            result = at_its_limit(problem, result, self.max_iter)
        elif not known:
            result = replace(result, status=_solvers.Status.UNDECIDED)
        self._unpack(problem, result)
        self.__dict__.pop("_seen", None)
        n_rows, weight = problem.samples.shape[0], problem.samples.total_weight
        self._rows_of_fit = np.array([n_rows, weight, problem.design.intercept], float)
        task.end(lambda: self._attributes(problem, result.coef, result.n_iter))
        self._warn_unless_converged(problem, result.status, separation)

    def _solve(self, problem: Problem, task: Task) -> _solvers.Result[ObjectivePoint]:
        """Minimise the objective, telling of each iteration."""

        def iteration_ends(n_iter: int, value: float, gap: float, coef: np.ndarray) -> bool:
            if self.verbose:
                _print_line(n_iter, value, gap)
            part = task.part("iteration")
            part.begin()
            return part.end(lambda: self._attributes(problem, coef, n_iter))

        task.begin()
        settings = Settings(self.solver, self.tol, self.max_iter)
        return minimise(problem, self._start(problem, settings), settings, iteration_ends)

    def _unpack(self, problem: Problem, result: _solvers.Result[ObjectivePoint]) -> None:
        """Keep what the solver has come to."""
        self.__dict__.update(self._attributes(problem, result.coef, result.n_iter))
        self.solver_ = result.method
        self.converged_, self.objective_ = result.converged, result.value
        self.optimality_gap_, self.loss_curve_ = result.gap, result.values

    def _attributes(self, problem: Problem, coef: np.ndarray, n_iter: int) -> dict[str, np.ndarray]:
        """The attributes that make predictions, and the number of iterations."""
        coef_, intercept_ = problem.unpack(coef)
        return {
            "classes_": problem.classes,
            "coef_": coef_,
            "intercept_": intercept_,
            "n_iter_": np.array([n_iter], np.int32),
        }

    def _start(self, problem: Problem, settings: Settings) -> np.ndarray:
        """Where to start: without any knowledge, or at the last coefficients."""
        same = (
            self.warm_start
            and hasattr(self, "coef_")
            and self.coef_.shape[1] == self.n_features_in_
            and np.array_equal(self.classes_, problem.classes)
        )
        if not same:
            return start_of(problem, settings)
        return problem.pack(self._dense_coef(), self.intercept_)

    def _warn_unless_converged(
        self, problem: Problem, status: _solvers.Status, separation: Separation | None
    ) -> None:
        """Say why a fit has not converged and what to do."""
        if status.converged or status is _solvers.Status.ASKED_TO_STOP:
            return
        sentence, gap = status.sentence, ""
        if separation is not None:
            names = getattr(self, "feature_names_in_", np.arange(self.n_features_in_))
            sentence = what_runs_away(separation, problem.fitted_classes, names)
        elif np.isfinite(self.optimality_gap_):
            gap = (
                f" The estimated relative gap to the optimum is {self.optimality_gap_:.2g} "
                f"(tol={self.tol:g})."
            )
        elif status is not _solvers.Status.SEPARABLE:
            gap = " The gap to the optimum is not known yet."
        warnings.warn(
            f"SoftmaxRegression has not converged: {sentence}.{gap} {status.advice}",
            ConvergenceWarning,
            stacklevel=5 + FRAMES,
        )


def _print_line(n_iter: int, value: float, gap: float) -> None:
    """What is printed of an iteration at verbose=1."""
    print(f"iteration {n_iter:4d}  objective {value:.10g}  estimated relative gap {gap:.2g}")
