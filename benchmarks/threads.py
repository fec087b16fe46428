"""Print what two threads bring to fits of SoftmaxRegression, with something else on the machine.

python benchmarks/threads.py [SET ...] [--beside nothing|busy|real-time|one-core]    (Linux)

Standardised tables (simulated ones as they are) of 1000 to 10,000 rows, default settings, n_jobs=1
and 2 in turn. Fits too small for a second thread are left out: they run on one either way.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

from threadpoolctl import threadpool_limits

sys.path.append(str(Path(__file__).resolve().parent))  # PYTHONSAFEPATH leaves it out

from benchmark_utils.beside import BESIDE
from benchmark_utils.machine import describe
from benchmark_utils.small_tables import SIMULATED, tables

from skmax import SoftmaxRegression
from skmax.linear_model._problem import SMALL

SECONDS, MOST = 2.0, 5.0  # that a pair is repeated for; of a fit, beyond which it is left out
ALLOWED = 1.15  # times its own one thread


def main(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", metavar="SET")
    parser.add_argument("--beside", choices=BESIDE, default="nothing")
    options = parser.parse_args(arguments)
    print(f"{describe('skmax', 'numpy')}; beside {options.beside}.\n")
    print("| data | rows x columns, classes | one thread, ms | two / one |")
    print("|---|---|---:|---:|")
    ratios = {}
    with threadpool_limits(1), BESIDE[options.beside]():
        for table in tables(options.sets):
            X, y = table.read()
            n_classes = int(y.max()) + 1
            entries = X.nnz if hasattr(X, "nnz") else X.size
            operations = entries * (n_classes if n_classes > 2 else 1)
            if table.scaling != wanted(table) or operations < SMALL:
                continue
            one, ratio = in_turn(X, y)
            if one < MOST:
                ratios[str(table)] = ratio
                size = f"{X.shape[0]} x {X.shape[1]}, {n_classes}"
                print(f"| {table} | {size} | {one * 1e3:.3g} | {ratio:.2f} |", flush=True)
    mean = statistics.geometric_mean(ratios.values())
    slower = {label: round(ratio, 2) for label, ratio in ratios.items() if ratio > ALLOWED}
    print(f"\ngeometric mean {mean:.2f}; above {ALLOWED:g}: {slower or 'none'}")


def wanted(table):
    """Return the scaling of the set's table that is looked at."""
    return "raw" if table.name in SIMULATED else "standardised"


def in_turn(X, y):
    """Return the median time on one thread, and that of two as a multiple of it."""
    times = {1: [], 2: []}
    begun = time.perf_counter()
    while not times[2] or (time.perf_counter() - begun < SECONDS and len(times[2]) < 50):
        for threads in (1, 2) if len(times[2]) % 2 else (2, 1):
            fit_begun = time.perf_counter()
            SoftmaxRegression(n_jobs=threads).fit(X, y)
            times[threads].append(time.perf_counter() - fit_begun)
    one = statistics.median(times[1])
    return one, statistics.median(times[2]) / one


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
