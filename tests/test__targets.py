"""y, sample_weight and class_weight: what they are turned into, and what is refused."""

import itertools
import warnings

import numpy as np
import pytest
from sklearn.utils.multiclass import check_classification_targets

from skmax._estimators.targets import Targets, is_soft, read_sample_weight, read_soft, read_targets

LABELS = np.array([2, 0, 1, 2, 2, 0])
SOFT = np.array([[1.0, 3.0], [0.0, 2.0], [5.0, 0.0], [0.25, 0.25]])


def test_labels_become_codes_of_the_sorted_classes():
    targets = read_targets(np.array(["b", "c", "a", "b"]), None, None, 4)
    assert targets.classes.tolist() == ["a", "b", "c"]
    assert targets.labels.tolist() == [1, 2, 0, 1]
    assert targets.class_probabilities is None
    assert targets.weight.tolist() == [1, 1, 1, 1]
    assert targets.class_totals().tolist() == [1, 2, 1]


def test_soft_labels_become_probabilities_and_their_mass_goes_to_the_weight():
    targets = read_targets(SOFT, np.array([1.0, 2.0, 3.0, 4.0]), None, 4)
    assert targets.classes.tolist() == [0, 1]
    assert targets.labels is None
    np.testing.assert_allclose(
        targets.class_probabilities, [[0.25, 0, 1, 0.5], [0.75, 1, 0, 0.5]], rtol=1e-15
    )
    np.testing.assert_allclose(targets.weight, [4, 4, 15, 2], rtol=1e-15)
    np.testing.assert_allclose(targets.class_totals(), [1 + 15 + 1, 3 + 4 + 1], rtol=1e-15)
    assert targets.class_probabilities.flags.c_contiguous


def test_class_weights_multiply_soft_labels_before_their_sum_is_taken():
    targets = read_targets(SOFT, None, {0: 3.0, 1: 0.5}, 4)
    scaled = SOFT * [3.0, 0.5]
    np.testing.assert_allclose(targets.weight, scaled.sum(axis=1), rtol=1e-15)
    np.testing.assert_allclose(
        targets.class_probabilities, (scaled / scaled.sum(axis=1, keepdims=True)).T, rtol=1e-15
    )


def test_a_row_whose_classes_have_no_weight_weighs_nothing():
    soft = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    targets = read_targets(soft, None, {0: 0.0, 1: 1.0, 2: 1.0}, 3)
    assert targets.weight.tolist() == [0, 1, 1]
    assert np.isfinite(targets.class_probabilities).all()


def test_class_weights_multiply_the_weights_of_labels():
    weight = np.arange(1.0, 7.0)
    targets = read_targets(LABELS, weight, {0: 2.0, 1: 3.0, 2: 0.5}, 6)
    np.testing.assert_array_equal(targets.weight, [0.5, 4, 9, 2, 2.5, 12])


@pytest.mark.parametrize("soft", [False, True])
def test_balanced_gives_every_class_the_same_weight(soft):
    weight = np.arange(1.0, 7.0)
    y = np.eye(3)[LABELS] * 2 if soft else LABELS
    found = read_targets(y, weight, "balanced", 6).class_totals()
    np.testing.assert_allclose(found, (2 if soft else 1) * weight.sum() / 3, rtol=1e-14)


def test_balanced_leaves_out_classes_without_weight():
    weight = np.array([0.0, 1.0, 2.0, 0.0, 0.0, 3.0])
    targets = read_targets(LABELS, weight, "balanced", 6)
    np.testing.assert_allclose(targets.class_totals(), [3, 3, 0], rtol=1e-14)
    assert np.isfinite(targets.weight).all()


def test_a_class_weight_for_more_classes_than_there_are_is_taken():
    # As in scikit-learn: a fold may lack a class that the dict names.
    targets = read_targets(LABELS, None, {0: 2.0, 1: 1.0, 2: 1.0, 3: 9.0}, 6)
    np.testing.assert_array_equal(targets.class_totals(), [4, 1, 3])


def test_the_arguments_are_not_changed():
    soft, weight = SOFT.copy(), np.ones(4)
    read_targets(soft, weight, {0: 3.0, 1: 0.5}, 4)
    np.testing.assert_array_equal(soft, SOFT)
    np.testing.assert_array_equal(weight, 1)
    soft.flags.writeable = weight.flags.writeable = False
    read_targets(soft, weight, "balanced", 4)


@pytest.mark.parametrize("soft", [False, True])
def test_restricted_keeps_the_classes_of_the_mask(soft):
    weight = np.where(LABELS == 1, 0.0, 1.0)
    y = np.eye(3)[LABELS] if soft else LABELS
    kept = read_targets(y, weight, None, 6).restricted(np.array([True, False, True]))
    assert kept.classes.tolist() == [0, 2]
    np.testing.assert_array_equal(kept.class_totals(), [2, 3])
    np.testing.assert_array_equal(kept.weight, weight)
    if not soft:
        np.testing.assert_array_equal(kept.labels[weight > 0], [1, 0, 1, 1, 0])
        assert kept.labels.max() < 2


@pytest.mark.parametrize(
    ("y", "soft"),
    [
        ([0, 1], False),
        (np.zeros((3, 1)), False),
        (np.zeros((3, 2)), True),
        ([[0, 1], [1, 0]], True),
        (["a", "b"], False),
        (np.zeros((2, 2, 2)), False),
    ],
    ids=str,
)
def test_soft_labels_have_several_columns(y, soft):
    assert is_soft(y) is soft


