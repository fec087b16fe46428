"""SoftmaxRegression over Dask collections: the extra `dask` brings what it needs."""

from skmax.dask.softmax_regression import SoftmaxRegression
from skmax.dask.softmax_regression_cv import SoftmaxRegressionCV

__all__ = ["SoftmaxRegression", "SoftmaxRegressionCV"]
