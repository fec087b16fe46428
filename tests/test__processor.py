"""Which level of code a processor takes, as the system describes it."""

import builtins
import io
import platform
import sys

import pytest

from skmax._kernels.calling import processor

V3 = "fpu sse4_2 popcnt avx avx2 bmi1 bmi2 f16c fma abm movbe xsave"
V4 = f"{V3} avx512f avx512bw avx512cd avx512dq avx512vl"
CPUINFO = """\
processor\t: 0
vendor_id\t: Someone
model name\t: flags of all countries
flags\t\t: {}
vmx flags\t: {}
bugs\t\t: spectre_v1

processor\t: 1
flags\t\t: none
"""


class Machine:
    """What a process is told about the machine it runs on."""

    def __init__(self, monkeypatch):
        self.monkeypatch = monkeypatch
        self.is_a("linux", "x86_64")

    def is_a(self, system, architecture):
        self.monkeypatch.setattr(sys, "platform", system)
        self.monkeypatch.setattr(platform, "machine", lambda: architecture)

    def cpuinfo(self, content):
        """A text, or the error of an attempt to read it."""
        real = builtins.open

        def opened(path, *arguments, **options):
            if path != "/proc/cpuinfo":
                return real(path, *arguments, **options)
            if isinstance(content, Exception):
                raise content
            return io.StringIO(content)

        self.monkeypatch.setattr(builtins, "open", opened)

    def level(self):
        found = processor.level.__wrapped__()
        return found and found.name


@pytest.fixture
def machine(monkeypatch):
    return Machine(monkeypatch)


@pytest.mark.parametrize(("flags", "level"), [(V4, "x86-64-v4"), (V3, "x86-64-v3")])
def test_the_best_level_that_has_all_its_flags(machine, flags, level):
    machine.cpuinfo(CPUINFO.format(flags, "none"))
    assert machine.level() == level


@pytest.mark.parametrize("flag", ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"])
def test_without_one_flag_of_v4_it_is_v3(machine, flag):
    machine.cpuinfo(CPUINFO.format(V4.replace(flag, ""), V4))
    assert machine.level() == "x86-64-v3"


@pytest.mark.parametrize("flag", ["avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"])
def test_without_one_flag_of_v3_there_is_no_level(machine, flag):
    machine.cpuinfo(CPUINFO.format(" ".join(set(V4.split()) - {flag}), V4))
    assert machine.level() is None


@pytest.mark.parametrize("text", ["", "flags", "flags\t\t:\n", "processor\t: 0\nFeatures\t: fp\n"])
def test_a_list_without_flags_is_no_level(machine, text):
    machine.cpuinfo(text)
    assert machine.level() is None


@pytest.mark.parametrize("error", [FileNotFoundError, PermissionError])
def test_a_list_that_cannot_be_read_is_no_level(machine, error):
    machine.cpuinfo(error("no /proc here"))
    assert machine.level() is None


@pytest.mark.parametrize(
    ("system", "architecture"), [("linux", "aarch64"), ("darwin", "arm64"), ("linux", "arm64")]
)
def test_arm_is_one_level_whatever_the_list_says(machine, system, architecture):
    machine.is_a(system, architecture)
    machine.cpuinfo(FileNotFoundError("it is not asked for"))
    assert machine.level() == "aarch64"


@pytest.mark.parametrize(
    ("system", "architecture"),
    [("win32", "AMD64"), ("win32", "ARM64"), ("darwin", "x86_64"), ("linux", "i686"), ("aix", "")],
)
def test_other_machines_have_no_levels(machine, system, architecture):
    machine.is_a(system, architecture)
    machine.cpuinfo(CPUINFO.format(V4, V4))
    assert processor.levels() == ()
    assert machine.level() is None


def test_levels_are_named_once_and_each_needs_all_that_the_next_does(machine):
    best, next_best = processor.levels()
    assert set(best.flags) > set(next_best.flags)
    assert best.name != next_best.name


def test_the_level_of_this_machine_is_one_of_its_levels():
    found = processor.level()
    assert found is None or found in processor.levels()
    assert processor.level() is found
