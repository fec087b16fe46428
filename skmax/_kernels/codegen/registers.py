"""What the code of a tile is built of: a few vectors that LLVM keeps in registers over a loop."""

import llvmlite.ir as ir
from numba.core import cgutils

from skmax._kernels.codegen.vector import address_of, broadcast


def cases(builder, number, most):
    """Each value up to `most`; the code built meanwhile runs where `number` has that value."""
    for value in range(1, most + 1):
        with builder.if_then(builder.icmp_signed("==", number, number.type(value))):
            yield value


class Access:
    """Code for vectors at start + i * step of a flat array."""

    def __init__(self, context, builder, array_type, array, start, step):
        self.context, self.builder, self.array_type = context, builder, array_type
        self.array, self.start, self.step = array, start, step
        self.align = array_type.dtype.bitwidth // 8

    def index(self, row, offset):
        builder = self.builder
        index = builder.add(self.start, builder.mul(self.step, self.step.type(row)))
        return builder.add(index, offset)

    def pointer(self, row, offset, kind):
        index = self.index(row, offset)
        return address_of(self.context, self.builder, self.array_type, self.array, index, kind)

    def load(self, row, offset, kind):
        return self.builder.load(self.pointer(row, offset, kind), align=self.align)

    def load_number(self, row, offset):
        """One number."""
        proxy = cgutils.create_struct_proxy(self.array_type)
        data = proxy(self.context, self.builder, self.array).data
        return self.builder.load(self.builder.gep(data, [self.index(row, offset)]))

    def load_everywhere(self, row, offset, kind):
        """One number in all lanes."""
        return broadcast(self.builder, self.load_number(row, offset), kind)


def zero_sums(builder, kind, height, width):
    """Memory for height x width vectors, 0 at first; LLVM keeps it in registers."""
    zero = ir.Constant(kind, None)
    return [[cgutils.alloca_once_value(builder, zero) for _ in range(width)] for _ in range(height)]


def multiply_add(builder, total, a, b):
    product = builder.fmul(a, b, flags=["contract"])
    builder.store(builder.fadd(builder.load(total), product, flags=["contract"]), total)
