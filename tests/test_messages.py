"""The page of messages: each message of the code has its advice, and each is provoked."""

import importlib.util
import re
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_iris
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

import skmax
from skmax import (
    MLPClassifier,
    SoftmaxRegression,
    SoftmaxRegressionCV,
    cross_entropy,
    cross_entropy_with_grad,
    regularization_path,
    softmax,
)
from skmax.export import from_json, register_onnx, to_json
from skmax.inspection import (
    CoefficientDisplay,
    CoefficientPathDisplay,
    LossCurveDisplay,
    MulticlassRocDisplay,
    ReliabilityDisplay,
    ScorePathDisplay,
)

FILE = Path(__file__).resolve().parent.parent / "docs" / "message_page.py"
SPEC = importlib.util.spec_from_file_location("message_page", FILE)
message_page = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(message_page)
MESSAGES = message_page.messages()

X, Y = load_iris(return_X_y=True)
SOFT = 0.8 * np.eye(3)[Y] + 0.1
LOGITS = np.arange(12.0).reshape(4, 3)


def linear(y=Y, X=X, weight=None, **settings):
    return SoftmaxRegression(**settings).fit(X, y, sample_weight=weight)


def network(y=Y, X=X, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", skmax.neural_network.ConvergenceWarning)
        return MLPClassifier((3,), max_iter=2, random_state=0, **settings).fit(X, y)


def again(y, **settings):
    """A fit that goes on from an earlier one."""
    model = network(warm_start=True)
    return model.set_params(**settings).fit(X, y)


def display(kind, *arguments, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        return kind.from_predictions(*arguments, **settings)


def reliability(**settings):
    p = linear().predict_proba(X)
    return ReliabilityDisplay.from_predictions(Y, p, **settings)


def interrupted():
    def stop(*_):
        raise KeyboardInterrupt

    return MLPClassifier((3,), early_stopping=True, scoring=stop, max_iter=3).fit(X, Y)


def document(**changes):
    text = to_json(linear())
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    return from_json(text)


def with_classes(classes):
    model = linear()
    model.classes_ = np.array(classes, object)
    return to_json(model)


def without(module, call):
    """A call where a module is not installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, module, None)
        call()


def to_onnx_of_fractions():
    skl2onnx = pytest.importorskip("skl2onnx")
    register_onnx()
    model = linear(pd.DataFrame(SOFT, columns=[0.5, 1.0, 1.5]))
    skl2onnx.to_onnx(model, X[:1], options={"zipmap": False})


#: What provokes a message, by the words under which the page has its advice.
PROVOKED = {
    "so large that their squares overflow": lambda: linear(X=np.where(Y[:, None] > 0, 1e200, X)),
    "Input X contains": lambda: linear(X=np.where(X > 5, np.nan, X)),
    "which are not among the classes": lambda: MLPClassifier().partial_fit(X, Y, classes=[0, 1]),
    "several columns must be integer or boolean": lambda: network(np.eye(3)[Y].astype(str)),
    "a sparse y has a column": lambda: network(sp.csr_matrix(Y[:, None])),
    "are multi-label indicators": lambda: network(3 * np.eye(3, dtype=int)[Y]),
    "columns' names are the classes and must differ": lambda: linear(
        pd.DataFrame(SOFT, columns=["a", "a", "b"])
    ),
    "are not the classes": lambda: linear().score(X, pd.DataFrame(SOFT, columns=["a", "b", "c"])),
    "a column for each class": lambda: linear().score(X, SOFT[:, :2]),
    "sample_weight has shape": lambda: linear(weight=np.ones(3)),
    "sample_weight must not be negative": lambda: linear(weight=-np.ones(150)),
    "sample_weight is zero for every sample": lambda: linear(weight=np.zeros(150)),
    "class_weight of class": lambda: linear(class_weight={0: -1}),
    "class_weight names": lambda: linear(class_weight={"0": 1}),
    "at least two classes with positive weight": lambda: linear(np.zeros(150)),
    "of the soft labels": lambda: linear(SOFT - 0.5),
    "{constraint.description}": lambda: linear(C=-1),
    "is for labels; for soft labels take": lambda: SoftmaxRegressionCV(scoring="accuracy").fit(
        X, SOFT
    ),
    "solver must be 'auto' or 'newton'": lambda: linear(solver="lbfgs", l1_ratio=0.5),
    "SoftmaxRegression has not converged": lambda: linear(max_iter=1),
    "regularization_path has not converged": lambda: regularization_path(X, Y, max_iter=1),
    "SoftmaxRegressionCV has not converged": lambda: SoftmaxRegressionCV(max_iter=1).fit(X, Y),
    "no penalty has a score on every fold": lambda: SoftmaxRegressionCV(
        scoring=lambda *_: np.nan
    ).fit(X, Y),
    "only supported if enable_metadata_routing": lambda: SoftmaxRegressionCV().fit(X, Y, groups=Y),
    "scores that are NaN and do not count": lambda: SoftmaxRegressionCV(
        cv=KFold(3), scoring=lambda model, X, y: 1 / int(y[0])
    ).fit(X, Y),
    "MLPClassifier: dropout must be": lambda: network(dropout=[0.1, 0.2]),
    "MLPClassifier goes on from {self.out_activation}": lambda: again(np.eye(3, dtype=int)[Y]),
    "MLPClassifier goes on from the classes": lambda: again(Y + 1),
    "MLPClassifier goes on from layers": lambda: again(Y, hidden_layer_sizes=(9,)),
    "MLPClassifier has diverged": lambda: network(
        X=1e150 * X, activation="identity", solver="sgd", learning_rate_init=1e200
    ),
    "the loss is not finite in iteration": lambda: network(X=1e307 * X, solver="lbfgs"),
    "partial_fit allows no l1_ratio > 0": lambda: SoftmaxRegression(l1_ratio=0.5).partial_fit(
        X, Y, classes=[0, 1, 2]
    ),
    "partial_fit goes on with fit_intercept": lambda: (
        linear().set_params(fit_intercept=False).partial_fit(X, Y)
    ),
    "object has no attribute": lambda: SoftmaxRegression().coef_,
    "partial_fit is for solvers with minibatches": lambda: MLPClassifier(
        solver="lbfgs"
    ).partial_fit(X, Y),
    "y: several columns are integer for a multi-label": lambda: network().score(
        X, np.eye(3, dtype=int)[Y]
    ),
    "scikit-learn's MLPClassifier has no activation": lambda: network(
        activation="gelu"
    ).to_sklearn(),
    "no sample has weight, once class_weight": lambda: MLPClassifier(
        class_weight={0: 0, 1: 0, 2: 0}
    ).partial_fit(X, Y, classes=[0, 1, 2]),
    "X_val and y_val must be given together": lambda: MLPClassifier().fit(X, Y, X_val=X),
    "y_val is multi-label and y is not": lambda: MLPClassifier().fit(
        X, Y, X_val=X, y_val=np.eye(3, dtype=int)[Y]
    ),
    "classes must name two classes or more": lambda: MLPClassifier().partial_fit(X, Y, classes=[0]),
    "are not those before": lambda: network().partial_fit(X, Y, classes=[0, 1, 2, 3]),
    "partial_fit allows no early_stopping": lambda: MLPClassifier(early_stopping=True).partial_fit(
        X, Y, classes=[0, 1, 2]
    ),
    "partial_fit allows no class_weight='balanced'": lambda: MLPClassifier(
        class_weight="balanced"
    ).partial_fit(X, Y, classes=[0, 1, 2]),
    "first call of partial_fit needs classes": lambda: MLPClassifier().partial_fit(X, Y),
    "is for classes that exclude": lambda: network(
        np.eye(3, dtype=int)[Y], class_weight="balanced"
    ),
    "MLPClassifier was interrupted": interrupted,
    "MLPClassifier has not converged": lambda: MLPClassifier((3,), max_iter=2).fit(X, Y),
    "logits must have shape (n_samples": lambda: cross_entropy(np.ones(3), [0]),
    "reduction must be": lambda: cross_entropy(LOGITS, [0, 1, 2, 0], reduction="max"),
    "label_smoothing must lie": lambda: cross_entropy(LOGITS, [0, 1, 2, 0], label_smoothing=2),
    "sample_weight must have shape": lambda: cross_entropy(LOGITS, [0] * 4, sample_weight=[1]),
    "sample_weight must be finite": lambda: cross_entropy(LOGITS, [0] * 4, sample_weight=[-1] * 4),
    "logits must be real": lambda: softmax(1j * LOGITS),
    "logits must have at least one dimension": lambda: softmax(3.0),
    "axis must lie in": lambda: softmax(LOGITS, axis=2),
    "temperature must be positive": lambda: softmax(LOGITS, temperature=0),
    "out must be an array of shape": lambda: softmax(LOGITS, out=np.ones(3)),
    "out must be writeable": lambda: softmax(LOGITS, out=np.broadcast_to(1.0, (4, 3))),
    "targets of one dimension must be integers": lambda: cross_entropy(LOGITS, [0.5] * 4),
    "is not in 0..": lambda: cross_entropy(LOGITS, [0, 1, 2, 3]),
    "targets must have shape": lambda: cross_entropy_with_grad(LOGITS, [0, 1]),
    "targets must be finite and not negative": lambda: cross_entropy(LOGITS, -LOGITS),
    "takes labels, not soft labels": lambda: MulticlassRocDisplay.from_predictions(SOFT, SOFT),
    "y_true must hold samples of two classes": lambda: MulticlassRocDisplay.from_predictions(
        [0, 0], [[0.5, 0.5], [0.4, 0.6]], labels=[0, 1]
    ),
    "Classes without samples have no curve": lambda: MulticlassRocDisplay.from_predictions(
        [0, 1], np.eye(3)[:2], labels=[0, 1, 2]
    ),
    "with the loss_curve_ of a fit": lambda: LossCurveDisplay.from_estimator(
        StandardScaler().fit(X)
    ),
    "is no classifier with predict_proba": lambda: ReliabilityDisplay.from_estimator(
        StandardScaler().fit(X), X, Y
    ),
    "the classes must exclude each other": lambda: MulticlassRocDisplay.from_estimator(
        network(np.eye(3, dtype=int)[Y]), X, Y
    ),
    "labels must differ from each other": lambda: reliability(labels=[0, 1, 1]),
    "columns for {len(classes)} classes": lambda: reliability(labels=[0, 1, 2, 3]),
    "y_score of one dimension": lambda: MulticlassRocDisplay.from_predictions(Y, X[:, 0]),
    "takes a linear classifier with a row": lambda: CoefficientDisplay.from_estimator(network()),
    "n_features must be a positive": lambda: CoefficientDisplay.from_estimator(
        linear(), n_features=0
    ),
    "feature_names must be": lambda: CoefficientDisplay.from_estimator(
        linear(), feature_names=["a"]
    ),
    "quantity must be one of": lambda: LossCurveDisplay.from_estimator(linear(), quantity="speed"),
    "quantity='gap' is for fits": lambda: LossCurveDisplay.from_estimator(
        network(), quantity="gap"
    ),
    "from_estimator takes a fitted SoftmaxRegressionCV": lambda: ScorePathDisplay.from_estimator(
        linear()
    ),
    "from_path takes a RegularizationPath": lambda: CoefficientPathDisplay.from_path(linear()),
    "displays need matplotlib": lambda: without("matplotlib.pyplot", reliability),
    "target must be one of the classes": lambda: CoefficientPathDisplay.from_path(
        regularization_path(X, Y, Cs=2), target="rose"
    ),
    "kind must be one of": lambda: reliability(kind="all"),
    "method must be one of": lambda: reliability(method="loess"),
    "n_bins must be a positive": lambda: reliability(n_bins=0),
    "n_resamples must be a non-negative": lambda: reliability(n_resamples=-1),
    "level must be between": lambda: reliability(level=2),
    "y_prob must be probabilities": lambda: ReliabilityDisplay.from_predictions(Y, 7 * SOFT),
    "to_json: classes_ must be": lambda: with_classes([0, "a", None]),
    "from_json: text must be": lambda: from_json(None),
    "labels must be strings or whole numbers": to_onnx_of_fractions,
    "register_onnx needs skl2onnx": lambda: without("skl2onnx", register_onnx),
    "from_json: {where} {must}": lambda: document(version=('"version": 1', '"version": 2')),
    "this is no JSON": lambda: from_json("{"),
    "{key} is missing": lambda: document(key=('"version"', '"edition"')),
    "an output for each class": lambda: document(classes=("[0, 1, 2]", "[0, 1, 2, 3]")),
    "from_json: {where} must be a list of {wanted} {of_what}": lambda: document(
        names=('"feature_names": null', '"feature_names": ["a"]')
    ),
    "or SoftmaxRegressionCV, got": lambda: to_json(StandardScaler()),
}


def advice_within(place):
    """The words of advice for the messages of some modules."""
    return {
        words
        for message in MESSAGES
        if message.module.startswith(place)
        for words in message_page.advice_for(message)
    }


#: What fits over Dask collections alone say; `test_dask` provokes it on a cluster.
OF_DASK = advice_within("dask/") - advice_within(("_", "linear", "neural", "func", "insp", "exp"))


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.text[:60])
def test_each_message_has_its_advice(message):
    assert len(message_page.advice_for(message)) == 1


def test_no_advice_is_left_over():
    used = {words for message in MESSAGES for words in message_page.advice_for(message)}
    assert used == set(message_page.ADVICE)
    assert set(PROVOKED) == used - OF_DASK


@pytest.mark.parametrize("words", PROVOKED)
def test_each_message_is_provoked(words):
    pytest.importorskip("matplotlib")
    wanted = [message for message in MESSAGES if words in message.template]
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        said = [error for error in raised(PROVOKED[words]) if error is not None]
    said += [warning.message for warning in warned]
    found = [one for one in said if any(is_message(one, message) for message in wanted)]
    assert found, said
    # No other message says more of what was said, in words of its own.
    length = max(len(message.text) for message in wanted)
    others = [message for message in MESSAGES if words not in message.template]
    assert not any(is_message(found[0], other) and len(other.text) > length for other in others)


def raised(call):
    """The error of a call and what it comes from."""
    try:
        call()
    except Exception as error:  # of any class: `is_message` compares it
        return error, error.__cause__
    return ()


def is_message(said, message):
    """Whether an error or a warning is of the class of a message, and has its words."""
    kinds = {kind.__name__ for kind in type(said).__mro__}
    return message.kind in kinds and re.fullmatch(message.pattern, str(said)) is not None


def test_the_page_has_each_message():
    page = message_page.page()
    for message in MESSAGES:
        text = re.sub(r"([*|_\\])", r"\\\1", f"{message.kind}: {message.text}")
        assert f"- {text}\n" in page
    for section in message_page.SECTIONS:
        assert f"\n{section}\n---" in page
