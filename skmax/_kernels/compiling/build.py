"""The libraries that come with an install: every specialisation, for each level of the processor.

    build_libraries(folder, stamp)

Object files are kept by what made them, so a second build of unchanged sources only links.
"""

import hashlib
import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from skmax._kernels.calling.library import MANIFEST, CompilationError
from skmax._kernels.calling.processor import Level, levels
from skmax._kernels.compiling.processes import compile_in_processes
from skmax._kernels.compiling.store import ObjectStore, folders_of_build
from skmax._kernels.entries import Specialisation, specialisations

_Key = tuple[str, str]  # a symbol and the name of a level


def build_libraries(folder: Path, stamp: str) -> list[Path]:
    """Compile and link what is missing; the libraries, with their checksums beside them.

    `stamp` is that of the sources that they will lie beside.

    Raises
    ------
    CompilationError
        If there is no level for this kind of machine, or a kernel could not be compiled or linked.
    """
    if not levels():
        raise CompilationError("there is no library for this kind of machine")
    objects = compile_objects(levels(), ObjectStore(folders_of_build()))
    folder.mkdir(parents=True, exist_ok=True)
    paths, manifest = [], {}
    for level in levels():
        path = folder / f"skmax-{level.name}.so"
        link([objects[each.symbol, level.name] for each in specialisations()], path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        manifest[level.name] = {"file": path.name, "sha256": digest}
        paths.append(path)
    content = {"sources": stamp, "libraries": manifest}
    (folder / MANIFEST).write_text(json.dumps(content, indent=1), "utf-8")
    return paths


def compile_objects(of_levels: Sequence[Level], store: ObjectStore) -> dict[_Key, bytes]:
    """The object files of all specialisations: those that are kept, and the others compiled now."""
    objects = {}
    for specialisation in specialisations():
        for level in of_levels:
            code = store.load(specialisation.symbol, level.name)
            if code is not None:
                objects[specialisation.symbol, level.name] = code
    total = len(specialisations()) * len(of_levels)
    print(f"skmax: {len(objects)} of {total} kernels are compiled already", flush=True)
    begun, lock = time.monotonic(), threading.Lock()

    def deliver(specialisation: Specialisation, level: Level, code: bytes) -> None:
        store.save(specialisation.symbol, level.name, code)
        with lock:
            objects[specialisation.symbol, level.name] = code
            if len(objects) % 20 == 0 or len(objects) == total:
                seconds = time.monotonic() - begun
                print(f"skmax: {len(objects)} of {total} kernels, {seconds:.0f} s", flush=True)

    names = [level.name for level in of_levels]
    left = [
        each
        for each in specialisations()
        if not all((each.symbol, name) in objects for name in names)
    ]
    if left:
        compile_in_processes(_units(left), of_levels, _processes(), deliver)
    return objects


def _processes() -> int:
    """As many as this process may use cores."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _units(some: Iterable[Specialisation]) -> list[list[Specialisation]]:
    """The units of some specialisations, those that take longest first."""
    units: dict[str, list[Specialisation]] = {}
    for each in some:
        units.setdefault(each.unit, []).append(each)
    return sorted(units.values(), key=lambda unit: -sum(len(each.signature) for each in unit))


def link(objects: Sequence[bytes], path: Path) -> None:
    """One shared library of object files; refused where they need more than libc and libm."""
    command = compiler()
    if command is None:
        raise CompilationError("there is no compiler to link with: cc, gcc, clang or ziglang")
    with tempfile.TemporaryDirectory() as temporary:
        files = []
        for number, code in enumerate(objects):
            files.append(Path(temporary) / f"{number}.o")
            files[-1].write_bytes(code)
        options = ["-Wl,-z,defs", "-Wl,-z,noexecstack", "-s"] if sys.platform != "darwin" else []
        arguments = ["-shared", "-o", str(path), *map(str, files), *options, "-lm"]
        try:
            done = subprocess.run(
                [*command, *arguments], capture_output=True, text=True, check=False
            )
        except OSError as error:
            raise CompilationError(f"{' '.join(command)} could not be started: {error}") from error
    if done.returncode != 0:
        raise CompilationError(f"{' '.join(command)} could not link: {done.stderr.strip()}")


def compiler() -> list[str] | None:
    """The system's compiler, or the one from PyPI where there is none."""
    if given := os.environ.get("CC"):
        return shlex.split(given)
    for name in ("cc", "gcc", "clang"):
        if found := shutil.which(name):
            return [found]
    if importlib.util.find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang", "cc"]
    return None
