"""The parts of a network's kernels: products, activations, steps of a method, the barrier."""

import threading

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from marks import dtypes

from skmax import _threads
from skmax._kernels.codegen.elementary import normal_tail
from skmax._kernels.codegen.product import product
from skmax._kernels.compiling.jit import jit
from skmax._kernels.network.activate import activate
from skmax._kernels.network.activations import ACTIVATIONS
from skmax._kernels.network.arrays import (
    ABORT,
    ABORTED,
    ADAM,
    ARRIVED,
    BARRIER_SIZE,
    COMPLETED,
    NESTEROV,
    SGD,
    OptimiserState,
    StepConfig,
)
from skmax._kernels.network.barrier import load, wait
from skmax._kernels.network.optimiser import update

each_activation = pytest.mark.parametrize("name", ACTIVATIONS)


@dtypes
@given(data=st.data())
def test_a_product_is_that_of_numpy_and_touches_nothing_else(dtype, data):
    rows, count = data.draw(st.integers(1, 20)), data.draw(st.integers(0, 40))
    lanes = 64 // np.dtype(dtype).itemsize
    width = lanes * data.draw(st.integers(1, 5))
    transposed = data.draw(st.booleans())
    rng = np.random.default_rng(rows)
    a, b = (
        rng.normal(size=(rows, count)).astype(dtype),
        rng.normal(size=(count, width)).astype(dtype),
    )
    c = np.full((rows + 2, width + 3), 7, dtype)
    stored = np.ascontiguousarray(a.T if transposed else a)
    steps = (1, rows) if transposed else (count, 1)
    product(stored.ravel(), 0, *steps, rows, b.ravel(), 0, width, width, count,
            c.ravel(), width + 3, width + 3)  # fmt: skip
    exact = a.astype(np.longdouble) @ b.astype(np.longdouble)
    size = np.abs(a.astype(np.float64)) @ np.abs(b.astype(np.float64))
    assert np.all(np.abs(c[1:-1, :width] - exact) <= (count + 1) * np.finfo(dtype).eps * size)
    c[1:-1, :width] = 7
    assert np.all(c == 7)


def test_an_entry_of_a_product_does_not_depend_on_how_the_rows_are_cut():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(23, 37)), rng.normal(size=(37, 24))
    whole, parts = np.empty((23, 24)), np.empty((23, 24))
    product(a.ravel(), 0, 37, 1, 23, b.ravel(), 0, 24, 24, 37, whole.ravel(), 0, 24)
    for start, stop in ((0, 5), (5, 6), (6, 23)):
        product(a.ravel(), start * 37, 37, 1, stop - start, b.ravel(), 0, 24, 24, 37,
                parts.ravel(), start * 24, 24)  # fmt: skip
    np.testing.assert_array_equal(parts, whole)


@jit
def activated(index, values, slopes):
    activate(index, values, slopes)


@dtypes
@each_activation
def test_an_activation_and_its_slope_are_those_of_the_formula(name, dtype):
    z = np.concatenate(
        [np.linspace(-12, 12, 1001), [0.0, -0.0, 1e-30, -1e-30, 90.0, -90.0, 1e4, -1e4]]
    ).astype(dtype)
    values, slopes = z.copy(), np.empty_like(z)
    activated(list(ACTIVATIONS).index(name), values, slopes)
    exact, slope = reference.activation(name, z)
    eps = np.finfo(dtype).eps
    allowed = 8 * eps * np.maximum(1, np.abs(z))
    assert np.all(np.abs(values - exact) <= allowed)
    assert np.all(np.abs(slopes - slope) <= allowed)


@each_activation
def test_the_formula_of_an_activation_is_plain_python(name):
    for z in (-30.0, -1.5, 0.0, 0.3, 30.0):
        exact, slope = reference.activation(name, np.array([z]))
        assert ACTIVATIONS[name].formula(z, float) == pytest.approx(
            (float(exact[0]), float(slope[0])), rel=1e-12, abs=1e-14
        )


@dtypes
def test_the_tail_of_the_normal_distribution_keeps_its_digits(dtype):
    @jit
    def tails(u, out):
        for i in range(u.size):
            out[i] = normal_tail(u[i])

    u = np.concatenate([np.linspace(0, 30, 3001), [1e3, 1e6]]).astype(dtype)
    out = np.empty_like(u)
    tails(u, out)
    scipy_special = pytest.importorskip("scipy.special")
    exact = scipy_special.erfcx(u.astype(np.float64) / np.sqrt(2)) / 2
    assert np.all(np.abs(out / exact - 1) <= 16 * np.finfo(dtype).eps)


