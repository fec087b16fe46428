"""Sums over rows that say how the data term curves: Hessians, second moments, samples of rows."""

import itertools
from typing import Protocol

import numpy as np

from skmax import _kernels, _threads
from skmax._design import Design
from skmax._design.chunks import chunks, tree_sum

#: Memory for the entries of the active columns of some rows, and the fewest rows.
ACTIVE_BYTES, LEAST_ROWS = 2**24, 2**9
#: Of the coefficients the fraction, of up to so many of them, from which the Hessian of all is the
#: cheaper one: on nine sets, dense and CSR, of 154 to 2541 of them, it takes 0.28 to 0.87 of the
#: time at 0.7 and 0.17 to 0.52 at 1, and at 0.5 between 0.43 and 1.5.
NEARLY_ALL, MOST_OF_ALL = 0.6, 2500
COVARIANCE_ROWS = 2**11  # whose probabilities are multiplied at a time
TINY = 1e-300  # in place of a 0 that something is divided by


class Rows(Protocol):
    """What these need of a data term: its rows, their weights (n,), and how they are cut."""

    design: Design
    weight: np.ndarray
    rounded_weight: np.ndarray
    chunks: list[tuple[int, int]]

    @property
    def threads(self) -> int: ...


def pair_hessian(data: Rows, probabilities: np.ndarray, max_rows: int | None) -> np.ndarray:
    """The Hessian (K p, K p) at the probabilities (K, n), or an estimate from some rows.

    Its blocks off the diagonal are minus sum_i s_i p_ik p_il x_i x_i', symmetric themselves: a
    quarter of the entries says it all. Each block on the diagonal is minus the sum of the others in
    its row, without cancellation.
    """
    design = data.design
    indices, weight = None, data.weight
    if max_rows is not None and max_rows < design.n_rows:
        indices, weight = sample_rows(data.weight, influence_of_rows(data, probabilities), max_rows)

    def roots(some: np.ndarray | slice) -> np.ndarray:
        """sqrt(s) p, of which the products for two classes weigh their block of the Hessian."""
        p = np.ascontiguousarray(probabilities[:, some], np.float64)
        if len(p) == 1:
            p = np.concatenate([p, 1 - p])
        return p * np.sqrt(weight[some])

    # In the dtype of X: a Hessian product sees no more of the Hessian either.
    n_classes = max(2, len(probabilities))
    totals = design.pair_moments(indices, n_classes, roots, design.dtype, data.threads)
    if len(probabilities) == 1:
        return design.symmetric_moments(totals[0])
    n_columns = design.n_columns
    hessian = np.empty((len(probabilities) * n_columns,) * 2)
    block = np.empty((n_columns, n_columns))
    _kernels.hessian_of_pairs(totals, design.scale, block, hessian)
    return hessian


