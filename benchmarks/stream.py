"""One pass over a stream: partial_fit beside that of SGDClassifier, judged on rows held out.

    python benchmarks/stream.py [names of sets] [--rows 60000] [--spread]

For each set, raw and standardised, in batches of 200: the log loss on a fifth of the rows of both,
of the optimum (`fit` on all other rows) and of the frequencies of the classes; `way` is how far
from the optimum to these a stream has ended, and `us` the microseconds of the process for a row,
with one thread, the coefficients read at the end. `--spread` adds by how much the log losses after
batches of 1, 7, 200 and 5000 differ, relative to the least.
"""

import argparse
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import SGDClassifier
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

sys.path.append(str(Path(__file__).resolve().parent))  # PYTHONSAFEPATH leaves it out

from benchmark_utils import data
from benchmark_utils.small_tables import BUNDLED, SCALINGS

from skmax import SoftmaxRegression

BATCH, BATCHES = 200, (1, 7, 200, 5000)
COLUMNS = "set", "rows", "columns", "K", "skmax", "SGD", "fit", "freq", "way", "us", "SGD us"


def rows_of(name, scaling, most):
    """Return X and y of the stream, and of the rows held out: in random order."""
    if name in BUNDLED:
        X, y = BUNDLED[name](return_X_y=True)
    else:
        X, y = data.load(name, rows=most, scaling="raw")
    order = np.random.default_rng(1).permutation(len(y))[:most]
    X, y = X[order].astype(np.float64), np.unique(y[order], return_inverse=True)[1]
    n_seen = int(0.8 * len(y))
    if scaling == "standardised":
        X = StandardScaler(with_mean=not sp.issparse(X)).fit(X[:n_seen]).transform(X)
    return X[:n_seen], y[:n_seen], X[n_seen:], y[n_seen:]


def log_loss(probabilities, classes, y, n_classes):
    """Return the mean log loss; a class that a model does not know has no probability."""
    of_all = np.zeros((len(y), n_classes))
    of_all[:, classes] = probabilities
    return float(-np.log(np.maximum(of_all[np.arange(len(y)), y], 1e-15)).mean())


def stream(model, X, y, size, n_classes):
    """Let a model see the rows once; return the microseconds for a row."""
    begun = time.process_time()
    for start in range(0, len(y), size):
        part = slice(start, start + size)
        model.partial_fit(X[part], y[part], classes=np.arange(n_classes))
    _ = model.coef_
    return 1e6 * (time.process_time() - begun) / len(y)


def row_of_table(name, scaling, most, spread):
    """Return what is printed for a set."""
    X, y, held_out, its_labels = rows_of(name, scaling, most)
    n_classes = int(max(y.max(), its_labels.max())) + 1

    def loss(model):
        probabilities = model.predict_proba(held_out)
        return log_loss(probabilities, model.classes_, its_labels, n_classes)

    ours, peer = SoftmaxRegression(n_jobs=1), SGDClassifier(loss="log_loss", average=True)
    peer.set_params(random_state=0)
    microseconds = [stream(model, X, y, BATCH, n_classes) for model in (ours, peer)]
    frequencies = (np.bincount(y, minlength=n_classes) + 1e-9) / len(y)
    optimum = loss(SoftmaxRegression(n_jobs=1).fit(X, y))
    most_loss = float(-np.log(frequencies[its_labels]).mean())
    losses = [loss(ours), loss(peer), optimum, most_loss]
    way = (losses[0] - optimum) / (most_loss - optimum)
    cells = [f"{name} {scaling}", len(y), X.shape[1], n_classes]
    cells += [f"{value:.4f}" for value in losses] + [f"{way:.3f}"]
    cells += [f"{value:.1f}" for value in microseconds]
    if spread:
        ends = []
        for size in BATCHES:
            model = SoftmaxRegression(n_jobs=1)
            stream(model, X, y, size, n_classes)
            ends.append(loss(model))
        cells.append(f"{(max(ends) - min(ends)) / min(ends):.1e}")
    return cells


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="sets; all that are there by default")
    parser.add_argument("--rows", type=int, default=60_000, help="the most rows of a set")
    parser.add_argument("--spread", action="store_true", help="batches of other sizes too")
    options = parser.parse_args()
    # What is compiled or loaded at a first call is no part of a stream.
    stream(SoftmaxRegression(n_jobs=1), *rows_of("digits", "raw", 1300)[:2], BATCH, 10)
    print(*COLUMNS, *["spread"] * options.spread, sep="\t")
    for name in options.names or [*BUNDLED, *data.folder_names()]:
        for scaling in SCALINGS:
            with warnings.catch_warnings(), threadpool_limits(1):
                warnings.simplefilter("ignore", ConvergenceWarning)
                cells = row_of_table(name, scaling, options.rows, options.spread)
            print(*cells, sep="\t", flush=True)


if __name__ == "__main__":
    main()
