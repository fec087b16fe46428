"""Kernels as object code: what of numba is private is used here alone.

numba's own cache keeps code for one processor and one version of numba. An object file of ours
is plain C: `status = kernel(result, exception, record)`, the way that numba's compiled functions
call each other; `exception` is never touched, since no kernel raises. numba writes the code without
optimising it (the process is started so, see `processes`), once for all levels of the processor;
LLVM optimises it for each.
"""

import importlib
import re
from typing import Any

import llvmlite.binding as llvm
import numba

from skmax._kernels.calling.processor import Level
from skmax._kernels.compiling.jit import OPTIONS
from skmax._kernels.compiling.record import RECORD, argument_types, of_record
from skmax._kernels.entries import KERNELS, Specialisation

#: What a kernel may refer to: of libc and libm.
ALLOWED = {
    *("exp", "expf", "log", "logf", "sqrt", "sqrtf", "pow", "powf", "sched_yield"),
    *("memcpy", "memset", "memmove"),
    *("bzero", "memset_pattern4", "memset_pattern8", "memset_pattern16"),  # of macOS
}
_NAME = re.compile(r'@("(?:[^"\\]|\\.)*"|[-\w$.]+)')


def object_codes(specialisation: Specialisation, levels: list[Level]) -> list[bytes]:
    """The object file of a specialisation for each level.

    Raises
    ------
    RuntimeError
        If it refers to what neither libc nor libm has, or could raise an exception.
    """
    code, function = bitcode(kernel_of(specialisation), specialisation.signature)
    return [_object_code(code, function, specialisation.symbol, level) for level in levels]


def kernel_of(specialisation: Specialisation) -> Any:
    """The jitted function."""
    module, _ = KERNELS[specialisation.kernel]
    kernels = importlib.import_module(f"skmax._kernels.{module}")
    return getattr(kernels, specialisation.kernel)


def bitcode(kernel: Any, signature: str) -> tuple[bytes, str]:
    """LLVM's code of a kernel that takes a record of arguments, and the name it has there."""
    function = of_record(kernel, argument_types(signature))
    options = OPTIONS | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    dispatcher = numba.njit(**options)(function)
    dispatcher.compile((RECORD,))
    (overload,) = dispatcher.overloads.values()
    return overload.library._final_module.as_bitcode(), overload.fndesc.llvm_func_name


def _object_code(code: bytes, function: str, symbol: str, level: Level) -> bytes:
    target = llvm.Target.from_triple(llvm.get_process_triple())
    machine = target.create_target_machine(
        cpu=level.cpu, features=level.features, opt=3, reloc="pic", codemodel="small"
    )
    module = llvm.parse_bitcode(code)
    module.get_function(function).name = symbol
    _optimise(module, machine)
    # Not before: LLVM puts a function that is called once into its caller, however large, and the
    # loops of both then share the registers (5% slower in a pass).
    for item in (*module.functions, *module.global_variables):
        if not item.is_declaration and item.name != symbol:
            item.linkage = "internal"
    _remove_unused(module, machine)
    if foreign := foreign_symbols(module, symbol) - ALLOWED:
        raise RuntimeError(f"{symbol} refers to {', '.join(sorted(foreign))}")
    return machine.emit_object(module)


def _pass_builder(machine: llvm.TargetMachine) -> llvm.PassBuilder:
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = options.slp_vectorization = True
    options.loop_interleaving = options.loop_unrolling = True
    return llvm.create_pass_builder(machine, options)


def _optimise(module: llvm.ModuleRef, machine: llvm.TargetMachine) -> None:
    builder = _pass_builder(machine)
    builder.getModulePassManager().run(module, builder)


def _remove_unused(module: llvm.ModuleRef, machine: llvm.TargetMachine) -> None:
    cleaner = llvm.create_new_module_pass_manager()
    if hasattr(cleaner, "add_global_dead_code_eliminate_pass"):  # else the file is larger
        cleaner.add_global_dead_code_eliminate_pass()
        cleaner.run(module, _pass_builder(machine))


def foreign_symbols(module: llvm.ModuleRef, function: str) -> set[str]:
    """What a function reaches and the module does not define, exceptions among it."""
    functions = {item.name: item for item in module.functions}
    reached: set[str] = set()
    waiting = [function]
    while waiting:
        name = waiting.pop()
        if name not in reached and name in functions:
            reached.add(name)
            waiting += [found.strip('"') for found in _NAME.findall(str(functions[name]))]
    raises = any("picklebuf" in str(functions[name]) for name in reached)
    declared = {name for name in reached if functions[name].is_declaration}
    symbols = {name for name in declared if not name.startswith("llvm.")}
    return symbols | ({"an exception"} if raises else set())
