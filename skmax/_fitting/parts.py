"""From an estimator's parameters and attributes to the parts of a network, and back."""

from numbers import Integral
from typing import Any

import numpy as np
import scipy.sparse

from skmax import _network
from skmax._targets import Targets


def sizes_of(model: Any, n_columns: int, targets: Targets) -> tuple[int, ...]:
    """The units of each layer: columns, hidden ones, outputs."""
    hidden = model.hidden_layer_sizes
    hidden = [hidden] if isinstance(hidden, Integral) else hidden
    return (n_columns, *map(int, hidden), n_outputs_of(targets))


def n_outputs_of(targets: Targets) -> int:
    """One logit for two classes, else one for each."""
    n_classes = len(targets.classes)
    return 1 if n_classes == 2 and not targets.independent else n_classes


def network_of(model: Any, sizes: tuple[int, ...], X: Any, random: Any) -> _network.Network:
    """A network with weights drawn by `random`, or those of the last fit."""
    network = _network.Network(sizes, model.activation, X.dtype, scipy.sparse.issparse(X))
    if random is None:
        network.set_layers(list(zip(model.coefs_, model.intercepts_, strict=True)))
    else:
        network.set_layers(_network.draw(sizes, model.activation, random))
    return network


def with_weight(X: Any, targets: Targets) -> tuple[Any, Targets]:
    """The samples that have weight: the others are as good as left out."""
    some = targets.weight > 0
    if some.all():
        return X, targets
    return X[some], targets.rows(some)


def samples_of(X: Any, targets: Targets, smoothing: float = 0.0) -> _network.Samples:
    """Rows, targets and weights for the kernels."""
    if smoothing > 0:
        targets = targets.smoothed(smoothing)
    return _network.Samples(
        _network.arrays_of(X),
        targets.array(n_outputs_of(targets), X.dtype),
        targets.weight,
        independent=targets.independent,
    )


def optimiser_of(model: Any) -> _network.Optimiser | None:
    """The stochastic method, or None for L-BFGS."""
    if model.solver == "lbfgs":
        return None
    if model.solver == "sgd":
        return _network.sgd(model.momentum, model.nesterovs_momentum)
    decay = model.weight_decay if model.solver == "adamw" else 0.0
    return _network.adam(model.beta_1, model.beta_2, model.epsilon, decay)


def check_same(model: Any, sizes: tuple[int, ...], targets: Targets) -> None:
    """The classes and layers must be those of the weights to go on from."""
    remedy = "make a new estimator, or set warm_start=False for fit"
    if model.out_activation_ != out_activation_of(targets):
        raise ValueError(
            f"MLPClassifier goes on from {model.out_activation_} outputs, now y makes them "
            f"{out_activation_of(targets)}: {remedy}"
        )
    if not np.array_equal(model.classes_, targets.classes):
        raise ValueError(
            f"MLPClassifier goes on from the classes {model.classes_}, now y has "
            f"{targets.classes}: {remedy}"
        )
    if sizes_before(model) != sizes:
        raise ValueError(
            f"MLPClassifier goes on from layers of {sizes_before(model)} units, now they would be "
            f"{sizes}: {remedy}"
        )


def sizes_before(model: Any) -> tuple[int, ...]:
    """The units of each layer of a fitted estimator."""
    return (*(len(weights) for weights in model.coefs_), model.n_outputs_)


def out_activation_of(targets: Targets) -> str:
    """What makes probabilities of the logits."""
    return "logistic" if targets.independent or n_outputs_of(targets) == 1 else "softmax"
