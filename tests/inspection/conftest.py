"""What tests of displays share."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.datasets import load_iris, load_wine

from skmax import SoftmaxRegression, SoftmaxRegressionCV


@pytest.fixture(autouse=True)
def close():
    """No figure outlives its test."""
    with plt.rc_context({"figure.max_open_warning": 0}):
        yield
    plt.close("all")


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return X, np.array(["setosa", "versicolor", "virginica"])[y]


@pytest.fixture(scope="module")
def model(iris):
    return SoftmaxRegression().fit(*iris)


@pytest.fixture(scope="module")
def cross_validated():
    X, y = load_wine(return_X_y=True, as_frame=True)
    return SoftmaxRegressionCV(Cs=[0.01, 0.1, 1.0], l1_ratios=(0.0, 1.0), cv=3).fit(X, y)
