"""The package's own threads, and the one limit on those of BLAS."""

import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import joblib
import numpy as np
import pytest
import threadpoolctl

import skmax
from skmax import _threads

WAIT = 30.0  # seconds after which a test fails instead of hanging


def blas_threads():
    return [
        pool["num_threads"]
        for pool in threadpoolctl.threadpool_info()
        if pool["user_api"] == "blas"
    ]


def run(script):
    """The output of a script that imports this very package."""
    environment = os.environ | {"PYTHONPATH": str(Path(skmax.__file__).parents[1])}
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


# map_in_order


@pytest.mark.parametrize("threads", [1, 2, 3, 50])
@pytest.mark.parametrize("size", [0, 1, 2, 7, 200])
def test_answers_come_in_the_order_of_the_items(size, threads):
    items = list(range(size))
    assert _threads.map_in_order(lambda i: i * i, items, threads) == [i * i for i in items]


def test_the_caller_works_too_and_two_threads_run_at_once():
    meeting = threading.Barrier(2, timeout=WAIT)

    def meet(_):
        meeting.wait()
        return threading.get_ident()

    idents = _threads.map_in_order(meet, [0, 1], 2)
    assert len(set(idents)) == 2
    assert threading.get_ident() in idents


def test_one_thread_is_the_callers_own():
    idents = _threads.map_in_order(lambda _: threading.get_ident(), range(5), 1)
    assert set(idents) == {threading.get_ident()}


@pytest.mark.parametrize("threads", [1, 2, 8])
@pytest.mark.parametrize("at", [0, 13, 39])
def test_an_exception_reaches_the_caller_and_the_pool_lives_on(at, threads):
    def fail(i):
        if i == at:
            raise KeyError(f"item {i}")
        return i

    with pytest.raises(KeyError, match=f"item {at}"):
        _threads.map_in_order(fail, range(40), threads)
    assert _threads.map_in_order(abs, [-1, -2, -3], threads) == [1, 2, 3]


@pytest.mark.parametrize("fails_in_caller", [True, False])
def test_an_exception_in_either_thread_stops_the_rest(fails_in_caller):
    caller, done = threading.get_ident(), []
    meeting = threading.Barrier(2, timeout=WAIT)

    def work(i):
        if i < 2:
            meeting.wait()
            if (threading.get_ident() == caller) == fails_in_caller:
                raise ZeroDivisionError
        time.sleep(0.001)
        done.append(i)

    with pytest.raises(ZeroDivisionError):
        _threads.map_in_order(work, range(2000), 2)
    assert len(done) < 1999


def test_a_map_within_a_map_does_not_wait_for_ever():
    def inner(i):
        return sum(_threads.map_in_order(lambda j: i * j, range(5), 4))

    assert _threads.map_in_order(inner, range(20), 4) == [10 * i for i in range(20)]


def test_maps_in_many_threads_at_once():
    answers = {}

    def caller(name):
        answers[name] = _threads.map_in_order(lambda i: name + i, range(50), 3)

    callers = [threading.Thread(target=caller, args=(100 * k,)) for k in range(8)]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join(WAIT)
    assert answers == {100 * k: [100 * k + i for i in range(50)] for k in range(8)}


# n_threads


@pytest.fixture
def eight_cpus(monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda: 8)
    for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("n_jobs", "expected"),
    [(None, 8), (-1, 8), (1, 1), (3, 3), (99, 8), (-2, 7), (-8, 1), (-99, 1)],
)
def test_threads_of_n_jobs(eight_cpus, n_jobs, expected):
    assert _threads.n_threads(n_jobs) == expected


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "NUMBA_NUM_THREADS"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [("3", 3), ("1", 1), (" 2 ", 2), ("4,2", 4), ("99", 8), ("", 8), ("0", 8), ("-1", 8), ("x", 8)],
)
def test_the_environment_limits_the_threads(eight_cpus, monkeypatch, name, value, expected):
    monkeypatch.setenv(name, value)
    assert _threads.n_threads() == expected
    assert _threads.n_threads(2) == min(2, expected)


