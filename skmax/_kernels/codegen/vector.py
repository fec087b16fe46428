"""A vector of 64 bytes as a numba type: <8 x double> or <16 x float>.

LLVM splits it where the machine's registers are narrower. Loads and stores take any index, aligned
or not, and check nothing; `load_first` and `store_first` touch only the first `count` entries.
Most loops of the package need none of this: written along the lanes of a tile, LLVM vectorises them
by itself. It is for loops along a row, where order matters and the end of the row is ragged.
"""

import operator

import llvmlite.ir as ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model

VECTOR_BYTES = 64


class Vector(types.Type):
    """The numba type of a vector of `width` numbers of type `dtype`."""

    def __init__(self, dtype):
        self.dtype = dtype
        self.width = VECTOR_BYTES * 8 // dtype.bitwidth
        super().__init__(name=f"Vector({dtype}, {self.width})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, vector):
        element = ir.DoubleType() if vector.dtype == types.float64 else ir.FloatType()
        super().__init__(manager, vector, ir.VectorType(element, vector.width))


@intrinsic
def width_of(typing, array):
    """How many entries of `array` fill a vector."""
    width = VECTOR_BYTES * 8 // array.dtype.bitwidth

    def codegen(context, builder, signature, arguments):
        return context.get_constant(types.intp, width)

    return types.intp(array), codegen


def address_of(context, builder, array_type, array, index, vector):
    """A pointer to entry `index` of a flat array, as a pointer to a vector."""
    data = cgutils.create_struct_proxy(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), vector.as_pointer())


def _llvm(context, vector):
    return context.get_value_type(vector)


def _call(builder, name, result, arguments):
    """A call of an LLVM intrinsic by its full name."""
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)


def _suffix(kind):
    """The part of an LLVM intrinsic's name that names a type."""
    element = "f64" if isinstance(kind.element, ir.DoubleType) else "f32"
    return f"v{kind.count}{element}"


