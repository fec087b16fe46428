"""MLPClassifier: warm starts and partial fits."""

import warnings

import numpy as np
import pytest
from problems import fitted, one_hot, peer_fitted, simulated
from sklearn.exceptions import ConvergenceWarning

from skmax import MLPClassifier

SOLVERS = ["adam", "adamw", "sgd", "lbfgs"]
STOCHASTIC = SOLVERS[:3]


@pytest.mark.parametrize("solver", SOLVERS)
def test_warm_start_goes_on_from_the_last_weights(solver):
    X, y = simulated()
    model = fitted(X, y, solver=solver, warm_start=True)
    before, curve = [w.copy() for w in model.coefs_], list(model.loss_curve_)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.set_params(max_iter=1, learning_rate_init=1e-12).fit(X, y)
    assert model.loss_curve_[: len(curve)] == curve
    assert model.n_iter_ == 1
    assert len(model.loss_curve_) == len(curve) + 1
    assert model.best_loss_ == min(model.loss_curve_)
    if solver != "lbfgs":
        for mine, other in zip(model.coefs_, before, strict=True):
            np.testing.assert_allclose(mine, other, atol=1e-9)
    assert model.loss_curve_[-1] < curve[0]


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_what_goes_on_in_a_warm_start_is_what_goes_on_in_scikit_learn(solver, early_stopping):
    X, y = simulated()
    settings = {"solver": solver, "early_stopping": early_stopping, "n_iter_no_change": 50}
    models = [fit(X, y, warm_start=True, **settings) for fit in (fitted, peer_fitted)]
    for max_iter, curve in ((3, 8), (4, 12)):
        for model in models:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                model.set_params(max_iter=max_iter).fit(X, y)
            assert model.n_iter_ == max_iter
            assert len(model.loss_curve_) == curve
            assert model.t_ == curve * (180 if early_stopping else 200)
            assert len(model.validation_scores_ or []) == (curve if early_stopping else 0)
            assert model.best_loss_ == (None if early_stopping else min(model.loss_curve_))


def test_warm_start_refuses_other_classes_and_layers():
    X, y = simulated()
    model = fitted(X, y, warm_start=True)
    state = vars(model).copy()
    with pytest.raises(ValueError, match="goes on from the classes"):
        model.fit(X, y + 1)
    with pytest.raises(ValueError, match="goes on from layers of"):
        model.set_params(hidden_layer_sizes=(9,)).fit(X, y)
    with pytest.raises(ValueError, match="goes on from layers of"):
        model.set_params(hidden_layer_sizes=(8,)).fit(X[:, :3], y)
    assert vars(model) == state


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_partial_fits_of_everything_are_the_epochs_of_a_fit(solver):
    X, y = simulated()
    whole = fitted(X, y, solver=solver, shuffle=False, max_iter=4)
    model = MLPClassifier((8,), solver=solver, shuffle=False, random_state=0)
    for _ in range(4):
        model.partial_fit(X, y, classes=[0, 1, 2])
    assert model.loss_curve_ == whole.loss_curve_
    np.testing.assert_array_equal(model.coefs_[0], whole.coefs_[0])
    assert model.t_ == whole.t_
    assert (model.n_iter_, whole.n_iter_) == (1, 4)


def test_partial_fit_goes_on_after_a_fit_with_what_adam_remembers():
    X, y = simulated()
    longer, shorter = (fitted(X, y, shuffle=False, max_iter=n) for n in (5, 4))
    shorter.partial_fit(X, y)
    assert shorter.loss_curve_ == longer.loss_curve_


def test_partial_fits_see_the_samples_in_new_orders_and_masks():
    X, y = simulated()
    model = MLPClassifier((8,), random_state=0, learning_rate_init=1e-300, dropout=0.5)
    for _ in range(4):
        model.partial_fit(X, y, classes=[0, 1, 2])
    assert len(set(model.loss_curve_)) == 4


def test_partial_fit_knows_its_classes():
    X, y = simulated()
    model = MLPClassifier((4,), random_state=0)
    with pytest.raises(ValueError, match="first call of partial_fit needs classes"):
        model.partial_fit(X, y)
    assert vars(model) == vars(MLPClassifier((4,), random_state=0))
    model.partial_fit(X[y < 2], y[y < 2], classes=[2, 1, 0])
    assert model.classes_.tolist() == [0, 1, 2]
    state = vars(model).copy()
    with pytest.raises(ValueError, match=r"y holds \[3\], which are not among the classes"):
        model.partial_fit(X, y + 1)
    with pytest.raises(ValueError, match="are not those before"):
        model.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="two classes or more"):
        model.partial_fit(X, y, classes=[0])
    with pytest.raises(ValueError, match="5 features"):
        model.partial_fit(X[:, :3], y)
    assert vars(model) == state
    model.partial_fit(X[:1], y[:1])


def test_partial_fit_takes_several_columns_without_classes():
    X, y = simulated()
    soft = MLPClassifier((4,), random_state=0).partial_fit(X, one_hot(y).astype(float))
    several = MLPClassifier((4,), random_state=0).partial_fit(X, one_hot(y).astype(int))
    assert soft.out_activation_ == "softmax"
    assert several.out_activation_ == "logistic"
    several.partial_fit(X, one_hot(y).astype(int))
    with pytest.raises(ValueError, match="must have shape"):
        several.partial_fit(X, one_hot(y)[:, :2].astype(int))
    with pytest.raises(ValueError, match="from logistic outputs, now y makes them softmax"):
        several.partial_fit(X, y)


def test_partial_fit_refuses_what_takes_all_samples():
    X, y = simulated()
    with pytest.raises(ValueError, match="early_stopping"):
        MLPClassifier(early_stopping=True).partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="balanced"):
        MLPClassifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])
    assert not hasattr(MLPClassifier(solver="lbfgs"), "partial_fit")


def test_the_second_fit_of_a_warm_start_is_one_start():
    X, y = simulated()
    model = fitted(X, y, warm_start=True, n_init=3)
    curve = model.loss_curve_
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y)
    assert model.loss_curve_[:5] == curve
    assert len(model.loss_curve_) == 10
    assert model.n_iter_ == 5


@pytest.mark.parametrize("scoring", [None, "accuracy"])
def test_a_warm_start_keeps_its_weights_where_early_stopping_finds_no_better(scoring):
    X, y = simulated(300)
    given = {"X_val": X[200:], "y_val": y[200:]}
    model = fitted(
        X[:200], y[:200], early_stopping=True, warm_start=True, max_iter=60, scoring=scoring,
        learning_rate_init=0.02, **given,
    )  # fmt: skip
    before, score = [w.copy() for w in model.coefs_], model.best_validation_score_
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.set_params(learning_rate_init=3.0).fit(X[:200], y[:200], **given)
    for mine, other in zip(model.coefs_, before, strict=True):
        np.testing.assert_array_equal(mine, other)
    assert model.best_validation_score_ == score == model.score(X[200:], y[200:])


def test_a_schedule_of_partial_fits_ends_after_max_iter_calls():
    X, y = simulated()
    model = MLPClassifier((4,), learning_rate="cosine", max_iter=3, random_state=0)
    ends = [model.partial_fit(X, y, classes=[0, 1, 2]).converged_ for _ in range(3)]
    assert ends == [False, False, True]
    whole = fitted(X, y, hidden=(4,), learning_rate="cosine", max_iter=1)
    assert model.loss_curve_[0] == whole.loss_curve_[0]
