"""Softmax regression over the partitions of Dask collections, on a cluster of processes."""

import gc
import itertools
import os
import pickle
import signal
import time
import warnings

import dask.array as da
import dask.dataframe as dd
import distributed
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from problems import one_hot, simulated
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning

from skmax import SoftmaxRegression as InMemory
from skmax import SoftmaxRegressionCV as InMemoryCV
from skmax._objective.pairs import PairRows
from skmax.dask import SoftmaxRegression, SoftmaxRegressionCV, _problem
from skmax.dask._futures import Partitions

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
CUTS = (0, 90, 91, 240, 240, 400)  # uneven parts, one of a row and one of none


def new_cluster(**settings):
    """A cluster of two workers, processes unless it is told otherwise."""
    settings = {"n_workers": 2, "threads_per_worker": 1, **settings}
    return distributed.LocalCluster(dashboard_address=":0", silence_logs=50, **settings)


@pytest.fixture(scope="module")
def client():
    """The client of a cluster of threads, which answers sooner than one of processes."""
    with new_cluster(processes=False) as cluster, distributed.Client(cluster) as client:
        yield client


def cut(array, edges=CUTS, unknown=False):
    """A Dask array with chunks between the edges."""
    if scipy.sparse.issparse(array):
        parts = [array[start:stop] for start, stop in itertools.pairwise(edges)]
        blocks = [
            da.from_array(part, chunks=part.shape, asarray=False) for part in parts if part.shape[0]
        ]
        return da.concatenate(blocks)
    chunks = (tuple(np.diff(edges)), *(((array.shape[1],),) if array.ndim == 2 else ()))
    out = da.from_array(array, chunks=chunks)
    return out[da.from_array(np.ones(len(array), bool), chunks=chunks[0])] if unknown else out


def raw(n=400, p=5, n_classes=4, dtype=np.float64):
    """Columns of sizes over six decades about offsets."""
    X, y = simulated(n, p, n_classes)
    return ((X + 1) * 10.0 ** np.arange(-3, p - 3)).astype(dtype), y


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"solver": "lbfgs"},
        {"C": 100.0, "fit_intercept": False},
        {"l1_ratio": 1.0, "C": 0.1},
        {"l1_ratio": 0.5},
        {"C": np.inf},
        {"class_weight": "balanced"},
        {"class_weight": {0: 3.0, 2: 0.5}},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["labels", "soft labels", "two classes"])
def test_the_optimum_is_that_of_the_samples_in_memory(client, settings, kind):
    X, y = raw(n_classes=2 if kind == "two classes" else 4)
    weight = np.random.default_rng(1).integers(0, 3, len(y)).astype(float)
    if kind == "two classes" and isinstance(settings.get("class_weight"), dict):
        settings = {"class_weight": {0: 3.0}}
    if kind == "soft labels":
        y = one_hot(y) + 0.3 * np.random.default_rng(2).random((len(y), 4))
    reference = InMemory(tol=1e-10, **settings).fit(X, y, weight)
    model = SoftmaxRegression(tol=1e-10, **settings).fit(cut(X), cut(y), cut(weight))
    assert model.converged_
    assert model.objective_ == pytest.approx(reference.objective_, rel=1e-8)
    np.testing.assert_allclose(model.predict_proba(X), reference.predict_proba(X), atol=1e-4)
    np.testing.assert_array_equal(model.coef_ == 0, reference.coef_ == 0)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("form", ["array", "unknown", "csr", "frame"])
def test_every_form_of_collection_is_read(client, form, dtype):
    X, y = raw(dtype=dtype)
    reference = InMemory(tol=1e-9).fit(X, y)
    labels = np.array(["d", "a", "c", "b"])[y]
    names = [f"x{j}" for j in range(5)]
    if form == "frame":
        frame = dd.from_pandas(pd.DataFrame(X, columns=names), npartitions=3, sort=False)
        target = dd.from_pandas(pd.Series(labels, name="y"), npartitions=3, sort=False)
    elif form == "csr":
        edges = (0, 90, 91, 240, 400)
        frame, target = cut(scipy.sparse.csr_matrix(X), edges), cut(labels, edges)
    else:
        frame, target = (cut(value, unknown=form == "unknown") for value in (X, labels))
    model = SoftmaxRegression(tol=1e-9).fit(frame, target)
    assert model.coef_.dtype == dtype
    assert model.objective_ == pytest.approx(reference.objective_, rel=1e-6)
    assert list(model.classes_) == ["a", "b", "c", "d"]
    if form == "frame":
        assert list(model.feature_names_in_) == names
    assert model.score(frame, target) == np.mean(model.predict(frame).compute() == labels)


