"""The one jit decorator: compiled when first called, cached on disk wherever that can be.

numba's own cache fails where the package lies on a read-only disk, trusts whatever bytes the cache
file holds, and does not see a change in a function that a kernel calls. Here the folder is the
first one that can be written to, each file carries a checksum and is compiled anew where that is
off, and the stamp covers the sources of all kernels.
"""

import functools
import hashlib
import os
import pickle
import stat
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile

_ROOT = Path(__file__).resolve().parents[1]  # the folder of all kernels
_kernels: list[Any] = []

#: Of fastmath only "contract" (a*b + c in one rounding): "reassoc" would delete the rounding trick
#: in exp, "nnan" and "ninf" the handling of NaN and infinities. As numba's runtime is left out
#: (`_nrt`), a kernel that made an array would not compile: each is given its workspace.
OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract"},
    "_nrt": False,
}


def jit(function: Callable) -> Any:
    """Compile `function` for nopython mode, without the GIL, cached where possible."""
    kernel: Any = numba.njit(**OPTIONS)(function)
    if cache_folder() is not None:
        kernel._cache = _Cache(function)
    _kernels.append(kernel)
    return kernel


@dataclass(frozen=True)
class Compilation:
    """How the kernels called so far in this process came to be."""

    folder: Path | None
    loaded: int
    compiled: int


def compilation() -> Compilation:
    """Count the kernels that were loaded from the cache and those that were compiled."""
    stats = [kernel.stats for kernel in _kernels]
    return Compilation(
        folder=cache_folder(),
        loaded=sum(sum(stat.cache_hits.values()) for stat in stats),
        compiled=sum(sum(stat.cache_misses.values()) for stat in stats),
    )


@functools.cache
def cache_folder() -> Path | None:
    """The first folder of the candidates that can be written to; None where there is none."""
    for folder in _candidates():
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return None


def _candidates() -> Iterator[Path]:
    """Folders for compiled code: the user's choice, beside the source, the user's cache, temp."""
    install = hashlib.sha256(str(_ROOT).encode()).hexdigest()[:16]
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(chosen) / f"skmax-{install}"
    yield _ROOT / "__pycache__"
    if cache := os.environ.get("XDG_CACHE_HOME"):
        yield Path(cache) / "skmax" / install
    elif home := os.environ.get("HOME") or os.environ.get("LOCALAPPDATA"):
        yield Path(home) / ".cache" / "skmax" / install
    if hasattr(os, "getuid") and (private := _private_folder()):
        yield private / install


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


@functools.cache
def _source_stamp() -> str:
    """A hash of the sources of all kernels: an edit or an upgrade never runs stale code."""
    digest = hashlib.sha256()
    for path in sorted(_ROOT.rglob("*.py")):
        digest.update(str(path.relative_to(_ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()


class _Locator:
    """Tells numba's cache where to lie and when it is stale."""

    def __init__(self, folder: str, line: int) -> None:
        self._folder, self._line = folder, line

    @classmethod
    def from_function(cls, function: Callable, path: str) -> "_Locator":
        return cls(Path(path).parent.name, function.__code__.co_firstlineno)

    def ensure_cache_path(self) -> None:
        Path(self.get_cache_path()).mkdir(mode=0o700, parents=True, exist_ok=True)

    def get_cache_path(self) -> str:
        return str(cache_folder())

    def get_source_stamp(self) -> str:
        return _source_stamp()

    def get_disambiguator(self) -> str:
        # numba adds the names of the file and the function: the same in two folders, perhaps.
        return f"{self._folder}-{self._line}"


class _Impl(CompileResultCacheImpl):
    _locator_classes: list[Any] = [_Locator]


class _CheckedFile(IndexDataCacheFile):
    """numba's cache file with a checksum before the compiled code.

    It covers the sources and the types too: numba writes the index and the code one after the
    other, and two processes may mix theirs.
    """

    def save(self, key: Any, data: Any) -> None:
        self._key = key
        super().save(key, data)

    def load(self, key: Any) -> Any:
        self._key = key
        return super().load(key)

    def _save_data(self, name: str, data: Any) -> None:
        payload = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(self._digest(payload) + payload)

    def _load_data(self, name: str) -> Any:
        content = Path(self._data_path(name)).read_bytes()
        digest, payload = content[:32], content[32:]
        if self._digest(payload) != digest:
            raise OSError(f"damaged cache file {name}")
        return pickle.loads(payload)

    def _digest(self, payload: bytes) -> bytes:
        return hashlib.sha256(f"{_source_stamp()} {self._key}".encode() + payload).digest()


class _Cache(FunctionCache):
    """numba's cache of one function, which is compiled anew wherever the cache fails it."""

    _impl_class = _Impl

    def __init__(self, function: Callable) -> None:
        super().__init__(function)
        file = self._cache_file
        self._cache_file = _CheckedFile(file._cache_path, self._impl.filename_base, _source_stamp())

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        # A damaged index or object can raise anything that unpickling or linking can.
        try:
            return super().load_overload(sig, target_context)
        except Exception:
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except Exception:
            self._replace(sig, data)

    def _replace(self, sig: Any, data: Any) -> None:
        """Write over an index that cannot be read; do without where the disk refuses."""
        try:
            self.flush()
            super().save_overload(sig, data)
        except OSError:
            self.disable()
