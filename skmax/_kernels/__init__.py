"""Every jitted loop of the package. numba is imported when a kernel is first asked for.

Kernels know arrays only. Those named `*_rows` take row-major arrays (n, K) of any K; all others
work on class-major blocks (K, m): the samples lie along the vector lanes, so a softmax over two
classes uses the vector as well as one over a hundred.
"""

import importlib
from typing import Any

_HOME = {
    "softmax_rows": "softmax",
    "log_softmax_rows": "softmax",
    "logsumexp_rows": "softmax",
    "sigmoid": "softmax",
    "cross_entropy_labels": "cross_entropy",
    "cross_entropy_targets": "cross_entropy",
    "cross_entropy_binary": "cross_entropy",
    "residual_labels": "cross_entropy",
    "residual_targets": "cross_entropy",
    "curvature_softmax": "cross_entropy",
    "curvature_binary": "cross_entropy",
    "residual_binary": "cross_entropy",
    "row_curvature": "cross_entropy",
    "mean_curvature": "cross_entropy",
    "value_and_gradient": "passes",
    "hessian_product": "passes",
    "row_logits": "passes",
    "pack_rows": "dense",
    "pack_columns": "dense",
    "block_logits": "dense",
    "block_gradient": "dense",
    "block_transpose": "dense",
    "block_pair_grams": "dense",
    "hessian_of_pairs": "hessian",
    "add_kronecker": "hessian",
    "csr_logits": "sparse",
    "csr_gradient": "sparse",
    "csr_coef": "sparse",
    "csr_gradient_of_coef": "sparse",
    "csr_column_means": "sparse",
    "csr_column_squares": "sparse",
    "Network": "layers",
    "Batch": "batch",
    "Plan": "layers",
    "train": "network",
    "turn_all": "layers",
    "network_gradient": "network",
    "network_value": "network",
    "network_logits": "network",
    "ADAM": "optimiser",
    "NESTEROV": "optimiser",
    "SGD": "optimiser",
    "Rule": "optimiser",
    "Memory": "optimiser",
    "DOOR_SIZE": "barrier",
    "compilation": "_jit",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    kernel = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = kernel
    return kernel
