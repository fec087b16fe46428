"""Every jitted loop of the package. numba is imported where one must be compiled, and only there.

Kernels know arrays only, in NamedTuples whose type says what they are, and own nothing: the caller
gives them their workspace. Those named `*_rows` take row-major arrays (n, K) of any K; all others
work on class-major blocks (K, m): the samples lie along the vector lanes, so a softmax over two
classes uses the vector as well as one over a hundred.
"""

from skmax._kernels.calling.kernel import Kernel, use_level
from skmax._kernels.calling.library import CompilationError, Report, compile_all, report
from skmax._kernels.calling.processor import level, levels, levels_here
from skmax._kernels.entries import KERNELS
from skmax._kernels.linear.arrays import (
    CsrRows,
    DenseColumns,
    DenseRows,
    ModelChange,
    ModelColumns,
    ModelCurvature,
    ModelTerms,
    PassWorkspace,
    RowCurvature,
    Rows,
    RowTerms,
    SecondMomentsWorkspace,
    csr_rows,
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
    "CompilationError",
    "CsrRows",
    "DenseColumns",
    "DenseRows",
    "Labels",
    "ModelChange",
    "ModelColumns",
    "ModelCurvature",
    "ModelTerms",
    "MultilabelTargets",
    "PassWorkspace",
    "Report",
    "RowCurvature",
    "RowTerms",
    "Rows",
    "SecondMomentsWorkspace",
    "Targets",
    "aligned",
    "compile_all",
    "csr_rows",
    "dense_rows",
    "level",
    "levels",
    "levels_here",
    "loss_workspace",
    "pass_workspace",
    "read_only",
    "report",
    "row_shift",
    "rows_workspace",
    "second_moments_memory",
    "second_moments_workspace",
    "use_level",
    "whole_vectors",
]


def __getattr__(name: str) -> Kernel:
    """The kernels of the table, each made when it is first asked for."""
    if name not in KERNELS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    kernel = globals()[name] = Kernel(name)
    return kernel
