"""MLPClassifier: weights, class weights, soft and multi-label targets, smoothing."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from marks import dtypes
from problems import assert_same_bits, fitted, one_hot, peer_fitted, simulated
from sklearn.exceptions import ConvergenceWarning

from skmax import MLPClassifier
from skmax._network import ACTIVATIONS

SOLVERS = ["adam", "adamw", "sgd", "lbfgs"]
STOCHASTIC = SOLVERS[:3]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("solver", SOLVERS)
def test_weights_are_repetitions_in_full_batches(solver, activation):
    X, y = simulated(60)
    weight = np.random.default_rng(0).integers(0, 4, 60)
    settings = {"solver": solver, "activation": activation, "batch_size": 1000, "shuffle": False}
    weighted = fitted(X, y, weight, **settings)
    repeated = fitted(np.repeat(X, weight, axis=0), np.repeat(y, weight), **settings)
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-7)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", SOLVERS)
def test_a_sample_of_no_weight_is_left_out_whatever_it_holds(solver, early_stopping):
    X, y = simulated(100)
    weight = np.ones(130)
    weight[::13] = 0
    rows, labels = np.full((130, 5), 1e300), np.zeros(130, int)
    rows[weight > 0], labels[weight > 0] = np.resize(X, (120, 5)), np.resize(y, 120)
    settings = {"solver": solver, "batch_size": 32, "early_stopping": early_stopping}
    model = fitted(rows, labels, weight, **settings)
    assert_same_bits(model, fitted(rows[weight > 0], labels[weight > 0], **settings))


@dtypes
@pytest.mark.parametrize("size", [1e-40, 1e-300, 1e39, 1e300])
@pytest.mark.parametrize("solver", SOLVERS)
def test_weights_of_any_size_are_those_over_their_mean(solver, size, dtype):
    X, y = simulated(100)
    X = X.astype(dtype)
    weight = np.random.default_rng(0).uniform(0.5, 2, 100)
    model = fitted(X, y, size * weight, solver=solver, alpha=0.0)
    np.testing.assert_allclose(
        model.loss_curve_, fitted(X, y, weight, solver=solver, alpha=0.0).loss_curve_, rtol=1e-5
    )


@pytest.mark.parametrize("solver", SOLVERS)
def test_class_weights_multiply_the_samples(solver):
    X, y = simulated(100)
    factors = np.array([0.5, 2.0, 1.0])
    ours = fitted(X, y, solver=solver, class_weight={0: 0.5, 1: 2.0})
    assert_same_bits(ours, fitted(X, y, factors[y], solver=solver))
    counts = np.bincount(y)
    balanced = fitted(X, y, solver=solver, class_weight="balanced")
    assert_same_bits(balanced, fitted(X, y, (100 / (3 * counts))[y], solver=solver))


def test_soft_labels_of_one_class_each_are_the_labels():
    X, y = simulated(100)
    soft = fitted(X, one_hot(y).astype(float))
    np.testing.assert_allclose(soft.loss_curve_, fitted(X, y).loss_curve_, rtol=1e-12)
    X, y = simulated(100, n_classes=2)
    soft = fitted(X, one_hot(y).astype(float))
    np.testing.assert_allclose(soft.loss_curve_, fitted(X, y).loss_curve_, rtol=1e-12)


@pytest.mark.parametrize("solver", SOLVERS)
def test_counts_are_repetitions_in_full_batches(solver):
    X, _ = simulated(40)
    counts = np.random.default_rng(0).integers(1, 4, (40, 3))
    settings = {"solver": solver, "batch_size": 1000, "shuffle": False}
    soft = fitted(X, counts.astype(float), **settings)
    at, labels = np.nonzero(np.ones((40, 3)))
    repeated = fitted(X[at], labels, counts[at, labels], **settings)
    np.testing.assert_allclose(soft.loss_curve_, repeated.loss_curve_, rtol=1e-9)
    assert soft.score(X, counts.astype(float)) == pytest.approx(
        repeated.score(X[at], labels, counts[at, labels])
    )


@pytest.mark.parametrize("kind", ["int", "bool", "csr"])
@pytest.mark.parametrize("solver", SOLVERS)
def test_multi_label_is_a_sigmoid_for_each_column(solver, kind):
    X, _ = simulated(200)
    rng = np.random.default_rng(1)
    Y = (X @ rng.normal(size=(5, 4)) + 0.3 * rng.normal(size=(200, 4)) > 0).astype(int)
    y = {"int": Y, "bool": Y.astype(bool), "csr": scipy.sparse.csr_matrix(Y)}[kind]
    model = fitted(X, y, solver=solver, max_iter=300, learning_rate_init=0.01)
    p = model.predict_proba(X)
    assert model.out_activation_ == "logistic"
    assert model.classes_.tolist() == [0, 1, 2, 3]
    assert p.shape == (200, 4)
    z = model.decision_function(X)
    np.testing.assert_allclose(p, 1 / (1 + np.exp(-z)), rtol=1e-12)
    np.testing.assert_allclose(model.predict_log_proba(X), -np.logaddexp(0, -z), rtol=1e-12)
    predicted = model.predict(X)
    np.testing.assert_array_equal(predicted, (p > 0.5).astype(int))
    assert (predicted == Y).mean() > 0.9
    assert model.score(X, Y) == (predicted == Y).all(axis=1).mean()
    if solver != "adamw":
        theirs = peer_fitted(X, Y, solver=solver, max_iter=300, learning_rate_init=0.01)
        assert abs(model.score(X, Y) - theirs.score(X, Y)) < 0.15


def test_multi_label_follows_scikit_learn():
    X, _ = simulated(200)
    Y = np.random.default_rng(1).integers(0, 2, (200, 3))
    settings = {"activation": "tanh", "alpha": 0.0, "solver": "sgd", "batch_size": 32}
    ours, theirs = fitted(X, Y, **settings), peer_fitted(X, Y, **settings)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-10)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_label_smoothing_is_a_soft_label(n_classes):
    X, y = simulated(100, n_classes=n_classes)
    smooth = 0.8 * one_hot(y) + 0.2 / n_classes
    ours = fitted(X, y, label_smoothing=0.2)
    np.testing.assert_allclose(ours.loss_curve_, fitted(X, smooth).loss_curve_, rtol=1e-12)
    np.testing.assert_array_equal(ours.classes_, np.arange(n_classes))


def test_label_smoothing_of_multi_label_leads_to_one_half():
    X, _ = simulated(50)
    Y = np.random.default_rng(0).integers(0, 2, (50, 3))
    model = fitted(X, Y, label_smoothing=0.9999, solver="lbfgs", max_iter=500, tol=1e-7)
    np.testing.assert_allclose(model.predict_proba(X), 0.5, atol=1e-3)


@pytest.mark.parametrize("names", [["zeta", "alpha", "mid"], ["mid", "alpha", "zeta"], ["b", "a"]])
def test_classes_in_the_order_of_columns(names):
    """Labels of a validation set, of further calls and of scikit-learn's are those of names."""
    K = len(names)
    random = np.random.default_rng(0)
    X = random.normal(size=(90, 3))
    y = np.arange(90) % K
    X[np.arange(90), y] += 3
    soft = pd.DataFrame(0.9 * np.eye(K)[y] + 0.1 / K, columns=names)
    labels = np.array(names)[y]
    settings = {"hidden_layer_sizes": (5,), "learning_rate_init": 0.05, "random_state": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = MLPClassifier(**settings).fit(X, soft, X_val=X, y_val=labels)
        same = MLPClassifier(**settings).fit(X, soft, X_val=X, y_val=np.eye(K)[y])
    np.testing.assert_allclose(model.validation_loss_curve_, same.validation_loss_curve_)
    other = model.to_sklearn()
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    in_order = np.argsort(names)
    p = model.predict_proba(X)[:, in_order]
    np.testing.assert_allclose(other.predict_proba(X), p, atol=1e-12)
    for _ in range(5):
        model.partial_fit(X, labels)
    assert model.score(X, labels) > 0.8
