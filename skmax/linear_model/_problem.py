"""From X and targets to an objective, and from its coefficients to those of the user's columns."""

from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np
import scipy.sparse

from skmax import _threads
from skmax._design import Design, RowBlocks, StandardisedColumns, design_of
from skmax._design.blocks import in_blocks, row_blocks_of, row_bytes, working_dtype
from skmax._design.chunks import SMALL
from skmax._design.standardised import LEAST_NORM_COLUMNS
from skmax._estimators.targets import Targets
from skmax._objective import (
    BlockedCrossEntropy,
    BlocksInTurn,
    CrossEntropy,
    Data,
    ElasticNet,
    NoPenalty,
    Objective,
    Ridge,
    SparseObjective,
    centred_over_classes,
    needs_blocks,
)

#: How far below the mean of the others the logit of a class without weight lies: e^-30 < 1e-12.
BELOW = 30.0
#: The rows that a fit of an X in a file begins with, and the fewest of a class among them.
SAMPLE_BYTES, LEAST_OF_CLASS = 2**26, 100
TINY = 1e-300  # in place of a 0 that something is divided by


class Samples(Protocol):
    """The samples of a fit, wherever they are, of the classes that have weight."""

    @property
    def shape(self) -> tuple[int, int]:
        """That of X."""

    @property
    def sparse(self) -> bool:
        """Whether X is a CSR matrix."""

    @property
    def total_weight(self) -> float:
        """S, the sum of the weights of the samples."""

    def class_totals(self) -> np.ndarray:
        """The total weight of each class."""

    def in_float64(self, n_outputs: int, threads: int) -> tuple[StandardisedColumns, Data]:
        """The data term over their columns in float64, for a penalty that may be rotated."""


