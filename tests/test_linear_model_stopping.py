"""SoftmaxRegression: when a fit stops, what it says then, and fits that go on from the last."""

import numpy as np
import pytest
from problems import SOLVERS, assert_same_bits, one_hot, simulated, tight, tight_reference, value_at
from sklearn.exceptions import ConvergenceWarning

from skmax import SoftmaxRegression


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("tol", [1e-2, 1e-4, 1e-6])
def test_the_gap_is_below_tol(solver, n_classes, tol):
    X, y = simulated(500, 6, n_classes)
    model = SoftmaxRegression(solver=solver, tol=tol).fit(X, y)
    minimum = min(value_at(tight_reference(X, y), X, y), value_at(tight(tol=1e-14).fit(X, y), X, y))
    assert model.converged_
    assert 0 <= model.optimality_gap_ <= tol
    assert -1e-13 <= model.objective_ / minimum - 1 <= tol
    assert model.objective_ == pytest.approx(value_at(model, X, y), rel=1e-12)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("C", [1.0, np.inf])
def test_the_loss_curve_falls_to_the_objective(solver, C):
    X, y = simulated(300, 5, 4)
    model = SoftmaxRegression(solver=solver, C=C).fit(X, y)
    curve = model.loss_curve_
    assert isinstance(curve, list)
    assert len(curve) == model.n_iter_ + 1
    assert np.all(np.diff(curve) <= 1e-15)
    assert curve[-1] == model.objective_ < curve[0]
    assert curve[0] == pytest.approx(np.log(4), rel=1e-12)  # at zero, all classes are alike


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_stopping_does_not_depend_on_the_features_scale(solver, n_classes):
    X, y = simulated(n_classes=n_classes)
    model = SoftmaxRegression(solver=solver).fit(X, y)
    scaled = SoftmaxRegression(solver=solver, C=1e-12).fit(1e6 * X, y)
    assert scaled.n_iter_ == model.n_iter_
    np.testing.assert_allclose(scaled.predict_proba(1e6 * X), model.predict_proba(X), rtol=1e-9)


@pytest.mark.parametrize("solver", SOLVERS)
def test_too_few_iterations_warn_of_the_reason_the_gap_and_the_remedy(solver):
    X, y = simulated()
    model = SoftmaxRegression(solver=solver, max_iter=1, tol=1e-12)
    with pytest.warns(ConvergenceWarning, match=r"max_iter.*gap.*Raise max_iter") as warned:
        model.fit(X, y)
    assert warned[0].filename == __file__
    assert not model.converged_
    assert model.n_iter_ == 1
    assert model.optimality_gap_ > 1e-12
    assert model.score(X, y) > 0.4


@pytest.mark.parametrize("C", [1.0, np.inf])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("solver", SOLVERS)
def test_no_iterations_leave_zeros_or_a_warm_start_as_it_was(solver, n_classes, C):
    X, y = simulated(n_classes=n_classes)
    model = SoftmaxRegression(solver=solver, C=C, max_iter=0)
    with pytest.warns(ConvergenceWarning, match=r"max_iter.*gap.*Raise max_iter"):
        model.fit(X, y)
    assert model.n_iter_ == 0
    assert not model.converged_
    assert not model.coef_.any()
    assert not model.intercept_.any()
    assert model.loss_curve_ == [model.objective_]
    assert model.objective_ == pytest.approx(np.log(n_classes), rel=1e-12)
    warm = SoftmaxRegression(solver=solver, C=C, warm_start=True).fit(X, y)
    before = warm.coef_
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        warm.set_params(max_iter=0).fit(X, y)
    np.testing.assert_allclose(warm.coef_, before, rtol=1e-12)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_separable_classes_without_penalty_warn_and_stay_finite(solver, n_classes):
    rng = np.random.default_rng(0)
    y = np.arange(60) % n_classes
    X = 10 * one_hot(y, n_classes) + rng.normal(size=(60, n_classes))
    model = SoftmaxRegression(solver=solver, C=np.inf)
    with pytest.warns(ConvergenceWarning, match="separable.*Set C to a finite number"):
        model.fit(X, y)
    assert not model.converged_
    assert np.isfinite(model.coef_).all()
    assert np.isfinite(model.intercept_).all()
    assert model.score(X, y) == 1


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_warning_names_the_classes_that_are_separable(solver):
    rng = np.random.default_rng(0)
    y = np.arange(300) % 4
    X = rng.normal(size=(300, 4)) + one_hot(y, 4)
    X[y == 2, 0] += 40.0
    model = SoftmaxRegression(solver=solver, C=np.inf)
    with pytest.warns(ConvergenceWarning, match="class kiwi is separable from the rest"):
        model.fit(X, np.array(["apple", "fig", "kiwi", "lime"])[y])
    assert not model.converged_
    assert np.isfinite(model.coef_).all()
    rest = y != 2
    expected = SoftmaxRegression(C=np.inf).fit(X[rest], y[rest]).predict_proba(X[rest])
    found = model.predict_proba(X[rest])[:, [0, 1, 3]]
    np.testing.assert_allclose(found, expected, atol=1e-3)
    SoftmaxRegression(solver=solver, C=10.0).fit(X, y)  # has an optimum: no warning


def test_the_warning_names_no_more_classes_than_one_can_read():
    y = np.arange(120) % 12
    X = 10 * one_hot(y, 12) + np.random.default_rng(0).normal(size=(120, 12))
    with pytest.warns(ConvergenceWarning, match="classes 0, 1, 2, 3, 4 and 7 more are separable"):
        SoftmaxRegression(C=np.inf).fit(X, y)


def test_shares_that_are_met_exactly_are_not_separable():
    X = np.array([[0.0], [1.0]])
    model = SoftmaxRegression(C=np.inf).fit(X, np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]))
    assert model.converged_


def test_verbose_prints_a_line_for_each_iteration(capsys):
    X, y = simulated()
    model = SoftmaxRegression(verbose=1).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == model.n_iter_
    for number, line in enumerate(lines, start=1):
        assert line.split()[:2] == ["iteration", str(number)]
        assert f"objective {model.loss_curve_[number]:.10g} " in line
    SoftmaxRegression().fit(X, y)
    assert capsys.readouterr().out == ""


# Fitting again


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("shape", [(200, 5), (30, 60)])
def test_a_warm_start_at_the_optimum_takes_at_most_one_iteration(solver, n_classes, shape):
    X, y = simulated(*shape, n_classes)
    X = 10 * X + 100
    model = SoftmaxRegression(solver=solver, warm_start=True).fit(X, y)
    first = model.objective_
    assert model.n_iter_ > 1
    assert model.sparsify().fit(X, y).n_iter_ <= 1
    assert model.objective_ <= first * (1 + 1e-12)
    assert model.loss_curve_[0] == pytest.approx(first, rel=1e-9)


def test_other_classes_or_columns_start_afresh():
    X, y = simulated()
    for other_X, other_y in [(X, y + 1), (X[:, :3], y), (X, np.minimum(y, 1))]:
        model = SoftmaxRegression(warm_start=True).fit(X, y).fit(other_X, other_y)
        assert_same_bits(model, SoftmaxRegression().fit(other_X, other_y))


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("n", [60, 300, 1000])
def test_a_loss_that_vanishes_to_rounding_is_at_its_optimum(n, n_classes):
    # Time stamps in nanoseconds: in their units no penalty is left, and one day tells the classes.
    stamps = 1.6e18 + 86400e9 * np.arange(n)
    model = SoftmaxRegression().fit(stamps[:, None], np.arange(n) * n_classes // n)
    assert model.converged_
    assert model.objective_ < 1e-15
