"""Print fits of linear probes on embeddings beside LogisticRegression's: time and memory.

python benchmarks/probe.py [CASE ...]    some of 512x100, 768x10, 256x1000 (columns x classes)

The embeddings are simulated, float32 and of unit norm: class means plus noise whose spectrum
decays. For each C: LogisticRegression with its defaults, the time in which skmax comes to the value
that it reaches, and skmax with its defaults, whose gap is far smaller. Memory is the peak beyond X
of a default fit in a process of its own (Linux).
"""

import argparse
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

sys.path.append(str(Path(__file__).resolve().parent))  # PYTHONSAFEPATH leaves it out

from benchmark_utils.machine import describe
from benchmark_utils.memory import forget_the_peak, peak, resident
from benchmark_utils.value import evaluate

from skmax import SoftmaxRegression

CASES = {
    "512x100": (20_000, 512, 100),
    "768x10": (40_000, 768, 10),
    "256x1000": (30_000, 256, 1000),
}
STRENGTHS = (0.3, 1.0, 10.0, 100.0)
TOLERANCES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)


def embeddings(n_samples, n_features, n_classes, seed=0):
    """Rows of unit norm: a mean for each class, and noise with a spectrum like 1 / sqrt(rank)."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, n_samples)
    scales = 1 / np.sqrt(1 + np.arange(n_features))
    rotation = np.linalg.qr(rng.standard_normal((n_features, n_features)))[0]
    means = rng.standard_normal((n_classes, n_features)) * scales
    noise = rng.standard_normal((n_samples, n_features)) * scales
    X = (0.7 * means[y] + noise) @ rotation
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    return X.astype(np.float32), np.unique(y, return_inverse=True)[1]


def main(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"some of {', '.join(CASES)}")
    parser.add_argument("--memory-of", nargs=2, metavar=("CASE", "C"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    if options.memory_of:
        return print(memory_of(*options.memory_of))
    print(f"{describe('skmax', 'scikit-learn', 'numpy')}.\n")
    print(
        "| rows x columns x classes, C | LogisticRegression, s | skmax to its value, s | ratio "
        "| skmax, s | ratio | memory beyond X, MB (allowed) |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name in options.cases or CASES:
        X, y = embeddings(*CASES[name])
        SoftmaxRegression(max_iter=2).fit(X, y)  # what is loaded is loaded now
        for C in STRENGTHS:
            row(name, X, y, C)
    return 0


def row(name, X, y, C):
    """Print the figures of one C."""
    theirs, peer = timed(LogisticRegression(C=C), X, y)
    value = evaluate(X, y, peer.coef_, peer.intercept_, C)[0]
    ours, _ = timed(SoftmaxRegression(C=C), X, y)
    for tol in TOLERANCES:
        soon, model = timed(SoftmaxRegression(C=C, tol=tol), X, y)
        if evaluate(X, y, model.coef_, model.intercept_, C)[0] <= value:
            break
    command = [sys.executable, __file__, "--memory-of", name, str(C)]
    memory = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    allowed = 0.15 * X.nbytes / 1e6 + 150
    print(
        f"| {' x '.join(map(str, CASES[name]))}, C={C:g} | {theirs:.3g} "
        f"| {soon:.3g} | {theirs / soon:.3g} | {ours:.3g} | {theirs / ours:.3g} "
        f"| {memory:.0f} ({allowed:.0f}) |",
        flush=True,
    )


def timed(model, X, y):
    """Return the seconds of a fit, and the model."""
    begun = time.perf_counter()
    model.fit(X, y)
    return time.perf_counter() - begun, model


def memory_of(name, C):
    """Return by how many MB the peak has risen in a default fit."""
    X, y = embeddings(*CASES[name])
    SoftmaxRegression().fit(*load_iris(return_X_y=True))
    SoftmaxRegression(max_iter=2).fit(X[:500], y[:500] % 5)
    forget_the_peak()
    before = resident()
    SoftmaxRegression(C=float(C)).fit(X, y)
    return peak() - before


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
