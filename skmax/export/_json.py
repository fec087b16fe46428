"""Fitted estimators as JSON and back."""

import json
from typing import Any

import numpy as np

from skmax._network import ACTIVATIONS
from skmax.export._layers import ESTIMATORS, Layer, Layers, estimator_of, layers_of

FORMAT, VERSION = "skmax", 1
DTYPES = ("float64", "float32")
#: What the labels are, by the kind of their dtype.
LABELS = {
    "U": "string",
    "O": "string",
    "i": "integer",
    "u": "integer",
    "f": "number",
    "b": "boolean",
}
PYTHON_TYPES = {"string": str, "integer": int, "number": float, "boolean": bool}
ARRAYS = {"string": None, "integer": np.int64, "number": np.float64, "boolean": np.bool_}
ARTICLES = {
    "string": "a string", "integer": "an integer", "number": "a number", "boolean": "a boolean",
}  # fmt: skip
LARGEST = {"integer": 2**63 - 1, "number": float(np.finfo(float).max)}


def to_json(estimator: Any, *, indent: int | None = None) -> str:
    """Write a fitted estimator as JSON: all that its predictions take.

    The document is an object with

    - ``format``: "skmax", and ``version``: 1;
    - ``estimator``: "SoftmaxRegression" or "MLPClassifier";
    - ``dtype``: "float64" or "float32", the precision of the weights;
    - ``labels``: "string", "integer", "number" or "boolean", and ``classes``: the labels;
    - ``feature_names``: the names of the columns, or null;
    - ``layers``: a list of objects with ``weights``, a list of rows, ``weights[i][j]`` from input i
      to output j; ``bias``, a list; and ``activation``.

    The output of a layer is ``activation(x @ weights + bias)``, and the input of the next. The last
    activation is "softmax", or "logistic" for one output, the probability of the second of two
    classes, and for labels that do not exclude each other. Hidden layers have those of
    `MLPClassifier`. A SoftmaxRegression is one layer.

    Parameters
    ----------
    estimator : SoftmaxRegression, SoftmaxRegressionCV or MLPClassifier
        A fitted one; what has cross-validated is written as a SoftmaxRegression.
    indent : int, default=None
        Spaces for each level; None for one line.

    Returns
    -------
    str
        The document.

    Raises
    ------
    TypeError
        If it is no estimator of this package, or its labels are of several types.
    sklearn.exceptions.NotFittedError
        If it is not fitted.

    See Also
    --------
    from_json : The way back.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skmax import SoftmaxRegression
    >>> from skmax.export import from_json, to_json
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxRegression().fit(X, y)
    >>> again = from_json(to_json(model))
    >>> bool((again.predict_proba(X) == model.predict_proba(X)).all())
    True
    """
    model = layers_of(estimator)
    labels = LABELS.get(model.classes.dtype.kind)
    values = model.classes.tolist()
    if labels is None or not all(type(value) is PYTHON_TYPES[labels] for value in values):
        raise TypeError(
            "to_json: classes_ must be strings, or an array of integers, numbers or booleans, got "
            f"{model.classes.dtype} of {sorted({type(value).__name__ for value in values})}"
        )
    names = model.feature_names
    document = {
        "format": FORMAT,
        "version": VERSION,
        "estimator": model.estimator,
        "dtype": str(model.layers[0].weights.dtype),
        "labels": labels,
        "classes": values,
        "feature_names": None if names is None else names.tolist(),
        "layers": [
            {
                "activation": layer.activation,
                "weights": layer.weights.tolist(),
                "bias": layer.bias.tolist(),
            }
            for layer in model.layers
        ],
    }
    return json.dumps(document, indent=indent, allow_nan=False, ensure_ascii=False)


