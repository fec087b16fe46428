"""Hard and soft labels, sample and class weights, classes of no weight, scores."""

import numpy as np
import pytest
import scipy.sparse
from problems import (
    SOLVERS,
    assert_same_bits,
    assert_same_model,
    naive_fit,
    naive_objective,
    one_hot,
    simulated,
    tight,
    tight_reference,
)
from sklearn.exceptions import DataConversionWarning

from skmax import SoftmaxRegression


def soft_problem(n=150, p=4, n_classes=3, *, seed=0, counts=False):
    """X, rows of probabilities or counts with some zeros, weights."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    if counts:
        soft = rng.poisson(1.5, size=(n, n_classes)).astype(float)
    else:
        soft = rng.dirichlet(np.full(n_classes, 0.5), size=n)
        soft[rng.random(soft.shape) < 0.2] = 0.0
    soft[soft.sum(axis=1) == 0, 0] = 1.0
    return X, soft, rng.exponential(size=n)


def repeated(X, soft, weight=None):
    """Every sample once for each class, with the weight that the class has in it."""
    n, n_classes = soft.shape
    weight = np.ones(n) if weight is None else weight
    return (
        np.repeat(X, n_classes, axis=0),
        np.tile(np.arange(n_classes), n),
        (soft * weight[:, None]).ravel(),
    )


# Labels


@pytest.mark.parametrize(
    "names",
    [["red", "green", "blue"], [10, -3, 7], [0.0, 1.0, 5.0], [np.int8(3), np.int8(1), np.int8(2)]],
    ids=str,
)
def test_classes_keep_their_names_and_type(names):
    X, y = simulated()
    named = np.array(names)[y]
    model = SoftmaxRegression().fit(X, named)
    np.testing.assert_array_equal(model.classes_, np.unique(named))
    assert model.classes_.dtype == model.predict(X).dtype == named.dtype
    codes = np.unique(named, return_inverse=True)[1]
    np.testing.assert_array_equal(
        model.predict(X), model.classes_[SoftmaxRegression().fit(X, codes).predict(X)]
    )
    assert_same_bits(model, SoftmaxRegression().fit(X, named.tolist()))


@pytest.mark.parametrize("names", [[False, True], ["no", "yes"], [5, 2]], ids=str)
def test_two_classes_keep_their_names(names):
    X, y = simulated(n_classes=2)
    named = np.array(names)[y]
    model = SoftmaxRegression().fit(X, named)
    np.testing.assert_array_equal(model.classes_, np.unique(named))
    positive = model.decision_function(X) > 0
    np.testing.assert_array_equal(model.predict(X) == model.classes_[1], positive)


def test_one_column_of_labels_is_hard_labels_with_scikit_learns_warning():
    X, y = simulated()
    with pytest.warns(DataConversionWarning, match="column-vector"):
        model = SoftmaxRegression().fit(X, y[:, None])
    assert_same_bits(model, SoftmaxRegression().fit(X, y))


# Soft labels


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 3, 7])
@pytest.mark.parametrize("C", [1.0, np.inf])
@pytest.mark.parametrize("convert", [np.array, scipy.sparse.csr_matrix], ids=["dense", "csr"])
@pytest.mark.parametrize("counts", [False, True], ids=["probabilities", "counts"])
def test_soft_labels_are_hard_labels_repeated_with_weights(solver, n_classes, C, convert, counts):
    X, soft, weight = soft_problem(n_classes=n_classes, counts=counts)
    model = tight(solver=solver, C=C).fit(convert(X), soft, weight)
    assert model.converged_
    assert model.classes_.tolist() == list(range(n_classes))
    expected = tight(solver=solver, C=C).fit(*repeated(X, soft, weight))
    assert_same_model(model, expected, rtol=1e-6, atol=1e-8)
    assert model.objective_ == pytest.approx(expected.objective_, rel=1e-12)
    assert_same_model(model, tight_reference(*repeated(X, soft, weight), C=C), atol=1e-7)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_objective_of_soft_labels_is_that_of_the_design(n_classes):
    X, soft, weight = soft_problem(n_classes=n_classes, counts=True)
    factors = np.array([2.0, 0.5, 3.0])[:n_classes]
    model = tight(C=0.7, class_weight=dict(enumerate(factors))).fit(X, soft, weight)
    scaled = soft * factors
    weight = weight * scaled.sum(axis=1)
    probabilities = scaled / scaled.sum(axis=1, keepdims=True)
    found = naive_objective(model.coef_, model.intercept_, X, probabilities, C=0.7, weight=weight)
    assert model.objective_ == pytest.approx(found, rel=1e-12)
    halved = 2 if n_classes == 2 else 1
    strength = halved / (0.7 * weight.sum())
    assert found == pytest.approx(
        naive_fit(X, probabilities, penalty=strength, weight=weight)[2], rel=1e-12
    )


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 2.0, 1: 0.25}, {0: 3.0}])
def test_class_weights_act_on_soft_labels_as_on_repeated_ones(solver, n_classes, class_weight):
    X, soft, weight = soft_problem(n_classes=n_classes, counts=True)
    parameters = {"solver": solver, "class_weight": class_weight}
    model = tight(**parameters).fit(X, soft, weight)
    assert_same_model(model, tight(**parameters).fit(*repeated(X, soft, weight)), rtol=1e-6)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 2.0, 1: 0.25}])
def test_one_hot_rows_are_hard_labels(solver, n_classes, class_weight):
    X, y = simulated(n_classes=n_classes)
    parameters = {"solver": solver, "class_weight": class_weight}
    hard = tight(**parameters).fit(X, y)
    for soft in (one_hot(y), one_hot(y).astype(int), one_hot(y).astype(bool), one_hot(y).tolist()):
        assert_same_model(tight(**parameters).fit(X, soft), hard, rtol=1e-9, atol=1e-11)


def test_float32_rows_take_soft_labels():
    X, soft, _ = soft_problem()
    model = SoftmaxRegression().fit(X.astype(np.float32), soft.astype(np.float32))
    assert model.coef_.dtype == np.float32
    assert_same_model(model, tight().fit(X, soft), rtol=1e-2, atol=2e-3)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_column_names_become_the_classes(n_classes):
    pandas = pytest.importorskip("pandas")
    X, soft, _ = soft_problem(n_classes=n_classes)
    names = ["dog", "ant", "cat"][:n_classes]
    frame = pandas.DataFrame(soft, columns=names)
    model = tight().fit(X, frame)
    assert model.classes_.tolist() == names
    assert set(model.predict(X)) == set(names)
    assert_same_model(model, tight().fit(X, soft), rtol=1e-9)
    weights = {"ant": 3.0, "dog": 1.0, "cat": 0.5}
    balanced = tight(class_weight={name: weights[name] for name in names}).fit(X, frame)
    by_number = tight(class_weight={k: weights[name] for k, name in enumerate(names)})
    assert_same_model(balanced, by_number.fit(X, soft), rtol=1e-9)


def test_more_classes_than_samples():
    X, soft, _ = soft_problem(n=4, p=2, n_classes=6)
    model = tight().fit(X, soft)
    mass = soft.sum(axis=1)
    minimum = naive_fit(X, soft / mass[:, None], penalty=1 / mass.sum(), weight=mass)[2]
    assert model.objective_ == pytest.approx(minimum, rel=1e-11)


def test_unpenalised_soft_labels_with_more_columns_than_rows_give_the_least_norm():
    X, soft, _ = soft_problem(n=20, p=50)
    soft = 0.9 * soft / soft.sum(axis=1, keepdims=True) + 0.1 / 3
    model = tight(C=np.inf).fit(X, soft)
    centred = X - X.mean(axis=0)
    np.testing.assert_allclose(
        model.coef_ @ np.linalg.pinv(centred) @ centred, model.coef_, rtol=1e-8, atol=1e-10
    )
    np.testing.assert_allclose(model.predict_proba(X), soft, rtol=1e-6)


# Weights


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("convert", [np.array, scipy.sparse.csr_matrix], ids=["dense", "csr"])
def test_a_weight_is_a_repetition_and_zero_a_removal(solver, n_classes, class_weight, convert):
    X, y = simulated(n_classes=n_classes)
    weight = np.random.default_rng(1).integers(0, 4, size=len(y))
    parameters = {"solver": solver, "class_weight": class_weight}
    weighted = tight(**parameters).fit(convert(X), y, weight)
    again = np.repeat(np.arange(len(y)), weight)
    assert_same_model(weighted, tight(**parameters).fit(convert(X[again]), y[again]), rtol=1e-7)
    some = weight > 0
    removed = tight(**parameters).fit(convert(X[some]), y[some], weight[some])
    assert_same_model(weighted, removed, rtol=1e-7)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_sample_of_no_weight_may_lie_anywhere(n_classes):
    X, y = simulated(n_classes=n_classes)
    weight = np.ones(len(y))
    weight[:20] = 0
    wild = X.copy()
    wild[:20] *= 1e5
    assert_same_model(tight().fit(wild, y, weight), tight().fit(X[20:], y[20:]), rtol=1e-6)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_common_factor_of_weights_and_c_changes_nothing(n_classes):
    X, y = simulated(n_classes=n_classes)
    model = tight(C=2.0).fit(X, y, np.full(len(y), 0.5))
    assert_same_model(model, tight(C=1.0).fit(X, y), rtol=1e-9)
    assert_same_model(tight(C=2.0).fit(X, y, 0.5), model, rtol=1e-9)
    tiny = tight(C=1e200).fit(X, y, np.full(len(y), 1e-200))
    assert_same_model(tiny, tight(C=1.0).fit(X, y), rtol=1e-9)


def test_balanced_evens_out_weighted_counts():
    X, y = simulated(n_classes=3)
    weight = np.random.default_rng(2).exponential(size=len(y)) * (1 + 5 * (y == 1))
    counts = np.bincount(y, weight)
    named = dict(enumerate(counts.sum() / (3 * counts)))
    model = tight(class_weight="balanced").fit(X, y, weight)
    assert_same_model(model, tight(class_weight=named).fit(X, y, weight), rtol=1e-9)
    assert_same_model(model, tight_reference(X, y, weight, class_weight=named), rtol=1e-6)


def test_class_weights_by_name_leave_others_at_one():
    X, y = simulated(n_classes=3)
    named = np.array(["a", "b", "c"])[y]
    model = tight(class_weight={"b": 4.0}).fit(X, named)
    assert_same_model(model, tight(class_weight={0: 1.0, 1: 4.0, 2: 1.0}).fit(X, y), rtol=1e-9)


# Classes of no weight


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("by", ["sample_weight", "class_weight", "soft labels"])
@pytest.mark.parametrize("n_classes", [3, 5])
@pytest.mark.parametrize("convert", [np.array, scipy.sparse.csr_matrix], ids=["dense", "csr"])
def test_a_class_of_no_weight_keeps_its_place_and_hardly_a_probability(
    solver, by, n_classes, convert
):
    X, y = simulated(n_classes=n_classes)
    kept = y != 1
    if by == "sample_weight":
        model = tight(solver=solver).fit(convert(X), y, kept.astype(float))
    elif by == "class_weight":
        model = tight(solver=solver, class_weight={1: 0.0}).fit(convert(X), y)
    else:
        soft = one_hot(y) * np.where(kept, 1.0, 0.0)[:, None] + one_hot(0 * y, n_classes) * 1e-200
        model = tight(solver=solver).fit(convert(X), soft)
    assert model.converged_
    assert model.classes_.tolist() == list(range(n_classes))
    assert model.coef_.shape == (n_classes, 5)
    assert np.isfinite(model.intercept_).all()
    assert (model.predict_proba(X)[:, 1] < 1e-12).all()
    assert np.isfinite(model.predict_log_proba(X)).all()
    # The others are those of a fit without the class; two rows at C are one row at 2 C.
    alone = tight(solver=solver, C=2.0 if n_classes == 3 else 1.0).fit(X[kept], y[kept])
    others = np.delete(model.predict_proba(X), 1, axis=1)
    np.testing.assert_allclose(others, alone.predict_proba(X), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("n_classes", [3, 5])
def test_its_probability_is_small_far_from_the_data_too(n_classes):
    X, y = simulated(n_classes=n_classes)
    model = tight().fit(X, y, (y != 1).astype(float))
    sizes = 10.0 ** np.arange(7)
    far = np.random.default_rng(0).normal(size=(200, 7, 5)) * sizes[:, None]
    far = far.reshape(-1, 5)
    assert (model.predict_proba(far)[:, 1] < 1e-12).all()
    np.testing.assert_allclose(model.intercept_.sum(), 0, atol=1e-9)
    np.testing.assert_allclose(model.coef_.sum(axis=0), 0, atol=1e-12)


def test_a_class_of_no_weight_without_intercept_is_that_of_the_objective():
    # No intercept can push it away: the optimum of the objective as written.
    X, y = simulated()
    weight = (y != 1).astype(float)
    model = tight(fit_intercept=False).fit(X, y, weight)
    minimum = naive_fit(X, one_hot(y), penalty=1 / weight.sum(), weight=weight, intercept=False)[2]
    assert model.classes_.tolist() == [0, 1, 2]
    assert model.objective_ == pytest.approx(minimum, rel=1e-11)
    assert not model.intercept_.any()


# Scores


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_score_of_soft_labels_is_their_mass_on_the_predicted_classes(n_classes):
    X, soft, weight = soft_problem(n_classes=n_classes, counts=True)
    model = SoftmaxRegression().fit(X, soft)
    hit = soft[np.arange(len(soft)), model.predict(X)]
    assert model.score(X, soft) == pytest.approx(hit.sum() / soft.sum(), rel=1e-14)
    expected = weight @ hit / (weight @ soft.sum(axis=1))
    assert model.score(X, soft, weight) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_score_of_one_hot_rows_is_the_accuracy(n_classes):
    X, y = simulated(n_classes=n_classes)
    model = SoftmaxRegression().fit(X, y)
    assert model.score(X, one_hot(y)) == pytest.approx(model.score(X, y), rel=1e-14)
    assert model.score(X, y) == np.mean(model.predict(X) == y)


def test_a_score_takes_data_frames_with_the_classes_as_columns():
    pandas = pytest.importorskip("pandas")
    X, soft, _ = soft_problem()
    frame = pandas.DataFrame(soft, columns=["x", "y", "z"])
    model = SoftmaxRegression().fit(X, frame)
    assert model.score(X, frame) == model.score(X, soft)
