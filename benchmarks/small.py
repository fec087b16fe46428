"""Print the time of default fits of small and middle tables beside LogisticRegression's.

python benchmarks/small.py [SET ...]            skmax now, beside the stored times of the peers
python benchmarks/small.py --peers [SET ...]    measure the peers anew, and store their times
python benchmarks/small.py --minima [SET ...]   find the minima anew, and store them

One thread, warm, C = 0.01, 1, 100, the defaults of both but for max_iter=1000. The peer of a fit is
the faster of the solvers lbfgs and newton-cholesky (the latter for at most 5000 coefficients); one
that warns does not count where the other does not, and a fit is stopped after 60 s. The gap is that
of skmax: the true one, evaluated without it, and beside it how many times its estimate is as large.
"""

import argparse
import contextlib
import functools
import json
import math
import signal
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

sys.path.append(str(Path(__file__).resolve().parent))  # PYTHONSAFEPATH leaves it out

from benchmark_utils.machine import describe
from benchmark_utils.small_tables import SCALINGS, tables
from benchmark_utils.value import evaluate

from skmax import SoftmaxRegression

STRENGTHS = (0.01, 1.0, 100.0)
SOLVERS = ("lbfgs", "newton-cholesky")
MOST_COEFFICIENTS = 5000  # for newton-cholesky
LIMIT = 60  # seconds
LONG, MOST_REPEATS = 0.5, 15  # seconds that a fit is repeated for, and how often at most
STORE = Path(__file__).parent / "peers" / "small.json"
FASTER, SLOWEST = 3.0, 0.9  # asked for: the geometric mean, and the least ratio


def main(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", metavar="SET")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--minima", action="store_true")
    parser.add_argument("--rows", type=int, help="leave out tables of more rows")
    options = parser.parse_args(arguments)
    stored = json.loads(STORE.read_text()) if STORE.exists() else {"machine": "", "fits": {}}
    warnings.simplefilter("ignore")
    # What did not come with the install is compiled now.
    compile_all = [sys.executable, "-m", "skmax", "--compile"]
    subprocess.run(compile_all, check=True, stdout=subprocess.DEVNULL)
    with threadpool_limits(1):
        if options.peers or options.minima:
            store(stored, options)
        else:
            compare(stored["fits"], options.sets, options.rows)
            print(f"\nPeers: {stored['machine']}.")
            here = this_machine()
            if here != stored["machine"]:
                print(f"This is another machine: {here}. Ratios hold after --peers alone.")
    return 0


def this_machine():
    """Return what peers are measured on."""
    return describe("scikit-learn", "numpy", "scipy")


def store(stored, options):
    """Measure the peers or the minima, and keep what is known after each table."""
    for table in tables(options.sets):
        X, y = table.read()
        if options.rows and len(y) > options.rows:
            continue
        for C in STRENGTHS:
            known = stored["fits"].setdefault(f"{table} C={C:g}", {})
            if options.peers:
                stored["machine"] = this_machine()
                known["peers"] = {name: peer(X, y, C, name) for name in SOLVERS}
            else:
                tight = SoftmaxRegression(C=C, tol=1e-12, max_iter=10_000, n_jobs=1).fit(X, y)
                known["minimum"] = evaluate(X, y, tight.coef_, tight.intercept_, C)[0]
            print(f"{table} C={C:g}: {json.dumps(known)}", flush=True)
        STORE.parent.mkdir(exist_ok=True)
        STORE.write_text(json.dumps(stored, indent=1) + "\n")


def peer(X, y, C, solver):
    """Return what a fit of LogisticRegression takes and whether it warns, None if not tried."""
    n_classes = y.max() + 1
    size = (n_classes if n_classes > 2 else 1) * (X.shape[1] + 1)
    if solver == "newton-cholesky" and size > MOST_COEFFICIENTS:
        return None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = LogisticRegression(C=C, solver=solver, max_iter=1000)
            seconds, model = timed(functools.partial(model.fit, X, y))
        except TimeoutError:
            return {"seconds": LIMIT, "warns": True}
    value = evaluate(X, y, model.coef_, model.intercept_, C)[0]
    return {"seconds": seconds, "warns": bool(caught), "value": value}


