"""LogisticRegression of scikit-learn-intelex: L-BFGS on dense data, else it is scikit-learn's."""

import scipy.sparse as sp
from sklearnex.linear_model import LogisticRegression

from . import MAX_ITER


def refuses(X, n_classes, **options):
    return "sparse data go to scikit-learn's own code" if sp.issparse(X) else ""


def fitter(X, y, C, threads=None):
    def fit(tol):
        settings = {} if tol is None else {"tol": tol, "max_iter": MAX_ITER}
        return LogisticRegression(C=C, n_jobs=threads, **settings).fit(X, y)

    return fit
