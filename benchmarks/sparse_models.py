"""Print the time of fits with an L1 norm beside scikit-learn's saga, at equal objective.

python benchmarks/sparse_models.py [SET[:ROWS] ...] [--limit SECONDS]

The L1 norm and the elastic net (l1_ratio 0.5) at 1/3, 1/30 and 1/300 of the smallest penalty that
leaves no coefficient; dense sets are standardised. Time until the objective is within 1e-5 of the
minimum, which a tight fit finds: skmax by that tolerance, both threads; saga in one run, which is
continued by warm starts, its objective evaluated in between, and stopped after `limit` seconds.
"""

import argparse
import statistics
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

sys.path.append(str(Path(__file__).resolve().parent))  # PYTHONSAFEPATH leaves it out

from benchmark_utils.data import load
from benchmark_utils.machine import describe
from benchmark_utils.value import evaluate

from skmax import SoftmaxRegression

SETS = ("letter", "mnist:10000", "news20", "leukemia_all", "covtype:50000", "dna")
RATIOS, SHARES = (1.0, 0.5), (3, 30, 300)
GAP, TIGHT = 1e-5, 1e-9
FIRST, GROWTH = 2, 1.5  # epochs of saga before its objective is first evaluated, and then
ASKED = 20.0  # the geometric mean of the ratios


def main(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", default=SETS, metavar="SET[:ROWS]")
    parser.add_argument("--limit", type=float, default=120.0)
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    print(f"{describe('skmax', 'scikit-learn', 'numpy')}. saga is stopped after "
          f"{options.limit:g} s.\n")  # fmt: skip
    columns = ["data", "rows x columns, classes", "l1_ratio", "penalty", "not 0"]
    print(f"| {' | '.join(columns)} | skmax, s | saga, s | ratio |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    ratios = []
    for text in options.sets:
        name, _, rows = text.partition(":")
        X, y = load(name, rows=int(rows) if rows else None, scaling="raw")
        if not sp.issparse(X):
            X = StandardScaler().fit_transform(X)
        strongest = largest_slope(X, y)
        for l1_ratio in RATIOS:
            for share in SHARES:
                C = share * l1_ratio / (len(y) * strongest)
                ratios.append(row(text, X, y, C, l1_ratio, share, options.limit))
    print(f"\ngeometric mean {statistics.geometric_mean(ratios):.3g} (asked for: {ASKED:g}), "
          f"smallest {min(ratios):.3g}")  # fmt: skip


def largest_slope(X, y):
    """Return the largest entry of the mean loss's gradient where all coefficients are 0."""
    targets = np.eye(y.max() + 1)[y]
    residual = targets.mean(axis=0) - targets
    if residual.shape[1] == 2:
        residual = residual[:, 1:]
    return np.abs(X.T @ residual).max() / len(y)


def row(text, X, y, C, l1_ratio, share, limit):
    """Print a case, and return how many times as long saga takes."""
    settings = {"C": C, "l1_ratio": l1_ratio}
    SoftmaxRegression(**settings, max_iter=2).fit(X, y)  # what is loaded is loaded now
    begun = time.perf_counter()
    model = SoftmaxRegression(**settings, tol=GAP).fit(X, y)
    ours = time.perf_counter() - begun
    tight = SoftmaxRegression(**settings, tol=TIGHT).fit(X, y)
    best = evaluate(X, y, tight.coef_, tight.intercept_, C, l1_ratio)[0]
    value = evaluate(X, y, model.coef_, model.intercept_, C, l1_ratio)[0]
    theirs = saga(X, y, settings, best * (1 + GAP), limit)
    ratio, missed = min(theirs, limit) / ours, "" if value <= best * (1 + GAP) else " !"
    print(
        f"| {text} | {X.shape[0]} x {X.shape[1]}, {y.max() + 1} | {l1_ratio:g} | 1/{share} "
        f"| {(tight.coef_ != 0).mean():.2%} | {ours:.3g}{missed} "
        f"| {'> ' if theirs > limit else ''}{min(theirs, limit):.3g} | {ratio:.3g} |",
        flush=True,
    )
    return ratio


def saga(X, y, settings, aim, limit):
    """Return the seconds that saga takes to the objective `aim`; inf where it is stopped before."""
    model = LogisticRegression(
        **settings, solver="saga", tol=1e-30, max_iter=FIRST, warm_start=True, random_state=0
    )
    seconds = 0.0
    while seconds <= limit:
        begun = time.perf_counter()
        model.fit(X, y)
        seconds += time.perf_counter() - begun
        if evaluate(X, y, model.coef_, model.intercept_, **settings)[0] <= aim:
            return seconds
        # No longer than what is left, by what an epoch took.
        epochs = (limit - seconds) / (time.perf_counter() - begun) * model.max_iter
        model.max_iter = max(1, int(min(GROWTH * model.max_iter, epochs + 1)))
    return np.inf


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
