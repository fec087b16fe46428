"""Fitted estimators as JSON and back, and as ONNX."""

import json
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmax import MLPClassifier, SoftmaxRegression, SoftmaxRegressionCV
from skmax._network import ACTIVATIONS
from skmax.export import from_json, register_onnx, to_json

X_IRIS, Y_IRIS = load_iris(return_X_y=True)
X_IRIS = StandardScaler().fit_transform(X_IRIS)
NAMES = np.array(["setosa", "versicolor", "virginica"])


def fitted(model, X=X_IRIS, y=Y_IRIS):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few epochs
        return model.fit(X, y)


def network(activation="relu", layers=(7, 5), **settings):
    return MLPClassifier(layers, activation=activation, max_iter=5, random_state=0, **settings)


MODELS = {
    "three classes": lambda: fitted(SoftmaxRegression()),
    "two classes": lambda: fitted(SoftmaxRegression(), X_IRIS[:100], Y_IRIS[:100]),
    "names": lambda: fitted(SoftmaxRegression(), y=NAMES[Y_IRIS]),
    "objects": lambda: fitted(SoftmaxRegression(), y=NAMES[Y_IRIS].astype(object)),
    "numbers": lambda: fitted(SoftmaxRegression(), y=Y_IRIS * 2.0),
    "booleans": lambda: fitted(SoftmaxRegression(), y=Y_IRIS > 0),
    "float32": lambda: fitted(SoftmaxRegression(), X_IRIS.astype(np.float32)),
    "soft": lambda: fitted(SoftmaxRegression(), y=0.8 * np.eye(3)[Y_IRIS] + 0.1),
    "network": lambda: fitted(network()),
    "network of two classes": lambda: fitted(network(), X_IRIS[:100], Y_IRIS[:100]),
    "network without hidden layers": lambda: fitted(network(layers=())),
    "float32 network": lambda: fitted(network("gelu"), X_IRIS.astype(np.float32)),
    "multilabel network": lambda: fitted(network(), y=np.eye(3, dtype=int)[Y_IRIS]),
}


@pytest.mark.parametrize("name", MODELS)
def test_json_and_back_is_the_same_to_the_last_bit(name):
    model = MODELS[name]()
    again = from_json(to_json(model))
    assert type(again) is type(model)
    np.testing.assert_array_equal(again.classes_, model.classes_)
    assert again.classes_.dtype.kind in (model.classes_.dtype.kind, "U")
    X = X_IRIS.astype(np.float32) if "float32" in name else X_IRIS
    p = model.predict_proba(X)
    assert again.predict_proba(X).dtype == p.dtype
    np.testing.assert_array_equal(again.predict_proba(X), p)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert to_json(again) == to_json(model)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_all_activations(activation):
    model = fitted(network(activation))
    again = from_json(to_json(model).encode())
    assert (again.activation, again.hidden_layer_sizes) == (activation, (7, 5))
    np.testing.assert_array_equal(again.predict_proba(X_IRIS), model.predict_proba(X_IRIS))


def test_names_of_columns_and_sparse_coefficients():
    X = pd.DataFrame(X_IRIS, columns=["sl", "sw", "pl", "pw"])
    model = SoftmaxRegression().fit(X, Y_IRIS).sparsify()
    again = from_json(to_json(model, indent=1))
    assert again.feature_names_in_.tolist() == list(X.columns)
    np.testing.assert_allclose(again.predict_proba(X), model.predict_proba(X), atol=1e-15)
    assert not sp.issparse(again.coef_)
    with pytest.raises(ValueError, match="feature names"):
        again.predict(X[["sw", "sl", "pl", "pw"]])


def test_a_cross_validation_is_the_regression_it_chose():
    model = SoftmaxRegressionCV(Cs=3).fit(X_IRIS, Y_IRIS)
    again = from_json(to_json(model))
    assert type(again) is SoftmaxRegression
    np.testing.assert_array_equal(again.predict_proba(X_IRIS), model.predict_proba(X_IRIS))


def test_what_cannot_be_written():
    with pytest.raises(NotFittedError):
        to_json(SoftmaxRegression())
    with pytest.raises(TypeError, match="got LogisticRegression"):
        to_json(LogisticRegression())
    model = fitted(SoftmaxRegression())
    model.classes_ = np.array([1, "two", None], object)
    with pytest.raises(TypeError, match=r"got object of \['NoneType', 'int', 'str'\]"):
        to_json(model)


