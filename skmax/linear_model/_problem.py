"""From X and targets to an objective, and from its coefficients to those of the user's columns."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import scipy.sparse

from skmax import _threads
from skmax._design import Design, design_of
from skmax._design.chunks import SMALL
from skmax._design.standardised import LEAST_NORM_COLUMNS
from skmax._estimators.targets import Targets
from skmax._objective import (
    BlockedCrossEntropy,
    CrossEntropy,
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


@dataclass(frozen=True)
class Problem:
    """An objective over the classes that have weight, and the way back to all of them.

    `X` and `targets` are those of the fit; `classes` (n_classes,) are all classes, and `present`
    masks the rows of `coef_` that are fitted.
    """

    X: Any
    targets: Targets
    fit_intercept: bool
    design: Design
    data: CrossEntropy | BlockedCrossEntropy
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
        order: Literal["C", "F"] = "F" if scipy.sparse.issparse(self.X) else "C"
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
        objective = _objective_of(self.data, self.design, C, l1_ratio, self.total_weight)
        objective.passes = self.objective.passes
        return replace(self, objective=objective)

    def of_columns(self, columns: np.ndarray) -> "Problem":
        """The problem of some columns of the design, in order; passes over them are not counted."""
        assert isinstance(self.data, CrossEntropy)
        design = self.design.of_columns(columns)
        return replace(self, design=design, data=self.data.over(design))

    def intercepts_alone(self) -> np.ndarray:
        """The best coefficients of which all but the intercepts are 0."""
        coef = np.zeros(self.objective.shape)
        if self.fit_intercept:
            logits = np.log(self.targets.class_totals())
            coef[:, -1] = logits[1] - logits[0] if len(coef) == 1 else logits - logits.mean()
        return coef

    @property
    def total_weight(self) -> float:
        """S, the sum of the weights of the samples."""
        return float(self.targets.weight.sum())

    @property
    def fitted_classes(self) -> np.ndarray:
        """The classes that have weight, or both of two."""
        return self.classes if len(self.present) == 1 else self.classes[self.present]


def problem_of(
    X: Any,
    targets: Targets,
    *,
    C: float,
    l1_ratio: float = 0.0,
    fit_intercept: bool,
    n_jobs: int | None,
    design: Design | None = None,
) -> Problem:
    """The problem of a fit: X dense or CSR of float32 or float64.

    A `design` of X is used as it is, whatever weights it has standardised the columns by.
    """
    classes, fit_intercept = targets.classes, bool(fit_intercept)
    kept = targets.class_totals() > 0 if fit_intercept else np.ones(len(classes), bool)
    n_outputs = 1 if len(classes) == 2 else int(kept.sum())
    if not kept.all():
        targets = targets.restricted(kept)
    work = (X.nnz if scipy.sparse.issparse(X) else X.size) * n_outputs
    threads = 1 if work < SMALL else _threads.n_threads(n_jobs)
    may_rotate = (ElasticNet if is_sparse(C, l1_ratio) else Ridge).invariant_to_rotation
    design, data = data_of(
        X, targets, n_outputs, fit_intercept, threads, may_rotate=may_rotate, design=design
    )
    objective = _objective_of(data, design, C, l1_ratio, float(targets.weight.sum()))
    present = kept if len(classes) > 2 else np.ones(1, bool)
    return Problem(X, targets, fit_intercept, design, data, objective, classes, present)


def is_sparse(C: float, l1_ratio: float) -> bool:
    """Whether the penalty has absolute values, which set coefficients to 0."""
    return l1_ratio > 0 and bool(np.isfinite(C))


def _objective_of(
    data: CrossEntropy | BlockedCrossEntropy,
    design: Design,
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


def data_of(
    X: Any,
    targets: Targets,
    n_outputs: int,
    fit_intercept: bool,
    threads: int,
    *,
    may_rotate: bool,
    design: Design | None = None,
) -> tuple[Design, CrossEntropy | BlockedCrossEntropy]:
    """The data term with so many rows of coefficients, and the design that it goes over.

    `may_rotate` says that the penalty does not change when the columns are rotated.
    """
    weight = targets.weight / float(targets.weight.sum())
    if design is None:
        design = design_of(X, weight, fit_intercept, may_rotate=may_rotate, threads=threads)
    kernel_targets = targets.for_kernels(n_outputs, design.dtype)
    data_term = BlockedCrossEntropy if needs_blocks(design, n_outputs) else CrossEntropy
    return design, data_term(design, kernel_targets, weight, n_outputs, threads)