def test_names_of_columns_are_the_classes_in_their_order():
    pandas = pytest.importorskip("pandas")
    probabilities, classes = read_soft(pandas.DataFrame(SOFT, columns=["z", "a"]))
    assert classes.tolist() == ["z", "a"]
    np.testing.assert_array_equal(probabilities, SOFT)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([0.0, 0.0], "y: row 2 .* sums to 0"),
        ([1.0, -1e-9], "y: row 2 .* negative"),
        ([np.nan, 1.0], "y: row 2 .* NaN or infinity"),
        ([1.0, np.inf], "y: row 2 .* NaN or infinity"),
    ],
)
def test_a_bad_row_of_soft_labels_is_named(row, message):
    y = SOFT.copy()
    y[2] = row
    with pytest.raises(ValueError, match=message):
        read_targets(y, None, None, 4)


def test_a_row_so_large_that_its_sum_overflows_is_refused_or_kept_whole():
    y = SOFT.copy()
    y[1] = [1.5e308, 1.5e308]
    with pytest.raises(ValueError, match="row 1"):
        read_targets(y, None, None, 4)


@pytest.mark.parametrize("sample_weight", [None, 1, 1.0, np.float32(1), [1, 1, 1], (1, 1, 1)])
def test_no_weight_and_a_number_mean_equal_weights(sample_weight):
    weight = read_sample_weight(sample_weight, 3)
    assert weight.dtype == np.float64
    assert weight.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("sample_weight", "message"),
    [
        ([1, -1, 1], r"sample_weight must not be negative, got -1.0 in row 1"),
        ([1, np.nan, 1], "sample_weight contains NaN"),
        ([1, np.inf, 1], "sample_weight contains infinity"),
        ([1, 1], r"sample_weight has shape \(2,\), expected \(3,\)"),
        ([[1], [1], [1]], r"sample_weight has shape \(3, 1\), expected \(3,\)"),
        ([0, 0, 0], "sample_weight .* zero"),
        (0, "sample_weight .* zero"),
        (-1, "sample_weight must not be negative"),
        (np.nan, "sample_weight contains NaN"),
    ],
    ids=str,
)
def test_bad_weights_are_described(sample_weight, message):
    with pytest.raises(ValueError, match=message):
        read_sample_weight(sample_weight, 3)


@pytest.mark.parametrize(
    ("y", "weight", "class_weight"),
    [
        (np.zeros(3), None, None),
        (np.array([0, 1, 1]), np.array([0.0, 1.0, 1.0]), None),
        (np.array([0, 1, 1]), None, {0: 0.0}),
        (np.array([[1.0, 0.0]] * 3), None, None),
        (np.array([[1.0, 1.0]] * 3), None, {0: 0.0}),
    ],
)
def test_one_class_with_weight_is_too_few(y, weight, class_weight):
    with pytest.raises(ValueError, match="two classes"):
        read_targets(y, weight, class_weight, 3)


def test_the_weights_of_targets_are_those_of_a_naive_sum():
    rng = np.random.default_rng(0)
    probabilities, weight = rng.dirichlet(np.ones(4), size=50).T, rng.exponential(size=50)
    found = Targets(np.arange(4), weight, class_probabilities=probabilities).class_totals()
    np.testing.assert_allclose(found, (probabilities * weight).sum(axis=1), rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.uint64])
def test_classes_of_integers_are_counted_as_unique_finds_them(dtype):
    rng = np.random.default_rng(0)
    for y in (rng.integers(0, 5, 50), rng.choice([3, 7, 100], 50), np.array([120, 0, 120])):
        classes, codes = np.unique(y.astype(dtype), return_inverse=True)
        targets = read_targets(y.astype(dtype), None, None, len(y))
        np.testing.assert_array_equal(targets.classes, classes)
        assert targets.classes.dtype == dtype
        np.testing.assert_array_equal(targets.labels, codes)


def test_integers_far_apart_are_classes_too():
    y = np.array([-(2**62), 2**62, -(2**62), 5])
    targets = read_targets(y, None, None, 4)
    np.testing.assert_array_equal(targets.classes[targets.labels], y)


def test_integers_that_hardly_repeat_are_warned_of_where_scikit_learn_does():
    y = np.arange(40) // 2 * 2 + np.arange(40) % 2 * (np.arange(40) > 30)
    with warnings.catch_warnings(record=True) as expected:
        warnings.simplefilter("always")
        check_classification_targets(y)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read_targets(y, None, None, 40)
    assert [str(one.message) for one in caught] == [str(one.message) for one in expected]


@pytest.mark.parametrize("order", list(itertools.permutations(["alpha", "mid", "zeta"])))
def test_labels_are_coded_by_classes_in_any_order(order):
    """Those of soft labels are in the order of their columns."""
    y = np.array(["mid", "zeta", "alpha", "mid"])
    targets = read_targets(y, None, None, 4, np.array(order))
    assert [order[code] for code in targets.labels] == y.tolist()
    with pytest.raises(ValueError, match="beta"):
        read_targets(np.array(["beta"] * 4), None, None, 4, np.array(order))
