"""Converters that teach skl2onnx the estimators."""

from typing import Any

import numpy as np

from skmax.export._layers import Layers, layers_of
from skmax.linear_model import SoftmaxRegression, SoftmaxRegressionCV
from skmax.neural_network import MLPClassifier

#: As for classifiers of scikit-learn; with "nocl" labels are indices of `classes_`.
OPTIONS = {"zipmap": [True, False, "columns"], "nocl": [True, False]}
LEAK = 0.01  # the slope of "leaky_relu" below 0


def register_onnx() -> None:
    """Teach skl2onnx the estimators, so that pipelines with one of them convert.

    The logits are matrix products in the precision of the input: float64 for a
    ``DoubleTensorType``, float32 otherwise, where columns should be standardised.

    Raises
    ------
    ImportError
        If skl2onnx is not installed (the extra ``skmax[export]``).

    Examples
    --------
    >>> from skmax.export import register_onnx
    >>> register_onnx()  # doctest: +SKIP
    >>> from skl2onnx import to_onnx  # doctest: +SKIP
    >>> onnx_model = to_onnx(model, X[:1], options={"zipmap": False})  # doctest: +SKIP
    """
    try:
        from skl2onnx import update_registered_converter
    except ImportError as error:
        raise ImportError('register_onnx needs skl2onnx: pip install "skmax[export]"') from error
    from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes

    for estimator in (SoftmaxRegression, SoftmaxRegressionCV, MLPClassifier):
        update_registered_converter(
            estimator,
            f"Skmax{estimator.__name__}",
            calculate_linear_classifier_output_shapes,
            _convert,
            options=OPTIONS,
            overwrite=True,
        )


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of an estimator: logits, probabilities, labels."""
    from skl2onnx.common.data_types import guess_proto_type
    from skl2onnx.proto import onnx_proto

    double = onnx_proto.TensorProto.DOUBLE
    kind = guess_proto_type(operator.inputs[0].type)
    kind = double if kind == double else onnx_proto.TensorProto.FLOAT
    graph = _Graph(scope, container, kind)
    model = layers_of(operator.raw_operator)
    label, probability = (output.full_name for output in operator.outputs)
    indices = bool(container.get_options(operator.raw_operator, {"nocl": False})["nocl"])
    if not indices:
        _check_labels(model)
    logits = graph.logits(model, operator.inputs[0].full_name)
    graph.probabilities(model, logits, probability)
    graph.labels(model, probability, label, indices=indices)


def _check_labels(model: Layers) -> None:
    """Refuse labels that ONNX has no type for: it has strings and integers.

    Raises
    ------
    TypeError
        If a label is neither, or a fraction.
    """
    kind = model.classes.dtype.kind
    fractions = kind == "f" and (model.classes != np.round(model.classes)).any()
    others = kind == "O" and not all(isinstance(label, str) for label in model.classes)
    if fractions or others or kind not in "biufUO":
        raise TypeError(
            "register_onnx: labels must be strings or whole numbers to become ONNX, got "
            f"{model.classes.tolist()[:5]}"
        )


class _Graph:
    """Adds nodes to a graph, in one precision."""

    def __init__(self, scope: Any, container: Any, kind: int) -> None:
        self.scope, self.container, self.kind = scope, container, kind

    def node(self, op: str, inputs: list[str], output: str | None = None, **attributes: Any) -> str:
        """Add a node, and return the name of its output."""
        output = self.scope.get_unique_variable_name(op.lower()) if output is None else output
        name = self.scope.get_unique_operator_name(op)
        self.container.add_node(op, inputs, output, name=name, **attributes)
        return output

    def constant(self, values: Any, kind: int | None = None) -> str:
        """Add numbers, and return their name."""
        values = np.asarray(values)
        name = self.scope.get_unique_variable_name("constant")
        kind = self.kind if kind is None else kind
        self.container.add_initializer(name, kind, list(values.shape), values.ravel().tolist())
        return name

    def logits(self, model: Layers, x: str) -> str:
        """The outputs of the last layer."""
        x = self.node("Cast", [x], to=self.kind)
        for index, layer in enumerate(model.layers):
            if index:
                x = self.activate(model.layers[index - 1].activation, x)
            product = self.node("MatMul", [x, self.constant(layer.weights)])
            x = self.node("Add", [product, self.constant(layer.bias[None])])
        return x

    def activate(self, activation: str, z: str) -> str:
        """What hidden units make of their input, by operators that float64 has as well."""
        if activation == "identity":
            return z
        if activation == "leaky_relu":
            leak = self.node("Mul", [z, self.constant([LEAK])])
            return self.node("Max", [z, leak])
        if activation == "silu":  # older versions of onnxruntime make float32 of z sigmoid(z)
            power = self.node("Exp", [self.node("Neg", [z])])
            return self.node("Div", [z, self.node("Add", [power, self.constant([1.0])])])
        if activation == "gelu":
            half = self.node("Mul", [z, self.constant([0.5])])
            erf = self.erf(self.node("Mul", [z, self.constant([np.sqrt(0.5)])]))
            return self.node("Mul", [half, self.node("Add", [erf, self.constant([1.0])])])
        return self.node({"relu": "Relu", "tanh": "Tanh", "logistic": "Sigmoid"}[activation], [z])

    def erf(self, z: str) -> str:
        """The error function; onnxruntime has that of float32 alone, right to 1e-7."""
        from skl2onnx.proto import onnx_proto

        single = self.node("Cast", [z], to=onnx_proto.TensorProto.FLOAT)
        return self.node("Cast", [self.node("Erf", [single])], to=self.kind)

    def probabilities(self, model: Layers, logits: str, output: str) -> None:
        """Of each class, or of each label apart."""
        if model.layers[-1].activation == "softmax":
            self.node("Softmax", [logits], output, axis=1)
        elif model.is_multilabel:
            self.node("Sigmoid", [logits], output)
        else:
            both = [self.node("Sigmoid", [self.node("Neg", [logits])]),
                    self.node("Sigmoid", [logits])]  # fmt: skip
            self.node("Concat", both, output, axis=1)

    def labels(self, model: Layers, probability: str, output: str, *, indices: bool) -> None:
        """The label of the largest probability or its index; of several, those beyond 1/2."""
        from skl2onnx.proto import onnx_proto

        integer = onnx_proto.TensorProto.INT64
        if model.is_multilabel:
            beyond = self.node("Greater", [probability, self.constant([0.5])])
            self.node("Cast", [beyond], output, to=integer)
            return
        if indices:
            self.node("ArgMax", [probability], output, axis=1, keepdims=0)
            return
        classes = model.classes
        if classes.dtype.kind in "biuf":
            names = self.constant(classes.astype(np.int64), integer)
        else:
            names = self.constant([str(name) for name in classes], onnx_proto.TensorProto.STRING)
        best = self.node("ArgMax", [probability], axis=1, keepdims=0)
        self.node("Gather", [names, best], output, axis=0)
