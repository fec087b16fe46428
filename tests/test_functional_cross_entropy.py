"""Cross-entropy: against its formula, finite differences, and at every edge."""

import numpy as np
import pytest
import scipy.special
from functional_cases import VIEWS, normal
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from marks import dtypes

from skmax import cross_entropy, cross_entropy_with_grad, functional, softmax


def problem(n=40, n_classes=5, dtype=np.float64):
    rng = np.random.default_rng(n)
    logits = normal(n, n_classes, dtype=dtype, seed=n)
    labels = rng.integers(0, n_classes, n)
    soft = rng.gamma(0.7, size=(n, n_classes)) * (rng.uniform(size=(n, n_classes)) < 0.8)
    return logits, labels, soft, rng.uniform(0, 2, n)


def loss_by_formula(logits, targets):
    return -np.sum(targets * scipy.special.log_softmax(np.asarray(logits, float), axis=1), axis=1)


@dtypes
@pytest.mark.parametrize("n_classes", [1, 2, 5, 40])
def test_labels_are_one_hot_targets(n_classes, dtype):
    logits, labels, _, weight = problem(130, n_classes, dtype)
    by_label = cross_entropy_with_grad(logits, labels, sample_weight=weight)
    one_hot = np.eye(n_classes)[labels]
    by_target = cross_entropy_with_grad(logits, one_hot, sample_weight=weight)
    eps = float(np.finfo(dtype).eps)
    assert by_label[0] == pytest.approx(by_target[0], rel=4 * eps, abs=1e-15)
    np.testing.assert_allclose(by_label[1], by_target[1], rtol=0, atol=4 * eps)
    losses = loss_by_formula(logits, one_hot)
    assert by_label[0] == pytest.approx(np.average(losses, weights=weight), rel=16 * eps, abs=1e-15)


@dtypes
def test_targets_are_not_normalised(dtype):
    logits, _, soft, _ = problem(dtype=dtype)
    loss, gradient = cross_entropy_with_grad(logits, soft, reduction="sum")
    eps = float(np.finfo(dtype).eps)
    assert loss == pytest.approx(loss_by_formula(logits, soft).sum(), rel=8 * eps)
    expected = soft.sum(axis=1, keepdims=True) * softmax(logits) - soft
    np.testing.assert_allclose(gradient, expected, rtol=16 * eps, atol=16 * eps)
    assert cross_entropy(logits, 3 * soft) == pytest.approx(3 * cross_entropy(logits, soft))


def test_reductions():
    logits, labels, _, weight = problem()
    each = loss_by_formula(logits, np.eye(5)[labels])
    losses = cross_entropy(logits, labels, sample_weight=weight, reduction="none")
    assert losses.dtype == np.float64
    np.testing.assert_allclose(losses, weight * each, rtol=1e-13)
    total = cross_entropy(logits, labels, sample_weight=weight, reduction="sum")
    mean = cross_entropy(logits, labels, sample_weight=weight)
    assert isinstance(mean, float)
    assert total == pytest.approx(losses.sum())
    assert mean == pytest.approx(losses.sum() / weight.sum())
    assert cross_entropy(logits, labels) == pytest.approx(each.mean())


def test_the_gradient_of_none_is_that_of_the_sum_and_the_mean_divides_it():
    logits, labels, _, weight = problem()
    gradients = {
        reduction: cross_entropy_with_grad(
            logits, labels, sample_weight=weight, reduction=reduction
        )[1]
        for reduction in ("none", "sum", "mean")
    }
    np.testing.assert_array_equal(gradients["none"], gradients["sum"])
    np.testing.assert_allclose(gradients["mean"], gradients["sum"] / weight.sum(), rtol=1e-13)


@dtypes
def test_float32_keeps_its_gradient_and_a_float64_loss(dtype):
    logits, labels, _, _ = problem(dtype=dtype)
    losses, gradient = cross_entropy_with_grad(logits, labels, reduction="none")
    assert gradient.dtype == dtype
    assert gradient.shape == logits.shape
    assert losses.dtype == np.float64


