"""A multi-layer perceptron as a scikit-learn estimator."""

import copy
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skmax import _network, _threads
from skmax._error_state import own_error_state
from skmax._estimators import documentation, network_fit
from skmax._estimators import parameters as allowed
from skmax._estimators.network_fit import Earlier, HeldOut
from skmax._estimators.prediction import (
    fraction_on_predicted,
    to_log_probabilities,
    to_probabilities,
    with_first,
)
from skmax._estimators.progress import FRAMES, CallbackSupport, fit_task, with_callbacks
from skmax._estimators.rollback import rollback_on_error
from skmax._estimators.samples import check_finite, read_samples
from skmax._estimators.targets import Targets, is_multilabel, is_soft, read_multilabel, read_targets

if TYPE_CHECKING:  # imported where it is needed: a fit needs neither it nor the metrics
    from sklearn import neural_network

CONSTRAINTS = {
    "hidden_layer_sizes": allowed.LAYERS,
    "activation": allowed.one_of(*_network.ACTIVATIONS),
    "solver": allowed.one_of("adam", "adamw", "sgd", "lbfgs"),
    "alpha": allowed.number(0),
    "batch_size": allowed.either("auto", allowed.integer(1)),
    "learning_rate": allowed.one_of("constant", "invscaling", "adaptive", *_network.SCHEDULES),
    "learning_rate_init": allowed.POSITIVE,
    "power_t": allowed.number(0),
    "max_iter": allowed.integer(1),
    "shuffle": allowed.BOOLEAN,
    "random_state": allowed.SEED,
    "tol": allowed.number(0),
    "verbose": allowed.VERBOSITY,
    "warm_start": allowed.BOOLEAN,
    "momentum": allowed.FRACTION,
    "nesterovs_momentum": allowed.BOOLEAN,
    "early_stopping": allowed.BOOLEAN,
    "validation_fraction": allowed.PROPER_FRACTION,
    "beta_1": allowed.number(0, 1),
    "beta_2": allowed.number(0, 1),
    "epsilon": allowed.POSITIVE,
    "n_iter_no_change": allowed.PATIENCE,
    "max_fun": allowed.integer(1),
    "class_weight": allowed.CLASS_WEIGHT,
    "dropout": allowed.DROPOUT,
    "label_smoothing": allowed.number(0, 1),
    "n_init": allowed.integer(1),
    "n_jobs": allowed.JOBS,
    "scoring": allowed.SCORING,
    "weight_decay": allowed.number(0),
}
#: Products of a weight and a row below which a second thread costs more than it brings.
SMALL = 1_200_000
#: Rows of a prediction up to which the weights are used as they lie.
FEW_ROWS = 8
PEERS_ACTIVATIONS = ("identity", "logistic", "tanh", "relu")


def _is_stochastic(model: "MLPClassifier") -> bool:
    """Whether epochs of minibatches train the network."""
    if model.solver == "lbfgs":
        raise AttributeError("partial_fit is for solvers with minibatches, not solver='lbfgs'")
    return True


