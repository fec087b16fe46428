"""Between an MLPClassifier and `_network`: parameters to settings, samples, starts, attributes."""

import contextlib
import copy
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Protocol

import numpy as np
import scipy.sparse

from skmax import _network, _threads
from skmax._estimators.progress import Lines, Task
from skmax._estimators.targets import Targets


class Parameters(Protocol):
    """The parameters of an MLPClassifier that decide how it is trained."""

    hidden_layer_sizes: int | Sequence[int]
    activation: str
    solver: str
    alpha: float
    batch_size: int | str
    learning_rate: str
    learning_rate_init: float
    power_t: float
    max_iter: int
    shuffle: bool
    tol: float
    verbose: bool | int
    momentum: float
    nesterovs_momentum: bool
    early_stopping: bool
    validation_fraction: float
    beta_1: float
    beta_2: float
    epsilon: float
    n_iter_no_change: float
    max_fun: int
    dropout: float | Sequence[float]
    label_smoothing: float
    n_init: int
    n_jobs: int | None
    scoring: str | Callable[..., float] | None
    weight_decay: float


@dataclass(frozen=True)
class Earlier:
    """What an earlier fit has left, to be gone on with."""

    coefs: list[np.ndarray]
    intercepts: list[np.ndarray]
    classes: np.ndarray
    out_activation: str
    history: _network.History
    optimiser_state: tuple[np.ndarray, ...]
    n_steps: int

    @property
    def sizes(self) -> tuple[int, ...]:
        """The units of each layer."""
        return sizes_of_coefs(self.coefs)

    def check_same(self, sizes: tuple[int, ...], targets: Targets) -> None:
        """The classes and layers must be those of the weights to go on from."""
        remedy = "make a new estimator, or set warm_start=False for fit"
        if self.out_activation != out_activation(targets):
            raise ValueError(
                f"MLPClassifier goes on from {self.out_activation} outputs, now y makes them "
                f"{out_activation(targets)}: {remedy}"
            )
        if not np.array_equal(self.classes, targets.classes):
            raise ValueError(
                f"MLPClassifier goes on from the classes {self.classes}, now y has "
                f"{targets.classes}: {remedy}"
            )
        if self.sizes != sizes:
            raise ValueError(
                f"MLPClassifier goes on from layers of {self.sizes} units, now they would be "
                f"{sizes}: {remedy}"
            )


@dataclass(frozen=True)
class HeldOut:
    """A validation set as it was read."""

    X: Any  # an array or a CSR matrix
    targets: Targets


def sizes_of_coefs(coefs: Sequence[np.ndarray]) -> tuple[int, ...]:
    """The units of each layer, by the weights (n_in, n_out)."""
    return (*(len(weights) for weights in coefs), coefs[-1].shape[1])


def layer_sizes(model: Parameters, n_columns: int, targets: Targets) -> tuple[int, ...]:
    """The units of each layer: columns, hidden ones, outputs."""
    hidden = model.hidden_layer_sizes
    hidden = [int(hidden)] if isinstance(hidden, Integral | int) else hidden
    return (n_columns, *map(int, hidden), n_outputs(targets))


def n_outputs(targets: Targets) -> int:
    """One logit for two classes, else one for each."""
    n_classes = len(targets.classes)
    return 1 if n_classes == 2 and not targets.multilabel else n_classes


def out_activation(targets: Targets) -> str:
    """What makes probabilities of the logits."""
    return "logistic" if targets.multilabel or n_outputs(targets) == 1 else "softmax"


def network_like(X: Any, sizes: tuple[int, ...], activation: str) -> _network.Network:
    """A network for samples of the dtype and the format of X, its weights 0."""
    layout = _network.NetworkLayout(sizes, activation, X.dtype, scipy.sparse.issparse(X))
    return _network.Network(layout)


def with_weight(X: Any, targets: Targets) -> tuple[Any, Targets]:
    """The samples that have weight: the others are as good as left out."""
    some = targets.weight > 0
    if some.all():
        return X, targets
    return X[some], targets.subset(some)


def set_aside(
    model: Parameters, X: Any, targets: Targets, random: np.random.RandomState
) -> tuple[Any, Targets, HeldOut | None]:
    """The samples to train on, and those that only early stopping sees."""
    if not model.early_stopping:
        return X, targets, None
    from sklearn.model_selection import train_test_split

    kept, aside = train_test_split(
        np.arange(X.shape[0]),
        test_size=model.validation_fraction,
        random_state=random,
        stratify=targets.labels,
    )
    return X[kept], targets.subset(kept), HeldOut(X[aside], targets.subset(aside))


