"""MLPClassifier: agreement with scikit-learn and SoftmaxRegression, weights, layouts, bits."""

import warnings

import numpy as np
import pytest
import scipy.sparse
from marks import dtypes
from problems import (
    assert_same_bits,
    fitted,
    give_networks_all_threads,
    one_hot,
    peer_fitted,
    simulated,
    sparse_simulated,
    tight,
)
from sklearn import neural_network
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from skmax import MLPClassifier

SOLVERS = ["adam", "adamw", "sgd", "lbfgs"]
STOCHASTIC = SOLVERS[:3]


@dtypes
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("nesterov", [True, False])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh"])
def test_the_same_seed_follows_scikit_learn(activation, solver, nesterov, n_classes, dtype):
    """Initial weights, order of the samples and steps are the same: the draws are Glorot's."""
    X, y = simulated(500, n_classes=n_classes)
    X = X.astype(dtype)
    settings = {
        "activation": activation,
        "solver": solver,
        "nesterovs_momentum": nesterov,
        "batch_size": 64,
        "hidden": (7, 5),
    }
    ours, theirs = fitted(X, y, alpha=0.0, **settings), peer_fitted(X, y, alpha=0.0, **settings)
    rtol = 1e-12 if dtype == np.float64 else 2e-5
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=rtol)
    for mine, other in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=rtol * 10)
    assert ours.t_ == theirs.t_
    assert ours.out_activation_ == theirs.out_activation_


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_alpha_is_that_of_scikit_learn_but_for_the_batch(activation, solver):
    """From the same weights, with alpha * batch_size / n for alpha, the curves differ by |W|^2."""
    X, y = simulated(400)
    start = peer_fitted(X, y, activation=activation, solver=solver, max_iter=1)
    theirs = neural_network.MLPClassifier(
        (8,), activation=activation, solver=solver, warm_start=True, alpha=0.5, max_iter=4,
        batch_size=50, shuffle=False, random_state=0,
    )  # fmt: skip
    ours = MLPClassifier(
        (8,), activation=activation, solver=solver, warm_start=True, alpha=0.5 * 400 / 50,
        max_iter=4, batch_size=50, shuffle=False, random_state=0,
    )  # fmt: skip
    for model in (theirs, ours):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.set_params(max_iter=1).fit(X, y)
        model.set_params(max_iter=4)
        for name in ("coefs_", "intercepts_"):
            setattr(model, name, [array.copy() for array in getattr(start, name)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X, y)
    np.testing.assert_allclose(
        np.concatenate([w.ravel() for w in ours.coefs_]),
        np.concatenate([w.ravel() for w in theirs.coefs_]),
        atol=1e-10,
    )
    assert ours.loss_curve_[-1] == pytest.approx(theirs.loss_curve_[-1], rel=0.2)


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("sparse", [False, True])
def test_without_hidden_layers_lbfgs_agrees_with_softmax_regression(sparse, n_classes):
    X, y = sparse_simulated(300, n_classes=n_classes)
    rows = scipy.sparse.csr_matrix(X) if sparse else X
    weight = np.random.default_rng(0).uniform(0, 2, 300)
    exact = tight(C=0.5).fit(rows, y, weight)
    model = fitted(rows, y, weight, hidden=(), solver="lbfgs", alpha=2.0, tol=1e-9, max_iter=5000)
    assert model.converged_
    np.testing.assert_allclose(model.coefs_[0].T, exact.coef_, atol=2e-5)
    np.testing.assert_allclose(model.predict_proba(rows), exact.predict_proba(rows), atol=1e-5)
    assert model.loss_ == pytest.approx(exact.objective_, rel=1e-8)


def test_adam_comes_close_to_the_optimum_without_hidden_layers():
    X, y = simulated(300)
    exact = tight(C=1.0).fit(X, y)
    model = fitted(
        X, y, hidden=(), alpha=1.0, learning_rate="cosine", learning_rate_init=0.05, max_iter=300
    )
    assert model.converged_
    assert exact.objective_ <= model.loss_ <= exact.objective_ * 1.001


@dtypes
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("solver", SOLVERS)
def test_the_dtype_is_kept(solver, sparse, dtype):
    X, y = sparse_simulated()
    X = scipy.sparse.csr_matrix(X.astype(dtype)) if sparse else X.astype(dtype)
    model = fitted(X, y, solver=solver)
    for array in (*model.coefs_, *model.intercepts_):
        assert array.dtype == dtype
        assert array.flags.c_contiguous
    for method in ("predict_proba", "predict_log_proba", "decision_function"):
        assert getattr(model, method)(X).dtype == dtype


@pytest.mark.parametrize("solver", SOLVERS)
def test_layouts_of_x_give_the_same_model(solver):
    X, y = sparse_simulated()
    model = fitted(X, y, solver=solver)
    for rows in (np.asfortranarray(X), np.repeat(X, 2, axis=1)[:, ::2]):
        assert_same_bits(fitted(rows, y, solver=solver), model)
    frozen = X.copy()
    frozen.flags.writeable = False
    assert_same_bits(fitted(frozen, y, solver=solver), model)
    for format in (scipy.sparse.csr_matrix, scipy.sparse.csc_matrix, scipy.sparse.csr_array):
        other = fitted(format(X), y, solver=solver)
        np.testing.assert_allclose(other.loss_curve_, model.loss_curve_, rtol=1e-9)
        np.testing.assert_allclose(other.predict_proba(X), model.predict_proba(X), atol=1e-8)
    long = scipy.sparse.csr_matrix(X)
    long.indices, long.indptr = long.indices.astype(np.int64), long.indptr.astype(np.int64)
    np.testing.assert_allclose(fitted(long, y, solver=solver).loss_, model.loss_, rtol=1e-9)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(
    "parameters", [{}, {"dropout": 0.3}, {"n_init": 3}, {"early_stopping": True}]
)
def test_the_same_seed_gives_the_same_bits_for_any_number_of_threads(
    parameters, solver, monkeypatch
):
    give_networks_all_threads(monkeypatch)
    monkeypatch.setattr("joblib.cpu_count", lambda *_, **__: 4)
    X, y = simulated(600, 12)
    models = [
        fitted(X, y, solver=solver, hidden=(20, 10), n_jobs=n_jobs, **parameters)
        for n_jobs in (1, 2, 4)
    ]
    for model in models[1:]:
        assert_same_bits(model, models[0])
        np.testing.assert_array_equal(model.predict_proba(X), models[0].predict_proba(X))


@dtypes
@pytest.mark.parametrize("kind", ["two", "three", "labels"])
def test_probabilities_beyond_the_smallest_number(kind, dtype):
    X, y = simulated(60, n_classes=2 if kind == "two" else 3)
    X = X.astype(dtype)
    model = fitted(X, one_hot(y).astype(int) if kind == "labels" else y, hidden=())
    model.coefs_ = [1e4 * weights for weights in model.coefs_]
    p, log_p = model.predict_proba(X), model.predict_log_proba(X)
    least = np.nextafter(dtype(0), dtype(1))
    assert p.min() == least
    assert log_p.min() == np.log(least)
    assert p.max() == (1 if kind != "labels" else np.nextafter(dtype(1), dtype(0)))
    if kind != "labels":  # labels may be as sure as each other
        np.testing.assert_array_equal(p.argsort(axis=1), log_p.argsort(axis=1))
    np.testing.assert_allclose(np.log(p), log_p, rtol=0.01, atol=1e-6)


def test_adamw_shrinks_weights_and_no_biases():
    X, y = simulated(50)
    one = {"batch_size": 50, "max_iter": 1, "learning_rate_init": 0.01, "alpha": 0.0}
    plain, decayed = (fitted(X, y, solver=s, weight_decay=0.5, **one) for s in ("adam", "adamw"))
    start = fitted(
        X, y, learning_rate_init=1e-300, **{k: one[k] for k in ("batch_size", "max_iter")}
    )
    for layer in range(2):
        np.testing.assert_allclose(
            decayed.coefs_[layer],
            plain.coefs_[layer] - 0.01 * 0.5 * start.coefs_[layer],
            atol=1e-12,
        )
        np.testing.assert_array_equal(decayed.intercepts_[layer], plain.intercepts_[layer])
    without = fitted(X, y, solver="adamw", weight_decay=0.0, **one)
    assert_same_bits(without, plain)


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])
@pytest.mark.parametrize("solver", STOCHASTIC)
def test_a_schedule_goes_over_all_epochs_and_has_then_converged(solver, schedule):
    X, y = simulated(100)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = MLPClassifier(
            (5,), solver=solver, learning_rate=schedule, max_iter=30, tol=1.0, random_state=0
        ).fit(X, y)
    assert model.n_iter_ == 30
    assert model.converged_