def test_the_same_bits_for_any_number_of_workers(client):
    X, y = raw(2000)
    edges = np.linspace(0, 2000, 12).astype(int)
    model = SoftmaxRegression().fit(cut(X, edges), cut(y, edges))
    with (
        new_cluster(n_workers=1, threads_per_worker=3) as other,
        distributed.Client(other, set_as_default=False) as elsewhere,
    ):
        same = SoftmaxRegression()
        same.client = elsewhere
        same.fit(cut(X, edges), cut(y, edges))
    np.testing.assert_array_equal(same.coef_, model.coef_)
    np.testing.assert_array_equal(same.intercept_, model.intercept_)


def test_a_sample_of_rows_gives_the_start_and_the_same_optimum(client, monkeypatch):
    X, y = raw(4000)
    edges = np.linspace(0, 4000, 6).astype(int)
    reference = InMemory(tol=1e-10).fit(X, y)
    monkeypatch.setattr(_problem, "SAMPLE_ROWS", 200)
    monkeypatch.setattr(_problem, "ROWS_PER_COLUMN", 10)
    model = SoftmaxRegression(tol=1e-10).fit(cut(X, edges), cut(y, edges))
    assert model.objective_ == pytest.approx(reference.objective_, rel=1e-9)
    assert model.loss_curve_[0] < np.log(4) / 1.2  # not at coefficients of 0


@pytest.mark.parametrize("settings", [{}, {"solver": "lbfgs"}, {"l1_ratio": 1.0}], ids=str)
@pytest.mark.parametrize("sparse", [False, True])
def test_a_sample_of_partitions_without_weight(client, monkeypatch, settings, sparse):
    monkeypatch.setattr(_problem, "SAMPLE_ROWS", 40)
    monkeypatch.setattr(_problem, "ROWS_PER_COLUMN", 5)
    X, y = raw()
    edges = (0, 90, 91, 240, 400)
    weight = (np.arange(400) >= 91).astype(float)
    reference = InMemory(tol=1e-9, **settings).fit(X, y, weight)
    given = scipy.sparse.csr_matrix(X) if sparse else X
    model = SoftmaxRegression(tol=1e-9, **settings)
    model.fit(*(cut(value, edges) for value in (given, y, weight)))
    assert model.objective_ == pytest.approx(reference.objective_, rel=1e-7)


def test_workers_keep_nothing_after_a_fit(client):
    X, y = (cut(value) for value in raw())
    for _ in range(2):
        SoftmaxRegression().fit(X, y)

    def terms():
        gc.collect()
        return sum(type(one).__name__ == "CrossEntropy" for one in gc.get_objects())

    for _ in range(50):
        if not any(client.run(terms).values()):
            break
        time.sleep(0.1)
    assert not any(client.run(terms).values())


def test_a_fit_within_a_task(client):
    def fit(X, y):
        return SoftmaxRegression().fit(cut(X), cut(y)).coef_

    X, y = raw()
    coef = client.submit(fit, X, y).result(timeout=60)
    np.testing.assert_array_equal(coef, SoftmaxRegression().fit(cut(X), cut(y)).coef_)


def test_on_processes_everything_can_be_sent():
    X, y = raw()
    with new_cluster() as other, distributed.Client(other):
        with pytest.warns(ConvergenceWarning, match="separable"):
            SoftmaxRegression(C=np.inf).fit(cut(X), cut((X[:, 4] > 20).astype(int)))
        model = SoftmaxRegressionCV(Cs=[0.1], cv=2).fit(cut(X), cut(y))
        assert model.score(cut(X), cut(y)) == pytest.approx(model.score(X, y))


