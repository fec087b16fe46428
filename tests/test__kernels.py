"""Every kernel against its naive twin."""

import numba
import numpy as np
import pytest
import reference
import scipy.sparse
from reference import ulp_error

from skmax import _kernels
from skmax._kernels import elementary

CLASSES = [1, 2, 3, 7, 16, 23, 24, 25, 31, 32, 33, 100, 257]
SAMPLES = [0, 1, 63, 64, 65, 130]
DTYPES = [np.float32, np.float64]

pytestmark = pytest.mark.skipif(
    not reference.WIDE_IS_WIDER, reason="long double has no digits to spare here"
)
classes = pytest.mark.parametrize("n_classes", CLASSES)
samples = pytest.mark.parametrize("n_samples", SAMPLES)
dtypes = pytest.mark.parametrize("dtype", DTYPES)


def logits_of(n_rows, n_columns, dtype, scale=4.0):
    rng = np.random.default_rng(n_rows * 1000 + n_columns)
    return (scale * rng.standard_normal((n_rows, n_columns))).astype(dtype)


def frozen(array):
    array.flags.writeable = False
    return array


def rows_allowed(logits):
    """What rounding z - max may cost in each row, in ulp."""
    return 4 + np.ptp(logits.astype(np.float64), axis=1, keepdims=True)


def apply(kernel, logits):
    out = np.full_like(logits, 7.0)
    kernel(logits, out)
    return out


def assert_close(actual, exact, ulps=8, floor=0.0):
    """Within `ulps` of each entry, or of `floor` where an entry is smaller than that."""
    eps = np.finfo(actual.dtype).eps
    tolerance = ulps * eps * np.maximum(np.abs(exact.astype(np.float64)), floor)
    assert np.all(np.abs(actual - exact) <= tolerance + np.finfo(actual.dtype).tiny)


# exp and log1p


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


# softmax, log_softmax and logsumexp of rows


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
    _kernels.logsumexp_rows(logits, out)
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
    _kernels.logsumexp_rows(logits, out)
    assert ulp_error(out, reference.logsumexp_rows(logits))[0] <= 4


@dtypes
@pytest.mark.parametrize("n_classes", [3, 40])
@pytest.mark.parametrize("kernel", KERNELS)
def test_kernels_on_rows_work_in_place(kernel, n_classes, dtype):
    logits = logits_of(70, n_classes, dtype)
    apart = apply(getattr(_kernels, kernel), logits)
    getattr(_kernels, kernel)(logits, logits)
    np.testing.assert_array_equal(logits, apart)


@dtypes
def test_sigmoid(dtype):
    z = np.concatenate([np.linspace(-800, 800, 20_001), [0.0, -0.0, np.inf, -np.inf, np.nan]])
    z = z.astype(dtype)
    out = np.empty_like(z)
    _kernels.sigmoid(z, out)
    assert ulp_error(out, reference.sigmoid(z)).max() <= 3


# Cross-entropy of class-major blocks


def labels_of(n_classes, n_samples):
    return np.random.default_rng(n_samples).integers(0, n_classes, n_samples)


def shares_of(n_classes, n_samples, dtype):
    """Targets whose sums are not 1, some of them 0."""
    targets = np.random.default_rng(n_samples).gamma(0.5, size=(n_classes, n_samples))
    targets[targets < 0.05] = 0
    return targets.astype(dtype)


def weights_of(n_samples, dtype):
    return np.random.default_rng(n_samples + 1).uniform(0, 3, n_samples).astype(dtype)


@dtypes
def test_row_curvature(dtype):
    p = np.random.default_rng(0).dirichlet(np.ones(5), 37).T.astype(dtype)
    factors, out = np.arange(5.0), np.full(37, 7.0)
    _kernels.row_curvature(frozen(p), factors, out)
    np.testing.assert_allclose(out, factors @ (p * (1 - p)), rtol=1e-6)


START = 3  # samples before those of the block


def after_others(array):
    """The array after START more samples, whose values are wrong for any use of them."""
    others = np.full_like(array[..., :1], -1 if array.dtype.kind == "i" else np.nan)
    return frozen(np.concatenate([others] * START + [array], axis=-1))


def losses_tolerance(logits):
    """The kernel subtracts in the logits' precision: each loss is off by their range at most."""
    return 8 * np.finfo(logits.dtype).eps * (1 + np.ptp(logits.astype(np.float64), axis=0))