def from_json(text: str | bytes) -> Any:
    """Make a fitted estimator of what `to_json` has written.

    Parameters
    ----------
    text : str or bytes
        The document.

    Returns
    -------
    SoftmaxRegression or MLPClassifier
        One with the same probabilities. It has the parameters that its layers tell, the defaults of
        all others, and no history: `loss_curve_` is empty or not there.

    Raises
    ------
    ValueError
        If the document is not as it must be; the message says where.
    TypeError
        If `text` is neither str nor bytes.

    See Also
    --------
    to_json : Writes the document, and says what is in it.

    Examples
    --------
    >>> from skmax.export import from_json
    >>> model = from_json('''{"format": "skmax", "version": 1, "estimator": "SoftmaxRegression",
    ...     "dtype": "float64", "labels": "string", "classes": ["no", "yes"], "feature_names": null,
    ...     "layers": [{"activation": "logistic", "weights": [[2.0]], "bias": [-1.0]}]}''')
    >>> model.predict([[0.0], [1.0]]).tolist()
    ['no', 'yes']
    """
    if not isinstance(text, str | bytes):
        raise TypeError(f"from_json: text must be str or bytes, got {type(text).__name__}")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"from_json: this is no JSON: {error}") from None
    return estimator_of(_Reader().read(document))


