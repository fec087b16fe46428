"""What a fitted estimator computes, as dense layers: the same for all of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skmax.linear_model import SoftmaxRegression, SoftmaxRegressionCV
from skmax.neural_network import MLPClassifier

ESTIMATORS = {"SoftmaxRegression": SoftmaxRegression, "MLPClassifier": MLPClassifier}


@dataclass(frozen=True)
class Layer:
    """activation(x @ weights + bias).

    Parameters
    ----------
    weights : ndarray of shape (n_in, n_out)
        The weights.
    bias : ndarray of shape (n_out,)
        The biases.
    activation : str
        That of a hidden layer, or of the outputs: "softmax", or "logistic" for one output (the
        second of two classes) and for labels that do not exclude each other.
    """

    weights: np.ndarray
    bias: np.ndarray
    activation: str


@dataclass(frozen=True)
class Layers:
    """The layers of an estimator, what its outputs stand for, and the columns that it takes."""

    estimator: str
    layers: list[Layer]
    classes: np.ndarray
    feature_names: np.ndarray | None

    @property
    def is_multilabel(self) -> bool:
        """Whether each output is a label of its own."""
        last = self.layers[-1]
        return last.activation == "logistic" and len(last.bias) > 1


def layers_of(estimator: Any) -> Layers:
    """Read the layers of a fitted estimator.

    Raises
    ------
    TypeError
        If it is none of this package.
    """
    names = getattr(estimator, "feature_names_in_", None)
    if isinstance(estimator, SoftmaxRegression | SoftmaxRegressionCV):
        check_is_fitted(estimator)
        coef = estimator.coef_
        weights = (coef.toarray() if hasattr(coef, "toarray") else coef).T
        output = "logistic" if weights.shape[1] == 1 else "softmax"
        layers = [Layer(weights, estimator.intercept_, output)]
        return Layers("SoftmaxRegression", layers, estimator.classes_, names)
    if isinstance(estimator, MLPClassifier):
        check_is_fitted(estimator)
        hidden = [estimator.activation] * (len(estimator.coefs_) - 1)
        parts = zip(
            estimator.coefs_,
            estimator.intercepts_,
            [*hidden, estimator.out_activation_],
            strict=True,
        )
        layers = [Layer(*part) for part in parts]
        return Layers("MLPClassifier", layers, estimator.classes_, names)
    raise TypeError(
        f"expected a fitted {', '.join(ESTIMATORS)} or SoftmaxRegressionCV, got "
        f"{type(estimator).__name__}"
    )


def estimator_of(model: Layers) -> Any:
    """Make a fitted estimator of layers, with its other parameters at their defaults."""
    first, last = model.layers[0], model.layers[-1]
    fitted: Any
    if model.estimator == "SoftmaxRegression":
        fitted = SoftmaxRegression()
        fitted.coef_, fitted.intercept_ = np.ascontiguousarray(first.weights.T), first.bias
        fitted.n_iter_ = np.zeros(1, np.int32)
    else:
        hidden = [len(layer.bias) for layer in model.layers[:-1]]
        fitted = MLPClassifier(tuple(hidden))
        if hidden:
            fitted.set_params(activation=first.activation)
        fitted.coefs_ = [np.ascontiguousarray(layer.weights) for layer in model.layers]
        fitted.intercepts_ = [layer.bias for layer in model.layers]
        fitted.n_layers_, fitted.n_outputs_ = len(model.layers) + 1, len(last.bias)
        fitted.out_activation_ = last.activation
        fitted.loss_, fitted.best_loss_, fitted.loss_curve_ = np.nan, None, []
        fitted.validation_loss_curve_ = fitted.validation_scores_ = None
        fitted.best_validation_score_ = None
        fitted.n_iter_ = fitted.t_ = 0
    fitted.classes_ = model.classes
    fitted.n_features_in_ = len(first.weights)
    if model.feature_names is not None:
        fitted.feature_names_in_ = model.feature_names
    return fitted
