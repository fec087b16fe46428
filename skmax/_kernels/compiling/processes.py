"""Compiling in processes of their own: no setting of numba in the user's process has a say."""

import json
import os
import queue
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

from skmax._kernels.calling.library import CompilationError
from skmax._kernels.calling.processor import Level
from skmax._kernels.calling.sources import KERNELS_FOLDER, source_stamp
from skmax._kernels.entries import Specialisation

#: What a process says first, with the stamp of its sources; what comes before it is by others,
#: such as a site's own start of Python.
READY = b"skmax compiles "

#: What precedes an object file.
SIZE = struct.Struct("q")

#: What a process hands on as soon as it is compiled: a specialisation, a level, the object file.
Deliver = Callable[[Specialisation, Level, bytes], None]


_ENDED = "a process that compiles kernels has ended too soon"


def compile_in_processes(
    units: Sequence[Sequence[Specialisation]], levels: Sequence[Level], jobs: int, deliver: Deliver
) -> None:
    """Compile all units for all levels in up to `jobs` processes, a unit at a time.

    Raises
    ------
    CompilationError
    """
    waiting: queue.SimpleQueue[Sequence[Specialisation]] = queue.SimpleQueue()
    for unit in units:
        waiting.put(unit)
    jobs = max(1, min(jobs, len(units)))
    with ThreadPoolExecutor(jobs) as pool:
        for done in [pool.submit(_work, waiting, levels, deliver) for _ in range(jobs)]:
            done.result()


def _work(waiting: "queue.SimpleQueue[Any]", levels: Sequence[Level], deliver: Deliver) -> None:
    """Have one process compile units until none is left."""
    try:
        with _start(levels) as process:
            try:
                _serve(process, waiting, levels, deliver)
            except BaseException:  # an interrupt too: nobody is left waiting for it
                process.kill()
                raise
    except (OSError, ValueError) as error:
        raise CompilationError(str(error)) from error


def _serve(
    process: subprocess.Popen[bytes],
    waiting: "queue.SimpleQueue[Any]",
    levels: Sequence[Level],
    deliver: Deliver,
) -> None:
    _await_ready(process.stdout)
    while True:
        try:
            unit = waiting.get_nowait()
        except queue.Empty:
            break
        for specialisation in unit:
            _write(process.stdin, f"{specialisation.symbol}\n".encode())
            for level in levels:
                deliver(specialisation, level, _read_object(process.stdout))
    _write(process.stdin, b"\n")


def _start(levels: Sequence[Level]) -> subprocess.Popen[bytes]:
    """A process in which numba does not optimise, and heeds no other setting of the user's.

    It runs in a folder of ours: numba reads settings from the current one, and Python modules.
    """
    environment = {name: value for name, value in os.environ.items() if "NUMBA" not in name}
    given = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    path = [str(KERNELS_FOLDER.parents[1]), *map(os.path.abspath, given)]
    environment |= {
        "NUMBA_OPT": "0",
        "PYTHONPATH": os.pathsep.join(path),
        "PYTHONWARNINGS": "ignore",
    }
    if getattr(sys, "frozen", False):
        raise OSError("sys.executable is a program of its own, not Python")
    worker = ["-P", "-m", "skmax._kernels.compiling.worker"]
    return subprocess.Popen(
        [sys.executable or "", *worker, *map(json.dumps, levels)],
        env=environment,
        cwd=KERNELS_FOLDER,
        process_group=0 if os.name == "posix" else None,  # Ctrl-C is for the caller
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def _write(stream: IO[bytes] | None, content: bytes) -> None:
    assert stream is not None
    stream.write(content)
    stream.flush()


def _await_ready(stream: IO[bytes] | None) -> None:
    assert stream is not None
    while READY not in (line := stream.readline()):
        if not line:
            raise OSError(_ENDED)
    if line.partition(READY)[2].decode().strip() != source_stamp():
        raise OSError("the sources of the kernels have changed since they were imported")


def _read_object(stream: IO[bytes] | None) -> bytes:
    assert stream is not None
    size = stream.read(SIZE.size)
    code = stream.read(SIZE.unpack(size)[0]) if len(size) == SIZE.size else b""
    if not code:
        raise OSError(_ENDED)
    return code
