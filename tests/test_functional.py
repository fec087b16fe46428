"""The public maths: against SciPy, against long double, and at every edge."""

import numpy as np
import pytest
import scipy.special
from functional_cases import VIEWS, both, close, normal
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from marks import dtypes

from skmax import (
    cross_entropy_with_grad,
    hardmax,
    log_softmax,
    logsumexp,
    sigmoid,
    softmax,
)

SCIPY = {
    softmax: scipy.special.softmax,
    log_softmax: scipy.special.log_softmax,
    logsumexp: scipy.special.logsumexp,
}

all_three = pytest.mark.parametrize("function", [softmax, log_softmax, logsumexp])


# Shapes, axes, strides and dtypes


@all_three
@dtypes
@pytest.mark.parametrize("shape", [(7,), (5, 3), (5, 30), (2, 3, 4), (2, 1, 3, 26)])
def test_agrees_with_scipy_along_any_axis(function, shape, dtype):
    logits = normal(*shape, dtype=dtype)
    for axis in range(-len(shape), len(shape)):
        result = function(logits, axis)
        expected = SCIPY[function](logits.astype(np.float64), axis=axis)
        assert result.shape == expected.shape
        assert result.dtype == dtype
        np.testing.assert_allclose(result, expected, **close(dtype))


@all_three
@dtypes
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_strides_do_not_matter(view, axis, dtype, function):
    logits = view(normal(30, 28, dtype=dtype))
    plain = np.array(logits, dtype=logits.dtype.newbyteorder("="), order="C")
    np.testing.assert_allclose(function(logits, axis), function(plain, axis), **close(dtype))


@pytest.mark.parametrize("function", [softmax, log_softmax, logsumexp, hardmax])
def test_input_is_left_alone_and_may_be_read_only(function):
    logits = normal(6, 5)
    before = logits.copy()
    logits.flags.writeable = False
    function(logits)
    function(logits, 0)
    sigmoid(logits)
    cross_entropy_with_grad(logits, logits > 0)
    np.testing.assert_array_equal(logits, before)


@pytest.mark.parametrize("function", [softmax, log_softmax, logsumexp, hardmax, sigmoid])
@pytest.mark.parametrize(
    "logits",
    [
        [[3, 1], [0, 2]],
        np.array([[3, 1], [0, 2]], np.int8),
        np.array([[3, 1], [0, 2]], np.uint64),
        np.array([[True, False], [False, True]]),
        np.array([[3, 1], [0, 2]], np.float16),
        np.array([[3, 1], [0, 2]], np.longdouble),
        np.array([[3, 1], [0, 2]], object),
    ],
    ids=["list", "int8", "uint64", "bool", "float16", "longdouble", "object"],
)
def test_other_numbers_become_float64(function, logits):
    result = function(logits)
    assert result.dtype == np.float64
    np.testing.assert_array_equal(result, function(np.array(logits, np.float64)))


@pytest.mark.parametrize("function", [softmax, log_softmax, logsumexp, hardmax, sigmoid])
def test_complex_numbers_are_refused(function):
    with pytest.raises(ValueError, match="complex"):
        function([1j, 2])


@dtypes
@both
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (0, 0), (2, 0, 4), (0, 2, 3), (2, 3, 0)])
def test_empty_arrays(shape, function, dtype):
    for axis in range(len(shape)):
        result = function(np.empty(shape, dtype), axis)
        assert result.shape == shape
        assert result.dtype == dtype
        assert function(np.empty(shape, dtype), axis, temperature=2.0).shape == shape
        assert hardmax(np.empty(shape, dtype), axis).shape == shape
    assert sigmoid(np.empty(shape, dtype)).shape == shape


def test_logsumexp_of_nothing_is_minus_infinity():
    assert logsumexp([]) == -np.inf
    np.testing.assert_array_equal(logsumexp(np.empty((2, 0, 3)), 1), np.full((2, 3), -np.inf))
    assert logsumexp(np.empty((0, 3)), 1).shape == (0,)


def test_logsumexp_of_one_dimension_is_a_number():
    assert isinstance(logsumexp([0.0, 1.0]), float)
    assert isinstance(logsumexp(np.zeros(3, np.float32)), np.float32)


def test_sigmoid_of_a_number_has_no_dimension():
    assert np.shape(sigmoid(0.0)) == ()
    assert sigmoid(0.0) == 0.5


@pytest.mark.parametrize("function", [softmax, log_softmax, logsumexp, hardmax])
@pytest.mark.parametrize("axis", [2, -3])
def test_axis_out_of_range_is_named(function, axis):
    with pytest.raises(ValueError, match="axis"):
        function(np.zeros((2, 3)), axis)


