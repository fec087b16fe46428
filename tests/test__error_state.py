"""No public function or method depends on NumPy's error state of the user."""

import warnings

import numpy as np
import pytest
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning

from skmax import MLPClassifier, SoftmaxRegression, functional

MODELS = [
    SoftmaxRegression(),
    SoftmaxRegression(C=np.inf),
    MLPClassifier((4,), max_iter=3, random_state=0),
    MLPClassifier((4,), max_iter=3, random_state=0, early_stopping=True),
]


@pytest.fixture(autouse=True)
def all_raise():
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e6])
@pytest.mark.parametrize("model", MODELS, ids=str)
def test_estimators(model, scale, dtype, n_classes):
    rng = np.random.default_rng(0)
    X = (scale * rng.normal(size=(60, 3))).astype(dtype)
    y = np.arange(60) % n_classes
    model.fit(X, y)
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        if hasattr(model, method):
            getattr(model, method)(1000 * X)
    model.score(X, y)
    model.score(X, np.eye(n_classes)[y])
    model.to_sklearn()
    if isinstance(model, SoftmaxRegression):
        model.fit(scipy.sparse.csr_matrix(X), y).predict_proba(X)
    elif not model.early_stopping:
        model.partial_fit(X, y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", functional.__all__)
def test_functions(name, dtype):
    large = np.finfo(dtype).max
    rows = [[1000, -1000, 0], [np.inf, 0, 1], [-np.inf, 0, 1], [large, -large, 0], [np.nan, 0, 0]]
    targets = [np.arange(5) % 3] if name.startswith("cross_entropy") else []
    getattr(functional, name)(np.array(rows, dtype), *targets)
