"""The data term over blocks of rows: that of all rows, without their probabilities at once."""

import numpy as np
import pytest
import scipy.sparse
from problems import one_hot, simulated

from skmax import SoftmaxRegression
from skmax._design import blocks as row_blocks
from skmax._design import design_of
from skmax._estimators.targets import read_targets
from skmax._objective import (
    BlockedCrossEntropy,
    BlocksInTurn,
    CrossEntropy,
    blocks,
    needs_blocks,
)

FORMATS = [np.ascontiguousarray, np.asfortranarray, scipy.sparse.csr_array]


def in_turn(design, targets, weight, n_outputs, threads):
    """The data term over blocks."""
    blocks = BlocksInTurn(design, targets, weight, n_outputs, threads)
    return BlockedCrossEntropy(design, blocks, n_outputs)


def both(monkeypatch, convert=np.ascontiguousarray, soft=False, n_classes=4, n=501, dtype=float):
    """The data term of all rows at once, that over blocks, and coefficients."""
    X, y = simulated(n, 6, n_classes)
    X[:, 2] *= 100
    X = convert(X.astype(dtype))
    rng = np.random.default_rng(1)
    weight = rng.integers(0, 3, n).astype(float)
    y = one_hot(y) + rng.random((n, n_classes)) if soft else y
    targets = read_targets(y, weight, None, n)
    weight = targets.weight / targets.weight.sum()
    n_outputs = 1 if n_classes == 2 else n_classes
    design = design_of(X, weight, True, may_rotate=True)
    monkeypatch.setattr(row_blocks, "BLOCK_BYTES", design.dtype.itemsize * n_outputs * 100)
    arguments = design, targets.for_kernels(n_outputs, design.dtype), weight, n_outputs, 2
    whole, blocked = CrossEntropy(*arguments), in_turn(*arguments)
    assert len(list(blocked.blocks)) >= 8
    return whole, blocked, rng.normal(size=whole.shape)


@pytest.mark.parametrize("convert", [np.ascontiguousarray, scipy.sparse.csr_array])
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_blocks_add_up_to_the_whole(monkeypatch, convert, soft, n_classes):
    whole, blocked, coef = both(monkeypatch, convert, soft, n_classes)
    point, other = whole.at(coef), blocked.at(coef)
    assert other.value == pytest.approx(point.value, rel=1e-14)
    active = np.random.default_rng(2).random(coef.shape) < 0.6
    directions = np.stack([coef**2, np.cos(coef)])
    for of_point in (
        lambda point: point.gradient,
        lambda point: point.hessian_product(directions[0]),
        lambda point: point.hessian_product(directions),
        lambda point: point.hessian(),
        lambda point: point.second_moments(),
        lambda point: point.class_covariance(),
        lambda point: point.active_hessian(active),
        lambda point: point.entropy(0.7),
    ):
        np.testing.assert_allclose(of_point(other), of_point(point), rtol=1e-11, atol=1e-13)
    for of_blocks, of_all in zip(
        blocked.pair_rows(coef, None)[2:], whole.pair_rows(coef, None)[2:], strict=True
    ):
        np.testing.assert_allclose(of_blocks, of_all, rtol=1e-11)
    np.testing.assert_allclose(blocked.column_moments(), whole.column_moments(), atol=1e-13)
    assert blocked.largest_change(coef) == pytest.approx(whole.largest_change(coef), rel=1e-12)


@pytest.mark.parametrize("curvature_weight", [0.0, 0.8])
def test_samples_of_blocks_stand_for_all_rows(monkeypatch, curvature_weight):
    whole, blocked, coef = both(monkeypatch, n=4001)
    point, other = whole.at(0.3 * coef), blocked.at(0.3 * coef)
    sampled, exact = (
        other.second_moments(1200, curvature_weight),
        point.second_moments(None, curvature_weight),
    )
    assert np.abs(sampled - exact).max() < 0.1 * np.abs(exact).max()
    sampled, exact = other.hessian(1200), point.hessian()
    assert np.abs(sampled - exact).max() < 0.1 * np.abs(exact).max()


def test_blocks_without_weight_add_nothing(monkeypatch):
    whole, blocked, coef = both(monkeypatch)
    weight = np.where(np.arange(501) < 300, 1 / 300, 0.0)
    monkeypatch.setattr(row_blocks, "BLOCK_BYTES", 8 * 4 * 100)
    arguments = whole.design, whole.targets, weight, 4, 1
    whole, blocked = CrossEntropy(*arguments), in_turn(*arguments)
    point, other = whole.at(coef), blocked.at(coef)
    np.testing.assert_allclose(other.hessian(), point.hessian(), atol=1e-14)
    for sums in (other.hessian(50), other.second_moments(50, 0.5)):
        assert np.isfinite(sums).all()


def test_blocks_are_for_probabilities_larger_than_X(monkeypatch):
    X, _ = simulated(1000, 6)
    weight = np.full(1000, 1 / 1000)
    design = design_of(X, weight, True, may_rotate=True)
    assert not needs_blocks(design, 100)
    monkeypatch.setattr(blocks, "MOST_BYTES", 2**10)
    assert needs_blocks(design, 7)
    assert not needs_blocks(design, 6)  # no larger than X
    in_order = design_of(np.asfortranarray(X), weight, True, may_rotate=True)
    assert not needs_blocks(in_order, 100)  # whose rows would be copied


@pytest.mark.parametrize("convert", FORMATS)
@pytest.mark.parametrize(
    "settings", [{}, {"solver": "newton"}, {"l1_ratio": 0.5}, {"C": np.inf}], ids=str
)
def test_fits_over_blocks_end_at_the_same_optimum(monkeypatch, convert, settings):
    X, y = simulated(700, 5, 8)
    X = convert(X)
    whole = SoftmaxRegression(tol=1e-12, **settings).fit(X, y)
    monkeypatch.setattr(blocks, "MOST_BYTES", 0)
    monkeypatch.setattr(row_blocks, "BLOCK_BYTES", 2**13)
    blocked = SoftmaxRegression(tol=1e-12, **settings).fit(X, y)
    assert blocked.converged_
    assert blocked.objective_ == pytest.approx(whole.objective_, rel=1e-12)
    np.testing.assert_allclose(blocked.coef_, whole.coef_, atol=1e-5)
    alone = SoftmaxRegression(tol=1e-12, n_jobs=1, **settings).fit(X, y)
    np.testing.assert_array_equal(blocked.coef_, alone.coef_)


def test_separation_is_found_over_blocks(monkeypatch):
    monkeypatch.setattr(blocks, "MOST_BYTES", 0)
    monkeypatch.setattr(row_blocks, "BLOCK_BYTES", 2**10)
    X = np.random.default_rng(0).normal(size=(300, 2))
    y = (X[:, 0] > 0) * 1 + (X[:, 0] > 1) * 1
    with pytest.warns(UserWarning, match="separate|told apart|separable"):
        model = SoftmaxRegression(C=np.inf).fit(X, y)
    assert not model.converged_
