"""Print seconds per epoch of MLPClassifier, beside scikit-learn, torch and its matrix products.

python benchmarks/networks.py [CASE ...]           seconds per epoch, each at its best threads
python benchmarks/networks.py accuracy [CASE ...]  test accuracy after ten epochs, over five seeds
python benchmarks/networks.py small                fits of small tables, all else by default;
                                                   --beside: with something else on the machine

Each figure is from a process of its own; with --repeats the processes take turns, and the median
counts. An epoch is (the time of a fit of several epochs - that of one) / (their difference).
"""

import argparse
import itertools
import statistics
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import threadpoolctl
from sklearn import neural_network
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

sys.path.append(str(Path(__file__).resolve().parent))  # PYTHONSAFEPATH leaves it out

from benchmark_utils.beside import BESIDE
from benchmark_utils.data import load
from benchmark_utils.machine import describe
from benchmark_utils.small_tables import BUNDLED

from skmax import MLPClassifier

LONG = 0.4  # seconds of the epochs timed together
TIMINGS = 3
PAUSE = 0.05  # seconds between two fits: the threads of the one before spin for a while
DTYPES = ("float32", "float64")


@dataclass
class Case:
    """A data set and a network."""

    hidden: tuple[int, ...]
    batch: int
    columns: int = 0  # of simulated data, else of a set
    classes: int = 0
    rows: int | None = None

    def data(self, name, dtype):
        if not self.columns:
            return load(name, rows=self.rows, scaling="raw" if name == "news20" else "scaled",
                        dtype=dtype)  # fmt: skip
        rng = np.random.default_rng(0)
        X = rng.normal(size=(self.rows, self.columns))
        logits = X @ rng.normal(size=(self.columns, self.classes)) + np.abs(X[:, : self.classes])
        y = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
        return X.astype(dtype), y


CASES = {
    "10000x64": Case((100,), 200, 64, 10, 10_000),
    "50000x20": Case((32,), 64, 20, 5, 50_000),
    "digits": Case((64, 64), 32),
    "news20": Case((64,), 200),
    "mnist": Case((256, 128), 200, rows=20_000),
    "covtype": Case((200, 200), 1024, rows=100_000),
}


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "cases", nargs="*", help=f"small, or [accuracy] and some of {', '.join(CASES)}"
    )
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=10, help="of accuracy")
    parser.add_argument("--beside", choices=BESIDE, default="nothing", help="of small (Linux)")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        return print(seconds_per_epoch(options.cases[0], *options.one))
    print(f"{describe('skmax', 'scikit-learn', 'numpy', 'numba', 'torch')}.\n")
    if options.cases == ["small"]:
        with BESIDE[options.beside]():
            return small(options.repeats)
    if options.cases[:1] == ["accuracy"]:
        return accuracy(options.cases[1:] or CASES, options.epochs)
    return speed(options.cases or CASES, options.repeats)


SETTINGS = {"adam": {}, "sgd": {"solver": "sgd"}, "two layers": {"hidden_layer_sizes": (64, 64)}}


def small(repeats):
    """Milliseconds per epoch of whole fits in turn, standardised columns, one thread and all."""
    print("| table | settings | skmax, ms | its one thread | scikit-learn, one thread | all |")
    print("|---|---|---:|---:|---:|---:|")
    ratios, waits = [], []
    for table, settings in itertools.product(BUNDLED, SETTINGS):
        X, y = BUNDLED[table](return_X_y=True)
        ours, alone, theirs, theirs_all = _epochs_of_fits(
            StandardScaler().fit_transform(X), y, SETTINGS[settings], repeats
        )
        ratios.append(min(theirs, theirs_all) / ours)
        waits.append(ours / alone)
        cells = [f"{1e3 * ours:.3g}", *(f"{value / ours:.3g}" for value in (alone, theirs))]
        print(
            f"| {table} | {settings} | {' | '.join(cells)} | {theirs_all / ours:.3g} |", flush=True
        )
    mean = np.exp(np.mean(np.log(ratios)))
    print(f"\nscikit-learn: geometric mean of the ratios {mean:.3g}, smallest {min(ratios):.3g}; "
          f"largest of skmax to its one thread {max(waits):.3g}.")  # fmt: skip


