"""Fits of many kinds, and what they came to, kept in golden/results.npz.

    python tests/golden.py             computes and records the results of all cases
    python tests/golden.py --compare   says how far the present results are from the recorded ones

Run on one machine before and after a change, the comparison should say that all bits are the same,
or by how little they are not. `test_golden` compares what must agree on every machine.
"""

import argparse
import warnings
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
from problems import one_hot, simulated, sparse_simulated, with_64_bit_indices
from sklearn.exceptions import ConvergenceWarning

from skmax import MLPClassifier, SoftmaxRegression

FILE = Path(__file__).with_name("golden") / "results.npz"
ROWS = 20  # whose probabilities are recorded
MOST = 1000  # coefficients up to which all are recorded; of more, as many, and the norm of all


@dataclass
class Case:
    """A fit: arguments of `data`, parameters of the estimator, and how it comes to its end."""

    data: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    way: str = "fit"


def with_duplicates(X):
    """A CSR matrix of which each entry is the sum of two stored ones."""
    X = scipy.sparse.csr_matrix(X)
    halves = np.repeat(X.data / 2, 2), np.repeat(X.indices, 2), 2 * X.indptr
    return scipy.sparse.csr_matrix(halves, shape=X.shape)


FORMS = {
    "dense": np.ascontiguousarray,
    "fortran": np.asfortranarray,
    "csr": scipy.sparse.csr_matrix,
    "csr64": with_64_bit_indices,
    "duplicates": with_duplicates,
}
SPARSE = ("csr", "csr64", "duplicates")
COLUMNS = {
    "given": lambda X: X,
    "badly scaled": lambda X: X * np.geomspace(1e-3, 1e3, X.shape[1]) + np.arange(X.shape[1]),
    "collinear": lambda X: np.column_stack([X, X[:, 0] - 2 * X[:, 1], 3 * X[:, 0]]),
}


def data(
    n=300,
    p=6,
    n_classes=3,
    *,
    form="dense",
    dtype="float64",
    columns="given",
    target="labels",
    weight=None,
    density=0.3,
):
    """X, y and weights or None, the same at each call."""
    rng = np.random.default_rng(1)
    if form in SPARSE:
        X, y = sparse_simulated(n, p, n_classes, density=density)
    else:
        X, y = simulated(n, p, n_classes)
    weights = None
    if weight == "some 0":
        weights = rng.exponential(size=n) * (rng.random(n) > 0.1)
    elif weight == "a class without":
        weights = np.where(y == n_classes - 1, 0.0, 1.0)
    if target == "soft":
        y = 0.7 * one_hot(y) + 0.3 * rng.dirichlet(np.ones(n_classes), size=n)
    elif target == "multilabel":
        y = (X[:, :n_classes] + 0.5 * rng.normal(size=(n, n_classes)) > 0).astype(int)
    return FORMS[form](COLUMNS[columns](X).astype(dtype)), y, weights


