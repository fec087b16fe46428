"""y, sample_weight and class_weight turned into targets and the weights of samples."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np
import scipy.sparse
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from skmax._kernels.loss.arrays import (
    BinaryTargets,
    ClassProbabilities,
    Labels,
    MultilabelTargets,
)
from skmax._kernels.loss.arrays import Targets as KernelTargets


@dataclass
class Targets:
    """What each sample should be, and how much it counts.

    Either `labels` (n,), indices into `classes`, or `class_probabilities` (n_classes, n), whose
    columns sum to 1. `weight` (n,) are the sample weights times `class_factors`, the factor of each
    class. If `multilabel`, each probability is that of a label of its own: they sum to anything.
    """

    classes: np.ndarray
    weight: np.ndarray
    labels: np.ndarray | None = None
    class_probabilities: np.ndarray | None = None
    multilabel: bool = False
    class_factors: np.ndarray | None = None

    def class_totals(self) -> np.ndarray:
        """The total weight of each class."""
        if self.labels is not None:
            return np.bincount(self.labels, weights=self.weight, minlength=len(self.classes))
        assert self.class_probabilities is not None
        return self.class_probabilities @ self.weight

    def restricted(self, kept: np.ndarray) -> "Targets":
        """The same targets with the classes of the mask `kept` alone; all weight lies in them."""
        if self.labels is None:
            assert self.class_probabilities is not None
            return Targets(
                self.classes[kept], self.weight, class_probabilities=self.class_probabilities[kept]
            )
        # A sample of a class left out weighs nothing: any label will do.
        codes = np.where(kept, np.cumsum(kept) - 1, 0)
        return Targets(self.classes[kept], self.weight, labels=codes[self.labels])

    def subset(self, indices: np.ndarray) -> "Targets":
        """Those of some samples."""
        return replace(
            self,
            weight=self.weight[indices],
            labels=None if self.labels is None else self.labels[indices],
            class_probabilities=None
            if self.class_probabilities is None
            else self.class_probabilities[:, indices],
        )

    def smoothed(self, fraction: float) -> "Targets":
        """The same with `fraction` of them spread evenly over the classes, or over yes and no."""
        n_classes = len(self.classes)
        class_probabilities = (
            np.eye(n_classes)[:, self.labels]
            if self.class_probabilities is None
            else self.class_probabilities
        )
        even = fraction / (2 if self.multilabel else n_classes)
        return replace(
            self, labels=None, class_probabilities=(1 - fraction) * class_probabilities + even
        )

    def as_y(self) -> np.ndarray:
        """What a user would call `y`: labels, soft labels, or 0 and 1 for each class."""
        if self.labels is not None:
            return self.classes[self.labels]
        assert self.class_probabilities is not None
        return self.class_probabilities.T.astype(int if self.multilabel else float)

    def for_kernels(self, n_outputs: int, dtype: Any) -> KernelTargets:
        """The same as the kernels take them, in the dtype of X; one output for two classes."""
        if self.multilabel:
            return MultilabelTargets(np.ascontiguousarray(self.class_probabilities, dtype))
        if n_outputs == 1:
            if self.class_probabilities is None:
                return BinaryTargets(np.asarray(self.labels == 1, dtype))
            return BinaryTargets(np.ascontiguousarray(self.class_probabilities[1], dtype))
        if self.labels is not None:
            return Labels(np.ascontiguousarray(self.labels, np.int64))
        return ClassProbabilities(np.ascontiguousarray(self.class_probabilities, dtype))


def read_targets(
    y: Any, sample_weight: Any, class_weight: Any, n_samples: int, classes: Any = None
) -> Targets:
    """Targets of `y`: labels if it has one column, else class probabilities or counts.

    Soft targets: each row is multiplied by the class weights, its sum goes to the weight of the
    sample, and the row is divided by it. Where `classes` are given, in order, `y` may hold less
    than all of them and nothing else.
    """
    weight, given = read_sample_weight(sample_weight, n_samples), classes is not None
    if not hasattr(y, "shape"):
        y = np.asarray(y)
    if is_soft(y):
        class_probabilities, classes = read_soft(y, classes)
        check_consistent_length(np.empty(n_samples), class_probabilities)
        class_factors = class_factors_of(class_weight, classes, weight @ class_probabilities)
        class_probabilities = class_probabilities * class_factors
        mass = class_probabilities.sum(axis=1)
        class_probabilities = np.divide(
            class_probabilities.T, mass, out=class_probabilities.T.copy(), where=mass > 0
        )
        class_probabilities = np.ascontiguousarray(class_probabilities)
        targets = Targets(
            classes,
            weight * mass,
            class_probabilities=class_probabilities,
            class_factors=class_factors,
        )
    else:
        y = read_labels(y, n_samples)
        if classes is None:
            classes, labels = _classes_and_codes(y)
        else:
            labels = _label_codes(y, classes)
        counts = np.bincount(labels, weights=weight, minlength=len(classes))
        class_factors = class_factors_of(class_weight, classes, counts)
        targets = Targets(
            classes, weight * class_factors[labels], labels=labels, class_factors=class_factors
        )
    if not given:
        check_two_classes(classes, targets.class_totals())
    return targets


def read_labels(y: Any, n_samples: int) -> np.ndarray:
    """`y` as a checked column."""
    plain = type(y) is np.ndarray and y.shape == (n_samples,) and y.dtype.kind in "iu"
    if not plain:  # in an array of integers there is nothing to look for: that takes 100 us
        y = column_or_1d(y, warn=True)
        check_consistent_length(np.empty(n_samples), y)
        check_array(y, dtype=None, ensure_2d=False, input_name="y")  # NaN and infinity
        check_classification_targets(y)
    return y


def _classes_and_codes(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The classes in order, and the index of each label: by counting, where it can be counted."""
    if y.dtype.kind not in "iu" or int(y.max()) - int(y.min()) > max(len(y), 1000):
        return np.unique(y, return_inverse=True)
    lowest = y.min()
    codes = (y - lowest).astype(np.intp)
    found = np.bincount(codes) > 0
    classes = np.flatnonzero(found).astype(y.dtype) + lowest
    if 2 * len(classes) > len(y):
        check_classification_targets(y)  # warns that these may be no classes
    return classes, codes if found.all() else (np.cumsum(found) - 1)[codes]


