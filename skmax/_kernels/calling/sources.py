"""What compiled code was made from: an edit or an upgrade never runs stale code."""

import functools
import hashlib
from pathlib import Path

KERNELS_FOLDER = Path(__file__).resolve().parents[1]


@functools.cache
def source_stamp() -> str:
    """A hash of the sources of all kernels, of the table, and of what calls and compiles them."""
    digest = hashlib.sha256()
    for path in sorted(KERNELS_FOLDER.rglob("*.py")):
        digest.update(path.relative_to(KERNELS_FOLDER).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()