@pytest.mark.parametrize("label_smoothing", [0.1, 1.0])
def test_label_smoothing_spreads_a_part_of_each_target(label_smoothing):
    logits, labels, soft, _ = problem()
    for targets, full in ((labels, np.eye(5)[labels]), (soft, soft)):
        even = full.sum(axis=1, keepdims=True) / 5
        smooth = (1 - label_smoothing) * full + label_smoothing * even
        loss, gradient = cross_entropy_with_grad(logits, targets, label_smoothing=label_smoothing)
        expected, expected_gradient = cross_entropy_with_grad(logits, smooth)
        assert loss == pytest.approx(expected, rel=1e-14)
        np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("kind", ["labels", "soft", "smoothed"])
def test_gradient_against_finite_differences(kind, reduction):
    logits, labels, soft, weight = problem(6, 4)
    targets = soft if kind == "soft" else labels
    options = {
        "sample_weight": weight,
        "reduction": reduction,
        "label_smoothing": 0.2 if kind == "smoothed" else 0.0,
    }
    _, gradient = cross_entropy_with_grad(logits, targets, **options)
    for i, k in np.ndindex(*logits.shape):
        step = np.zeros_like(logits)
        step[i, k] = 1e-5
        above = cross_entropy(logits + step, targets, **options)
        below = cross_entropy(logits - step, targets, **options)
        assert gradient[i, k] == pytest.approx((above - below) / 2e-5, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("n_classes", [2, 5, 300])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_with_and_without_gradient_agree_to_the_last_bit(reduction, n_classes):
    logits, labels, soft, weight = problem(70, n_classes)
    for targets in (labels, soft):
        options = {"sample_weight": weight, "reduction": reduction, "label_smoothing": 0.1}
        loss, _ = cross_entropy_with_grad(logits, targets, **options)
        np.testing.assert_array_equal(cross_entropy(logits, targets, **options), loss)


@pytest.mark.parametrize(("n", "n_classes"), [(70_000, 3), (200, 1000), (3, 70_000)])
def test_more_logits_than_a_block(n, n_classes):
    assert n * n_classes > functional._BLOCK
    rng = np.random.default_rng(0)
    logits, labels = normal(n, n_classes), rng.integers(0, n_classes, n)
    losses, gradient = cross_entropy_with_grad(logits, labels, reduction="none")
    log_p = scipy.special.log_softmax(logits, axis=1)
    np.testing.assert_allclose(losses, -log_p[np.arange(n), labels], rtol=1e-12, atol=1e-15)
    expected = np.exp(log_p)
    expected[np.arange(n), labels] -= 1
    np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-13)
    if n_classes == 3:
        one_hot = np.eye(n_classes)[labels]
        by_target = cross_entropy_with_grad(logits, one_hot, reduction="none")
        np.testing.assert_allclose(by_target[0], losses, rtol=1e-13, atol=1e-15)
        np.testing.assert_allclose(by_target[1], gradient, atol=1e-15)


@pytest.mark.parametrize("view", [VIEWS[name] for name in ("Fortran", "every second", "backwards")])
def test_cross_entropy_of_any_strides(view):
    logits = view(normal(30, 28))
    targets = view(np.abs(normal(30, 28, seed=3)))
    expected = cross_entropy_with_grad(logits.copy("C"), targets.copy("C"))
    actual = cross_entropy_with_grad(logits, targets)
    assert actual[0] == expected[0]
    np.testing.assert_array_equal(actual[1], expected[1])
    labels = np.arange(2 * len(logits))[::-2] % logits.shape[1]
    assert cross_entropy(logits, labels) == cross_entropy(logits.copy("C"), labels.copy())


def test_lists_will_do():
    assert cross_entropy([[0, 0]], [1]) == pytest.approx(np.log(2))
    assert cross_entropy([[0, 0]], [[1, 1]], sample_weight=[3]) == pytest.approx(2 * np.log(2))


@pytest.mark.parametrize("label", [np.int8, np.uint8, np.int32, np.uint64])
def test_labels_of_any_integer_type(label):
    logits, labels, _, _ = problem()
    assert cross_entropy(logits, labels.astype(label)) == cross_entropy(logits, labels)


