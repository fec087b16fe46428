"""Print what a user waits for, and the memory of a fit, beside LogisticRegression.

python benchmarks/everyday.py predict           predict_proba of one row and of a million
python benchmarks/everyday.py memory [SET ...]  peak memory of a fit beyond X (Linux)
python benchmarks/everyday.py float32 [SET ...] default fits of skmax in float32 and float64
"""

import argparse
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

sys.path.append(str(Path(__file__).resolve().parent))  # PYTHONSAFEPATH leaves it out

from benchmark_utils.data import load
from benchmark_utils.machine import describe
from benchmark_utils.sets import PANEL, expand

from skmax import SoftmaxRegression

MODELS = {"skmax": SoftmaxRegression, "scikit-learn": LogisticRegression}


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["predict", "memory", "memory-of-one", "float32"])
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
    else:
        float32(options.rest or PANEL, options.repeats)
    return 0


def predict(repeats):
    """One row, and a million of 50 columns and 10 classes."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20_000, 50)), rng.integers(0, 10, 20_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        models = {
            "skmax": SoftmaxRegression().fit(X, y),
            "scikit-learn": LogisticRegression(max_iter=30).fit(X, y),
        }
    for n_rows, unit, name in [(1, 1e6, "us"), (1_000_000, 1e3, "ms")]:
        rows = rng.normal(size=(n_rows, 50))
        times = {library: [] for library in models}
        for _ in range(100 * repeats if n_rows == 1 else repeats):
            for library, model in models.items():
                begun = time.perf_counter()
                model.predict_proba(rows)
                times[library].append(time.perf_counter() - begun)
        ours, theirs = (statistics.median(times[library]) for library in models)
        print(
            f"predict_proba of {n_rows} rows: skmax {ours * unit:.3g} {name}, "
            f"scikit-learn {theirs * unit:.3g} {name}, ratio {theirs / ours:.2f}"
        )


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
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _status("VmRSS")
    make().fit(X, y)
    return f"{size / 1e6} {(_status('VmHWM') - before) / 1e3}"


def _status(name):
    """A number of kB from what the kernel knows of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise LookupError(name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