def active_hessian(data: Rows, probabilities: np.ndarray, active: np.ndarray) -> np.ndarray:
    """The rows and columns of the Hessian that belong to some coefficients.

    `active` masks them, (n_outputs, n_columns). With a factor p_k in column k of Z, (n, m), it is a
    block for each class, sum_i s_i p_ik x_i x_i', minus Z'SZ.
    """
    # In float32 that of all would be too: of 300 small paths over raw columns 21 did not converge.
    nearly_all = NEARLY_ALL * active.size <= active.sum() and active.size <= MOST_OF_ALL
    if nearly_all and data.design.dtype == np.float64:
        part = np.flatnonzero(active)
        return pair_hessian(data, probabilities, None)[np.ix_(part, part)]
    outputs, columns = np.nonzero(active)
    used, place = np.unique(columns, return_inverse=True)
    rows_of = data.design.selected_columns(used)
    ends = np.searchsorted(outputs, np.arange(len(active) + 1))
    size, n_rows = len(outputs), data.design.n_rows
    # As many rows as make their products dearer than what these are added to.
    n_at_once = max(LEAST_ROWS, ACTIVE_BYTES // (8 * size))

    def work(chunk: tuple[int, int]) -> np.ndarray:
        total = np.zeros((size, size))
        for start in range(*chunk, n_at_once):
            rows = slice(start, min(start + n_at_once, chunk[1]))
            block, p = rows_of(rows)[:, place], probabilities[:, rows]
            weight = data.rounded_weight[rows]
            if len(p) == 1:
                block *= np.sqrt(weight * p[0] * (1 - p[0]))[:, None]
                total += block.T @ block
                continue
            for k, (first, last) in enumerate(itertools.pairwise(ends)):
                of_class = block[:, first:last] * np.sqrt(weight * p[k])[:, None]
                total[first:last, first:last] += of_class.T @ of_class
            block *= (np.sqrt(weight) * p[outputs]).T
            total -= block.T @ block
        return total

    parts = chunks(n_rows, size**2, n_rows * size**2 / 8)
    return tree_sum(_threads.map_in_order(work, parts, data.threads))


def weighted_second_moments(
    data: Rows, max_rows: int | None, factor: np.ndarray, dtype: np.dtype
) -> np.ndarray:
    """sum_i s_i factor_i x_i x_i' (p, p), from at most `max_rows` rows: factor (n,)."""
    design = data.design
    indices, weight = None, data.weight
    if max_rows is not None and max_rows < design.n_rows:
        influence = factor * design.squared_norms
        indices, weight = sample_rows(data.weight, influence, max_rows)
    weight = weight * factor

    def roots(some: np.ndarray | slice) -> np.ndarray:
        return np.stack([weight[some], np.ones_like(weight[some])])

    totals = design.pair_moments(indices, 2, roots, dtype, data.threads)
    return design.symmetric_moments(totals[0])


def class_covariance(data: Rows, probabilities: np.ndarray) -> np.ndarray:
    """The weighted mean over the rows of diag(p) - p p' (K, K), or of p (1 - p) for one output."""
    n_outputs, n_rows = probabilities.shape

    def work(chunk: tuple[int, int]) -> np.ndarray:
        products = np.zeros((max(2, n_outputs),) * 2)
        for start in range(*chunk, COVARIANCE_ROWS):
            rows = slice(start, min(start + COVARIANCE_ROWS, chunk[1]))
            p = probabilities[:, rows]
            if n_outputs == 1:
                p = np.concatenate([p, 1 - p])
            products += (p * data.rounded_weight[rows]) @ p.T
        return products

    # Chunks of their own: with many classes these sums are larger than the gradient's.
    parts = chunks(n_rows, n_outputs**2, n_rows * n_outputs**2)
    products = tree_sum(_threads.map_in_order(work, parts, data.threads))
    if n_outputs == 1:
        return products[:1, 1:]
    diagonal = np.s_[:: n_outputs + 1]
    products.flat[diagonal] = 0.0
    covariance = -products
    covariance.flat[diagonal] = products.sum(axis=1)
    return covariance


def influence_of_rows(data: Rows, probabilities: np.ndarray) -> np.ndarray:
    """What a row may add to the Hessian, relative to the rest: squared norm times curvature, (n,).

    The curvature of each class counts relative to its mean, so that a rare class keeps its rows in
    a sample: the leverage of a row under the diagonal of the Kronecker product.
    """
    influence, sums = np.empty(data.design.n_rows), np.empty(8)
    mean = np.array([_kernels.mean_curvature(p, data.weight, sums) for p in probabilities])
    factors = np.divide(1.0, mean, out=np.zeros_like(mean), where=mean > 0)
    _kernels.row_curvature(probabilities, factors, influence)
    return influence * data.design.squared_norms


def sample_rows(
    weight: np.ndarray, influence: np.ndarray, max_rows: int
) -> tuple[np.ndarray, np.ndarray]:
    """Indices of rows that stand for all, and weights (n,) that they have then.

    Half of the draws go by weight times influence, half by weight alone, both evenly spaced along
    the rows, so that no chance is involved.
    """
    influence = weight * influence
    probability = 0.5 * influence / max(influence.sum(), TINY)
    probability += 0.5 * weight / max(weight.sum(), TINY)
    ends = np.cumsum(probability)
    step = ends[-1] / max_rows
    draws = (np.arange(max_rows) + 0.5) * step
    indices, counts = np.unique(np.searchsorted(ends, draws), return_counts=True)
    sampled = np.zeros_like(weight)
    sampled[indices] = weight[indices] * counts * step / np.maximum(probability[indices], TINY)
    return indices, sampled
