"""Calls of everything public, with every kind of input; run, it prints what they ask the table for.

A process of its own: other tests call kernels directly.
"""

import json
import sys
import warnings

import numpy as np
import scipy.sparse as sp
from problems import one_hot, simulated, sparse_simulated, with_64_bit_indices

import skmax
from skmax import MLPClassifier, SoftmaxRegression, _kernels, regularization_path
from skmax._kernels.entries import KERNELS
from skmax._network import ACTIVATIONS
from skmax.neural_network import PEERS_ACTIVATIONS

DENSE = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "list": lambda X: X.tolist(),
}
CSR = {"CSR": sp.csr_matrix, "CSR, 64-bit": with_64_bit_indices}
SPARSE = {**CSR, "CSR array": sp.csr_array, "CSC": sp.csc_matrix, "COO": sp.coo_matrix}
FLOATS = ("float64", "float32")
#: SciPy has no sparse matrix of the others.
DTYPES = {"dense": [*FLOATS, "float16", "int64", ">f8", ">f4"], "sparse": [*FLOATS, "int64"]}

#: Parameters of SoftmaxRegression on a small problem.
LINEAR = [
    {},
    {"solver": "newton", "fit_intercept": False},
    {"solver": "lbfgs", "class_weight": "balanced"},
    {"C": np.inf},
    {"l1_ratio": 0.5},
    {"C": np.float32(2), "fit_intercept": np.True_, "max_iter": np.int32(9)},
]
#: Those of larger ones by their rows, columns and classes.
LARGE = [
    ((700, 200, 3), {"solver": "newton"}),  # conjugate gradients, the Hessian of all rows
    ((700, 610, 2), {"solver": "newton"}),
    ((20_000, 20, 22), {"solver": "newton"}),  # of a sample
    ((300, 130, 20), {"solver": "auto"}),  # L-BFGS from a Kronecker product
    ((300, 130, 20), {"solver": "newton"}),  # conjugate gradients from it
    ((20, 60, 3), {}),  # more columns than rows
    ((20, 60, 2), {"C": np.inf}),
    ((40, 4100, 3), {"solver": "lbfgs"}),  # from the diagonal
    ((40, 4100, 3), {"solver": "newton"}),
]
#: Parameters of MLPClassifier.
NETWORKS = [
    {},
    {"solver": "adamw", "batch_size": 60, "learning_rate": "cosine", "label_smoothing": 0.1},
    {"solver": "sgd", "nesterovs_momentum": True, "dropout": 0.3, "n_init": 2},
    {"solver": "sgd", "nesterovs_momentum": False, "learning_rate": "adaptive"},
    {"solver": "lbfgs", "hidden_layer_sizes": ()},
    {"early_stopping": True},
    {"early_stopping": True, "scoring": MLPClassifier.score, "hidden_layer_sizes": (5, 4)},
]
#: Numbers and truth values of other types than the usual ones.
NUMBERS = [
    {"solver": "sgd", "momentum": 0, "learning_rate_init": 1},
    {"solver": "sgd", "momentum": np.float32(0.5), "nesterovs_momentum": np.True_},
    {"beta_1": 0, "beta_2": 0, "epsilon": 1, "alpha": 0},
    {"beta_1": np.float32(0.5), "epsilon": np.float32(1e-8), "alpha": np.float32(1e-4)},
    {"solver": "adamw", "weight_decay": 0, "learning_rate_init": np.float32(1e-3)},
    {"batch_size": np.int32(20), "max_iter": np.int64(2), "dropout": np.float32(0.5)},
]


class Crawl:
    """Makes calls, and remembers those that the kernels have refused."""

    def __init__(self):
        self.refused = {}

    def call(self, name, function, *arguments, **options):
        """Whether the function could be called."""
        try:
            function(*arguments, **options)
        except TypeError as error:
            self.refused[name] = str(error)
        return name not in self.refused

    def methods(self, name, model, X, y):
        """What a fitted model offers."""
        for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
            self.call(f"{name}: {method}", getattr(model, method), X)
        self.call(f"{name}: score", model.score, X, y)
        self.call(f"{name}: to_sklearn", model.to_sklearn)


