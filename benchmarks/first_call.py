"""Print what the first call in a fresh process takes, a whole process, and the prediction of a row.

python benchmarks/first_call.py [calls] [CASE ...]  the first call, and the same call again
python benchmarks/first_call.py whole               import and fit of iris; import alone
python benchmarks/first_call.py predict             predict_proba of one row, warm

The first two start a process for each figure. What is compiled, or read from the disk, when a
kernel is first called is in the first call and not in the second; imports are in neither.
"""

import argparse
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from sklearn import neural_network
from sklearn.linear_model import LogisticRegression

sys.path.append(str(Path(__file__).resolve().parent))  # PYTHONSAFEPATH leaves it out

from benchmark_utils.data import simulate
from benchmark_utils.machine import describe

from skmax import MLPClassifier, SoftmaxRegression, _kernels, cross_entropy, softmax

FITTED = "SKMAX_FITTED_MODEL"  # names the file of a model that another process has fitted
PREDICTED_COLUMNS, PREDICTED_CLASSES = 50, 10


def fit(change=lambda X: X, *, shape=(1000, 20, 5), targets=lambda y: y, weight=False, **options):
    """A fit of simulated data, to be called."""
    X, y = simulate(*shape, condition=10)
    X, y = change(X), targets(y)
    sample_weight = np.linspace(0.5, 1.5, len(y)) if weight else None
    return lambda: SoftmaxRegression(**options).fit(X, y, sample_weight)


def fit_network(change=lambda X: X, *, targets=lambda y: y, method="fit", **options):
    """The same of a network, for a few epochs."""
    X, y = simulate(1000, 20, 5, condition=10)
    X, y = change(X), targets(y)
    rest = {"classes": np.unique(y)} if method == "partial_fit" else {}

    def call():
        model = MLPClassifier(max_iter=5, random_state=0, **options)
        return getattr(model, method)(X, y, **rest)

    return call


def predict_of(n_rows):
    """The probabilities that a model gives which came as a file."""
    model = pickle.loads(Path(os.environ[FITTED]).read_bytes())
    X = np.random.default_rng(0).normal(size=(n_rows, PREDICTED_COLUMNS))
    return lambda: model.predict_proba(X)


def of_logits(function, *rest):
    """A function of float32 logits."""
    logits = np.random.default_rng(0).normal(size=(1000, 10)).astype(np.float32)
    return lambda: function(logits, *rest)


def with_64_bit_indices(X):
    X = sp.csr_matrix(X)
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def soft(y):
    return 0.9 * np.eye(5)[y] + 0.02


def several(y):
    """Three labels for each row."""
    return np.column_stack([y == 0, y < 2, y < 4]).astype(int)


#: Each makes a call, without having called anything.
CASES = {
    "default": fit,
    "fortran": lambda: fit(np.asfortranarray),
    "float32": lambda: fit(np.float32),
    "csr-32": lambda: fit(sp.csr_matrix),
    "csr-64": lambda: fit(with_64_bit_indices),
    "two-classes": lambda: fit(shape=(1000, 20, 2)),
    "soft-labels": lambda: fit(targets=soft),
    "weights": lambda: fit(weight=True),
    "no-penalty": lambda: fit(C=np.inf),
    "3000-coefficients": lambda: fit(shape=(1000, 299, 10)),
    "predict-10": lambda: predict_of(10),
    "predict-100000": lambda: predict_of(100_000),
    "mlp-adam": fit_network,
    "mlp-sgd": lambda: fit_network(solver="sgd"),
    "mlp-lbfgs": lambda: fit_network(solver="lbfgs"),
    "mlp-early-stopping": lambda: fit_network(early_stopping=True),
    "mlp-dropout": lambda: fit_network(dropout=0.2),
    "mlp-multi-label": lambda: fit_network(targets=several),
    "mlp-csr": lambda: fit_network(sp.csr_matrix),
    "mlp-partial-fit": lambda: fit_network(method="partial_fit"),
    "softmax": lambda: of_logits(softmax),
    "cross-entropy": lambda: of_logits(cross_entropy, np.arange(1000) % 10),
}

IMPORTS = {
    "skmax": "from skmax import SoftmaxRegression as Model",
    "scikit-learn": "from sklearn.linear_model import LogisticRegression as Model",
}
FIT_IRIS = "; from sklearn.datasets import load_iris; Model().fit(*load_iris(return_X_y=True))"

#: Rows to fit on, columns, classes, and entries of a row where it is sparse.
ROWS = {
    "64 columns, 10 classes": (500, 64, 10, None),
    "784 columns, 10 classes": (500, 784, 10, None),
    "CSR, 41,416 columns, 20 classes": (400, 41_416, 20, 100),
}
BLOCK = 50  # calls of one library before it is the other's turn


