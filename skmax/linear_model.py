"""Multinomial logistic regression as a scikit-learn estimator."""

import warnings
from typing import Any

import numpy as np
import scipy.sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_is_fitted

from skmax import _kernels, _parameters, _solvers, _threads
from skmax._estimators import (
    as_before_on_error,
    check_finite,
    read_samples,
    share_on_predicted,
    with_first,
)
from skmax._objective import Objective
from skmax._progress import FRAMES, CallbackSupport, Task, fit_task, with_callbacks
from skmax._rows import rows_of, users_logits
from skmax._targets import Targets, is_soft, read_targets

RULES = {
    "C": _parameters.INVERSE_STRENGTH,
    "l1_ratio": _parameters.NO_L1,
    "fit_intercept": _parameters.BOOLEAN,
    "class_weight": _parameters.CLASS_WEIGHT,
    "solver": _parameters.one_of("auto", "lbfgs", "newton"),
    "tol": _parameters.POSITIVE,
    "max_iter": _parameters.integer(1),
    "warm_start": _parameters.BOOLEAN,
    "random_state": _parameters.SEED,
    "n_jobs": _parameters.JOBS,
    "verbose": _parameters.VERBOSITY,
}
#: Products of an entry of X and an output below which a second thread costs more than it brings.
SMALL = 1_200_000
#: How far below the mean of the others the logit of a class without weight lies: e^-30 < 1e-12.
BELOW = 30.0
FEW = 5  # classes that a warning names


