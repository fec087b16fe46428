"""Multinomial logistic regression."""

from skmax.linear_model.softmax_regression import SoftmaxRegression

__all__ = ["SoftmaxRegression"]