def main(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="what", metavar="{calls,whole,predict}")
    for name, repeats in (("calls", 9), ("whole", 15), ("predict", 10)):
        command = commands.add_parser(name)
        command.add_argument("--repeats", type=int, default=repeats, help="default: %(default)s")
    cases = {"nargs": "*", "metavar": "CASE", "help": f"some of {', '.join(CASES)}"}
    commands.choices["calls"].add_argument("cases", **cases)
    commands.add_parser("call").add_argument("case")
    commands.add_parser("fit").add_argument("path")
    if not arguments or arguments[0] not in {*commands.choices, "-h", "--help"}:
        arguments = ["calls", *arguments]
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    if options.what == "call":
        return print(json.dumps(first_and_second(options.case)))
    if options.what == "fit":
        return fit_and_keep(options.path)
    unknown = set(getattr(options, "cases", ())) - set(CASES)
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    print(f"{describe('skmax', 'scikit-learn', 'numpy', 'numba')}.\n")
    if options.what == "calls":
        calls(options.cases or CASES, options.repeats)
    elif options.what == "whole":
        whole(options.repeats)
    else:
        predict(options.repeats)
    return 0


def calls(cases, repeats):
    """The table of first and second calls; the cases take turns."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pickle"
        _output("fit", path)
        found = {case: [] for case in cases}
        for _ in range(repeats):
            for case in cases:
                found[case].append(json.loads(_output("call", case, **{FITTED: str(path)})))
    print("| case | first, ms | second, ms | first - second, ms | numba imported | compiled |")
    print("|---|---:|---:|---:|---|---:|")
    for case, runs in found.items():
        first, second = (1e3 * _median(runs, name) for name in ("first", "second"))
        more = 1e3 * statistics.median(run["first"] - run["second"] for run in runs)
        numba = "yes" if any(run["numba"] for run in runs) else "no"
        compiled = max(run["compiled"] for run in runs)
        print(f"| {case} | {first:.3g} | {second:.3g} | {more:.3g} | {numba} | {compiled} |")


def _output(*arguments, **environment):
    """What this script prints in a process of its own."""
    command = [sys.executable, __file__, *map(str, arguments)]
    environment = {**os.environ, **environment}
    return subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE).stdout


def _median(runs, name):
    return statistics.median(run[name] for run in runs)


def first_and_second(case):
    """What the process of one figure does: seconds, and what has been loaded for it."""
    call = CASES[case]()
    seconds = [_timed(call), _timed(call)]
    numba = "numba" in sys.modules
    compiled = _kernels.report().compiled
    return {"first": seconds[0], "second": seconds[1], "numba": numba, "compiled": compiled}


def _timed(call, *arguments, **options):
    begun = time.perf_counter()
    call(*arguments, **options)
    return time.perf_counter() - begun


def fit_and_keep(path):
    """Fit the model of the predictions, and write it to a file."""
    X, y = simulate(2000, PREDICTED_COLUMNS, PREDICTED_CLASSES, condition=10)
    Path(path).write_bytes(pickle.dumps(SoftmaxRegression().fit(X, y)))


def whole(repeats):
    """Wall time of whole processes in pairs, the one first and then the other."""
    print("| process | skmax, s | scikit-learn, s | skmax / scikit-learn |")
    print("|---|---:|---:|---:|")
    for name, rest in (("import and fit of iris", FIT_IRIS), ("import", "")):
        seconds = {library: [] for library in IMPORTS}
        for repeat in range(repeats + 1):
            for library in [*IMPORTS][:: 1 if repeat % 2 else -1]:
                command = [sys.executable, "-W", "ignore", "-c", IMPORTS[library] + rest]
                seconds[library].append(_timed(subprocess.run, command, check=True))
        ours, theirs = (times[1:] for times in seconds.values())  # the first warms the disk
        cells = [f"{value:.3g}" for value in _medians(ours, theirs)]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def _medians(ours, theirs):
    """Of each, and of the ratio of pairs."""
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    return [statistics.median(values) for values in (ours, theirs, ratios)]


def predict(repeats):
    """Microseconds of a call, of many in blocks that alternate."""
    print("| estimator | row | skmax, us | scikit-learn, us | skmax / scikit-learn |")
    print("|---|---|---:|---:|---:|")
    for row, sizes in ROWS.items():
        X, y = _samples(*sizes)
        pairs = {
            "softmax regression": (SoftmaxRegression(), LogisticRegression(max_iter=30)),
            "MLPClassifier": [
                network(max_iter=2, random_state=0)
                for network in (MLPClassifier, neural_network.MLPClassifier)
            ],
        }
        for estimator, models in pairs.items():
            microseconds = _one_row([model.fit(X, y) for model in models], X[:1], repeats)
            cells = [f"{value:.3g}" for value in _medians(*microseconds)]
            print(f"| {estimator} | {row} | {' | '.join(cells)} |", flush=True)


def _samples(n_rows, n_columns, n_classes, entries):
    """Noise: what is fitted does not matter here."""
    rng = np.random.default_rng(0)
    y = np.arange(n_rows) % n_classes
    if entries is None:
        return rng.normal(size=(n_rows, n_columns)), y
    density = entries / n_columns
    return sp.random(n_rows, n_columns, density, format="csr", random_state=rng), y


def _one_row(models, row, repeats):
    """Microseconds of each model's median call in each block."""
    medians = [[] for _ in models]
    for repeat in range(repeats + 1):
        for model, found in zip(models, medians, strict=True):
            times = [_timed(model.predict_proba, row) for _ in range(BLOCK)]
            if repeat:
                found.append(1e6 * statistics.median(times))
    return medians


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
