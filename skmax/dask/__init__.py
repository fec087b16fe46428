"""SoftmaxRegression over Dask collections: the extra `dask` brings what it needs."""

from skmax.dask.softmax_regression import SoftmaxRegression

__all__ = ["SoftmaxRegression"]