def train(
    model: Parameters,
    X: Any,
    targets: Targets,
    *,
    held_out: HeldOut | None,
    random: np.random.RandomState,
    task: Task,
    earlier: Earlier | None,
) -> _network.TrainingResult:
    """Train one network or several, from drawn weights or the earlier ones: the best result."""
    n_starts = 1 if earlier is not None else model.n_init
    threads, stop = _threads.n_threads(model.n_jobs), _network.StopRequest()
    side_by_side = min(n_starts, threads)
    randoms = [random]
    if n_starts > 1:
        seeds = random.randint(2**31 - 1, size=n_starts)
        randoms = [np.random.RandomState(seed) for seed in seeds]
    sizes = layer_sizes(model, X.shape[1], targets)
    settings = settings_of(model, X.shape[0], len(sizes) - 2)
    samples = _samples(X, targets, model.label_smoothing)
    validation = _validation(model, held_out)
    tasks: dict[int, Task] = {}

    def make(index: int) -> _network.TrainingRun:
        several = n_starts > 1
        tasks[index] = task.part("start", index, model.max_iter) if several else task
        lines = Lines(model.max_iter, f"start {index + 1}  " if several else "")
        network = _network_to_train(model, X, sizes, randoms[index], earlier)
        if several:
            tasks[index].begin()
        return _network.TrainingRun(
            settings,
            network,
            samples,
            random=randoms[index],
            threads=threads // side_by_side,
            observer=_Observer(model, tasks[index], lines),
            stop=stop,
            validation=validation,
            optimiser=_optimiser(settings, network, None),
            history=None if earlier is None else earlier.history,
        )

    def end(index: int, result: _network.TrainingResult) -> bool:
        return n_starts > 1 and tasks[index].end(lambda: attributes_of(model, result))

    task.begin()
    with _divergence_told(model):
        return _network.best_of(
            make, n_starts, model.max_iter, side_by_side=side_by_side, stop=stop, on_end=end
        )


def train_further(
    model: Parameters,
    X: Any,
    targets: Targets,
    *,
    random: np.random.RandomState,
    earlier: Earlier | None,
) -> _network.TrainingResult:
    """One epoch from drawn weights, or from the earlier ones with what the method remembers."""
    sizes = layer_sizes(model, X.shape[1], targets)
    settings = settings_of(model, X.shape[0], len(sizes) - 2)
    network = _network_to_train(model, X, sizes, random, earlier)
    history = _network.History() if earlier is None else earlier.history
    run = _network.TrainingRun(
        settings,
        network,
        _samples(X, targets, model.label_smoothing),
        random=random,
        threads=_threads.n_threads(model.n_jobs),
        observer=_Observer(model, Task(model, None, {}, threading.Lock()), Lines(1)),
        stop=_network.StopRequest(),
        optimiser=_optimiser(settings, network, earlier),
        history=history,
        first_epoch=len(history.loss_curve),
    )
    with _divergence_told(model):
        result = run.run(1)
    if result.ending is _network.Ending.INTERRUPTED:
        raise KeyboardInterrupt
    return result


def attributes_of(model: Parameters, result: _network.TrainingResult) -> dict[str, object]:
    """The attributes that an MLPClassifier has after a run, or would have if it stopped here."""
    curve, scores = result.history.loss_curve, result.history.validation_scores
    best_score = None
    if scores:
        best_score = max(scores) if result.kept is None else result.kept.score
    return {
        "coefs_": result.coefs,
        "intercepts_": result.intercepts,
        "loss_": curve[-1] if curve else np.inf,
        "best_loss_": None if model.early_stopping else min(curve, default=np.inf),
        "loss_curve_": curve,
        "validation_loss_curve_": result.history.validation_losses or None,
        "validation_scores_": scores or None,
        "best_validation_score_": best_score,
        "n_iter_": result.history.n_epochs,
        "t_": result.history.n_seen,
        "converged_": result.ending is _network.Ending.CONVERGED,
    }


def settings_of(model: Parameters, n_samples: int, n_hidden: int) -> _network.Settings:
    """The parameters as the network takes them; `n_hidden` is the number of hidden layers."""
    stochastic, scheduled = model.solver != "lbfgs", model.learning_rate in _network.SCHEDULES
    follows = stochastic and (model.solver == "sgd" or scheduled)
    if model.early_stopping:
        by_score = model.scoring is not None
        monitor = (
            _network.Monitor.VALIDATION_SCORE if by_score else _network.Monitor.VALIDATION_LOSS
        )
    else:
        monitor = _network.Monitor.TRAINING_LOSS
    stops_early = model.early_stopping or (stochastic and not scheduled)
    rule = _network.EarlyStopping(monitor, float(model.tol), model.n_iter_no_change)
    return _network.Settings(
        method=_method(model),
        alpha=float(model.alpha),
        max_iter=model.max_iter,
        early_stopping=rule if stops_early else None,
        batch_size=min(
            200 if isinstance(model.batch_size, str) else int(model.batch_size), n_samples
        ),
        shuffle=model.shuffle,
        dropout=_dropout(model.dropout, n_hidden) if stochastic else (),
        learning_rate=model.learning_rate if follows else "constant",
        learning_rate_init=float(model.learning_rate_init),
        power_t=float(model.power_t),
    )


