"""Every parameter and argument, each kind of wrong value: the message, and nothing changed."""

import inspect

import numpy as np
import pytest
import scipy.sparse
from problems import assert_untouched, one_hot, simulated, snapshot

from skmax import SoftmaxRegression

X, Y = simulated(60, 3)
SOFT = one_hot(Y)

WRONG_PARAMETERS = {
    "C": [0, 0.0, -1, -np.inf, np.nan, "1", None, True, [1.0], 1j],
    "l1_ratio": [-0.1, 1.5, np.nan, np.inf, "0", None, False, [0.0]],
    "fit_intercept": [1, 0, "yes", None, 1.0],
    "class_weight": ["Balanced", "auto", 1, 2.5, [1, 1, 1], True, (("a", 1),)],
    "solver": ["saga", "Newton", "newton-cg", "", None, 1, ["lbfgs"]],
    "tol": [0, 0.0, -1e-6, np.nan, np.inf, "1e-6", None, True],
    "max_iter": [-1, -5, 10.0, np.nan, "10", None, True],
    "warm_start": [1, 0, "no", None],
    "random_state": [-1, 1.5, "seed", [0], True],
    "n_jobs": [0, 1.5, "2", True, np.inf],
    "verbose": [-1, 0.5, "1", None],
}
CASES = [(name, value) for name, values in WRONG_PARAMETERS.items() for value in values]


@pytest.fixture
def fitted():
    return SoftmaxRegression().fit(X, Y)


def assert_refused(model, error, pieces, *arguments, **keywords):
    """fit raises `error` with every piece in its message; the model is as it was before."""
    before, predictions = snapshot(model), None
    if hasattr(model, "coef_"):
        predictions = model.predict_proba(X)
    with pytest.raises(error) as raised:
        model.fit(*arguments, **keywords)
    for piece in pieces:
        assert piece in str(raised.value)
    assert_untouched(model, before)
    if predictions is not None:
        np.testing.assert_array_equal(model.predict_proba(X), predictions)


def test_the_table_has_every_parameter():
    parameters = inspect.signature(SoftmaxRegression).parameters
    assert list(WRONG_PARAMETERS) == list(parameters)
    assert {parameter.kind for parameter in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize(("name", "value"), CASES, ids=lambda value: repr(value))
def test_a_wrong_parameter_is_named_with_its_value(fitted, name, value):
    fitted.set_params(**{name: value})
    pieces = [f"SoftmaxRegression: {name} must be ", f"got {value!r}"]
    assert_refused(fitted, ValueError, pieces, X, Y)


def test_wrong_parameters_are_found_by_fit_not_by_the_constructor():
    model = SoftmaxRegression(C=-1)
    assert model.C == -1
    assert_refused(model, ValueError, ["C must be"], X, Y)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("C", np.float32(2)),
        ("C", np.int64(3)),
        ("C", np.inf),
        ("l1_ratio", 0),
        ("l1_ratio", np.float64(0)),
        ("l1_ratio", 1),
        ("l1_ratio", np.float32(0.5)),
        ("fit_intercept", np.True_),
        ("class_weight", {}),
        ("class_weight", {0: 2, 1: 0.5, 2: 1}),
        ("class_weight", {0: 2}),
        ("class_weight", "balanced"),
        ("tol", 1),
        ("tol", np.float32(1e-3)),
        ("max_iter", np.int32(50)),
        ("warm_start", np.False_),
        ("random_state", 7),
        ("random_state", np.random.RandomState(7)),
        ("n_jobs", -1),
        ("n_jobs", -100),
        ("n_jobs", np.int64(1)),
        ("verbose", False),
    ],
    ids=repr,
)
def test_numbers_of_any_type_are_taken(name, value):
    model = SoftmaxRegression(**{name: value}).fit(X, Y)
    assert model.converged_
    assert model.get_params()[name] is value


def with_entry(array, place, value):
    changed = np.array(array, dtype=float)
    changed[place] = value
    return changed


WRONG_X = {
    "a NaN": (with_entry(X, (7, 1), np.nan), ValueError, ["X", "NaN"]),
    "an infinity": (with_entry(X, (7, 1), np.inf), ValueError, ["X", "infinity"]),
    "a NaN in CSR": (
        scipy.sparse.csr_matrix(with_entry(X, (7, 1), np.nan)),
        ValueError,
        ["X", "NaN"],
    ),
    "one dimension": (X[:, 0], ValueError, ["1D array"]),
    "three dimensions": (X[:, :, None], ValueError, ["dim 3"]),
    "no columns": (X[:, :0], ValueError, ["0 feature(s)", "minimum of 1"]),
    "no rows": (X[:0], ValueError, ["0 sample(s)", "minimum of 1"]),
    "strings": (np.full(X.shape, "red"), ValueError, ["red"]),
    "complex numbers": (X + 1j, ValueError, ["Complex"]),
    "too few rows": (X[:-1], ValueError, ["59", "60"]),
}


@pytest.mark.parametrize("case", WRONG_X)
def test_a_wrong_x_is_described(fitted, case):
    wrong, error, pieces = WRONG_X[case]
    assert_refused(fitted, error, pieces, wrong, Y)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_column_at_fault_is_named(fitted, value):
    # Required by the package's promise: errors name the column, row or parameter at fault.
    pandas = pytest.importorskip("pandas")
    wrong = with_entry(X, (7, 1), value)
    assert_refused(fitted, ValueError, ["column 1"], wrong, Y)
    frame = pandas.DataFrame(wrong, columns=["width", "height", "weight"])
    assert_refused(fitted, ValueError, ["height"], frame, Y)
    assert_refused(fitted, ValueError, ["column 1"], scipy.sparse.csr_matrix(wrong), Y)


