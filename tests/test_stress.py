"""Numbers of very different sizes: the same model, without a warning."""

import numpy as np
import pytest
from problems import naive_fit, one_hot, simulated
from sklearn.datasets import load_digits

from skmax import SoftmaxRegression

pytestmark = pytest.mark.filterwarnings("error")
SOLVERS = ["auto", "newton", "lbfgs"]
solvers = pytest.mark.parametrize("solver", SOLVERS)
kinds = pytest.mark.parametrize("n_classes", [2, 4])


@solvers
@kinds
def test_scales_from_1e_minus_8_to_1e8_side_by_side(solver, n_classes):
    X, y = simulated(500, 9, n_classes, seed=1)
    scale = 10.0 ** np.arange(-8, 9, 2)
    plain = SoftmaxRegression(C=np.inf, solver=solver).fit(X, y)
    scaled = SoftmaxRegression(C=np.inf, solver=solver).fit(X * scale, y)
    np.testing.assert_allclose(scaled.coef_ * scale, plain.coef_, rtol=1e-5, atol=1e-7)
    assert scaled.objective_ == pytest.approx(plain.objective_, rel=1e-9)
    # With a penalty small columns are all but out, and large ones all but free of it.
    penalised = SoftmaxRegression(solver=solver).fit(X * scale, y)
    halved = 2 if n_classes == 2 else 1
    minimum = naive_fit(X, one_hot(y), penalty=halved / len(y) / scale**2)[2]
    assert penalised.objective_ == pytest.approx(minimum, rel=1e-6)


@solvers
def test_constant_and_duplicated_columns(solver):
    X, y = simulated(400, 5, 3, seed=2)
    wide = np.column_stack([np.full(400, 7.0), X, np.zeros(400), X[:, 0], X[:, 0]])
    model = SoftmaxRegression(solver=solver, tol=1e-12).fit(wide, y)
    np.testing.assert_array_equal(model.coef_[:, [0, 6]], 0)
    np.testing.assert_allclose(model.coef_[:, 1], model.coef_[:, 7], rtol=1e-6)
    np.testing.assert_allclose(model.coef_[:, 1], model.coef_[:, 8], rtol=1e-6)
    # Three copies share what one column of three times the square would do.
    one = np.column_stack([np.sqrt(3) * X[:, 0], X[:, 1:]])
    expected = SoftmaxRegression(solver=solver, tol=1e-12).fit(one, y)
    np.testing.assert_allclose(
        model.decision_function(wide), expected.decision_function(one), atol=1e-5
    )


@solvers
@kinds
@pytest.mark.parametrize("offset", [1e6, -1e6])
def test_an_offset_of_a_million_on_every_column(solver, n_classes, offset):
    X, y = simulated(500, 6, n_classes, seed=3)
    plain = SoftmaxRegression(solver=solver, tol=1e-12).fit(X, y)
    shifted = SoftmaxRegression(solver=solver, tol=1e-12).fit(X + offset, y)
    np.testing.assert_allclose(shifted.coef_, plain.coef_, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(
        shifted.decision_function(X + offset), plain.decision_function(X), atol=1e-4
    )


@solvers
def test_a_class_of_one_row_in_a_hundred_thousand(solver):
    X, y = simulated(100_000, 4, 3, seed=4)
    y[y == 2] = 1
    y[77_777] = 2
    model = SoftmaxRegression(solver=solver, tol=1e-12).fit(X, y)
    # At the optimum the mean probability of each class is its fraction of the rows.
    fractions = model.predict_proba(X).mean(axis=0)
    np.testing.assert_allclose(fractions, np.bincount(y) / len(y), rtol=1e-3)


@solvers
def test_weights_from_1e_minus_10_to_1e10(solver):
    X, y = load_digits(return_X_y=True)
    weight = 10.0 ** np.random.default_rng(0).uniform(-10, 10, len(y))
    model = SoftmaxRegression(solver=solver, C=1e-10, tol=1e-12).fit(X, y, weight)
    assert model.converged_
    # Rows of so little weight change nothing that can be seen.
    heavy = weight > 1e-6 * weight.max()
    expected = SoftmaxRegression(solver=solver, C=1e-10, tol=1e-12)
    expected.fit(X[heavy], y[heavy], weight[heavy])
    np.testing.assert_allclose(model.decision_function(X), expected.decision_function(X), atol=1e-3)


@solvers
@pytest.mark.parametrize("C", [1.0, np.inf])
@pytest.mark.parametrize(("value", "fit_intercept"), [(0.0, True), (1.0, True), (0.0, False)])
def test_columns_of_which_none_varies_and_more_than_rows(solver, C, value, fit_intercept):
    X, y = np.full((6, 9), value), np.array([0, 1, 0, 1, 0, 2])
    model = SoftmaxRegression(solver=solver, C=C, fit_intercept=fit_intercept, tol=1e-12)
    model.fit(X, y)
    np.testing.assert_array_equal(model.coef_, 0)
    expected = np.array([3, 2, 1]) / 6 if fit_intercept else np.full(3, 1 / 3)
    np.testing.assert_allclose(model.predict_proba(X), np.tile(expected, (6, 1)), rtol=1e-5)
