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

from dataclasses import replace

from benchmark_utils.data import load
from benchmark_utils.sets import expand

from skmax import _kernels, _threads
from skmax._design import design_of
from skmax._objective import CrossEntropy, Objective, Ridge
from skmax._solvers import METHODS, solve
from skmax._solvers.preconditioners import UniformKronecker

SETS = (
    "digits",
    "letter:10000",
    "satimage:raw",
    "covtype:20000",
    "covtype:raw:20000",
    "texture:raw",
    "fars:raw:20000",
)
TRIED = {
    "Newton, exact Hessian": METHODS["newton-cholesky"],
    "Newton, uniform Kronecker": METHODS["newton-cg, many coefficients"],
    "Newton, sampled Hessian": METHODS["newton-cg"],
    "L-BFGS, uniform Kronecker": replace(METHODS["lbfgs"], preconditioner=UniformKronecker),
    "L-BFGS, Kronecker": METHODS["lbfgs"],
}


def main(texts):
    print("| data | method | passes | Hessians | seconds | gap |")
    print("|---|---|---|---|---|---|")
    for label, settings in expand(texts or SETS).items():
        X, y = load(**settings, dtype="float64")
        fits = [_fit(X, y, method) for method in TRIED.values()]
        lowest = min(value for *_, value in fits)
        for name, (passes, seconds, value) in zip(TRIED, fits, strict=True):
            n_passes, gap = passes.evaluations + passes.products, value / lowest - 1
            print(
                f"| {label} | {name} | {n_passes} | {passes.hessians} | {seconds:.3f} | {gap:.0e} |"
            )


def _fit(X, y, method):
    """Fit twice; what was asked of the objective, seconds of the second time, the value reached."""
    for _ in range(2):
        begun = time.perf_counter()
        objective = _objective(X, y)
        start = objective.at(np.zeros(objective.shape))
        with _threads.one_blas_thread():
            result = solve(
                [method], objective, start, tol=1e-6, max_iter=1000,
                on_iteration=lambda *report: False,
            )  # fmt: skip
        seconds = time.perf_counter() - begun
    return objective.passes, seconds, result.value


def _objective(X, y):
    """The objective at C=1."""
    weight, binary = np.full(len(y), 1 / len(y)), y.max() == 1
    design = design_of(X, weight, True, may_rotate=True)
    targets = _kernels.BinaryTargets(np.asarray(y, X.dtype)) if binary else _kernels.Labels(y)
    n_outputs = 1 if binary else int(y.max()) + 1
    data = CrossEntropy(design, targets, weight, n_outputs, _threads.n_threads())
    return Objective(data, Ridge.of_user_columns(1 / len(y), design.coef_scale))


if __name__ == "__main__":
    main(sys.argv[1:])