def test_partitions_of_one_class_and_of_no_weight(client):
    X, y = raw(400)
    order = np.argsort(y)
    X, y = X[order], y[order]
    weight = (np.arange(400) >= 90).astype(float)
    reference = InMemory(tol=1e-9).fit(X, y, weight)
    model = SoftmaxRegression(tol=1e-9).fit(cut(X), cut(y), cut(weight))
    np.testing.assert_allclose(model.coef_, reference.coef_, rtol=1e-3, atol=1e-6)


def test_predictions_are_not_computed_before_they_are_asked_for(client):
    X, y = raw()
    Xd = cut(X)
    model = SoftmaxRegression().fit(Xd, cut(y))
    local = model._in_memory()
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        lazy = getattr(model, method)(Xd)
        assert isinstance(lazy, da.Array)
        assert lazy.chunks[0] == Xd.chunks[0]
        expected = getattr(local, method)(X)
        assert lazy.shape == expected.shape
        assert lazy.dtype == expected.dtype
        np.testing.assert_allclose(lazy.compute(), expected)
    assert isinstance(model.score(Xd, cut(y)), float)
    weight = np.random.default_rng(0).random(len(y))
    expected = local.score(X, y, weight)
    assert model.score(Xd, cut(y), cut(weight)) == pytest.approx(expected)
    soft = one_hot(y) + 0.2
    assert model.score(Xd, cut(soft)) == pytest.approx(local.score(X, soft))


def test_the_client_is_no_parameter(client):
    X, y = raw()
    model = SoftmaxRegression(C=0.5)
    model.client = client
    model.fit(cut(X), cut(y))
    assert clone(model).client is None
    again = pickle.loads(pickle.dumps(model))
    assert again.client is None
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_an_entry_that_is_not_finite_is_named(client, wrong):
    X, y = raw()
    X[100, 3] = wrong
    model = SoftmaxRegression().fit(cut(np.nan_to_num(X, posinf=0)), cut(y))
    before = model.coef_.copy()
    with pytest.raises(ValueError, match=r"partition 2: .*(NaN|infinity) in column 3, row 9"):
        model.fit(cut(X), cut(y))
    np.testing.assert_array_equal(model.coef_, before)
    model.fit(cut(np.nan_to_num(X, posinf=0)), cut(y))  # nothing is left over


def test_bad_input_is_refused(client):
    X, y = raw()
    Xd, yd = cut(X), cut(y)
    model = SoftmaxRegression()
    with pytest.raises(TypeError, match="X must be a Dask array"):
        model.fit(X, yd)
    with pytest.raises(TypeError, match="y must be a Dask array"):
        model.fit(Xd, y)
    with pytest.raises(ValueError, match="C must be"):
        SoftmaxRegression(C=-1.0).fit(Xd, yd)
    with pytest.raises(ValueError, match="two classes"):
        model.fit(Xd, cut(np.zeros(400, int)))
    with pytest.raises(ValueError, match="399 rows"):
        model.fit(Xd, cut(y[1:], (0, 399)))
    fewer = cut(y[1:], (0, 89, 91, 240, 240, 399), unknown=True)
    with pytest.raises(ValueError, match=r"partition \d: X has \d+ rows, y has \d+"):
        model.fit(cut(X, unknown=True), fewer)
    with pytest.raises(ValueError, match="1 partitions, expected those of X"):
        model.fit(Xd, dd.from_pandas(pd.Series(y), npartitions=1))
    with pytest.raises(ValueError, match=r"partition \d: .*negative"):
        model.fit(Xd, yd, cut(np.full(400, -1.0)))
    with pytest.raises(ValueError, match="two dimensions"):
        model.fit(cut(y), yd)
    with pytest.raises(ValueError, match="one or two dimensions"):
        model.fit(Xd, da.from_array(np.zeros((400, 2, 2)), chunks=(400, 2, 2)))
    with pytest.raises(TypeError, match=r"partition \d: X must hold real numbers, got complex"):
        model.fit(cut(X + 1j), yd)
    with pytest.raises(ValueError, match="partition 2: Input y contains NaN in row 9"):
        model.fit(Xd, cut(np.where(np.arange(400) == 100, np.nan, y)))
    with pytest.raises(ValueError, match=r"partition \d: sample_weight has shape"):
        model.fit(
            *(cut(value, unknown=True) for value in (X, y)),
            cut(np.zeros(5), (0, 1, 2, 3, 4, 5), unknown=True),
        )
    model.fit(Xd, yd)
    with pytest.raises(ValueError, match="expecting 5 features"):
        model.predict(Xd[:, :4])


