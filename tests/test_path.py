"""regularization_path: each point is the optimum of a fit of its own."""

import numpy as np
import pytest
import scipy.sparse
from problems import one_hot, simulated, sparse_simulated
from sklearn.datasets import load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning

from skmax import RegularizationPath, SoftmaxRegression, regularization_path

RATIOS = [0.0, 0.5, 1.0]


@pytest.mark.parametrize("l1_ratio", RATIOS)
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("convert", [np.asarray, scipy.sparse.csr_array])
def test_each_point_is_the_optimum_of_a_fit_of_its_own(l1_ratio, n_classes, convert):
    X, y = sparse_simulated(200, 9, n_classes)
    X = convert(X)
    path = regularization_path(X, y, Cs=7, l1_ratio=l1_ratio, tol=1e-10)
    assert isinstance(path, RegularizationPath)
    assert len(path) == 7
    assert path.converged.all()
    assert (np.diff(path.Cs) > 0).all()
    for index, C in enumerate(path.Cs):
        model = SoftmaxRegression(C=C, l1_ratio=l1_ratio, tol=1e-10).fit(X, y)
        assert path.objectives[index] == pytest.approx(model.objective_, rel=1e-9)
        of_path = path.estimator(index)
        np.testing.assert_allclose(of_path.predict_proba(X), model.predict_proba(X), atol=1e-4)
        assert of_path.objective_ == path.objectives[index]
        assert path.n_nonzero[index] == np.count_nonzero(path.coefs[index])


@pytest.mark.parametrize("load", [load_iris, load_wine])
@pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_grid_begins_where_the_first_coefficient_leaves_0(load, l1_ratio, fit_intercept):
    X, y = load(return_X_y=True)
    path = regularization_path(X, y, Cs=3, l1_ratio=l1_ratio, fit_intercept=fit_intercept)
    assert path.n_nonzero[0] == 0
    assert path.Cs[-1] == pytest.approx(1e4 * path.Cs[0])
    beyond = {"l1_ratio": l1_ratio, "fit_intercept": fit_intercept, "tol": 1e-12}
    model = SoftmaxRegression(C=1.001 * path.Cs[0], **beyond).fit(X, y)
    assert np.count_nonzero(model.coef_) > 0
    model = SoftmaxRegression(C=0.999 * path.Cs[0], **beyond).fit(X, y)
    assert np.count_nonzero(model.coef_) == 0


def test_the_grid_is_that_of_the_formula():
    X, y = simulated(80, 4, 3)
    weight = np.random.default_rng(0).random(80)
    targets = one_hot(y)
    slope = (weight * (weight @ targets / weight.sum() - targets).T) @ X
    grid = regularization_path(X, y, Cs=2, l1_ratio=0.7, sample_weight=weight).Cs
    assert grid[0] == pytest.approx(0.7 / np.abs(slope).max(), rel=1e-9)
    smooth = regularization_path(X, y, Cs=2, l1_ratio=0.0, sample_weight=weight).Cs
    assert smooth[0] == pytest.approx(1e-3 / np.abs(slope).max(), rel=1e-9)
    wide = regularization_path(X[:3], y[:3], Cs=2).Cs
    assert wide[1] == pytest.approx(100 * wide[0])


def test_columns_that_tell_nothing_leave_all_coefficients_0():
    path = regularization_path(np.ones((30, 2)), np.arange(30) % 3, Cs=4)
    assert not path.coefs.any()
    assert path.converged.all()


def test_weights_are_repetitions():
    X, y = simulated(60, 4, 3)
    weight = np.random.default_rng(1).integers(0, 3, 60)
    weighted = regularization_path(X, y, Cs=[0.01, 0.1, 1], sample_weight=weight, tol=1e-10)
    repeated = regularization_path(
        np.repeat(X, weight, axis=0), np.repeat(y, weight), Cs=[0.01, 0.1, 1], tol=1e-10
    )
    np.testing.assert_allclose(weighted.objectives, repeated.objectives, rtol=1e-9)
    np.testing.assert_allclose(weighted.coefs, repeated.coefs, atol=1e-4)


def test_soft_labels_float32_and_names():
    pandas = pytest.importorskip("pandas")
    X, y = simulated(90, 3, 3)
    frame = pandas.DataFrame(X.astype(np.float32), columns=["a", "b", "c"])
    soft = pandas.DataFrame(one_hot(y) + 0.1, columns=["x", "y", "z"])
    path = regularization_path(frame, soft, Cs=4, l1_ratio=0.5)
    assert path.coefs.dtype == path.intercepts.dtype == np.float32
    assert list(path.feature_names) == ["a", "b", "c"]
    assert list(path.classes) == ["x", "y", "z"]
    assert path.estimator(2).predict(frame).shape == (90,)


def test_the_bits_do_not_depend_on_the_number_of_threads():
    X, y = simulated(3000, 20, 5)
    paths = [regularization_path(X, y, Cs=5, n_jobs=n_jobs) for n_jobs in (1, 2)]
    np.testing.assert_array_equal(paths[0].coefs, paths[1].coefs)
    np.testing.assert_array_equal(paths[0].gaps, paths[1].gaps)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"Cs": 0}, "Cs must be an integer >= 1 or positive numbers"),
        ({"Cs": []}, "Cs must be an integer >= 1 or positive numbers"),
        ({"Cs": [1.0, 0.1]}, "each larger than the one before"),
        ({"Cs": [1.0, 1.0]}, "each larger than the one before"),
        ({"Cs": [0.0, 1.0]}, "Cs must be"),
        ({"Cs": [-1.0]}, "Cs must be"),
        ({"Cs": [np.nan]}, "Cs must be"),
        ({"Cs": [1.0, np.inf]}, "Cs must be"),
        ({"Cs": "many"}, "Cs must be"),
        ({"Cs": 2.5}, "Cs must be"),
        ({"Cs": [[1.0]]}, "Cs must be"),
        ({"l1_ratio": 1.5}, "l1_ratio must be a number from 0 to 1, got 1.5"),
        ({"l1_ratio": np.nan}, "l1_ratio must be a number from 0 to 1, got nan"),
        ({"solver": "lbfgs"}, "regularization_path: solver must be 'auto' or 'newton'"),
        ({"tol": 0.0}, "regularization_path: tol must be a positive number"),
        ({"class_weight": {7: 2.0}}, "class_weight"),
    ],
)
def test_what_is_wrong_is_said(parameters, said):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=said):
        regularization_path(X, y, **{"class_weight": None, **parameters})


def test_wrong_data_are_refused():
    X, y = load_iris(return_X_y=True)
    X[3, 1] = np.nan
    with pytest.raises(ValueError, match="X contains NaN in column 1, row 3"):
        regularization_path(X, y)
    with pytest.raises(ValueError, match="two classes"):
        regularization_path(np.ones((4, 1)), np.zeros(4))


def test_a_warning_says_which_have_not_converged():
    X, y = simulated(200, 6, 4)
    with pytest.warns(ConvergenceWarning, match="2 of 3 values of C, the first of them 0.1"):
        path = regularization_path(X, y, Cs=[1e-9, 0.1, 10.0], max_iter=1)
    assert list(path.converged) == [True, False, False]


def test_verbose_prints_a_line_for_each(capsys):
    X, y = simulated(50, 3, 3)
    regularization_path(X, y, Cs=3, verbose=1)
    assert len(capsys.readouterr().out.splitlines()) == 3
