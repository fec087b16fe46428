"""Multinomial logistic regression."""

from skmax.linear_model.path import RegularizationPath, regularization_path
from skmax.linear_model.softmax_regression import SoftmaxRegression
from skmax.linear_model.softmax_regression_cv import SoftmaxRegressionCV

__all__ = ["RegularizationPath", "SoftmaxRegression", "SoftmaxRegressionCV", "regularization_path"]
