"""Print how many passes over the rows each method of skmax takes, and how long.

    python benchmarks/passes.py [SET ...]

A pass is one value and gradient, or one Hessian product; forming the Hessian is counted apart. This
is what decided between the preconditioners ("How it works" in the documentation).
"""

import sys
import time
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).resolve().parent))  # PYTHONSAFEPATH leaves it out

from benchmark_utils.data import load
from benchmark_utils.sets import expand

from skmax import _threads
from skmax._objective import Objective
from skmax._rows import rows_of
from skmax._solvers.lbfgs import lbfgs
from skmax._solvers.newton import newton
from skmax._solvers.preconditioners import Bought, EvenKronecker, ExactHessian, Kronecker

SETS = (
    "digits",
    "letter:10000",
    "satimage:raw",
    "covtype:20000",
    "covtype:raw:20000",
    "texture:raw",
    "fars:raw:20000",
)
METHODS = {
    "Newton, exact Hessian": (newton, ExactHessian),
    "Newton, even Kronecker": (newton, EvenKronecker),
    "Newton, sampled Hessian": (newton, Bought),
    "L-BFGS, even Kronecker": (lbfgs, EvenKronecker),
    "L-BFGS, Kronecker": (lbfgs, Kronecker),
}


def main(texts):
    print("| data | method | passes | Hessians | seconds | gap |")
    print("|---|---|---|---|---|---|")
    for label, settings in expand(texts or SETS).items():
        X, y = load(**settings, dtype="float64")
        rows = [_fit(X, y, *METHODS[method]) for method in METHODS]
        lowest = min(value for *_, value in rows)
        for method, (passes, hessians, seconds, value) in zip(METHODS, rows, strict=True):
            gap = value / lowest - 1
            print(f"| {label} | {method} | {passes} | {hessians} | {seconds:.3f} | {gap:.0e} |")


def _fit(X, y, minimise, make_preconditioner):
    """Fit twice; passes, Hessians, seconds of the second time, and the value reached."""
    for _ in range(2):
        begun = time.perf_counter()
        objective = _Counting(X, y)
        start = np.zeros(objective.shape)
        with _threads.one_blas_thread():
            result = minimise(
                objective, start, make_preconditioner(), tol=1e-6, max_iter=1000,
                on_iteration=lambda *report: False,
            )  # fmt: skip
        seconds = time.perf_counter() - begun
    passes = objective.n_evaluations + objective.n_products
    return passes, objective.n_hessians, seconds, result.value


class _Counting(Objective):
    """The objective at C=1 that counts its Hessians."""

    def __init__(self, X, y):
        share = np.full(len(y), 1 / len(y))
        binary = y.max() == 1
        super().__init__(
            rows_of(X, share, True),
            np.asarray(y, X.dtype) if binary else y,
            share,
            1 if binary else int(y.max()) + 1,
            1 / len(y),
            _threads.n_threads(),
        )
        self.n_hessians = 0

    def hessian(self, most_rows=None):
        self.n_hessians += 1
        return super().hessian(most_rows)


if __name__ == "__main__":
    main(sys.argv[1:])