@intrinsic
def load(typing, array, index):
    """The vector array[index : index + width] of a flat array."""
    vector = Vector(array.dtype)

    def codegen(context, builder, signature, arguments):
        kind = _llvm(context, vector)
        pointer = address_of(context, builder, array, *arguments, kind)
        return builder.load(pointer, align=array.dtype.bitwidth // 8)

    return vector(array, types.intp), codegen


@intrinsic
def store(typing, array, index, value):
    """array[index : index + width] = value."""

    def codegen(context, builder, signature, arguments):
        kind = _llvm(context, value)
        pointer = address_of(context, builder, array, *arguments[:2], kind)
        builder.store(arguments[2], pointer, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.none(array, types.intp, value), codegen


def _first(builder, kind, count):
    """A mask that is true in the first `count` lanes."""
    index = ir.Constant(ir.VectorType(ir.IntType(64), kind.count), list(range(kind.count)))
    return builder.icmp_signed("<", index, broadcast(builder, count, index.type))


def broadcast(builder, scalar, kind):
    """A scalar in every lane."""
    undefined = ir.Constant(kind, ir.Undefined)
    zero = ir.IntType(32)(0)
    lanes = ir.Constant(ir.VectorType(ir.IntType(32), kind.count), [0] * kind.count)
    return builder.shuffle_vector(builder.insert_element(undefined, scalar, zero), undefined, lanes)


def _masked(builder, name, kind, pointer):
    """The full name of a masked load or store; its spelling of pointers changed with LLVM 15."""
    of_pointer = "p0" if getattr(pointer.type, "is_opaque", False) else f"p0{_suffix(kind)}"
    return f"llvm.masked.{name}.{_suffix(kind)}.{of_pointer}"


@intrinsic
def prefetch(typing, array, index):
    """Ask for the cache line of array[index], which may lie beyond the end."""

    def codegen(context, builder, signature, arguments):
        data = cgutils.create_struct_proxy(array)(context, builder, arguments[0]).data
        pointer = builder.bitcast(builder.gep(data, [arguments[1]]), ir.IntType(8).as_pointer())
        opaque = getattr(pointer.type, "is_opaque", False)
        read, near, of_data = (ir.IntType(32)(value) for value in (0, 3, 1))
        name = "llvm.prefetch" + (".p0" if opaque else ".p0i8")
        _call(builder, name, ir.VoidType(), [pointer, read, near, of_data])
        return context.get_dummy_value()

    return types.none(array, types.intp), codegen


def load_lanes(builder, pointer, count, other, align):
    """Code that loads the first `count` lanes of a vector; the other lanes are those of `other`."""
    name = _masked(builder, "load", other.type, pointer)
    mask = _first(builder, other.type, count)
    return _call(builder, name, other.type, [pointer, ir.IntType(32)(align), mask, other])


@intrinsic
def load_first(typing, array, index, count, other):
    """Like `load` for the first `count` lanes; the other lanes are those of the vector `other`."""
    vector = Vector(array.dtype)

    def codegen(context, builder, signature, arguments):
        pointer = address_of(context, builder, array, *arguments[:2], _llvm(context, vector))
        align = array.dtype.bitwidth // 8
        return load_lanes(builder, pointer, arguments[2], arguments[3], align)

    return vector(array, types.intp, types.intp, vector), codegen


def store_lanes(builder, value, pointer, count, align):
    """Code that stores the first `count` lanes of a vector."""
    mask = _first(builder, value.type, count)
    name = _masked(builder, "store", value.type, pointer)
    _call(builder, name, ir.VoidType(), [value, pointer, ir.IntType(32)(align), mask])


@intrinsic
def store_first(typing, array, index, count, value):
    """Like `store` for the first `count` lanes; the rest of the array is left alone."""

    def codegen(context, builder, signature, arguments):
        pointer = address_of(context, builder, array, *arguments[:2], _llvm(context, value))
        store_lanes(builder, arguments[3], pointer, arguments[2], array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.none(array, types.intp, types.intp, value), codegen


@intrinsic
def splat(typing, array, scalar):
    """The scalar in every lane of a vector of the array's type."""
    vector = Vector(array.dtype)

    def codegen(context, builder, signature, arguments):
        return broadcast(builder, arguments[1], _llvm(context, vector))

    return vector(array, array.dtype), codegen


def _binary(symbol, build):
    """Define a Python operator on two vectors by a method of LLVM's builder."""

    @intrinsic
    def operation(typing, a, b):
        def codegen(context, builder, signature, arguments):
            return build(builder, *arguments)

        return a(a, b), codegen

    @overload(symbol)
    def _operator(a, b):
        if isinstance(a, Vector) and a == b:
            return lambda a, b: operation(a, b)


_binary(operator.add, lambda builder, a, b: builder.fadd(a, b, flags=["contract"]))
_binary(operator.sub, lambda builder, a, b: builder.fsub(a, b, flags=["contract"]))
_binary(operator.truediv, lambda builder, a, b: builder.fdiv(a, b))
_binary(operator.mul, lambda builder, a, b: builder.fmul(a, b, flags=["contract"]))


@intrinsic
def larger(typing, a, b):
    """The larger of two vectors, lane by lane; b where a is NaN."""

    def codegen(context, builder, signature, arguments):
        return builder.select(builder.fcmp_ordered(">", *arguments), *arguments)

    return a(a, b), codegen


@intrinsic
def others_and_ties(typing, e, z, top):
    """(e, 0) where z is not `top` and (e - 1, 1) where it is, lane by lane, as two vectors."""

    def codegen(context, builder, signature, arguments):
        e_, z_, top_ = arguments
        one, zero = ir.Constant(e_.type, [1.0] * e_.type.count), ir.Constant(e_.type, None)
        tied = builder.fcmp_ordered("==", z_, top_)
        others = builder.select(tied, builder.fsub(e_, one), e_)
        ties = builder.select(tied, one, zero)
        return context.make_tuple(builder, signature.return_type, (others, ties))

    return types.UniTuple(e, 2)(e, z, top), codegen


def _halves(builder, value):
    """The lower and the upper half of a vector."""
    half = value.type.count // 2
    lanes = ir.VectorType(ir.IntType(32), half)
    return [
        builder.shuffle_vector(value, value, ir.Constant(lanes, list(part)))
        for part in (range(half), range(half, 2 * half))
    ]


@intrinsic
def lane_max(typing, vector):
    """The largest lane, by halving the vector; lanes of NaN are passed over where that can be."""

    def codegen(context, builder, signature, arguments):
        (value,) = arguments
        while value.type.count > 1:
            low, high = _halves(builder, value)
            value = builder.select(builder.fcmp_ordered(">", low, high), low, high)
        return builder.extract_element(value, ir.IntType(32)(0))

    return vector.dtype(vector), codegen


def _two_sum(builder, a, b):
    """a + b and what it has rounded away (D. E. Knuth, Seminumerical Algorithms, 4.2.2)."""
    total = builder.fadd(a, b)
    of_b = builder.fsub(total, a)
    of_a = builder.fsub(total, of_b)
    return total, builder.fadd(builder.fsub(a, of_a), builder.fsub(b, of_b))


@intrinsic
def two_sum(typing, a, b):
    """a + b and what it has rounded away, lane by lane, as two vectors."""

    def codegen(context, builder, signature, arguments):
        return context.make_tuple(builder, signature.return_type, _two_sum(builder, *arguments))

    return types.UniTuple(a, 2)(a, b), codegen


@intrinsic
def lane_sum(typing, vector, lost):
    """The sum of all lanes of `vector` and of `lost`, which is small, rounded about once."""

    def codegen(context, builder, signature, arguments):
        value, small = arguments
        if vector.dtype == types.float32:
            wide = ir.VectorType(ir.DoubleType(), vector.width)
            value, small = builder.fpext(value, wide), builder.fpext(small, wide)
        while value.type.count > 2:
            value = builder.fadd(*_halves(builder, value))
            small = builder.fadd(*_halves(builder, small))
        # The largest sum is rounded here: the others are a few bits smaller.
        value, error = _two_sum(builder, *_halves(builder, value))
        small = builder.fadd(builder.fadd(*_halves(builder, small)), error)
        return builder.extract_element(builder.fadd(value, small), ir.IntType(32)(0))

    return types.float64(vector, vector), codegen


def lane_indices(indices):
    """The constant that tells a shuffle which lanes to take."""
    indices = list(indices)
    return ir.Constant(ir.VectorType(ir.IntType(32), len(indices)), indices)


def merge_lanes(builder, a, b, distance):
    """Of two vectors of eight, the lanes in whose number the bit `distance` is 0, then those of 1.

    Lane i of the first is lane i of `a`, or lane i - distance of `b` where i has the bit.
    """
    zeros = [i - distance + 8 if i & distance else i for i in range(8)]
    ones = [i + 8 if i & distance else i + distance for i in range(8)]
    return [builder.shuffle_vector(a, b, lane_indices(indices)) for indices in (zeros, ones)]


def lane_sums(builder, vectors):
    """A vector of eight lanes, of which lane i is the sum of vectors[i]."""
    if vectors[0].type.count == 16:
        vectors = [builder.fadd(*_halves(builder, vector)) for vector in vectors]
    for distance in (4, 2, 1):
        vectors = [
            builder.fadd(*merge_lanes(builder, vectors[i], vectors[i + distance], distance))
            for i in range(distance)
        ]
    return vectors[0]
