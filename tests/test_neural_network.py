"""MLPClassifier: agreement with scikit-learn and SoftmaxRegression, weights, layouts, bits."""

import warnings

import numpy as np
import pytest
import scipy.sparse
from marks import dtypes
from problems import assert_same_bits, one_hot, simulated, sparse_simulated, tight
from sklearn import neural_network
from sklearn.exceptions import ConvergenceWarning

from skmax import MLPClassifier
from skmax._network import ACTIVATIONS

SOLVERS = ["adam", "adamw", "sgd", "lbfgs"]
STOCHASTIC = SOLVERS[:3]


def fitted(X, y, weight=None, *, hidden=(8,), X_val=None, y_val=None, **parameters):
    """A fit of a few epochs that says nothing of having stopped short."""
    parameters = {"random_state": 0, "max_iter": 5, **parameters}
    model = MLPClassifier(hidden, **parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y, weight, X_val=X_val, y_val=y_val)


def peer(X, y, *, hidden=(8,), **parameters):
    """scikit-learn's fit of the same."""
    model = neural_network.MLPClassifier(hidden, **{"random_state": 0, "max_iter": 5, **parameters})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)


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
    ours, theirs = fitted(X, y, alpha=0.0, **settings), peer(X, y, alpha=0.0, **settings)
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
    start = peer(X, y, activation=activation, solver=solver, max_iter=1)
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
    monkeypatch.setattr("skmax._network.trainer.WORTH_A_THREAD", 1)
    monkeypatch.setattr("joblib.cpu_count", lambda *_, **__: 4)
    X, y = simulated(600, 12)
    models = [
        fitted(X, y, solver=solver, hidden=(20, 10), n_jobs=n_jobs, **parameters)
        for n_jobs in (1, 2, 4)
    ]
    for model in models[1:]:
        assert_same_bits(model, models[0])
        np.testing.assert_array_equal(model.predict_proba(X), models[0].predict_proba(X))


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
        theirs = peer(X, Y, solver=solver, max_iter=300, learning_rate_init=0.01)
        assert abs(model.score(X, Y) - theirs.score(X, Y)) < 0.15


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


def test_multi_label_follows_scikit_learn():
    X, _ = simulated(200)
    Y = np.random.default_rng(1).integers(0, 2, (200, 3))
    settings = {"activation": "tanh", "alpha": 0.0, "solver": "sgd", "batch_size": 32}
    ours, theirs = fitted(X, Y, **settings), peer(X, Y, **settings)
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


def test_adamw_shrinks_weights_and_no_biases():
    X, y = simulated(50)
    one = {"batch_size": 50, "max_iter": 1, "learning_rate_init": 0.01, "alpha": 0.0}
    plain, decayed = (fitted(X, y, solver=s, weight_decay=0.5, **one) for s in ("adam", "adamw"))
    start = fitted(
        X, y, learning_rate_init=1e-300, **{k: one[k] for k in ("batch_size", "max_iter")}
    )
    for place in range(2):
        np.testing.assert_allclose(
            decayed.coefs_[place],
            plain.coefs_[place] - 0.01 * 0.5 * start.coefs_[place],
            atol=1e-12,
        )
        np.testing.assert_array_equal(decayed.intercepts_[place], plain.intercepts_[place])
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
