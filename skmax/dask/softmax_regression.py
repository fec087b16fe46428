"""SoftmaxRegression over Dask collections."""

from typing import Any

from sklearn.utils.validation import check_is_fitted

from skmax import _threads, linear_model
from skmax._error_state import own_error_state
from skmax._estimators import parameters
from skmax._estimators.progress import fit_task, with_callbacks
from skmax._estimators.rollback import rollback_on_error
from skmax.dask._collections import Collections, is_collection
from skmax.dask._estimator import OverCollections
from skmax.dask._partitions import accuracy
from skmax.dask._problem import read_samples
from skmax.linear_model._minimise import check_solver
from skmax.linear_model.softmax_regression import CONSTRAINTS

FITTED = ("classes_", "coef_", "intercept_", "n_features_in_")


class SoftmaxRegression(OverCollections, linear_model.SoftmaxRegression):
    """Softmax regression on Dask collections that are spread over the workers of a cluster.

    The objective, the solvers, the parameters and the fitted attributes are those of
    `skmax.SoftmaxRegression`, whose optimum this one reaches. What it sums over the rows is summed
    over each partition where that is, and the sums are added in a balanced tree over the index of
    the partition: the same bits come out for any number of workers and any order of arrival.

    What leaves a partition for the client: once the weights of the classes and five numbers for
    each column; for each pass ``(p + 1) K + 1`` numbers, the gradient and the value; the Hessian,
    ``D**2`` numbers for ``D = (p + 1) K`` coefficients up to 2500, or the second moments of the
    columns and of the classes, ``(p + 1)(p + 2) / 2 + K**2``, when these are formed. No rows, but
    where ``C=np.inf`` and no exact Newton step has proved that there is an optimum: then at most
    10,000 rows of all partitions, which tell whether classes are separable.

    Parameters
    ----------
    C : float, default=1.0
        Inverse strength of the penalty; ``np.inf`` for none.
    l1_ratio : float, default=0.0
        The fraction of the L1 norm in the penalty, from 0 to 1.
    fit_intercept : bool, default=True
        Whether to fit intercepts, which are not penalised.
    class_weight : dict or "balanced", default=None
        A factor for the weight of each class, or "balanced" for the inverse of the weighted counts.
    solver : {"auto", "lbfgs", "newton"}, default="auto"
        The method, as for `skmax.SoftmaxRegression`.
    tol : float, default=1e-6
        The relative gap to the optimum that the fit guarantees.
    max_iter : int, default=1000
        The most iterations.
    warm_start : bool, default=False
        Whether `fit` starts from the coefficients of the last one.
    random_state : int, RandomState or None, default=None
        Not used: nothing varies from run to run.
    n_jobs : int or None, default=None
        The most threads of the client for what it does with the sums; None and -1 mean all. On the
        workers each task runs on one thread: their number of threads is the cluster's.
    verbose : int, default=0
        1 prints a line per iteration.
    gather_rows : bool, default=True
        Whether rows may be gathered on the client where ``C=np.inf``, as above. If not, such fits
        have not converged, and say so.

    Attributes
    ----------
    client : distributed.Client or None
        The client to use; None for the one that is current. It is no parameter: `clone` and pickles
        leave it out.
    classes_ : ndarray of shape (n_classes,)
        The class labels.
    coef_ : ndarray of shape (n_classes, n_features), or (1, n_features) for two classes
        The coefficients.
    intercept_ : ndarray of shape (n_classes,) or (1,)
        The intercepts.
    n_features_in_ : int
        The number of columns of `X`.
    feature_names_in_ : ndarray of shape (n_features,)
        The names of the columns of a data frame, where all are strings.
    n_iter_ : ndarray of shape (1,)
        The number of iterations.
    solver_ : str
        The method that ran.
    converged_ : bool
        Whether the guarantee of `tol` holds.
    objective_ : float
        The value of the objective.
    optimality_gap_ : float
        The estimated relative gap of `objective_`.
    loss_curve_ : list of float
        The objective at the start and after each iteration.

    See Also
    --------
    skmax.SoftmaxRegression : For samples in memory or in a file.

    Notes
    -----
    Partitions are kept in the workers' memory during a fit, as floats: `X` once, and twice the
    logits of its rows. All tasks are ordinary ones: where a worker dies they are run again on
    another, as long as the collection can be computed again.

    The bits are the same for any number of workers, and not for any partitions. Workers of other
    processors run the code of the lowest level among them.

    Examples
    --------
    >>> import dask.array as da
    >>> from distributed import Client
    >>> from sklearn.datasets import load_iris
    >>> from skmax.dask import SoftmaxRegression
    >>> client = Client(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None)
    >>> X, y = load_iris(return_X_y=True)
    >>> X, y = da.from_array(X, chunks=(50, 4)), da.from_array(y, chunks=50)
    >>> model = SoftmaxRegression().fit(X, y)
    >>> model.converged_, round(model.score(X, y), 3)
    (True, 0.973)
    >>> model.predict_proba(X).compute().shape
    (150, 3)
    >>> client.close()
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
        gather_rows: bool = True,
    ) -> None:
        super().__init__(
            C=C, l1_ratio=l1_ratio, fit_intercept=fit_intercept, class_weight=class_weight,
            solver=solver, tol=tol, max_iter=max_iter, warm_start=warm_start,
            random_state=random_state, n_jobs=n_jobs, verbose=verbose,
        )  # fmt: skip
        self.gather_rows = gather_rows

    @with_callbacks
    @own_error_state
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "SoftmaxRegression":
        """Fit the model; after an error the estimator is as it was before.

        Parameters
        ----------
        X : dask Array or DataFrame of shape (n_samples, n_features)
            The samples, dense or, as the chunks of an array, CSR. Chunk sizes need not be known.
        y : dask Array, Series or DataFrame of shape (n_samples,) or (n_samples, n_classes)
            Class labels, or class probabilities or counts, in the partitions of `X`. An array with
            known chunks is cut as `X` is.
        sample_weight : dask Array or Series of shape (n_samples,), default=None
            Weights.

        Returns
        -------
        SoftmaxRegression
            The estimator itself.

        Raises
        ------
        ValueError
            If a parameter is not as it must be, or a partition: the error names it, with the row
            and the column of an entry that is not finite.
        TypeError
            If `X`, `y` or `sample_weight` is no collection.
        RuntimeError
            If a partition is lost and cannot be made again.
        """
        task = fit_task(self, X, y, sample_weight, self.max_iter)
        with rollback_on_error(self):
            parameters.check_parameters(self, {**CONSTRAINTS, "gather_rows": parameters.BOOLEAN})
            check_solver("SoftmaxRegression", self.solver, self.C, self.l1_ratio)
            samples = Collections(X, y, sample_weight)
            self._read_columns(samples)
            with _threads.one_blas_thread(), self._connected() as client:
                distributed = read_samples(
                    client,
                    samples,
                    class_weight=self.class_weight,
                    fit_intercept=bool(self.fit_intercept),
                    may_gather=bool(self.gather_rows),
                )
                problem = distributed.problem(self.C, self.l1_ratio, self.n_jobs)
                self._fit(problem, task)
        return self

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Compute the accuracy of the predictions.

        Parameters
        ----------
        X : dask Array or DataFrame, or array-like, of shape (n_samples, n_features)
            The samples.
        y : dask Array, Series or DataFrame, or array-like
            True labels of shape (n_samples,), or soft labels (n_samples, n_classes) with the
            columns in the order of `classes_`.
        sample_weight : dask Array or Series, or array-like, of shape (n_samples,), default=None
            Weights.

        Returns
        -------
        float
            The weighted fraction of right labels; for soft labels that of the targets' mass which
            lies on the predicted classes.
        """
        check_is_fitted(self)
        if not is_collection(X):
            return super().score(X, y, sample_weight)
        right, weight = self._over_partitions(accuracy, X, y, sample_weight)
        return float(right / weight)

    def _in_memory(self) -> linear_model.SoftmaxRegression:
        """The same model for arrays, on one thread."""
        given = {**self.get_params(), "n_jobs": 1}
        del given["gather_rows"]
        model = linear_model.SoftmaxRegression(**given)
        for name in FITTED:
            setattr(model, name, getattr(self, name))
        return model