def test_several_starts_keep_the_best():
    X, y = simulated(100)
    model = fitted(X, y, n_init=4)
    seeds = np.random.RandomState(0).randint(2**31 - 1, size=4)
    alone = [fitted(X, y, random_state=int(seed)) for seed in seeds]
    best = min(alone, key=lambda one: one.loss_)
    assert_same_bits(model, best)
    assert len({one.loss_ for one in alone}) == 4


def test_several_starts_keep_the_best_on_the_validation_set():
    X, y = simulated(200)
    given = {"X_val": X[150:], "y_val": y[150:]}
    model = fitted(X[:150], y[:150], n_init=4, **given)
    seeds = np.random.RandomState(0).randint(2**31 - 1, size=4)
    alone = [fitted(X[:150], y[:150], random_state=int(seed), **given) for seed in seeds]
    best = min(alone, key=lambda one: one.validation_loss_curve_[-1])
    assert_same_bits(model, best)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("kind", ["two", "three", "labels"])
@pytest.mark.parametrize("solver", SOLVERS)
def test_to_sklearn_predicts_the_same(solver, kind, activation):
    X, y = simulated(100, n_classes=2 if kind == "two" else 3)
    y = one_hot(y) if kind == "labels" else np.array(["a", "b", "c"])[y]
    model = fitted(X, y, solver=solver, activation=activation, hidden=(6, 4))
    other = model.to_sklearn()
    assert isinstance(other, neural_network.MLPClassifier)
    np.testing.assert_allclose(other.predict_proba(X), model.predict_proba(X), atol=1e-12)
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    np.testing.assert_array_equal(other.classes_, model.classes_)
    assert other.activation == activation
    assert other.n_iter_ == model.n_iter_