def inputs(X, **formats):
    """X by what it is called, in every format and dtype, or in those given."""
    for kind, convert in (formats or {**DENSE, **SPARSE}).items():
        for dtype in DTYPES["sparse" if kind in SPARSE else "dense"]:
            yield f"{kind} {dtype}", convert(X.astype(dtype))


def targets(y):
    """Labels and soft labels of three classes and of two, by what they are called."""
    for n_classes in (3, 2):
        labels = y % n_classes
        yield f"{n_classes} classes", labels
        yield f"soft, {n_classes} classes", 0.8 * one_hot(labels) + 0.2 / n_classes


def linear(crawl):
    """SoftmaxRegression on small problems."""
    X, y = sparse_simulated(90, 5)
    X = np.round(4 * X)
    weight = np.linspace(0, 2, len(y))
    for kind, samples in inputs(X):
        for target, labels in targets(y):
            for parameters in LINEAR:
                name = f"SoftmaxRegression({parameters}), {kind}, {target}"
                model = SoftmaxRegression(**parameters, warm_start=True)
                if crawl.call(name, model.fit, samples, labels):
                    crawl.call(f"{name}, warm and weighted", model.fit, samples, labels, weight)
                    crawl.methods(name, model, samples, labels)


def linear_large(crawl):
    """SoftmaxRegression where other methods serve."""
    for shape, parameters in LARGE:
        X, y = simulated(*shape, strength=1 / np.sqrt(shape[1]))
        X[np.abs(X) < 0.5] = 0
        model = SoftmaxRegression(**parameters, max_iter=20)
        for kind, samples in formats_of_kernels(X):
            name = f"SoftmaxRegression({parameters}), {shape}, {kind}"
            if crawl.call(name, model.fit, samples, y):
                crawl.methods(name, model, samples, y)


def few_entries(crawl):
    """Steps that go by sweeps over columns, whose Hessian would take longer."""
    rng = np.random.default_rng(0)
    X, y = np.diag(rng.uniform(1, 2, 200)), rng.integers(0, 3, 200)
    model = SoftmaxRegression(C=100.0, l1_ratio=0.5)
    for kind, samples in formats_of_kernels(X):
        crawl.call(f"SoftmaxRegression, few entries, {kind}", model.fit, samples, y)


def streams(crawl):
    """partial_fit of SoftmaxRegression, on more rows than are kept."""
    X, y = sparse_simulated(1100, 5)
    for kind, samples in formats_of_kernels(X):
        for target, labels in targets(y):
            model = SoftmaxRegression()
            name = f"SoftmaxRegression: partial_fit, {kind}, {target}"
            classes = None if np.ndim(labels) == 2 else np.unique(labels)
            if crawl.call(name, model.partial_fit, samples, labels, classes=classes):
                crawl.methods(name, model, samples, labels)


def paths(crawl):
    """Fits along a grid of penalties."""
    X, y = sparse_simulated(90, 5)
    for kind, samples in inputs(X):
        for l1_ratio in (0.0, 0.5):
            name = f"regularization_path(l1_ratio={l1_ratio}), {kind}"
            crawl.call(name, regularization_path, samples, y, Cs=3, l1_ratio=l1_ratio)


def linear_many_rows(crawl):
    """Predictions that are not left to NumPy."""
    X, y = simulated(80_000, 5)
    for kind, samples in formats_of_kernels(X):
        model = SoftmaxRegression().fit(X[:200].astype(samples.dtype), y[:200])
        crawl.methods(f"SoftmaxRegression, many rows, {kind}", model, samples, y)