def _label_codes(y: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The index of each label in `classes`: those of soft labels are in the order of columns."""
    unknown = np.setdiff1d(y, classes)
    if len(unknown):
        raise ValueError(f"y holds {unknown.tolist()}, which are not among the classes {classes}")
    order = np.argsort(classes, kind="stable")
    return order[np.searchsorted(classes, y, sorter=order)]


def is_soft(y: Any) -> bool:
    """Whether `y` has several columns."""
    shape = y.shape if hasattr(y, "shape") else np.asarray(y).shape
    return len(shape) == 2 and shape[1] > 1


def is_multilabel(y: Any) -> bool:
    """Whether `y` has several columns of integers or booleans, or is sparse: by dtype alone."""
    y = y if hasattr(y, "shape") else np.asarray(y)
    if scipy.sparse.issparse(y):
        return True
    if not is_soft(y):
        return False
    kinds = {getattr(dtype, "kind", "O") for dtype in _dtypes(y)}
    if not kinds <= set("iubf"):
        raise ValueError(
            f"y: several columns must be integer or boolean (multi-label) or float (soft labels), "
            f"got {sorted(map(str, _dtypes(y)))}"
        )
    return kinds <= set("iub")


def _dtypes(y: Any) -> set[Any]:
    """The dtypes of the columns of an array or a data frame."""
    dtypes = set(y.dtypes) if hasattr(y, "columns") else {np.asarray(y).dtype}
    # Those of polars are of a kind of their own.
    return dtypes if all(hasattr(dtype, "kind") for dtype in dtypes) else {np.asarray(y).dtype}


def read_multilabel(y: Any, sample_weight: Any, n_samples: int, classes: Any = None) -> Targets:
    """Targets of a `y` that says of each class apart whether a sample belongs to it."""
    weight = read_sample_weight(sample_weight, n_samples)
    if y.shape[1] < 2:
        raise ValueError(f"y: a sparse y has a column for each of several labels, got {y.shape}")
    classes = _columns(y, classes)
    class_probabilities = y.toarray() if scipy.sparse.issparse(y) else np.asarray(y, np.float64)
    check_consistent_length(np.empty(n_samples), class_probabilities)
    wrong = (class_probabilities != 0) & (class_probabilities != 1)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise ValueError(
            f"y: several columns of integers or booleans, or a sparse y, are multi-label "
            f"indicators, 0 or 1; got {class_probabilities[row, column]:g} in row {row}, column "
            f"{column}. Cast y to float for soft labels (class probabilities or counts)."
        )
    class_probabilities = np.ascontiguousarray(class_probabilities.T, dtype=np.float64)
    return Targets(classes, weight, class_probabilities=class_probabilities, multilabel=True)


def _columns(y: Any, given: Any) -> np.ndarray:
    """The classes of a `y` with a column for each: the columns' names, or 0..K-1."""
    names = getattr(y, "columns", None)
    classes = np.arange(y.shape[1]) if names is None else np.asarray(names)
    if len(np.unique(classes)) < len(classes):
        raise ValueError(f"y: the columns' names are the classes and must differ, got {classes}")
    if given is None:
        return classes
    if names is not None and not np.array_equal(classes, given):
        raise ValueError(f"y: the columns {classes} are not the classes {given}")
    if len(classes) != len(given):
        wanted = y.shape[0], len(given)
        raise ValueError(f"y must have shape {wanted}, a column for each class, got {y.shape}")
    return np.asarray(given)


def read_soft(y: Any, given: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Soft labels as float64 (n, K), and the classes: those given, or the columns' names."""
    classes = _columns(y, given)
    class_probabilities = check_array(y, dtype=np.float64, ensure_all_finite=False, input_name="y")
    with np.errstate(over="ignore", invalid="ignore"):
        sums = class_probabilities.sum(axis=1)
    faults = {
        "holds NaN or infinity, or its sum does": ~np.isfinite(sums),
        "holds a negative entry": (class_probabilities < 0).any(axis=1),
        "sums to 0": sums == 0,
    }
    for fault, rows in faults.items():
        if rows.any():
            raise ValueError(f"y: row {np.argmax(rows)} of the soft labels {fault}")
    return class_probabilities, classes


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


def class_factors_of(class_weight: Any, classes: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The factor of each class; `counts` are the weighted counts that "balanced" evens out."""
    class_factors = np.ones(len(classes))
    if class_weight is None:
        return class_factors
    if isinstance(class_weight, Mapping):
        names = list(classes.tolist())
        unknown = [key for key in class_weight if key not in names]
        missing = [name for name in names if name not in class_weight]
        if unknown and missing:
            raise ValueError(
                f"class_weight names {unknown}, which are no classes, and leaves out {missing}"
            )
        for index, name in enumerate(names):
            class_factors[index] = _nonnegative(class_weight.get(name, 1.0), name)
        return class_factors
    present = counts > 0
    class_factors[present] = counts.sum() / (present.sum() * counts[present])
    return class_factors


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


def check_two_classes(classes: np.ndarray, totals: np.ndarray) -> None:
    """At least two classes must have weight, of which `totals` (n_classes,) are the sums."""
    found = classes[totals > 0].tolist()
    if len(found) < 2:
        got = f"one class: {found}" if found else "none"
        raise ValueError(f"y needs at least two classes with positive weight, got {got}")
