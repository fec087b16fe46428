"""Building the libraries: the compiler, the link, and the steps that setuptools takes."""

import ctypes
import importlib
import importlib.util
import sys
from pathlib import Path

import llvmlite.binding as llvm
import pytest

from skmax._kernels.calling.sources import source_stamp
from skmax._kernels.compiling import build, here
from skmax._kernels.compiling.processes import CompilationError
from skmax._kernels.compiling.store import ObjectStore

needs_a_compiler = pytest.mark.skipif(build.compiler() is None, reason="there is no compiler")


def test_a_machine_without_levels_has_no_library(monkeypatch, tmp_path):
    monkeypatch.setattr(build, "levels", tuple)
    with pytest.raises(CompilationError, match="no library for this kind of machine"):
        build.build_libraries(tmp_path / "native", source_stamp())
    assert not (tmp_path / "native").exists()


def test_a_process_that_cannot_be_started_is_a_compilation_error(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    with pytest.raises(CompilationError, match="nonexistent"):
        build.compile_objects([here.level()], ObjectStore([tmp_path]))


def object_file(code):
    """An object file of code in LLVM's language."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(reloc="pic")
    return machine.emit_object(llvm.parse_assembly(code))


NEEDY = """
declare void @some_unknown_function()
define void @needy() {
  call void @some_unknown_function()
  ret void
}
"""
FREE = """
declare double @exp(double)
define double @free(double %x) {
  %e = call double @exp(double %x)
  ret double %e
}
"""


@needs_a_compiler
def test_what_needs_more_than_libc_and_libm_is_not_linked(tmp_path):
    with pytest.raises(CompilationError, match=r"could not link: [\s\S]*some_unknown_function"):
        build.link([object_file(FREE), object_file(NEEDY)], tmp_path / "library.so")
    assert not (tmp_path / "library.so").exists()


@needs_a_compiler
def test_what_needs_libm_is_linked_with_it(tmp_path):
    build.link([object_file(FREE)], tmp_path / "library.so")
    free = ctypes.CDLL(str(tmp_path / "library.so")).free
    free.restype, free.argtypes = ctypes.c_double, [ctypes.c_double]
    assert free(0.0) == 1.0


class System:
    """Which compilers there are."""

    def __init__(self, folder, monkeypatch):
        self.folder = folder / "bin"
        self.folder.mkdir()
        self.monkeypatch = monkeypatch
        monkeypatch.setenv("PATH", str(self.folder))
        monkeypatch.delenv("CC", raising=False)
        self.has_ziglang(False)

    def has_ziglang(self, it_has):
        real = importlib.util.find_spec

        def find_spec(name, *package):
            if name == "ziglang":
                return object() if it_has else None
            return real(name, *package)

        self.monkeypatch.setattr(importlib.util, "find_spec", find_spec)

    def has(self, name):
        path = self.folder / name
        path.touch(0o755)
        return str(path)


@pytest.fixture
def system(tmp_path, monkeypatch):
    return System(tmp_path, monkeypatch)


def test_the_first_compiler_of_the_system_is_taken(system):
    system.has_ziglang(True)
    for name in ("clang", "gcc", "cc"):
        assert build.compiler() != [system.folder / name]
        path = system.has(name)
        assert build.compiler() == [path]


def test_the_users_choice_of_a_compiler_comes_first(system, monkeypatch):
    system.has("cc")
    monkeypatch.setenv("CC", "other-gcc -m64")
    assert build.compiler() == ["other-gcc", "-m64"]
    monkeypatch.setenv("CC", "")
    assert build.compiler() == [str(system.folder / "cc")]


def test_ziglang_is_taken_where_the_system_has_none(system):
    assert build.compiler() is None
    system.has_ziglang(True)
    assert build.compiler() == [sys.executable, "-m", "ziglang", "cc"]


def test_without_a_compiler_nothing_is_linked(system, tmp_path):
    with pytest.raises(CompilationError, match="no compiler to link with"):
        build.link([b"code"], tmp_path / "library.so")


def test_a_compiler_that_cannot_be_started_is_a_compilation_error(system, tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(CompilationError, match="no-such-compiler could not be started"):
        build.link([b"code"], tmp_path / "library.so")


# The build's own steps, which setuptools takes


@pytest.fixture
def backend(monkeypatch):
    module = importlib.import_module("skmax._kernels.compiling.backend")
    monkeypatch.setattr(module.build_meta, "get_requires_for_build_wheel", lambda _: ["wheel"])
    return module


def test_a_compiler_from_pypi_is_asked_for_only_where_there_is_none(backend, system):
    assert backend.get_requires_for_build_wheel() == ["wheel", "ziglang"]
    system.has("clang")
    assert backend.get_requires_for_build_wheel() == ["wheel"]


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """setuptools' commands for a distribution of no files, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return importlib.import_module("skmax._kernels.compiling.commands")


def distribution(commands):
    from setuptools import Distribution

    given = {"build_py": commands.BuildPy, "bdist_wheel": commands.BdistWheel}
    made = Distribution({"name": "nothing", "version": "1", "packages": [], "cmdclass": given})
    made.get_command_obj("build_py").build_lib = "lib"
    return made


def finalized(commands, name):
    command = distribution(commands).get_command_obj(name)
    command.ensure_finalized()
    return command


def test_a_wheel_is_for_every_python_and_for_a_platform_where_it_has_libraries(commands):
    wheel = finalized(commands, "bdist_wheel")
    assert wheel.get_tag() == ("py3", "none", "any")
    folder = Path("lib", commands.LIBRARIES)
    folder.mkdir(parents=True)
    (folder / "manifest.json").touch()
    python, abi, platform = wheel.get_tag()
    assert (python, abi) == ("py3", "none")
    assert platform != "any"


def test_libraries_are_built_beside_the_sources_and_old_ones_removed(commands, monkeypatch):
    old = Path("lib", commands.LIBRARIES, "old.so")
    old.parent.mkdir(parents=True)
    old.touch()
    source = Path("lib", commands.LIBRARIES).parent / "removed.py"
    source.touch()
    built = []
    monkeypatch.setattr(commands, "build_libraries", lambda *given: built.append(given))
    finalized(commands, "build_py").run()
    assert built == [(Path("lib", commands.LIBRARIES), "")]  # a distribution without sources
    assert not old.exists()
    assert not source.exists()


def test_an_editable_install_builds_no_library(commands, monkeypatch):
    monkeypatch.setattr(commands, "build_libraries", None)
    command = finalized(commands, "build_py")
    command.editable_mode = True
    command.run()


def test_a_wheel_without_libraries_is_built_where_they_cannot_be(commands, monkeypatch, capsys):
    def fail(folder, stamp):
        folder.mkdir(parents=True)
        (folder / "half.so").touch()
        raise CompilationError("no luck")

    monkeypatch.setattr(commands, "build_libraries", fail)
    finalized(commands, "build_py").run()
    assert not Path("lib", commands.LIBRARIES).exists()
    assert "no compiled kernels in this wheel: no luck." in capsys.readouterr().out