def test_zero_times_minus_infinity_counts_zero():
    logits = [[0.0, 0.0, -np.inf]]
    for targets in ([0], [[1.0, 0.0, 0.0]]):
        loss, gradient = cross_entropy_with_grad(logits, targets)
        assert loss == pytest.approx(np.log(2))
        np.testing.assert_allclose(gradient, [[-0.5, 0.5, 0.0]], rtol=1e-15)


def test_an_impossible_target_costs_infinity_unless_it_has_no_weight():
    logits = [[0.0, -np.inf], [0.0, 0.0]]
    for targets in ([1, 1], [[0.5, 0.5], [0, 1]]):
        assert cross_entropy(logits, targets) == np.inf
        loss, gradient = cross_entropy_with_grad(logits, targets, sample_weight=[0, 2])
        assert loss == pytest.approx(np.log(2))
        np.testing.assert_allclose(gradient, [[0, 0], [0.5, -0.5]], rtol=1e-15)
        losses = cross_entropy(logits, targets, sample_weight=[0, 2], reduction="none")
        np.testing.assert_allclose(losses, [0, 2 * np.log(2)])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_row_that_is_not_finite_makes_the_loss_nan_unless_it_has_no_weight(bad):
    logits = np.array([[bad, 0.0], [0.0, 0.0]])
    assert np.isnan(cross_entropy(logits, [0, 0]))
    assert cross_entropy(logits, [0, 0], sample_weight=[0, 1]) == pytest.approx(np.log(2))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("targets", [[0, 0], [[1.0, 0], [1.0, 0]]])
def test_a_row_without_weight_has_no_gradient_even_if_it_is_not_finite(targets, bad):
    logits = np.array([[bad, 0.0], [0.0, 0.0]])
    _, gradient = cross_entropy_with_grad(logits, targets, sample_weight=[0, 1])
    np.testing.assert_allclose(gradient, [[0, 0], [-0.5, 0.5]], rtol=1e-15)


@dtypes
def test_a_huge_loss_is_finite_where_float64_can_hold_it(dtype):
    """Losses are float64: those of float32 logits cannot overflow."""
    largest = float(np.finfo(dtype).max) / (1 if dtype == np.float32 else 2)
    logits = np.array([[largest, -largest]], dtype)
    assert cross_entropy(logits, [1]) == pytest.approx(2 * largest, rel=1e-6)
    assert cross_entropy(logits, [0]) == 0
    assert cross_entropy(logits, [[0.5, 0.5]]) == pytest.approx(largest, rel=1e-6)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses_of_float32_logits_are_those_of_the_logits_as_they_are(reduction):
    """Losses are float64: the subtraction of the maximum need not round."""
    logits, labels, soft, _ = problem(200, 5, np.float32)
    for targets in (labels, soft.astype(np.float32)):
        loss = cross_entropy(logits, targets, reduction=reduction)
        wide = cross_entropy(logits.astype(np.float64), targets, reduction=reduction)
        np.testing.assert_allclose(loss, wide, rtol=1e-6, atol=1e-6)


@dtypes
def test_confident_losses_keep_their_digits(dtype):
    logits = np.array([[0.0, 50.0]], dtype)
    loss, gradient = cross_entropy_with_grad(logits, [1])
    assert loss == pytest.approx(np.exp(-50.0), rel=1e-6)
    assert gradient[0, 0] == pytest.approx(np.exp(-50.0), rel=1e-6)


def test_no_samples():
    for targets in (np.empty(0, int), [], np.empty((0, 3))):
        losses, gradient = cross_entropy_with_grad(np.empty((0, 3)), targets, reduction="none")
        assert losses.shape == (0,)
        assert gradient.shape == (0, 3)
        assert cross_entropy(np.empty((0, 3)), targets, reduction="sum") == 0
        assert np.isnan(cross_entropy(np.empty((0, 3)), targets))


