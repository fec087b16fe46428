"""Print the time of SoftmaxRegressionCV beside LogisticRegressionCV's: 10 penalties, five folds.

python benchmarks/cross_validation.py [SET[:ROWS] ...] [--limit SECONDS] [--l1]

Log loss chooses; the peer is the faster of lbfgs and newton-cholesky (up to 5000 coefficients) with
`max_iter=1000, n_jobs=2`, in a process of its own that is stopped after `limit` seconds; dense sets
are scaled. `--l1`: with an L1 norm, beside saga at its default tolerance, on one fold and three of
the penalties, scaled up to all (marked ~). "fits" is the time over that of one SoftmaxRegression
with the smallest penalty.
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
    peer = "saga" if options.l1 else "LogisticRegressionCV"
    print(f"| data | rows x columns, classes | skmax, s | fits | {peer}, s | ratio | C | its C |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    ratios = [row(text, options.l1, options.limit) for text in options.sets]
    print(f"\ngeometric mean {statistics.geometric_mean(ratios):.3g} (asked for: "
          f"{ASKED[options.l1]:g}), smallest {min(ratios):.3g}; fits: {MOST_FITS} at most asked "
          "for")  # fmt: skip


def row(text, l1, limit):
    """Print a case, and return how many times as long the peer takes."""
    name, _, rows = text.partition(":")
    X, y = load(name, rows=int(rows) if rows else None, scaling="scaled")
    l1_ratio = float(l1)
    SoftmaxRegressionCV(Cs=2, cv=2, max_iter=3).fit(X[:500], y[:500])  # loads what there is to load
    begun = time.perf_counter()
    model = SoftmaxRegressionCV(Cs=N_PENALTIES, l1_ratios=[l1_ratio]).fit(X, y)
    ours = time.perf_counter() - begun
    begun = time.perf_counter()
    SoftmaxRegression(C=model.Cs_[-1], l1_ratio=l1_ratio).fit(X, y)
    one = time.perf_counter() - begun
    theirs, chosen = saga(X, y, model.Cs_, limit) if l1 else peer(X, y, limit)
    over = "> " if theirs > limit else "~ " if l1 else ""
    theirs = min(theirs, limit)
    print(
        f"| {text} | {X.shape[0]} x {X.shape[1]}, {y.max() + 1} | {ours:.3g} | {ours / one:.3g} "
        f"| {over}{theirs:.3g} | {theirs / ours:.3g} | {model.C_:.3g} | {chosen:.3g} |",
        flush=True,
    )
    return theirs / ours


def peer(X, y, limit):
    """Return the seconds of the faster solver and the C that it chooses."""
    solvers = ["lbfgs"]
    if X.shape[1] * (y.max() + 1) <= MOST_COEFFICIENTS and isinstance(X, np.ndarray):
        solvers.append("newton-cholesky")
    return min(within(limit, fit_peer, X, y, solver) for solver in solvers)


def fit_peer(X, y, solver):
    """Return the seconds of LogisticRegressionCV with a solver, and the C that it chooses."""
    warnings.simplefilter("ignore")
    model = LogisticRegressionCV(
        Cs=N_PENALTIES, l1_ratios=(0.0,), scoring="neg_log_loss", solver=solver, max_iter=1000,
        n_jobs=2, use_legacy_attributes=False,
    )  # fmt: skip
    model.fit(X[:200], y[:200])  # starts the workers
    begun = time.perf_counter()
    model.fit(X, y)
    return time.perf_counter() - begun, model.C_


def saga(X, y, Cs, limit):
    """Return the seconds that saga would take on all folds and penalties, by those of some."""
    train = next(StratifiedKFold(N_FOLDS).split(X, y))[0]
    some = Cs[[len(Cs) // 6, len(Cs) // 2, len(Cs) - 1 - len(Cs) // 6]]
    seconds, _ = within(limit, fit_saga, X[train], y[train], some)
    return seconds * N_FOLDS * len(Cs) / len(some) / 2, np.nan  # by two workers


def fit_saga(X, y, Cs):
    """Return the seconds of saga along some penalties, each from the last one's optimum."""
    warnings.simplefilter("ignore")
    model = LogisticRegression(solver="saga", l1_ratio=1.0, max_iter=1000, warm_start=True)
    begun = time.perf_counter()
    for C in Cs:
        model.set_params(C=C).fit(X, y)
    return time.perf_counter() - begun, np.nan


def within(limit, function, *arguments):
    """Return what a function returns in a process of its own; (inf, nan) where it takes longer."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def run():
        os.setsid()  # its workers end with it
        sender.send(function(*arguments))

    process = context.Process(target=run)
    process.start()
    told = receiver.recv() if receiver.poll(limit + 10) else (np.inf, np.nan)
    os.killpg(process.pid, signal.SIGKILL)
    process.join()
    return told


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
