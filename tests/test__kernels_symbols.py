"""Kernels own nothing: each compiled entry refers to libc's and libm's symbols alone."""

import re

import numba
import numpy as np
import pytest
import scipy.sparse
from problems import fitted, one_hot, simulated, sparse_simulated

from skmax import SoftmaxRegression, _kernels, functional
from skmax._kernels.compiling import jit

ALLOWED = {
    *("exp", "expf", "log", "logf", "sqrt", "sqrtf", "pow", "powf", "sched_yield"),
    *("memcpy", "memset", "memmove"),
}
NAME = r'@("(?:[^"\\]|\\.)*"|[-\w$.]+)'


@pytest.fixture(scope="module", autouse=True)
def _everything_is_called():
    """Ask for every entry, with each kind of rows and targets in both precisions."""
    X, y = simulated(600, 6, 3)
    sparse = scipy.sparse.csr_matrix(sparse_simulated(600, 6, 3)[0])
    for dtype in (np.float32, np.float64):
        for form in (np.ascontiguousarray, np.asfortranarray, scipy.sparse.csr_matrix):
            rows = form(sparse.toarray().astype(dtype))
            for targets in (y, y == 1, one_hot(y) * 0.8 + 0.1):
                SoftmaxRegression(solver="lbfgs").fit(rows, targets)
            SoftmaxRegression().fit(rows, y)
            for targets in (y, y == 1, one_hot(y).astype(int), one_hot(y) * 0.8 + 0.1):
                fitted(rows, targets, max_iter=1).predict_proba(rows)
            fitted(rows, y, max_iter=1, solver="lbfgs")
    SoftmaxRegression(max_iter=1, tol=1.0).fit(X, y).predict(np.tile(X, (700, 1)))
    for function in ("softmax", "log_softmax", "logsumexp", "sigmoid"):
        getattr(functional, function)(X)
    fitted(X, y, max_iter=1, X_val=X, y_val=y)
    functional.cross_entropy(X, np.zeros(len(X), int))
    functional.cross_entropy_with_grad(X, np.zeros(len(X), int))
    SoftmaxRegression(tol=1e-10).fit(*simulated(6000, 40, 4))  # samples rows of its Hessian


def entries():
    """The kernels that are called from outside."""
    for name in _kernels._MODULE_OF:
        kernel = getattr(_kernels, name)
        if name != "compilation":
            yield name, kernel


def symbols_of(compiled):
    """What the code of one specialisation refers to and does not define, exceptions among it."""
    module = compiled.library._get_module_for_linking()
    functions = {function.name: function for function in module.functions}
    reached, waiting = set(), [compiled.fndesc.llvm_func_name]
    while waiting:
        name = waiting.pop()
        if name not in reached and name in functions:
            reached.add(name)
            waiting += [found.strip('"') for found in re.findall(NAME, str(functions[name]))]
    raises = any("picklebuf" in str(functions[name]) for name in reached)
    declared = {name for name in reached if functions[name].is_declaration}
    symbols = {name for name in declared if not name.startswith("llvm.")}
    return symbols | ({"an exception"} if raises else set())


def test_every_entry_has_been_compiled_by_now():
    assert [name for name, kernel in entries() if not kernel.signatures] == []


def test_entries_raise_nothing_and_refer_to_no_symbol_but_those_of_libc_and_libm():
    found = {
        f"{name}{signature}": symbols_of(compiled) - ALLOWED
        for name, kernel in entries()
        for signature, compiled in kernel.overloads.items()
    }
    assert len(found) > 60
    assert {entry: symbols for entry, symbols in found.items() if symbols} == {}


@pytest.mark.parametrize("options", [{"_nrt": True}, {"error_model": "python"}])
def test_what_a_kernel_must_not_do_would_be_found(options):
    def allocates(n):
        return np.empty(n)[0]

    def divides(n):
        return 1 / n

    kernel = numba.njit(**{**jit.OPTIONS, **options})(allocates if "_nrt" in options else divides)
    kernel(3)
    (compiled,) = kernel.overloads.values()
    symbols = symbols_of(compiled)
    assert any(symbol.startswith("NRT_") for symbol in symbols) == ("_nrt" in options)
    assert "an exception" in symbols