@pytest.mark.parametrize("function", [softmax, log_softmax, logsumexp, hardmax])
def test_a_number_has_no_axis(function):
    with pytest.raises(ValueError, match="dimension"):
        function(1.0)


# out


@both
@dtypes
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("shape", [(70, 5), (6, 40)])
def test_out_is_filled_and_returned(shape, axis, dtype, function):
    logits = normal(*shape, dtype=dtype)
    expected = function(logits, axis)
    for out in (
        np.full(shape, 7, dtype),
        np.full(shape, 7, dtype, order="F"),
        np.full((shape[0], 2 * shape[1]), 7, dtype)[:, ::-2],
    ):
        assert function(logits, axis, out=out) is out
        np.testing.assert_array_equal(out, expected)


@both
@dtypes
@pytest.mark.parametrize("temperature", [1.0, 2.0])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("shape", [(70, 5), (6, 40)])
def test_out_may_be_the_logits(shape, axis, temperature, dtype, function):
    logits = normal(*shape, dtype=dtype)
    expected = function(logits, axis, temperature=temperature)
    assert function(logits, axis, temperature=temperature, out=logits) is logits
    np.testing.assert_array_equal(logits, expected)


@both
@pytest.mark.parametrize("columns", [5, 40])
def test_out_may_overlap_the_logits(columns, function):
    for move in (lambda a: a[1:], lambda a: a[:-1], lambda a: a[:-1][::-1]):
        memory = normal(9, columns)
        logits, out = memory[:-1], move(memory)
        expected = function(logits.copy())
        function(logits, out=out)
        np.testing.assert_array_equal(out, expected)


def test_sigmoid_fills_out():
    logits = normal(4, 3)
    expected = sigmoid(logits)
    memory = normal(5, 3)
    overlapping = memory[1:]
    overlapped = sigmoid(memory[:-1])
    assert sigmoid(memory[:-1], out=overlapping) is overlapping
    np.testing.assert_array_equal(overlapping, overlapped)
    assert sigmoid(logits, out=logits) is logits
    np.testing.assert_array_equal(logits, expected)


WRONG_OUT = {
    "shape": lambda: np.empty((3, 2)),
    "dtype": lambda: np.empty((2, 3), np.float32),
    "integers": lambda: np.empty((2, 3), int),
    "a list": lambda: [[0.0] * 3] * 2,
    "read-only": lambda: np.broadcast_to(np.zeros(3), (2, 3)),
}


@pytest.mark.parametrize("function", [softmax, log_softmax, sigmoid])
@pytest.mark.parametrize("make", WRONG_OUT.values(), ids=WRONG_OUT)
def test_out_that_does_not_fit_is_an_error(make, function):
    with pytest.raises(ValueError, match="out must be"):
        function(np.zeros((2, 3)), out=make())


def test_out_must_have_the_dtype_of_the_result():
    out = np.empty(3)
    assert softmax([1, 2, 3], out=out) is out
    with pytest.raises(ValueError, match="float32"):
        softmax(np.zeros(3, np.float32), out=out)


# Temperature


@both
@dtypes
@pytest.mark.parametrize("temperature", [0.1, 0.5, 2, 30.0, np.float64(3)])
def test_temperature_divides_the_logits(temperature, dtype, function):
    logits = normal(20, 7, dtype=dtype)
    expected = function(logits.astype(np.float64) / temperature)
    np.testing.assert_allclose(function(logits, temperature=temperature), expected, **close(dtype))
    by_column = function(logits, 0, temperature=temperature)
    expected = function(logits.astype(np.float64) / temperature, 0)
    np.testing.assert_allclose(by_column, expected, **close(dtype))


@pytest.mark.parametrize("base", [1.5, 2, 10])
def test_a_base_is_the_temperature_one_over_its_logarithm(base):
    logits = normal(6)
    expected = base**logits / np.sum(base**logits)
    np.testing.assert_allclose(softmax(logits, temperature=1 / np.log(base)), expected, rtol=1e-13)


def test_low_temperature_is_the_hard_maximum_and_high_temperature_even():
    logits = normal(5, 8)
    np.testing.assert_array_equal(softmax(logits, temperature=1e-300), hardmax(logits))
    np.testing.assert_allclose(softmax(logits, temperature=1e300), 1 / 8, rtol=1e-15)
    np.testing.assert_array_equal(softmax([2.0, 2.0, 1.0], temperature=5e-324), [0.5, 0.5, 0])


