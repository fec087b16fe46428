"""Samples in files and of few bytes: the optimum of the same samples in memory, by blocks."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse
from problems import one_hot, simulated

from skmax import SoftmaxRegression, SoftmaxRegressionCV
from skmax._design import blocks
from skmax._estimators.targets import read_targets
from skmax.linear_model import _problem

DTYPES = [np.float64, np.float32, np.float16, np.uint8, np.int16]


@pytest.fixture
def small_blocks(monkeypatch):
    """What is small in tests is read as what is large elsewhere."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 2**12)
    monkeypatch.setattr(blocks, "MOST_BESIDE_MAPPED", 0)
    monkeypatch.setattr(blocks, "MOST_COPIED", 0)
    monkeypatch.setattr(_problem, "SAMPLE_BYTES", 2**13)
    monkeypatch.setattr(_problem, "LEAST_OF_CLASS", 10)


def whole_numbers(n=800, p=6, n_classes=4, dtype=np.float64):
    """X of whole numbers from 0 to 255, the same in every dtype, and y."""
    X, y = simulated(n, p, n_classes)
    X = np.clip(np.round(40 * X + 100), 0, 255)
    X[:, 1] = 7
    return X.astype(dtype), y


def mapped(array, path, order="C"):
    """The same in a file, read only."""
    out = np.memmap(path, array.dtype, "w+", shape=array.shape, order=order)
    out[...] = array
    out.flush()
    return np.memmap(path, array.dtype, "r", shape=array.shape, order=order)


def mapped_csr(X, folder):
    """A CSR matrix whose parts are in files."""
    X = scipy.sparse.csr_array(X)
    parts = (
        mapped(part, folder / name)
        for name, part in (("data", X.data), ("indices", X.indices), ("indptr", X.indptr))
    )
    return scipy.sparse.csr_array(tuple(parts), shape=X.shape)


@pytest.mark.parametrize(
    ("dtype", "order"),
    [
        (dtype, order)
        for dtype in DTYPES
        for order in ("C", "F", "csr")
        if (dtype, order) != (np.float16, "csr")  # of which SciPy has none
    ],
)
def test_fits_of_files_end_at_the_optimum(small_blocks, tmp_path, dtype, order):
    X, y = whole_numbers(dtype=dtype)
    exact = np.float32 if dtype == np.float32 else np.float64
    reference = SoftmaxRegression(tol=1e-9).fit(X.astype(exact), y)
    if order == "csr":
        file = mapped_csr(X, tmp_path)
    else:
        file = mapped(X, tmp_path / "X", order)
    model = SoftmaxRegression(tol=1e-9).fit(file, y)
    assert model.converged_
    assert model.coef_.dtype == exact
    assert model.objective_ == pytest.approx(
        reference.objective_, rel=1e-6 if exact == np.float32 else 1e-8
    )
    np.testing.assert_allclose(
        model.predict_proba(file), reference.predict_proba(X.astype(exact)), atol=1e-3
    )
    alone = SoftmaxRegression(tol=1e-9, n_jobs=1).fit(file, y)
    np.testing.assert_array_equal(alone.coef_, model.coef_)


@pytest.mark.parametrize("dtype", [np.float16, np.uint8])
def test_arrays_of_few_bytes_in_memory_give_the_same(small_blocks, dtype):
    X, y = whole_numbers(dtype=dtype)
    reference = SoftmaxRegression(tol=1e-9).fit(X.astype(np.float64), y)
    model = SoftmaxRegression(tol=1e-9).fit(X, y)
    assert model.coef_.dtype == np.float64
    assert model.objective_ == pytest.approx(reference.objective_, rel=1e-8)


@pytest.mark.parametrize(
    "settings",
    [
        {"C": 100.0, "fit_intercept": False},
        {"l1_ratio": 1.0, "C": 0.1},
        {"C": np.inf},
        {"class_weight": "balanced"},
        {"solver": "lbfgs"},
    ],
    ids=str,
)
@pytest.mark.parametrize("soft", [False, True])
def test_every_objective_is_minimised_over_a_file(small_blocks, tmp_path, settings, soft):
    X, y = whole_numbers()
    rng = np.random.default_rng(3)
    weight = rng.uniform(0.5, 2, len(y))
    y = one_hot(y) + 0.2 * rng.random((len(y), 4)) if soft else y
    reference = SoftmaxRegression(tol=1e-9, **settings).fit(X, y, weight)
    model = SoftmaxRegression(tol=1e-9, **settings).fit(mapped(X, tmp_path / "X"), y, weight)
    assert model.converged_
    assert model.objective_ == pytest.approx(reference.objective_, rel=1e-8)
    np.testing.assert_array_equal(model.coef_ == 0, reference.coef_ == 0)


def test_more_classes_than_columns(small_blocks, tmp_path):
    X, y = whole_numbers(n=1500, p=3, n_classes=20)
    reference = SoftmaxRegression(tol=1e-9).fit(X, y)
    model = SoftmaxRegression(tol=1e-9).fit(mapped(X, tmp_path / "X"), y)
    assert model.objective_ == pytest.approx(reference.objective_, rel=1e-8)


