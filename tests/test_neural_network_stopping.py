"""MLPClassifier: when a fit ends, the validation set, interrupts."""

import itertools
import signal
import threading
import warnings

import numpy as np
import pytest
import scipy.sparse
from problems import fitted, give_networks_all_threads, one_hot, simulated
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import balanced_accuracy_score, get_scorer, make_scorer

from skmax import MLPClassifier, _kernels, functional

SOLVERS = ["adam", "adamw", "sgd", "lbfgs"]
STOCHASTIC = SOLVERS[:3]


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_too_few_epochs_warn_of_the_remedy(solver):
    X, y = simulated()
    model = MLPClassifier((4,), solver=solver, max_iter=3, random_state=0)
    with pytest.warns(ConvergenceWarning, match="max_iter=3 epochs. Raise max_iter") as caught:
        model.fit(X, y)
    assert caught[0].filename == __file__
    assert not model.converged_
    assert model.n_iter_ == len(model.loss_curve_) == 3


def test_too_few_iterations_of_lbfgs_warn_of_the_remedy():
    X, y = simulated()
    with pytest.warns(ConvergenceWarning, match="max_iter=3 iterations or max_fun"):
        model = MLPClassifier((4,), solver="lbfgs", max_iter=3, random_state=0).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == 3
    with pytest.warns(ConvergenceWarning, match="max_fun=5 evaluations"):
        MLPClassifier((4,), solver="lbfgs", max_fun=5, random_state=0).fit(X, y)


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_a_fit_ends_after_n_iter_no_change_epochs_without_progress(solver):
    X, y = simulated()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = MLPClassifier(
            (4,), solver=solver, tol=0.01, n_iter_no_change=4, learning_rate_init=0.01,
            random_state=0, max_iter=2000,
        ).fit(X, y)  # fmt: skip
    assert model.converged_
    curve, best, stalled, ends = model.loss_curve_, np.inf, 0, []
    for epoch, loss in enumerate(curve):
        stalled = stalled + 1 if loss > best - 0.01 else 0
        best = min(best, loss)
        ends += [epoch] if stalled > 4 else []
    assert ends == [len(curve) - 1]
    assert model.best_loss_ == min(curve)
    assert model.loss_ == curve[-1]


def test_adaptive_divides_the_rate_instead_of_ending():
    X, y = simulated()
    settings = {"solver": "sgd", "learning_rate_init": 0.1, "tol": 0.05, "max_iter": 3000}
    constant = fitted(X, y, **settings)
    adaptive = fitted(X, y, learning_rate="adaptive", **settings)
    assert adaptive.converged_
    n = constant.n_iter_
    assert adaptive.loss_curve_[:n] == constant.loss_curve_
    # 0.1 / 5^k <= 1e-6 at k = 8: eight times eleven epochs more.
    assert adaptive.n_iter_ == n + 8 * 11


def test_invscaling_divides_the_rate_by_a_power_of_the_samples_seen():
    X, y = simulated(100)
    settings = {"solver": "sgd", "batch_size": 100, "momentum": 0.0, "alpha": 0.0, "shuffle": False}
    inverse = fitted(X, y, learning_rate="invscaling", power_t=0.3, max_iter=2, **settings)
    first = fitted(X, y, max_iter=1, **settings)
    again = fitted(X, y, max_iter=2, **settings)
    ratio = (inverse.coefs_[0] - first.coefs_[0]) / (again.coefs_[0] - first.coefs_[0])
    np.testing.assert_allclose(ratio, 101**-0.3, rtol=1e-8)
    assert inverse.t_ == 200