def _method(model: Parameters) -> _network.Method:
    """The method that `solver` names, with its parameters."""
    if model.solver == "lbfgs":
        return _network.Lbfgs(float(model.tol), model.max_fun)
    if model.solver == "sgd":
        return _network.Sgd(float(model.momentum), bool(model.nesterovs_momentum))
    decay = float(model.weight_decay) if model.solver == "adamw" else 0.0
    return _network.Adam(float(model.beta_1), float(model.beta_2), float(model.epsilon), decay)


def _dropout(dropout: float | Sequence[float], n_hidden: int) -> tuple[float, ...]:
    """The rate of each hidden layer."""
    if not isinstance(dropout, Sequence | np.ndarray):
        return (float(dropout),) * n_hidden
    if len(dropout) != n_hidden:
        raise ValueError(
            f"MLPClassifier: dropout must be a number or one for each of the {n_hidden} hidden "
            f"layers, got {dropout!r}"
        )
    return tuple(float(rate) for rate in dropout)


def _network_to_train(
    model: Parameters,
    X: Any,
    sizes: tuple[int, ...],
    random: np.random.RandomState,
    earlier: Earlier | None,
) -> _network.Network:
    """A network with weights drawn by `random`, or those of the earlier fit."""
    network = network_like(X, sizes, model.activation)
    if earlier is None:
        network.set_layers(_network.draw(sizes, model.activation, random))
    else:
        network.set_layers(list(zip(earlier.coefs, earlier.intercepts, strict=True)))
    return network


def _optimiser(
    settings: _network.Settings, network: _network.Network, earlier: Earlier | None
) -> _network.Optimiser | None:
    """The stochastic method, with what it remembers of the earlier fit; None for L-BFGS."""
    if isinstance(settings.method, _network.Lbfgs):
        return None
    state = () if earlier is None else earlier.optimiser_state
    n_steps = 0 if earlier is None else earlier.n_steps
    return _network.Optimiser(settings.method, network.layout, state, n_steps)


def _samples(X: Any, targets: Targets, smoothing: float = 0.0) -> _network.Samples:
    """Rows, targets and weights for the kernels."""
    if smoothing > 0:
        targets = targets.smoothed(smoothing)
    rows = _network.rows_of(X)
    return _network.Samples(rows, targets.for_kernels(n_outputs(targets), X.dtype), targets.weight)


def _validation(model: Parameters, held_out: HeldOut | None) -> _network.Validation | None:
    """The validation set for the epochs, with the scorer that `scoring` names."""
    if held_out is None:
        return None
    X, y, samples = held_out.X, held_out.targets.as_y(), _samples(held_out.X, held_out.targets)
    if model.scoring is None:
        return _network.Validation(samples)
    from sklearn.metrics import check_scoring

    scorer = check_scoring(model, model.scoring)

    def score(reached: _network.TrainingResult) -> float:
        view = copy.copy(model)
        vars(view).update(attributes_of(model, reached))
        vars(view).pop("feature_names_in_", None)  # X is an array by now
        return float(scorer(view, X, y))

    return _network.Validation(samples, score)


class _Observer:
    """Tells callbacks of the epochs of a run, and prints a line for each if `verbose`."""

    def __init__(self, model: Parameters, task: Task, lines: Lines) -> None:
        self.name = "iteration" if model.solver == "lbfgs" else "epoch"
        self.model, self.verbose, self.lines = model, bool(model.verbose), lines
        self.task = self.epoch = task

    def on_epoch_begin(self) -> None:
        """Tell callbacks that it begins."""
        self.epoch = self.task.part(self.name)
        self.epoch.begin()

    def on_epoch_end(
        self, loss: float, rating: _network.Rating | None, run: _network.TrainingRun
    ) -> bool:
        """Print a line and tell callbacks: whether one of them asks to stop."""
        if self.verbose:
            self.lines.epoch_ends(loss, rating)
        return self.epoch.end(lambda: attributes_of(self.model, run.snapshot()))


@contextlib.contextmanager
def _divergence_told(model: Parameters) -> Iterator[None]:
    """Say what to do of a loss that is not finite."""
    try:
        yield
    except _network.Diverged as error:
        if model.solver == "lbfgs":
            raise ValueError(
                f"MLPClassifier: the loss is not finite in iteration {error.epoch}: scale X's "
                "columns"
            ) from None
        raise ValueError(
            f"MLPClassifier has diverged: the loss is not finite in epoch {error.epoch}. Lower "
            f"learning_rate_init={model.learning_rate_init!r}, or scale the columns of X."
        ) from None
