"""Object files on disk, so that a kernel is compiled once on a machine.

A file is a checksum and an object file, named by what it holds and by all that made it: the
sources, the level of the processor, the versions of numba and of LLVM's binding. A damaged one is
compiled anew.
"""

import hashlib
import os
import shutil
import stat
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from skmax._kernels.calling.sources import KERNELS_FOLDER, source_stamp

KEPT = 4  # kinds of code, by what made it, that are kept in a folder


class ObjectStore:
    """Reads from all of the folders, writes to the first that can be written to."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = list(folders) if source_stamp() else []  # else nobody knows what it is
        self.folder = next(filter(_can_be_written, self._folders), None)
        made_by = [source_stamp(), sysconfig.get_platform()]
        made_by += [f"{name} {_version(name)}" for name in ("numba", "llvmlite")]
        self._made_by = hashlib.sha256(" ".join(made_by).encode()).hexdigest()[:16]

    def load(self, symbol: str, level: str) -> bytes | None:
        """The object file of a specialisation for a level, if it has been kept."""
        for folder in self._folders:
            try:
                content = self._path(folder, symbol, level).read_bytes()
            except OSError:
                continue
            digest, code = content[:32], content[32:]
            if code and digest == self._digest(symbol, level, code):
                return code
        return None

    def save(self, symbol: str, level: str, code: bytes) -> None:
        """Keep an object file, if the disk lets it; a reader finds it whole or not at all."""
        if self.folder is None:
            return
        try:
            path = self._path(self.folder, symbol, level)
            if not path.parent.exists():
                _remove_oldest(self.folder)
                path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            _write(path, self._digest(symbol, level, code) + code)
        except OSError:
            pass

    def _path(self, folder: Path, symbol: str, level: str) -> Path:
        return folder / self._made_by / f"{symbol}-{level}.o"

    def _digest(self, symbol: str, level: str, code: bytes) -> bytes:
        return hashlib.sha256(f"{self._made_by} {symbol} {level}".encode() + code).digest()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing, for whoever may enter the folder to read."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            file.write(content)
            file.close()
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)
        except OSError:
            os.unlink(file.name)
            raise


def _can_be_written(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _remove_oldest(folder: Path) -> None:
    """Make way for what new sources will compile to."""
    kinds = sorted(
        (path for path in folder.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime
    )
    for path in kinds[: max(0, len(kinds) + 1 - KEPT)]:
        shutil.rmtree(path, ignore_errors=True)


def folders_of_install() -> Iterator[Path]:
    """For code compiled when first called: where all who use this install find it, if it can be."""
    yield from _chosen()
    yield KERNELS_FOLDER / "__pycache__" / "objects"
    yield from _of_user()


def folders_of_build() -> Iterator[Path]:
    """For what a build compiles: the sources may lie in a folder that goes when it ends."""
    yield from _chosen()
    yield from _of_user()
    yield KERNELS_FOLDER / "__pycache__" / "objects"


def _chosen() -> Iterator[Path]:
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(chosen) / "skmax"


def _of_user() -> Iterator[Path]:
    """The user's cache, and where there is none his folder among the temporary files."""
    if cache := os.environ.get("XDG_CACHE_HOME"):
        yield Path(cache) / "skmax"
    elif home := os.environ.get("HOME") or os.environ.get("LOCALAPPDATA"):
        yield Path(home) / ".cache" / "skmax"
    if hasattr(os, "getuid") and (private := _private_folder()):
        yield private


def _private_folder() -> Path | None:
    """A folder among the temporary files that no other user can write to: its code will be run."""
    try:
        folder = Path(tempfile.gettempdir()) / f"skmax-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder if _is_private(folder) else None
    except OSError:
        return None


def _is_private(folder: Path) -> bool:
    """Whether `folder` is ours alone: our own, no link, no access for others."""
    info = folder.lstat()
    return stat.S_ISDIR(info.st_mode) and info.st_uid == os.getuid() and not info.st_mode & 0o077
