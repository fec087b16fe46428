"""The one jit decorator: all that a kernel is compiled with."""

from collections.abc import Callable
from typing import Any

import numba

#: Of fastmath only "contract" (a*b + c in one rounding): "reassoc" would delete the rounding trick
#: in exp, "nnan" and "ninf" the handling of NaN and infinities. As numba's runtime is left out
#: (`_nrt`), a kernel that made an array would not compile: each is given its workspace.
OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract"},
    "_nrt": False,
}


def jit(function: Callable) -> Any:
    """Compile `function` for nopython mode, without the GIL."""
    return numba.njit(**OPTIONS)(function)
