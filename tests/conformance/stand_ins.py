"""scikit-learn's tests of LogisticRegression(CV) and MLPClassifier, as installed, on our classes.

`pytest tests/conformance` runs them for one version of scikit-learn. Every test must pass with a
fit of ours, or have a row in left_out.py that says why it does not. A row must be needed: it must
belong to a test, and that test must not pass with a fit of ours.

This is the one place where private names may be touched.
"""

import sys
from collections import Counter
from functools import wraps
from unittest import mock

import left_out
import numpy as np
import pytest
import sklearn
from sklearn import linear_model, neural_network
from sklearn.utils import check_random_state

import skmax

VERSION = "1.9.1"
LOGISTIC = "sklearn.linear_model.tests.test_logistic"
SOLVERS = {
    "lbfgs": "lbfgs",
    "newton-cg": "newton",
    "newton-cholesky": "newton",
    "sag": "auto",
    "saga": "auto",
}

DEFAULT_TOL = skmax.SoftmaxRegression().tol
fits = []  # the calls of our fit and partial_fit in the present test
reason_of = pytest.StashKey[str]()  # why a test is left out
outcomes = Counter()  # the number of tests for each reason; those that pass have none


def noted(method):
    """The method, which now notes its calls."""

    @wraps(method)
    def call(*args, **kwargs):
        fits.append(method.__name__)
        return method(*args, **kwargs)

    return call


def with_gap_of_gradient(fit):
    """A fit whose `tol`, unless it is the default, bounds a gradient as scikit-learn's does.

    Ours bounds the objective's relative gap, which goes with the square of the gradient.
    """

    @wraps(fit)
    def call(model, *args, **kwargs):
        given = model.tol
        if given != DEFAULT_TOL:
            model.tol = given**2
        try:
            return fit(model, *args, **kwargs)
        finally:
            model.tol = given

    return call


class NamesOfSolvers:
    """An estimator that takes the names of scikit-learn's solvers."""

    @property
    def solver(self):
        return self._solver

    @solver.setter
    def solver(self, name):
        self._solver = SOLVERS.get(name, name)


class LogisticRegression(NamesOfSolvers, skmax.SoftmaxRegression):
    """SoftmaxRegression, which takes the names of scikit-learn's solvers and its `tol` too."""

    fit = noted(with_gap_of_gradient(skmax.SoftmaxRegression.fit))


def with_legacy_attributes(fit):
    """A fit that gives the attributes, where these are asked for, the shapes of before.

    They are dicts by class, (n_folds, n_Cs, n_l1_ratios, ...), without the last of these where
    l1_ratios is None.
    """

    @wraps(fit)
    def call(model, *args, **kwargs):
        ratios = model.l1_ratios
        model.l1_ratios = (0.0,) if ratios is None else ratios
        try:
            fit(model, *args, **kwargs)
        finally:
            model.l1_ratios = ratios
        if not model.use_legacy_attributes:
            return model
        names = model.classes_[1:] if len(model.classes_) == 2 else model.classes_
        scores, n_iter = model.scores_.swapaxes(1, 2), model.n_iter_.swapaxes(1, 2)[None]
        coefs = model.coefs_paths_.swapaxes(1, 2)
        if ratios is None:
            scores, n_iter, coefs = scores[..., 0], n_iter[..., 0], coefs[:, :, 0]
        model.scores_ = dict.fromkeys(names, scores)
        model.coefs_paths_ = {name: coefs[..., k, :] for k, name in enumerate(names)}
        model.n_iter_ = n_iter
        model.C_, model.l1_ratio_ = (
            np.full(len(names), value) for value in (model.C_, model.l1_ratio_)
        )
        return model

    return call