def test_the_lowest_limit_counts(eight_cpus, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    monkeypatch.setenv("NUMBA_NUM_THREADS", "3")
    assert _threads.n_threads() == 3
    assert _threads.n_threads(-2) == 2


def test_never_more_than_the_cpus_of_this_process():
    assert 1 <= _threads.n_threads() <= joblib.cpu_count()


# The limit on BLAS


def in_a_thread_that_ends(function):
    """threadpoolctl lets only one living thread set the limit of OpenBLAS: let it be none."""
    thread = threading.Thread(target=function)
    thread.start()
    thread.join(WAIT)


@pytest.fixture
def two_blas_threads():
    limiters = []
    in_a_thread_that_ends(
        lambda: limiters.append(threadpoolctl.threadpool_limits(2, user_api="blas"))
    )
    if set(blas_threads()) != {2}:
        pytest.skip("there is no BLAS whose limit holds for all threads")
    yield
    in_a_thread_that_ends(limiters[0].restore_original_limits)


def test_one_blas_thread_within_and_as_before_afterwards(two_blas_threads):
    before = blas_threads()
    with _threads.one_blas_thread():
        assert set(blas_threads()) <= {1}
        with _threads.one_blas_thread():
            assert set(blas_threads()) <= {1}
        assert set(blas_threads()) <= {1}
    assert blas_threads() == before


def test_an_exception_restores_the_limit(two_blas_threads):
    before = blas_threads()
    with pytest.raises(KeyError), _threads.one_blas_thread():
        raise KeyError
    assert blas_threads() == before


@pytest.mark.parametrize("first_lives_on", [True, False])
def test_overlapping_limits_end_with_the_last(two_blas_threads, first_lives_on):
    """The first in is the first out, while the second still runs."""
    before = blas_threads()
    first_in, second_in, first_out, the_end = (threading.Event() for _ in range(4))
    seen = {}

    def first():
        with _threads.one_blas_thread():
            first_in.set()
            second_in.wait(WAIT)
        first_out.set()
        if first_lives_on:
            the_end.wait(WAIT)

    def second():
        first_in.wait(WAIT)
        with _threads.one_blas_thread():
            second_in.set()
            first_out.wait(WAIT)
            if not first_lives_on:
                threads[0].join(WAIT)
            seen["after the first left"] = blas_threads()
        seen["after both left"] = blas_threads()

    threads = [threading.Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    threads[1].join(WAIT)
    the_end.set()
    threads[0].join(WAIT)
    assert set(seen["after the first left"]) <= {1}
    assert seen["after both left"] == before
    assert blas_threads() == before


def test_a_fit_in_one_thread_leaves_others_free_to_limit(two_blas_threads):
    """What threadpoolctl lets another thread do before a fit it must after it too."""
    with _threads.one_blas_thread():
        pass
    seen = []

    def other():
        with threadpoolctl.threadpool_limits(1, user_api="blas"):
            seen.extend(blas_threads())

    in_a_thread_that_ends(other)
    assert set(seen) == {1}


def test_many_overlapping_limits(two_blas_threads):
    before = blas_threads()
    start = threading.Barrier(8, timeout=WAIT)

    def work():
        start.wait()
        for _ in range(50):
            with _threads.one_blas_thread():
                np.ones((4, 4)) @ np.ones((4, 4))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert blas_threads() == before


# Forks

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")

FORK = """
    import multiprocessing
    import threading
    import threadpoolctl
    from skmax import _threads

    def blas():
        pools = threadpoolctl.threadpool_info()
        return [pool["num_threads"] for pool in pools if pool["user_api"] == "blas"]

    def child(queue):
        answers = _threads.map_in_order(lambda i: i * i, range(100), 3)
        with _threads.one_blas_thread():
            within = blas()
        queue.put((answers == [i * i for i in range(100)], within, blas()))

    def forked():
        context = multiprocessing.get_context("fork")
        queue = context.SimpleQueue()
        process = context.Process(target=child, args=(queue,), daemon=True)
        process.start()
        process.join(20)
        if process.is_alive():
            process.kill()
            raise SystemExit("the child hangs")
        return queue.get()
"""


@needs_fork
def test_a_forked_child_makes_its_own_threads():
    script = """
    _threads.map_in_order(abs, range(10), 3)
    right, _, _ = forked()
    print(right, _threads.map_in_order(abs, [-1, -2], 2))
    """
    assert run(FORK + script) == ["True", "[1,", "2]"]


@needs_fork
def test_a_fork_amid_a_map_and_a_held_lock_does_not_hang():
    script = """
    _threads.map_in_order(abs, range(10), 3)
    with _threads._pool.lock, _threads._blas_limit.lock:
        print(forked()[0])
    print(*_threads.map_in_order(lambda i: forked()[0], range(2), 2))
    """
    assert run(FORK + script) == ["True", "True", "True"]


@needs_fork
def test_a_fork_amid_a_fit_gives_the_child_the_limit_of_before_and_leaves_the_parents():
    script = """
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = blas()
        with _threads.one_blas_thread():
            _, within, after = forked()
            print(set(within) <= {1}, after == before, set(blas()) <= {1})
        print(blas() == before)
    """
    assert run(FORK + script) == ["True"] * 4
