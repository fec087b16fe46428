"""The same bits from any number of threads, overlapping fits, joblib's workers and forks."""

import os
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
import scipy.sparse
import threadpoolctl
from marks import needs_forks
from problems import (
    SOLVERS,
    assert_same_bits,
    give_passes_all_threads,
    simulated,
    sparse_simulated,
)

from skmax import SoftmaxRegression, _solvers
from skmax._thread_choice import ThreadChoice
from skmax.linear_model import _problem


@pytest.fixture(scope="module")
def large():
    """Work enough that threads are used for it, dense and CSR."""
    X, y = sparse_simulated(4000, 60, 10, density=0.9)
    assert scipy.sparse.csr_matrix(X).nnz * 10 > _problem.SMALL
    return X, y


@pytest.fixture
def many_threads(monkeypatch):
    """Let as many threads run as are asked for, whatever the machine has."""
    monkeypatch.setattr(_problem._threads, "n_threads", lambda n_jobs=None: n_jobs or 4)
    give_passes_all_threads(monkeypatch)


def blas_limits():
    return sorted(
        (library["filepath"], library["num_threads"])
        for library in threadpoolctl.threadpool_info()
        if library["user_api"] == "blas"
    )


def fit(X, y, **parameters):
    return SoftmaxRegression(**parameters).fit(X, y)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("convert", [np.asarray, scipy.sparse.csr_matrix], ids=["dense", "csr"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_change_no_bit(large, many_threads, solver, convert, dtype):
    X, y = convert(large[0].astype(dtype)), large[1]
    one = fit(X, y, solver=solver, n_jobs=1)
    for n_jobs in (2, 3, 7):
        assert_same_bits(fit(X, y, solver=solver, n_jobs=n_jobs), one)


class Slower(ThreadChoice):
    """A choice that is told that more threads take three times as long as one."""

    used: list[int] = []

    def took(self, n_parts, seconds):
        self.used.append(self.threads)
        super().took(n_parts, n_parts * (0.3 if self.threads > 1 else 0.1))


def test_passes_leave_threads_that_slow_them_down(large, monkeypatch):
    monkeypatch.setattr(_problem._threads, "n_threads", lambda n_jobs=None: 4)
    monkeypatch.setattr("skmax._objective.data_term.ThreadChoice", Slower)
    for least, first in ((0, 4), (np.inf, 1)):  # passes that are large, or not
        monkeypatch.setattr("skmax._objective.data_term.LARGE", least)
        Slower.used.clear()
        model = fit(*large, solver="lbfgs")
        assert Slower.used[0] == first
        assert 4 in Slower.used  # tried
        assert np.mean(np.equal(Slower.used, 4)) < 0.3
        assert_same_bits(model, fit(*large, solver="lbfgs", n_jobs=1))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_threads_change_no_bit_of_the_exact_method(many_threads, monkeypatch, n_classes):
    monkeypatch.setattr(_problem, "SMALL", 0)
    X, y = simulated(3000, 8, n_classes)
    one = fit(X, y, n_jobs=1)
    assert one.solver_ == "newton-cholesky"
    for n_jobs in (2, 3):
        assert_same_bits(fit(X, y, n_jobs=n_jobs), one)


def test_threads_are_used_for_large_problems_only(large, many_threads, monkeypatch):
    asked = []
    monkeypatch.setattr(
        _problem._threads, "n_threads", lambda n_jobs=None: asked.append(n_jobs) or 2
    )
    fit(*simulated())
    assert asked == []
    fit(*large, n_jobs=5)
    assert asked == [5]


@pytest.mark.parametrize("solver", SOLVERS)
def test_overlapping_fits_give_the_same_bits_and_leave_the_blas_limits(large, solver, monkeypatch):
    give_passes_all_threads(monkeypatch)
    problems = [large, simulated(500, 8, 3), simulated(2000, 20, 5), simulated(100, 150, 2)] * 2
    alone = [fit(*problem, solver=solver) for problem in problems]
    before = blas_limits()
    start = threading.Barrier(len(problems))

    def together(problem):
        start.wait()
        return fit(*problem, solver=solver)

    with ThreadPoolExecutor(len(problems)) as pool:
        models = list(pool.map(together, problems))
    for model, expected in zip(models, alone, strict=True):
        assert_same_bits(model, expected)
    assert blas_limits() == before


def test_an_error_leaves_the_blas_limits(monkeypatch):
    before = blas_limits()
    X, y = simulated()
    with pytest.raises(Warning, match="max_iter"):
        fit(X, y, max_iter=1, tol=1e-14)

    def interrupted(*arguments, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(_solvers, "solve", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit(X, y)
    assert blas_limits() == before


@pytest.mark.filterwarnings("ignore:A worker stopped while some jobs:UserWarning")
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_joblib_backends_give_the_same_bits(large, backend):
    before = blas_limits()
    alone = fit(*large)
    models = joblib.Parallel(n_jobs=2, backend=backend)(
        joblib.delayed(SoftmaxRegression().fit)(*large) for _ in range(3)
    )
    for model in models:
        assert_same_bits(model, alone)
    assert blas_limits() == before


FORK = """
    import multiprocessing, sys, warnings
    import numpy as np
    from skmax import SoftmaxRegression

    warnings.simplefilter("ignore")  # Python warns of forks where there are threads
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(4000, 60)), rng.integers(0, 10, size=4000)

    def coef(_):
        return SoftmaxRegression(solver=sys.argv[1]).fit(X, y).coef_.tobytes()

    if __name__ == "__main__":
        before = coef(0)  # starts threads, loads kernels
        with multiprocessing.get_context("fork").Pool(2) as pool:
            after = pool.map_async(coef, range(3)).get(timeout=100)
        assert set(after) == {before}
        assert coef(0) == before
        print("the same")
"""


@needs_forks
@pytest.mark.parametrize("solver", SOLVERS)
def test_a_fork_gives_the_same_bits(tmp_path, solver):
    script = tmp_path / "fork.py"
    script.write_text(textwrap.dedent(FORK))
    path = os.pathsep.join(filter(None, sys.path))
    found = subprocess.run(
        [sys.executable, str(script), solver],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.stdout == "the same\n", found.stderr


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_read_only_memory_maps_are_read(tmp_path, solver, n_classes, dtype):
    X, y = sparse_simulated(300, 5, n_classes)
    X, weight = X.astype(dtype), np.linspace(0, 1, 300)
    soft = np.eye(n_classes)[y]
    for name, whole in {"dense": X, "csr": scipy.sparse.csr_matrix(X)}.items():
        joblib.dump((whole, y, soft, weight), tmp_path / name)
        mapped, labels, probabilities, weights = joblib.load(tmp_path / name, mmap_mode="r")
        for one, two in [(y, labels), (soft, probabilities)]:
            expected = SoftmaxRegression(solver=solver).fit(whole, one, weight)
            model = SoftmaxRegression(solver=solver).fit(mapped, two, weights)
            assert_same_bits(model, expected)
            np.testing.assert_array_equal(
                model.predict_proba(mapped), expected.predict_proba(whole)
            )


def test_fit_and_predict_change_no_argument():
    X, y = sparse_simulated()
    csr, weight = scipy.sparse.csr_matrix(X), np.linspace(0, 1, len(y))
    for array in (X, y, csr.data, csr.indices, csr.indptr, weight):
        array.flags.writeable = False
    for rows in (X, csr, np.asfortranarray(X)):
        for solver in SOLVERS:
            model = SoftmaxRegression(solver=solver).fit(rows, y, weight)
            model.predict_log_proba(rows)


def test_nothing_varies_from_fit_to_fit():
    X, y = simulated()
    model = fit(X, y)
    for seed in (None, 0, np.random.RandomState(3)):
        assert_same_bits(fit(X, y, random_state=seed), model)
    assert_same_bits(fit(*simulated(50, 2)).fit(X, y), model)