class SoftmaxRegression(CallbackSupport, ClassifierMixin, BaseEstimator):
    r"""Softmax (multinomial logistic) regression that converges on the data as they are.

    Minimises

    .. math:: \frac1S \sum_i s_i \, \mathrm{CE}(t_i, \mathrm{softmax}(W x_i + b))
              + \frac{1}{2 C S} \|W\|^2, \qquad S = \sum_i s_i,

    whose minimum is that of scikit-learn's LogisticRegression at the same `C`. Columns need no
    scaling: that is done inside, while the penalty stays that of the given columns. For two classes
    there is one row of coefficients and one sigmoid, as in scikit-learn.

    Parameters
    ----------
    C : float, default=1.0
        Inverse strength of the penalty; ``np.inf`` for none.
    l1_ratio : float, default=0.0
        The share of the L1 norm in the penalty; only 0 is available yet.
    fit_intercept : bool, default=True
        Whether to fit `b`, which is not penalised.
    class_weight : dict or "balanced", default=None
        A factor for the weight of each class (1 where a class is not named), or "balanced" for the
        inverse of the weighted counts.
    solver : {"auto", "lbfgs", "newton"}, default="auto"
        "newton": trust-region Newton, with the exact Hessian where that is small and conjugate
        gradients, preconditioned by the Hessian of a sample of rows, otherwise; "lbfgs":
        preconditioned L-BFGS that ends in Newton steps. "auto" chooses by the problem's size:
        L-BFGS beyond 2500 coefficients. `solver_` says what ran.
    tol : float, default=1e-6
        What the fit guarantees, of the estimated relative gap (value - minimum) / minimum: before
        the last step it was at most `tol`, by half the squared Newton decrement, and after it at
        most ``tol**1.5``, by the gradient in the norm of the last preconditioner (both in the
        precision of the data). The estimate does not depend on the scale of the features. A fit
        also ends where rounding allows no further decrease, and has converged if the gap is then
        within `tol` or a hundred times the rounding of the objective.
    max_iter : int, default=1000
        The most iterations.
    warm_start : bool, default=False
        Whether `fit` starts from the coefficients of the last one, if classes and columns are the
        same.
    random_state : int, RandomState or None, default=None
        Not used by the present solvers; None is a fixed seed: nothing varies from run to run.
    n_jobs : int or None, default=None
        The most threads for the rows of `X`; None and -1 mean all that the process may use. The
        result is the same to the last bit for any number.
    verbose : int, default=0
        1 prints a line per iteration.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels.
    coef_ : ndarray of shape (n_classes, n_features), or (1, n_features) for two classes
        The coefficients `W`, float32 for float32 `X`, else float64. For three or more classes they
        sum to 0 over the classes.
    intercept_ : ndarray of shape (n_classes,) or (1,)
        The intercepts `b`; for three or more classes they sum to 0.
    n_features_in_ : int
        The number of columns of `X`.
    feature_names_in_ : ndarray of shape (n_features,)
        The names of the columns, where all are strings.
    n_iter_ : int
        The number of iterations.
    solver_ : str
        The method that ran: "newton-cholesky", "newton-cg" or "lbfgs"; of several that went on from
        each other, all, as in "newton-cg, lbfgs".
    converged_ : bool
        Whether the guarantee of `tol` holds.
    objective_ : float
        The value of the objective above.
    optimality_gap_ : float
        The estimated relative gap of `objective_`.
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
    norm (up to 4000 columns). Where a class can be told apart from the others without an error
    there is no optimum: the fit stops when nothing is left to gain, and warns which classes.

    References
    ----------
    J. Nocedal, S. J. Wright, Numerical Optimization, Springer 2006, chapters 4 and 7.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skmax import SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxRegression().fit(X, y)
    >>> model.converged_, round(model.score(X, y), 3)
    (True, 0.973)
    """

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

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @with_callbacks
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
        with as_before_on_error(self):
            _parameters.check_parameters(self, RULES)
            X = read_samples(self, X, None if y is None else "no_validation")
            check_finite(self, X)
            targets = read_targets(y, sample_weight, self.class_weight, X.shape[0])
            with _threads.one_blas_thread():
                self._fit(X, targets, task)
            self._warn_if_short()
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predict the most probable class of each sample.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        ndarray of shape (n_samples,)
            Class labels.
        """
        logits = self.decision_function(X)
        best = (logits > 0).astype(int) if logits.ndim == 1 else logits.argmax(axis=1)
        return self.classes_[best]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities in the order of `classes_`.
        """
        return self._finished_logits(X, _kernels.softmax_rows)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Predict the logarithm of each class's probability, finite where that underflows.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Log-probabilities in the order of `classes_`.
        """
        return self._finished_logits(X, _kernels.log_softmax_rows)

    def decision_function(self, X: Any) -> np.ndarray:
        """Compute the logits.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            The logit of each class; for two classes that of ``classes_[1]``.
        """
        logits = self._logits(X)
        return logits[:, 0] if len(self.classes_) == 2 else logits

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
            The weighted share of right labels; for soft labels that of the targets' mass which lies
            on the predicted classes.
        """
        if not is_soft(y):
            return float(accuracy_score(y, self.predict(X), sample_weight=sample_weight))
        logits = self._finished_logits(X, None)
        return share_on_predicted(y, self.classes_, logits, sample_weight)

    def sparsify(self) -> "SoftmaxRegression":
        """Store `coef_` as a sparse matrix, to save memory where most of it is 0.

        Returns
        -------
        SoftmaxRegression
            The estimator itself.
        """
        check_is_fitted(self)
        self.coef_: Any = scipy.sparse.csr_matrix(self.coef_)
        return self

    def densify(self) -> "SoftmaxRegression":
        """Store `coef_` as an array again.

        Returns
        -------
        SoftmaxRegression
            The estimator itself.
        """
        check_is_fitted(self)
        self.coef_ = self._dense_coef()
        return self

    def to_sklearn(self) -> LogisticRegression:
        """Make a fitted LogisticRegression with the same coefficients.

        Whatever reads those, export to ONNX say, then works.

        Returns
        -------
        sklearn.linear_model.LogisticRegression
            Predicts the same probabilities.
        """
        check_is_fitted(self)
        other = LogisticRegression(
            C=self.C,
            fit_intercept=self.fit_intercept,
            class_weight=self.class_weight,
            max_iter=self.max_iter,
        )
        other.classes_ = self.classes_.copy()
        other.coef_ = self._dense_coef().copy()
        other.intercept_ = self.intercept_.copy()
        other.n_features_in_ = self.n_features_in_
        other.n_iter_ = np.array([self.n_iter_], dtype=np.int32)
        if hasattr(self, "feature_names_in_"):
            other.feature_names_in_ = self.feature_names_in_.copy()
        return other

    def _fit(self, X: Any, targets: Targets, task: Task) -> None:
        """Minimise the objective over the classes that have weight and keep the result."""
        classes = targets.classes
        n_classes = len(classes)
        kept = targets.class_weight() > 0 if self.fit_intercept else np.ones(n_classes, bool)
        n_outputs = 1 if n_classes == 2 else int(kept.sum())
        if not kept.all():
            targets = targets.only(kept)
        total = float(targets.weight.sum())
        share = targets.weight / total
        work = (X.nnz if scipy.sparse.issparse(X) else X.size) * n_outputs
        objective = Objective(
            rows_of(X, share, self.fit_intercept),
            targets.array(n_outputs, X.dtype),
            share,
            n_outputs,
            1 / (self.C * total) if np.isfinite(self.C) else 0.0,
            1 if work < SMALL else _threads.n_threads(self.n_jobs),
        )
        present = kept if n_classes > 2 else np.ones(1, bool)

        def attributes(coef: np.ndarray) -> dict[str, Any]:
            return self._coefficients(objective, coef, present) | {"classes_": classes}

        def iteration_ends(n_iter: int, value: float, gap: float, coef: np.ndarray) -> bool:
            if self.verbose:
                _print_line(n_iter, value, gap)
            part = task.part("iteration")
            part.begin()
            return part.end(lambda: attributes(coef) | {"n_iter_": n_iter})

        task.begin()
        result = _solvers.solve(
            _solvers.choose(self.solver, X.shape[0], int(np.prod(objective.shape))),
            objective,
            self._start(objective, classes, kept),
            tol=self.tol,
            max_iter=self.max_iter,
            on_iteration=iteration_ends,
        )
        self.__dict__.update(attributes(result.coef))
        self.n_iter_, self.solver_ = result.n_iter, result.method
        self.converged_, self.objective_ = result.converged, result.value
        self.optimality_gap_, self.loss_curve_ = result.gap, result.values
        self._message = result.message
        if not np.isfinite(self.C):
            self._look_for_separable(objective, result.coef, classes[kept])
        task.end(lambda: attributes(result.coef))

    def _coefficients(
        self, objective: Objective, coef: np.ndarray, present: np.ndarray
    ) -> dict[str, Any]:
        """`coef_` and `intercept_`, of which `present` masks the rows that were fitted."""
        weights, biases = objective.user_coef(coef)
        if len(weights) > 1:
            # The same logits up to a shift for each sample, and a penalty that is no larger.
            weights, biases = weights - weights.mean(axis=0), biases - biases.mean()
        dtype = objective.rows.dtype
        coef_ = np.zeros((len(present), weights.shape[1]), dtype)
        intercept_ = np.full(len(present), -BELOW, dtype)
        coef_[present], intercept_[present] = weights, biases
        if len(present) > 1:
            intercept_ -= intercept_.mean()
        return {"coef_": coef_, "intercept_": intercept_}

    def _look_for_separable(
        self, objective: Objective, coef: np.ndarray, classes: np.ndarray
    ) -> None:
        """Without a penalty there is no optimum where a class is told apart without an error."""
        objective.value_and_gradient(coef)
        separated = objective.separated()
        if not separated.any():
            return
        names = classes if len(separated) == 1 else classes[separated]
        self.converged_, self.optimality_gap_ = False, np.inf
        self._message = (
            f"without a penalty there is no optimum, as {_listed(names)} separable from the rest: "
            "the coefficients would grow without bound"
        )

    def _start(self, objective: Objective, classes: np.ndarray, kept: np.ndarray) -> np.ndarray:
        """Where to start: zero, where every class has curvature, or the last coefficients."""
        same = (
            self.warm_start
            and hasattr(self, "coef_")
            and self.coef_.shape[1] == self.n_features_in_
            and np.array_equal(self.classes_, classes)
        )
        if not same:
            return np.zeros(objective.shape)
        present = kept if len(classes) > 2 else [True]
        coef = self._dense_coef()[present].astype(np.float64)
        return objective.rows.from_user(coef, self.intercept_[present].astype(np.float64))

    def _warn_if_short(self) -> None:
        """Say why a fit has not converged and what to do."""
        message = self.__dict__.pop("_message")
        if self.converged_ or message == _solvers.ASKED_TO_STOP:
            return
        warnings.warn(
            f"SoftmaxRegression has not converged: {message}. The estimated relative gap to the "
            f"optimum is {self.optimality_gap_:.2g} (tol={self.tol:g}). Raise max_iter, lower C "
            "(a stronger penalty), or raise tol if that gap is small enough.",
            ConvergenceWarning,
            stacklevel=3 + FRAMES,
        )

    def _logits(self, X: Any, finish: Any = None) -> np.ndarray:
        """Logits (n, rows of `coef_`), or what finish(logits, out) makes of them."""
        check_is_fitted(self)
        X = read_samples(self, X, reset=False)
        coef = self._dense_coef()
        if not scipy.sparse.issparse(X) and X.dtype == coef.dtype and X.size * len(coef) >= SMALL:
            threads = _threads.n_threads(self.n_jobs)
            logits, finite = users_logits(X, coef, self.intercept_, threads, finish)
            if not finite:  # as some logits are where X is not
                check_finite(self, X)
            return logits
        check_finite(self, X)
        logits = np.asarray(X @ coef.T) + self.intercept_
        if finish is not None:
            finish(logits, logits)
        return logits

    def _finished_logits(self, X: Any, finish: Any) -> np.ndarray:
        """What finish(logits, out) makes of a logit for every class, that of the first of two 0."""
        if not (hasattr(self, "classes_") and len(self.classes_) == 2):
            return self._logits(X, finish)
        both = with_first(self._logits(X))
        if finish is not None:
            finish(both, both)
        return both

    def _dense_coef(self) -> np.ndarray:
        """`coef_` as an array, sparsified or not."""
        return self.coef_.toarray() if scipy.sparse.issparse(self.coef_) else self.coef_


def _listed(names: np.ndarray) -> str:
    """The first few classes and their number, with the verb that follows."""
    if len(names) == 1:
        return f"class {names[0]!s} is"
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return f"classes {', '.join(map(str, names[:FEW]))}{more} are"


def _print_line(n_iter: int, value: float, gap: float) -> None:
    """What is printed of an iteration at verbose=1."""
    print(f"iteration {n_iter:4d}  objective {value:.10g}  estimated relative gap {gap:.2g}")