@dataclass(frozen=True)
class Problem:
    """An objective over the classes that have weight, and the way back to all of them.

    `classes` (n_classes,) are all classes, and `present` masks the rows of `coef_` that are fitted.
    """

    samples: Samples
    design: StandardisedColumns
    data: Data
    objective: Objective
    classes: np.ndarray
    present: np.ndarray

    def unpack(self, coef: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`coef_` and `intercept_` from coefficients of the standardised columns."""
        penalty, moments = self.objective.penalty, None
        if not penalty.bounds_coef and self.design.n_columns <= LEAST_NORM_COLUMNS:
            moments = self.data.column_moments()
        weights, biases = self.design.unstandardise(coef, moments)
        weights, biases = penalty.canonical(weights), centred_over_classes(biases)
        dtype = self.design.dtype
        # SciPy multiplies a CSR matrix by the columns of coef_ as they lie then, without a copy.
        order: Literal["C", "F"] = "F" if self.samples.sparse else "C"
        coef_ = np.zeros((len(self.present), weights.shape[1]), dtype, order)
        intercept_ = np.full(len(self.present), -BELOW, dtype)
        coef_[self.present], intercept_[self.present] = weights, biases
        if len(self.present) > 1:
            intercept_ -= intercept_.mean()
        return coef_, intercept_

    def pack(self, coef_: np.ndarray, intercept_: np.ndarray) -> np.ndarray:
        """The inverse of `unpack`."""
        weights = coef_[self.present].astype(np.float64)
        return self.design.standardise(weights, intercept_[self.present].astype(np.float64))

    def penalised(self, C: float, l1_ratio: float) -> "Problem":
        """The same rows under another penalty; passes over them are counted together."""
        objective = objective_of(self.data, self.design, C, l1_ratio, self.samples.total_weight)
        objective.passes = self.objective.passes
        return replace(self, objective=objective)

    def of_columns(self, columns: np.ndarray) -> "Problem":
        """The problem of some columns of the design, in order; passes over them are not counted."""
        assert isinstance(self.data, CrossEntropy)
        design = self.data.design.of_columns(columns)
        return replace(self, design=design, data=self.data.over(design))

    def intercepts_alone(self) -> np.ndarray:
        """The best coefficients of which all but the intercepts are 0."""
        coef = np.zeros(self.objective.shape)
        if self.design.intercept:
            logits = np.log(self.samples.class_totals())
            coef[:, -1] = logits[1] - logits[0] if len(coef) == 1 else logits - logits.mean()
        return coef

    @property
    def fitted_classes(self) -> np.ndarray:
        """The classes that have weight, or both of two."""
        return self.classes if len(self.present) == 1 else self.classes[self.present]


@dataclass(frozen=True)
class LocalSamples:
    """Samples in this process: X dense or CSR, in memory or mapped, and what they should be."""

    X: Any
    targets: Targets
    fit_intercept: bool

    @property
    def shape(self) -> tuple[int, int]:
        """That of X."""
        return self.X.shape

    @property
    def sparse(self) -> bool:
        """Whether X is a CSR matrix."""
        return scipy.sparse.issparse(self.X)

    @property
    def total_weight(self) -> float:
        """S, the sum of the weights of the samples."""
        return float(self.targets.weight.sum())

    def class_totals(self) -> np.ndarray:
        """The total weight of each class."""
        return self.targets.class_totals()

    def in_float64(self, n_outputs: int, threads: int) -> tuple[StandardisedColumns, Data]:
        """The data term over their columns in float64, for a penalty that may be rotated."""
        dtype = np.dtype(np.float64)
        design = self.design(n_outputs, dtype, threads, may_rotate=True)
        return design, self.data(design, n_outputs, threads)

    def sample(self, design: RowBlocks, n_outputs: int, threads: int) -> CrossEntropy | None:
        """A data term of some of them in memory, where the others are read in blocks."""
        most = SAMPLE_BYTES // row_bytes(self.X, design.dtype)
        indices, weight = evenly_spaced(self.targets, min(most, len(self.targets.weight) // 8))
        targets = self.targets.subset(indices).for_kernels(n_outputs, design.dtype)
        return CrossEntropy(design.of_sample(indices), targets, weight, n_outputs, threads)

    def design(
        self, n_outputs: int, dtype: np.dtype, threads: int, *, may_rotate: bool
    ) -> Design | RowBlocks:
        """The design that their data term goes over in this dtype."""
        weight = self.targets.weight / self.total_weight
        if in_blocks(self.X, n_outputs):
            return row_blocks_of(self.X, weight, self.fit_intercept, dtype, threads)
        X = self.X.astype(dtype, copy=False)
        return design_of(X, weight, self.fit_intercept, may_rotate=may_rotate, threads=threads)

    def data(self, design: Design | RowBlocks, n_outputs: int, threads: int) -> Data:
        """The data term over a design of X, with so many rows of coefficients."""
        weight = self.targets.weight / self.total_weight
        parts = self.targets.for_kernels(n_outputs, design.dtype), weight, n_outputs, threads
        if isinstance(design, RowBlocks):
            sample = self.sample(design, n_outputs, threads)
        elif needs_blocks(design, n_outputs):
            sample = None
        else:
            return CrossEntropy(design, *parts)
        return BlockedCrossEntropy(design, BlocksInTurn(design, *parts, sample), n_outputs)


def evenly_spaced(targets: Targets, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of about so many rows, of each class as evenly spaced, and their weights, of sum 1.

    Each class has its weight among all rows; rare ones have more rows than they would, as far as
    all classes may have as many.
    """
    n_all = len(targets.weight)
    least = max(1, min(LEAST_OF_CLASS, n_rows // len(targets.classes)))
    groups = [np.arange(n_all)]
    if targets.labels is not None:
        groups = [np.flatnonzero(targets.labels == k) for k in range(len(targets.classes))]
    indices, weights = [], []
    for rows in groups:
        rows = rows[targets.weight[rows] > 0]
        some = min(len(rows), max(least, n_rows * len(rows) // n_all))
        chosen = rows[((np.arange(some) + 0.5) * (len(rows) / max(1, some))).astype(np.intp)]
        weight = targets.weight[chosen]
        indices.append(chosen)
        weights.append(weight * (targets.weight[rows].sum() / max(weight.sum(), TINY)))
    of_all, order = np.concatenate(weights), np.argsort(np.concatenate(indices))
    return np.concatenate(indices)[order], of_all[order] / max(of_all.sum(), TINY)


def problem_of(
    X: Any,
    targets: Targets,
    *,
    C: float,
    l1_ratio: float = 0.0,
    fit_intercept: bool,
    n_jobs: int | None,
    design: Design | RowBlocks | None = None,
) -> Problem:
    """The problem of a fit: X dense or CSR.

    A `design` of X is used as it is, whatever weights it has standardised the columns by.
    """
    classes, fit_intercept = targets.classes, bool(fit_intercept)
    kept = targets.class_totals() > 0 if fit_intercept else np.ones(len(classes), bool)
    n_outputs = 1 if len(classes) == 2 else int(kept.sum())
    if not kept.all():
        targets = targets.restricted(kept)
    work = (X.nnz if scipy.sparse.issparse(X) else X.size) * n_outputs
    threads = 1 if work < SMALL else _threads.n_threads(n_jobs)
    samples = LocalSamples(X, targets, fit_intercept)
    if design is None:
        may_rotate = (ElasticNet if is_sparse(C, l1_ratio) else Ridge).invariant_to_rotation
        design = samples.design(n_outputs, working_dtype(X), threads, may_rotate=may_rotate)
    data = samples.data(design, n_outputs, threads)
    objective = objective_of(data, design, C, l1_ratio, samples.total_weight)
    present = kept if len(classes) > 2 else np.ones(1, bool)
    return Problem(samples, design, data, objective, classes, present)


def is_sparse(C: float, l1_ratio: float) -> bool:
    """Whether the penalty has absolute values, which set coefficients to 0."""
    return l1_ratio > 0 and bool(np.isfinite(C))


def objective_of(
    data: Data,
    design: StandardisedColumns,
    C: float,
    l1_ratio: float,
    total_weight: float,
) -> Objective:
    """The data term with its penalty."""
    if not np.isfinite(C):
        return Objective(data, NoPenalty(design.n_columns))
    strength, scale = 1 / (C * total_weight), design.coef_scale
    if is_sparse(C, l1_ratio):
        return SparseObjective(data, ElasticNet.of_user_columns(strength, l1_ratio, scale))
    return Objective(data, Ridge.of_user_columns(strength, scale))
