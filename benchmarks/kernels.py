"""The functional layer against SciPy and PyTorch, on one thread.

    pytest benchmarks/kernels.py     every function, shape and library under pytest-benchmark
    python benchmarks/kernels.py     a table: elements per second, and ratios measured in pairs

Each call makes its own output, in every library. PyTorch is left out where it is not installed.
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent))  # pytest and PYTHONSAFEPATH leave it out
for variable in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before the libraries make their pools

import numpy as np  # noqa: E402
import pytest  # noqa: E402
import scipy.special  # noqa: E402
from benchmark_utils.machine import describe  # noqa: E402

import skmax  # noqa: E402

try:
    import torch
except ImportError:
    torch = None

ELEMENTS = 2_000_000
CLASSES = (2, 3, 10, 32, 100, 1000)
DTYPES = ("float32", "float64")
FUNCTIONS = ("softmax", "log_softmax", "logsumexp")
SCIPY_TARGET = {2: 5, 3: 5, 10: 5, 32: 3, 100: 3, 1000: 2}  # of softmax; PyTorch's is 1 everywhere


def logits(n_classes, dtype, elements=ELEMENTS):
    """Return standard normal logits, times 3."""
    shape = (elements // n_classes, n_classes)
    return 3 * np.random.default_rng(0).standard_normal(shape).astype(dtype)


def calls(function, Z):
    """Return {library: a call of the function on the rows of Z}."""
    result = {
        "skmax": lambda: getattr(skmax, function)(Z, axis=-1),
        "scipy": lambda: getattr(scipy.special, function)(Z, axis=-1),
    }
    if torch is not None:
        torch.set_num_threads(1)
        tensor = torch.from_numpy(Z)
        result["torch"] = lambda: getattr(torch, function)(tensor, dim=-1)
    return result


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_classes", CLASSES)
@pytest.mark.parametrize("library", ["skmax", "scipy", "torch"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_kernel(benchmark, function, library, n_classes, dtype):
    Z = logits(n_classes, dtype)
    available = calls(function, Z)
    if library not in available:
        pytest.skip(f"{library} is not installed")
    benchmark.group = f"{function}, K={n_classes}, {dtype}"
    result = np.asarray(benchmark(available[library]))
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(result, available["scipy"](), rtol=tolerance, atol=tolerance)


def main():
    parser = argparse.ArgumentParser(description="Kernels per second, and ratios to the peers.")
    parser.add_argument("--functions", nargs="+", default=["softmax"], choices=FUNCTIONS)
    parser.add_argument("--classes", nargs="+", type=int, default=CLASSES, metavar="K")
    parser.add_argument("--elements", type=int, default=ELEMENTS)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    print(f"{describe('skmax', 'numpy', 'scipy', 'torch', 'numba')}; one thread.")
    for function in options.functions:
        _print(function, options)
    return 0


def _print(function, options):
    """Print a function's table."""
    print(f"\n{function}, {options.elements} elements. '!': below the goal.\n")
    print(
        "|    K | dtype   | skmax G/s | scipy G/s | torch G/s | x scipy (goal) | x torch (goal) |"
    )
    print(
        "|-----:|---------|----------:|----------:|----------:|---------------:|---------------:|"
    )
    for n_classes in options.classes:
        for dtype in DTYPES:
            Z = logits(n_classes, dtype, options.elements)
            seconds = _interleaved(calls(function, Z), options.rounds)
            targets = {"scipy": SCIPY_TARGET.get(n_classes), "torch": 1}
            rates = [_rate(seconds.get(name), Z.size) for name in ("skmax", "scipy", "torch")]
            ratios = [
                _ratio(seconds, name, targets[name] if function == "softmax" else None)
                for name in ("scipy", "torch")
            ]
            print(
                f"| {n_classes:4d} | {dtype} | "
                + " | ".join([*(f"{rate:>9}" for rate in rates), *(f"{r:>14}" for r in ratios)])
                + " |",
                flush=True,
            )


def _interleaved(functions, rounds):
    """Return {library: seconds of each round}; in a round every library is called once."""
    seconds = {name: [] for name in functions}
    for call in functions.values():
        call()  # compiles, and touches the memory
    for i in range(rounds):
        # The order turns round, so that no library always follows the same one.
        for name in list(functions)[:: 1 if i % 2 else -1]:
            start = time.perf_counter()
            functions[name]()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def _rate(seconds, elements):
    """Return 1e9 elements per second, from the median."""
    return "-" if seconds is None else f"{elements / statistics.median(seconds) / 1e9:.2f}"


def _ratio(seconds, name, target):
    """Return how many times faster skmax is: the median over the rounds' pairs."""
    if name not in seconds:
        return "-"
    pairs = zip(seconds[name], seconds["skmax"], strict=True)
    ratio = statistics.median(theirs / ours for theirs, ours in pairs)
    if target is None:
        return f"{ratio:.2f}"
    return f"{'!' if ratio < target else ''} {ratio:.2f} ({target})"


if __name__ == "__main__":
    sys.exit(main())
