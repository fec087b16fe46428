"""`python -m skmax`: fit the digits beside LogisticRegression, and say what it runs on."""

import argparse
import platform
import time
import warnings
from importlib.metadata import PackageNotFoundError, version
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
    """Fit and describe, or compile: the command line."""
    parser = argparse.ArgumentParser(prog="python -m skmax", description=__doc__)
    parser.add_argument(
        "--compile",
        action="store_true",
        help="compile now, and keep, every kernel that did not come with the install",
    )
    if parser.parse_args().compile:
        _compile()
    else:
        _fit_and_describe()


def _compile() -> None:
    """Compile what is missing on this machine: for images, and clusters that share an install."""
    found = _kernels.report()
    if found.library is not None:
        print(f"nothing to compile: {found.shipped} kernels came with the install, {found.level}")
        return
    try:
        folder = _kernels.compile_all()
    except _kernels.CompilationError as error:
        raise SystemExit(f"skmax: {error}") from None
    print(f"kept in {folder}" if folder else "not kept: no folder can be written to")


def _fit_and_describe() -> None:
    """Print two tables: the fits side by side, and the machine."""
    X, y = load_digits(return_X_y=True)
    parts = train_test_split(X, y, test_size=0.25, random_state=0, stratify=y)
    n_train, n_test = len(parts[0]), len(parts[1])
    print(f"digits: {n_train} images to fit on, {n_test} held out, 64 pixels, 10 classes, C=1\n")
    ours = _row("skmax SoftmaxRegression()", skmax.SoftmaxRegression(), *parts)
    found = _kernels.report()
    again = _row("  the same again", skmax.SoftmaxRegression(), *parts)
    theirs = _row("LogisticRegression()", LogisticRegression(), *parts)
    cholesky = LogisticRegression(solver="newton-cholesky")
    exact = _row('  solver="newton-cholesky"', cholesky, *parts)
    _print_table(
        ["", "accuracy", "log-loss", "objective", "seconds", "iterations", "converged"],
        [ours, again, theirs, exact],
    )
    print("\naccuracy and log-loss on the images held out; objective on those to fit on\n")
    _print_table(["what it runs on", ""], _machine(found))


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


def _machine(found: _kernels.Report) -> list[list[str]]:
    """Versions, threads, and where the compiled code of the first fit has come from."""
    versions = [[name, _version(name)] for name in ("numpy", "scipy", "scikit-learn", "numba")]
    return [
        ["skmax", skmax.__version__],
        ["python", platform.python_version()],
        *versions,
        ["machine", f"{platform.machine()}, {platform.system()}"],
        ["level of the processor", found.level or "none that has a library"],
        ["threads", str(_threads.n_threads())],
        *_kernels_rows(found),
    ]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _kernels_rows(found: _kernels.Report) -> list[list[str]]:
    if found.library is not None:
        return [
            ["compiled code", f"{found.library.name}, which came with the install"],
            ["kernels in it", f"{found.shipped}, none compiled in this run"],
        ]
    return [
        ["compiled code", str(found.folder or "not kept: no folder can be written to")],
        ["kernels of the first fit", f"{found.loaded} loaded, {found.compiled} compiled now"],
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
