"""The numbers of the lessons that the package grew out of, those that need no hidden layer."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from skmax import (
    SoftmaxRegression,
    cross_entropy,
    cross_entropy_with_grad,
    hardmax,
    sigmoid,
    softmax,
)


def rounded(expected, digits):
    """Equal to what a text gives to `digits` decimals."""
    return pytest.approx(np.asarray(expected), abs=0.5000001 * 10.0**-digits, rel=0)


# 1. A network from scratch


def test_layer_outputs_exponentials_and_softmax():
    outputs = [4.8, 1.21, 2.385]
    assert np.exp(outputs) == rounded([121.510, 3.353, 10.859], 3)
    p = softmax(outputs)
    assert p == rounded([0.895, 0.0247, 0.0800], 3)
    assert p[1:] == rounded([0.0247, 0.0800], 4)
    assert p.sum() == pytest.approx(1)


def test_a_batch_is_row_by_row():
    batch = np.array([[4.8, 1.21, 2.385], [8.9, -1.81, 0.2], [1.41, 1.051, 0.026]])
    p = softmax(batch)
    np.testing.assert_allclose(p, np.exp(batch) / np.exp(batch).sum(axis=1, keepdims=True))
    for row, expected in zip(batch, p, strict=True):
        np.testing.assert_array_equal(softmax(row), expected)


def test_exponentials_overflow_without_the_row_maximum():
    outputs = np.array([4.8, 1.21, 2.385])
    with np.errstate(over="ignore", invalid="ignore"):
        assert np.isnan(np.exp(outputs * 1000) / np.exp(outputs * 1000).sum()).any()
    np.testing.assert_array_equal(softmax(outputs * 1000), [1, 0, 0])


def test_subtracting_the_maximum_changes_nothing_else():
    outputs = np.array([4.8, 1.21, 2.385])
    np.testing.assert_allclose(softmax(outputs - outputs.max()), softmax(outputs), rtol=1e-14)


# 2. Logits and softmax


def test_the_logit_of_one_class_is_the_inverse_of_sigmoid():
    p = np.array([0.01, 0.3, 0.5, 0.982])
    np.testing.assert_allclose(sigmoid(np.log(p / (1 - p))), p, rtol=1e-14)


def test_sigmoid_is_for_many_labels_and_softmax_for_many_classes():
    scores = [4, 2, -2]
    separate = sigmoid(scores)
    assert separate[0] == rounded(0.982, 3)
    assert separate.sum() > 1.5
    assert softmax(scores) == rounded([0.879, 0.119, 0.002], 3)
    assert softmax(scores).sum() == pytest.approx(1)


@pytest.mark.parametrize("base", [1.1, 2, 10])
def test_any_base_is_a_temperature(base):
    scores = np.array([4.0, 2.0, -2.0])
    expected = base**scores / np.sum(base**scores)
    np.testing.assert_allclose(softmax(scores, temperature=1 / np.log(base)), expected)


# 3. Argmax and softmax


def test_softmax_keeps_the_ranking_and_sums_to_1():
    scores = np.array([1.43, -0.4, 0.23])
    p = softmax(scores)
    np.testing.assert_array_equal(np.argsort(p), np.argsort(scores))
    assert np.all((p > 0) & (p < 1))
    assert p.sum() == pytest.approx(1)
    np.testing.assert_array_equal(hardmax(scores), [1, 0, 0])


def test_softmax_has_a_derivative_where_argmax_has_none():
    """dp_i / dz_j = p_i (delta_ij - p_j)."""
    scores, step = np.array([1.43, -0.4, 0.23]), 1e-6
    p = softmax(scores)
    expected = np.diag(p) - np.outer(p, p)
    for j, shift in enumerate(step * np.eye(3)):
        slope = (softmax(scores + shift) - softmax(scores - shift)) / (2 * step)
        np.testing.assert_allclose(slope, expected[:, j], rtol=1e-8)
        np.testing.assert_array_equal(hardmax(scores + shift), hardmax(scores - shift))


# 4. A colour classifier


def test_softmax_expands_differences_that_dividing_by_the_sum_keeps():
    scores = np.array([2.0, 2.0, 1.0, 5.0])
    fractions = scores / scores.sum()
    assert fractions == rounded([0.2, 0.2, 0.1, 0.5], 12)
    p = softmax(scores)
    assert p == rounded([0.0445, 0.0445, 0.0164, 0.8945], 4)
    assert p[3] > fractions[3]
    assert p[2] < fractions[2]
    assert p[0] == p[1] == pytest.approx(np.e * p[2])


# 5. Training a softmax classifier


def test_exponentials_softmax_and_hard_maximum():
    logits = [5, 2, -1, 3]
    assert np.exp(logits) == rounded([148.4, 7.4, 0.4, 20.1], 1)
    assert softmax(logits) == rounded([0.842, 0.042, 0.002, 0.114], 3)
    np.testing.assert_array_equal(hardmax(logits), [1, 0, 0, 0])


def test_the_loss_is_the_logarithm_of_the_right_class():
    prediction = np.array([[0.3, 0.2, 0.1, 0.4]])
    for target in ([1], [[0, 1, 0, 0]]):
        assert cross_entropy(np.log(prediction), target) == rounded(1.609, 3)


def test_the_gradient_is_prediction_minus_target():
    prediction = np.array([[0.3, 0.2, 0.1, 0.4]])
    _, gradient = cross_entropy_with_grad(np.log(prediction), [1])
    np.testing.assert_allclose(gradient, [[0.3, -0.8, 0.1, 0.4]], rtol=1e-14)


def standardised_iris():
    X, y = load_iris(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def descend(X, y, n_classes, strength, steps=4000, rate=1.0):
    """Plain gradient descent on a softmax classifier: the last loss and its weights."""
    weights, intercepts = np.zeros((n_classes, X.shape[1])), np.zeros(n_classes)
    losses = []
    for _ in range(steps):
        loss, gradient = cross_entropy_with_grad(X @ weights.T + intercepts, y)
        losses.append(loss + 0.5 * strength * np.sum(weights**2))
        weights -= rate * (gradient.T @ X + strength * weights)
        intercepts -= rate * gradient.sum(axis=0)
    return losses, weights, intercepts


def test_gradient_descent_reaches_the_optimum_that_fit_finds():
    X, y = standardised_iris()
    losses, weights, intercepts = descend(X, y, 3, strength=1 / len(X))
    model = SoftmaxRegression(C=1.0, tol=1e-12).fit(X, y)
    assert losses[0] == pytest.approx(np.log(3))  # untrained: a third each
    assert np.all(np.diff(losses) <= 1e-15)
    assert losses[-1] == pytest.approx(model.objective_, rel=1e-8)
    np.testing.assert_allclose(weights, model.coef_, atol=1e-3)
    np.testing.assert_allclose(intercepts, model.intercept_, atol=1e-3)
    predicted = hardmax(X @ weights.T + intercepts).argmax(axis=1)
    np.testing.assert_array_equal(predicted, model.predict(X))


def test_two_classes_are_logistic_regression():
    X, y = standardised_iris()
    X, y = X[y > 0], y[y > 0] - 1
    # One row of weights w costs |w|^2 / 2, the two rows +-w/2 half as much.
    losses, weights, intercepts = descend(X, y, 2, strength=2 / len(X))
    difference = weights[1] - weights[0]
    model = SoftmaxRegression(C=1.0, tol=1e-12).fit(X, y)
    peer = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(X, y)
    assert losses[-1] == pytest.approx(model.objective_, rel=1e-8)
    np.testing.assert_allclose(difference, model.coef_[0], atol=1e-3)
    np.testing.assert_allclose(intercepts[1] - intercepts[0], model.intercept_[0], atol=1e-3)
    np.testing.assert_allclose(model.coef_, peer.coef_, atol=1e-5)
    p = sigmoid(X @ difference + intercepts[1] - intercepts[0])
    np.testing.assert_allclose(p, model.predict_proba(X)[:, 1], atol=1e-4)
