"""Passes over the rows of X for a linear model."""
