"""What the default settings reach: SoftmaxRegression() beside each solver of LogisticRegression().

Promised: SoftmaxRegression() converges without a warning, its objective is at most 1 + 1e-6 times
the lowest that LogisticRegression's solvers or a tight fit of its own reach, and its training
logits agree with those of the tight fit to 1e-2 (root mean square).
"""

import math
import sys

import numpy as np

from .data import Unavailable, load
from .machine import describe
from .race import REFERENCE_LIMITS, TOLERANCES
from .value import evaluate, logit_blocks
from .workers import Stopped, Worker

WORSE = 1e-6
LOGITS_APART = 1e-2
HEADER = (
    "data", "skmax s", "solver_", "converged_", "skmax warns", "sklearn s", "sklearn warns",
    "above lowest of sklearn", "best sklearn solver", "gap", "logits apart", "kept",
)  # fmt: skip


def table(sets, solvers, *, C, limit):
    """Print one row for each set; return 1 where a promise is broken, else 0."""
    print(f"C={C:g}; {describe('skmax', 'scikit-learn', 'numpy', 'numba')}.\n")
    print("| " + " | ".join(HEADER) + " |")
    print("|---" * len(HEADER) + "|")
    kept = True
    for label, settings in sets.items():
        try:
            cells, good = _row(settings, solvers, C, limit)
        except (Unavailable, Stopped) as error:
            cells, good = [str(error)], False
        print("| " + " | ".join([label, *cells]) + " |", flush=True)
        kept = kept and good
    return 0 if kept else 1


def _row(settings, solvers, C, limit):
    """Return the cells of a set and whether the promises are kept there."""
    data = {**settings, "dtype": "float64"}
    X, y = load(**data)

    def value(fit):
        return evaluate(X, y, fit.coef, fit.intercept, C)[0]

    # In one process, the tight fit first: the default one is then timed with its kernels compiled.
    tight, ours = _fits(
        "skmax", {}, data, C, {TOLERANCES[-1]: REFERENCE_LIMITS * limit, None: limit}
    )
    peers = {}
    for solver in solvers:
        try:
            peers[solver] = _fits("scikit-learn", {"solver": solver}, data, C, {None: limit})[0]
        except Stopped as reason:
            print(f"{settings['name']}: {solver}: {reason}", file=sys.stderr)
    values = {solver: value(fit) for solver, fit in peers.items()}
    best = min(values, key=values.get, default=None)
    above = value(ours) / values[best] - 1 if best else math.nan
    gap = value(ours) / min([value(tight), *values.values()]) - 1
    apart = logits_apart(X, ours, tight)
    quiet = ours.info["converged_"] and not ours.info["warnings"]
    good = quiet and not above > WORSE and gap <= WORSE and apart <= LOGITS_APART
    theirs = peers.get("lbfgs")
    return [
        f"{ours.seconds:.3g}", str(ours.info["solver_"]), str(ours.info["converged_"]),
        _warnings(ours), f"{theirs.seconds:.3g}" if theirs else "-",
        _warnings(theirs) if theirs else "-", f"{above:+.1e}", best or "-", f"{gap:.1e}",
        f"{apart:.1e}", "yes" if good else "NO",
    ], good  # fmt: skip


def _fits(library, options, data, C, limits):
    """Fit at each tolerance, within its limit, in one process; None is the default tolerance."""
    worker = Worker(library, options, data, C)
    try:
        return [worker.fit(tol, limit) for tol, limit in limits.items()]
    finally:
        worker.close()


def logits_apart(X, fit, other):
    """Return |dZ|_F / sqrt(n K) of two fits' logits, centred over the classes for K >= 3."""
    coef = np.asarray(fit.coef, dtype=np.float64) - other.coef
    intercept = np.asarray(fit.intercept, dtype=np.float64) - other.intercept
    if len(coef) > 1:
        coef, intercept = coef - coef.mean(axis=0), intercept - intercept.mean()
    total = sum(np.square(Z).sum() for _, Z in logit_blocks(X, coef, intercept))
    return math.sqrt(total / (X.shape[0] * len(coef)))


def _warnings(fit):
    return ", ".join(fit.info["warnings"]) or "no"
