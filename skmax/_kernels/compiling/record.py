"""A kernel as a function of one record of arguments: what `calling.arguments` packs is unpacked."""

import re
from typing import Any

import numba
import numpy as np
from numba import from_dtype, types
from numba.extending import intrinsic

from skmax._kernels.calling.arguments import BUNDLES
from skmax._kernels.codegen.views import array_of
from skmax._kernels.compiling.jit import OPTIONS
from skmax._kernels.entries import KERNELS, Specialisation

RECORD = types.CPointer(types.int64)
_TOKEN = re.compile(r"(?P<bundle>\w+)\(|(?P<array>\w\d)\[(?P<ndim>\d)\]|(?P<number>\w\d)|[,)]")


def argument_types(signature: str) -> list[types.Type]:
    """The numba types of a text such as "DenseRows(f8[2],f8[1]),f8[2],i8"."""
    open_bundles: list[tuple[type | None, list[types.Type]]] = [(None, [])]
    for token in _TOKEN.finditer(signature):
        fields = open_bundles[-1][1]
        if name := token["bundle"]:
            open_bundles.append((BUNDLES[name], []))
        elif kind := token["array"]:
            fields.append(types.Array(_scalar(kind), int(token["ndim"]), "C"))
        elif kind := token["number"]:
            fields.append(_scalar(kind))
        elif token[0] == ")":
            cls, fields = open_bundles.pop()
            open_bundles[-1][1].append(types.BaseTuple.from_types(fields, cls))
    ((_, found),) = open_bundles
    return found


def _scalar(kind: str) -> types.Type:
    return from_dtype(np.dtype(kind))


def of_record(kernel: Any, arguments: list[types.Type]) -> Any:
    """A function for numba to compile: `kernel` with the arguments that a record holds."""
    together = types.BaseTuple.from_types(arguments)

    @intrinsic
    def unpack(typing, record):
        def codegen(context, builder, signature, values):
            words = _Words(context, builder, values[0])
            fields = [words.read(kind) for kind in arguments]
            return context.make_tuple(builder, together, fields)

        return together(record), codegen

    def call(record):
        return kernel(*unpack(record))

    return call


def callback(kernel: Any, specialisation: Specialisation) -> Any:
    """The same as a C function by numba's public means: status = f(result, exception, record)."""
    _, result = KERNELS[specialisation.kernel]
    call = numba.njit(**OPTIONS)(of_record(kernel, argument_types(specialisation.signature)))

    def with_result(to, exception, record):
        to[0] = call(record)
        return 0

    def without_result(to, exception, record):
        call(record)
        return 0

    to = types.CPointer(types.float64 if result is float else types.int64)
    signature = types.int32(to, types.voidptr, RECORD)
    return numba.cfunc(signature, **OPTIONS)(without_result if result is None else with_result)


class _Words:
    """Code that reads a record from its first word to its last."""

    def __init__(self, context: Any, builder: Any, record: Any) -> None:
        self._context, self._builder, self._record = context, builder, record
        self._index = 0

    def read(self, kind: Any) -> Any:
        """The next value."""
        context, builder = self._context, self._builder
        if isinstance(kind, types.BaseTuple):
            fields: Any = kind
            return context.make_tuple(builder, kind, [self.read(field) for field in fields])
        if not isinstance(kind, types.Array):
            return self._word(context.get_value_type(kind))
        data = self._word(context.get_data_type(kind.dtype).as_pointer())
        shape = [self._word(context.get_value_type(types.intp)) for _ in range(kind.ndim)]
        return array_of(context, builder, kind, data, shape)

    def _word(self, kind: Any) -> Any:
        """The next word as a value of an LLVM type of 64 bits."""
        builder = self._builder
        pointer = builder.gep(self._record, [self._context.get_constant(types.intp, self._index)])
        self._index += 1
        return builder.load(builder.bitcast(pointer, kind.as_pointer()))
