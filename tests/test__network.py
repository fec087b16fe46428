"""Networks: what they compute, its gradient, epochs of minibatches, and who decides the bits."""

import numpy as np
import pytest
import reference
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from marks import dtypes
from networks import METHODS, network_of, problem
from problems import AllThreads, give_networks_all_threads

from skmax import _kernels, _network
from skmax._kernels.network.arrays import VALUE_OFFSET, VALUE_STRIDE
from skmax._network.epochs import Epochs

RTOL = {np.float32: 3e-5, np.float64: 1e-12}
KINDS = ["labels", "probabilities", "binary", "multilabel"]


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
@pytest.mark.parametrize("hidden", [(), (7,), (33, 5)])
def test_logits_of_few_samples_are_those_of_many(hidden, activation, sparse, dtype):
    sizes = (20, *hidden, 3)
    network, samples, X, _, _ = problem(
        sizes, dtype=dtype, sparse=sparse, activation=activation, n=9
    )
    few = scipy.sparse.csr_matrix(X) if sparse else X
    coefs, intercepts = zip(*copies(network), strict=True)
    logits = _network.logits_of_few(few, coefs, intercepts, activation)
    expected = network.logits(samples.rows, 9, 1)
    assert logits.dtype == dtype
    tolerance = 1e-12 if dtype == np.float64 else 2e-5
    np.testing.assert_allclose(logits, expected, rtol=tolerance, atol=tolerance)


