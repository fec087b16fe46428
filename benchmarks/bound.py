"""Print how near a dense value and gradient comes to what the machine allows.

    python benchmarks/bound.py [--megabytes 100] [--repeats 11]

The bound is the larger of reading X at the measured memory bandwidth and of the products at the
measured rate of a square matrix product, plus the exponentials at the measured rate of the
cross-entropy kernel, which writes probabilities and losses: all with as many threads.
"""

import argparse
import statistics
import sys
import threading
import time
from pathlib import Path

import numba
import numpy as np
from threadpoolctl import threadpool_limits

sys.path.append(str(Path(__file__).resolve().parent))  # PYTHONSAFEPATH leaves it out

from benchmark_utils.machine import describe

from skmax import _kernels
from skmax._design import design_of
from skmax._objective import CrossEntropy

COLUMNS = (10, 50, 100, 784)
CLASSES = (2, 3, 10, 26)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=float, default=100.0, help="of X in float64")
    parser.add_argument("--repeats", type=int, default=11)
    options = parser.parse_args(arguments)
    print(f"{describe('skmax', 'numpy', 'numba')}.\n")
    print("| dtype, threads | columns | classes | ms | bound, ms | fraction of the bound |")
    print("|---|---:|---:|---:|---:|---:|")
    fractions = []
    for dtype in (np.float64, np.float32):
        for threads in (1, 2):
            machine = Machine(dtype, threads)
            for n_columns in COLUMNS:
                for n_classes in CLASSES:
                    n_rows = int(options.megabytes * 1e6 / (8 * n_columns))
                    seconds = measure(n_rows, n_columns, n_classes, dtype, threads, options.repeats)
                    bound = machine.bound(n_rows, n_columns, n_classes)
                    fractions.append(bound / seconds)
                    label = f"{np.dtype(dtype).name}, {threads}"
                    print(
                        f"| {label} | {n_columns} | {n_classes} | {1e3 * seconds:.2f} "
                        f"| {1e3 * bound:.2f} | {fractions[-1]:.0%} |",
                        flush=True,
                    )
    print(f"\nsmallest {min(fractions):.0%}, median {statistics.median(fractions):.0%}")


class Machine:
    """What the machine does with a number of threads, measured."""

    def __init__(self, dtype, threads):
        self.itemsize, rng = np.dtype(dtype).itemsize, np.random.default_rng(0)
        memory = rng.normal(size=25_000_000)
        self.bandwidth = memory.nbytes / self._together(_read, np.array_split(memory, threads))
        square = rng.normal(size=(2000, 2000)).astype(dtype)
        with threadpool_limits(threads):
            self.products = 2 * 2000**3 / _median(lambda: square @ square, 5)
        blocks = [_CrossEntropy(rng.normal(size=(10, 4096)).astype(dtype)) for _ in range(threads)]
        written = 40_960 * _CrossEntropy.REPEATS * threads
        self.exponentials = written / self._together(_CrossEntropy.run, blocks)

    def bound(self, n_rows, n_columns, n_classes):
        """Seconds for a value and gradient; two classes have one logit."""
        n_outputs = 1 if n_classes == 2 else n_classes
        read = self.itemsize * n_rows * n_columns / self.bandwidth
        multiplied = 4 * n_rows * n_columns * n_outputs / self.products
        return max(read, multiplied) + n_rows * n_outputs / self.exponentials

    def _together(self, function, items):
        """Seconds of function(item), all items at the same time."""

        def run():
            workers = [threading.Thread(target=function, args=(item,)) for item in items[1:]]
            for worker in workers:
                worker.start()
            function(items[0])
            for worker in workers:
                worker.join()

        return _median(run, 11)


class _CrossEntropy:
    """The kernel on one block, often enough to be timed."""

    REPEATS = 100

    def __init__(self, logits):
        self.logits, self.losses = logits, np.empty(logits.shape[1])
        self.targets = _kernels.Labels(np.zeros(logits.shape[1], np.intp))
        self.workspace = _kernels.loss_workspace(logits.shape[1], logits.dtype)

    def run(self):
        for _ in range(self.REPEATS):
            _kernels.sample_losses(self.targets, self.logits, self.workspace, self.losses)


@numba.njit(nogil=True, fastmath=True)
def _read(numbers):
    total = 0.0
    for i in range(numbers.size):
        total += numbers[i]
    return total


def measure(n_rows, n_columns, n_classes, dtype, threads, repeats):
    """Median seconds of a value and gradient."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, n_columns)).astype(dtype)
    labels = rng.integers(0, n_classes, n_rows)
    weight, two = np.full(n_rows, 1 / n_rows), n_classes == 2
    targets = _kernels.BinaryTargets(labels.astype(dtype)) if two else _kernels.Labels(labels)
    design = design_of(X, weight, True, may_rotate=True)
    data = CrossEntropy(design, targets, weight, 1 if two else n_classes, threads)
    coef = 0.1 * rng.normal(size=data.shape)
    return _median(lambda: data.at(coef), repeats)


def _median(function, repeats):
    function()
    seconds = []
    for _ in range(repeats):
        begun = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


if __name__ == "__main__":
    main(sys.argv[1:])