def compare(stored, sets, most_rows):
    """Print a row for each table, and what holds for all."""
    cells = [f"C={C:g}: ms (ratio) gap x estimate" for C in STRENGTHS]
    print("| " + " | ".join(["data", "rows x columns, classes", *cells]) + " |")
    print("|---|---|" + "---:|" * len(STRENGTHS))
    ratios, gaps, wrong, stopped = {}, {}, [], []
    for table in tables(sets):
        X, y = table.read()
        if most_rows and len(y) > most_rows:
            continue
        row = [str(table), f"{X.shape[0]} x {X.shape[1]}, {y.max() + 1}"]
        for C in STRENGTHS:
            label = f"{table} C={C:g}"
            known = stored.get(label, {})
            model = SoftmaxRegression(C=C, n_jobs=1)
            try:
                seconds, model = timed(functools.partial(model.fit, X, y))
            except TimeoutError:
                seconds, model = LIMIT, None
                stopped.append(label)
            text = f"{seconds * 1e3:.3g}"
            if "peers" in known:
                ratios[label] = best(known["peers"]) / seconds
                text += f" ({ratios[label]:.3g})"
            if model and "minimum" in known:
                value = evaluate(X, y, model.coef_, model.intercept_, C)[0]
                gaps[label] = gap = value / known["minimum"] - 1
                text += f" {gap:.0e} x {model.optimality_gap_ / gap if gap > 0 else math.inf:.2g}"
                if not model.converged_ or gap > model.tol:
                    wrong.append(label)
            row.append(text)
        print("| " + " | ".join(row) + " |", flush=True)
    if ratios:
        summary(ratios)
    if gaps:
        print(f"largest of {len(gaps)} gaps: {max(gaps.values()):.2g}")
        print(f"not within tol: {wrong or 'none'}")
    print(f"not ended within {LIMIT} s: {stopped or 'none'}")


def summary(ratios):
    """Print the ratios of each set, over its draws, and what was asked for beside what there is."""
    columns = [(scaling, C) for scaling in SCALINGS for C in STRENGTHS]
    print("\n| data | " + " | ".join(f"{scaling}, C={C:g}" for scaling, C in columns) + " |")
    print("|---|" + "---:|" * len(columns))
    of_set = {}
    for label, ratio in ratios.items():
        name, *_, scaling, C = label.split()
        of_set.setdefault(name, {}).setdefault(f"{scaling} {C}", []).append(ratio)
    for name, cells in of_set.items():
        found = (cells.get(f"{scaling} C={C:g}") for scaling, C in columns)
        texts = (f"{statistics.geometric_mean(cell):.3g}" if cell else "" for cell in found)
        print(f"| {name} | {' | '.join(texts)} |")
    mean = statistics.geometric_mean(ratios.values())
    print(f"\ngeometric mean {mean:.3g} (asked for: {FASTER:g}), {len(ratios)} fits")
    slow = {label: ratio for label, ratio in ratios.items() if ratio < SLOWEST}
    print(f"below {SLOWEST:g}: {len(slow)}")
    for label, ratio in sorted(slow.items(), key=lambda item: item[1]):
        print(f"  {label}: {ratio:.3g}")


def best(peers):
    """Return the time of the faster peer, of those that do not warn if there are any."""
    fits = [fit for fit in peers.values() if fit]
    quiet = [fit for fit in fits if not fit["warns"]]
    return min(fit["seconds"] for fit in quiet or fits)


def timed(fit):
    """Return the median time of a fit, repeated, and the model."""
    seconds = []
    with stopped_after(LIMIT):
        begun = time.perf_counter()
        model = fit()
        first = time.perf_counter() - begun
    if first > LONG:
        return first, model
    while len(seconds) < 3 or (sum(seconds) < LONG and len(seconds) < MOST_REPEATS):
        begun = time.perf_counter()
        fit()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds), model


@contextlib.contextmanager
def stopped_after(limit):
    """Raise TimeoutError in what takes more than so many seconds."""

    def stop(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