def test_no_classes():
    losses, gradient = cross_entropy_with_grad(np.empty((3, 0)), np.empty((3, 0)), reduction="none")
    np.testing.assert_array_equal(losses, [0, 0, 0])
    assert gradient.shape == (3, 0)
    with pytest.raises(ValueError, match="label 0 of row 0"):
        cross_entropy(np.empty((3, 0)), [0, 0, 0])


def test_the_mean_of_samples_without_weight_is_nan_without_a_warning():
    logits = np.zeros((2, 3))
    assert np.isnan(cross_entropy(logits, [0, 1], sample_weight=[0, 0]))
    loss, gradient = cross_entropy_with_grad(logits, [0, 1], sample_weight=[0, 0])
    assert np.isnan(loss)
    assert gradient.shape == (2, 3)


WRONG_CROSS_ENTROPY = {
    "logits of one dimension": (([0.0, 1.0], [0]), {}, "logits must have shape"),
    "logits of three": ((np.zeros((1, 2, 3)), [0]), {}, "logits must have shape"),
    "complex logits": (([[1j, 0]], [0]), {}, "logits must be real"),
    "label too large": (([[0.0, 1.0]] * 2, [0, 2]), {}, "targets: label 2 of row 1"),
    "negative label": (([[0.0, 1.0]] * 2, [-1, 0]), {}, "targets: label -1 of row 0"),
    "huge label": (([[0.0, 1.0]], np.array([2**63], np.uint64)), {}, "targets: label 9"),
    "labels that are floats": (([[0.0, 1.0]], [0.0]), {}, "targets of one dimension"),
    "too few labels": (([[0.0, 1.0]] * 2, [0]), {}, "targets must have shape"),
    "too many classes": (([[0.0, 1.0]], [[1, 0, 0]]), {}, "targets must have shape"),
    "negative target": (([[0.0, 1.0]] * 2, [[1, 0], [-1, 2]]), {}, "targets .*row 1"),
    "NaN target": (([[0.0, 1.0]], [[np.nan, 0]]), {}, "targets .*row 0"),
    "infinite target": (([[0.0, 1.0]], [[np.inf, 0]]), {}, "targets .*row 0"),
    "weights of a wrong shape": (([[0.0, 1.0]], [0]), {"sample_weight": [1, 2]}, "sample_weight"),
    "one number as weight": (([[0.0, 1.0]], [0]), {"sample_weight": 1.0}, "sample_weight"),
    "negative weight": (([[0.0, 1.0]], [0]), {"sample_weight": [-1]}, "sample_weight .*row 0"),
    "NaN weight": (([[0.0, 1.0]], [0]), {"sample_weight": [np.nan]}, "sample_weight .*row 0"),
    "smoothing above 1": (([[0.0, 1.0]], [0]), {"label_smoothing": 1.5}, "label_smoothing"),
    "smoothing below 0": (([[0.0, 1.0]], [0]), {"label_smoothing": -0.1}, "label_smoothing"),
    "smoothing NaN": (([[0.0, 1.0]], [0]), {"label_smoothing": np.nan}, "label_smoothing"),
    "reduction": (([[0.0, 1.0]], [0]), {"reduction": "avg"}, "reduction .*'avg'"),
    "no reduction": (([[0.0, 1.0]], [0]), {"reduction": None}, "reduction"),
}


@pytest.mark.parametrize("function", [cross_entropy, cross_entropy_with_grad])
@pytest.mark.parametrize(
    ("arguments", "options", "message"), WRONG_CROSS_ENTROPY.values(), ids=WRONG_CROSS_ENTROPY
)
def test_errors_name_the_argument(arguments, options, message, function):
    with pytest.raises(ValueError, match=message):
        function(*arguments, **options)


@given(
    hnp.arrays(np.float64, (6, 4), elements=st.floats(-50, 50)),
    hnp.arrays(np.float64, (6, 4), elements=st.floats(0, 10)),
)
def test_each_row_of_the_gradient_sums_to_0_and_losses_are_not_negative(logits, targets):
    losses, gradient = cross_entropy_with_grad(logits, targets, reduction="none")
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-13)
    assert np.all(losses >= 0)
