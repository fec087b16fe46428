"""Optima along a grid of penalties."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skmax import _threads
from skmax._error_state import own_error_state
from skmax._estimators import parameters
from skmax._estimators.samples import check_finite, read_samples
from skmax._estimators.targets import read_targets
from skmax.linear_model._minimise import Settings, check_solver, largest_C_of_zeros, minimise_along
from skmax.linear_model._problem import Problem, problem_of
from skmax.linear_model.softmax_regression import CONSTRAINTS, SoftmaxRegression

#: The weakest penalty of a grid that is derived from the data is so much smaller than the
#: strongest: with as many rows as columns or more, and with fewer. As in glmnet.
SPAN, SPAN_OF_FEW_ROWS = 1e4, 1e2
PARAMETERS = {
    "Cs": parameters.GRID,
    **{
        name: CONSTRAINTS[name]
        for name in (
            "l1_ratio", "class_weight", "fit_intercept", "solver", "tol", "max_iter", "n_jobs",
            "verbose",
        )
    },
}  # fmt: skip


@dataclass(frozen=True)
class RegularizationPath:
    """The optima along a grid of penalties; see `regularization_path`.

    Parameters
    ----------
    Cs : ndarray of shape (n_Cs,)
        Inverse strengths of the penalty, from the strongest on.
    l1_ratio : float
        The fraction of the L1 norm in the penalty.
    coefs : ndarray of shape (n_Cs, n_classes, n_features), or (n_Cs, 1, n_features)
        The coefficients for each `C`; one row for two classes. float32 for float32 `X`.
    intercepts : ndarray of shape (n_Cs, n_classes) or (n_Cs, 1)
        The intercepts.
    objectives : ndarray of shape (n_Cs,)
        The values of the objective of `SoftmaxRegression` at that `C`.
    gaps : ndarray of shape (n_Cs,)
        Estimates of their relative gaps, as `SoftmaxRegression.optimality_gap_`.
    n_nonzero : ndarray of shape (n_Cs,)
        The number of coefficients that are not 0, without intercepts.
    n_iter : ndarray of shape (n_Cs,)
        The number of iterations.
    converged : ndarray of shape (n_Cs,)
        Whether the guarantee of `tol` holds.
    classes : ndarray of shape (n_classes,)
        The class labels.
    feature_names : ndarray of shape (n_features,) or None
        The names of the columns, where all are strings.
    """

    Cs: np.ndarray
    l1_ratio: float
    coefs: np.ndarray
    intercepts: np.ndarray
    objectives: np.ndarray
    gaps: np.ndarray
    n_nonzero: np.ndarray
    n_iter: np.ndarray
    converged: np.ndarray
    classes: np.ndarray
    feature_names: np.ndarray | None

    def __len__(self) -> int:
        return len(self.Cs)

    def estimator(self, index: int) -> SoftmaxRegression:
        """Make a fitted estimator of the coefficients at one of the penalties.

        Parameters
        ----------
        index : int
            Which of `Cs`.

        Returns
        -------
        SoftmaxRegression
            With `C` and `l1_ratio` of the path, and its own parameters at their defaults.
        """
        model = SoftmaxRegression(C=float(self.Cs[index]), l1_ratio=self.l1_ratio)
        model.classes_ = self.classes.copy()
        model.coef_, model.intercept_ = self.coefs[index].copy(), self.intercepts[index].copy()
        model.n_features_in_ = self.coefs.shape[2]
        model.n_iter_ = self.n_iter[index : index + 1].copy()
        model.converged_ = bool(self.converged[index])
        model.objective_ = float(self.objectives[index])
        model.optimality_gap_ = float(self.gaps[index])
        if self.feature_names is not None:
            model.feature_names_in_ = self.feature_names.copy()
        return model


@own_error_state
def regularization_path(
    X: Any,
    y: Any,
    *,
    Cs: Any = 100,
    l1_ratio: float = 1.0,
    sample_weight: Any = None,
    class_weight: Any = None,
    fit_intercept: bool = True,
    solver: str = "auto",
    tol: float = 1e-6,
    max_iter: int = 1000,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> RegularizationPath:
    r"""Compute the optima of `SoftmaxRegression` along a grid of penalties.

    Each fit begins where the optima of the two next stronger penalties lead, and ends by the same
    guarantee as a fit of its own.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
        The samples, as for `SoftmaxRegression.fit`.
    y : array-like of shape (n_samples,) or (n_samples, n_classes)
        Class labels, or class probabilities or counts.
    Cs : int or array-like of shape (n_Cs,), default=100
        Inverse strengths of the penalty, increasing; or how many of them, evenly spaced on a
        logarithmic scale. These begin at the largest `C` at which all coefficients are 0,

        .. math:: C_0 = \frac{r}{\max_{kj} |\sum_i s_i (p_{ik} - t_{ik}) x_{ij}|},

        with `p` the probabilities of intercepts alone and `r` the `l1_ratio` (0.001 if it is
        less), and end at 10,000 times that, or 100 times where there are fewer rows than columns,
        as in glmnet.
    l1_ratio : float, default=1.0
        The fraction of the L1 norm in the penalty, from 0 to 1.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights; a weight of 0 is as good as leaving the sample out.
    class_weight : dict or "balanced", default=None
        As for `SoftmaxRegression`.
    fit_intercept : bool, default=True
        Whether to fit intercepts, which are not penalised.
    solver : {"auto", "lbfgs", "newton"}, default="auto"
        As for `SoftmaxRegression`.
    tol : float, default=1e-6
        The largest relative gap of each objective.
    max_iter : int, default=1000
        The most iterations for each `C`.
    n_jobs : int or None, default=None
        The most threads; None and -1 mean all that the process may use.
    verbose : int, default=0
        1 prints a line for each `C`.

    Returns
    -------
    RegularizationPath
        Coefficients, intercepts, objectives, gaps and numbers of non-zeros for each `C`.

    Raises
    ------
    ValueError
        If a parameter, a column of `X`, a row of `y` or a weight is not as it must be.

    Warns
    -----
    ConvergenceWarning
        If some fits end before their guarantee holds.

    References
    ----------
    J. Friedman, T. Hastie, R. Tibshirani, Regularization paths for generalized linear models via
    coordinate descent, Journal of Statistical Software 33, 2010.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from skmax import regularization_path
    >>> X, y = load_wine(return_X_y=True)
    >>> path = regularization_path(X, y, Cs=5)
    >>> path.coefs.shape, path.n_nonzero[0]
    ((5, 3, 13), np.int64(0))
    >>> bool((path.gaps <= 1e-6).all())
    True
    """
    values = {
        "Cs": Cs, "l1_ratio": l1_ratio, "class_weight": class_weight, "solver": solver,
        "fit_intercept": fit_intercept, "tol": tol, "max_iter": max_iter, "n_jobs": n_jobs,
        "verbose": verbose,
    }  # fmt: skip
    parameters.check_values("regularization_path", values, PARAMETERS)
    check_solver("regularization_path", solver, 1.0, l1_ratio)
    reader = SoftmaxRegression()
    X = read_samples(reader, X, None if y is None else "no_validation")
    check_finite(reader, X)
    targets = read_targets(y, sample_weight, class_weight, X.shape[0])
    with _threads.one_blas_thread():
        problem = problem_of(
            X, targets, C=1.0, l1_ratio=l1_ratio, fit_intercept=fit_intercept, n_jobs=n_jobs
        )
        grid = _grid(problem, Cs, l1_ratio)
        path = _empty_path(problem, grid, float(l1_ratio), reader)
        along = minimise_along(problem, grid, l1_ratio, Settings(solver, tol, max_iter))
        for index, (penalised, result) in enumerate(along):
            # Entries that stay 0 are not touched: the system then needs no memory for them.
            coef, path.intercepts[index] = penalised.unpack(result.coef)
            np.copyto(path.coefs[index], coef, where=coef != 0)
            path.objectives[index], path.gaps[index] = result.value, result.gap
            path.n_nonzero[index], path.n_iter[index] = np.count_nonzero(coef), result.n_iter
            path.converged[index] = result.converged
            if verbose:
                print(
                    f"C {grid[index]:<12.6g} objective {result.value:.10g}  gap {result.gap:.2g}  "
                    f"{path.n_nonzero[index]} coefficients not 0"
                )
    _warn_unless_converged(path, tol)
    return path


def _grid(problem: Problem, Cs: Any, l1_ratio: float) -> np.ndarray:
    """The values of `C`, given or derived from the data."""
    if np.ndim(Cs) == 1:
        return np.array(Cs, np.float64)
    n_samples, n_features = problem.samples.shape
    span = SPAN if n_samples >= n_features else SPAN_OF_FEW_ROWS
    return largest_C_of_zeros(problem, l1_ratio) * np.geomspace(1.0, span, int(Cs))


def _empty_path(
    problem: Problem, grid: np.ndarray, l1_ratio: float, reader: SoftmaxRegression
) -> RegularizationPath:
    """The path before anything is known of it."""
    size, dtype = len(grid), problem.design.dtype
    shape = size, len(problem.present), problem.samples.shape[1]
    return RegularizationPath(
        Cs=grid,
        l1_ratio=l1_ratio,
        coefs=np.zeros(shape, dtype),
        intercepts=np.zeros(shape[:2], dtype),
        objectives=np.zeros(size),
        gaps=np.zeros(size),
        n_nonzero=np.zeros(size, np.int64),
        n_iter=np.zeros(size, np.int32),
        converged=np.zeros(size, bool),
        classes=problem.classes,
        feature_names=getattr(reader, "feature_names_in_", None),
    )


def _warn_unless_converged(path: RegularizationPath, tol: float) -> None:
    """Say for which penalties the guarantee does not hold."""
    short = np.flatnonzero(~path.converged)
    if len(short) == 0:
        return
    of_the_first = path.gaps[short[0]]
    warnings.warn(
        f"regularization_path has not converged for {len(short)} of {len(path)} values of C, the "
        f"first of them {path.Cs[short[0]]:.6g}, with an estimated relative gap of "
        f"{of_the_first:.2g} (tol={tol:g}). Raise max_iter, end the grid at a smaller C, or raise "
        "tol if that gap is small enough.",
        ConvergenceWarning,
        stacklevel=3,
    )
