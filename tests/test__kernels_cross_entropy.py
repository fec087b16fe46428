"""The kernels of class-major blocks against their naive references."""

import numpy as np
import pytest
import reference
from kernel_cases import assert_close, classes, frozen, logits_of, rows_allowed, samples, weights_of
from marks import dtypes, needs_wide
from reference import ulp_error

from skmax import _kernels
from skmax._kernels.loss import cross_entropy as kernels

pytestmark = needs_wide


def labels_of(n_classes, n_samples):
    return np.random.default_rng(n_samples).integers(0, n_classes, n_samples)


def probabilities_of(n_classes, n_samples, dtype):
    """Targets whose sums are not 1, some of them 0."""
    targets = np.random.default_rng(n_samples).gamma(0.5, size=(n_classes, n_samples))
    targets[targets < 0.05] = 0
    return targets.astype(dtype)


@dtypes
def test_row_curvature(dtype):
    p = np.random.default_rng(0).dirichlet(np.ones(5), 37).T.astype(dtype, order="C")
    factors, out = np.arange(5.0), np.full(37, 7.0)
    _kernels.row_curvature(frozen(p), factors, out)
    np.testing.assert_allclose(out, factors @ (p * (1 - p)), rtol=1e-6)


@samples
@dtypes
def test_mean_curvature(n_samples, dtype):
    p = np.random.default_rng(0).uniform(size=n_samples).astype(dtype)
    weight = frozen(weights_of(n_samples, np.float64))
    expected = weight @ (p.astype(np.float64) * (1 - p.astype(np.float64)))
    assert _kernels.mean_curvature(frozen(p), weight, np.full(8, 7.0)) == pytest.approx(
        expected, rel=1e-5
    )


START = 3  # samples before those of the block


def after_others(array):
    """The array after START more samples, whose values are wrong for any use of them."""
    others = np.full_like(array[..., :1], -1 if array.dtype.kind == "i" else np.nan)
    return frozen(np.concatenate([others] * START + [array], axis=-1))


def workspace_of(block):
    """A workspace for a block (K, m), filled with what no result may depend on."""
    workspace = _kernels.loss_workspace(block.shape[1], block.dtype)
    for memory in workspace:
        memory.fill(np.nan)
    return workspace


def losses_tolerance(logits):
    """The kernel subtracts in the logits' precision: each loss is off by their range at most."""
    return 8 * np.finfo(logits.dtype).eps * (1 + np.ptp(logits.astype(np.float64), axis=0))


@classes
@samples
@dtypes
def test_cross_entropy_labels(n_classes, n_samples, dtype):
    logits = logits_of(n_classes, n_samples, dtype)
    labels = labels_of(n_classes, n_samples)
    p, losses = logits.copy(), np.full(n_samples, 7.0)
    targets = _kernels.Labels(after_others(labels))
    kernels.cross_entropy_labels(targets, p, START, workspace_of(p), losses)
    exact, exact_p = reference.cross_entropy_labels(logits, labels)
    assert np.all(np.abs(losses - exact) <= losses_tolerance(logits))
    assert np.all(ulp_error(p, exact_p) <= rows_allowed(logits.T).T)


@classes
@samples
@dtypes
def test_cross_entropy_targets(n_classes, n_samples, dtype):
    logits = logits_of(n_classes, n_samples, dtype)
    targets = probabilities_of(n_classes, n_samples, dtype)
    p, losses = logits.copy(), np.full(n_samples, 7.0)
    given = _kernels.ClassProbabilities(after_others(targets))
    kernels.cross_entropy_classes(given, p, START, workspace_of(p), losses)
    exact, exact_p = reference.cross_entropy_targets(logits, targets)
    assert np.all(np.abs(losses - exact) <= losses_tolerance(logits) * targets.sum(axis=0))
    assert np.all(ulp_error(p, exact_p) <= rows_allowed(logits.T).T)


@samples
@dtypes
def test_cross_entropy_binary(n_samples, dtype):
    logits = logits_of(1, n_samples, dtype, scale=30.0)
    targets = np.random.default_rng(1).uniform(0, 1, n_samples).astype(dtype)
    p, losses = logits.copy(), np.full(n_samples, 7.0)
    given = _kernels.BinaryTargets(after_others(targets))
    kernels.cross_entropy_binary(given, p, START, workspace_of(p), losses)
    exact, exact_p = reference.cross_entropy_binary(logits, targets)
    assert np.all(np.abs(losses - exact) <= 8 * np.finfo(dtype).eps * (1 + np.abs(logits[0])))
    assert np.all(ulp_error(p, exact_p) <= 4)


@dtypes
def test_one_sigmoid_keeps_the_digits_of_a_confident_loss(dtype):
    logits = np.array([[60.0, -60.0, 700.0 if dtype == np.float64 else 80.0]], dtype)
    targets, losses = np.array([1, 0, 1], dtype), np.empty(3)
    exact, _ = reference.cross_entropy_binary(logits, targets)
    given = _kernels.BinaryTargets(targets)
    kernels.cross_entropy_binary(given, logits, 0, workspace_of(logits), losses)
    assert ulp_error(losses.astype(dtype), exact).max() <= 4


@dtypes
def test_minus_infinity_has_no_probability_and_costs_all_or_nothing(dtype):
    logits = np.array([[0, 0], [-np.inf, -np.inf], [1, 1]], dtype)
    p, losses = logits.copy(), np.empty(2)
    _kernels.sample_losses(_kernels.Labels(np.array([0, 1])), p, workspace_of(p), losses)
    assert losses[0] == pytest.approx(np.log1p(np.e), rel=1e-6)
    assert losses[1] == np.inf
    np.testing.assert_array_equal(p[1], 0)
    targets = np.array([[1, 1], [0, 0.5], [0, 0]], dtype)
    p, losses = logits.copy(), np.empty(2)
    _kernels.sample_losses(_kernels.ClassProbabilities(targets), p, workspace_of(p), losses)
    assert losses[0] == pytest.approx(np.log1p(np.e), rel=1e-6)
    assert losses[1] == np.inf


