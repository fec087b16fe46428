"""Softmax classification for people who work in scikit-learn."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skmax.functional import (
        cross_entropy,
        cross_entropy_with_grad,
        hardmax,
        log_softmax,
        logsumexp,
        sigmoid,
        softmax,
    )
    from skmax.linear_model import (
        RegularizationPath,
        SoftmaxRegression,
        SoftmaxRegressionCV,
        regularization_path,
    )
    from skmax.neural_network import MLPClassifier

__all__ = [
    "MLPClassifier",
    "RegularizationPath",
    "SoftmaxRegression",
    "SoftmaxRegressionCV",
    "cross_entropy",
    "cross_entropy_with_grad",
    "hardmax",
    "log_softmax",
    "logsumexp",
    "regularization_path",
    "sigmoid",
    "softmax",
]

#: Where the names that are not functions on arrays lie.
_MODULE_OF = {
    "MLPClassifier": "neural_network",
    "RegularizationPath": "linear_model",
    "SoftmaxRegression": "linear_model",
    "SoftmaxRegressionCV": "linear_model",
    "regularization_path": "linear_model",
}
_SUBMODULES = ("export", "functional", "inspection", "linear_model", "neural_network")


def __getattr__(name: str) -> Any:
    """Public names are imported when they are first asked for: most programs need one of them."""
    value: Any
    if name == "__version__":
        value = _version()
    elif name in _MODULE_OF:
        # For its effect: imported by the estimators' modules, deeper in the stack, scikit-learn
        # takes 0.1 s longer in CPython 3.11 (a process that fits iris 1.07 times as long as with
        # LogisticRegression, in place of 0.98: benchmarks/first_call.py whole).
        import sklearn.base  # noqa: F401

        value = getattr(importlib.import_module(f"skmax.{_MODULE_OF[name]}"), name)
    elif name in _SUBMODULES:
        value = importlib.import_module(f"skmax.{name}")
    elif name in __all__:
        value = getattr(importlib.import_module("skmax.functional"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, *_SUBMODULES, "__version__"])


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("skmax")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "unknown"
