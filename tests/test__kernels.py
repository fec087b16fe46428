"""The kernels of elementary functions and of rows against their naive references."""

import numba
import numpy as np
import pytest
import reference
from kernel_cases import (
    apply,
    assert_close,
    classes,
    frozen,
    logits_of,
    rows_allowed,
    rows_workspace_of,
    samples,
)
from marks import dtypes, needs_wide
from reference import ulp_error

from skmax import _kernels
from skmax._kernels.codegen import elementary

pytestmark = needs_wide


@numba.njit(error_model="numpy")
def exp_of_number(x):
    return elementary.exp(x)


@numba.njit(error_model="numpy", fastmath={"contract"})
def exp_of_array(x, out):
    for i in range(x.size):
        out[i] = elementary.exp(x[i])


@numba.njit(error_model="numpy", fastmath={"contract"})
def log1p_of_array(x, out):
    for i in range(x.size):
        out[i] = elementary.log1p(x[i])


def exp_arguments(dtype):
    rng = np.random.default_rng(0)
    parts = [-np.linspace(0, 750, 200_003), -(10 ** rng.uniform(-20, 0, 20_000))]
    return np.concatenate(parts).astype(dtype)


@dtypes
def test_exp_is_within_five_quarters_of_an_ulp_over_an_array(dtype):
    x = exp_arguments(dtype)
    out = np.empty_like(x)
    exp_of_array(x, out)
    assert ulp_error(out, reference.exp(x)).max() <= 1.25


@dtypes
def test_exp_is_within_five_quarters_of_an_ulp_number_by_number(dtype):
    x = exp_arguments(dtype)[::500]
    out = np.array([exp_of_number(value) for value in x], dtype)
    assert ulp_error(out, reference.exp(x)).max() <= 1.25


@dtypes
def test_exp_at_the_edges(dtype):
    x = np.array([0.0, -0.0, -np.inf, np.nan, np.finfo(dtype).min, -5e-324], dtype)
    out = np.empty_like(x)
    exp_of_array(x, out)
    np.testing.assert_array_equal(out, [1, 1, 0, np.nan, 0, 1])
    np.testing.assert_array_equal([exp_of_number(value) for value in x], out)


@dtypes
def test_exp_gives_the_smallest_subnormal(dtype):
    smallest = np.finfo(dtype).smallest_subnormal
    x = np.array([np.log(reference.WIDE(smallest))], dtype)
    out = np.empty_like(x)
    exp_of_array(x, out)
    assert out[0] == smallest


def test_log1p_is_within_five_quarters_of_an_ulp():
    rng = np.random.default_rng(0)
    x = np.concatenate(
        [
            10 ** rng.uniform(-320, 308, 100_000),
            10 ** rng.uniform(-3, 3, 100_000),
            rng.uniform(0, 2, 100_000),
            np.arange(1000.0),
        ]
    )
    out = np.empty_like(x)
    log1p_of_array(x, out)
    assert ulp_error(out, reference.log1p(x)).max() <= 1.25


def test_log1p_at_the_edges():
    x = np.array([0.0, 5e-324, 1e-310, np.finfo(float).max, np.inf, np.nan])
    out = np.empty_like(x)
    log1p_of_array(x, out)
    np.testing.assert_array_equal(out, np.log1p(x))


@classes
@samples
@dtypes
def test_softmax_rows(n_classes, n_samples, dtype):
    logits = logits_of(n_samples, n_classes, dtype)
    errors = ulp_error(apply(_kernels.softmax_rows, logits), reference.softmax_rows(logits))
    assert np.all(errors <= rows_allowed(logits))


@classes
@samples
@dtypes
def test_log_softmax_rows(n_classes, n_samples, dtype):
    logits = logits_of(n_samples, n_classes, dtype)
    errors = ulp_error(apply(_kernels.log_softmax_rows, logits), reference.log_softmax_rows(logits))
    assert np.all(errors <= rows_allowed(logits))


@classes
@samples
@dtypes
def test_logsumexp_rows(n_classes, n_samples, dtype):
    logits = logits_of(n_samples, n_classes, dtype)
    out = np.empty(n_samples, dtype)
    _kernels.logsumexp_rows(logits, rows_workspace_of(logits), out)
    # The sum of the two parts may cancel: what counts is the size of the larger.
    exact = reference.logsumexp_rows(logits)
    assert_close(out, exact, floor=np.abs(logits).max(axis=1).astype(np.float64))


