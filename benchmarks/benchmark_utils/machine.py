"""What a table was measured on."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def describe(*packages):
    """Return one line: the processor, its cores, Python and the packages' versions."""
    found = ", ".join(f"{package} {_version(package)}" for package in packages)
    return f"{_processor()}, {n_cores()} cores; Python {platform.python_version()}, {found}"


def n_cores():
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"


def _processor():
    """Return the processor's model, with its vector instructions where Linux tells."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return platform.processor() or platform.machine()
    fields = dict(
        (part.strip() for part in line.split(":", 1))
        for line in cpuinfo.read_text().splitlines()
        if ":" in line
    )
    flags = fields.get("flags", "").split()
    vector = next((name for name in ("avx512f", "avx2") if name in flags), "")
    return " ".join(part for part in (fields.get("model name", platform.machine()), vector) if part)