def linear_cases():
    """SoftmaxRegression, to the floor of rounding unless a case says otherwise."""
    dtypes, forms, solvers = ("float64", "float32"), ("dense", "csr"), ("auto", "newton", "lbfgs")
    chunked = {
        "dense": {"n": 16_000, "p": 25, "n_classes": 6},
        "csr": {"n": 20_000, "p": 60, "n_classes": 6},
    }
    wide = {"n": 60, "p": 150}
    many = {"n": 1500, "p": 300, "n_classes": 10}
    cases = {
        "two-classes": Case({"n_classes": 2}),
        "two-classes-csr-float32": Case({"n_classes": 2, "form": "csr", "dtype": "float32"}),
        "soft": Case({"target": "soft"}),
        "soft-two-classes": Case({"target": "soft", "n_classes": 2}),
        "soft-csr-float32": Case({"target": "soft", "form": "csr", "dtype": "float32"}),
        "weights": Case({"weight": "some 0"}),
        "weights-soft-two-classes-csr": Case(
            {"weight": "some 0", "target": "soft", "n_classes": 2, "form": "csr"}
        ),
        "balanced": Case({"weight": "some 0"}, {"class_weight": "balanced"}),
        "class-without-weight": Case({"weight": "a class without", "n_classes": 4}),
        "class-without-weight-no-intercept": Case(
            {"weight": "a class without", "n_classes": 4}, {"fit_intercept": False}
        ),
        "no-intercept": Case({}, {"fit_intercept": False}),
        "no-intercept-csr": Case({"form": "csr"}, {"fit_intercept": False}),
        "no-penalty": Case({}, {"C": np.inf}),
        "no-penalty-lbfgs-csr": Case({"form": "csr"}, {"C": np.inf, "solver": "lbfgs"}),
        "no-penalty-collinear": Case({"columns": "collinear"}, {"C": np.inf}),
        "no-penalty-collinear-csr": Case({"columns": "collinear", "form": "csr"}, {"C": np.inf}),
        "no-penalty-row-space": Case(wide | {"target": "soft"}, {"C": np.inf}),
        "warm-start": Case({}, {"C": 0.01}, "again"),
        "warm-start-row-space-lbfgs": Case(wide, {"C": 0.01, "solver": "lbfgs"}, "again"),
        "row-space": Case(wide),
        "row-space-two-classes-float32": Case(wide | {"n_classes": 2, "dtype": "float32"}),
        "chunks-cholesky": Case({"n": 40_000, "p": 14}, {"solver": "newton"}),
        "sampled-hessian": Case({"n": 5000, "p": 29, "n_classes": 10}, {"solver": "newton"}),
        "sampled-hessian-two-classes": Case(
            {"n": 3000, "p": 300, "n_classes": 2}, {"solver": "newton"}
        ),
        "many-coefficients": Case(many),
        "many-coefficients-newton": Case(many | {"n": 500}, {"solver": "newton"}),
        "many-columns": Case({"p": 4500, "form": "csr", "density": 0.002}),
        "badly-scaled": Case({"columns": "badly scaled"}),
        "badly-scaled-lbfgs-csr": Case(
            {"columns": "badly scaled", "form": "csr"}, {"solver": "lbfgs"}
        ),
        "duplicates": Case({"form": "duplicates"}),
        "out-of-iterations": Case({}, {"max_iter": 2}),
    }
    for form, dtype in product(("dense", "fortran", "csr", "csr64"), dtypes):
        cases[f"{form}-{dtype}"] = Case({"form": form, "dtype": dtype})
    for form, solver in product(forms, solvers):
        cases[f"chunks-{form}-{solver}"] = Case(chunked[form] | {"form": form}, {"solver": solver})
    for solver in solvers[1:]:
        default = {"solver": solver, "tol": 1e-6}
        cases[f"default-tol-{solver}"] = Case({"p": 20, "n_classes": 5}, default)
    for case in cases.values():
        tol = 1e-10 if case.data.get("dtype") == "float32" else 1e-16
        case.parameters = {"tol": tol, "n_jobs": 2, **case.parameters}
    return cases


