"""The lessons that the package grew out of, those with hidden layers or gradient descent."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skmax import MLPClassifier, SoftmaxRegression, cross_entropy, cross_entropy_with_grad


def spiral(n_points=100, n_classes=3, seed=0):
    """Points on arms that turn by 4 radians on their way out."""
    rng = np.random.default_rng(seed)
    radius = np.tile(np.linspace(0, 1, n_points), n_classes)
    y = np.repeat(np.arange(n_classes), n_points)
    angle = 4 * (y + radius) + 0.2 * rng.standard_normal(len(y))
    return np.column_stack([radius * np.sin(angle), radius * np.cos(angle)]), y


# 1. A network from scratch


@pytest.mark.parametrize("seed", range(3))
def test_an_untrained_network_is_near_one_third_everywhere(seed):
    X, y = spiral()
    model = MLPClassifier((3,), random_state=0).partial_fit(X, y, classes=[0, 1, 2])
    rng = np.random.default_rng(seed)
    model.coefs_ = [0.01 * rng.standard_normal(weights.shape) for weights in model.coefs_]
    model.intercepts_ = [np.zeros_like(bias) for bias in model.intercepts_]
    hidden = np.maximum(X @ model.coefs_[0], 0)
    np.testing.assert_allclose(model.decision_function(X), hidden @ model.coefs_[1], atol=1e-15)
    np.testing.assert_allclose(model.predict_proba(X), 1 / 3, atol=2e-4)
    assert model.score(X, y) < 0.75


@pytest.mark.parametrize("seed", range(3))
def test_a_trained_wider_network_separates_the_arms(seed):
    X, y = spiral(seed=seed)
    model = MLPClassifier(
        (64,), batch_size=300, learning_rate="one_cycle", learning_rate_init=0.05, max_iter=1000,
        random_state=seed,
    ).fit(X, y)  # fmt: skip
    assert model.score(X, y) > 0.95
    assert SoftmaxRegression().fit(X, y).score(X, y) < 0.65  # no straight lines will do
    fresh, labels = spiral(seed=seed + 10)
    assert model.score(fresh, labels) > 0.9


# 3. Several starts


def test_probabilities_depend_on_the_start_and_their_mean_is_better():
    X, y = make_classification(
        1500, 20, n_informative=8, n_classes=2, flip_y=0.1, class_sep=0.7, random_state=0
    )
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.5, random_state=0)
    settings = {"learning_rate": "cosine", "learning_rate_init": 0.01, "max_iter": 60}
    starts = [MLPClassifier((30,), random_state=seed, **settings).fit(X, y) for seed in range(6)]
    found = np.array([model.predict_proba(X_test)[:, 1] for model in starts])
    assert 0.03 < found.std(axis=0).mean() < 0.15
    scores = [model.score(X_test, y_test) for model in starts]
    assert np.ptp(scores) < 0.05  # though they agree on how often they are right
    assert log_loss(y_test, found.mean(axis=0)) < min(log_loss(y_test, p) for p in found)
    # Too sure of itself: where it says 95% and more it is right less often than that.
    sure = found > 0.95
    hits = np.broadcast_to(y_test, found.shape)[sure]
    assert hits.mean() < found[sure].mean() - 0.02


# 4. Names of colours

WORDS = ("red", "green", "blue", "orange", "yellow", "pink", "purple", "brown", "grey")


def xkcd_colours():
    """Red, green and blue, and the one of the nine words that a name holds, for those with one."""
    colours = pytest.importorskip("matplotlib.colors")
    X, y = [], []
    for name, code in colours.XKCD_COLORS.items():
        words = [word for word in WORDS if word in name.removeprefix("xkcd:")]
        if len(words) == 1:
            X.append(colours.to_rgb(code))
            y.append(words[0])
    return np.array(X), np.array(y)


def test_a_network_of_sigmoid_units_names_colours():
    X, y = xkcd_colours()
    assert len(y) == 486
    X_train, X_val, y_train, y_val = train_test_split(
        X, y, test_size=0.2, random_state=0, stratify=y
    )
    model = MLPClassifier(
        (16,), activation="logistic", solver="sgd", learning_rate_init=0.2, momentum=0.0,
        alpha=0.0, batch_size=4, max_iter=500, tol=1e-3, n_iter_no_change=20, random_state=0,
    ).fit(X_train, y_train, X_val=X_val, y_val=y_val)  # fmt: skip
    assert model.classes_.tolist() == sorted(WORDS)
    assert model.score(X_val, y_val) > 0.85
    training, validation = model.loss_curve_, model.validation_loss_curve_
    assert len(training) == len(validation) == model.n_iter_
    assert training[-1] < 0.3 * training[0]
    assert validation[-1] < 0.5 * validation[0]
    assert validation[-1] == pytest.approx(
        cross_entropy(model.decision_function(X_val), np.searchsorted(model.classes_, y_val))
    )
    picked = [[0.9, 0.05, 0.05], [0.1, 0.2, 0.9], [0.1, 0.7, 0.1], [0.5, 0.5, 0.5], [1, 0.6, 0.8]]
    assert model.predict(picked).tolist() == ["red", "blue", "green", "grey", "pink"]


# 5. Gradient descent by hand


def test_a_softmax_classifier_by_plain_gradient_descent():
    X, y = load_iris(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    n, C, rate = len(y), 1.0, 0.5
    W, b, curve = np.zeros((4, 3)), np.zeros(3), []
    for _ in range(3000):
        loss, gradient = cross_entropy_with_grad(X @ W + b, y)
        curve.append(loss + (W**2).sum() / (2 * C * n))
        W -= rate * (X.T @ gradient + W / (C * n))
        b -= rate * gradient.sum(axis=0)
    exact = SoftmaxRegression(C=C, tol=1e-12).fit(X, y)
    assert exact.objective_ <= curve[-1] <= exact.objective_ * (1 + 1e-7)
    assert np.all(np.diff(curve) <= 1e-15)
    np.testing.assert_allclose(W.T, exact.coef_, atol=1e-3)

    network = MLPClassifier(
        (), solver="sgd", momentum=0.0, learning_rate_init=rate, alpha=1 / C, batch_size=n,
        max_iter=1, random_state=0, warm_start=True,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(X, y)
    network.coefs_, network.intercepts_ = [np.zeros((4, 3))], [np.zeros(3)]
    for step in range(1, 6):
        network.partial_fit(X, y)
        logits = network.decision_function(X)
        value = cross_entropy(logits, y) + (network.coefs_[0] ** 2).sum() / (2 * C * n)
        assert value == pytest.approx(curve[step], rel=1e-12)
