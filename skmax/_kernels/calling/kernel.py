"""A kernel that can be called: its code is found when it is first called with new types."""

import ctypes
import threading
from typing import Any

from skmax._kernels.calling import library, processor
from skmax._kernels.calling.arguments import pack
from skmax._kernels.calling.library import address_of
from skmax._kernels.entries import KERNELS, Specialisation, specialisations

#: status = kernel(result, exception, record): as numba's compiled functions call each other.
_FUNCTION = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)
_RESULTS: dict[type, Any] = {float: ctypes.c_double, int: ctypes.c_int64}
_byref = ctypes.byref
_NOTHING = _byref(ctypes.c_int64())  # where the result goes of a kernel that has none


_made: "list[Kernel]" = []
_choosing = threading.Lock()


class Kernel:
    """A kernel of the table by name; called with arrays, numbers and bundles of them.

    The GIL is released. Arrays that a kernel writes to must be writable: nothing checks that here.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        _, kind = KERNELS[name]
        self._result = None if kind is None else _RESULTS[kind]
        #: The compiled functions asked for so far, by the types of their arguments.
        self.functions: dict[tuple[str, ...], Any] = {}
        _made.append(self)

    def __call__(self, *arguments: Any) -> Any:
        codes, words = pack(arguments)
        function = self.functions.get(tuple(codes)) or self._find(codes)
        if self._result is None:
            function(_NOTHING, None, b"".join(words))
            return None
        result = self._result()
        function(_byref(result), None, b"".join(words))
        return result.value

    def _find(self, codes: list[str]) -> Any:
        """The compiled function for these types.

        Raises
        ------
        TypeError
            If the table has none.
        """
        specialisation = Specialisation(self.name, ",".join(codes))
        if specialisation not in specialisations():
            raise TypeError(f"{self.name} is not compiled for {specialisation.signature}")
        function = self.functions[tuple(codes)] = _FUNCTION(address_of(specialisation))
        return function


def use_level(name: str | None) -> None:
    """Go on with the code of this level, so that processes on other processors have the same bits.

    None is that of a processor without levels, and right for no other.

    Raises
    ------
    RuntimeError
        If this processor, or this machine, lacks it.
    """
    with _choosing:
        if _name() == name:
            return
        before, processor.only = processor.only, name
        _forget()
        if _name() != name:
            processor.only = before
            _forget()
            raise RuntimeError(f"this processor runs no code of the level {name!r}")


def _name() -> str | None:
    """That of the level whose code runs now."""
    now = processor.level()
    return now.name if now else None


def _forget() -> None:
    """Let everything be looked up anew that depends on the level."""
    for known in (processor.level, library.library, library.library_path):
        known.cache_clear()
    library.forget_compiled()
    for kernel in _made:
        kernel.functions.clear()