def network_cases():
    """MLPClassifier, for a few epochs."""
    validated = {"max_iter": 30, "learning_rate_init": 0.05, "n_iter_no_change": 2}
    sgd = {"solver": "sgd", "learning_rate_init": 0.1}
    large = {"n": 2000, "p": 30, "n_classes": 5}
    cases = {
        "adam": Case(),
        "adam-csr": Case({"form": "csr"}),
        "adam-float32": Case({"dtype": "float32"}),
        "adam-csr-float32": Case({"form": "csr", "dtype": "float32"}),
        "adamw": Case({}, {"solver": "adamw", "activation": "gelu", "weight_decay": 0.1}),
        "sgd-nesterov": Case({}, sgd | {"activation": "tanh"}),
        "sgd-plain": Case(
            {"form": "csr64"}, sgd | {"nesterovs_momentum": False, "activation": "logistic"}
        ),
        "sgd-invscaling": Case({}, sgd | {"learning_rate": "invscaling", "activation": "silu"}),
        "sgd-adaptive": Case(
            {}, sgd | {"learning_rate": "adaptive", "tol": 0.1, "n_iter_no_change": 2}
        ),
        "lbfgs": Case({}, {"solver": "lbfgs"}),
        "lbfgs-csr-float32": Case(
            {"form": "csr", "dtype": "float32"}, {"solver": "lbfgs", "activation": "tanh"}
        ),
        "binary": Case({"n_classes": 2}, {"activation": "leaky_relu"}),
        "soft": Case({"target": "soft"}, {"hidden_layer_sizes": ()}),
        "soft-binary-csr": Case({"target": "soft", "n_classes": 2, "form": "csr"}),
        "multilabel": Case({"target": "multilabel"}, {"activation": "identity"}),
        "multilabel-lbfgs-csr": Case(
            {"target": "multilabel", "form": "csr"}, {"solver": "lbfgs", "activation": "silu"}
        ),
        "weights": Case({"weight": "some 0"}),
        "balanced-lbfgs": Case(
            {"weight": "some 0"}, {"class_weight": "balanced", "solver": "lbfgs"}
        ),
        "early-stopping": Case({}, validated | {"early_stopping": True}),
        "early-stopping-accuracy": Case(
            {"weight": "some 0"}, validated | {"early_stopping": True, "scoring": "accuracy"}
        ),
        "early-stopping-validation-set": Case(
            {}, validated | {"early_stopping": True}, "validated"
        ),
        "validation-set": Case({"form": "csr"}, {}, "validated"),
        "dropout": Case({}, {"dropout": [0.3, 0.1], "hidden_layer_sizes": (12, 8)}),
        "label-smoothing": Case({}, {"label_smoothing": 0.1}),
        "cosine": Case({}, {"learning_rate": "cosine", "shuffle": False}),
        "one-cycle": Case({}, {"learning_rate": "one_cycle", "solver": "sgd"}),
        "n-init": Case({}, {"n_init": 3}),
        "warm-start": Case({}, {}, "again"),
        "partial-fit": Case({}, {}, "in parts"),
        "partial-fit-csr-cosine": Case({"form": "csr"}, {"learning_rate": "cosine"}, "in parts"),
        "large": Case(large, {"hidden_layer_sizes": (60, 20), "batch_size": 500}),
        "large-csr-float32": Case(
            large | {"form": "csr", "dtype": "float32"},
            {"hidden_layer_sizes": (60, 20), "batch_size": 500, "dropout": 0.2},
        ),
        "large-lbfgs": Case(large, {"hidden_layer_sizes": 60, "solver": "lbfgs"}),
    }
    given = {"max_iter": 8, "learning_rate_init": 0.01, "batch_size": 50, "random_state": 0}
    for case in cases.values():
        case.parameters = {"hidden_layer_sizes": (8,), "n_jobs": 2, **given, **case.parameters}
    return cases


CASES = {f"softmax-{name}": case for name, case in linear_cases().items()}
CASES |= {f"mlp-{name}": case for name, case in network_cases().items()}


