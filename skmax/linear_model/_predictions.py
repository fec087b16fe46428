"""What a fitted softmax regression predicts with, whatever has found its coefficients."""

from typing import Any, Self

import numpy as np
import scipy.sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from skmax import _threads
from skmax._design.blocks import block_slices, float_rows, in_blocks, is_mapped, row_bytes
from skmax._design.chunks import SMALL
from skmax._design.predict import predict_logits
from skmax._error_state import own_error_state
from skmax._estimators import documentation
from skmax._estimators.prediction import (
    to_log_probabilities,
    to_probabilities,
    with_first,
)
from skmax._estimators.samples import check_finite, entries_at_fault, read_rows


class SoftmaxPredictions(ClassifierMixin, BaseEstimator):
    """Predictions from `classes_`, `coef_` and `intercept_`, by at most `n_jobs` threads."""

    classes_: np.ndarray
    intercept_: np.ndarray
    n_jobs: int | None
    # The documented hooks of scikit-learn's representation in notebooks.
    _doc_link_module = documentation.MODULE
    _doc_link_template = documentation.PAGE

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @own_error_state
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

    @own_error_state
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
        return self._finished_logits(X, to_probabilities)

    @own_error_state
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
        return self._finished_logits(X, to_log_probabilities)

    @own_error_state
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

    def sparsify(self) -> Self:
        """Store `coef_` as a sparse matrix, to save memory where most of it is 0.

        Returns
        -------
        SoftmaxPredictions
            The estimator itself.
        """
        check_is_fitted(self)
        self.coef_: Any = scipy.sparse.csr_matrix(self.coef_)
        return self

    def densify(self) -> Self:
        """Store `coef_` as an array again.

        Returns
        -------
        SoftmaxPredictions
            The estimator itself.
        """
        check_is_fitted(self)
        self.coef_ = self._dense_coef()
        return self

    def _logits(self, X: Any, finish: Any = None) -> np.ndarray:
        """Logits (n, rows of `coef_`), which finish(logits) may change in place."""
        check_is_fitted(self)
        X, coef = read_rows(self, X, reset=False), self._dense_coef()
        if not in_blocks(X, 0) and not (X.dtype != coef.dtype and is_mapped(X)):
            return self._logits_of(X, coef, finish)
        out = np.empty((X.shape[0], len(coef)), coef.dtype)
        with entries_at_fault(self, X):
            for rows in block_slices(X.shape[0], row_bytes(X, coef.dtype)):
                out[rows] = self._logits_of(float_rows(X, rows, coef.dtype), coef, finish)
        return out

    def _logits_of(self, X: Any, coef: np.ndarray, finish: Any) -> np.ndarray:
        """The same of samples that are floats."""
        if not scipy.sparse.issparse(X) and X.dtype == coef.dtype and X.size * len(coef) >= SMALL:
            threads = _threads.n_threads(self.n_jobs)
            logits, finite = predict_logits(X, coef, self.intercept_, threads, finish)
            if not finite:  # as some logits are where X is not
                check_finite(self, X)
            return logits
        logits = np.asarray(X @ coef.T) + self.intercept_
        if not np.isfinite(logits.sum()):
            check_finite(self, X)
        if finish is not None:
            finish(logits)
        return logits

    def _finished_logits(self, X: Any, finish: Any) -> np.ndarray:
        """A logit for every class, that of the first of two 0, changed in place by `finish`."""
        if not (hasattr(self, "classes_") and len(self.classes_) == 2):
            return self._logits(X, finish)
        both = with_first(self._logits(X))
        if finish is not None:
            finish(both)
        return both

    def _dense_coef(self) -> np.ndarray:
        """`coef_` as an array, sparsified or not."""
        return self.coef_.toarray() if scipy.sparse.issparse(self.coef_) else self.coef_