def _epochs_of_fits(X, y, settings, repeats):
    """Median seconds an epoch: skmax with two threads and one, scikit-learn with one and all."""
    ways = [
        (MLPClassifier, {"n_jobs": 2}, None),
        (MLPClassifier, {"n_jobs": 1}, None),
        (neural_network.MLPClassifier, {}, 1),
        (neural_network.MLPClassifier, {}, None),
    ]
    found = [[] for _ in ways]
    warnings.simplefilter("ignore")
    for seed in range(repeats + 1):
        for index in range(4)[:: -1 if seed % 2 else 1]:
            library, options, threads = ways[index]
            model = library(random_state=seed, **settings, **options)
            time.sleep(PAUSE)
            with threadpoolctl.threadpool_limits(threads):
                seconds = _timed(model.fit, X, y)
            found[index].append(seconds / model.n_iter_)
    return [statistics.median(times[1:]) for times in found]


def speed(cases, repeats):
    """The table of seconds per epoch, and how many times slower the others are."""
    print("| case | dtype | skmax ms | scikit-learn | torch | matrix products alone |")
    print("|---|---|---|---|---|---|")
    ratios = []
    for case in cases:
        for dtype in DTYPES:
            best = measure(case, dtype, repeats)
            ours = best["skmax"]
            cells = [_ratio(best[library], ours) for library in LIBRARIES if library != "skmax"]
            print(f"| {case} | {dtype} | {1e3 * ours:.3g} | {' | '.join(cells)} |", flush=True)
            ratios.append(best["scikit-learn"] / ours)
    mean = np.exp(np.mean(np.log(ratios)))
    print(f"\nscikit-learn: geometric mean of the ratios {mean:.3g}, smallest {min(ratios):.3g}.")


def _ratio(seconds, ours):
    return "-" if seconds is None else f"{seconds / ours:.3g}"


def measure(case, dtype, repeats):
    """Seconds per epoch of each library, at its best number of threads; None where it has none."""
    found = {}
    for _ in range(repeats):
        for library in LIBRARIES:
            for threads in ("1", "all"):
                command = [sys.executable, __file__, case, "--one", dtype, library, threads]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    sys.stderr.write(done.stderr)
                else:
                    found.setdefault((library, threads), []).append(float(done.stdout))
    medians = {key: statistics.median(values) for key, values in found.items()}
    return {
        library: min((value for key, value in medians.items() if key[0] == library), default=None)
        for library in LIBRARIES
    }


def seconds_per_epoch(case, dtype, library, threads):
    """What the process of one figure does."""
    X, y = CASES[case].data(case, dtype)
    run = LIBRARIES[library](CASES[case], X, y, None if threads == "all" else int(threads))
    run(1)
    once = _timed(run, 1)
    epochs = 1 + max(1, round(LONG / max(_timed(run, 2) - once, 1e-4)))
    timings = [(_timed(run, epochs) - _timed(run, 1)) / (epochs - 1) for _ in range(TIMINGS)]
    return statistics.median(timings)


def _timed(run, *arguments):
    began = time.perf_counter()
    run(*arguments)
    return time.perf_counter() - began


def of_scikit_learn(case, X, y, threads):
    pools = threadpoolctl.ThreadpoolController()

    def run(epochs):
        model = neural_network.MLPClassifier(**_settings(case, epochs))
        with pools.limit(limits=threads), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X, y)

    return run


def of_skmax(case, X, y, threads):
    def run(epochs):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            MLPClassifier(n_jobs=threads, **_settings(case, epochs)).fit(X, y)

    return run


def _settings(case, epochs, seed=0):
    return {
        "hidden_layer_sizes": case.hidden,
        "batch_size": case.batch,
        "max_iter": epochs,
        "n_iter_no_change": 10**6,
        "random_state": seed,
    }


