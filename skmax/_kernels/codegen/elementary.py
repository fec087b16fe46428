"""exp and log1p in plain arithmetic, which LLVM turns into vector code inside any loop.

The vector maths library that numba once used (SVML) is no longer to be had, and a call to libm per
element would cost ten times what the polynomial does.
"""

import llvmlite.ir as ir
import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from skmax._kernels.codegen.vector import Vector
from skmax._kernels.compiling.jit import jit

_LOG2E = 1.4426950408889634


class _Exp64:
    """exp(r) = 1 + r + r^2 q(r) for |r| <= ln(2)/2; q by Chebyshev interpolation, error 1.3e-17."""

    integer, mantissa, lift = ir.IntType(64), 52, 64
    to_integer = 1.5 * 2.0**52  # adding it rounds to an integer, left in the low bits of the sum
    lowest = -746.0  # exp is 0 from here on
    ln2 = (0.6931471803691238, 1.9082149292705877e-10)
    q = (
        2.5100424157005067e-8,
        2.7620138719733996e-7,
        2.7557268378684193e-6,
        2.4801521190217728e-5,
        1.9841269863105869e-4,
        1.3888888917281793e-3,
        8.3333333333300513e-3,
        4.1666666666623992e-2,
        1.6666666666666667e-1,
        0.5,
    )


class _Exp32:
    """The same in float32; error of the polynomial 7.8e-9."""

    integer, mantissa, lift = ir.IntType(32), 23, 32
    to_integer = 1.5 * 2.0**23
    lowest = -104.0
    ln2 = (0.693145751953125, 1.428606765330187e-06)
    q = (
        1.3926213466332443e-3,
        8.3632029715758549e-3,
        4.1666554437685939e-2,
        1.6666576845993976e-1,
        0.5,
    )


_LN2_HIGH, _LN2_LOW = _Exp64.ln2


def _constant(kind, value):
    """A constant of a scalar or vector type, rounded to the type's precision."""
    element = getattr(kind, "element", kind)
    if isinstance(element, ir.FloatType):
        value = float(np.float32(value))
    return ir.Constant(kind, [value] * kind.count if isinstance(kind, ir.VectorType) else value)


def _multiply_add(builder, a, b, c):
    """a * b + c, in one rounding where the machine can."""
    kind = a.type
    element = "f32" if isinstance(getattr(kind, "element", kind), ir.FloatType) else "f64"
    suffix = f"v{kind.count}{element}" if isinstance(kind, ir.VectorType) else element
    signature = ir.FunctionType(kind, [kind] * 3)
    function = cgutils.get_or_insert_function(builder.module, signature, f"llvm.fmuladd.{suffix}")
    return builder.call(function, [a, b, c])


def _build_exp(builder, x, table):
    """The code of exp for x <= 0; NaN fails the comparison with the lowest and runs through."""
    kind = x.type
    integers = (
        ir.VectorType(table.integer, kind.count)
        if isinstance(kind, ir.VectorType)
        else table.integer
    )

    def number(value):
        return _constant(kind, value)

    x = builder.select(builder.fcmp_ordered("<", x, number(table.lowest)), number(table.lowest), x)
    # The low bits of the sum are n + lift.
    to_integer = number(table.to_integer + table.lift)
    shifted = _multiply_add(builder, x, number(_LOG2E), to_integer)
    n = builder.fsub(shifted, to_integer)
    # r = x - n ln(2): the first product and difference are exact.
    coarse = _multiply_add(builder, n, number(-table.ln2[0]), x)
    r = _multiply_add(builder, n, number(-table.ln2[1]), coarse)
    # Even and odd powers apart: half as long a chain of steps that wait for each other.
    square = builder.fmul(r, r)
    odd, even = (
        _polynomial(builder, square, [number(q) for q in table.q[first::2]])
        for first in ((0, 1) if len(table.q) % 2 == 0 else (1, 0))
    )
    q = _multiply_add(builder, odd, r, even)
    p = builder.fadd(number(1.0), _multiply_add(builder, q, square, r))
    # 2^(n + lift) p by adding to the exponent, which stays in range; the rest may be subnormal.
    exponent = builder.shl(builder.bitcast(shifted, integers), _constant(integers, table.mantissa))
    lifted = builder.bitcast(builder.add(builder.bitcast(p, integers), exponent), kind)
    # 0 times x is -0, or NaN where x is: the digits of a NaN have gone into the exponent.
    nothing = builder.fmul(x, number(0.0))
    return _multiply_add(builder, lifted, number(2.0**-table.lift), nothing)


