"""Where the threads of one computation wait for each other without the help of the system.

Between two minibatches there are microseconds: a thread that went to sleep would wake up later
than that. So it looks again and again, and offers its core to others after a while.
"""

import os

import llvmlite.ir as ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from skmax._kernels.compiling.jit import jit

ARRIVED, ROUND, DOOR_SIZE = 0, 16, 32  # places in the state, on cache lines of their own
PATIENCE = 2000  # looks before the core is offered


def _place(context, builder, state_type, state, index):
    data = cgutils.create_struct_proxy(state_type)(context, builder, state).data
    return builder.gep(data, [index])


@intrinsic
def _add(typing, state, index):
    """state[index] += 1, at once; the value before."""

    def codegen(context, builder, signature, arguments):
        place = _place(context, builder, state, *arguments)
        return builder.atomic_rmw("add", place, ir.IntType(64)(1), "seq_cst")

    return types.int64(state, types.intp), codegen


@intrinsic
def _look(typing, state, index):
    """state[index] as other threads have left it."""

    def codegen(context, builder, signature, arguments):
        place = _place(context, builder, state, *arguments)
        return builder.load_atomic(place, "seq_cst", 8)

    return types.int64(state, types.intp), codegen


@intrinsic
def _set(typing, state, index, value):
    """state[index] = value, seen by other threads after all that was written before."""

    def codegen(context, builder, signature, arguments):
        place = _place(context, builder, state, *arguments[:2])
        builder.store_atomic(arguments[2], place, "seq_cst", 8)
        return context.get_dummy_value()

    return types.none(state, types.intp, types.int64), codegen


if os.name == "posix":
    _offer_core = types.ExternalFunction("sched_yield", types.int32())
else:

    @jit
    def _offer_core():
        return 0


@jit
def wait(state, n_threads):
    """Return when `n_threads` threads have called this: state (DOOR_SIZE,) of int64, 0 at first."""
    if n_threads == 1:
        return
    this = _look(state, ROUND)
    if _add(state, ARRIVED) == n_threads - 1:
        _set(state, ARRIVED, 0)
        _set(state, ROUND, this + 1)
        return
    looks = 0
    while _look(state, ROUND) == this:
        looks += 1
        if looks > PATIENCE:
            _offer_core()
