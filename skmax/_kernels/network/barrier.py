"""Where the threads of one computation wait for each other without the help of the system.

Between two minibatches there are microseconds: a thread that went to sleep would wake up later
than that. So it looks again and again, and offers its core to others after a while. It also looks
at a flag: one thread that fails and never comes must not leave the others waiting forever.
"""

import os

import llvmlite.ir as ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from skmax._kernels.compiling.jit import jit
from skmax._kernels.network.arrays import ABORT, ABORTED, ARRIVED, COMPLETED, ROUND

#: Loads of both numbers before the core is offered: 2000 take a microsecond or less, where the
#: phases of a small minibatch take ten. Where every thread has a core, few waits are longer.
SPINS_BEFORE_YIELD = 2000


def _pointer(context, builder, state_type, state, index):
    data = cgutils.create_struct_proxy(state_type)(context, builder, state).data
    return builder.gep(data, [index])


@intrinsic
def _add_one(typing, state, index):
    """state[index] += 1, at once; the value before."""

    def codegen(context, builder, signature, arguments):
        pointer = _pointer(context, builder, state, *arguments)
        return builder.atomic_rmw("add", pointer, ir.IntType(64)(1), "seq_cst")

    return types.int64(state, types.intp), codegen


@intrinsic
def load(typing, state, index):
    """state[index] as other threads have left it."""

    def codegen(context, builder, signature, arguments):
        pointer = _pointer(context, builder, state, *arguments)
        return builder.load_atomic(pointer, "seq_cst", 8)

    return types.int64(state, types.intp), codegen


@intrinsic
def _store(typing, state, index, value):
    """state[index] = value, seen by other threads after all that was written before."""

    def codegen(context, builder, signature, arguments):
        pointer = _pointer(context, builder, state, *arguments[:2])
        builder.store_atomic(arguments[2], pointer, "seq_cst", 8)
        return context.get_dummy_value()

    return types.none(state, types.intp, types.int64), codegen


if os.name == "posix":
    _offer_core = types.ExternalFunction("sched_yield", types.int32())
else:

    @jit
    def _offer_core():
        return 0


@jit
def wait(barrier, n_threads):
    """COMPLETED when `n_threads` threads have called this; ABORTED where state[ABORT] is raised.

    `barrier` is an array of BARRIER_SIZE int64, 0 at first.
    """
    if n_threads == 1:
        return COMPLETED
    this = load(barrier, ROUND)
    if _add_one(barrier, ARRIVED) == n_threads - 1:
        _store(barrier, ARRIVED, 0)
        _store(barrier, ROUND, this + 1)
        return COMPLETED
    spins = 0
    while load(barrier, ROUND) == this:
        if load(barrier, ABORT) != 0:
            # A thread that has passed this barrier and come to its end raises the flag too.
            return ABORTED if load(barrier, ROUND) == this else COMPLETED
        spins += 1
        if spins > SPINS_BEFORE_YIELD:
            _offer_core()
    return COMPLETED
