"""Print the README's table, or check what the default settings promise.

    python benchmarks/table.py [SET ...]            time to a relative gap of 1e-3 and 1e-6
    python benchmarks/table.py defaults [SET ...]   fits with default settings

A SET is name[:raw|:scaled][:rows], for example letter, satimage:raw, covtype:raw:100000; the name
`all` stands for every set that is available. `--help` after either form lists the options.
"""

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent))  # PYTHONSAFEPATH leaves it out

from benchmark_utils import defaults, report
from benchmark_utils.methods import METHODS
from benchmark_utils.sets import PANEL, expand


def main(arguments):
    if arguments[:1] == ["defaults"]:
        return main_defaults(arguments[1:])
    parser = _parser("Time to a relative gap of the objective, against the best of each library.")
    parser.add_argument("sets", nargs="*", default=list(PANEL), help="default: %(default)s")
    parser.add_argument(
        "--against", nargs="+", default=["scikit-learn"], choices=[*METHODS][1:], metavar="LIBRARY",
        help="scikit-learn (default), scikit-learn-intelex, torch",
    )  # fmt: skip
    parser.add_argument("--dtype", default="float64", choices=["float32", "float64"])
    parser.add_argument("--repeats", type=int, default=5, help="timings of the finalists")
    parser.add_argument(
        "--pictures", type=Path, metavar="FOLDER", help="draw each set's fits there"
    )
    options = parser.parse_args(arguments)
    return report.table(
        expand(options.sets), options.against, C=options.C, limit=options.limit,
        dtype=options.dtype, repeats=options.repeats, pictures=options.pictures,
    )  # fmt: skip


def main_defaults(arguments):
    parser = _parser("Fits with default settings; the exit status is 1 where a promise is broken.")
    parser.add_argument("sets", nargs="*", default=["all:raw", "all:scaled"], help="default: all")
    parser.add_argument(
        "--solvers", nargs="*", default=["lbfgs", "newton-cg", "newton-cholesky", "sag", "saga"],
        help="of LogisticRegression, or none; default: %(default)s",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    return defaults.table(expand(options.sets), options.solvers, C=options.C, limit=options.limit)


def _parser(description):
    """Return a parser of the options that both forms have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--limit", type=float, default=120.0, help="seconds a fit may take")
    parser.add_argument("-C", type=float, default=1.0)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
