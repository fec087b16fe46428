"""The samples of a network as the kernels take them."""

from typing import Any

import numpy as np
import scipy.sparse

from skmax._kernels.linear.arrays import csr_rows
from skmax._kernels.loss.arrays import Targets
from skmax._kernels.memory import read_only
from skmax._kernels.network.arrays import (
    CsrRows,
    DenseSamples,
    NetworkTargets,
    SampleRows,
    network_targets,
)


def rows_of(X: Any) -> SampleRows:
    """The kernels' view of X (n, p), an array or a CSR matrix of SciPy's."""
    if scipy.sparse.issparse(X):
        return csr_rows(X.data, X.indices, X.indptr)
    return DenseSamples(read_only(np.ascontiguousarray(X)))


class Samples:
    """Rows with their targets and weights.

    `weight` (n,) are kept over their mean, which may be far from 1, in the dtype of the rows.
    """

    def __init__(self, rows: SampleRows, targets: Targets, weight: np.ndarray) -> None:
        weight = np.asarray(weight, np.float64)
        self.rows = rows
        self.targets = type(targets)(*map(read_only, targets))
        self.total_weight = float(weight.sum())
        relative = weight / (self.total_weight / len(weight))
        dtype = rows.data.dtype if isinstance(rows, CsrRows) else rows.X.dtype
        self.weight = read_only(relative.astype(dtype))
        self._for_kernels = network_targets(self.targets, dtype)

    def __len__(self) -> int:
        return len(self.weight)

    def arrays(self) -> tuple[SampleRows, NetworkTargets, np.ndarray]:
        """Rows, targets and weights, as the kernels take them in their arguments."""
        return self.rows, self._for_kernels, self.weight
