"""A whole fit: the starts, side by side, and the attributes that the best of them makes."""

import threading
from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from skmax import _threads
from skmax._fitting.parts import (
    check_same,
    network_of,
    optimiser_of,
    out_activation_of,
    samples_of,
    sizes_of,
)
from skmax._fitting.start import ASKED, INTERRUPTED, Divergence, Halt, History, Start
from skmax._fitting.validation import HeldOut, validation_of
from skmax._progress import Lines, Task
from skmax._targets import Targets


def train(
    model: Any, X: Any, targets: Targets, held_out: HeldOut | None, random: Any, task: Task
) -> str:
    """Train one network or several, and give `model` the attributes of the best.

    Why it stopped short, or "".
    """
    threads, halt = _threads.n_threads(model.n_jobs), Halt()
    goes_on = model.warm_start and hasattr(model, "coefs_")
    sizes = _take_shape(model, X, targets, goes_on)
    n_starts = n_starts_of(model)
    side_by_side = min(n_starts, threads)
    randoms = [random]
    if n_starts > 1:
        seeds = random.randint(2**31 - 1, size=n_starts)
        randoms = [np.random.RandomState(seed) for seed in seeds]
    samples = samples_of(X, targets, model.label_smoothing)
    validation = validation_of(model, held_out)

    def start(place: int) -> Start:
        several = n_starts > 1
        return Start(
            model=model,
            network=network_of(model, sizes, X, None if goes_on else randoms[place]),
            samples=samples,
            optimiser=optimiser_of(model),
            validation=validation,
            random=randoms[place],
            history=_history(model) if goes_on else History(),
            threads=threads // side_by_side,
            halt=halt,
            n_epochs=model.max_iter,
            task=task.part("start", place, model.max_iter) if several else task,
            lines=Lines(model.max_iter, f"start {place + 1}  " if several else ""),
            attributes=_attributes,
        )

    task.begin()
    best = _best_of(start, n_starts, side_by_side, halt)
    _keep(model, best)
    task.end(lambda: _attributes(best))
    return best.reason


def train_further(model: Any, X: Any, targets: Targets) -> None:
    """One epoch from the present weights, with what the method remembers."""
    first = not hasattr(model, "coefs_")
    sizes = _take_shape(model, X, targets, not first)
    history = History() if first else _history(model)
    n_done = len(history.loss_curve)
    random = check_random_state(model.random_state)
    if isinstance(model.random_state, Integral) and not first:
        # The same order and masks at each call would do harm.
        random = np.random.RandomState([int(model.random_state), n_done])
    optimiser = optimiser_of(model)
    assert optimiser is not None
    optimiser.memory = getattr(model, "_optimiser_memory", [])
    optimiser.n_steps = getattr(model, "_optimiser_steps", 0)
    start = Start(
        model=model,
        network=network_of(model, sizes, X, random if first else None),
        samples=samples_of(X, targets, model.label_smoothing),
        optimiser=optimiser,
        validation=None,
        random=random,
        history=history,
        threads=_threads.n_threads(model.n_jobs),
        halt=Halt(),
        n_epochs=1,
        first_epoch=n_done,
        task=Task(model, None, {}, threading.Lock()),
        lines=Lines(1),
        attributes=_attributes,
    )
    start.run()
    if start.reason == INTERRUPTED:
        raise KeyboardInterrupt
    _keep(model, start)


def _best_of(make: Callable[[int], Start], n_starts: int, side_by_side: int, halt: Halt) -> Start:
    """Run starts, some side by side: the one that came to the lowest loss, the first of equals."""
    best: list[tuple[float, int, Start]] = []
    diverged: dict[int, Divergence] = {}
    lock = threading.Lock()

    def run(place: int) -> None:
        if halt.reason and best:
            return
        start = make(place)
        if n_starts > 1:
            start.task.begin()
        try:
            start.run()
        except Divergence as error:
            diverged[place] = error
            return
        with lock:
            best.append((start.quality, place, start))
            best[:] = [min(best, key=lambda entry: entry[:2])]
        if n_starts > 1 and start.task.end(lambda: start.attributes(start)):
            halt.ask(ASKED)

    try:
        _threads.map_in_order(run, range(n_starts), side_by_side, lambda: halt.ask(INTERRUPTED))
    except KeyboardInterrupt:  # outside of a start's epochs
        halt.ask(INTERRUPTED)
    if not best:
        raise diverged[min(diverged)] if diverged else KeyboardInterrupt
    best[0][2].reason = halt.reason or best[0][2].reason
    return best[0][2]


def n_starts_of(model: Any) -> int:
    """The number of starts of the next fit: one where it goes on from the last."""
    return 1 if model.warm_start and hasattr(model, "coefs_") else model.n_init


def _take_shape(model: Any, X: Any, targets: Targets, goes_on: bool) -> tuple[int, ...]:
    """Set what does not change while the network is trained; the sizes of its layers."""
    sizes = sizes_of(model, X.shape[1], targets)
    if goes_on:
        check_same(model, sizes, targets)
    model.classes_ = targets.classes
    model.n_layers_, model.n_outputs_ = len(sizes), sizes[-1]
    model.out_activation_ = out_activation_of(targets)
    return sizes


def _history(model: Any) -> History:
    """What the last fit has seen, to be gone on with."""
    return History(
        list(model.loss_curve_),
        list(model.validation_loss_curve_ or []),
        list(model.validation_scores_ or []),
        model.t_,
    )


def _attributes(start: Start) -> dict[str, Any]:
    """The attributes that the weights of `start` and its history make."""
    layers, history = start.network.layers(), start.history
    scores, best_score = history.validation_scores, None
    if scores:
        best_score = max(scores) if start.kept is None else start.kept[1]
    curve = history.loss_curve
    return {
        "coefs_": [weights.copy() for weights, _ in layers],
        "intercepts_": [bias.copy() for _, bias in layers],
        "loss_": curve[-1] if curve else np.inf,
        "best_loss_": min(curve, default=np.inf),
        "loss_curve_": list(curve),
        "validation_loss_curve_": list(history.validation_losses) or None,
        "validation_scores_": list(scores) or None,
        "best_validation_score_": best_score,
        "n_iter_": len(curve),
        "t_": history.n_seen,
        "converged_": start.reason == "",
    }


def _keep(model: Any, start: Start) -> None:
    """Give `model` what a start has come to."""
    for name, value in _attributes(start).items():
        setattr(model, name, value)
    for name in ("_optimiser_memory", "_optimiser_steps"):
        model.__dict__.pop(name, None)
    if start.optimiser is not None:
        model._optimiser_memory = [part.copy() for part in start.optimiser.memory]
        model._optimiser_steps = start.optimiser.n_steps
