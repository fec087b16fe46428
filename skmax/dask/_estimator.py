"""What estimators over Dask collections share: the client, the columns of X, predictions."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from distributed import Client, get_client, get_worker, worker_client
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from skmax.dask._collections import Collections, check_collection, is_collection, is_frame
from skmax.dask._futures import Partitions
from skmax.linear_model import SoftmaxRegression


class OverCollections(ABC, BaseEstimator):
    """Predictions over collections by the model in memory that `_in_memory` makes."""

    client: Client | None = None
    classes_: np.ndarray
    coef_: np.ndarray
    n_features_in_: int

    @abstractmethod
    def _in_memory(self) -> SoftmaxRegression:
        """The same model for arrays, on one thread."""

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

    def _predicted(self, method: str, X: Any) -> Any:
        """What a method of the model in memory says of each partition."""
        check_is_fitted(self)
        model = self._in_memory()
        if not is_collection(X):
            if hasattr(self, "feature_names_in_"):
                model.feature_names_in_ = self.feature_names_in_
            return getattr(model, method)(X)
        self._check_columns(Collections(X, None, None))
        values = X.to_dask_array() if is_frame(X) else X.rechunk({1: -1})
        none = _of_no_rows(model, method)
        if none.ndim == 1:
            return values.map_blocks(_of_block, model, method, dtype=none.dtype, drop_axis=1)
        chunks = values.chunks[0], (none.shape[1],)
        return values.map_blocks(
            _of_block, model, method, dtype=none.dtype, chunks=chunks, meta=none
        )

    def _over_partitions(
        self, function: Callable[..., np.ndarray], X: Any, y: Any, sample_weight: Any
    ) -> np.ndarray:
        """The sum over partitions of what a function of one, and of the model, gives."""
        samples = Collections(X, y, sample_weight)
        self._check_columns(samples)
        with self._connected() as client:
            partitions = Partitions(client, client.compute(samples.partitions()))
            return partitions.map(function, model=self._in_memory()).total()

    @contextmanager
    def _connected(self) -> Iterator[Client]:
        """The client that has been set, or the current one: within a task, that of its worker."""
        if self.client is not None:
            yield self.client
        elif in_a_task():
            with worker_client() as client:  # the task leaves its thread to those it waits for
                yield client
        else:
            yield self._current_client()

    def _current_client(self) -> Client:
        """The client that is current in this process."""
        try:
            return get_client()
        except ValueError as error:
            raise ValueError(
                f"skmax.dask.{type(self).__name__} needs a client of a cluster: make a "
                "distributed.Client, or set the estimator's attribute client"
            ) from error

    def _read_columns(self, samples: Collections) -> None:
        """Keep number and names of the columns of X."""
        check_collection("X", samples.X)
        check_collection("y", samples.y)
        if samples.X.ndim != 2 or not samples.X.shape[1]:
            raise ValueError(f"X must have two dimensions and a column, got {samples.X.shape}")
        if samples.y.ndim not in (1, 2):
            raise ValueError(f"y must have one or two dimensions, got {samples.y.ndim}")
        self.n_features_in_ = int(samples.X.shape[1])
        self.__dict__.pop("feature_names_in_", None)
        names = samples.names
        if names is not None and all(isinstance(name, str) for name in names):
            self.feature_names_in_ = names

    def _check_columns(self, samples: Collections) -> None:
        """Refuse an X whose columns are not those of the fit."""
        n_columns = samples.X.shape[1] if samples.X.ndim == 2 else 0
        if n_columns != self.n_features_in_:
            raise ValueError(
                f"X has {n_columns} features, but {type(self).__name__} is expecting "
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


def in_a_task() -> bool:
    """Whether this runs in a task on a worker."""
    try:
        get_worker()
    except ValueError:
        return False
    return True


def _of_block(X: Any, model: SoftmaxRegression, method: str) -> np.ndarray:
    """What a method of the model says of some rows."""
    return getattr(model, method)(X) if X.shape[0] else _of_no_rows(model, method)


def _of_no_rows(model: SoftmaxRegression, method: str) -> np.ndarray:
    """The same of no rows."""
    return getattr(model, method)(np.zeros((1, model.n_features_in_), model.coef_.dtype))[:0]