WRONG_Y = {
    "None": (None, ValueError, ["requires y"]),
    "too few": (Y[:-1], ValueError, ["60", "59"]),
    "too many": (np.r_[Y, 0], ValueError, ["60", "61"]),
    "one class": (np.zeros(60), ValueError, ["class", "two"]),
    "numbers": (np.linspace(0, 1, 60), ValueError, ["continuous"]),
    "a NaN": (with_entry(Y, 4, np.nan), ValueError, ["NaN"]),
    "an infinity": (with_entry(Y, 4, np.inf), ValueError, ["infinity"]),
    "three dimensions": (SOFT[:, :, None], ValueError, ["y"]),
    "soft, a row of zeros": (with_entry(SOFT, 5, 0.0), ValueError, ["y", "row 5", "sums to 0"]),
    "soft, negative": (with_entry(SOFT, (6, 2), -0.5), ValueError, ["y", "row 6", "negative"]),
    "soft, NaN": (with_entry(SOFT, (7, 0), np.nan), ValueError, ["y", "row 7", "NaN"]),
    "soft, infinite": (with_entry(SOFT, (8, 1), np.inf), ValueError, ["y", "row 8", "infinity"]),
    "soft, too few": (SOFT[:-1], ValueError, ["60", "59"]),
    "soft, one class": (SOFT * [1, 0, 0], ValueError, ["row", "sums to 0"]),
    "soft, one class with weight": (
        np.tile([0.0, 1.0], (60, 1)),
        ValueError,
        ["class", "two"],
    ),
    "soft, strings": (np.full(SOFT.shape, "red"), ValueError, ["red"]),
}


@pytest.mark.parametrize("case", WRONG_Y)
def test_a_wrong_y_is_described(fitted, case):
    wrong, error, pieces = WRONG_Y[case]
    assert_refused(fitted, error, pieces, X, wrong)


def test_soft_labels_with_a_column_name_twice_are_refused(fitted):
    pandas = pytest.importorskip("pandas")
    y = pandas.DataFrame(SOFT, columns=["a", "b", "a"])
    assert_refused(fitted, ValueError, ["y", "names", "differ"], X, y)


WRONG_WEIGHT = {
    "negative": (with_entry(np.ones(60), 9, -2.0), ["sample_weight", "-2.0", "row 9"]),
    "NaN": (with_entry(np.ones(60), 9, np.nan), ["sample_weight", "NaN"]),
    "infinite": (with_entry(np.ones(60), 9, np.inf), ["sample_weight", "infinity"]),
    "all zero": (np.zeros(60), ["sample_weight", "zero"]),
    "too few": (np.ones(59), ["sample_weight", "59", "60"]),
    "two dimensions": (np.ones((60, 1)), ["sample_weight", "(60, 1)"]),
    "one class only": (np.where(Y == 0, 1.0, 0.0), ["class", "two", "[0]"]),
    "strings": (np.full(60, "red"), ["red"]),
}


@pytest.mark.parametrize("case", WRONG_WEIGHT)
def test_a_wrong_sample_weight_is_described(fitted, case):
    wrong, pieces = WRONG_WEIGHT[case]
    assert_refused(fitted, ValueError, pieces, X, Y, sample_weight=wrong)


WRONG_CLASS_WEIGHT = {
    "negative": ({0: 1.0, 1: -1.0, 2: 1.0}, ["class_weight", "class 1", "-1.0"]),
    "NaN": ({1: np.nan}, ["class_weight", "class 1", "nan"]),
    "infinite": ({2: np.inf}, ["class_weight", "class 2", "inf"]),
    "a string": ({0: "heavy"}, ["class_weight", "class 0", "heavy"]),
    "None": ({0: None}, ["class_weight", "class 0", "None"]),
    "no such class": ({0: 1.0, 7: 2.0}, ["class_weight", "7", "[1, 2]"]),
    "one class left": ({0: 0.0, 1: 0.0}, ["class", "two", "[2]"]),
}


@pytest.mark.parametrize("y", [Y, SOFT], ids=["hard", "soft"])
@pytest.mark.parametrize("case", WRONG_CLASS_WEIGHT)
def test_a_wrong_class_weight_is_described(fitted, case, y):
    wrong, pieces = WRONG_CLASS_WEIGHT[case]
    fitted.set_params(class_weight=wrong)
    assert_refused(fitted, ValueError, pieces, X, y)


def test_an_unfitted_model_stays_unfitted_after_an_error():
    model = SoftmaxRegression()
    assert_refused(model, ValueError, ["NaN"], with_entry(X, (0, 0), np.nan), Y)
    assert not hasattr(model, "n_features_in_")


def test_a_warning_turned_into_an_error_leaves_the_model_as_it_was(fitted):
    # Tests here run with warnings as errors: that of max_iter=1 is raised inside fit.
    fitted.set_params(max_iter=1, tol=1e-12)
    assert_refused(fitted, Warning, ["max_iter"], X, Y)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_predictions_refuse_other_columns_and_bad_numbers(fitted, method):
    with pytest.raises(ValueError, match=r"2 features.*expecting 3"):
        getattr(fitted, method)(X[:, :2])
    with pytest.raises(ValueError, match="NaN"):
        getattr(fitted, method)(with_entry(X, (0, 0), np.nan))


def test_score_refuses_soft_labels_of_another_shape_or_other_names(fitted):
    pandas = pytest.importorskip("pandas")
    with pytest.raises(ValueError, match=r"y must have shape \(60, 3\)"):
        fitted.score(X, SOFT[:, :2] + 0.5)
    with pytest.raises(ValueError, match="y: the columns"):
        fitted.score(X, pandas.DataFrame(SOFT, columns=["a", "b", "c"]))
