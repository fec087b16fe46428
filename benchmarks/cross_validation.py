"""Print the time of SoftmaxRegressionCV beside LogisticRegressionCV's: 10 penalties, five folds.

python benchmarks/cross_validation.py [SET[:ROWS] ...] [--limit SECONDS] [--l1]

Log loss chooses; the peer is the faster of lbfgs and newton-cholesky (up to 5000 coefficients) with
`n_jobs=2`, in a process of its own that is stopped after `limit` seconds; dense sets are scaled.
It runs with its default tolerance and max_iter=1000, where "off by" is how far its mean scores are
from those of skmax at most; and with a tolerance that is lowered until they are within 1e-3.
`--l1`: with an L1 norm, beside saga at its default tolerance, on one fold and three of the
penalties, scaled up to all (marked ~). "fits" is the time over that of one SoftmaxRegression with
the smallest penalty.
"""

import argparse
import multiprocessing
import os
import signal
import statistics
import sys
import time
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import StratifiedKFold

sys.path.append(str(Path(__file__).resolve().parent))  # PYTHONSAFEPATH leaves it out

from benchmark_utils.data import load
from benchmark_utils.machine import describe

from skmax import SoftmaxRegression, SoftmaxRegressionCV

SETS = ("digits", "letter:5000", "mnist:10000", "news20")
N_PENALTIES, N_FOLDS, MOST_COEFFICIENTS = 10, 5, 5000
ASKED, MOST_FITS = {False: 15.0, True: 20.0}, 6
TOLERANCES = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10)  # of the peer, its default first
NEAR, MOST_ITERATIONS = 1e-3, 100_000  # of its mean scores to ours, and of its fits to get there


class Peer(NamedTuple):
    """A cross-validation of the peer: its seconds, the C that it chooses, and its mean scores."""

    seconds: float
    C: float
    scores: np.ndarray

    def off(self, scores):
        """Return how far its scores are from others at most."""
        return float(np.abs(self.scores - scores).max())


TOO_LONG = Peer(np.inf, np.nan, np.full(N_PENALTIES, np.inf))