ROWS = {
    "minus infinity": [0.0, -np.inf, 1.0],
    "confident": [0.0, 50.0, -800.0],
    "ties at the top": [2.0, 2.0, -1.0],
    "all tied": [3.0, 3.0, 3.0],
    "all minus infinity": [-np.inf, -np.inf, -np.inf],
    "only one finite": [-np.inf, 5.0, -np.inf],
    "infinity": [0.0, np.inf, 1.0],
    "NaN": [0.0, np.nan, 1.0],
    "NaN first": [np.nan, 0.0, 1.0],
    "NaN and infinities": [np.nan, np.inf, -np.inf],
    "extremes": [-3e38, 3e38, 0.0],
}
KERNELS = {
    "softmax_rows": reference.softmax_rows,
    "log_softmax_rows": reference.log_softmax_rows,
}


@dtypes
@pytest.mark.parametrize("n_classes", [3, 23, 24, 32, 37])
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_special_rows(row, kernel, n_classes, dtype):
    """Alone, and filled up to `n_classes` with its last entry."""
    ordinary = logits_of(70, n_classes, dtype)
    logits = np.vstack([ordinary, [row + row[-1:] * (n_classes - 3)], ordinary]).astype(dtype)
    errors = ulp_error(apply(getattr(_kernels, kernel), logits), KERNELS[kernel](logits))
    assert errors[70].max() <= 4
    neighbours = np.delete(np.arange(141), 70)
    assert np.all(errors[neighbours] <= rows_allowed(logits[neighbours]))


@dtypes
@pytest.mark.parametrize("n_classes", [3, 23, 24, 32, 37])
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_logsumexp_of_special_rows(row, n_classes, dtype):
    logits = np.array([row + row[-1:] * (n_classes - 3)], dtype)
    out = np.empty(1, dtype)
    _kernels.logsumexp_rows(logits, rows_workspace_of(logits), out)
    assert ulp_error(out, reference.logsumexp_rows(logits))[0] <= 4


@dtypes
@pytest.mark.parametrize("n_classes", [3, 40])
@pytest.mark.parametrize("kernel", KERNELS)
def test_kernels_on_rows_work_in_place(kernel, n_classes, dtype):
    logits = logits_of(70, n_classes, dtype)
    expected = apply(getattr(_kernels, kernel), logits)
    getattr(_kernels, kernel)(logits, rows_workspace_of(logits), logits)
    np.testing.assert_array_equal(logits, expected)


@dtypes
def test_sigmoid(dtype):
    z = np.concatenate([np.linspace(-800, 800, 20_001), [0.0, -0.0, np.inf, -np.inf, np.nan]])
    z = z.astype(dtype)
    out = np.empty_like(z)
    _kernels.sigmoid(z, out)
    assert ulp_error(out, reference.sigmoid(z)).max() <= 3


def test_names_that_are_no_kernel_are_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'softmin'"):
        _ = _kernels.softmin


@dtypes
@pytest.mark.parametrize("kernel", ["softmax_rows", "log_softmax_rows"])
def test_rows_of_any_length_share_one_compiled_kernel(kernel, dtype):
    function = getattr(_kernels, kernel)
    apply(function, logits_of(3, 4, dtype))
    known = list(function.functions)
    for n_classes in (1, 5, 24, 100):
        apply(function, logits_of(70, n_classes, dtype))
    assert list(function.functions) == known


@pytest.mark.parametrize("kernel", ["softmax_rows", "log_softmax_rows", "logsumexp_rows"])
@dtypes
def test_read_only_rows(kernel, dtype):
    logits = logits_of(70, 5, dtype)
    out, expected = (np.empty((70, 5) if "soft" in kernel else 70, dtype) for _ in range(2))
    workspace = rows_workspace_of(logits)
    getattr(_kernels, kernel)(logits, workspace, expected)
    getattr(_kernels, kernel)(frozen(logits), workspace, out)
    np.testing.assert_array_equal(out, expected)


@dtypes
@pytest.mark.parametrize("kernel", ["softmax_rows", "log_softmax_rows", "sigmoid"])
def test_what_a_nan_carries_in_its_digits_stays_nan(kernel, dtype):
    # As R's NA does. exp adds the low digits of an argument to an exponent.
    bits = np.uint64 if dtype == np.float64 else np.uint32
    quiet = np.array([np.nan], dtype).view(bits)[0]
    for payload in (1, 1954, 4095):
        logits = np.zeros((3, 24), dtype)
        logits[1, 5] = np.array([quiet | bits(payload)], bits).view(dtype)[0]
        if kernel == "sigmoid":
            out = np.empty(72, dtype)
            _kernels.sigmoid(logits.ravel(), out)
            assert np.flatnonzero(np.isnan(out)).tolist() == [29]
        else:
            for row in (logits, np.ascontiguousarray(logits[:, 3:9])):
                assert np.isnan(apply(getattr(_kernels, kernel), row)).all(axis=1).tolist() == [
                    False,
                    True,
                    False,
                ]
