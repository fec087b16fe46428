"""How often what was predicted with some probability comes true."""

from dataclasses import dataclass

import numpy as np
from sklearn.isotonic import isotonic_regression

#: Probabilities at which a band is kept: quantiles of those predicted.
BAND_POINTS = 200


@dataclass(frozen=True)
class ReliabilityCurve:
    """How often events come true, over the probability that was predicted.

    Parameters
    ----------
    predicted : ndarray of shape (n_points,)
        Predicted probabilities, increasing; with bins their means.
    observed : ndarray of shape (n_points,)
        The fraction of the events that came true.
    weight : ndarray of shape (n_points,)
        The weight of the samples behind each point.
    band_at, band_low, band_high : ndarray of shape (n_band,)
        Where calibrated predictions would lie, by chance.
    calibration_error : float
        The mean distance of `observed` from `predicted`, weighted.
    """

    predicted: np.ndarray
    observed: np.ndarray
    weight: np.ndarray
    band_at: np.ndarray
    band_low: np.ndarray
    band_high: np.ndarray
    calibration_error: float


def isotonic_points(
    probability: np.ndarray, event: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The increasing function of the probability that is nearest to the events: no bins.

    At each probability that occurs: where, the fraction there, and the weight.
    """
    where, codes = np.unique(probability, return_inverse=True)
    mass = np.bincount(codes, weight)
    kept = mass > 0
    mean = np.bincount(codes, weight * event)[kept] / mass[kept]
    return where[kept], isotonic_regression(mean, sample_weight=mass[kept]), mass[kept]


def binned_points(
    probability: np.ndarray, event: np.ndarray, weight: np.ndarray, n_bins: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The means in bins of equal width: of the probability, of the events, and the weight."""
    codes = np.minimum((probability * n_bins).astype(int), n_bins - 1)
    mass = np.bincount(codes, weight, minlength=n_bins)
    kept = mass > 0
    sums = [np.bincount(codes, weight * what, minlength=n_bins) for what in (probability, event)]
    return sums[0][kept] / mass[kept], sums[1][kept] / mass[kept], mass[kept]


def reliability_curve(
    probability: np.ndarray,
    event: np.ndarray,
    weight: np.ndarray,
    *,
    n_bins: int | None,
    n_resamples: int,
    level: float,
    random: np.random.RandomState,
) -> ReliabilityCurve:
    """The curve, by isotonic regression or by bins, with its consistency band.

    Calibrated predictions are simulated: samples are drawn again, and an event comes true with the
    probability that was predicted. The band holds `level` of their curves at each point.
    """

    def points(
        probability: np.ndarray, event: np.ndarray, weight: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if n_bins is None:
            return isotonic_points(probability, event, weight)
        return binned_points(probability, event, weight, n_bins)

    where, observed, mass = points(probability, event, weight)
    error = float(np.average(np.abs(observed - where), weights=mass))
    at = where if len(where) <= BAND_POINTS else np.quantile(where, np.linspace(0, 1, BAND_POINTS))
    curves = np.empty((n_resamples, len(at)))
    for curve in curves:
        drawn = random.randint(len(probability), size=len(probability))
        comes_true = random.random_sample(len(drawn)) < probability[drawn]
        if not weight[drawn].any():
            curve[:] = np.nan
            continue
        there, fraction, _ = points(probability[drawn], comes_true, weight[drawn])
        curve[:] = np.interp(at, there, fraction)
    if n_resamples:
        low, high = np.nanquantile(curves, [(1 - level) / 2, (1 + level) / 2], axis=0)
    else:
        at = low = high = np.empty(0)
    return ReliabilityCurve(where, observed, mass, at, low, high, error)