class _Reader:
    """Reads a document, and says of an entry that is not as it must be where it is."""

    def read(self, document: Any) -> Layers:
        """The layers that it describes."""
        self.one_of(self.entry(document, "", "format"), "format", (FORMAT,))
        self.one_of(self.entry(document, "", "version"), "version", (VERSION,))
        estimator = self.entry(document, "", "estimator")
        self.one_of(estimator, "estimator", tuple(ESTIMATORS))
        dtype = self.entry(document, "", "dtype")
        self.one_of(dtype, "dtype", DTYPES)
        layers = self.layers(self.entry(document, "", "layers"), estimator, dtype)
        model = Layers(
            estimator,
            layers,
            self.classes(document),
            self.feature_names(document, len(layers[0].weights)),
        )
        self.outputs(model)
        return model

    def entry(self, mapping: Any, where: str, key: str) -> Any:
        """The entry of an object."""
        if not isinstance(mapping, dict):
            self.fail(where or "the document", "must be an object", mapping)
        if key not in mapping:
            raise ValueError(f"from_json: {where + '.' if where else ''}{key} is missing")
        return mapping[key]

    def one_of(self, value: Any, where: str, allowed: tuple[Any, ...]) -> None:
        """Refuse what is none of these; 1.0 and true are not 1."""
        if not any(type(value) is type(other) and value == other for other in allowed):
            self.fail(where, f"must be {' or '.join(map(repr, allowed))}", value)

    def layers(self, entries: Any, estimator: str, dtype: str) -> list[Layer]:
        """The layers, each with as many inputs as the last one has outputs."""
        if not isinstance(entries, list) or not entries:
            self.fail("layers", "must be a list of at least one object", entries)
        if estimator == "SoftmaxRegression" and len(entries) > 1:
            self.fail("layers", "must be one layer for a SoftmaxRegression", entries)
        layers: list[Layer] = []
        for index, entry in enumerate(entries):
            where = f"layers[{index}]"
            activation = self.entry(entry, where, "activation")
            hidden = index < len(entries) - 1
            allowed = tuple(ACTIVATIONS) if hidden else ("softmax", "logistic")
            self.one_of(activation, f"{where}.activation", allowed)
            bias = self.numbers(self.entry(entry, where, "bias"), f"{where}.bias", None, dtype)
            rows = self.entry(entry, where, "weights")
            n_in = len(layers[-1].bias) if layers else None
            self.is_list(rows, f"{where}.weights", n_in, "rows, one for each input")
            weights = np.array(
                [
                    self.numbers(row, f"{where}.weights[{i}]", len(bias), dtype)
                    for i, row in enumerate(rows)
                ]
            )
            if hidden and layers and activation != layers[0].activation:
                self.fail(f"{where}.activation", f"must be {layers[0].activation!r}", activation)
            layers.append(Layer(weights, bias, activation))
        return layers

    def classes(self, document: Any) -> np.ndarray:
        """The labels, in the order of the outputs."""
        labels, values = self.entry(document, "", "labels"), self.entry(document, "", "classes")
        self.one_of(labels, "labels", tuple(PYTHON_TYPES))
        self.is_list(values, "classes", None, "labels")
        for index, value in enumerate(values):
            right = type(value) is PYTHON_TYPES[labels]
            if not right and not (labels == "number" and type(value) is int):
                self.fail(f"classes[{index}]", f"must be {ARTICLES[labels]}", value)
            if labels in ("number", "integer") and not self.is_finite(value, LARGEST[labels]):
                self.fail(f"classes[{index}]", f"must be {ARTICLES[labels]} of 64 bits", value)
            if value in values[:index]:
                self.fail(f"classes[{index}]", "must differ from those before", value)
        array = np.array(values, dtype=ARRAYS[labels])
        # An array of strings drops zeros at their end.
        return array if array.tolist() == values else np.array(values, dtype=object)

    def feature_names(self, document: Any, n_features: int) -> np.ndarray | None:
        """The names of the columns, if there are any."""
        names = self.entry(document, "", "feature_names")
        if names is None:
            return None
        self.is_list(names, "feature_names", n_features, "strings, one for each column")
        for index, name in enumerate(names):
            if not isinstance(name, str):
                self.fail(f"feature_names[{index}]", "must be a string", name)
        if len(set(names)) < len(names):
            self.fail("feature_names", "must differ from each other", names)
        return np.array(names, dtype=object)

    def outputs(self, model: Layers) -> None:
        """As many outputs as classes; one may stand for two, if its activation says so."""
        last, n_classes = model.layers[-1], len(model.classes)
        n_outputs = len(last.bias)
        if n_classes < 2:
            self.fail("classes", "must be at least two", model.classes.tolist())
        multilabel = last.activation == "logistic" and model.estimator == "MLPClassifier"
        wanted = 1 if n_classes == 2 else n_classes
        if n_outputs != wanted and not (multilabel and n_outputs == n_classes):
            where = f"layers[{len(model.layers) - 1}].bias"
            raise ValueError(
                f"from_json: {where} must be a list of {wanted} numbers, an output for each class "
                f"(one for two classes), got {n_outputs}"
            )
        if n_outputs == 1 and last.activation != "logistic":
            where = f"layers[{len(model.layers) - 1}].activation"
            self.fail(where, "must be 'logistic' for one output", last.activation)
        if model.is_multilabel and model.estimator == "SoftmaxRegression":
            self.fail("layers[0].activation", "must be 'softmax'", last.activation)

    def numbers(self, values: Any, where: str, length: int | None, dtype: str) -> np.ndarray:
        """A list of finite numbers."""
        self.is_list(values, where, length, "numbers")
        largest = float(np.finfo(dtype).max)
        for index, value in enumerate(values):
            if type(value) not in (int, float) or not self.is_finite(value, largest):
                self.fail(f"{where}[{index}]", f"must be a finite number of {dtype}", value)
        return np.array(values, dtype)

    def is_finite(self, value: float, largest: float) -> bool:
        """Whether it is a number, and no larger; integers have no bound of their own."""
        return -largest <= value <= largest

    def is_list(self, values: Any, where: str, length: int | None, of_what: str) -> None:
        """Refuse what is no list, is empty, or has another length."""
        if not isinstance(values, list):
            self.fail(where, f"must be a list of {of_what}", values)
        if not values or (length is not None and len(values) != length):
            wanted = "at least one" if length is None else length
            raise ValueError(
                f"from_json: {where} must be a list of {wanted} {of_what}, got {len(values)}"
            )

    def fail(self, where: str, must: str, got: Any) -> None:
        """Raise the error."""
        text = json.dumps(got)
        text = text if len(text) <= 60 else text[:57] + "..."
        raise ValueError(f"from_json: {where} {must}, got {text}")
