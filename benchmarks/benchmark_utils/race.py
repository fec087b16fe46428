"""The time that skmax and its peers take to come within a relative gap of the minimum.

1. A reference: skmax in float64 at a tolerance of 1e-12.
2. Each method fits at ever smaller tolerances until its objective is within the smallest gap of
   the lowest value that any fit has reached, or no smaller tolerance is left. Of a library's
   methods the one whose last fit was the quickest goes first; a fit is stopped by the time limit,
   and once it has taken 1.5 times as long as another of the library needed. Two bisections then
   look for the largest tolerance that still gets there.
3. For each gap, the fastest fit of each library, with those of its methods up to 1.5 times slower,
   is timed again, the libraries in turn; medians count.
"""

import math
import statistics
import sys
from dataclasses import dataclass

from threadpoolctl import threadpool_limits

from .data import load
from .methods import METHODS
from .value import evaluate
from .workers import Stopped, TooSlow, Worker

GAPS = (1e-3, 1e-6)
TOLERANCES = [10.0**k for k in range(4, -13, -1)]
RELATIVE_TOLERANCES = [tol for tol in TOLERANCES if tol <= 1]  # skmax's is itself a gap
REFERENCE_LIMITS = 5  # the reference may take so many times the limit
CLOSE = 1.5  # methods within this factor of the fastest may turn out to be the fastest
ROUNDS_BUDGET = 120.0  # seconds for the repeated timings of one gap


@dataclass
class Run:
    """One fit of a method."""

    tol: float
    seconds: float
    value: float


@dataclass
class Time:
    """How long a library takes; where it does not reach the gap, how long it has at least tried."""

    seconds: float
    reached: bool


class Contestant:
    """One method on one set, and every fit it has made."""

    def __init__(self, library, label, worker, measure):
        self.library, self.label = library, label
        self.runs = []
        self.cut = 0.0  # after how many seconds a fit at the next tolerance was stopped
        self._worker, self._measure = worker, measure
        self._left = list(RELATIVE_TOLERANCES if library == "skmax" else TOLERANCES)

    def warm_up(self, limit):
        """Fit tightly and forget it: whatever is compiled at first use is compiled now."""
        self._attempt(TOLERANCES[-1], limit)

    def fit(self, tol, limit):
        """Fit and remember it; return the Run, or None where there is none."""
        fit = self._attempt(tol, limit)
        if fit is None:
            return None
        self.runs.append(Run(tol, fit.seconds, self._measure(fit)))
        return self.runs[-1]

    def step(self, limit):
        """Fit at the next smaller tolerance."""
        if self.fit(self._left[0], limit) is not None:
            self._left.pop(0)

    def finished(self, goal, limit):
        """Tell whether the goal is reached, or cannot be reached within the limit."""
        return self.best(goal) is not None or not self._left or self.cut >= limit

    def refine(self, goal, limit):
        """Bisect for a larger tolerance that still reaches the goal, where that may be faster."""
        for _ in range(2):
            best = self.best(goal)
            if best is None:
                return
            failed = [run for run in self.runs if run.tol > best.tol and run.value > goal]
            closest = min(failed, key=lambda run: run.tol, default=None)
            if closest is None or closest.seconds >= limit:
                return
            self.fit(math.sqrt(best.tol * closest.tol), limit)

    def best(self, goal):
        """Return the fastest run that reached the goal, or None."""
        reached = [run for run in self.runs if run.value <= goal]
        return min(reached, key=lambda run: run.seconds, default=None)

    def last(self):
        """Return the seconds of the last fit, 0 before the first."""
        return self.runs[-1].seconds if self.runs else 0.0

    def longest(self):
        """Return the seconds of the longest fit, inf where there was none."""
        return max([self.cut, *(run.seconds for run in self.runs)]) or math.inf

    def close(self):
        """End the worker."""
        self._worker.close()

    def _attempt(self, tol, limit):
        """Return a Fit or None; tell why on stderr."""
        try:
            return self._worker.fit(tol, limit)
        except TooSlow:
            self.cut = max(self.cut, limit)
        except Stopped as reason:
            print(f"  {self.library} {self.label}: {reason}", file=sys.stderr)
            self._left.clear()
        return None


