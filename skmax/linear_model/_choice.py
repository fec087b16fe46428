"""The penalty that the scores of a cross-validation choose."""

from typing import NamedTuple

import numpy as np


class Choice(NamedTuple):
    """The folds that have scores, and for each the indices of the l1_ratio and C that are chosen.

    All (n,); the same penalty for every fold where one is chosen for all.
    """

    folds: np.ndarray
    ratios: np.ndarray
    Cs: np.ndarray


def choose(scores: np.ndarray, selection: str, *, one_for_all: bool) -> Choice:
    """The penalty of the best mean score; for each fold its own best unless `one_for_all`.

    `scores` (n_folds, n_l1_ratios, n_Cs), NaN where there is none. With the selection "1se", the
    strongest penalty within one standard error of the best mean score, for all folds.

    Raises
    ------
    ValueError
        If no penalty has a score on every fold that has any.
    """
    folds = np.flatnonzero(~np.isnan(scores).all(axis=(1, 2)))
    means = scores[folds].mean(axis=0) if len(folds) else np.full(scores.shape[1:], np.nan)
    if np.isnan(means).all():
        raise ValueError("SoftmaxRegressionCV: no penalty has a score on every fold")
    if selection == "best" and not one_for_all:
        known = np.where(np.isnan(scores[folds]), -np.inf, scores[folds])
        best = known.reshape(len(folds), -1).argmax(axis=1)
        return Choice(folds, *np.unravel_index(best, means.shape))
    ratio, index = np.unravel_index(np.nanargmax(means), means.shape)
    if selection == "1se":
        index = strongest_within_an_error(scores[folds, ratio], index)
    return Choice(folds, np.full(len(folds), ratio), np.full(len(folds), index))


def strongest_within_an_error(scores: np.ndarray, best: np.intp) -> np.intp:
    """The first C whose mean score is within one standard error of the best: scores (folds, Cs)."""
    means = scores.mean(axis=0)
    return np.flatnonzero(means >= means[best] - standard_error(scores[:, best]))[0]


def standard_error(scores: np.ndarray) -> float:
    """That of the mean of the folds' scores; 0 for one fold."""
    return float(scores.std(ddof=1)) / np.sqrt(len(scores)) if len(scores) > 1 else 0.0


def mean_of(values: np.ndarray) -> float:
    """The mean, to the last bit where all are the same."""
    return float(values[0] if (values == values[0]).all() else values.mean())
