"""What a kernel is given: the types of its arguments as a text, their values as a record."""

import copy
import ctypes
import pickle
import struct
from typing import NamedTuple

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import types

from skmax import _kernels
from skmax._kernels.calling.arguments import BUNDLES, bundle, pack
from skmax._kernels.compiling.jit import OPTIONS, jit
from skmax._kernels.compiling.record import RECORD, argument_types, of_record

KINDS = {"f4": np.float32, "f8": np.float64, "i4": np.int32, "i8": np.int64}


@bundle
class Inner(NamedTuple):
    matrix: np.ndarray
    factor: float


@bundle
class Outer(NamedTuple):
    count: int
    inner: Inner
    cube: np.ndarray
    rate: float


@pytest.fixture(scope="module", autouse=True)
def _no_bundles_of_these_tests_are_left():
    yield
    del BUNDLES["Inner"], BUNDLES["Outer"]


def words(array):
    return struct.pack(f"{1 + array.ndim}q", array.ctypes.data, *array.shape)


def outer(n, dtype):
    return Outer(n, Inner(np.ones((n, 2), dtype), 0.25), np.ones((2, 1, n), np.int32), 0.5)


# Arrays


@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 4)])
@pytest.mark.parametrize("kind", KINDS)
def test_an_array_is_its_address_and_its_shape(kind, shape):
    array = np.ones(shape, KINDS[kind])
    assert pack((array,)) == ([f"{kind}[{len(shape)}]"], [words(array)])


@pytest.mark.parametrize("dtype", ["q", "l", "=i8", "<f8", np.dtype("f4")])
def test_other_names_of_a_dtype_are_the_same_type(dtype):
    array = np.ones(3, dtype)
    ((code,), _) = pack((array,))
    assert code == f"{array.dtype.kind}{array.dtype.itemsize}[1]"


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 4)])
def test_an_empty_array_keeps_its_shape(shape):
    array = np.empty(shape)
    assert pack((array,)) == ([f"f8[{len(shape)}]"], [words(array)])


def test_a_read_only_array_is_where_it_is():
    array = _kernels.read_only(np.ones((4, 2)))
    assert not array.flags.writeable
    assert pack((array,)) == (["f8[2]"], [words(array)])


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_a_memory_mapped_array_is_where_it_is(tmp_path, mode):
    np.arange(6.0).tofile(tmp_path / "numbers")
    array = np.memmap(tmp_path / "numbers", np.float64, mode, shape=(2, 3))
    assert pack((array,)) == (["f8[2]"], [words(array)])


def test_a_slice_that_is_contiguous_starts_where_it_starts():
    whole = np.arange(12.0).reshape(4, 3)
    assert pack((whole[1:3],)) == (["f8[2]"], [struct.pack("3q", whole.ctypes.data + 24, 2, 3)])


@pytest.mark.parametrize(
    ("array", "described"),
    [
        (np.ones(6)[::2], r"float64, shape \(3,\), not contiguous"),
        (np.ones((2, 3)).T, r"float64, shape \(3, 2\), not contiguous"),
        (np.ones((4, 3))[:, :2], r"float64, shape \(4, 2\), not contiguous"),
        (np.asfortranarray(np.ones((2, 3, 4))), r"float64, shape \(2, 3, 4\), not contiguous"),
        (_kernels.read_only(np.ones(6)[::2]), r"float64, shape \(3,\), not contiguous"),
        (np.ones(3, np.dtype("f8").newbyteorder()), r"[<>]f8, shape \(3,\), contiguous"),
        (np.ones(3, np.float16), r"float16, shape \(3,\), contiguous"),
        (np.ones(3, complex), r"complex128, shape \(3,\), contiguous"),
        (np.ones(3, np.uint64), r"uint64, shape \(3,\), contiguous"),
        (np.ones(3, bool), r"bool, shape \(3,\), contiguous"),
        (np.ones(3, object), r"object, shape \(3,\), contiguous"),
        (np.ones(3, "M8[s]"), r"datetime64\[s\], shape \(3,\), contiguous"),
        (np.ones(()), r"float64, shape \(\), contiguous"),
        (np.ones((1, 2, 3, 4)), r"float64, shape \(1, 2, 3, 4\), contiguous"),
        (np.empty((0, 2), np.float16), r"float16, shape \(0, 2\), contiguous"),
    ],
)
def test_any_other_array_is_described(array, described):
    with pytest.raises(TypeError, match=f"kernels take arrays .* got one of {described}$"):
        pack((array,))


# Scalars


@pytest.mark.parametrize("value", [0, -1, True, 2**63 - 1, -(2**63), np.int32(-7), np.uint8(200)])
def test_an_integer_is_a_word(value):
    assert pack((value,)) == (["i8"], [struct.pack("q", int(value))])


@pytest.mark.parametrize("value", [0.5, -0.0, np.inf, np.float64(1e-310)])
def test_a_float_is_a_word(value):
    assert pack((value,)) == (["f8"], [struct.pack("d", value)])


@pytest.mark.parametrize("value", [None, "text", [1.0], 1j, np.float32(1)])
def test_what_is_neither_is_a_type_error(value):
    with pytest.raises(TypeError):
        pack((value,))