@dtypes
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("activation", _network.ACTIVATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_that_of_the_formula(kind, activation, sparse, dtype):
    sizes = (6, 9, 17, 1 if kind == "binary" else 4)
    network, samples, X, targets, weight = problem(
        sizes, kind, dtype, sparse=sparse, activation=activation
    )
    value, gradient = network.value_and_gradient(samples, 0.3, 1)
    layers = copies(network)
    exact, of_layers = reference.network_gradient(
        layers, X, targets, weight, activation, multilabel=kind == "multilabel"
    )
    total = weight.sum(dtype=float)
    norm = sum((w.astype(float) ** 2).sum() for w, _ in layers)
    assert value == pytest.approx((float(exact) + 0.15 * norm) / total, rel=RTOL[dtype])
    assert network.loss(samples, 1) == pytest.approx(float(exact) / total, rel=RTOL[dtype])
    wanted = [
        ((of_w + 0.3 * w) / total, of_b / total)
        for (of_w, of_b), (w, _) in zip(of_layers, layers, strict=True)
    ]
    assert_layers_close(network.layout.layers(gradient), wanted, RTOL[dtype] * 10)


@pytest.mark.parametrize("activation", _network.ACTIVATIONS)
@pytest.mark.parametrize("hidden", [(), (3,), (8,), (5, 4), (3, 3, 3)])
@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_agrees_with_finite_differences(kind, hidden, activation):
    sizes = (4, *hidden, 1 if kind == "binary" else 3)
    network, samples, *_ = problem(sizes, kind, activation=activation)
    _, gradient = network.value_and_gradient(samples, 0.1, 1)
    start, step = network.weights.copy(), 1e-6
    for layer, (weights, bias) in enumerate(network.layout.layers(gradient)):
        for part in (0, 1):
            exact = (weights, bias)[part]
            for entry in list(np.ndindex(exact.shape))[:6]:
                sides = []
                for sign in (1, -1):
                    network.weights[:] = start
                    network.layers()[layer][part][entry] += sign * step
                    sides.append(network.value_and_gradient(samples, 0.1, 1)[0])
                found = (sides[0] - sides[1]) / (2 * step)
                assert found == pytest.approx(exact[entry], rel=1e-5, abs=1e-8)


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


def epochs_of(network, samples, method, size, dropout, threads=1):
    optimiser = _network.Optimiser(METHODS[method], network.layout)
    return Epochs(network, samples, optimiser, size, dropout, threads)


def naive_epoch(layers, X, targets, weight, order, size, rate, alpha, multilabel, name):
    """An epoch of plain gradient steps: the mean loss, each minibatch before its step."""
    n, total, loss = len(X), weight.sum(), 0.0
    for start in range(0, n, size):
        some = order[start : start + size]
        if not weight[some].any():
            continue
        value, gradients = reference.network_gradient(
            layers, X[some], targets[some], weight[some], name, multilabel=multilabel
        )
        loss += float(value)
        factor = n / (len(some) * total)
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
    sizes = (6, 9, 1 if kind == "binary" else 4)
    network, samples, X, targets, weight = problem(sizes, kind, sparse=sparse)
    layers, order = copies(network), np.random.default_rng(1).permutation(37)
    epochs = epochs_of(network, samples, "plain", size, [0.0])
    loss = epochs.run(order, np.full(epochs.n_batches, 0.1), 0.2, 0)
    layers, wanted = naive_epoch(
        layers, X, targets, weight, order, size, 0.1, 0.2, kind == "multilabel", "tanh"
    )
    assert loss == pytest.approx(wanted, rel=1e-12)
    assert_layers_close(network.layers(), layers, 1e-12)


@dtypes
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("name", ["adam", "sgd", "nesterov"])
def test_an_epoch_gives_the_same_bits_for_any_number_of_threads(name, sparse, dtype, monkeypatch):
    give_networks_all_threads(monkeypatch)
    ends = []
    for threads in (1, 2, 5):
        network, samples, *_ = problem((40, 33, 20, 4), dtype=dtype, n=500, sparse=sparse)
        epochs = epochs_of(network, samples, name, 64, [0.5, 0.2], threads)
        assert epochs.choice.threads == threads
        order = np.random.default_rng(2).permutation(500)
        losses = [epochs.run(order, np.full(8, 0.01), 0.1, seed) for seed in range(3)]
        ends.append((losses, network.weights.copy()))
    for losses, weights in ends[1:]:
        assert losses == ends[0][0]
        np.testing.assert_array_equal(weights, ends[0][1])


@dtypes
@pytest.mark.parametrize("sparse", [False, True])
def test_another_number_of_threads_from_slice_to_slice_changes_no_bit(sparse, dtype, monkeypatch):
    class Alternating(AllThreads):
        def batches(self, most):
            return 1

        def took(self, n_batches, seconds):
            self.threads = self.most + 1 - self.threads

    ends = []
    for choice in (AllThreads, Alternating):
        give_networks_all_threads(monkeypatch)
        monkeypatch.setattr("skmax._network.epochs.ThreadChoice", choice)
        network, samples, *_ = problem((40, 33, 4), dtype=dtype, n=500, sparse=sparse)
        epochs = epochs_of(network, samples, "adam", 64, [0.5], 3)
        ends.append([epochs.run(np.arange(500), np.full(8, 0.01), 0.1, seed) for seed in range(2)])
        ends.append(network.weights.copy())
    assert ends[0] == ends[2]
    np.testing.assert_array_equal(ends[1], ends[3])


def test_dense_and_sparse_rows_give_the_same_epochs():
    ends = []
    for sparse in (False, True):
        dense, samples, X, *_ = problem((12, 9, 3), sparse=True)
        network = network_of(dense.layout.sizes, "tanh", np.float64, sparse)
        network.set_layers(dense.layers())
        samples.rows = _network.rows_of(scipy.sparse.csr_matrix(X) if sparse else X)
        epochs = epochs_of(network, samples, "adam", 10, [0.3])
        losses = [epochs.run(np.arange(37), np.full(4, 0.05), 0.1, s) for s in range(5)]
        ends.append((losses, copies(network)))
    np.testing.assert_allclose(ends[0][0], ends[1][0], rtol=1e-10)
    assert_layers_close(ends[0][1], ends[1][1], 1e-9)


def test_a_minibatch_without_weight_is_passed_over():
    network, samples, *_ = problem((4, 5, 3), n=30)
    weight = np.ones(30)
    weight[10:20] = 0
    samples = _network.Samples(samples.rows, samples.targets, weight)
    epochs = epochs_of(network, samples, "adam", 10, [0.0])
    epochs.run(np.arange(30), np.array([0.0, 0.1, 0.0]), 0.5, 0)
    before = copies(problem((4, 5, 3), n=30)[0])
    assert_layers_close(network.layers(), before, 1e-15)


def values_into(buffers, layer, n):
    """What went into a layer, and the padding, (n, VALUE_STRIDE)."""
    offset, stride = buffers.table[layer, VALUE_OFFSET], buffers.table[layer, VALUE_STRIDE]
    return buffers.values[offset : offset + n * stride].reshape(n, stride)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_leaves_the_mean_and_the_gradient_is_that_under_its_mask(rate):
    sizes, n = (3, 40, 2), 400
    network, samples, X, targets, weight = problem(sizes, n=n, activation="relu")
    before = copies(network)
    epochs = epochs_of(network, samples, "plain", n, [rate])
    epochs.run(np.arange(n), np.array([1e-3]), 0.0, 7)
    # The mask is read off what went into the last layer.
    buffers = epochs.buffers
    values = values_into(buffers, 1, n)[:, :40]
    exact, _ = reference.network_forward(before, X, "relu")
    alive = exact[1] > 1e-3
    masks = np.zeros((n, 40))
    masks[alive] = (values[alive] / exact[1][alive]).astype(float)
    kept = masks[alive] > 0
    np.testing.assert_allclose(masks[alive][kept], 1 / (1 - rate), rtol=1e-10)
    assert abs(kept.mean() - (1 - rate)) < 5 * np.sqrt(rate * (1 - rate) / kept.size)
    _, gradients = reference.network_gradient(
        before, X, targets, weight, "relu", masks=[np.where(alive, masks, 0)]
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
        epochs = epochs_of(network, samples, "plain", 20, [0.4, 0.2])
        loss = epochs.run(np.arange(20), np.array([1.0]), 0.0, 3)
        return loss, before - network.weights

    network = problem((3, 6, 5, 2), n=20)[0]
    _, gradient = loss_and_step(np.zeros_like(network.weights))
    for index in np.flatnonzero(network.weights)[:40]:
        change = np.zeros_like(network.weights)
        change[index] = 1e-6
        found = (loss_and_step(change)[0] - loss_and_step(-change)[0]) / 2e-6
        assert found == pytest.approx(gradient[index], rel=1e-5, abs=1e-8)


def test_masks_differ_between_epochs_rows_and_layers():
    seen = []
    for seed in (0, 1):
        network, samples, *_ = problem((3, 50, 50, 2), n=50)
        epochs = epochs_of(network, samples, "plain", 50, [0.5, 0.5])
        epochs.run(np.arange(50), np.array([0.0]), 0.0, seed)
        buffers = epochs.buffers
        for layer in (1, 2):
            seen.append(values_into(buffers, layer, 50)[:, :50] != 0)
    for i in range(4):
        assert len({row.tobytes() for row in seen[i]}) == 50
        for j in range(i):
            assert abs((seen[i] == seen[j]).mean() - 0.5) < 0.06


@pytest.mark.parametrize("sparse", [False, True])
def test_rows_of_the_other_kind_are_refused(sparse):
    network, samples, X, *_ = problem((4, 5, 3), sparse=sparse)
    rows = _network.rows_of(X if sparse else scipy.sparse.csr_matrix(X))
    with pytest.raises(TypeError, match="rows must be"):
        network.logits(rows, 37, 1)
    samples.rows = rows
    with pytest.raises(TypeError, match="rows must be"):
        network.loss(samples, 1)


def test_a_loss_that_is_not_finite_stops_the_epoch():
    network, samples, *_ = problem((4, 5, 3), n=30, activation="relu")
    epochs = epochs_of(network, samples, "nesterov", 5, [0.0])

    def run():
        for seed in range(100):
            epochs.run(np.arange(30), np.full(6, 1e300), 0.0, seed)

    with pytest.raises(_network.Diverged):
        run()


@pytest.mark.parametrize("culprit", [0, 1, 2])
def test_a_thread_that_fails_ends_the_epoch_with_its_error(culprit, monkeypatch):
    give_networks_all_threads(monkeypatch)
    network, samples, *_ = problem((40, 33, 4), n=100)
    epochs, train = epochs_of(network, samples, "adam", 50, [0.0], 3), _kernels.train

    def fails(*arguments):
        if arguments[-2] == culprit:
            raise MemoryError("before the barrier")
        return train(*arguments)

    monkeypatch.setattr(_kernels, "train", fails)
    with pytest.raises(MemoryError, match="before the barrier"):
        epochs.run(np.arange(100), np.full(2, 0.01), 0.1, 0)


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
    epochs = epochs_of(network, samples, "adam", size, [0.5] * len(hidden))
    epochs.run(np.arange(n), np.full(epochs.n_batches, 0.1), 0.1, 0)
    inside = np.zeros(network.weights.size)
    for weights, bias in network.layout.layers(inside):
        weights[:], bias[:] = 1, 1
    assert np.isfinite(network.weights).all()
    assert not network.weights[inside == 0].any()
