"""Networks with their samples and settings, as the tests of `skmax._network` make them."""

import numpy as np
import scipy.sparse

from skmax import _network
from skmax._kernels.loss.arrays import (
    BinaryTargets,
    ClassProbabilities,
    Labels,
    MultilabelTargets,
)

METHODS = {
    "adam": _network.Adam(0.9, 0.999, 1e-8),
    "sgd": _network.Sgd(0.9, False),
    "nesterov": _network.Sgd(0.9, True),
    "plain": _network.Sgd(0.0, False),
}


def network_of(sizes, activation, dtype, sparse):
    return _network.Network(_network.NetworkLayout(sizes, activation, np.dtype(dtype), sparse))


def problem(sizes, kind="labels", dtype=np.float64, n=37, sparse=False, seed=0, activation="tanh"):
    """A network with drawn weights, its samples; X, targets (n, K), weight for the reference."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, sizes[0])).astype(dtype)
    if sparse:
        X[rng.random(X.shape) < 0.6] = 0
    K = sizes[-1]
    weight = rng.uniform(0, 2, n).astype(dtype)
    weight[1:][rng.random(n - 1) < 0.2] = 0
    if kind == "labels":
        labels = rng.integers(0, K, n)
        targets, of_kernels = np.eye(K)[labels], Labels(labels)
    else:
        targets = rng.random((n, K)).astype(dtype)
        if kind == "probabilities":
            targets /= targets.sum(axis=1, keepdims=True)
        of_kernels = {
            "probabilities": ClassProbabilities(np.ascontiguousarray(targets.T)),
            "multilabel": MultilabelTargets(np.ascontiguousarray(targets.T)),
            "binary": BinaryTargets(targets[:, 0].copy()),
        }[kind]
    network = network_of(sizes, activation, dtype, sparse)
    layers = _network.draw(sizes, activation, np.random.RandomState(seed))
    # No unit at the kink of a rectifier, as all behind one that is dead would be.
    network.set_layers([(w, b + 0.3 * rng.normal(size=b.shape)) for w, b in layers])
    rows = _network.rows_of(scipy.sparse.csr_matrix(X) if sparse else X)
    return network, _network.Samples(rows, of_kernels, weight), X, targets, weight


def settings(**given):
    """Ten epochs of Adam."""
    return _network.Settings(
        **{
            "method": METHODS["adam"], "alpha": 1e-4, "max_iter": 10, "early_stopping": None,
            "batch_size": 16, "shuffle": True, "dropout": (), "learning_rate": "constant",
            "learning_rate_init": 0.01, "power_t": 0.5, **given,
        }
    )  # fmt: skip
