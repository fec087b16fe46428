"""`python -m skmax`: fit the digits beside LogisticRegression, and say what it runs on."""

import platform
import time
import warnings
from importlib.metadata import version
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

import skmax
from skmax import _kernels, _threads


def main() -> None:
    """Print two tables: the fits side by side, and the machine."""
    X, y = load_digits(return_X_y=True)
    parts = train_test_split(X, y, test_size=0.25, random_state=0, stratify=y)
    n_train, n_test = len(parts[0]), len(parts[1])
    print(f"digits: {n_train} images to fit on, {n_test} held out, 64 pixels, 10 classes, C=1\n")
    ours = _row("skmax SoftmaxRegression()", skmax.SoftmaxRegression(), *parts)
    warm = _kernels.compilation()
    again = _row("  the same again", skmax.SoftmaxRegression(), *parts)
    theirs = _row("LogisticRegression()", LogisticRegression(), *parts)
    cholesky = LogisticRegression(solver="newton-cholesky")
    exact = _row('  solver="newton-cholesky"', cholesky, *parts)
    _print_table(
        ["", "accuracy", "log-loss", "objective", "seconds", "iterations", "converged"],
        [ours, again, theirs, exact],
    )
    print("\naccuracy and log-loss on the images held out; objective on those to fit on\n")
    _print_table(["what it runs on", ""], _machine(warm))


def _row(
    name: str,
    model: Any,
    X_train: np.ndarray,
    X_test: np.ndarray,
    y_train: np.ndarray,
    y_test: np.ndarray,
) -> list[str]:
    """Fit a model and describe it, one cell a column."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = time.perf_counter()
        model.fit(X_train, y_train)
        seconds = time.perf_counter() - start
    warned = any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
    return [
        name,
        f"{model.score(X_test, y_test):.4f}",
        f"{log_loss(y_test, model.predict_proba(X_test)):.4f}",
        f"{_objective(model, X_train, y_train):.9f}",
        f"{seconds:.3f}",
        str(int(np.max(model.n_iter_))),
        "no (warns)" if warned else "yes",
    ]


def _objective(model: Any, X: np.ndarray, y: np.ndarray) -> float:
    """The value of what both models minimise, from scikit-learn's log-loss and the coefficients."""
    penalty = float(np.sum(model.coef_**2)) / (2 * model.C * len(X))
    return float(log_loss(y, model.predict_proba(X))) + penalty


def _machine(first: Any) -> list[list[str]]:
    """Versions, threads and where the compiled code lies."""
    state = "compiled in this run" if first.compiled else "loaded from the cache (warm)"
    versions = [[name, version(name)] for name in ("numpy", "scipy", "scikit-learn", "numba")]
    return [
        ["skmax", skmax.__version__],
        ["python", platform.python_version()],
        *versions,
        ["machine", f"{platform.machine()}, {platform.system()}"],
        ["threads", str(_threads.n_threads())],
        ["compiled code", str(first.folder or "not cached: no folder can be written to")],
        ["kernels of the first fit", f"{first.loaded + first.compiled} {state}"],
    ]


def _print_table(header: list[str], rows: list[list[str]]) -> None:
    """Print cells in columns; those of a wide table are numbers and stand to the right."""
    table = [header, *rows]
    widths = [max(len(row[index]) for row in table) for index in range(len(header))]
    left = len(header) == 2
    for number, row in enumerate(table):
        cells = [row[0].ljust(widths[0])]
        cells += [
            cell.ljust(width) if left else cell.rjust(width)
            for cell, width in zip(row[1:], widths[1:], strict=True)
        ]
        print("  ".join(cells).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


if __name__ == "__main__":
    main()