def of_torch(case, X, y, threads):
    """An epoch as one writes it by hand: shuffled rows, fused Adam, autograd."""
    try:
        import torch
    except ImportError:
        raise SystemExit("torch is not installed") from None
    torch.set_num_threads(threads or torch.get_num_threads())
    torch.manual_seed(0)
    labels, sparse = torch.from_numpy(y.astype(np.int64)), sp.issparse(X)
    sizes = (X.shape[1], *case.hidden, int(y.max()) + 1)
    layers = []
    for index, (n_in, n_out) in enumerate(itertools.pairwise(sizes)):
        first = torch.nn.EmbeddingBag(n_in, n_out, mode="sum") if sparse and not index else None
        layers += [first or torch.nn.Linear(n_in, n_out).to(_dtype(X)), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1]).to(_dtype(X))
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4 / 200, fused=True)
    rows = X if sparse else torch.from_numpy(X)

    def logits(at):
        if not sparse:
            return model(rows[at])
        # A bag of weighted rows of the first layer's weights: no dense batch is ever made.
        some = rows[at.numpy()]
        indices, starts = torch.from_numpy(some.indices), torch.from_numpy(some.indptr[:-1])
        out = model[0](indices, starts, per_sample_weights=torch.from_numpy(some.data))
        return model[1:](out)

    def run(epochs):
        for _ in range(epochs):
            order = torch.randperm(len(labels))
            for at in order.split(case.batch):
                optimiser.zero_grad(set_to_none=True)
                torch.nn.functional.cross_entropy(logits(at), labels[at]).backward()
                optimiser.step()

    return run


def _dtype(X):
    import torch

    return torch.float32 if X.dtype == np.float32 else torch.float64


def of_products(case, X, y, threads):
    """The matrix products of an epoch, and nothing else, into memory that is made once."""
    if sp.issparse(X):
        raise SystemExit("no dense products in the first layer")
    sizes = (X.shape[1], *case.hidden, int(y.max()) + 1)
    layers = list(itertools.pairwise(sizes))
    rng = np.random.default_rng(0)
    values = [rng.random((case.batch, size)).astype(X.dtype) for size in sizes]
    deltas = [np.empty_like(value) for value in values]
    weights = [rng.random(shape).astype(X.dtype) for shape in layers]
    gradients = [np.empty_like(weight) for weight in weights]
    pools = threadpoolctl.ThreadpoolController()

    def run(epochs):
        with pools.limit(limits=threads):
            for _ in range(epochs * -(-len(y) // case.batch)):
                for index, weight in enumerate(weights):
                    np.dot(values[index], weight, out=deltas[index + 1])
                for index in range(len(weights) - 1, -1, -1):
                    np.dot(values[index].T, deltas[index + 1], out=gradients[index])
                    if index:
                        np.dot(deltas[index + 1], weights[index].T, out=deltas[index])

    return run


LIBRARIES = {
    "skmax": of_skmax,
    "scikit-learn": of_scikit_learn,
    "torch": of_torch,
    "products": of_products,
}


def accuracy(cases, epochs):
    """Test accuracy of both estimators after the same epochs: mean and deviation of five seeds."""
    print(f"Test accuracy after {epochs} epochs, five seeds: mean (standard deviation).\n")
    print("| case | skmax | scikit-learn |\n|---|---|---|")
    for name in cases:
        case = CASES[name]
        X, y = case.data(name, "float64")
        X, X_test, y, y_test = train_test_split(X, y, test_size=0.25, random_state=0)
        cells = []
        for model in (MLPClassifier, neural_network.MLPClassifier):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                scores = [
                    model(**_settings(case, epochs, seed)).fit(X, y).score(X_test, y_test)
                    for seed in range(5)
                ]
            cells.append(f"{np.mean(scores):.4f} ({np.std(scores, ddof=1):.4f})")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
