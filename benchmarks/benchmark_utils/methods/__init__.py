"""Every way to fit the objective, one module for each library, all with the same two functions.

refuses(X, n_classes, **options)   why this method cannot fit such data, or ""
fitter(X, y, C, **options)         fit(tol) -> a fitted model with coef_ and intercept_;
                                   tol=None: with the library's own default settings
"""

from importlib import import_module

MAX_ITER = 100_000  # so many that the tolerance decides

SKLEARN_SOLVERS = ("lbfgs", "newton-cg", "newton-cholesky")
THREADS = {"1 thread": 1, "all threads": None}
EITHER = {label: {"threads": threads} for label, threads in THREADS.items()}

# {library: {label: options}}; a library goes by the name of its distribution.
METHODS = {
    "skmax": {"default threads": {}},
    "scikit-learn": {
        f"{solver}, {label}": {"solver": solver, "threads": threads}
        for solver in SKLEARN_SOLVERS
        for label, threads in THREADS.items()
    },
    "scikit-learn-intelex": EITHER,
    "torch": EITHER,
}


def module(library):
    """Import the module of a library's methods."""
    return import_module(f"{__name__}.{library.replace('-', '_')}")