def fit(model, way, X, y, weight):
    """The model at the end of its way, which may be cut short."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        if way == "validated":
            return model.fit(X[100:], y[100:], X_val=X[:100], y_val=y[:100])
        if way == "in parts":
            for part in np.array_split(np.arange(X.shape[0]), 4):
                model.partial_fit(X[part], y[part], classes=np.unique(y))
            return model
        model.fit(X, y, weight)
        if way == "again":
            if isinstance(model, SoftmaxRegression):
                model.set_params(C=1.0)
            model.set_params(warm_start=True).fit(X, y, weight)
    return model


def some_of(coef):
    """The entries of an array, or of a large one some, drawn once and for all, and its norm."""
    coef = np.ravel(coef)
    if coef.size <= MOST:
        return coef
    places = np.random.default_rng(0).choice(coef.size, MOST, replace=False)
    return np.append(coef[places], np.linalg.norm(coef))


def results(name):
    """What the case called `name` comes to, as arrays."""
    case = CASES[name]
    X, y, weight = data(**case.data)
    linear = name.startswith("softmax-")
    model = (SoftmaxRegression if linear else MLPClassifier)(**case.parameters)
    fit(model, case.way, X, y, weight)
    found = {
        "converged": bool(model.converged_),
        "loss_curve": model.loss_curve_,
        "probabilities": model.predict_proba(X)[:ROWS],
    }
    if linear:
        found |= {
            "coef": some_of(model.coef_),
            "intercept": model.intercept_,
            "objective": model.objective_,
            "optimality_gap": model.optimality_gap_,
            "n_iter": int(np.ravel(model.n_iter_)[0]),
            "solver": model.solver_,
        }
    else:
        layers = [np.ravel(layer) for layer in [*model.coefs_, *model.intercepts_]]
        found |= {
            "coef": some_of(np.concatenate(layers)),
            "objective": model.loss_curve_[-1],
            "n_iter": len(model.loss_curve_),
        }
        if model.validation_loss_curve_:
            found["validation_loss_curve"] = model.validation_loss_curve_
            found["validation_scores"] = model.validation_scores_
    return {key: np.asarray(value) for key, value in found.items()}


def recorded():
    """The recorded results, a dictionary for each case."""
    cases = {}
    with np.load(FILE) as file:
        for key in file.files:
            name, kind = key.split("/")
            cases.setdefault(name, {})[kind] = file[key]
    return cases


def record():
    """Write the results of all cases."""
    arrays = {f"{name}/{key}": value for name in CASES for key, value in results(name).items()}
    FILE.parent.mkdir(exist_ok=True)
    np.savez_compressed(FILE, **arrays)
    print(f"{len(CASES)} cases, {FILE.stat().st_size / 1e3:.0f} kB")


def same_bits(one, two):
    """Whether two arrays are the same to the last bit."""
    return (one.dtype, one.shape, one.tobytes()) == (two.dtype, two.shape, two.tobytes())


def largest(before, now, scale=1.0):
    """The largest difference of two arrays, over `scale`; inf if their shapes differ."""
    if before.shape != now.shape:
        return np.inf
    return float(np.abs(now.astype(float) - before).max() / scale)


def compare():
    """Print, for each case, how far the present results are from the recorded ones."""
    then, n_same = recorded(), 0
    for name in CASES:
        if name not in then:
            print(f"{name:44} not recorded")
            continue
        old, new = then[name], results(name)
        kinds = sorted(old.keys() | new.keys())
        differ = [
            kind
            for kind in kinds
            if kind not in old or kind not in new or not same_bits(old[kind], new[kind])
        ]
        if not differ:
            n_same += 1
            print(f"{name:44} same bits")
            continue
        objective = largest(old["objective"], new["objective"], abs(old["objective"]))
        coef = largest(old["coef"], new["coef"], np.abs(old["coef"]).max())
        iterations = f"{old['n_iter']} -> {new['n_iter']}"
        print(
            f"{name:44} objective {objective:.0e}, "
            f"probabilities {largest(old['probabilities'], new['probabilities']):.0e}, "
            f"coef {coef:.0e}, "
            f"n_iter {'same' if old['n_iter'] == new['n_iter'] else iterations}; "
            f"differ: {', '.join(differ)}"
        )
    for name in then.keys() - CASES.keys():
        print(f"{name:44} recorded, but no case")
    print(f"{n_same} of {len(CASES)} cases are the same to the last bit")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compare", action="store_true", help="compare, and record nothing")
    compare() if parser.parse_args().compare else record()
