"""Every jitted loop of the package. numba is imported when a kernel is first asked for.

Kernels know arrays only, in NamedTuples whose type says what they are, and own nothing: the caller
gives them their workspace. Those named `*_rows` take row-major arrays (n, K) of any K; all others
work on class-major blocks (K, m): the samples lie along the vector lanes, so a softmax over two
classes uses the vector as well as one over a hundred.
"""

import importlib
from typing import Any

from skmax._kernels.linear.arrays import (
    CsrRows,
    DenseColumns,
    DenseRows,
    PassWorkspace,
    Rows,
    SecondMomentsWorkspace,
    dense_rows,
    pass_workspace,
    row_shift,
    second_moments_memory,
    second_moments_workspace,
)
from skmax._kernels.loss.arrays import (
    BinaryTargets,
    ClassProbabilities,
    Labels,
    MultilabelTargets,
    Targets,
    loss_workspace,
    rows_workspace,
)
from skmax._kernels.memory import aligned, read_only, whole_vectors

__all__ = [
    "BinaryTargets",
    "ClassProbabilities",
    "CsrRows",
    "DenseColumns",
    "DenseRows",
    "Labels",
    "MultilabelTargets",
    "PassWorkspace",
    "Rows",
    "SecondMomentsWorkspace",
    "Targets",
    "aligned",
    "dense_rows",
    "loss_workspace",
    "pass_workspace",
    "read_only",
    "row_shift",
    "rows_workspace",
    "second_moments_memory",
    "second_moments_workspace",
    "whole_vectors",
]

#: The kernels that are called from outside, and the module of each.
_MODULE_OF = {
    "softmax_rows": "loss.softmax",
    "log_softmax_rows": "loss.softmax",
    "logsumexp_rows": "loss.softmax",
    "sigmoid": "loss.softmax",
    "sample_losses": "loss.cross_entropy",
    "sample_losses_and_residual": "loss.cross_entropy",
    "row_curvature": "loss.cross_entropy",
    "mean_curvature": "loss.cross_entropy",
    "value_and_gradient": "linear.passes",
    "hessian_product": "linear.passes",
    "row_logits": "linear.passes",
    "pack_rows": "linear.dense",
    "block_second_moments": "linear.dense",
    "hessian_of_pairs": "linear.hessian",
    "add_kronecker": "linear.hessian",
    "csr_coef": "linear.sparse",
    "csr_gradient_of_coef": "linear.sparse",
    "csr_column_means": "linear.sparse",
    "csr_column_squares": "linear.sparse",
    "train": "network.train",
    "network_gradient": "network.train",
    "network_value": "network.train",
    "network_logits": "network.train",
    "transpose_weights": "network.layers",
    "compilation": "compiling.jit",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    kernel = getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = kernel
    return kernel
