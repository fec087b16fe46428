"""Print what a user waits for, and the memory of a fit, beside LogisticRegression.

python benchmarks/everyday.py predict           predict_proba of 1, 100 and 20,000 rows
python benchmarks/everyday.py memory [SET ...]  peak memory of a fit beyond X (Linux)
python benchmarks/everyday.py hashed [SET ...]  seconds and memory of a default fit of skmax, the
                                                columns of a sparse set spread over 2^20 (Linux)
python benchmarks/everyday.py float32 [SET ...] default fits of skmax in float32 and float64
"""

import argparse
import itertools
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

sys.path.append(str(Path(__file__).resolve().parent))  # PYTHONSAFEPATH leaves it out

from benchmark_utils.data import load
from benchmark_utils.machine import describe
from benchmark_utils.memory import forget_the_peak, peak, resident
from benchmark_utils.sets import PANEL, expand

from skmax import SoftmaxRegression

MODELS = {"skmax": SoftmaxRegression, "scikit-learn": LogisticRegression}


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["predict", "memory", "memory-of-one", "hashed", "float32"])
    parser.add_argument("rest", nargs="*")
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args(arguments)
    if options.what == "memory-of-one":
        return print(memory_of_one(*options.rest))
    print(f"{describe('skmax', 'scikit-learn', 'numpy', 'numba')}.\n")
    if options.what == "predict":
        predict(options.repeats)
    elif options.what == "memory":
        memory(options.rest or PANEL)
    elif options.what == "hashed":
        hashed(options.rest or ["news20"])
    else:
        float32(options.rest or PANEL, options.repeats)
    return 0


ROWS = (1, 100, 20_000)
SHAPE = (ROWS[-1], 30)
TEXTS = (ROWS[-1], 41_416)  # of the columns a row fills 100
PREDICTIONS = {
    "float64": lambda rng: rng.normal(size=SHAPE),
    "DataFrame": lambda rng: pd.DataFrame(rng.normal(size=SHAPE)).add_prefix("column "),
    "int8": lambda rng: rng.integers(-60, 60, SHAPE, dtype=np.int8),
    "CSR": lambda rng: sp.random(*TEXTS, 100 / TEXTS[1], format="csr", random_state=rng),
}
SECONDS = 0.4  # of one figure
HASHES = 2**20  # columns that a hashing vectorizer has by default


def predict(repeats):
    """`predict_proba` of few and many rows, in turn with scikit-learn's."""
    print("| rows | classes | X | skmax, us | scikit-learn, us | skmax / the other |")
    print("|---:|---:|---|---:|---:|---:|")
    slower = []
    for kind, n_classes in itertools.product(PREDICTIONS, (2, 20)):
        X, models = _fitted_models(kind, n_classes)
        for n_rows in ROWS:
            rows = X.iloc[:n_rows] if hasattr(X, "iloc") else X[:n_rows]
            ours, theirs, ratio = _in_turn(models, rows, repeats)
            print(
                f"| {n_rows} | {n_classes} | {kind} | {ours * 1e6:.3g} | {theirs * 1e6:.3g} "
                f"| {ratio:.3g} |",
                flush=True,
            )
            if ratio > 1:
                slower.append((n_rows, n_classes, kind))
    print(f"\nSlower than scikit-learn: {slower or 'none'}.")


def _fitted_models(kind, n_classes):
    """20,000 rows, and a model of each library fitted to some of them."""
    rng = np.random.default_rng(0)
    X = PREDICTIONS[kind](rng)
    y = rng.integers(0, n_classes, ROWS[-1])
    some = X.iloc[:500] if hasattr(X, "iloc") else X[:500]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return X, [make(max_iter=5).fit(some, y[:500]) for make in MODELS.values()]


def _in_turn(models, rows, repeats):
    """The median times of `predict_proba` of both models, and the median of their ratios."""
    begun = time.perf_counter()
    for model in models:
        model.predict_proba(rows)
    rounds = max(repeats, int(SECONDS / (time.perf_counter() - begun)))
    times = []
    for turn in range(min(rounds, 1000)):
        pair = [0.0, 0.0]
        for index in (0, 1) if turn % 2 else (1, 0):
            begun = time.perf_counter()
            models[index].predict_proba(rows)
            pair[index] = time.perf_counter() - begun
        times.append(pair)
    ours, theirs = np.median(times, axis=0)
    return ours, theirs, statistics.median(one / other for one, other in times)


def float32(sets, repeats):
    """Default fits of skmax in both types, in turn; dense sets only."""
    print("| data | float64, s | float32, s | ratio |")
    print("|---|---:|---:|---:|")
    for label, settings in expand(sets).items():
        data = {dtype: load(**settings, dtype=dtype) for dtype in ("float64", "float32")}
        if not isinstance(data["float64"][0], np.ndarray):
            continue
        seconds = {dtype: [] for dtype in data}
        for _ in range(repeats + 1):
            for dtype, (X, y) in data.items():
                begun = time.perf_counter()
                SoftmaxRegression().fit(X, y)
                seconds[dtype].append(time.perf_counter() - begun)
        double, single = (statistics.median(seconds[dtype][1:]) for dtype in data)
        print(f"| {label} | {double:.3g} | {single:.3g} | {double / single:.2f} |", flush=True)


def memory(sets):
    """Peak memory of a fit beyond what was held before it, each in a process of its own."""
    print("| data | X, MB | skmax, MB | allowed, MB | scikit-learn (lbfgs), MB |")
    print("|---|---:|---:|---:|---:|")
    for text in sets:
        pieces = []
        for library in MODELS:
            command = [sys.executable, __file__, "memory-of-one", library, text]
            answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            pieces.append([float(number) for number in answer.split()])
        (size, ours), (_, theirs) = pieces
        allowed = 0.15 * size + 150
        print(f"| {text} | {size:.0f} | {ours:.0f} | {allowed:.0f} | {theirs:.0f} |", flush=True)


def memory_of_one(library, text):
    """Megabytes of X, and by how much the peak rose in a fit."""
    make = MODELS[library]
    warnings.simplefilter("ignore")
    make().fit(*load_iris(return_X_y=True))
    ((_, settings),) = expand([text]).items()
    X, y = load(**settings)
    size = X.nbytes if isinstance(X, np.ndarray) else X.data.nbytes + X.indices.nbytes
    some = np.linspace(0, len(y) - 1, 300).astype(int)
    make(max_iter=3).fit(X[some], y[some])  # what is compiled is compiled now
    forget_the_peak()
    before = resident()
    make().fit(X, y)
    return f"{size / 1e6} {peak() - before}"


def hashed(sets):
    """Seconds of a fit, and memory beyond X, where most columns of many have no entry."""
    print("| data | rows x columns | s | beyond X, MB |")
    print("|---|---|---:|---:|")
    for name in sets:
        X, y = load(name, scaling="raw")
        X = sp.csr_matrix(X)
        place = np.random.default_rng(0).permutation(HASHES)[: X.shape[1]].astype(X.indices.dtype)
        wide = sp.csr_matrix((X.data, place[X.indices], X.indptr), (X.shape[0], HASHES))
        wide.sort_indices()
        SoftmaxRegression().fit(X, y)  # what is compiled is compiled now
        forget_the_peak()
        before, begun = resident(), time.perf_counter()
        SoftmaxRegression().fit(wide, y)
        seconds = time.perf_counter() - begun
        print(
            f"| {name} | {X.shape[0]} x 2^20 | {seconds:.3g} | {peak() - before:.0f} |", flush=True
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
