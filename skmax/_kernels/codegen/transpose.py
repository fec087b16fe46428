"""Transposes of eight rows: whole squares, and what is left where no square of 8 fits.

An argument `flat` of the code here is a flat array with its type, a start and a row stride.
"""

import llvmlite.ir as ir
from numba import types
from numba.extending import intrinsic

from skmax._kernels.codegen.registers import cases
from skmax._kernels.codegen.vector import address_of, lane_indices, merge_lanes


def _address(context, builder, flat, row, kind):
    """A pointer to the vector that begins at row `row` of (type, array, start, row stride)."""
    array_type, array, start, stride = flat
    index = builder.add(start, builder.mul(stride, stride.type(row)))
    return address_of(context, builder, array_type, array, index, kind)


def _load_start(context, builder, flat, row, kind, width):
    """The first `width` lanes of a row of `flat` in a vector of eight; the others are anything.

    A power of two is loaded, up to three entries too many: a masked load takes twice as long, and
    a wider one crosses cache lines.
    """
    size = 1 << (width - 1).bit_length()
    pointer = _address(context, builder, flat, row, ir.VectorType(kind.element, size))
    value = builder.load(pointer, align=flat[0].dtype.bitwidth // 8)
    return builder.shuffle_vector(value, value, lane_indices(lane % size for lane in range(8)))


def _store_start(context, builder, flat, row, value, width):
    """Store the first `width` lanes of a vector of eight as a row of `flat`, in powers of two.

    A masked store takes longer than these on some processors.
    """
    first = 0
    for size in (4, 2, 1):
        if width & size:
            part = builder.shuffle_vector(value, value, lane_indices(range(first, first + size)))
            array_type, array, start, stride = flat
            shifted = (array_type, array, builder.add(start, start.type(first)), stride)
            pointer = _address(context, builder, shifted, row, part.type)
            builder.store(part, pointer, align=array_type.dtype.bitwidth // 8)
            first += size


def _transpose(builder, rows):
    """The columns of eight vectors: three rounds of merging neighbours, 4, 2 and 1 apart."""
    rows = list(rows)
    for distance in (4, 2, 1):
        for i in range(8):
            if not i & distance:
                rows[i], rows[i + distance] = merge_lanes(
                    builder, rows[i], rows[i + distance], distance
                )
    return rows


@intrinsic
def transpose8(typing, source, start, stride, target, target_start, target_stride):
    """target[target_start + j * target_stride + i] = source[start + i * stride + j], i, j < 8."""

    def codegen(context, builder, signature, arguments):
        kind = ir.VectorType(context.get_value_type(source.dtype), 8)
        align = source.dtype.bitwidth // 8
        rows, columns = (source, *arguments[:3]), (target, *arguments[3:])
        values = [
            builder.load(_address(context, builder, rows, row, kind), align=align)
            for row in range(8)
        ]
        for row, value in enumerate(_transpose(builder, values)):
            builder.store(value, _address(context, builder, columns, row, kind), align=align)
        return context.get_dummy_value()

    intp = types.intp
    return types.none(source, intp, intp, target, intp, intp), codegen


@intrinsic
def split_columns(typing, source, start, stride, count, target, target_start, target_stride):
    """`transpose8` for j < count < 8: of each of eight rows the first `count` entries.

    Up to three entries beyond these are read too.
    """

    def codegen(context, builder, signature, arguments):
        kind = ir.VectorType(context.get_value_type(source.dtype), 8)
        align = source.dtype.bitwidth // 8
        rows, columns = (source, *arguments[:3]), (target, *arguments[4:])
        for width in cases(builder, arguments[3], 7):
            values = [_load_start(context, builder, rows, row, kind, width) for row in range(8)]
            for row, value in enumerate(_transpose(builder, values)[:width]):
                builder.store(value, _address(context, builder, columns, row, kind), align=align)
        return context.get_dummy_value()

    intp = types.intp
    return types.none(source, intp, intp, intp, target, intp, intp), codegen


@intrinsic
def join_columns(typing, source, start, stride, count, target, target_start, target_stride):
    """The inverse of `split_columns`: eight entries of `count` rows make as many of eight rows."""

    def codegen(context, builder, signature, arguments):
        kind = ir.VectorType(context.get_value_type(source.dtype), 8)
        align = source.dtype.bitwidth // 8
        columns, rows = (source, *arguments[:3]), (target, *arguments[4:])
        nothing = ir.Constant(kind, None)
        for width in cases(builder, arguments[3], 7):
            values = [
                builder.load(_address(context, builder, columns, row, kind), align=align)
                for row in range(width)
            ]
            values += [nothing] * (8 - width)
            for row, value in enumerate(_transpose(builder, values)):
                _store_start(context, builder, rows, row, value, width)
        return context.get_dummy_value()

    intp = types.intp
    return types.none(source, intp, intp, intp, target, intp, intp), codegen