def test_schedules_of_sgd_alone_leave_adam_constant():
    X, y = simulated()
    for schedule in ("adaptive", "invscaling"):
        other = fitted(X, y, learning_rate=schedule)
        assert other.loss_curve_ == fitted(X, y).loss_curve_


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_given_validation_set_is_monitored_and_changes_nothing(solver):
    X, y = simulated(300)
    settings = {"solver": solver, "label_smoothing": 0.1, "alpha": 0.5}
    alone = fitted(X[:200], y[:200], **settings)
    model = fitted(X[:200], y[:200], X_val=X[200:], y_val=y[200:], **settings)
    assert model.loss_curve_ == alone.loss_curve_
    assert alone.validation_loss_curve_ is alone.validation_scores_ is None
    assert alone.best_validation_score_ is None
    assert len(model.validation_loss_curve_) == len(model.validation_scores_) == model.n_iter_
    loss = functional.cross_entropy(model.decision_function(X[200:]), y[200:])
    assert model.validation_loss_curve_[-1] == pytest.approx(np.mean(loss), rel=1e-12)
    assert model.validation_scores_[-1] == model.score(X[200:], y[200:])
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.best_loss_ == min(model.loss_curve_)


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("solver", SOLVERS)
def test_early_stopping_keeps_the_weights_of_the_best_epoch(solver, given):
    X, y = simulated(120, strength=0.3)
    held_out = {"X_val": X[80:], "y_val": y[80:]} if given else {}
    model = fitted(
        X[:80], y[:80], solver=solver, early_stopping=True, hidden=(50,), alpha=0.0, tol=0.0,
        learning_rate_init=0.02, max_iter=500, n_iter_no_change=5, validation_fraction=0.3,
        batch_size=20, **held_out,
    )  # fmt: skip
    losses = model.validation_loss_curve_
    best = int(np.argmin(losses))
    assert model.converged_
    assert len(losses) == best + 7
    assert model.best_validation_score_ == model.validation_scores_[best]
    assert model.best_loss_ is None
    if given:
        loss = functional.cross_entropy(model.decision_function(X[80:]), y[80:])
        assert np.mean(loss) == pytest.approx(losses[best], rel=1e-12)


def test_early_stopping_sets_aside_each_class():
    X, y = simulated(100, n_classes=4)
    seen = []

    def scorer(model, X_val, y_val):
        seen.append((X_val, y_val))
        return 0.5

    fitted(X, y, early_stopping=True, scoring=scorer, validation_fraction=0.2)
    X_val, y_val = seen[0]
    assert len(X_val) == len(y_val) == 20
    fractions = np.bincount(y_val) / 20
    assert np.abs(fractions - np.bincount(y) / 100).max() < 0.05
    assert all((row == X).all(axis=1).any() for row in X_val)


@pytest.mark.parametrize("kind", ["labels", "soft", "multi-label"])
@pytest.mark.parametrize("sparse", [False, True])
def test_early_stopping_takes_every_kind_of_target(sparse, kind):
    X, y = simulated(200)
    rows = scipy.sparse.csr_matrix(X) if sparse else X
    targets = {"labels": y, "soft": one_hot(y).astype(float), "multi-label": one_hot(y).astype(int)}
    model = fitted(rows, targets[kind], early_stopping=True, max_iter=100, learning_rate_init=0.01)
    assert model.best_validation_score_ > (0.3 if kind == "multi-label" else 0.5)


@pytest.mark.parametrize("scoring", ["f1_macro", make_scorer(balanced_accuracy_score)])
def test_a_scorer_decides_about_early_stopping(scoring):
    X, y = simulated(200)
    names = np.array(["x", "y", "z"])[y]
    model = fitted(
        X[:150], names[:150], early_stopping=True, scoring=scoring, max_iter=200, tol=0.0,
        X_val=X[150:], y_val=names[150:], learning_rate_init=0.01,
    )  # fmt: skip
    scores = model.validation_scores_
    last_best = len(scores) - 1 - int(np.argmax(scores[::-1]))
    assert len(scores) == last_best + 12
    assert model.best_validation_score_ == max(scores)
    assert get_scorer(scoring)(model, X[150:], names[150:]) == max(scores)


def test_class_weights_count_in_the_validation_loss():
    X, y = simulated(300)
    model = fitted(
        X[:200], y[:200], class_weight="balanced", X_val=X[200:], y_val=y[200:], max_iter=1
    )
    factors = 200 / (3 * np.bincount(y[:200]))
    loss = functional.cross_entropy(
        model.decision_function(X[200:]), y[200:], sample_weight=factors[y[200:]]
    )
    assert model.validation_loss_curve_[0] == pytest.approx(loss, rel=1e-9)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_diverging_run_stops_at_once_and_leaves_the_estimator_alone(threads, monkeypatch):
    give_networks_all_threads(monkeypatch)
    X, y = simulated()
    model = fitted(X, y, solver="sgd")
    state = vars(model).copy()
    model.set_params(learning_rate_init=1e200, n_jobs=threads)
    with pytest.raises(ValueError, match=r"not finite in epoch [1-9]. Lower learning_rate_init=1e"):
        model.fit(X, y)
    with pytest.raises(ValueError, match=r"not finite in epoch 6. Lower learning_rate_init=1e"):
        model.set_params(learning_rate_init=1e300).partial_fit(X, y)
    for name, value in state.items():
        if name.endswith("_"):
            assert getattr(model, name) is value


