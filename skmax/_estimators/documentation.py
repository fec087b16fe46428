"""Where the estimators' documentation is, for their pictures in notebooks."""

MODULE = "skmax"  # the root of the estimators' modules
#: A page for each estimator, filled in by scikit-learn.
PAGE = "https://skmax.readthedocs.io/en/stable/generated/skmax.{estimator_name}.html"
