"""sklearn.linear_model.LogisticRegression."""

from sklearn.linear_model import LogisticRegression
from threadpoolctl import ThreadpoolController

from . import MAX_ITER

LARGEST_HESSIAN = 4 * 2**30  # bytes


def refuses(X, n_classes, solver, **options):
    rows = 1 if n_classes == 2 else n_classes
    if solver == "newton-cholesky" and 8 * (rows * (X.shape[1] + 1)) ** 2 > LARGEST_HESSIAN:
        return "the Hessian is larger than 4 GiB"
    return ""


def fitter(X, y, C, solver, threads=None):
    pools = ThreadpoolController()  # made once: looking for the pools takes milliseconds

    def fit(tol):
        settings = {} if tol is None else {"tol": tol, "max_iter": MAX_ITER}
        with pools.limit(limits=threads):
            return LogisticRegression(C=C, solver=solver, **settings).fit(X, y)

    return fit
