"""Several starts of one fit, side by side: the best of them counts."""

import threading
from collections.abc import Callable
from dataclasses import replace

from skmax import _threads
from skmax._network.result import Diverged, Ending, TrainingResult
from skmax._network.training import StopRequest, TrainingRun


def best_of(
    make: Callable[[int], TrainingRun],
    n_starts: int,
    n_epochs: int,
    *,
    side_by_side: int,
    stop: StopRequest,
    on_end: Callable[[int, TrainingResult], bool] = lambda index, result: False,
) -> TrainingResult:
    """Run the starts that `make` makes of their indices: the result of lowest loss.

    Of equals the first. `on_end` is told of each result, and asks to end them all by True. Raises
    `Diverged` where all have, and KeyboardInterrupt where an interrupt came before any result.
    """
    best: list[tuple[float, int, TrainingResult]] = []
    diverged: dict[int, Diverged] = {}
    lock = threading.Lock()

    def run(index: int) -> None:
        if stop.ending is not None and best:
            return
        try:
            result = make(index).run(n_epochs)
        except Diverged as error:
            diverged[index] = error
            return
        with lock:
            best.append((result.loss, index, result))
            best[:] = [min(best, key=lambda entry: entry[:2])]
        if on_end(index, result):
            stop.set(Ending.STOPPED_BY_CALLBACK)

    def interrupt() -> None:
        stop.set(Ending.INTERRUPTED)

    try:
        _threads.map_in_order(run, range(n_starts), side_by_side, interrupt)
    except KeyboardInterrupt:  # outside of a start's epochs
        interrupt()
    if not best:
        raise diverged[min(diverged)] if diverged else KeyboardInterrupt
    result = best[0][2]
    return replace(result, ending=stop.ending or result.ending)
