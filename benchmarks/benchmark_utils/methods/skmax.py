"""skmax.SoftmaxRegression."""

from skmax import SoftmaxRegression

from . import MAX_ITER


def refuses(X, n_classes, **options):
    return ""


def fitter(X, y, C, solver="auto", n_jobs=None):
    def fit(tol):
        # The tolerance is a relative gap: above 1 it says nothing.
        settings = {} if tol is None else {"tol": min(tol, 1.0), "max_iter": MAX_ITER}
        return SoftmaxRegression(C=C, solver=solver, n_jobs=n_jobs, **settings).fit(X, y)

    return fit
