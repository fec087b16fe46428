"""The table of compiled code holds what the public API asks for: all of it, and nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import public_calls
import pytest
import scipy.sparse as sp
from problems import fitted, sparse_simulated

from skmax import SoftmaxRegression
from skmax._kernels.entries import KERNELS, Specialisation, specialisations


@pytest.fixture(scope="module")
def crawl():
    """What the public calls ask for, and those that were refused, from a process of its own."""
    path = os.pathsep.join([str(Path(public_calls.__file__).parent), *sys.path])
    done = subprocess.run(
        [sys.executable, public_calls.__file__],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return {Specialisation(*each) for each in found["asked"]}, found["refused"]


def listed(found):
    """Specialisations by kernel and signature, for a message."""
    return "".join(f"\n  {each.kernel}({each.signature})" for each in sorted(found))


def test_nothing_is_missing(crawl):
    _, refused = crawl
    calls = {}
    for call, error in refused.items():
        calls.setdefault(error, []).append(call)
    lines = [f"\n  {error}\n    in {len(of)} calls: {of[0]}" for error, of in calls.items()]
    assert not refused, f"refused:{''.join(lines)}"


#: SciPy gives columns indices of 32 bits, unless there are 2^31 entries: too many for a test.
OF_2_31_ENTRIES = "ModelColumns(f8[1],i8[1],i8[1]"


def test_nothing_is_needless(crawl):
    asked, _ = crawl
    of_a_test = {each for each in specialisations() if OF_2_31_ENTRIES not in each.signature}
    needless = of_a_test - asked
    assert not needless, f"no public call asks for:{listed(needless)}"
    assert asked == of_a_test


def test_every_kernel_has_a_specialisation():
    assert {each.kernel for each in specialisations()} == set(KERNELS)


def test_symbols_are_unique():
    symbols = {each.symbol for each in specialisations()}
    assert len(symbols) == len(specialisations()) == len(set(specialisations()))


# CSR matrices as SciPy would not make them


def with_indices(X, of_indices, of_indptr):
    """The same with index arrays of two types, set by hand: SciPy's own have one."""
    X = X.copy()
    X.indices, X.indptr = X.indices.astype(of_indices), X.indptr.astype(of_indptr)
    return X


def strided(X):
    """The same with entries that do not lie one after the other, as the constructor keeps them."""
    data, indices = np.repeat(X.data, 2)[::2], np.repeat(X.indices, 2)[::2]
    return type(X)((data, indices, X.indptr), shape=X.shape)


ODD = {
    "32-bit indices": lambda X: with_indices(X, np.int32, np.int64),
    "64-bit indices": lambda X: with_indices(X, np.int64, np.int32),
    "strided": strided,
}


def softmax_regression(X, y):
    return SoftmaxRegression().fit(X, y)


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csr_array])
@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("fit", [softmax_regression, fitted])
def test_odd_csr_matrices_are_as_good_as_others(fit, odd, kind):
    X, y = sparse_simulated()
    X = kind(X)
    odd_X, model = ODD[odd](X), fit(X, y)
    expected = model.predict_proba(X)
    np.testing.assert_array_equal(model.predict_proba(odd_X), expected)
    np.testing.assert_array_equal(fit(odd_X, y).predict_proba(X), expected)
