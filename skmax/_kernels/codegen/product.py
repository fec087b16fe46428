"""A tile of a matrix product with its sums in registers, and products made of such tiles."""

import llvmlite.ir as ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from skmax._kernels.codegen.registers import Access, cases, multiply_add, zero_sums
from skmax._kernels.codegen.vector import Vector, width_of
from skmax._kernels.compiling.jit import jit

TALL, WIDE = 8, 2  # rows and vectors of a tile of `product`


def product_tile(most_rows, most_vectors):
    """An intrinsic for tiles of up to `most_rows` rows and `most_vectors` vectors of columns."""

    @intrinsic
    def tile(typing, a, a_offset, a_step, a_next, rows, b, b_offset, b_step, vectors, count,
             c, c_offset, c_step, keep):  # fmt: skip
        """c[k, j] = sum of a[k, i] b[i, j] over i < count, added to what is there if `keep`.

        a[k, i] lies at a_offset + k * a_step + i * a_next; row i of b begins at
        b_offset + i * b_step, row k of c at c_offset + k * c_step. Sums are in b's precision.
        """
        vector, intp = Vector(b.dtype), types.intp

        def codegen(context, builder, signature, arguments):
            a_, a_offset_, a_step_, a_next_, rows_, b_, b_offset_, b_step_ = arguments[:8]
            vectors_, count_, c_, c_offset_, c_step_, keep_ = arguments[8:]
            kind = context.get_value_type(vector)
            result = ir.VectorType(context.get_value_type(c.dtype), vector.width)
            nothing = ir.Constant(result, None)
            lanes = b_offset_.type(vector.width)
            left = Access(context, builder, a, a_, a_offset_, a_step_)
            right = Access(context, builder, b, b_, b_offset_, lanes)
            out = Access(context, builder, c, c_, c_offset_, c_step_)
            keeps = builder.icmp_signed("!=", keep_, keep_.type(0))
            for width in cases(builder, vectors_, most_vectors):
                for tall in cases(builder, rows_, most_rows):
                    sums = zero_sums(builder, kind, tall, width)
                    with cgutils.for_range(builder, count_) as loop:
                        there = builder.mul(loop.index, b_step_)
                        entries = [right.load(j, there, kind) for j in range(width)]
                        along = builder.mul(loop.index, a_next_)
                        for k in range(tall):
                            everywhere = left.load_everywhere(k, along, kind)
                            for j in range(width):
                                multiply_add(builder, sums[k][j], everywhere, entries[j])
                    for k in range(tall):
                        for j in range(width):
                            value = builder.load(sums[k][j])
                            value = value if kind == result else builder.fpext(value, result)
                            pointer = out.pointer(k, c_offset_.type(j * vector.width), result)
                            old = builder.load(pointer, align=out.align)
                            old = builder.select(keeps, old, nothing)
                            builder.store(builder.fadd(old, value), pointer, align=out.align)
            return context.get_dummy_value()

        of_a = a, intp, intp, intp, intp
        return types.none(*of_a, b, intp, intp, intp, intp, c, intp, intp, intp), codegen

    return tile


_tile = product_tile(TALL, WIDE)


@jit
def product(
    a, a_offset, a_step, a_next, rows, b, b_offset, b_step, width, count, c, c_offset, c_step
):
    """c[k, j] = sum of a[k, i] b[i, j] over i < count, for k < rows and j < width: whole vectors.

    The arrays are flat; a[k, i] lies at a_offset + k * a_step + i * a_next, row i of b begins at
    b_offset + i * b_step, row k of c at c_offset + k * c_step. An entry of c does not depend on how
    the rows are cut.
    """
    lanes = width_of(b)
    for k in range(0, rows, TALL):
        some, left, to = min(TALL, rows - k), a_offset + k * a_step, c_offset + k * c_step
        for j in range(0, width, WIDE * lanes):
            vectors = min(WIDE, (width - j) // lanes)
            _tile(a, left, a_step, a_next, some, b, b_offset + j, b_step, vectors, count,
                  c, to + j, c_step, 0)  # fmt: skip
