"""Views of an array's memory in another shape: made by code alone, without numba's runtime.

numba's own `reshape` calls a function of its runtime, which a library that stands without numba
would lack. These trust their caller: the array is contiguous and has as many entries as are asked
for.
"""

from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array


def _view_type(array, n_dimensions):
    if array.layout not in ("C", "F"):
        raise TypingError(f"the array must be contiguous, got {array}")
    return types.Array(array.dtype, n_dimensions, "C", readonly=not array.mutable)


def array_of(context, builder, array_type, data, shape):
    """Code for an array in C order whose entries begin at `data`, and which owns no memory."""
    array = context.make_array(array_type)(context, builder)
    size = context.get_abi_sizeof(context.get_data_type(array_type.dtype))
    itemsize = context.get_constant(types.intp, size)
    strides = [itemsize]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(length, strides[0]))
    populate_array(array, data, shape, strides, itemsize, meminfo=None)
    return array._getvalue()


def _view(context, builder, array_type, array, view_type, shape):
    """Code for a view of the array's memory in C order."""
    source = context.make_array(array_type)(context, builder, array)
    return array_of(context, builder, view_type, source.data, shape)


@intrinsic
def flat(typing, array):
    """All entries of a contiguous array as one row, in the order in which they lie in memory."""
    view = _view_type(array, 1)

    def codegen(context, builder, signature, arguments):
        n_entries = context.make_array(array)(context, builder, arguments[0]).nitems
        return _view(context, builder, array, arguments[0], view, [n_entries])

    return view(array), codegen


@intrinsic
def matrix(typing, array, n_rows, n_columns):
    """The first entries of a contiguous array as rows in C order."""
    view = _view_type(array, 2)

    def codegen(context, builder, signature, arguments):
        return _view(context, builder, array, arguments[0], view, list(arguments[1:]))

    return view(array, types.intp, types.intp), codegen
