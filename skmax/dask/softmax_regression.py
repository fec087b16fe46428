"""SoftmaxRegression over Dask collections."""

from typing import Any

import numpy as np
from distributed import Client, get_client
from sklearn.utils.validation import check_is_fitted

from skmax import _threads, linear_model
from skmax._error_state import own_error_state
from skmax._estimators import parameters
from skmax._estimators.progress import fit_task, with_callbacks
from skmax._estimators.rollback import rollback_on_error
from skmax.dask._collections import Samples, check_collection, is_collection, is_frame
from skmax.dask._futures import Partitions
from skmax.dask._partitions import scored
from skmax.dask._problem import distributed_problem
from skmax.linear_model._minimise import check_solver
from skmax.linear_model.softmax_regression import CONSTRAINTS

FITTED = ("classes_", "coef_", "intercept_", "n_features_in_")


class SoftmaxRegression(linear_model.SoftmaxRegression):
    """Softmax regression on Dask collections that are spread over the workers of a cluster.

    The objective, the solvers, the parameters and the fitted attributes are those of
    `skmax.SoftmaxRegression`, whose optimum this one reaches. What it sums over the rows is summed
    over each partition where that is, and the sums are added in a balanced tree over the index of
    the partition: the same bits come out for any number of workers and any order of arrival.

    What leaves a partition for the client: once the weights of the classes and five numbers for
    each column; for each pass ``(p + 1) K + 1`` numbers, the gradient and the value; the Hessian,
    ``D**2`` numbers for ``D = (p + 1) K`` coefficients up to 2500, or the second moments of the
    columns and of the classes, ``(p + 1)(p + 2) / 2 + K**2``, when these are formed. No rows, but
    where ``C=np.inf`` and the end of a fit hints at separable classes: then at most 10,000 rows
    of all partitions, of which linear programs are made.

    Parameters
    ----------
    C, l1_ratio, fit_intercept, class_weight, solver, tol, max_iter, warm_start, random_state, \
verbose
        As for `skmax.SoftmaxRegression`.
    n_jobs : int or None, default=None
        The most threads of the client for what it does with the sums; None and -1 mean all. On the
        workers each task runs on one thread: their number of threads is the cluster's.

    Attributes
    ----------
    client : distributed.Client or None
        The client to use; None for the one that is current. It is no parameter: `clone` and pickles
        leave it out.
    classes_, coef_, intercept_, n_features_in_, feature_names_in_, n_iter_, solver_, converged_, \
objective_, optimality_gap_, loss_curve_
        As for `skmax.SoftmaxRegression`.

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

    client: Client | None = None

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
            parameters.check_parameters(self, CONSTRAINTS)
            check_solver("SoftmaxRegression", self.solver, self.C, self.l1_ratio)
            samples = Samples(X, y, sample_weight)
            self._read_columns(samples)
            with _threads.one_blas_thread():
                problem = distributed_problem(
                    self._client(),
                    samples.partitions(),
                    C=self.C,
                    l1_ratio=self.l1_ratio,
                    class_weight=self.class_weight,
                    fit_intercept=bool(self.fit_intercept),
                    dtype=samples.dtype,
                    n_jobs=self.n_jobs,
                )
                self._fit(problem, task)
        return self

    def predict(self, X: Any) -> Any:
        """Predict the most probable class of each sample.

        Parameters
        ----------
        X : dask Array or DataFrame, or array-like, of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        dask Array or ndarray of shape (n_samples,)
            Class labels; of a collection, not computed yet.
        """
        return self._predicted("predict", X)

    def predict_proba(self, X: Any) -> Any:
        """Predict the probability of each class.

        Parameters
        ----------
        X : dask Array or DataFrame, or array-like, of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        dask Array or ndarray of shape (n_samples, n_classes)
            Probabilities in the order of `classes_`; of a collection, not computed yet.
        """
        return self._predicted("predict_proba", X)

    def predict_log_proba(self, X: Any) -> Any:
        """Predict the logarithm of each class's probability, finite where that underflows.

        Parameters
        ----------
        X : dask Array or DataFrame, or array-like, of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        dask Array or ndarray of shape (n_samples, n_classes)
            Log-probabilities in the order of `classes_`; of a collection, not computed yet.
        """
        return self._predicted("predict_log_proba", X)

    def decision_function(self, X: Any) -> Any:
        """Compute the logits.

        Parameters
        ----------
        X : dask Array or DataFrame, or array-like, of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        dask Array or ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            The logit of each class; of a collection, not computed yet.
        """
        return self._predicted("decision_function", X)

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
        samples = Samples(X, y, sample_weight)
        self._check_columns(samples)
        client = self._client()
        partitions = Partitions(client, client.compute(samples.partitions()))
        right, weight = partitions.map(scored, model=self._in_memory()).total()
        return float(right / weight)

    def _predicted(self, method: str, X: Any) -> Any:
        """What a method of the model in memory says of each partition."""
        check_is_fitted(self)
        model = self._in_memory()
        if not is_collection(X):
            if hasattr(self, "feature_names_in_"):
                model.feature_names_in_ = self.feature_names_in_
            return getattr(model, method)(X)
        self._check_columns(Samples(X, None, None))
        values = X.to_dask_array() if is_frame(X) else X.rechunk({1: -1})
        like = getattr(model, method)(np.zeros((1, self.n_features_in_), self.coef_.dtype))
        if like.ndim == 1:
            return values.map_blocks(_of_block, model, method, dtype=like.dtype, drop_axis=1)
        chunks = values.chunks[0], (like.shape[1],)
        return values.map_blocks(_of_block, model, method, dtype=like.dtype, chunks=chunks,
                                 meta=like[:0])  # fmt: skip

    def _in_memory(self) -> linear_model.SoftmaxRegression:
        """The same model for arrays, on one thread."""
        model = linear_model.SoftmaxRegression(**{**self.get_params(), "n_jobs": 1})
        for name in FITTED:
            setattr(model, name, getattr(self, name))
        return model

    def _client(self) -> Client:
        """The client that has been set, or the current one."""
        if self.client is not None:
            return self.client
        try:
            return get_client()
        except ValueError as error:
            raise ValueError(
                "skmax.dask.SoftmaxRegression needs a client of a cluster: make a "
                "distributed.Client, or set the estimator's attribute client"
            ) from error

    def _read_columns(self, samples: Samples) -> None:
        """Keep number and names of the columns of X."""
        check_collection("X", samples.X)
        check_collection("y", samples.y)
        if samples.X.ndim != 2:
            raise ValueError(f"X must have two dimensions, got {samples.X.ndim}")
        self.n_features_in_ = int(samples.X.shape[1])
        self.__dict__.pop("feature_names_in_", None)
        names = samples.names
        if names is not None and all(isinstance(name, str) for name in names):
            self.feature_names_in_ = names

    def _check_columns(self, samples: Samples) -> None:
        """Refuse an X whose columns are not those of the fit."""
        n_columns = samples.X.shape[1] if samples.X.ndim == 2 else 0
        if n_columns != self.n_features_in_:
            raise ValueError(
                f"X has {n_columns} features, but SoftmaxRegression is expecting "
                f"{self.n_features_in_} features as input"
            )
        known, names = getattr(self, "feature_names_in_", None), samples.names
        if known is not None and names is not None and not np.array_equal(known, names):
            raise ValueError(
                f"X: the columns are {list(names)}, those of the fit were {list(known)}"
            )

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name != "client"}


def _of_block(X: Any, model: linear_model.SoftmaxRegression, method: str) -> np.ndarray:
    """What a method of the model says of some rows."""
    return getattr(model, method)(X) if X.shape[0] else _nothing(model, method)


def _nothing(model: linear_model.SoftmaxRegression, method: str) -> np.ndarray:
    """The same of no rows."""
    like = getattr(model, method)(np.zeros((1, model.n_features_in_), model.coef_.dtype))
    return like[:0]