@dtypes
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_sample_that_is_not_finite_spoils_no_other(bad, dtype):
    logits = logits_of(5, 130, dtype)
    logits[2, 70] = bad
    p, losses = logits.copy(), np.empty(130)
    labels = _kernels.Labels(np.zeros(130, np.intp))
    _kernels.sample_losses(labels, p, workspace_of(p), losses)
    assert np.isnan(losses[70])
    assert np.isnan(p[:, 70]).all()
    assert np.isfinite(np.delete(losses, 70)).all()
    assert np.isfinite(np.delete(p, 70, axis=1)).all()


@pytest.mark.parametrize("n_classes", [1, 2, 7, 33])
@samples
@dtypes
def test_residual_labels(n_classes, n_samples, dtype):
    p = frozen(reference.softmax_rows(logits_of(n_samples, n_classes, dtype)).T.astype(dtype))
    labels, weight = labels_of(n_classes, n_samples), weights_of(n_samples, dtype)
    residual = np.full((n_classes, n_samples), 7, dtype)
    targets = _kernels.Labels(after_others(labels))
    p = np.ascontiguousarray(p)
    kernels.residual_labels(targets, p, START, after_others(weight), workspace_of(p), residual)
    assert_close(residual, reference.residual_labels(p, labels, weight), floor=weight)


@pytest.mark.parametrize("n_classes", [1, 2, 7, 33])
@samples
@dtypes
def test_residual_targets(n_classes, n_samples, dtype):
    p = reference.softmax_rows(logits_of(n_samples, n_classes, dtype)).T.astype(dtype, order="C")
    targets, weight = probabilities_of(n_classes, n_samples, dtype), weights_of(n_samples, dtype)
    mass = targets.sum(axis=0)
    residual = np.full((n_classes, n_samples), 7, dtype)
    given = _kernels.ClassProbabilities(after_others(targets))
    kernels.residual_classes(
        given, frozen(p), START, after_others(weight), workspace_of(p), residual
    )
    exact = reference.residual_targets(p, targets, mass, weight)
    assert_close(residual, exact, floor=weight * (mass + targets.max(axis=0, initial=0)))


@samples
@dtypes
def test_residual_binary(n_samples, dtype):
    rng = np.random.default_rng(0)
    p = rng.uniform(0, 1, (1, n_samples)).astype(dtype)
    targets, weight = rng.uniform(0, 1, n_samples).astype(dtype), weights_of(n_samples, dtype)
    residual = np.full((1, n_samples), 7, dtype)
    given = _kernels.BinaryTargets(after_others(targets))
    kernels.residual_binary(
        given, frozen(p), START, after_others(weight), workspace_of(p), residual
    )
    exact = reference.residual_targets(p, targets[None], np.ones(n_samples), weight)
    assert_close(residual, exact, floor=weight)


@pytest.mark.parametrize("n_outputs", [1, 2, 7])
@samples
@dtypes
def test_multilabel_is_a_sigmoid_for_each_output(n_outputs, n_samples, dtype):
    logits, weight = logits_of(n_outputs, n_samples, dtype), weights_of(n_samples, dtype)
    targets = np.random.default_rng(2).integers(0, 2, logits.shape).astype(dtype)
    p, losses, residual = logits.copy(), np.full(n_samples, 7.0), np.full_like(logits, 7)
    kernels.sample_losses_and_residual(
        _kernels.MultilabelTargets(frozen(targets)), p, weight, workspace_of(p), losses, residual
    )
    exact = [
        reference.cross_entropy_binary(logits[k : k + 1], targets[k]) for k in range(n_outputs)
    ]
    total = sum(of_output for of_output, _ in exact)
    scale = 1 + np.abs(logits).sum(axis=0)
    assert np.all(np.abs(losses - total) <= 8 * np.finfo(dtype).eps * scale)
    exact_p = np.concatenate([p_of_output for _, p_of_output in exact])
    assert np.all(ulp_error(p, exact_p) <= 4)
    exact_residual = reference.residual_targets(p, targets, np.ones(n_samples), weight)
    assert_close(residual, exact_residual, floor=weight)


@pytest.mark.parametrize("n_classes", [1, 2, 7, 33])
@samples
@dtypes
def test_curvature_softmax(n_classes, n_samples, dtype):
    p = reference.softmax_rows(logits_of(n_samples, n_classes, dtype)).T.astype(dtype, order="C")
    weight = weights_of(n_samples, dtype)
    direction = logits_of(n_classes, n_samples, dtype)
    exact = reference.curvature_softmax(p, direction, weight)
    floor = weight * np.abs(direction).max(axis=0) * p
    mean = np.empty(n_samples)
    kernels.curvature_softmax(after_others(p), START, direction, after_others(weight), mean)
    assert_close(direction, exact, ulps=2 * n_classes + 8, floor=floor)


@samples
@dtypes
def test_curvature_binary(n_samples, dtype):
    p = np.random.default_rng(0).uniform(0, 1, (1, n_samples)).astype(dtype)
    weight, direction = weights_of(n_samples, dtype), logits_of(1, n_samples, dtype)
    exact = reference.curvature_binary(p, direction, weight)
    floor = weight * np.abs(direction) * p
    kernels.curvature_binary(after_others(p), START, direction, after_others(weight))
    assert_close(direction, exact, floor=floor)
