"""Print the time of paths of 100 penalties beside glmnet's, at equal gap.

python benchmarks/paths.py [SET[:ROWS] ...] [--limit SECONDS] [--penalties N]

The L1 norm and the elastic net (l1_ratio 0.5) on the grid of `regularization_path`; dense sets are
standardised. A path counts where every objective is within 1e-5 of the minimum, which a tight path
finds: skmax by that tolerance; glmnet (`Rscript` with its package) with a threshold that is lowered
from its default until that is so. Its time is R's, of `glmnet` alone, its data loaded. Classes of
one row, which it refuses, are left out for both.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from sklearn.preprocessing import StandardScaler

sys.path.append(str(Path(__file__).resolve().parent))  # PYTHONSAFEPATH leaves it out

from benchmark_utils.data import load
from benchmark_utils.machine import describe
from benchmark_utils.value import evaluate

from skmax import regularization_path

SETS = ("letter", "mnist:10000", "news20", "leukemia_all", "covtype:50000", "dna")
RATIOS, N_PENALTIES = (1.0, 0.5), 100
GAP, TIGHT = 1e-5, 1e-8
THRESHOLDS = (1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12)
ASKED, LEAST = 2.0, 0.7  # the geometric mean of the ratios, and the smallest

SCRIPT = """
suppressMessages(library(glmnet)); suppressMessages(library(Matrix))
folder <- commandArgs(TRUE)[1]
read <- function(name, what) {
  path <- file.path(folder, name)
  readBin(path, what, file.size(path) / (if (what == "double") 8 else 4))
}
settings <- read("settings", "double")  # rows, columns, classes, alpha, thresh, sparse
n <- settings[1]; p <- settings[2]
x <- if (settings[6]) sparseMatrix(i = read("i", "integer"), p = read("p", "integer"),
                                   x = read("x", "double"), dims = c(n, p), index1 = FALSE) else
  matrix(read("x", "double"), n, p)
y <- factor(read("y", "integer"))
glmnet.control(fdev = 0, devmax = 1)
seconds <- system.time(fit <- glmnet(
  x, y, family = if (settings[3] > 2) "multinomial" else "binomial", alpha = settings[4],
  lambda = read("lambda", "double"), standardize = FALSE, thresh = settings[5], maxit = 1e8
))[["elapsed"]]
coefs <- if (settings[3] > 2) lapply(fit$beta, as.matrix) else list(as.matrix(fit$beta))
writeBin(as.double(unlist(coefs)), file.path(folder, "coefs"))
writeBin(as.double(rbind(fit$a0)), file.path(folder, "intercepts"))
cat(seconds, length(fit$lambda))
"""


def main(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", default=SETS, metavar="SET[:ROWS]")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds for a path of glmnet")
    parser.add_argument("--penalties", type=int, default=N_PENALTIES)
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    print(f"{describe('skmax', 'numpy')}; glmnet {glmnet_version()}, stopped after "
          f"{options.limit:g} s.\n")  # fmt: skip
    columns = ["data", "rows x columns, classes", "l1_ratio", "not 0 at the end", "thresh"]
    print(f"| {' | '.join(columns)} | skmax, s | glmnet, s | ratio |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    ratios = []
    for text in options.sets:
        name, _, rows = text.partition(":")
        X, y = load(name, rows=int(rows) if rows else None, scaling="raw")
        kept = np.bincount(y)[y] > 1  # glmnet refuses classes of one row
        X, y = X[kept], np.unique(y[kept], return_inverse=True)[1]
        if not sp.issparse(X):
            X = StandardScaler().fit_transform(X)
        for l1_ratio in RATIOS:
            ratios.append(row(text, X, y, l1_ratio, options))
    print(f"\ngeometric mean {statistics.geometric_mean(ratios):.3g} (asked for: {ASKED:g}), "
          f"smallest {min(ratios):.3g} (asked for: {LEAST:g})")  # fmt: skip


def row(text, X, y, l1_ratio, options):
    """Print a case, and return how many times as long glmnet takes."""
    regularization_path(X, y, Cs=2, l1_ratio=l1_ratio, max_iter=2)  # what is loaded is loaded now
    settings, limit = {"Cs": options.penalties, "l1_ratio": l1_ratio}, options.limit
    begun = time.perf_counter()
    path = regularization_path(X, y, **settings, tol=GAP)
    ours = time.perf_counter() - begun
    tight = regularization_path(X, y, **settings, tol=TIGHT)
    best = values(X, y, tight.Cs, tight.coefs, tight.intercepts, l1_ratio)
    reached = values(X, y, path.Cs, path.coefs, path.intercepts, l1_ratio)
    missed = "" if (reached <= best * (1 + GAP)).all() else " !"
    theirs, thresh = glmnet(X, y, path.Cs, l1_ratio, best, limit)
    ratio = min(theirs, limit) / ours
    print(
        f"| {text} | {X.shape[0]} x {X.shape[1]}, {y.max() + 1} | {l1_ratio:g} "
        f"| {path.n_nonzero[-1] / path.coefs[0].size:.1%} | {thresh:g} | {ours:.3g}{missed} "
        f"| {'> ' if theirs > limit else ''}{min(theirs, limit):.3g} | {ratio:.3g} |",
        flush=True,
    )
    return ratio


def values(X, y, Cs, coefs, intercepts, l1_ratio):
    """Return the objective for each C."""
    points = zip(Cs, coefs, intercepts, strict=True)
    return np.array([evaluate(X, y, coef, b, C, l1_ratio)[0] for C, coef, b in points])


def glmnet(X, y, Cs, l1_ratio, best, limit):
    """Return the seconds of glmnet's path and its threshold; inf where it takes too long."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        n_classes = int(y.max()) + 1
        if sp.issparse(X):
            columns = X.tocsc()
            columns.data.astype(np.float64).tofile(folder / "x")
            columns.indices.astype(np.int32).tofile(folder / "i")
            columns.indptr.astype(np.int32).tofile(folder / "p")
        else:
            np.asfortranarray(X).T.tofile(folder / "x")
        y.astype(np.int32).tofile(folder / "y")
        (1 / (Cs * len(y))).tofile(folder / "lambda")
        (folder / "script.R").write_text(SCRIPT)
        for thresh in THRESHOLDS:
            sizes = [*X.shape, n_classes, l1_ratio, thresh, sp.issparse(X)]
            np.array(sizes, np.float64).tofile(folder / "settings")
            command = ["Rscript", str(folder / "script.R"), str(folder)]
            try:
                told = subprocess.run(
                    command, check=True, stdout=subprocess.PIPE, text=True, timeout=limit + 60
                ).stdout
            except subprocess.TimeoutExpired:
                return np.inf, thresh
            seconds, n_penalties = map(float, told.split())
            n_penalties, n_outputs = int(n_penalties), n_classes if n_classes > 2 else 1
            shape = n_outputs, n_penalties, X.shape[1]
            coefs = np.fromfile(folder / "coefs").reshape(shape).swapaxes(0, 1)
            intercepts = np.fromfile(folder / "intercepts").reshape(n_penalties, n_outputs)
            reached = values(X, y, Cs[:n_penalties], coefs, intercepts, l1_ratio)
            all_there = n_penalties == len(Cs)
            if all_there and (reached <= best * (1 + GAP)).all():
                return seconds, thresh
            if seconds > limit:
                return np.inf, thresh
    return np.inf, thresh


def glmnet_version():
    """Return the version of R's package."""
    command = ["Rscript", "-e", 'cat(as.character(packageVersion("glmnet")))']
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
