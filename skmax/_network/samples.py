"""The samples of a network as the kernels take them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse

from skmax import _kernels
from skmax._rows import read_only


def arrays_of(X: Any) -> tuple[np.ndarray, ...]:
    """(X,) in C order, or (data, indices, indptr) of a CSR matrix."""
    if scipy.sparse.issparse(X):
        return tuple(map(read_only, (X.data, X.indices, X.indptr)))
    return (read_only(np.ascontiguousarray(X)),)


@dataclass
class Samples:
    """Rows with their targets and weights.

    `rows` are those of `arrays_of`; `targets` are labels (n,), shares of the second class (n,), or
    shares (K, n); `independent` says that each of the K outputs is a sigmoid of its own. Weights
    (n,) are kept over their mean, which may be far from 1, in the dtype of the rows.
    """

    rows: tuple[np.ndarray, ...]
    targets: np.ndarray
    weight: np.ndarray
    independent: bool = False

    def __post_init__(self) -> None:
        weight = np.asarray(self.weight, np.float64)
        self.total_weight = float(weight.sum())
        relative = weight / (self.total_weight / len(weight))
        self.weight = read_only(relative.astype(self.rows[0].dtype))
        self.targets = read_only(self.targets)

    def __len__(self) -> int:
        return len(self.weight)

    def batch(self, n_rows: int, n_outputs: int) -> Any:
        """Room for what the kernels keep of `n_rows` rows."""
        targets, dtype = self.targets, self.weight.dtype
        shape = (n_rows,) if targets.ndim == 1 else (n_outputs, n_rows)
        return _kernels.Batch(
            targets=np.empty(shape, targets.dtype),
            weight=np.empty(n_rows, dtype),
            losses=np.empty(n_rows),
            logits=np.empty(n_rows * n_outputs, dtype),
            residual=np.empty(n_rows * n_outputs, dtype),
        )
