"""Print what a pass over a Dask cluster costs beside its arithmetic, and how it scales.

python benchmarks/cluster.py [overhead] [scaling] [model]

A LocalCluster of processes with one thread each. `overhead`: passes over 8 partitions of hardly any
rows, with 10,000 coefficients, on two workers, beside eight tasks that do nothing. `scaling`: the
time of a pass when rows and workers double together. `model`: the cost model of the documentation,
its constants measured here, beside the time of a fit; and what it says of a billion rows.
"""

import argparse
import statistics
import sys
import time
import warnings
from pathlib import Path

import dask.array as da
import numpy as np
from distributed import Client, LocalCluster

from skmax.dask import SoftmaxRegression
from skmax.dask._collections import Collections
from skmax.dask._problem import read_samples

sys.path.append(str(Path(__file__).resolve().parent))  # PYTHONSAFEPATH leaves it out

from benchmark_utils.machine import describe

REPEATS = 25
ALLOWED = 30.0  # ms beside the arithmetic of a pass
PARTS = ("overhead", "scaling", "model")


def main(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--rows", type=int, default=200_000, help="of each worker")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    print(describe("skmax", "dask", "distributed", "numpy"))
    for part in options.parts or PARTS:
        {"overhead": overhead, "scaling": scaling, "model": model}[part](options.rows)
    return 0


def cluster(n_workers):
    """Return a cluster of processes of one thread."""
    return LocalCluster(
        n_workers=n_workers, threads_per_worker=1, dashboard_address=":0", silence_logs=50
    )


def collections(n_rows, n_columns, n_classes, n_partitions):
    """Return X and y of a softmax model, made on the workers."""
    chunk = -(-n_rows // n_partitions)
    X = da.random.default_rng(0).standard_normal((n_rows, n_columns), chunks=(chunk, n_columns))
    coef = np.random.default_rng(1).standard_normal((n_columns, n_classes)) / np.sqrt(n_columns)

    def labels(block, block_info=None):
        random = np.random.default_rng(block_info[0]["chunk-location"][0])
        logits = 2 * block @ coef
        return (logits + random.gumbel(size=logits.shape)).argmax(axis=1)

    return X, X.map_blocks(labels, drop_axis=1, dtype=np.int64)


def problem(client, X, y):
    """Return the problem of a fit, its partitions on the workers."""
    samples = read_samples(client, Collections(X, y, None), class_weight=None, fit_intercept=True)
    return samples.problem(1.0, 0.0, 1)


def passes(data):
    """Return the median times of an evaluation and of a product, in ms, run in turn."""
    rng, times = np.random.default_rng(0), ([], [])
    for _ in range(REPEATS):
        coef = 0.01 * rng.standard_normal(data.shape)
        start = time.perf_counter()
        point = data.at(coef)
        middle = time.perf_counter()
        point.hessian_product(coef)
        times[0].append(middle - start)
        times[1].append(time.perf_counter() - middle)
    return tuple(1e3 * statistics.median(each) for each in times)


def nothing(client, n_tasks):
    """Return the median time of tasks that do nothing, in ms."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        client.gather(client.map(len, [()] * n_tasks, pure=False))
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def overhead(_):
    """Print passes whose arithmetic is next to nothing."""
    with cluster(2) as workers, Client(workers) as client:
        data = problem(client, *collections(800, 999, 10, 8)).data
        evaluation, product = passes(data)
        idle = nothing(client, 8)
    print(
        f"8 partitions of 100 rows, {np.prod(data.shape)} coefficients, two workers: an evaluation "
        f"takes {evaluation:.1f} ms, a product {product:.1f} ms (allowed: {ALLOWED:g}); "
        f"eight tasks that do nothing {idle:.1f} ms"
    )


def scaling(n_rows):
    """Print passes of one worker, and of two with twice the rows."""
    found = {}
    for n_workers in (1, 2):
        with cluster(n_workers) as workers, Client(workers) as client:
            data = problem(client, *collections(n_workers * n_rows, 100, 10, 4 * n_workers)).data
            found[n_workers] = passes(data)
    for name, one, two in zip(("an evaluation", "a product"), *found.values(), strict=True):
        print(
            f"{n_rows} x 100 a worker, 10 classes: {name} takes {one:.0f} ms on one worker, "
            f"{two:.0f} ms on two with twice the rows: {two / one:.2f} times as long"
        )


def model(n_rows):
    """Print the cost model beside a fit, and what it says of a billion rows."""
    n_columns, n_classes, n_partitions = 100, 10, 8
    with cluster(2) as workers, Client(workers) as client:
        small = problem(client, *collections(800, n_columns, n_classes, n_partitions)).data
        fixed = statistics.mean(passes(small))
        X, y = collections(2 * n_rows, n_columns, n_classes, n_partitions)
        X, y = client.persist([X, y])
        begun = time.perf_counter()
        whole = problem(client, X, y)
        preparing = time.perf_counter() - begun
        rate = (
            4
            * 2
            * n_rows
            * n_columns
            * n_classes
            / 2
            / (statistics.mean(passes(whole.data)) - fixed)
        )
        start = time.perf_counter()
        fitted = SoftmaxRegression().fit(X, y)
        seconds = time.perf_counter() - start
        counted, sampled = count(client, X, y)
    per_task = fixed / n_partitions
    print(f"constants: {rate / 1e6:.2f} G products a second and thread, {per_task:.2f} ms a task")
    arithmetic = 4 * n_rows * n_columns * n_classes / rate
    says = preparing + (counted * (arithmetic + fixed) + sampled * fixed) / 1e3
    print(
        f"{2 * n_rows} x {n_columns}, {n_classes} classes: {counted} passes, and {sampled} "
        f"over a sample; the partitions are read in {preparing:.1f} s; the model says "
        f"{says:.1f} s, the fit took {seconds:.1f} s ({fitted.solver_}, {fitted.n_iter_[0]} steps)"
    )
    rows, threads, partitions, bandwidth = 1e9, 256, 1024, 1e9
    arithmetic = 4 * rows * n_columns * n_classes / rate / threads / 1e3
    tasks = partitions * per_task / 1e3
    depth = int(np.ceil(np.log(partitions) / np.log(8)))
    network = 8 * n_columns * n_classes * 8 * depth / bandwidth
    print(
        f"1e9 rows on {threads} threads, {partitions} partitions: a pass takes {arithmetic:.2f} s "
        f"of arithmetic, {tasks:.2f} s of tasks and {network:.4f} s of network ({depth} levels)"
    )


def count(client, X, y):
    """Return how many passes a fit takes, over all rows and over a sample."""
    found = problem(client, X, y)
    model = SoftmaxRegression()
    model.client = client
    passes_of = [0, 0]
    original = type(found.data).at

    def at(self, coef):
        passes_of[self.blocks.n_rows != len(X)] += 1
        return original(self, coef)

    type(found.data).at = at
    points = type(found.data.at(np.zeros(found.data.shape)))
    product = points.hessian_product

    def hessian_product(self, directions):
        passes_of[self._n_rows != len(X)] += 1
        return product(self, directions)

    points.hessian_product = hessian_product
    passes_of[:] = 0, 0
    model.fit(X, y)
    return passes_of


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