def changed(change, name="network"):
    document = json.loads(to_json(MODELS[name]()))
    change(document)
    return json.dumps(document)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("format"), "format is missing"),
        (lambda d: d.update(format="onnx"), "format must be 'skmax', got \"onnx\""),
        (lambda d: d.update(version=2), "version must be 1, got 2"),
        (lambda d: d.update(version=True), "version must be 1, got true"),
        (lambda d: d.update(estimator="SVC"), "estimator must be 'SoftmaxRegression' or"),
        (lambda d: d.update(estimator="SoftmaxRegression"), "layers must be one layer"),
        (lambda d: d.update(dtype="int8"), "dtype must be 'float64' or 'float32', got \"int8\""),
        (lambda d: d.update(labels="date"), "labels must be 'string' or"),
        (
            lambda d: d.update(classes=["a", "b", "c"]),
            r"classes\[0\] must be an integer, got \"a\"",
        ),
        (lambda d: d.update(classes=[0, 1, 2, 3]), r"layers\[2\].bias must be a list of 4 numbers"),
        (lambda d: d.update(classes=[]), "classes must be a list of at least one labels, got 0"),
        (lambda d: d.update(classes=[0]), "classes must be at least two"),
        (lambda d: d.update(feature_names=["a"]), "feature_names must be a list of 4 strings"),
        (lambda d: d.update(feature_names=[1, 2, 3, 4]), r"feature_names\[0\] must be a string"),
        (lambda d: d.update(layers=[]), "layers must be a list of at least one object"),
        (lambda d: d.update(layers=[3]), r"layers\[0\] must be an object, got 3"),
        (lambda d: d["layers"][1].pop("bias"), r"layers\[1\].bias is missing"),
        (lambda d: d["layers"][1].update(bias=3), r"layers\[1\].bias must be a list of numbers"),
        (lambda d: d["layers"][1].update(activation="sin"), r"layers\[1\].activation must be 'id"),
        (
            lambda d: d["layers"][1].update(activation="tanh"),
            r"layers\[1\].activation must be 'relu'",
        ),
        (
            lambda d: d["layers"][2].update(activation="relu"),
            r"layers\[2\].activation must be 'soft",
        ),
        (
            lambda d: d["layers"][1]["weights"].pop(),
            r"layers\[1\].weights must be a list of 7 rows",
        ),
        (
            lambda d: d["layers"][0]["weights"][2].pop(),
            r"layers\[0\].weights\[2\] must be a list of 7 numbers, got 6",
        ),
        (
            lambda d: d["layers"][0]["weights"][2].__setitem__(1, None),
            r"layers\[0\].weights\[2\]\[1\] must be a finite number of float64, got null",
        ),
        (
            lambda d: d["layers"][0]["bias"].__setitem__(1, float("nan")),
            r"layers\[0\].bias\[1\] must be a finite number of float64, got NaN",
        ),
    ],
)
def test_a_document_that_is_wrong_is_refused_with_the_place(change, message):
    with pytest.raises(ValueError, match=f"from_json: {message}"):
        from_json(changed(change))


def test_outputs_must_fit_the_classes():
    text = changed(lambda d: d["layers"][0].update(activation="softmax"), "two classes")
    with pytest.raises(ValueError, match=r"layers\[0\]"):
        from_json(text)
    text = changed(lambda d: d["layers"][0].update(activation="logistic"), "three classes")
    with pytest.raises(ValueError, match="must be 'softmax', got \"logistic\""):
        from_json(text)