def formats_of_kernels(X):
    """X as kernels of the linear model take it."""
    for kind in ("C", "Fortran", *CSR):
        for dtype in FLOATS:
            yield f"{kind} {dtype}", {**DENSE, **CSR}[kind](X.astype(dtype))


def network(crawl):
    """MLPClassifier, on kinds of input with few parameters, then the other way round."""
    X, y = sparse_simulated(60, 5)
    X = np.round(4 * X)
    several = np.column_stack([y == 0, y < 2, X[:, 0] > 0]).astype(int)
    of_y = {**dict(targets(y)), "multi-label": several}
    for kind, samples in inputs(X):
        for target, labels in of_y.items():
            for parameters in NETWORKS[:1] + NETWORKS[4:5]:
                fit_network(crawl, kind, samples, target, labels, parameters)
    for kind, samples in formats_of_kernels(X):
        for parameters in NUMBERS:
            fit_network(crawl, kind, samples, "3 classes", y, parameters)
        for target, labels in of_y.items():
            for parameters in NETWORKS:
                fit_network(crawl, kind, samples, target, labels, parameters)
        for activation in ACTIVATIONS:
            fit_network(crawl, kind, samples, "3 classes", y, {"activation": activation})


def fit_network(crawl, kind, samples, target, labels, parameters):
    """All that one model may be asked for."""
    name = f"MLPClassifier({parameters}), {kind}, {target}"
    model = MLPClassifier(**{"hidden_layer_sizes": 4, "max_iter": 2, **parameters})
    rest = {"X_val": samples, "y_val": labels}
    crawl.call(f"{name}, validated", model.fit, samples, labels, **rest)
    if crawl.call(name, model.fit, samples, labels):
        if parameters.get("activation", "relu") in PEERS_ACTIVATIONS:
            crawl.methods(name, model, samples, labels)
        model.warm_start = True
        weight = np.linspace(0, 2, len(labels))
        crawl.call(f"{name}, warm and weighted", model.fit, samples, labels, weight)
        if hasattr(model, "partial_fit") and not model.early_stopping:
            crawl.call(f"{name}: partial_fit", model.partial_fit, samples, labels)


def functions(crawl):
    """Everything in skmax.functional."""
    z, y = simulated(50, 3)
    z = np.round(4 * z)
    for kind, logits in inputs(z, **DENSE):
        out = np.empty_like(np.asarray(logits) if kind.endswith("float32") else z)
        for name in ("softmax", "log_softmax"):
            function = getattr(skmax, name)
            crawl.call(f"{name}, {kind}", function, logits)
            crawl.call(f"{name}, {kind}, axis", function, logits, axis=0, temperature=2)
            crawl.call(f"{name}, {kind}, out", function, logits, out=out.astype(out.dtype))
        for name in ("logsumexp", "hardmax", "sigmoid"):
            crawl.call(f"{name}, {kind}", getattr(skmax, name), logits)
        for name in ("cross_entropy", "cross_entropy_with_grad"):
            function = getattr(skmax, name)
            for target, labels in targets(y):
                if target.startswith("2"):
                    labels = labels.tolist()
                elif target.startswith("soft, 2"):
                    continue
                call = f"{name}, {kind}, {target}"
                crawl.call(call, function, logits, labels)
                crawl.call(
                    f"{call}, with options", function, logits, labels,
                    sample_weight=np.ones(50, int), label_smoothing=0.1, reduction="none",
                )  # fmt: skip


def main():
    """Print the refused calls, and the specialisations that were asked for."""
    warnings.simplefilter("ignore")
    crawl = Crawl()
    linear_parts = linear, linear_large, linear_many_rows, few_entries, streams, paths
    for part in (*linear_parts, network, functions):
        part(crawl)
    functions_of = {name: getattr(_kernels, name).functions for name in KERNELS}
    asked = [(name, ",".join(codes)) for name, found in functions_of.items() for codes in found]
    print(json.dumps({"refused": crawl.refused, "asked": asked}))


if __name__ == "__main__":
    sys.exit(main())
