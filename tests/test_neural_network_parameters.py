"""MLPClassifier: what it refuses, in which words, and that it stays as it was."""

import re

import numpy as np
import pytest
import scipy.sparse
from problems import one_hot, simulated
from sklearn.base import clone

from skmax import MLPClassifier

WRONG = {
    "hidden_layer_sizes": [0, (5, 0), (2.5,), "100", None, -1],
    "activation": ["swish", None, 1],
    "solver": ["newton", None],
    "alpha": [-1e-9, "a", None, np.nan, True],
    "batch_size": [0, "all", 2.5, None],
    "learning_rate": ["linear", None],
    "learning_rate_init": [0, -1.0, np.inf, "a"],
    "power_t": [-0.1, None],
    "max_iter": [0, 2.5, None],
    "shuffle": [1, "yes", None],
    "random_state": [-1, "a", 2.5],
    "tol": [-1e-9, None, np.nan],
    "verbose": [-1, "a", None],
    "warm_start": [1, None],
    "momentum": [-0.1, 1.1, None],
    "nesterovs_momentum": [0, None],
    "early_stopping": [1, None],
    "validation_fraction": [0.0, 1.0, None],
    "beta_1": [-0.1, 1.0, None],
    "beta_2": [-0.1, 1.0, None],
    "epsilon": [0, -1, None],
    "n_iter_no_change": [0, 2.5, None],
    "max_fun": [0, 2.5, None],
    "class_weight": ["equal", 3, [1, 2]],
    "dropout": [-0.1, 1.0, (0.5, 1.0), "a", None],
    "label_smoothing": [-0.1, 1.0, None],
    "n_init": [0, 1.5, None],
    "n_jobs": [0, 1.5, "all"],
    "scoring": [3, ["accuracy"]],
    "weight_decay": [-0.1, None],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_wrong_parameter_is_named_with_its_value(name, value):
    model = MLPClassifier(**{name: value})
    with pytest.raises(ValueError, match=rf"MLPClassifier: {name} must be .*, got ") as caught:
        model.fit(*simulated())
    assert repr(value) in str(caught.value)
    assert vars(model) == vars(clone(model))


def test_every_parameter_has_a_rule():
    assert set(WRONG) == set(MLPClassifier().get_params())


def test_parameters_after_the_second_are_keyword_only():
    assert MLPClassifier((3,), "tanh").activation == "tanh"
    with pytest.raises(TypeError):
        MLPClassifier((3,), "tanh", "adam")


def test_names_and_defaults_are_those_of_scikit_learn():
    from sklearn.neural_network import MLPClassifier as Peer

    theirs, ours = Peer().get_params(), MLPClassifier().get_params()
    assert {name: ours[name] for name in theirs} == theirs


ONE_HOT = one_hot(np.arange(60) % 3)
INPUTS = {
    "NaN in X": (lambda X, y: (np.where(X[3, 2] == X, np.nan, X), y), "NaN in column 2, row 3"),
    "one class": (lambda X, y: (X, np.zeros(60)), "two classes"),
    "rows": (lambda X, y: (X, y[:5]), "inconsistent numbers of samples"),
    "2 in multi-label": (
        lambda X, y: (X, 2 * ONE_HOT.astype(int)),
        "0 or 1; got 2 in row 0, column 0. Cast y to float for soft labels",
    ),
    "2 in sparse": (
        lambda X, y: (X, scipy.sparse.csr_matrix(2 * ONE_HOT.astype(int))),
        "0 or 1; got 2 in row 0, column 0",
    ),
    "one sparse column": (
        lambda X, y: (X, scipy.sparse.csr_matrix(np.ones((60, 1)))),
        "a sparse y has a column for each",
    ),
    "negative soft label": (
        lambda X, y: (X, -ONE_HOT),
        "row 0 of the soft labels holds a negative",
    ),
    "no y": (lambda X, y: (X, None), "y should be a 1d array|requires y"),
}


@pytest.mark.parametrize("case", INPUTS)
def test_wrong_data_are_named_and_leave_the_estimator_as_it_was(case):
    X, y = simulated(60)
    change, words = INPUTS[case]
    model = MLPClassifier((4,), max_iter=2000, random_state=0, solver="lbfgs").fit(X, y)
    before = vars(model).copy()
    with pytest.raises((ValueError, TypeError), match=words):
        model.fit(*change(X, y))
    assert vars(model) == before


def test_wrong_weights_and_class_weights():
    X, y = simulated(60)
    with pytest.raises(ValueError, match=r"must not be negative, got -1\.0 in row 0"):
        MLPClassifier().fit(X, y, -np.ones(60))
    with pytest.raises(ValueError, match="zero for every sample"):
        MLPClassifier().fit(X, y, np.zeros(60))
    with pytest.raises(ValueError, match=re.escape("names ['a']")):
        MLPClassifier(class_weight={"a": 1}).fit(X, y)
    with pytest.raises(ValueError, match="y is multi-label: use sample_weight"):
        MLPClassifier(class_weight="balanced").fit(X, ONE_HOT.astype(int))


def test_dropout_has_a_rate_for_each_hidden_layer():
    X, y = simulated(60)
    with pytest.raises(ValueError, match="each of the 2 hidden layers"):
        MLPClassifier((3, 4), dropout=(0.5,)).fit(X, y)
    model = MLPClassifier((3, 4), dropout=(0.5, 0.0), learning_rate="cosine", max_iter=2)
    assert model.fit(X, y).converged_
    MLPClassifier((), dropout=0.5, learning_rate="cosine", max_iter=2).fit(X, y)


VALIDATION = {
    "y_val alone": ({"y_val": [0]}, "must be given together"),
    "X_val alone": ({"X_val": [[0.0] * 5]}, "must be given together"),
    "columns": ({"X_val": [[0.0]], "y_val": [0]}, "5 features"),
    "NaN": ({"X_val": [[np.nan] * 5], "y_val": [0]}, "NaN in column 0"),
    "unseen label": ({"X_val": [[0.0] * 5], "y_val": [7]}, r"y holds \[7\]"),
    "multi-label": ({"X_val": [[0.0] * 5], "y_val": [[0, 1, 0]]}, "y_val is multi-label"),
}


@pytest.mark.parametrize("case", VALIDATION)
def test_a_wrong_validation_set_is_refused(case):
    given, words = VALIDATION[case]
    model = MLPClassifier((4,))
    with pytest.raises(ValueError, match=words):
        model.fit(*simulated(60), **given)
    assert vars(model) == vars(MLPClassifier((4,)))


def test_lists_and_strings_are_read():
    X, y = simulated(60)
    names = [["red", "green", "blue"][label] for label in y]
    model = MLPClassifier((4,), learning_rate="cosine", max_iter=5).fit(X.tolist(), names)
    assert set(model.predict(X)) <= {"red", "green", "blue"}
    assert model.classes_.tolist() == ["blue", "green", "red"]
    soft = MLPClassifier((4,), learning_rate="cosine", max_iter=5).fit(X, ONE_HOT.tolist())
    assert soft.out_activation_ == "softmax"
    several = MLPClassifier((4,), learning_rate="cosine", max_iter=5)
    assert several.fit(X, ONE_HOT.astype(int).tolist()).out_activation_ == "logistic"


def test_a_data_frame_of_targets_names_the_classes():
    pandas = pytest.importorskip("pandas")
    X, _ = simulated(60)
    for dtype in (float, int, bool):
        y = pandas.DataFrame(ONE_HOT.astype(dtype), columns=["a", "b", "c"])
        model = MLPClassifier((4,), learning_rate="cosine", max_iter=5).fit(X, y)
        assert model.classes_.tolist() == ["a", "b", "c"]
        assert (model.out_activation_ == "softmax") == (dtype is float)


def test_columns_of_a_data_frame_are_told_apart_by_their_dtypes():
    pandas = pytest.importorskip("pandas")
    X, _ = simulated(60)
    settings = {"hidden_layer_sizes": (4,), "learning_rate": "cosine", "max_iter": 5}
    frame = pandas.DataFrame(ONE_HOT.astype(int), columns=list("abc"))
    for y in (frame.astype("Int64"), frame.astype("boolean"), frame.astype({"a": bool})):
        model = MLPClassifier(**settings).fit(X, y)
        assert model.out_activation_ == "logistic"
        assert model.score(X, y) == model.score(X, frame)
    for y in (frame.astype("Float64"), frame.astype({"a": float})):
        assert MLPClassifier(**settings).fit(X, y).out_activation_ == "softmax"
    for y in (frame.astype(object), ONE_HOT.astype(object), ONE_HOT.astype(str)):
        with pytest.raises(
            ValueError, match=r"must be integer or boolean \(multi-label\) or float"
        ):
            MLPClassifier(**settings).fit(X, y)


def test_a_score_takes_the_kind_of_targets_of_the_fit():
    X, y = simulated(60)
    settings = {"hidden_layer_sizes": (4,), "learning_rate": "cosine", "max_iter": 5}
    several = MLPClassifier(**settings).fit(X, ONE_HOT.astype(int))
    single = MLPClassifier(**settings).fit(X, y)
    with pytest.raises(ValueError, match="several columns are integer for a multi-label model"):
        several.score(X, ONE_HOT)
    with pytest.raises(ValueError, match="float \\(soft labels\\) otherwise"):
        single.score(X, ONE_HOT.astype(int))
    assert 0 <= single.score(X, ONE_HOT) <= 1


def test_x_must_be_finite_in_the_precision_of_the_weights():
    X, y = simulated(60)
    model = MLPClassifier((4,), learning_rate="cosine", max_iter=5).fit(X.astype(np.float32), y)
    X[7, 2] = 1e300
    with pytest.raises(ValueError, match="infinity in column 2, row 7"):
        model.predict(X)