def test_an_integer_that_fills_more_than_a_word_is_an_error():
    with pytest.raises(struct.error):
        pack((2**63,))


# Bundles


def test_a_bundle_is_its_fields_one_after_the_other():
    given = outer(3, np.float32)
    (code,), (record,) = pack((given,))
    assert code == "Outer(i8,Inner(f4[2],f8),i4[3],f8)"
    inner = words(given.inner.matrix) + struct.pack("d", 0.25)
    assert record == struct.pack("q", 3) + inner + words(given.cube) + struct.pack("d", 0.5)


def test_a_bundle_is_packed_once():
    given = outer(3, np.float64)
    assert vars(given) == {}
    _, (first,) = pack((given,))
    _, (second,) = pack((given,))
    assert first is second
    assert given.inner.packed[1] in first


def test_a_bundle_is_still_the_named_tuple():
    given = outer(2, np.float64)
    assert given._fields == ("count", "inner", "cube", "rate")
    assert given == tuple(given)
    assert type(given).__module__ == __name__
    assert repr(Inner(1, 2)) == "Inner(matrix=1, factor=2)"


def copied(made):
    return pickle.loads(pickle.dumps(made))


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, copied, lambda made: made._replace()])
def test_a_copy_of_a_bundle_is_packed_anew(again):
    made = _kernels.Labels(np.arange(3))
    _ = made.packed
    other = again(made)
    assert type(other) is _kernels.Labels
    assert pack((other,)) == (["Labels(i8[1])"], [words(other.codes)])


# Calls


def test_arguments_that_the_table_has_not_are_named():
    kernel = _kernels.sigmoid
    with pytest.raises(TypeError, match=r"^sigmoid is not compiled for f8\[1\],f4\[1\]$"):
        kernel(np.zeros(2), np.zeros(2, np.float32))
    with pytest.raises(TypeError, match=r"^sigmoid is not compiled for f8\[1\]$"):
        kernel(np.zeros(2))
    with pytest.raises(TypeError, match=r"^sigmoid is not compiled for $"):
        kernel()
    labels = _kernels.Labels(np.zeros(2, int))
    with pytest.raises(TypeError, match=r"^sigmoid is not compiled for Labels\(i8\[1\]\),f8\[1\]$"):
        kernel(labels, np.zeros(2))
    with pytest.raises(TypeError, match="not contiguous"):
        kernel(np.zeros(4)[::2], np.zeros(2))


def test_numba_types_are_read_from_the_text():
    ((count, inner, cube, rate), single) = argument_types(
        "Outer(i8,Inner(f4[2],f8),i4[3],f8),f8[1]"
    )
    assert (count, rate) == (types.int64, types.float64)
    assert inner.instance_class is Inner
    assert list(inner) == [types.Array(types.float32, 2, "C"), types.float64]
    assert cube == types.Array(types.int32, 3, "C")
    assert single == types.Array(types.float64, 1, "C")
    assert argument_types("") == []


@jit
def sum_of_all(vector, given, number, count):
    """Each entry by its index, times a factor of its own, so that no two can be exchanged."""
    total = 1e3 * number + 1e4 * count + 1e5 * given.count + 1e6 * given.rate
    for i in range(vector.shape[0]):
        total += vector[i] * (i + 1)
    matrix, cube = given.inner.matrix, given.cube
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            total += given.inner.factor * matrix[i, j] * (10 * i + j)
    for i in range(cube.shape[0]):
        for j in range(cube.shape[1]):
            for k in range(cube.shape[2]):
                total += cube[i, j, k] * (100 * i + 10 * j + k)
    return total


class Compiled:
    """A jitted function as C code that takes a record, compiled in this process by numba."""

    def __init__(self, function):
        self.function = function
        self.by_signature = {}

    def __call__(self, *arguments):
        codes, record = pack(arguments)
        signature = ",".join(codes)
        if signature not in self.by_signature:
            call = numba.njit(**OPTIONS)(of_record(self.function, argument_types(signature)))
            compiled = numba.cfunc(types.float64(RECORD), **OPTIONS)(lambda record: call(record))
            self.by_signature[signature] = compiled
        address = self.by_signature[signature].address
        prototype = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_char_p)
        return prototype(address)(b"".join(record))


compiled_sum = Compiled(sum_of_all)
sizes = st.integers(0, 4)


@given(
    vector=st.tuples(st.sampled_from(["i4", "f8"]), sizes),
    matrix=st.tuples(st.sampled_from(["f4", "i8"]), sizes, sizes),
    cube=st.tuples(sizes, sizes, sizes),
    numbers=st.tuples(st.integers(-9, 9), st.integers(-9, 9)),
    rate=st.sampled_from([0.5, -2.0]),
)
def test_compiled_code_reads_what_was_packed(vector, matrix, cube, numbers, rate):
    rng = np.random.default_rng(0)

    def array(kind, *shape):
        return rng.integers(-50, 50, shape).astype(KINDS[kind])

    bundled = Outer(numbers[0], Inner(array(*matrix), 0.25), array("i4", *cube), rate)
    arguments = array(*vector), bundled, 1.5, numbers[1]
    assert compiled_sum(*arguments) == sum_of_all.py_func(*arguments)
