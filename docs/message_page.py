"""The page of messages: every warning and error of the package, read from its code.

`messages()` finds them, `ADVICE` says what each means and what to do, and `write` makes the page. A
test holds the two to each other and provokes each of them, so that the page cannot drift.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import skmax
from skmax._network import Ending
from skmax._solvers import Status

PACKAGE = Path(skmax.__file__).parent
#: What a user never sees: the build, and what the rooms of the package ask of each other.
INTERNAL = ("_kernels/", "_network/", "_solvers/", "__init__", "__main__", "linear_model/__init__")
#: The sections of the page, and where their messages are raised.
SECTIONS = {
    "Samples, labels and weights": ("_design/", "_estimators/samples", "_estimators/targets"),
    "Parameters": ("_estimators/parameters", "_estimators/scoring", "linear_model/_minimise"),
    "SoftmaxRegression, its cross-validation and path": ("linear_model/",),
    "MLPClassifier": ("neural_network", "_estimators/network_fit"),
    "Functions on arrays": ("functional",),
    "Displays": ("inspection/",),
    "Export": ("export/",),
    "Dask collections": ("dask/",),
}

#: What a message means and what to do, by words of it that no other message has.
ADVICE = {
    # Samples, labels and weights
    "so large that their squares overflow": "Entries beyond 1e150 or so. Use other units in that column.",
    "Input X contains": "A missing or infinite entry. Impute it, or drop the row; the message names the first one.",
    "which are not among the classes": "Labels that the estimator was not fitted with, or that `labels` or `classes` leave out.",
    "several columns must be integer or boolean": "With several columns the dtype decides: integers and booleans are multi-label, floats are soft labels.",
    "a sparse y has a column": "A sparse `y` is multi-label, with a column for each label. Make a dense vector of class labels.",
    "are multi-label indicators": "Integers in several columns say of each label whether it holds. Cast them to float if they are counts or probabilities.",
    "columns' names are the classes and must differ": "Two columns of the data frame have the same name. Rename one.",
    "are not the classes": "The columns of a data frame of soft labels must be `classes_`, in that order.",
    "a column for each class": "Soft labels need as many columns as there are classes, in the order of `classes_`.",
    "sample_weight has shape": "One weight for each row, or one number for all.",
    "sample_weight must not be negative": "Weights count rows. Set the weight of a row to 0 to leave it out.",
    "sample_weight is zero for every sample": "No row would count.",
    "class_weight of class": "A factor of the class's weight: 0 or more.",
    "class_weight names": "The keys of the dictionary must be labels as they are in `y`; a number is not its string.",
    "at least two classes with positive weight": "There is nothing to tell apart. Look at the labels, and at weights that are 0.",
    "of the soft labels": "Each row of soft labels holds finite numbers, none negative, that do not sum to 0.",
    # Parameters
    "{constraint.description}": "A parameter that is not as it must be; the message says what is allowed. The estimator stays as it was.",
    "is for labels; for soft labels take": "Scorers of labels cannot judge soft labels.",
    "solver must be 'auto' or 'newton'": "L-BFGS needs a smooth penalty. Leave `solver` at \"auto\".",
    # SoftmaxRegression, its cross-validation and path
    "SoftmaxRegression has not converged": "See the table above: the sentence says why, and what helps.",
    "regularization_path has not converged": "Fits at weak penalties take the most iterations: end the grid earlier, or raise `max_iter`.",
    "SoftmaxRegressionCV has not converged": "Some fits ended early: those of folds have inexact scores, the last one inexact coefficients.",
    "partial_fit allows no l1_ratio > 0": "Steps on a stream end at no exact zeros. Leave `l1_ratio` at 0, or call `fit`.",
    "partial_fit goes on with fit_intercept": "A stream has intercepts, or it has not. Begin with a clone, or with `fit`.",
    "object has no attribute": "Coefficients are there after `fit` or `partial_fit`.",
    "no penalty has a score on every fold": "Every score is NaN. The warnings before it say of each fold why.",
    "only supported if enable_metadata_routing": "Parameters of splitters and scorers pass through with scikit-learn's metadata routing.",
    "scores that are NaN and do not count": "The fold could not be scored, and the message says why; the other folds count. Often a class is missing among its held-out samples: use a stratified splitter with fewer folds.",
    # MLPClassifier
    "MLPClassifier: dropout must be": "One probability for all hidden layers, or a sequence with one for each.",
    "MLPClassifier goes on from {self.out_activation}": "A warm start needs the kind of `y` that the weights were fitted for.",
    "MLPClassifier goes on from the classes": "A warm start needs the classes that the weights were fitted for.",
    "MLPClassifier goes on from layers": "A warm start needs layers and columns of the same sizes.",
    "MLPClassifier has diverged": "Steps are too long. Standardise the columns, or lower the learning rate.",
    "the loss is not finite in iteration": "L-BFGS met numbers that overflow. Standardise the columns.",
    "partial_fit is for solvers with minibatches": "`partial_fit` exists for \"adam\", \"adamw\" and \"sgd\".",
    "y: several columns are integer for a multi-label": "The kind of `y` in `score` must be that of the fit.",
    "scikit-learn's MLPClassifier has no activation": "`to_sklearn` can only make what scikit-learn has. Export by `skmax.export` instead.",
    "no sample has weight, once class_weight": "The class weights of all classes that occur are 0.",
    "X_val and y_val must be given together": "A validation set has samples and labels.",
    "y_val is multi-label and y is not": "Training and validation labels must be of one kind.",
    "classes must name two classes or more": "`classes` lists all labels that will ever occur.",
    "are not those before": "`classes` may only be given again as it was.",
    "partial_fit allows no early_stopping": "A single call sees too little to decide. Call `fit`.",
    "partial_fit allows no class_weight='balanced'": "Counts of a part are not those of all. Give the weights as a dictionary.",
    "first call of partial_fit needs classes": "Later calls may bring labels that this one does not.",
    "is for classes that exclude": "Labels of multi-label data have no class. Weigh the samples.",
    "MLPClassifier was interrupted": "Ctrl-C: the estimator is usable; `converged_` is False.",
    "MLPClassifier has not converged": "See the table above: the sentence says why, and what helps.",
    # Functions on arrays
    "logits must have shape (n_samples": "Cross-entropy takes a matrix: a row for each sample.",
    "reduction must be": "The mean over the samples, their sum, or none: one loss for each.",
    "label_smoothing must lie": "The fraction of each target that is spread over all classes.",
    "sample_weight must have shape": "One weight for each row of the logits.",
    "sample_weight must be finite": "Weights count rows.",
    "logits must be real": "Take the real part first, if that is what is meant.",
    "logits must have at least one dimension": "A single number has no softmax. Put it into a list.",
    "axis must lie in": "The axis along which the numbers sum to 1.",
    "temperature must be positive": "Logits are divided by it.",
    "out must be an array of shape": "The result has the shape of the logits, and their dtype (float64 for integers).",
    "out must be writeable": "Give an array of your own.",
    "targets of one dimension must be integers": "A vector holds class indices; probabilities need a column for each class.",
    "is not in 0..": "Class indices begin at 0, in the order of the columns.",
    "targets must have shape": "Class indices, or a row of class probabilities for each sample.",
    "targets must be finite and not negative": "Class probabilities or counts.",
    # Displays
    "takes labels, not soft labels": "These curves need decisions that are right or wrong. `ReliabilityDisplay` takes soft labels.",
    "y_true must hold samples of two classes": "There is no curve where all samples are of one class.",
    "Classes without samples have no curve": "The averages are over the others.",
    "with the loss_curve_ of a fit": "Other estimators have no loss curve, nor has what `from_json` makes.",
    "is no classifier with predict_proba": "The display needs the probabilities of a classifier. For scores of another kind, logits for one, use `from_predictions`.",
    "the classes must exclude each other": "Draw each label on its own, by scikit-learn's displays.",
    "labels must differ from each other": "A class has one column of scores.",
    "columns for {len(classes)} classes": "Scores need a column for each class. `labels` names classes that no sample has.",
    "y_score of one dimension": "One column stands for the second of two classes.",
    "takes a linear classifier with a row": "Networks have layers, and some classifiers decide between pairs of classes.",
    "n_features must be a positive": "How many features are shown.",
    "feature_names must be": "A name for each column that the classifier sees.",
    "quantity must be one of": "The loss, or the relative gap to the optimum.",
    "quantity='gap' is for fits": "Networks do not know how far from an optimum they are, nor do fits that ended before they knew.",
    "from_estimator takes a fitted SoftmaxRegressionCV": "The display draws what a cross-validation has found. For a path: `CoefficientPathDisplay.from_path`.",
    "from_path takes a RegularizationPath": "That is what `regularization_path` returns. For a cross-validation: `from_estimator`.",
    "displays need matplotlib": "It is an optional package.",
    "target must be one of the classes": "The class whose coefficients are drawn.",
    "kind must be one of": "One event, that the predicted class is right, or one for each class.",
    "method must be one of": "How fractions are estimated.",
    "n_bins must be a positive": "The number of bins.",
    "n_resamples must be a non-negative": "The number of simulations; 0 for no band.",
    "level must be between": "The probability that the band holds the curve of calibrated predictions.",
    "y_prob must be probabilities": "Apply `skmax.softmax` to logits first.",
    # Export
    "to_json: classes_ must be": "JSON has no other types. Encode the labels.",
    "from_json: text must be": "Read a file first, or join its lines.",
    "labels must be strings or whole numbers": "ONNX has no labels of another type. Encode them.",
    "register_onnx needs skl2onnx": "It is an optional package.",
    "from_json: {where} {must}": "The document is not as `to_json` writes it; the message names the entry.",
    "this is no JSON": "The text is cut off, or something else.",
    "{key} is missing": "The document is not as `to_json` writes it; the message names the entry.",
    "an output for each class": "The last layer does not fit `classes`.",
    "from_json: {where} must be a list of {wanted} {of_what}": "The document is not as `to_json` writes it; the message names the entry.",
    # Dask collections
    "partition {index}: {error}": "The samples of that partition are not as they must be; the rest of the message is that of samples in memory, with the row within the partition.",
    "partitions, expected those of X": "`X`, `y` and weights are cut alike. Repartition one of them.",
    "must be a Dask array, DataFrame or Series": "`skmax.SoftmaxRegression` takes arrays and frames in memory.",
    "{name} has {len(value)} rows": "There is a label, and a weight, for each row of `X`.",
    "could not be made or worked on": "A task has failed on the workers, or has killed several of them: look at their logs, and at their memory.",
    "what it was made of is no longer there": "A worker has died, and what it held cannot be computed again: data that were scattered, say. Make the collection from files or arrays.",
    "the columns are {self.classes}": "Frames of soft labels have the same columns in all partitions.",
    "rows, y has {len(y)}": "The partitions of `X` and `y` hold the same rows. Where their sizes are unknown, `compute_chunk_sizes` tells them.",
    "X has no rows": "All partitions are empty.",
    "the cluster has no workers": "Wait for them: `client.wait_for_workers(1)`.",
    "needs a client of a cluster": "Make a `distributed.Client`, or set the attribute `client`.",
    "must have two dimensions": "Samples are rows. A vector of one column: `X[:, None]`.",
    "y must have one or two dimensions": "A label for each sample, or a column for each class.",
    "X must hold real numbers": "Encode dates, strings and complex numbers first.",
    "NaN in row {np.argwhere": "A label is missing in that partition and row.",
    "labels are numbers in some partitions": "Labels are of one kind in all partitions.",
    "cv must be a number of folds": "Folds are masks within partitions; splitters move rows.",
    "scoring must be {CROSS_ENTROPY}, got": "The log loss is a mean over rows, which other scorers are not.",
    "features, but {type(self).__name__} is expecting": "Predictions need the columns of the fit.",
    "the columns are {list(names)}": "Predictions need the columns of the fit, in that order.",
    "or SoftmaxRegressionCV, got": "Only fitted estimators of this package can be exported; of a pipeline, its last step.",
}  # fmt: skip


@dataclass(frozen=True)
class Message:
    """A warning or an error: where it is raised, its class, and its words with {expressions}."""

    module: str
    kind: str
    template: str

    @property
    def pattern(self) -> str:
        """A regular expression for what the user reads."""
        parts = re.split(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}", self.template)
        return "(?s:" + ".*".join(map(re.escape, parts)) + ")"

    @property
    def text(self) -> str:
        """The words, with an ellipsis for what varies."""
        return re.sub(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}", "…", self.template)

    @property
    def section(self) -> str:
        """Where on the page it stands."""
        fitting = {
            title: max((len(place) for place in places if self.module.startswith(place)), default=0)
            for title, places in SECTIONS.items()
        }
        return max(fitting, key=lambda title: fitting[title])


def messages():
    """Return every message of the package that a user may read, in the order of the code."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        module = path.relative_to(PACKAGE).with_suffix("").as_posix()
        if not module.startswith(INTERNAL):
            for node in ast.walk(ast.parse(path.read_text())):
                found += _of_node(module, node)
    return found