@classes
@samples
@dtypes
def test_cross_entropy_labels(n_classes, n_samples, dtype):
    logits = logits_of(n_classes, n_samples, dtype)
    labels = labels_of(n_classes, n_samples)
    p, losses = logits.copy(), np.full(n_samples, 7.0)
    _kernels.cross_entropy_labels(p, after_others(labels), START, losses)
    exact, exact_p = reference.cross_entropy_labels(logits, labels)
    assert np.all(np.abs(losses - exact) <= losses_tolerance(logits))
    assert np.all(ulp_error(p, exact_p) <= rows_allowed(logits.T).T)


@classes
@samples
@dtypes
def test_cross_entropy_targets(n_classes, n_samples, dtype):
    logits = logits_of(n_classes, n_samples, dtype)
    targets = shares_of(n_classes, n_samples, dtype)
    p, losses = logits.copy(), np.full(n_samples, 7.0)
    _kernels.cross_entropy_targets(p, after_others(targets), START, losses)
    exact, exact_p = reference.cross_entropy_targets(logits, targets)
    assert np.all(np.abs(losses - exact) <= losses_tolerance(logits) * targets.sum(axis=0))
    assert np.all(ulp_error(p, exact_p) <= rows_allowed(logits.T).T)


@samples
@dtypes
def test_cross_entropy_binary(n_samples, dtype):
    logits = logits_of(1, n_samples, dtype, scale=30.0)
    targets = np.random.default_rng(1).uniform(0, 1, n_samples).astype(dtype)
    p, losses = logits.copy(), np.full(n_samples, 7.0)
    _kernels.cross_entropy_binary(p, after_others(targets), START, losses)
    exact, exact_p = reference.cross_entropy_binary(logits, targets)
    assert np.all(np.abs(losses - exact) <= 8 * np.finfo(dtype).eps * (1 + np.abs(logits[0])))
    assert np.all(ulp_error(p, exact_p) <= 4)


@dtypes
def test_one_sigmoid_keeps_the_digits_of_a_confident_loss(dtype):
    logits = np.array([[60.0, -60.0, 700.0 if dtype == np.float64 else 80.0]], dtype)
    targets, losses = np.array([1, 0, 1], dtype), np.empty(3)
    exact, _ = reference.cross_entropy_binary(logits, targets)
    _kernels.cross_entropy_binary(logits, targets, 0, losses)
    assert ulp_error(losses.astype(dtype), exact).max() <= 4


@dtypes
def test_minus_infinity_has_no_probability_and_costs_all_or_nothing(dtype):
    logits = np.array([[0, 0], [-np.inf, -np.inf], [1, 1]], dtype)
    p, losses = logits.copy(), np.empty(2)
    _kernels.cross_entropy_labels(p, np.array([0, 1]), 0, losses)
    assert losses[0] == pytest.approx(np.log1p(np.e), rel=1e-6)
    assert losses[1] == np.inf
    np.testing.assert_array_equal(p[1], 0)
    targets = np.array([[1, 1], [0, 0.5], [0, 0]], dtype)
    p, losses = logits.copy(), np.empty(2)
    _kernels.cross_entropy_targets(p, targets, 0, losses)
    assert losses[0] == pytest.approx(np.log1p(np.e), rel=1e-6)
    assert losses[1] == np.inf


@dtypes
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_sample_that_is_not_finite_spoils_no_other(bad, dtype):
    logits = logits_of(5, 130, dtype)
    logits[2, 70] = bad
    p, losses = logits.copy(), np.empty(130)
    _kernels.cross_entropy_labels(p, np.zeros(130, np.intp), 0, losses)
    assert np.isnan(losses[70])
    assert np.isnan(p[:, 70]).all()
    assert np.isfinite(np.delete(losses, 70)).all()
    assert np.isfinite(np.delete(p, 70, axis=1)).all()


@pytest.mark.parametrize("n_classes", [1, 2, 7, 33])
@samples
@dtypes
def test_residual_labels(n_classes, n_samples, dtype):
    p = frozen(reference.softmax_rows(logits_of(n_samples, n_classes, dtype)).T.astype(dtype))
    labels, weight = labels_of(n_classes, n_samples), weights_of(n_samples, dtype)
    residual = np.full((n_classes, n_samples), 7, dtype)
    others = after_others(labels), START, after_others(weight)
    _kernels.residual_labels(np.ascontiguousarray(p), *others, residual)
    assert_close(residual, reference.residual_labels(p, labels, weight), floor=weight)


