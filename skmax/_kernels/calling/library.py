"""Where the code of a kernel comes from: the library that came with the install, or this machine.

The library is read from the package's own folder, and served only where its checksum, the sources
beside it and the processor are those it was made for. Where it does not serve, kernels are compiled
when they are first called.
"""

import ctypes
import functools
import hashlib
import json
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from skmax._kernels.calling.processor import level
from skmax._kernels.calling.sources import KERNELS_FOLDER, source_stamp
from skmax._kernels.entries import Specialisation, specialisations

FOLDER = KERNELS_FOLDER / "native"
MANIFEST = "manifest.json"


@dataclass
class Report:
    """Where the kernels called so far in this process have come from."""

    level: str | None  # of the processor
    library: Path | None  # that came with the install and serves
    shipped: int = 0  # specialisations in it
    loaded: int = 0  # compiled on this machine before this process
    compiled: int = 0  # by this process
    folder: Path | None = None  # where compiled code is kept


@functools.cache
def library() -> ctypes.CDLL | None:
    """The library for this processor; None where there is none that serves."""
    path = library_path()
    try:
        return None if path is None else ctypes.CDLL(str(path))
    except OSError:
        return None


@functools.cache
def library_path() -> Path | None:
    """The file of the library for this processor, if it is what the build has left there."""
    best = level()
    if best is None:
        return None
    try:
        manifest = json.loads((FOLDER / MANIFEST).read_text("utf-8"))
        entry = manifest["libraries"][best.name]
        path = FOLDER / entry["file"]
        right = (
            manifest["sources"] == source_stamp() != ""
            and entry["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return path if right else None


class _Lock:
    """Held while a process compiles; a forked child has one of its own."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def renew(self) -> None:
        self.lock = threading.Lock()


_compiling = _Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_compiling.renew)


def address_of(specialisation: Specialisation) -> int:
    """Where the compiled function lies in the memory of this process."""
    if (shipped := library()) is not None:
        function = getattr(shipped, specialisation.symbol)
        return ctypes.cast(function, ctypes.c_void_p).value or 0
    from skmax._kernels.compiling import here

    with _compiling.lock:
        return here.address_of(specialisation)


def forget_compiled() -> None:
    """Let code that is compiled on this machine be looked up anew, if any has been."""
    if (here := sys.modules.get("skmax._kernels.compiling.here")) is not None:
        here.level.cache_clear()
        here.address_of.cache_clear()


class CompilationError(Exception):
    """A kernel could not be compiled, or a library not linked."""


def compile_all() -> Path | None:
    """Compile, and keep, all that has not been compiled on this machine; the folder it is kept in.

    Raises
    ------
    CompilationError
        If no process could be started, or one has failed.
    """
    from skmax._kernels.compiling import build, here

    build.compile_objects([here.level()], here.store())
    return here.store().folder


def report() -> Report:
    """What serves this process, and what it has called so far."""
    best, path = level(), library_path() if library() is not None else None
    found = Report(best.name if best else None, path)
    if path is not None:
        found.shipped = len(specialisations())
        return found
    from skmax._kernels.compiling import here

    found.loaded, found.compiled, found.folder = here.loaded, here.compiled, here.store().folder
    return found
