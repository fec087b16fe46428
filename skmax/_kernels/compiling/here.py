"""Kernels compiled on this machine, where no library that came with the install serves.

The same code as in the library for this level of the processor: it is compiled in the same way and
kept as an object file. A processor without a level is one of its own. Where no process can be
started, numba compiles in this one.
"""

import contextlib
import functools
import hashlib

import llvmlite.binding as llvm

from skmax._kernels.calling import processor
from skmax._kernels.calling.library import CompilationError
from skmax._kernels.calling.processor import Level
from skmax._kernels.compiling.processes import compile_in_processes
from skmax._kernels.compiling.store import ObjectStore, folders_of_install
from skmax._kernels.entries import Specialisation, specialisations

loaded = compiled = 0  # specialisations called so far that were kept, and that were not
_kept_alive: list[object] = []
_not_called: dict[str, bytes] = {}  # compiled by this process, as one of a unit


@functools.cache
def store() -> ObjectStore:
    """The object files of this machine."""
    return ObjectStore(folders_of_install())


@functools.cache
def address_of(specialisation: Specialisation) -> int:
    """Where the compiled function lies in the memory of this process."""
    global loaded, compiled
    symbol = specialisation.symbol
    if symbol not in _not_called and (code := store().load(symbol, level().name)) is not None:
        loaded += 1
        return _load(code, symbol)
    compiled += 1
    if symbol not in _not_called:
        with contextlib.suppress(CompilationError):
            _compile_unit(specialisation)
    if symbol in _not_called:
        return _load(_not_called.pop(symbol), symbol)
    return _compile_in_this_process(specialisation)


@functools.cache
def level() -> Level:
    """That of this processor, or the processor itself as LLVM knows it."""
    if (best := processor.level()) is not None:
        return best
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    digest = hashlib.sha256(features.encode()).hexdigest()[:8]
    return Level(f"{cpu}-{digest}", cpu, features)


def _compile_unit(wanted: Specialisation) -> None:
    """Compile a specialisation and those that share most of its code."""
    unit = [each for each in specialisations() if each.unit == wanted.unit]

    def deliver(specialisation: Specialisation, of_level: Level, code: bytes) -> None:
        _not_called[specialisation.symbol] = code
        store().save(specialisation.symbol, of_level.name, code)

    compile_in_processes([unit], [level()], 1, deliver)


def _load(code: bytes, symbol: str) -> int:
    """Link an object file into this process."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _kept_alive.append(engine)
    return engine.get_function_address(symbol)


def _compile_in_this_process(specialisation: Specialisation) -> int:
    from skmax._kernels.compiling.objects import kernel_of
    from skmax._kernels.compiling.record import callback

    function = callback(kernel_of(specialisation), specialisation)
    _kept_alive.append(function)
    return function.address