class LogisticRegressionCV(NamesOfSolvers, skmax.SoftmaxRegressionCV):
    """SoftmaxRegressionCV, which takes the names of scikit-learn's solvers and its attributes."""

    fit = noted(with_legacy_attributes(with_gap_of_gradient(skmax.SoftmaxRegressionCV.fit)))

    def __init__(
        self, *, Cs=10, l1_ratios=None, fit_intercept=True, cv=None, scoring=None,
        solver="lbfgs", tol=DEFAULT_TOL, max_iter=1000, class_weight=None, n_jobs=None, verbose=0,
        refit=True, selection="best", random_state=None, use_legacy_attributes=True,
    ):  # fmt: skip
        super().__init__(
            Cs=Cs, l1_ratios=l1_ratios, fit_intercept=fit_intercept, cv=cv, scoring=scoring,
            tol=tol, max_iter=max_iter, class_weight=class_weight, n_jobs=n_jobs, verbose=verbose,
            refit=refit, selection=selection, random_state=random_state,
        )  # fmt: skip
        self.solver, self.use_legacy_attributes = solver, use_legacy_attributes


class MLPClassifier(skmax.MLPClassifier):
    """Our MLPClassifier."""

    fit = noted(skmax.MLPClassifier.fit)

    @property
    def partial_fit(self):
        return noted(super().partial_fit)


def pytest_configure():
    if sklearn.__version__ != VERSION:
        pytest.exit(
            f"left_out.py is for the tests of scikit-learn {VERSION}, this is "
            f"{sklearn.__version__}: pip install scikit-learn=={VERSION}",
            returncode=pytest.ExitCode.USAGE_ERROR,
        )


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Let the tests import our classes instead of scikit-learn's."""
    with (
        mock.patch.object(linear_model, "LogisticRegression", LogisticRegression),
        mock.patch.object(linear_model, "LogisticRegressionCV", LogisticRegressionCV),
        mock.patch.object(neural_network, "MLPClassifier", MLPClassifier),
    ):
        yield
    # Some tests loop over all solvers; liblinear has tests of its own too.
    sys.modules[LOGISTIC].SOLVERS = tuple(SOLVERS)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Give each test its row, if it has one."""
    for row, reason in left_out.rows():
        found = [item for item in items if belongs(row, item)]
        if not found:
            raise pytest.UsageError(f"left_out.py: no test belongs to {row!r}")
        for item in found:
            if reason_of in item.stash:
                raise pytest.UsageError(f"left_out.py: {row!r} is not the only row of {item.name}")
            item.stash[reason_of] = reason


def belongs(row, item):
    """Whether a test is of this name and has these parameters."""
    name, *parameters = row.split()
    module = item.module.__name__.split(".")[-1]
    given = f"-{item.callspec.id}-" if hasattr(item, "callspec") else ""
    return name in (item.originalname, f"{module}::{item.originalname}") and all(
        f"-{parameter}-" in given for parameter in parameters
    )


@pytest.hookimpl(trylast=True)  # scikit-learn's modules seed too, by the time, when they are set up
def pytest_runtest_setup():
    fits.clear()
    check_random_state(None).seed(0)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call" or not report.passed:
        judge(report, item.stash.get(reason_of, ""))
    return report


def judge(report, reason):
    """Make of a test's report what its row, or having none, makes of it."""
    ours = report.passed and bool(fits)
    if ours == (not reason):
        outcomes[reason] += 1
        if reason:
            report.outcome, report.wasxfail = "skipped", reason
    elif ours:
        fail(report, f"passes, but left_out.py has a row for it: {reason}")
    elif report.passed:
        fail(report, "passes without a fit of ours: it needs a row in left_out.py")
    elif report.skipped:
        fail(report, "skips itself: it needs a row in left_out.py")


def fail(report, why):
    report.outcome, report.longrepr = "failed", f"{report.nodeid} {why}"


def pytest_terminal_summary(terminalreporter):
    """How many tests pass with a fit of ours, and how many are left out for each reason."""
    write = terminalreporter.line
    terminalreporter.section("scikit-learn's tests of its classes, on ours")
    write(f"{outcomes['']:4d} pass with a fit of ours")
    for title, table in (("left out", left_out.LEFT_OUT), ("to mend", left_out.TO_BE_MENDED)):
        write(f"{sum(outcomes[reason] for reason in table):4d} {title}")
        for reason in table:
            write(f"{outcomes[reason]:9d} {reason}")
