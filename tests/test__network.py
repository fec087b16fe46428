"""Networks: what they compute, its gradient, epochs of minibatches, and who decides the bits."""

import numpy as np
import pytest
import reference
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from marks import dtypes
from problems import AllThreads, give_networks_all_threads

from skmax import _kernels, _network
from skmax._kernels.loss.arrays import (
    BinaryTargets,
    ClassProbabilities,
    Labels,
    MultilabelTargets,
)
from skmax._kernels.network.arrays import VALUE_OFFSET, VALUE_STRIDE
from skmax._network.epochs import Epochs

RTOL = {np.float32: 3e-5, np.float64: 1e-12}
KINDS = ["labels", "probabilities", "binary", "multilabel"]


def network_of(sizes, activation, dtype, sparse):
    return _network.Network(_network.NetworkLayout(sizes, activation, np.dtype(dtype), sparse))


def problem(sizes, kind="labels", dtype=np.float64, n=37, sparse=False, seed=0, activation="tanh"):
    """A network with drawn weights, its samples; X, targets (n, K), weight for the reference."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, sizes[0])).astype(dtype)
    if sparse:
        X[rng.random(X.shape) < 0.6] = 0
    K = sizes[-1]
    weight = rng.uniform(0, 2, n).astype(dtype)
    weight[1:][rng.random(n - 1) < 0.2] = 0
    if kind == "labels":
        labels = rng.integers(0, K, n)
        targets, of_kernels = np.eye(K)[labels], Labels(labels)
    else:
        targets = rng.random((n, K)).astype(dtype)
        if kind == "probabilities":
            targets /= targets.sum(axis=1, keepdims=True)
        of_kernels = {
            "probabilities": ClassProbabilities(np.ascontiguousarray(targets.T)),
            "multilabel": MultilabelTargets(np.ascontiguousarray(targets.T)),
            "binary": BinaryTargets(targets[:, 0].copy()),
        }[kind]
    network = network_of(sizes, activation, dtype, sparse)
    layers = _network.draw(sizes, activation, np.random.RandomState(seed))
    # No unit at the kink of a rectifier, as all behind one that is dead would be.
    network.set_layers([(w, b + 0.3 * rng.normal(size=b.shape)) for w, b in layers])
    rows = _network.rows_of(scipy.sparse.csr_matrix(X) if sparse else X)
    return network, _network.Samples(rows, of_kernels, weight), X, targets, weight


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


METHODS = {
    "adam": _network.Adam(0.9, 0.999, 1e-8),
    "sgd": _network.Sgd(0.9, False),
    "nesterov": _network.Sgd(0.9, True),
    "plain": _network.Sgd(0.0, False),
}


def epochs_of(network, samples, method, size, dropout, threads=1):
    optimiser = _network.Optimiser(METHODS[method], network.layout)
    return Epochs(network, samples, optimiser, size, dropout, threads)


def settings(**given):
    """Ten epochs of Adam."""
    return _network.Settings(
        **{
            "method": METHODS["adam"], "alpha": 1e-4, "max_iter": 10, "early_stopping": None,
            "batch_size": 16, "shuffle": True, "dropout": (), "learning_rate": "constant",
            "learning_rate_init": 0.01, "power_t": 0.5, **given,
        }
    )  # fmt: skip


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


@pytest.mark.parametrize("activation", _network.ACTIVATIONS)
def test_initial_weights_fill_their_interval(activation):
    layers = _network.draw((400, 300, 200, 5), activation, np.random.RandomState(0))
    glorot = 2.0 if activation == "logistic" else 6.0
    for index, (n_in, n_out) in enumerate([(400, 300), (300, 200), (200, 5)]):
        rectified = index > 0 and activation in ("relu", "leaky_relu", "gelu", "silu")
        bound = np.sqrt(6 / n_in if rectified else glorot / (n_in + n_out))
        weights, bias = layers[index]
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


def learning_rate(name):
    return _network.LearningRate(settings(learning_rate=name, learning_rate_init=0.1, max_iter=10))


def test_learning_rates_follow_their_schedules():
    cosine = learning_rate("cosine")
    rates = np.concatenate([cosine.of_epoch(epoch, 4) for epoch in range(10)])
    np.testing.assert_allclose(rates, 0.05 * (1 + np.cos(np.pi * np.arange(40) / 40)))
    cycle = learning_rate("one_cycle")
    rates = np.concatenate([cycle.of_epoch(epoch, 10) for epoch in range(10)])
    assert rates[0] == pytest.approx(0.1 / 25)
    assert rates.argmax() == 30
    assert rates[30] == pytest.approx(0.1)
    assert np.all(np.diff(rates[:31]) > 0)
    assert np.all(np.diff(rates[30:]) < 0)
    assert 0 < rates[-1] < 1e-3
    assert cycle.of_epoch(10, 3) == pytest.approx([4e-7] * 3)  # beyond the last epoch


def test_adaptive_and_invscaling_are_lowered_from_epoch_to_epoch():
    adaptive = learning_rate("adaptive")
    lowered = [adaptive.current for _ in range(20) if adaptive.lower()]
    np.testing.assert_allclose(lowered[:3], [0.02, 0.004, 0.0008])
    assert lowered[-1] <= 1e-6 < lowered[-2]
    assert not adaptive.lower()
    inverse = learning_rate("invscaling")
    assert not inverse.lower()
    inverse.end_epoch(99)
    np.testing.assert_allclose(inverse.of_epoch(1, 2), 0.01)
    constant = learning_rate("constant")
    constant.end_epoch(99)
    assert not constant.lower()
    assert constant.of_epoch(3, 2).tolist() == [0.1, 0.1]


class Silent:
    """Notes the losses that it is told of; asks to stop after some."""

    def __init__(self, stop_after=np.inf):
        self.losses, self.stop_after = [], stop_after

    def on_epoch_begin(self):
        pass

    def on_epoch_end(self, loss, rating, run):
        self.losses.append(loss)
        return len(self.losses) >= self.stop_after


def run_of(given, *, observer=None, stop=None, score=None, seed=0):
    """A run on a small problem, which is its own validation set where there is a `score`."""
    network, samples, *_ = problem((5, 8, 3), n=64, seed=seed)
    lbfgs = isinstance(given.method, _network.Lbfgs)
    return _network.TrainingRun(
        given,
        network,
        samples,
        random=np.random.RandomState(0),
        threads=1,
        observer=Silent() if observer is None else observer,
        stop=_network.StopRequest() if stop is None else stop,
        validation=None if score is None else _network.Validation(samples, score),
        optimiser=None if lbfgs else _network.Optimiser(given.method, network.layout),
    )


def test_a_run_gives_back_its_weights_and_what_it_saw():
    observer = Silent()
    run = run_of(settings(), observer=observer)
    result = run.run(10)
    assert result.ending is _network.Ending.STILL_FALLING
    assert result.history.loss_curve == observer.losses
    assert len(observer.losses) == 10
    assert result.history.n_seen == 640
    assert result.loss == observer.losses[-1]
    assert result.n_steps == 40
    for (weights, bias), coef, intercept in zip(
        run.network.layers(), result.coefs, result.intercepts, strict=True
    ):
        np.testing.assert_array_equal(coef, weights)
        np.testing.assert_array_equal(intercept, bias)
        assert coef.base is intercept.base is None


def test_a_run_ends_where_nothing_becomes_better():
    rule = _network.EarlyStopping(_network.Monitor.TRAINING_LOSS, np.inf, 3)
    result = run_of(settings(early_stopping=rule)).run(10)
    assert result.ending is _network.Ending.CONVERGED
    # No loss falls by an infinite amount, not even the first.
    assert len(result.history.loss_curve) == 4


def test_a_run_keeps_the_weights_of_the_best_score():
    scores = iter([0.1, 0.7, 0.3, 0.7, 0.2])
    seen = []

    def score(reached):
        seen.append(reached)
        assert reached.ending is None
        return next(scores)

    rule = _network.EarlyStopping(_network.Monitor.VALIDATION_SCORE, 0.0, np.inf)
    result = run_of(settings(early_stopping=rule), score=score).run(5)
    assert result.kept.score == 0.7
    assert result.history.validation_scores == [0.1, 0.7, 0.3, 0.7, 0.2]
    np.testing.assert_array_equal(result.coefs[0], seen[1].coefs[0])
    assert result.loss == result.history.validation_losses[1]


@pytest.mark.parametrize("method", [METHODS["adam"], _network.Lbfgs(1e-9, 1000)])
def test_a_run_stops_where_it_is_asked_to(method):
    observer = Silent(stop_after=3)
    result = run_of(settings(method=method), observer=observer).run(10)
    assert result.ending is _network.Ending.STOPPED_BY_CALLBACK
    assert len(result.history.loss_curve) == 3


@pytest.mark.parametrize(
    ("given", "ending"),
    [
        ({"max_iter": 3, "max_fun": 1000}, _network.Ending.OUT_OF_ITERATIONS),
        ({"max_iter": 1000, "max_fun": 4}, _network.Ending.OUT_OF_ITERATIONS),
        ({"max_iter": 1000, "max_fun": 1000, "tol": 0.1}, _network.Ending.CONVERGED),
    ],
)
def test_lbfgs_says_why_it_ended(given, ending):
    method = _network.Lbfgs(given.get("tol", 1e-9), given["max_fun"])
    result = run_of(settings(method=method)).run(given["max_iter"])
    assert result.ending is ending
    assert result.optimiser_state == ()


def test_the_best_of_several_runs_is_the_one_of_lowest_loss():
    ended = []

    def on_end(index, result):
        ended.append((index, result.loss))
        return False

    stop = _network.StopRequest()
    result = _network.best_of(
        lambda index: run_of(settings(), stop=stop, seed=index), 4, 3,
        side_by_side=1, stop=stop, on_end=on_end,
    )  # fmt: skip
    assert [index for index, _ in ended] == [0, 1, 2, 3]
    assert result.loss == min(loss for _, loss in ended)


def test_runs_that_all_diverge_say_in_which_epoch_the_first_did():
    given = settings(method=METHODS["nesterov"], learning_rate_init=1e300)
    stop = _network.StopRequest()
    with pytest.raises(_network.Diverged) as caught:
        _network.best_of(
            lambda index: run_of(given, stop=stop, seed=index), 2, 5, side_by_side=1, stop=stop
        )
    assert 1 <= caught.value.epoch <= 5


def test_the_first_request_to_stop_counts():
    stop = _network.StopRequest()
    assert stop.ending is None
    stop.set(_network.Ending.INTERRUPTED)
    stop.set(_network.Ending.STOPPED_BY_CALLBACK)
    assert stop.ending is _network.Ending.INTERRUPTED


def test_an_ending_says_what_to_do():
    said = _network.Ending.STILL_FALLING.sentence(max_iter=7, learning_rate_init=0.001)
    assert "after max_iter=7 epochs. Raise max_iter or learning_rate_init (0.001)" in said
