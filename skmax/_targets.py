"""y, sample_weight and class_weight turned into targets and the weights of samples."""

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets


@dataclass
class Targets:
    """What each sample should be, and how much it counts.

    Either `labels` (n,), positions in `classes`, or `shares` (n_classes, n), the columns of which
    sum to 1; `weight` (n,) are sample weights times class weights.
    """

    classes: np.ndarray
    weight: np.ndarray
    labels: np.ndarray | None = None
    shares: np.ndarray | None = None

    def class_weight(self) -> np.ndarray:
        """The weight of each class in the data."""
        if self.labels is not None:
            return np.bincount(self.labels, weights=self.weight, minlength=len(self.classes))
        assert self.shares is not None
        return self.shares @ self.weight

    def only(self, kept: np.ndarray) -> "Targets":
        """The same targets with the classes of the mask `kept` alone; all weight lies in them."""
        if self.labels is None:
            assert self.shares is not None
            return Targets(self.classes[kept], self.weight, shares=self.shares[kept])
        # A sample of a class left out weighs nothing: any label will do.
        codes = np.where(kept, np.cumsum(kept) - 1, 0)
        return Targets(self.classes[kept], self.weight, labels=codes[self.labels])


def read_targets(y: Any, sample_weight: Any, class_weight: Any, n_samples: int) -> Targets:
    """Targets of `y`: labels if it has one column, else class probabilities or counts.

    Soft targets: each row is multiplied by the class weights, its sum goes to the weight of the
    sample, and the row is divided by it.
    """
    weight = read_sample_weight(sample_weight, n_samples)
    if not hasattr(y, "shape"):
        y = np.asarray(y)
    if is_soft(y):
        shares, classes = read_soft(y)
        check_consistent_length(np.empty(n_samples), shares)
        factors = _class_factors(class_weight, classes, weight @ shares)
        shares = shares * factors
        mass = shares.sum(axis=1)
        shares = np.divide(shares.T, mass, out=shares.T.copy(), where=mass > 0)
        targets = Targets(classes, weight * mass, shares=np.ascontiguousarray(shares))
    else:
        y = column_or_1d(y, warn=True)
        check_consistent_length(np.empty(n_samples), y)
        check_array(y, dtype=None, ensure_2d=False, input_name="y")  # NaN and infinity
        check_classification_targets(y)
        classes, labels = np.unique(y, return_inverse=True)
        counts = np.bincount(labels, weights=weight, minlength=len(classes))
        factors = _class_factors(class_weight, classes, counts)
        targets = Targets(classes, weight * factors[labels], labels=labels)
    _check_two_classes(targets)
    return targets


def is_soft(y: Any) -> bool:
    """Whether `y` has several columns."""
    shape = y.shape if hasattr(y, "shape") else np.asarray(y).shape
    return len(shape) == 2 and shape[1] > 1


def read_soft(y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Soft labels as float64 (n, K), and the classes: the columns' names, or 0..K-1."""
    names = getattr(y, "columns", None)
    classes = np.arange(y.shape[1]) if names is None else np.asarray(names)
    if len(np.unique(classes)) < len(classes):
        raise ValueError(f"y: the columns' names are the classes and must differ, got {classes}")
    shares = check_array(y, dtype=np.float64, ensure_all_finite=False, input_name="y")
    with np.errstate(over="ignore", invalid="ignore"):
        sums = shares.sum(axis=1)
    faults = {
        "holds NaN or infinity, or its sum does": ~np.isfinite(sums),
        "holds a negative entry": (shares < 0).any(axis=1),
        "sums to 0": sums == 0,
    }
    for fault, rows in faults.items():
        if rows.any():
            raise ValueError(f"y: row {np.argmax(rows)} of the soft labels {fault}")
    return shares, classes


def read_sample_weight(sample_weight: Any, n_samples: int) -> np.ndarray:
    """Sample weights as float64 (n,); None and a number stand for equal weights."""
    if sample_weight is None:
        return np.ones(n_samples)
    if isinstance(sample_weight, Real):
        sample_weight = np.full(n_samples, sample_weight)
    weight = check_array(
        sample_weight, dtype=np.float64, ensure_2d=False, input_name="sample_weight"
    )
    if weight.shape != (n_samples,):
        raise ValueError(f"sample_weight has shape {weight.shape}, expected ({n_samples},)")
    if (weight < 0).any():
        row = int(np.argmax(weight < 0))
        raise ValueError(f"sample_weight must not be negative, got {weight[row]} in row {row}")
    if not (weight > 0).any():
        raise ValueError("sample_weight is zero for every sample")
    return weight


def _class_factors(class_weight: Any, classes: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The factor of each class; `counts` are the weighted counts that "balanced" evens out."""
    factors = np.ones(len(classes))
    if class_weight is None:
        return factors
    if isinstance(class_weight, Mapping):
        names = list(classes.tolist())
        unknown = [key for key in class_weight if key not in names]
        missing = [name for name in names if name not in class_weight]
        if unknown and missing:
            raise ValueError(
                f"class_weight names {unknown}, which are no classes, and leaves out {missing}"
            )
        for place, name in enumerate(names):
            factors[place] = _nonnegative(class_weight.get(name, 1.0), name)
        return factors
    present = counts > 0
    factors[present] = counts.sum() / (present.sum() * counts[present])
    return factors


def _nonnegative(factor: Any, name: Any) -> float:
    """A class weight as a float."""
    try:
        value = float(factor)
    except (TypeError, ValueError):
        value = np.nan
    if not 0 <= value < np.inf:
        raise ValueError(
            f"class_weight of class {name!r} must be a non-negative number, got {factor!r}"
        )
    return value


def _check_two_classes(targets: Targets) -> None:
    """At least two classes must have weight."""
    found = targets.classes[targets.class_weight() > 0].tolist()
    if len(found) < 2:
        got = f"one class: {found}" if found else "none"
        raise ValueError(f"y needs at least two classes with positive weight, got {got}")
