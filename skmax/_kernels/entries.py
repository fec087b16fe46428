"""The one table of compiled code: each kernel that is called from outside, for each kind of input.

A specialisation is a kernel and the types of its arguments, written as `calling.arguments` writes
them. F stands for the dtype of X, float32 or float64; I for that of the indices of a CSR matrix.
What a user may pass beyond these kinds is brought to one of them before a kernel sees it.
"""

import functools
import hashlib
import itertools
from typing import NamedTuple

LOSS = "LossWorkspace(F[1],f8[1],f8[1],f8[1],F[1],f8[1])"
ROWS = f"RowsWorkspace(F[1],{LOSS})"
PASS = f"PassWorkspace(F[1],F[1],F[1],f8[1],{LOSS})"
CURVATURE = "RowCurvature(F[1],F[2])"
MOMENTS = "SecondMomentsWorkspace(F[2],F[2],F[2],F[1])"

COLUMNS = "ModelColumns(f8[1],I[1],I[1],i8[1],i8[1],f8[1])"
BENDS, CHANGE = "ModelCurvature(f8[2],f8[2])", "ModelChange(f8[2],f8[1])"
TERMS = "ModelTerms(f8[1],f8[1],f8[1],f8[1],f8[1],f8[1],f8[1],f8[1])"

DENSE_ROWS, DENSE_COLUMNS = "DenseRows(F[2],F[1])", "DenseColumns(F[2],F[1])"
SAMPLES = "DenseSamples(F[2])"
CSR = "CsrRows(F[1],I[1],I[1])"
LABELS, CLASSES = "Labels(i8[1])", "ClassProbabilities(F[2])"
BINARY = "BinaryTargets(F[1])"

NET = "NetworkBuffers(i8[2],F[1],F[1],F[1],F[1],F[1])"
TARGETS = "NetworkTargets(i8,i8[1],F[2])"
BATCH = f"BatchBuffers({TARGETS},F[1],f8[1])"
CONFIG = "BatchConfig(i8,i8,f8[1],i8)"
STEP = "StepConfig(i8,f8,f8,f8,f8,f8,f8[1],f8[1])"
STATE = "OptimiserState(F[1],F[1])"
THREAD = f"ThreadWorkspace(F[1],F[1],F[1],{LOSS})"

_ROW_BUNDLES = ("DenseRows", "DenseColumns", "DenseSamples", "CsrRows")

#: The module of each kernel, below `skmax._kernels`, and the type of its result.
KERNELS = {
    "softmax_rows": ("loss.softmax", None),
    "log_softmax_rows": ("loss.softmax", None),
    "logsumexp_rows": ("loss.softmax", None),
    "sigmoid": ("loss.softmax", None),
    "sample_losses": ("loss.cross_entropy", None),
    "sample_losses_and_residual": ("loss.cross_entropy", None),
    "row_curvature": ("loss.cross_entropy", None),
    "mean_curvature": ("loss.cross_entropy", float),
    "value_and_gradient": ("linear.passes", float),
    "hessian_product": ("linear.passes", None),
    "row_logits": ("linear.passes", None),
    "pack_rows": ("linear.dense", None),
    "block_second_moments": ("linear.dense", None),
    "hessian_of_pairs": ("linear.hessian", None),
    "add_kronecker": ("linear.hessian", None),
    "minimise_model": ("linear.coordinate", int),
    "column_curvature": ("linear.columns", None),
    "sweep_columns": ("linear.columns", float),
    "change_of_columns": ("linear.columns", None),
    "slope_of_columns": ("linear.columns", None),
    "csr_coef": ("linear.sparse", None),
    "csr_gradient_of_coef": ("linear.sparse", None),
    "csr_column_means": ("linear.sparse", None),
    "csr_column_squares": ("linear.sparse", None),
    "train": ("network.train", int),
    "network_gradient": ("network.train", float),
    "network_value": ("network.train", float),
    "network_logits": ("network.train", None),
    "transpose_weights": ("network.layers", None),
    "activate_units": ("network.layers", None),
}


