"""Fits along a grid of penalties begin on the line through the last two optima, or at the last."""

import numpy as np
import pytest
from problems import nearly_separable, simulated

from skmax._estimators.targets import read_targets
from skmax.linear_model._extrapolation import Extrapolation
from skmax.linear_model._minimise import Settings, minimise, minimise_along
from skmax.linear_model._problem import problem_of

TIGHT = Settings("auto", 1e-9, 1000)


def problem(X, y, l1_ratio=0.0):
    targets = read_targets(y, None, None, len(y))
    return problem_of(X, targets, C=1.0, l1_ratio=l1_ratio, fit_intercept=True, n_jobs=1)


def optima(of_rows, Cs, l1_ratio=0.0):
    """The objective's optimum for each C, each fitted alone."""
    return [minimise(of_rows.penalised(C, l1_ratio), of_rows.intercepts_alone(), TIGHT) for C in Cs]


def remembering(objective, Cs, coefs):
    extrapolation = Extrapolation(objective.at(np.zeros(objective.shape)))
    for C, coef in zip(Cs, coefs, strict=True):
        extrapolation.remember(C, objective.at(coef))
    return extrapolation


@pytest.mark.parametrize("last", [1e3, 3e2, 1e5])
def test_the_line_is_straight_against_the_logarithm_of_C(last):
    of_rows = problem(*nearly_separable())
    first, second, third = optima(of_rows, [1e1, 1e2, last])
    objective = of_rows.penalised(last, 0.0).objective
    start = remembering(objective, [1e1, 1e2], [first.coef, second.coef]).start(objective, last)
    steps = np.log10(last / 1e2)
    np.testing.assert_allclose(start.coef, second.coef + steps * (second.coef - first.coef))
    assert start.value == pytest.approx(objective.at(start.coef).value, rel=1e-12)
    gaps = [at.value - third.value for at in (start, objective.of(second.point))]
    assert gaps[0] < 0.5 * gaps[1]


def test_a_line_that_leads_up_is_not_followed_and_one_optimum_makes_none():
    of_rows = problem(*simulated(seed=1))
    first, second = optima(of_rows, [1e3, 1e4])
    objective = of_rows.penalised(1e5, 0.0).objective
    one = remembering(objective, [1e4], [second.coef])
    astray = remembering(objective, [1e3, 1e4], [-9 * first.coef, second.coef])
    for extrapolation in (one, astray):
        start = extrapolation.start(objective, 1e5)
        np.testing.assert_array_equal(start.coef, second.coef)
        assert start.value == pytest.approx(objective.at(second.coef).value, rel=1e-14)


@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
def test_coefficients_of_0_stay_there_and_none_goes_beyond_0(l1_ratio):
    X, y = simulated(200, 20, 4, seed=2)
    of_rows, Cs = problem(X, y, l1_ratio), np.geomspace(0.02, 0.08, 3)
    results = optima(of_rows, Cs[:2], l1_ratio)
    before, now = (result.coef.copy() for result in results)
    kept = np.flatnonzero(now[0, :-1])[0]
    before[0, kept] = 3 * now[0, kept]  # the line leads beyond 0
    objective = of_rows.penalised(Cs[2], l1_ratio).objective
    start = remembering(objective, Cs[:2], [before, now]).start(objective, Cs[2])
    assert start.coef[0, kept] == 0
    zeros = now[:, :-1] == 0
    assert 10 < zeros.sum() < zeros.size
    assert (start.coef[:, :-1][zeros] == 0).all()
    assert (start.coef[:, :-1] * now[:, :-1] >= 0).all()
    assert start.coef[:, -1].all()


def test_fits_along_a_grid_take_fewer_passes_from_the_line(monkeypatch):
    passes, values = [], []
    for follows in (False, True):
        if not follows:
            monkeypatch.setattr(Extrapolation, "remember", lambda *_: None)
        of_rows = problem(*nearly_separable())
        along = list(minimise_along(of_rows, np.logspace(-2, 4, 10), 0.0, TIGHT))
        monkeypatch.undo()
        passes.append(of_rows.objective.passes.total)
        values.append([result.value for _, result in along])
        assert all(result.converged for _, result in along)
    assert passes[1] < 0.9 * passes[0]
    np.testing.assert_allclose(values[1], values[0], rtol=1e-8)
