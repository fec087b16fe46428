"""The table of activations for jitted code: plain formulas, compiled into loops over units."""

from numba.extending import overload, register_jitable

from skmax._kernels.codegen import elementary
from skmax._kernels.compiling.jit import jit
from skmax._kernels.network import activations
from skmax._kernels.network.activations import ACTIVATIONS


@overload(activations.exp)
def _exp(x):
    return lambda x: elementary.exp(x)


@overload(activations.normal_tail)
def _normal_tail(u):
    return lambda u: elementary.normal_tail(u)


def _over_units(formula):
    """Code that replaces the inputs in `values` by the outputs, and fills `slopes`."""

    @register_jitable
    def over_units(values, slopes):
        kind = values.dtype.type
        for unit in range(values.size):
            value, slope = formula(values[unit], kind)
            values[unit] = value
            slopes[unit] = slope

    return over_units


def _choice(kernels):
    """choice(index, *arguments) for jitted code: what kernels[index] makes of the arguments."""
    first = kernels[0]
    others = _choice(kernels[1:]) if len(kernels) > 1 else None

    def choice(index, *arguments):
        return kernels[index](*arguments)

    @overload(choice)
    def _choose(index, *arguments):
        if others is None:
            return lambda index, *arguments: first(*arguments)

        def first_or_other(index, *arguments):
            if index == 0:
                first(*arguments)
            else:
                others(index - 1, *arguments)

        return first_or_other

    return choice


#: activate(index, values, slopes): the units of a row, in place, by one of the activations.
activate = _choice([_over_units(jit(activation.formula)) for activation in ACTIVATIONS.values()])
