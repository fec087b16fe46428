"""Fit a file that is larger than memory, and print passes, times and memory.

python benchmarks/memory_map.py [--gigabytes 12] [--columns 100] [--classes 10] [--dtype float32]

Rows of a softmax model on raw columns are written to a file, which a process of its own maps and
fits. That process may take no more data memory than it has at the start, 150 MB and 40 bytes a row
(RLIMIT_DATA; with --limit so many MB in all), and drops the file's pages before each pass, so that
a pass reads the disk. With --check the same rows are fitted in memory, and the objectives compared.
"""

import argparse
import json
import mmap
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).resolve().parent))  # PYTHONSAFEPATH leaves it out

from benchmark_utils.machine import describe

from skmax import SoftmaxRegression
from skmax._design import blocks as row_blocks
from skmax._objective import BlocksInTurn

PART = 2**16  # rows that are written at a time
BESIDE, BYTES_A_ROW = 150, 40  # MB, and bytes for each row, that a fit may take


def main(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gigabytes", type=float, default=12.0)
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--dtype", default="float32", help="float64, float32, float16 or uint8")
    parser.add_argument("-C", type=float, default=1.0)
    parser.add_argument("--limit", type=int, help="MB of data memory in all")
    parser.add_argument("--folder", type=Path, help="where the file is written")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--fit", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.fit:
        print(json.dumps(fit(**options.fit)))
        return 0
    dtype = np.dtype(options.dtype)
    n_rows = int(options.gigabytes * 1e9 / (options.columns * dtype.itemsize))
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path, labels = Path(folder) / "X", Path(folder) / "y.npy"
        shape = n_rows, options.columns
        write(path, labels, shape, options.classes, dtype)
        job = {
            "path": str(path), "labels": str(labels), "shape": shape, "dtype": options.dtype,
            "C": options.C, "limit": options.limit,
        }  # fmt: skip
        command = [sys.executable, __file__, "--fit", json.dumps(job)]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        if options.check:
            X = np.fromfile(path, dtype).reshape(shape)
            X = X if dtype.kind == "f" and dtype.itemsize >= 4 else X.astype(np.float64)
            whole = SoftmaxRegression(C=options.C, tol=1e-9).fit(X, np.load(labels))
            found["gap"] = found["objective"] / whole.objective_ - 1
    report(found, shape, options, describe("skmax", "numpy"))
    return 0


def write(path, labels, shape, n_classes, dtype):
    """Write columns of other means and scales, and labels drawn from a softmax of them."""
    rng = np.random.default_rng(0)
    n_rows, n_columns = shape
    coef = rng.standard_normal((n_columns, n_classes)) / np.sqrt(n_columns / 4)
    X = np.memmap(path, dtype, "w+", shape=shape)
    y = np.empty(n_rows, np.int16)
    integers = dtype.kind in "iu"
    scale = 30.0 if integers else 10.0 ** rng.uniform(-2, 2, n_columns)
    for start in range(0, n_rows, PART):
        part = slice(start, min(start + PART, n_rows))
        z = rng.standard_normal((part.stop - start, n_columns), dtype=np.float32)
        logits = z @ coef
        y[part] = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
        x = (z + 3) * scale
        X[part] = np.clip(np.round(x + 40), 0, 255) if integers else x
    X.flush()
    np.save(labels, y)


def fit(path, labels, shape, dtype, C, limit):
    """Fit the file in this process, and return what it took."""
    SoftmaxRegression().fit(np.eye(300)[:, :3], np.arange(300) % 3)  # what a first fit loads
    y = np.load(labels)
    X = np.memmap(path, dtype, "r", shape=tuple(shape))
    passes = watch_passes(X, path)
    held = anonymous()
    allowed = 1e6 * limit if limit else 1e3 * data() + 1e6 * BESIDE + BYTES_A_ROW * shape[0]
    resource.setrlimit(resource.RLIMIT_DATA, (int(allowed), int(allowed)))
    with PeakOf(anonymous) as most:
        start = time.perf_counter()
        model = SoftmaxRegression(C=C).fit(X, y)
        ended = time.perf_counter()
    return {
        "seconds": ended - start, "passes": passes, "ended": ended, "objective": model.objective_,
        "optimality_gap": model.optimality_gap_, "converged": model.converged_,
        "solver": model.solver_, "n_iter": int(model.n_iter_[0]),
        "beside": (most.value - held) / 1e3, "limit": allowed / 1e6,
    }  # fmt: skip


def watch_passes(X, path):
    """Drop the pages of X before each pass over its rows; return a list of when these began."""
    file, began = os.open(path, os.O_RDONLY), []

    def drop():
        began.append(time.perf_counter())
        X._mmap.madvise(mmap.MADV_DONTNEED)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)

    def dropping(function):
        def first_drop(*arguments):
            drop()
            return function(*arguments)

        return first_drop

    BlocksInTurn.__iter__ = dropping(BlocksInTurn.__iter__)
    row_blocks.block_moments = dropping(row_blocks.block_moments)
    return began


class PeakOf:
    """The largest of a number that is looked at every 20 ms."""

    def __init__(self, number):
        self.number, self.value, self._ended = number, number(), threading.Event()

    def __enter__(self):
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _look(self):
        while not self._ended.wait(0.02):
            self.value = max(self.value, self.number())


def anonymous():
    """Return the memory of this process that is not that of files, in kB."""
    return _status("RssAnon")


def data():
    """Return its data segment, which RLIMIT_DATA limits, in kB."""
    return _status("VmData")


def _status(name):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise LookupError(name)


def report(found, shape, options, machine):
    """Print what the fit took."""
    lengths = np.diff([*found["passes"], found["ended"]])
    print(f"{machine}")
    print(
        f"{shape[0]} x {shape[1]} of {options.dtype}, {options.gigabytes:g} GB, "
        f"{options.classes} classes, C={options.C:g}: {found['seconds']:.1f} s by "
        f"{found['solver']}, {found['n_iter']} iterations; converged: {found['converged']}, "
        f"estimated gap {found['optimality_gap']:.1e}"
    )
    print(f"{len(lengths)} passes, of seconds: {' '.join(f'{x:.2g}' for x in lengths)}")
    print(
        f"beside X {found['beside']:.0f} MB at most (allowed: {BESIDE} MB and {BYTES_A_ROW} bytes "
        f"a row: {BESIDE + BYTES_A_ROW * shape[0] / 1e6:.0f} MB), RLIMIT_DATA "
        f"{found['limit']:.0f} MB"
    )
    if "gap" in found:
        print(f"above the objective of a fit in memory by {found['gap']:.1e}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
