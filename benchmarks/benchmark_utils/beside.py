"""Something else on the machine while a benchmark runs (Linux)."""

import contextlib
import os
import subprocess
import sys


@contextlib.contextmanager
def _process(*command):
    """Something else on the machine."""
    other = subprocess.Popen(command)
    try:
        yield
    finally:
        other.kill()
        other.wait()


def _busy():
    """A process that keeps one core busy."""
    return _process(sys.executable, "-c", "while True: pass")


def _real_time():
    """A process of real-time priority that takes half of the last core in turns of 5 ms."""
    turns = """
import time
while True:
    end = time.perf_counter() + 0.005
    while time.perf_counter() < end:
        pass
    time.sleep(0.005)
"""
    core = str(max(os.sched_getaffinity(0)))
    return _process("chrt", "-f", "50", "taskset", "-c", core, sys.executable, "-c", turns)


@contextlib.contextmanager
def _one_core():
    """This process on one core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


BESIDE = {
    "nothing": contextlib.nullcontext,
    "busy": _busy,
    "real-time": _real_time,
    "one-core": _one_core,
}
