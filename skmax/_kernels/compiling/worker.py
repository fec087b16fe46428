"""A process that compiles: symbols come in by lines, object files go out, each after its size.

It ends at an empty line: its input stays open for as long as a process that was forked from the
caller meanwhile.
"""

import json
import os
import sys

from skmax._kernels.calling.processor import Level
from skmax._kernels.calling.sources import source_stamp
from skmax._kernels.compiling.objects import object_codes
from skmax._kernels.compiling.processes import READY, SIZE
from skmax._kernels.entries import specialisations


def main() -> None:
    """Compile each symbol that is asked for, for each of the levels given in the arguments."""
    levels = [Level(*json.loads(argument)) for argument in sys.argv[1:]]
    by_symbol = {each.symbol: each for each in specialisations()}
    out = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "wb") as nowhere:  # for what anyone prints
        os.dup2(nowhere.fileno(), 1)
    out.write(READY + source_stamp().encode() + b"\n")
    out.flush()
    for line in sys.stdin:
        symbol = line.strip()
        if not symbol:
            break
        for code in object_codes(by_symbol[symbol], levels):
            out.write(SIZE.pack(len(code)) + code)
        out.flush()


if __name__ == "__main__":
    main()