def _polynomial(builder, x, coefficients):
    """By Horner's rule, the highest power first."""
    value = coefficients[0]
    for coefficient in coefficients[1:]:
        value = _multiply_add(builder, value, x, coefficient)
    return value


@intrinsic
def exp(typing, x):
    """exp(x) for x <= 0, a number or a vector, subnormal results included; NaN stays NaN."""
    dtype = x.dtype if isinstance(x, Vector) else x
    table = _Exp32 if dtype == types.float32 else _Exp64

    def codegen(context, builder, signature, arguments):
        return _build_exp(builder, arguments[0], table)

    return x(x), codegen


@jit
def log1p(x):
    """log(1 + x) for x >= 0 in float64; NaN and infinity stay.

    log of u = 1 + x as 2 atanh(f / (2 + f)) after the exponent is taken off, plus the part of x
    that u has rounded away (W. Kahan's correction).
    """
    u = 1.0 + x
    lost = x - (u - 1.0)
    bits = np.float64(u).view(np.int64)
    # The exponent that leaves the mantissa in [sqrt(1/2), sqrt(2)).
    exponent = (bits - 0x3FE6A09E667F3BCD) >> 52
    mantissa = np.int64(bits - (exponent << 52)).view(np.float64)
    n = np.float64(exponent)
    f = mantissa - 1.0
    s = f / (2.0 + f)
    w = s * s
    r = 0.14617807153417325
    r = r * w + 0.15331611722055008
    r = r * w + 0.18182892432536871
    r = r * w + 0.22222211089379496
    r = r * w + 0.28571428626253838
    r = r * w + 0.39999999999898891
    r = r * w + 0.66666666666666697
    # 2s + s^3 r written about f, whose digits are exact: log(1 + f) = f - s (f - s^2 r).
    log = n * _LN2_HIGH + (f - s * (f - w * r) + (n * _LN2_LOW + lost / u))
    return log if u < np.inf else x + u


#: P(N < -u) = exp(-u^2 / 2) q(t) / (1 + u), t = (u - 5) / (u + 5); q by Chebyshev interpolation of
#: scaled values of erfc: relative error 1.6e-15, and 9.2e-8 for float32.
_TAIL64 = (
    -6.9730792529796005e-11,
    2.1841829783179173e-09,
    2.4961612260497871e-09,
    -2.5338024442480803e-08,
    -2.3685739903719486e-08,
    1.8815218372494559e-07,
    1.2449898873514351e-07,
    -1.3000381787316375e-06,
    -6.7618113237170274e-08,
    9.0553984004200105e-06,
    -9.8975138335126584e-06,
    -5.360583635784979e-05,
    0.00018233461734900832,
    7.7911509846918617e-06,
    -0.0016760724427342037,
    0.0065220007388196157,
    -0.015170415390592072,
    0.024536963237200955,
    -0.026401042967058579,
    0.010002352385518642,
    0.031030368425982488,
    -0.091552281834013316,
    0.46151582985003786,
)
_TAIL32 = (
    0.00015546451341091379,
    -0.0001035722885493655,
    -0.001649403032724278,
    0.0066228203774731705,
    -0.015182034002204803,
    0.024494870323776584,
    -0.026398972976955065,
    0.010009695161032249,
    0.031030265021717088,
    -0.091552645626209433,
    0.46151582985003753,
)


@intrinsic
def normal_tail(typing, u):
    """P(N < -u) exp(u^2 / 2) of a normal N, for u >= 0."""
    table = _TAIL32 if u == types.float32 else _TAIL64

    def codegen(context, builder, signature, arguments):
        (u_,) = arguments
        kind = u_.type
        one, five = _constant(kind, 1.0), _constant(kind, 5.0)
        t = builder.fdiv(builder.fsub(u_, five), builder.fadd(u_, five))
        q = _constant(kind, table[0])
        for coefficient in table[1:]:
            q = _multiply_add(builder, q, t, _constant(kind, coefficient))
        return builder.fdiv(q, builder.fadd(u_, one))

    return u(u), codegen
