"""What the estimators share: parameters, samples, targets, progress, rollback after an error.

The only package beside the public modules that knows scikit-learn.
"""