@dtypes
@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize("penalty", [0.0, 0.2])
@pytest.mark.parametrize("method", [SGD, NESTEROV, ADAM])
def test_steps_are_those_of_the_papers(method, penalty, decay, dtype):
    rng = np.random.default_rng(method)
    size, penalised, offset = 37, 30, 5
    start = rng.normal(size=size)
    gradients = rng.normal(size=(4, size))
    rates = np.array([0.1, 0.2, 0.05, 0.1])
    t = np.arange(1, 5)
    steps = rates * np.sqrt(1 - 0.99**t) / (1 - 0.8**t) if method == ADAM else rates
    config = StepConfig(method, 0.8, 0.99, 1e-6, penalty, decay, rates, steps)
    weights = np.zeros(size + offset + 3, dtype)
    weights[offset : offset + size] = start
    state = OptimiserState(np.zeros_like(weights), np.zeros_like(weights))
    w, first, second = start.copy(), np.zeros(size), np.zeros(size)
    inside = np.arange(size) < penalised
    for number, gradient in enumerate(gradients):
        update(config, number, weights, gradient.astype(dtype), state, offset, penalised)
        rate = rates[number]
        g = gradient + penalty * w * inside
        w = w * (1 - rate * decay * inside)
        if method == ADAM:
            first, second = 0.8 * first + 0.2 * g, 0.99 * second + 0.01 * g * g
            mean, square = first / (1 - 0.8 ** (number + 1)), second / (1 - 0.99 ** (number + 1))
            # Kingma and Ba's epsilon hat: added before the correction of the second mean.
            hat = 1e-6 / np.sqrt(1 - 0.99 ** (number + 1))
            w = w - rate * mean / (np.sqrt(square) + hat)
        else:
            first = 0.8 * first - rate * g
            w = w + (0.8 * first - rate * g if method == NESTEROV else first)
    np.testing.assert_allclose(
        weights[offset : offset + size], w,
        rtol=40 * np.finfo(dtype).eps, atol=40 * np.finfo(dtype).eps,
    )  # fmt: skip
    assert not weights[:offset].any()
    assert not weights[offset + size :].any()


@jit
def _rounds(barrier, n_threads, thread, n_rounds, seen, late):
    """Each thread writes its round, waits, and counts those that have not come as far."""
    for this in range(n_rounds):
        seen[thread] = this
        if wait(barrier, n_threads) == ABORTED:
            return ABORTED
        for other in range(n_threads):
            late[thread] += seen[other] < this
        if wait(barrier, n_threads) == ABORTED:
            return ABORTED
    return COMPLETED


@jit
def _arrived(barrier):
    return load(barrier, ARRIVED)


def raiser_of(barrier):
    def abort():
        barrier[ABORT] = 1

    return abort


@pytest.mark.parametrize("n_threads", [1, 2, 3, 8])
def test_nobody_passes_the_barrier_before_all_have_come(n_threads):
    barrier = np.zeros(BARRIER_SIZE, np.int64)
    seen, late = np.full(n_threads, -1), np.zeros(n_threads, np.int64)
    statuses = _threads.run_together(
        lambda index, n: _rounds(barrier, n, index, 200, seen, late),
        n_threads,
        raiser_of(barrier),
    )
    assert not late.any()
    assert seen.tolist() == [199] * n_threads
    assert statuses == [COMPLETED] * n_threads


@pytest.mark.parametrize("waits_first", [False, True])
@pytest.mark.parametrize("n_threads", [2, 3, 8])
def test_a_thread_that_fails_leaves_nobody_waiting_at_the_barrier(n_threads, waits_first):
    barrier, statuses = np.zeros(BARRIER_SIZE, np.int64), {}
    seen, late = np.full(n_threads, -1), np.zeros(n_threads, np.int64)

    def work(index, n):
        if index == 0:
            while waits_first and _arrived(barrier) < n - 1:
                pass  # until all others spin
            raise RuntimeError("before the barrier")
        statuses[index] = _rounds(barrier, n, index, 200, seen, late)

    with pytest.raises(RuntimeError, match="before the barrier"):
        _threads.run_together(work, n_threads, raiser_of(barrier))
    assert statuses == dict.fromkeys(range(1, n_threads), ABORTED)


def nothing():
    """Nobody waits."""


def test_run_together_gives_the_answers_in_order():
    assert _threads.run_together(lambda index, n: (index, n), 3, nothing) == [
        (0, 3), (1, 3), (2, 3)
    ]  # fmt: skip


def test_run_together_raises_what_a_thread_raised():
    def fail(index, n_threads):
        if index == 1:
            raise RuntimeError("here")

    with pytest.raises(RuntimeError, match="here"):
        _threads.run_together(fail, 3, nothing)


def test_run_together_starts_none_where_one_cannot_be_started(monkeypatch):
    ran, start = [], threading.Thread.start

    def refuse(thread):
        if threading.active_count() > before + 1:
            raise RuntimeError("can't start new thread")
        start(thread)

    before = threading.active_count()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(RuntimeError, match="can't start"):
        _threads.run_together(lambda index, n: ran.append(index), 3, nothing)
    assert ran == []
    assert threading.active_count() == before