def test_max_iter_0_leaves_zeros(small_blocks, tmp_path):
    X, y = whole_numbers()
    with pytest.warns(UserWarning, match="max_iter"):
        model = SoftmaxRegression(max_iter=0).fit(mapped(X, tmp_path / "X"), y)
    assert not model.coef_.any()


@pytest.mark.parametrize("scoring", ["neg_log_loss", "accuracy"])
def test_cross_validation_of_a_file(small_blocks, tmp_path, scoring):
    X, y = whole_numbers(400)
    weight = np.random.default_rng(3).uniform(0.5, 2, len(y))
    settings = {"Cs": [1e-4, 1e-2, 1.0], "cv": 3, "scoring": scoring}
    reference = SoftmaxRegressionCV(**settings).fit(X, y, weight)
    model = SoftmaxRegressionCV(**settings).fit(
        mapped(X.astype(np.uint8), tmp_path / "X"), y, weight
    )
    np.testing.assert_allclose(model.scores_, reference.scores_, atol=1e-4)
    assert model.C_ == reference.C_
    assert model.coef_.dtype == np.float64
    assert model.score(X.astype(np.uint8), y) == pytest.approx(reference.score(X, y), abs=1e-4)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("sparse", [False, True])
def test_what_is_not_finite_is_named(small_blocks, tmp_path, wrong, sparse):
    X, y = whole_numbers()
    X[437, 2] = wrong
    weight = (np.arange(len(y)) != 437).astype(float)  # the row counts nothing
    file = mapped_csr(X, tmp_path) if sparse else mapped(X, tmp_path / "X")
    for given in (None, weight):
        with pytest.raises(ValueError, match=r"(NaN|infinity) in column 2, row 437"):
            SoftmaxRegression().fit(file, y, given)


def test_predictions_name_the_row_of_the_file(small_blocks, tmp_path):
    X, y = whole_numbers()
    model = SoftmaxRegression().fit(X, y)
    X[437, 2] = np.nan
    with pytest.raises(ValueError, match="NaN in column 2, row 437"):
        model.predict_proba(mapped(X, tmp_path / "X"))


@pytest.mark.parametrize("limit", [0, 10**9])
def test_entries_of_files_in_any_order_and_in_parts(small_blocks, monkeypatch, tmp_path, limit):
    monkeypatch.setattr(blocks, "MOST_BESIDE_MAPPED", limit)
    X, y = whole_numbers()
    whole = scipy.sparse.csr_array(X)
    data, indices, indptr = [], [], [0]
    for row in range(len(y)):  # each entry in two halves, backwards
        part = slice(whole.indptr[row], whole.indptr[row + 1])
        data += list(np.repeat(whole.data[part][::-1] / 2, 2))
        indices += list(np.repeat(whole.indices[part][::-1], 2))
        indptr.append(len(data))
    parts = (np.array(data), np.array(indices, np.int32), np.array(indptr, np.int32))
    files = tuple(mapped(part, tmp_path / name) for part, name in zip(parts, "dij", strict=True))
    model = SoftmaxRegression(tol=1e-9).fit(scipy.sparse.csr_array(files, shape=X.shape), y)
    reference = SoftmaxRegression(tol=1e-9).fit(X, y)
    assert model.objective_ == pytest.approx(reference.objective_, rel=1e-8)
    np.testing.assert_array_equal(files[0], parts[0])


def test_the_sample_is_no_larger_for_many_classes():
    n_classes, n_rows = 500, 2000
    labels = np.arange(50_000) % n_classes
    targets = read_targets(labels, None, None, len(labels))
    indices, weight = _problem.evenly_spaced(targets, n_rows)
    assert len(indices) == n_rows
    np.testing.assert_allclose(np.bincount(labels[indices], weight), 1 / n_classes)
    rare = np.where(np.arange(50_000) < 49_990, 0, 1)
    indices, weight = _problem.evenly_spaced(read_targets(rare, None, None, 50_000), n_rows)
    assert (rare[indices] == 1).sum() == 10
    assert weight[rare[indices] == 1].sum() == pytest.approx(10 / 50_000)


def test_predictions_of_another_dtype_go_by_blocks(monkeypatch, tmp_path):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 2**18)
    X, y = whole_numbers(50_000, 20, dtype=np.float32)
    file = mapped(X, tmp_path / "X")
    model = SoftmaxRegression(tol=1e-3).fit(X[:1000].astype(float), y[:1000])
    tracemalloc.start()
    probabilities = model.predict_proba(file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < probabilities.nbytes + 2**21  # X in float64 is 8 MB
    np.testing.assert_allclose(probabilities, model.predict_proba(X.astype(float)), rtol=1e-12)


def test_memory_beside_a_file_does_not_grow_with_columns(monkeypatch, tmp_path):
    monkeypatch.setattr(blocks, "MOST_BESIDE_MAPPED", 0)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 2**20)
    monkeypatch.setattr(_problem, "SAMPLE_BYTES", 2**20)
    n = 100_000
    X, y = whole_numbers(n, 30, dtype=np.uint8)
    file = mapped(X, tmp_path / "X")
    del X
    tracemalloc.start()
    model = SoftmaxRegression(tol=1e-3).fit(file, y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert model.converged_
    assert peak < 40 * n + 2**23  # in float64 X alone is 240 bytes a row