def test_temperature_divides_the_differences_not_the_logits():
    near = 1e308 * (1 + np.array([0, 2.0**-52, 2.0**-51]))
    steps = (near - near[0]) / 1e292
    np.testing.assert_allclose(softmax(near, temperature=1e292), softmax(steps), rtol=1e-12)


@both
@pytest.mark.parametrize("temperature", [0, -1.0, np.inf, np.nan])
def test_temperature_must_be_positive_and_finite(temperature, function):
    with pytest.raises(ValueError, match="temperature"):
        function([1.0, 2.0], temperature=temperature)


# Properties

exact_logits = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=1, max_dims=3, max_side=30),
    elements=st.integers(-800, 800).map(lambda n: n / 8),
)
any_logits = hnp.arrays(
    st.sampled_from([np.float32, np.float64]),
    hnp.array_shapes(min_dims=1, max_dims=3, max_side=30),
    elements=st.floats(-(2.0**100), 2.0**100, width=32),
)


@given(any_logits, st.data())
def test_probabilities_sum_to_1_along_the_axis(logits, data):
    axis = data.draw(st.integers(-logits.ndim, logits.ndim - 1))
    p = softmax(logits, axis)
    assert p.shape == logits.shape
    assert p.dtype == logits.dtype
    assert np.all((p >= 0) & (p <= 1))
    np.testing.assert_allclose(p.sum(axis, dtype=np.float64), 1, rtol=4 * np.finfo(p.dtype).eps)


@given(any_logits)
def test_the_ranking_is_kept(logits):
    order = np.argsort(logits, axis=-1)
    for function in (softmax, log_softmax):
        sorted_ = np.take_along_axis(function(logits), order, axis=-1)
        assert np.all(sorted_[..., 1:] >= sorted_[..., :-1])


@given(exact_logits, st.integers(-(2**20), 2**20))
def test_an_exact_shift_changes_no_bit(logits, shift):
    np.testing.assert_array_equal(softmax(logits + shift), softmax(logits))
    np.testing.assert_array_equal(log_softmax(logits + shift), log_softmax(logits))
    shifted = logsumexp(logits + shift)
    np.testing.assert_allclose(shifted, logsumexp(logits) + shift, rtol=1e-15, atol=1e-13)


@given(exact_logits)
def test_exp_of_log_softmax_is_softmax(logits):
    np.testing.assert_allclose(np.exp(log_softmax(logits)), softmax(logits), rtol=1e-13)


@given(any_logits)
def test_hardmax_is_one_hot_at_the_argmax(logits):
    result = hardmax(logits)
    assert result.dtype == logits.dtype
    assert np.isin(result, [0, 1]).all()
    np.testing.assert_array_equal(result.sum(axis=-1), 1)
    np.testing.assert_array_equal(result.argmax(axis=-1), logits.argmax(axis=-1))


@given(hnp.arrays(np.float64, 20, elements=st.floats(-1e300, 1e300)))
def test_sigmoid_mirrors(z):
    np.testing.assert_allclose(sigmoid(z) + sigmoid(-z), 1, rtol=1e-15)
    assert np.all(np.diff(sigmoid(np.sort(z))) >= 0)


@pytest.mark.parametrize("n_classes", [3, 30])
def test_derivative_of_softmax(n_classes):
    """dp_i / dz_j = p_i (delta_ij - p_j)."""
    z, step = normal(n_classes, scale=1.0), 1e-5
    p = softmax(z)
    for j in range(n_classes):
        shift = step * (np.arange(n_classes) == j)
        differences = (softmax(z + shift) - softmax(z - shift)) / (2 * step)
        expected = p * ((np.arange(n_classes) == j) - p[j])
        np.testing.assert_allclose(differences, expected, rtol=1e-6, atol=1e-10)


# hardmax


def test_hardmax_takes_the_first_of_equals():
    np.testing.assert_array_equal(hardmax([[1, 2, 2], [0, 0, 0]]), [[0, 1, 0], [1, 0, 0]])


def test_hardmax_along_the_first_axis():
    np.testing.assert_array_equal(hardmax([[1, 5], [2, 0]], axis=0), [[0, 1], [1, 0]])


@dtypes
def test_hardmax_of_nan_is_nan_throughout_the_row(dtype):
    result = hardmax(np.array([[1, np.nan, 2], [1, 3, 2]], dtype))
    assert result.dtype == dtype
    np.testing.assert_array_equal(result, [[np.nan] * 3, [0, 1, 0]])


def test_hardmax_knows_infinities():
    np.testing.assert_array_equal(hardmax([-np.inf, 0.0, np.inf]), [0, 0, 1])
