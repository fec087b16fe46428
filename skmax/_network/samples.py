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
    shares (K, n); `independent` says that each of the K outputs is a sigmoid of its own. `weight`
    (n,) has the dtype of the rows.
    """

    rows: tuple[np.ndarray, ...]
    targets: np.ndarray
    weight: np.ndarray
    independent: bool = False

    def __post_init__(self) -> None:
        self.targets, self.weight = read_only(self.targets), read_only(self.weight)
        self.total_weight = float(self.weight.sum(dtype=np.float64))

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
