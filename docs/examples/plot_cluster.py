"""
A fit on a cluster
==================

The rows lie in partitions on the workers of a Dask cluster, here processes of this machine. What a
fit sums over the rows is summed where they are. We fit on one worker and on two, kill a worker on
the way, and compare the bits.
"""

# %%
# The digits eight times, with noise, in twelve partitions.
import os
import signal
import tempfile
from pathlib import Path

import dask.array as da
import matplotlib.pyplot as plt
import numpy as np
from distributed import Client, LocalCluster
from sklearn.datasets import load_digits

from skmax.dask import SoftmaxRegression

ROWS = 1200  # of a partition


def collections():
    """Return X and y as Dask arrays."""
    X, y = load_digits(return_X_y=True)
    random = np.random.default_rng(0)
    X = np.concatenate([X + random.normal(scale=2, size=X.shape) for _ in range(8)])
    return da.from_array(X, chunks=(ROWS, 64)), da.from_array(np.tile(y, 8), chunks=ROWS)


# %%
# `fit` takes the collections, and uses the client that is current. `lethal` is a step on the way
# from the data to the partitions that kills the process it runs in, once.
def fit(X, y, n_workers):
    """Fit on a cluster of so many processes."""
    settings = {"threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": 50}
    with LocalCluster(n_workers=n_workers, **settings) as cluster, Client(cluster):
        return SoftmaxRegression(C=0.01).fit(X, y)


def lethal(block, mark, block_info=None):
    """Return the block, unless it is the sixth and nobody has died for it yet."""
    if block_info[0]["chunk-location"][0] == 5 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return block


# %%
# The same bits come out for one worker and for two, and also where one of them dies: what it had is
# made again on the other. The workers are processes that import this script, which is why all that
# starts them stands below the usual guard.
if __name__ == "__main__":
    X, y = collections()
    one, two = fit(X, y, 1), fit(X, y, 2)
    with tempfile.TemporaryDirectory() as folder:
        deadly = X.map_blocks(lethal, Path(folder) / "mark", dtype=float)
        bereft = fit(deadly, y, 2)
        assert (Path(folder) / "mark").exists()
    print(X.numblocks[0], "partitions,", one.solver_, "in", one.n_iter_[0], "iterations")
    print("two workers, the same bits:", bool((one.coef_ == two.coef_).all()))
    print("one of two killed, the same bits:", bool((one.coef_ == bereft.coef_).all()))

    fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    gap = np.array(one.loss_curve_) / one.loss_curve_[-1] - 1
    axes[0].semilogy(np.arange(len(gap) - 1), gap[:-1], color="#0072B2", marker="o")
    axes[0].set(xlabel="Iteration", ylabel="Relative distance from the last value")
    axes[0].xaxis.get_major_locator().set_params(integer=True)
    limit = np.abs(one.coef_[3]).max()
    axes[1].imshow(one.coef_[3].reshape(8, 8), cmap="PuOr", vmin=-limit, vmax=limit)
    axes[1].set(title="Coefficients of the digit 3", xticks=[], yticks=[])
    plt.show()
