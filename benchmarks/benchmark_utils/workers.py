"""Fits in a process of their own, so that a fit that takes too long can be stopped."""

import multiprocessing
import statistics
import time
import warnings
from dataclasses import dataclass, field

from .data import load
from .methods import module

BRIEF, BRIEF_REPEATS = 1.0, 3  # fits below so many seconds are timed so many times
GRACE = 1.0  # seconds beyond the limit, for the repeats and the way through the pipe


@dataclass
class Fit:
    """What came out of one fit: the median of its timings, and the model's attributes."""

    seconds: float
    coef: object
    intercept: object
    info: dict = field(default_factory=dict)


class Stopped(Exception):
    """There is no fit: it failed, or cannot be made."""


class TooSlow(Stopped):
    """The fit did not end within the limit."""


class Worker:
    """One method on one data set. The process starts at the first fit."""

    def __init__(self, library, options, data, C):
        self._job = (library, options, data, C)
        self._process = None

    def fit(self, tol, limit):
        """Return the Fit at this tolerance; raise TooSlow after `limit` seconds, else Stopped."""
        if self._process is None:
            self._start()
        self._pipe.send(tol)
        if not self._pipe.poll(limit + GRACE):
            self.close()
            raise TooSlow(f"more than {limit:g} s")
        return self._receive()

    def close(self):
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None

    def _start(self):
        context = multiprocessing.get_context("spawn")  # a fork would inherit broken thread pools
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, *self._job), daemon=True)
        self._process.start()
        theirs.close()  # so that the end of the process is the end of the pipe
        self._receive()

    def _receive(self):
        try:
            answer = self._pipe.recv()
        except EOFError:
            self.close()
            raise Stopped("the process died") from None
        if isinstance(answer, str):
            self.close()
            raise Stopped(answer)
        return answer


def _serve(pipe, library, options, data, C):
    """Load the data, then answer each tolerance with a Fit, or with a reason and the end."""
    try:
        X, y = load(**data)
        method = module(library)
        reason = method.refuses(X, int(y.max()) + 1, **options)
        if reason:
            pipe.send(reason)
            return
        fit = method.fitter(X, y, C, **options)
        pipe.send(None)
        while True:
            pipe.send(_timed(fit, pipe.recv()))
    except EOFError:
        pass
    except Exception as error:
        pipe.send(f"{type(error).__name__}: {error}")


def _timed(fit, tol):
    """Fit once, and again where that was too brief to be timed well."""
    seconds = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        while not seconds or (seconds[0] < BRIEF and len(seconds) < BRIEF_REPEATS):
            caught.clear()
            start = time.perf_counter()
            model = fit(tol)
            seconds.append(time.perf_counter() - start)
    info = {name: getattr(model, name, None) for name in ("solver_", "converged_")}
    info["warnings"] = sorted({warning.category.__name__ for warning in caught})
    return Fit(statistics.median(seconds), model.coef_, model.intercept_, info)