def _templates() -> list[tuple[str, str]]:
    """Each kernel with its arguments, in terms of F and I."""
    table = [
        ("softmax_rows", f"F[2],{ROWS},F[2]"),
        ("log_softmax_rows", f"F[2],{ROWS},F[2]"),
        ("logsumexp_rows", f"F[2],{ROWS},F[1]"),
        ("sigmoid", "F[1],F[1]"),
        ("row_curvature", "F[2],f8[1],f8[1]"),
        ("mean_curvature", "F[1],f8[1],f8[1]"),
        ("pack_rows", f"{DENSE_ROWS},i8,i8,F[2]"),
        ("block_second_moments", f"{MOMENTS},f8[2],f8[3]"),
        ("hessian_of_pairs", "f8[3],f8[1],f8[2],f8[2]"),
        ("add_kronecker", "f8[2],f8[2],f8[2]"),
        ("minimise_model", "f8[2],f8[1],f8[1],f8[1],f8[1],f8[1],f8,f8,i8"),
        ("column_curvature", f"{COLUMNS},{BENDS},f8[1],f8[1]"),
        ("sweep_columns", f"{COLUMNS},{BENDS},{CHANGE},{TERMS},f8[1]"),
        ("change_of_columns", f"{COLUMNS},{BENDS},f8[1],{CHANGE}"),
        ("slope_of_columns", f"{COLUMNS},{BENDS},{CHANGE},f8[1]"),
        ("csr_coef", "f8[2],f8[1],F[1],i8,f8[1],F[2]"),
        ("csr_gradient_of_coef", "F[2],f8[1],F[1],i8,f8[2]"),
        ("csr_column_means", f"{CSR},f8[1],f8[1],f8[1],f8[1],f8[1],i8[1]"),
        ("csr_column_squares", f"{CSR},f8[1],f8[1],f8[1]"),
        ("transpose_weights", NET),
        ("activate_units", "i8,F[1],F[1]"),
    ]
    for targets in (LABELS, CLASSES):
        table += [
            ("sample_losses", f"{targets},F[2],{LOSS},f8[1]"),
            ("sample_losses_and_residual", f"{targets},F[2],F[1],{LOSS},f8[1],F[2]"),
        ]
    for rows, total in ((DENSE_ROWS, "f8[2]"), (DENSE_COLUMNS, "f8[2]"), (CSR, "F[2]")):
        table += [
            ("row_logits", f"{rows},F[2],i8,i8,{PASS},F[2]"),
            ("hessian_product", f"{rows},F[2],{CURVATURE},i8,i8,{PASS},{total}"),
        ]
        for targets in (LABELS, CLASSES, BINARY):
            terms = f"RowTerms({targets},f8[1],{CURVATURE})"
            table.append(("value_and_gradient", f"{rows},F[2],{terms},i8,i8,{PASS},{total}"))
    for rows in (SAMPLES, CSR):
        of_samples = f"{rows},{TARGETS},F[1],i8[1],{NET},{BATCH},{CONFIG}"
        table += [
            (
                "train",
                f"{of_samples},{STEP},{STATE},F[1],i8,i8,f8[1],i8[1],{THREAD},i8,i8",
            ),
            ("network_gradient", f"{of_samples},{THREAD},F[1]"),
            ("network_value", f"{of_samples},{THREAD}"),
            ("network_logits", f"{rows},i8[1],{NET},{CONFIG},F[2]"),
        ]
    return table


class Specialisation(NamedTuple):
    """A kernel for one kind of arguments."""

    kernel: str
    signature: str

    @property
    def symbol(self) -> str:
        """Its name in an object file or a library."""
        return f"skmax_{self.kernel}_{hashlib.sha256(self.signature.encode()).hexdigest()[:16]}"

    @property
    def unit(self) -> str:
        """The same text for those that share most code: they are compiled together when called."""
        module, _ = KERNELS[self.kernel]
        rows = self.signature.split("(")[0] if self.signature.startswith(_ROW_BUNDLES) else ""
        kinds = (kind for kind in ("f4", "i4") if kind in self.signature)
        return "-".join([module, rows, *kinds])


@functools.cache
def specialisations() -> tuple[Specialisation, ...]:
    """All of them, in a fixed order."""
    found = []
    for kernel, template in _templates():
        floats = ("f8", "f4") if "F[" in template else ("f8",)
        indices = ("i4", "i8") if "I[" in template else ("i4",)
        for of_x, of_indices in itertools.product(floats, indices):
            signature = template.replace("F[", f"{of_x}[").replace("I[", f"{of_indices}[")
            found.append(Specialisation(kernel, signature))
    return tuple(found)