HOSTILE = {
    "deep": ("[" * 200_000, "this is no JSON"),
    "weight": (
        lambda d: d["layers"][0]["bias"].__setitem__(0, 10**400),
        r"bias\[0\] must be a fin",
    ),
    "single": (
        lambda d: (d.update(dtype="float32"), d["layers"][0]["bias"].__setitem__(0, 1e300)),
        r"bias\[0\] must be a finite number of float32, got 1e\+300",
    ),
    "class": (lambda d: d.update(classes=[0, 1, 2**70]), r"classes\[2\] must be an integer of 64"),
    "infinite": (
        lambda d: d.update(labels="number", classes=[0, 1, float("nan")]),
        r"classes\[2\] must be a number of 64 bits, got NaN",
    ),
    "repeated": (lambda d: d.update(classes=[0, 1, 1]), r"classes\[2\] must differ from those"),
    "columns": (lambda d: d.update(feature_names=list("aabc")), "feature_names must differ"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents(name):
    change, message = HOSTILE[name]
    with pytest.raises(ValueError, match=f"from_json: .*{message}|from_json: {message}"):
        from_json(change if isinstance(change, str) else changed(change))


def test_strings_that_end_in_zeros_stay_apart():
    names = ["a\0", "a", "b"]
    text = changed(lambda d: d.update(labels="string", classes=names))
    assert from_json(text).classes_.tolist() == names


def test_two_outputs_are_not_one_of_two_classes():
    two = [{"activation": "softmax", "weights": [[5, 0], [0, 5]], "bias": [0, 0]}]
    text = changed(lambda d: d.update(classes=[0, 1], feature_names=None, layers=two), "names")
    text = text.replace('"labels": "string"', '"labels": "integer"')
    with pytest.raises(ValueError, match=r"layers\[0\].bias must be a list of 1 numbers"):
        from_json(text)


def test_what_comes_back_goes_on():
    linear = from_json(to_json(MODELS["names"]()))
    other = linear.to_sklearn()
    np.testing.assert_allclose(other.predict_proba(X_IRIS), linear.predict_proba(X_IRIS))
    again = from_json(to_json(MODELS["network"]()))
    np.testing.assert_allclose(
        again.to_sklearn().predict_proba(X_IRIS), again.predict_proba(X_IRIS)
    )
    assert len(fitted(again.set_params(warm_start=True, max_iter=2)).loss_curve_) == 2
    again.partial_fit(X_IRIS, Y_IRIS)


@pytest.mark.parametrize("text", ["", "{", '{"format": }', "[]", "3", b"\xff"])
def test_no_document_at_all(text):
    with pytest.raises(ValueError, match=r"from_json: (this is no JSON|the document must be an)"):
        from_json(text)


@pytest.mark.parametrize("name", ["names", "network"])
def test_skops_loads_what_the_documentation_trusts(name):
    skops_io = pytest.importorskip("skops.io")
    text = (Path(__file__).resolve().parent.parent / "docs" / "sharing.rst").read_text()
    trusted = re.findall(r'"(skmax\.[a-zA-Z_.]+)"', text)
    model = MODELS[name]()
    data = skops_io.dumps(model)
    assert set(skops_io.get_untrusted_types(data=data)) <= set(trusted)
    again = skops_io.loads(data, trusted=trusted)
    np.testing.assert_array_equal(again.predict_proba(X_IRIS), model.predict_proba(X_IRIS))


# ---- ONNX


def run(model, X, options=None):
    """Labels and probabilities of the converted model, in the precision of X."""
    skl2onnx = pytest.importorskip("skl2onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    register_onnx()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of onnx, about itself
        converted = skl2onnx.to_onnx(model, X[:1], options=options or {"zipmap": False})
    session = onnxruntime.InferenceSession(
        converted.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {session.get_inputs()[0].name: X})


@pytest.mark.parametrize("name", MODELS)
def test_onnx_agrees(name):
    model = MODELS[name]()
    X = X_IRIS.astype(np.float32) if "float32" in name else X_IRIS
    label, probability = run(model, X)
    assert label.dtype.kind == ("O" if name in ("names", "objects") else "i")
    assert probability.dtype == X.dtype
    atol = 1e-5 if "float32" in name else 1e-12
    np.testing.assert_allclose(probability, model.predict_proba(X), atol=atol)
    np.testing.assert_array_equal(label, model.predict(X))


@pytest.mark.parametrize("name", ["names", "numbers", "network"])
def test_onnx_labels_may_be_indices(name):
    model = MODELS[name]()
    label, _ = run(model, X_IRIS, {id(model): {"zipmap": False, "nocl": True}})
    np.testing.assert_array_equal(model.classes_[label], model.predict(X_IRIS))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_onnx_knows_all_activations(activation, dtype):
    X = X_IRIS.astype(dtype)
    model = fitted(network(activation), X)
    _, probability = run(model, X)
    atol = 1e-5 if dtype == np.float32 else 1e-6
    np.testing.assert_allclose(probability, model.predict_proba(X), atol=atol)


@pytest.mark.parametrize("model", [SoftmaxRegression(), network(), SoftmaxRegressionCV(Cs=2, cv=2)])
def test_pipelines_convert(model):
    X, y = load_digits(return_X_y=True)
    pipeline = fitted(make_pipeline(StandardScaler(), model), X, y)
    label, probability = run(pipeline, X)
    np.testing.assert_allclose(probability, pipeline.predict_proba(X), atol=1e-6)
    np.testing.assert_array_equal(label, pipeline.predict(X))
    _, probability = run(pipeline, X.astype(np.float32))
    np.testing.assert_allclose(probability, pipeline.predict_proba(X), atol=1e-5)