class MLPClassifier(CallbackSupport, ClassifierMixin, BaseEstimator):
    r"""Multi-layer perceptron: dense layers, trained by minibatches or by L-BFGS.

    Minimises

    .. math:: \frac1S \sum_i s_i \, \mathrm{CE}(t_i, \mathrm{softmax}(z_i))
              + \frac{\alpha}{2 S} \|W\|^2, \qquad S = \sum_i s_i,

    where the logits :math:`z_i` are what comes out of the last layer. A minibatch :math:`B`
    contributes

    .. math:: \frac{n}{|B| S} \sum_{i \in B} s_i \nabla \mathrm{CE}_i + \frac{\alpha}{S} W,

    so `alpha` means the same for every batch size. (scikit-learn divides its penalty by
    :math:`|B|`: for the same steps, multiply its `alpha` by ``n_samples / batch_size``.) For two
    classes there is one logit and one sigmoid, as in scikit-learn; each label of a multi-label `y`
    has one of its own.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        The units of each hidden layer; ``()`` for none, which is softmax regression.
    activation : str, default="relu"
        What hidden units make of their input: "identity", "logistic", "tanh", "relu", "leaky_relu"
        (of slope 0.01 below 0), "gelu" or "silu".
    solver : {"adam", "adamw", "sgd", "lbfgs"}, default="adam"
        The method. "adamw" is Adam with `weight_decay`; "lbfgs" goes over all samples at once.
    alpha : float, default=0.0001
        The strength of the L2 penalty; biases have none.
    batch_size : int or "auto", default="auto"
        Samples of a minibatch; "auto" is 200. Never more than there are.
    learning_rate : str, default="constant"
        How the learning rate goes. "constant" stays. "cosine" falls to 0 over `max_iter` epochs,
        "one_cycle" rises from a 25th for 30% of them and then falls: the fit goes through all
        `max_iter`, unless `early_stopping` ends it. "invscaling" (divided by ``(t_ + 1) **
        power_t``) and "adaptive" (divided by 5 where the fit would end otherwise, down to 1e-6) are
        for "sgd", as in scikit-learn; other solvers then keep it constant.
    learning_rate_init : float, default=0.001
        The learning rate; the largest one of a schedule.
    power_t : float, default=0.5
        The exponent of "invscaling".
    max_iter : int, default=200
        The most epochs; of "lbfgs", iterations.
    shuffle : bool, default=True
        Whether each epoch goes over the samples in a new order.
    random_state : int, RandomState or None, default=None
        Decides initial weights, order of the samples, dropout and the validation split. The same
        number gives the same model to the last bit, for any `n_jobs`.
    tol : float, default=1e-4
        An epoch counts as progress where the loss falls by more than `tol`. For "lbfgs" the largest
        entry of the gradient at which it ends.
    verbose : bool or int, default=False
        Whether to print a line per epoch.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the last one.
    momentum : float, default=0.9
        That of "sgd".
    nesterovs_momentum : bool, default=True
        Whether momentum is Nesterov's.
    early_stopping : bool, default=False
        Whether the validation set ends the fit, where `n_iter_no_change` epochs bring no progress
        there. The weights of its best epoch are then kept.
    validation_fraction : float, default=0.1
        The fraction of the samples that early stopping sets aside, stratified by class, where `fit`
        is given no validation set.
    beta_1, beta_2, epsilon : float, default=0.9, 0.999, 1e-8
        Those of Adam.
    n_iter_no_change : int, default=10
        Epochs without progress after which the fit ends.
    max_fun : int, default=15000
        The most evaluations of "lbfgs".
    class_weight : dict or "balanced", default=None
        A factor for the weight of each class (1 where a class is not named), or "balanced" for the
        inverse of the weighted counts. Not for multi-label `y`.
    dropout : float or sequence of float, default=0.0
        The probability with which a hidden unit is left out of a sample's step, or one for each
        hidden layer. Not for "lbfgs".
    label_smoothing : float, default=0.0
        The fraction of each target that is spread evenly over all classes.
    n_init : int, default=1
        Starts from different initial weights, side by side where `n_jobs` allows; the best by
        validation loss, or else by training loss, is kept. One with `warm_start`, from the second
        fit on.
    n_jobs : int or None, default=None
        The most threads; None and -1 mean all that the process may use.
    scoring : str, callable or None, default=None
        A scorer that decides about early stopping; None for the validation loss.
    weight_decay : float, default=0.01
        The fraction of the learning rate by which "adamw" shrinks weights (not biases) in a step.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels; of a multi-label or soft `y`, the names or numbers of its columns.
    coefs_ : list of ndarray of shape (n_in, n_out)
        The weights of each layer, float32 for float32 `X`, else float64.
    intercepts_ : list of ndarray of shape (n_out,)
        The biases of each layer.
    loss_ : float
        The last entry of `loss_curve_`.
    best_loss_ : float or None
        The smallest entry of `loss_curve_`; None with `early_stopping`, where the validation set
        decides.
    loss_curve_ : list of float
        The objective above after each epoch; its first term is the mean over the minibatches, each
        before its step. Where a fit goes on from the last one, this curve, those of the validation
        set and `t_` go on too.
    validation_loss_curve_ : list of float or None
        The loss on the validation set after each epoch, without penalty and smoothing.
    validation_scores_ : list of float or None
        The score there: that of `scoring`, or else the accuracy.
    best_validation_score_ : float or None
        The score of the weights that were kept, or the best one if the last were kept.
    n_iter_ : int
        The number of epochs of the last fit; 1 after `partial_fit`.
    t_ : int
        The number of samples in all minibatches so far.
    n_layers_ : int
        The number of layers, that of the columns and that of the outputs among them.
    n_outputs_ : int
        The number of logits.
    out_activation_ : {"softmax", "logistic"}
        What makes probabilities of the logits.
    converged_ : bool
        Whether the fit ended by its own rule: by `tol`, by early stopping, or at the end of a
        schedule.
    n_features_in_ : int
        The number of columns of `X`.
    feature_names_in_ : ndarray of shape (n_features,)
        The names of the columns, where all are strings.

    Warns
    -----
    ConvergenceWarning
        If `max_iter` or `max_fun` ends the fit.
    UserWarning
        If Ctrl-C ends it: the estimator is usable, and `converged_` is False.

    See Also
    --------
    SoftmaxRegression : No hidden layers, and a fit that reaches the optimum.
    sklearn.neural_network.MLPClassifier : The same model; `to_sklearn` makes one.

    Notes
    -----
    *Initial weights* and biases are uniform in [-b, b], drawn in the order of scikit-learn. A layer
    that takes what "relu", "leaky_relu", "gelu" or "silu" has left has :math:`b^2 = 6 / n_{in}`
    (He); all others, the first one too, :math:`b^2 = 6 / (n_{in} + n_{out})`, and a third of that
    for "logistic" (Glorot).

    *Several columns of y* are told apart by dtype: integers, booleans or a sparse matrix are
    multi-label, 0 or 1; floats are soft labels, class probabilities or counts, as in
    `SoftmaxRegression`.

    References
    ----------
    D. P. Kingma, J. Ba, Adam: A method for stochastic optimization, ICLR 2015.
    I. Loshchilov, F. Hutter, Decoupled weight decay regularization, ICLR 2019.
    X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward neural networks,
    AISTATS 2010. K. He and others, Delving deep into rectifiers, ICCV 2015.
    N. Srivastava and others, Dropout, Journal of Machine Learning Research 15, 2014.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmax import MLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier((64,), learning_rate="one_cycle", learning_rate_init=0.01,
    ...                       max_iter=30, random_state=0)
    >>> model.fit(X / 16, y).converged_, model.score(X / 16, y) > 0.98
    (True, True)
    """

    # The documented hooks of scikit-learn's representation in notebooks.
    _doc_link_module = documentation.MODULE
    _doc_link_template = documentation.PAGE

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        class_weight: Mapping[Any, float] | str | None = None,
        dropout: float | Sequence[float] = 0.0,
        label_smoothing: float = 0.0,
        n_init: int = 1,
        n_jobs: int | None = None,
        scoring: str | Callable[..., float] | None = None,
        weight_decay: float = 0.01,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.class_weight = class_weight
        self.dropout = dropout
        self.label_smoothing = label_smoothing
        self.n_init = n_init
        self.n_jobs = n_jobs
        self.scoring = scoring
        self.weight_decay = weight_decay

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        return tags

    @with_callbacks
    @own_error_state
    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None
    ) -> "MLPClassifier":
        """Fit the network; after an error the estimator is as it was before.

        Ctrl-C, or a callback that asks to stop, leaves what was reached until then.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples. float32 and float64 are used as they are, all else is converted.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Class labels; 0 and 1 for each class apart (multi-label), if integer, boolean or sparse;
            or class probabilities or counts, if float.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights; a weight of 0 is as good as leaving the sample out. In a full batch, a whole
            number is as good as that many samples.
        X_val, y_val : array-like, default=None
            A validation set, of the same kind as `X` and `y`: its loss and score are kept after
            each epoch. With `early_stopping` it takes the place of the split.

        Returns
        -------
        MLPClassifier
            The estimator itself.

        Raises
        ------
        ValueError
            If a parameter, a column of `X`, a row of `y` or a weight is not as it must be, fewer
            than two classes have weight, or the loss becomes infinite or NaN.
        TypeError
            If `X` or `y` is of a kind that cannot be read.
        """
        earlier = self._earlier() if self.warm_start else None
        one = earlier is not None or self.n_init == 1
        n_parts = self.max_iter if one else self.n_init
        task = fit_task(self, X, y, sample_weight, n_parts, in_order=one)
        with rollback_on_error(self):
            allowed.check_parameters(self, CONSTRAINTS)
            random = check_random_state(self.random_state)
            X, targets = self._read(X, y, sample_weight)
            X, targets = network_fit.with_weight(X, targets)
            held_out = self._read_held_out(X_val, y_val, targets, X)
            if held_out is None:
                X, targets, held_out = network_fit.set_aside(self, X, targets, random)
            self._take_shape(X.shape[1], targets, earlier)
            with _threads.one_blas_thread():
                result = network_fit.train(
                    self, X, targets, held_out=held_out, random=random, task=task, earlier=earlier
                )
                self._keep(result)
                task.end(lambda: network_fit.attributes_of(self, result))
            self._warn_if_short(result)
        return self

    @available_if(_is_stochastic)
    @own_error_state
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> "MLPClassifier":
        """Go once over some samples, from the present weights and the method's memory.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            As in `fit`; the labels must be among the classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.
        classes : array-like of shape (n_classes,), default=None
            All classes that will occur: needed at the first call, unless `y` has several columns.

        Returns
        -------
        MLPClassifier
            The estimator itself.

        Raises
        ------
        ValueError
            As in `fit`; if the first call has no `classes`, a later one has others, or `y` holds
            labels that are not among them; if a parameter asks for what takes all samples:
            `early_stopping` or ``class_weight="balanced"``; if no sample has weight.

        Notes
        -----
        Schedules of the learning rate go over `max_iter` calls; after those, "cosine" is at 0.
        """
        with rollback_on_error(self):
            allowed.check_parameters(self, CONSTRAINTS)
            if self.early_stopping:
                raise ValueError("MLPClassifier: partial_fit allows no early_stopping=True")
            if isinstance(self.class_weight, str):
                raise ValueError(
                    "MLPClassifier: partial_fit allows no class_weight='balanced': give a dict"
                )
            known = self._known_classes(classes)
            if known is None and not is_soft(y):
                raise ValueError("MLPClassifier: the first call of partial_fit needs classes")
            earlier = self._earlier()
            X, targets = self._read(X, y, sample_weight, known, reset=earlier is None)
            X, targets = network_fit.with_weight(X, targets)
            self._take_shape(X.shape[1], targets, earlier)
            random = self._random_of_call(earlier)
            with _threads.one_blas_thread():
                result = network_fit.train_further(self, X, targets, random=random, earlier=earlier)
            self._keep(result)
        return self

    @own_error_state
    def predict(self, X: Any) -> np.ndarray:
        """Predict the most probable class of each sample, or each of several labels.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        ndarray of shape (n_samples,), or (n_samples, n_classes) for multi-label
            Class labels; for multi-label 0 or 1.
        """
        logits = self.decision_function(X)
        if self._is_multilabel():
            return (logits > 0).astype(int)
        best = (logits > 0).astype(int) if logits.ndim == 1 else logits.argmax(axis=1)
        return self.classes_[best]

    @own_error_state
    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities in the order of `classes_`; for multi-label they sum to anything. None is
            0, and none of several labels 1: no logit makes them so, and rounding is to the nearest
            number that is not.
        """
        p = self._finished_logits(X, to_probabilities)
        zero, one = p.dtype.type(0), p.dtype.type(1)
        most = np.nextafter(one, zero) if self._is_multilabel() else one
        return np.clip(p, np.nextafter(zero, one), most, out=p)

    @own_error_state
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Predict the logarithm of each class's probability.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Log-probabilities in the order of `classes_`, not below that of the smallest number
            (-744.4, or -103.3 in float32): `predict_proba` could not tell them apart. Logits can.
        """
        log_p = self._finished_logits(X, to_log_probabilities)
        zero, one = log_p.dtype.type(0), log_p.dtype.type(1)
        return np.maximum(log_p, np.log(np.nextafter(zero, one)), out=log_p)

    @own_error_state
    def decision_function(self, X: Any) -> np.ndarray:
        """Compute the logits.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            The logit of each class; for two classes that of ``classes_[1]``.
        """
        logits = self._logits(X)
        return logits[:, 0] if self.n_outputs_ == 1 else logits

    @own_error_state
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Compute the accuracy of the predictions.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The samples.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            True labels, or soft labels with the columns in the order of `classes_`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.

        Returns
        -------
        float
            The weighted fraction of samples all labels of which are right; for soft labels the
            fraction of the targets' mass that lies on the predicted classes.
        """
        check_is_fitted(self)
        several = is_multilabel(y)
        if is_soft(y) and several != self._is_multilabel():
            raise ValueError(
                f"y: several columns are integer for a multi-label model and float (soft labels) "
                f"otherwise; the outputs of this one are {self.out_activation_}"
            )
        if is_soft(y) and not several:
            return fraction_on_predicted(y, self.classes_, self._all_logits(X), sample_weight)
        if several:
            y = y if hasattr(y, "shape") else np.asarray(y)
            y = read_multilabel(y, None, y.shape[0], self.classes_).as_y()
        from sklearn.metrics import accuracy_score

        return float(accuracy_score(y, self.predict(X), sample_weight=sample_weight))

    @own_error_state
    def to_sklearn(self) -> "neural_network.MLPClassifier":
        """Make a fitted MLPClassifier of scikit-learn with the same weights.

        Whatever reads those, export to ONNX say, then works.

        Returns
        -------
        sklearn.neural_network.MLPClassifier
            Predicts the same probabilities.

        Raises
        ------
        ValueError
            If scikit-learn has no such activation.
        """
        check_is_fitted(self)
        if self.activation not in PEERS_ACTIVATIONS:
            raise ValueError(
                f"scikit-learn's MLPClassifier has no activation={self.activation!r}, only "
                f"{', '.join(map(repr, PEERS_ACTIVATIONS))}"
            )
        from sklearn import neural_network

        other = neural_network.MLPClassifier()
        own = {name: value for name, value in self.get_params().items() if name in vars(other)}
        if own["learning_rate"] in _network.SCHEDULES:
            own["learning_rate"] = "constant"
        if own["solver"] == "adamw":
            own["solver"] = "adam"
        other.set_params(**own | {"solver": "sgd", "early_stopping": False, "random_state": 0})
        # One step on rows of zeros gives it its layers; then it gets these weights.
        X = np.zeros((len(self.classes_), self.n_features_in_), self.coefs_[0].dtype)
        y, classes = self.classes_, self.classes_
        if self._is_multilabel():
            y, classes = np.eye(len(X), dtype=int), np.arange(len(X))
        other.partial_fit(X, y, classes=classes)
        other.set_params(**own)
        for name in ("coefs_", "intercepts_"):
            setattr(other, name, [array.copy() for array in getattr(self, name)])
        if self._is_multilabel():
            other.classes_ = self.classes_.copy()
        else:  # there in ascending order; here in that of the columns of soft labels
            order = np.argsort(self.classes_)
            other.classes_ = self.classes_[order]
            for arrays in (other.coefs_, other.intercepts_):
                one = self.n_outputs_ == 1
                arrays[-1] = (
                    arrays[-1] * (1 if order[0] == 0 else -1) if one else (arrays[-1][..., order])
                )
        for name in ("loss_", "best_loss_", "loss_curve_", "n_iter_", "t_"):
            setattr(other, name, copy.copy(getattr(self, name)))
        if hasattr(self, "feature_names_in_"):
            other.feature_names_in_ = self.feature_names_in_.copy()
        return other

    def _read(
        self, X: Any, y: Any, sample_weight: Any, classes: Any = None, reset: bool = True
    ) -> tuple[Any, Targets]:
        """X as the kernels take it, and what `y` says of its rows."""
        X = read_samples(self, X, None if y is None else "no_validation", reset=reset)
        check_finite(self, X)
        return X, self._read_targets(y, sample_weight, X.shape[0], self.class_weight, classes)

    def _read_targets(
        self, y: Any, sample_weight: Any, n_samples: int, class_weight: Any, classes: Any = None
    ) -> Targets:
        """Labels, soft labels or several labels, by the shape and dtype of `y`."""
        if not hasattr(y, "shape"):
            y = np.asarray(y)
        if not is_multilabel(y):
            targets = read_targets(y, sample_weight, class_weight, n_samples, classes)
        elif class_weight is not None:
            raise ValueError(
                f"MLPClassifier: class_weight={self.class_weight!r} is for classes that exclude "
                "each other, and y is multi-label: use sample_weight"
            )
        else:
            targets = read_multilabel(y, sample_weight, n_samples, classes)
        if not targets.weight.any():
            raise ValueError("y: no sample has weight, once class_weight is applied")
        return targets

    def _read_held_out(self, X: Any, y: Any, targets: Targets, like: Any) -> HeldOut | None:
        """The validation set that `fit` was given, in the format of the samples."""
        if (X is None) != (y is None):
            raise ValueError("MLPClassifier: X_val and y_val must be given together")
        if X is None:
            return None
        X = self._of_dtype(read_samples(self, X, reset=False), like.dtype)
        if scipy.sparse.issparse(like):
            X = scipy.sparse.csr_matrix(X)
        elif scipy.sparse.issparse(X):
            X = X.toarray()
        if is_multilabel(y) != targets.multilabel:
            raise ValueError("y_val is multi-label and y is not, or the other way round")
        factors = None
        if targets.class_factors is not None:
            factors = dict(zip(targets.classes.tolist(), targets.class_factors, strict=True))
        found = self._read_targets(y, None, X.shape[0], factors, targets.classes)
        return HeldOut(X, found)

    def _earlier(self) -> Earlier | None:
        """What the last fit has left, to be gone on with; None before the first."""
        if not hasattr(self, "coefs_"):
            return None
        history = _network.History(
            list(self.loss_curve_),
            list(self.validation_loss_curve_ or []),
            list(self.validation_scores_ or []),
            self.t_,
            n_earlier=len(self.loss_curve_),
        )
        return Earlier(
            coefs=self.coefs_,
            intercepts=self.intercepts_,
            classes=self.classes_,
            out_activation=self.out_activation_,
            history=history,
            optimiser_state=tuple(getattr(self, "_optimiser_state", ())),
            n_steps=getattr(self, "_optimiser_steps", 0),
        )

    def _take_shape(self, n_columns: int, targets: Targets, earlier: Earlier | None) -> None:
        """Set what does not change while the network is trained."""
        sizes = network_fit.layer_sizes(self, n_columns, targets)
        if earlier is not None:
            earlier.check_same(sizes, targets)
        self.classes_ = targets.classes
        self.n_layers_, self.n_outputs_ = len(sizes), sizes[-1]
        self.out_activation_ = network_fit.out_activation(targets)

    def _random_of_call(self, earlier: Earlier | None) -> np.random.RandomState:
        """The random numbers of a partial_fit."""
        seed = self.random_state
        if earlier is None or seed is None or isinstance(seed, np.random.RandomState):
            return check_random_state(seed)
        # The same order and masks at each call would do harm.
        return np.random.RandomState([int(seed), len(earlier.history.loss_curve)])

    def _keep(self, result: _network.TrainingResult) -> None:
        """Take over what the training has come to."""
        for name, value in network_fit.attributes_of(self, result).items():
            setattr(self, name, value)
        for name in ("_optimiser_state", "_optimiser_steps"):
            self.__dict__.pop(name, None)
        if result.optimiser_state:
            self._optimiser_state = list(result.optimiser_state)
            self._optimiser_steps = result.n_steps

    def _warn_if_short(self, result: _network.TrainingResult) -> None:
        """Say why a fit has not converged and what to do."""
        ending = result.ending
        if ending is _network.Ending.INTERRUPTED:
            warnings.warn(
                f"MLPClassifier was interrupted after {self.n_iter_} epochs: it keeps what it has "
                "learnt so far",
                UserWarning,
                stacklevel=4 + FRAMES,
            )
        elif ending not in (_network.Ending.CONVERGED, _network.Ending.STOPPED_BY_CALLBACK):
            assert ending is not None
            reason = ending.sentence(
                max_iter=self.max_iter,
                max_fun=self.max_fun,
                learning_rate_init=self.learning_rate_init,
                detail=result.detail,
            )
            warnings.warn(
                f"MLPClassifier has not converged: {reason}.",
                ConvergenceWarning,
                stacklevel=4 + FRAMES,
            )

    def _known_classes(self, classes: Any) -> Any:
        """The classes of partial_fit: those of the first call, or of the last fit."""
        given = None if classes is None else np.unique(classes)
        if given is not None and len(given) < 2:
            raise ValueError(f"MLPClassifier: classes must name two classes or more, got {classes}")
        known = getattr(self, "classes_", None) if hasattr(self, "coefs_") else None
        if known is not None and given is not None and not np.array_equal(known, given):
            raise ValueError(f"MLPClassifier: classes={classes!r} are not those before: {known}")
        return given if known is None else known

    def _is_multilabel(self) -> bool:
        """Whether each output is a label of its own."""
        return self.out_activation_ == "logistic" and self.n_outputs_ > 1

    def _logits(self, X: Any) -> np.ndarray:
        """The logits (n, n_outputs_)."""
        check_is_fitted(self)
        X = self._of_dtype(read_samples(self, X, reset=False), self.coefs_[0].dtype)
        if X.shape[0] <= FEW_ROWS:
            return _network.logits_of_few(X, self.coefs_, self.intercepts_, self.activation)
        network = network_fit.network_like(
            X, network_fit.sizes_of_coefs(self.coefs_), self.activation
        )
        network.set_layers(list(zip(self.coefs_, self.intercepts_, strict=True)))
        small = X.shape[0] * network.weights.size < SMALL
        threads = 1 if small else _threads.n_threads(self.n_jobs)
        return network.logits(_network.rows_of(X), X.shape[0], threads)

    def _of_dtype(self, X: Any, dtype: Any) -> Any:
        """X in the precision of the weights, in which it must be finite."""
        with np.errstate(over="ignore"):
            X = X.astype(dtype, copy=False)
        check_finite(self, X)
        return X

    def _all_logits(self, X: Any) -> np.ndarray:
        """A logit for every class: that of the first of two is 0."""
        logits = self._logits(X)
        return with_first(logits) if self.n_outputs_ == 1 else logits

    def _finished_logits(self, X: Any, finish: Callable[[np.ndarray], None]) -> np.ndarray:
        """What `finish` makes of the logits, in place; of each label's own, if multi-label."""
        logits = self._all_logits(X)
        if self._is_multilabel():
            both = with_first(logits.reshape(-1, 1))
            finish(both)
            return np.ascontiguousarray(both[:, 1]).reshape(logits.shape)
        finish(logits)
        return logits
