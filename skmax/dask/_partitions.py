"""What runs on the workers: one partition of the samples, and its part of every sum."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse

from skmax import _threads
from skmax._design import Columns
from skmax._design.blocks import design_over, float_rows
from skmax._design.chunks import tree_sum
from skmax._design.columns import Moments, moments_of
from skmax._error_state import own_error_state
from skmax._estimators.samples import not_finite
from skmax._estimators.scoring import cross_entropy
from skmax._estimators.targets import (
    Targets,
    is_soft,
    read_labels,
    read_sample_weight,
    read_soft,
    read_targets,
)
from skmax._kernels import use_level
from skmax._objective import CrossEntropy
from skmax._objective.data_term import CrossEntropyPoint
from skmax._objective.pairs import PairRows, Pairs
from skmax.linear_model._problem import evenly_spaced


@dataclass(frozen=True)
class Partition:
    """Some samples, as they are worked on: X in C order or canonical CSR, y and weights read."""

    X: Any
    y: np.ndarray
    weight: np.ndarray
    names: np.ndarray | None

    def __sizeof__(self) -> int:
        X, sparse = self.X, scipy.sparse.issparse(self.X)
        of_X = X.data.nbytes + X.indices.nbytes + X.indptr.nbytes if sparse else X.nbytes
        return int(of_X + self.y.nbytes + self.weight.nbytes)


@dataclass
class Summary:
    """What partitions say of their samples before a fit; those of several add up.

    `classes` are those found, in order, and `counts` the weight of each; `moments` is None of no
    rows. `soft` says that y has a column for each class.
    """

    classes: np.ndarray
    counts: np.ndarray
    moments: Moments | None
    soft: bool
    sparse: bool
    n_rows: int
    n_entries: int

    def __iadd__(self, other: "Summary") -> "Summary":
        if self.moments is None:
            return other
        if other.moments is None:
            return self
        if self.soft:
            if not np.array_equal(self.classes, other.classes):
                raise ValueError(
                    f"y: the columns are {self.classes} in some partitions and {other.classes} in "
                    "others"
                )
            self.counts = self.counts + other.counts
        else:
            kinds = {one.classes.dtype.kind in "biuf" for one in (self, other)}
            if len(kinds) > 1:
                raise ValueError("y: labels are numbers in some partitions and not in others")
            classes = np.unique(np.concatenate([self.classes, other.classes]))
            counts = np.zeros(len(classes))
            for one in (self, other):
                counts[np.searchsorted(classes, one.classes)] += one.counts
            self.classes, self.counts = classes, counts
        self.moments += other.moments
        self.n_rows, self.n_entries = self.n_rows + other.n_rows, self.n_entries + other.n_entries
        return self


@dataclass(frozen=True)
class FoldRows:
    """The rows of a partition that are in a fold, of so many, or those that are not."""

    n_folds: int
    fold: int
    held_out: bool


@dataclass(frozen=True)
class Recipe:
    """How a partition becomes a data term: what all of them share.

    `factors` are those of the classes; of these the mask `kept` names those that have weight. Where
    there are `rows`, only these count.
    """

    columns: Columns
    intercept: bool
    classes: np.ndarray
    factors: np.ndarray
    kept: np.ndarray
    total_weight: float
    n_outputs: int
    dtype: np.dtype
    level: str | None
    rows: FoldRows | None = None


@contextmanager
def in_partition(index: int) -> Iterator[None]:
    """An error within names the partition."""
    try:
        yield
    except (ValueError, TypeError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"partition {index}: {error}") from error


@own_error_state
def read_partition(X: Any, y: Any, sample_weight: Any, index: int, dtype: np.dtype) -> Partition:
    """Check the samples of a partition, as a fit in memory does."""
    with in_partition(index):
        names = np.asarray(X.columns, object) if hasattr(X, "columns") else None
        soft_names = np.asarray(y.columns) if hasattr(y, "columns") else None
        X = X.to_numpy(dtype=dtype, na_value=np.nan) if hasattr(X, "to_numpy") else X
        if scipy.sparse.issparse(X):
            X = scipy.sparse.csr_array(X) if X.format != "csr" else X
        y, n_rows = np.asarray(y), X.shape[0]
        y = y.ravel() if y.ndim == 2 and y.shape[1] == 1 else y
        weight = np.ones(n_rows) if sample_weight is None else np.asarray(sample_weight, float)
        check_lengths(X, y, weight)
        if n_rows == 0:
            return Partition(X.astype(dtype), y, np.zeros(0), soft_names)
        X = float_rows(X, slice(0, n_rows), dtype)
        place = not_finite(X)
        if place is not None:
            row, column, what = place
            name = "" if names is None else f" ({names[column]!r})"
            raise ValueError(f"Input X contains {what} in column {column}{name}, row {row}")
        if not is_soft(y):
            y = read_labels(y, n_rows)
        if weight.any():
            weight = read_sample_weight(weight, n_rows)
        return Partition(X, y, weight, soft_names)


def check_lengths(X: Any, y: np.ndarray, weight: np.ndarray) -> None:
    """Refuse a partition that is no samples."""
    n_rows = X.shape[0]
    if X.dtype.kind not in "biufO":
        raise TypeError(f"X must hold real numbers, got {X.dtype}")
    if len(y) != n_rows:
        raise ValueError(f"X has {n_rows} rows, y has {len(y)}")
    if weight.shape != (n_rows,):
        raise ValueError(f"sample_weight has shape {weight.shape}, expected ({n_rows},)")
    if y.dtype.kind == "f" and np.isnan(y).any():
        raise ValueError(f"Input y contains NaN in row {np.argwhere(np.isnan(y))[0][0]}")


@own_error_state
def summarise(partition: Partition, index: int) -> Summary:
    """What a partition says of its samples, in one go over it."""
    X, y, weight = partition.X, partition.y, partition.weight
    soft = is_soft(y)
    sparse = scipy.sparse.issparse(X)
    n_entries = int(X.nnz if sparse else X.size)
    if not len(y):
        return Summary(np.empty(0), np.empty(0), None, soft, sparse, 0, 0)
    with in_partition(index):
        if soft:
            mass, classes = read_soft(y)
            classes = classes if partition.names is None else partition.names
            counts = weight @ mass
        else:
            classes, codes = np.unique(y, return_inverse=True)
            counts = np.bincount(codes, weights=weight, minlength=len(classes))
        with _threads.one_blas_thread():
            moments = moments_of(X, weight)
    return Summary(classes, counts, moments, soft, sparse, len(y), n_entries)


@own_error_state
def data_term(partition: Partition, recipe: Recipe) -> CrossEntropy:
    """The data term of a partition."""
    use_level(recipe.level)
    X = float_rows(partition.X, slice(0, partition.X.shape[0]), recipe.dtype)
    design = design_over(X, recipe.columns, recipe.intercept)
    targets = _targets(partition, recipe)
    weight = targets.weight / recipe.total_weight
    kernel_targets = targets.for_kernels(recipe.n_outputs, recipe.dtype)
    return CrossEntropy(design, kernel_targets, weight, recipe.n_outputs, threads=1)


@own_error_state
def sampled_term(partition: Partition, recipe: Recipe, fraction: float) -> CrossEntropy:
    """The data term of a fraction of the rows of a partition, with the weight of all of them."""
    use_level(recipe.level)
    targets = _targets(partition, recipe)
    indices, weight = evenly_spaced(targets, int(fraction * len(partition.y)))
    weight *= targets.weight.sum() / recipe.total_weight
    if not len(indices):  # where no row has weight, one without
        indices, weight = np.zeros(1, np.intp), np.zeros(1)
    X = partition.X[indices].astype(recipe.dtype)
    design = design_over(X, recipe.columns, recipe.intercept)
    kernel_targets = targets.subset(indices).for_kernels(recipe.n_outputs, recipe.dtype)
    return CrossEntropy(design, kernel_targets, weight, recipe.n_outputs, threads=1)


@own_error_state
def accuracy(partition: Partition, model: Any) -> np.ndarray:
    """The weight of what a model predicts right of a partition, and that of all."""
    return _weighted(partition, lambda: model.score(partition.X, partition.y, partition.weight))


@own_error_state
def log_loss(partition: Partition, model: Any) -> np.ndarray:
    """The weighted sum of the cross-entropies of a partition, and the weight of all."""

    def of_all() -> float:
        log_probabilities = model.predict_log_proba(partition.X)
        return cross_entropy(log_probabilities, partition.y, model.classes_, partition.weight)

    return _weighted(partition, of_all)


def _weighted(partition: Partition, mean: Callable[[], float]) -> np.ndarray:
    """A mean over the rows of a partition times their weight, and that weight."""
    weight = partition.weight
    if is_soft(partition.y):
        weight = weight * partition.y.sum(axis=1)
    total = float(weight.sum())
    return np.array([total * mean(), total]) if total > 0 else np.zeros(2)


def _targets(partition: Partition, recipe: Recipe) -> Targets:
    """Those of a partition, of the classes that have weight anywhere."""
    factors = dict(zip(recipe.classes.tolist(), recipe.factors.tolist(), strict=True))
    n_rows, rows = len(partition.y), recipe.rows
    targets = read_targets(partition.y, None, factors, n_rows, recipe.classes)
    targets.weight = targets.weight * partition.weight  # all of which may be 0
    if rows is not None:
        in_fold = folds_of(partition, recipe.classes, rows.n_folds) == rows.fold
        targets.weight = targets.weight * (in_fold == rows.held_out)
    return targets if recipe.kept.all() else targets.restricted(recipe.kept)


def folds_of(partition: Partition, classes: np.ndarray, n_folds: int) -> np.ndarray:
    """The fold of each row: those of each class in turn, from another fold on for each class.

    Of soft labels a row's class is the one with most mass.
    """
    y = partition.y
    codes = y.argmax(axis=1) if is_soft(y) else np.searchsorted(classes, y)
    folds = np.empty(len(y), np.intp)
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        folds[rows] = (np.arange(len(rows)) + code) % n_folds
    return folds


@own_error_state
def fold_totals(partition: Partition, recipe: Recipe, n_folds: int) -> np.ndarray:
    """The weight of each class in each fold, (n_folds, n_classes)."""
    targets = _targets(partition, replace(recipe, kept=np.ones(len(recipe.classes), bool)))
    folds = folds_of(partition, recipe.classes, n_folds)
    parts = (targets.subset(np.flatnonzero(folds == fold)) for fold in range(n_folds))
    return np.stack([part.class_totals() for part in parts])


@own_error_state
def asked_at(
    term: CrossEntropy,
    question: Callable[[CrossEntropyPoint], Any],
    coef: np.ndarray,
    *,
    level: str | None,
) -> Any:
    """What the data term of a partition answers at `coef`."""
    use_level(level)
    with _threads.one_blas_thread():
        return question(term.again_at(coef))


@own_error_state
def asked(term: CrossEntropy, question: Callable[[CrossEntropy], Any], *, level: str | None) -> Any:
    """What the data term of a partition answers."""
    use_level(level)
    with _threads.one_blas_thread():
        return question(term)


def added(*parts: Any) -> Any:
    """The sum of neighbours, in memory of its own: a power of two of them, or what is left."""
    return tree_sum(copy.deepcopy(part) for part in parts)


def unsettled_rows(
    term: CrossEntropy, coef: np.ndarray, step: np.ndarray | None, most: int
) -> PairRows:
    """So many rows of a partition at most, standardised.

    Half are those on whose pairs most is lost; the others those that a step moves most.
    """
    rows = term.pair_rows(coef, step)
    pairs = Pairs(*rows, term.design.intercept)
    lost = pairs.mistakes().max(axis=1, where=pairs.free, initial=0.0)
    moved = lost if step is None else pairs.changes(step).max(axis=1)
    chosen = [largest(each, most // 2) for each in (lost, moved)]
    return rows.subset(pairs.indices[np.unique(np.concatenate(chosen))])


def largest_move(term: CrossEntropy, direction: np.ndarray) -> float:
    """The most by which a direction moves a pair of a partition, relative to its row."""
    pairs = Pairs(*term.pair_rows(direction, None), term.design.intercept)
    return float(pairs.changes(direction, unit=True).max(where=pairs.free, initial=0.0))


def n_against(term: CrossEntropy, direction: np.ndarray, level: float) -> int:
    """How many rows of a partition a direction moves as it must not, by more than a level."""
    pairs = Pairs(*term.pair_rows(direction, None), term.design.intercept)
    return int(np.count_nonzero(_wrong(pairs, direction) > level))


def rows_against(
    term: CrossEntropy, direction: np.ndarray, coef: np.ndarray, level: float, most: int
) -> PairRows:
    """Those of them, so many at most, that it moves most."""
    rows = term.pair_rows(coef, None)
    pairs = Pairs(*rows, term.design.intercept)
    wrong = _wrong(pairs, direction)
    chosen = largest(wrong, most)
    return rows.subset(pairs.indices[np.sort(chosen[wrong[chosen] > level])])


def _wrong(pairs: Pairs, direction: np.ndarray) -> np.ndarray:
    """The most by which a direction moves a pair of each row as it must not."""
    moves = pairs.changes(direction, unit=True)
    return np.where(pairs.free, -moves, np.abs(moves)).max(axis=1, initial=0.0)


def largest(values: np.ndarray, count: int) -> np.ndarray:
    """The indices of the largest, from these down."""
    return np.argsort(-values, kind="stable")[:count]