def test_collections_that_do_not_fit_are_refused(client):
    X, y = raw()
    frame = dd.from_pandas(pd.DataFrame(X, columns=list("abcde")), npartitions=2, sort=False)
    target = dd.from_pandas(pd.Series(y), npartitions=2, sort=False)
    model = SoftmaxRegression().fit(frame, target)
    with pytest.raises(ValueError, match="those of the fit were"):
        model.predict(frame[list("abced")])
    with pytest.raises(ValueError, match="X has no rows"):
        model.fit(cut(X[:0], (0, 0)), cut(y[:0], (0, 0)))
    halves = [pd.DataFrame(one_hot(y[:200]), columns=list(names)) for names in ("wxyz", "vxyz")]
    soft = dd.from_map(lambda i: halves[i], [0, 1], meta=halves[0])
    with pytest.raises(ValueError, match="in some partitions and"):
        model.fit(frame, soft)


def test_a_task_that_fails_is_named(client):
    X, y = raw()

    def fails(block, block_info=None):
        if block_info[0]["chunk-location"][0] == 2:
            raise OSError("the disk is gone")
        return block

    with pytest.raises(RuntimeError, match=r"partition 2 could not be made.*the disk is gone"):
        SoftmaxRegression().fit(cut(X).map_blocks(fails, dtype=float), cut(y))


def test_a_cluster_without_workers_says_so():
    X, y = raw()
    with (
        new_cluster(n_workers=0, processes=False) as empty,
        distributed.Client(empty, set_as_default=False) as client,
    ):
        model = SoftmaxRegression()
        model.client = client
        with pytest.raises(RuntimeError, match="has no workers"):
            model.fit(cut(X), cut(y))


def test_a_fit_without_a_client_says_so(client, monkeypatch):
    X, y = raw()

    def none():
        raise ValueError("No global client found and no address provided")

    monkeypatch.setattr("skmax.dask._estimator.get_client", none)
    with pytest.raises(ValueError, match="needs a client of a cluster"):
        SoftmaxRegression().fit(cut(X), cut(y))


def test_separable_classes_are_found(client):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    y = (X[:, 1] > 0.5) * 1 + (X[:, 1] > 1) * 1
    with pytest.warns(ConvergenceWarning, match="separable") as caught:
        model = SoftmaxRegression(C=np.inf).fit(cut(X), cut(y))
    assert "column 1" in str(caught[0].message)
    assert not model.converged_
    with pytest.warns(ConvergenceWarning):
        reference = InMemory(C=np.inf).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X), reference.predict_proba(X), atol=1e-3)


def test_a_direction_that_some_rows_allow_is_tried_on_all(client, monkeypatch):
    monkeypatch.setattr("skmax.dask._blocks.MOST_ROWS", 40)
    monkeypatch.setattr("skmax.dask._blocks.MOST_AGAINST", 20)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2))
    y = (X[:, 0] + 0.02 * rng.normal(size=400) > 0).astype(int)  # nearly separable
    reference = InMemory(C=np.inf).fit(X, y)
    assert reference.converged_
    model = SoftmaxRegression(C=np.inf).fit(cut(X), cut(y))
    assert model.converged_
    assert model.objective_ == pytest.approx(reference.objective_, rel=1e-5)