def _of_node(module, node):
    """Return the message that a statement raises, in a list."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
        return [Message(module, ast.unparse(node.exc.func), _template(node.exc.args[0]))]
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "warnings.warn":
        kind = ast.unparse(node.args[1]) if len(node.args) > 1 else "UserWarning"
        return [Message(module, kind, _template(node.args[0]))]
    return []


def _template(node):
    """Return the words of a string expression; what varies in braces."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_template, node.values))
    if isinstance(node, ast.BinOp):
        return _template(node.left) + _template(node.right)
    inner = node.value if isinstance(node, ast.FormattedValue) else node
    return "{" + ast.unparse(inner).replace("{", "").replace("}", "") + "}"


def advice_for(message):
    """Return the keys of `ADVICE` that are words of the message."""
    return [words for words in ADVICE if words in message.template]


def write(folder):
    """Write messages.rst into a folder, if it is not as it should be."""
    path, text = Path(folder) / "messages.rst", page()
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def page():
    """Return the page."""
    lines = [
        "Messages", "========", "",
        "Every warning and error of the package, made from its code. An ellipsis stands for what varies: the value got, the",
        "values allowed, the row or the column. After an error an estimator is as it was before.", "",
        "Why a fit of SoftmaxRegression has not converged", "------------------------------------------------", "",
        *_table("It says", "What to do", [
            (status.sentence, status.advice) for status in Status
            if not status.converged and status.advice
        ]),
        "Without a penalty, classes that can be told apart have no optimum; the warning then names the classes and the columns.",
        "",
        "Why a fit of MLPClassifier has not converged", "--------------------------------------------", "",
        *_table("It says", "", [(sentence, "") for sentence in _endings()]),
    ]  # fmt: skip
    for title in SECTIONS:
        rows = [
            (f"{message.kind}: {message.text}", ADVICE[advice_for(message)[0]])
            for message in messages()
            if message.section == title
        ]
        lines += [title, "-" * len(title), "", *_table("Message", "What it means", rows)]
    return "\n".join(lines).rstrip() + "\n"


def _endings():
    """Return why a network's fit may end before its time."""
    values = {"max_iter": 200, "max_fun": 15000, "learning_rate_init": 0.001, "detail": "…"}
    quiet = (Ending.CONVERGED, Ending.STOPPED_BY_CALLBACK, Ending.INTERRUPTED)
    return [ending.sentence(**values) for ending in Ending if ending not in quiet]


def _table(first, second, rows):
    """Return the lines of a list table; one column where the second has no title."""
    columns = [first, second] if second else [first]
    lines = [
        ".. list-table::",
        "   :header-rows: 1",
        "   :widths: 55 45" if second else "   :widths: 100",
        "",
    ]
    for row in [columns, *rows]:
        cells = row[: len(columns)]
        lines += [f"   {'*' if index == 0 else ' '} - {_escaped(cell) if row is not columns else cell}"
                  for index, cell in enumerate(cells)]  # fmt: skip
    return [*lines, ""]


def _escaped(text):
    """Return text in which reStructuredText sees no markup but our own back quotes."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"([*|_\\])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)
