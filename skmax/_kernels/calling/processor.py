"""Which level of code the processor takes: decided as the system reports it, once."""

import functools
import platform
import sys
from typing import NamedTuple


class Level(NamedTuple):
    """A set of instructions that code is compiled for."""

    name: str  # of the library
    cpu: str  # as LLVM calls it
    features: str  # beside those of the cpu
    flags: tuple[str, ...] = ()  # that the processor must have, as Linux names them


_V3 = ("avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave")
_V4 = (*_V3, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")

#: The best first. LLVM's own choice for v4 is vectors of 256 bits, as for the first processors with
#: AVX-512: 10% slower in a pass, measured on an AMD EPYC of the fifth generation.
_X86 = (
    Level("x86-64-v4", "x86-64-v4", "-prefer-256-bit", _V4),
    Level("x86-64-v3", "x86-64-v3", "", _V3),
)
_ARM = (Level("aarch64", "generic", ""),)  # written for, and not tested


def levels() -> tuple[Level, ...]:
    """The levels of this family of processors that a library can be built for and chosen from."""
    linux, mac = sys.platform.startswith("linux"), sys.platform == "darwin"
    if linux and platform.machine() == "x86_64":
        return _X86
    if (linux or mac) and platform.machine() in ("aarch64", "arm64"):
        return _ARM
    return ()


#: The name of the only level that may be chosen, if there is one.
only: str | None = None


@functools.cache
def level() -> Level | None:
    """The best level of this processor that may be chosen; None where it has none."""
    return next((each for each in levels_here() if only in (None, each.name)), None)


def levels_here() -> list[Level]:
    """Those that this processor runs, the best first."""
    flags = _flags() if any(each.flags for each in levels()) else frozenset()
    return [each for each in levels() if flags.issuperset(each.flags)]


def _flags() -> frozenset[str]:
    """The flags of the first processor, of which Linux lists each."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            line = next((line for line in file if line.startswith("flags")), "")
    except OSError:
        return frozenset()
    return frozenset(line.partition(":")[2].split())
