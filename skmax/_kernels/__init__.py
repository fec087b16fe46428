"""Every jitted loop of the package. numba is imported when a kernel is first asked for.

Kernels know arrays only. Those named `*_rows` take row-major arrays (n, K) of any K; all others
work on class-major blocks (K, m): the samples lie along the vector lanes, so a softmax over two
classes uses the vector as well as one over a hundred.
"""

import importlib
from typing import Any

_HOME = {
    "softmax_rows": "loss.softmax",
    "log_softmax_rows": "loss.softmax",
    "logsumexp_rows": "loss.softmax",
    "sigmoid": "loss.softmax",
    "cross_entropy_labels": "loss.cross_entropy",
    "cross_entropy_targets": "loss.cross_entropy",
    "cross_entropy_binary": "loss.cross_entropy",
    "residual_labels": "loss.cross_entropy",
    "residual_targets": "loss.cross_entropy",
    "curvature_softmax": "loss.cross_entropy",
    "curvature_binary": "loss.cross_entropy",
    "residual_binary": "loss.cross_entropy",
    "row_curvature": "loss.cross_entropy",
    "mean_curvature": "loss.cross_entropy",
    "value_and_gradient": "linear.passes",
    "hessian_product": "linear.passes",
    "row_logits": "linear.passes",
    "pack_rows": "linear.dense",
    "pack_columns": "linear.dense",
    "block_logits": "linear.dense",
    "block_gradient": "linear.dense",
    "block_transpose": "linear.dense",
    "block_pair_grams": "linear.dense",
    "hessian_of_pairs": "linear.hessian",
    "add_kronecker": "linear.hessian",
    "csr_logits": "linear.sparse",
    "csr_gradient": "linear.sparse",
    "csr_coef": "linear.sparse",
    "csr_gradient_of_coef": "linear.sparse",
    "csr_column_means": "linear.sparse",
    "csr_column_squares": "linear.sparse",
    "Network": "network.layers",
    "Batch": "network.minibatch",
    "Plan": "network.layers",
    "train": "network.train",
    "turn_all": "network.layers",
    "network_gradient": "network.train",
    "network_value": "network.train",
    "network_logits": "network.train",
    "ADAM": "network.optimiser",
    "NESTEROV": "network.optimiser",
    "SGD": "network.optimiser",
    "Rule": "network.optimiser",
    "Memory": "network.optimiser",
    "DOOR_SIZE": "network.barrier",
    "compilation": "compiling.jit",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    kernel = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = kernel
    return kernel