@pytest.mark.parametrize("n_classes", [1, 2, 7, 33])
@samples
@dtypes
def test_residual_targets(n_classes, n_samples, dtype):
    p = reference.softmax_rows(logits_of(n_samples, n_classes, dtype)).T.astype(dtype, order="C")
    targets, weight = shares_of(n_classes, n_samples, dtype), weights_of(n_samples, dtype)
    mass = targets.sum(axis=0)
    residual = np.full((n_classes, n_samples), 7, dtype)
    others = after_others(targets), START, after_others(weight)
    _kernels.residual_targets(frozen(p), *others, residual)
    exact = reference.residual_targets(p, targets, mass, weight)
    assert_close(residual, exact, floor=weight * (mass + targets.max(axis=0, initial=0)))


@samples
@dtypes
def test_residual_binary(n_samples, dtype):
    rng = np.random.default_rng(0)
    p = rng.uniform(0, 1, (1, n_samples)).astype(dtype)
    targets, weight = rng.uniform(0, 1, n_samples).astype(dtype), weights_of(n_samples, dtype)
    residual = np.full((1, n_samples), 7, dtype)
    others = after_others(targets), START, after_others(weight)
    _kernels.residual_binary(frozen(p), *others, residual)
    exact = reference.residual_targets(p, targets[None], np.ones(n_samples), weight)
    assert_close(residual, exact, floor=weight)


@pytest.mark.parametrize("n_classes", [1, 2, 7, 33])
@samples
@dtypes
def test_curvature_softmax(n_classes, n_samples, dtype):
    p = reference.softmax_rows(logits_of(n_samples, n_classes, dtype)).T.astype(dtype, order="C")
    weight = weights_of(n_samples, dtype)
    direction = logits_of(n_classes, n_samples, dtype)
    exact = reference.curvature_softmax(p, direction, weight)
    floor = weight * np.abs(direction).max(axis=0) * p
    mean = np.empty(n_samples)
    _kernels.curvature_softmax(after_others(p), START, direction, after_others(weight), mean)
    assert_close(direction, exact, ulps=2 * n_classes + 8, floor=floor)


@samples
@dtypes
def test_curvature_binary(n_samples, dtype):
    p = np.random.default_rng(0).uniform(0, 1, (1, n_samples)).astype(dtype)
    weight, direction = weights_of(n_samples, dtype), logits_of(1, n_samples, dtype)
    exact = reference.curvature_binary(p, direction, weight)
    floor = weight * np.abs(direction) * p
    _kernels.curvature_binary(after_others(p), START, direction, after_others(weight))
    assert_close(direction, exact, floor=floor)


# Blocks of dense rows


columns = pytest.mark.parametrize("n_columns", [1, 7, 8, 15, 16, 17, 41])
row_counts = pytest.mark.parametrize("n_rows", [1, 7, 8, 29])


