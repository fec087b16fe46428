"""The public maths to the last digits, and where numbers end."""

import warnings

import numpy as np
import pytest
import reference
import scipy.special
from functional_cases import both, normal
from marks import dtypes, needs_wide
from reference import ulp_error

from skmax import (
    log_softmax,
    logsumexp,
    sigmoid,
    softmax,
)

CLASSES = [2, 3, 10, 32, 100, 1000]
TWIN = {softmax: reference.softmax_rows, log_softmax: reference.log_softmax_rows}


# Accuracy


@needs_wide
@both
@dtypes
@pytest.mark.parametrize("n_classes", CLASSES)
@pytest.mark.parametrize("scale", [0.01, 1.0, 10.0, 100.0])
def test_random_logits_within_4_ulp_and_the_range(scale, n_classes, dtype, function):
    logits = normal(max(10, 10_000 // n_classes), n_classes, dtype=dtype, scale=scale, seed=1)
    allowed = 4 + np.ptp(logits.astype(np.float64), axis=1, keepdims=True)
    assert np.all(ulp_error(function(logits), TWIN[function](logits)) <= allowed)


@needs_wide
@both
@dtypes
@pytest.mark.parametrize("n_classes", [*CLASSES, 23, 24, 20_000])
@pytest.mark.parametrize("largest", [1, 10, 80])
def test_exact_differences_within_4_ulp(largest, n_classes, dtype, function):
    rng = np.random.default_rng(n_classes)
    shape = (max(10, 200_000 // n_classes), n_classes)
    logits = (rng.integers(-8 * largest, 8 * largest + 1, shape) / 8).astype(dtype)
    assert ulp_error(function(logits), TWIN[function](logits)).max() <= 4


@needs_wide
@both
@dtypes
@pytest.mark.parametrize("n_classes", [*CLASSES, 23, 24, 20_000])
def test_one_class_above_many_equal_ones_within_4_ulp(n_classes, dtype, function):
    logits = np.zeros((80, n_classes), dtype)
    logits[:, 1:] = -(np.arange(1, 81)[:, None] / 2)
    assert ulp_error(function(logits), TWIN[function](logits)).max() <= 4


@needs_wide
@both
@dtypes
@pytest.mark.parametrize(
    "row", [[0, 50], [0, 800], [800, 0], [0, 50, 0], [50, 50, 0], [0, 700, -700], [0, 1e30]]
)
@pytest.mark.parametrize("padding", [0, 30])
def test_confident_rows_within_4_ulp(row, padding, dtype, function):
    logits = np.array([row + [0] * padding], dtype)
    assert ulp_error(function(logits), TWIN[function](logits)).max() <= 4


def test_confident_rows_keep_the_digits_of_the_tiny_logarithm():
    assert log_softmax([0.0, 50.0])[1] == pytest.approx(-np.exp(-50.0), rel=1e-15)
    assert log_softmax([0.0, 700.0])[1] == pytest.approx(-np.exp(-700.0), rel=1e-15)
    np.testing.assert_array_equal(log_softmax([0.0, 800.0]), [-800, 0])
    np.testing.assert_array_equal(log_softmax([0.0, 1000.0]), [-1000, 0])


@needs_wide
@dtypes
@pytest.mark.parametrize("n_classes", CLASSES)
def test_logsumexp_of_exact_differences_within_4_ulp(n_classes, dtype):
    rng = np.random.default_rng(n_classes)
    logits = (rng.integers(0, 80, (100, n_classes)) / 8).astype(dtype)  # nothing cancels
    assert ulp_error(logsumexp(logits), reference.logsumexp_rows(logits)).max() <= 4


@needs_wide
@dtypes
def test_sigmoid_within_4_ulp(dtype):
    logits = np.linspace(-800, 800, 10_001).astype(dtype)
    assert ulp_error(sigmoid(logits), reference.sigmoid(logits)).max() <= 4


@dtypes
@pytest.mark.parametrize("n_classes", [2, 10, 40])
def test_sigmoid_is_the_second_of_two_probabilities(n_classes, dtype):
    z = normal(n_classes, dtype=dtype, scale=5.0)
    two = softmax(np.column_stack([np.zeros_like(z), z]))
    np.testing.assert_allclose(sigmoid(z), two[:, 1], rtol=8 * np.finfo(dtype).eps)


# Infinities, NaN and extremes


@both
@dtypes
@pytest.mark.parametrize("size", [3, 30])
@pytest.mark.parametrize("temperature", [1.0, 0.5, 2.0])
def test_undefined_rows_are_nan_and_the_others_are_not(temperature, size, dtype, function):
    logits = np.zeros((5, size), dtype)
    logits[0, 1] = np.nan
    logits[1, 1] = np.inf
    logits[2] = -np.inf
    logits[3, :2] = np.nan, np.inf
    result = function(logits, temperature=temperature)
    assert np.isnan(result[:4]).all()
    assert np.isfinite(result[4]).all()


@dtypes
@pytest.mark.parametrize("size", [3, 30])
@pytest.mark.parametrize("temperature", [1.0, 0.5, 2.0])
def test_minus_infinity_has_probability_0(temperature, size, dtype):
    logits = np.zeros(size, dtype)
    logits[1] = -np.inf
    p = softmax(logits, temperature=temperature)
    assert p[1] == 0
    assert p.sum() == pytest.approx(1)
    assert log_softmax(logits, temperature=temperature)[1] == -np.inf
    assert logsumexp(logits) == pytest.approx(np.log(size - 1))


@dtypes
@pytest.mark.parametrize("padding", [0, 30])
def test_logsumexp_of_infinities_is_that_of_scipy(padding, dtype):
    inf, nan = np.inf, np.nan
    rows = [[0, inf], [-inf, -inf], [inf, inf], [inf, -inf], [nan, 0], [nan, inf], [nan, -inf]]
    logits = np.array([row + row[-1:] * padding for row in rows], dtype)
    expected = [inf, -inf, inf, inf, nan, nan, nan]
    np.testing.assert_array_equal(logsumexp(logits), expected)
    np.testing.assert_array_equal(scipy.special.logsumexp(logits, axis=1), expected)


EXTREMES = {
    np.float32: [3.4e38, -3.4e38, 1e-45, 0.0],
    np.float64: [1.79e308, -1.79e308, 5e-324, 0.0],
}


@dtypes
@pytest.mark.parametrize("temperature", [1.0, 1e-300, 0.5, 3.0, 1e300])
@pytest.mark.parametrize("repeat", [1, 10])
def test_no_finite_input_overflows_or_warns(repeat, temperature, dtype):
    logits = np.array([np.roll(EXTREMES[dtype], i) for i in range(4)] * repeat, dtype)
    logits = np.tile(logits, (1, repeat))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        p = softmax(logits, temperature=temperature)
        log_p = log_softmax(logits, temperature=temperature)
        total = logsumexp(logits)
    assert np.all((p >= 0) & (p <= 1))
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    assert not np.isnan(log_p).any()
    assert np.isfinite(total).all()


@dtypes
@pytest.mark.parametrize("padding", [0, 30])
def test_log_softmax_is_minus_infinity_only_where_it_must_be(padding, dtype):
    largest = np.finfo(dtype).max
    row = np.array([largest] + [-largest / 2] * padding, dtype)
    beside = np.append(row, dtype(-largest))
    assert log_softmax(beside)[-1] == -np.inf  # twice the largest number
    np.testing.assert_array_equal(log_softmax(beside, temperature=4.0)[-1], -largest / 2)
    assert log_softmax(np.append(row, dtype(0)))[-1] == -largest