def main(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", default=SETS, metavar="SET[:ROWS]")
    parser.add_argument("--limit", type=float, default=1200.0)
    parser.add_argument("--l1", action="store_true")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    print(f"{describe('skmax', 'scikit-learn', 'numpy')}; stopped after {options.limit:g} s.\n")
    columns = ("saga, s", "times faster") if options.l1 else (
        "LogisticRegressionCV, s", "times faster", "off by", "within 1e-3, s", "times faster", "C",
        "its C",
    )  # fmt: skip
    print(f"| data | rows x columns, classes | skmax, s | fits | {' | '.join(columns)} |")
    print("|---|---|" + "---:|" * (2 + len(columns)))
    row = row_of_saga if options.l1 else row_of_peer
    ratios = zip(*[row(text, options.limit) for text in options.sets], strict=True)
    means = " and ".join(f"{statistics.geometric_mean(some):.3g}" for some in ratios)
    print(f"\ngeometric mean {means} (asked for: {ASKED[options.l1]:g}); fits: {MOST_FITS} at most "
          "asked for")  # fmt: skip


def row_of_peer(text, limit):
    """Print a case, and return how many times as long the peer takes, either way."""
    X, y, model, ours, one = cross_validated(text, 0.0)
    scores = model.scores_.mean(axis=(0, 1))
    solvers = ["lbfgs"]
    if X.shape[1] * (y.max() + 1) <= MOST_COEFFICIENTS and isinstance(X, np.ndarray):
        solvers.append("newton-cholesky")
    ways = zip(*[by_default_and_near(X, y, solver, scores, limit) for solver in solvers],
               strict=True)  # fmt: skip
    default, near = (min(some, key=lambda found: found.seconds) for some in ways)
    print_row(text, X, y, ours, one, *against(default.seconds, ours, limit),
              f"{default.off(scores):.2g}", *against(near.seconds, ours, limit),
              f"{model.C_:.3g}", f"{default.C:.3g}")  # fmt: skip
    return [min(found.seconds, limit) / ours for found in (default, near)]


def by_default_and_near(X, y, solver, scores, limit):
    """Return the peer with its default tolerance, and with one at which its scores are near."""
    default = found = within(limit, fit_peer, X, y, solver, TOLERANCES[0]) or TOO_LONG
    for tol in TOLERANCES[1:]:
        if found.off(scores) <= NEAR or found is TOO_LONG:
            break
        found = within(limit, fit_peer, X, y, solver, tol) or TOO_LONG
    return default, found if found.off(scores) <= NEAR else TOO_LONG


def row_of_saga(text, limit):
    """Print a case, and return how many times as long saga would take."""
    X, y, model, ours, one = cross_validated(text, 1.0)
    theirs = saga(X, y, model.Cs_, limit)
    print_row(text, X, y, ours, one, *against(theirs, ours, limit, "~ "))
    return [min(theirs, limit) / ours]


def cross_validated(text, l1_ratio):
    """Return data, a fitted SoftmaxRegressionCV, its seconds, and those of a fit of its last C."""
    name, _, rows = text.partition(":")
    X, y = load(name, rows=int(rows) if rows else None, scaling="scaled")
    SoftmaxRegressionCV(Cs=2, cv=2, max_iter=3).fit(X[:500], y[:500])  # loads what there is to load
    begun = time.perf_counter()
    model = SoftmaxRegressionCV(Cs=N_PENALTIES, l1_ratios=[l1_ratio]).fit(X, y)
    ours = time.perf_counter() - begun
    begun = time.perf_counter()
    SoftmaxRegression(C=model.Cs_[-1], l1_ratio=l1_ratio).fit(X, y)
    return X, y, model, ours, time.perf_counter() - begun


def against(theirs, ours, limit, mark=""):
    """Return the seconds of a peer and how many times ours they are, as text."""
    mark, theirs = ("> ", limit) if theirs > limit else (mark, theirs)
    return f"{mark}{theirs:.3g}", f"{mark}{theirs / ours:.3g}"


def print_row(text, X, y, ours, one, *cells):
    """Print a line of the table."""
    shape = f"{X.shape[0]} x {X.shape[1]}, {y.max() + 1}"
    print("|", " | ".join([text, shape, f"{ours:.3g}", f"{ours / one:.3g}", *cells]), "|",
          flush=True)  # fmt: skip


def fit_peer(X, y, solver, tol):
    """Return LogisticRegressionCV with a solver, as a Peer."""
    warnings.simplefilter("ignore")
    model = LogisticRegressionCV(
        Cs=N_PENALTIES, l1_ratios=(0.0,), scoring="neg_log_loss", solver=solver, tol=tol, n_jobs=2,
        max_iter=1000 if tol == TOLERANCES[0] else MOST_ITERATIONS, use_legacy_attributes=False,
    )  # fmt: skip
    model.fit(X[:200], y[:200])  # starts the workers
    begun = time.perf_counter()
    model.fit(X, y)
    seconds = time.perf_counter() - begun
    return Peer(seconds, model.C_, model.scores_.mean(axis=(0, 1)))


def saga(X, y, Cs, limit):
    """Return the seconds that saga would take on all folds and penalties, by those of some."""
    train = next(StratifiedKFold(N_FOLDS).split(X, y))[0]
    some = Cs[[len(Cs) // 6, len(Cs) // 2, len(Cs) - 1 - len(Cs) // 6]]
    seconds = within(limit, fit_saga, X[train], y[train], some) or np.inf
    return seconds * N_FOLDS * len(Cs) / len(some) / 2  # by two workers


def fit_saga(X, y, Cs):
    """Return the seconds of saga along some penalties, each from the last one's optimum."""
    warnings.simplefilter("ignore")
    model = LogisticRegression(solver="saga", l1_ratio=1.0, max_iter=1000, warm_start=True)
    begun = time.perf_counter()
    for C in Cs:
        model.set_params(C=C).fit(X, y)
    return time.perf_counter() - begun


def within(limit, function, *arguments):
    """Return what a function returns in a process of its own; None where it takes longer."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def run():
        os.setsid()  # its workers end with it
        sender.send(function(*arguments))

    process = context.Process(target=run)
    process.start()
    told = receiver.recv() if receiver.poll(limit + 10) else None
    os.killpg(process.pid, signal.SIGKILL)
    process.join()
    return told


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