@pytest.mark.parametrize("separable", [False, True])
def test_rows_stay_where_they_are_if_they_may_not_be_gathered(client, monkeypatch, separable):
    monkeypatch.setattr("skmax.dask._blocks.DistributedBlocks.pair_rows", None)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    y = (X[:, 1] + (0 if separable else 1) * rng.normal(size=400) > 0).astype(int)
    model = SoftmaxRegression(C=np.inf, gather_rows=False)
    if separable:
        with pytest.warns(ConvergenceWarning, match="there may be no optimum|separable"):
            model.fit(cut(X), cut(y))
        assert not model.converged_
    else:
        model.fit(cut(X), cut(y))  # an exact Newton step proves that there is one
        assert model.converged_
    assert SoftmaxRegression(gather_rows=False).fit(cut(X), cut(y)).converged_


def masks(y, n_folds, edges=CUTS):
    """The folds that a cross-validation over these partitions has, for one in memory."""
    folds = np.empty(len(y), int)
    for start, stop in itertools.pairwise(edges):
        for k in np.unique(y):
            rows = start + np.flatnonzero(y[start:stop] == k)
            folds[rows] = (np.arange(len(rows)) + k) % n_folds
    return [(np.flatnonzero(folds != f), np.flatnonzero(folds == f)) for f in range(n_folds)]


@pytest.mark.parametrize("settings", [{}, {"class_weight": "balanced"}, {"l1_ratios": (0.0, 1.0)}])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_a_cross_validation_is_that_in_memory(client, settings, n_classes):
    X, y = raw(n_classes=n_classes)
    weight = np.random.default_rng(1).uniform(0.5, 2, len(y))
    settings = {"Cs": [1e-3, 0.1, 10.0], **settings}
    reference = InMemoryCV(cv=masks(y, 3), **settings).fit(X, y, weight)
    model = SoftmaxRegressionCV(cv=3, **settings).fit(cut(X), cut(y), cut(weight))
    np.testing.assert_allclose(model.scores_, reference.scores_, atol=1e-4)
    assert (model.C_, model.l1_ratio_) == (reference.C_, reference.l1_ratio_)
    assert model.converged_
    np.testing.assert_allclose(model.predict_proba(X), reference.predict_proba(X), atol=1e-3)
    score = model.score(cut(X), cut(y), sample_weight=cut(weight))
    assert score == pytest.approx(reference.score(X, y, sample_weight=weight), abs=1e-4)
    np.testing.assert_array_equal(model.predict(cut(X)).compute(), model.predict(X))


def test_a_cross_validation_of_soft_labels(client):
    X, y = raw()
    soft = one_hot(y) + 0.2
    model = SoftmaxRegressionCV(Cs=[0.01, 1.0], cv=2, refit=False).fit(cut(X), cut(soft))
    reference = InMemoryCV(Cs=[0.01, 1.0], cv=masks(y, 2), refit=False).fit(X, soft)
    np.testing.assert_allclose(model.scores_, reference.scores_, atol=1e-4)


def test_what_a_cross_validation_cannot_do_is_refused(client):
    X, y = (cut(value) for value in raw())
    with pytest.raises(ValueError, match="cv must be a number of folds"):
        SoftmaxRegressionCV(cv=masks(raw()[1], 2)).fit(X, y)
    with pytest.raises(ValueError, match="scoring must be 'neg_log_loss'"):
        SoftmaxRegressionCV(scoring="accuracy").fit(X, y)


def test_a_fold_of_one_class_has_no_scores(client):
    X, y = raw(6, n_classes=2)
    y = np.array([0, 0, 0, 0, 0, 1])
    with pytest.warns(FitFailedWarning, match="two classes need weight in its fits"):
        model = SoftmaxRegressionCV(Cs=[1.0], cv=2).fit(cut(X, (0, 6)), cut(y, (0, 6)))
    assert np.isnan(model.scores_).any()
    assert not np.isnan(model.best_score_)


@pytest.mark.parametrize("solver", ["auto", "lbfgs"])
@pytest.mark.parametrize("noise", [0.0, 0.02, 1.0])
def test_no_more_rows_leave_their_partitions_than_the_documentation_says(
    client, monkeypatch, solver, noise
):
    monkeypatch.setattr("skmax.dask._blocks.MOST_ROWS", 400)
    monkeypatch.setattr("skmax.dask._blocks.MOST_AGAINST", 20)
    left, results = [], Partitions._results

    def watched(self, futures):
        found = results(self, futures)
        left.extend(len(each.weight) for each in found if isinstance(each, PairRows))
        return found

    monkeypatch.setattr(Partitions, "_results", watched)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 3))
    y = (X[:, 0] + noise * rng.normal(size=2000) > 0).astype(int)
    edges = np.linspace(0, 2000, 10).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = SoftmaxRegression(C=np.inf, solver=solver).fit(cut(X, edges), cut(y, edges))
    assert model.converged_ is (noise > 0)
    assert sum(left) <= 400


