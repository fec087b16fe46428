"""The arguments of a kernel: their types as a text, their values as a record of 64-bit words.

An array is its address and its shape: it is contiguous in C order. An integer and a float are a
word each. A bundle of these is its fields one after the other, and keeps both texts once made.
"""

import ctypes
import operator
import struct
from typing import Any, TypeVar

import numpy as np

_Bundle = TypeVar("_Bundle", bound=tuple)

#: By the dtype of an array and its number of dimensions: what it is called, such as "f8[2]", and
#: what makes words of its address and its shape.
_ARRAYS = {
    (np.dtype(kind), n): (f"{kind}[{n}]", struct.Struct(f"{1 + n}q").pack)
    for kind in ("f4", "f8", "i4", "i8")
    for n in (1, 2, 3)
}

_ndarray = np.ndarray
_INTEGER, _FLOAT = struct.Struct("q").pack, struct.Struct("d").pack
_from_buffer: Any = ctypes.c_char.from_buffer
_addressof = ctypes.addressof

#: The classes of bundles by name.
BUNDLES: dict[str, type] = {}


class _Packing:
    """What makes a NamedTuple a bundle."""

    @property
    def packed(self: Any) -> tuple[str, bytes]:
        """The types and the words of all fields, made once.

        No `functools.cached_property`: its lock, in Python 3.11, is never released in a child that
        was forked while another thread held it.
        """
        try:
            return self._packed
        except AttributeError:
            codes, words = pack(self)
            self._packed = f"{type(self).__name__}({','.join(codes)})", b"".join(words)
            return self._packed

    def __reduce__(self: Any) -> Any:
        """A copy has arrays of its own: it is packed anew."""
        return type(self), tuple(self)


def bundle(cls: type[_Bundle]) -> type[_Bundle]:
    """Let a NamedTuple be an argument of kernels: its arrays stay where they are while it lives."""
    attributes = {"__module__": cls.__module__, "__doc__": cls.__doc__}
    BUNDLES[cls.__name__] = type(cls.__name__, (cls, _Packing), attributes)
    return BUNDLES[cls.__name__]


def pack(arguments: tuple[Any, ...]) -> tuple[list[str], list[bytes]]:
    """The type and the words of each argument.

    Raises
    ------
    TypeError
        If an array is not contiguous in C order, or of a dtype that no kernel takes.
    """
    codes, words = [], []
    for argument in arguments:
        if type(argument) is _ndarray:
            try:  # a fifth of the time in which arrays themselves tell their address
                code, words_of = _ARRAYS[argument.dtype, argument.ndim]
                words.append(words_of(_addressof(_from_buffer(argument)), *argument.shape))
            except (KeyError, TypeError, ValueError):  # it is read-only, empty, or wrong
                code, record = _pack_array(argument)
                words.append(record)
        elif isinstance(argument, _Packing):
            code, record = argument.packed
            words.append(record)
        elif isinstance(argument, _ndarray):
            code, record = _pack_array(argument)
            words.append(record)
        elif isinstance(argument, float):
            code = "f8"
            words.append(_FLOAT(argument))
        else:
            code = "i8"
            words.append(_INTEGER(operator.index(argument)))
        codes.append(code)
    return codes, words


def _pack_array(array: np.ndarray) -> tuple[str, bytes]:
    """The type and the words of an array of any kind."""
    code, words_of = _ARRAYS.get((array.dtype, array.ndim), ("", None))
    if words_of is None or not array.flags.c_contiguous:
        order = "contiguous" if array.flags.c_contiguous else "not contiguous"
        raise TypeError(
            "kernels take arrays of float32, float64, int32 or int64 that are contiguous in C "
            f"order, got one of {array.dtype}, shape {array.shape}, {order}"
        )
    return code, words_of(array.__array_interface__["data"][0], *array.shape)
