"""What a fit tells while it runs: scikit-learn's callbacks, and lines for `verbose`."""

import functools
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

try:
    from sklearn import callback as _callback
except ImportError:  # before scikit-learn 1.9
    _callback = None


class _WithoutCallbacks:
    """What estimators inherit where scikit-learn has no callbacks."""


def _as_it_is(method: Any) -> Any:
    """Nothing to set up or tear down."""
    return method


CallbackSupport: Any = _callback.CallbackSupportMixin if _callback else _WithoutCallbacks
with_callbacks: Any = _callback.with_callbacks if _callback else _as_it_is
FRAMES = 1 if _callback else 0  # that `with_callbacks` puts between a method and its caller

__all__ = ["FRAMES", "CallbackSupport", "Lines", "Task", "fit_task", "with_callbacks"]

Attributes = Callable[[], Mapping[str, Any]]


class Task:
    """A fit, or a part of one, as callbacks see it; nothing where there are no callbacks.

    `parent` is the task whose parts come one after the other, if it is one of those; `reached`
    makes the attributes after the last part that has ended.
    """

    def __init__(
        self,
        estimator: Any,
        context: Any,
        given: Mapping[str, Any],
        lock: Any,
        parent: "Task | None" = None,
    ) -> None:
        self.estimator, self.context, self.given, self.lock = estimator, context, given, lock
        self.parent = parent
        self.reached: Attributes | None = None

    def begin(self) -> None:
        """Tell callbacks that it begins, with what the part before it has reached."""
        if self.context is not None:
            before = None if self.parent is None else self.parent.reached
            with self.lock:
                self.context.call_on_fit_task_begin(
                    estimator=self.estimator, reconstruction_attributes=before, **self.given
                )

    def end(self, attributes: Attributes) -> bool:
        """Tell callbacks that it has ended: whether one of them asks to stop.

        `attributes` makes those that the estimator would have if the fit stopped here. It is called
        once, and only if a callback asks for them, here or when the next part begins.
        """
        if self.context is None:
            return False
        with self.lock:
            reached = functools.cache(attributes)
            if self.parent is not None:
                self.parent.reached = reached
            return self.context.call_on_fit_task_end(
                estimator=self.estimator, reconstruction_attributes=reached, **self.given
            )

    def part(self, name: str, index: int | None = None, n_parts: int = 0) -> "Task":
        """A part of it, which has `n_parts` parts itself; `index` where parts run side by side."""
        if self.context is None:
            return self
        with self.lock:
            context = self.context.subcontext(name, index, max_subtasks=n_parts)
        parent = self if index is None else None
        return Task(self.estimator, context, self.given, self.lock, parent)


def fit_task(
    estimator: Any, X: Any, y: Any, weight: Any, n_parts: int, in_order: bool = True
) -> Task:
    """The task of a whole fit, for a method decorated by `with_callbacks`.

    To be called before anything keeps the estimator's attributes to bring them back.
    """
    begin = getattr(estimator, "_init_callback_context", None)
    context = None
    if begin is not None:
        context = begin(max_subtasks=n_parts, sequential_subtasks=in_order)
    metadata = None if weight is None else {"sample_weight": weight}
    given = {"X": X, "y": y, "metadata": metadata}
    return Task(estimator, context, given, threading.Lock())


class Lines:
    """A line for each epoch: the loss, the validation set, the time, and when it may end."""

    def __init__(self, n_epochs: int, name: str = "") -> None:
        self.n_epochs, self.name = n_epochs, name
        self.n_done, self.began = 0, time.perf_counter()

    def epoch_ends(self, loss: float, validation: tuple[float, float] | None) -> None:
        """Print a line; `validation` is loss and score there."""
        self.n_done += 1
        each = (time.perf_counter() - self.began) / self.n_done
        left = each * (self.n_epochs - self.n_done)
        held_out = ""
        if validation is not None:
            held_out = f"  validation {validation[0]:.5f} ({validation[1]:.4f})"
        width = len(str(self.n_epochs))
        print(
            f"{self.name}epoch {self.n_done:{width}d}/{self.n_epochs}  loss {loss:.5f}{held_out}"
            f"  {_seconds(each)} each, at most {_seconds(left)} left"
        )


def _seconds(time: float) -> str:
    """A time in a unit that suits it."""
    if time < 1:
        return f"{1e3 * time:.3g} ms"
    return f"{time:.3g} s" if time < 100 else f"{time / 60:.3g} min"