class Race:
    """All methods on one set."""

    def __init__(self, data, libraries, *, C, limit):
        self.X, self.y = load(**data)
        self.libraries = ("skmax", *libraries)
        self._data, self._C, self._limit = data, C, limit
        self.minimum = math.nan  # the lowest objective of any fit, after `run`
        self.field = [
            Contestant(library, label, Worker(library, options, data, C), self._measure)
            for library in self.libraries
            for label, options in METHODS[library].items()
        ]

    def run(self, repeats):
        """Return {(library, gap): Time}."""
        try:
            reference = self._reference()
            self._of("skmax")[0].warm_up(self._limit)
            self.minimum = minimum = self._search(reference)
            if minimum < reference:
                print(f"  {1 - minimum / reference:.1e} below the reference", file=sys.stderr)
            times = {}
            for gap in GAPS:
                times |= self._finals(gap, minimum * (1 + gap), repeats)
            return times
        finally:
            for one in self.field:
                one.close()

    def _measure(self, fit):
        with threadpool_limits(1):  # idle threads of BLAS would spin into the next fit
            return evaluate(self.X, self.y, fit.coef, fit.intercept, self._C)[0]

    def _of(self, library):
        return [one for one in self.field if one.library == library]

    def _reference(self):
        """Return skmax's objective at a tight tolerance, in float64 whatever the race is in."""
        worker = Worker("skmax", {}, {**self._data, "dtype": "float64"}, self._C)
        try:
            fit = worker.fit(TOLERANCES[-1], REFERENCE_LIMITS * self._limit)
        finally:
            worker.close()
        if not fit.info["converged_"]:
            print("  the reference has not converged: gaps may look too small", file=sys.stderr)
        return self._measure(fit)

    def _search(self, minimum):
        """Let every library reach the smallest gap; return the lowest objective of all."""
        while True:
            for library in self.libraries:
                self._descend(self._of(library), minimum * (1 + min(GAPS)))
            lowest = min([minimum, *(run.value for one in self.field for run in one.runs)])
            if lowest >= minimum * (1 - min(GAPS) / 100):
                break
            minimum = lowest  # what counted as reached may no longer be
        for gap in GAPS:
            for library in self.libraries:
                for one in self._of(library):
                    one.refine(lowest * (1 + gap), self._allowed(self._of(library), lowest, gap))
        return lowest

    def _descend(self, peers, goal):
        """Lower the tolerances of a library's methods, the quickest first."""
        while unfinished := [p for p in peers if not p.finished(goal, self._allowed(peers, goal))]:
            min(unfinished, key=Contestant.last).step(self._allowed(peers, goal))
        for one in peers:
            last = f"tol {one.runs[-1].tol:.0e}, {one.last():.3g} s" if one.runs else "no fit"
            cut = f", stopped after {one.cut:.3g} s" if one.cut else ""
            print(f"  {one.library} {one.label}: {last}{cut}", file=sys.stderr)

    def _allowed(self, peers, minimum, gap=0.0):
        """Return how long a fit of this library may take before it is out of the running."""
        times = [best.seconds for one in peers if (best := one.best(minimum * (1 + gap)))]
        return min(self._limit, CLOSE * min(times, default=math.inf))

    def _finals(self, gap, goal, repeats):
        """Time the fastest again, in turn; return {(library, gap): Time}."""
        finalists = {}
        for library in self.libraries:
            allowed = self._allowed(self._of(library), goal)
            for one in self._of(library):
                if (best := one.best(goal)) and best.seconds <= allowed:
                    finalists[one] = [best]
        total = sum(runs[0].seconds for runs in finalists.values())
        for _ in range(min(repeats, int(ROUNDS_BUDGET / total)) if total else 0):
            for one, runs in finalists.items():
                if run := one.fit(runs[0].tol, self._limit):
                    runs.append(run)
        # The first run of each comes from the search, before everything was warm.
        medians = {
            one: statistics.median(run.seconds for run in runs[1:] or runs)
            for one, runs in finalists.items()
        }
        return {(library, gap): self._time(library, medians) for library in self.libraries}

    def _time(self, library, medians):
        """Return the smallest median of a library, else the smallest of its longest fits."""
        peers = self._of(library)
        reached = [medians[one] for one in peers if one in medians]
        if reached:
            return Time(min(reached), True)
        return Time(min(one.longest() for one in peers), False)