def test_lbfgs_says_where_x_is_too_large():
    X, y = simulated()
    with pytest.raises(ValueError, match="not finite in iteration 1: scale"):
        MLPClassifier(solver="lbfgs").fit(X * 1e307, y)


@pytest.mark.parametrize("of_val", [np.asarray, scipy.sparse.csr_matrix, scipy.sparse.csc_array])
@pytest.mark.parametrize("of_x", [np.asarray, scipy.sparse.csr_matrix])
def test_the_validation_set_may_have_another_format(of_x, of_val):
    X, y = simulated(300, 40)
    alike = fitted(X[:200], y[:200], X_val=X[200:], y_val=y[200:])
    model = fitted(of_x(X[:200]), y[:200], X_val=of_val(X[200:]), y_val=y[200:])
    np.testing.assert_allclose(
        model.validation_loss_curve_, alike.validation_loss_curve_, rtol=1e-9
    )


@pytest.mark.parametrize("early_stopping", [False, True])
def test_lbfgs_from_where_nothing_is_to_be_gained(early_stopping):
    X, y = np.zeros((50, 4)), np.arange(50) % 2
    model = MLPClassifier((5,), solver="lbfgs", early_stopping=early_stopping, random_state=0)
    model.fit(X, y)
    assert model.converged_
    assert model.n_iter_ == len(model.loss_curve_) <= 5
    assert model.loss_ == pytest.approx(np.log(2), rel=0.1)
    assert model.best_loss_ == (None if early_stopping else model.loss_)
    assert (model.validation_loss_curve_ is not None) == early_stopping


def test_a_start_that_diverges_is_passed_over_unless_all_do():
    X, y = simulated(300, 7)
    settings = {
        "solver": "sgd", "activation": "identity", "hidden": (50, 50), "max_iter": 20,
        "learning_rate_init": 0.5,
    }  # fmt: skip
    outcomes = []
    for seed in np.random.RandomState(0).randint(2**31 - 1, size=30):
        try:
            outcomes.append(fitted(X, y, random_state=int(seed), **settings).loss_)
        except ValueError:
            outcomes.append(np.inf)
    assert 0 < np.isinf(outcomes).sum() < 30
    model = fitted(X, y, n_init=30, **settings)
    assert model.loss_ == min(outcomes)
    with pytest.raises(ValueError, match="has diverged"):
        fitted(X, y, n_init=3, **{**settings, "learning_rate_init": 1e5})


def test_a_scorer_of_nan_is_no_progress():
    X, y = simulated()
    model = fitted(
        X, y, early_stopping=True, scoring=lambda *_: np.nan, max_iter=100, n_iter_no_change=4
    )
    assert model.n_iter_ == 5


def interrupt_at(call, kernel, monkeypatch):
    """Send what Ctrl-C sends when a kernel is called for that time: in the midst of a fit."""
    run, calls = getattr(_kernels, kernel), itertools.count(1)
    main = threading.main_thread().ident

    def counted(*arguments):
        if next(calls) == call:
            signal.pthread_kill(main, signal.SIGINT)
        return run(*arguments)

    monkeypatch.setattr(_kernels, kernel, counted)


@pytest.fixture
def heeds_ctrl_c():
    """Ctrl-C interrupts, also where the tests run in the background of a shell that ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_ctrl_c")
@pytest.mark.parametrize("n_init", [1, 3])
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("solver", SOLVERS)
def test_ctrl_c_leaves_what_was_reached_with_a_warning(solver, n_jobs, n_init, monkeypatch):
    give_networks_all_threads(monkeypatch)
    monkeypatch.setattr("joblib.cpu_count", lambda *_, **__: 2)
    X, y = simulated(2000, 10, strength=0.1)
    model = MLPClassifier(
        (20, 20), solver=solver, max_iter=20_000, tol=0.0, n_iter_no_change=np.inf, n_init=n_init,
        random_state=0, n_jobs=n_jobs, max_fun=10**9, alpha=1e-12,
    )  # fmt: skip
    # Of an epoch there are up to eight calls, of an evaluation as many as there are chunks.
    interrupt_at(100, "network_gradient" if solver == "lbfgs" else "train", monkeypatch)
    with pytest.warns(UserWarning, match="was interrupted after"):
        model.fit(X, y)
    assert not model.converged_
    assert 1 <= model.n_iter_ == len(model.loss_curve_)
    assert model.predict_proba(X).shape == (2000, 3)
    assert np.isfinite(model.predict_proba(X)).all()