def at_pass(monkeypatch, number, act):
    """Act before the sums of a pass are waited for, once."""
    total, passes = Partitions.total, []

    def watched(self):
        passes.append(None)
        if len(passes) == number:
            act()
        return total(self)

    monkeypatch.setattr(Partitions, "total", watched)
    return passes


def test_a_worker_that_dies_and_one_that_joins_change_no_bit(client, monkeypatch):
    X, y = raw(2000)
    edges = np.linspace(0, 2000, 9).astype(int)
    expected = SoftmaxRegression().fit(cut(X, edges), cut(y, edges))
    with new_cluster() as other, distributed.Client(other, set_as_default=False) as elsewhere:

        def kill():
            pids = elsewhere.run(os.getpid)
            os.kill(next(iter(pids.values())), signal.SIGKILL)
            other.scale(3)

        passes = at_pass(monkeypatch, 6, kill)
        model = SoftmaxRegression()
        model.client = elsewhere
        model.fit(cut(X, edges), cut(y, edges))
    assert len(passes) > 7
    np.testing.assert_array_equal(model.coef_, expected.coef_)


def test_a_partition_that_cannot_be_made_again_is_named(monkeypatch):
    X, y = raw(400)
    with new_cluster() as other, distributed.Client(other, set_as_default=False) as elsewhere:
        workers = sorted(elsewhere.run(os.getpid))
        here = elsewhere.scatter([X[:200], X[200:]], workers=workers[:1], hash=False)
        parts = [da.from_delayed(future, (200, 5), float) for future in here]
        Xd, yd = da.concatenate(parts), cut(y, (0, 200, 400))

        def kill():
            os.kill(elsewhere.run(os.getpid)[workers[0]], signal.SIGKILL)
            end = time.monotonic() + 60
            while workers[0] in elsewhere.scheduler_info()["workers"]:
                assert time.monotonic() < end, "the scheduler has not noticed"
                time.sleep(0.05)

        at_pass(monkeypatch, 3, kill)
        model = SoftmaxRegression()
        model.client = elsewhere
        with pytest.raises(
            RuntimeError, match=r"partition [01] (is .* no longer there|could not be made)"
        ):
            model.fit(Xd, yd)
        assert not hasattr(model, "coef_")


def test_an_interrupt_cancels_what_is_under_way(client, monkeypatch):
    X, y = raw(400)

    def interrupt():
        raise KeyboardInterrupt

    def watched(self):
        with self._watched():
            interrupt()

    model, total, passes = SoftmaxRegression(), Partitions.total, []

    def third(self):
        passes.append(self)
        return watched(self) if len(passes) == 3 else total(self)

    monkeypatch.setattr(Partitions, "total", third)
    with pytest.raises(KeyboardInterrupt):
        model.fit(cut(X), cut(y))
    assert all(future.cancelled() for future in passes[-1].futures)
    assert not hasattr(model, "coef_")


def test_only_sums_leave_a_partition(client, monkeypatch):
    X, y = raw(3000, p=30)
    edges = np.linspace(0, 3000, 5).astype(int)
    sizes, results = [], Partitions._results

    def watched(self, futures):
        found = results(self, futures)
        sizes.extend(each.size for each in found if isinstance(each, np.ndarray))
        return found

    monkeypatch.setattr(Partitions, "_results", watched)
    model = SoftmaxRegression().fit(cut(X, edges), cut(y, edges))
    n_classes, n_columns = 4, 31
    D = n_classes * n_columns
    allowed = {D + 1, D, D**2, n_columns * (n_columns + 1) // 2, n_classes**2}
    assert model.converged_
    assert set(sizes) <= allowed
