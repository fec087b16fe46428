"""What the kernels of the loss are given: targets of each kind, and memory to work in.

numba is not needed to make these.
"""

from typing import Any, NamedTuple

import numpy as np

from skmax._kernels.calling.arguments import bundle

LANES = 64  # samples whose sums are formed side by side


@bundle
class Labels(NamedTuple):
    """A class for each sample."""

    codes: np.ndarray  # (n,), integers


@bundle
class ClassProbabilities(NamedTuple):
    """How far a sample belongs to each class."""

    probabilities: np.ndarray  # (K, n), in the dtype of the logits


@bundle
class BinaryTargets(NamedTuple):
    """The probability of the second of two classes, for one logit and its sigmoid."""

    probabilities: np.ndarray  # (n,), in the dtype of the logits


@bundle
class MultilabelTargets(NamedTuple):
    """Whether a sample has each of several labels, for a sigmoid of each."""

    probabilities: np.ndarray  # (K, n), in the dtype of the logits


Targets = Labels | ClassProbabilities | BinaryTargets | MultilabelTargets


@bundle
class LossWorkspace(NamedTuple):
    """Memory for the sums of a block of samples; `loss_workspace` makes one."""

    top: np.ndarray  # (LANES,), in the dtype of the logits
    others: np.ndarray  # (LANES,), float64
    ties: np.ndarray  # (LANES,), float64
    lost: np.ndarray  # (LANES,), float64
    row_sums: np.ndarray  # (rows of a block,), in the dtype of the logits
    of_output: np.ndarray  # (rows of a block,), float64: the losses of one of several outputs


def loss_workspace(n_rows: int, dtype: Any) -> LossWorkspace:
    """A workspace for blocks of up to `n_rows` samples."""
    return LossWorkspace(
        top=np.empty(LANES, dtype),
        others=np.empty(LANES),
        ties=np.empty(LANES),
        lost=np.empty(LANES),
        row_sums=np.empty(n_rows, dtype),
        of_output=np.empty(n_rows),
    )


@bundle
class RowsWorkspace(NamedTuple):
    """Memory for the softmax of rows; `rows_workspace` makes one."""

    tile: np.ndarray  # (K * LANES,), in the dtype of the logits; a pair of rows where K is large
    sums: LossWorkspace


def rows_workspace(n_classes: int, dtype: Any) -> RowsWorkspace:
    """A workspace for rows of `n_classes` logits."""
    return RowsWorkspace(np.zeros(n_classes * LANES, dtype), loss_workspace(0, dtype))
