"""Print the wall time of a whole grid search over C, beside LogisticRegression.

python benchmarks/search.py [digits] [letter]
python benchmarks/search.py --scores ...    how far the mean scores are from those of the optima

A search is a process: imports, data, and GridSearchCV of a pipeline with a StandardScaler over six
values of C and five folds, two at a time. Pairs of processes alternate. The letters, of which 5000
are drawn, are read from SKMAX_DATA_DIR.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.append(str(Path(__file__).resolve().parent))  # PYTHONSAFEPATH leaves it out

from benchmark_utils.data import load
from benchmark_utils.machine import describe

SETS = {"digits": {}, "letter": {"rows": 5000}}
LIBRARIES = ("skmax", "scikit-learn")


def main(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"some of {', '.join(SETS)}")
    parser.add_argument("--repeats", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--scores", action="store_true")
    parser.add_argument("--one", choices=LIBRARIES, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    unknown = set(options.sets) - set(SETS)
    if unknown:
        parser.error(f"no such set: {', '.join(sorted(unknown))}")
    if options.one:
        return print(json.dumps(search(options.one, *options.sets)))
    print(f"{describe('skmax', 'scikit-learn', 'numpy')}.\n")
    if options.scores:
        return scores(options.sets or SETS)
    compare(options.sets or SETS, options.repeats)
    return 0


def compare(sets, repeats):
    """The table of seconds, of their ratio, and of the best log-losses, which should be alike."""
    print("| data | skmax, s | LogisticRegression, s | skmax / the other | log-losses | C |")
    print("|---|---:|---:|---:|---|---|")
    skipped = [name for name in sets if name != "digits" and not os.environ.get("SKMAX_DATA_DIR")]
    for name in sets:
        if name in skipped:
            continue
        seconds, best = {library: [] for library in LIBRARIES}, {}
        for repeat in range(repeats):
            for library in LIBRARIES[:: -1 if repeat % 2 else 1]:
                begun = time.perf_counter()
                best[library] = _search_in_process(library, name)
                seconds[library].append(time.perf_counter() - begun)
        ours, theirs = seconds.values()
        ratio = statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
        losses, strengths = zip(*(best[library] for library in LIBRARIES), strict=True)
        print(
            f"| {name} | {statistics.median(ours):.3g} | {statistics.median(theirs):.3g} "
            f"| {ratio:.3g} | {', '.join(f'{loss:.4f}' for loss in losses)} "
            f"| {', '.join(f'{C:.3g}' for C in strengths)} |",
            flush=True,
        )
    for name in skipped:
        print(f"\n{name} is left out: SKMAX_DATA_DIR, where it would be read from, is not set.")


def scores(sets):
    """Print the largest difference of mean scores from those of LogisticRegression at tol=1e-10."""
    from sklearn.linear_model import LogisticRegression

    from skmax import SoftmaxRegression

    for name in sets:
        found = searched(SoftmaxRegression(), name)
        exact = searched(LogisticRegression(max_iter=100_000, tol=1e-10), name)
        apart = found.cv_results_["mean_test_score"] - exact.cv_results_["mean_test_score"]
        print(
            f"{name}: mean scores differ by {np.abs(apart).max():.2g} at most, "
            f"the best by {abs(found.best_score_ - exact.best_score_):.2g}"
        )


def _search_in_process(library, name):
    """The log-loss and the C that a process of its own prints."""
    command = [sys.executable, "-W", "ignore", __file__, name, "--one", library]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def search(library, name):
    """What the process of one figure does."""
    if library == "skmax":
        from skmax import SoftmaxRegression

        model = SoftmaxRegression()
    else:
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(max_iter=1000)
    found = searched(model, name)
    (strength,) = found.best_params_.values()
    return -found.best_score_, strength


def searched(model, name):
    """The search over C."""
    X, y = load(name, scaling="raw", **SETS[name])
    pipeline = make_pipeline(StandardScaler(), model)
    grid = {f"{type(model).__name__.lower()}__C": np.logspace(-2, 2, 6)}
    return GridSearchCV(pipeline, grid, cv=5, n_jobs=2, scoring="neg_log_loss").fit(X, y)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