def test_to_sklearn_takes_names_of_labels():
    pandas = pytest.importorskip("pandas")
    X, y = simulated(60)
    model = fitted(X, pandas.DataFrame(one_hot(y).astype(int), columns=list("xyz")))
    other = model.to_sklearn()
    assert other.classes_.tolist() == list("xyz")
    np.testing.assert_array_equal(other.predict(X), model.predict(X))


def test_to_sklearn_keeps_the_names_of_columns_and_knows_its_limits():
    pandas = pytest.importorskip("pandas")
    X, y = simulated(50)
    frame = pandas.DataFrame(X, columns=list("abcde"))
    other = fitted(
        frame, y, learning_rate="cosine", solver="adamw", early_stopping=True
    ).to_sklearn()
    assert other.feature_names_in_.tolist() == list("abcde")
    assert (other.solver, other.learning_rate, other.early_stopping) == ("adam", "constant", True)
    other.predict(frame)
    with pytest.raises(ValueError, match="activation='gelu'"):
        fitted(X, y, activation="gelu").to_sklearn()


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (2, 1), (3, 200)])
@pytest.mark.parametrize("solver", SOLVERS)
def test_few_samples_and_few_columns(solver, shape):
    n, p = max(shape[0], 2), shape[1]
    X = np.random.default_rng(0).normal(size=(n, p))
    y = np.arange(n) % 2
    model = fitted(X, y, solver=solver, batch_size=1000)
    assert model.predict_proba(X[: shape[0]]).shape == (shape[0], 2)
    assert np.isfinite(model.loss_)


def test_one_sample_can_be_gone_over():
    X, y = simulated(10)
    model = MLPClassifier((4,), random_state=0).partial_fit(X[:1], y[:1], classes=[0, 1, 2])
    assert model.predict_proba(X[:1]).shape == (1, 3)


def test_rows_of_no_samples_are_refused():
    model = fitted(*simulated())
    with pytest.raises(ValueError, match="0 sample"):
        model.predict(np.empty((0, 5)))


def test_a_deep_network_learns_where_weights_for_other_activations_do_not():
    """Fifteen layers of rectifiers: scikit-learn draws as if each kept what it is given."""
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = X[:1300] / 16, X[1300:] / 16, y[:1300], y[1300:]
    settings = {"hidden": (32,) * 15, "max_iter": 20}
    for seed in range(2):
        ours, theirs = (
            fit(X, y, random_state=seed, **settings).score(X_test, y_test)
            for fit in (fitted, peer_fitted)
        )
        assert ours > 0.7
        assert ours > theirs + 0.1
