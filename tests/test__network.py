"""Networks: what they compute, its gradient, epochs of minibatches, and who decides the bits."""

import numpy as np
import pytest
import reference
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from marks import dtypes

from skmax import _network
from skmax._network.samples import arrays_of
from skmax._network.trainer import Trainer

RTOL = {np.float32: 3e-5, np.float64: 1e-12}
KINDS = ["labels", "second", "shares", "independent"]


def problem(sizes, kind="labels", dtype=np.float64, n=37, sparse=False, seed=0, activation="tanh"):
    """A network with drawn weights, its samples, and X, shares (n, K), weight for the twin."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, sizes[0])).astype(dtype)
    if sparse:
        X[rng.random(X.shape) < 0.6] = 0
    K = sizes[-1]
    weight = rng.uniform(0, 2, n).astype(dtype)
    weight[1:][rng.random(n - 1) < 0.2] = 0
    if kind == "labels":
        labels = rng.integers(0, K, n)
        targets, shares = labels, np.eye(K)[labels]
    else:
        shares = rng.random((n, K)).astype(dtype)
        if kind == "shares":
            shares /= shares.sum(axis=1, keepdims=True)
        targets = shares[:, 0].copy() if kind == "second" else np.ascontiguousarray(shares.T)
    network = _network.Network(sizes, activation, dtype, sparse)
    layers = _network.draw(sizes, activation, np.random.RandomState(seed))
    # No unit at the kink of a rectifier, as all behind one that is dead would be.
    network.set_layers([(w, b + 0.3 * rng.normal(size=b.shape)) for w, b in layers])
    rows = arrays_of(scipy.sparse.csr_matrix(X) if sparse else X)
    samples = _network.Samples(rows, targets, weight, independent=kind == "independent")
    return network, samples, X, shares, weight


def copies(network):
    return [(w.copy(), b.copy()) for w, b in network.layers()]


def assert_layers_close(actual, exact, rtol):
    for (weights, bias), (of_weights, of_bias) in zip(actual, exact, strict=True):
        scale = max(np.abs(of_weights).max(), np.abs(of_bias).max(), 1e-3)
        np.testing.assert_allclose(weights, of_weights.astype(float), atol=rtol * scale, rtol=0)
        np.testing.assert_allclose(bias, of_bias.astype(float), atol=rtol * scale, rtol=0)


@dtypes
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("sizes", [(5, 3), (5, 7, 3), (1, 1, 2), (20, 33, 17, 9, 4)])
def test_logits_are_those_of_the_formula(sizes, sparse, dtype):
    network, samples, X, _, _ = problem(sizes, dtype=dtype, sparse=sparse, n=301)
    logits = network.logits(samples.rows, 301, 1)
    values, _ = reference.network_forward(copies(network), X, "tanh")
    assert logits.dtype == dtype
    np.testing.assert_allclose(logits, values[-1].astype(float), atol=RTOL[dtype] * 10)


@dtypes
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("activation", _network.ACTIVATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_that_of_the_formula(kind, activation, sparse, dtype):
    sizes = (6, 9, 17, 1 if kind == "second" else 4)
    network, samples, X, shares, weight = problem(
        sizes, kind, dtype, sparse=sparse, activation=activation
    )
    value, gradient = network.value_and_gradient(samples, 0.3, 1)
    layers = copies(network)
    exact, of_layers = reference.network_gradient(
        layers, X, shares, weight, activation, independent=kind == "independent"
    )
    total = weight.sum(dtype=float)
    norm = sum((w.astype(float) ** 2).sum() for w, _ in layers)
    assert value == pytest.approx((float(exact) + 0.15 * norm) / total, rel=RTOL[dtype])
    assert network.loss(samples, 1) == pytest.approx(float(exact) / total, rel=RTOL[dtype])
    wanted = [
        ((of_w + 0.3 * w) / total, of_b / total)
        for (of_w, of_b), (w, _) in zip(of_layers, layers, strict=True)
    ]
    assert_layers_close(network.layers(gradient), wanted, RTOL[dtype] * 10)


@pytest.mark.parametrize("activation", _network.ACTIVATIONS)
@pytest.mark.parametrize("hidden", [(), (3,), (8,), (5, 4), (3, 3, 3)])
@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_agrees_with_finite_differences(kind, hidden, activation):
    sizes = (4, *hidden, 1 if kind == "second" else 3)
    network, samples, *_ = problem(sizes, kind, activation=activation)
    _, gradient = network.value_and_gradient(samples, 0.1, 1)
    start, step = network.weights.copy(), 1e-6
    for layer, (weights, bias) in enumerate(network.layers(gradient)):
        for part in (0, 1):
            exact = (weights, bias)[part]
            for place in list(np.ndindex(exact.shape))[:6]:
                sides = []
                for sign in (1, -1):
                    network.weights[:] = start
                    network.layers()[layer][part][place] += sign * step
                    sides.append(network.value_and_gradient(samples, 0.1, 1)[0])
                found = (sides[0] - sides[1]) / (2 * step)
                assert found == pytest.approx(exact[place], rel=1e-5, abs=1e-8)


@dtypes
def test_the_sums_do_not_depend_on_the_number_of_threads(dtype):
    network, samples, *_ = problem((30, 40, 5), dtype=dtype, n=5000)
    one, two = (network.value_and_gradient(samples, 0.1, threads) for threads in (1, 3))
    assert one[0] == two[0]
    np.testing.assert_array_equal(one[1], two[1])
    assert network.loss(samples, 1) == network.loss(samples, 3)
    np.testing.assert_array_equal(
        network.logits(samples.rows, 5000, 1), network.logits(samples.rows, 5000, 3)
    )


def optimiser_of(name):
    return (
        _network.adam(0.9, 0.999, 1e-8) if name == "adam" else _network.sgd(0.9, name == "nesterov")
    )


def naive_epoch(layers, X, shares, weight, order, size, rate, alpha, independent, name):
    """An epoch of plain gradient steps: the mean loss, each minibatch before its step."""
    n, total, loss = len(X), weight.sum(), 0.0
    for start in range(0, n, size):
        at = order[start : start + size]
        if not weight[at].any():
            continue
        value, gradients = reference.network_gradient(
            layers, X[at], shares[at], weight[at], name, independent=independent
        )
        loss += float(value)
        factor = n / (len(at) * total)
        layers = [
            (
                w - rate * (factor * of_w.astype(float) + alpha / total * w),
                b - rate * factor * of_b.astype(float),
            )
            for (w, b), (of_w, of_b) in zip(layers, gradients, strict=True)
        ]
    return layers, loss / total


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("size", [1, 8, 10, 37, 100])
@pytest.mark.parametrize("kind", KINDS)
def test_an_epoch_goes_over_all_minibatches(kind, size, sparse):
    sizes = (6, 9, 1 if kind == "second" else 4)
    network, samples, X, shares, weight = problem(sizes, kind, sparse=sparse)
    layers, order = copies(network), np.random.default_rng(1).permutation(37)
    trainer = Trainer(network, samples, _network.sgd(0.0, False), size, [0.0], 1)
    loss = trainer.epoch(order, np.full(trainer.n_batches, 0.1), 0.2, 0)
    layers, wanted = naive_epoch(
        layers, X, shares, weight, order, size, 0.1, 0.2, kind == "independent", "tanh"
    )
    assert loss == pytest.approx(wanted, rel=1e-12)
    assert_layers_close(network.layers(), layers, 1e-12)


@dtypes
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("name", ["adam", "sgd", "nesterov"])
def test_an_epoch_gives_the_same_bits_for_any_number_of_threads(name, sparse, dtype):
    ends = []
    for threads in (1, 2, 5):
        network, samples, *_ = problem((40, 33, 20, 4), dtype=dtype, n=500, sparse=sparse)
        trainer = Trainer(network, samples, optimiser_of(name), 64, [0.5, 0.2], 1)
        trainer.threads = threads
        order = np.random.default_rng(2).permutation(500)
        losses = [trainer.epoch(order, np.full(8, 0.01), 0.1, seed) for seed in range(3)]
        ends.append((losses, network.weights.copy()))
    for losses, weights in ends[1:]:
        assert losses == ends[0][0]
        np.testing.assert_array_equal(weights, ends[0][1])


def test_dense_and_sparse_rows_give_the_same_epochs():
    ends = []
    for sparse in (False, True):
        dense, samples, X, *_ = problem((12, 9, 3), sparse=True)
        network = _network.Network(dense.sizes, "tanh", np.float64, sparse)
        network.set_layers(dense.layers())
        samples.rows = arrays_of(scipy.sparse.csr_matrix(X) if sparse else X)
        trainer = Trainer(network, samples, optimiser_of("adam"), 10, [0.3], 1)
        losses = [trainer.epoch(np.arange(37), np.full(4, 0.05), 0.1, s) for s in range(5)]
        ends.append((losses, copies(network)))
    np.testing.assert_allclose(ends[0][0], ends[1][0], rtol=1e-10)
    assert_layers_close(ends[0][1], ends[1][1], 1e-9)


def test_a_minibatch_without_weight_is_passed_over():
    network, samples, *_ = problem((4, 5, 3), n=30)
    weight = np.ones(30)
    weight[10:20] = 0
    samples = _network.Samples(samples.rows, samples.targets, weight)
    trainer = Trainer(network, samples, optimiser_of("adam"), 10, [0.0], 1)
    trainer.epoch(np.arange(30), np.array([0.0, 0.1, 0.0]), 0.5, 0)
    before = copies(problem((4, 5, 3), n=30)[0])
    assert_layers_close(network.layers(), before, 1e-15)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_leaves_the_mean_and_the_gradient_is_that_under_its_mask(rate):
    sizes, n = (3, 40, 2), 400
    network, samples, X, shares, weight = problem(sizes, n=n, activation="relu")
    before = copies(network)
    trainer = Trainer(network, samples, _network.sgd(0.0, False), n, [rate], 1)
    trainer.epoch(np.arange(n), np.array([1e-3]), 0.0, 7)
    # The mask is read off what went into the last layer.
    room = trainer._room
    at, apart = room.table[1, 5], room.table[1, 6]
    values = room.values[at : at + n * apart].reshape(n, apart)[:, :40]
    exact, _ = reference.network_forward(before, X, "relu")
    alive = exact[1] > 1e-3
    masks = np.zeros((n, 40))
    masks[alive] = (values[alive] / exact[1][alive]).astype(float)
    kept = masks[alive] > 0
    np.testing.assert_allclose(masks[alive][kept], 1 / (1 - rate), rtol=1e-10)
    share = 1 - rate
    assert abs(kept.mean() - share) < 5 * np.sqrt(rate * share / kept.size)
    _, gradients = reference.network_gradient(
        before, X, shares, weight, "relu", masks=[np.where(alive, masks, 0)]
    )
    factor = 1e-3 / weight.sum()
    wanted = [
        (w - factor * of_w.astype(float), b - factor * of_b.astype(float))
        for (w, b), (of_w, of_b) in zip(before, gradients, strict=True)
    ]
    assert_layers_close(network.layers(), wanted, 1e-4)


def test_the_gradient_under_a_dropout_mask_agrees_with_finite_differences():
    def loss_and_step(change):
        network, samples, *_ = problem((3, 6, 5, 2), n=20)
        network.weights[:] += change
        before = network.weights.copy()
        trainer = Trainer(network, samples, _network.sgd(0.0, False), 20, [0.4, 0.2], 1)
        loss = trainer.epoch(np.arange(20), np.array([1.0]), 0.0, 3)
        return loss, before - network.weights

    network = problem((3, 6, 5, 2), n=20)[0]
    _, gradient = loss_and_step(np.zeros_like(network.weights))
    for place in np.flatnonzero(network.weights)[:40]:
        change = np.zeros_like(network.weights)
        change[place] = 1e-6
        found = (loss_and_step(change)[0] - loss_and_step(-change)[0]) / 2e-6
        assert found == pytest.approx(gradient[place], rel=1e-5, abs=1e-8)


def test_masks_differ_between_epochs_rows_and_layers():
    seen = []
    for seed in (0, 1):
        network, samples, *_ = problem((3, 50, 50, 2), n=50)
        trainer = Trainer(network, samples, _network.sgd(0.0, False), 50, [0.5, 0.5], 1)
        trainer.epoch(np.arange(50), np.array([0.0]), 0.0, seed)
        room = trainer._room
        for layer in (1, 2):
            at, apart = room.table[layer, 5], room.table[layer, 6]
            seen.append(room.values[at : at + 50 * apart].reshape(50, apart)[:, :50] != 0)
    for i in range(4):
        assert len({row.tobytes() for row in seen[i]}) == 50
        for j in range(i):
            assert abs((seen[i] == seen[j]).mean() - 0.5) < 0.06


@pytest.mark.parametrize("sparse", [False, True])
def test_rows_of_the_other_kind_are_refused(sparse):
    network, samples, X, *_ = problem((4, 5, 3), sparse=sparse)
    rows = arrays_of(X if sparse else scipy.sparse.csr_matrix(X))
    with pytest.raises(TypeError, match="rows must be"):
        network.logits(rows, 37, 1)
    samples.rows = rows
    with pytest.raises(TypeError, match="rows must be"):
        network.loss(samples, 1)


def test_a_loss_that_is_not_finite_stops_the_epoch():
    network, samples, *_ = problem((4, 5, 3), n=30, activation="relu")
    trainer = Trainer(network, samples, _network.sgd(0.9, True), 5, [0.0], 1)

    def epochs():
        for seed in range(100):
            trainer.epoch(np.arange(30), np.full(6, 1e300), 0.0, seed)

    with pytest.raises(_network.Diverged):
        epochs()


@given(
    hidden=st.lists(st.integers(1, 20), max_size=3),
    p=st.integers(1, 30),
    n=st.integers(1, 40),
    K=st.integers(2, 20),
    size=st.integers(1, 50),
    sparse=st.booleans(),
)
def test_entries_beyond_the_units_stay_zero(hidden, p, n, K, size, sparse):
    network, samples, *_ = problem((p, *hidden, K), n=n, sparse=sparse, activation="logistic")
    trainer = Trainer(network, samples, optimiser_of("adam"), size, [0.5] * len(hidden), 1)
    trainer.epoch(np.arange(n), np.full(trainer.n_batches, 0.1), 0.1, 0)
    inside = np.zeros(network.weights.size)
    for weights, bias in network.layers(inside):
        weights[:], bias[:] = 1, 1
    assert np.isfinite(network.weights).all()
    assert not network.weights[inside == 0].any()


@pytest.mark.parametrize("activation", _network.ACTIVATIONS)
def test_initial_weights_fill_their_interval(activation):
    layers = _network.draw((400, 300, 200, 5), activation, np.random.RandomState(0))
    glorot = 2.0 if activation == "logistic" else 6.0
    for place, (n_in, n_out) in enumerate([(400, 300), (300, 200), (200, 5)]):
        rectified = place > 0 and activation in ("relu", "leaky_relu", "gelu", "silu")
        bound = np.sqrt(6 / n_in if rectified else glorot / (n_in + n_out))
        weights, bias = layers[place]
        assert weights.shape == (n_in, n_out)
        assert 0.98 * bound < np.abs(weights).max() <= bound
        assert abs(weights.mean()) < 0.06 * bound
        assert np.abs(bias).max() <= bound
        assert np.ptp(bias) > bound


def test_rectified_values_keep_their_spread_through_many_layers():
    values, _ = reference.network_forward(
        _network.draw((50,) * 20, "relu", np.random.RandomState(0)),
        np.random.default_rng(0).normal(size=(200, 50)),
        "relu",
    )
    spread = [float((value**2).mean()) for value in values[1:-1]]
    assert max(spread) < 10 * min(spread)


def test_learning_rates_follow_their_schedules():
    cosine = _network.Rate("cosine", 0.1, 0.5, 10)
    rates = np.concatenate([cosine.of_epoch(epoch, 4) for epoch in range(10)])
    np.testing.assert_allclose(rates, 0.05 * (1 + np.cos(np.pi * np.arange(40) / 40)))
    cycle = _network.Rate("one_cycle", 0.1, 0.5, 10)
    rates = np.concatenate([cycle.of_epoch(epoch, 10) for epoch in range(10)])
    assert rates[0] == pytest.approx(0.1 / 25)
    assert rates.argmax() == 30
    assert rates[30] == pytest.approx(0.1)
    assert np.all(np.diff(rates[:31]) > 0)
    assert np.all(np.diff(rates[30:]) < 0)
    assert 0 < rates[-1] < 1e-3
    assert cycle.of_epoch(10, 3) == pytest.approx([4e-7] * 3)  # beyond the last epoch


def test_adaptive_and_invscaling_are_lowered_from_epoch_to_epoch():
    adaptive = _network.Rate("adaptive", 0.1, 0.5, 10)
    lowered = [adaptive.present for _ in range(20) if adaptive.lower()]
    np.testing.assert_allclose(lowered[:3], [0.02, 0.004, 0.0008])
    assert lowered[-1] <= 1e-6 < lowered[-2]
    assert not adaptive.lower()
    inverse = _network.Rate("invscaling", 0.1, 0.5, 10)
    assert not inverse.lower()
    inverse.epoch_ends(99)
    np.testing.assert_allclose(inverse.of_epoch(1, 2), 0.01)
    constant = _network.Rate("constant", 0.1, 0.5, 10)
    constant.epoch_ends(99)
    assert not constant.lower()
    assert constant.of_epoch(3, 2).tolist() == [0.1, 0.1]
