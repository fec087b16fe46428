"""MLPClassifier in threads, forks and joblib's workers, pickled, in searches and pipelines."""

import multiprocessing
import pickle
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
import scipy.sparse
from marks import needs_forks
from problems import (
    assert_same_bits,
    give_networks_all_threads,
    simulated,
    sparse_simulated,
)
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmax import MLPClassifier

SOLVERS = ["adam", "sgd", "lbfgs"]


@pytest.fixture(autouse=True)
def several_threads(monkeypatch):
    """Let threads be used for small minibatches, whatever the machine has."""
    give_networks_all_threads(monkeypatch)
    monkeypatch.setattr("joblib.cpu_count", lambda *_, **__: 3)


def fit(X, y, solver="adam", **parameters):
    model = MLPClassifier((20,), solver=solver, max_iter=4, random_state=0, **parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)


@pytest.mark.parametrize("solver", SOLVERS)
def test_overlapping_fits_give_the_same_bits(solver):
    problems = [simulated(500, 8), simulated(900, 20, 5), sparse_simulated(700, 30, 4)] * 2
    alone = [fit(*problem, solver) for problem in problems]
    start = threading.Barrier(len(problems))

    def together(problem):
        start.wait()
        return MLPClassifier((20,), solver=solver, max_iter=4, random_state=0).fit(*problem)

    with warnings.catch_warnings(), ThreadPoolExecutor(len(problems)) as pool:
        warnings.simplefilter("ignore", ConvergenceWarning)
        models = list(pool.map(together, problems))
    for model, expected in zip(models, alone, strict=True):
        assert_same_bits(model, expected)


@pytest.mark.filterwarnings("ignore:A worker stopped while some jobs:UserWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_joblib_backends_give_the_same_bits(backend):
    X, y = simulated(900, 20)
    alone = fit(X, y)
    models = joblib.Parallel(n_jobs=2, backend=backend)(
        joblib.delayed(MLPClassifier((20,), max_iter=4, random_state=0).fit)(X, y) for _ in range(3)
    )
    for model in models:
        assert_same_bits(model, alone)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@needs_forks
def test_a_fork_gives_the_same_bits():
    X, y = simulated(900, 20)
    alone = fit(X, y, n_init=2)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        model = pool.apply_async(fit, (X, y), {"n_init": 2}).get(timeout=60)
    assert_same_bits(model, alone)


ALLOWED = (np.ndarray, np.generic, str, int, float, bool, type(None))


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_fitted_model_holds_parameters_arrays_and_numbers_only(solver):
    model = fit(*simulated(), solver, early_stopping=True)
    for name, value in vars(model).items():
        parts = value if isinstance(value, list | tuple) else [value]
        assert all(isinstance(part, ALLOWED) for part in parts), name
        assert not any(isinstance(part, np.ndarray) and part.base is not None for part in parts)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_pickle_brings_back_the_same_model_and_goes_on(solver):
    X, y = simulated()
    model = fit(X, y, solver)
    copy = pickle.loads(pickle.dumps(model))
    assert_same_bits(copy, model)
    np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
    if solver != "lbfgs":
        assert_same_bits(copy.partial_fit(X, y), model.partial_fit(X, y))


def test_it_is_searched_over_in_a_pipeline():
    X, y = simulated(300)
    grid = {"mlpclassifier__hidden_layer_sizes": [(5,), (10,)], "mlpclassifier__dropout": [0, 0.2]}
    model = MLPClassifier(learning_rate="cosine", learning_rate_init=0.02, max_iter=30)
    search = GridSearchCV(make_pipeline(StandardScaler(), model), grid, cv=3, n_jobs=2)
    assert search.fit(X, y).best_score_ > 0.5


def test_clone_keeps_every_parameter():
    model = fit(*simulated(), dropout=(0.1,), class_weight={0: 2.0}, scoring="accuracy")
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert sorted(vars(copy)) == sorted(model.get_params())


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function", "to_sklearn"])
def test_an_unfitted_model_says_so(method):
    arguments = () if method == "to_sklearn" else (np.zeros((2, 2)),)
    with pytest.raises(NotFittedError, match="MLPClassifier"):
        getattr(MLPClassifier(), method)(*arguments)


def test_fit_and_predict_change_no_argument():
    X, y = sparse_simulated()
    csr, weight = scipy.sparse.csr_matrix(X), np.linspace(0, 1, len(y))
    for array in (X, y, csr.data, csr.indices, csr.indptr, weight):
        array.flags.writeable = False
    for rows in (X, csr, np.asfortranarray(X)):
        for solver in SOLVERS:
            model = MLPClassifier((3,), solver=solver, learning_rate="cosine", max_iter=3, tol=1.0)
            model.fit(rows, y, weight, X_val=rows, y_val=y)
            model.predict_log_proba(rows)
