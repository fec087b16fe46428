"""Which kernel is meant: told by the type of the first argument, when numba compiles the call."""

from collections.abc import Callable
from typing import Any

from numba.extending import overload


def by_type(kernels: dict[type, Any]) -> Callable:
    """A function for jitted code: the kernel that `kernels` has for its first argument's type.

    The types are NamedTuples, and all the kernels take the same arguments.
    """

    def kernel_of(*arguments):
        raise TypeError(f"only jitted code can call this one of {list(kernels.values())}")

    @overload(kernel_of)
    def _choose(*arguments):
        kernel = kernels[arguments[0].instance_class]
        return lambda *arguments: kernel(*arguments)

    return kernel_of
