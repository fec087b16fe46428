"""What compiled code was made from: an edit or an upgrade never runs stale code."""

import functools
import hashlib
from pathlib import Path

KERNELS_FOLDER = Path(__file__).resolve().parents[1]


def stamp_of(folder: Path) -> str:
    """A hash of the sources in a folder of kernels; empty where there are none to be read."""
    digest, paths = hashlib.sha256(), sorted([*folder.glob("*.py"), *folder.glob("*/*.py")])
    try:
        for path in paths:
            digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    except OSError:
        return ""
    return digest.hexdigest() if paths else ""


@functools.cache
def source_stamp() -> str:
    """That of all kernels, of the table, and of what calls and compiles them."""
    return stamp_of(KERNELS_FOLDER)
