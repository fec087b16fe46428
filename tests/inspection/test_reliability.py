"""How far probabilities can be trusted: curves, bands, errors."""

import numpy as np
import pytest
from displays import simulated

from skmax.inspection import (
    ReliabilityDisplay,
)
from skmax.inspection._calibration import binned_points, isotonic_points


def test_isotonic_points_are_the_nearest_increasing_function():
    probability = np.array([0.1, 0.1, 0.3, 0.5, 0.6])
    event = np.array([0.0, 1.0, 0.0, 1.0, 1.0])
    where, observed, weight = isotonic_points(probability, event, np.ones(5))
    np.testing.assert_allclose(where, [0.1, 0.3, 0.5, 0.6])
    np.testing.assert_allclose(observed, [1 / 3, 1 / 3, 1, 1])  # 0.5 of two and 0 of one: pooled
    np.testing.assert_array_equal(weight, [2, 1, 1, 1])


def test_weights_are_repetitions():
    random = np.random.default_rng(0)
    p, weight = random.random(50), random.integers(0, 4, 50)
    event = (random.random(50) < p).astype(float)
    again = np.repeat(np.arange(50), weight)
    for points, extra in ((isotonic_points, ()), (binned_points, (7,))):
        weighted = points(p, event, weight.astype(float), *extra)
        repeated = points(p[again], event[again], np.ones(len(again)), *extra)
        for one, other in zip(weighted, repeated, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-12)


def test_bins_have_the_calibration_error_of_the_textbook():
    y, p = simulated(4, sharp=2.0)
    display = ReliabilityDisplay.from_predictions(y, p, method="bins", n_bins=10)
    sure, right = p.max(axis=1), p.argmax(axis=1) == y
    bins = np.minimum((sure * 10).astype(int), 9)
    expected = sum(
        (bins == b).mean() * abs(sure[bins == b].mean() - right[bins == b].mean())
        for b in np.unique(bins)
    )
    assert display.curves["top label"].calibration_error == pytest.approx(expected)


@pytest.mark.parametrize("n_classes", [2, 10])
@pytest.mark.parametrize("method", ["isotonic", "bins"])
def test_calibrated_predictions_lie_in_the_band_and_sharpened_ones_do_not(n_classes, method):
    inside, errors = [], []
    for sharp in (1.0, 3.0):
        y, p = simulated(n_classes, sharp=sharp)
        display = ReliabilityDisplay.from_predictions(y, p, method=method)
        (curve,) = display.curves.values()
        observed = np.interp(curve.band_at, curve.predicted, curve.observed)
        inside.append(np.mean((curve.band_low <= observed) & (observed <= curve.band_high)))
        errors.append(curve.calibration_error)
    assert inside[0] > 0.75
    assert inside[1] < 0.6
    assert errors[0] < 0.04 < errors[1]


def test_soft_labels_are_events_in_part():
    y, p = simulated(3)
    hard = ReliabilityDisplay.from_predictions(y, p, kind="class", n_resamples=0)
    soft = ReliabilityDisplay.from_predictions(np.eye(3)[y], p, kind="class", n_resamples=0)
    for name in ("0", "1", "2"):
        np.testing.assert_allclose(soft.curves[name].observed, hard.curves[name].observed)


def test_the_second_of_two_classes_is_the_one():
    y, p = simulated(2)
    one = ReliabilityDisplay.from_predictions(y, p[:, 1], kind="class", n_resamples=0)
    assert list(one.curves) == ["1"]
    both = ReliabilityDisplay.from_predictions(y, p, kind="class", n_resamples=0)
    np.testing.assert_array_equal(one.curves["1"].observed, both.curves["1"].observed)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"kind": "all"}, "kind must be one of"),
        ({"method": "loess"}, "method must be one of"),
        ({"n_bins": 0}, "n_bins must be a positive integer, got 0"),
        ({"n_resamples": -1}, "n_resamples must be a non-negative integer, got -1"),
        ({"level": 1.0}, "level must be between 0 and 1, got 1.0"),
        ({"labels": [1, 1]}, "labels must differ from each other"),
        ({"labels": [0, 1, 2]}, "2 columns for 3 classes"),
    ],
)
def test_bad_settings_of_reliability(setting, message):
    y, p = simulated(2, 50)
    with pytest.raises(ValueError, match=message):
        ReliabilityDisplay.from_predictions(y, p, **setting)


def test_what_is_no_probability_is_refused():
    y, p = simulated(2, 50)
    with pytest.raises(ValueError, match="from 0 to 1"):
        ReliabilityDisplay.from_predictions(y, 2 * p)


def test_rows_of_counts_have_no_band():
    """A band of soft labels would take each for one event."""
    y, p = simulated(3)
    soft = ReliabilityDisplay.from_predictions(0.9 * np.eye(3)[y] + 0.1 / 3, p)
    assert not len(soft.curves["top label"].band_at)
    hard = ReliabilityDisplay.from_predictions(np.eye(3)[y], p, n_resamples=20)
    assert len(hard.curves["top label"].band_at)