def block_of(n_rows, n_columns, dtype):
    """A block of rows in whole vectors and tiles; the rows that fill the last tile are NaN."""
    lanes = 64 // np.dtype(dtype).itemsize
    room, width = -(-n_rows // 8) * 8, -(-n_columns // lanes) * lanes
    block = np.zeros((room, width), dtype)
    block[:n_rows, :n_columns] = logits_of(n_rows, n_columns, dtype)
    block[n_rows:] = np.nan
    return block


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("ones", [True, False])
@columns
@row_counts
@dtypes
def test_pack(n_rows, n_columns, ones, order, dtype):
    rng = np.random.default_rng(0)
    X = frozen(np.asarray(rng.normal(size=(n_rows + 5, n_columns)).astype(dtype), order=order))
    block = np.full_like(block_of(n_rows, n_columns + ones, dtype), 7)
    shift = np.zeros(block.shape[1], dtype)
    shift[:n_columns] = rng.normal(size=n_columns)
    expected = np.zeros((n_rows, block.shape[1]), dtype)
    expected[:, :n_columns] = X[3 : 3 + n_rows] - shift[:n_columns]
    if ones:
        shift[n_columns], expected[:, n_columns] = -1, 1
    pack = _kernels.pack_columns if order == "F" else _kernels.pack_rows
    pack(X, 3, n_rows, shift, block)
    np.testing.assert_array_equal(block[:n_rows], expected)


@pytest.mark.parametrize("n_outputs", [1, 2, 3, 4, 7])
@columns
@row_counts
@dtypes
def test_block_logits(n_rows, n_columns, n_outputs, dtype):
    block = block_of(n_rows, n_columns, dtype)
    coef = np.zeros((n_outputs, block.shape[1]), dtype)
    coef[:, :n_columns] = logits_of(n_outputs, n_columns, dtype)
    out = np.full((n_outputs, n_rows), 7, dtype)
    _kernels.block_logits(frozen(block), frozen(coef), out)
    exact = coef.astype(np.longdouble) @ block[:n_rows].T.astype(np.longdouble)
    assert_close(out, exact, ulps=20, floor=100.0)


@pytest.mark.parametrize("n_outputs", [1, 2, 3, 4, 9])
@columns
@row_counts
@dtypes
def test_block_gradient_adds_to_what_is_there(n_rows, n_columns, n_outputs, dtype):
    block = block_of(n_rows, n_columns, dtype)
    residual = logits_of(n_outputs, n_rows, dtype)
    total = np.full((n_outputs, block.shape[1]), 0.5)
    _kernels.block_gradient(frozen(block), frozen(residual), total)
    exact = residual.astype(np.longdouble) @ block[:n_rows].astype(np.longdouble)
    assert_close(total.astype(dtype), exact + 0.5, ulps=20, floor=100.0)


@pytest.mark.parametrize("n_classes", [2, 3, 4])
@columns
@row_counts
def test_block_pair_grams_add_to_what_is_there(n_rows, n_columns, n_classes):
    block = block_of(n_rows, n_columns, np.float64)
    transposed = np.full(block.shape[::-1], 7.0)
    _kernels.block_transpose(block, transposed)
    np.testing.assert_array_equal(transposed, block.T)
    roots = frozen(np.random.default_rng(0).uniform(size=(n_classes, n_rows)))
    pairs = [(k, other) for k in range(n_classes) for other in range(k)]
    totals = np.full((len(pairs), n_columns, block.shape[1]), 0.5)
    room = np.empty(n_rows), np.empty_like(transposed)
    _kernels.block_pair_grams(frozen(block), frozen(transposed), roots, *room, totals)
    x = block[:n_rows, :n_columns].astype(np.longdouble)
    for (k, other), total in zip(pairs, totals, strict=True):
        exact = (x * (roots[k] * roots[other])[:, None]).T @ x
        upper = np.triu_indices(n_columns)
        assert_close(total[:, :n_columns][upper], exact[upper] + 0.5, ulps=20, floor=100.0)


# CSR


def csr_of(n_rows, n_columns, dtype, index):
    """A matrix with an empty row, an empty column and, where it fits, an entry given twice."""
    rng = np.random.default_rng(n_rows + n_columns)
    X = rng.standard_normal((n_rows, n_columns)) * (rng.uniform(size=(n_rows, n_columns)) < 0.3)
    X[n_rows // 2 : n_rows // 2 + 1] = 0
    X[:, n_columns // 2] = 0
    X = scipy.sparse.csr_array(X.astype(dtype))
    data, indices, indptr = X.data, X.indices.copy(), X.indptr
    if indptr.size > 1 and indptr[1] > 1:
        indices[1] = indices[0]
    return (
        frozen(data),
        frozen(indices.astype(index)),
        frozen(indptr.astype(index)),
    )


def padded(array, lanes):
    """The columns filled up with zeros to whole vectors."""
    width = -(-array.shape[1] // lanes) * lanes
    return np.pad(array, ((0, 0), (0, width - array.shape[1])))


indices = pytest.mark.parametrize("index", [np.int32, np.int64])
outputs = pytest.mark.parametrize("n_outputs", [1, 2, 7, 8, 9, 16, 17, 33, 70])


@indices
@outputs
@dtypes
@pytest.mark.parametrize(("start", "stop"), [(0, 40), (7, 31), (20, 20)])
def test_csr_logits(start, stop, n_outputs, dtype, index):
    X, lanes = csr_of(40, 13, dtype, index), 64 // np.dtype(dtype).itemsize
    coef = logits_of(14, n_outputs, dtype)
    out = np.full((n_outputs, stop - start), 7, dtype)
    wide = frozen(padded(coef, lanes))
    buffer = np.full(4 * lanes, 7, dtype)
    _kernels.csr_logits(*X, start, wide, buffer, out)
    exact = reference.csr_logits(*X, start, stop, coef[:-1]) + coef[-1][:, None]
    assert_close(out, exact, ulps=20, floor=20.0)


@indices
@outputs
@dtypes
@pytest.mark.parametrize(("start", "stop"), [(0, 40), (7, 31), (20, 20)])
def test_csr_gradient_adds_to_what_is_there(start, stop, n_outputs, dtype, index):
    X, lanes = csr_of(40, 13, dtype, index), 64 // np.dtype(dtype).itemsize
    residual = frozen(logits_of(n_outputs, stop - start, dtype))
    gradient = padded(np.full((14, n_outputs), 0.5, dtype), lanes)
    buffer = np.full(4 * lanes, 7, dtype)
    _kernels.csr_gradient(*X, start, residual, buffer, gradient)
    exact = reference.csr_gradient(*X, start, stop, residual, 13)
    assert_close(gradient[:-1, :n_outputs], exact + 0.5, ulps=20, floor=20.0)
    total = residual.sum(axis=1, dtype=np.float64)
    assert_close(gradient[-1, :n_outputs], total + 0.5, ulps=20, floor=20.0)
    np.testing.assert_array_equal(gradient[:, n_outputs:], 0)


@indices
@dtypes
@pytest.mark.parametrize("n_rows", [1, 40])
def test_csr_column_means(n_rows, dtype, index):
    X, weight = csr_of(n_rows, 13, dtype, index), frozen(weights_of(n_rows, np.float64))
    found = np.zeros(13), np.zeros(13), np.full(13, np.inf), np.full(13, -np.inf)
    count = np.zeros(13, np.intp)
    _kernels.csr_column_means(*X, weight, *found, count)
    *exact, numbers = reference.csr_column_means(*X, weight, 13)
    for one, twin in zip(found, exact, strict=True):
        np.testing.assert_allclose(one, twin.astype(float), rtol=1e-13, atol=1e-13)
    np.testing.assert_array_equal(count, numbers)


@indices
@dtypes
@pytest.mark.parametrize("n_rows", [1, 40])
def test_csr_column_squares(n_rows, dtype, index):
    X, weight = csr_of(n_rows, 13, dtype, index), frozen(weights_of(n_rows, np.float64))
    shift, second = frozen(np.linspace(-1, 1, 13)), np.full(13, 0.25)
    _kernels.csr_column_squares(*X, weight, shift, second)
    exact = reference.csr_column_squares(*X, weight, shift)
    np.testing.assert_allclose(second, 0.25 + exact.astype(float), rtol=1e-13)


def test_csr_column_squares_of_float32_keep_the_digits_of_float64():
    x = np.float32(1 + 2**-20)
    X = np.array([x]), np.zeros(1, np.int32), np.array([0, 1], np.int32)
    second = np.zeros(1)
    _kernels.csr_column_squares(*X, np.array([1.0]), np.zeros(1), second)
    assert second[0] == np.float64(x) ** 2


# Compiling


def test_names_that_are_no_kernel_are_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'softmin'"):
        _ = _kernels.softmin


@dtypes
@pytest.mark.parametrize("kernel", ["softmax_rows", "log_softmax_rows"])
def test_rows_of_any_length_share_one_compiled_kernel(kernel, dtype):
    dispatcher = getattr(_kernels, kernel)
    apply(dispatcher, logits_of(3, 4, dtype))
    known = list(dispatcher.nopython_signatures)
    before = _kernels.compilation()
    for n_classes in (1, 5, 24, 100):
        apply(dispatcher, logits_of(70, n_classes, dtype))
    assert dispatcher.nopython_signatures == known
    assert _kernels.compilation() == before


def test_compilation_counts_what_is_compiled_or_loaded():
    apply(_kernels.softmax_rows, logits_of(3, 4, np.float64))
    report = _kernels.compilation()
    assert report.loaded + report.compiled > 0


@pytest.mark.parametrize("kernel", ["softmax_rows", "log_softmax_rows", "logsumexp_rows"])
@dtypes
def test_read_only_rows(kernel, dtype):
    logits = logits_of(70, 5, dtype)
    out, expected = (np.empty((70, 5) if "soft" in kernel else 70, dtype) for _ in range(2))
    getattr(_kernels, kernel)(logits, expected)
    getattr(_kernels, kernel)(frozen(logits), out)
    np.testing.assert_array_equal(out, expected)
